"""Containers: data.md 52 to 55, 57, 58, and equality with the reference's arrays."""

import numpy as np
import pytest

from ptychoparity.backends.training_data import labels_of
from ptychoparity.reference.config import legacy
from ptychoparity.reference.data import CONTAINER_KEYS, RawData

PROBE = np.full((8, 8), 1 - 0.5j, np.complex64)


def grouped(**changes):
    """A dictionary of two groups of four, every array distinct."""
    rng = np.random.default_rng(2)
    labels = rng.normal(size=(2, 8, 8, 4)) + 1j * rng.normal(size=(2, 8, 8, 4))
    arrays = {
        "X_full": rng.uniform(0, 2, (2, 8, 8, 4)).astype(np.float32),
        "Y": labels.astype(np.complex64),
        "coords_relative": rng.normal(size=(2, 1, 2, 4)),
        "coords_start_relative": None,
        "coords_offsets": rng.uniform(0, 50, (2, 1, 2, 1)),
        "nn_indices": np.array([[3, 1, 0, 2], [5, 4, 7, 6]], np.int32),
    }
    return {key: value for key, value in (arrays | changes).items() if value is not ...}


DTYPES = {
    "X": np.float32,
    "Y": np.complex64,
    "Y_I": np.float32,
    "Y_phi": np.float32,
    "coords_nominal": np.float32,
    "coords_true": np.float32,
    "global_offsets": np.float64,
    "local_offsets": np.float64,
    "nn_indices": np.int32,
    "probe": np.complex64,
}


@pytest.fixture(params=[True, False], ids=["labels", "check-58 without labels"])
def groups(request):
    return grouped() if request.param else grouped(Y=None)


def test_a_container_holds_what_the_reference_holds(backend, truth, groups):
    got, want = backend.container(groups, PROBE), truth.container(groups, PROBE)
    assert tuple(got) == CONTAINER_KEYS
    for key, dtype in DTYPES.items():
        assert (got[key].shape, got[key].dtype) == (want[key].shape, dtype), key
        if key in ("Y_I", "Y_phi"):
            np.testing.assert_allclose(got[key], want[key], rtol=0, atol=1e-6)
        else:
            np.testing.assert_array_equal(got[key], want[key].astype(dtype))


@pytest.mark.parametrize("missing", [None, ...])
def test_check_58_without_labels_amplitude_is_one_and_phase_zero(backend, missing):
    made = backend.container(grouped(Y=missing), PROBE)
    np.testing.assert_array_equal(made["Y_I"], np.ones((2, 8, 8, 4)))
    np.testing.assert_array_equal(made["Y_phi"], np.zeros((2, 8, 8, 4)))
    np.testing.assert_array_equal(made["Y"], np.ones((2, 8, 8, 4)))


def test_phases_lie_in_one_turn(backend):
    corners = np.array([1, -1, 1j, -1j, 0, -1 + 1e-7j, -1 - 1e-7j, 2 - 2j], np.complex64)
    labels = np.resize(corners, (2, 8, 8, 4))
    phase = backend.container(grouped(Y=labels), PROBE)["Y_phi"]
    assert np.abs(phase).max() <= np.float32(np.pi)
    np.testing.assert_allclose(np.abs(labels) * np.exp(1j * phase), labels, atol=1e-6)
    assert not phase[labels == 0].any()


def test_check_53_offsets_keep_their_sign(backend):
    offsets = np.array([1.0, 2.0]).reshape(1, 1, 2, 1)
    data = grouped(
        X_full=np.ones((1, 8, 8, 1), np.float32),
        Y=None,
        coords_relative=offsets,
        coords_offsets=np.zeros((1, 1, 2, 1)),
        nn_indices=np.zeros((1, 1), np.int32),
    )
    made = backend.container(data, PROBE)
    for key in ("coords_nominal", "coords_true", "local_offsets"):
        np.testing.assert_array_equal(made[key], offsets)


def scan(starts):
    """Twelve points in a plane, and where they were meant to be."""
    rng = np.random.default_rng(3)
    x, y = rng.random(12) * 20, rng.random(12) * 20
    return RawData(
        xcoords=x,
        ycoords=y,
        xcoords_start=x + starts,
        ycoords_start=y,
        diff3d=rng.uniform(0.1, 1, (12, 8, 8)).astype(np.float32),
        probeGuess=PROBE,
        scan_index=np.zeros(12, np.int64),
    )


REQUEST = {"N": 8, "K": 5, "nsamples": 4, "gridsize": 2, "seed": 0}


def test_check_54_a_common_shift_of_the_starts_changes_nothing(backend):
    made = backend.container(backend.group(scan(0.25), REQUEST), PROBE)
    np.testing.assert_array_equal(made["coords_nominal"], made["coords_true"])


def test_check_54_jitter_of_the_starts_separates_nominal_from_true(backend):
    jitter = np.random.default_rng(4).normal(size=12)
    data = backend.group(scan(jitter), REQUEST)
    made = backend.container(data, PROBE)
    assert (made["coords_nominal"] != made["coords_true"]).any()
    np.testing.assert_array_equal(made["coords_true"], data["coords_relative"].astype(np.float32))
    np.testing.assert_array_equal(made["coords_nominal"], data["coords_start_relative"].astype(np.float32))


def test_check_57_offsets_keep_double_precision(backend):
    data = grouped(coords_offsets=np.full((2, 1, 2, 1), 12345.678901234567))
    made = backend.container(data, PROBE)
    assert made["global_offsets"].dtype == np.float64
    np.testing.assert_array_equal(made["global_offsets"], data["coords_offsets"])


def test_grouping_is_the_reference_to_the_bit(backend, truth):
    got, want = backend.group(scan(0.0), REQUEST), truth.group(scan(0.0), REQUEST)
    assert got.keys() == want.keys()
    for key, array in want.items():
        np.testing.assert_array_equal(got[key], array)


REFUSED = {
    "labels in double precision": (
        {"Y": np.ones((2, 8, 8, 4), np.complex128)},
        ValueError,
        "Y must be complex64 .DATA-001., got complex128",
    ),
    "patterns in double precision": (
        {"X_full": np.ones((2, 8, 8, 4))},
        TypeError,
        "X_full must be float32, got float64",
    ),
    "no indices": ({"nn_indices": ...}, ValueError, "lacks nn_indices"),
    "indices of nothing": ({"nn_indices": None}, ValueError, "lacks nn_indices"),
    "no positions": (
        {"coords_relative": ..., "coords_offsets": ...},
        ValueError,
        "lacks coords_relative, coords_offsets",
    ),
    "offsets of other groups": (
        {"coords_relative": np.zeros((1, 1, 2, 4))},
        ValueError,
        r"coords_relative of shape \(1, 1, 2, 4\) does not fit.*expected \(2, 1, 2, 4\)",
    ),
    "labels of other channels": (
        {"Y": np.ones((2, 8, 8, 1), np.complex64)},
        ValueError,
        r"Y of shape \(2, 8, 8, 1\) does not fit X_full of shape \(2, 8, 8, 4\)",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_check_52_what_no_container_is_made_of(backend, truth, reason):
    changes, error, message = REFUSED[reason]
    for each in (backend, truth):
        with pytest.raises(error, match=message):
            each.container(grouped(**changes), PROBE)


@pytest.fixture
def container_class(native):
    (made,) = (
        value
        for key, value in vars(native.module("container")).items()
        if key.startswith("PtychoDataContainer")
    )
    return made


def test_a_container_has_a_length_and_both_names_of_its_positions(container_class):
    made = container_class.from_grouped(grouped(coords_start_relative=np.ones((2, 1, 2, 4))), PROBE)
    assert len(made) == 2
    np.testing.assert_array_equal(np.asarray(made.coords), np.ones((2, 1, 2, 4)))
    np.testing.assert_array_equal(np.asarray(made.coords_nominal), np.asarray(made.coords))
    np.testing.assert_array_equal(np.asarray(made.coords_relative), np.asarray(made.coords_true))
    assert (np.asarray(made.coords_true) != 1).all()


def test_a_tensor_is_made_once(container_class):
    made = container_class.from_grouped(grouped(), PROBE)
    for key in ("X", "Y", "Y_I", "Y_phi", "coords_nominal", "coords_true", "probe"):
        assert getattr(made, key) is getattr(made, key)


def test_a_container_does_not_share_memory_with_its_source(container_class):
    data, probe = grouped(), PROBE.copy()
    before = {key: value.copy() for key, value in data.items() if value is not None}
    made = container_class.from_grouped(data, probe)
    for array in (*(value for value in data.values() if value is not None), probe):
        array[...] = 0
    np.testing.assert_array_equal(np.asarray(made.X), before["X_full"])
    np.testing.assert_array_equal(np.asarray(made.Y), before["Y"])
    np.testing.assert_array_equal(np.asarray(made.global_offsets), before["coords_offsets"])
    np.testing.assert_array_equal(np.asarray(made.nn_indices), before["nn_indices"])
    np.testing.assert_array_equal(np.asarray(made.probe), PROBE)


@pytest.mark.parametrize("labels", [True, False])
def test_check_58_a_container_says_whether_its_labels_are_labels(container_class, labels):
    """Labels that happen to be one everywhere are labels all the same."""
    ones = np.ones((2, 8, 8, 4), np.complex64)
    made = container_class.from_grouped(grouped(Y=ones if labels else None), PROBE)
    np.testing.assert_array_equal(np.asarray(made.Y), ones)
    assert made.has_labels is labels
    assert bool(labels_of(made)) is labels


def test_the_whole_object_is_kept_and_the_norm_too(container_class):
    whole = np.arange(12, dtype=np.complex64).reshape(3, 4)
    made = container_class.from_grouped(grouped(objectGuess=whole, norm_Y_I=np.float32(2.5)), PROBE)
    np.testing.assert_array_equal(np.asarray(made.YY_full), whole)
    assert made.norm_Y_I == 2.5
    bare = container_class.from_grouped(grouped(), PROBE)
    assert bare.YY_full is None
    assert bare.norm_Y_I is None


def test_a_scan_without_position_correction_becomes_a_container(container_class, monkeypatch):
    monkeypatch.setitem(legacy.cfg, "gridsize", 2)
    raw = scan(0.0)
    arguments = (raw.xcoords, raw.ycoords, raw.diff3d, raw.probeGuess, raw.scan_index)
    made = container_class.from_raw_data_without_pc(*arguments, K=4, nsamples=12)
    assert made.X.shape == (12, 8, 8, 4)
    members = np.asarray(made.nn_indices)
    expected = np.stack([raw.xcoords, raw.ycoords], axis=0)[:, members].transpose(1, 0, 2)[:, None]
    np.testing.assert_allclose(np.asarray(made.global_offsets) - np.asarray(made.local_offsets), expected)
    np.testing.assert_array_equal(np.asarray(made.coords_nominal), np.asarray(made.coords_true))
    with pytest.raises(ValueError, match="N=16"):
        container_class.from_raw_data_without_pc(*arguments, N=16)


@pytest.fixture
def load(native):
    return native.module("container").load


def six():
    """Six groups that all differ, of one pattern each."""
    return scan(np.random.default_rng(9).normal(size=12)).generate_grouped_data(
        8, nsamples=6, gridsize=1, seed=4
    )


def test_check_55_without_a_split_all_groups_are_loaded(load):
    for which in (None, "val"):
        assert len(load(six, PROBE, which=which, create_split=False)) == 6


@pytest.mark.parametrize(("which", "rows"), [("train", slice(3)), ("test", slice(3, None))])
def test_check_55_a_split_cuts_every_array_of_the_groups(load, which, rows):
    part, whole = load(lambda: (six(), 0.5), PROBE, which, True), load(six, PROBE, None, False)
    assert len(part) == 3
    for key in set(CONTAINER_KEYS) - {"probe"}:
        np.testing.assert_array_equal(
            np.asarray(getattr(part, key)), np.asarray(getattr(whole, key))[rows], key
        )
    np.testing.assert_array_equal(np.asarray(part.probe), PROBE)


@pytest.mark.parametrize("which", ["val", None])
def test_check_55_another_part_is_refused(load, which):
    with pytest.raises(ValueError, match="'train' or 'test'"):
        load(lambda: (six(), 0.5), PROBE, which, True)


def test_the_norm_of_what_is_loaded_follows_from_the_photons(load, monkeypatch):
    monkeypatch.setitem(legacy.cfg, "nphotons", 1e6)
    assert load(six, PROBE).norm_Y_I == pytest.approx(1e3 / 4, rel=1e-6)
    part = load(lambda: (six(), 0.5), PROBE, "test", True)
    energy = np.square(np.asarray(part.X, np.float64)).sum(axis=(1, 2)).mean()
    assert part.norm_Y_I == pytest.approx(1e3 / np.sqrt(energy), rel=1e-6)
    assert load(lambda: {**six(), "norm_Y_I": 3.5}, PROBE).norm_Y_I == 3.5
