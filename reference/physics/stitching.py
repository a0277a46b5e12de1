"""Shift-and-sum stitching of patches at scan positions (spec ``physics_model.md`` 3.1)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics.checks import ROUNDING, check_stitch
from ptychoparity.reference.physics.windows import accumulate_windows

Array = NDArray[Any]

STITCH_EPSILON = 1e-9


def canvas_margin(reach: float) -> int:
    """D: the largest centred offset rounded up to an even number of pixels.

    `ROUNDING` keeps an offset that is a whole number in exact arithmetic from growing the canvas.
    """
    margin = max(0, math.ceil(reach - ROUNDING))
    return margin + margin % 2


def stitch(patches: Array, positions: Array, crop: int) -> tuple[Array, Array]:
    """Average the central crops of patches on one canvas, each at its scan position.

    Args:
        patches: ``(K, N, N)`` complex.
        positions: ``(K, 2)`` [x, y] in object pixels; only differences from their mean matter.
        crop: M, the even side of the central square of each patch that is used.

    Returns:
        The object ``(S, S)``, ``S = M + 2 D``, zero where no patch reaches, and the weight ``(S, S)``, real.

    Raises:
        ValueError: see `check_stitch`.
    """
    check_stitch(patches, positions, crop)
    offsets = np.asarray(positions, np.float64)
    offsets = (offsets - offsets.mean(axis=0))[:, ::-1]
    margin = canvas_margin(float(np.abs(offsets).max()))
    start = patches.shape[1] // 2 - crop // 2
    inner = patches[:, start : start + crop, start : start + crop]
    shape = (1, crop + 2 * margin, crop + 2 * margin)
    target = np.zeros(len(patches), np.int64)
    total = accumulate_windows(inner, offsets + margin, shape, target)[0]
    weight = accumulate_windows(np.ones_like(inner.real), offsets + margin, shape, target)[0]
    return total / (weight + weight.dtype.type(STITCH_EPSILON)), weight
