"""What the HDF5 library does not judge before it reads text of variable length: its end and its length.

Such text lies in collections of the global heap; an attribute or dataset holds a 16-byte reference to it,
which begins with its length. The library allocates whatever that length says, up to 4 GiB, and follows the
objects of a collection even in a circle. Everything here works on the bytes of the file alone.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

# Signature and version of a collection; its header and those of its objects have one length.
_HEAP = b"GCOL\x01"
_HEAP_ENTRY = 16
_VARIABLE_LENGTH_CLASS = 9
# Version of an attribute message to the bytes before the attribute's name, and to the padding of its parts.
_ATTRIBUTE_VERSIONS = {1: (8, 8), 2: (8, 1), 3: (9, 1)}


def check_heaps(path: Path) -> None:
    """ValueError if a collection of text values leads nowhere or in a circle.

    Collections whose header the library refuses itself are passed over.
    """
    with _content(path) as content:
        for at in _occurrences(content, _HEAP):
            if not _ends(content, at):
                raise ValueError(f"the list of text values at byte {at} is damaged")


def check_attribute(path: Path, name: str) -> None:
    """ValueError if an attribute of this name claims a text longer than the file, or is not found in it."""
    with _content(path) as content:
        lengths = list(_attribute_lengths(content, name.encode() + b"\0"))
        if not lengths or max(lengths) > len(content):
            raise ValueError(
                f"attribute {name}: claims a text longer than the file, or its type is not plain"
            )


def check_dataset(path: Path, dataset: h5py.Dataset) -> None:
    """ValueError if a dataset of one text claims one longer than the file, or is not stored contiguously."""
    at = dataset.id.get_offset()
    with _content(path) as content:
        if at is None or _number(content, at, 4) > len(content):
            raise ValueError(f"{dataset.name}: claims a text longer than the file, or is not contiguous")


def _ends(content: mmap.mmap, start: int) -> bool:
    """Whether the collection at ``start`` can be walked from object to object to its end."""
    end = start + _number(content, start + 8, 8)
    if end > len(content):
        return True
    at = start + _HEAP_ENTRY
    while at + _HEAP_ENTRY <= end:
        length = _number(content, at + 8, 8)
        step = _HEAP_ENTRY + _padded(length, 8) if _number(content, at, 2) else length
        if not 0 < step <= end - at:
            return False
        at += step
    return True


def _attribute_lengths(content: mmap.mmap, name: bytes) -> Iterator[int]:
    """The text length in each attribute message for this name whose type is of variable length."""
    for at in _occurrences(content, name):
        for version, (before, padding) in _ATTRIBUTE_VERSIONS.items():
            head = at - before
            if head < 0 or content[head] != version or _number(content, head + 2, 2) != len(name):
                continue
            kind = at + _padded(len(name), padding)
            shape = kind + _padded(_number(content, head + 4, 2), padding)
            if kind < len(content) and content[kind] & 15 == _VARIABLE_LENGTH_CLASS:
                yield _number(content, shape + _padded(_number(content, head + 6, 2), padding), 4)


@contextmanager
def _content(path: Path) -> Iterator[mmap.mmap]:
    with open(path, "rb") as stream:
        if not os.fstat(stream.fileno()).st_size:
            raise ValueError("not an HDF5 file: it is empty")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


def _occurrences(content: mmap.mmap, pattern: bytes) -> Iterator[int]:
    at = content.find(pattern)
    while at >= 0:
        yield at
        at = content.find(pattern, at + 1)


def _number(content: mmap.mmap, at: int, width: int) -> int:
    return int.from_bytes(content[at : at + width], "little")


def _padded(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
