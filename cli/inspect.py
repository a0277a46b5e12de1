"""``ptychoparity inspect``: what a data file holds, and whether a reader would take it."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ptychoparity.cli.console import line
from ptychoparity.cli.errors import bad_input
from ptychoparity.reference.data.inspection import Inspection, inspect_npz

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_METADATA_PARTS = ("creation_info", "physics_parameters", "training_parameters", "additional_parameters")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.npz")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Draw scan, mean pattern, probe and brightness.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(file: Path, picture: Path | None, as_json: bool) -> None:
    """Look at a data file: keys, units, scan, probe, metadata, and what to mend.

    Exit status: 0 a reader takes the file, 1 it refuses it, 2 the file cannot be looked at.
    """
    with bad_input(str(file)):
        inspection = inspect_npz(file)
    if picture is not None:
        from ptychoparity.cli.scan_picture import write_picture  # matplotlib is slow to import

        with bad_input(f"--picture {picture}"):
            write_picture(inspection, picture)
    if as_json:
        click.echo(json.dumps(inspection.summary(), indent=2, default=str))
    else:
        _show(Console(), inspection)
        if picture is not None:
            line(Console(), f"Picture: {picture}")
    if not inspection.accepted:
        raise SystemExit(1)


def _show(console: Console, inspection: Inspection) -> None:
    arrays = Table("array", "shape", "dtype")
    for key, header in inspection.headers.items():
        arrays.add_row(_literal(key), _literal(str(header.shape)), _literal(str(header.dtype)))
    console.print(arrays)
    facts = Table("", "", show_header=False)
    for label, value in _facts(inspection):
        facts.add_row(label, _literal(value))
    console.print(facts)
    for finding in inspection.findings:
        line(console, f"{finding.level}: {finding.message}; {finding.remedy}", _STYLES[finding.level])
    if not inspection.findings:
        line(console, "Nothing to mend.")


def _facts(inspection: Inspection) -> list[tuple[str, str]]:
    scan, patterns, probe = inspection.scan, inspection.patterns, inspection.probe
    facts = []
    if scan is not None:
        facts += [
            ("positions", f"{scan.points}, {scan.duplicates} of them repeated"),
            ("x, columns", f"{scan.x_range[0]:.6g} to {scan.x_range[1]:.6g} pixels"),
            ("y, rows", f"{scan.y_range[0]:.6g} to {scan.y_range[1]:.6g} pixels"),
        ]
        if scan.spacing is not None:
            low, median, high = scan.spacing
            nearest = f"{low:.4g}, median {median:.4g}, at most {high:.4g} pixels"
            facts.append(("nearest neighbour", nearest))
    if patterns is not None:
        broken = patterns.not_finite + patterns.negative
        facts += [
            ("axis order", str(inspection.axis_order)),
            ("values", f"{patterns.lowest:.4g} to {patterns.peak:.4g}, mean {patterns.mean:.4g}"),
            ("squares in a pattern", f"{patterns.energy:.6g} on average"),
            ("units", "broken values" if patterns.units is None else _units(inspection)),
        ]
        facts += [("broken values", str(broken))] if broken else []
    if probe is not None:
        shares = ", ".join(f"{share:.1%}" for share in probe.shares[:6]) if probe.modes > 1 else ""
        modes = f"{probe.modes} modes ({shares}), " if shares else ""
        facts.append(("probe", f"{modes}energy {probe.energy:.6g}, peak {probe.peak:.4g}"))
    for part in _METADATA_PARTS:
        entries = (inspection.metadata or {}).get(part)
        if isinstance(entries, dict):
            facts += [(f"metadata: {name}", str(value)) for name, value in entries.items()]
    return facts


def _units(inspection: Inspection) -> str:
    patterns = inspection.patterns
    if patterns is None or patterns.units is None:
        return ""
    return f"{patterns.units.verdict}: {patterns.units.reason}"


def _literal(text: str) -> str:
    """Text from a file, which may hold anything: brackets are no markup, control characters are shown."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text).replace("[", r"\[")
