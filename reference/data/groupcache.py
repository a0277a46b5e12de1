"""The neighbour table of a scan kept beside its data set (spec ``data.md`` 3.10).

Only what the positions decide is kept; groups are drawn after it is read, so that they are the same with and
without the file. A file that does not fit the scan to the last bit of its positions is written anew.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.files import replacing
from ptychoparity.reference.data.grouping import Indices, nearest_points
from ptychoparity.reference.data.npz import read_headers

Array = NDArray[Any]

SCHEMA_VERSION = "1.0"

_logger = logging.getLogger(__name__)


def cache_path(dataset_path: str | PathLike[str], gridsize: int, k: int) -> Path:
    """``<stem>.g<gridsize>k<k>.groups_cache.npz`` in the folder of the data set."""
    dataset = Path(dataset_path)
    return dataset.with_name(f"{dataset.stem}.g{gridsize}k{k}.groups_cache.npz")


def cached_neighbours(
    x: Array, y: Array, k: int, gridsize: int, dataset_path: str | PathLike[str] | None
) -> Indices | None:
    """The table `nearest_points` gives for all points, read from the data set's cache or put there.

    A cache that cannot be written is a UserWarning; one that is truncated, of another scan or another
    form is replaced. Processes may do this at once: a file appears whole or not at all.

    Args:
        x: ``(M,)`` columns of the points that are grouped.
        y: ``(M,)`` rows.
        k: neighbours of a point.
        gridsize: g of the groups, part of the file's name.
        dataset_path: the file that the points come from.

    Returns:
        ``(M, min(k + 1, M))`` int32; None, and nothing done, for gridsize 1 or where ``dataset_path`` is
        no existing regular file.
    """
    if gridsize == 1 or dataset_path is None or not Path(dataset_path).is_file():
        return None
    path = cache_path(dataset_path, gridsize, k)
    identity = _identity(x, y, k, gridsize)
    neighbours = _read(path, identity)
    if neighbours is None:
        neighbours = nearest_points(x, y, k)
        _write(path, identity, neighbours)
    return neighbours


def _identity(x: Array, y: Array, k: int, gridsize: int) -> dict[str, Array]:
    """What a file must hold besides the table to be that of these points."""
    points = np.concatenate((x, y, (len(x), len(x))), dtype="<f8", casting="unsafe")
    return {
        "schema_version": np.array(SCHEMA_VERSION),
        "dataset_checksum": np.array(hashlib.md5(points.tobytes(), usedforsecurity=False).hexdigest()),
        "gridsize": np.array(gridsize, np.int64),
        "overlap_factor": np.array(k, np.int64),
        "n_points": np.array(len(x), np.int64),
    }


def _read(path: Path, identity: dict[str, Array]) -> Indices | None:
    """The table of a file of this identity; None where there is no such file or it is of no use."""
    points, k = int(identity["n_points"]), int(identity["overlap_factor"])
    expected = {key: (value.shape, value.dtype) for key, value in identity.items()}
    expected["neighbors"] = ((points, min(k + 1, points)), np.dtype(np.int32))
    try:
        # Headers first: a damaged shape must not make room for an array that is not there.
        if {key: (header.shape, header.dtype) for key, header in read_headers(path).items()} != expected:
            raise ValueError("it holds other arrays than a group cache of these points")
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, Array] = {key: archive[key] for key in expected}
        if any(arrays[key] != value for key, value in identity.items()):
            raise ValueError("it belongs to other points or another request")
        _check_table(arrays["neighbors"])
    except FileNotFoundError:
        return None
    except Exception as error:  # whatever is wrong with a cache, the positions give the table
        _logger.info("%s: computed anew: %s", path, error)
        return None
    return arrays["neighbors"]


def _check_table(neighbours: Array) -> None:
    """ValueError unless each row names points and begins with its own."""
    points = len(neighbours)
    own = np.array_equal(neighbours[:, 0], np.arange(points))
    if not own or neighbours.min() < 0 or neighbours.max() >= points:
        raise ValueError("its indices are not those of a neighbour table")


def _write(path: Path, identity: dict[str, Array], neighbours: Indices) -> None:
    members: dict[str, Any] = {**identity, "neighbors": neighbours}
    try:
        with replacing(path) as stream:
            np.savez(stream, **members)
    except (OSError, ValueError) as error:  # ValueError: the name is taken by what is no file
        warnings.warn(f"{path}: the group cache was not written: {error}", UserWarning, stacklevel=4)
