"""Which backends are installed, and how to get one (entry-point group ``ptychoparity.backends``)."""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points

from ptychoparity.backends.contract import Backend, Unusable

GROUP = "ptychoparity.backends"


def registered() -> dict[str, EntryPoint]:
    """Registered backends by name, without loading any of them."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)}


def require_registered(name: str) -> EntryPoint:
    """The entry point of a backend.

    Raises:
        LookupError: no distribution registers this name; names what is registered and the nearest name.
    """
    points = registered()
    if name in points:
        return points[name]
    near = difflib.get_close_matches(name, points, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise LookupError(f"unknown backend {name!r}; registered are {', '.join(points)}{hint}")


def load(name: str) -> Backend:
    """Make a backend ready to compute; imports its framework.

    Raises:
        LookupError: the name is not registered.
        Unusable: it is registered, but a package that it needs is not installed in this interpreter.
        RuntimeError: it calls itself by another name.
    """
    point = require_registered(name)
    try:
        factory = point.load()
        backend: Backend = factory()
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "ptychoparity":
            raise  # our own module is missing or misspelt: broken, not merely absent
        home = point.dist.name if point.dist else name
        package = f"ptychoparity[{name}]" if home == "ptychoparity" else home
        raise Unusable(
            f"backend {name!r} cannot be imported ({error}); install what it needs with "
            f"'pip install {package}', or name an interpreter that has it with "
            f"--python {name}=/path/to/python"
        ) from error
    if backend.name != name:
        raise RuntimeError(
            f"the backend registered as {name!r} calls itself {backend.name!r}; rename one of them"
        )
    return backend
