"""The JSON that accompanies a fixture file and vouches for its bytes (spec ``data.md`` 1.6)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any

from ptychoparity.reference.data.files import replacing

FilePath = str | PathLike[str]


@dataclass(frozen=True)
class Sidecar:
    """Where a fixture came from; ``created`` and ``sha256_checksum`` are filled in by `write_sidecar`."""

    version: str
    source_dataset: str
    subset_strategy: str
    subset_size: int
    generator_script: str
    generator_commit: str
    transformations: list[Any] = field(default_factory=list)
    validation_notes: str = ""
    created: str = ""
    sha256_checksum: str = ""


def sidecar_path(npz_path: FilePath) -> Path:
    """``<stem>.json`` beside the NPZ file."""
    return Path(npz_path).with_suffix(".json")


def write_sidecar(npz_path: FilePath, sidecar: Sidecar) -> Path:
    """Write the sidecar of a finished NPZ file and return its path.

    The checksum is always that of the file; an empty ``created`` becomes the present time, UTC.

    Raises:
        FileNotFoundError: no such NPZ file.
    """
    stamped = asdict(sidecar) | {
        "created": sidecar.created or datetime.now(UTC).isoformat(),
        "sha256_checksum": _sha256(Path(npz_path)),
    }
    path = sidecar_path(npz_path)
    with replacing(path) as stream:
        stream.write((json.dumps(stamped, indent=2) + "\n").encode())
    return path


def read_sidecar(npz_path: FilePath) -> Sidecar:
    """Read the sidecar of an NPZ file; entries that are not part of the format are ignored.

    Raises:
        FileNotFoundError: no sidecar beside the file.
        ValueError: not a JSON object.
        KeyError: entries are missing; names the sidecar and all of them.
    """
    path = sidecar_path(npz_path)
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(entries, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(entries).__name__}")
    names = [entry.name for entry in fields(Sidecar)]
    missing = [name for name in names if name not in entries]
    if missing:
        raise KeyError(f"{path}: missing {', '.join(missing)}")
    return Sidecar(**{name: entries[name] for name in names})


def verify_sidecar(npz_path: FilePath) -> Sidecar:
    """Read the sidecar and compare its checksum with the NPZ file.

    Raises:
        ValueError: they differ; names both files and both checksums. Else as `read_sidecar`.
    """
    sidecar = read_sidecar(npz_path)
    actual = _sha256(Path(npz_path))
    if sidecar.sha256_checksum != actual:
        raise ValueError(
            f"{sidecar_path(npz_path)}: sha256_checksum {sidecar.sha256_checksum} does not match "
            f"{npz_path} with {actual}; regenerate the fixture or its sidecar"
        )
    return sidecar


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
