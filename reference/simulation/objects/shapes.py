"""Solid shapes as tests of pixel offsets from a centre, and painting them inside their bounding box."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """A solid figure about the origin.

    Attributes:
        reach: no point of the figure is farther from the origin along either axis.
        inside: which of the offsets (rows ``(h, 1)``, columns ``(1, w)``) lie in it, bool ``(h, w)``.
    """

    reach: float
    inside: Callable[[Offsets, Offsets], NDArray[np.bool_]]


def paint(canvas: NDArray[np.generic], centre: tuple[float, float], shape: Shape, value: float) -> None:
    """Set the pixels of ``canvas`` whose centres a shape at ``centre`` (row, column) covers."""
    (top, rows), (left, columns) = (
        _box(middle, shape.reach, length) for middle, length in zip(centre, canvas.shape, strict=True)
    )
    window = canvas[top : top + len(rows), left : left + len(columns)]
    window[shape.inside(rows[:, None], columns[None])] = value


def _box(middle: float, reach: float, length: int) -> tuple[int, Offsets]:
    """First pixel of the box along one axis of the canvas, and its pixels' offsets from the middle."""
    first, last = max(math.floor(middle - reach), 0), min(math.ceil(middle + reach) + 1, length)
    return first, np.arange(first, max(first, last), dtype=float) - middle


def ellipse(semi_x: float, semi_y: float, angle: float) -> Shape:
    """An ellipse turned by ``angle``; equal semi-axes give a disc."""
    cos, sin = math.cos(angle), math.sin(angle)

    def inside(y: Offsets, x: Offsets) -> NDArray[np.bool_]:
        along, across = cos * x + sin * y, cos * y - sin * x
        return np.asarray((along / semi_x) ** 2 + (across / semi_y) ** 2 <= 1)

    return Shape(max(semi_x, semi_y), inside)


def segment(length: float, width: float, angle: float) -> Shape:
    """A straight line with round ends, centred."""
    cos, sin = math.cos(angle), math.sin(angle)

    def inside(y: Offsets, x: Offsets) -> NDArray[np.bool_]:
        beyond = np.maximum(np.abs(cos * x + sin * y) - length / 2, 0)
        return np.asarray(np.hypot(beyond, cos * y - sin * x) <= width / 2)

    return Shape((length + width) / 2, inside)


def polygon(radius: float, angles: NDArray[np.float64]) -> Shape:
    """The convex polygon whose corners lie at the sorted ``angles`` of a circle."""
    corners = radius * np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    edges = np.roll(corners, -1, axis=0) - corners

    def inside(y: Offsets, x: Offsets) -> NDArray[np.bool_]:
        (y0, x0), (dy, dx) = corners.T[..., None, None], edges.T[..., None, None]
        return np.asarray((dx * (y - y0) - dy * (x - x0) >= 0).all(axis=0))

    return Shape(radius, inside)
