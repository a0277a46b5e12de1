"""Show how far each recorder is: bars on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ptychoparity.cli.console import line
from ptychoparity.conformance.processes import Progress as Report
from ptychoparity.conformance.processes import Recording


@contextmanager
def shown(recordings: Sequence[Recording], console: Console) -> Iterator[Report]:
    """A function that recorders report to, and a display while it lives."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[case]}", style="dim"),
    )
    with Progress(*columns, console=console) as bars:
        tasks = {
            item.name: bars.add_task(item.name, total=None, case="waiting or starting") for item in recordings
        }

        def report(name: str, case: str, number: int, total: int) -> None:
            bars.update(tasks[name], completed=number, total=total, case=case if number < total else "")

        yield report


def _lines(console: Console) -> Report:
    """A line at the start and at every quarter."""

    def report(name: str, case: str, number: int, total: int) -> None:
        if number == 1 or number == total or number % max(1, total // 4) == 0:
            line(console, f"{name:<24} {number:>4}/{total}  {case}")

    return report
