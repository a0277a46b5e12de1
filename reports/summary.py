"""What every rendering of a report says: the matrix, what failed, what was close, who is nearer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ptychoparity.conformance.evidence import FLOAT32, TRUTH
from ptychoparity.conformance.judge import BROKEN, ERROR, FAIL, KNOWN, PASS, UNSUPPORTED

Report = dict[str, Any]
Row = dict[str, Any]

SEVERITY = (BROKEN, ERROR, FAIL, KNOWN, UNSUPPORTED, PASS)
"""Outcomes, the worst first."""

STOPPING = (BROKEN, ERROR, FAIL)
"""Outcomes that make a run red."""

SHORT, NOTHING = "short", "none"
"""States of a cell beside the outcomes: fewer cases than required were asked; there is nothing in it."""


@dataclass(frozen=True)
class Cell:
    """One scenario on one backend.

    Attributes:
        state: the worst outcome, or `SHORT`, or `NOTHING`.
        passed, total: rows.
        margin: the smallest of its rows; absent where no row has one.
        asked, required: cases.
    """

    state: str
    passed: int = 0
    total: int = 0
    margin: float | None = None
    asked: int = 0
    required: int = 0

    @property
    def label(self) -> str:
        """The state in a word, and how much of the cell it covers."""
        if self.state == NOTHING:
            return "-"
        if self.state == SHORT:
            return f"SHORT {self.asked}/{self.required} cases"
        word = {PASS: "ok", **{state: state.upper() for state in STOPPING}}.get(self.state, self.state)
        return f"{word} {self.passed}/{self.total}" if self.total else word


def worst(outcomes: Iterable[str]) -> str:
    """The worst of some outcomes, `NOTHING` if there are none."""
    return min(outcomes, key=SEVERITY.index, default=NOTHING)


def backends(report: Report) -> list[str]:
    """Names of the judged backends: the two references first, the broken ones last."""
    found = dict.fromkeys(item["backend"] for item in report["coverage"])
    first = [name for name in (TRUTH, FLOAT32) if name in found]
    broken = [item["backend"] for item in report["broken"]]
    return list(dict.fromkeys([*first, *found, *broken]))


def candidates(report: Report) -> list[str]:
    """The backends that are not the reference itself; only the float32 reference if there is no other."""
    names = backends(report)
    return [name for name in names if name not in (TRUTH, FLOAT32)] or [
        name for name in names if name != TRUTH
    ]


def matrix(report: Report) -> dict[str, dict[str, Cell]]:
    """The cell of every scenario and backend."""
    rows: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in report["rows"]:
        rows[row["scenario"], row["backend"]].append(row)
    counted = {(item["scenario"], item["backend"]): item for item in report["coverage"]}
    broken = {item["backend"] for item in report["broken"]}
    return {
        scenario: {
            name: _cell(rows[scenario, name], counted.get((scenario, name)), name in broken)
            for name in backends(report)
        }
        for scenario in report["scenarios"]
    }


def _cell(rows: list[Row], counted: dict[str, Any] | None, broken: bool) -> Cell:
    state = BROKEN if broken and not rows else worst(row["outcome"] for row in rows)
    asked = counted["executed"] + counted["unsupported"] if counted else 0
    required = counted["required"] if counted else 0
    if asked < required and state not in STOPPING:
        state = SHORT
    passed = sum(row["outcome"] == PASS for row in rows)
    margins = [margin for row in rows if (margin := finite(row["margin"])) is not None]
    return Cell(state, passed, len(rows), min(margins, default=None), asked, required)


def finite(value: Any) -> float | None:
    """A number of the report, unless it is absent or written as a text."""
    return float(value) if isinstance(value, int | float) else None


def failing(report: Report) -> list[Row]:
    """Rows that make the run red, the worst outcome first, then the largest excess over the tolerance."""
    rows = [row for row in report["rows"] if row["outcome"] in STOPPING]
    return sorted(rows, key=lambda row: (SEVERITY.index(row["outcome"]), _margin(row)))


def _margin(row: Row) -> float:
    margin = finite(row["margin"])
    return float("inf") if margin is None else margin


def smallest_margins(report: Report, number: int) -> list[Row]:
    """Passing rows of the candidates that were nearest to failing."""
    names = candidates(report)
    rows = [row for row in report["rows"] if row["outcome"] == PASS and row["backend"] in names]
    return sorted((row for row in rows if finite(row["margin"]) is not None), key=_margin)[:number]


def nearer(report: Report) -> dict[str, int]:
    """In how many pair rows each backend is nearer to the reference; ``both alike`` last."""
    names = dict.fromkeys(name for pair in report["pairs"] for name in (pair["first"], pair["second"]))
    tally = Counter(pair["nearer"] for pair in report["pairs"])
    return {name: tally[name] for name in (*names, "both alike")} if names else {}


def passed(report: Report) -> bool:
    """Whether the run is green."""
    return bool(report["verdict"]["exit_status"] == 0)


def headline(report: Report) -> str:
    """The verdict in words."""
    counts = report["verdict"]["counts"]
    total, names = sum(counts.values()), candidates(report)
    compared = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "nothing"
    text = f"{compared} against the float64 reference, {counts[PASS]} of {total} rows pass"
    asked, whole = len(report["scenarios"]), report["scenarios_in_suite"]
    if asked < whole:
        text += f" (partial: {asked} of {whole} scenarios)"
    if not passed(report):
        return f"Parity does not hold: {text}."
    excused = [f"{counts[outcome]} {outcome}" for outcome in (KNOWN, UNSUPPORTED) if counts[outcome]]
    return f"Parity holds: {', '.join([text, *excused])}."


def number(value: Any, digits: int = 2) -> str:
    """A number in at most seven characters or so, ``-`` for an absent one."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    text = f"{value:.{digits}g}"
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if mark else text


def times(margin: Any) -> str:
    """A margin: how many times the error fits into the tolerance."""
    value = finite(margin)
    if value is None:
        return ""
    return f"x{value:.3g}" if 0.01 <= value < 1000 else f"x{number(value, 1)}"


def where(row: Row) -> str:
    """Scenario, case and quantity of a row."""
    return f"{row['scenario']}/{row['case']} {row['quantity']}"


def plain(text: str) -> str:
    """A text on one line, without control characters (a message may hold what a backend printed)."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def why(row: Row) -> str:
    """The message of a row on one line, with the number of its check."""
    message = plain(row["message"])
    return f"check {row['check']}: {message}" if row["check"] else message
