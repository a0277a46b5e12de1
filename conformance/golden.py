"""Numbers, laws and refusals that the specification prints, which every backend must meet.

`Golden` is a printed value, `Law` a relation between two answers of the same backend, `Refusal` an error
with the words it must hold. None of this reaches a recorder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ptychoparity.conformance.measures import WHOLE, Measure


@dataclass(frozen=True)
class Golden:
    """A printed value.

    Attributes:
        check: number of the check in the specification.
        case: case id.
        quantity: recorded quantity.
        measure: what is taken out of it.
        expected: the value, compared element by element after broadcasting; texts and None must be equal.
        tolerance: absolute.
    """

    check: str
    case: str
    quantity: str
    measure: Measure
    expected: Any
    tolerance: float = 0.0


@dataclass(frozen=True)
class Law:
    """Two answers of one backend, the first equal to ``factor`` times the second within a tolerance.

    The tolerance is relative to the largest modulus of the second.
    """

    check: str
    case: str
    other: str
    quantity: str
    measure: Measure = WHOLE
    other_measure: Measure = WHOLE
    factor: complex = 1.0
    tolerance: float = 0.0
    other_quantity: str | None = None


@dataclass(frozen=True)
class Refusal:
    """An error that must be raised, by class and by the words its message holds."""

    check: str
    case: str
    error: str
    words: tuple[str, ...]


Expectation = Golden | Law | Refusal
