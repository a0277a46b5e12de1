"""Projections of solid and hollow polyhedra in a slab 128 voxels deep (spec ``data.md`` 7.5).

The path of a ray through a convex body is the gap between its upper and its lower faces, so nothing is
ever voxelised: the sum over voxels is that path, measured in voxels. Bodies that meet add up.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.ndimage
import scipy.spatial
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from .scaling import Map, object_of, rescale

BORDER = 50
DEPTH = 128
STEP = 0.1
# Thickest film in empty areas, in parts of the mean projection of the occupied ones.
FILM = 0.25


def polyhedra(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.complex128]:
    """Distorted icosahedra, some of them hollow, with a smooth film between them.

    The amplitude exp(-sum beta dz) spans [0.6, 1.2] and the phase -sum delta dz spans [-pi, pi], over a
    canvas 50 pixels larger than the object, of which the centre is kept.
    """
    canvas = shape[0] + BORDER, shape[1] + BORDER
    absorption, shift = np.zeros(canvas), np.zeros(canvas)
    for _ in range(body_count(shape[0])):
        corners = random_icosahedron(canvas, rng)
        inner = rng.uniform(0.90, 0.97) if rng.random() < 0.3 else 0.0
        box, path = hollow_path(corners, inner, canvas)
        absorption[box] += rng.uniform(0.001, 0.003) * STEP * path
        shift[box] += rng.uniform(0.005, 0.03) * STEP * path
    absorption, shift = with_film(absorption, shift, rng)
    whole = object_of(rescale(np.exp(-absorption), 0.6, 1.2), rescale(-shift, -np.pi, np.pi))
    half = BORDER // 2
    return whole[half : half + shape[0], half : half + shape[1]]


def body_count(height: int) -> int:
    """20, one more for every five pixels of canvas beyond 200, fewer below; at least one."""
    return max(1, 20 + (height + BORDER - 200) // 5)


def random_icosahedron(canvas: tuple[int, int], rng: np.random.Generator) -> Map:
    """Corners ``(12, 3)`` as (row, column, depth): stretched along the axes, jittered, turned, placed."""
    size = rng.uniform(0.10, 0.15) * min(*canvas, DEPTH)
    corners = regular_icosahedron() * rng.uniform(0.5, 1.5, 3)
    corners = size * (corners + 0.1 * rng.uniform(-1, 1, corners.shape))
    turned = Rotation.from_quat(rng.normal(size=4)).apply(corners)
    return np.asarray(turned + rng.uniform(0, (*canvas, DEPTH)))


def regular_icosahedron() -> Map:
    """Twelve corners at distance one from the centre: cyclic permutations of (0, +-1, +-golden ratio)."""
    golden = (1 + math.sqrt(5)) / 2
    face = np.array([(0, i, j * golden) for i in (-1, 1) for j in (-1, 1)])
    return np.concatenate([np.roll(face, turn, axis=1) for turn in range(3)]) / math.hypot(1, golden)


def hollow_path(corners: Map, inner: float, canvas: tuple[int, int]) -> tuple[tuple[slice, slice], Map]:
    """The part of the canvas that a body may cover, and the path through it in voxels.

    Args:
        corners: ``(K, 3)``, of which the convex hull is the body.
        inner: size of the cavity in parts of the body, 0 for a solid one.
        canvas: (H, W).
    """
    low = np.clip(np.floor(corners.min(axis=0)[:2]).astype(int), 0, canvas)
    high = np.clip(np.ceil(corners.max(axis=0)[:2]).astype(int) + 1, low, canvas)
    rows, columns = (np.arange(*ends, dtype=float) for ends in zip(low, high, strict=True))
    path = ray_path(corners, rows[:, None], columns[None])
    if inner:
        centre = corners.mean(axis=0)
        path = path - ray_path(centre + inner * (corners - centre), rows[:, None], columns[None])
    return (slice(low[0], high[0]), slice(low[1], high[1])), path


def ray_path(corners: Map, rows: Map, columns: Map) -> Map:
    """Length inside a convex hull, and inside the slab, of the ray along the depth at each pixel."""
    normal_y, normal_x, normal_z, offset = scipy.spatial.ConvexHull(corners).equations.T[..., None, None]
    at_pixel = normal_y * rows + normal_x * columns + offset
    upper, lower = normal_z[:, 0, 0] > 1e-12, normal_z[:, 0, 0] < -1e-12
    exit_depth = (-at_pixel[upper] / normal_z[upper]).min(axis=0)
    entry_depth = (-at_pixel[lower] / normal_z[lower]).max(axis=0)
    path = np.maximum(np.minimum(exit_depth, DEPTH) - np.maximum(entry_depth, 0), 0)
    upright = ~(upper | lower)  # faces along the ray bound where it may pass, not how deep
    return np.asarray(np.where((at_pixel[upright] <= 0).all(axis=0), path, 0))


def with_film(absorption: Map, shift: Map, rng: np.random.Generator) -> tuple[Map, Map]:
    """Fill the pixels that no body covers with smooth noise of 15 pixels' width."""
    empty = shift == 0
    film = FILM * np.where(
        empty, rescale(scipy.ndimage.gaussian_filter(rng.random(shift.shape), 15), 0, 1), 0
    )
    return absorption + film * _mean_of(absorption[~empty]), shift + film * _mean_of(shift[~empty])


def _mean_of(values: Map) -> float:
    return float(values.mean()) if values.size else 1.0
