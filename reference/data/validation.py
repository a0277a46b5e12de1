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

from ptychoparity.reference.data.amplitude import judge_units, sampled_patterns

Array = NDArray[Any]

COORDINATES = ("xcoords", "ycoords", "xcoords_start", "ycoords_start")
PER_POINT = (*COORDINATES, "scan_index", "diff3d", "Y")
"""Keys that hold one entry for each scan point."""

# Accepted dtype kinds; a real probe or object is promoted later, with a warning.
_KINDS = dict.fromkeys((*COORDINATES, "scan_index", "diff3d"), "iuf") | {
    "probeGuess": "iufc",
    "objectGuess": "iufc",
}
FLOAT32_MAX = float(np.finfo(np.float32).max)


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
    for rule in STRUCTURE:
        rule(arrays)


def check_dtypes(arrays: Mapping[str, Shaped]) -> None:
    """Every member has a dtype that its key can hold; TypeError otherwise."""
    for key, kinds in _KINDS.items():
        if key in arrays and arrays[key].dtype.kind not in kinds:
            allowed = "real or complex numbers" if "c" in kinds else "real numbers"
            raise TypeError(f"{key}: dtype {arrays[key].dtype} is not allowed, expected {allowed}")


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
    stack = shape[:2] if len(shape) == 3 and shape[2] == 1 else shape
    stack = (1, *stack) if len(stack) == 2 else stack
    if len(stack) != 3 or stack[1] != stack[2] or 0 in stack:
        raise ValueError(f"probeGuess: expected shape (N,N), (N,N,1) or (P,N,N), got {shape}")
    return stack[0], stack[1]


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
    points, per_point = points_of(arrays)
    kept = {key: array for key, array in arrays.items() if key not in PER_POINT or key in per_point}
    for key in per_point:
        kept[key] = kept[key] if len(kept[key]) == points else kept[key][:points]
    for key, array in kept.items():
        check_values(key, array)
    if "diff3d" in kept:
        check_amplitude(kept["diff3d"])
    for key in ("probeGuess", "objectGuess"):
        if key in kept and kept[key].dtype.kind != "c":
            _warn(f"{key}: real dtype {kept[key].dtype} promoted to complex64")
            kept[key] = kept[key].astype(np.complex64)
    _warn_small_object(kept)
    return kept


def check_amplitude(diff3d: Array, *, strict: bool = False) -> None:
    """Reject diffraction that is not finite, negative or zero everywhere; suspect counts.

    What looks like counts is reported, never converted; `amplitude.judge_units` says what does.

    Args:
        diff3d: ``(M, N, N)`` real.
        strict: raise where the data look like counts, instead of one UserWarning.

    Raises:
        ValueError: named above.
    """
    check_values("diff3d", diff3d)
    peak = float(diff3d.max())
    if peak == 0:
        raise ValueError("diff3d: diffraction is zero everywhere, so it cannot be normalised")
    mean = float(diff3d.mean(dtype=np.float64))
    units = judge_units(diff3d.dtype, peak, mean, diff3d[sampled_patterns(len(diff3d))])
    if units.suspect:
        message = (
            f"diff3d: dtype {diff3d.dtype}, peak {peak:g}, mean {mean:g} look like counts ({units.reason}); "
            "the contract is amplitude (square root of counts), take the root first if these are counts"
        )
        if strict:
            raise ValueError(message)
        _warn(message)


def check_values(key: str, array: Array) -> None:
    """Finite everywhere, ``diff3d`` and ``Y`` in single precision too, ``diff3d`` not negative.

    Raises:
        ValueError: otherwise; names the key.
    """
    if key != "diff3d":
        if not np.isfinite(array).all():
            raise ValueError(f"{key}: values must be finite, found NaN or infinity")
        if key == "Y" and _magnitude_limit(array) > FLOAT32_MAX:
            raise ValueError(f"DATA-001: Y of dtype {array.dtype} holds values beyond the range of complex64")
        return
    lowest, peak = float(array.min()), float(array.max())  # NaN propagates through both
    if not (np.isfinite(lowest) and np.isfinite(peak)) or peak > FLOAT32_MAX:
        raise ValueError(
            "diff3d: diffraction values must be finite in float32, found NaN, infinity or overflow"
        )
    if lowest < 0:
        raise ValueError(f"diff3d: diffraction amplitude must not be negative, found {lowest:g}")


def points_of(arrays: Mapping[str, Shaped]) -> tuple[int, list[str]]:
    """How many points there are, and which members hold an entry for each; the rest is to be dropped.

    Warns:
        RuntimeWarning: positions without a pattern.
        UserWarning: a ``Y`` that does not cover every point.
    """
    points, kept = arrays["xcoords"].shape[0], _point_count(arrays)
    per_point = [key for key in PER_POINT if key in arrays]
    if points > kept:
        warnings.warn(
            f"{points} positions for {kept} patterns: dropping the trailing {points - kept} positions",
            RuntimeWarning,
            stacklevel=4,
        )
    if "Y" in arrays and _is_stub(arrays):
        _warn(f"Y: shape {arrays['Y'].shape} is ignored, expected first axis M = {kept}")
        per_point.remove("Y")
    return kept, per_point


def check_patterns(arrays: Mapping[str, Shaped]) -> None:
    """Patterns are square, and each has a position; ValueError otherwise."""
    if "diff3d" not in arrays:
        return
    shape, points = arrays["diff3d"].shape, arrays["xcoords"].shape[0]
    if len(shape) != 3 or shape[1] != shape[2] or 0 in shape:
        raise ValueError(
            f"diff3d: expected square diffraction patterns (N,H,W) with H = W, got shape {shape}"
        )
    if points < shape[0]:
        raise ValueError(
            f"diff3d: {shape[0]} patterns but only {points} positions; every pattern needs a position"
        )


def check_scan_index(arrays: Mapping[str, Shaped]) -> None:
    """One label for each position; ValueError otherwise."""
    if "scan_index" not in arrays:
        return
    shape, points = arrays["scan_index"].shape, arrays["xcoords"].shape[0]
    if shape not in {(points,), (_point_count(arrays),)}:
        raise ValueError(f"scan_index: expected shape {(points,)}, one label a position, got {shape}")


def check_probe(arrays: Mapping[str, Shaped]) -> None:
    """The probe has a known layout and the patterns' side; ValueError otherwise."""
    if "probeGuess" not in arrays:
        return
    shape = arrays["probeGuess"].shape
    _, side = probe_modes(shape)
    if "diff3d" in arrays and side != arrays["diff3d"].shape[1]:
        raise ValueError(
            f"probeGuess: shape {shape} does not fit diff3d patterns of shape {arrays['diff3d'].shape}"
        )


def check_object(arrays: Mapping[str, Shaped]) -> None:
    """The object is two-dimensional; ValueError otherwise."""
    if "objectGuess" in arrays and len(arrays["objectGuess"].shape) != 2:
        raise ValueError(f"objectGuess: expected a 2-D object (H,W), got shape {arrays['objectGuess'].shape}")


def check_labels(arrays: Mapping[str, Shaped]) -> None:
    """Patches that cover every point are complex and fit the patterns; ValueError otherwise."""
    if "Y" not in arrays or _is_stub(arrays):
        return
    shape, dtype = arrays["Y"].shape, arrays["Y"].dtype
    if dtype.kind != "c":
        raise ValueError(f"DATA-001: Y must be complex (complex64), got dtype {dtype}")
    square = len(shape) == 3 or (len(shape) == 4 and shape[3] == 1)
    side = arrays["diff3d"].shape[1] if "diff3d" in arrays else shape[1] if square else 0
    if not square or shape[1:3] != (side, side):
        raise ValueError(
            f"Y: expected one patch (N,N) a point with N = {side or 'pattern side'}, got shape {shape}"
        )


STRUCTURE = (
    check_dtypes,
    check_positions,
    check_patterns,
    check_scan_index,
    check_probe,
    check_object,
    check_labels,
)
"""The rules that shapes and dtypes decide, in the order in which they are applied."""


def _point_count(arrays: Mapping[str, Shaped]) -> int:
    """Points that stay once surplus positions are dropped."""
    return arrays["diff3d" if "diff3d" in arrays else "xcoords"].shape[0]


def _is_stub(arrays: Mapping[str, Shaped]) -> bool:
    """True when ``Y`` does not hold a patch for every point."""
    return arrays["Y"].shape[:1] not in {arrays["xcoords"].shape, (_point_count(arrays),)}


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
