"""A report in the terminal: readable without colour, within 100 columns, and when it goes to a file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ptychoparity.reports import summary
from ptychoparity.reports.summary import Cell, Report, Row

WIDTH = 100
FAILURES = 20
MESSAGE = 300
STYLES = {
    "pass": "green",
    "fail": "bold red",
    "error": "bold red",
    "broken": "bold red",
    "short": "bold red",
    "known": "yellow",
    "unsupported": "dim",
    "none": "dim",
}


def render_terminal(report: Report, console: Console) -> None:
    """Print a report: matrix, failures, who is nearer, verdict; the last line is the overall result.

    Args:
        report: a validated report.
        console: where to; at most 100 of its columns are used.
    """
    width = min(WIDTH, console.width)
    legend = Text("passing/all rows, xN: smallest margin (tolerance / error)", style="dim")
    for part in (_matrix(report, width), legend, *_failures(report), *_broken(report), *_nearer(report)):
        if isinstance(part, Table):
            console.print(part, width=width)
        else:
            console.print(part, width=width, highlight=False, overflow="fold")
    _verdict(report, console, width)


def _matrix(report: Report, width: int) -> Table:
    """Scenario by backend; titles only where they fit, margins below the counts where they do not."""
    names, scenarios = summary.backends(report), report["scenarios"]
    cells = summary.matrix(report)
    parts = {name: max(map(len, textwrap.wrap(name, 1, break_long_words=False))) for name in names}
    wide = {
        name: max(parts[name], *(len(_cell(line[name], " ")) for line in cells.values())) for name in names
    }
    left = width - max(map(len, scenarios), default=0) - sum(wide.values()) - 2 * len(names)
    titled = left - 2 >= max((len(item["title"]) for item in scenarios.values()), default=0)
    heads = [textwrap.wrap(name, wide[name]) for name in names]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for _ in range(1 + titled):
        table.add_column("", no_wrap=True)
    for head in heads:
        above = max(map(len, heads)) - len(head)
        table.add_column(Text("\n".join([""] * above + head)), overflow="fold")
    for scenario, line in cells.items():
        title = [Text(scenarios[scenario]["title"], style="dim")] if titled else []
        table.add_row(scenario, *title, *(_cell(line[name], " " if left >= 0 else "\n") for name in names))
    return table


def _cell(cell: Cell, between: str) -> Text:
    text = Text(cell.label, style=STYLES[cell.state])
    if cell.margin is not None:
        text.append(f"{between}{summary.times(cell.margin)}", style="not bold dim")
    return text


def _heading(words: str) -> Text:
    return Text(f"\n{words}", style="bold")


def _failures(report: Report) -> Iterator[Text | Padding]:
    rows = [row for row in summary.failing(report) if row["outcome"] != "broken"]
    if not rows:
        return
    yield _heading(f"{len(rows)} row{'s' if len(rows) > 1 else ''} not passing")
    for row in rows[:FAILURES]:
        yield Text.assemble(
            (row["outcome"].upper(), STYLES[row["outcome"]]), f" {row['backend']} {summary.where(row)}"
        )
        yield Padding(Text(_shortened(row)), (0, 0, 0, 4), expand=False)
    if len(rows) > FAILURES:
        yield Text(f"and {len(rows) - FAILURES} more, see report.html")


def _shortened(row: Row) -> str:
    message = summary.why(row)
    return message if len(message) <= MESSAGE else f"{message[:MESSAGE]} ..."


def _broken(report: Report) -> Iterator[Text | Padding]:
    for item in report["broken"]:
        yield _heading(f"BROKEN {item['backend']}: its recording did not finish")
        yield Padding(Text(summary.plain(item["reason"])), (0, 0, 0, 4), expand=False)


def _nearer(report: Report) -> Iterator[Text]:
    counts = summary.nearer(report)
    if counts:
        yield _heading("Nearer to the reference, in quantities")
        yield Text(", ".join(f"{name} {number}" for name, number in counts.items()))


def _verdict(report: Report, console: Console, width: int) -> None:
    counts = report["verdict"]["counts"]
    console.print()
    left_out = [f"left out: {reason}" for reason in report["left_out"]]
    for reason in (*left_out, *report["verdict"]["reasons"]):
        console.print(Text(f"- {summary.plain(reason)}"), width=width, highlight=False, overflow="fold")
    tally = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number) or "no row"
    word, style = ("PASS", "bold green") if summary.passed(report) else ("FAIL", "bold red")
    console.print(Text.assemble((word, style), f": {tally}"), width=width, highlight=False, overflow="fold")
