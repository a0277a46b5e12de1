"""Members of groups by brute force, from the rules alone (spec ``data.md`` 3.4, 3.5).

Every distance is taken, every draw is one call of NumPy's legacy generator, every combination is listed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def members(raw: Mapping[str, Any], request: Mapping[str, Any]) -> list[list[int]]:
    """The rows of ``nn_indices`` for raw data and a request that can be met."""
    points = [(float(x), float(y)) for x, y in zip(raw["xcoords"], raw["ycoords"], strict=True)]
    total, size = len(points), (request.get("gridsize") or 1) ** 2
    wanted, k = request.get("nsamples", 1), request.get("K", 4)
    wanted = total if wanted is None else wanted
    sequential, seed = request.get("sequential_sampling", False), request.get("seed")
    if wanted > total and size > 1:
        reach = request.get("neighbor_pool_size") or k
        generator = np.random.RandomState(0 if sequential and seed is None else seed)
        seeds = _seeds(generator, total, 2 * max(1, math.ceil(wanted / math.comb(reach, size))), sequential)
        subsets = (
            group
            for point in seeds
            for group in itertools.combinations(_nearest(points, point)[1 : reach + 1], size)
        )
        pool = list(itertools.islice(subsets, 2 * wanted))
        drawn = generator.choice(len(pool), wanted, replace=wanted > len(pool))
        return [list(pool[index]) for index in drawn]
    generator = np.random.RandomState(0 if sequential else seed)
    seeds = _seeds(generator, total, wanted, sequential)
    if size == 1:
        return [[point] for point in seeds]
    return [
        [int(index) for index in generator.choice(_candidates(points, point, k), size, replace=False)]
        for point in seeds
    ]


def _seeds(generator: np.random.RandomState, total: int, wanted: int, sequential: bool) -> list[int]:
    if sequential or wanted >= total:
        return list(range(min(wanted, total)))
    return [int(point) for point in generator.choice(np.arange(total), wanted, replace=False)]


def _candidates(points: list[tuple[float, float]], point: int, k: int) -> list[int]:
    """The K nearest others; with no more than K points, all of them and the point itself first."""
    near = _nearest(points, point)
    return near[1 : k + 1] if len(points) > k else near


def _nearest(points: list[tuple[float, float]], point: int) -> list[int]:
    """The point, then the others by squared distance, then by index."""
    x, y = points[point]
    apart = [(a - x) ** 2 + (b - y) ** 2 for a, b in points]
    return sorted(range(len(points)), key=lambda index: (index != point, apart[index], index))
