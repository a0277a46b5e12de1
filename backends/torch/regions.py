"""Region assembly, extraction and the forward chain, channels-first.

Twin of `ptychoparity.reference.physics.regions`, which says what is computed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ptychoparity.backends.torch.diffraction import diffract, illuminate
from ptychoparity.backends.torch.windows import accumulate_windows, read_windows
from ptychoparity.reference.physics.regions import REGION_EPSILON


def assemble(patches: Tensor, offsets: Tensor, padded: int) -> tuple[Tensor, Tensor]:
    """Regions ``(B, P, P)`` and weights of patches ``(B, C, N, N)`` at offsets ``(B, C, 1, 2)`` [x, y]."""
    batch, channels, side = patches.shape[:3]
    corners = region_corners(offsets, padded, side)
    target = torch.arange(batch, device=patches.device).repeat_interleave(channels)
    masks = centre_mask(side).to(patches.real.dtype).to(patches.device).expand(batch * channels, side, side)
    shape = (batch, padded, padded)
    total = accumulate_windows(patches.reshape(-1, side, side) * masks, corners, shape, target)
    weight = accumulate_windows(masks, corners, shape, target)
    return total / (weight + REGION_EPSILON), weight


def extract(regions: Tensor, offsets: Tensor, side: int) -> Tensor:
    """Patches ``(B, C, N, N)`` of regions ``(B, P, P)`` at offsets ``(B, C, 1, 2)`` [x, y]."""
    batch, channels = offsets.shape[:2]
    corners = region_corners(offsets, regions.shape[-1], side)
    source = torch.arange(batch, device=regions.device).repeat_interleave(channels)
    patches = read_windows(regions, corners, (side, side), source)
    return patches.reshape(batch, channels, side, side)


def forward(patches: Tensor, offsets: Tensor, probe: Tensor, padded: int, scale: float) -> Tensor:
    """Assemble, extract, illuminate, diffract, scale: ``(B, C, N, N)``."""
    regions, _ = assemble(patches, offsets, padded)
    views = extract(regions, offsets, patches.shape[-1])
    return diffract(illuminate(views, probe)) * scale


def region_corners(offsets: Tensor, padded: int, side: int) -> Tensor:
    """Where each patch's first pixel lies in its region: ``(B*C, 2)`` [row, column], float64."""
    return (padded - side) // 2 - offsets.to(torch.float64).reshape(-1, 2).flip(1)


def centre_mask(side: int) -> Tensor:
    """Ones on the central N/2 square: ``(N, N)`` bool."""
    axis = torch.arange(side)
    inner = (axis >= side // 4) & (axis < side // 4 + side // 2)
    return inner[:, None] & inner[None, :]
