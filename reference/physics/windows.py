"""Sub-pixel windows: the one bilinear primitive, and its adjoint.

Everything that moves pixels (translation, patch extraction, region assembly, stitching) is either
a *window* read from an image at a sub-pixel corner, or its adjoint, a window *accumulated* into a
canvas.  A corner is split in float64 into an integer and a fractional part, and one pair of weights
per axis serves every pixel of the window, so integer corners are exact to the bit (spec
``physics_model.md`` 2.1).  Arrays keep their precision, complex64 in, complex64 out; whole numbers become
floating.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def split_corners(corners: Array, limit: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Split sub-pixel corners into floor and fraction.

    Args:
        corners: ``(K, 2)`` [row, column] in pixels, any real dtype; computed in float64.
        limit: corners are clipped to ``[-limit, limit]``, beyond which a window holds only zeros.

    Returns:
        ``(K, 2)`` int64 floor and ``(K, 2)`` float64 fraction in [0, 1).

    Raises:
        ValueError: a corner is not finite, or the shape is not ``(K, 2)``.
    """
    corners = np.asarray(corners, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2:
        raise ValueError(f"corners must have shape (K, 2) [row, column], got {corners.shape}")
    if not np.isfinite(corners).all():
        raise ValueError("corners must be finite, got NaN or infinity in a scan position or offset")
    clipped = np.clip(corners, -limit, limit)
    whole = np.floor(clipped)
    return whole.astype(np.int64), clipped - whole


def read_windows(images: Array, corners: Array, shape: tuple[int, int], source: Array) -> Array:
    """Read windows at sub-pixel corners; each neighbour outside an image contributes zero.

    ``out[k, i, j] = image(corner_row + i, corner_column + j)``, bilinear between pixels.

    Args:
        images: ``(S, H, W)`` real or complex.
        corners: ``(K, 2)`` [row, column] of each window's first pixel.
        shape: (rows, columns) of a window.
        source: ``(K,)`` image index of each window.

    Returns:
        ``(K, rows, columns)`` in the dtype of ``images``.
    """
    images = _floating(images)
    height, width = images.shape[1:]
    rows, columns, inside, fraction = _footprint(corners, shape, (height, width))
    values = images[
        source[:, None, None],
        np.clip(rows, 0, height - 1)[:, :, None],
        np.clip(columns, 0, width - 1)[:, None, :],
    ]
    values = np.where(inside, values, np.zeros((), values.dtype))
    down, right = _weights(fraction, images.dtype)
    values = (1 - down) * values[:, :-1, :] + down * values[:, 1:, :]
    return np.asarray((1 - right) * values[:, :, :-1] + right * values[:, :, 1:])


def accumulate_windows(windows: Array, corners: Array, shape: tuple[int, int, int], target: Array) -> Array:
    """Add windows into empty canvases at sub-pixel corners: the adjoint of `read_windows`.

    Pixels that fall outside a canvas are dropped one by one, as the zeros that `read_windows` reads.

    Args:
        windows: ``(K, rows, columns)`` real or complex.
        corners: ``(K, 2)`` [row, column] at which each window's first pixel lands.
        shape: (canvases, rows, columns) of the result.
        target: ``(K,)`` canvas index of each window.

    Returns:
        Canvases of ``shape`` in the dtype of ``windows``.
    """
    windows = _floating(windows)
    rows, columns, inside, fraction = _footprint(corners, windows.shape[1:], shape[1:])
    index = (target[:, None, None] * shape[1] + rows[:, :, None]) * shape[2] + columns[:, None, :]
    canvas = np.zeros(math.prod(shape), windows.dtype)
    np.add.at(canvas, index[inside], _spread(windows, fraction)[inside])
    return canvas.reshape(shape)


def _floating(array: Array) -> Array:
    return array.astype(np.result_type(array, np.float32), copy=False)


def _footprint(
    corners: Array, shape: tuple[int, ...], bounds: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Row and column indices that each window touches, which of them lie in bounds, and its fraction."""
    whole, fraction = split_corners(corners, max(*bounds, *shape) * 2.0 + 2.0)
    rows = whole[:, :1] + np.arange(shape[0] + 1)
    columns = whole[:, 1:] + np.arange(shape[1] + 1)
    inside = ((rows >= 0) & (rows < bounds[0]))[:, :, None]
    inside = inside & ((columns >= 0) & (columns < bounds[1]))[:, None, :]
    return rows, columns, inside, fraction


def _spread(windows: Array, fraction: NDArray[np.float64]) -> Array:
    """Distribute every pixel over its four neighbours: one row and one column more than came in."""
    count, rows, columns = windows.shape
    down, right = _weights(fraction, windows.dtype)
    tall = np.zeros((count, rows + 1, columns), windows.dtype)
    tall[:, :-1, :] += (1 - down) * windows
    tall[:, 1:, :] += down * windows
    wide = np.zeros((count, rows + 1, columns + 1), windows.dtype)
    wide[:, :, :-1] += (1 - right) * tall
    wide[:, :, 1:] += right * tall
    return wide


def _weights(fraction: NDArray[np.float64], dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """The row and column fractions as ``(K, 1, 1)`` weights in the real precision of ``dtype``."""
    real = np.zeros((), dtype).real.dtype
    weights = fraction.astype(real)[:, :, None, None]
    return weights[:, 0], weights[:, 1]
