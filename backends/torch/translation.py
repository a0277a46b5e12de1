"""Translation, and patches of a whole object.

Twin of `ptychoparity.reference.physics.translation`, which says what is computed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ptychoparity.backends.torch.windows import read_windows


def translate(images: Tensor, offsets: Tensor) -> Tensor:
    """Move the content of ``(K, H, W)`` by float64 offsets ``(K, 2)`` [x, y]."""
    height, width = images.shape[1:]
    source = torch.arange(len(images), device=images.device)
    return read_windows(images, -offsets.flip(1), (height, width), source)


def object_patches(whole: Tensor, positions: Tensor, side: int) -> Tensor:
    """Patches ``(K, N, N)`` of an object ``(H, W)`` centred on float64 positions ``(K, 2)`` [x, y]."""
    source = torch.zeros(len(positions), dtype=torch.int64, device=whole.device)
    return read_windows(whole[None], positions.flip(1) - side // 2, (side, side), source)
