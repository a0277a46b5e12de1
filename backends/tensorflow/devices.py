"""Where TensorFlow computes (spec ``config.md`` 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def cuda_available() -> bool:
    """Whether TensorFlow sees a GPU that it may use."""
    return bool(tf.config.get_visible_devices("GPU"))


def predict(model: Any, inputs: Sequence[Any], device: str) -> Any:
    """What a model makes of its inputs on one device, in inference mode.

    Every tensor among the inputs is brought to the device (DEVICE-MISMATCH-001), anything else is passed on
    as it is; TensorFlow fetches variables from wherever they are.  The answer stays on the device.

    Args:
        model: a Keras model; several inputs reach it as one list, as Keras has it.
        inputs: tensors, on any device.
        device: as PyTorch names it, for example ``cpu``, ``cuda`` or ``cuda:1``.

    Raises:
        RuntimeError: there is no such device; TensorFlow itself would compute elsewhere without a word.
    """
    kind, _, index = device.partition(":")
    name = f"{kind.upper().replace('CUDA', 'GPU')}:{index or 0}"
    present = [logical.name.removeprefix("/device:") for logical in tf.config.list_logical_devices()]
    if name not in present:
        raise RuntimeError(f"TensorFlow has no device {device!r}; it has {', '.join(present)}")
    with tf.device(name):
        placed = [tf.identity(item) if tf.is_tensor(item) else item for item in inputs]
        return model(placed if len(placed) > 1 else placed[0], training=False)
