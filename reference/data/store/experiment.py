"""One file of a store: its points, its groups, its scales (spec ``data.md`` 3.8, 5.3, 6, 8.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.grouped import normalising_factor
from ptychoparity.reference.data.grouping import GroupCoordinates, group_coordinates
from ptychoparity.reference.data.npz import naming
from ptychoparity.reference.data.scales import scaling_constants
from ptychoparity.reference.data.store.manifest import Manifest
from ptychoparity.reference.data.store.sources import Points
from ptychoparity.reference.data.validation import COORDINATES
from ptychoparity.reference.physics.probe import normalize_probe

Array = NDArray[Any]


@dataclass(frozen=True)
class Experiment:
    """What a store keeps in memory of one file.

    Attributes:
        name: of the file.
        points: all that is known of it but its images.
        energies: ``(M,)`` summed squares of each pattern, float64.
        first: row of its first image among those of all files.
        members: ``(B, C)`` indices into its own points.
        rms_scale: brings the patterns of its groups to a mean energy of ``(N/2)**2`` (3.8).
        physics_scale: brings them to the photons per pattern of its metadata, else of the request (6).
        probe: ``(Pmax, N, N)`` complex64, as batches have it: padded with zeros.
        probe_scale: what the probe was multiplied by.
    """

    name: str
    points: Points
    energies: NDArray[np.float64]
    first: int
    members: NDArray[np.int32]
    rms_scale: np.float32
    physics_scale: np.float32
    probe: NDArray[np.complex64]
    probe_scale: np.float32

    @property
    def centre_of_mass(self) -> tuple[float, float]:
        """Mean scan position, [x, y] in object pixels."""
        x, y = (float(self.points.arrays[key].mean(dtype=np.float64)) for key in COORDINATES[:2])
        return x, y

    def coordinates(self, members: Array) -> tuple[GroupCoordinates, GroupCoordinates]:
        """Positions and start positions of groups."""
        x, y, x_start, y_start = (self.points.arrays[key] for key in COORDINATES)
        return group_coordinates(x, y, members), group_coordinates(x_start, y_start, members)


def experiments_of(
    manifest: Manifest, points: Sequence[Points], energies: Sequence[Array], groups: Sequence[Array]
) -> tuple[Experiment, ...]:
    """The experiments of a store.

    Args:
        manifest: of the store.
        points: of each file.
        energies: summed squares of each pattern of each file.
        groups: members of the groups of each file.

    Raises:
        ValueError: groups of patterns that are all zero, or a probe that cannot be normalised.
    """
    scales = manifest["normalisation"]
    modes = max(len(held.arrays["probeGuess"]) for held in points)
    experiments, first = [], 0
    for source, held, energy, members in zip(manifest["sources"], points, energies, groups, strict=True):
        mean = energy[members].mean()
        with naming(Path(source["name"])):
            rms_scale = normalising_factor(mean, held.side)
        nphotons = scales["nphotons"] if math.isnan(held.nphotons) else held.nphotons
        probe, norm = held.arrays["probeGuess"], 1.0
        if scales["probe_scale"] is not None:
            probe, norm = normalize_probe(probe, scales["probe_scale"])
        experiments.append(
            Experiment(
                name=source["name"],
                points=held,
                energies=energy,
                first=first,
                members=members,
                rms_scale=rms_scale,
                physics_scale=np.float32(scaling_constants(float(mean), held.side, nphotons)[1]),
                probe=np.pad(probe, ((0, modes - len(probe)), (0, 0), (0, 0))).astype(np.complex64),
                probe_scale=np.float32(1 / norm),
            )
        )
        first += held.count
    return tuple(experiments)
