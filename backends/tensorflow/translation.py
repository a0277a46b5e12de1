"""Translation, and patches of a whole object.

Twin of `ptychoparity.reference.physics.translation`, which says what is computed.
"""

from __future__ import annotations

import tensorflow as tf

from ptychoparity.backends.tensorflow.windows import read_windows


def translate(images: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
    """Move the content of ``(K, H, W)`` by float64 offsets ``(K, 2)`` [x, y]."""
    height, width = images.shape[1:]
    source = tf.range(len(images), dtype=tf.int64)
    return read_windows(images, -offsets[:, ::-1], (height, width), source)


def object_patches(whole: tf.Tensor, positions: tf.Tensor, side: int) -> tf.Tensor:
    """Patches ``(K, N, N)`` of an object ``(H, W)`` centred on float64 positions ``(K, 2)`` [x, y]."""
    source = tf.zeros(len(positions), dtype=tf.int64)
    return read_windows(whole[None], positions[:, ::-1] - side // 2, (side, side), source)
