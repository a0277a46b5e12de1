"""From patches to diffraction amplitudes, channels-last.

Twin of `ptychoparity.reference.physics.diffraction`, which says what is computed.
"""

from __future__ import annotations

import tensorflow as tf

from ptychoparity.reference.physics.diffraction import smoothing_kernel

DARK = 1e-24


def illuminate(patches: tf.Tensor, probe: tf.Tensor) -> tf.Tensor:
    """Exit waves ``(P, B, N, N, C)`` of patches ``(B, N, N, C)`` under a probe ``(P, N, N)``."""
    return probe[:, None, :, :, None] * patches[None]


def smooth(exit_waves: tf.Tensor, sigma: float) -> tf.Tensor:
    """3 x 3 Gaussian of exit waves ``(P, B, N, N, C)``, the borders reflected without repeating the edge."""
    if sigma == 0:
        return exit_waves
    side, middle, _ = (float(weight) for weight in smoothing_kernel(sigma))
    padded = tf.concat([exit_waves[:, :, 1:2], exit_waves, exit_waves[:, :, -2:-1]], axis=2)
    rows = side * (padded[:, :, :-2] + padded[:, :, 2:]) + middle * padded[:, :, 1:-1]
    padded = tf.concat([rows[:, :, :, 1:2], rows, rows[:, :, :, -2:-1]], axis=3)
    return side * (padded[:, :, :, :-2] + padded[:, :, :, 2:]) + middle * padded[:, :, :, 1:-1]


def diffract(exit_waves: tf.Tensor) -> tf.Tensor:
    """Diffraction amplitude ``(B, N, N, C)`` of exit waves ``(P, B, N, N, C)``, modes summed in intensity."""
    spectrum = tf.signal.fft2d(tf.transpose(exit_waves, [0, 1, 4, 2, 3]))
    pixels = exit_waves.shape[2] * exit_waves.shape[3]
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    intensity = tf.reduce_sum(power, axis=0) / pixels
    return tf.transpose(amplitude(tf.signal.fftshift(intensity, axes=(-2, -1))), [0, 2, 3, 1])


def amplitude(intensity: tf.Tensor) -> tf.Tensor:
    """Square root whose gradient is zero, not infinite, where the intensity is (``physics_model.md`` 1.9)."""
    lit = intensity > DARK
    root = tf.sqrt(tf.where(lit, intensity, tf.ones_like(intensity)))
    return tf.where(lit, root, tf.sqrt(tf.stop_gradient(intensity)))
