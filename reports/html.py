"""A report as one self-contained page: works from a file, offline, in light and dark, without a script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ptychoparity.reports import pictures, summary
from ptychoparity.reports.gallery import Gallery, Panel
from ptychoparity.reports.summary import Report, Row

TEMPLATES = Path(__file__).parent / "templates"
MARGINS = 10
LABEL = 160
CALM = ("pass", summary.NOTHING)
"""States of a cell whose section stays closed."""

COMPARED = ("numeric", "exact", "run")
"""Kinds of rows that compare a whole quantity; the others hold it against a number, law or error in print."""


@dataclass(frozen=True)
class Line:
    """One quantity of one case, the backends side by side.

    Attributes:
        head: the row that says what the line is about (a candidate's, if there is one).
        rows: row by backend.
        label: what a printed check looks at.
        nearer: who is nearer to the reference; empty where nobody is compared.
        panel: its pictures.
    """

    head: Row
    rows: dict[str, Row]
    label: str = ""
    nearer: str = ""
    panel: Panel | None = None

    @property
    def remarks(self) -> list[tuple[str, str, list[str]]]:
        """Why it does not pass: outcome, message, and the backends that share them."""
        shared: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for name, row in self.rows.items():
            if row["outcome"] != "pass":
                shared[row["outcome"], summary.plain(row["message"]) or row["outcome"]].append(name)
        return [(*remark, names) for remark, names in shared.items()]


@dataclass
class Section:
    """A scenario: its comparisons with the reference, and its printed checks; open if it needs a look."""

    id: str
    title: str
    spec: str
    compared: list[Line] = field(default_factory=list)
    printed: list[Line] = field(default_factory=list)
    open: bool = False


def render_html(report: Report, evidence_folder: Path | None) -> str:
    """Return the page of a validated report.

    Args:
        report: what was judged.
        evidence_folder: where the evidence files lie, for the pictures. A file that is missing there, or is
            not the one that was judged, is named in the page instead of its pictures.
    """
    names, cells = summary.backends(report), summary.matrix(report)
    answering = [name for name in names if any(line[name].total for line in cells.values())]
    with Gallery(report, evidence_folder) as gallery:
        sections = _sections(report, gallery)
        notes = gallery.notes
    for section in sections:
        section.open = any(cells[section.id][name].state not in CALM for name in answering)
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        headline=summary.headline(report),
        passed=summary.passed(report),
        names=names,
        answering=answering,
        candidates=summary.candidates(report),
        cells=cells,
        margins=summary.smallest_margins(report, MARGINS),
        nearer=summary.nearer(report),
        sections=sections,
        notes=notes,
        gradients={name: pictures.gradient(name) for name in pictures.MAPS},
        outcomes=[name for name in reversed(summary.SEVERITY) if report["verdict"]["counts"][name]],
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": summary.number,
        "margin": _margin,
        "plain": summary.plain,
        "details": _details,
        "clipped": _clipped,
    }
    return environment


def _sections(report: Report, gallery: Gallery) -> list[Section]:
    sections = {id_: Section(id_, **about) for id_, about in report["scenarios"].items()}
    nearest = _nearest(report["pairs"])
    names = summary.candidates(report)
    for place, rows in _lines(report["rows"]):
        scenario, case, quantity, kind = place[:4]
        if scenario not in sections:
            continue  # a recording that did not finish; the page names it at its top
        head = next((rows[name] for name in names if name in rows), next(iter(rows.values())))
        if kind in COMPARED:
            near = nearest.get((scenario, case, quantity), "")
            panel = gallery.panel(rows) if kind != "run" else None
            sections[scenario].compared.append(Line(head, rows, nearer=near, panel=panel))
        else:
            sections[scenario].printed.append(Line(head, rows, label=_label(rows.values())))
    return list(sections.values())


def _lines(rows: Iterable[Row]) -> Iterable[tuple[tuple[Any, ...], dict[str, Row]]]:
    """Rows that say the same thing of several backends, together, case by case.

    Several checks may look at one quantity; they come in the same order for every backend.
    """
    seen: defaultdict[tuple[Any, ...], int] = defaultdict(int)
    lines: defaultdict[tuple[Any, ...], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        kind = "exact" if row["kind"] == "numeric" else row["kind"]  # the reference may be exact by itself
        place = (row["scenario"], row["case"], row["quantity"], kind, row["check"])
        lines[(*place, seen[(row["backend"], *place)])][row["backend"]] = row
        seen[(row["backend"], *place)] += 1
    order = {place[:2]: number for number, place in reversed(list(enumerate(lines)))}
    return sorted(lines.items(), key=lambda item: order[item[0][:2]])


def _label(rows: Iterable[Row]) -> str:
    """What a check looks at: a passing row's message is just that."""
    rows = list(rows)
    passing = [row["message"] for row in rows if row["outcome"] == "pass"]
    return summary.plain(passing[0]) if passing else ""


def _nearest(pairs: list[dict[str, Any]]) -> dict[tuple[str, str, str], str]:
    """Who has the smallest error of all, for each quantity."""
    errors: defaultdict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for pair in pairs:
        found = errors[pair["scenario"], pair["case"], pair["quantity"]]
        found[pair["first"]] = float(pair["first_error"])  # float() reads the texts inf and nan too
        found[pair["second"]] = float(pair["second_error"])
    return {place: _winner(found) for place, found in errors.items()}


def _winner(errors: dict[str, float]) -> str:
    smallest = min(errors.values())
    names = [name for name, error in errors.items() if error == smallest]
    return "alike" if len(names) == len(errors) else ", ".join(names)


def _margin(value: Any) -> str:
    return summary.times(value).replace("x", "×")


def _details(row: Row) -> str:
    """The metrics that do not fit into a cell, for its tooltip."""
    parts = [row["backend"]]
    for key, words in (("p99_abs", "99 % below"), ("ulps", "ULP"), ("peak", "peak"), ("seconds", "seconds")):
        if row[key] is not None:
            parts.append(f"{words} {summary.number(row[key], 3)}")
    if row["worst"]:
        parts.append(f"worst at {tuple(row['worst'])}")
    return ", ".join(parts)


def _clipped(text: str) -> str:
    return text if len(text) <= LABEL else f"{text[:LABEL]} ..."
