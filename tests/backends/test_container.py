"""Containers: data.md 52 to 54, 57, 58, and equality with the reference's arrays."""

import numpy as np
import pytest

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


def container_class(native):
    module = native.module("container")
    (made,) = (value for key, value in vars(module).items() if key.startswith("PtychoDataContainer"))
    return made


def test_the_container_itself_has_a_length_and_both_names_of_the_positions(native):
    made = container_class(native)(grouped(), PROBE)
    assert len(made) == 2
    assert made.coords is made.coords_nominal


def test_a_container_does_not_share_memory_with_its_source(native):
    data = grouped()
    made = container_class(native)(data, PROBE)
    before = np.array(made.X.numpy())
    data["X_full"][...] = 0
    np.testing.assert_array_equal(np.array(made.X.numpy()), before)
