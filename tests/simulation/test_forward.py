"""Illumination, diffraction and photon noise (spec data.md 6 and 7.1)."""

import math

import numpy as np
import pytest

from ptychoparity.reference.physics.diffraction import diffract, illuminate
from ptychoparity.reference.physics.probe import intensity_scale
from ptychoparity.reference.simulation import forward
from ptychoparity.reference.simulation.forward import illuminate_and_diffract
from ptychoparity.reference.simulation.probes import orthogonal_modes, synthetic_probes

SIDE = 32
SIGMAS = 5.0  # bounds of random quantities, in standard deviations


def waves(count, side=SIDE, seed=1, channels=1):
    rng = np.random.default_rng(seed)
    shape = (count, side, side, channels)
    return rng.uniform(0.5, 1.5, shape), rng.uniform(-3, 3, shape)


def probe_of(seed=2, side=SIDE):
    return synthetic_probes(side, "zernike", 1, seed)[0]


def noiseless(patches, probe):
    """Amplitude before scaling, (n, N, N), by the physics alone."""
    modes = probe if probe.ndim == 3 else probe[None]
    return diffract(illuminate(patches.astype(complex)[..., None], modes.astype(complex)))[..., 0]


class TestCheck67:
    @pytest.mark.parametrize("nphotons", [1e6, 1e9])
    def test_check_67_mean_energy_is_the_photons(self, nphotons):
        amplitude, phase = waves(40)
        made = illuminate_and_diffract(
            amplitude, phase, np.ones((SIDE, SIDE), complex), seed=1, nphotons=nphotons
        )
        energy = ((made.intensity_scale * made.X) ** 2).sum(axis=(1, 2)).mean()
        assert energy == pytest.approx(nphotons, rel=0.01)
        # The sum of all counts is itself a Poisson number.
        assert abs(energy - nphotons) < SIGMAS * math.sqrt(nphotons / 40)
        np.testing.assert_array_equal(made.Y_phi, phase)

    def test_check_67_one_scale_divides_patterns_and_amplitude(self):
        amplitude, phase = waves(3)
        probe = probe_of()
        made = illuminate_and_diffract(amplitude, phase, probe, seed=1, nphotons=1e6)
        np.testing.assert_allclose(made.Y_I, amplitude * np.abs(probe)[:, :, None], rtol=1e-6)
        counts = (made.intensity_scale * made.X) ** 2
        np.testing.assert_allclose(counts, np.rint(counts), atol=1e-6)
        patches = amplitude * np.exp(1j * phase)
        truth = diffract(illuminate(patches, probe[None].astype(complex)))
        assert made.intensity_scale == pytest.approx(intensity_scale(truth, 1e6), rel=1e-12)
        # X approaches the noiseless amplitude as photons grow: the error of a root of a count is about 1/2.
        assert np.abs(made.X - truth).mean() < 1 / made.intensity_scale


class TestPoisson:
    def test_variance_equals_mean(self):
        repeats = 1500
        amplitude, phase = waves(1)
        stack = [np.repeat(part, repeats, axis=0) for part in (amplitude, phase)]
        made = illuminate_and_diffract(*stack, probe_of(), seed=8, nphotons=2e4)
        counts = np.rint((made.intensity_scale * made.X[..., 0]) ** 2)
        patch = (amplitude * np.exp(1j * phase))[..., 0]
        rate = (made.intensity_scale * noiseless(patch, probe_of())[0]) ** 2
        # The mean of n counts has variance rate/n; their sample variance has (rate + 2 rate^2 n/(n-1)) / n.
        z_mean = (counts.mean(axis=0) - rate) / np.sqrt(rate / repeats)
        spread = np.sqrt((rate + 2 * rate**2 * repeats / (repeats - 1)) / repeats)
        z_variance = (counts.var(axis=0, ddof=1) - rate) / spread
        for z in (z_mean, z_variance):
            assert abs(z.sum()) / math.sqrt(z.size) < SIGMAS
        # Their scatter over pixels is 1 too; the fourth moment of z_mean is that of a normal number.
        assert abs((z_mean**2).mean() - 1) < SIGMAS * math.sqrt(3 / z_mean.size)

    def test_patterns_of_equal_patches_are_independent(self):
        amplitude, phase = (np.repeat(part, 2, axis=0) for part in waves(1))
        made = illuminate_and_diffract(amplitude, phase, probe_of(), seed=8, nphotons=1e4)
        assert (made.X[0] != made.X[1]).any()

    def test_neighbouring_pixels_are_independent(self):
        amplitude, phase = waves(64, seed=9)
        made = illuminate_and_diffract(amplitude, phase, probe_of(), seed=8, nphotons=1e5)
        rate = (made.intensity_scale * noiseless((amplitude * np.exp(1j * phase))[..., 0], probe_of())) ** 2
        z = (np.rint((made.intensity_scale * made.X[..., 0]) ** 2) - rate) / np.sqrt(rate)
        for product in (z[:, 1:] * z[:, :-1], z[:, :, 1:] * z[:, :, :-1]):
            assert abs(product.mean()) < SIGMAS / math.sqrt(product.size)


class TestForward:
    def test_a_given_scale_is_used(self):
        amplitude, phase = waves(2)
        made = illuminate_and_diffract(amplitude, phase, probe_of(), seed=1, intensity_scale=37.5)
        assert made.intensity_scale == 37.5
        derived = illuminate_and_diffract(amplitude, phase, probe_of(), seed=1, nphotons=1e5)
        again = illuminate_and_diffract(
            amplitude, phase, probe_of(), seed=1, intensity_scale=derived.intensity_scale
        )
        np.testing.assert_array_equal(again.X, derived.X)

    def test_modes_add_in_intensity(self):
        modes = orthogonal_modes(probe_of(), 3, 6)
        amplitude, phase = waves(2)
        made = illuminate_and_diffract(amplitude, phase, modes, seed=1, nphotons=1e15)
        patches = (amplitude * np.exp(1j * phase))[..., 0]
        incoherent = np.sqrt(sum(noiseless(patches, mode) ** 2 for mode in modes))
        coherent = noiseless(patches, modes.sum(axis=0))
        np.testing.assert_allclose(made.X[..., 0], incoherent, atol=1e-5 * incoherent.max())
        assert np.abs(made.X[..., 0] - coherent).max() > 0.1 * coherent.max()
        summed = np.sqrt((np.abs(modes) ** 2).sum(axis=0))[:, :, None]
        np.testing.assert_allclose(made.Y_I, summed * amplitude, rtol=1e-6)

    @pytest.mark.parametrize("layout", [(SIDE, SIDE), (SIDE, SIDE, 1), (1, SIDE, SIDE)])
    def test_one_mode_in_any_layout(self, layout):
        amplitude, phase = waves(2)
        plain = illuminate_and_diffract(amplitude, phase, probe_of(), seed=1, nphotons=1e5)
        shaped = illuminate_and_diffract(amplitude, phase, probe_of().reshape(layout), seed=1, nphotons=1e5)
        np.testing.assert_array_equal(plain.X, shaped.X)

    @pytest.mark.parametrize("channels", [1, 4])
    def test_one_image_keeps_its_batch_axis(self, channels):
        amplitude, phase = waves(1, channels=channels)
        made = illuminate_and_diffract(amplitude, phase, probe_of(), seed=1, nphotons=1e5)
        assert made.X.shape == made.Y_I.shape == made.Y_phi.shape == (1, SIDE, SIDE, channels)

    def test_blocks_do_not_show(self, monkeypatch):
        amplitude, phase = waves(11, channels=2)
        modes = orthogonal_modes(probe_of(), 2, 6)
        whole = illuminate_and_diffract(amplitude, phase, modes, seed=1, nphotons=1e5)
        seen = []

        def watched(exit_waves):
            seen.append(exit_waves.nbytes)
            return diffract(exit_waves)

        monkeypatch.setattr(forward, "_BLOCK_BYTES", 2 * 2 * 3 * SIDE * SIDE * 16)
        monkeypatch.setattr(forward, "diffract", watched)
        parts = illuminate_and_diffract(amplitude, phase, modes, seed=1, nphotons=1e5)
        np.testing.assert_array_equal(parts.X, whole.X)
        assert len(seen) == 4
        assert max(seen) <= forward._BLOCK_BYTES

    def test_inputs_stay_as_they_are(self):
        amplitude, phase = waves(3)
        probe = probe_of()
        before = amplitude.copy(), phase.copy(), probe.copy()
        made = illuminate_and_diffract(amplitude, phase, probe, seed=1, nphotons=1e5)
        made.Y_phi[:] = 0
        for kept, now in zip(before, (amplitude, phase, probe), strict=True):
            np.testing.assert_array_equal(kept, now)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"nphotons": None}, ["nphotons", "intensity_scale"]),
            ({"intensity_scale": 3.0}, ["nphotons", "intensity_scale"]),
            ({"nphotons": 0}, ["nphotons", "0"]),
            ({"nphotons": math.nan}, ["nphotons", "nan"]),
            ({"nphotons": 1e30}, ["nphotons", "e+30"]),
            ({"nphotons": None, "intensity_scale": -2.0}, ["intensity_scale", "-2"]),
            ({"nphotons": None, "intensity_scale": math.inf}, ["intensity_scale", "inf"]),
            ({"Y_I": np.zeros((2, SIDE, SIDE, 1))}, ["energy", "0"]),
            ({"Y_I": np.full((2, SIDE, SIDE, 1), np.nan)}, ["finite"]),
            ({"Y_I": np.ones((2, SIDE, SIDE))}, ["Y_I", f"(2, {SIDE}, {SIDE})"]),
            ({"Y_phi": np.ones((1, SIDE, SIDE, 1))}, ["Y_phi", f"(1, {SIDE}, {SIDE}, 1)"]),
            ({"probe": np.ones((16, 16), complex)}, ["probe_guess", "16"]),
            ({"probe": np.ones((SIDE, SIDE))}, ["probe_guess", "float64"]),
            ({"probe": np.full((SIDE, SIDE), np.inf + 0j)}, ["probe_guess"]),
        ],
    )
    def test_bad_arguments_are_named(self, changes, words):
        amplitude, phase = waves(2)
        given = {"Y_I": amplitude, "Y_phi": phase, "probe": probe_of(), "seed": 1, "nphotons": 1e5} | changes
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are checked below
            illuminate_and_diffract(**given)
        assert all(word in str(refused.value) for word in words), refused.value
