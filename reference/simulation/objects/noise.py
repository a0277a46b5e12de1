"""Objects made of noise: white, blurred, and Perlin (spec ``data.md`` 7.5)."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from .scaling import Map, object_from_base, rescale

Shape = tuple[int, int]


def white_noise(shape: Shape, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Every pixel independent, its base value uniform in [0, 1]."""
    return object_from_base(rescale(rng.random(shape), 0, 1))


def blurred_white_noise(shape: Shape, rng: np.random.Generator) -> NDArray[np.complex128]:
    """White noise under a Gaussian whose width is uniform in [1, 3] pixels."""
    sigma = rng.uniform(1, 3)
    return object_from_base(rescale(scipy.ndimage.gaussian_filter(rng.random(shape), sigma), 0, 1))


def simplex_noise(shape: Shape, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Perlin noise of 3 to 7 octaves."""
    return object_from_base(rescale(perlin(shape, int(rng.integers(3, 8)), rng), 0, 1))


def perlin(shape: Shape, octaves: int, rng: np.random.Generator) -> Map:
    """Fractal gradient noise at the coordinates (i/H, j/W).

    Octave o has 2^o cells along each axis and the weight 2^-o.
    """
    noise = [gradient_noise(shape, 2**octave, rng) / 2**octave for octave in range(octaves)]
    return np.asarray(np.sum(noise, axis=0))


def gradient_noise(shape: Shape, cells: int, rng: np.random.Generator) -> Map:
    """One octave: unit gradients at random angles on the corners of ``cells`` x ``cells`` squares."""
    angle = rng.uniform(0, 2 * np.pi, (cells + 1, cells + 1))
    slope_y, slope_x = np.sin(angle), np.cos(angle)
    (row, y), (column, x) = (np.divmod(np.arange(n) * cells / n, 1) for n in shape)
    row, column, y, x = row[:, None].astype(int), column[None].astype(int), y[:, None], x[None]

    def edge(down: int) -> Map:
        left, right = (row + down, column), (row + down, column + 1)
        at_left = slope_y[left] * (y - down) + slope_x[left] * x
        at_right = slope_y[right] * (y - down) + slope_x[right] * (x - 1)
        return np.asarray(at_left + _fade(x) * (at_right - at_left))

    top, bottom = edge(0), edge(1)
    return np.asarray(top + _fade(y) * (bottom - top))


def _fade(t: Map) -> Map:
    """The quintic step, flat to second order at 0 and 1, which hides the cells."""
    return t**3 * (t * (6 * t - 15) + 10)
