"""Discs, blobs, ellipses and lines on a smooth ground (spec ``data.md`` 7.5).

The specification gives counts, blurs and weights; the sizes of the shapes are ours, and follow the
shorter side of the object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from .noise import perlin
from .scaling import Map, object_from_base, rescale
from .shapes import Shape, ellipse, paint, segment


@dataclass(frozen=True)
class Layer:
    """One kind of shape: how many at H = 256, how much blur, how heavy, and how to draw one."""

    least: int
    most: int
    blur: tuple[float, float]
    gain: float
    shape: Callable[[float, np.random.Generator], Shape]


def _disk(size: float, rng: np.random.Generator) -> Shape:
    radius = size * rng.uniform(0.01, 0.06)
    return ellipse(radius, radius, 0)


def _blob(size: float, rng: np.random.Generator) -> Shape:
    radius = size * rng.uniform(0.03, 0.08)
    return ellipse(radius, radius, 0)


def _ellipse(size: float, rng: np.random.Generator) -> Shape:
    semi_x, semi_y = size * rng.uniform(0.006, 0.04, 2)
    return ellipse(semi_x, semi_y, rng.uniform(0, np.pi))


def _line(size: float, rng: np.random.Generator) -> Shape:
    return segment(size * rng.uniform(0.1, 0.5), rng.uniform(1, 3), rng.uniform(0, np.pi))


LAYERS: Mapping[str, Layer] = {
    "disk": Layer(40, 40, (0, 1), 1.0, _disk),
    "gauss_blob": Layer(5, 10, (6, 12), 1.8, _blob),
    "ellipse": Layer(130, 130, (0, 1), 1.0, _ellipse),
    "line": Layer(60, 60, (0, 1), 1.0, _line),
}


def procedural(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.complex128]:
    """Weighted layers of shapes and Perlin noise on a faint ground; one object in two is blurred last."""
    base = np.full(shape, rng.uniform(0, 0.02))
    for name in (*rng.permutation(["disk", "gauss_blob", "ellipse"]), "line"):
        layer = LAYERS[name]
        base += rng.uniform(0.5, 0.9) * layer.gain * layer_map(layer, shape, rng)
    ground = rescale(perlin(shape, int(rng.integers(4, 8)), rng), 0, 1)
    base += rng.uniform(0.3, 0.4) * ground
    if rng.random() < 0.5:
        base = scipy.ndimage.gaussian_filter(base, rng.uniform(0, 1))
    return object_from_base(rescale(base, 0, 1))


def layer_map(layer: Layer, shape: tuple[int, int], rng: np.random.Generator) -> Map:
    """The union of a layer's shapes at random places, 1 inside and 0 outside, blurred: ``shape`` float64."""
    mask = np.zeros(shape)
    for _ in range(shape_count(layer, shape[0], rng)):
        centre = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        paint(mask, centre, layer.shape(min(shape), rng), 1)
    return np.asarray(scipy.ndimage.gaussian_filter(mask, rng.uniform(*layer.blur)))


def shape_count(layer: Layer, height: int, rng: np.random.Generator) -> int:
    """Shapes of a layer: its number at H = 256 in proportion to the height, at least one."""
    return max(1, round(int(rng.integers(layer.least, layer.most + 1)) * height / 256))
