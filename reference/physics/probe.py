"""Probe masks, the default probe, normalisation, and intensity scales.

Spec: ``physics_model.md`` 1.3 and 1.6, ``data.md`` 5 and 6.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.typing import DTypeLike, NDArray

from ptychoparity.reference.physics.checks import (
    check_default_probe,
    check_intensity_scale,
    check_mask,
    check_normalizable,
    check_patches,
    check_photons,
    check_side,
)
from ptychoparity.reference.physics.layout import disc

Array = NDArray[Any]


def hard_mask(side: int) -> NDArray[np.bool_]:
    """The disc of radius N//4 over which a probe is normalised: ``(N, N)`` bool.

    Raises:
        ValueError: ``side`` not even and positive.
    """
    check_side(side)
    return disc(side, side // 4)


def soft_mask(
    side: int, sigma: float = 1.0, diameter: float | None = None, dtype: DTypeLike = np.float64
) -> NDArray[Any]:
    """A disc with a Gaussian edge, its largest value 1: ``(N, N)``.

    Args:
        side: N.
        sigma: edge width in pixels; 0 gives a hard disc. Zero padding, kernel radius ceil(3 sigma).
        diameter: of the disc in pixels, N/2 by default.
        dtype: real precision of the result and of the computation.

    Raises:
        ValueError: ``sigma`` negative, or ``diameter`` not positive.
    """
    check_mask(side, sigma, diameter)
    mask = disc(side, side / 4 if diameter is None else diameter / 2).astype(dtype)
    if sigma > 0:
        reach = math.ceil(3 * sigma)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1, dtype=dtype) / mask.dtype.type(sigma)) ** 2)
        kernel /= kernel.sum()
        for _ in range(2):
            rows = np.lib.stride_tricks.sliding_window_view(
                np.pad(mask, [(reach, reach), (0, 0)]), len(kernel), 0
            )
            mask = (rows @ kernel).T
    return np.asarray(np.clip(mask / mask.max(), 0, 1))


def default_probe(side: int, scale: float = 0.7) -> NDArray[np.float64]:
    """The ideal disc probe, blurred by one pixel (spec ``data.md`` 5.1): ``(N, N)`` float64.

    Raises:
        ValueError: a side that no patch has, or a scale that is not finite and > 0.
    """
    check_default_probe(side, scale)
    window = scipy.signal.windows.gaussian(side, side / (scale * math.pi**2), sym=True)
    window = window / window.max()
    disc = (np.outer(window, window) > 0.5).astype(np.float64)
    return np.asarray(scipy.ndimage.gaussian_filter(disc, 1.0) + 1e-9)


def probe_from_patterns(patterns: Array, default_scale: float = 0.7) -> NDArray[np.float64]:
    """A Gaussian as wide as the inverse transform of the mean pattern (spec ``data.md`` 5.3): ``(N, N)``.

    Zero outside the hard mask, its sum that of `default_probe`; not yet normalised.

    Args:
        patterns: diffraction amplitudes ``(B, N, N, C)``, DC centred.
        default_scale: ``default_probe_scale``.

    Raises:
        ValueError: wrong shape, values that are not finite, or patterns that are all zero or so flat that
            their inverse transform has no width.
    """
    check_patches(patterns, "X_train")
    side = patterns.shape[1]
    mean = patterns.mean(axis=(0, 3), dtype=np.float64)
    if not np.isfinite(mean).all():
        raise ValueError("X_train holds values that are not finite")
    row = np.abs(np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(mean))))[side // 2]
    variance = row @ (np.arange(side) - side / 2) ** 2 / max(row.sum(), np.finfo(float).tiny)
    if variance < 1e-9:  # above rounding, below any width that the Gaussian could resolve
        raise ValueError("X_train is all zero or flat, so that no probe width can be derived from it")
    axis = np.arange(side) - side // 2 + 0.5
    gaussian = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * variance)) + 1e-9
    masked = gaussian * hard_mask(side)
    return np.asarray(masked * (default_probe(side, default_scale).sum() / masked.sum()))


def as_modes(probe: Array) -> Array:
    """Bring ``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)`` to ``(P, N, N)`` (spec ``data.md`` 5.4).

    Raises:
        ValueError: naming ``probe_guess`` and its shape.
    """
    modes = probe
    if probe.ndim == 2:
        modes = probe[None]
    elif probe.ndim == 3 and probe.shape[2] == 1 and probe.shape[0] == probe.shape[1]:
        modes = probe[None, :, :, 0]
    if modes.ndim != 3 or modes.shape[1] != modes.shape[2]:
        raise ValueError(f"probe_guess must have shape (N, N), (N, N, 1) or (P, N, N), got {probe.shape}")
    return modes


def normalize_probe(probe: Array, probe_scale: float) -> tuple[Array, float]:
    """Divide a probe by ``probe_scale`` times the mean modulus of its masked self.

    The mean runs over all modes and all N^2 pixels; the mask enters the norm only, whether or not the
    model masks its probe (spec ``data.md`` 5.3). Relative mode powers are unchanged.

    Args:
        probe: ``(P, N, N)`` complex.
        probe_scale: positive.

    Returns:
        The normalised probe, same shape and dtype, and the norm.

    Raises:
        ValueError: see `check_normalizable`.
    """
    check_normalizable(probe, probe_scale)
    norm = probe_scale * np.abs(probe * hard_mask(probe.shape[1])).mean()
    return probe / norm, float(norm)


def intensity_scale(amplitude: Array, nphotons: float) -> float:
    """sqrt(nphotons / mean energy of a pattern) of ``(B, N, N, C)`` (spec ``physics_model.md`` 1.6).

    Raises:
        ValueError: amplitudes without energy, or ``nphotons`` not positive.
    """
    check_intensity_scale(amplitude, nphotons)
    floating = np.result_type(amplitude, np.float32)  # the square of a whole number may not fit its type
    energy = np.square(amplitude, dtype=floating).sum(axis=(1, 2)).mean()
    return math.sqrt(nphotons / float(energy))


def closed_form_intensity_scale(nphotons: float, side: int) -> float:
    """sqrt(nphotons) / (N/2): the scale of data normalised to an energy of (N/2)^2 a pattern.

    Raises:
        ValueError: ``nphotons`` not positive, or ``side`` not even and positive.
    """
    check_photons(nphotons)
    check_side(side)
    return math.sqrt(nphotons) / (side / 2)
