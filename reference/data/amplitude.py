"""Amplitude or counts? What the numbers of a detector stack say about themselves (spec ``data.md`` 1.3).

The contract is amplitude, the square root of counts. Its values betray themselves: their squares are whole
numbers while they themselves are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_COUNTS_PEAK = 10.0
_COUNTS_PEAK_TO_MEAN = 100.0

_SAMPLED_PATTERNS = 16
_SLACK = 2 * float(
    np.finfo(np.float32).eps
)  # relative error of the square of a rounded square root, with margin
_LARGEST_GAP = 0.02  # squares so large that rounding blurs them by more than this say nothing
_WHOLE = 1e-3  # the root of a judged count that is no square number is further from a whole number
_FEWEST = 4
_MOST = 0.95


@dataclass(frozen=True)
class DiffractionUnits:
    """What a detector stack most likely holds.

    Attributes:
        verdict: "unclear" where the numbers fit both.
        reason: the observation that decided.
        suspect: whether a reader should warn.
    """

    verdict: Literal["amplitude", "counts", "unclear"]
    reason: str
    suspect: bool


def sampled_patterns(count: int) -> NDArray[np.intp]:
    """Which of ``count`` patterns to look at closely: a few, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, _SAMPLED_PATTERNS)).astype(np.intp))


def judge_units(dtype: np.dtype[Any], peak: float, mean: float, sample: Array) -> DiffractionUnits:
    """Tell amplitude from counts.

    An integer dtype, a peak of 10 or more, or a peak of 100 or more means is suspect, unless the numbers are
    square roots of whole numbers.

    Args:
        dtype: of the whole stack.
        peak, mean: of the whole stack.
        sample: some of its values, for instance those of `sampled_patterns`; zeros count for nothing.
    """
    if dtype.kind in "iu":
        return DiffractionUnits("counts", f"integer dtype {dtype}", suspect=True)
    values = np.asarray(sample, np.float64)
    values = values[values > 0]
    if _roots_of_counts(values):
        return DiffractionUnits("amplitude", "squares of the values are whole numbers", suspect=False)
    whole = bool((np.abs(values - np.rint(values)) < _WHOLE).all()) and len(values) > 0
    magnitude = _large(peak, mean)
    if magnitude:
        reason = f"values are whole numbers, {magnitude}" if whole else magnitude
        return DiffractionUnits("counts" if whole else "unclear", reason, suspect=True)
    if whole and values.min() < values.max():
        return DiffractionUnits("unclear", "values are small whole numbers", suspect=False)
    return DiffractionUnits("amplitude", "nothing speaks for counts", suspect=False)


def _large(peak: float, mean: float) -> str:
    """What about the magnitudes is suspect; empty if nothing is."""
    if peak >= _COUNTS_PEAK:
        return f"peak {peak:g} is {_COUNTS_PEAK:g} or more"
    if peak >= _COUNTS_PEAK_TO_MEAN * mean:
        return f"peak {peak:g} is {_COUNTS_PEAK_TO_MEAN:g} or more times the mean {mean:g}"
    return ""


def _roots_of_counts(values: NDArray[np.float64]) -> bool:
    """Whether the values that are not whole have whole squares, nearly all of them."""
    squares = np.square(values)
    blurred = _SLACK * squares
    told = (blurred < _LARGEST_GAP) & (np.abs(values - np.rint(values)) >= _WHOLE)
    gaps = np.abs(squares[told] - np.rint(squares[told]))
    return len(gaps) >= _FEWEST and float((gaps <= blurred[told]).mean()) >= _MOST
