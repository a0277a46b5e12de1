"""From object patches to noisy diffraction amplitudes (spec ``data.md`` 7.1).

The physics is that of `reference.physics`, in float64. Patterns are made a block at a time, so that the
memory beyond inputs and outputs does not grow with their number, and the noise does not depend on the blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics.checks import check_illumination, check_patches, check_photons
from ptychoparity.reference.physics.diffraction import diffract, illuminate, observe
from ptychoparity.reference.physics.probe import as_modes
from ptychoparity.reference.simulation.methods import Seed, random_generator

Array = NDArray[Any]
Progress = Callable[[int, int], None]
"""Told how many patterns are done, and how many there are."""

_BLOCK_BYTES = 4 << 20  # exit waves held at once
_MOST_PHOTONS = 9e18  # in a pattern: more could overflow the count of a pixel


class Illuminated(NamedTuple):
    """Noisy patterns and what was illuminated, all ``(n, N, N, C)`` float64, and the scale.

    ``X`` is the observed amplitude and ``Y_I`` the amplitude behind the probe (of several modes, the root of
    their summed intensity), both divided by ``intensity_scale``; ``Y_phi`` is the phase before the probe.
    """

    X: NDArray[np.float64]
    Y_I: NDArray[np.float64]
    Y_phi: NDArray[np.float64]
    intensity_scale: float


def illuminate_and_diffract(
    Y_I: Array,
    Y_phi: Array,
    probe: Array,
    *,
    seed: Seed,
    nphotons: float | None = None,
    intensity_scale: float | None = None,
) -> Illuminated:
    """Illuminate patches, diffract them and count photons: X = sqrt(Poisson((s A)^2)) / s.

    Args:
        Y_I: ``(n, N, N, C)`` amplitude of the patches.
        Y_phi: their phase in radians, of the same shape.
        probe: ``(N, N)``, ``(N, N, 1)`` or incoherent modes ``(P, N, N)``, complex.
        seed: of the photon noise; whole number, or the generator to draw from.
        nphotons: photons of a pattern in the mean, from which the scale s follows.
        intensity_scale: s itself; give one of the two.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, both or none of ``nphotons`` and
            ``intensity_scale``, one that is not positive or too large to count, no energy behind the probe.
    """
    amplitude, phase = np.asarray(Y_I, np.float64), np.asarray(Y_phi, np.float64)
    check_patches(amplitude, "Y_I")
    if phase.shape != amplitude.shape:
        raise ValueError(f"Y_phi must have the shape of Y_I, {amplitude.shape}, got {phase.shape}")
    patches, modes = amplitude * np.exp(1j * phase), probe_modes(probe)
    check_illumination(patches, modes)
    if (nphotons is None) == (intensity_scale is None):
        raise ValueError(
            f"give nphotons or intensity_scale, got nphotons={nphotons} and intensity_scale={intensity_scale}"
        )
    energies = pattern_energies(patches, modes)
    scale = photon_scale(energies, nphotons) if nphotons is not None else float(intensity_scale or 0)
    check_scale(energies, scale)
    X = np.empty(amplitude.shape)
    for block, observed in observed_amplitudes(patches, modes, scale, random_generator(seed)):
        np.divide(observed, scale, out=X[block])
    behind = np.sqrt(_intensity(modes))[:, :, None] * np.abs(amplitude)
    return Illuminated(X, behind, phase.copy(), scale)


def probe_modes(probe: Array) -> NDArray[np.complex128]:
    """A probe of any layout as ``(P, N, N)``; ValueError for a real one or another shape."""
    if not np.iscomplexobj(probe):
        raise ValueError(f"probe_guess must be complex, got dtype {np.asarray(probe).dtype}")
    return as_modes(np.asarray(probe)).astype(np.complex128)


def pattern_energies(patches: Array, modes: Array) -> NDArray[np.float64]:
    """Summed intensity behind the probe, that is of each noiseless pattern before scaling: ``(n, C)``."""
    intensity = _intensity(modes)
    energies = np.empty((len(patches), patches.shape[3]))
    for block in _blocks(patches, modes):
        part = patches[block].astype(np.complex128)
        energies[block] = np.einsum("ij,bijc->bc", intensity, part.real**2 + part.imag**2)
    return energies


def photon_scale(energies: Array, nphotons: float) -> float:
    """The scale that gives patterns of these energies ``nphotons`` in the mean (spec ``data.md`` 6).

    Raises:
        ValueError: ``nphotons`` not positive, or energies that are not finite or all zero.
    """
    check_photons(nphotons)
    mean = float(energies.mean())
    if not (math.isfinite(mean) and mean > 0):
        raise ValueError(
            f"mean energy behind the probe is {mean:g}, so that no photons can be counted; object and probe "
            "must be finite and overlap at the scan positions"
        )
    return math.sqrt(nphotons / mean)


def check_scale(energies: Array, scale: float) -> None:
    """A scale that is positive and finite, and patterns that can be counted; ValueError otherwise."""
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"intensity_scale must be finite and > 0, got {scale}")
    most = float(energies.max()) * scale**2
    if not most <= _MOST_PHOTONS:
        raise ValueError(
            f"a pattern would have {most:g} photons, but at most {_MOST_PHOTONS:g} can be counted; lower "
            "nphotons or intensity_scale"
        )


def observed_amplitudes(
    patches: Array,
    modes: Array,
    scale: float,
    generator: np.random.Generator,
    progress: Progress | None = None,
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Square roots of photon counts, block by block: where they belong, and ``(b, N, N, C)`` float64.

    Args:
        patches: ``(n, N, N, C)`` complex.
        modes: ``(P, N, N)`` complex128.
        scale: of the amplitudes.
        generator: drawn from pixel by pixel in the order of the patches, whatever the blocks.
        progress: told after each block.
    """
    for block in _blocks(patches, modes):
        amplitude = diffract(illuminate(patches[block].astype(np.complex128), scale * modes))
        yield block, observe(amplitude, generator)
        if progress is not None:
            progress(min(block.stop, len(patches)), len(patches))


def _intensity(modes: Array) -> NDArray[np.float64]:
    return np.asarray((modes.real**2 + modes.imag**2).sum(axis=0))


def _blocks(patches: Array, modes: Array) -> Iterator[slice]:
    held = patches[0].size * len(modes) * np.dtype(np.complex128).itemsize
    step = max(1, _BLOCK_BYTES // held)
    return (slice(first, first + step) for first in range(0, len(patches), step))
