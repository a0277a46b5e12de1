"""Bad input: one line on standard error, exit status 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

BAD_INPUT = (ValueError, TypeError, LookupError, OSError)
"""What reading files and arguments raises; wrapped only around reading and writing, never around a run."""


class BadInputError(click.ClickException):
    """Something the user gave cannot be used; the message names it, its value and a remedy."""

    exit_code = 2

    def format_message(self) -> str:
        """The message on one line."""
        return " ".join(self.message.split())


@contextmanager
def bad_input(what: str = "") -> Iterator[None]:
    """Turn the errors of reading or writing into one line.

    Args:
        what: put before the message, for example a file name that the error does not name itself.
    """
    try:
        yield
    except BAD_INPUT as error:
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        if isinstance(error, OSError) and error.strerror:
            text = f"{error.strerror}: {error.filename}"
        raise BadInputError(f"{what}: {text}" if what and what not in text else text) from error
