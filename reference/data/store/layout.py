"""The files of a store, and how several experiments are put into them (spec ``data.md`` 8.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.store.manifest import MANIFEST
from ptychoparity.reference.data.store.sources import Points
from ptychoparity.reference.data.validation import COORDINATES

Array = NDArray[Any]

PATTERNS = "diffraction.npy"
LABELS = "labels.npy"
POINTS = "points.npz"
GROUPS = "groups.npz"

FILES = (PATTERNS, LABELS, POINTS, GROUPS, MANIFEST)
"""All that a store may hold: the patterns of all experiments one after another, ``(T, N, N)`` float32;
ready-made patches, ``(T, N, N)`` complex64, if any experiment has them; all else that its sources decide;
members of groups; the manifest."""

_PER_POINT = (*COORDINATES, "scan_index")


def packed_points(points: Sequence[Points], energies: Sequence[Array]) -> dict[str, Array]:
    """What `POINTS` holds: probes padded with zeros to the largest number of modes, the rest one by one."""
    modes = [len(held.arrays["probeGuess"]) for held in points]
    probes = np.zeros((len(points), max(modes), points[0].side, points[0].side), np.complex64)
    packed: dict[str, Array] = {
        "probes": probes,
        "modes": np.array(modes),
        "labels": np.array([held.labels for held in points]),
        "nphotons": np.array([held.nphotons for held in points]),
    }
    for index, (held, energy) in enumerate(zip(points, energies, strict=True)):
        probes[index, : modes[index]] = held.arrays["probeGuess"]
        packed[f"energies.{index}"] = energy
        for key in (*_PER_POINT, "objectGuess"):
            if key in held.arrays:
                packed[f"{key}.{index}"] = held.arrays[key]
    return packed


def unpacked_points(packed: Mapping[str, Array]) -> tuple[list[Points], list[Array]]:
    """What `packed_points` was given.

    Raises:
        KeyError: something is missing.
    """
    points, energies = [], []
    for index, (probe, modes) in enumerate(zip(packed["probes"], packed["modes"], strict=True)):
        arrays = {key: packed[f"{key}.{index}"] for key in _PER_POINT} | {"probeGuess": probe[:modes]}
        if f"objectGuess.{index}" in packed:
            arrays["objectGuess"] = packed[f"objectGuess.{index}"]
        energy = packed[f"energies.{index}"]
        labels, nphotons = str(packed["labels"][index]), float(packed["nphotons"][index])
        points.append(Points(len(energy), probe.shape[-1], arrays, labels, nphotons))
        energies.append(energy)
    return points, energies


def packed_groups(groups: Sequence[Array]) -> dict[str, Array]:
    """What `GROUPS` holds: ``(B, C)`` int32 indices into each experiment's own points."""
    return {f"members.{index}": members for index, members in enumerate(groups)}


def unpacked_groups(packed: Mapping[str, Array]) -> list[Array]:
    """What `packed_groups` was given."""
    return [packed[f"members.{index}"] for index in range(len(packed))]
