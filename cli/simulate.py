"""``ptychoparity simulate``: a synthetic scan with its truth, as an NPZ, and as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import Progress

from ptychoparity.cli.console import line
from ptychoparity.cli.errors import BadInputError, bad_input
from ptychoparity.reference.data.files import replacing
from ptychoparity.reference.simulation.collection import stored
from ptychoparity.reference.simulation.dataset import (
    OBJECTS,
    PROBES,
    SCANS,
    Array,
    Setup,
    drawn_object,
    drawn_probe,
    measured,
    set_up,
    write_dataset,
)
from ptychoparity.reference.simulation.forward import Progress as Report

_SIZE, _SIDE = 256, 64

_EPILOG = f"""\b
Objects, drawn by name:
  {", ".join(OBJECTS[:6])}
  amplitude recipes, with the phase that goes with them:
  {", ".join(OBJECTS[6:])}
Probes, drawn by name: {", ".join(PROBES)}
\b
Examples:
  ptychoparity simulate --out scan.npz --preview scan.png
      512 patterns of 64 x 64 pixels, 1e6 photons each, of a dead-leaves object
  ptychoparity simulate --out scan.npz --object lines --probe fzp --scan grid --n 1024 --seed 7
  ptychoparity simulate --out partial.npz --modes 3 --nphotons 1e4 --beamstop 6
      partially coherent light, few photons, the direct beam stopped
  ptychoparity simulate --out again.npz --object measured.npz --probe measured.npz
      object and probe of a reconstruction: its objectGuess and probeGuess

What is in the file: xcoords and ycoords (object pixels, the middle of each pattern's patch) and start
positions equal to them; diff3d (amplitude: root of the counts over intensity_scale); probeGuess, objectGuess,
scan_index; Y and ground_truth_patches (the patch of each pattern); _metadata with nphotons, intensity_scale,
seed and the rest. 'ptychoparity inspect' shows it. The same call makes the same arrays; one seed serves
object, probe, modes, positions and photons, each with a stream of its own.

Exit status: 0 written; 2 bad input, nothing written."""


@click.command(epilog=_EPILOG)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FILE.npz", help="Data set to write."
)
@click.option(
    "--object",
    "object_",
    default="dead_leaves",
    show_default=True,
    metavar="METHOD|FILE.npz",
    help="Object: a name from the list below, or a file with an objectGuess.",
)
@click.option(
    "--probe",
    default="zernike",
    show_default=True,
    metavar="METHOD|FILE.npz",
    help="Probe: a name from the list below, or a file with a probeGuess.",
)
@click.option(
    "--size", type=int, metavar="PIXELS", help=f"Side of a drawn object.  [default: {_SIZE}, or 2 N if more]"
)
@click.option("--N", "side", type=int, metavar="PIXELS", help=f"Side of the patterns.  [default: {_SIDE}]")
@click.option("--n", "count", default=512, show_default=True, metavar="COUNT", help="Scan positions.")
@click.option(
    "--nphotons", default=1e6, show_default=True, metavar="COUNT", help="Photons of a pattern in the mean."
)
@click.option(
    "--scan",
    default="random",
    show_default=True,
    type=click.Choice(list(SCANS)),
    help="Positions: anywhere, or a jittered grid; at least N/2 from the border.",
)
@click.option("--seed", default=42, show_default=True, metavar="SEED", help="Of everything that is drawn.")
@click.option(
    "--modes",
    default=1,
    show_default=True,
    metavar="COUNT",
    help="Incoherent modes to make of the probe, of equal power.",
)
@click.option(
    "--beamstop",
    default=0.0,
    show_default=True,
    metavar="PIXELS",
    help="Diameter of the disc in the middle of the detector that counts nothing.",
)
@click.option(
    "--preview",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Draw object, positions, probe and patterns.",
)
def command(
    out: Path,
    object_: str,
    probe: str,
    size: int | None,
    side: int | None,
    count: int,
    nphotons: float,
    scan: str,
    seed: int,
    modes: int,
    beamstop: float,
    preview: Path | None,
) -> None:
    """Simulate a ptychographic scan of a known object, with photon noise.

    Draws an object and a probe, or takes them from files, scans one with the other, diffracts, counts
    photons, and writes a data set that both backends read, with the truth in it.
    """
    console = Console()
    _check_targets(out, preview)
    with bad_input():
        setup = _setup(object_, probe, size, side, scan, count, seed, modes)
    try:
        with bad_input(), _shown(console, count) as report:
            raw = measured(setup, nphotons, beamstop_diameter=beamstop, progress=report)
    except MemoryError as error:
        raise BadInputError(f"--n {count}: so many patterns do not fit in memory; ask for fewer") from error
    picture = b""
    if preview is not None:
        from ptychoparity.cli.simulation_picture import drawn  # matplotlib is slow to import

        picture = drawn(raw)
    with bad_input(f"--out {out}"):
        write_dataset(out, raw)
    line(
        console,
        f"Data set: {out}, {count} patterns of {setup.probe.shape[-1]} x {setup.probe.shape[-1]} pixels",
    )
    if preview is not None:
        with bad_input(f"--preview {preview}"), replacing(preview) as stream:
            stream.write(picture)
        line(console, f"Preview: {preview}")


def _setup(
    object_: str, probe: str, size: int | None, side: int | None, scan: str, count: int, seed: int, modes: int
) -> Setup:
    """Object, probe and positions as asked for; ValueError and the like for what cannot be had."""
    illumination: Array
    if _is_file(probe):
        illumination = _complex(probe, "probeGuess")
        if side is not None and illumination.shape[-2] != side:
            raise ValueError(
                f"--N {side}: the probeGuess of {probe} has shape {illumination.shape}; leave --N out"
            )
    else:
        illumination = drawn_probe(probe, _SIDE if side is None else side, seed)
    if _is_file(object_):
        if size is not None:
            raise ValueError(f"--size {size}: the object comes from {object_}; leave --size out")
        whole = _complex(object_, "objectGuess")
    else:
        whole = drawn_object(object_, max(_SIZE, 2 * illumination.shape[-2]) if size is None else size, seed)
    notes = {"object": _name(object_), "probe": _name(probe)}
    return set_up(whole, illumination, scan, count, seed, modes=modes, notes=notes)


def _is_file(source: str) -> bool:
    return source.endswith(".npz")


def _name(source: str) -> str:
    return Path(source).name if _is_file(source) else source


def _complex(source: str, key: str) -> Array:
    array = stored(source, key)
    if array.dtype.kind != "c":
        raise ValueError(f"{source}: {key} must be complex, got {array.dtype} {array.shape}")
    return array


def _check_targets(out: Path, preview: Path | None) -> None:
    """Refuse, before anything is computed, what could not be written."""
    for flag, path in (("--out", out), ("--preview", preview)):
        if path is None:
            continue
        if path.is_dir():
            raise BadInputError(f"{flag} {path} is a folder; name a file in it")
        if not path.parent.is_dir():
            raise BadInputError(f"{flag} {path}: there is no folder {path.parent}; make it first")
    if preview is not None and preview.resolve() == out.resolve():
        raise BadInputError(f"--preview {preview} is the same file as --out")


@contextmanager
def _shown(console: Console, count: int) -> Iterator[Report]:
    """What the simulation reports to: a bar on a terminal, a line at every quarter elsewhere."""
    if console.is_terminal:
        with Progress(console=console, transient=True) as bars:
            task = bars.add_task("patterns", total=count)
            yield lambda done, _: bars.update(task, completed=done)
        return
    quarters = iter(np.arange(1, 5) * count / 4)
    ahead = [next(quarters)]

    def report(done: int, total: int) -> None:
        if done >= ahead[0]:
            line(console, f"patterns {done}/{total}")
            ahead[0] = next((quarter for quarter in quarters if quarter > done), np.inf)

    yield report
