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

from ptychoparity.reference.data import draws

Array = NDArray[Any]
Indices = NDArray[np.int32]

# A relative distance below which the tree's own rounding could decide which of two points is nearer.
_TIE = 1e-9

_PAIRS = 1 << 17  # distances found at once: bounds the memory


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
    tree = cKDTree(points, balanced_tree=False)  # built in two thirds of the time, searched as fast
    rows = np.arange(len(points)) if rows is None else np.asarray(rows)
    width, reach = min(k + 1, len(points)), min(k + 2, len(points))
    table = np.empty((len(rows), width), np.int32)
    # Asked in the order of the tree's leaves, a point finds what its neighbours read still in the cache.
    place = np.empty(len(points), np.intp)
    place[tree.indices] = np.arange(len(points))
    leaf_by_leaf = np.argsort(place[rows])
    table[leaf_by_leaf] = _nearest(tree, rows[leaf_by_leaf], width, reach)
    return table


def standard_groups(
    x: Array,
    y: Array,
    n_groups: int,
    k: int,
    channels: int,
    seed: int | None,
    seed_points: Array | None,
    neighbours: Indices | None = None,
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
        neighbours: what `nearest_points` gives for all points and ``k``, where that is known.

    Returns:
        ``(min(n_groups, M), channels)`` int32.
    """
    count = min(n_groups, len(x))
    generator = legacy_generator(seed)
    seeds = _seed_points(generator, len(x), count) if seed_points is None else np.asarray(seed_points)[:count]
    if channels == 1:
        return seeds.astype(np.int32)[:, None]
    nearest = nearest_points(x, y, k, seeds) if neighbours is None else neighbours[seeds]
    candidates = nearest[:, 1:] if len(x) > k else nearest
    ranks = draws.subsets(generator, len(seeds), candidates.shape[1], channels)
    return np.take_along_axis(candidates, ranks, axis=1)


def oversampled_groups(
    x: Array,
    y: Array,
    n_groups: int,
    pool_size: int,
    channels: int,
    seed: int | None,
    seed_points: Array | None,
    neighbours: Indices | None = None,
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
        neighbours: what `nearest_points` gives for all points and ``pool_size``, where that is known.

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
    nearest = nearest_points(x, y, pool_size, seeds) if neighbours is None else neighbours[seeds]
    candidates = nearest[:, 1:]
    subsets = np.array(
        list(islice(combinations(range(candidates.shape[1]), channels), 2 * n_groups)), np.intp
    )
    if not len(subsets):
        raise ValueError(
            f"OVERSAMPLING-001: {len(x)} points give {candidates.shape[1]} neighbours each, too few for "
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
    return candidates[drawn_seed[:, None], subsets[drawn_subset]]


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
    groups, channels = members.shape
    nn = np.empty((groups, 1, 2, channels))
    nn[:, 0, 0] = x[members]
    nn[:, 0, 1] = y[members]
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


def _nearest(tree: cKDTree[None], rows: Array, width: int, reach: int) -> Indices:
    """The ``width`` nearest points of ``rows``, themselves first, looked for among ``reach`` or more."""
    table = np.empty((len(rows), width), np.int32)
    step, farther = max(1, _PAIRS // reach), min(reach + reach // 2 + 1, tree.n)
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        table[first : first + step], cut_off = _search(tree, part, width, reach)
        if len(cut_off):
            table[first + cut_off] = _nearest(tree, part[cut_off], width, farther)
    return table


def _search(tree: cKDTree[None], rows: Array, width: int, reach: int) -> tuple[Array, Array]:
    """The nearest of ``reach`` points found, and which rows are open, as a tied point may be left out."""
    found = tree.query(tree.data[rows], reach)
    distance, index = (np.asarray(part).reshape(len(rows), reach) for part in found)
    table = index[:, :width]
    tied = (distance[:, 1:] <= distance[:, :-1] * (1 + _TIE)).any(axis=1)
    # None is left out where the last point found is strictly farther than the last one kept.
    settled = (distance[:, -1] > distance[:, width - 1] * (1 + _TIE)) | (reach == tree.n)
    unordered = np.flatnonzero(settled & tied)
    table[unordered] = _ordered(tree.data, rows[unordered], index[unordered])[:, :width]
    return table, np.flatnonzero(~settled)


def _ordered(points: Array, rows: Array, index: Array) -> Array:
    """Sort each row's neighbours: the point itself, then squared distance, then index.

    Distances are recomputed here because the tree's may differ in the last bit between machines.
    """
    index = np.sort(index, axis=1)
    squared = np.zeros(index.shape)
    for axis in (0, 1):
        squared += (points[index, axis] - points[rows, axis][:, None]) ** 2
    squared[index == rows[:, None]] = -1
    return np.take_along_axis(index, np.argsort(squared, axis=1, kind="stable"), axis=1)
