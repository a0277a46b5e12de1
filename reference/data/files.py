"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` that takes its name once the block succeeds.

    If the block raises, the temporary file is removed and an existing ``path`` stays as it was.

    Raises:
        FileExistsError: ``path`` is a folder, or a device, which must not be replaced.
    """
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is there and is not a regular file; give another name")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
