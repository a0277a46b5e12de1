"""``ptychoparity faults``: the kill matrix."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ptychoparity.cli import options, pipeline
from ptychoparity.cli.console import line
from ptychoparity.cli.errors import BadInputError
from ptychoparity.conformance import processes
from ptychoparity.conformance.evidence import open_evidence
from ptychoparity.conformance.faults import FAULTS
from ptychoparity.conformance.kill import Kill, kill_matrix
from ptychoparity.conformance.storage import Reader


@click.command()
@options.scenario
@options.timeout
def command(scenarios: tuple[str, ...], timeout: float) -> None:
    """Break the reference in one way after the other and print which scenarios notice.

    The first line is the control: nothing is broken, and nothing may be noticed. Exit status 1 if a
    fault survives or the control is caught.
    """
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pipeline.prepare(Path(temporary))
        pipeline.write_questions(folder, scenarios, None, console)
        references = processes.references()
        pipeline.record(folder, [], references, True, timeout, console)
        evidence = open_evidence(folder.evidence / f"{item.name}.h5" for item in references)
        cases = Reader(folder.cases)
        asked = {cases.tree(case_id)["operation"] for case_id in cases.case_ids()}
        faults = [fault for fault in FAULTS if fault.operation in asked]
        if not faults:
            raise BadInputError(f"no fault concerns the scenarios {', '.join(scenarios)}")
        with console.status("breaking things") as status:
            matrix = kill_matrix(evidence, cases, faults, lambda name: status.update(f"breaking: {name}"))
        evidence.close()
        cases.close()
    _print(matrix, console)
    survived = [kill.fault for kill in matrix[1:] if not kill.killed]
    control = matrix[0]
    line(console, f"{len(matrix) - 1 - len(survived)} of {len(matrix) - 1} faults caught")
    if survived:
        line(console, f"survived: {', '.join(survived)}", "red")
    if control.killed:
        line(console, f"the unbroken reference was caught: {control.example}", "red")
    sys.exit(int(bool(survived) or control.killed))


def _print(matrix: list[Kill], console: Console) -> None:
    table = Table("fault", "operation", "cases", "caught by (failing rows)")
    for kill in matrix:
        by = "  ".join(f"{scenario} {number}" for scenario, number in kill.caught.items())
        table.add_row(kill.fault, kill.operation, str(kill.cases), by or "nothing")
    console.print(table)
