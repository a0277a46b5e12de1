"""A data set in numbers: scan, patterns and probe, with what pictures of them need."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ptychoparity.reference.data.amplitude import DiffractionUnits, judge_units, sampled_patterns
from ptychoparity.reference.data.validation import probe_modes

Array = NDArray[Any]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Scan:
    """Scan positions, in object pixels.

    Attributes:
        points: how many.
        x_range, y_range: lowest and highest.
        spacing: smallest, median and largest distance to the nearest other position; None for one position.
        duplicates: positions that repeat an earlier one exactly.
        x, y: ``(points,)`` float64.
    """

    points: int
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    spacing: tuple[float, float, float] | None
    duplicates: int
    x: Reals
    y: Reals

    @property
    def span(self) -> float:
        """The longer side of the field."""
        return max(self.x_range[1] - self.x_range[0], self.y_range[1] - self.y_range[0])


@dataclass(frozen=True)
class Patterns:
    """Diffraction patterns.

    Attributes:
        count, side: patterns, and pixels along a side.
        lowest, peak, mean: of all values that are finite.
        energy: mean over patterns of the sum of squares: counts in a pattern, if these are amplitudes.
        zeros, not_finite, negative: how many values are.
        units: amplitude or counts; None where values are broken or all zero.
        mean_pattern: ``(side, side)`` float64.
        brightness: ``(count,)`` sum of the squares of each pattern, float64.
    """

    count: int
    side: int
    lowest: float
    peak: float
    mean: float
    energy: float
    zeros: int
    not_finite: int
    negative: int
    units: DiffractionUnits | None
    mean_pattern: Reals
    brightness: Reals


@dataclass(frozen=True)
class Probe:
    """The probe.

    Attributes:
        side, modes: pixels along a side, and modes.
        energy: sum of squared moduli over pixels and modes.
        peak: largest amplitude.
        shares: of the energy, by mode.
        amplitude: ``(side, side)`` root of the energy summed over modes, float64.
    """

    side: int
    modes: int
    energy: float
    peak: float
    shares: tuple[float, ...]
    amplitude: Reals


def scan_of(x: Array, y: Array) -> Scan | None:
    """The positions that are finite; None if none is, or the arrays are no coordinates."""
    if x.ndim != 1 or x.shape != y.shape:
        return None
    positions = np.column_stack((x, y)).astype(np.float64)
    positions = positions[np.isfinite(positions).all(axis=1)]
    if len(positions) == 0:
        return None
    distinct = np.unique(positions, axis=0)
    spacing = None
    if len(distinct) > 1:
        nearest = np.asarray(cKDTree(distinct).query(distinct, k=[2])[0])
        spacing = (float(nearest.min()), float(np.median(nearest)), float(nearest.max()))
    (x_low, y_low), (x_high, y_high) = positions.min(axis=0).tolist(), positions.max(axis=0).tolist()
    return Scan(
        points=len(positions),
        x_range=(x_low, x_high),
        y_range=(y_low, y_high),
        spacing=spacing,
        duplicates=len(positions) - len(distinct),
        x=positions[:, 0],
        y=positions[:, 1],
    )


def patterns_of(
    shape: tuple[int, int, int], dtype: np.dtype[Any], pieces: Iterable[tuple[int, Array]]
) -> Patterns:
    """Go through the patterns once.

    Args:
        shape: ``(M, H, W)`` of all of them, no axis empty.
        dtype: real.
        pieces: index of the first pattern and ``(m, H, W)`` patterns, until all have come.
    """
    count, sampled, sample = shape[0], sampled_patterns(shape[0]), []
    lowest, peak, not_finite, negative, zeros = math.inf, -math.inf, 0, 0, 0
    total, brightness = np.zeros(shape[1:]), np.zeros(count)
    for start, block in pieces:
        finite = np.isfinite(block)
        values = np.where(finite, block, 0).astype(np.float64)
        not_finite += int(np.count_nonzero(~finite))
        negative += int(np.count_nonzero(block < 0))
        zeros += int(np.count_nonzero(block == 0))
        lowest = min(lowest, float(values.min(where=finite, initial=math.inf)))
        peak = max(peak, float(values.max(where=finite, initial=-math.inf)))
        total += values.sum(axis=0)
        brightness[start : start + len(block)] = np.square(values).sum(axis=(1, 2))
        sample.append(values[sampled[(sampled >= start) & (sampled < start + len(block))] - start])
    mean = float(total.sum()) / max(1, math.prod(shape) - not_finite)
    sound = not not_finite and not negative and peak > 0
    return Patterns(
        count=count,
        side=shape[1],
        lowest=lowest,
        peak=peak,
        mean=mean,
        energy=float(brightness.mean()),
        zeros=zeros,
        not_finite=not_finite,
        negative=negative,
        units=judge_units(dtype, peak, mean, np.concatenate(sample)) if sound else None,
        mean_pattern=total / count,
        brightness=brightness,
    )


def probe_of(probe: Array) -> Probe | None:
    """The probe's values; None where its shape is none of a probe or a value is not finite."""
    try:
        modes, side = probe_modes(probe.shape)
    except ValueError:
        return None
    if not np.isfinite(probe).all():
        return None
    power = np.square(np.abs(probe.astype(np.complex128))).reshape(modes, side, side)
    energy, by_mode = float(power.sum()), power.sum(axis=(1, 2))
    amplitude = np.sqrt(power.sum(axis=0))
    return Probe(
        side=side,
        modes=modes,
        energy=energy,
        peak=float(amplitude.max()),
        shares=tuple((by_mode / energy).tolist()) if energy > 0 else (),
        amplitude=amplitude,
    )
