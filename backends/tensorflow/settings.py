"""Settings of the TensorFlow process without which numbers would not be what the operations say."""

from __future__ import annotations

import tensorflow as tf


def settle() -> None:
    """Make TensorFlow's arithmetic full precision; as often as one likes.

    TF32 keeps 10 bits of mantissa; it is off, in matrix products and in convolutions.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
