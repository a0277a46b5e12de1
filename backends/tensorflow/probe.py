"""Probe masks, normalisation and intensity scale.

Twin of `ptychoparity.reference.physics.probe`, which says what is computed.
"""

from __future__ import annotations

import math

import tensorflow as tf


def hard_mask(side: int) -> tf.Tensor:
    """The disc of radius N//4 over which a probe is normalised: ``(N, N)`` bool."""
    return disc(side, side // 4)


def soft_mask(side: int, sigma: float, diameter: float | None) -> tf.Tensor:
    """A disc with a Gaussian edge, its largest value 1: ``(N, N)`` float32."""
    mask = tf.cast(disc(side, side / 4 if diameter is None else diameter / 2), tf.float32)
    if sigma > 0:
        reach = math.ceil(3 * sigma)
        kernel = tf.exp(-0.5 * (tf.range(-reach, reach + 1, dtype=tf.float32) / sigma) ** 2)
        kernel = (kernel / tf.reduce_sum(kernel))[:, None, None]
        for _ in range(2):
            rows = tf.nn.conv1d(mask[:, :, None], kernel, stride=1, padding="SAME")
            mask = tf.transpose(rows[:, :, 0])
    return tf.clip_by_value(mask / tf.reduce_max(mask), 0.0, 1.0)


def disc(side: int, radius: float) -> tf.Tensor:
    """Pixels strictly closer than ``radius`` to the half-pixel centre of a ``side`` x ``side`` grid."""
    axis = tf.range(side, dtype=tf.float64) - side // 2 + 0.5
    return axis[:, None] ** 2 + axis[None, :] ** 2 < radius**2


def normalize_probe(probe: tf.Tensor, probe_scale: float) -> tuple[tf.Tensor, tf.Tensor]:
    """A probe ``(P, N, N)`` divided by ``probe_scale`` times its mean masked modulus, and that norm."""
    modulus = tf.cast(tf.abs(probe), tf.float64)  # a sum over all pixels, in whatever order the device adds
    norm = probe_scale * tf.reduce_mean(modulus * tf.cast(hard_mask(probe.shape[-1]), modulus.dtype))
    return probe / tf.cast(norm, probe.dtype), norm


def intensity_scale(amplitude: tf.Tensor, nphotons: float) -> tf.Tensor:
    """sqrt(nphotons / mean energy of a pattern) for amplitudes ``(B, N, N, C)``."""
    energy = tf.reduce_mean(tf.reduce_sum(tf.square(tf.cast(amplitude, tf.float64)), axis=(1, 2)))
    return tf.sqrt(nphotons / energy)
