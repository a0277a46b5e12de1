"""Which scan points form a group: seeds, neighbours, members, coordinates (spec ``data.md`` 3.1 to 3.6).

Draws follow NumPy's legacy MT19937 stream in a private generator, so one seed gives one set of indices on
every backend and platform. Neighbours come from one deterministic table, ties broken by index.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[Any]
Indices = NDArray[np.int32]

# A relative distance below which the tree's own rounding could decide which of two points is nearer.
_TIE = 1e-9


@dataclass(frozen=True)
class GroupCoordinates:
    """Positions of groups, float64, third axis [x, y]: ``coords_nn = offsets - relative``.

    ``nn`` ``(B, 1, 2, C)`` the members' positions; ``offsets`` ``(B, 1, 2, 1)`` their mean; ``relative``
    ``(B, 1, 2, C)`` the offsets minus the positions.
    """

    nn: NDArray[np.float64]
    offsets: NDArray[np.float64]
    relative: NDArray[np.float64]


def nearest_points(x: Array, y: Array, k: int, rows: Array | None = None) -> Indices:
    """The points themselves and their ``k`` nearest others, by distance and then by index.

    Args:
        x: ``(M,)`` columns in pixels.
        y: ``(M,)`` rows in pixels.
        k: neighbours wanted besides the point itself.
        rows: points asked for; by default all.

    Returns:
        ``(n, min(k + 1, M))`` int32, column 0 the point itself even among duplicates.
    """
    points = np.column_stack((x, y)).astype(np.float64)
    rows = np.arange(len(points)) if rows is None else np.asarray(rows)
    width = min(k + 1, len(points))
    tree = cKDTree(points)
    table = np.empty((len(rows), width), np.int32)
    pending, reach = np.arange(len(rows)), min(width + 1, len(points))
    while len(pending):
        found = tree.query(points[rows[pending]], reach)
        distance, index = (np.asarray(part).reshape(len(pending), reach) for part in found)
        # A row is settled once the last point found is strictly farther than the last one kept, for
        # then no tied point was left out.
        settled = (distance[:, -1] > distance[:, width - 1] * (1 + _TIE)) | (reach == len(points))
        table[pending[settled]] = _ordered(points, rows[pending[settled]], index[settled])[:, :width]
        pending, reach = pending[~settled], min(2 * reach, len(points))
    return table


def standard_groups(
    x: Array, y: Array, n_groups: int, k: int, channels: int, seed: int | None, seed_points: Array | None
) -> Indices:
    """Groups of ``channels`` points drawn at random among the ``k`` nearest of a seed point (3.4).

    Args:
        x: ``(M,)`` columns.
        y: ``(M,)`` rows.
        n_groups: groups wanted; at most M are made.
        k: neighbours to draw from; irrelevant for one channel.
        channels: members of a group.
        seed: of the private legacy generator; None for fresh entropy.
        seed_points: the seed points to use instead of drawing them.

    Returns:
        ``(min(n_groups, M), channels)`` int32.
    """
    count = min(n_groups, len(x))
    generator = legacy_generator(seed)
    seeds = _seed_points(generator, len(x), count) if seed_points is None else np.asarray(seed_points)[:count]
    if channels == 1:
        return seeds.astype(np.int32)[:, None]
    nearest = nearest_points(x, y, k, seeds)
    candidates = nearest[:, 1:] if len(x) > k else nearest
    # The legacy stream is consumed seed by seed, so this loop is part of the contract.
    ranks = [generator.choice(candidates.shape[1], channels, replace=False) for _ in range(len(seeds))]
    return np.take_along_axis(candidates, np.asarray(ranks), axis=1)


def oversampled_groups(
    x: Array,
    y: Array,
    n_groups: int,
    pool_size: int,
    channels: int,
    seed: int | None,
    seed_points: Array | None,
) -> Indices:
    """More groups than points: draws among all ``channels``-subsets of each seed's neighbours (3.5).

    The pool of subsets is numbered, seed by seed and in lexicographic order of neighbour rank, not built.

    Args:
        x: ``(M,)`` columns.
        y: ``(M,)`` rows.
        n_groups: groups wanted.
        pool_size: neighbours of a seed that are combined.
        channels: members of a group.
        seed: of the private legacy generator; None for fresh entropy.
        seed_points: points to take as seeds, from the first on, instead of drawing them.

    Returns:
        ``(n_groups, channels)`` int32; members in order of neighbour rank.

    Raises:
        ValueError: no point has enough neighbours for a single subset.
    """
    needed = max(1, math.ceil(n_groups / math.comb(pool_size, channels)))
    n_seeds = min(2 * needed, len(x))
    generator = legacy_generator(seed)
    seeds = (
        _seed_points(generator, len(x), n_seeds) if seed_points is None else np.asarray(seed_points)[:n_seeds]
    )
    neighbours = nearest_points(x, y, pool_size, seeds)[:, 1:]
    subsets = np.array(
        list(islice(combinations(range(neighbours.shape[1]), channels), 2 * n_groups)), np.intp
    )
    if not len(subsets):
        raise ValueError(
            f"OVERSAMPLING-001: {len(x)} points give {neighbours.shape[1]} neighbours each, too few for "
            f"groups of C={channels}; use more points or a smaller gridsize"
        )
    pool = min(2 * n_groups, len(seeds) * len(subsets))
    if n_groups > pool:
        warnings.warn(
            f"{n_groups} groups drawn from {pool} combinations: some repeat; raise K or neighbor_pool_size",
            UserWarning,
            stacklevel=4,
        )
    drawn_seed, drawn_subset = np.divmod(
        generator.choice(pool, n_groups, replace=n_groups > pool), len(subsets)
    )
    return neighbours[drawn_seed[:, None], subsets[drawn_subset]]


def check_neighbours(n_points: int, k: int, channels: int) -> None:
    """ValueError unless ``n_points`` and ``k`` neighbours suffice for groups of several channels (3.3)."""
    if n_points < channels:
        raise ValueError(
            f"{n_points} scan points are too few for groups of C={channels}; use a smaller gridsize"
        )
    if channels > 1 and k < channels:
        raise ValueError(f"K={k} must be >= C={channels}: raise K (neighbor_count) or use a smaller gridsize")


def check_pool(pool_size: int, channels: int) -> None:
    """ValueError unless the neighbour pool of oversampling holds a whole group (3.3)."""
    if pool_size < channels:
        raise ValueError(
            f"OVERSAMPLING-001: neighbor_pool_size >= C is required, got neighbor_pool_size={pool_size} "
            f"and C={channels}"
        )


def group_coordinates(x: Array, y: Array, members: Indices) -> GroupCoordinates:
    """Positions of the members of each group, absolute and relative to the group's centre (3.6)."""
    nn = np.stack((x, y)).astype(np.float64)[:, members].transpose(1, 0, 2)[:, None]
    offsets = nn.mean(axis=3, keepdims=True)
    return GroupCoordinates(nn, offsets, offsets - nn)


def legacy_generator(seed: int | None) -> np.random.RandomState:
    """A private generator with the stream of NumPy's legacy global one."""
    return np.random.RandomState(seed)


def _seed_points(generator: np.random.RandomState, n_points: int, count: int) -> Array:
    """All points in order, without a draw, or ``count`` of them in random order."""
    if count < n_points:
        return generator.choice(n_points, count, replace=False)
    return np.arange(n_points)


def _ordered(points: Array, rows: Array, index: Array) -> Array:
    """Sort each row's neighbours: the point itself, then squared distance, then index.

    Distances are recomputed here because the tree's may differ in the last bit between machines.
    """
    steps = points[index] - points[rows][:, None]
    squared = (steps * steps).sum(axis=2)
    order = np.lexsort((index, squared, index != rows[:, None]), axis=1)
    return np.take_along_axis(index, order, axis=1)
