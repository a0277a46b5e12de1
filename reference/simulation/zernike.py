"""A probe of random orthonormal Zernike polynomials (spec ``data.md`` 7.6)."""

from __future__ import annotations

import math

import numpy as np
import scipy.special
from numpy.typing import NDArray

from .methods import check_whole

ORDER = 10
DIAMETERS = (10, 24)  # of the disc, in pixels, both included


def zernike(side: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Random aberrations in a small disc under a Gaussian envelope: ``(N, N)``, unit energy.

    The disc is no wider than the field, so that a side below 24 draws from fewer diameters.

    Raises:
        ValueError: ``side`` below 10, the smallest disc.
    """
    smallest, largest = DIAMETERS
    check_whole("side of a zernike probe", side, lowest=smallest)
    diameter = int(rng.integers(smallest, min(largest, side) + 1))
    axis = np.arange(side) - side // 2 + 0.5
    radius, angle = np.hypot(axis[:, None], axis), np.arctan2(axis[:, None], axis)
    inside = radius <= diameter / 2
    modes = np.stack([polynomial(n, m, 2 * radius[inside] / diameter, angle[inside]) for n, m in ORDERS])
    envelope = np.exp(-0.5 * (radius[inside] / (diameter // 2 * rng.uniform(0.3, 0.5))) ** 2)
    probe = np.zeros((side, side), complex)
    probe[inside] = envelope * (coefficients(rng) @ modes)
    return np.asarray(probe / np.linalg.norm(probe))


def coefficients(rng: np.random.Generator) -> NDArray[np.complex128]:
    """One complex number for each of `ORDERS`: deviation 0.5 in each part, one in ten zero, piston 1."""
    real, imaginary = rng.normal(0, 0.5, (2, len(ORDERS)))
    drawn = np.where(rng.random(len(ORDERS)) < 0.1, 0, real + 1j * imaginary)
    drawn[0] = 1
    return drawn


def polynomial(
    n: int, m: int, radius: NDArray[np.float64], angle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Zernike polynomial of degree ``n`` and azimuthal order ``m`` (sine where negative) on the unit disc.

    Normalised so that the mean over the disc of the product of two is 1 where they are the same, else 0.
    """
    order = abs(m)
    half = (n - order) // 2
    radial = (-1) ** half * radius**order * scipy.special.eval_jacobi(half, order, 0, 1 - 2 * radius**2)
    if m == 0:
        return np.asarray(math.sqrt(n + 1) * radial)
    turning = np.cos(order * angle) if m > 0 else np.sin(order * angle)
    return np.asarray(math.sqrt(2 * (n + 1)) * radial * turning)


# (n, m) up to the highest degree, the piston first.
ORDERS = tuple((n, m) for n in range(ORDER + 1) for m in range(-n, n + 1, 2))
