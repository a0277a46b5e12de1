"""Sub-pixel windows read from images and, as the adjoint, accumulated into canvases.

Twin of `ptychoparity.reference.physics.windows`, which says what is computed.
"""

from __future__ import annotations

import math

import tensorflow as tf


def read_windows(
    images: tf.Tensor, corners: tf.Tensor, shape: tuple[int, int], source: tf.Tensor
) -> tf.Tensor:
    """Windows ``(K, rows, columns)`` of images ``(S, H, W)`` at float64 corners ``(K, 2)`` [row, column]."""
    height, width = images.shape[1:]
    rows, columns, inside, fraction = _footprint(corners, shape, (height, width))
    rows = tf.clip_by_value(rows, 0, height - 1)
    columns = tf.clip_by_value(columns, 0, width - 1)
    index = (source[:, None, None] * height + rows[:, :, None]) * width + columns[:, None, :]
    values = tf.gather(tf.reshape(images, [-1]), index)
    values = tf.where(inside, values, tf.zeros_like(values))
    down, right = _weights(fraction, images)
    values = (1 - down) * values[:, :-1, :] + down * values[:, 1:, :]
    return (1 - right) * values[:, :, :-1] + right * values[:, :, 1:]


def accumulate_windows(
    windows: tf.Tensor, corners: tf.Tensor, shape: tuple[int, int, int], target: tf.Tensor
) -> tf.Tensor:
    """Canvases of ``shape`` onto which windows ``(K, rows, columns)`` are added at corners ``(K, 2)``."""
    rows, columns, inside, fraction = _footprint(corners, windows.shape[1:], shape[1:])
    index = (target[:, None, None] * shape[1] + rows[:, :, None]) * shape[2] + columns[:, None, :]
    pixels = math.prod(shape)
    # One pixel more than the canvas takes whatever falls outside.
    index = tf.where(inside, index, tf.constant(pixels, index.dtype))
    spread = tf.reshape(_spread(windows, fraction), [-1])
    canvas = tf.math.unsorted_segment_sum(spread, tf.reshape(index, [-1]), pixels + 1)
    return tf.reshape(canvas[:pixels], shape)


def _footprint(
    corners: tf.Tensor, shape: tuple[int, ...], bounds: tuple[int, int]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Row and column indices that each window touches, which of them lie in bounds, and its fraction."""
    limit = max(*bounds, *shape) * 2.0 + 2.0
    clipped = tf.clip_by_value(corners, -limit, limit)
    whole = tf.floor(clipped)
    corner = tf.cast(whole, tf.int64)
    rows = corner[:, :1] + tf.range(shape[0] + 1, dtype=tf.int64)
    columns = corner[:, 1:] + tf.range(shape[1] + 1, dtype=tf.int64)
    inside = ((rows >= 0) & (rows < bounds[0]))[:, :, None]
    inside = inside & ((columns >= 0) & (columns < bounds[1]))[:, None, :]
    return rows, columns, inside, clipped - whole


def _spread(windows: tf.Tensor, fraction: tf.Tensor) -> tf.Tensor:
    """Distribute every pixel over its four neighbours: one row and one column more than came in."""
    down, right = _weights(fraction, windows)
    tall = tf.pad((1 - down) * windows, [[0, 0], [0, 1], [0, 0]])
    tall = tall + tf.pad(down * windows, [[0, 0], [1, 0], [0, 0]])
    wide = tf.pad((1 - right) * tall, [[0, 0], [0, 0], [0, 1]])
    return wide + tf.pad(right * tall, [[0, 0], [0, 0], [1, 0]])


def _weights(fraction: tf.Tensor, like: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The row and column fractions as ``(K, 1, 1)`` weights in the real precision of ``like``."""
    weights = tf.cast(tf.cast(fraction, like.dtype.real_dtype), like.dtype)[:, :, None, None]
    return weights[:, 0], weights[:, 1]
