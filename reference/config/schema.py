"""The fields of a configuration class as data: name, type, rule, default and meaning.

Everything that goes over all fields asks here: validation, reading text and YAML, command-line flags, the
generated documentation.  The class itself is the one place where these facts are written.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import NoneType
from typing import Any

from .rules import Rule

REQUIRED = MISSING
"""The default of a field that has none."""


@dataclass(frozen=True)
class Field:
    """One field of a configuration class.

    Attributes:
        name: as in the class.
        kind: its type without None, for example ``int``, ``Path`` or ``tuple[int, int]``.
        optional: whether the type allows None.
        rule: what it may hold.
        default: what it holds when not given, or `REQUIRED`.
        meaning: what it is, in a few words.
    """

    name: str
    kind: Any
    optional: bool
    rule: Rule
    default: Any
    meaning: str


@cache
def fields_of(cls: type) -> tuple[Field, ...]:
    """Every field of a configuration class, in order.

    Raises:
        TypeError: a field is not annotated as ``Annotated[type, rule, meaning]``.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple(_field(cls, item.name, hints[item.name], _default(item)) for item in fields(cls))


def field_named(cls: type, name: str) -> Field:
    """The field ``name`` of ``cls``.

    Raises:
        ValueError: there is none; the message suggests the nearest name.
    """
    found = {field.name: field for field in fields_of(cls)}
    if name not in found:
        raise ValueError(f"{cls.__name__} has no field {name!r}{did_you_mean(name, found)}")
    return found[name]


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """The end of a message: the nearest allowed name, whatever its case, or nothing where none is near."""
    names = {name.lower(): name for name in allowed}
    near = difflib.get_close_matches(word.lower(), names, n=1)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


def _default(item: Any) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


def _field(cls: type, name: str, hint: Any, default: Any) -> Field:
    extras = getattr(hint, "__metadata__", ())
    match extras:
        case (Rule() as rule, str(meaning)):
            kind, optional = _without_none(hint.__origin__)
            return Field(name, kind, optional, rule, default, meaning)
    raise TypeError(f"{cls.__name__}.{name} must be annotated as Annotated[type, rule, meaning]")


def _without_none(kind: Any) -> tuple[Any, bool]:
    parts = typing.get_args(kind)
    if NoneType not in parts:
        return kind, False
    return typing.Union[tuple(part for part in parts if part is not NoneType)], True  # noqa: UP007
