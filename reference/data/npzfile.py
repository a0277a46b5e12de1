"""NPZ archives of unknown origin: headers first, bounded by what the file can hold, no pickle ever.

Nothing here knows which keys a data set has; `npz` does (spec ``data.md`` 1.4, 1.5, 8.2).
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

Array = NDArray[Any]

_CORRUPT = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    OSError,
)
_UNREADABLE = "not a readable NPZ archive (truncated, damaged or another format)"
_HEADER_READERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
    (3, 0): npy_format.read_array_header_2_0,  # 3.0 differs only in the encoding of field names
}
_LONGEST_HEADER = 10_000  # what NumPy itself accepts, but it reads the header before it looks
_LARGEST_RATIO = 1032  # deflate cannot shrink data further than this
_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True)
class MemberHeader:
    """Shape and dtype of one array of an NPZ, known without loading it."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool = False


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name in front of a KeyError, TypeError or ValueError."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        kind = next(kind for kind in (KeyError, TypeError, ValueError) if isinstance(error, kind))
        raise kind(f"{path}: {one_line(error)}") from error


def one_line(error: Exception | Warning) -> str:
    """What an error or warning says, on one line: names from a file may hold any character."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive for reading.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an archive, or damaged where the block reads it.
        KeyError, TypeError, ValueError: as raised in the block. All messages start with the file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such data file")
    with naming(path):
        try:
            # The file is closed here even if a suspended reader of a member still holds the archive.
            with path.open("rb") as file, zipfile.ZipFile(file) as archive:
                yield archive
        except PermissionError:
            raise
        except _CORRUPT as error:
            raise ValueError(f"{_UNREADABLE}: {error}") from error


def member_headers(archive: zipfile.ZipFile) -> dict[str, MemberHeader]:
    """Shape, dtype and order of every array.

    Raises:
        ValueError: a name that occurs twice, a header that makes no sense, or one that promises other than
            what the member holds; names the member.
    """
    names = [name for name in archive.namelist() if name.endswith(".npy")]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise ValueError(f"{', '.join(twice[:5])}: stored twice in the archive; keep one")
    return {name.removesuffix(".npy"): _header(archive, name) for name in names}


def reject_pickled(headers: Mapping[str, MemberHeader], allowed: tuple[str, ...] = ()) -> None:
    """ValueError for object arrays, whose content is pickled; ``allowed`` keys may hold a 0-d one."""
    for key, header in headers.items():
        if header.dtype.hasobject and (key not in allowed or header.shape != ()):
            raise ValueError(
                f"{key}: pickled object array of shape {header.shape} refused, store plain numbers"
            )


def load_member(archive: zipfile.ZipFile, key: str) -> Array:
    """One whole array; its header must have been read by `member_headers`."""
    with archive.open(f"{key}.npy") as stream:
        array: Array = npy_format.read_array(stream, allow_pickle=False)
    return array


def block_rows(header: MemberHeader) -> int:
    """Rows along the first axis that take a few MiB, at least one."""
    return max(1, _BLOCK_BYTES // max(1, math.prod(header.shape[1:]) * header.dtype.itemsize))


def blocks(
    archive: zipfile.ZipFile, key: str, header: MemberHeader, step: int | None = None
) -> Iterator[tuple[int, Array]]:
    """An array piece by piece along its first axis: ``(index of the first row, rows)``.

    Args:
        header: of the member, from `member_headers`.
        step: rows in a piece; by default as many as `block_rows` says. An array in Fortran order or without
            axes comes as one piece.
    """
    if header.fortran_order or not header.shape or 0 in header.shape:
        yield 0, load_member(archive, key)
        return
    row = math.prod(header.shape[1:]) * header.dtype.itemsize
    step = block_rows(header) if step is None else step
    with archive.open(f"{key}.npy") as stream:
        _read_header(stream, key)
        for start in range(0, header.shape[0], step):
            count = min(step, header.shape[0] - start)
            content = stream.read(count * row)
            if len(content) < count * row:
                raise EOFError(f"{key} ends early")
            yield start, np.frombuffer(content, header.dtype).reshape(count, *header.shape[1:])


def member_bytes(archive: zipfile.ZipFile, key: str, limit: int) -> bytes:
    """What follows the header of a member; ValueError beyond ``limit`` bytes."""
    with archive.open(f"{key}.npy") as stream:
        _read_header(stream, key)
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{key}: more than {limit} bytes")
    return content


def _header(archive: zipfile.ZipFile, member: str) -> MemberHeader:
    _check_size(archive, member)
    with archive.open(member) as stream:
        header = _read_header(stream, member)
        held = archive.getinfo(member).file_size - stream.tell()
    shape, dtype = header.shape, header.dtype
    if min(shape, default=0) < 0:
        raise ValueError(f"{member}: header promises a negative length, shape {shape}")
    if not dtype.hasobject and held != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"{member}: header promises shape {shape} of {dtype}, but the member holds {held} bytes"
        )
    return header


def _check_size(archive: zipfile.ZipFile, member: str) -> None:
    """ValueError for a member that claims more than its stored bytes can give."""
    info = archive.getinfo(member)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(
            f"{member}: ZIP compression method {info.compress_type} is not allowed; "
            "write with numpy.savez or numpy.savez_compressed"
        )
    ratio = 1 if info.compress_type == zipfile.ZIP_STORED else _LARGEST_RATIO
    total = 0 if archive.filename is None else Path(archive.filename).stat().st_size
    if info.file_size > ratio * info.compress_size or info.compress_size > total:
        raise ValueError(
            f"{member}: claims {info.file_size} bytes from {info.compress_size} stored ones in a file of "
            f"{total}; damaged or never written"
        )


def _read_header(stream: IO[bytes], member: str) -> MemberHeader:
    """Header of a member; the stream then stands at the first byte of data."""
    try:
        version = npy_format.read_magic(stream)
        if version not in _HEADER_READERS:
            raise ValueError(f"format version {version} is unknown, expected 1.0, 2.0 or 3.0")
        prefix = stream.read(2 if version == (1, 0) else 4)
        length = int.from_bytes(prefix, "little")
        if length > _LONGEST_HEADER:
            raise ValueError(f"header of {length} bytes is too long, expected at most {_LONGEST_HEADER}")
        shape, fortran, dtype = _HEADER_READERS[version](io.BytesIO(prefix + stream.read(length)))
    except _CORRUPT:
        raise
    except Exception as error:  # NumPy parses the header as Python text, which can fail in many ways
        raise ValueError(f"{member}: {error or 'header makes no sense'}") from error
    return MemberHeader(shape, dtype, fortran)
