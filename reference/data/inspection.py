"""What an NPZ file holds, and whether a reader would take it (spec ``data.md`` 1).

Unlike the readers, `inspect_npz` does not stop at the first broken rule: it looks at whatever it can, one
piece of the patterns at a time, and lists all that it found.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.reference.data import findings as told
from ptychoparity.reference.data.facts import Patterns, Probe, Scan, patterns_of, probe_of, scan_of
from ptychoparity.reference.data.findings import Finding, Headers
from ptychoparity.reference.data.metadata import Metadata, decode_metadata, parse_metadata
from ptychoparity.reference.data.npz import (
    METADATA_KEY,
    PATTERN_KEYS,
    MemberHeader,
    agreeing_patterns,
    canonical_axes,
    load_metadata,
)
from ptychoparity.reference.data.npzfile import blocks, load_member, member_headers, opened
from ptychoparity.reference.data.validation import PER_POINT, check_values

_AXIS_NAMES = {(0, 1, 2): "(M,H,W)", (2, 0, 1): "(H,W,M)", (1, 0, 2): "(H,M,W)"}
_LOOKED_AT = (
    "xcoords",
    "ycoords",
    "xcoords_start",
    "ycoords_start",
    "scan_index",
    "probeGuess",
    "objectGuess",
)


@dataclass(frozen=True)
class Inspection:
    """What was seen; parts are None where the file does not have them in a usable form.

    Attributes:
        path: the file.
        headers: shape and dtype of every array.
        axis_order: of the patterns as stored, in the letters of spec ``data.md`` 1.2.
        scan, patterns, probe: in numbers, with what pictures need.
        metadata: parsed ``_metadata``.
        findings: errors first, then warnings, then notes.
    """

    path: Path
    headers: dict[str, MemberHeader]
    axis_order: str | None
    scan: Scan | None
    patterns: Patterns | None
    probe: Probe | None
    metadata: Metadata | None
    findings: tuple[Finding, ...]

    @property
    def accepted(self) -> bool:
        """Whether a reader takes the file."""
        return all(finding.level != "error" for finding in self.findings)

    def summary(self) -> dict[str, Any]:
        """All but the arrays, as plain JSON; numbers that are not finite become None."""
        return {
            "path": str(self.path),
            "accepted": self.accepted,
            "arrays": {
                key: {"shape": list(header.shape), "dtype": str(header.dtype)}
                for key, header in self.headers.items()
            },
            "axis_order": self.axis_order,
            "scan": _plain(self.scan),
            "patterns": _plain(self.patterns),
            "probe": _plain(self.probe),
            "metadata": self.metadata,
            "findings": [_plain(finding) for finding in self.findings],
        }


def inspect_npz(path: str | PathLike[str]) -> Inspection:
    """Look at a data file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an NPZ archive, or a member is damaged; names the file.
    """
    path = Path(path)
    with opened(path) as archive:
        headers = member_headers(archive)
        found = told.structure_findings(headers)
        arrays = {
            key: load_member(archive, key) for key in _LOOKED_AT if _is_number(headers.get(key), "iufc")
        }
        scan = None
        if _is_number(headers.get("xcoords"), "iuf") and _is_number(headers.get("ycoords"), "iuf"):
            scan = scan_of(arrays["xcoords"], arrays["ycoords"])
        probe = probe_of(arrays["probeGuess"]) if "probeGuess" in arrays else None
        axis_order, patterns = _patterns(archive, headers, found)
        metadata = _metadata(archive, headers, found)
        if _is_number(headers.get("Y"), "c") and patterns and headers["Y"].shape[0] >= patterns.count:
            with told.refusals(found, "Y", "replace the patches, or leave Y out"):
                for _, block in blocks(archive, "Y", headers["Y"]):
                    check_values("Y", block)
    used = None if patterns is None else patterns.count
    found += told.value_findings(
        {key: array[:used] if key in PER_POINT else array for key, array in arrays.items()}, probe
    )
    if axis_order is not None and patterns is not None:
        found += told.pattern_findings(axis_order, patterns)
    if scan is not None:
        found += told.scan_findings(scan, patterns.side if patterns else None, arrays)
    found.sort(key=lambda finding: ("error", "warning", "note").index(finding.level))
    return Inspection(path, headers, axis_order, scan, patterns, probe, metadata, tuple(found))


def _metadata(archive: zipfile.ZipFile, headers: Headers, found: list[Finding]) -> Metadata | None:
    if METADATA_KEY not in headers:
        return None
    with told.refusals(found, METADATA_KEY, "store the JSON text of an object as a 0-d unicode array"):
        encoded = load_metadata(archive, headers[METADATA_KEY])
        return parse_metadata(decode_metadata(encoded[METADATA_KEY])) if encoded else None
    return None


def _patterns(
    archive: zipfile.ZipFile, headers: Headers, found: list[Finding]
) -> tuple[str | None, Patterns | None]:
    """Axis order and numbers of the patterns; None where shape or dtype is none of patterns."""
    keys = [key for key in PATTERN_KEYS if _is_number(headers.get(key), "iuf")]
    points = headers["xcoords"].shape[:1] if "xcoords" in headers else ()
    try:
        axes = canonical_axes(headers[keys[0]].shape, *(points or (0,)))
    except (IndexError, ValueError):  # told by the rules of structure
        return None, None
    count, height, width = (headers[keys[0]].shape[axis] for axis in axes)
    if height != width or 0 in (count, height):
        return _AXIS_NAMES[axes], None
    if len({headers[key].shape for key in keys}) > 1:
        keys = keys[:1]
    with told.refusals(found, keys[0], "keep one of the two"):
        pieces = agreeing_patterns(archive, headers, keys, axes)
        return _AXIS_NAMES[axes], patterns_of((count, height, width), headers[keys[0]].dtype, pieces)
    return _AXIS_NAMES[axes], None


def _is_number(header: MemberHeader | None, kinds: str) -> bool:
    return header is not None and header.dtype.kind in kinds


def _plain(part: object) -> Any:
    """The fields of a part but its arrays."""
    if part is None or isinstance(part, str | bool | int):
        return part
    if isinstance(part, float):
        return part if math.isfinite(part) else None
    if isinstance(part, tuple):
        return [_plain(item) for item in part]
    values = {field.name: getattr(part, field.name) for field in fields(part)}  # type: ignore[arg-type]
    return {name: _plain(value) for name, value in values.items() if not isinstance(value, np.ndarray)}
