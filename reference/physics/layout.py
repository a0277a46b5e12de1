"""Layouts of the physics: flat and channel images, offsets (spec ``data.md`` 4.3), the pixels of a disc."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def flat_offsets(offsets: Array) -> NDArray[np.float64]:
    """``(B, 1, 2, C)`` [x, y] to ``(B*C, 2)`` [row, column] in float64, group-major."""
    rows = np.asarray(offsets, np.float64)[:, 0, ::-1, :]
    return np.ascontiguousarray(rows.transpose(0, 2, 1)).reshape(-1, 2)


def flat_patches(patches: Array) -> Array:
    """``(B, N, N, C)`` to ``(B*C, N, N)``, group-major (spec ``data.md`` 4.3)."""
    batch, rows, columns, channels = patches.shape
    return patches.transpose(0, 3, 1, 2).reshape(batch * channels, rows, columns)


def channel_patches(flat: Array, channels: int) -> Array:
    """``(B*C, N, N)`` back to ``(B, N, N, C)``."""
    side = flat.shape[-1]
    return np.ascontiguousarray(flat.reshape(-1, channels, side, side).transpose(0, 2, 3, 1))


def disc(side: int, radius: float) -> NDArray[np.bool_]:
    """Pixels strictly closer than ``radius`` to the half-pixel centre of a ``side`` x ``side`` grid."""
    axis = np.arange(side) - side // 2 + 0.5
    return np.asarray(axis[:, None] ** 2 + axis[None, :] ** 2 < radius**2)
