"""From a patch of the object to a diffraction amplitude (spec ``physics_model.md`` 1.1 to 1.4, 1.8)."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ptychoparity.reference.physics.checks import check_exit_waves, check_illumination, check_smoothing

Array = NDArray[Any]


def illuminate(patches: Array, probe: Array) -> Array:
    """Exit waves: each probe mode times each patch (spec ``physics_model.md`` 1.2).

    Args:
        patches: ``(B, N, N, C)`` complex object patches.
        probe: ``(P, N, N)`` complex probe modes.

    Returns:
        ``(P, B, N, N, C)`` complex, mode axis first.

    Raises:
        ValueError: shapes that do not fit, or a probe without its mode axis, which would broadcast.
    """
    check_illumination(patches, probe)
    return np.asarray(probe[:, None, :, :, None] * patches[None])


def smoothing_kernel(sigma: float) -> NDArray[np.float64]:
    """Three-point kernel softmax(-x^2 / 2 sigma^2) over x in -1, 0, 1 (spec ``physics_model.md`` 1.2)."""
    side = np.exp(-0.5 / sigma**2)
    return np.asarray(np.array([side, 1.0, side]) / (1.0 + 2.0 * side))


def smooth(exit_waves: Array, sigma: float) -> Array:
    """Smooth exit waves with a 3 x 3 Gaussian, the borders reflected without repeating the edge.

    Args:
        exit_waves: ``(P, B, N, N, C)`` complex.
        sigma: width in pixels; 0 returns the input unchanged.

    Returns:
        The same shape and dtype.

    Raises:
        ValueError: see `check_smoothing`.
    """
    check_smoothing(exit_waves, sigma)
    if sigma == 0:
        return exit_waves
    kernel = smoothing_kernel(sigma).astype(exit_waves.real.dtype)
    padded = np.pad(exit_waves, [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")
    rows = kernel[0] * padded[:, :, :-2] + kernel[1] * padded[:, :, 1:-1] + kernel[2] * padded[:, :, 2:]
    return np.asarray(
        kernel[0] * rows[:, :, :, :-2] + kernel[1] * rows[:, :, :, 1:-1] + kernel[2] * rows[:, :, :, 2:]
    )


def diffract(exit_waves: Array) -> Array:
    """Far-field diffraction amplitude, modes summed in intensity (spec ``physics_model.md`` 1.1, 1.4).

    The unnormalised transform of the exit wave, squared, divided by the number of pixels, summed over
    the modes, centred, and its square root: energy is conserved and zero frequency is at [N/2, N/2].

    Args:
        exit_waves: ``(P, B, N, N, C)`` complex.

    Returns:
        ``(B, N, N, C)`` real, non-negative.

    Raises:
        ValueError: an array of another rank.
    """
    check_exit_waves(exit_waves)
    spectrum = scipy.fft.fft2(exit_waves, axes=(2, 3))
    pixels = exit_waves.shape[2] * exit_waves.shape[3]
    intensity = (spectrum.real**2 + spectrum.imag**2).sum(axis=0) / pixels
    return np.asarray(np.sqrt(scipy.fft.fftshift(intensity, axes=(1, 2))))


def observe(amplitude: Array, generator: np.random.Generator | np.random.RandomState) -> Array:
    """Photon noise: the root of a Poisson draw of the squared amplitude (spec ``physics_model.md`` 1.8)."""
    counts = generator.poisson(np.asarray(amplitude, np.float64) ** 2)
    return np.sqrt(counts).astype(np.result_type(amplitude, np.float32))
