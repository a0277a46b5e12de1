"""Sub-pixel translation, and patches of a whole object at scan positions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics.checks import check_object_patches, check_translation
from ptychoparity.reference.physics.windows import read_windows

Array = NDArray[Any]


def translate(images: Array, offsets: Array) -> Array:
    """Move image content by (x, y): positive towards larger columns and rows.

    Each of the four neighbours that lies outside contributes zero (spec ``physics_model.md`` 2.1).

    Args:
        images: ``(K, H, W)`` real or complex.
        offsets: ``(K, 2)`` [x, y] in pixels.

    Returns:
        The same shape and dtype.

    Raises:
        ValueError: see `check_translation`.
    """
    check_translation(images, offsets)
    height, width = images.shape[1:]
    source = np.arange(len(images))
    return read_windows(images, -np.asarray(offsets, np.float64)[:, ::-1], (height, width), source)


def object_patches(whole: Array, positions: Array, side: int) -> Array:
    """Cut the patch at each scan position out of an object (spec ``physics_model.md`` 2.5, ``data.md`` 3.9).

    Patch pixel [N/2, N/2] sits on object pixel [y, x]; outside the object there is zero.

    Args:
        whole: ``(H, W)`` object.
        positions: ``(K, 2)`` [x, y] in object pixels.
        side: N.

    Returns:
        ``(K, N, N)`` in the dtype of the object.

    Raises:
        ValueError: see `check_object_patches`.
    """
    check_object_patches(whole, positions, side)
    corners = np.asarray(positions, np.float64)[:, ::-1] - side // 2
    source = np.zeros(len(positions), np.int64)
    return read_windows(whole[None], corners, (side, side), source)
