"""Reading the NPZ contract: headers first, no pickle ever (spec ``data.md`` 1.1, 1.2, 1.4, 1.5)."""

from __future__ import annotations

import logging
import lzma
import math
import pickle
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from ptychoparity.reference.data.metadata import parse_metadata
from ptychoparity.reference.data.validation import COORDINATES, check_positions, check_structure

Array = NDArray[Any]

_logger = logging.getLogger(__name__)

PATTERN_KEYS = ("diff3d", "diffraction")
REQUIRED_KEYS = ("xcoords", "ycoords", "probeGuess")
OPTIONAL_KEYS = ("xcoords_start", "ycoords_start", "scan_index", "objectGuess", "Y")
METADATA_KEY = "_metadata"

_CORRUPT = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, OSError)
_UNREADABLE = "not a readable NPZ archive (truncated, damaged or another format)"
_HEADER_READERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
    (3, 0): npy_format.read_array_header_2_0,  # 3.0 differs only in the encoding of field names
}


@dataclass(frozen=True)
class MemberHeader:
    """Shape and dtype of one array of an NPZ, known without loading it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def read_headers(path: str | PathLike[str]) -> dict[str, MemberHeader]:
    """Shape and dtype of every array of an NPZ file, without loading any.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an NPZ archive, or a member is damaged; the message names the file.
    """
    with _opened(Path(path)) as archive:
        return _headers(archive)


def read_npz(path: str | PathLike[str]) -> dict[str, Array]:
    """Read a data set under its canonical keys.

    Diffraction comes as ``diff3d`` in axis order ``(M, N, N)`` whatever its name and order in the file;
    absent start positions are copies of the positions, an absent ``scan_index`` is zeros. ``objectGuess``,
    ``Y`` and ``_metadata`` (0-d unicode) are in the result only if the file has them; other keys are not
    read. Everything that shapes and dtypes decide is checked before any array is loaded; values are left
    to `validation.validate`.

    Raises:
        FileNotFoundError: no such file.
        KeyError: required keys are missing; names the file, all of them, and the keys present.
        TypeError, ValueError: spec ``data.md`` 1.4; the message starts with the file.
    """
    path = Path(path)
    with _opened(path) as archive:
        headers = _headers(archive)
        pattern_keys = _check_keys(headers)
        _reject_pickled(headers)
        check_positions(headers)
        axes = canonical_axes(headers[pattern_keys[0]].shape, headers["xcoords"].shape[0])
        wanted = [key for key in (*REQUIRED_KEYS, *OPTIONAL_KEYS) if key in headers]
        check_structure(
            {key: headers[key] for key in wanted} | {"diff3d": _reordered(headers, pattern_keys, axes)}
        )
        arrays = {key: _load(archive, key) for key in wanted}
        if METADATA_KEY in headers:
            arrays[METADATA_KEY] = _load_metadata(archive, headers[METADATA_KEY])
        arrays["diff3d"] = _load_patterns(archive, pattern_keys, axes)
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
    path = Path(path)
    with _opened(path) as archive:
        headers = _headers(archive)
        if METADATA_KEY not in headers:
            return None
        text = _load_metadata(archive, headers[METADATA_KEY])
    return parse_metadata(str(text.item() if text.size == 1 else text))


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


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name in front of a KeyError, TypeError or ValueError."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        kind = next(kind for kind in (KeyError, TypeError, ValueError) if isinstance(error, kind))
        raise kind(f"{path}: {error.args[0] if kind is KeyError else error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such data file")
    with naming(path):
        try:
            with zipfile.ZipFile(path) as archive:
                yield archive
        except PermissionError:
            raise
        except _CORRUPT as error:
            raise ValueError(f"{_UNREADABLE}: {error}") from error


def _headers(archive: zipfile.ZipFile) -> dict[str, MemberHeader]:
    members = (name for name in archive.namelist() if name.endswith(".npy"))
    return {name.removesuffix(".npy"): _header(archive, name) for name in members}


def _header(archive: zipfile.ZipFile, member: str) -> MemberHeader:
    with archive.open(member) as stream:
        shape, dtype = _read_header(stream, member)
        held = archive.getinfo(member).file_size - stream.tell()
    if not dtype.hasobject and held != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"{member}: header promises shape {shape} of {dtype}, but the member holds {held} bytes"
        )
    return MemberHeader(shape, dtype)


def _read_header(stream: IO[bytes], member: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = npy_format.read_magic(stream)
        if version not in _HEADER_READERS:
            raise ValueError(f"format version {version} is unknown, expected 1.0, 2.0 or 3.0")
        shape, _, dtype = _HEADER_READERS[version](stream)
    except ValueError as error:
        raise ValueError(f"{member}: {error}") from error
    return shape, dtype


def _check_keys(headers: Mapping[str, MemberHeader]) -> list[str]:
    """The diffraction keys present; KeyError where something required is missing."""
    pattern_keys = [key for key in PATTERN_KEYS if key in headers]
    missing = [key for key in REQUIRED_KEYS if key not in headers]
    if not pattern_keys:
        missing.append(" or ".join(PATTERN_KEYS))
    if missing:
        raise KeyError(
            f"missing {', '.join(missing)}; the file holds {', '.join(sorted(headers)) or 'no arrays'}"
        )
    if len({headers[key].shape for key in pattern_keys}) > 1:
        shapes = " and ".join(f"{key} {headers[key].shape}" for key in pattern_keys)
        raise ValueError(f"{shapes} are two names of the same data but differ in shape; keep one")
    return pattern_keys


def _reject_pickled(headers: Mapping[str, MemberHeader]) -> None:
    for key, header in headers.items():
        if header.dtype.hasobject and (key != METADATA_KEY or header.shape != ()):
            raise ValueError(
                f"{key}: pickled object array of shape {header.shape} refused, store plain numbers"
            )


def _reordered(headers: Mapping[str, MemberHeader], keys: list[str], axes: tuple[int, ...]) -> MemberHeader:
    """The header of the patterns in canonical order, with the worse dtype where two names disagree."""
    dtype = next(
        (headers[key].dtype for key in keys if headers[key].dtype.kind not in "iuf"), headers[keys[0]].dtype
    )
    return MemberHeader(tuple(headers[keys[0]].shape[axis] for axis in axes), dtype)


def _load(archive: zipfile.ZipFile, key: str) -> Array:
    with archive.open(f"{key}.npy") as stream:
        array: Array = npy_format.read_array(stream, allow_pickle=False)
    return array


def _load_patterns(archive: zipfile.ZipFile, keys: list[str], axes: tuple[int, int, int]) -> Array:
    patterns = _load(archive, keys[0])
    if len(keys) == 2 and not np.array_equal(patterns, _load(archive, keys[1]), equal_nan=True):
        raise ValueError(
            f"{keys[0]} and {keys[1]} are two names of the same data but differ in value; keep one"
        )
    return np.ascontiguousarray(patterns.reshape(patterns.shape[:3]).transpose(axes))


class _PickledArray:
    """Stands in for a NumPy array or dtype while the old pickled ``_metadata`` is read."""

    def __init__(self, *_: object) -> None:
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state

    def only_text(self) -> str:
        """The one string of a 0-d object array, whose state is (version, shape, dtype, order, items)."""
        match self.state:
            case (_, (), _PickledArray(), _, [str(text)]):
                return text
        raise pickle.UnpicklingError("expected a 0-d array of str")


class _TextUnpickler(pickle.Unpickler):
    """Loads only NumPy arrays of str: the names they need are stand-ins, every other name is refused."""

    _ALLOWED = frozenset(
        {
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
        }
    )

    def find_class(self, module: str, name: str) -> type[_PickledArray]:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return _PickledArray


def _load_metadata(archive: zipfile.ZipFile, header: MemberHeader) -> Array:
    if not header.dtype.hasobject:
        return _load(archive, METADATA_KEY)
    with archive.open(f"{METADATA_KEY}.npy") as stream:
        _read_header(stream, METADATA_KEY)
        try:
            loaded = _TextUnpickler(stream).load()
            if not isinstance(loaded, _PickledArray):
                raise pickle.UnpicklingError("expected a 0-d array of str")
            return np.array(loaded.only_text())
        except Exception as error:  # a hostile pickle may fail in any way; all of them mean the same
            raise ValueError(f"{METADATA_KEY}: pickled content refused ({error})") from error
