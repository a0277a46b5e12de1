"""``ptychoparity backends``: what is registered, what is usable, what each declares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from ptychoparity.backends import registry
from ptychoparity.backends.contract import OPERATIONS
from ptychoparity.cli import options

_ASK = """
import json, sys
from dataclasses import asdict
from ptychoparity.backends import registry
from ptychoparity.backends.contract import Unusable
try:
    backend = registry.load(sys.argv[1])
    have, made = backend.capabilities(), backend.provenance()
    said = {**asdict(have), "operations": sorted(have.operations), "versions": dict(made.versions)}
except Unusable as error:
    said = {"unusable": str(error)}
print("\\n" + json.dumps(said))
"""


@click.command()
@options.python
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(pythons: tuple[str, ...], as_json: bool) -> None:
    """List registered backends: whether each can run here, where it computes, what it has, or why not."""
    registered = registry.registered()
    places = options.interpreters(pythons, list(registered))
    found = {name: _ask(name, places.get(name, Path(sys.executable))) for name in registered}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table("backend", "usable", "devices", "dtypes", "operations", "versions or reason")
    for name, said in found.items():
        if "unusable" in said:
            table.add_row(name, "no", "", "", "", said["unusable"])
            continue
        versions = ", ".join(f"{package} {number}" for package, number in said["versions"].items())
        have = len(said["operations"])
        lacking = sorted(OPERATIONS - set(said["operations"]))
        operations = f"{have}/{len(OPERATIONS)}" + (f" without {', '.join(lacking)}" if lacking else "")
        table.add_row(
            name, "yes", ", ".join(said["devices"]), ", ".join(said["dtypes"]), operations, versions
        )
    Console().print(table)


def _ask(name: str, interpreter: Path) -> dict[str, Any]:
    """What a backend says of itself, asked in a process of its own."""
    try:
        ended = subprocess.run([interpreter, "-c", _ASK, name], capture_output=True, text=True, check=False)
    except OSError as error:
        return {"unusable": f"{interpreter} cannot be started: {error.strerror}"}
    if ended.returncode:
        lines = [line for line in ended.stderr.splitlines() if line.strip()]
        return {"unusable": lines[-1] if lines else f"ended with status {ended.returncode}"}
    said: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return said
