"""The rejection table of spec data.md 1.4, a test for every row: class, and what the message must name.

Rows of the table that concern simulators and the dataset builder are tested with those.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.backends.guards import require_labels
from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.inspection import inspect_npz
from ptychoparity.reference.data.loading import load_data

ABSENT = None


@dataclass(frozen=True)
class Row:
    """What a valid file of 20 points of 32 x 32 is changed into, and how it is refused."""

    row: str
    changes: dict[str, Any]
    error: type[Exception]
    names: tuple[str, ...]
    checks: str = ""

    def __str__(self) -> str:
        return f"{self.checks}-{self.row}".lstrip("-").replace(" ", "-")


def real(*shape, dtype=np.float32, value=1.5):
    return np.full(shape, value, dtype)


def with_value(value):
    patterns = real(20, 32, 32)
    patterns[7, 3, 5] = value
    return patterns


def pickled(*shape):
    stored = np.empty(shape, object)
    stored[...] = "text"
    return stored


ROWS = [
    Row(
        "required key missing",
        {"probeGuess": ABSENT},
        KeyError,
        ("missing probeGuess", "xcoords"),
        "check-36",
    ),
    Row(
        "every missing key is named",
        {"probeGuess": ABSENT, "xcoords": ABSENT, "ycoords": ABSENT},
        KeyError,
        ("xcoords", "ycoords", "probeGuess", "holds diff3d, scan_index"),
        "check-36",
    ),
    Row("neither diffraction name", {"diff3d": ABSENT}, KeyError, ("diffraction", "diff3d"), "check-37"),
    Row(
        "both diffraction names",
        {"diffraction": real(20, 32, 32, value=2.5)},
        ValueError,
        ("diffraction", "diff3d", "differ"),
        "check-38",
    ),
    Row(
        "coordinates of different lengths",
        {"ycoords": np.arange(19.0)},
        ValueError,
        ("xcoords", "ycoords", "matching shapes", "20", "19"),
        "check-39",
    ),
    Row(
        "coordinates not 1-D",
        {"xcoords": np.zeros((20, 1))},
        ValueError,
        ("xcoords", "(20, 1)", "one-dimensional"),
        "check-42",
    ),
    Row(
        "fewer positions than patterns",
        {
            key: np.arange(15.0)
            for key in ("xcoords", "ycoords", "scan_index", "xcoords_start", "ycoords_start")
        },
        ValueError,
        ("20", "15", "position"),
        "check-40",
    ),
    Row(
        "pattern not square",
        {"diff3d": real(20, 32, 16)},
        ValueError,
        ("diff3d", "(20, 32, 16)", "(N,H,W)"),
        "check-43",
    ),
    Row(
        "pattern not 3-D", {"diff3d": real(20, 32)}, ValueError, ("diff3d", "(20, 32)", "(N,H,W)"), "check-43"
    ),
    Row("NaN in patterns", {"diff3d": with_value(np.nan)}, ValueError, ("diff3d", "finite"), "check-44"),
    Row("infinity in patterns", {"diff3d": with_value(np.inf)}, ValueError, ("diff3d", "finite"), "check-44"),
    Row("negative amplitude", {"diff3d": with_value(-1)}, ValueError, ("diff3d", "negative"), "check-44"),
    *(
        Row(f"NaN in {key}", {key: array}, ValueError, (key, "finite"), "check-44")
        for key, array in {
            "xcoords": np.r_[np.arange(19.0), np.nan],
            "ycoords_start": np.r_[np.inf, np.arange(19.0)],
            "probeGuess": real(32, 32, dtype=complex, value=np.nan),
            "objectGuess": real(40, 40, dtype=complex, value=1j * np.inf),
            "Y": real(20, 32, 32, dtype=complex, value=np.nan),
        }.items()
    ),
    Row(
        "complex diffraction",
        {"diff3d": real(20, 32, 32, dtype=np.complex64)},
        TypeError,
        ("diff3d", "complex64"),
    ),
    Row("text for diffraction", {"diff3d": real(20, 32, 32, dtype="U3")}, TypeError, ("diff3d", "<U3")),
    Row(
        "probe of another side",
        {"probeGuess": real(16, 16, dtype=complex)},
        ValueError,
        ("probeGuess", "(16, 16)", "(20, 32, 32)"),
        "check-45",
    ),
    Row(
        "probe of no layout",
        {"probeGuess": real(32, 30, dtype=complex)},
        ValueError,
        ("probeGuess", "(32, 30)", "(P,N,N)"),
        "check-45",
    ),
    Row(
        "object not 2-D",
        {"objectGuess": real(2, 32, 32, dtype=complex)},
        ValueError,
        ("objectGuess", "(2, 32, 32)"),
        "check-46",
    ),
    Row("all-zero diffraction", {"diff3d": real(20, 32, 32, value=0)}, ValueError, ("diffraction", "zero")),
    Row("real labels", {"Y": real(20, 32, 32)}, ValueError, ("DATA-001", "float32")),
    Row(
        "labels beyond complex64",
        {"Y": real(20, 32, 32, dtype=complex, value=1e300)},
        ValueError,
        ("DATA-001", "complex128"),
    ),
    *(
        Row(f"pickled {key} of {len(shape)} axes", {key: pickled(*shape)}, ValueError, (key, "pickled"))
        for key, shape in {
            "diff3d": (20, 32, 32),
            "objectGuess": (),
            "notes": (2,),
            "_metadata": (1,),
        }.items()
    ),
]


@pytest.fixture
def members(arrays):
    return arrays(range(20), range(0, 40, 2), 32)


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_refused_by_class_and_name(members, save, case):
    path = save(members | case.changes)
    for read in (RawData.from_file, lambda file: load_data(file, n_subsample=5, subsample_seed=0)):
        with pytest.raises(case.error) as caught:
            read(path)
        message = str(caught.value)
        assert type(caught.value) is case.error
        assert all(name in message for name in (str(path), *case.names)), message
        assert "\n" not in message
    inspection = inspect_npz(path)
    assert not inspection.accepted
    told = " ".join(finding.message for finding in inspection.findings if finding.level == "error")
    assert any(name in told for name in case.names), told
    assert all(finding.remedy for finding in inspection.findings)


def test_missing_file_is_named(tmp_path):
    for read in (RawData.from_file, load_data, inspect_npz):
        with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
            read(tmp_path / "absent.npz")


@dataclass(frozen=True)
class Tolerated:
    """What a reader takes with a warning."""

    row: str
    changes: dict[str, Any]
    warning: type[Warning]
    names: tuple[str, ...]
    gives: dict[str, Any] = field(default_factory=dict)
    checks: str = ""

    def __str__(self) -> str:
        return f"{self.checks}-{self.row}".lstrip("-").replace(" ", "-")


TOLERATED = [
    Tolerated(
        "more positions than patterns",
        {"diff3d": real(15, 32, 32)},
        RuntimeWarning,
        ("trailing 5 positions",),
        {"xcoords": np.arange(15.0)},
        "check-40",
    ),
    Tolerated(
        "real probe",
        {"probeGuess": real(32, 32)},
        UserWarning,
        ("probeGuess", "float32"),
        {"probeGuess": real(32, 32, dtype=np.complex64)},
    ),
    Tolerated(
        "real object",
        {"objectGuess": real(40, 40, dtype=int)},
        UserWarning,
        ("objectGuess", "int64"),
        {"objectGuess": real(40, 40, dtype=np.complex64, value=1)},
    ),
    Tolerated(
        "small object",
        {"objectGuess": real(31, 40, dtype=complex)},
        UserWarning,
        ("objectGuess", "(31, 40)", "32"),
    ),
    Tolerated(
        "singleton labels",
        {"Y": real(1, 32, 32, dtype=complex)},
        UserWarning,
        ("Y", "(1, 32, 32)", "M = 20"),
        {"Y": None},
    ),
    Tolerated(
        "broken metadata",
        {"_metadata": np.array("{")},
        UserWarning,
        ("_metadata", "JSON"),
        {"metadata": None},
        "check-49",
    ),
    Tolerated(
        "metadata that are no text",
        {"_metadata": np.arange(3)},
        UserWarning,
        ("_metadata", "int64"),
        {"metadata": None},
        "check-49",
    ),
    Tolerated(
        "counts",
        {"diff3d": real(20, 32, 32, dtype=np.uint16)},
        UserWarning,
        ("diff3d", "uint16", "amplitude"),
    ),
]


@pytest.mark.parametrize("case", TOLERATED, ids=str)
def test_taken_with_one_warning(members, save, case):
    path = save(members | case.changes)
    with pytest.warns(case.warning) as caught:
        raw = RawData.from_file(path)
    assert [item.category for item in caught] == [case.warning]
    assert all(name in str(caught[0].message) for name in case.names), caught[0].message
    for key, expected in case.gives.items():
        assert (
            np.array_equal(getattr(raw, key), expected) if expected is not None else getattr(raw, key) is None
        )
    inspection = inspect_npz(path)
    assert inspection.accepted
    warned = [finding.message for finding in inspection.findings if finding.level == "warning"]
    assert any(all(name in message for name in case.names[:2]) for message in warned), warned


@pytest.mark.parametrize("key", ["probeGuess", "objectGuess", "Y", "diff3d", "xcoords"])
def test_downcasts_are_no_reason_to_warn(members, save, recwarn, key):
    wide = members | {"objectGuess": real(40, 40, dtype=complex), "Y": real(20, 32, 32, dtype=complex)}
    wide[key] = wide[key].astype(np.result_type(wide[key].dtype, np.float64))
    RawData.from_file(save(wide))
    assert list(recwarn) == []


def test_supervised_run_without_labels_is_refused():
    with pytest.raises(RuntimeError, match=r"DATA-SUP-001.*label_amp.*label_phase"):
        require_labels("supervised", {})


def test_a_refused_file_is_named_by_the_client_s_path_too(members, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("plain.npz", **{key: value for key, value in members.items() if key != "xcoords"})
    with pytest.raises(KeyError, match=r"plain\.npz: missing xcoords"):
        RawData.from_file(Path("plain.npz"))


def test_metadata_of_the_old_form_are_read_without_pickle(members, save):
    text = json.dumps({"physics_parameters": {"N": 32}})
    stored = np.empty((), object)
    stored[()] = text
    path = save(members | {"_metadata": stored})
    assert RawData.from_file(path).metadata == inspect_npz(path).metadata == json.loads(text)
