"""Shapes that fall one upon the other, each of its own material (spec ``data.md`` 7.5)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..methods import check_whole
from .scaling import Map, object_of, rescale
from .shapes import Shape, ellipse, paint, polygon

THICKNESS = 3.0
RADII = (0.03, 0.2)  # of the shorter side of the object
STEPS = 200


def dead_leaves(
    shape: tuple[int, int], rng: np.random.Generator, max_iters: int = 500
) -> NDArray[np.complex128]:
    """Leaves of random form, size and place; a later leaf covers the earlier ones.

    Where no leaf fell there is vacuum. The amplitude exp(-beta t) spans [0.6, 1.1] and the phase
    -delta t spans [-pi, pi].

    Raises:
        TypeError, ValueError: ``max_iters`` no whole number, or below 1.
    """
    check_whole("max_iters", max_iters)
    top = topmost(shape, [random_leaf(min(shape), rng) for _ in range(max_iters)], rng)
    beta, delta = (np.concatenate([[0.0], values])[top] for values in materials(max_iters, rng))
    return object_of(rescale(np.exp(-beta * THICKNESS), 0.6, 1.1), rescale(-delta * THICKNESS, -np.pi, np.pi))


def topmost(shape: tuple[int, int], leaves: list[Shape], rng: np.random.Generator) -> NDArray[np.int_]:
    """Which leaf lies on top after all fell at random places: ``shape`` int, 0 for none, the first leaf 1."""
    top = np.zeros(shape, int)
    centres = rng.uniform(0, shape, (len(leaves), 2))
    for number, (leaf, (row, column)) in enumerate(zip(leaves, centres, strict=True), start=1):
        paint(top, (row, column), leaf, number)
    return top


def materials(count: int, rng: np.random.Generator) -> tuple[Map, Map]:
    """Absorption beta and phase shift delta of each leaf; delta is at least beta, about 100 times."""
    beta = np.maximum(1e-3 * rng.random(count) ** 1.5, 1e-7)
    return beta, beta * np.maximum(1, rng.normal(100, 10, count))


def random_leaf(size: float, rng: np.random.Generator) -> Shape:
    """A circle or a polygon inscribed in one, all five forms equally likely."""
    radii, probability = radius_law(size)
    radius = float(rng.choice(radii, p=probability))
    form = FORMS[int(rng.integers(len(FORMS)))]
    return form(radius, rng)


def radius_law(size: float) -> tuple[Map, Map]:
    """Radii and their probabilities: falling as r^-3 and zero at the largest, so that no scale stands out."""
    radii = size * np.linspace(*RADII, STEPS)
    density = radii**-3
    density -= density[-1]
    return radii, density / density.sum()


def _circle(radius: float, rng: np.random.Generator) -> Shape:  # noqa: ARG001 - the forms share a signature
    return ellipse(radius, radius, 0)


def _square(radius: float, rng: np.random.Generator) -> Shape:
    return polygon(radius, rng.uniform(0, np.pi / 2) + np.arange(4) * np.pi / 2)


def _rectangle(radius: float, rng: np.random.Generator) -> Shape:
    half = rng.uniform(np.pi / 12, np.pi / 5)  # of the angle that the short side subtends
    return polygon(radius, rng.uniform(0, np.pi) + np.array([-half, half, np.pi - half, np.pi + half]))


def _triangle(radius: float, rng: np.random.Generator) -> Shape:
    return polygon(radius, _spread(3, rng))


def _quadrilateral(radius: float, rng: np.random.Generator) -> Shape:
    return polygon(radius, _spread(4, rng))


def _spread(corners: int, rng: np.random.Generator) -> Map:
    """Sorted angles about equal steps apart, each moved by up to a third of a step."""
    step = 2 * np.pi / corners
    angles = np.arange(corners) * step + rng.uniform(-step / 3, step / 3, corners)
    return np.asarray(rng.uniform(0, step) + angles)


FORMS: tuple[Callable[[float, np.random.Generator], Shape], ...] = (
    _circle,
    _square,
    _rectangle,
    _triangle,
    _quadrilateral,
)
