"""``ptychoparity overlap`` as a user meets it."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ptychoparity.cli.overlap import command
from ptychoparity.fixtures.minimal import load_minimal_path
from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.overlap import compute_overlap_metrics, probe_fwhm


def invoke(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def refused(result, *words):
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert result.exit_code == 2, result.output
    assert len(lines) == 1, lines
    assert all(word in lines[0] for word in words), lines[0]
    assert "Traceback" not in result.output


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "overlap.json"


def test_one_split_with_defaults(out):
    result = invoke(load_minimal_path(), "--out", out)
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    raw = RawData.from_file(load_minimal_path())
    side, count = raw.diff3d.shape[1], len(raw.xcoords)
    expected = compute_overlap_metrics(np.column_stack((raw.xcoords, raw.ycoords)), 1, 1.0, count, N=side)
    assert written == {"train": expected.as_dict(), "test": None}
    assert written["train"]["probe_diameter_px"] == 0.6 * side
    assert "between neighbouring images" in result.output
    assert f"{expected.metric_2_image_based_avg:.4f}" in result.output
    assert str(out) in result.output.replace("\n", "")


def test_two_splits_with_every_option(out):
    options = {"--gridsize": 2, "--s-img": 0.5, "--n-groups": 11, "--neighbor-count": 5, "--seed": 3}
    flat = [word for pair in options.items() for word in pair]
    path = load_minimal_path()
    result = invoke(path, "--test", path, *flat, "--probe-diameter", "fwhm", "--out", out)
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    raw = RawData.from_file(path)
    coords, width = np.column_stack((raw.xcoords, raw.ycoords)), probe_fwhm(raw.probeGuess)
    expected = compute_overlap_metrics(coords, 2, 0.5, 11, 5, width, 3).as_dict()
    assert written["train"] == written["test"] == expected | {"probe_diameter_source": "FWHM of probe"}
    assert "within groups" in result.output


def test_a_diameter_in_pixels(out):
    assert invoke(load_minimal_path(), "--probe-diameter", "12.5", "--out", out).exit_code == 0
    assert json.loads(out.read_text())["train"]["probe_diameter_px"] == 12.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--gridsize", 3], ["gridsize must be", "3"]),
        (["--s-img", 0], ["s_img must be in"]),
        (["--s-img", "inf"], ["s_img must be in"]),
        (["--s-img", "nan"], ["s_img must be in"]),
        (["--n-groups", 0], ["n_groups"]),
        (["--probe-diameter", "wide"], ["--probe-diameter", "wide"]),
        (["--probe-diameter", "-3"], ["probe_diameter_px", "-3"]),
        (["--seed", -1], ["eed"]),
        (["--test", "absent.npz"], ["absent.npz"]),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(out, arguments, words):
    refused(invoke(load_minimal_path(), *arguments, "--out", out), *words)
    assert not out.exists()


def test_a_missing_or_damaged_file_is_named(tmp_path, out):
    refused(invoke(tmp_path / "absent.npz", "--out", out), "absent.npz")
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    refused(invoke(tmp_path / "broken.npz", "--out", out), "broken.npz")


def test_an_unwritable_output_is_named(tmp_path):
    refused(invoke(load_minimal_path(), "--out", tmp_path), "--out", str(tmp_path))


def test_what_is_odd_about_the_data_is_said(tmp_path, out):
    with np.load(load_minimal_path()) as stored:
        arrays = dict(stored)
    for key in ("diff3d", "diffraction"):
        arrays[key] = np.rint(arrays[key] * 50).astype(np.int32)
    np.savez(tmp_path / "counts.npz", **arrays)
    result = invoke(tmp_path / "counts.npz", "--out", out)
    assert result.exit_code == 0, result.output
    assert "note: counts.npz: diff3d" in result.output
