"""Patterns of an NPZ member in canonical order, read with bounded memory whatever order the file has (8.2).

A member of an archive cannot be mapped in place. One whose slowest axis counts the patterns is read as it
comes; of any other order a copy is made in a scratch folder first, sorted into blocks of patterns.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.npzfile import MemberHeader

Array = NDArray[Any]

PIECE_BYTES = 4 << 20
SORTED_BYTES = 64 << 20  # of a block of patterns in the scratch folder


@dataclass(frozen=True)
class StoredOrder:
    """How ``(M, H, W)`` patterns lie in a file.

    Attributes:
        shape: three lengths, slowest axis first.
        axes: the stored axis that is M, H, W.
    """

    shape: tuple[int, int, int]
    axes: tuple[int, int, int]

    @classmethod
    def of(cls, header: MemberHeader, axes: tuple[int, int, int]) -> StoredOrder:
        """Of a member with the axes `npz.canonical_axes` gives; a fourth axis of length one is dropped."""
        first, middle, last = header.shape[:3]
        if header.fortran_order:
            return cls((last, middle, first), (2 - axes[0], 2 - axes[1], 2 - axes[2]))
        return cls((first, middle, last), axes)

    @property
    def count(self) -> int:
        """M."""
        return self.shape[self.axes[0]]

    @property
    def outer(self) -> int:
        """Product of the axes slower than that of the patterns."""
        return math.prod(self.shape[: self.axes[0]])

    @property
    def inner(self) -> int:
        """Product of the axes faster than that of the patterns."""
        return math.prod(self.shape[self.axes[0] + 1 :])

    def canonical(self, values: Array, count: int) -> Array:
        """``count`` patterns, which lie one behind the other on their axis, as ``(count, H, W)``."""
        lengths = list(self.shape)
        lengths[self.axes[0]] = count
        return values.reshape(lengths).transpose(self.axes)


def piece_length(*headers: MemberHeader) -> int:
    """Values in a piece of each of these members."""
    return max(1, PIECE_BYTES // max(header.dtype.itemsize for header in headers))


def pieces(archive: zipfile.ZipFile, key: str, header: MemberHeader, count: int) -> Iterator[Array]:
    """The values of a member in the order of the file, flat, ``count`` at a time.

    Raises:
        EOFError: the member ends early.
    """
    total = math.prod(header.shape)
    with _data(archive, key, header) as stream:
        for first in range(0, total, count):
            yield _next(stream, header.dtype, min(count, total - first))


def pattern_blocks(
    archive: zipfile.ZipFile, key: str, header: MemberHeader, axes: tuple[int, int, int], scratch: Path
) -> Iterator[tuple[int, Array]]:
    """Patterns ``(m, H, W)`` in order, with the index of the first.

    Args:
        archive: open.
        key: of the member.
        header: of the member, from `npzfile.member_headers`.
        axes: as `npz.canonical_axes` gives.
        scratch: an existing folder with room for the member, used for other axis orders.

    Raises:
        EOFError: the member ends early.
    """
    order = StoredOrder.of(header, axes)
    pixels = order.outer * order.inner
    if order.outer == 1:
        step = max(1, piece_length(header) // pixels)
        for index, piece in enumerate(pieces(archive, key, header, step * pixels)):
            yield index * step, order.canonical(piece, piece.size // pixels)
        return
    step = max(1, SORTED_BYTES // (pixels * header.dtype.itemsize))
    with TemporaryFile(dir=scratch) as copy:
        with _data(archive, key, header) as stream:
            _sort(stream, header.dtype, order, step, copy)
        copy.seek(0)
        for first in range(0, order.count, step):
            count = min(step, order.count - first)
            yield first, order.canonical(_next(copy, header.dtype, count * pixels), count)


def _sort(stream: IO[bytes], dtype: np.dtype[Any], order: StoredOrder, step: int, copy: IO[bytes]) -> None:
    """Copy a member so that every ``step`` patterns lie together, in the axis order that they have.

    As many slow rows are read at once as fit a block; where not even one does, its parts are.
    """
    starts = range(0, order.count, step)
    pixels = order.outer * order.inner
    high = max(1, SORTED_BYTES // (order.count * order.inner * dtype.itemsize))
    for row in range(0, order.outer, high):
        rows = min(high, order.outer - row)
        whole = _next(stream, dtype, rows * order.count * order.inner) if high > 1 else None
        for first in starts:
            count = min(step, order.count - first)
            if whole is None:
                part = _next(stream, dtype, count * order.inner)
            else:
                part = whole.reshape(rows, order.count, order.inner)[:, first : first + count]
            copy.seek((first * pixels + row * count * order.inner) * dtype.itemsize)
            copy.write(part.tobytes())


@contextmanager
def _data(archive: zipfile.ZipFile, key: str, header: MemberHeader) -> Iterator[IO[bytes]]:
    """A member, open where its values begin."""
    size = archive.getinfo(f"{key}.npy").file_size
    with archive.open(f"{key}.npy") as stream:
        stream.read(size - math.prod(header.shape) * header.dtype.itemsize)
        yield stream


def _next(stream: IO[bytes], dtype: np.dtype[Any], count: int) -> Array:
    content = stream.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise EOFError("an array ends early")
    return np.frombuffer(content, dtype)
