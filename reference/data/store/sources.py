"""What a store is made of: NPZ files or arrays, judged before they are copied (spec ``data.md`` 1.4, 8.2)."""

from __future__ import annotations

import hashlib
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data import validation
from ptychoparity.reference.data.metadata import get_nphotons, recorded_nphotons
from ptychoparity.reference.data.npz import (
    METADATA_KEY,
    agreeing_patterns,
    canonical_axes,
    canonical_headers,
    check_keys,
    read_metadata,
)
from ptychoparity.reference.data.npzfile import (
    MemberHeader,
    load_member,
    member_headers,
    naming,
    opened,
    reject_pickled,
)
from ptychoparity.reference.data.store.streaming import PIECE_BYTES, pattern_blocks, piece_length, pieces
from ptychoparity.reference.physics.probe import as_modes

Array = NDArray[Any]
Blocks = Iterator[tuple[int, Array]]

_SMALL = (*validation.COORDINATES, "scan_index", "probeGuess", "objectGuess")


@dataclass(frozen=True)
class Points:
    """What is known of a file besides its images.

    Attributes:
        count: points with a pattern.
        side: N of the patterns.
        arrays: the four coordinates and ``scan_index`` ``(count,)``, ``probeGuess`` ``(P, N, N)`` complex64,
            and ``objectGuess`` if there is one.
        labels: key of the ready-made patches; empty if there are none.
        nphotons: of the metadata; NaN where they do not say.
    """

    count: int
    side: int
    arrays: dict[str, Array]
    labels: str = ""
    nphotons: float = float("nan")


class Source(Protocol):
    """One experiment."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""

    def identity(self) -> dict[str, Any]:
        """What changes when the content does."""

    def points(self) -> Points:
        """All but the images; raises where shapes, dtypes or these values are wrong."""

    def check_images(self) -> None:
        """Raise where values of the images are wrong; nothing is kept."""

    def patterns(self, scratch: Path) -> Blocks:
        """Blocks ``(m, N, N)`` with the index of the first."""

    def labels(self, scratch: Path) -> Blocks:
        """The same of the ready-made patches."""


def npz_files(path: str | PathLike[str]) -> list[Path]:
    """A file, or the NPZ files of a folder by name; group caches are none of them.

    Raises:
        FileNotFoundError: no such file, or a folder without any.
    """
    path = Path(path)
    if not path.is_dir():
        return [path]
    found = [entry for entry in path.glob("*.npz") if entry.is_file()]
    found = [entry for entry in found if not entry.name.endswith(".groups_cache.npz")]
    if not found:
        raise FileNotFoundError(f"{path}: the folder holds no .npz file")
    return sorted(found, key=lambda entry: entry.name)


@dataclass
class NpzSource:
    """An NPZ file; its images are read piece by piece, twice: to judge them and to copy them."""

    path: Path
    _headers: dict[str, MemberHeader] = field(default_factory=dict)
    _keys: list[str] = field(default_factory=list)
    _axes: tuple[int, int, int] = (0, 1, 2)
    _labels: str = ""

    @property
    def name(self) -> str:
        """The file as given."""
        return str(self.path)

    def identity(self) -> dict[str, Any]:
        """Name, size, time of modification; digest of headers and of the archive's own checksums."""
        with opened(self.path) as archive:
            members = sorted((info.filename, info.file_size, info.CRC) for info in archive.infolist())
            headers = sorted((key, repr(header)) for key, header in member_headers(archive).items())
        status = self.path.stat()
        return {
            "name": self.path.name,
            "size": status.st_size,
            "mtime_ns": status.st_mtime_ns,
            "digest": hashlib.sha256(repr((members, headers)).encode()).hexdigest(),
        }

    def points(self) -> Points:
        """Headers first, then the small arrays."""
        with opened(self.path) as archive:
            self._headers = headers = member_headers(archive)
            self._keys = check_keys(headers)
            reject_pickled(headers, allowed=(METADATA_KEY,))
            validation.check_positions(headers)
            self._axes = canonical_axes(headers[self._keys[0]].shape, headers["xcoords"].shape[0])
            known = canonical_headers(headers, self._keys, self._axes)
            validation.check_structure(known)
            count, per_point = validation.points_of(known)
            self._labels = _label_key(headers, known, per_point)
            arrays = {key: load_member(archive, key) for key in _SMALL if key in known}
            side = known["diff3d"].shape[1]
            arrays = _judged(arrays, count, side)
        metadata = read_metadata(self.path)
        with naming(self.path):
            nphotons = float("nan") if recorded_nphotons(metadata) is None else get_nphotons(metadata)
        return Points(count, side, arrays, self._labels, nphotons)

    def check_images(self) -> None:
        """Pieces in the order of the file; two names of the patterns must agree."""
        with opened(self.path) as archive:
            lit = False
            for piece in self._agreeing(archive):
                validation.check_values("diff3d", piece)
                lit = lit or bool(piece.any())
            if not lit:
                raise ValueError("diff3d: diffraction is zero everywhere, so it cannot be normalised")
            if self._labels:
                header = self._headers[self._labels]
                for piece in pieces(archive, self._labels, header, piece_length(header)):
                    validation.check_values("Y", piece)

    def patterns(self, scratch: Path) -> Blocks:
        """Whatever the axis order of the file."""
        return self._blocks(self._keys[0], self._axes, scratch)

    def labels(self, scratch: Path) -> Blocks:
        """Patches have one axis order only."""
        return self._blocks(self._labels, (0, 1, 2), scratch)

    def _blocks(self, key: str, axes: tuple[int, int, int], scratch: Path) -> Blocks:
        with opened(self.path) as archive:
            yield from pattern_blocks(archive, key, self._headers[key], axes, scratch)

    def _agreeing(self, archive: zipfile.ZipFile) -> Iterator[Array]:
        headers = [self._headers[key] for key in self._keys]
        if len({header.fortran_order for header in headers}) > 1:  # two names, two orders: rare, so in memory
            for _, block in agreeing_patterns(archive, self._headers, self._keys, self._axes):
                yield block
            return
        step = piece_length(*headers)
        streams = [
            pieces(archive, key, header, step) for key, header in zip(self._keys, headers, strict=True)
        ]
        for same in zip(*streams, strict=True):
            if len(same) == 2 and not np.array_equal(*same, equal_nan=True):
                names = " and ".join(self._keys)
                raise ValueError(f"{names} are two names of the same data but differ in value; keep one")
            yield same[0]


@dataclass
class ArraySource:
    """Arrays in memory, unsupervised (spec ``data.md`` 8.2): positions are ordered [y, x] here and only here.

    Attributes:
        diffraction: ``(n, N, N)`` amplitude.
        probe: ``(N, N)`` or ``(P, N, N)`` complex.
        positions: ``(n, 2)`` rows [y, x] in object pixels.
    """

    diffraction: Array
    probe: Array
    positions: Array
    name: str = "arrays"
    path: None = None

    def identity(self) -> dict[str, Any]:
        """A digest of all content; arrays have no time of modification."""
        digest = hashlib.sha256()
        for array in (self.diffraction, self.probe, self.positions):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            for _, block in _slices(array):
                digest.update(np.ascontiguousarray(block).tobytes())
        return {
            "name": self.name,
            "size": self.diffraction.nbytes,
            "mtime_ns": None,
            "digest": digest.hexdigest(),
        }

    def points(self) -> Points:
        """The rules of a file, and pairs of coordinates."""
        if self.positions.ndim != 2 or self.positions.shape[1] != 2:
            raise ValueError(f"positions: expected shape (n, 2) of [y, x], got {self.positions.shape}")
        y, x = self.positions.T
        arrays = {"xcoords": x, "ycoords": y, "probeGuess": self.probe}
        validation.check_structure(arrays | {"diff3d": self.diffraction})
        count, _ = validation.points_of(arrays | {"diff3d": self.diffraction})
        side = self.diffraction.shape[1]
        return Points(count, side, _judged(arrays, count, side))

    def check_images(self) -> None:
        """Block by block."""
        lit = False
        for _, block in _slices(self.diffraction):
            validation.check_values("diff3d", block)
            lit = lit or bool(block.any())
        if not lit:
            raise ValueError("diff3d: diffraction is zero everywhere, so it cannot be normalised")

    def patterns(self, scratch: Path) -> Blocks:  # noqa: ARG002 - arrays need no scratch folder
        """Views."""
        return _slices(self.diffraction)

    def labels(self, scratch: Path) -> Blocks:  # noqa: ARG002
        """None: arrays come without."""
        return iter(())


def _slices(array: Array) -> Blocks:
    step = max(1, PIECE_BYTES // max(1, array[:1].nbytes))
    return ((first, array[first : first + step]) for first in range(0, len(array), step))


def _label_key(
    headers: Mapping[str, MemberHeader], known: Mapping[str, MemberHeader], per_point: list[str]
) -> str:
    """``Y`` if it is usable, else ``label``, else nothing; ValueError for a ``label`` that is no patches."""
    if "Y" in per_point:
        return "Y"
    if "label" not in headers:
        return ""
    try:
        validation.check_labels({**known, "Y": headers["label"]})
    except ValueError as error:
        raise ValueError(f"label, another name of Y: {error}") from error
    return "label" if headers["label"].shape[:1] == known["diff3d"].shape[:1] else ""


def _judged(arrays: Mapping[str, Array], count: int, side: int) -> dict[str, Array]:
    """The small arrays, cut to the points with a pattern, checked, complete."""
    cut = {key: array[:count] if key in validation.PER_POINT else array for key, array in arrays.items()}
    kept = validation.validate(cut)
    for key, start in zip(validation.COORDINATES[:2], validation.COORDINATES[2:], strict=True):
        kept.setdefault(start, kept[key])
    kept.setdefault("scan_index", np.zeros(count, np.int64))
    kept["probeGuess"] = as_modes(kept["probeGuess"]).astype(np.complex64)
    if "objectGuess" in kept and min(kept["objectGuess"].shape) < side:
        shape = kept["objectGuess"].shape
        warnings.warn(
            f"objectGuess: shape {shape} is smaller than the pattern side {side}", UserWarning, stacklevel=4
        )
    return kept
