"""What a field may hold: the rules that configuration classes are annotated with.

A rule stands in the annotation of its field, beside the type and the meaning
(``batch_size: Annotated[int, POWER_OF_TWO, "patterns per step"] = 16``); `schema.fields_of` reads it there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any

import numpy as np

from .paths import ARCHIVE_NAME, finds_archive

DOCUMENTED_SIZES = (64, 128, 256)


@dataclass(frozen=True)
class Rule:
    """What one field may hold.

    Attributes:
        allowed: completes "must be ...".
        holds: decides about a value.
        choices: the names allowed, where the field is an enumeration; empty otherwise.
    """

    allowed: str
    holds: Callable[[Any], bool]
    choices: tuple[str, ...] = ()


def is_integer(value: Any) -> bool:
    """Whether ``value`` is a whole number of an integer type; booleans are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    """Whether ``value`` is a real number, neither NaN nor infinite; booleans are not."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    return real and bool(abs(value) < math.inf)  # False for NaN


def _is_power_of_two(value: Any) -> bool:
    return is_integer(value) and value > 0 and (int(value) & (int(value) - 1)) == 0


def or_none(rule: Rule) -> Rule:
    """The same rule, with None allowed."""
    return Rule(f"{rule.allowed}, or None", lambda value: value is None or rule.holds(value), rule.choices)


def either(first: Rule, second: Rule) -> Rule:
    """What satisfies one of two rules."""
    return Rule(
        f"{first.allowed}, or {second.allowed}",
        lambda value: first.holds(value) or second.holds(value),
        first.choices + second.choices,
    )


def one_of(*names: str) -> Rule:
    """An enumeration; case matters."""
    allowed = " or ".join(repr(name) for name in names) if len(names) < 3 else f"one of {names}"
    return Rule(allowed, lambda value: isinstance(value, str) and value in names, names)


FINITE = Rule("a finite number", is_finite)
POSITIVE = Rule("a finite number > 0", lambda value: is_finite(value) and value > 0)
NON_NEGATIVE = Rule("a finite number >= 0", lambda value: is_finite(value) and value >= 0)
FRACTION = Rule("a number in [0, 1]", lambda value: is_finite(value) and 0 <= value <= 1)
DECAY = Rule("a number in [0, 1)", lambda value: is_finite(value) and 0 <= value < 1)
INNER_FRACTION = Rule("a number in (0, 1)", lambda value: is_finite(value) and 0 < value < 1)
COUNT = Rule("an integer >= 1", lambda value: is_integer(value) and value >= 1)
COUNT_FROM_ZERO = Rule("an integer >= 0", lambda value: is_integer(value) and value >= 0)
POWER_OF_TWO = Rule("a positive integer power of two", _is_power_of_two)
PATTERN_SIZE = Rule(f"an integer power of two, of which {DOCUMENTED_SIZES} are documented", _is_power_of_two)
BOOLEAN = Rule("True or False", lambda value: isinstance(value, bool | np.bool_))
TEXT = Rule("a text", lambda value: isinstance(value, str))
NAME = Rule("a text that is not empty", lambda value: isinstance(value, str) and value.strip() != "")
PATH = Rule("a path or a string", lambda value: isinstance(value, PurePath | str))
ARCHIVE = Rule(
    f"a directory that contains {ARCHIVE_NAME}, an archive file, or the path of one without its .zip",
    finds_archive,
)
CARRIED = Rule("anything: it is carried, not interpreted", lambda _value: True)
BACKEND = one_of("tensorflow", "pytorch")
SCHEDULER = one_of("Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau")
CLIP_ALGORITHM = one_of("norm", "value", "agc")
OPTIMIZER = one_of("adam", "adamw", "sgd")
LOSS_MODE = Rule(
    "'poisson' or 'mae', in any case",
    lambda value: isinstance(value, str) and value.lower() in ("poisson", "mae"),
    ("poisson", "mae"),
)
