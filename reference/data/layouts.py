"""Exact conversions between the layouts of grouped images and offsets (spec ``data.md`` 4.3).

*channel* is ``(B, N, N, C)``, *grid* ``(B, g, g, N, N, 1)``, *flat* ``(B*C, N, N, 1)`` with ``C = g*g``;
channel c is row ``c // g``, column ``c % g`` of the grid, and flat image ``b*C + c``. Every function only
reorders axes, and raises ValueError for an array of another layout or a number of images or rows that does
not fill groups of the gridsize.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics.layout import flat_patches

Array = NDArray[Any]


def channel_to_flat(images: Array) -> Array:
    """``(B, N, N, C)`` to ``(B*C, N, N, 1)``."""
    _axes(images, 4, "(B, N, N, C)")
    return flat_patches(images)[..., None]


def flat_to_channel(images: Array, gridsize: int) -> Array:
    """``(B*C, N, N, 1)`` to ``(B, N, N, C)``."""
    return grid_to_channel(flat_to_grid(images, gridsize))


def flat_to_grid(images: Array, gridsize: int) -> Array:
    """``(B*C, N, N, 1)`` to ``(B, g, g, N, N, 1)``."""
    count, height, width, _ = _axes(images, 4, "(B*C, N, N, 1)", last=1)
    _check_groups("images", count, gridsize)
    return images.reshape(-1, gridsize, gridsize, height, width, 1)


def grid_to_flat(images: Array) -> Array:
    """``(B, g, g, N, N, 1)`` to ``(B*C, N, N, 1)``."""
    groups, rows, columns, height, width, _ = _axes(images, 6, "(B, g, g, N, N, 1)", last=1)
    return images.reshape(groups * rows * columns, height, width, 1)


def grid_to_channel(images: Array) -> Array:
    """``(B, g, g, N, N, 1)`` to ``(B, N, N, C)``."""
    groups, rows, columns, height, width, _ = _axes(images, 6, "(B, g, g, N, N, 1)", last=1)
    return images.transpose(0, 3, 4, 1, 2, 5).reshape(groups, height, width, rows * columns)


def channel_to_grid(images: Array, gridsize: int) -> Array:
    """``(B, N, N, C)`` to ``(B, g, g, N, N, 1)``."""
    return flat_to_grid(channel_to_flat(images), gridsize)


def offsets_to_flat(offsets: Array) -> Array:
    """``(B, 1, 2, C)`` to ``(B*C, 2)``, row ``b*C + c`` holding [x, y]."""
    groups, _, _, channels = _axes(offsets, 4, "(B, 1, 2, C)")
    return offsets.transpose(0, 3, 1, 2).reshape(groups * channels, 2)


def flat_to_offsets(offsets: Array, gridsize: int) -> Array:
    """``(B*C, 2)`` to ``(B, 1, 2, C)``."""
    count, _ = _axes(offsets, 2, "(B*C, 2)", last=2)
    _check_groups("rows", count, gridsize)
    return offsets.reshape(-1, gridsize**2, 1, 2).transpose(0, 2, 3, 1)


def channels_last_to_first(array: Array) -> Array:
    """Images ``(B, N, N, C)`` to ``(B, C, N, N)``; offsets ``(B, 1, 2, C)`` to ``(B, C, 1, 2)``."""
    _axes(array, 4, "(B, ., ., C)")
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2))


def channels_first_to_last(array: Array) -> Array:
    """Images ``(B, C, N, N)`` to ``(B, N, N, C)``; offsets ``(B, C, 1, 2)`` to ``(B, 1, 2, C)``."""
    _axes(array, 4, "(B, C, ., .)")
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1))


def _axes(array: Array, rank: int, layout: str, last: int | None = None) -> tuple[int, ...]:
    if array.ndim != rank or (last is not None and array.shape[-1] != last):
        raise ValueError(f"expected layout {layout}, got shape {array.shape}")
    return array.shape


def _check_groups(what: str, count: int, gridsize: int) -> None:
    if gridsize < 1:
        raise ValueError(f"gridsize must be a positive integer, got {gridsize}")
    if count % gridsize**2:
        raise ValueError(f"{count} {what} do not fill groups of gridsize {gridsize} ({gridsize**2} {what})")
