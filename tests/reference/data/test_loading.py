"""Reading part of a file (spec data.md 2, check 50)."""

import logging
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.loading import load_data

SIDE = 6


@pytest.fixture
def members(arrays):
    """A thousand points, each recognisable in everything that belongs to it."""
    number = np.arange(1000)
    patterns = np.full((1000, SIDE, SIDE), 0.5, np.float32)
    patterns[:, 0, 0] = number / 1000
    patches = np.full((1000, SIDE, SIDE), 1 + 1j, np.complex64)
    patches[:, 1, 1] = number
    return arrays(number, number * 2, SIDE) | {
        "xcoords_start": number + 0.25,
        "ycoords_start": number * 2 + 0.5,
        "scan_index": number * 3,
        "diff3d": patterns,
        "Y": patches,
        "objectGuess": np.full((9, 9), 2j, np.complex64),
    }


def assert_rows(raw, members, rows):
    for key in ("xcoords", "ycoords", "xcoords_start", "ycoords_start", "scan_index", "diff3d", "Y"):
        assert np.array_equal(getattr(raw, key), members[key][rows]), key
        assert getattr(raw, key).dtype == members[key].dtype
    for key in ("probeGuess", "objectGuess"):
        assert np.array_equal(getattr(raw, key), members[key]), key


@pytest.mark.parametrize("name", ["n_subsample", "n_images"])
def test_check_50_a_draw_is_sorted_unique_reproducible_and_aligned(members, save, name):
    path = save(members)
    raw = load_data(path, subsample_seed=42, **{name: 100})
    expected = np.sort(np.random.RandomState(42).choice(np.arange(1000), 100, replace=False))
    assert np.array_equal(raw.sample_indices, expected)
    assert raw.subsample_seed == 42
    assert len(np.unique(expected)) == 100
    assert_rows(raw, members, expected)
    assert np.array_equal(load_data(path, subsample_seed=42, **{name: 100}).sample_indices, expected)
    assert not np.array_equal(load_data(path, subsample_seed=43, **{name: 100}).sample_indices, expected)


@pytest.mark.parametrize("wanted", [{}, {"n_subsample": 2000}, {"n_subsample": 1000}, {"n_images": 2000}])
def test_check_50_asking_for_more_takes_everything(members, save, wanted):
    raw = load_data(save(members), subsample_seed=42, **wanted)
    assert_rows(raw, members, slice(None))
    assert raw.sample_indices is None
    assert raw.subsample_seed is None


@pytest.mark.parametrize("count", [0, -1])
@pytest.mark.parametrize("name", ["n_subsample", "n_images"])
def test_check_50_no_points_are_refused(members, save, name, count):
    with pytest.raises(ValueError, match=rf"{name} must be positive, got {count}"):
        load_data(save(members), **{name: count})


def test_n_subsample_beats_n_images(members, save):
    assert len(load_data(save(members), n_images=0, n_subsample=7, subsample_seed=1).xcoords) == 7
    assert len(load_data(save(members), n_images=5, n_subsample=7, subsample_seed=1).xcoords) == 7


def test_without_a_seed_draws_differ_and_the_global_stream_is_left_alone(members, save):
    path, before = save(members), np.random.get_state()  # noqa: NPY002
    first, second = (load_data(path, n_subsample=100) for _ in range(2))
    assert not np.array_equal(first.sample_indices, second.sample_indices)
    assert first.subsample_seed is None
    after = np.random.get_state()  # noqa: NPY002
    assert before[2] == after[2]
    assert np.array_equal(before[1], after[1])


def test_start_positions_and_labels_of_scans_are_optional(members, save):
    kept = {
        key: value for key, value in members.items() if "start" not in key and key not in ("scan_index", "Y")
    }
    raw = load_data(save(kept), n_subsample=100, subsample_seed=42)
    assert np.array_equal(raw.xcoords_start, raw.xcoords)
    assert np.array_equal(raw.ycoords_start, raw.ycoords)
    assert not raw.scan_index.any()
    assert len(raw.scan_index) == 100
    assert raw.Y is None


@pytest.mark.parametrize("layout", ["alias", "both", "(H,W,M)", "(M,H,W,1)", "fortran", "big-endian"])
def test_every_way_of_storing_patterns_is_drawn_from(members, save, layout):
    stored = {
        "alias": {"diff3d": None, "diffraction": members["diff3d"]},
        "both": {"diffraction": members["diff3d"].astype(np.float64)},
        "(H,W,M)": {"diff3d": members["diff3d"].transpose(1, 2, 0)},
        "(M,H,W,1)": {"diff3d": members["diff3d"][..., None]},
        "fortran": {"diff3d": np.asfortranarray(members["diff3d"]), "Y": np.asfortranarray(members["Y"])},
        "big-endian": {"diff3d": members["diff3d"].astype(">f4")},
    }[layout]
    raw = load_data(save(members | stored), n_subsample=100, subsample_seed=42)
    assert np.array_equal(raw.diff3d, members["diff3d"][raw.sample_indices])
    assert np.array_equal(raw.Y, members["Y"][raw.sample_indices])


def test_two_names_that_differ_are_refused_even_where_no_point_is_drawn(members, save):
    raw = load_data(save(members), n_subsample=10, subsample_seed=0)
    left_out = np.setdiff1d(np.arange(1000), raw.sample_indices)[-1]
    other = members["diff3d"].copy()
    other[left_out, 2, 2] += 1
    with pytest.raises(ValueError, match=r"scan\.npz.*diff3d and diffraction .* differ in value"):
        load_data(save(members | {"diffraction": other}), n_subsample=10, subsample_seed=0)


@pytest.mark.parametrize("key", ["diff3d", "Y", "xcoords", "ycoords_start"])
def test_broken_values_are_refused_whatever_is_drawn(members, save, key):
    raw = load_data(save(members), n_subsample=10, subsample_seed=0)
    left_out = np.setdiff1d(np.arange(1000), raw.sample_indices)[-1]
    broken = members[key].astype(complex if key == "Y" else float)
    broken[left_out] = np.nan
    with pytest.raises(ValueError, match=rf"scan\.npz.*{key}.*finite"):
        load_data(save(members | {key: broken}), n_subsample=10, subsample_seed=0)


def test_surplus_positions_and_stub_labels_are_dropped_before_the_draw(members, save):
    path = save(members | {"diff3d": members["diff3d"][:990], "Y": members["Y"][:1]})
    with (
        pytest.warns(RuntimeWarning, match="trailing 10 positions") as surplus,
        pytest.warns(UserWarning, match=r"Y: shape \(1, 6, 6\).*M = 990") as stub,
    ):
        raw = load_data(path, n_subsample=1, subsample_seed=0)
    assert len(stub) == 2
    assert len(surplus) == 1  # the stub's warning is not passed on
    assert raw.Y is None
    assert raw.sample_indices[0] < 990
    expected = np.random.RandomState(0).choice(990, 1, replace=False)
    assert np.array_equal(raw.sample_indices, expected)


@pytest.mark.parametrize("dtype", [float, np.uint16])
def test_positions_are_flipped_then_swapped_then_scaled(members, save, dtype):
    coordinates = ("xcoords", "ycoords", "xcoords_start", "ycoords_start")
    path = save(members | {key: members[key].astype(dtype) for key in coordinates})
    plain = RawData.from_file(path)
    raw = load_data(path, flip_x=True, swap_xy=True, coord_scale=0.5)
    assert np.array_equal(raw.xcoords, 0.5 * plain.ycoords)
    assert np.array_equal(raw.ycoords, -0.5 * plain.xcoords)
    assert np.array_equal(raw.xcoords_start, 0.5 * plain.ycoords_start)
    assert np.array_equal(raw.ycoords_start, -0.5 * plain.xcoords_start)
    assert np.array_equal(load_data(path, flip_y=True).ycoords, -1.0 * plain.ycoords)
    assert np.array_equal(raw.diff3d, plain.diff3d)
    assert np.array_equal(raw.probeGuess, plain.probeGuess)


@pytest.mark.parametrize("scale", [0.0, np.nan, np.inf])
def test_a_scale_that_destroys_positions_is_refused(members, save, scale):
    with pytest.raises(ValueError, match=r"scan\.npz: coord_scale"):
        load_data(save(members), coord_scale=scale)


def test_nothing_is_written(members, save, tmp_path, monkeypatch):
    path, elsewhere = save(members), tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    load_data(path, n_subsample=10, subsample_seed=3)
    assert os.listdir(elsewhere) == []
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "scan.npz"]


def test_metadata_come_along_and_are_compared(members, save, caplog):
    path = save(members | {"_metadata": np.array('{"physics_parameters": {"nphotons": 1e6}}')})
    with caplog.at_level(logging.WARNING):
        raw = load_data(path, n_subsample=3, validate_config=True, current_config={"nphotons": 1e8})
    assert raw.metadata == {"physics_parameters": {"nphotons": 1e6}}
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: nphotons: metadata says 1000000.0, configuration says 100000000.0"
    ]


def test_a_small_part_of_a_large_file_takes_little_memory(arrays, tmp_path):
    count, side = 600, 128
    patterns = np.random.default_rng(0).integers(1, 9, (count, side, side)).astype(np.float32)
    path = tmp_path / "large.npz"
    np.savez(
        path, **(arrays(range(count), range(count)) | {"diff3d": patterns, "probeGuess": patterns[0] + 0j})
    )
    size = patterns.nbytes
    del patterns
    tracemalloc.start()
    try:
        raw = load_data(path, n_subsample=6, subsample_seed=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert raw.diff3d.shape == (6, side, side)
    assert raw.diff3d.base is None
    assert peak < size / 2
    assert peak < 24 << 20


def test_a_file_refused_midway_is_closed_while_the_error_is_kept(members, save, monkeypatch):
    path, files, right = save(members | {"Y": np.full((1000, SIDE, SIDE), 1e300 + 0j)}), [], Path.open
    monkeypatch.setattr(Path, "open", lambda *given: files.append(right(*given)) or files[-1])
    with pytest.raises(ValueError, match="DATA-001") as kept:
        load_data(path, n_subsample=5, subsample_seed=0)
    assert kept.tb is not None
    assert [file.closed for file in files] == [True]
