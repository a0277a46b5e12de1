"""Zone-plate probes: geometry, focus, defocus, resampling (spec data.md 7.6)."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import scipy.special

from ptychoparity.reference.simulation import zone_plate
from ptychoparity.reference.simulation.zone_plate import ZonePlate

PLATE = ZonePlate(165e-6, 40e-9, 0.15, 0.015, 0.14e-9, 0.0)


def test_plates_are_drawn_from_the_ranges_of_the_specification():
    rng = np.random.default_rng(0)
    drawn = [asdict(zone_plate.random_plate(rng)) for _ in range(500)]
    limits = {
        "diameter": (150e-6, 179e-6),
        "outer_zone": (30e-9, 49e-9),
        "beamstop": (0.1, 0.2),
        "edge": (0.01, 0.02),
        "wavelength": (0.13e-9, 0.15e-9),
        "defocus": (50e-6, 400e-6),
    }
    assert set(drawn[0]) == set(limits)
    for name, (low, high) in limits.items():
        values = np.array([plate[name] for plate in drawn])
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high


def test_geometry_by_hand():
    assert PLATE.focal_length == pytest.approx(165e-6 * 40e-9 / 0.14e-9)
    assert PLATE.sample_pixel == pytest.approx(0.14e-9 * 1.9 / (128 * 75e-6))
    out = replace(PLATE, defocus=200e-6)
    reach = out.focal_length + 200e-6
    assert out.lens_pixel * out.sample_pixel * 128 == pytest.approx(0.14e-9 * reach)


def test_every_plate_fits_its_grid():
    rng = np.random.default_rng(0)
    plates = [zone_plate.random_plate(rng) for _ in range(500)]
    assert max(plate.diameter / plate.lens_pixel for plate in plates) < 128


def test_the_pupil_is_a_ring_with_soft_edges():
    pupil = zone_plate.pupil(PLATE)
    profile = pupil[64, 64:]
    radius = np.arange(64) * PLATE.lens_pixel / PLATE.diameter
    assert (profile[radius < 0.05] < 0.02).all()
    assert (profile[(radius > 0.11) & (radius < 0.46)] > 0.99).all()
    assert (profile[radius > 0.54] < 0.01).all()
    for edge, sign in ((0.075, 1), (0.5, -1)):
        near = np.abs(radius - edge) < 0.02
        assert near.any()
        expected = 0.5 * (1 + np.tanh(sign * (radius[near] - edge) / 0.015))
        np.testing.assert_allclose(profile[near], expected, atol=1e-3)


def test_the_focus_of_an_open_plate_is_the_airy_pattern_of_its_outermost_zone():
    """The first dark ring of 2 J1(v) / v, with v = pi r / outer zone, lies at 1.22 outer zones."""
    wave = np.abs(zone_plate.wave_behind(replace(PLATE, beamstop=-10.0, edge=0.002)))
    v = np.pi * np.arange(1, 20) * PLATE.sample_pixel / PLATE.outer_zone
    airy = np.abs(2 * scipy.special.j1(v) / v)
    for profile in (wave[64, 64:], wave[64:, 64], wave[64, 64::-1]):
        np.testing.assert_allclose(profile[1:20] / profile[0], airy, atol=0.01)


@pytest.mark.parametrize("defocus", [200e-6, 400e-6, -400e-6])
def test_out_of_focus_the_beam_is_the_shadow_of_the_plate(defocus):
    plate = replace(PLATE, beamstop=-10.0, defocus=defocus)
    intensity = np.abs(zone_plate.wave_behind(plate)) ** 2
    y, x = np.mgrid[:128, :128] - 64
    spread = np.sqrt((intensity * (y**2 + x**2)).sum() / intensity.sum()) * plate.sample_pixel
    shadow = abs(defocus) * plate.diameter / plate.focal_length / 2 / np.sqrt(2)
    assert spread == pytest.approx(shadow, rel=0.1)


def test_behind_the_focus_the_wave_diverges():
    """A wave that goes apart: its phase grows outwards by pi r^2 / (wavelength R)."""
    plate = replace(PLATE, beamstop=-10.0, defocus=400e-6)
    phase = np.unwrap(np.angle(zone_plate.wave_behind(plate)[64, 64:76]))
    radius = np.arange(12) * plate.sample_pixel
    expected = np.pi * radius**2 / (plate.wavelength * plate.defocus)
    assert np.polyfit(radius**2, phase, 1)[0] == pytest.approx(np.polyfit(radius**2, expected, 1)[0], rel=0.3)


def test_at_the_focus_the_phase_is_that_of_the_sphere_about_the_plate():
    """A real, symmetric pupil has a real transform; what is left is the phase of the way to each pixel."""
    y, x = (np.mgrid[:128, :128] - 64) * PLATE.sample_pixel
    sphere = np.exp(1j * np.pi * (y**2 + x**2) / (PLATE.wavelength * PLATE.focal_length))
    focus = zone_plate.wave_behind(PLATE) / sphere
    assert np.abs(focus.imag).max() < 1e-9 * np.abs(focus.real).max()


def test_energy_passes_the_fresnel_transform():
    assert (np.abs(zone_plate.wave_behind(PLATE)) ** 2).sum() == pytest.approx(
        (zone_plate.pupil(PLATE) ** 2).sum()
    )


@pytest.fixture
def wave():
    plate = replace(PLATE, defocus=100e-6)
    y, x = np.mgrid[:128, :128] - 64
    return zone_plate.wave_behind(plate) * np.exp(-(y**2 + x**2) / (2 * 12**2))


def test_resampling_to_the_same_grid_only_normalises(wave):
    np.testing.assert_allclose(zone_plate.resampled(3 * wave, 128), wave / np.linalg.norm(wave), atol=1e-12)


def test_resampling_to_twice_the_grid_keeps_the_samples(wave):
    fine = zone_plate.resampled(wave, 256)[::2, ::2]
    np.testing.assert_allclose(fine / np.linalg.norm(fine), wave / np.linalg.norm(wave), atol=1e-3)


@pytest.mark.parametrize("side", [32, 64, 96])
def test_fewer_pixels_keep_place_and_leave_no_streaks(wave, side):
    made = zone_plate.resampled(wave, side)
    assert np.linalg.norm(made) == pytest.approx(1, abs=1e-12)
    intensity = np.abs(made) ** 2
    y, x = (np.mgrid[:side, :side] - side // 2) / side
    assert abs((intensity * y).sum()) < 0.01
    assert abs((intensity * x).sum()) < 0.01
    cross = (np.abs(y) < 0.06) ^ (np.abs(x) < 0.06)
    far = np.maximum(np.abs(y), np.abs(x)) > 0.35
    assert intensity[cross & far].sum() < 2e-4


def test_a_disturbed_wave_under_its_envelope(monkeypatch):
    """With a flat wave the envelope shows: sigma from 10 to 19 pixels of 128, and disturbances of a tenth."""
    monkeypatch.setattr(zone_plate, "wave_behind", lambda _: np.ones((128, 128), complex))
    monkeypatch.setattr(zone_plate, "resampled", lambda wave, _: wave)
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:128, :128] - 64
    squared = y**2 + x**2
    near = squared < 50**2
    widths, spread = [], []
    for _ in range(60):
        made = zone_plate.fzp(128, rng)
        slope = np.polyfit(squared[near], np.log(np.abs(made[near])), 1)[0]
        widths.append(np.sqrt(-0.5 / slope))
        spread.append(np.angle(made).std())
        assert np.abs(np.diff(np.angle(made), axis=0)).max() < 0.1
    assert 9.7 < min(widths) < 11
    assert 18 < max(widths) < 19.7
    assert spread == pytest.approx(np.full(60, 0.1), rel=1e-6)
