"""What the physics refuses, at the border of the reference and of both backends alike.

Every function returns nothing and raises ValueError with the argument, its shape or value, and what
would be right, before anything is computed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics.layout import disc

Array = NDArray[Any]

# Pixels by which an offset may exceed a whole number and still count as that number.
ROUNDING = 1e-6


def check_patches(patches: Array, name: str = "patches") -> None:
    """``(B, N, N, C)`` with even N and at least one group and channel."""
    if patches.ndim != 4 or patches.shape[1] != patches.shape[2] or 0 in patches.shape:
        raise ValueError(f"{name} must have shape (B, N, N, C), got {patches.shape}")
    if patches.shape[1] % 2:
        raise ValueError(f"{name} must have an even side N, got N={patches.shape[1]}")


def check_offsets(offsets: Array, batch: int, channels: int) -> None:
    """Finite offsets ``(B, 1, 2, C)`` that match the patches."""
    if offsets.shape != (batch, 1, 2, channels) or not channels:
        raise ValueError(
            f"offsets must have shape (B, 1, 2, C) = {(batch, 1, 2, channels)} to match the patches, "
            f"got {offsets.shape}"
        )
    _check_finite("offsets", offsets)


def check_probe(probe: Array, side: int | None = None) -> None:
    """A finite probe ``(P, N, N)``; one without its mode axis would broadcast."""
    if probe.ndim != 3 or probe.shape[1] != probe.shape[2] or 0 in probe.shape:
        raise ValueError(f"probe_guess must have shape (P, N, N), mode axis first, got {probe.shape}")
    if side is not None and probe.shape[1] != side:
        raise ValueError(f"probe_guess has side {probe.shape[1]} but the patches have side N={side}")
    _check_finite("probe_guess", probe)


def check_side(side: int) -> None:
    """An even, positive N."""
    if side <= 0 or side % 2:
        raise ValueError(f"the side N must be even and positive, got N={side}")


def check_mask(side: int, sigma: float, diameter: float | None) -> None:
    """Side, edge width and diameter of a probe mask that holds at least a pixel."""
    check_side(side)
    if not (math.isfinite(sigma) and sigma >= 0):
        raise ValueError(f"probe_mask_sigma must be finite and >= 0, got {sigma}")
    across = side / 2 if diameter is None else diameter
    if not (math.isfinite(across) and across > 0 and disc(side, across / 2).any()):
        raise ValueError(f"probe_mask_diameter must be finite and > sqrt(2) to hold a pixel, got {across}")


def check_default_probe(side: int, scale: float) -> None:
    """Side of a patch, and the scale of the disc in it."""
    check_side(side)
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"default_probe_scale must be finite and > 0, got {scale}")


def check_normalizable(probe: Array, probe_scale: float) -> None:
    """A probe with something under the hard mask to normalise, and a positive scale."""
    check_probe(probe)
    side = probe.shape[1]
    check_side(side)
    _check_positive("probe_scale", probe_scale)
    if not probe[:, disc(side, side // 4)].any():
        raise ValueError(
            f"probe_guess of shape {probe.shape} is zero within {side // 4} pixels of its centre and cannot "
            "be normalised"
        )


def check_intensity_scale(amplitude: Array, nphotons: float) -> None:
    """Amplitudes with energy, and a positive number of photons."""
    check_patches(amplitude, "amplitude")
    check_photons(nphotons)
    if not amplitude.any():
        raise ValueError("diffraction amplitudes are all zero: the intensity scale is undefined")


def check_photons(nphotons: float) -> None:
    """A positive number of photons."""
    _check_positive("nphotons", nphotons)


def check_illumination(patches: Array, probe: Array) -> None:
    """Patches, and a probe of their side."""
    check_patches(patches)
    check_probe(probe, patches.shape[1])


def check_exit_waves(exit_waves: Array) -> None:
    """``(P, B, N, N, C)``."""
    if exit_waves.ndim != 5 or exit_waves.shape[2] != exit_waves.shape[3] or 0 in exit_waves.shape:
        raise ValueError(f"exit_waves must have shape (P, B, N, N, C), got {exit_waves.shape}")


def check_smoothing(exit_waves: Array, sigma: float) -> None:
    """Exit waves, and a width that is not negative."""
    check_exit_waves(exit_waves)
    if not (math.isfinite(sigma) and sigma >= 0):
        raise ValueError(f"gaussian_smoothing_sigma must be finite and >= 0, got {sigma}")
    if sigma > 0 and exit_waves.shape[2] < 2:
        raise ValueError(f"exit_waves must have N >= 2 to be smoothed, got {exit_waves.shape}")


def check_translation(images: Array, offsets: Array) -> None:
    """``(K, H, W)`` images and one [x, y] offset each; offsets are never repeated to fit."""
    if images.ndim != 3 or 0 in images.shape:
        raise ValueError(f"images must have shape (K, H, W), got {images.shape}")
    if offsets.shape != (len(images), 2):
        raise ValueError(f"offsets must have shape (K, 2) = ({len(images)}, 2), got {offsets.shape}")
    _check_finite("offsets", offsets)


def check_object_patches(whole: Array, positions: Array, side: int) -> None:
    """A 2-D object, [x, y] positions, and an even patch side."""
    if whole.ndim != 2 or 0 in whole.shape:
        raise ValueError(f"object must have shape (H, W), got {whole.shape}")
    if positions.ndim != 2 or positions.shape[1] != 2 or not len(positions):
        raise ValueError(f"positions must have shape (K, 2) with K >= 1, got {positions.shape}")
    check_side(side)
    _check_finite("positions", positions)


def check_margin(offsets: Array, side: int, padded: int) -> None:
    """Offsets that keep content inside the region (spec ``physics_model.md`` 2.2).

    The margin at the top and left is half of the padding, rounded down.  `ROUNDING` more than it is a whole
    number that rounding has moved, as in the padded size of `regions.fitting_padded_size`.
    """
    reach, margin = float(np.abs(offsets).max()), (padded - side) // 2
    if reach > margin + ROUNDING:
        fitting = side + 2 * math.ceil(reach - ROUNDING)
        raise ValueError(
            f"offsets reach {reach:g} pixels but the region side {padded} leaves a margin of {margin} "
            f"around patches of {side}; use a padded size of at least {fitting}"
        )


def check_assembly(patches: Array, offsets: Array, padded: int) -> None:
    """Patches and offsets that fit each other and the region."""
    check_patches(patches)
    check_offsets(offsets, patches.shape[0], patches.shape[3])
    check_margin(offsets, patches.shape[1], padded)


def check_extraction(regions: Array, offsets: Array, side: int) -> None:
    """Regions ``(B, P, P)`` and offsets that stay inside them."""
    if regions.ndim != 3 or regions.shape[1] != regions.shape[2] or 0 in regions.shape:
        raise ValueError(f"regions must have shape (B, P, P), got {regions.shape}")
    check_side(side)
    check_offsets(offsets, len(regions), offsets.shape[-1] if offsets.ndim else 0)
    check_margin(offsets, side, regions.shape[1])


def check_forward(patches: Array, offsets: Array, probe: Array, padded: int) -> None:
    """What `check_assembly` and `check_illumination` ask."""
    check_assembly(patches, offsets, padded)
    check_probe(probe, patches.shape[1])


def check_stitch(patches: Array, positions: Array, crop: int) -> None:
    """``(K, N, N)`` patches, one [x, y] position each, and an even crop of at most N."""
    if patches.ndim != 3 or patches.shape[1] != patches.shape[2] or 0 in patches.shape:
        raise ValueError(f"patches must have shape (K, N, N) with K >= 1, got {patches.shape}")
    if positions.shape != (len(patches), 2):
        raise ValueError(
            f"positions must have shape (K, 2) = ({len(patches)}, 2), one per patch, got {positions.shape}"
        )
    _check_finite("positions", positions)
    if crop % 2 or not 0 < crop <= patches.shape[1]:
        raise ValueError(f"M must be even and between 2 and the patch side {patches.shape[1]}, got M={crop}")


def _check_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value}")


def _check_finite(name: str, array: Array) -> None:
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
