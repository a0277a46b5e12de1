"""``ptychoparity record``: the first step alone, for example on a machine with a GPU."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from rich.console import Console

from ptychoparity.cli import options, pipeline
from ptychoparity.cli.console import line
from ptychoparity.cli.errors import BadInputError, bad_input
from ptychoparity.conformance import processes
from ptychoparity.conformance.storage import Reader


@click.command()
@options.backend
@options.data
@options.scenario
@options.out
@options.python
@options.timeout
@click.option(
    "--cases",
    type=click.Path(path_type=Path),
    metavar="FILE.h5",
    help="Answer this case file of an earlier run instead of building one, so that the evidence can be "
    "judged together with that run's. --data and --scenario then do not apply.",
)
@click.option(
    "--references/--no-references",
    default=True,
    show_default=True,
    help="Also record the NumPy reference and the runs that measure the noise floor.",
)
def command(
    backends: tuple[str, ...],
    data: Path | None,
    scenarios: tuple[str, ...],
    out: Path,
    pythons: tuple[str, ...],
    timeout: float,
    cases: Path | None,
    references: bool,
) -> None:
    """Ask backends every case and write one evidence file each, below DIR/evidence.

    To judge a backend that runs on another machine: copy DIR/cases.h5 there, record with
    --cases cases.h5 --no-references, bring the evidence file back, and give it to 'ptychoparity judge'.
    """
    console = Console()
    if cases and (data or scenarios):
        raise BadInputError("--cases brings its own data and scenarios: leave out --data and --scenario")
    folder = pipeline.prepare(out)
    recordings = pipeline.chosen_backends(backends, pythons)
    if cases:
        with bad_input():
            Reader(cases).close()
            if cases.resolve() != folder.cases.resolve():
                shutil.copyfile(cases, folder.cases)
    else:
        pipeline.write_questions(folder, scenarios, data, console)
    truth = processes.references() if references else []
    pipeline.record(folder, recordings, truth, bool(backends), timeout, console)
    line(console, f"Evidence: {folder.evidence}")
