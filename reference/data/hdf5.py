"""Reading HDF5 files of unknown origin: every item is judged by its header before a byte of it is read.

Nothing outside the file is opened (links, virtual datasets, external storage), no filter that HDF5 would
have to load as a plug-in runs, and no item may claim more bytes than its stored ones can hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data import hdf5text

Array = NDArray[Any]

# Deflate, shuffle, Fletcher32, SZIP, N-bit, scale-offset, and h5py's own LZF.
_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})
# Deflate cannot shrink data further than this.
_LARGEST_RATIO = 1032
_LONGEST_CHAIN = 16
_LONGEST_LIST = 20
_DAMAGED = (OSError, RuntimeError, UnicodeError, OverflowError)
"""What h5py raises for bytes that make no sense, depending on where they are."""
_KIND_NAMES = {"c": "complex numbers", "iuf": "real numbers", "iu": "integers"}


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an HDF5 file, or damaged where the block reads it.
        KeyError, TypeError, ValueError: as raised in the block. All messages start with the file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        hdf5text.check_heaps(path)
        with h5py.File(path, "r") as file:
            yield file
    except PermissionError:
        raise
    except KeyError as error:
        raise KeyError(f"{path}: {error.args[0]}") from error
    except TypeError as error:
        raise TypeError(f"{path}: {error}") from error
    except _DAMAGED as error:
        raise ValueError(f"{path}: not a readable HDF5 file (damaged or another format): {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def find(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset | None:
    """The item at a path below a group, or None if a part of the path is missing.

    Soft links are followed by hand, so that none leads through a link into another file.

    Raises:
        ValueError: an external link, another kind of link, or soft links in a circle.
    """
    parts, at, followed = name.split("/"), group, 0
    where = f"{group.name}/{name}".lstrip("/")
    while parts:
        part = parts.pop(0)
        if not part:
            continue
        if not isinstance(at, h5py.Group):
            return None
        link = _link(at, part, where)
        if isinstance(link, h5py.SoftLink):
            followed += 1
            if followed > _LONGEST_CHAIN:
                raise ValueError(f"{where}: soft links lead in a circle; store the item itself")
            at = group.file["/"] if link.path.startswith("/") else at
            parts = [*link.path.split("/"), *parts]
        elif link is None:
            return None
        else:
            at = at[part]
    return at


def has(group: h5py.Group, name: str) -> bool:
    """Whether `find` finds something; raises as it does."""
    return find(group, name) is not None


def require(group: h5py.Group, *names: str) -> h5py.Dataset:
    """The dataset under the first name that is there.

    Raises:
        KeyError: none is; names the first, and what the group holds.
        ValueError: it is not a dataset, or its data lie in other files; names it.
    """
    found = next(((name, item) for name in names if (item := find(group, name)) is not None), None)
    if found is None:
        wanted = f"{group.name}/".lstrip("/") + " (or ".join(names) + ")" * (len(names) - 1)
        raise KeyError(f"missing {wanted}; the file holds {_listed(group)}")
    name, item = found
    if not isinstance(item, h5py.Dataset):
        raise ValueError(f"{name}: expected a dataset, found a {type(item).__name__.lower()}")
    return item


def numbers(dataset: h5py.Dataset, kinds: str, ranks: tuple[int, ...]) -> Array:
    """Read a dataset of numbers, in native byte order.

    Args:
        dataset: from `require`.
        kinds: NumPy kind letters allowed: "c", "iuf" or "iu".
        ranks: numbers of axes allowed.

    Raises:
        ValueError: another dtype or rank, data elsewhere, or a shape that the stored bytes cannot fill.
    """
    name = dataset.name
    if dataset.shape is None or len(dataset.shape) not in ranks:
        allowed = " or ".join(map(str, ranks))
        raise ValueError(f"{name}: shape {dataset.shape}, expected {allowed} axes")
    # The dtype of an empty list is float64 whatever it was a list of.
    if dataset.dtype.kind not in ("iuf" if 0 in dataset.shape and "c" not in kinds else kinds):
        raise ValueError(f"{name}: dtype {dataset.dtype}, expected {_KIND_NAMES[kinds]}")
    _check_storage(dataset)
    values: Array = dataset[()]
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def text(dataset: h5py.Dataset) -> str:
    """Read a dataset that holds one string; ValueError for anything else."""
    is_text = h5py.check_string_dtype(dataset.dtype) is not None
    if not is_text or dataset.shape not in {(), (1,)}:
        raise ValueError(f"{dataset.name}: expected one string, got {dataset.dtype} of shape {dataset.shape}")
    _check_storage(dataset)
    if h5py.check_string_dtype(dataset.dtype).length is None:
        hdf5text.check_dataset(Path(dataset.file.filename), dataset)
    return _decoded(dataset[()] if dataset.shape == () else dataset[0], str(dataset.name))


def text_attribute(item: h5py.Group | h5py.Dataset, name: str) -> str:
    """A string attribute.

    Raises:
        KeyError: it is missing.
        ValueError: it is not one string.
    """
    identity = _attribute(item, name)
    is_text = h5py.check_string_dtype(identity.dtype) is not None
    if not is_text or identity.shape not in {(), (1,)}:
        raise ValueError(f"{_where(item, name)}: expected one string, got dtype {identity.dtype}")
    if h5py.check_string_dtype(identity.dtype).length is None:
        hdf5text.check_attribute(Path(item.file.filename), name)
    value = item.attrs[name]
    return _decoded(value if identity.shape == () else value[0], _where(item, name))


def number_attribute(item: h5py.Group | h5py.Dataset, name: str) -> float:
    """A finite real attribute.

    Raises:
        KeyError: it is missing.
        ValueError: it is not one finite real number.
    """
    values = array_attribute(item, name, (0, 1))
    if values.size != 1 or not np.isfinite(values).all():
        raise ValueError(
            f"{_where(item, name)}: expected one finite number, got {values.ravel()[:4].tolist()}"
        )
    return float(values.reshape(()))


def array_attribute(item: h5py.Group | h5py.Dataset, name: str, ranks: tuple[int, ...]) -> Array:
    """An attribute of real numbers, as float64.

    Raises:
        KeyError: it is missing.
        ValueError: another dtype or rank, or a shape that cannot fit into the file.
    """
    identity = _attribute(item, name)
    if identity.dtype.kind not in "iuf" or identity.shape is None or len(identity.shape) not in ranks:
        raise ValueError(
            f"{_where(item, name)}: expected real numbers on {' or '.join(map(str, ranks))} axes, "
            f"got {identity.dtype} of shape {identity.shape}"
        )
    return np.asarray(item.attrs[name], np.float64)


def _link(group: h5py.Group, part: str, name: str) -> h5py.HardLink | h5py.SoftLink | None:
    try:
        link = group.get(part, getlink=True)
    except TypeError as error:
        raise ValueError(f"{name}: link {part!r} is of an unknown kind; store the item itself") from error
    if isinstance(link, h5py.ExternalLink):
        raise ValueError(f"{name}: link {part!r} leads to another file, refused; store the item itself")
    return link


def _check_storage(dataset: h5py.Dataset) -> None:
    """ValueError if reading would open other files, run unknown filters or allocate absurdly."""
    name, plan = dataset.name, dataset.id.get_create_plist()
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"{name}: its data lie in other files, refused; store them in this one")
    filters = {plan.get_filter(index)[0] for index in range(plan.get_nfilters())}
    if filters - _FILTERS:
        raise ValueError(f"{name}: HDF5 filters {sorted(filters - _FILTERS)} are not allowed; use gzip")
    stored = dataset.id.get_storage_size()
    elements = math.prod(dataset.shape)
    if elements and dataset.chunks:
        elements = max(elements, math.prod(dataset.chunks))
    claimed = elements * dataset.dtype.itemsize
    if claimed > stored * (_LARGEST_RATIO if filters else 1):
        raise ValueError(
            f"{name}: shape {dataset.shape} of {dataset.dtype} takes {claimed} bytes, but the file holds "
            f"{stored} for it; truncated or never written"
        )
    if stored > _file_size(dataset):
        raise ValueError(f"{name}: claims {stored} stored bytes, more than the whole file; damaged")


def _attribute(item: h5py.Group | h5py.Dataset, name: str) -> h5py.h5a.AttrID:
    if name not in item.attrs:
        raise KeyError(f"missing {_where(item, name)}; there are {_listed(item.attrs)}")
    identity = item.attrs.get_id(name)
    if math.prod(identity.shape or ()) * identity.dtype.itemsize > _file_size(item):
        raise ValueError(f"{_where(item, name)}: shape {identity.shape} takes more bytes than the file holds")
    return identity


def _file_size(item: h5py.Group | h5py.Dataset) -> int:
    size: int = item.file.id.get_filesize()
    return size


def _listed(names: Iterable[object]) -> str:
    return ", ".join(sorted(ascii(name) for name in islice(names, _LONGEST_LIST))) or "nothing"


def _where(item: h5py.Group | h5py.Dataset, name: str) -> str:
    return f"attribute {name}" if item.name == "/" else f"attribute {name} of {item.name}"


def _decoded(value: object, name: str) -> str:
    try:
        return (
            value.decode("utf-8") if isinstance(value, bytes) else str(value).encode("utf-8").decode("utf-8")
        )
    except UnicodeError as error:
        raise ValueError(f"{name}: not UTF-8 text") from error
