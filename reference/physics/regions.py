"""Region assembly inside the forward model, and extraction from regions.

Spec: ``physics_model.md`` 2.2 to 2.4 and 3.2 (recommended form).  A group's offsets are
``coords_relative``, the negated displacements: assembly moves a patch by -o, extraction by +o.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics.checks import (
    ROUNDING,
    check_assembly,
    check_extraction,
    check_forward,
)
from ptychoparity.reference.physics.diffraction import diffract, illuminate
from ptychoparity.reference.physics.layout import channel_patches, flat_offsets, flat_patches
from ptychoparity.reference.physics.windows import accumulate_windows, read_windows

Array = NDArray[Any]

REGION_EPSILON = 1e-3


def padded_size(side: int, gridsize: int, offset: int = 4, max_position_jitter: int = 10) -> int:
    """Side P of a region from the legacy geometry: N + (g - 1) * offset + jitter."""
    return side + (gridsize - 1) * offset + max_position_jitter


def fitting_padded_size(side: int, offsets: Array) -> int:
    """The smallest even-margined P that holds every patch: N + 2 * ceil(largest offset)."""
    return side + 2 * max(0, math.ceil(float(np.abs(offsets).max()) - ROUNDING))


def region_corners(offsets: Array, padded: int, side: int) -> NDArray[np.float64]:
    """Where each patch's first pixel lies in its region: ``(B*C, 2)`` [row, column].

    The same corner serves assembly and extraction, which are adjoint but for mask and weight.
    """
    return (padded - side) // 2 - flat_offsets(offsets)


def centre_mask(side: int) -> NDArray[np.bool_]:
    """Ones on the central N/2 square, rows and columns [N/4, N/4 + N/2): ``(N, N)`` bool."""
    axis = np.arange(side)
    inner = (axis >= side // 4) & (axis < side // 4 + side // 2)
    return np.asarray(inner[:, None] & inner[None, :])


def assemble(patches: Array, offsets: Array, padded: int) -> tuple[Array, Array]:
    """Merge the C patches of each group into one region (spec ``physics_model.md`` 3.2, recommended form).

    ``R = sum_c T_{-o}[Z(m x)] / (d + 1e-3)`` with ``d = sum_c T_{-o}[Z m]``, m the centre mask, Z zero
    padding to P.  Groups never mix, whatever the batch.

    Args:
        patches: ``(B, N, N, C)`` complex.
        offsets: ``(B, 1, 2, C)`` coords_relative [x, y].
        padded: side P of the regions.

    Returns:
        Regions ``(B, P, P)`` in the dtype of the patches, and weights d ``(B, P, P)``, real.

    Raises:
        ValueError: shapes that do not fit, or offsets larger than the margin (P - N) // 2.
    """
    check_assembly(patches, offsets, padded)
    batch, side, _, channels = patches.shape
    corners = region_corners(offsets, padded, side)
    target = np.repeat(np.arange(batch), channels)
    masks = np.broadcast_to(centre_mask(side).astype(patches.real.dtype), (batch * channels, side, side))
    shape = (batch, padded, padded)
    total = accumulate_windows(flat_patches(patches) * masks, corners, shape, target)
    weight = accumulate_windows(masks, corners, shape, target)
    return total / (weight + weight.dtype.type(REGION_EPSILON)), weight


def extract(regions: Array, offsets: Array, side: int) -> Array:
    """Cut each channel's patch out of its group's region (spec ``physics_model.md`` 2.4).

    Args:
        regions: ``(B, P, P)`` complex.
        offsets: ``(B, 1, 2, C)`` coords_relative [x, y].
        side: N.

    Returns:
        ``(B, N, N, C)`` in the dtype of the regions.

    Raises:
        ValueError: shapes that do not fit, or offsets larger than the margin (P - N) // 2.
    """
    check_extraction(regions, offsets, side)
    channels = offsets.shape[-1]
    corners = region_corners(offsets, regions.shape[1], side)
    source = np.repeat(np.arange(len(regions)), channels)
    return channel_patches(read_windows(regions, corners, (side, side), source), channels)


def forward(patches: Array, offsets: Array, probe: Array, padded: int, scale: float = 1.0) -> Array:
    """The chain inside the model: assemble, extract, illuminate, diffract, scale (``physics_model.md`` 1.5).

    Args:
        patches: ``(B, N, N, C)`` complex object patches.
        offsets: ``(B, 1, 2, C)`` coords_relative [x, y].
        probe: ``(P, N, N)`` complex.
        padded: side of the regions.
        scale: intensity scale that multiplies the amplitude.

    Returns:
        ``(B, N, N, C)`` diffraction amplitude.

    Raises:
        ValueError: as the operations it is made of.
    """
    check_forward(patches, offsets, probe, padded)
    regions, _ = assemble(patches, offsets, padded)
    amplitude = diffract(illuminate(extract(regions, offsets, patches.shape[1]), probe))
    return np.asarray(amplitude * amplitude.dtype.type(scale))
