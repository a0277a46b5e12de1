"""Region assembly, extraction and the forward chain, channels-last.

Twin of `ptychoparity.reference.physics.regions`, which says what is computed.
"""

from __future__ import annotations

import tensorflow as tf

from ptychoparity.backends.tensorflow.diffraction import diffract, illuminate
from ptychoparity.backends.tensorflow.windows import accumulate_windows, read_windows
from ptychoparity.reference.physics.regions import REGION_EPSILON


def assemble(patches: tf.Tensor, offsets: tf.Tensor, padded: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Regions ``(B, P, P)`` and weights of patches ``(B, N, N, C)`` at offsets ``(B, 1, 2, C)`` [x, y]."""
    batch, side, _, channels = patches.shape
    corners = region_corners(offsets, padded, side)
    target = tf.repeat(tf.range(batch, dtype=tf.int64), channels)
    masks = tf.cast(centre_mask(side), patches.dtype.real_dtype)
    masks = tf.broadcast_to(masks, [batch * channels, side, side])
    shape = (batch, padded, padded)
    flat = tf.reshape(tf.transpose(patches, [0, 3, 1, 2]), [-1, side, side])
    total = accumulate_windows(flat * tf.cast(masks, flat.dtype), corners, shape, target)
    weight = accumulate_windows(masks, corners, shape, target)
    return total / tf.cast(weight + REGION_EPSILON, total.dtype), weight


def extract(regions: tf.Tensor, offsets: tf.Tensor, side: int) -> tf.Tensor:
    """Patches ``(B, N, N, C)`` of regions ``(B, P, P)`` at offsets ``(B, 1, 2, C)`` [x, y]."""
    batch, channels = offsets.shape[0], offsets.shape[-1]
    corners = region_corners(offsets, regions.shape[-1], side)
    source = tf.repeat(tf.range(batch, dtype=tf.int64), channels)
    patches = read_windows(regions, corners, (side, side), source)
    return tf.transpose(tf.reshape(patches, [batch, channels, side, side]), [0, 2, 3, 1])


def forward(patches: tf.Tensor, offsets: tf.Tensor, probe: tf.Tensor, padded: int, scale: float) -> tf.Tensor:
    """Assemble, extract, illuminate, diffract, scale: ``(B, N, N, C)``."""
    regions, _ = assemble(patches, offsets, padded)
    views = extract(regions, offsets, patches.shape[1])
    return diffract(illuminate(views, probe)) * scale


def region_corners(offsets: tf.Tensor, padded: int, side: int) -> tf.Tensor:
    """Where each patch's first pixel lies in its region: ``(B*C, 2)`` [row, column], float64."""
    flat = tf.reshape(tf.transpose(tf.cast(offsets, tf.float64), [0, 3, 1, 2]), [-1, 2])
    return (padded - side) // 2 - flat[:, ::-1]


def centre_mask(side: int) -> tf.Tensor:
    """Ones on the central N/2 square: ``(N, N)`` bool."""
    axis = tf.range(side)
    inner = (axis >= side // 4) & (axis < side // 4 + side // 2)
    return inner[:, None] & inner[None, :]
