"""Options that several subcommands share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ptychoparity.cli.errors import BadInputError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

backend: Decorator = click.option(
    "--backend",
    "backends",
    multiple=True,
    metavar="NAME",
    help="Backend to run; repeat for more. By default every registered one that can run.",
)
data: Decorator = click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Your own measurement for the '-900' scenarios (keys: xcoords, ycoords, diff3d, probeGuess, and "
    "objectGuess if there is one). By default the built-in data set.",
)
scenario: Decorator = click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="GLOB",
    help="Only scenarios whose id matches, for example 'FWD-*' or '*-900'; repeat for more.",
)
out: Decorator = click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("parity-report"),
    show_default=True,
    metavar="DIR",
    help="Folder for cases, evidence and report; made if it does not exist.",
)
python: Decorator = click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="BACKEND=INTERPRETER",
    envvar="PTYCHOPARITY_PYTHON",
    help="Python in which a backend is installed, where it is not this one. Also from the environment "
    "variable PTYCHOPARITY_PYTHON, separated by spaces.",
)
timeout: Decorator = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Kill a recorder that has been silent for this long; it counts as broken.",
)
known: Decorator = click.option(
    "--known",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Ledger of known failures: a JSON list of backend, scenario, case, quantity, reason, expires.",
)


def interpreters(given: tuple[str, ...], registered: list[str]) -> dict[str, Path]:
    """Backend to interpreter from ``--python``.

    Raises:
        BadInputError: no ``=``, a backend that is not registered, or an interpreter that is not there.
    """
    found = {}
    for item in given:
        name, separator, where = item.partition("=")
        if not separator or not name or not where:
            raise BadInputError(
                f"--python {item!r} should be BACKEND=INTERPRETER, for example torch=/env/bin/python"
            )
        if name not in registered:
            raise BadInputError(
                f"--python {item!r}: no backend {name!r}; registered are {', '.join(registered)}"
            )
        path = shutil.which(where)
        if path is None:
            raise BadInputError(f"--python {item!r}: {where} is not an executable file")
        found[name] = Path(path)
    return found
