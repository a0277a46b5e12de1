"""Scan positions in object pixels: ``(n, 2)`` float64 [x, y] (spec ``data.md`` 7.2 to 7.4)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.simulation.methods import check_whole

Positions = NDArray[np.float64]

JITTER = 0.3
"""Largest displacement of a point of the jittered grid, in steps."""

_DECIMALS = 2
_LARGEST_LEGACY_SEED = 2**32 - 1


def usable_buffer(shape: tuple[int, int], buffer: float) -> float:
    """The buffer asked for, or the widest that leaves positions: a pixel less than half the shorter side.

    Raises:
        ValueError: a buffer that is negative or not finite, or an object too small for any.
    """
    if not (math.isfinite(buffer) and buffer >= 0):
        raise ValueError(f"buffer must be finite and >= 0, got {buffer}")
    widest = min(shape) / 2 - 1
    if widest < 0:
        raise ValueError(f"objectGuess of shape {shape} is too small to place positions on")
    return min(float(buffer), widest)


def uniform_positions(shape: tuple[int, int], count: int, buffer: float, seed: int) -> Positions:
    """Positions anywhere on an object but for a border, from NumPy's legacy stream: all x, then all y.

    Args:
        shape: (H, W) of the object.
        count: n.
        buffer: width of the border, narrowed as `usable_buffer` does.
        seed: of a private MT19937 generator.

    Raises:
        ValueError: see `usable_buffer`; ``count`` below 1; a seed outside 0 .. 2^32 - 1.
        TypeError: ``count`` or ``seed`` no whole number.
    """
    check_whole("the number of positions", count)
    check_whole("seed", seed, lowest=0)
    if seed > _LARGEST_LEGACY_SEED:
        raise ValueError(f"seed must be at most {_LARGEST_LEGACY_SEED}, got {seed}")
    buffer = usable_buffer(shape, buffer)
    height, width = shape
    generator = np.random.RandomState(seed)
    x = generator.uniform(buffer, width - buffer, count)
    y = generator.uniform(buffer, height - buffer, count)
    return np.column_stack((x, y))


def jittered_grid(shape: tuple[int, int], side: int, count: int, generator: np.random.Generator) -> Positions:
    """The first ``count`` points of a square grid, row by row, each displaced at random.

    The grid has ceil(sqrt(count)) points along each axis and reaches to N//2 of every border; displacements
    are uniform within 0.3 of the smaller step, positions are rounded to 0.01 and stay within the grid.

    Args:
        shape: (H, W) of the object.
        side: N of the patches.
        count: n.
        generator: of the displacements.

    Raises:
        ValueError: a patch larger than the object; ``count`` below 1.
        TypeError: ``count`` no whole number.
    """
    check_whole("nimages", count)
    check_fits(shape, side)
    margin, points = side // 2, math.isqrt(count - 1) + 1
    y, x = (np.linspace(margin, length - margin, points) for length in shape)
    step = min(x[1] - x[0], y[1] - y[0]) if points > 1 else 0.0
    row, column = np.divmod(np.arange(count), points)
    grid = np.column_stack((x[column], y[row]))
    moved = np.round(grid + generator.uniform(-JITTER * step, JITTER * step, grid.shape), _DECIMALS)
    return np.clip(moved, margin, np.array(shape[::-1]) - margin)


def displaced(positions: Positions, jitter_scale: float, generator: np.random.Generator) -> Positions:
    """True positions of nominal ones: each coordinate plus ``jitter_scale`` times a normal draw.

    Raises:
        ValueError: a scale that is negative or not finite.
    """
    if not (math.isfinite(jitter_scale) and jitter_scale >= 0):
        raise ValueError(f"jitter_scale must be finite and >= 0, got {jitter_scale}")
    return positions + jitter_scale * generator.normal(size=positions.shape)


def check_fits(shape: tuple[int, int], side: int) -> None:
    """ValueError for a patch larger than the object."""
    if min(shape) < side:
        raise ValueError(f"patch of {side} x {side} pixels is larger than objectGuess of shape {shape}")
