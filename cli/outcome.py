"""How a training or a reconstruction may end: its exit status and one line on standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ptychoparity.backends.contract import NotAvailable

logger = logging.getLogger(__name__)

EXIT_STATUS = (
    "0 done; 1 the run failed; 2 bad input; 3 this version lacks a part that the run needs. Each of the last "
    "three says why in one line on standard error."
)


class RunFailedError(click.ClickException):
    """The run started and could not be finished; ``--verbose`` shows where."""

    exit_code = 1

    def format_message(self) -> str:
        """The message on one line."""
        return " ".join(self.message.split())


class MissingPartError(RunFailedError):
    """A part that the run needs is not in this version."""

    exit_code = 3


@contextmanager
def run_to_its_end() -> Iterator[None]:
    """Turn what guards and files raise during a run into one line; anything else is a bug, with its trace.

    Raises:
        RunFailedError: the run refused or failed.
        MissingPartError: a part is not in this version.
    """
    try:
        yield
    except NotAvailable as error:
        raise MissingPartError(str(error)) from error
    except (RuntimeError, ValueError, OSError) as error:
        logger.debug("the run failed", exc_info=True)
        raise RunFailedError(str(error) or type(error).__name__) from error
