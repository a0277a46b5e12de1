"""Text and YAML values as the declared type of a field, without guessing (spec ``config.md`` 6.1, 6.3).

A value is taken where it is written as its type, and refused otherwise:

* an integer is decimal digits with an optional sign: not ``7.0``, ``1e6``, ``0x10``, ``1_000`` or True;
* a number is an integer or a decimal with an optional exponent (``1e6``): not ``nan`` or ``inf``;
* a boolean is true/false, yes/no, on/off or 1/0, in any case;
* ``none`` and ``null``, in any case, mean None where the field may hold it, and are text elsewhere;
* an enumeration keeps its case;
* a path stays as written: the shell expands ``~``, and ``""`` becomes the placeholder ``Path()``.

Ranges are not looked at: they are for ``validation``.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping
from numbers import Real
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from .rules import is_integer
from .schema import Field, did_you_mean

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_NONE = ("none", "null")
_LONGEST = 80


def coerce(field: Field, value: Any) -> Any:
    """``value`` as the type that ``field`` declares.

    Args:
        field: as `schema.fields_of` gives it; its kind is int, float, bool, str or Path, or a union of them,
            of which the first that takes the value counts.
        value: text, or what YAML makes of it.

    Raises:
        ValueError: "must be ..., got ..."; the caller puts the field's name in front.
    """
    if field.optional and (value is None or (isinstance(value, str) and value.strip().lower() in _NONE)):
        return None
    for kind in _kinds(field):
        taken = _TAKEN[kind](value)
        if taken is not None and not (kind is str and field.rule.choices and not field.rule.holds(taken)):
            return taken
    raise ValueError(f"must be {_allowed(field, value)}, got {_shown(value)}{_nearest(field, value)}")


def _kinds(field: Field) -> tuple[Any, ...]:
    union = typing.get_origin(field.kind) in (typing.Union, types.UnionType)
    return typing.get_args(field.kind) if union else (field.kind,)


def _integer(value: Any) -> int | None:
    if is_integer(value):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        try:
            return int(value)
        except ValueError:  # more digits than Python converts
            return None
    return None


def _number(value: Any) -> float | None:
    written = isinstance(value, str) and _NUMBER.fullmatch(value.strip())
    if written or (isinstance(value, Real) and not isinstance(value, bool)):
        try:
            return float(value)
        except OverflowError:  # an integer beyond the largest float
            return None
    return None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str) or is_integer(value):
        return _BOOLEANS.get(str(value).strip().lower())
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _path(value: Any) -> Path | None:
    return Path(value) if isinstance(value, str | PurePath) else None


_TAKEN: Mapping[Any, Callable[[Any], Any]] = {
    int: _integer,
    float: _number,
    bool: _boolean,
    str: _text,
    Path: _path,
}
_KIND_NAMES = {int: "an integer", float: "a number", bool: "True or False", str: "a text", Path: "a path"}


def _allowed(field: Field, value: Any) -> str:
    """What the rule says, or the bare type where the rule has nothing against the value."""
    if not field.rule.holds(value):
        return field.rule.allowed
    names = [_KIND_NAMES[kind] for kind in _kinds(field)]
    return ", or ".join([*names, "None"] if field.optional else names)


def _shown(value: Any) -> str:
    """One short line, whatever the value: a container may be endless, a text long."""
    if not isinstance(value, str | int | float | PurePath | None):
        return f"a {type(value).__name__}"
    shown = repr(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _nearest(field: Field, value: Any) -> str:
    return did_you_mean(value, field.rule.choices) if isinstance(value, str) else ""
