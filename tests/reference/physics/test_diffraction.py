"""Exit waves and diffraction amplitudes: closed forms, and F1 to F19 of physics_model.md 9."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.physics import diffraction


def pattern(wave):
    """The amplitude of one exit wave (N, N)."""
    return diffraction.diffract(np.asarray(wave)[None, None, :, :, None])[0, :, :, 0]


def random_waves(seed, shape, dtype=np.complex128):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)


def test_the_portable_generator_gives_the_published_numbers(uniform):
    published = [0.236067974, 0.749938052, 0.291536789, 0.860864185, 0.457920241]
    assert uniform((5,), 1) == pytest.approx(published, abs=5e-10)


def test_check_f1_a_flat_wave_is_a_peak_at_the_centre():
    expected = np.zeros((8, 8))
    expected[4, 4] = 8
    np.testing.assert_array_equal(pattern(np.ones((8, 8), complex)), expected)


@pytest.mark.parametrize("pixel", [(0, 0), (4, 4), (2, 7), (7, 1)])
def test_check_f2_a_point_scatters_evenly(pixel):
    wave = np.zeros((8, 8), complex)
    wave[pixel] = 1
    np.testing.assert_allclose(pattern(wave), 0.125, rtol=1e-14)


def test_check_f3_a_tilt_along_columns_moves_the_peak_along_columns():
    wave = np.tile(np.exp(2j * np.pi * 3 * np.arange(16) / 16), (16, 1))
    expected = np.zeros((16, 16))
    expected[8, 11] = 16
    np.testing.assert_allclose(pattern(wave), expected, atol=1e-12)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 5, 8, 17, 64]), st.integers(1, 3), st.floats(1e-3, 1e3)
)
def test_check_f4_energy_is_conserved(seed, side, modes, magnitude):
    waves = magnitude * random_waves(seed, (modes, 2, side, side, 3))
    energy = (np.abs(waves) ** 2).sum(axis=(0, 2, 3))
    np.testing.assert_allclose((diffraction.diffract(waves) ** 2).sum(axis=(1, 2)), energy, rtol=1e-12)


def test_check_f5_values_of_an_8_by_8_wave(waves, printed):
    amplitude = pattern(waves((8, 8), 1, 2, turns=2 * np.pi))
    assert amplitude[4, 4] == printed("2.199143320")
    assert amplitude[0, 0] == printed("0.692689352")
    assert amplitude[3, 5] == printed("0.862636485")
    assert amplitude[7, 1] == printed("0.942794011")
    assert amplitude.sum() == printed("33.62067745")
    assert (amplitude**2).sum() == printed("23.78008188")


def test_check_f6_values_of_a_64_by_64_wave(waves, printed):
    amplitude = pattern(waves((64, 64), 1, 2, turns=2 * np.pi))
    assert amplitude[32, 32] == printed("9.867017493")
    assert amplitude[0, 0] == printed("0.514923255")
    assert amplitude[10, 50] == printed("0.216518114")
    assert amplitude.sum() == printed("2039.839873")
    assert (amplitude**2).sum() == printed("1341.081920")


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-10, 10))
def test_check_f7_a_global_phase_is_not_seen(seed, theta):
    wave = random_waves(seed, (16, 16))
    np.testing.assert_allclose(pattern(wave * np.exp(1j * theta)), pattern(wave), rtol=1e-9, atol=1e-12)


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([3.0, 0.25, 1e6]))
def test_check_f8_the_amplitude_is_proportional_to_the_wave(seed, factor):
    wave = random_waves(seed, (16, 16))
    np.testing.assert_allclose(pattern(factor * wave), factor * pattern(wave), rtol=1e-12)


def test_check_f9_modes_add_in_intensity(waves, printed):
    patches = waves((2, 16, 16, 3), 8, 9)
    first = waves((1, 16, 16), 1, 2)
    one = diffraction.diffract(diffraction.illuminate(patches, first))
    both = diffraction.diffract(diffraction.illuminate(patches, np.concatenate([first, 0.5 * first])))
    np.testing.assert_allclose(both, np.sqrt(1.25) * one, rtol=1e-13)
    assert (both / one).mean() == printed("1.118033989")


def test_a_translation_of_the_wave_is_not_seen():
    wave = random_waves(4, (16, 16))
    np.testing.assert_allclose(pattern(np.roll(wave, (3, -5), (0, 1))), pattern(wave), rtol=1e-10)


def test_a_conjugated_wave_gives_the_inverted_pattern():
    wave = random_waves(5, (8, 8))
    inverted = np.roll(pattern(wave)[::-1, ::-1], (1, 1), (0, 1))
    np.testing.assert_allclose(pattern(wave.conj()), inverted, rtol=1e-12)


def test_each_group_and_channel_is_transformed_alone():
    waves = random_waves(6, (2, 3, 8, 8, 4))
    whole = diffraction.diffract(waves)
    for group in range(3):
        for channel in range(4):
            part = waves[:, group : group + 1, :, :, channel : channel + 1]
            np.testing.assert_array_equal(diffraction.diffract(part)[0, ..., 0], whole[group, ..., channel])


@pytest.mark.parametrize(("dtype", "real"), [(np.complex64, np.float32), (np.complex128, np.float64)])
def test_precision_is_kept(dtype, real):
    patches, probe = random_waves(1, (2, 8, 8, 3), dtype), random_waves(2, (2, 8, 8), dtype)
    waves = diffraction.smooth(diffraction.illuminate(patches, probe), 0.8)
    assert waves.dtype == dtype
    assert diffraction.diffract(waves).dtype == real


def test_illumination_is_mode_times_patch():
    patches, probe = random_waves(1, (2, 8, 8, 3)), random_waves(2, (4, 8, 8))
    waves = diffraction.illuminate(patches, probe)
    assert waves.shape == (4, 2, 8, 8, 3)
    np.testing.assert_array_equal(waves[3, 1, :, :, 2], probe[3] * patches[1, :, :, 2])


def smoothed(image, sigma):
    return diffraction.smooth(np.asarray(image, complex)[None, None, :, :, None], sigma)[0, 0, :, :, 0]


def test_the_smoothing_kernel_is_the_softmax_of_three_points(printed):
    kernel = diffraction.smoothing_kernel(1.0)
    assert kernel[0] == kernel[2] == printed("0.274068619")
    assert kernel[1] == printed("0.451862762")


def test_check_f14_smoothing_of_a_corner_reflects_without_the_edge(printed):
    delta = np.zeros((4, 4))
    delta[0, 0] = 1
    corner = smoothed(delta, 1.0)[:2, :2]
    assert corner[0, 0] == printed("0.204179956")
    assert corner[0, 1] == corner[1, 0] == printed("0.123841403")
    assert corner[1, 1] == printed("0.075113608")


def test_check_f15_smoothing_of_a_ramp(printed):
    ramp = smoothed(np.arange(16.0).reshape(4, 4), 0.7)
    assert ramp[0, 0] == printed("2.094536086")
    assert ramp[1, 0] == printed("4.418907217")
    assert ramp[1, 1] == printed("5.000000000")
    assert ramp[3, 3] == printed("12.905463914")


def test_smoothing_treats_real_and_imaginary_parts_alike_and_zero_width_as_nothing():
    wave = random_waves(3, (6, 6))
    np.testing.assert_allclose(
        smoothed(wave, 0.9), smoothed(wave.real, 0.9) + 1j * smoothed(wave.imag, 0.9), rtol=1e-14
    )
    np.testing.assert_array_equal(smoothed(wave, 0.0), wave)


def test_smoothing_keeps_a_constant_and_averages_when_wide():
    np.testing.assert_allclose(smoothed(np.full((5, 5), 2 - 1j), 1.3), 2 - 1j, rtol=1e-14)
    np.testing.assert_allclose(diffraction.smoothing_kernel(1e6), 1 / 3, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_check_f19_observed_amplitudes_are_roots_of_counts(dtype):
    observed = diffraction.observe(np.full(100_000, 2, dtype), np.random.default_rng(7))
    counts = observed.astype(float) ** 2
    assert observed.dtype == dtype
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-5)
    assert counts.mean() == pytest.approx(4, abs=0.02)
    assert counts.var() == pytest.approx(4, abs=0.1)


def test_observation_draws_from_the_generator_it_is_given():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must stay untouched
    amplitude = np.linspace(0, 30, 50)
    one, again, other = (diffraction.observe(amplitude, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert one[0] == 0
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_observation_of_whole_amplitudes_is_not_truncated():
    observed = diffraction.observe(np.full(1000, 2, np.uint16), np.random.default_rng(7))
    assert (observed % 1 != 0).any()
