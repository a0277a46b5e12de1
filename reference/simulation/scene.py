"""A drawn landscape in place of a photograph: detail at every scale, and no two parts alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .objects.noise import gradient_noise, perlin
from .objects.scaling import rescale

Plane = NDArray[np.float64]


def scene(side: int) -> Plane:
    """Sky with clouds and a sun, mountains, a house, a fence and grass: ``(side, side)`` in [0.05, 1].

    The same picture at every call; ``side`` is only its resolution.
    """
    y, x = (np.arange(side)[:, None] + 0.5) / side, (np.arange(side)[None] + 0.5) / side
    texture = rescale(perlin((side, side), 7, np.random.default_rng(20)), 0, 1)
    grain = rescale(gradient_noise((side, side), 90, np.random.default_rng(21)), 0, 1)
    picture = 0.25 + 0.4 * y + 0.25 * texture + 0.4 * np.clip(2.5 * (texture - 0.45), 0, 1)
    picture = _over(picture, (y - 0.17) ** 2 + (x - 0.78) ** 2 < 0.07**2, 1.0 - 0.1 * texture)
    for foot, height, tone, wave in ((0.50, 0.20, 0.45, 9.0), (0.62, 0.12, 0.28, 17.0)):
        ridge = foot - height * np.abs(np.sin(wave * x) + 0.4 * np.sin(2.7 * wave * x + 1)) - 0.1 * texture
        picture = _over(picture, y > ridge, tone * (0.3 + texture + 0.4 * grain))
    picture = _over(picture, y > 0.66 + 0.02 * np.sin(7 * x), 0.15 + 0.6 * grain * texture + 0.3 * y)
    picture = _house(picture, y, x)
    posts = (y > 0.82) & (y < 0.94) & ((25 * x) % 1 < 0.2 + 0.3 * x)
    rails = (np.abs(y - 0.85) < 0.004) | (np.abs(y - 0.91 + 0.02 * x) < 0.004)
    picture = _over(picture, posts | rails, 0.95 - 0.25 * grain)
    return rescale(picture, 0.05, 1)


def _house(picture: Plane, y: Plane, x: Plane) -> Plane:
    wall = (x > 0.14) & (x < 0.40) & (y > 0.56) & (y < 0.74)
    picture = _over(picture, wall, np.where((60 * y) % 1 < 0.15, 0.65, 0.75))
    roof = (y > 0.44) & (y < 0.56) & (np.abs(x - 0.27) < 1.3 * (y - 0.44))
    picture = _over(picture, roof, 0.3 + 0.15 * ((80 * (x + y)) % 1))
    window = wall & ((x - 0.14) % 0.09 > 0.03) & (y > 0.60) & (y < 0.66)
    picture = _over(picture, window, 0.1 + 0.3 * x)
    door = (np.abs(x - 0.345) < 0.022) & (y > 0.67) & (y < 0.74)
    return _over(picture, door, 0.15 + 0 * y)


def _over(picture: Plane, where: NDArray[np.bool_], tone: Plane) -> Plane:
    return np.where(where, tone, picture)
