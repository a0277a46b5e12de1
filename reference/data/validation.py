"""The rules that a data set must obey, judged on shapes and dtypes first and on values last.

`check_structure` needs only shapes and dtypes, so it serves the headers of a file before anything is
loaded as well as arrays in memory; `validate` applies every rule to arrays (spec ``data.md`` 1.3, 1.4).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

COORDINATES = ("xcoords", "ycoords", "xcoords_start", "ycoords_start")
PER_POINT = (*COORDINATES, "scan_index", "Y")

# Accepted dtype kinds; a real probe or object is promoted later, with a warning.
_KINDS = dict.fromkeys((*COORDINATES, "scan_index", "diff3d"), "iuf") | {
    "probeGuess": "iufc",
    "objectGuess": "iufc",
}
_COUNTS_PEAK = 10.0
_COUNTS_PEAK_TO_MEAN = 100.0
_FLOAT32_MAX = float(np.finfo(np.float32).max)


class Shaped(Protocol):
    """What the structural rules need: an array, or the header of one in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""


def check_structure(arrays: Mapping[str, Shaped]) -> None:
    """Apply every rule that shapes and dtypes decide; members that are None are left out by the caller.

    Args:
        arrays: canonical keys (``diff3d``, never its alias) to arrays or headers; ``xcoords`` and
            ``ycoords`` must be there.

    Raises:
        TypeError: a dtype that its key cannot hold.
        ValueError: shapes that are wrong or do not fit each other (spec ``data.md`` 1.4).
    """
    for key, kinds in _KINDS.items():
        if key in arrays and arrays[key].dtype.kind not in kinds:
            allowed = "real or complex numbers" if "c" in kinds else "real numbers"
            raise TypeError(f"{key}: dtype {arrays[key].dtype} is not allowed, expected {allowed}")
    check_positions(arrays)
    points = arrays["xcoords"].shape[0]
    if "diff3d" in arrays:
        _check_patterns(arrays["diff3d"].shape, points)
    _check_scan_index(arrays, points)
    if "probeGuess" in arrays:
        _check_probe(arrays)
    if "objectGuess" in arrays and len(arrays["objectGuess"].shape) != 2:
        raise ValueError(f"objectGuess: expected a 2-D object (H,W), got shape {arrays['objectGuess'].shape}")
    if "Y" in arrays and not _is_stub(arrays):
        _check_patches(arrays)


def check_positions(arrays: Mapping[str, Shaped]) -> None:
    """Scan coordinates are one-dimensional, not empty, and of matching shapes; ValueError otherwise."""
    for key in COORDINATES:
        if key in arrays and len(arrays[key].shape) != 1:
            raise ValueError(f"{key}: coordinates must be one-dimensional, got shape {arrays[key].shape}")
    points = arrays["xcoords"].shape[0]
    for key in COORDINATES:
        if key in arrays and arrays[key].shape[0] != points:
            other = arrays[key].shape[0]
            raise ValueError(f"xcoords and {key} must have matching shapes, got lengths {points} and {other}")
    if points == 0:
        raise ValueError("xcoords: at least one scan position is needed, got length 0")


def probe_modes(shape: tuple[int, ...]) -> tuple[int, int]:
    """Mode count and side of a probe of layout (N,N), (N,N,1) or (P,N,N) (spec ``data.md`` 5.4).

    Raises:
        ValueError: any other shape.
    """
    if len(shape) == 3 and shape[2] == 1:
        shape = shape[:2]
    if len(shape) == 2:
        shape = (1, *shape)
    if len(shape) != 3 or shape[1] != shape[2] or 0 in shape:
        raise ValueError(f"probeGuess: expected shape (N,N), (N,N,1) or (P,N,N), got {shape}")
    return shape[0], shape[1]


def validate(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Apply every rule to a data set in memory and return it ready for use.

    Surplus trailing positions are dropped, a ``Y`` that does not cover every point is ignored, and a
    real probe or object becomes complex64, each with a warning; all else keeps its dtype.

    Args:
        arrays: as for `check_structure`.

    Raises:
        TypeError, ValueError: spec ``data.md`` 1.4; the message names key, shape or dtype.
    """
    check_structure(arrays)
    kept = _drop_surplus(dict(arrays))
    if "Y" in kept and _is_stub(kept):
        _warn(f"Y: shape {kept['Y'].shape} is ignored, expected first axis M = {len(kept['xcoords'])}")
        del kept["Y"]
    for key, array in kept.items():
        if key != "diff3d" and not np.isfinite(array).all():
            raise ValueError(f"{key}: values must be finite, found NaN or infinity")
    if "diff3d" in kept:
        check_amplitude(kept["diff3d"])
    for key in ("probeGuess", "objectGuess"):
        if key in kept and kept[key].dtype.kind != "c":
            _warn(f"{key}: real dtype {kept[key].dtype} promoted to complex64")
            kept[key] = kept[key].astype(np.complex64)
    if "Y" in kept and _magnitude_limit(kept["Y"]) > _FLOAT32_MAX:
        raise ValueError(f"DATA-001: Y of dtype {kept['Y'].dtype} holds values beyond the range of complex64")
    _warn_small_object(kept)
    return kept


def check_amplitude(diff3d: Array, *, strict: bool = False) -> None:
    """Reject diffraction that is not finite, negative or zero everywhere; suspect counts.

    The contract is amplitude, the square root of counts. An integer dtype, a peak of 10 or more, or a
    peak of 100 or more means looks like counts and is reported, never converted (spec ``data.md`` 1.3).

    Args:
        diff3d: ``(M, N, N)`` real.
        strict: raise where the data look like counts, instead of one UserWarning.

    Raises:
        ValueError: named above.
    """
    lowest, peak = float(diff3d.min()), float(diff3d.max())  # NaN propagates through both
    if not (np.isfinite(lowest) and np.isfinite(peak)) or peak > _FLOAT32_MAX:
        raise ValueError(
            "diff3d: diffraction values must be finite in float32, found NaN, infinity or overflow"
        )
    if lowest < 0:
        raise ValueError(f"diff3d: diffraction amplitude must not be negative, found {lowest:g}")
    if peak == 0:
        raise ValueError("diff3d: diffraction is zero everywhere, so it cannot be normalised")
    mean = float(diff3d.mean(dtype=np.float64))
    if diff3d.dtype.kind in "iu" or peak >= _COUNTS_PEAK or peak >= _COUNTS_PEAK_TO_MEAN * mean:
        message = (
            f"diff3d: dtype {diff3d.dtype}, peak {peak:g}, mean {mean:g} look like counts; the contract is "
            "amplitude (square root of counts), take the square root first if these are counts"
        )
        if strict:
            raise ValueError(message)
        _warn(message)


def _check_patterns(shape: tuple[int, ...], points: int) -> None:
    if len(shape) != 3 or shape[1] != shape[2] or 0 in shape:
        raise ValueError(
            f"diff3d: expected square diffraction patterns (N,H,W) with H = W, got shape {shape}"
        )
    if points < shape[0]:
        raise ValueError(
            f"diff3d: {shape[0]} patterns but only {points} positions; every pattern needs a position"
        )


def _check_scan_index(arrays: Mapping[str, Shaped], points: int) -> None:
    if "scan_index" not in arrays:
        return
    shape = arrays["scan_index"].shape
    if shape not in {(points,), (_point_count(arrays),)}:
        raise ValueError(f"scan_index: expected shape {(points,)}, one label a position, got {shape}")


def _check_probe(arrays: Mapping[str, Shaped]) -> None:
    shape = arrays["probeGuess"].shape
    _, side = probe_modes(shape)
    if "diff3d" in arrays and side != arrays["diff3d"].shape[1]:
        raise ValueError(
            f"probeGuess: shape {shape} does not fit diff3d patterns of shape {arrays['diff3d'].shape}"
        )


def _check_patches(arrays: Mapping[str, Shaped]) -> None:
    shape, dtype = arrays["Y"].shape, arrays["Y"].dtype
    if dtype.kind != "c":
        raise ValueError(f"DATA-001: Y must be complex (complex64), got dtype {dtype}")
    square = len(shape) == 3 or (len(shape) == 4 and shape[3] == 1)
    side = arrays["diff3d"].shape[1] if "diff3d" in arrays else shape[1] if square else 0
    if not square or shape[1:3] != (side, side):
        raise ValueError(
            f"Y: expected one patch (N,N) a point with N = {side or 'pattern side'}, got shape {shape}"
        )


def _point_count(arrays: Mapping[str, Shaped]) -> int:
    """Points that stay once surplus positions are dropped."""
    return arrays["diff3d" if "diff3d" in arrays else "xcoords"].shape[0]


def _is_stub(arrays: Mapping[str, Shaped]) -> bool:
    """True when ``Y`` does not hold a patch for every point."""
    return arrays["Y"].shape[:1] not in {arrays["xcoords"].shape, (_point_count(arrays),)}


def _drop_surplus(arrays: dict[str, Array]) -> dict[str, Array]:
    points, kept = len(arrays["xcoords"]), _point_count(arrays)
    if points > kept:
        warnings.warn(
            f"{points} positions for {kept} patterns: dropping the trailing {points - kept} positions",
            RuntimeWarning,
            stacklevel=4,
        )
        for key in PER_POINT:
            if key in arrays and arrays[key].shape[:1] == (points,):
                arrays[key] = arrays[key][:kept]
    return arrays


def _warn_small_object(arrays: Mapping[str, Array]) -> None:
    if "objectGuess" not in arrays or "diff3d" not in arrays:
        return
    shape, side = arrays["objectGuess"].shape, arrays["diff3d"].shape[1]
    if min(shape) < side:
        _warn(f"objectGuess: shape {shape} is smaller than the pattern side {side}")


def _magnitude_limit(array: Array) -> float:
    """Largest absolute real or imaginary part."""
    return max(float(np.abs(array.real).max(initial=0.0)), float(np.abs(array.imag).max(initial=0.0)))


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)
