"""Images of a store on disk, written and read block by block, never all at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Opener = Callable[[str, int], int]

_GATHERED_BYTES = 32 << 20


class ImageWriter:
    """An .npy file ``(count, side, side)``; what is not written is zero."""

    def __init__(self, path: Path, count: int, side: int, dtype: DTypeLike) -> None:
        self._dtype = np.dtype(dtype)
        self._bytes = side**2 * self._dtype.itemsize
        self._stream = open(path, "xb")  # noqa: SIM115 - closed by __exit__
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (count, side, side)}
        npy_format.write_array_header_1_0(self._stream, header)
        self._start = self._stream.tell()
        self._stream.truncate(self._start + count * self._bytes)

    def __enter__(self) -> ImageWriter:
        return self

    def __exit__(self, *_: object) -> None:
        with self._stream:
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def write(self, first: int, block: Array) -> None:
        """Put images ``(m, side, side)`` at index ``first``."""
        self._stream.seek(self._start + first * self._bytes)
        self._stream.write(np.ascontiguousarray(block, self._dtype).data)


class ImageReader:
    """An .npy file ``(count, side, side)`` that stays open.

    It is read and not mapped: a page fault brings in its surroundings, which for scattered images is many
    times what is wanted.

    Raises:
        ValueError: another shape or dtype than expected, or a file of another length.
    """

    def __init__(self, name: str, opener: Opener, shape: tuple[int, int, int], dtype: DTypeLike) -> None:
        self._side, self._dtype = shape[1], np.dtype(dtype)
        self._bytes = self._side**2 * self._dtype.itemsize
        self._stream = open(name, "rb", opener=opener)  # noqa: SIM115 - stays open
        try:
            npy_format.read_magic(self._stream)
            found = npy_format.read_array_header_1_0(self._stream)
            self._start = self._stream.tell()
            size, held = self._start + shape[0] * self._bytes, os.fstat(self._stream.fileno()).st_size
            if found != (shape, False, self._dtype) or held != size:
                raise ValueError(
                    f"{name}: expected {shape} of {self._dtype} in {size} bytes, found {found} in {held}"
                )
        except ValueError:
            self._stream.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def groups(self, rows: Array) -> Array:
        """The images of ``(B, C)`` rows as ``(B, C, side, side)``."""
        out = np.empty((*rows.shape, self._side, self._side), self._dtype)
        self._gather(rows, out)
        return out

    def groups_channels_last(self, rows: Array) -> Array:
        """The images of ``(B, C)`` rows as ``(B, side, side, C)``."""
        out = np.empty((rows.shape[0], self._side, self._side, rows.shape[1]), self._dtype)
        self._gather(rows, out.transpose(0, 3, 1, 2))
        return out

    def _gather(self, rows: Array, out: Array) -> None:
        step = max(1, _GATHERED_BYTES // (self._bytes * rows.shape[1]))
        for first in range(0, len(rows), step):
            part = slice(first, first + step)
            wanted, place = np.unique(rows[part], return_inverse=True)
            out[part] = self._read(wanted)[place.reshape(rows[part].shape)]

    def _read(self, wanted: Array) -> Array:
        """Images of increasing rows: one read for each run of neighbours in the file."""
        images = np.empty((len(wanted), self._side, self._side), self._dtype)
        breaks = np.flatnonzero(np.diff(wanted) != 1) + 1
        for first, last in pairwise([0, *breaks.tolist(), len(wanted)]):
            self._fill(images[first:last], self._start + int(wanted[first]) * self._bytes)
        return images

    def _fill(self, images: Array, offset: int) -> None:
        rest = images.reshape(-1).view(np.uint8).data
        while len(rest):  # one read may bring less than was asked for
            count = os.preadv(self._stream.fileno(), [rest], offset)
            if count == 0:
                raise OSError(f"{self._stream.name}: was cut short while it was open")
            rest, offset = rest[count:], offset + count
