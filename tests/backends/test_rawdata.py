"""The facade of a scan loses nothing on the way (data.md 2, check 34; section 12, trap 12)."""

import numpy as np
import pytest

from ptychoparity.backends.training_data import grouped_data
from ptychoparity.reference.config import ModelConfig, TrainingConfig, legacy
from ptychoparity.reference.data import RawData


@pytest.fixture
def facade(native):
    module = native.module("rawdata")
    return {"torch": "RawDataTorch", "tensorflow": "RawDataTensorFlow"}[native.name], module


@pytest.fixture
def made(facade):
    name, module = facade
    return getattr(module, name)


@pytest.fixture
def path(tmp_path):
    """A file with everything that a file can hold."""
    rng = np.random.default_rng(6)
    x, y = rng.uniform(20, 60, (2, 30))
    raw = RawData(
        x,
        y,
        x + rng.normal(size=30),
        y + rng.normal(size=30),
        rng.uniform(0.1, 1, (30, 16, 16)).astype(np.float32),
        np.full((16, 16), 1 + 1j, np.complex64),
        np.zeros(30, np.int64),
        np.full((80, 80), 1j, np.complex64),
        (rng.normal(size=(30, 16, 16)) + 1j).astype(np.complex64),
        metadata={"physics_parameters": {"nphotons": 1e6}},
    )
    raw.to_file(tmp_path / "scan.npz")
    return tmp_path / "scan.npz"


REQUESTS = {
    "random": {"K": 6, "nsamples": 10, "gridsize": 2, "seed": 4},
    "single": {"nsamples": 10, "gridsize": 1, "seed": 4},
    "sequential": {"K": 6, "nsamples": 10, "gridsize": 2, "sequential_sampling": True},
    "oversampled": {
        "nsamples": 70,
        "gridsize": 2,
        "seed": 1,
        "enable_oversampling": True,
        "neighbor_pool_size": 7,
    },
}


def equal(got, want):
    assert got.keys() == want.keys()
    for key, value in want.items():
        assert np.asarray(got[key]).dtype == np.asarray(value).dtype, key
        np.testing.assert_array_equal(got[key], value, key)


@pytest.mark.parametrize("request_name", REQUESTS)
def test_check_34_the_groups_are_those_of_the_raw_data(made, path, request_name):
    raw, request = RawData.from_file(path), REQUESTS[request_name]
    want = raw.generate_grouped_data(16, **request)
    equal(made.from_file(path).generate_grouped_data(16, **request), want)
    equal(made.from_raw(raw).generate_grouped_data(16, **request), want)
    handed = made(
        raw.xcoords,
        raw.ycoords,
        raw.diff3d,
        raw.probeGuess,
        raw.scan_index,
        raw.objectGuess,
        xcoords_start=raw.xcoords_start,
        ycoords_start=raw.ycoords_start,
        Y=raw.Y,
    )
    equal(handed.generate_grouped_data(16, **request), want)


def test_check_34_positional_arguments_reach_the_grouping_too(made, path):
    want = RawData.from_file(path).generate_grouped_data(16, 6, 10, None, 3, True, 2)
    equal(made.from_file(path).generate_grouped_data(16, 6, 10, None, 3, True, 2), want)


def test_without_start_positions_they_are_the_positions(made, path):
    raw = RawData.from_file(path)
    bare = made(raw.xcoords, raw.ycoords, raw.diff3d, raw.probeGuess, raw.scan_index)
    plain = RawData.from_coords_without_pc(
        raw.xcoords, raw.ycoords, raw.diff3d, raw.probeGuess, raw.scan_index
    )
    equal(
        bare.generate_grouped_data(16, **REQUESTS["random"]),
        plain.generate_grouped_data(16, **REQUESTS["random"]),
    )


def test_every_attribute_is_carried(made, path):
    raw = RawData.from_file(path)
    raw.sample_indices, raw.subsample_seed, raw.norm_Y_I = np.arange(30), 5, 2.5
    carried = made.from_raw(raw)
    for key, value in vars(raw).items():
        assert getattr(carried, key) is value, key
    again = made(
        raw.xcoords,
        raw.ycoords,
        raw.diff3d,
        raw.probeGuess,
        raw.scan_index,
        norm_Y_I=2.5,
        metadata=raw.metadata,
        sample_indices=raw.sample_indices,
        subsample_seed=5,
    )
    assert again.metadata == raw.metadata
    assert (again.norm_Y_I, again.subsample_seed) == (2.5, 5)
    grouped = again.generate_grouped_data(16, **REQUESTS["random"])
    np.testing.assert_array_equal(grouped["sample_indices"], np.arange(30))
    with pytest.raises(AttributeError, match="has no attribute 'photons'"):
        _ = again.photons


def test_a_configuration_is_bridged_before_grouping(made, path, monkeypatch):
    monkeypatch.setattr(legacy, "cfg", dict(legacy.cfg) | {"gridsize": 1})
    raw = RawData.from_file(path)
    arguments = (raw.xcoords, raw.ycoords, raw.diff3d, raw.probeGuess, raw.scan_index, raw.objectGuess)
    made(*arguments)
    assert legacy.cfg["gridsize"] == 1
    bridged = made(*arguments, TrainingConfig(ModelConfig(gridsize=2), train_data_file="scan.npz"))
    assert legacy.cfg["gridsize"] == 2
    assert bridged.generate_grouped_data(16, K=6, nsamples=3)["nn_indices"].shape == (3, 4)
    with pytest.raises(TypeError, match="dict"):
        made(*arguments, {"gridsize": 3})


def test_what_trains_takes_the_facade_for_a_scan(made, path):
    config = TrainingConfig(ModelConfig(N=64, gridsize=1), train_data_file="scan.npz", n_groups=4)
    with pytest.raises(ValueError, match="N=64"):
        grouped_data(made.from_file(path), config)


def test_a_facade_writes_what_its_scan_would(made, path, tmp_path):
    made.from_file(path).to_file(tmp_path / "again.npz")
    raw, again = RawData.from_file(path), RawData.from_file(tmp_path / "again.npz")
    np.testing.assert_array_equal(again.xcoords_start, raw.xcoords_start)
    np.testing.assert_array_equal(again.Y, raw.Y)
