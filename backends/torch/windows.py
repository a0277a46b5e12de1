"""Sub-pixel windows read from images and, as the adjoint, accumulated into canvases.

Twin of `ptychoparity.reference.physics.windows`, which says what is computed.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def read_windows(images: Tensor, corners: Tensor, shape: tuple[int, int], source: Tensor) -> Tensor:
    """Windows ``(K, rows, columns)`` of images ``(S, H, W)`` at float64 corners ``(K, 2)`` [row, column]."""
    height, width = images.shape[1:]
    rows, columns, inside, fraction = _footprint(corners, shape, (height, width))
    rows = rows.clamp(0, height - 1)
    columns = columns.clamp(0, width - 1)
    index = (source[:, None, None] * height + rows[:, :, None]) * width + columns[:, None, :]
    values = images.reshape(-1)[index]
    values = torch.where(inside, values, torch.zeros_like(values))
    down, right = _weights(fraction, images)
    values = (1 - down) * values[:, :-1, :] + down * values[:, 1:, :]
    return (1 - right) * values[:, :, :-1] + right * values[:, :, 1:]


def accumulate_windows(
    windows: Tensor, corners: Tensor, shape: tuple[int, int, int], target: Tensor
) -> Tensor:
    """Canvases of ``shape`` onto which windows ``(K, rows, columns)`` are added at corners ``(K, 2)``."""
    rows, columns, inside, fraction = _footprint(corners, windows.shape[1:], shape[1:])
    index = (target[:, None, None] * shape[1] + rows[:, :, None]) * shape[2] + columns[:, None, :]
    pixels = math.prod(shape)
    # One pixel more than the canvas takes whatever falls outside.
    index = torch.where(inside, index, pixels)
    canvas = windows.new_zeros(pixels + 1)
    canvas = canvas.index_add(0, index.reshape(-1), _spread(windows, fraction).reshape(-1))
    return canvas[:pixels].reshape(shape)


def _footprint(
    corners: Tensor, shape: tuple[int, ...], bounds: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Row and column indices that each window touches, which of them lie in bounds, and its fraction."""
    limit = max(*bounds, *shape) * 2.0 + 2.0
    clipped = corners.clamp(-limit, limit)
    whole = clipped.floor()
    corner = whole.to(torch.int64)
    rows = corner[:, :1] + torch.arange(shape[0] + 1, device=corners.device)
    columns = corner[:, 1:] + torch.arange(shape[1] + 1, device=corners.device)
    inside = ((rows >= 0) & (rows < bounds[0]))[:, :, None]
    inside = inside & ((columns >= 0) & (columns < bounds[1]))[:, None, :]
    return rows, columns, inside, clipped - whole


def _spread(windows: Tensor, fraction: Tensor) -> Tensor:
    """Distribute every pixel over its four neighbours: one row and one column more than came in."""
    down, right = _weights(fraction, windows)
    tall = torch.nn.functional.pad((1 - down) * windows, (0, 0, 0, 1))
    tall = tall + torch.nn.functional.pad(down * windows, (0, 0, 1, 0))
    wide = torch.nn.functional.pad((1 - right) * tall, (0, 1, 0, 0))
    return wide + torch.nn.functional.pad(right * tall, (1, 0, 0, 0))


def _weights(fraction: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """The row and column fractions as ``(K, 1, 1)`` weights in the real precision of ``like``."""
    weights = fraction.to(like.real.dtype)[:, :, None, None]
    return weights[:, 0], weights[:, 1]
