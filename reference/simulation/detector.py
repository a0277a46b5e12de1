"""What stands before the detector (spec ``data.md`` 7.4)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def behind_beamstop(shape: tuple[int, int], diameter_px: float) -> NDArray[np.bool_]:
    """Pixels at most half a diameter from the middle of a detector ``(H, W)``; none for a diameter <= 0.

    Raises:
        ValueError: a diameter that is not finite.
    """
    if not math.isfinite(diameter_px):
        raise ValueError(f"beamstop_diameter must be finite, got {diameter_px}")
    if diameter_px <= 0:
        return np.zeros(shape, np.bool_)
    row, column = (np.arange(length) - (length - 1) / 2 for length in shape)
    return np.asarray(row[:, None] ** 2 + column**2 <= (diameter_px / 2) ** 2)


def apply_detector_beamstop(stack: Array, diameter_px: float) -> Array:
    """A copy of patterns ``(n, H, W)`` that is zero behind a round beamstop.

    Args:
        stack: any dtype, which is kept.
        diameter_px: in pixels; 0 or less changes nothing.

    Raises:
        ValueError: no stack of patterns, or a diameter that is not finite.
    """
    if stack.ndim != 3:
        raise ValueError(f"patterns must have shape (n, H, W), got {stack.shape}")
    height, width = stack.shape[1:]
    return np.where(behind_beamstop((height, width), diameter_px), stack.dtype.type(0), stack)
