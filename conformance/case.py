"""A case: one operation of the contract, on given inputs, under a stable name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One question to a backend; the answer is not in it.

    Attributes:
        name: unique within its scenario; carries the number of a spec check where it is one.
        operation: key of `ptychoparity.conformance.operations.OPERATIONS`.
        inputs: plain values and arrays, nested in dictionaries and lists. float32 and complex64 arrays are
            measured or computed quantities, uncertain by one unit in the last place; float64 arrays are
            positions and offsets, exact.
        exact: the arithmetic leaves no rounding, so every backend must agree to the bit.
    """

    name: str
    operation: str
    inputs: Mapping[str, Any]
    exact: bool = False


@dataclass(frozen=True)
class Scenario:
    """Cases that ask one thing.

    Attributes:
        id: family and number, for example ``FWD-002``; shared by docs, cases, reports and faults.
        title: what is asked, in words.
        spec: sections and check numbers of the specification.
        build: makes the cases; scenarios of measured data get the path of an NPZ file.
    """

    id: str
    title: str
    spec: str
    build: Callable[..., Iterable[Case]]
    measured: bool = False


def single(values: Array) -> Array:
    """Round to the precision in which backends receive data: float32 or complex64."""
    return np.asarray(values).astype(np.complex64 if np.iscomplexobj(values) else np.float32)
