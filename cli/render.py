"""``ptychoparity render``: the third step alone."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from ptychoparity.cli import pipeline


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("parity-report"), metavar="[DIR]")
def command(folder: Path) -> None:
    """Draw DIR/report.json again: terminal table, report.html, summary.md, junit.xml.

    Pictures need the evidence files below DIR/evidence; without them the page says so. The exit status
    is the report's own.
    """
    sys.exit(pipeline.render(pipeline.Folder(folder), Console()))
