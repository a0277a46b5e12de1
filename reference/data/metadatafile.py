"""NPZ files of any arrays with metadata, written without pickle (spec ``data.md`` 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptychoparity.reference.data.files import replacing
from ptychoparity.reference.data.metadata import Metadata, decode_metadata, encode_metadata, parse_metadata
from ptychoparity.reference.data.npz import METADATA_KEY, load_metadata
from ptychoparity.reference.data.npzfile import load_member, member_headers, opened, reject_pickled

Array = NDArray[Any]
FilePath = str | PathLike[str]


def save_with_metadata(path: FilePath, arrays: Mapping[str, ArrayLike], metadata: Mapping[str, Any]) -> None:
    """Write a compressed NPZ, whole or not at all; neither mapping is changed.

    Args:
        path: written exactly there.
        arrays: what to store; a ``_metadata`` among it gives way to ``metadata``.
        metadata: plain JSON, NumPy scalars and arrays, paths.

    Raises:
        TypeError: an array of objects, or metadata that JSON cannot hold; names the key.
        OSError: the file cannot be written.
    """
    members = {key: np.asarray(array) for key, array in arrays.items()}
    for key, array in members.items():
        if array.dtype.hasobject and key != METADATA_KEY:
            raise TypeError(f"{path}: {key}: dtype {array.dtype} would be pickled, store plain numbers")
    members[METADATA_KEY] = encode_metadata(metadata)
    with replacing(Path(path)) as stream:
        np.savez_compressed(stream, **members)  # type: ignore[arg-type]  # its flag is named allow_pickle


def load_with_metadata(path: FilePath) -> tuple[dict[str, Array], Metadata | None]:
    """All arrays of an NPZ but ``_metadata``, and its metadata.

    Returns:
        Arrays under their names in the file, as stored; and the metadata, None where there are none or, with
        a warning, broken ones.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not an NPZ archive, a damaged member, pickled content; names the file.
    """
    with opened(Path(path)) as archive:
        headers = member_headers(archive)
        reject_pickled(headers, allowed=(METADATA_KEY,))
        arrays = {key: load_member(archive, key) for key in headers if key != METADATA_KEY}
        encoded = load_metadata(archive, headers[METADATA_KEY]) if METADATA_KEY in headers else {}
    return arrays, parse_metadata(decode_metadata(encoded[METADATA_KEY])) if encoded else None
