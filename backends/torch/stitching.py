"""Shift-and-sum stitching.

Twin of `ptychoparity.reference.physics.stitching`, which says what is computed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ptychoparity.backends.torch.windows import accumulate_windows
from ptychoparity.reference.physics.stitching import STITCH_EPSILON, canvas_margin


def stitch(patches: Tensor, positions: Tensor, crop: int) -> tuple[Tensor, Tensor]:
    """Object ``(S, S)`` and weight of the central squares of ``(K, N, N)`` at positions ``(K, 2)`` [x, y]."""
    offsets = positions.to(torch.float64).flip(1)
    offsets = offsets - offsets.mean(dim=0)
    margin = canvas_margin(float(offsets.abs().max()))
    start = patches.shape[-1] // 2 - crop // 2
    inner = patches[:, start : start + crop, start : start + crop]
    shape = (1, crop + 2 * margin, crop + 2 * margin)
    target = torch.zeros(len(patches), dtype=torch.int64, device=patches.device)
    total = accumulate_windows(inner, offsets + margin, shape, target)[0]
    weight = accumulate_windows(torch.ones_like(inner.real), offsets + margin, shape, target)[0]
    return total / (weight + STITCH_EPSILON), weight
