"""The TensorFlow backend. Importing this package loads no framework; making the backend does."""

from __future__ import annotations

from ptychoparity.backends.contract import Backend


def backend() -> Backend:
    """Make the TensorFlow backend.

    Raises:
        ImportError: TensorFlow is not installed.
    """
    from ptychoparity.backends.tensorflow.adapter import TensorFlowBackend

    return TensorFlowBackend()
