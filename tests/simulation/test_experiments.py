"""Synthetic experiments by the original's names (spec data.md 7.4, checks 71 and 72)."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import legacy
from ptychoparity.reference.config.native import DataConfig
from ptychoparity.reference.data import RawData
from ptychoparity.reference.physics.diffraction import diffract, illuminate
from ptychoparity.reference.simulation import datagen
from ptychoparity.reference.simulation.experiment import PHOTONS
from ptychoparity.reference.simulation.objects import synthetic_objects
from ptychoparity.reference.simulation.positions import jittered_grid
from ptychoparity.reference.simulation.probes import orthogonal_modes, synthetic_probes
from ptychoparity.reference.simulation.scans import cut_patches

SIDE = 32
SHAPE = (96, 110)
CONFIG = DataConfig(N=SIDE)
KEYS = {
    *("xcoords", "ycoords", "xcoords_start", "ycoords_start", "scan_index"),
    *("diff3d", "Y", "label", "probeGuess", "objectGuess", "_metadata"),
}


def probes(count):
    return [3.7 * probe for probe in synthetic_probes(SIDE, "zernike", 3, 2)[:count]]


def objects(count):
    return synthetic_objects(SHAPE, "blurred_white_noise", count, 3)


def generated(count=12, probe_arg=None, seed=5, **changes):
    given_ = {"objectGuess": objects(1)[0], "probeGuess": probes(1)[0]} | changes
    return datagen.generate_simulated_data(
        given_["objectGuess"], given_["probeGuess"], count, CONFIG, probe_arg or {}, seed
    )


def metadata_of(experiment):
    return json.loads(str(experiment["_metadata"]))


def noiseless(experiment):
    modes = experiment["probeGuess"].astype(complex)
    modes = modes if modes.ndim == 3 else modes[None]
    return diffract(illuminate(experiment["label"].astype(complex)[..., None], modes))[..., 0]


class TestCheck71:
    @pytest.mark.parametrize("count", [1, 12])
    def test_check_71_the_file_is_a_valid_data_set(self, tmp_path, count):
        np.savez(tmp_path / "one.npz", **generated(count))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            raw = RawData.from_file(tmp_path / "one.npz")
        assert raw.diff3d.shape == (count, SIDE, SIDE)
        assert raw.Y.shape == (count, SIDE, SIDE)
        assert raw.metadata["physics_parameters"]["N"] == SIDE

    def test_check_71_squares_are_whole_numbers(self):
        counts = generated()["diff3d"].astype(float) ** 2
        assert counts.max() > 100
        np.testing.assert_allclose(counts, np.rint(counts), rtol=2.0**-23)

    def test_check_71_the_callers_arrays_stay(self):
        probe, whole, options = probes(1)[0], objects(1)[0], {"beamstop_diameter": 4}
        before = probe.copy(), whole.copy()
        made = generated(probeGuess=probe, objectGuess=whole, probe_arg=options)
        made["objectGuess"][:] = 0
        made["probeGuess"][:] = 0
        np.testing.assert_array_equal(probe, before[0])
        np.testing.assert_array_equal(whole, before[1])
        assert options == {"beamstop_diameter": 4}


class TestOneExperiment:
    def test_keys_dtypes_and_labels(self):
        made = generated()
        assert set(made) == KEYS
        assert made["diff3d"].dtype == np.float32
        for key in ("label", "Y", "probeGuess", "objectGuess"):
            assert made[key].dtype == np.complex64
        np.testing.assert_array_equal(made["label"], made["Y"])
        at = np.column_stack((made["xcoords"], made["ycoords"]))
        np.testing.assert_array_equal(made["label"], cut_patches(objects(1)[0], at, SIDE))
        np.testing.assert_array_equal(made["xcoords"], made["xcoords_start"])
        np.testing.assert_array_equal(made["ycoords"], made["ycoords_start"])
        np.testing.assert_array_equal(made["scan_index"], np.zeros(12))

    @pytest.mark.parametrize("modes", [1, 3])
    def test_the_probe_explains_the_counts(self, modes):
        probe = probes(1)[0] if modes == 1 else orthogonal_modes(probes(1)[0], modes, 4)
        made = generated(20, probeGuess=probe)
        assert made["probeGuess"].shape == ((SIDE, SIDE) if modes == 1 else (modes, SIDE, SIDE))
        rate = noiseless(made) ** 2
        counts = made["diff3d"].astype(float) ** 2
        lit = rate > 5
        chi_square = ((counts - rate)[lit] ** 2 / rate[lit]).mean()
        assert abs(chi_square - 1) < 5 * math.sqrt(2.2 / lit.sum())
        photons = metadata_of(made)["physics_parameters"]["nphotons"]
        assert rate.sum(axis=(1, 2)).mean() == pytest.approx(photons, rel=1e-5)

    @pytest.mark.parametrize("layout", [(SIDE, SIDE, 1), (1, SIDE, SIDE)])
    def test_a_probe_of_one_mode_is_squeezed(self, layout):
        made = generated(probeGuess=probes(1)[0].reshape(layout))
        np.testing.assert_array_equal(made["probeGuess"], generated()["probeGuess"])

    def test_the_energy_of_the_given_probe_does_not_matter(self):
        np.testing.assert_array_equal(
            generated()["diff3d"], generated(probeGuess=16 * probes(1)[0])["diff3d"]
        )

    def test_photons_are_drawn_once_unless_given(self):
        drawn = [metadata_of(generated(3, seed=seed))["physics_parameters"]["nphotons"] for seed in range(8)]
        assert all(PHOTONS[0] <= photons < PHOTONS[1] for photons in drawn)
        assert len(set(drawn)) == 8
        made = datagen.generate_simulated_data(objects(1)[0], probes(1)[0], 50, CONFIG, {}, 1, nphotons=3e3)
        assert metadata_of(made)["physics_parameters"]["nphotons"] == 3e3
        mean = (made["diff3d"].astype(float) ** 2).sum(axis=(1, 2)).mean()
        assert abs(mean - 3e3) < 5 * math.sqrt(3e3 / 50)

    def test_seeds(self):
        np.testing.assert_array_equal(generated()["diff3d"], generated()["diff3d"])
        assert (generated()["xcoords"] != generated(seed=6)["xcoords"]).any()
        fresh = generated(seed=None)
        seed = metadata_of(fresh)["additional_parameters"]["seed"]
        np.testing.assert_array_equal(generated(seed=seed)["diff3d"], fresh["diff3d"])
        assert (generated(seed=None)["diff3d"] != fresh["diff3d"]).any()

    def test_no_global_state_is_touched(self):
        configured, state = dict(legacy.cfg), np.random.get_state()[1].copy()  # noqa: NPY002
        generated()
        assert legacy.cfg == configured
        np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002

    def test_the_beamstop_hides_the_middle(self):
        made = generated(probe_arg={"beamstop_diameter": 4})
        middle = slice(SIDE // 2 - 1, SIDE // 2 + 1)
        assert not made["diff3d"][:, middle, middle].any()
        assert metadata_of(made)["additional_parameters"]["beamstop_diameter"] == 4

    def test_positions_given(self):
        x, y = np.array([40.25, 55.5]), np.array([30.0, 61.75])
        args = (x, y, probes(1)[0], objects(1)[0], CONFIG, {})
        made = datagen.from_simulation(*args, np.array([3, 4]), random_seed=1)
        np.testing.assert_array_equal(made["xcoords"], x)
        np.testing.assert_array_equal(made["ycoords"], y)
        np.testing.assert_array_equal(made["scan_index"], [3, 4])
        again = datagen.from_simulation(*args, None, "cuda", 1, random_seed=1)
        np.testing.assert_array_equal(again["diff3d"], made["diff3d"])
        np.testing.assert_array_equal(datagen.get_image_patches(objects(1)[0], x, y, CONFIG), made["label"])

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"objectGuess": np.ones(SHAPE)}, ["objectGuess", "complex", "float64"]),
            ({"objectGuess": np.ones((2, *SHAPE), complex)}, ["objectGuess", "2-D"]),
            ({"objectGuess": np.zeros(SHAPE, complex)}, ["objectGuess", "zero"]),
            ({"objectGuess": np.ones((31, 90), complex)}, ["32 x 32", "(31, 90)"]),
            ({"probeGuess": np.ones((SIDE, SIDE))}, ["probeGuess", "complex"]),
            ({"probeGuess": np.ones(SIDE, complex)}, ["(32,)"]),
            ({"probeGuess": np.ones((64, 64), complex)}, ["(64, 64)", "N=32"]),
            ({"probeGuess": np.full((SIDE, SIDE), np.nan * 1j)}, ["probeGuess", "finite"]),
            ({"count": 0}, ["nimages", "0"]),
            ({"count": -2}, ["nimages", "-2"]),
            ({"seed": -1}, ["random_seed", "-1"]),
            (
                {"probe_arg": {"beamstop_diametre": 3}},
                ["beamstop_diametre", "did you mean 'beamstop_diameter'"],
            ),
            ({"probe_arg": {"beamstop_diameter": 99}}, ["beamstop_diameter", "99"]),
        ],
    )
    def test_bad_arguments_are_named(self, changes, words):
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are checked below
            generated(**changes)
        assert all(word in str(refused.value) for word in words), refused.value

    def test_scan_index_and_positions_must_match(self):
        x = np.array([40.0, 50.0])
        for bad, index, word in ((x[:1], None, "matching shapes"), (x, np.zeros(3, int), "scan_index")):
            with pytest.raises(ValueError, match=word):
                datagen.from_simulation(x, bad, probes(1)[0], objects(1)[0], CONFIG, {}, index)


class TestPositions:
    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(
        count=st.integers(1, 200),
        height=st.integers(32, 150),
        width=st.integers(32, 150),
        seed=st.integers(0, 99),
    )
    def test_a_jittered_grid_within_the_object(self, count, height, width, seed):
        x, y = jittered_grid((height, width), SIDE, count, np.random.default_rng(seed)).T
        margin, points = SIDE // 2, math.ceil(math.sqrt(count))
        assert x.shape == y.shape == (count,)
        assert margin <= x.min() <= x.max() <= width - margin
        assert margin <= y.min() <= y.max() <= height - margin
        for axis in (x, y):
            np.testing.assert_allclose(axis * 100, np.rint(axis * 100), atol=1e-6)
        lines = [np.linspace(margin, length - margin, points) for length in (width, height)]
        step = min(line[1] - line[0] for line in lines) if points > 1 else 0.0
        row, column = np.divmod(np.arange(count), points)
        # Rounding to 0.01 may add half of that.
        assert np.abs(x - lines[0][column]).max() <= 0.3 * step + 0.005 + 1e-9
        assert np.abs(y - lines[1][row]).max() <= 0.3 * step + 0.005 + 1e-9

    def test_the_jitter_fills_its_range(self):
        shape, points = (232, 532), 41
        at = jittered_grid(shape, SIDE, points**2, np.random.default_rng(1))
        x, y = (np.linspace(16, length - 16, points) for length in (532, 232))
        moves = (at - np.column_stack((np.tile(x, points), np.repeat(y, points)))) / (200 / (points - 1))
        inner = moves.reshape(points, points, 2)[1:-1, 1:-1].ravel()
        assert 0.299 < inner.max() < 0.302
        assert -0.302 < inner.min() < -0.299
        assert abs(inner.mean()) < 5 * 0.6 / math.sqrt(12 * inner.size)


class TestSeveral:
    GIVEN = (10, SHAPE, CONFIG)

    def simulated(self, folder, n_objects=3, n_probes=2, probe_arg=None, **more):
        more = {"random_seed": 9} | more
        return datagen.simulate_multiple_experiments(
            objects(n_objects), probes(n_probes), *self.GIVEN, probe_arg or {}, folder, **more
        )

    def test_files_hold_what_would_be_returned(self, tmp_path):
        folder = tmp_path / "made" / "here"
        names = {"probe_name_idx": ["lens", 7, "lens"]}
        paths = self.simulated(folder, probe_arg=names)
        assert [path.name for path in paths] == ["synthetic_0.npz", "synthetic_1.npz", "synthetic_2.npz"]
        assert sorted(folder.iterdir()) == paths
        returned = self.simulated(tmp_path / "absent", probe_arg=names, save_bool=False)
        assert not (tmp_path / "absent").exists()
        for path, one, name in zip(paths, returned, ("lens", "7", "lens"), strict=True):
            with np.load(path) as stored:
                assert set(stored.files) == {*KEYS, "probeName"}
                assert str(stored["probeName"]) == name
                for key in KEYS - {"_metadata"}:
                    np.testing.assert_array_equal(stored[key], one[key])
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                raw = RawData.from_file(path)
            assert raw.generate_grouped_data(SIDE, K=6, nsamples=4, seed=1, gridsize=2)["Y"].any()

    def test_probes_come_in_turn(self, tmp_path):
        made = self.simulated(tmp_path, save_bool=False)
        given_ = probes(2)
        for number, one in enumerate(made):
            probe = given_[number % 2]
            overlap = (
                np.vdot(one["probeGuess"], probe) / np.linalg.norm(one["probeGuess"]) / np.linalg.norm(probe)
            )
            assert overlap == pytest.approx(1, abs=1e-6)
            assert str(one["probeName"]) == f"probe_{number % 2}"
            np.testing.assert_array_equal(one["objectGuess"], objects(3)[number])

    def test_an_experiment_does_not_depend_on_the_others(self, tmp_path):
        two, three = (self.simulated(tmp_path, count, save_bool=False) for count in (2, 3))
        np.testing.assert_array_equal(two[1]["diff3d"], three[1]["diff3d"])
        assert (two[0]["xcoords"] != two[1]["xcoords"]).any()

    def test_check_72_more_probes_than_objects(self, tmp_path):
        with pytest.raises(ValueError, match="3 probes for 2 objects"):
            self.simulated(tmp_path / "none", 2, 3)
        assert not (tmp_path / "none").exists()

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"n_probes": 0}, ["0 probes"]),
            ({"probe_arg": {"probe_name_idx": ["one"]}}, ["probe_name_idx", "1 names for 3"]),
            ({"probe_arg": {"unknown": 1}}, ["unknown"]),
        ],
    )
    def test_nothing_is_made_of_bad_arguments(self, tmp_path, changes, words):
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are checked below
            self.simulated(tmp_path / "none", **changes)
        assert all(word in str(refused.value) for word in words), refused.value
        assert not (tmp_path / "none").exists()

    def test_every_object_has_the_stated_shape(self, tmp_path):
        mixed = [*objects(2), objects(1)[0][:90]]
        with pytest.raises(ValueError, match=r"object 2 has shape \(90, 110\)"):
            datagen.simulate_multiple_experiments(mixed, probes(1), *self.GIVEN, {}, tmp_path / "none")
        assert not (tmp_path / "none").exists()
