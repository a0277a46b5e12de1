"""Reading the NPZ contract: keys, aliases, axis orders, metadata (spec ``data.md`` 1.1, 1.2, 1.4, 1.5)."""

from __future__ import annotations

import logging
import math
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.metadata import decode_metadata, parse_metadata
from ptychoparity.reference.data.npzfile import (
    MemberHeader,
    block_rows,
    blocks,
    load_member,
    member_bytes,
    member_headers,
    naming,
    opened,
    reject_pickled,
)
from ptychoparity.reference.data.pickledtext import text_of_pickle
from ptychoparity.reference.data.validation import (
    COORDINATES,
    check_positions,
    check_structure,
    check_values,
    points_of,
)

Array = NDArray[Any]
Rows = Callable[[int], NDArray[np.intp]]

_logger = logging.getLogger(__name__)

PATTERN_KEYS = ("diff3d", "diffraction")
REQUIRED_KEYS = ("xcoords", "ycoords", "probeGuess")
OPTIONAL_KEYS = ("xcoords_start", "ycoords_start", "scan_index", "objectGuess", "Y")
METADATA_KEY = "_metadata"

_LARGEST_METADATA = 16 << 20
_MOST_NAMED = 30


def read_headers(path: str | PathLike[str]) -> dict[str, MemberHeader]:
    """Shape and dtype of every array of an NPZ file, without loading any.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an NPZ archive, or a member is damaged; the message names the file.
    """
    with opened(Path(path)) as archive:
        return member_headers(archive)


def read_npz(path: str | PathLike[str], rows: Rows | None = None) -> dict[str, Array]:
    """Read a data set under its canonical keys.

    Diffraction comes as ``diff3d`` in axis order ``(M, N, N)`` whatever its name and order in the file;
    absent start positions are copies of the positions, an absent ``scan_index`` is zeros. ``objectGuess``,
    ``Y`` and ``_metadata`` (0-d unicode) are in the result only if the file has them; other keys are not
    read. Everything that shapes and dtypes decide is checked before any array is loaded; values are left
    to `validation.validate`.

    Args:
        path: the file.
        rows: chooses points, given how many have a pattern; increasing indices. Only theirs are then kept
            in memory (unless an old axis order forbids), surplus positions and an unusable ``Y`` are
            dropped with a warning, and the values of the others are judged in passing. By default all.

    Raises:
        FileNotFoundError: no such file.
        KeyError: required keys are missing; names the file, all of them, and the keys present.
        TypeError, ValueError: spec ``data.md`` 1.4; the message starts with the file.
    """
    path = Path(path)
    with opened(path) as archive:
        headers = member_headers(archive)
        pattern_keys = check_keys(headers)
        reject_pickled(headers, allowed=(METADATA_KEY,))
        check_positions(headers)
        axes = canonical_axes(headers[pattern_keys[0]].shape, headers["xcoords"].shape[0])
        known = canonical_headers(headers, pattern_keys, axes)
        check_structure(known)
        if rows is None:
            arrays = {key: load_member(archive, key) for key in known if key != "diff3d"}
            arrays["diff3d"] = _load_patterns(archive, pattern_keys, axes)
        else:
            arrays = _load_rows(archive, headers, known, pattern_keys, axes, rows)
        if METADATA_KEY in headers:
            arrays |= load_metadata(archive, headers[METADATA_KEY])
    if axes != (0, 1, 2):
        _logger.warning("%s: legacy diffraction axis order, transposed by %s to (M,H,W)", path, axes)
    for key, start in zip(COORDINATES[:2], COORDINATES[2:], strict=True):
        arrays.setdefault(start, arrays[key].copy())
    arrays.setdefault("scan_index", np.zeros(len(arrays["xcoords"]), np.int64))
    return arrays


def read_metadata(path: str | PathLike[str]) -> dict[str, Any] | None:
    """The metadata of an NPZ file, none of its arrays read; None where it has none or broken ones.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an NPZ archive, or pickled metadata that hold more than text; names the file.
    """
    with opened(Path(path)) as archive:
        headers = member_headers(archive)
        if METADATA_KEY not in headers:
            return None
        encoded = load_metadata(archive, headers[METADATA_KEY])
    return parse_metadata(decode_metadata(encoded[METADATA_KEY])) if encoded else None


def load_metadata(archive: zipfile.ZipFile, header: MemberHeader) -> dict[str, Array]:
    """The text of ``_metadata`` as a 0-d unicode array under its key; empty, with a warning, for no text.

    Raises:
        ValueError: too long, or pickled content that is no text.
    """
    content = member_bytes(archive, METADATA_KEY, _LARGEST_METADATA)
    if header.dtype.hasobject:
        try:
            return {METADATA_KEY: np.array(text_of_pickle(content))}
        except ValueError as error:
            raise ValueError(f"{METADATA_KEY}: {error}") from error
    if header.dtype.kind != "U" or math.prod(header.shape) != 1:
        warnings.warn(
            f"{METADATA_KEY}: ignored, expected one text, got {header.dtype} of shape {header.shape}",
            UserWarning,
            stacklevel=4,
        )
        return {}
    order = "utf-32-be" if header.dtype.str.startswith(">") else "utf-32-le"
    return {METADATA_KEY: np.array(content.decode(order, errors="replace").rstrip("\0"))}


def canonical_axes(shape: tuple[int, ...], n_positions: int) -> tuple[int, int, int]:
    """The permutation that brings diffraction of ``shape`` to ``(M, H, W)`` (spec ``data.md`` 1.2).

    The length of the coordinates decides; only where no axis has it do square image axes decide. A
    trailing axis of length one of a 4-D shape is disregarded.

    Raises:
        ValueError: not three axes, or no rule decides; names the shape and the number of positions.
    """
    spatial = shape[:3] if len(shape) == 4 and shape[3] == 1 else shape
    if len(spatial) != 3:
        raise ValueError(f"diff3d: expected diffraction of three axes (N,H,W), got shape {shape}")
    first, middle, last = spatial
    if first == n_positions:
        return 0, 1, 2
    if last == n_positions and first == middle:
        return 2, 0, 1
    if middle == n_positions and first == last:
        return 1, 0, 2
    if (middle == last) != (first == middle):
        return (0, 1, 2) if middle == last else (2, 0, 1)
    raise ValueError(
        f"diff3d: cannot tell the axes of diffraction shape {shape} with {n_positions} positions; "
        "expected (N,H,W) with H = W and one pattern a position"
    )


def check_keys(headers: Mapping[str, MemberHeader]) -> list[str]:
    """The diffraction keys present.

    Raises:
        KeyError: something required is missing.
        ValueError: both names of diffraction, of different shapes.
    """
    pattern_keys = [key for key in PATTERN_KEYS if key in headers]
    missing = [key for key in REQUIRED_KEYS if key not in headers]
    if not pattern_keys:
        missing.append(" or ".join(PATTERN_KEYS))
    if missing:
        held = sorted(headers)[:_MOST_NAMED]
        more = f" and {len(headers) - len(held)} more" if len(headers) > len(held) else ""
        raise KeyError(f"missing {', '.join(missing)}; the file holds {', '.join(held) or 'no arrays'}{more}")
    if len({headers[key].shape for key in pattern_keys}) > 1:
        shapes = " and ".join(f"{key} {headers[key].shape}" for key in pattern_keys)
        raise ValueError(f"{shapes} are two names of the same data but differ in shape; keep one")
    return pattern_keys


def canonical_headers(
    headers: Mapping[str, MemberHeader], pattern_keys: list[str], axes: tuple[int, int, int]
) -> dict[str, MemberHeader]:
    """Headers of the data set's own keys, the patterns in canonical order as ``diff3d``.

    Where two names of the patterns disagree in dtype, the worse one counts.
    """
    known = {key: headers[key] for key in (*REQUIRED_KEYS, *OPTIONAL_KEYS) if key in headers}
    first = headers[pattern_keys[0]]
    dtypes = [headers[key].dtype for key in pattern_keys]
    dtype = next((dtype for dtype in dtypes if dtype.kind not in "iuf"), first.dtype)
    return known | {"diff3d": MemberHeader(tuple(first.shape[axis] for axis in axes), dtype)}


def agreeing_patterns(
    archive: zipfile.ZipFile, headers: Mapping[str, MemberHeader], keys: list[str], axes: tuple[int, int, int]
) -> Iterator[tuple[int, Array]]:
    """Patterns ``(m, N, N)`` in canonical order, with the index of the first: piece by piece where possible.

    Args:
        archive: open.
        headers: of its members.
        keys: one or two names of the patterns, of one shape.
        axes: as `canonical_axes` gives; for old orders all patterns come at once.

    Raises:
        ValueError: the second name holds other values.
    """
    if axes[0] != 0 or any(headers[key].fortran_order for key in keys):
        yield 0, _load_patterns(archive, keys, axes)
        return
    step = min(block_rows(headers[key]) for key in keys)
    streams = [blocks(archive, key, headers[key], step) for key in keys]
    for pieces in zip(*streams, strict=True):
        (start, block), others = pieces[0], pieces[1:]
        if any(not np.array_equal(block, other, equal_nan=True) for _, other in others):
            raise ValueError(_differing(keys))
        yield start, block.reshape(block.shape[:3])


def _load_patterns(archive: zipfile.ZipFile, keys: list[str], axes: tuple[int, int, int]) -> Array:
    patterns = load_member(archive, keys[0])
    if len(keys) == 2 and not np.array_equal(patterns, load_member(archive, keys[1]), equal_nan=True):
        raise ValueError(_differing(keys))
    return np.ascontiguousarray(patterns.reshape(patterns.shape[:3]).transpose(axes))


def _load_rows(
    archive: zipfile.ZipFile,
    headers: Mapping[str, MemberHeader],
    known: Mapping[str, MemberHeader],
    pattern_keys: list[str],
    axes: tuple[int, int, int],
    rows: Rows,
) -> dict[str, Array]:
    """The chosen rows of what is held for each point, and all of the rest."""
    points, per_point = points_of(known)
    chosen = rows(points)
    arrays = {key: load_member(archive, key) for key in ("probeGuess", "objectGuess") if key in known}
    for key in per_point:
        if key != "diff3d":
            arrays[key] = _chosen(key, blocks(archive, key, headers[key]), chosen)
    arrays["diff3d"] = _chosen("diff3d", agreeing_patterns(archive, headers, pattern_keys, axes), chosen)
    return arrays


def _chosen(key: str, pieces: Iterator[tuple[int, Array]], chosen: NDArray[np.intp]) -> Array:
    kept = []
    for start, block in pieces:
        check_values(key, block)
        kept.append(block[chosen[(chosen >= start) & (chosen < start + len(block))] - start])
    return np.concatenate(kept)


def _differing(keys: list[str]) -> str:
    return f"{keys[0]} and {keys[1]} are two names of the same data but differ in value; keep one"


__all__ = [
    "METADATA_KEY",
    "OPTIONAL_KEYS",
    "PATTERN_KEYS",
    "REQUIRED_KEYS",
    "MemberHeader",
    "agreeing_patterns",
    "canonical_axes",
    "canonical_headers",
    "check_keys",
    "load_metadata",
    "naming",
    "read_headers",
    "read_metadata",
    "read_npz",
]
