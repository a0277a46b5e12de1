"""What is wrong or odd about a data file, each with what to do about it (spec ``data.md`` 1.3, 1.4)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data import validation
from ptychoparity.reference.data.facts import Patterns, Probe, Scan
from ptychoparity.reference.data.npz import (
    METADATA_KEY,
    OPTIONAL_KEYS,
    PATTERN_KEYS,
    REQUIRED_KEYS,
    MemberHeader,
    canonical_axes,
    canonical_headers,
    check_keys,
)
from ptychoparity.reference.data.npzfile import one_line, reject_pickled

Array = NDArray[Any]
Headers = Mapping[str, MemberHeader]

_MODEL_SIDES = (64, 128, 256)

_REMEDIES: dict[Callable[..., object], str] = {
    validation.check_dtypes: "store numbers of an allowed dtype",
    validation.check_positions: "store one x and one y for each pattern as 1-D arrays of one length",
    validation.check_patterns: "store square patterns (M,N,N) and a position for each",
    validation.check_scan_index: "store one label for each position, or leave scan_index out",
    validation.check_probe: "crop or resample the probe to the patterns' side, modes first",
    validation.check_object: "store one 2-D object; of several layers the first",
    validation.check_labels: "store one complex64 patch (N,N) for each point, or leave Y out",
}
_NEED_POSITIONS = frozenset({validation.check_patterns, validation.check_scan_index, validation.check_labels})


@dataclass(frozen=True)
class Finding:
    """One observation.

    Attributes:
        level: "error", a reader refuses the file; "warning", it complains; "note", it does neither.
        key: the array concerned, or empty.
        message: what was seen.
        remedy: what to do.
    """

    level: Literal["error", "warning", "note"]
    key: str
    message: str
    remedy: str


@contextmanager
def refusals(found: list[Finding], key: str, remedy: str) -> Iterator[None]:
    """Turn what a reader raises, or warns of, into findings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            found.append(Finding("error", key, one_line(error), remedy))
    found += [Finding("warning", key, one_line(Warning(item.message)), remedy) for item in caught]


def structure_findings(headers: Headers) -> list[Finding]:
    """What shapes and dtypes say: every rule of `validation.STRUCTURE`, and keys, pickles and axes."""
    found: list[Finding] = []
    for key, header in headers.items():
        with refusals(found, key, "store plain numbers, without objects"):
            reject_pickled({key: header}, allowed=(METADATA_KEY,))
    with refusals(found, "", "store them under these names"):
        check_keys(headers)
    positions = len(found)
    if {"xcoords", "ycoords"} <= headers.keys():
        with refusals(found, "xcoords", _REMEDIES[validation.check_positions]):
            validation.check_positions(headers)
    usable = positions == len(found) and {"xcoords", "ycoords"} <= headers.keys()
    known = _canonical(headers, found) if usable else _known(headers)
    for key in known:
        with refusals(found, key, _REMEDIES[validation.check_dtypes]):
            validation.check_dtypes({key: known[key]})
    for rule in validation.STRUCTURE:
        if rule not in (validation.check_dtypes, validation.check_positions) and (
            usable or rule not in _NEED_POSITIONS
        ):
            with refusals(found, "", _REMEDIES[rule]):
                rule(known)
    if usable:
        with refusals(found, "", "store exactly one for each pattern"):
            validation.points_of(known)
    return found


def value_findings(arrays: Mapping[str, Array], probe: Probe | None) -> list[Finding]:
    """What the values of the small arrays say."""
    found = []
    for key, array in arrays.items():
        broken = array.size - int(np.count_nonzero(np.isfinite(array)))
        if broken:
            found.append(_not_finite(key, broken))
        if key in ("probeGuess", "objectGuess") and array.dtype.kind != "c":
            message = f"{key}: real dtype {array.dtype} is promoted to complex64"
            found.append(Finding("warning", key, message, "store complex numbers, with the phase"))
    if probe is not None and probe.energy == 0:
        message = "probeGuess: zero everywhere, so it cannot be normalised"
        found.append(Finding("warning", "probeGuess", message, "store an estimate of the probe"))
    return found


def pattern_findings(axis_order: str, patterns: Patterns) -> list[Finding]:
    """What the values of the patterns say."""
    found, key = [], "diff3d"
    if axis_order != "(M,H,W)":
        message = f"{key}: legacy axis order {axis_order}, transposed when read"
        found.append(Finding("warning", key, message, "store (M,H,W)"))
    if patterns.not_finite:
        found.append(_not_finite(key, patterns.not_finite))
    if patterns.peak > validation.FLOAT32_MAX:
        message = f"{key}: peak {patterns.peak:g} is beyond the range of float32"
        found.append(Finding("error", key, message, "scale the patterns"))
    if patterns.negative:
        message = f"{key}: {patterns.negative} values are negative, the lowest {patterns.lowest:g}"
        found.append(Finding("error", key, message, "clip at 0 after subtracting background"))
    if patterns.peak == 0:
        message = f"{key}: zero everywhere, so it cannot be normalised"
        found.append(Finding("error", key, message, "check the export of the detector data"))
    units = patterns.units
    if units is not None and units.verdict != "amplitude":
        message = f"{key}: looks like {units.verdict} ({units.reason})".replace("like unclear", "unclear")
        level: Literal["warning", "note"] = "warning" if units.suspect else "note"
        found.append(
            Finding(level, key, message, "the contract is amplitude: take the root if these are counts")
        )
    dark = int(np.count_nonzero(patterns.brightness == 0))
    if 0 < dark < patterns.count:
        message = f"{key}: {dark} of {patterns.count} patterns are dark"
        found.append(Finding("note", key, message, "drop exposures taken with the shutter closed"))
    if patterns.side not in _MODEL_SIDES:
        message = f"{key}: side {patterns.side}, models take {', '.join(map(str, _MODEL_SIDES))}"
        found.append(Finding("note", key, message, "crop or pad before training"))
    return found


def scan_findings(scan: Scan, side: int | None, arrays: Mapping[str, Array]) -> list[Finding]:
    """Whether the positions are object pixels, and fit patterns and object."""
    found, where = [], "xcoords"
    if scan.duplicates:
        message = f"{scan.duplicates} positions repeat an earlier one exactly"
        found.append(Finding("note", where, message, "drop repeats unless they are separate exposures"))
    if scan.points > 1 and scan.span < 1:
        message = f"all positions lie within {scan.span:.3g} pixels; are they in metres?"
        found.append(Finding("warning", where, message, "divide by the side of an object pixel"))
    elif side is not None and scan.spacing is not None and scan.spacing[1] > side:
        message = f"median spacing {scan.spacing[1]:.4g} exceeds the pattern side {side}: no overlap"
        found.append(Finding("warning", where, message, "give positions in object pixels"))
    found += _object_findings(scan, side, arrays.get("objectGuess"))
    labels = arrays.get("scan_index")
    if labels is not None and len(np.unique(labels)) > 1:
        message = f"scan_index: {len(np.unique(labels))} scans in one file; groups may mix their points"
        found.append(Finding("note", "scan_index", message, "split the file by scan for gridsize > 1"))
    return found


def _object_findings(scan: Scan, side: int | None, image: Array | None) -> list[Finding]:
    if image is None or image.ndim != 2:
        return []
    found, (height, width) = [], image.shape
    if side is not None and min(height, width) < side:
        message = f"objectGuess: shape {image.shape} is smaller than the pattern side {side}"
        found.append(Finding("warning", "objectGuess", message, "store the whole object"))
    x_out, y_out = (scan.x < 0) | (scan.x > width), (scan.y < 0) | (scan.y > height)
    outside = int(np.count_nonzero(x_out | y_out))
    if outside:
        message = f"{outside} of {scan.points} positions lie outside the object {image.shape}"
        remedy = "give patch centres in object pixels, x the column, y the row, from pixel (0,0)"
        found.append(Finding("warning", "xcoords", message, remedy))
    return found


def _not_finite(key: str, count: int) -> Finding:
    return Finding("error", key, f"{key}: {count} values are NaN or infinite", "replace or drop them")


def _known(headers: Headers) -> dict[str, MemberHeader]:
    """The data set's own arrays but the patterns, which nothing can be said about without positions."""
    return {key: headers[key] for key in (*REQUIRED_KEYS, *OPTIONAL_KEYS) if key in headers}


def _canonical(headers: Headers, found: list[Finding]) -> dict[str, MemberHeader]:
    """The same with the patterns, if their axes can be told."""
    keys = [key for key in PATTERN_KEYS if key in headers]
    if keys:
        with refusals(found, keys[0], "store (M,H,W), one square pattern for each position"):
            axes = canonical_axes(headers[keys[0]].shape, headers["xcoords"].shape[0])
            return canonical_headers(headers, keys, axes)
    return _known(headers)
