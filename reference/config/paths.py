"""Paths as users and clients give them: placeholders, and the places where an archive may be meant."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any, TypeGuard

ARCHIVE_NAME = "wts.h5.zip"


def is_given(path: Path | str | None) -> TypeGuard[Path | str]:
    """Whether a path was given: ``None``, ``Path()``, ``"."`` and ``""`` count as not given.

    Clients fill path fields that they do not use with ``Path()``, which exists as the current
    directory; every place that needs a real path asks here first (spec ``config.md`` appendix C).
    """
    return path is not None and Path(path) != Path()


def finds_archive(value: Any) -> bool:
    """Whether ``value`` leads to a model archive (spec ``config.md`` 1.3).

    A directory must hold ``wts.h5.zip``; else the path itself must be a file, or the same path with the
    suffix ``.zip``, or, where the name is ``wts.h5``, ``wts.h5.zip`` beside it.
    """
    if not isinstance(value, PurePath | str) or not is_given(Path(value)):
        return False
    path = Path(value)
    if path.is_dir():
        return (path / ARCHIVE_NAME).is_file()
    candidates = [path, path.parent / f"{path.stem}.zip"]
    if path.name == Path(ARCHIVE_NAME).stem:
        candidates.append(path.parent / ARCHIVE_NAME)
    return any(candidate.is_file() for candidate in candidates)
