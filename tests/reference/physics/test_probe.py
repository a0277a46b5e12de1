"""Probe masks, probes, normalisation and scales: physics_model.md F12 to F18, data.md 59 to 68."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data.grouped import gather_scaled_patterns
from ptychoparity.reference.physics import diffraction, probe

PIXELS = {8: 12, 16: 52, 64: 812, 128: 3228, 256: 12892}


@pytest.mark.parametrize(("side", "count"), PIXELS.items())
def test_check_data_59_and_f12_hard_mask(side, count):
    mask = probe.hard_mask(side)
    assert mask.dtype == bool
    assert mask.sum() == count
    np.testing.assert_array_equal(mask, mask[::-1])
    np.testing.assert_array_equal(mask, mask[:, ::-1])
    np.testing.assert_array_equal(mask, mask.T)


def test_the_radius_of_the_hard_mask_is_rounded_down():
    """N = 10 has radius 2, which the three pixels nearest to the centre of each quadrant lie within."""
    assert probe.hard_mask(10).sum() == 12


def test_check_f13_soft_mask(printed):
    mask = probe.soft_mask(16, 1.0)
    row = {8: "1.000000000", 11: ".673725533", 12: ".285171585", 13: ".055053163", 14: ".004156570"}
    for column, text in row.items():
        assert mask[8, column] == printed(text)
    assert mask.sum() == printed("52.02797932")
    assert mask.min() >= 0
    assert mask.max() == 1


def test_a_soft_mask_of_no_width_is_the_disc_of_its_diameter():
    np.testing.assert_array_equal(probe.soft_mask(64, 0.0), probe.hard_mask(64))
    wide = probe.soft_mask(16, 0.0, diameter=40.0)
    np.testing.assert_array_equal(wide, np.ones((16, 16)))
    assert probe.soft_mask(16, 0.0, diameter=1.5).sum() == 4


def test_check_f16_norm_of_a_gaussian_probe(gaussian, printed):
    assert probe.normalize_probe(gaussian, 4.0)[1] == printed(".554115477")
    assert 4 * np.abs(gaussian).mean() == printed(".960127014")


@pytest.mark.parametrize("side", [64, 128])
def test_check_f17_closed_form(side, printed):
    closed = probe.closed_form_intensity_scale(1e9, side)
    assert closed * side / 64 == printed("988.211768803")


def test_check_f18_normalised_patterns_have_the_energy_of_the_closed_form(uniform):
    _, normal = gather_scaled_patterns(7 * uniform((12, 16, 16), 2), np.arange(12).reshape(3, 4))
    energy = np.square(normal, dtype=float).sum(axis=(1, 2)).mean()
    assert energy == pytest.approx(8**2, rel=1e-5)
    assert probe.intensity_scale(normal.astype(float), 1e6) == pytest.approx(
        probe.closed_form_intensity_scale(1e6, 16), rel=1e-6
    )


def test_check_data_60_flat_probe(printed):
    normalized, norm = probe.normalize_probe(np.ones((1, 64, 64), np.complex64), 4.0)
    assert norm == printed("0.79296875")
    assert normalized.dtype == np.complex64
    np.testing.assert_allclose(normalized, 1.2610837, rtol=1e-7)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 20), st.integers(1, 4))
def test_a_normalised_probe_has_the_promised_mean_modulus(seed, scale, modes):
    rng = np.random.default_rng(seed)
    guess = rng.normal(size=(modes, 16, 16)) + 1j * rng.normal(size=(modes, 16, 16))
    normalized, norm = probe.normalize_probe(guess, scale)
    assert np.abs(normalized * probe.hard_mask(16)).mean() == pytest.approx(1 / scale, rel=1e-12)
    np.testing.assert_allclose(normalized * norm, guess, rtol=1e-12)


def test_check_data_61_a_complex_factor_leaves_its_phase_only(waves):
    guess = waves((1, 64, 64), 1, 2)
    turned, _ = probe.normalize_probe(guess * (3 - 2j), 4.0)
    phase = (3 - 2j) / abs(3 - 2j)
    np.testing.assert_allclose(turned, phase * probe.normalize_probe(guess, 4.0)[0], rtol=1e-12)


@pytest.mark.parametrize("pixel", [None, (0, 0)])
def test_check_data_62_nothing_under_the_mask_cannot_be_normalised(pixel):
    guess = np.zeros((1, 64, 64), complex)
    if pixel is not None:
        guess[0][pixel] = 1
    with pytest.raises(ValueError, match=r"probe_guess of shape \(1, 64, 64\) is zero within 16 pixels"):
        probe.normalize_probe(guess, 4.0)


def test_check_data_63_modes_share_one_norm(waves):
    modes = waves((3, 64, 64), 1, 2) * np.array([1, 0.5, 0.1])[:, None, None]
    normalized, norm = probe.normalize_probe(modes, 4.0)
    np.testing.assert_allclose(normalized, modes / norm, rtol=1e-14)
    alone = [probe.normalize_probe(mode[None], 4.0)[1] for mode in modes]
    assert norm == pytest.approx(np.mean(alone), rel=1e-12)
    power = (np.abs(normalized) ** 2).sum(axis=(1, 2))
    expected = (np.abs(modes) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(power / power.sum(), expected / expected.sum(), rtol=1e-12)


@pytest.mark.parametrize(("side", "pixels"), [(64, 376), (128, 1500)])
def test_check_data_64_default_probe(side, pixels):
    default = probe.default_probe(side)
    assert default.sum() == pytest.approx(pixels + 1e-9 * side**2, rel=1e-9)
    assert default.max() == pytest.approx(1, abs=1e-8)
    assert default.min() == pytest.approx(1e-9, rel=1e-6)
    np.testing.assert_allclose(default, default.T, rtol=1e-12)


def test_check_data_64_the_printed_sum(printed):
    assert probe.default_probe(64).sum() == printed("376.000004")


def test_check_data_66_both_formulas_for_normalised_data(uniform):
    _, normal = gather_scaled_patterns(uniform((5, 64, 64), 3), np.arange(5)[:, None])
    normal = normal.astype(float)
    assert probe.closed_form_intensity_scale(1e6, 64) == 31.25
    assert probe.intensity_scale(normal, 1e6) == pytest.approx(31.25, rel=1e-6)
    ratio = probe.intensity_scale(normal, 1e8) / probe.intensity_scale(normal, 1e6)
    assert ratio == pytest.approx(10, rel=1e-14)


def test_check_data_68_mean_channel_energies_of_4_and_2():
    amplitude = np.zeros((2, 4, 4, 2))
    amplitude[0, 1, 2, :] = np.sqrt([3, 5])
    amplitude[1, 3, 0, :] = np.sqrt([1, 3])
    assert probe.intensity_scale(amplitude, 12) == pytest.approx(2, rel=1e-15)


def test_the_scale_of_a_diffracted_wave_is_that_of_the_wave(waves):
    wave = waves((1, 2, 16, 16, 3), 8, 9)
    of_pattern = probe.intensity_scale(diffraction.diffract(wave), 1e5)
    assert of_pattern == pytest.approx(probe.intensity_scale(np.abs(wave[0]), 1e5), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_the_energy_of_whole_amplitudes_does_not_overflow(dtype):
    amplitude = np.full((1, 4, 4, 1), 200, dtype)
    assert probe.intensity_scale(amplitude, 16) == pytest.approx(1 / 200, rel=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (1, 8, 8)])
def test_one_mode_in_any_accepted_layout(shape, waves):
    guess = waves((8, 8), 1, 2)
    np.testing.assert_array_equal(probe.as_modes(guess.reshape(shape)), guess[None])


def test_several_modes_are_taken_as_they_are(waves):
    modes = waves((3, 8, 8), 1, 2)
    assert probe.as_modes(modes) is modes


@pytest.mark.parametrize("shape", [(8,), (8, 6), (8, 6, 1), (2, 8, 6), (1, 2, 8, 8)])
def test_other_layouts_of_a_probe_are_refused(shape):
    with pytest.raises(ValueError, match="probe_guess") as caught:
        probe.as_modes(np.ones(shape))
    assert str(shape) in str(caught.value)
