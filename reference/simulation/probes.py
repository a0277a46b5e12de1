"""Synthetic probes by name, and orthogonal modes of one probe (spec ``data.md`` 7.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .methods import Seed, check_whole, look_up, random_generator
from .zernike import zernike
from .zone_plate import fzp

# Each takes a side N and a generator, and returns a complex (N, N) probe of unit energy.
PROBE_METHODS: Mapping[str, Callable[..., NDArray[np.complex128]]] = MappingProxyType(
    {"zernike": zernike, "fzp": fzp}
)

# Steepest ramp of a mode, in cycles across the field and along each axis.
CYCLES = 4.0


def synthetic_probes(
    side: int, method: str, count: int, seed: Seed, **arguments: Any
) -> list[NDArray[np.complex64]]:
    """Draw ``count`` probes of one kind, one after the other from the same generator.

    Args:
        side: N.
        method: a name in `PROBE_METHODS`.
        count: how many; a longer list starts with the probes of a shorter one.
        seed: whole number, or the generator to draw from.
        arguments: of the method.

    Returns:
        ``count`` complex64 arrays ``(N, N)``, each with the sum of |P|^2 equal to 1.

    Raises:
        ValueError: unknown ``method``; ``side`` or ``count`` too small; negative seed.
        TypeError: a ``side``, ``count`` or ``seed`` that is no whole number; an argument the method has not.
    """
    draw = look_up(PROBE_METHODS, "probe_method", method)
    check_whole("side", side)
    check_whole("count", count)
    rng = random_generator(seed)
    return [draw(side, rng, **arguments).astype(np.complex64) for _ in range(count)]


def orthogonal_modes(probe: NDArray[Any], count: int, seed: Seed) -> NDArray[np.complex64]:
    """Modes of one probe: itself, and copies under random linear phase ramps, made orthonormal in turn.

    Args:
        probe: ``(N, N)`` complex.
        count: P, at most the number of pixels that the probe lights.
        seed: whole number, or the generator to draw from.

    Returns:
        ``(P, N, N)`` complex64, the mode axis first; the first mode is the probe at unit energy.

    Raises:
        ValueError: a probe that is not square, real, not finite, or dark; ``count`` out of range; a seed
            below 0.
        TypeError: ``count`` or ``seed`` no whole number.
    """
    check_whole("count", count)
    _check_lit(probe, count)
    side = probe.shape[0]
    tilt = random_generator(seed).uniform(-CYCLES, CYCLES, (count, 2))
    tilt[0] = 0
    phasor = np.exp(2j * np.pi * tilt[..., None] * (np.arange(side) - side // 2) / side)
    ramped = probe * phasor[:, 0, :, None] * phasor[:, 1, None, :]
    basis, triangle = np.linalg.qr(ramped.reshape(count, -1).T)
    diagonal = np.diag(triangle)
    # QR leaves the phase of each vector free; this choice keeps that of the ramped probe.
    return (basis * (diagonal / np.abs(diagonal))).T.reshape(ramped.shape).astype(np.complex64)


def _check_lit(probe: NDArray[Any], count: int) -> None:
    if probe.ndim != 2 or probe.shape[0] != probe.shape[1] or not np.iscomplexobj(probe):
        raise ValueError(f"probe must be complex (N, N), got {probe.dtype} {probe.shape}")
    if not np.isfinite(probe).all():
        raise ValueError("probe holds values that are not finite")
    lit = int(np.count_nonzero(probe))
    if count > lit:
        raise ValueError(f"count {count} is more than the {lit} pixels that probe lights")
