"""What containers are made of: sources, splitting, norm, files (data.md 4; checks 52 to 55, 57, 58)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import legacy
from ptychoparity.reference.data import CONTAINER_KEYS, RawData, container_arrays
from ptychoparity.reference.data.container import (
    check_grouped,
    container_contents,
    grouped_without_pc,
    selected,
    settled,
    split_grouped,
    with_norm,
)
from ptychoparity.reference.data.containerfile import STORED, read_container, write_container

PROBE = np.full((8, 8), 1 - 0.5j, np.complex64)
REAL = np.dtype(np.float64)


def grouped(groups=6, channels=4, **changes):
    rng = np.random.default_rng(8)
    images, offsets = (groups, 8, 8, channels), (groups, 1, 2, channels)
    arrays = {
        "diffraction": rng.uniform(0, 2, images).astype(np.float32),
        "X_full": rng.uniform(0, 2, images).astype(np.float32),
        "Y": (rng.normal(size=images) + 1j * rng.normal(size=images)).astype(np.complex64),
        "coords_offsets": rng.uniform(0, 50, (groups, 1, 2, 1)),
        "coords_relative": rng.normal(size=offsets),
        "coords_nn": rng.normal(size=offsets),
        "coords_start_offsets": rng.uniform(0, 50, (groups, 1, 2, 1)),
        "coords_start_relative": rng.normal(size=offsets),
        "coords_start_nn": rng.normal(size=offsets),
        "nn_indices": np.arange(groups * channels, dtype=np.int32).reshape(groups, channels),
        "objectGuess": None,
    }
    return {key: value for key, value in (arrays | changes).items() if value is not ...}


def test_check_54_nominal_positions_come_from_the_starts_and_true_ones_from_the_positions():
    data, arrays = grouped(), container_arrays(grouped(), PROBE, REAL)
    np.testing.assert_array_equal(arrays["coords_nominal"], data["coords_start_relative"].astype(np.float32))
    np.testing.assert_array_equal(arrays["coords_true"], data["coords_relative"].astype(np.float32))
    np.testing.assert_array_equal(arrays["local_offsets"], data["coords_relative"])
    assert tuple(arrays) == CONTAINER_KEYS


@pytest.mark.parametrize("absent", [None, ...])
@pytest.mark.parametrize("kind", ["start_", ""])
def test_check_54_either_pair_of_positions_stands_in_for_the_other(kind, absent):
    other = "" if kind else "start_"
    gone = {f"coords_{kind}{name}": absent for name in ("relative", "offsets")}
    data, arrays = grouped(), container_arrays(grouped(**gone), PROBE, REAL)
    kept = data[f"coords_{other}relative"]
    for key in ("coords_nominal", "coords_true"):
        np.testing.assert_array_equal(arrays[key], kept.astype(np.float32))
    np.testing.assert_array_equal(arrays["local_offsets"], kept)
    np.testing.assert_array_equal(
        arrays["global_offsets"], data[f"coords_{other if not kind else ''}offsets"]
    )


def test_check_57_global_offsets_are_float64_and_nothing_is_copied():
    data, contents = grouped(), None
    contents = container_contents(data, PROBE)
    assert contents["global_offsets"].dtype == np.float64
    for key, source in (("X", "X_full"), ("Y", "Y"), ("global_offsets", "coords_offsets")):
        assert np.shares_memory(contents[key], data[source])


def test_check_58_labels_that_are_not_there_are_none_until_they_are_needed():
    assert container_contents(grouped(Y=None), PROBE)["Y"] is None
    arrays = container_arrays(grouped(Y=None), PROBE, REAL)
    assert (arrays["Y_I"] == 1).all()
    assert (arrays["Y_phi"] == 0).all()


SHAPES = {
    "Y": (6, 8, 8, 1),
    "coords_relative": (6, 1, 2, 3),
    "coords_start_relative": (5, 1, 2, 4),
    "coords_offsets": (6, 1, 2),
    "nn_indices": (4, 6),
}


@pytest.mark.parametrize("key", SHAPES)
def test_check_52_arrays_that_do_not_fit_the_patterns_are_refused_by_name_and_shape(key):
    wrong = np.zeros(SHAPES[key], grouped()[key].dtype)
    with pytest.raises(ValueError, match=f"^{key} of shape .*does not fit X_full") as refused:
        check_grouped(grouped(**{key: wrong}))
    assert str(SHAPES[key]) in str(refused.value)
    assert str((6, 8, 8, 4)) in str(refused.value)


@pytest.mark.parametrize("shape", [(6, 8, 8), (6, 8, 4, 4), (0, 8, 8, 4), (6, 8, 8, 0)])
def test_check_52_patterns_of_another_layout_are_refused(shape):
    with pytest.raises(ValueError, match=r"X_full must have shape \(B, N, N, C\)"):
        check_grouped(grouped(X_full=np.zeros(shape, np.float32), Y=None))


MISFITS = {
    "no probe": ({"probe": None}, TypeError, "probe: dtype object"),
    "a probe of another side": (
        {"probe": np.ones((4, 4))},
        ValueError,
        r"probeGuess of shape \(4, 4\).*\(6, 8, 8, 4\)",
    ),
    "a probe of rank 4": ({"probe": np.ones((1, 1, 8, 8))}, ValueError, "probeGuess"),
    "complex patterns": ({"X": np.ones((6, 8, 8, 4), complex)}, TypeError, "X: dtype complex128"),
    "indices that are no whole numbers": (
        {"nn_indices": np.ones((6, 4))},
        TypeError,
        "nn_indices: dtype float64",
    ),
    "text": ({"local_offsets": np.full((6, 1, 2, 4), "1")}, TypeError, "local_offsets: dtype <U1"),
    "no positions": ({"coords_true": None}, TypeError, "coords_true: dtype object"),
    "an amplitude alone": (
        {"Y": None, "Y_I": np.ones((6, 8, 8, 4))},
        ValueError,
        "Y_I and Y_phi belong together",
    ),
}


@pytest.mark.parametrize("reason", MISFITS)
def test_members_that_do_not_fit_are_refused(reason):
    changes, error, message = MISFITS[reason]
    with pytest.raises(error, match=message):
        settled(container_contents(grouped(), PROBE) | changes)


def test_members_are_brought_to_their_dtypes():
    contents = container_contents(grouped(), PROBE)
    wide = {
        key: array.astype(np.result_type(array, np.float64))
        for key, array in contents.items()
        if key in ("X", "Y", "coords_true", "probe")
    }
    again = settled({**contents, **wide, "nn_indices": contents["nn_indices"].astype(np.uint16)})
    assert {key: again[key].dtype for key in wide} == {key: contents[key].dtype for key in wide}
    assert again["nn_indices"].dtype == np.int32


# splitting


def test_check_55_half_of_six_groups_are_three_in_every_array():
    data = grouped(objectGuess=np.ones((6, 7), np.complex64), sample_indices=np.arange(6), norm_Y_I=2.0)
    train, test = split_grouped(data, 0.5)
    for key, value in data.items():
        for part, rows in ((train, slice(3)), (test, slice(3, None))):
            if key in ("objectGuess", "sample_indices", "norm_Y_I"):
                assert part[key] is value
            else:
                assert len(part[key]) == 3
                np.testing.assert_array_equal(part[key], value[rows], key)
    check_grouped(train)
    check_grouped(test)


@given(groups=st.integers(1, 40), fraction=st.floats(0, 1))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_check_55_parts_are_of_the_size_of_the_rule_and_make_the_whole(groups, fraction):
    data = grouped(groups, 1)
    train, test = split_grouped(data, fraction)
    assert len(train["X_full"]) == int(groups * fraction)
    for key in ("X_full", "nn_indices", "coords_nn"):
        np.testing.assert_array_equal(np.concatenate([train[key], test[key]]), data[key])
    assert train["objectGuess"] is None


@pytest.mark.parametrize("fraction", [-0.1, 1.5, float("nan")])
def test_a_fraction_that_is_none_is_refused(fraction):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_grouped(grouped(), fraction)


def test_an_array_without_a_row_for_each_group_is_not_cut():
    with pytest.raises(ValueError, match=r"cannot split 6 groups: coords_nn \(5, 1, 2, 4\), extra \(\)"):
        split_grouped(grouped(coords_nn=np.zeros((5, 1, 2, 4)), extra=np.array(1.0)), 0.5)


def test_check_55_the_loader_selects():
    data = grouped()
    assert selected(lambda: data, None, False) is data
    assert selected(lambda: data, "val", False) is data
    np.testing.assert_array_equal(
        selected(lambda: (data, 0.7), "train", True)["nn_indices"], data["nn_indices"][:4]
    )
    np.testing.assert_array_equal(
        selected(lambda: (data, 0.7), "test", True)["nn_indices"], data["nn_indices"][4:]
    )


@pytest.mark.parametrize(
    ("given_data", "which", "split", "error", "message"),
    [
        ((grouped(), 0.5), "val", True, ValueError, "'train' or 'test'.*got 'val'"),
        ((grouped(), 0.5), None, True, ValueError, "'train' or 'test'.*got None"),
        (
            (grouped(), 0.1),
            "train",
            True,
            ValueError,
            "train part of 6 groups is empty with training fraction 0.1",
        ),
        ((grouped(), 1.0), "test", True, ValueError, "test part of 6 groups is empty"),
        (grouped(), "train", True, TypeError, r"\(grouped data, training fraction\), got dict"),
        ((grouped(), 0.5), None, False, TypeError, "grouped data, got tuple"),
    ],
    ids=["check-55 val", "check-55 none", "empty train", "empty test", "no fraction", "no split"],
)
def test_what_the_loader_refuses(given_data, which, split, error, message):
    with pytest.raises(error, match=message):
        selected(lambda: given_data, which, split)


# norm


def test_the_norm_is_that_of_the_data_else_of_their_photons(monkeypatch):
    monkeypatch.setitem(legacy.cfg, "nphotons", 4e6)
    data = grouped()
    energy = np.square(data["X_full"].astype(float)).sum(axis=(1, 2)).mean()
    assert with_norm(data)["norm_Y_I"] == pytest.approx(np.sqrt(4e6 / energy), rel=1e-12)
    assert with_norm(data, 1e6)["norm_Y_I"] == pytest.approx(np.sqrt(1e6 / energy), rel=1e-12)
    assert with_norm(data | {"norm_Y_I": 0.25})["norm_Y_I"] == 0.25
    assert "norm_Y_I" not in data
    with pytest.raises(ValueError, match="nphotons"):
        with_norm(data, 0.0)
    with pytest.raises(ValueError, match="all zero"):
        with_norm(grouped(X_full=np.zeros((6, 8, 8, 4), np.float32)), 1.0)


# scans without position correction


def test_groups_of_a_scan_without_position_correction(monkeypatch):
    monkeypatch.setitem(legacy.cfg, "gridsize", 2)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 9, (2, 9))
    patterns = rng.uniform(0.1, 1, (9, 8, 8)).astype(np.float32)
    found = grouped_without_pc(x, y, patterns, PROBE, None, K=8, nsamples=9)
    raw = RawData.from_coords_without_pc(x, y, patterns, PROBE, None)
    assert found["nn_indices"].shape == (9, 4)
    assert found.keys() == raw.generate_grouped_data(8, K=8, nsamples=9).keys()
    np.testing.assert_array_equal(found["coords_relative"], found["coords_start_relative"])


# files


def stored(**changes):
    contents = container_contents(grouped(objectGuess=np.ones((5, 7), np.complex64), norm_Y_I=2.0), PROBE)
    amplitude, phase = np.abs(contents["Y"]), np.angle(contents["Y"])
    return {key: ({"Y_I": amplitude, "Y_phi": phase} | contents | changes)[key] for key in STORED} | {
        key: value for key, value in {"Y_I": amplitude, "Y_phi": phase}.items() if key not in changes
    }


def test_a_container_file_gives_back_what_was_written(tmp_path):
    write_container(str(tmp_path / "container.data"), stored(), has_labels=True)
    found = read_container(tmp_path / "container.data")
    for key, value in stored().items():
        np.testing.assert_array_equal(found[key], value, key)
    assert found["Y"] is None


def test_stand_ins_for_labels_come_back_as_no_labels(tmp_path):
    write_container(tmp_path / "c.npz", stored(YY_full=None, norm_Y_I=None), has_labels=False)
    with np.load(tmp_path / "c.npz") as file:
        assert {"YY_full", "norm_Y_I"}.isdisjoint(file)
        assert "Y_I" in file
    found = read_container(tmp_path / "c.npz")
    assert [found[key] for key in ("Y_I", "Y_phi", "YY_full", "norm_Y_I")] == [None] * 4


def test_a_file_that_does_not_say_has_labels(tmp_path):
    np.savez(tmp_path / "c.npz", **{key: value for key, value in stored().items() if value is not None})
    assert read_container(tmp_path / "c.npz")["Y_I"] is not None


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


FILES = {
    "a missing member": (
        {"nn_indices": None, "probe": None},
        KeyError,
        "missing nn_indices, probe; the file holds X,",
    ),
    "a pickle": ({"YY_full": np.array(Evil(), object)}, ValueError, "YY_full: pickled"),
    "a misfit": ({"coords_true": np.zeros((6, 1, 2, 3))}, ValueError, "coords_true of shape"),
    "complex indices": ({"nn_indices": np.zeros((6, 4), complex)}, TypeError, "nn_indices: dtype"),
}


@pytest.mark.parametrize("reason", FILES)
def test_a_file_that_holds_no_container_is_refused_by_name(tmp_path, capsys, reason):
    changes, error, message = FILES[reason]
    members = {key: value for key, value in (stored() | changes).items() if value is not None}
    np.savez(tmp_path / "c.npz", **members)
    with pytest.raises(error, match=rf"c\.npz: {message}"):
        read_container(tmp_path / "c.npz")
    assert capsys.readouterr().out == ""


def test_a_truncated_or_absent_file_is_refused(tmp_path):
    write_container(tmp_path / "c.npz", stored(), has_labels=True)
    (tmp_path / "c.npz").write_bytes((tmp_path / "c.npz").read_bytes()[:300])
    with pytest.raises(ValueError, match=r"c\.npz: .*NPZ"):
        read_container(tmp_path / "c.npz")
    with pytest.raises(FileNotFoundError, match=r"d\.npz"):
        read_container(tmp_path / "d.npz")
