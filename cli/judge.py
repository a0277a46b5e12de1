"""``ptychoparity judge``: the second step alone."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from ptychoparity.cli import options, pipeline
from ptychoparity.cli.console import line


@click.command()
@click.argument("evidence", nargs=-1, type=click.Path(path_type=Path), metavar="[EVIDENCE.h5]...")
@options.out
@options.known
def command(evidence: tuple[Path, ...], out: Path, known: Path | None) -> None:
    """Compare recorded evidence with the float64 reference and write DIR/report.json.

    Judges the evidence below DIR/evidence, and any further EVIDENCE.h5 that answers the same cases.
    Exit status 0 only if every row passed and every required case ran.
    """
    judged = pipeline.judge(pipeline.Folder(out), evidence, known)
    verdict = judged["verdict"]
    console = Console()
    for reason in verdict["reasons"]:
        line(console, reason)
    line(console, f"Judged: {pipeline.Folder(out).report}")
    sys.exit(verdict["exit_status"])
