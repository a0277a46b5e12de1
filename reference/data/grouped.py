"""The arrays of grouped data: patterns, their scale, ground-truth patches (spec ``data.md`` 3.7 to 3.9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics import translation

Array = NDArray[Any]

_BLOCK_BYTES = 1 << 19  # gathered at once, so that it is still in the cache when it is used again
_WINDOWS = 16  # cut out of the object at once: bounds the memory of intermediates
_STRIPES = 8  # parts of the groups whose patches are held beside the result


def gather_scaled_patterns(diff3d: Array, members: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The members' patterns as stored, and scaled to a mean energy of ``(N/2)**2`` (3.8), in one pass.

    One factor serves all groups; squares are summed in float64.

    Args:
        diff3d: ``(M, N, N)`` amplitude.
        members: ``(B, C)`` indices of patterns.

    Returns:
        Both ``(B, N, N, C)`` float32.

    Raises:
        ValueError: all patterns are zero.
    """
    factor = normalising_factor(pattern_energies(diff3d, members)[members].mean(), diff3d.shape[1])
    stored = np.empty(_shape(diff3d, members), np.float32)
    scaled = np.empty_like(stored)
    for block in _blocks(stored):
        np.multiply(_gather(diff3d, members[block], stored[block]), factor, out=scaled[block])
    return stored, scaled


def pattern_energies(diff3d: Array, members: Array) -> NDArray[np.float64]:
    """The summed squares of each pattern that ``members`` names, zero for the others: ``(M,)`` float64."""
    used = np.zeros(len(diff3d), np.bool_)
    used[members] = True
    points = np.flatnonzero(used)
    energies = np.zeros(len(diff3d))
    for first in range(0, len(points), _WINDOWS):
        part = points[first : first + _WINDOWS]
        flat = diff3d[part].reshape(len(part), -1).astype(np.float32, copy=False).astype(np.float64)
        energies[part] = np.vecdot(flat, flat)
    return energies


def normalising_factor(energy: float, side: int) -> np.float32:
    """What brings patterns of side N and mean ``energy`` to ``(N/2)**2`` (3.8); ValueError where it is 0."""
    if not energy > 0:
        raise ValueError("diff3d: diffraction of the selected groups is zero, so it cannot be normalised")
    return np.float32(np.sqrt((side / 2) ** 2 / energy))


def gather_patches(patches: Array, members: Array) -> NDArray[np.complex64]:
    """Ready-made patches ``(M, N, N)`` or ``(M, N, N, 1)`` of the members, as ``(B, N, N, C)`` complex64."""
    patches = patches.reshape(patches.shape[:3])
    return _gather(patches, members, np.empty(_shape(patches, members), np.complex64))


def object_patches(
    object_guess: Array, x: Array, y: Array, members: Array, side: int
) -> NDArray[np.complex64]:
    """Cut the object at each member's own position (3.9).

    Patch pixel ``(N/2, N/2)`` sits on object pixel ``(y, x)``; bilinear between pixels, zero outside.

    Args:
        object_guess: ``(H, W)`` complex.
        x: ``(M,)`` columns in object pixels.
        y: ``(M,)`` rows in object pixels.
        members: ``(B, C)`` indices of points.
        side: N.

    Returns:
        ``(B, N, N, C)`` complex64.
    """
    groups, channels = members.shape
    positions = np.column_stack((x, y)).astype(np.float64)
    patches = np.empty((groups, side, side, channels), np.complex64)
    # Groups side by side share points, and a patch is cut once in each stripe of them.
    downwards = np.argsort(positions[members[:, 0], 1], kind="stable")
    for stripe in np.array_split(downwards, min(_STRIPES, groups)):
        points, member_of = np.unique(members[stripe], return_inverse=True)
        cut = _cut(object_guess, positions[points], side)
        member_of = member_of.reshape(-1, channels)
        for block in _blocks(patches, len(stripe)):
            for channel in range(channels):
                patches[stripe[block], :, :, channel] = cut[member_of[block, channel]]
    return patches


def _cut(object_guess: Array, positions: Array, side: int) -> NDArray[np.complex64]:
    """``(K, N, N)`` windows of the object."""
    cut = np.empty((len(positions), side, side), np.complex64)
    for first in range(0, len(positions), _WINDOWS):
        part = slice(first, first + _WINDOWS)
        cut[part] = translation.object_patches(object_guess, positions[part], side)
    return cut


def _shape(images: Array, members: Array) -> tuple[int, int, int, int]:
    groups, channels = members.shape
    return groups, images.shape[1], images.shape[2], channels


def _blocks(images: Array, groups: int | None = None) -> Iterator[slice]:
    """Slices of the groups of ``(B, N, N, C)`` images, small enough for the cache."""
    groups = len(images) if groups is None else groups
    step = max(1, _BLOCK_BYTES // images[0].nbytes)
    return (slice(first, first + step) for first in range(0, groups, step))


def _gather(images: Array, members: Array, out: Array) -> Array:
    """Write ``(M, N, N)`` images of ``(B, C)`` members into ``(B, N, N, C)``, and return that."""
    for block in _blocks(out):
        for channel in range(members.shape[1]):
            out[block, :, :, channel] = images[members[block, channel]]
    return out
