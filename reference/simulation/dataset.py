"""A data set from a few names and numbers: object, probe, scan, photons (spec ``data.md`` 7.2 to 7.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.metadatafile import save_with_metadata
from ptychoparity.reference.data.rawdata import RawData
from ptychoparity.reference.simulation.experiment import check_guesses
from ptychoparity.reference.simulation.forward import Progress, probe_modes
from ptychoparity.reference.simulation.methods import check_whole, look_up
from ptychoparity.reference.simulation.objects import OBJECT_METHODS, synthetic_objects
from ptychoparity.reference.simulation.positions import jittered_grid, uniform_positions
from ptychoparity.reference.simulation.probes import PROBE_METHODS, orthogonal_modes, synthetic_probes
from ptychoparity.reference.simulation.recipes import DATA_SOURCES, recipe_amplitudes, recipe_phase
from ptychoparity.reference.simulation.scans import simulated_members

Array = NDArray[Any]
Shape = tuple[int, int]

OBJECTS = (*OBJECT_METHODS, *DATA_SOURCES)
"""Names of objects: complex ones, and the recipes of amplitudes with the phase that goes with them."""
PROBES = tuple(PROBE_METHODS)


def _uniform(shape: Shape, side: int, count: int, seed: int) -> Array:
    return uniform_positions(shape, count, side // 2, seed)


def _grid(shape: Shape, side: int, count: int, seed: int) -> Array:
    return jittered_grid(shape, side, count, _stream(seed, "scan"))


SCANS: Mapping[str, Callable[[Shape, int, int, int], Array]] = MappingProxyType(
    {"random": _uniform, "grid": _grid}
)

_STREAMS = ("object", "probe", "modes", "scan", "photons")


@dataclass(frozen=True)
class Setup:
    """What is scanned with what, and where.

    Attributes:
        whole: ``(H, W)`` complex object.
        probe: ``(N, N)`` complex, or ``(P, N, N)``.
        positions: ``(n, 2)`` [x, y] in object pixels.
        seed: of all that was and will be drawn.
        notes: where each came from, for the metadata.
    """

    whole: Array
    probe: Array
    positions: NDArray[np.float64]
    seed: int
    notes: Mapping[str, Any]


def drawn_object(name: str, size: int, seed: int) -> NDArray[np.complex64]:
    """One ``(size, size)`` object by a name in `OBJECTS`.

    Raises:
        ValueError, TypeError: unknown name; a size or a seed that the method refuses.
    """
    look_up(dict.fromkeys(OBJECTS), "object", name)
    if name in OBJECT_METHODS:
        return synthetic_objects((size, size), name, 1, _stream(seed, "object"))[0]
    amplitude = recipe_amplitudes(size, name, 1, _stream(seed, "object"))[0][..., 0]
    return np.asarray(amplitude * np.exp(1j * recipe_phase(amplitude)), np.complex64)


def drawn_probe(name: str, side: int, seed: int) -> NDArray[np.complex64]:
    """One ``(side, side)`` probe of unit energy by a name in `PROBES`; ValueError or TypeError as above."""
    return synthetic_probes(side, name, 1, _stream(seed, "probe"))[0]


def set_up(
    whole: Array,
    probe: Array,
    scan: str,
    count: int,
    seed: int,
    *,
    modes: int = 1,
    notes: Mapping[str, Any] | None = None,
) -> Setup:
    """Put object and probe together and draw the positions.

    Args:
        whole: ``(H, W)`` complex.
        probe: ``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)``, complex.
        scan: "random": uniform but for a border of N//2; "grid": a jittered grid.
        count: positions.
        seed: of positions, modes and noise.
        modes: how many to make of a probe of one mode (`probes.orthogonal_modes`, of equal energy).
        notes: for the metadata.

    Raises:
        ValueError, TypeError: arrays that do not fit each other, an unknown scan, modes to be made of a probe
            that has several, counts and seeds that are no such.
    """
    place = look_up(SCANS, "scan", scan)
    given: Array = probe_modes(probe)
    check_guesses(whole, probe, given.shape[1])
    if modes != 1:
        if len(given) > 1:
            raise ValueError(f"modes={modes}: the probe has {len(given)} modes already")
        given = orthogonal_modes(given[0], modes, _stream(seed, "modes"))
    positions = place((whole.shape[0], whole.shape[1]), given.shape[1], count, seed)
    told = {"scan": scan, "modes": len(given), **(notes or {})}
    return Setup(whole, given[0] if len(given) == 1 else given, positions, seed, told)


def measured(
    setup: Setup, nphotons: float, *, beamstop_diameter: float = 0.0, progress: Progress | None = None
) -> RawData:
    """Simulate the scan; see `scans.simulated_members`."""
    members = simulated_members(
        setup.positions[:, 0],
        setup.positions[:, 1],
        setup.probe.astype(np.complex64),
        setup.whole.astype(np.complex64),
        gridsize=1,
        nphotons=nphotons,
        seed=_stream(setup.seed, "photons"),
        beamstop_diameter=beamstop_diameter,
        script="ptychoparity simulate",
        notes={"seed": setup.seed, "beamstop_diameter": beamstop_diameter, **setup.notes},
        progress=progress,
    )
    return RawData(**members)


def write_dataset(path: str | PathLike[str], raw: RawData) -> None:
    """Write a simulated scan, whole or not at all: keys of 1.1, labels under two of their names."""
    keys = ("xcoords", "ycoords", "xcoords_start", "ycoords_start", "diff3d", "probeGuess", "objectGuess")
    arrays = {key: getattr(raw, key) for key in (*keys, "scan_index")}
    if raw.Y is not None:
        patches = raw.Y.reshape(raw.Y.shape[:3])
        arrays |= {"Y": patches, "ground_truth_patches": patches[..., None]}
    save_with_metadata(path, arrays, raw.metadata or {})


def _stream(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each purpose, so that more positions leave the object as it was."""
    check_whole("seed", seed, lowest=0)
    return np.random.default_rng([seed, _STREAMS.index(purpose)])
