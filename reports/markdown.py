"""A report as GitHub-flavoured Markdown, for the summary of a CI step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ptychoparity.reports import summary
from ptychoparity.reports.summary import Cell, Report, Row

FAILURES = 30
MARGINS = 5
MESSAGE = 300
MARKS = {"pass": "✅", "known": "⚠️", "unsupported": "➖", "none": ""}
"""Signs beside the words; anything else stops the run."""

_ACTIVE = re.compile(r"[&\\`*_{}\[\]<>|~#$@]")


def render_markdown(report: Report) -> str:
    """Return verdict, matrix, failing rows and smallest margins of a validated report."""
    return "\n".join((*_verdict(report), *_matrix(report), *_failures(report), *_margins(report)))


def _verdict(report: Report) -> Iterator[str]:
    yield f"## {'✅' if summary.passed(report) else '❌'} {_escaped(summary.headline(report))}"
    yield ""
    reasons = report["verdict"]["reasons"]
    yield from (f"- {_escaped(reason)}" for reason in reasons)
    yield from (f"- left out: {_escaped(reason)}" for reason in report["left_out"])
    if reasons or report["left_out"]:
        yield ""


def _matrix(report: Report) -> Iterator[str]:
    names, scenarios = summary.backends(report), report["scenarios"]
    lines = (
        [scenario, _escaped(scenarios[scenario]["title"]), *(_cell(line[name]) for name in names)]
        for scenario, line in summary.matrix(report).items()
    )
    yield from _table(["scenario", "", *map(_escaped, names)], lines)
    yield "Passing of all rows; ×: smallest margin, tolerance / error."
    yield ""


def _cell(cell: Cell) -> str:
    margin = summary.times(cell.margin).replace("x", " ×")
    return f"{MARKS.get(cell.state, '❌')} {cell.label}{margin}".strip()


def _failures(report: Report) -> Iterator[str]:
    rows = summary.failing(report)
    if not rows:
        return
    yield f"### Not passing: {len(rows)}"
    yield ""
    lines = (
        [row["outcome"], _escaped(row["backend"]), _escaped(summary.where(row)), _message(row)]
        for row in rows[:FAILURES]
    )
    yield from _table(["outcome", "backend", "quantity", "why"], lines)
    if len(rows) > FAILURES:
        yield f"and {len(rows) - FAILURES} more, see report.html"
        yield ""


def _message(row: Row) -> str:
    message = summary.why(row)
    return _escaped(message if len(message) <= MESSAGE else f"{message[:MESSAGE]} ...")


def _margins(report: Report) -> Iterator[str]:
    rows = summary.smallest_margins(report, MARGINS)
    if not rows:
        return
    yield "### Smallest margins"
    yield ""
    lines = (
        [
            f"×{summary.times(row['margin'])[1:]}",
            _escaped(row["backend"]),
            _escaped(summary.where(row)),
            summary.number(row["max_abs"]),
            summary.number(row["tolerance"]),
        ]
        for row in rows
    )
    yield from _table(["margin", "backend", "quantity", "error", "tolerance"], lines)


def _table(head: list[str], lines: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(line)} |" for line in lines)
    yield ""


def _escaped(text: str) -> str:
    """Text that neither Markdown nor HTML takes for markup, on one line."""
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", summary.plain(text))
