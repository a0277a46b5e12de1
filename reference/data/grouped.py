"""The arrays of grouped data: patterns, their scale, ground-truth patches (spec ``data.md`` 3.7 to 3.9)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics import translation

Array = NDArray[Any]
Scalar = TypeVar("Scalar", bound=np.generic)

_BLOCK = 16


def gather_patterns(diff3d: Array, members: Array) -> NDArray[np.float32]:
    """The members' patterns, unscaled: ``(M, N, N)`` and ``(B, C)`` to ``(B, N, N, C)`` float32."""
    return _gather(diff3d, members, np.float32)


def normalise_patterns(diffraction: Array) -> NDArray[np.float32]:
    """Scale amplitudes so that the mean over all patterns of the summed squares is ``(N/2)**2`` (3.8).

    Args:
        diffraction: ``(B, N, N, C)`` amplitude; one factor serves all of it.

    Returns:
        The same shape, float32; squares are summed in float64.

    Raises:
        ValueError: all patterns are zero.
    """
    groups, side, _, channels = diffraction.shape
    flat = diffraction.reshape(groups, -1)
    energy = np.einsum("bp,bp->b", flat, flat, dtype=np.float64).sum() / (groups * channels)
    if not energy > 0:
        raise ValueError("diff3d: diffraction of the selected groups is zero, so it cannot be normalised")
    return np.float32(np.sqrt((side / 2) ** 2 / energy)) * diffraction.astype(np.float32, copy=False)


def gather_patches(patches: Array, members: Array) -> NDArray[np.complex64]:
    """Ready-made patches ``(M, N, N)`` or ``(M, N, N, 1)`` of the members, as ``(B, N, N, C)`` complex64."""
    return _gather(patches.reshape(patches.shape[:3]), members, np.complex64)


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
    points, member_of = np.unique(members, return_inverse=True)
    positions = np.column_stack((x, y)).astype(np.float64)[points]
    patches = np.empty((len(points), side, side), np.complex64)
    for block in range(0, len(points), _BLOCK):  # bounds the memory of intermediates
        part = positions[block : block + _BLOCK]
        patches[block : block + _BLOCK] = translation.object_patches(object_guess, part, side)
    return _gather(patches, member_of.reshape(members.shape), np.complex64)


def _gather(images: Array, members: Array, dtype: type[Scalar]) -> NDArray[Scalar]:
    """``(M, N, N)`` images of ``(B, C)`` members as ``(B, N, N, C)``."""
    groups, channels = members.shape
    gathered = np.empty((groups, *images.shape[1:], channels), dtype)
    for block in range(0, groups, _BLOCK):  # so that a transposed block stays in cache
        gathered[block : block + _BLOCK] = images[members[block : block + _BLOCK]].transpose(0, 2, 3, 1)
    return gathered
