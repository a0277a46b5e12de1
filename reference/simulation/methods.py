"""Choosing a generator by name, and the random generator it draws from."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from ptychoparity.reference.config.schema import did_you_mean

Method = TypeVar("Method")
Seed = int | np.random.Generator


def look_up(methods: Mapping[str, Method], key: str, name: str) -> Method:
    """The generator called ``name``.

    Raises:
        ValueError: no such generator; names ``key``, the value, every name there is and the nearest.
    """
    if name not in methods:
        near = did_you_mean(name, methods) if isinstance(name, str) else ""
        raise ValueError(f"{key} {name!r} has no generator; there are {', '.join(methods)}{near}")
    return methods[name]


def random_generator(seed: Seed) -> np.random.Generator:
    """The generator itself, or a new one made from a whole number.

    Raises:
        TypeError: ``seed`` is neither; None would not be reproducible.
        ValueError: a negative seed.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be a whole number or a numpy.random.Generator, got {seed!r}")
    if operator.index(seed) < 0:
        raise ValueError(f"seed must be >= 0, got {seed}")
    return np.random.default_rng(operator.index(seed))


def check_whole(name: str, value: int, lowest: int = 1) -> None:
    """A count or a length that must be a whole number of at least ``lowest``.

    Raises:
        TypeError: no whole number.
        ValueError: too small.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < lowest:
        raise ValueError(f"{name} must be >= {lowest}, got {value}")
