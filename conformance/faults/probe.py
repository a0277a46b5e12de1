"""Faults of the probe and of the intensity scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ptychoparity.backends.contract import Array, NormalizedProbe
from ptychoparity.conformance.faults.fault import Fault, Operation, after, before
from ptychoparity.reference.physics.probe import hard_mask


def _unmasked_norm(right: Operation) -> Operation:
    def normalize(probe: Array, probe_scale: float) -> NormalizedProbe:
        right(probe, probe_scale)
        norm = probe_scale * np.abs(probe).mean()
        return NormalizedProbe(probe / norm, float(norm))

    return normalize


def _norm_per_mode(right: Operation) -> Operation:
    def normalize(probe: Array, probe_scale: float) -> NormalizedProbe:
        _, joint = right(probe, probe_scale)
        masked = np.abs(probe * hard_mask(probe.shape[1])).mean(axis=(1, 2), keepdims=True)
        return NormalizedProbe(probe / (probe_scale * np.maximum(masked, 1e-30)), joint)

    return normalize


def _renormalised(factor: Callable[[Array], float]) -> Callable[[Operation], Operation]:
    """A norm that is a factor too large."""

    def wrap(right: Operation) -> Operation:
        def normalize(probe: Array, probe_scale: float) -> NormalizedProbe:
            normalised, norm = right(probe, probe_scale)
            times = np.float32(factor(probe))
            return NormalizedProbe(normalised / times, float(norm * times))

        return normalize

    return wrap


def _masked_probe(result: NormalizedProbe) -> NormalizedProbe:
    return NormalizedProbe(result.probe * hard_mask(result.probe.shape[1]), result.norm)


def _sharp_disc(probe: Array) -> Array:
    return np.where(probe > 0.5, np.float32(1), np.float32(0)) + np.float32(1e-9)


def _mean_of_roots(right: Operation) -> Operation:
    """The mean over patterns of each pattern's own scale."""

    def intensity_scale(amplitude: Array, nphotons: float) -> float:
        right(amplitude, nphotons)
        energy = np.square(amplitude, dtype=float).sum(axis=(1, 2))
        return float(np.sqrt(nphotons) * np.mean(1 / np.sqrt(np.maximum(energy, 1e-12))))

    return intensity_scale


def _transposed(amplitude: Array, scale: float) -> tuple[Any, ...]:
    """The middle column is looked at, in place of the middle row."""
    return (amplitude.swapaxes(1, 2) if amplitude.ndim == 4 else amplitude), scale


FAULTS: tuple[Fault, ...] = (
    Fault("norm-unmasked", "normalize_probe", _unmasked_norm),
    Fault("norm-per-mode", "normalize_probe", _norm_per_mode),
    Fault("probe-phase-lost", "normalize_probe", before(lambda probe, scale: (np.abs(probe) + 0j, scale))),
    Fault("mask-radius-off", "probe_mask", after(lambda mask: mask | np.roll(mask, 1, axis=0))),
    Fault("soft-edge-too-wide", "soft_probe_mask", before(lambda side, sigma, disc: (side, 2 * sigma, disc))),
    Fault("soft-disc-always-half", "soft_probe_mask", before(lambda side, sigma, _: (side, sigma, None))),
    Fault("scale-not-rooted", "intensity_scale", after(lambda scale: scale**2)),
    Fault("scale-per-pixel", "intensity_scale", before(lambda a, photons: (a / a.shape[1], photons))),
    Fault(
        "norm-over-the-disc-only", "normalize_probe", _renormalised(lambda p: 1 / hard_mask(len(p[0])).mean())
    ),
    Fault("norm-summed-over-modes", "normalize_probe", _renormalised(len)),
    Fault("mask-in-the-stored-probe", "normalize_probe", after(_masked_probe)),
    Fault("scale-of-the-mean-root", "intensity_scale", _mean_of_roots),
    Fault("scale-of-the-first-pattern", "intensity_scale", before(lambda a, photons: (a[:1], photons))),
    Fault("scale-for-a-million-photons", "intensity_scale", before(lambda a, _: (a, 1e6))),
    Fault("default-disc-sharp", "default_probe", after(_sharp_disc)),
    Fault("default-disc-of-one-size", "default_probe", before(lambda side, _: (side, 0.7))),
    Fault("default-background-missing", "default_probe", after(lambda p: p - np.float32(1e-9))),
    Fault("width-of-the-other-axis", "probe_from_patterns", before(_transposed)),
    Fault("width-of-one-channel", "probe_from_patterns", before(lambda a, scale: (a[..., :1], scale))),
    Fault("derived-probe-of-unit-sum", "probe_from_patterns", after(lambda p: p / p.sum())),
)
