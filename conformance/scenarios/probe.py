"""PRB: probe masks, normalisation, intensity scale (``data.md`` 5, 6; ``physics_model.md`` 1.3, 1.6)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ptychoparity.conformance.case import Array, Case, Scenario, single
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


def joint_norms() -> Iterator[Case]:
    """Modes share one norm; light outside the mask, a common factor and a dark mode do not enter it alone."""
    probe = single(aberrated_probe(64, 3))
    ring = probe.copy()
    ring[:, :8] += np.complex64(3 - 1j)
    tilted = single(probe * np.exp(0.7j))
    for name, guess, scale in (
        ("one", probe, 4.0),
        ("same-twice-check-63", np.concatenate([probe, probe]), 4.0),
        ("unequal-check-63", np.concatenate([probe, 3 * tilted]), 4.0),
        ("dark-second-check-63", np.concatenate([probe, 0 * probe]), 4.0),
        ("five-modes-check-63", single(aberrated_probe(64, 6, modes=5)), 4.0),
        ("times-1024-check-61", 1024 * probe, 4.0),
        ("faint-check-61", single(2.0**-40 * probe), 4.0),
        ("light-outside-mask", ring, 4.0),
        ("other-scale", probe, 10.0),
        ("n16", single(aberrated_probe(16, 7, modes=2)), 4.0),
        ("n256", single(aberrated_probe(256, 8)), 4.0),
    ):
        yield Case(name, "normalize_probe", {"probe": guess, "probe_scale": scale})


def default_probes() -> Iterator[Case]:
    """The ideal disc of several sides and sizes."""
    for name, side, scale in (
        ("n64-check-64", 64, 0.7),
        ("n128", 128, 0.7),
        ("n256", 256, 0.7),
        ("n32", 32, 0.7),
        ("n16", 16, 0.7),
        ("n64-smaller", 64, 1.1),
        ("n64-larger", 64, 0.45),
    ):
        yield Case(name, "default_probe", {"side": side, "scale": scale})


def gaussian_patterns() -> Array:
    """Patterns ``(2, 64, 64, 2)`` whose mean is a Gaussian, 9 pixels wide along y and 6 along x."""
    axis = np.arange(64) - 32.0
    mean = np.exp(-(axis[:, None] ** 2) / (2 * 9.0**2) - axis**2 / (2 * 6.0**2))
    ramp = 0.2 * np.sin(axis)[:, None] * mean
    return single(np.stack([np.stack([mean + ramp, mean - ramp], axis=-1)] * 2))


def derived_probes() -> Iterator[Case]:
    """A probe as wide as the patterns say, whatever their number, channels and brightness."""
    random = single(uniform((5, 64, 64, 1), 46))
    wide = single(uniform((3, 32, 32, 4), 47) ** 4)
    known = gaussian_patterns()
    for name, patterns, scale in (
        ("random-check-65", random, 0.7),
        ("channels", wide, 0.7),
        ("known-width", known, 0.7),
        ("brighter", 8 * known, 0.7),
        ("other-disc", known, 1.0),
    ):
        yield Case(name, "probe_from_patterns", {"amplitude": patterns, "scale": scale})


def scale_relations() -> Iterator[Case]:
    """Photons, brightness, side and dtype of the patterns."""
    half = np.full((2, 64, 64, 4), 0.5, np.float32)
    patterns = single(30 * uniform((3, 64, 64, 4), 45) ** 3)
    lit = np.array([0, 1, 1], np.float32)[:, None, None, None]
    for name, amplitude, photons in (
        ("closed-form-check-66", half, 1e6),
        ("closed-form-1e8-check-66", half, 1e8),
        ("closed-form-n128-check-66", np.full((1, 128, 128, 1), 0.5, np.float32), 1e6),
        ("plain", patterns, 1e6),
        ("times-8", 8 * patterns, 1e6),
        ("channels-as-groups", patterns.transpose(0, 3, 1, 2).reshape(12, 64, 64, 1), 1e6),
        ("one-dark-pattern", patterns * lit, 1e6),
        ("uint16", np.full((3, 8, 8, 1), 300, np.uint16), 1e6),
        ("few-photons", patterns, 0.5),
    ):
        yield Case(name, "intensity_scale", {"amplitude": amplitude, "nphotons": photons})


def more_refusals() -> Iterator[Case]:
    """No width in dark patterns, no patterns in a stack of three axes, no norm under the mask."""
    ones = np.ones((2, 16, 16, 1), np.float32)
    infinite = ones.copy()
    infinite[0, 2, 3] = np.inf
    for name, patterns in (
        ("dark", 0 * ones),
        ("no-channels", ones[..., 0]),
        ("oblong", ones[:, :8]),
        ("infinite", infinite),
    ):
        yield Case(f"derived-{name}", "probe_from_patterns", {"amplitude": patterns, "scale": 0.7})
    batched = np.ones((2, 1, 16, 16), np.complex64)
    outside = np.ones((1, 16, 16), np.complex64)
    outside[:, 4:12, 4:12] = 0
    for name, guess, scale in (
        ("batched-probe", batched, 4.0),
        ("dark-within-mask-check-62", outside, 4.0),
        ("negative-scale", batched[:, 0], -1.0),
    ):
        yield Case(name, "normalize_probe", {"probe": guess, "probe_scale": scale})
    yield Case("negative-photons", "intensity_scale", {"amplitude": ones, "nphotons": -1e6})
    yield Case("flat-patterns", "intensity_scale", {"amplitude": ones[0], "nphotons": 1e6})


SCENARIOS = (
    Scenario("PRB-001", "Hard mask", "physics_model.md 1.3, F12; data.md check 59", masks),
    Scenario("PRB-002", "Soft mask", "physics_model.md 1.3, F13", soft_masks),
    Scenario("PRB-003", "Probe normalisation", "data.md 5.3, checks 60, 61, 63; F16", normalisation),
    Scenario("PRB-004", "Intensity scale", "physics_model.md 1.6, F21; data.md checks 66, 68", intensity),
    Scenario("PRB-005", "Refusals", "data.md 5.3, check 62", refusals),
    Scenario("PRB-006", "One norm for all modes", "data.md 5.3, 5.4, checks 61, 63", joint_norms),
    Scenario("PRB-007", "The default probe", "data.md 5.1, check 64", default_probes),
    Scenario("PRB-008", "A probe from patterns", "data.md 5.3, check 65", derived_probes),
    Scenario("PRB-009", "Relations of the intensity scale", "data.md 6, check 66", scale_relations),
    Scenario("PRB-010", "More refusals", "data.md 5.3, 6, check 62", more_refusals),
)
