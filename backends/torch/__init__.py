"""The PyTorch backend. Importing this package loads no framework; making the backend does."""

from __future__ import annotations

from ptychoparity.backends.contract import Backend


def backend() -> Backend:
    """Make the PyTorch backend.

    Raises:
        ImportError: PyTorch is not installed.
    """
    from ptychoparity.backends.torch.adapter import TorchBackend

    return TorchBackend()
