"""``ptychoparity verify``: record, judge, render."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from ptychoparity.cli import options, pipeline
from ptychoparity.conformance import processes


@click.command()
@options.backend
@options.data
@options.scenario
@options.out
@options.python
@options.timeout
@options.known
def command(
    backends: tuple[str, ...],
    data: Path | None,
    scenarios: tuple[str, ...],
    out: Path,
    pythons: tuple[str, ...],
    timeout: float,
    known: Path | None,
) -> None:
    """Ask every backend the same questions and report how close their answers are.

    Each backend answers in a process of its own. Its answers are compared with a float64 NumPy
    reference; what may differ is derived from the rounding noise of each computation, measured in the
    same run. Ends by naming the report page.
    """
    console = Console()
    folder = pipeline.prepare(out)
    recordings = pipeline.chosen_backends(backends, pythons)
    pipeline.write_questions(folder, scenarios, data, console)
    pipeline.record(folder, recordings, processes.references(), bool(backends), timeout, console)
    pipeline.judge(folder, [], known)
    sys.exit(pipeline.render(folder, console))
