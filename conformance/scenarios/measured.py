"""Scenarios of a measured data set: the fixture, or the user's own NPZ file (``--data``).

What a beamline hands over goes through grouping, probe normalisation, the forward model and stitching
of every backend. Where the file holds no object, a simulated one of the right size stands in.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.conformance.case import Array, Case, Scenario, single
from ptychoparity.fixtures.objects import textured_object
from ptychoparity.reference.data import RawData
from ptychoparity.reference.physics.probe import as_modes, normalize_probe
from ptychoparity.reference.physics.regions import fitting_padded_size
from ptychoparity.reference.physics.translation import object_patches

NEIGHBOURS = {1: 4, 2: 7, 3: 12}
BATCH = 6
STITCHED_AT_MOST = 600


@lru_cache(maxsize=1)
def load(path: Path) -> RawData:
    """The measured data, read once."""
    return RawData.from_file(path)


def patterns(raw: RawData) -> Array:
    """The diffraction amplitudes ``(M, N, N)``; an NPZ file always has them."""
    if raw.diff3d is None:
        raise ValueError("diff3d is missing: a scan without diffraction patterns cannot be verified")
    return raw.diff3d


def whole_object(raw: RawData) -> Array:
    """The object of the file, or a simulated one that holds every patch."""
    if raw.objectGuess is not None:
        return np.asarray(raw.objectGuess)
    side = patterns(raw).shape[-1]
    shape = [int(np.ceil(np.max(axis))) + side // 2 + 2 for axis in (raw.ycoords, raw.xcoords)]
    return textured_object((shape[0], shape[1]), 20)


def _gridsizes(raw: RawData) -> list[int]:
    """1, and those of 2 and 3 that have enough points for their neighbours."""
    return [g for g, neighbours in NEIGHBOURS.items() if g == 1 or len(raw.xcoords) > neighbours]


def _raw(raw: RawData, points: int | None = None) -> dict[str, Any]:
    keep = slice(points)
    return {
        "xcoords": raw.xcoords[keep],
        "ycoords": raw.ycoords[keep],
        "diff3d": patterns(raw)[keep],
        "probeGuess": raw.probeGuess,
        "scan_index": None,
    }


def _request(raw: RawData, gridsize: int, groups: int) -> dict[str, Any]:
    side = patterns(raw).shape[-1]
    return {"N": side, "K": NEIGHBOURS[gridsize], "nsamples": groups, "gridsize": gridsize, "seed": 17}


def grouping(path: Path) -> Iterator[Case]:
    """The measured positions and patterns, grouped."""
    raw = load(path)
    groups = min(len(raw.xcoords), 24)
    for gridsize in _gridsizes(raw):
        inputs = {"raw": _raw(raw), "request": _request(raw, gridsize, groups), "overlay": {}}
        yield Case(f"g{gridsize}", "group", inputs)
        few = {**inputs, "request": _request(raw, gridsize, min(groups, BATCH))}
        yield Case(f"container-g{gridsize}", "container", few)


def probe(path: Path) -> Iterator[Case]:
    """The probe of the file, normalised; photons of its patterns."""
    raw = load(path)
    modes = single(as_modes(np.asarray(raw.probeGuess)))
    yield Case("normalised", "normalize_probe", {"probe": modes, "probe_scale": 4.0})
    amplitude = single(patterns(raw)[:64])[..., None]
    yield Case("photons", "intensity_scale", {"amplitude": amplitude, "nphotons": 1e6})


def forward(path: Path) -> Iterator[Case]:
    """Patches of the object at the measured positions, through the forward chain."""
    raw = load(path)
    whole, side = whole_object(raw), patterns(raw).shape[-1]
    normalised, _ = normalize_probe(as_modes(np.asarray(raw.probeGuess, np.complex128)), 4.0)
    for gridsize in _gridsizes(raw):
        raw_points = RawData.from_coords_without_pc(**_raw(raw))
        grouped = raw_points.generate_grouped_data(**_request(raw, gridsize, BATCH))
        positions, offsets = (np.asarray(grouped[key]) for key in ("coords_nn", "coords_relative"))
        flat = object_patches(whole, positions[:, 0].transpose(0, 2, 1).reshape(-1, 2), side)
        inputs = {
            "patches": single(flat.reshape(-1, gridsize**2, side, side).transpose(0, 2, 3, 1)),
            "offsets": offsets,
            "probe": single(normalised),
            "padded": fitting_padded_size(side, offsets),
            "scale": 1.0,
        }
        yield Case(f"g{gridsize}", "forward", inputs)


def stitching(path: Path) -> Iterator[Case]:
    """Patches of the object at the measured positions, stitched with two crops."""
    raw = load(path)
    side = patterns(raw).shape[-1]
    positions = np.stack([raw.xcoords, raw.ycoords], axis=1)[:STITCHED_AT_MOST].astype(np.float64)
    patches = single(object_patches(whole_object(raw), positions, side))
    for crop in sorted({min(20, side), side // 4 * 2}):
        inputs = {"patches": patches, "positions": positions, "crop": crop}
        yield Case(f"m{crop}", "stitch", inputs)


SCENARIOS = (
    Scenario("GRP-900", "Measured data: groups and containers", "data.md 3, 4", grouping, measured=True),
    Scenario("PRB-900", "Measured data: probe and photons", "data.md 5, 6", probe, measured=True),
    Scenario("FWD-900", "Measured data: forward chain", "physics_model.md 1.5", forward, measured=True),
    Scenario("STI-900", "Measured data: stitching", "physics_model.md 3.1", stitching, measured=True),
)
