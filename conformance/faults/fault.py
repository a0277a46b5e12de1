"""What a seeded fault is, and the usual ways to make an operation wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Operation = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """One way to be wrong.

    Attributes:
        name: what it does, in a few words with hyphens.
        operation: the operation of the contract that it breaks.
        wrap: takes the right operation and returns the wrong one.
    """

    name: str
    operation: str
    wrap: Callable[[Operation], Operation]


def after(change: Callable[..., Any]) -> Callable[[Operation], Operation]:
    """Change what the operation returns."""
    return lambda right: lambda *inputs: change(right(*inputs))


def before(change: Callable[..., tuple[Any, ...]]) -> Callable[[Operation], Operation]:
    """Change what the operation is given."""
    return lambda right: lambda *inputs: right(*change(*inputs))


def entries(change: Callable[[dict[str, Any]], None]) -> Callable[[Operation], Operation]:
    """Change a dictionary that the operation returns."""

    def changed(outputs: dict[str, Any]) -> dict[str, Any]:
        outputs = dict(outputs)
        change(outputs)
        return outputs

    return after(changed)
