"""Simulation at random positions under a configuration (spec data.md 7.2)."""

import numpy as np
import pytest

from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig, legacy
from ptychoparity.reference.data import RawData
from ptychoparity.reference.simulation.nongrid import (
    generate_simulated_data,
    load_probe_object,
    simulate_from_npz,
)
from ptychoparity.reference.simulation.objects import synthetic_objects
from ptychoparity.reference.simulation.positions import uniform_positions, usable_buffer
from ptychoparity.reference.simulation.probes import synthetic_probes
from ptychoparity.reference.simulation.scans import cut_patches

SIDE = 32


def config(**changes):
    given = {"n_groups": 30, "nphotons": 1e5} | changes
    return TrainingConfig(model=ModelConfig(N=64, gridsize=given.pop("gridsize", 1)), **given)


@pytest.fixture
def probe():
    return synthetic_probes(SIDE, "zernike", 1, 2)[0]


@pytest.fixture
def whole():
    return synthetic_objects((90, 130), "blurred_white_noise", 1, 3)[0]


@pytest.fixture
def path(tmp_path, whole, probe):
    np.savez(tmp_path / "guesses.npz", objectGuess=whole, probeGuess=probe, other=np.arange(3))
    return tmp_path / "guesses.npz"


class TestPositions:
    def test_the_legacy_stream_x_before_y(self):
        generator = np.random.RandomState(42)
        x, y = generator.uniform(10, 120, 7), generator.uniform(10, 80, 7)
        np.testing.assert_array_equal(uniform_positions((90, 130), 7, 10, 42), np.column_stack((x, y)))

    def test_the_buffer_is_kept_on_each_axis(self):
        x, y = uniform_positions((40, 200), 3000, 15, 1).T
        assert 15 <= x.min() < 16
        assert 184 < x.max() <= 185
        assert 15 <= y.min() < 15.1
        assert 24.9 < y.max() <= 25

    @pytest.mark.parametrize(("asked", "used"), [(0, 0), (12.5, 12.5), (19, 19), (19.5, 19), (1e6, 19)])
    def test_the_buffer_leaves_a_strip(self, asked, used):
        assert usable_buffer((40, 200), asked) == used

    @pytest.mark.parametrize("buffer", [-1, np.nan, np.inf])
    def test_a_buffer_that_makes_no_sense(self, buffer):
        with pytest.raises(ValueError, match="buffer"):
            usable_buffer((40, 200), buffer)

    def test_an_object_too_small(self):
        with pytest.raises(ValueError, match="too small"):
            uniform_positions((1, 5), 3, 0, 1)

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_a_seed_that_the_legacy_stream_has_not(self, seed):
        with pytest.raises(ValueError, match="seed"):
            uniform_positions((40, 40), 3, 0, seed)


class TestGenerate:
    def test_data_and_patches(self, whole, probe):
        raw, patches = generate_simulated_data(config(), whole, probe, 20)
        at = uniform_positions(whole.shape, 30, 20, 42)
        np.testing.assert_array_equal(np.column_stack((raw.xcoords, raw.ycoords)), at)
        np.testing.assert_array_equal(patches[..., 0], cut_patches(whole, at, SIDE))
        np.testing.assert_array_equal(raw.scan_index, np.zeros(30))
        assert patches.shape == (30, SIDE, SIDE, 1)
        assert patches.dtype == np.complex64
        assert raw.diff3d.shape == (30, SIDE, SIDE)
        notes = raw.metadata["additional_parameters"]
        assert (notes["simulation_type"], notes["buffer"], notes["seed"]) == ("coordinate_based", 20, 42)
        assert raw.metadata["physics_parameters"] == {"nphotons": 1e5, "N": SIDE, "gridsize": 1}
        energy = (notes["intensity_scale"] * raw.diff3d.astype(float)) ** 2
        assert energy.sum(axis=(1, 2)).mean() == pytest.approx(1e5, rel=5 / np.sqrt(30 * 1e5))

    def test_without_patches(self, whole, probe):
        assert isinstance(generate_simulated_data(config(), whole, probe, 20, False), RawData)

    def test_the_seed_is_not_wired_in(self, whole, probe):
        given = (config(), whole, probe, 20, False)
        default, same, other = (
            generate_simulated_data(*given, **seed) for seed in ({}, {"seed": 42}, {"seed": 43})
        )
        np.testing.assert_array_equal(default.diff3d, same.diff3d)
        np.testing.assert_array_equal(default.xcoords, same.xcoords)
        assert (default.xcoords != other.xcoords).any()
        assert other.metadata["additional_parameters"]["seed"] == 43
        noise = {"nphotons": 1e5, "gridsize": 1, "seed": 43}
        anew = RawData.from_simulation(other.xcoords, other.ycoords, probe, whole, **noise)
        np.testing.assert_array_equal(other.diff3d, anew.diff3d)

    def test_n_images_where_n_groups_is_not_given(self, whole, probe):
        settings = config()
        settings.n_groups, settings.n_images = None, 9
        assert len(generate_simulated_data(settings, whole, probe, 20, False).xcoords) == 9

    def test_one_image(self, whole, probe):
        raw, patches = generate_simulated_data(config(n_groups=1), whole, probe, 20)
        assert raw.diff3d.shape == (1, SIDE, SIDE)
        assert patches.shape == (1, SIDE, SIDE, 1)

    @pytest.mark.parametrize("fails", [False, True])
    def test_no_global_state_is_touched(self, whole, probe, fails, monkeypatch):
        monkeypatch.setitem(legacy.cfg, "gridsize", 3)
        monkeypatch.setitem(legacy.cfg, "nphotons", 7.0)
        configured, random_state = dict(legacy.cfg), np.random.get_state()[1].copy()  # noqa: NPY002
        if fails:
            with pytest.raises(NotImplementedError, match="gridsize=2"):
                generate_simulated_data(config(gridsize=2), whole, probe, 20)
        else:
            generate_simulated_data(config(), whole, probe, 20)
        assert legacy.cfg == configured
        np.testing.assert_array_equal(np.random.get_state()[1], random_state)  # noqa: NPY002

    def test_no_number_of_positions(self, whole, probe):
        settings = config()
        settings.n_groups = None
        with pytest.raises(ValueError, match="neither n_groups nor n_images"):
            generate_simulated_data(settings, whole, probe, 20)

    def test_a_configuration_without_photons(self, whole, probe, tmp_path):
        settings = InferenceConfig(ModelConfig(gridsize=1), tmp_path, tmp_path / "x.npz", n_groups=3)
        with pytest.raises(ValueError, match="InferenceConfig, has no nphotons"):
            generate_simulated_data(settings, whole, probe, 20)

    def test_real_arrays_and_small_objects(self, whole, probe):
        with pytest.raises(ValueError, match="objectGuess must be two-dimensional and complex, got float32"):
            generate_simulated_data(config(), whole.real, probe, 20)
        with pytest.raises(ValueError, match="probeGuess must be two-dimensional and complex"):
            generate_simulated_data(config(), whole, probe[None], 20)
        with pytest.raises(ValueError, match=r"32 x 32 .*\(31, 90\)"):
            generate_simulated_data(config(), whole[:31, :90], probe, 20)


class TestFromFile:
    def test_object_first_then_probe(self, path, whole, probe):
        loaded = load_probe_object(path)
        np.testing.assert_array_equal(loaded[0], whole)
        np.testing.assert_array_equal(loaded[1], probe)

    def test_the_default_buffer(self, path):
        raw = simulate_from_npz(config(), str(path))
        notes = raw.metadata["additional_parameters"]
        assert notes["buffer"] == pytest.approx(0.35 * 90)
        assert notes["input_file"] == "guesses.npz"
        assert raw.ycoords.min() >= 31.5

    def test_buffer_and_seed(self, path, whole, probe):
        raw = simulate_from_npz(config(), path, 17, seed=6)
        direct = generate_simulated_data(config(), whole, probe, 17, False, seed=6)
        np.testing.assert_array_equal(raw.diff3d, direct.diff3d)

    @pytest.mark.parametrize(
        ("arrays", "words"),
        [
            ({"probeGuess": np.ones((4, 4), complex)}, ["objectGuess", "missing"]),
            ({"objectGuess": np.ones((4, 4), complex)}, ["probeGuess", "missing"]),
            (
                {"objectGuess": np.ones((4, 4)), "probeGuess": np.ones((4, 4), complex)},
                ["objectGuess", "float64"],
            ),
            (
                {"objectGuess": np.ones((4, 4), complex), "probeGuess": np.ones(4, complex)},
                ["probeGuess", "(4,)"],
            ),
        ],
    )
    def test_whatever_is_wrong_names_file_and_cause(self, tmp_path, arrays, words):
        np.savez(tmp_path / "wrong.npz", **arrays)
        with pytest.raises(RuntimeError) as refused:
            load_probe_object(tmp_path / "wrong.npz")
        assert all(word in str(refused.value) for word in ("wrong.npz", *words)), refused.value

    def test_absent_damaged_and_pickled_files(self, tmp_path):
        (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 nothing")
        np.savez(
            tmp_path / "pickled.npz", objectGuess=np.array([{}], object), probeGuess=np.ones((4, 4), complex)
        )
        for name in ("absent.npz", "damaged.npz", "pickled.npz"):
            with pytest.raises(RuntimeError, match=name):
                simulate_from_npz(config(), tmp_path / name)
