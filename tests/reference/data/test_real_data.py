"""Measured data, where they lie beside the repository."""

from pathlib import Path

import numpy as np
import pytest

from ptychoparity.reference.data import RawData

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "real"


def measured(side):
    path = REAL / f"aps_velociprobe_siemens_{side}.npz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    return path


@pytest.mark.parametrize("side", [64, 128])
def test_a_measured_scan_is_read_and_grouped(side):
    path = measured(side)
    with pytest.warns(UserWarning, match=r"diff3d.*amplitude") as caught:
        raw = RawData.from_file(path)
    assert len(caught) == 1  # amplitudes of bright patterns look like counts, reported once
    assert raw.diff3d.shape == (516, side, side)
    data = raw.generate_grouped_data(side, K=7, nsamples=64, gridsize=2, seed=0)
    assert data["X_full"].shape == (64, side, side, 4)
    energy = np.square(data["X_full"], dtype=np.float64).sum(axis=(1, 2)).mean()
    assert energy == pytest.approx((side / 2) ** 2, rel=1e-5)
    spread = np.abs(data["coords_relative"]).max()
    assert 0 < spread < side  # neighbours overlap strongly in this scan


def test_a_scan_without_patterns_names_both_keys():
    path = REAL / "lcls_xpp_run1084_no_diffraction_64.npz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    with pytest.raises(KeyError, match="diff3d or diffraction"):
        RawData.from_file(path)
