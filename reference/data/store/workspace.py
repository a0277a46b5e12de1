"""One builder at a time, and a folder that appears whole or not at all (spec ``data.md`` 8.2).

A store is built in a hidden sibling folder, whose lock file the system releases when a builder dies, and
takes its name by renaming. What a killed builder left there is removed by the next. POSIX only.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

STORE = "store"
_LOCK = "lock"
_REPLACED = "replaced"


@contextmanager
def workspace(directory: Path) -> Iterator[Path]:
    """A new folder to build ``directory`` in, once no other process builds it.

    Afterwards nothing of it is left, nor of missing parents of ``directory`` if the block raised.
    """
    made = [parent for parent in directory.parents if not parent.exists()]
    work = directory.with_name(f".{directory.name}.building")
    try:
        with _held(work):
            (work / STORE).mkdir()
            yield work / STORE
    finally:
        with suppress(OSError):  # not empty: the store is there
            for parent in made:
                parent.rmdir()


def publish(built: Path, directory: Path) -> None:
    """Give a folder of `workspace` its name; a store that has it is replaced."""
    replaced = built.with_name(_REPLACED)
    with suppress(FileNotFoundError):
        directory.rename(replaced)
    try:
        built.rename(directory)
    except OSError:
        with suppress(FileNotFoundError):
            replaced.rename(directory)
        raise


@contextmanager
def _held(work: Path) -> Iterator[None]:
    with _locked(work):
        try:
            _clear(work)
            yield
        finally:
            _clear(work)
            (work / _LOCK).unlink()
            with suppress(OSError):  # the next builder is there already
                work.rmdir()


@contextmanager
def _locked(work: Path) -> Iterator[None]:
    stream = _waited(work)
    while not _is_current(stream, work / _LOCK):  # its former holder is done, and has removed it
        stream.close()
        stream = _waited(work)
    with stream:
        yield


def _waited(work: Path) -> IO[bytes]:
    """The lock file, locked."""
    while True:
        work.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # removed in between
            stream = open(work / _LOCK, "ab")  # noqa: SIM115 - held by the caller
            fcntl.flock(stream, fcntl.LOCK_EX)
            return stream


def _is_current(stream: IO[bytes], path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    return False


def _clear(work: Path) -> None:
    for entry in work.iterdir():
        if entry.name != _LOCK:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
