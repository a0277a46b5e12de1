"""From a map of grey values, or of absorption and phase shift, to a complex object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]


def rescale(values: Map, low: float, high: float) -> Map:
    """Map the range of ``values`` linearly to [low, high]; a flat map goes to the middle."""
    least, most = values.min(), values.max()
    if most == least:
        return np.full_like(values, (low + high) / 2)
    scaled = low + (high - low) * (values - least) / (most - least)
    return np.asarray(np.clip(scaled, low, high))


def object_of(amplitude: Map, phase: Map) -> NDArray[np.complex128]:
    """Amplitude times exp(i phase)."""
    return np.asarray(amplitude * np.exp(1j * phase))


def object_from_base(base: Map) -> NDArray[np.complex128]:
    """The object of a base map in [0, 1]: amplitude 1.2 to 0.8, phase -pi to pi (spec ``data.md`` 7.5)."""
    return object_of(1.2 - 0.4 * base, np.pi * (2 * base - 1))
