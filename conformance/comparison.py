"""How far two arrays are apart: the metrics that every row of a report keeps, passing or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Distance:
    """Differences between an array and what it is measured against.

    Attributes:
        max_abs: largest absolute difference, real and imaginary part apart; infinite where one is NaN.
        p99_abs: 99th percentile of the same.
        peak: largest modulus of what it is measured against.
        relative: max_abs / peak (max_abs itself where the peak is zero).
        ulps: max_abs in units of the last place of the peak, in float32.
        worst: index of the largest difference.
    """

    max_abs: float
    p99_abs: float
    peak: float
    relative: float
    ulps: float
    worst: tuple[int, ...]


def distance(actual: Array, expected: Array, weight: Array | None = None) -> Distance:
    """Measure arrays of equal shape, in float64, each element times its weight where weights are given."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    difference = _apart(actual.real, expected.real)
    if np.iscomplexobj(actual) or np.iscomplexobj(expected):
        difference = np.maximum(difference, _apart(actual.imag, expected.imag))
    modulus = np.abs(expected.astype(np.result_type(expected.dtype, np.float64)))
    if weight is not None:
        # What is not finite is wrong wherever it is.
        with np.errstate(invalid="ignore"):
            difference = np.where(np.isinf(difference), np.inf, difference * weight)
        modulus = modulus * weight
    if not difference.size:
        return Distance(0.0, 0.0, 0.0, 0.0, 0.0, ())
    worst = np.unravel_index(int(np.argmax(difference)), difference.shape)
    finite = modulus[np.isfinite(modulus)]
    largest, peak = float(difference.max()), float(finite.max()) if finite.size else 0.0
    return Distance(
        max_abs=largest,
        p99_abs=float(np.quantile(difference, 0.99, method="higher")),
        peak=peak,
        relative=largest / peak if peak else largest,
        ulps=largest / unit(peak) if peak else (0.0 if largest == 0 else float("inf")),
        worst=tuple(int(index) for index in worst),
    )


def _apart(actual: Array, expected: Array) -> NDArray[np.float64]:
    """Absolute difference; equal values (infinities too) are 0 apart, NaN is infinitely far from anything."""
    with np.errstate(invalid="ignore"):
        gap = np.asarray(np.abs(np.subtract(actual, expected, dtype=np.float64)))
    lost = np.isnan(gap)
    if lost.any():
        gap[lost] = np.where(actual[lost] == expected[lost], 0.0, np.inf)
    return gap


def unit(peak: float) -> float:
    """One unit in the last place of a float32 of this size."""
    return float(np.spacing(np.float32(peak))) if np.isfinite(np.float32(peak)) else float("inf")
