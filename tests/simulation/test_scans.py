"""Whole simulated scans: patterns, their labels, `RawData.from_simulation` (spec data.md 3.9 and 7.1)."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import legacy
from ptychoparity.reference.data import RawData
from ptychoparity.reference.physics.diffraction import diffract, illuminate
from ptychoparity.reference.physics.translation import object_patches
from ptychoparity.reference.simulation import forward, scans
from ptychoparity.reference.simulation.objects import synthetic_objects
from ptychoparity.reference.simulation.probes import synthetic_probes
from ptychoparity.reference.simulation.scans import cut_patches, simulate_scan

SIDE = 32
SIGMAS = 5.0  # bounds of random quantities, in standard deviations


def probe_of(seed=2, side=SIDE):
    return synthetic_probes(side, "zernike", 1, seed)[0]


def object_of(shape=(96, 110), seed=3):
    return synthetic_objects(shape, "blurred_white_noise", 1, seed)[0]


def scan_of(count, seed=4, shape=(96, 110), side=SIDE):
    rng = np.random.default_rng(seed)
    x = rng.uniform(side / 2, shape[1] - side / 2, count)
    return x, rng.uniform(side / 2, shape[0] - side / 2, count)


def noiseless(patches, probe):
    """Amplitude before scaling, (n, N, N), by the physics alone."""
    modes = probe if probe.ndim == 3 else probe[None]
    return diffract(illuminate(patches.astype(complex)[..., None], modes.astype(complex)))[..., 0]


def simulated(count=20, **changes):
    x, y = scan_of(count)
    given = {"nphotons": 1e6, "seed": 5, "gridsize": 1} | changes
    return RawData.from_simulation(x, y, probe_of(), object_of(), **given)


class TestLabels:
    """A pattern is that of its label: a chi-square of the counts against the label diffracted anew."""

    @staticmethod
    def chi_squares(observed, labels, probe, scale):
        """Mean of (k - rate)^2 / rate over well-lit pixels, and its bound, for each pattern."""
        rate = (scale * noiseless(labels, probe)) ** 2
        counts = (scale * observed.astype(float)) ** 2
        lit = rate > 5
        terms = np.where(lit, (counts - rate) ** 2 / np.where(lit, rate, 1), 0).sum(axis=(1, 2))
        pixels = lit.sum(axis=(1, 2))
        # A term has variance 2 + 1/rate.
        return terms / pixels, SIGMAS * np.sqrt(2.2 / pixels)

    @pytest.mark.parametrize("gridsize", [1, 2, 3])
    @pytest.mark.parametrize("source", ["Y", "objectGuess"])
    def test_patterns_match_their_labels(self, gridsize, source):
        raw = simulated(60)
        scale = raw.metadata["additional_parameters"]["intensity_scale"]
        raw.Y = raw.Y if source == "Y" else None
        groups = raw.generate_grouped_data(SIDE, K=12, nsamples=25, seed=1, gridsize=gridsize)
        flat = {key: np.moveaxis(groups[key], 3, 1).reshape(-1, SIDE, SIDE) for key in ("diffraction", "Y")}
        found, bound = self.chi_squares(flat["diffraction"], flat["Y"], probe_of(), scale)
        assert (np.abs(found - 1) < bound).all()
        mismatched, _ = self.chi_squares(
            flat["diffraction"], np.roll(flat["Y"], 1, axis=0), probe_of(), scale
        )
        assert np.median(mismatched) > 20

    def test_labels_belong_to_the_members_own_positions(self):
        raw = simulated(60)
        groups = raw.generate_grouped_data(SIDE, K=12, nsamples=25, seed=1, gridsize=3)
        at = groups["coords_nn"][:, 0].transpose(0, 2, 1).reshape(-1, 2)
        labels = np.moveaxis(groups["Y"], 3, 1).reshape(-1, SIDE, SIDE)
        np.testing.assert_allclose(labels, object_patches(object_of().astype(complex), at, SIDE), atol=1e-6)

    @settings(derandomize=True, max_examples=20, deadline=None)
    @given(
        x=st.floats(-10, 120), y=st.floats(-10, 106), height=st.integers(60, 97), width=st.integers(61, 98)
    )
    def test_any_position_even_and_odd_objects(self, x, y, height, width):
        whole = object_of((height, width))
        patch = cut_patches(whole, np.array([[x, y]]), SIDE)[0]
        # Bilinear by hand: the pixel in the middle, from its four neighbours, zero outside.
        padded = np.pad(whole.astype(complex), 200)
        row, column = math.floor(y), math.floor(x)
        down, right = y - row, x - column
        corner = padded[200 + row : 202 + row, 200 + column : 202 + column]
        expected = np.array([1 - down, down]) @ corner @ np.array([1 - right, right])
        assert patch[SIDE // 2, SIDE // 2] == pytest.approx(expected, abs=1e-6)

    @pytest.mark.parametrize("shape", [(96, 110), (95, 111)])
    def test_no_half_pixel_for_any_parity(self, shape):
        whole = object_of(shape)
        patch = cut_patches(whole, np.array([[40.0, 30.0]]), SIDE)[0]
        np.testing.assert_array_equal(patch, whole[14:46, 24:56])


class TestFromSimulation:
    def test_members(self):
        x, y = scan_of(7)
        raw = simulated(7)
        assert raw.diff3d.dtype == np.float32
        assert raw.diff3d.shape == (7, SIDE, SIDE)
        assert raw.Y.dtype == np.complex64
        assert raw.Y.shape == (7, SIDE, SIDE, 1)
        for stored, given_ in (
            (raw.xcoords, x),
            (raw.ycoords, y),
            (raw.xcoords_start, x),
            (raw.ycoords_start, y),
        ):
            np.testing.assert_array_equal(stored, given_)
        np.testing.assert_array_equal(raw.scan_index, np.zeros(7))
        np.testing.assert_array_equal(raw.Y[..., 0], cut_patches(object_of(), np.column_stack((x, y)), SIDE))
        energy = (raw.diff3d.astype(float) ** 2).sum(axis=(1, 2)).mean()
        assert raw.norm_Y_I == pytest.approx(math.sqrt(1e6 / energy), rel=1e-12)
        scale = raw.metadata["additional_parameters"]["intensity_scale"]
        assert raw.norm_Y_I == pytest.approx(scale, rel=SIGMAS / 2 / math.sqrt(7e6))
        assert raw.metadata["physics_parameters"]["nphotons"] == 1e6

    def test_one_position(self):
        raw = simulated(1)
        assert raw.diff3d.shape == (1, SIDE, SIDE)
        assert raw.Y.shape == (1, SIDE, SIDE, 1)

    def test_scan_index_is_kept(self):
        x, y = scan_of(3)
        raw = RawData.from_simulation(
            x, y, probe_of(), object_of(), np.array([4, 4, 5]), nphotons=1e4, gridsize=1
        )
        np.testing.assert_array_equal(raw.scan_index, [4, 4, 5])

    def test_nothing_warns_and_the_file_reads_back(self, tmp_path):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            raw = simulated(5)
            raw.to_file(tmp_path / "scan.npz")
            back = RawData.from_file(tmp_path / "scan.npz")
        np.testing.assert_array_equal(back.diff3d, raw.diff3d)
        np.testing.assert_array_equal(back.Y, raw.Y)
        assert back.metadata == raw.metadata

    def test_amplitudes_are_not_rounded(self):
        # Data normalised to energy 1 are all below 1: rounding would leave nothing.
        raw = simulated(5)
        assert 0 < raw.diff3d.max() < 1
        assert len(np.unique(raw.diff3d)) > 100

    @pytest.mark.parametrize("gridsize", [2, 3])
    def test_other_gridsizes_are_named(self, gridsize, monkeypatch):
        with pytest.raises(NotImplementedError, match=f"gridsize={gridsize}"):
            simulated(5, gridsize=gridsize)
        monkeypatch.setitem(legacy.cfg, "gridsize", gridsize)
        with pytest.raises(NotImplementedError, match=f"gridsize={gridsize}"):
            simulated(5, gridsize=None)

    def test_photons_and_gridsize_of_the_legacy_configuration(self, monkeypatch):
        monkeypatch.setitem(legacy.cfg, "gridsize", 1)
        monkeypatch.setitem(legacy.cfg, "nphotons", 12345.0)
        raw = simulated(5, gridsize=None, nphotons=None)
        assert raw.metadata["physics_parameters"]["nphotons"] == 12345.0
        np.testing.assert_array_equal(raw.diff3d, simulated(5, nphotons=12345.0).diff3d)

    def test_the_seed_decides(self):
        np.testing.assert_array_equal(simulated().diff3d, simulated().diff3d)
        assert (simulated().diff3d != simulated(seed=6).diff3d).any()
        drawn = simulated(seed=np.random.default_rng(5))
        np.testing.assert_array_equal(drawn.diff3d, simulated(seed=5).diff3d)
        assert "seed" not in drawn.metadata["additional_parameters"]
        np.testing.assert_array_equal(simulated(seed=6).Y, simulated(seed=5).Y)

    def test_no_global_state_and_no_input_is_touched(self):
        x, y = scan_of(5)
        probe, whole = probe_of(), object_of()
        inputs = [x, y, probe, whole]
        copies = [array.copy() for array in inputs]
        configured = dict(legacy.cfg)
        np.random.seed(31)  # noqa: NPY002 - the global state is the subject
        before = np.random.get_state()  # noqa: NPY002
        RawData.from_simulation(x, y, probe, whole, nphotons=1e4, gridsize=1)
        after = np.random.get_state()  # noqa: NPY002
        np.testing.assert_array_equal(before[1], after[1])
        assert before[2:] == after[2:]
        assert legacy.cfg == configured
        for array, copy in zip(inputs, copies, strict=True):
            np.testing.assert_array_equal(array, copy)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"xcoords": np.ones(4)}, ["matching shapes", "4", "5"]),
            ({"xcoords": np.ones((5, 1))}, ["one-dimensional"]),
            ({"xcoords": np.array([]), "ycoords": np.array([])}, ["at least one"]),
            ({"xcoords": np.full(5, np.nan)}, ["positions", "finite"]),
            ({"xcoords": np.full(5, 1e4)}, ["overlap"]),
            ({"probeGuess": np.ones((SIDE, SIDE))}, ["probe_guess", "complex"]),
            ({"probeGuess": np.full((SIDE, SIDE), np.nan + 0j)}, ["probeGuess", "finite"]),
            ({"probeGuess": np.ones((33, 33), complex)}, ["33"]),
            ({"objectGuess": np.ones((96, 110))}, ["objectGuess", "complex"]),
            ({"objectGuess": np.ones((2, 96, 110), complex)}, ["objectGuess", "(2, 96, 110)"]),
            ({"objectGuess": np.full((96, 110), np.inf + 0j)}, ["objectGuess", "finite"]),
            ({"nphotons": -1}, ["nphotons", "-1"]),
            ({"nphotons": 1e-6}, ["nphotons", "1e-06"]),
            ({"seed": -1}, ["seed", "-1"]),
        ],
    )
    def test_bad_arguments_are_named(self, changes, words):
        x, y = scan_of(5)
        given = {"xcoords": x, "ycoords": y, "probeGuess": probe_of(), "objectGuess": object_of()}
        given |= {"nphotons": 1e4, "gridsize": 1}
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are checked below
            RawData.from_simulation(**(given | changes))
        assert all(word in str(refused.value) for word in words), refused.value

    def test_a_seed_must_be_given_as_a_number(self):
        with pytest.raises(TypeError, match="seed"):
            simulated(seed=None)


class TestScan:
    def test_positions_beyond_one_cut_and_progress(self, monkeypatch):
        count = 2 * scans._CUT + 3
        at = np.column_stack(scan_of(count))
        told = []
        monkeypatch.setattr(forward, "_BLOCK_BYTES", 50 * SIDE * SIDE * 16)
        made = simulate_scan(at, probe_of(), object_of(), 1e4, 1, progress=lambda *now: told.append(now))
        whole = object_patches(object_of().astype(complex), at, SIDE)
        np.testing.assert_array_equal(made.patches, whole.astype(np.complex64))
        assert told == [(50, count), (100, count), (count, count)]

    def test_counts_stop_at_the_beamstop_only(self):
        at = np.column_stack(scan_of(4))
        free = simulate_scan(at, probe_of(), object_of(), 1e5, 1)
        stopped = simulate_scan(at, probe_of(), object_of(), 1e5, 1, beamstop_diameter=4)
        assert free.intensity_scale == stopped.intensity_scale
        changed = (free.amplitude != stopped.amplitude).any(axis=0)
        assert 0 < changed.sum() <= 12
        assert not stopped.amplitude[:, changed].any()

    @pytest.mark.parametrize("diameter", [100, math.nan])
    def test_a_beamstop_that_leaves_nothing_is_named(self, diameter):
        with pytest.raises(ValueError, match="beamstop_diameter"):
            simulate_scan(
                np.array([[40.0, 40.0]]), probe_of(), object_of(), 1e5, 1, beamstop_diameter=diameter
            )
