"""What a run says while it runs: log lines and warnings on standard error, one line each."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from ptychoparity.cli.errors import BadInputError

ROOT = "ptychoparity"


class _Lines(logging.Handler):
    """Log records as ``level: message`` on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"{record.levelname.lower()}: {self.format(record)}", err=True)


def level_of(quiet: bool, verbose: bool, console_level: str | None) -> int:
    """The lowest level that is shown.

    Raises:
        BadInputError: ``--quiet`` and ``--verbose`` together.
    """
    if quiet and verbose:
        raise BadInputError("--quiet and --verbose exclude each other; give one of them")
    if console_level is not None:
        return logging.getLevelNamesMapping()[console_level]
    return logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO


@contextmanager
def console(level: int) -> Iterator[None]:
    """Show log records from ``level`` on, and every warning once, while the block runs."""
    logger = logging.getLogger(ROOT)
    handler, before = _Lines(level), logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    seen: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        text = " ".join(str(message).split())
        if text not in seen:
            seen.add(text)
            click.echo(f"warning: {text}", err=True)

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", module=rf"{ROOT}\.")
            warnings.showwarning = show
            yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
