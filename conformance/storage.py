"""HDF5 files of cases and of evidence: nested values, arrays stored once by digest, and a footer.

Layout: attribute ``header`` (JSON); ``arrays/<sha256>``, each array once; ``cases/<scenario>/<name>``, a
JSON text in which an array is ``{"$array": digest}``; dataset ``footer`` (JSON), written last.
A file is written under a temporary name, synced, and renamed: a file without its footer, or with
a footer that does not fit its cases, was not finished or was tampered with.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_LARGE = 2**20
_KEPT = 2


_UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, OSError, RuntimeError)
"""What h5py raises for bytes that make no sense, depending on where they are."""


class BrokenFile(ValueError):  # noqa: N818  (a state of a file, reported as an outcome)
    """An evidence or case file is not whole; the message names the file and what is wrong."""


def array_digest(array: Array) -> str:
    """SHA-256 of dtype, shape and bytes."""
    array = np.asarray(array, order="C")
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(first: Any, second: Any) -> bool:
    """Equal to the bit, through nested dictionaries and lists; what is of another type is not the same."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, np.ndarray):
        return array_digest(first) == array_digest(second)
    both_nan = first != first and second != second  # only NaN differs from itself
    return bool(first == second or both_nan)


def check_storable(name: str, value: Any) -> None:
    """Refuse what is neither a plain value nor a NumPy array of numbers, before it reaches a file.

    Raises:
        TypeError: naming where it is and its type.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            check_storable(f"{name} {key}", item)
    elif isinstance(value, list | tuple):
        for item in value:
            check_storable(name, item)
    elif isinstance(value, np.ndarray):
        if value.dtype.kind not in "biufc":
            raise TypeError(f"{name} is an array of dtype {value.dtype}; the contract asks for numbers")
    elif not (value is None or isinstance(value, bool | int | float | str | np.number | np.bool_)):
        raise TypeError(
            f"{name} is a {type(value).__name__}; the contract asks for NumPy arrays and plain values"
        )


class Writer:
    """Write a file of cases or evidence; leaves nothing behind unless `finish` was reached."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._file = h5py.File(self._partial, "w")
        self._file.attrs["header"] = json.dumps(header)
        self._digests: dict[str, str] = {}

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()
            self._partial.unlink(missing_ok=True)

    def add(self, case_id: str, value: dict[str, Any]) -> str:
        """Store one case's nested value; returns the digest of all of it."""
        text = json.dumps(self._encode(value), sort_keys=True)
        self._file.create_dataset(f"cases/{case_id}", data=text)
        self._digests[case_id] = text_digest(text)
        return self._digests[case_id]

    def finish(self, **footer: Any) -> None:
        """Write the footer, sync, and give the file its name."""
        listing = json.dumps(self._digests, sort_keys=True)
        footer = {**footer, "cases": len(self._digests), "digest": text_digest(listing)}
        self._file.create_dataset("footer", data=json.dumps(footer))
        self._file.close()
        with self._partial.open("rb") as handle:
            os.fsync(handle.fileno())
        self._partial.replace(self._path)

    def _encode(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): self._encode(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._encode(item) for item in value]
        if isinstance(value, np.ndarray):
            digest = array_digest(value)
            if f"arrays/{digest}" not in self._file:
                packing = {"compression": "lzf"} if value.nbytes > 4096 else {}
                self._file.create_dataset(f"arrays/{digest}", data=value, **packing)
            return {"$array": digest}
        if isinstance(value, np.generic):
            return value.item()
        return value


class Reader:
    """Read a file of cases or evidence.

    Raises:
        BrokenFile: no HDF5 file, no footer, or a footer that does not fit.
        FileNotFoundError: no such file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: dict[str, Array] = {}
        if not path.is_file():
            raise FileNotFoundError(f"no such file: {path}")
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            raise BrokenFile(f"{path} is not a readable HDF5 file ({error}); record it again") from error
        try:
            self.header: dict[str, Any] = json.loads(self._file.attrs["header"])
            self.footer: dict[str, Any] = json.loads(self._text("footer"))
            promised = self.footer["digest"]
        except _UNREADABLE as error:
            raise BrokenFile(f"{path} has no header or footer: its recording did not finish") from error
        digests = {case: text_digest(self._text(f"cases/{case}")) for case in self.case_ids()}
        if promised != text_digest(json.dumps(digests, sort_keys=True)):
            raise BrokenFile(f"{path}: the footer's digest does not fit its {len(digests)} cases")

    def case_ids(self) -> list[str]:
        """Ids ``scenario/name`` of all cases."""
        try:
            cases = self._file.get("cases", {})
            return [f"{scenario}/{name}" for scenario in cases for name in cases[scenario]]
        except _UNREADABLE as error:
            raise self._damaged("cases", error) from error

    def __contains__(self, case_id: str) -> bool:
        return f"cases/{case_id}" in self._file

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for case_id in self.case_ids():
            yield case_id, self.load(case_id)

    def tree(self, case_id: str) -> dict[str, Any]:
        """A case's value with arrays left as ``{"$array": digest}``."""
        value: dict[str, Any] = json.loads(self._text(f"cases/{case_id}"))
        return value

    def load(self, case_id: str) -> dict[str, Any]:
        """A case's value with its arrays."""
        value: dict[str, Any] = self.resolve(self.tree(case_id))
        return value

    def resolve(self, value: Any) -> Any:
        """Replace array references by arrays, checking their digests."""
        if isinstance(value, dict):
            if set(value) == {"$array"}:
                return self._array(value["$array"])
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        return value

    def _array(self, digest: str) -> Array:
        """A stored array, read-only; the last large ones are kept, since cases of one scan share them."""
        if digest not in self._kept:
            array = np.asarray(self._read(f"arrays/{digest}"))
            if array_digest(array) != digest:
                raise BrokenFile(f"{self.path}: array {digest[:12]} does not fit its digest")
            array.flags.writeable = False
            if array.nbytes < _LARGE:
                return array
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[digest] = array
        return self._kept[digest]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _text(self, name: str) -> str:
        text = self._read(name)
        if not isinstance(text, bytes):
            raise BrokenFile(f"{self.path}: {name} is no text; record it again")
        return text.decode(errors="replace")

    def _read(self, name: str) -> Any:
        try:
            return self._file[name][()]
        except _UNREADABLE as error:
            raise self._damaged(name, error) from error

    def _damaged(self, name: str, error: Exception) -> BrokenFile:
        return BrokenFile(f"{self.path}: {name} cannot be read ({error}); record it again")
