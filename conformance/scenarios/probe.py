"""PRB: probe masks, normalisation, intensity scale (``data.md`` 5, 6; ``physics_model.md`` 1.3, 1.6)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ptychoparity.conformance.case import Case, Scenario, single
from ptychoparity.conformance.scenarios.forward import GAUSSIAN_PROBE, confined_field, legacy_offsets
from ptychoparity.fixtures.numbers import uniform
from ptychoparity.fixtures.probes import aberrated_probe
from ptychoparity.reference.physics.regions import assemble, extract


def masks() -> Iterator[Case]:
    """Hard discs, to the pixel."""
    for side in (8, 16, 64, 128, 256):
        yield Case(f"n{side}-F12", "probe_mask", {"side": side}, exact=True)


def soft_masks() -> Iterator[Case]:
    """Discs with a Gaussian edge, of several widths and sizes."""
    for name, side, sigma, diameter in (
        ("n16-F13", 16, 1.0, None),
        ("n64", 64, 1.0, None),
        ("n64-wide", 64, 2.5, 20.0),
        ("n128-sharp", 128, 0.4, 90.0),
        ("n16-hard", 16, 0.0, None),
    ):
        yield Case(name, "soft_probe_mask", {"side": side, "sigma": sigma, "diameter": diameter})


def normalisation() -> Iterator[Case]:
    """One norm for all modes, over the masked modulus, whatever phase and scale the guess has."""
    ones = np.ones((1, 64, 64), np.complex64)
    probe = single(aberrated_probe(64, 3))
    for name, guess, scale in (
        ("ones-check-60", ones, 4.0),
        ("gaussian-F16", single(GAUSSIAN_PROBE), 4.0),
        ("aberrated", probe, 4.0),
        ("rotated-check-61", single(probe * (3 - 2j)), 4.0),
        ("three-modes-check-63", single(aberrated_probe(64, 4, modes=3)), 10.0),
        ("n128", single(aberrated_probe(128, 5, modes=2)), 0.7),
    ):
        yield Case(name, "normalize_probe", {"probe": guess, "probe_scale": scale})


def intensity() -> Iterator[Case]:
    """Photons per pattern."""
    four = np.zeros((2, 2, 2, 1), np.float32)
    four[0], four[1, 0, 0], four[1, 1, 1] = 1.0, 1.0, 1.0
    yield Case("by-hand-check-68", "intensity_scale", {"amplitude": four, "nphotons": 12.0})
    regions, _ = assemble(confined_field(), legacy_offsets(), 22)
    views = np.abs(extract(regions, legacy_offsets(), 16) * GAUSSIAN_PROBE[0][None, :, :, None])
    yield Case("chain-F21", "intensity_scale", {"amplitude": single(views), "nphotons": 1e4})
    patterns = single(30 * uniform((3, 64, 64, 4), 45) ** 3)
    for photons in (1e6, 1e8):
        name = f"photons-1e{round(np.log10(photons))}-check-66"
        yield Case(name, "intensity_scale", {"amplitude": patterns, "nphotons": photons})


def refusals() -> Iterator[Case]:
    """No norm, no scale: refused by name."""
    ones = np.ones((1, 16, 16), np.complex64)
    dark = {"probe": np.zeros((1, 16, 16), np.complex64), "probe_scale": 4.0}
    yield Case("dark-probe-check-62", "normalize_probe", dark)
    yield Case("scale-zero", "normalize_probe", {"probe": ones, "probe_scale": 0.0})
    yield Case("flat-probe", "normalize_probe", {"probe": ones[0], "probe_scale": 4.0})
    infinite = ones.copy()
    infinite[0, 3, 4] = np.inf
    yield Case("infinite-probe", "normalize_probe", {"probe": infinite, "probe_scale": 4.0})
    black = {"amplitude": np.zeros((2, 8, 8, 1), np.float32), "nphotons": 1e6}
    yield Case("dark-patterns", "intensity_scale", black)
    yield Case(
        "no-photons", "intensity_scale", {"amplitude": np.ones((1, 8, 8, 1), np.float32), "nphotons": 0.0}
    )
    yield Case("odd-mask", "probe_mask", {"side": 15})


SCENARIOS = (
    Scenario("PRB-001", "Hard mask", "physics_model.md 1.3, F12; data.md check 59", masks),
    Scenario("PRB-002", "Soft mask", "physics_model.md 1.3, F13", soft_masks),
    Scenario("PRB-003", "Probe normalisation", "data.md 5.3, checks 60, 61, 63; F16", normalisation),
    Scenario("PRB-004", "Intensity scale", "physics_model.md 1.6, F21; data.md checks 66, 68", intensity),
    Scenario("PRB-005", "Refusals", "data.md 5.3, check 62", refusals),
)
