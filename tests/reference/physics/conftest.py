"""Inputs of the numbered checks, derived here a second time from their definitions in the specification."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Array = np.ndarray[Any, Any]


def portable(shape: tuple[int, ...], sigma: int) -> Array:
    """U(k; sigma) of spec physics_model.md 0 in Python's unbounded integers."""
    count = math.prod(shape)
    values = [(1103515245 * k * k + 12345 * k + 2654435761 * sigma) % 2**31 / 2**31 for k in range(count)]
    return np.array(values).reshape(shape)


def portable_waves(shape: tuple[int, ...], amplitude: int, phase: int, turns: float = 1.0) -> Array:
    return portable(shape, amplitude) * np.exp(1j * turns * (portable(shape, phase) - 0.5))


@pytest.fixture
def uniform() -> Callable[..., Array]:
    return portable


@pytest.fixture
def waves() -> Callable[..., Array]:
    return portable_waves


@pytest.fixture
def printed() -> Callable[[str], Any]:
    """What equals a number of the specification to its last printed digit."""

    def approximation(text: str) -> Any:
        parts = text.rstrip("j").replace("-", "+").split("+")
        digits = max(len(part.partition(".")[2]) for part in parts)
        value = complex(text)
        return pytest.approx(value if value.imag else value.real, rel=0, abs=0.75 * 10.0**-digits)

    return approximation


@pytest.fixture
def conf() -> Array:
    """conf X of physics_model.md 9, channels-last: (2, 16, 16, 4)."""
    return np.ascontiguousarray(portable_waves((2, 4, 16, 16), 8, 9).transpose(0, 2, 3, 1))


@pytest.fixture
def confined(conf: Array) -> Array:
    """conf X times the centre mask of N = 16."""
    mask = np.zeros((16, 16))
    mask[4:12, 4:12] = 1
    return conf * mask[None, :, :, None]


@pytest.fixture
def relative() -> Array:
    """pos of physics_model.md 9 as offsets: (2, 1, 2, 4)."""
    pairs = [
        [(1.5, 2), (-1.5, 2), (1.5, -2), (-1.5, -2)],
        [(0.75, -1.25), (-2.25, 0.5), (2, 1.75), (-0.5, -1)],
    ]
    return np.array(pairs, float).transpose(0, 2, 1)[:, None]


@pytest.fixture
def gaussian() -> Array:
    """Probe G of physics_model.md 9 with its mode axis: (1, 16, 16)."""
    axis = np.arange(16) - 7.5
    return np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / 20)[None].astype(complex)


@pytest.fixture
def stitched() -> tuple[Array, Array]:
    """Patches and positions of check S10."""
    positions = [(0, 0), (3.5, -1.25), (-4.2, 2.6), (7.1, 5.3), (-2.4, -3.65)]
    return portable_waves((5, 16, 16), 4, 5), np.array(positions, float)
