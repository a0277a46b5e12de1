"""Where PyTorch computes (spec ``config.md`` 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


def cuda_available() -> bool:
    """Whether PyTorch sees a CUDA device."""
    return torch.cuda.is_available()


def predict(model: Any, inputs: Sequence[Any], device: str) -> Any:
    """What a model makes of its inputs on one device, in evaluation mode and without gradients.

    The model is moved and stays there, in evaluation mode; every tensor among the inputs is brought to the
    same device (DEVICE-MISMATCH-001), anything else is passed on as it is.  The answer stays on the device.

    Args:
        model: a module, called with the inputs by position.
        inputs: tensors, on any device.
        device: as PyTorch names it, for example ``cpu``, ``cuda`` or ``cuda:1``.

    Raises:
        RuntimeError, AssertionError: PyTorch's own, where there is no such device.
    """
    model.to(device)
    model.eval()
    placed = [item.to(device) if isinstance(item, torch.Tensor) else item for item in inputs]
    with torch.no_grad():
        return model(*placed)
