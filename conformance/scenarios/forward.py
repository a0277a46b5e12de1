"""FWD: from patches to diffraction amplitudes (spec ``physics_model.md`` 1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ptychoparity.conformance.case import Array, Case, Scenario, single
from ptychoparity.fixtures.numbers import phasors, uniform
from ptychoparity.fixtures.objects import textured_object
from ptychoparity.fixtures.probes import aberrated_probe
from ptychoparity.reference.physics.regions import centre_mask, fitting_padded_size
from ptychoparity.reference.physics.translation import object_patches

_AXIS = np.arange(16) - 7.5
GAUSSIAN_PROBE = np.exp(-(_AXIS[:, None] ** 2 + _AXIS**2) / 20).astype(complex)[None]
"""Probe G of spec ``physics_model.md`` 9."""


def legacy_offsets() -> Array:
    """Offsets "pos" of spec ``physics_model.md`` 9: ``(2, 1, 2, 4)``."""
    positions = np.array(
        [
            [(1.5, 2), (-1.5, 2), (1.5, -2), (-1.5, -2)],
            [(0.75, -1.25), (-2.25, 0.5), (2, 1.75), (-0.5, -1)],
        ]
    )
    return np.ascontiguousarray(positions.transpose(0, 2, 1)[:, None])


def field() -> Array:
    """Patches "conf X" of spec ``physics_model.md`` 9, channels-last: ``(2, 16, 16, 4)``."""
    return np.ascontiguousarray(phasors((2, 4, 16, 16), 8, 9).transpose(0, 2, 3, 1))


def confined_field() -> Array:
    """`field` inside the central N/2 square."""
    return field() * centre_mask(16)[None, :, :, None]


def exit_wave(side: int, amplitude: int = 1, phase: int = 2) -> Array:
    """Exit wave of check F5: ``(1, 1, N, N, 1)``."""
    shape = (side, side)
    wave = uniform(shape, amplitude) * np.exp(2j * np.pi * (uniform(shape, phase) - 0.5))
    return np.ascontiguousarray(wave[None, None, :, :, None])


def object_groups(side: int, gridsize: int, groups: int = 3) -> tuple[Array, Array]:
    """Patches of a textured object around group centres, and their offsets coords_relative."""
    channels = gridsize**2
    spread = 12 * (uniform((groups, 2, channels), 51 + gridsize) - 0.5)
    offsets = spread - spread.mean(axis=-1, keepdims=True)
    centres = side + 40 * uniform((groups, 2, 1), 55)
    positions = (centres - offsets).transpose(0, 2, 1).reshape(-1, 2)
    whole = textured_object((2 * side + 41, 2 * side + 47), 7)
    flat = object_patches(whole, positions, side)
    patches = flat.reshape(groups, channels, side, side).transpose(0, 2, 3, 1)
    return patches, offsets[:, None]


def _diffract(name: str, waves: Array, exact: bool = False) -> Case:
    return Case(name, "diffract", {"exit_waves": single(waves)}, exact)


def closed_forms() -> Iterator[Case]:
    """Waves whose amplitude is known without computing."""
    constant = np.ones((1, 1, 8, 8, 1), complex)
    yield _diffract("constant-F1", constant)
    impulse = np.zeros((1, 2, 8, 8, 1), complex)
    impulse[0, 0, 0, 0, 0] = impulse[0, 1, 5, 2, 0] = 1
    yield _diffract("impulse-F2", impulse)
    tilt = np.exp(2j * np.pi * 3 * np.arange(16) / 16) * np.ones((16, 1))
    yield _diffract("tilt-F3", tilt[None, None, :, :, None])
    yield _diffract("dark", np.zeros((1, 1, 8, 8, 1), complex), exact=True)


def golden() -> Iterator[Case]:
    """Waves without symmetry, against printed numbers."""
    yield _diffract("n8-F5", exit_wave(8))
    yield _diffract("n64-F6", exit_wave(64))
    yield _diffract("n64-turned-F7", exit_wave(64) * np.exp(0.7j))
    yield _diffract("n64-tripled-F8", 3 * exit_wave(64).astype(np.complex64))
    shape = (2, 3, 64, 64, 4)
    yield _diffract("batch-n64", uniform(shape, 13) + 1j * (uniform(shape, 14) - 0.5))
    shape = (1, 2, 128, 128, 9)
    yield _diffract("batch-n128", uniform(shape, 15) - 0.5 + 1j * uniform(shape, 16))


def modes() -> Iterator[Case]:
    """Probe modes add in intensity; exit waves keep them apart."""
    patches, _ = object_groups(64, 2)
    probe = aberrated_probe(64, 8)
    pair = np.concatenate([probe, probe / 2])
    yield Case("one", "illuminate", {"patches": single(patches), "probe": single(probe)})
    yield Case(
        "three", "illuminate", {"patches": single(patches), "probe": single(aberrated_probe(64, 9, modes=3))}
    )
    waves = probe[:, None, :, :, None] * patches[None]
    yield _diffract("single-F9", waves)
    yield _diffract("pair-F9", pair[:, None, :, :, None] * patches[None])


def smoothing() -> Iterator[Case]:
    """The 3 x 3 Gaussian, borders reflected."""
    corner = np.zeros((1, 1, 4, 4, 1), complex)
    corner[0, 0, 0, 0, 0] = 1
    ramp = np.arange(16.0).reshape(1, 1, 4, 4, 1) + 0j
    wave = uniform((2, 2, 64, 64, 2), 17) + 1j * (uniform((2, 2, 64, 64, 2), 18) - 0.5)
    for name, waves, sigma in (
        ("corner-F14", corner, 1.0),
        ("ramp-F15", ramp, 0.7),
        ("batch", wave, 0.5),
    ):
        yield Case(name, "smooth", {"exit_waves": single(waves), "sigma": sigma})
    yield Case("off", "smooth", {"exit_waves": single(wave), "sigma": 0.0}, exact=True)


def chain() -> Iterator[Case]:
    """Assemble, extract, illuminate, diffract, scale: every joint at once."""
    legacy = {"offsets": legacy_offsets(), "probe": single(GAUSSIAN_PROBE), "padded": 22, "scale": 7.0}
    yield Case("legacy-F20", "forward", {"patches": single(confined_field()), **legacy})
    for side in (64, 128):
        for gridsize in (1, 2, 3):
            patches, offsets = object_groups(side, gridsize)
            inputs = {
                "patches": single(patches),
                "offsets": offsets,
                "probe": single(aberrated_probe(side, 10, modes=2 if gridsize == 2 else 1)),
                "padded": fitting_padded_size(side, offsets),
                "scale": 31.25,
            }
            yield Case(f"n{side}-g{gridsize}", "forward", inputs)


def refusals() -> Iterator[Case]:
    """A probe that would broadcast, a side that does not fit, a wave of another rank."""
    patches = np.ones((2, 16, 16, 4), np.complex64)
    probe = np.ones((1, 16, 16), np.complex64)
    yield Case("flat-probe", "illuminate", {"patches": patches, "probe": probe[0]})
    yield Case(
        "batched-probe", "illuminate", {"patches": patches, "probe": np.ones((2, 1, 16, 16), np.complex64)}
    )
    yield Case("small-probe", "illuminate", {"patches": patches, "probe": probe[:, :8, :8]})
    yield Case("flat-wave", "diffract", {"exit_waves": np.ones((16, 16), np.complex64)})
    yield Case(
        "negative-width", "smooth", {"exit_waves": np.ones((1, 1, 8, 8, 1), np.complex64), "sigma": -1.0}
    )


SCENARIOS = (
    Scenario("FWD-001", "Closed forms of the amplitude", "physics_model.md 1.1, F1-F4", closed_forms),
    Scenario("FWD-002", "Amplitudes without symmetry", "physics_model.md 1.1, F4-F8", golden),
    Scenario("FWD-003", "Exit waves and probe modes", "physics_model.md 1.2, 1.4, F9", modes),
    Scenario("FWD-004", "Exit wave smoothing", "physics_model.md 1.2, F14, F15", smoothing),
    Scenario("FWD-005", "The forward chain", "physics_model.md 1.5, F20", chain),
    Scenario("FWD-006", "Refusals", "physics_model.md 1.3; data.md 4.4", refusals),
)
