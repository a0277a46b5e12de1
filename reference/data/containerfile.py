"""Containers in NPZ files, under the names of spec ``data.md`` 4.1."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.reference.data.container import Contents, settled
from ptychoparity.reference.data.files import replacing
from ptychoparity.reference.data.npzfile import load_member, member_headers, opened, reject_pickled

STORED = (
    "X",
    "Y_I",
    "Y_phi",
    "norm_Y_I",
    "YY_full",
    "coords_nominal",
    "coords_true",
    "nn_indices",
    "global_offsets",
    "local_offsets",
    "probe",
)
HAS_LABELS = "has_labels"
"""Whether ``Y_I`` and ``Y_phi`` are labels, or the one and zero that stand in for them."""

_OPTIONAL = ("norm_Y_I", "YY_full")


def write_container(path: str | PathLike[str], members: Mapping[str, Any], has_labels: bool) -> None:
    """Write a container, whole or not at all; members that are None are left out.

    Args:
        path: of the NPZ file, compressed, written under exactly this name.
        members: `STORED`, as arrays or tensors on the CPU.
        has_labels: whether amplitude and phase are labels.
    """
    arrays: dict[str, Any] = {key: np.asarray(members[key]) for key in STORED if members[key] is not None}
    arrays[HAS_LABELS] = np.array(has_labels)
    with replacing(Path(path)) as stream:
        np.savez_compressed(stream, **arrays)


def read_container(path: str | PathLike[str]) -> Contents:
    """What `write_container` wrote, checked; labels are None where stand-ins were stored.

    A file without `HAS_LABELS` holds labels.

    Raises:
        FileNotFoundError: no such file.
        KeyError: members are missing.
        TypeError, ValueError: not an NPZ archive, pickled members, or as `settled`; names the file.
    """
    with opened(Path(path)) as archive:
        headers = member_headers(archive)
        missing = [key for key in STORED if key not in headers and key not in _OPTIONAL]
        if missing:
            raise KeyError(f"missing {', '.join(missing)}; the file holds {', '.join(sorted(headers))}")
        reject_pickled(headers)
        contents: Contents = {key: load_member(archive, key) for key in STORED if key in headers}
        if HAS_LABELS in headers and not load_member(archive, HAS_LABELS).any():
            contents |= {"Y_I": None, "Y_phi": None}
        return settled(contents)
