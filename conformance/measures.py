"""What a golden value looks at: one number, or an array, taken out of a recorded quantity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Measure:
    """A named reduction of a recorded quantity."""

    label: str
    take: Callable[[Any], Any]


def at(*index: int | slice) -> Measure:
    """The element, row or block at an index."""
    label = ", ".join(f"{i.start or ''}:{i.stop or ''}" if isinstance(i, slice) else str(i) for i in index)
    return Measure(f"[{label}]", lambda value: np.asarray(value)[index])


def column(*channels: int) -> Measure:
    """The last axis at the given channels."""
    return Measure(f"[..., {channels}]", lambda value: np.asarray(value)[..., list(channels)])


def key(name: str) -> Measure:
    """An entry of a dictionary; absent entries are ``None``."""
    return Measure(f"[{name!r}]", lambda value: value.get(name))


def entries(*names: str) -> Measure:
    """Some entries of a dictionary; absent entries are ``None``."""
    return Measure(f"{len(names)} entries", lambda value: {name: value.get(name) for name in names})


def mean_energy(axis: tuple[int, ...]) -> Measure:
    """Mean over patterns of the summed squares over the given pixel axes."""
    return Measure("mean energy", lambda value: float(np.square(np.float64(value)).sum(axis=axis).mean()))


WHOLE = Measure("everywhere", lambda value: value)
PRESENT = Measure("present", lambda value: value is not None)
SIZE = Measure("number of entries", len)
SHAPE = Measure("shape", lambda value: list(np.asarray(value).shape))
DTYPE = Measure("dtype", lambda value: str(np.asarray(value).dtype))
TOTAL = Measure("sum", lambda value: np.asarray(value, np.result_type(value, np.float64)).sum())
TOTALS = Measure(
    "sum per group", lambda value: np.asarray(value, np.result_type(value, np.float64)).sum(axis=(1, 2))
)
ENERGY = Measure("sum of squares", lambda value: float(np.square(np.abs(np.complex128(value))).sum()))
SMALLEST = Measure("smallest value", lambda value: float(np.min(value)))
LARGEST = Measure("largest modulus", lambda value: float(np.abs(value).max()))
SUPPORTED = Measure("pixels above 0", lambda value: int((np.asarray(value) > 0).sum()))
SUM_OF_CHANNELS = Measure("sum over channels", lambda value: np.asarray(value).sum(axis=-1))
SORTED_ROWS = Measure("rows, sorted", lambda value: np.sort(np.asarray(value), axis=1))
DISTINCT = Measure(
    "fewest distinct members of a group",
    lambda value: int(min(len(set(row)) for row in np.asarray(value).tolist())),
)
FRACTION = Measure("distance from whole numbers", lambda value: float(np.abs(value - np.round(value)).max()))
FLIPPED = Measure("flipped both ways", lambda value: np.asarray(value)[::-1, ::-1])
SWAPPED_AXIS = Measure("[x, y] swapped", lambda value: np.asarray(value)[:, :, ::-1])
SORTED_COORDINATES = Measure(
    "x and y of the members, each sorted", lambda value: np.sort(value[0, 0], axis=-1)
)
FROM_CENTRE = Measure(
    "displacement from the members' mean", lambda value: value - value.mean(axis=-1, keepdims=True)
)
