"""What `inspect_npz` says of a file."""

import json

import numpy as np
import pytest

from ptychoparity.fixtures.minimal import load_minimal_path
from ptychoparity.reference.data.inspection import inspect_npz


@pytest.fixture
def members(arrays):
    """A raster of 5 x 6 points, 7 and 3 pixels apart, in an object of 60 x 70 pixels."""
    y, x = np.meshgrid(20 + 7.0 * np.arange(5), 25 + 3.0 * np.arange(6), indexing="ij")
    return arrays(x.ravel(), y.ravel(), 64, objectGuess=np.ones((70, 90), np.complex64))


def told(inspection, level):
    return [finding.message for finding in inspection.findings if finding.level == level]


def test_a_sound_file_in_numbers(members, save):
    rng = np.random.default_rng(0)
    members["diff3d"] = rng.uniform(0, 3, (30, 64, 64)).astype(np.float32)
    members["diff3d"][4] = 0
    members["probeGuess"] = np.stack([np.full((64, 64), 3j), np.full((64, 64), 1)]).astype(np.complex64)
    inspection = inspect_npz(save(members | {"note": np.array("free text")}))
    scan, patterns, probe = inspection.scan, inspection.patterns, inspection.probe
    assert scan.points == 30
    assert (scan.x_range, scan.y_range) == ((25, 40), (20, 48))
    assert scan.spacing == (3, 3, 3)
    assert scan.duplicates == 0
    squares = np.square(members["diff3d"], dtype=np.float64).sum(axis=(1, 2))
    assert patterns.peak == members["diff3d"].max()
    assert patterns.lowest == 0
    assert patterns.mean == pytest.approx(members["diff3d"].mean(dtype=np.float64))
    assert patterns.energy == pytest.approx(squares.mean())
    assert patterns.zeros == np.count_nonzero(members["diff3d"] == 0)
    np.testing.assert_allclose(patterns.brightness, squares)
    np.testing.assert_allclose(patterns.mean_pattern, members["diff3d"].mean(axis=0, dtype=np.float64))
    assert inspection.axis_order == "(M,H,W)"
    assert (probe.modes, probe.side) == (2, 64)
    assert probe.energy == pytest.approx(10 * 64**2)
    assert probe.shares == pytest.approx((0.9, 0.1))
    np.testing.assert_allclose(probe.amplitude, np.sqrt(10))
    assert inspection.headers["note"].shape == ()
    assert inspection.metadata is None
    assert told(inspection, "note") == ["diff3d: 1 of 30 patterns are dark"]
    assert inspection.accepted


def test_the_fixture_has_nothing_to_mend():
    inspection = inspect_npz(load_minimal_path())
    assert inspection.findings == ()
    assert inspection.metadata["physics_parameters"]["nphotons"] == 1e6
    assert inspection.patterns.units.verdict == "amplitude"


def test_the_summary_is_plain_json_without_arrays(members, save):
    members["diff3d"][:] = np.nan
    inspection = inspect_npz(save(members))
    summary = json.loads(json.dumps(inspection.summary(), allow_nan=False))
    assert summary["accepted"] is False
    assert summary["arrays"]["diff3d"] == {"shape": [30, 64, 64], "dtype": "float32"}
    assert summary["patterns"]["not_finite"] == 30 * 64 * 64
    assert summary["patterns"]["peak"] is None
    assert summary["scan"]["spacing"] == [3, 3, 3]
    assert "mean_pattern" not in summary["patterns"]
    assert summary["findings"][0]["remedy"] == "replace or drop them"


def test_all_that_is_wrong_is_told_at_once(members, save):
    members |= {
        "probeGuess": np.ones((32, 32), np.float32),
        "objectGuess": np.ones((2, 70, 90), np.complex64),
        "scan_index": np.zeros(7, int),
        "notes": np.array([None]),
    }
    members["diff3d"][0, 0, 0] = -1
    members["xcoords"] = np.where(np.arange(30) == 3, np.nan, members["xcoords"])
    errors = "\n".join(told(inspect_npz(save(members)), "error"))
    for words in (
        "probeGuess: shape (32, 32) does not fit",
        "objectGuess: expected a 2-D object",
        "scan_index: expected shape (30,)",
        "notes: pickled",
        "diff3d: 1 values are negative, the lowest -1",
        "xcoords: 1 values are NaN or infinite",
    ):
        assert words in errors
    assert errors.count("\n") == 5


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"xcoords": 1e-6, "ycoords": 1e-6}, "warning", "pixels; are they in metres?"),
        ({"xcoords": 1e3, "ycoords": 1e3}, "warning", "exceeds the pattern side 64: no overlap"),
        ({"xcoords": 3.0}, "warning", "20 of 30 positions lie outside the object (70, 90)"),
        ({"xcoords": 0.0, "ycoords": 0.0}, "note", "29 positions repeat an earlier one exactly"),
    ],
)
def test_coordinates_that_are_no_object_pixels(members, save, changes, level, words):
    scaled = {key: members[key] * factor for key, factor in changes.items()}
    assert any(words in message for message in told(inspect_npz(save(members | scaled)), level))


def test_many_scans_in_one_file_are_noted(members, save):
    labels = np.arange(30) // 10
    assert any(
        "3 scans" in text for text in told(inspect_npz(save(members | {"scan_index": labels})), "note")
    )


def test_a_side_that_no_model_takes_is_noted(arrays, save):
    inspection = inspect_npz(save(arrays([1, 2], [3, 9])))
    assert told(inspection, "note") == ["diff3d: side 8, models take 64, 128, 256"]


def test_a_dark_probe_is_told(members, save):
    dark = np.zeros((64, 64), np.complex64)
    assert told(inspect_npz(save(members | {"probeGuess": dark})), "warning") == [
        "probeGuess: zero everywhere, so it cannot be normalised"
    ]


@pytest.mark.parametrize(("order", "name"), [((1, 2, 0), "(H,W,M)"), ((1, 0, 2), "(H,M,W)")])
def test_legacy_axis_orders_are_named_and_the_numbers_the_same(members, save, order, name):
    plain = inspect_npz(save(members))
    legacy = inspect_npz(save(members | {"diff3d": members["diff3d"].transpose(order)}))
    assert legacy.axis_order == name
    assert any(f"axis order {name}" in message for message in told(legacy, "warning"))
    np.testing.assert_array_equal(legacy.patterns.brightness, plain.patterns.brightness)
    np.testing.assert_array_equal(legacy.patterns.mean_pattern, plain.patterns.mean_pattern)


@pytest.mark.parametrize("key", ["xcoords", "diff3d", "probeGuess"])
def test_what_is_there_is_looked_at_although_something_is_missing(members, save, key):
    del members[key]
    inspection = inspect_npz(save(members))
    assert not inspection.accepted
    parts = {"xcoords": inspection.scan, "diff3d": inspection.patterns, "probeGuess": inspection.probe}
    assert [name for name, part in parts.items() if part is None] == [key]


def test_surplus_positions_are_told_and_their_values_do_not_count(members, save):
    for key in ("xcoords", "ycoords", "xcoords_start", "ycoords_start"):
        members[key] = np.r_[members[key], np.nan]
    inspection = inspect_npz(save(members | {"scan_index": np.zeros(31, int)}))
    assert inspection.accepted
    assert [text for text in told(inspection, "warning") if "trailing 1 positions" in text]
    assert inspection.scan.points == 30


def test_not_an_archive(tmp_path):
    (tmp_path / "odd.npz").write_text("text")
    with pytest.raises(ValueError, match=r"odd\.npz: not a readable NPZ"):
        inspect_npz(tmp_path / "odd.npz")
