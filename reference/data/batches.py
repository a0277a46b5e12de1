"""Which groups make a batch, what is checked of it, and its scales (spec ``data.md`` 4.4 and 6).

`batch_arrays` is the float64 truth of what the batches of both frameworks hold, in the layout of the
contract: channels last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptychoparity.reference.data.container import Grouped, check_grouped, container_arrays
from ptychoparity.reference.data.scales import mean_energy, scaling_constants
from ptychoparity.reference.physics.checks import check_photons
from ptychoparity.reference.physics.probe import as_modes

Array = NDArray[Any]
Indices = NDArray[np.int64]


class BatchOrder:
    """The groups of each batch, epoch after epoch: the same in both frameworks for the same seed.

    Iterating once is one epoch. The order of epoch e is drawn from ``(seed, e)`` alone, so that it depends
    neither on the batch size nor on who else draws.

    Attributes:
        epochs: how many were begun.
    """

    def __init__(self, groups: int, batch_size: int, shuffle: bool = True, seed: int | None = None) -> None:
        """Keep the request.

        Args:
            groups: number of groups.
            batch_size: groups of a batch; the last one of an epoch may be smaller.
            shuffle: draw the order anew in each epoch, else keep that of the groups.
            seed: not negative; None for fresh entropy.

        Raises:
            ValueError: a number that is not positive, or a negative seed.
        """
        if groups < 1 or batch_size < 1:
            raise ValueError(f"groups and batch_size must be positive, got {groups} and {batch_size}")
        if seed is not None and seed < 0:
            raise ValueError(f"seed must not be negative, got {seed}")
        self.groups, self.batch_size, self.shuffle = groups, batch_size, shuffle
        self.epochs = 0
        self._entropy = np.random.SeedSequence().entropy if seed is None else seed

    def __len__(self) -> int:
        """Batches of an epoch."""
        return math.ceil(self.groups / self.batch_size)

    def __iter__(self) -> Iterator[Indices]:
        """The indices of each batch of one epoch, int64."""
        order = self._order(self.epochs)
        self.epochs += 1
        return (order[start : start + self.batch_size] for start in range(0, self.groups, self.batch_size))

    def _order(self, epoch: int) -> Indices:
        if not self.shuffle:
            return np.arange(self.groups)
        seeds = np.random.SeedSequence(self._entropy, spawn_key=(epoch,))
        return np.random.Generator(np.random.Philox(seeds)).permutation(self.groups)


def batch_probe(probe: Array) -> Array:
    """``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)`` to the ``(1, 1, P, N, N)`` of batches.

    Raises:
        ValueError: another shape.
    """
    return as_modes(probe)[None, None]


def container_probe(grouped: Grouped, probe: Array) -> Array:
    """The ``(P, N, N)`` that a container holds whose batches have the probe ``(B or 1, C or 1, P, N, N)``.

    Raises:
        ValueError, TypeError: see `check_grouped` and `check_batch_probe`.
    """
    check_grouped(grouped)
    check_batch_probe(np.shape(probe), grouped["X_full"].shape)
    modes: Array = probe[0, 0]
    return modes


def check_batch_probe(shape: tuple[int, ...], patterns: tuple[int, ...]) -> None:
    """Refuse a probe that is not of rank 5, because it would broadcast along the wrong axes.

    Args:
        shape: of the probe.
        patterns: shape ``(B, N, N, C)`` of the patterns that it belongs to.

    Raises:
        ValueError: PROBE-RANK-001, naming the shape.
    """
    groups, side, _, channels = patterns
    fits = (
        len(shape) == 5
        and shape[0] in (1, groups)
        and shape[1] in (1, channels)
        and shape[2] > 0
        and tuple(shape[3:]) == (side, side)
    )
    if not fits:
        raise ValueError(
            f"PROBE-RANK-001: the probe of batches must have shape (B or 1, C or 1, P, N, N) with "
            f"B={groups}, C={channels}, N={side}, got {tuple(shape)}; give a probe (P, N, N) as "
            "probe[None, None]"
        )


def check_scales(groups: int, nphotons: float | None, scale: ArrayLike | None) -> None:
    """Photons and scales that are finite and positive, a scale for all groups or one for each.

    Raises:
        ValueError: otherwise.
    """
    if nphotons is not None:
        check_photons(nphotons)
    if scale is None:
        return
    values = np.asarray(scale)
    if values.shape not in ((), (groups,)):
        raise ValueError(f"scale must be a number or have shape ({groups},), got {values.shape}")
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise ValueError(f"scale must be finite and > 0, got {scale}")


def check_indices(indices: ArrayLike, groups: int) -> Indices:
    """The groups of a batch as int64; negative ones do not count from the end.

    Raises:
        ValueError: not one axis of whole numbers, none, or one that names no group.
    """
    chosen = np.asarray(indices)
    if chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu":
        raise ValueError(
            f"indices must be whole numbers of shape (B,) with B >= 1, got {chosen.dtype} {chosen.shape}"
        )
    if chosen.min() < 0 or chosen.max() >= groups:
        raise ValueError(f"indices must lie from 0 to {groups - 1}, got {chosen.min()} to {chosen.max()}")
    return chosen.astype(np.int64)


def group_scales(groups: int, scale: ArrayLike | None) -> NDArray[np.float64]:
    """The scale of each group ``(B,)``; one where none is given."""
    return np.broadcast_to(np.asarray(1.0 if scale is None else scale, np.float64), (groups,))


def batch_arrays(
    grouped: Grouped,
    probe: Array,
    indices: ArrayLike,
    nphotons: float | None,
    scale: ArrayLike | None,
    supervised: bool,
    real: np.dtype[Any],
) -> dict[str, Array]:
    """One batch of the groups, channels last, computed in float64 and given in the precision ``real``.

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7, of G groups.
        probe: ``(G or 1, C or 1, P, N, N)`` complex.
        indices: ``(B,)`` groups of the batch.
        nphotons: mean photons of a pattern, or None.
        scale: of each group ``(G,)`` or of all; None for 1.
        supervised: give labels too.
        real: precision.

    Returns:
        ``images`` and ``observed_images`` ``(B, N, N, C)``, ``coords_relative`` ``(B, 1, 2, C)``,
        ``rms_scaling_constant``, ``physics_scaling_constant`` and ``scale`` ``(B, 1, 1, 1)``,
        ``experiment_id`` ``(B,)`` int32, ``probe`` ``(B or 1, C or 1, P, N, N)``; for supervised training
        ``label_amp`` and ``label_phase`` ``(B, N, N, C)``.

    Raises:
        ValueError, TypeError: see `container_probe`, `check_scales`, `check_indices`, `scaling_constants`.
    """
    arrays = container_arrays(grouped, container_probe(grouped, probe), real)
    patterns = arrays["X"]
    groups, side = patterns.shape[:2]
    check_scales(groups, nphotons, scale)
    chosen = check_indices(indices, groups)
    rms, physics = scaling_constants(mean_energy(patterns), side, nphotons)
    per_group = (len(chosen), 1, 1, 1)
    images = patterns[chosen].astype(real)
    waves = np.asarray(probe).astype(np.result_type(real, np.complex64))
    batch = {
        "images": images,
        "observed_images": images.copy(),
        "coords_relative": arrays["coords_true"][chosen],
        "rms_scaling_constant": np.full(per_group, rms, real),
        "physics_scaling_constant": np.full(per_group, physics, real),
        "experiment_id": np.zeros(len(chosen), np.int32),
        "probe": waves if len(waves) == 1 else waves[chosen],
        "scale": group_scales(groups, scale)[chosen].astype(real).reshape(per_group),
    }
    if supervised:
        batch |= {"label_amp": arrays["Y_I"][chosen], "label_phase": arrays["Y_phi"][chosen]}
    return batch
