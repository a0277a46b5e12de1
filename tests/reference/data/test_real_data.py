"""Measured data, where they lie beside the repository."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.inspection import inspect_npz

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "real"


def measured(side):
    path = REAL / f"aps_velociprobe_siemens_{side}.npz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    return path


@pytest.mark.parametrize("side", [64, 128])
def test_a_measured_scan_is_read_and_grouped(side):
    path = measured(side)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # bright as they are, these are roots of counts, and say so
        raw = RawData.from_file(path)
    assert raw.diff3d.shape == (516, side, side)
    data = raw.generate_grouped_data(side, K=7, nsamples=64, gridsize=2, seed=0)
    assert data["X_full"].shape == (64, side, side, 4)
    energy = np.square(data["X_full"], dtype=np.float64).sum(axis=(1, 2)).mean()
    assert energy == pytest.approx((side / 2) ** 2, rel=1e-5)
    spread = np.abs(data["coords_relative"]).max()
    assert 0 < spread < side  # neighbours overlap strongly in this scan


@pytest.mark.parametrize("side", [64, 128])
def test_the_counts_of_a_measured_scan_are_told_from_their_roots(side, tmp_path):
    path = measured(side)
    inspection = inspect_npz(path)
    assert inspection.patterns.units.verdict == "amplitude"
    assert inspection.patterns.energy == pytest.approx(4.6e5, rel=0.06)
    assert inspection.findings == ()
    with np.load(path) as stored:
        members = dict(stored)
    for dtype in (np.float32, np.uint16):
        members["diff3d"] = np.rint(stored_counts(path)).astype(dtype)
        np.savez(tmp_path / "counts.npz", **members)
        with pytest.warns(UserWarning, match=r"diff3d.*look like counts") as caught:
            RawData.from_file(tmp_path / "counts.npz")
        assert len(caught) == 1
        counts = inspect_npz(tmp_path / "counts.npz")
        assert counts.patterns.units.verdict == "counts"
        assert [finding.level for finding in counts.findings] == ["warning"]


def stored_counts(path):
    with np.load(path) as stored:
        return np.square(stored["diff3d"])


def test_a_scan_without_patterns_names_both_keys():
    path = REAL / "lcls_xpp_run1084_no_diffraction_64.npz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    with pytest.raises(KeyError, match="diff3d or diffraction"):
        RawData.from_file(path)
