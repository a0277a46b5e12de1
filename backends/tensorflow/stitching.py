"""Shift-and-sum stitching.

Twin of `ptychoparity.reference.physics.stitching`, which says what is computed.
"""

from __future__ import annotations

import tensorflow as tf

from ptychoparity.backends.tensorflow.windows import accumulate_windows
from ptychoparity.reference.physics.stitching import STITCH_EPSILON, canvas_margin


def stitch(patches: tf.Tensor, positions: tf.Tensor, crop: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Object ``(S, S)`` and weight of the central squares of ``(K, N, N)`` at positions ``(K, 2)`` [x, y]."""
    offsets = tf.cast(positions, tf.float64)[:, ::-1]
    offsets = offsets - tf.reduce_mean(offsets, axis=0)
    margin = canvas_margin(float(tf.reduce_max(tf.abs(offsets))))
    start = patches.shape[-1] // 2 - crop // 2
    inner = patches[:, start : start + crop, start : start + crop]
    shape = (1, crop + 2 * margin, crop + 2 * margin)
    target = tf.zeros(len(patches), dtype=tf.int64)
    total = accumulate_windows(inner, offsets + margin, shape, target)[0]
    weight = accumulate_windows(tf.ones_like(tf.math.real(inner)), offsets + margin, shape, target)[0]
    return total / tf.cast(weight + STITCH_EPSILON, total.dtype), weight
