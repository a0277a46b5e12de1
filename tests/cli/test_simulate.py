"""``ptychoparity simulate`` as a user meets it."""

import io
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ptychoparity.cli import simulate
from ptychoparity.cli.simulate import command
from ptychoparity.reference.config import legacy
from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.inspection import inspect_npz
from ptychoparity.reference.physics.diffraction import diffract, illuminate
from ptychoparity.reference.physics.translation import object_patches
from ptychoparity.reference.simulation.dataset import OBJECTS, PROBES

SMALL = ("--N", 32, "--size", 72, "--n", 12)


def invoke(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def refused(result, *words):
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
    assert result.exit_code == 2, result.output
    assert len(lines) == 1, result.stderr
    assert all(word in lines[0] for word in words), lines[0]
    assert "Traceback" not in result.output


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "scan.npz"


def arrays_of(path):
    with np.load(path) as stored:
        return {key: stored[key] for key in stored.files}


def written(out, *arguments):
    result = invoke("--out", out, *SMALL, *arguments)
    assert result.exit_code == 0, result.output
    return arrays_of(out)


def anew(arrays):
    """Patches of the stored object at the stored positions, and their amplitudes behind the stored probe."""
    probe = arrays["probeGuess"].astype(complex)
    modes = probe if probe.ndim == 3 else probe[None]
    at = np.column_stack((arrays["xcoords"], arrays["ycoords"]))
    patches = object_patches(arrays["objectGuess"].astype(complex), at, modes.shape[1])
    return patches, diffract(illuminate(patches[..., None], modes))[..., 0]


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_gives_a_valid_file(out, name):
    arrays = written(out, "--object", name)
    assert arrays["objectGuess"].shape == (72, 72)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        raw = RawData.from_file(out)
    assert raw.diff3d.shape == (12, 32, 32)
    inspection = inspect_npz(out)
    assert inspection.accepted
    assert [finding for finding in inspection.findings if finding.level != "note"] == []


@pytest.mark.parametrize("scan", ["random", "grid"])
@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("modes", [1, 3])
def test_the_truth_in_the_file_explains_the_patterns(out, scan, probe, modes):
    arrays = written(out, "--scan", scan, "--probe", probe, "--modes", modes, "--nphotons", "2e5")
    notes = RawData.from_file(out).metadata["additional_parameters"]
    patches, amplitude = anew(arrays)
    assert arrays["probeGuess"].shape == ((32, 32) if modes == 1 else (modes, 32, 32))
    np.testing.assert_allclose(arrays["Y"], patches, atol=1e-6)
    np.testing.assert_array_equal(arrays["ground_truth_patches"], arrays["Y"][..., None])
    rate = (notes["intensity_scale"] * amplitude) ** 2
    counts = (notes["intensity_scale"] * arrays["diff3d"].astype(float)) ** 2
    lit = rate > 5
    assert abs(((counts - rate)[lit] ** 2 / rate[lit]).mean() - 1) < 5 * math.sqrt(2.2 / lit.sum())
    assert counts.sum() / 12 == pytest.approx(2e5, abs=5 * math.sqrt(2e5 / 12))
    assert (notes["scan"], notes["probe"], notes["modes"]) == (scan, probe, modes)


def test_keys_and_metadata(out):
    arrays = written(out, "--seed", 7, "--nphotons", 1e4, "--beamstop", 4)
    assert set(arrays) == {
        *("xcoords", "ycoords", "xcoords_start", "ycoords_start", "scan_index"),
        *("diff3d", "probeGuess", "objectGuess", "Y", "ground_truth_patches", "_metadata"),
    }
    metadata = RawData.from_file(out).metadata
    assert metadata["physics_parameters"] == {"nphotons": 1e4, "N": 32, "gridsize": 1}
    notes = metadata["additional_parameters"]
    assert (notes["seed"], notes["beamstop_diameter"], notes["object"]) == (7, 4, "dead_leaves")
    assert not arrays["diff3d"][:, 15:17, 15:17].any()


def test_the_seed_makes_the_file(out):
    first, again, other = (written(out, "--seed", seed) for seed in (3, 3, 4))
    for key in first.keys() - {"_metadata"}:
        np.testing.assert_array_equal(first[key], again[key])
    for key in ("objectGuess", "probeGuess", "xcoords", "diff3d"):
        assert (first[key] != other[key]).any()


def test_more_photons_or_positions_leave_object_and_probe(out):
    first = written(out)
    for change in (("--n", 20), ("--nphotons", 1e3), ("--scan", "grid"), ("--beamstop", 3)):
        changed = written(out, *change)
        for key in ("objectGuess", "probeGuess"):
            np.testing.assert_array_equal(first[key], changed[key])


def test_object_and_probe_of_a_file(out, tmp_path):
    first = written(tmp_path / "first.npz", "--modes", 2)
    result = invoke(
        "--out", out, "--object", tmp_path / "first.npz", "--probe", tmp_path / "first.npz", "--n", 5
    )
    assert result.exit_code == 0, result.output
    second = arrays_of(out)
    for key in ("objectGuess", "probeGuess"):
        np.testing.assert_array_equal(first[key], second[key])
    notes = RawData.from_file(out).metadata["additional_parameters"]
    assert (notes["object"], notes["probe"]) == ("first.npz", "first.npz")


def test_one_position(out):
    assert written(out, "--n", 1)["diff3d"].shape == (1, 32, 32)


def test_no_global_state_is_touched(out):
    configured, state = dict(legacy.cfg), np.random.get_state()[1].copy()  # noqa: NPY002
    written(out)
    assert legacy.cfg == configured
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_progress_is_told_in_quarters(out):
    result = invoke("--out", out, "--N", 32, "--size", 72, "--n", 1000)
    told = [line for line in result.output.splitlines() if line.startswith("patterns ")]
    assert 1 <= len(told) <= 4
    assert told[-1] == "patterns 1000/1000"


class TestPreview:
    @pytest.mark.parametrize("extra", [(), ("--modes", 2, "--beamstop", 5), ("--n", 1)])
    def test_a_picture_of_eight_panels_or_fewer(self, out, tmp_path, extra):
        picture = tmp_path / "scan.png"
        result = invoke("--out", out, *SMALL, *extra, "--preview", picture)
        assert result.exit_code == 0, result.output
        assert str(picture) in result.output.replace("\n", "")
        image = np.asarray(Image.open(io.BytesIO(picture.read_bytes())).convert("RGB"))
        height, width = image.shape[:2]
        filled = [
            image[
                row * height // 2 : (row + 1) * height // 2, column * width // 4 : (column + 1) * width // 4
            ].std()
            > 20
            for row in range(2)
            for column in range(4)
        ]
        assert filled == [True] * 4 + ([True, True, False, False] if "--n" in extra else [True] * 4)

    def test_the_scan_does_not_depend_on_it(self, out, tmp_path):
        first = written(out)
        second = written(out, "--preview", tmp_path / "scan.png")
        np.testing.assert_array_equal(first["diff3d"], second["diff3d"])

    def test_scan_and_picture_cannot_be_one_file(self, out):
        refused(invoke("--out", out, *SMALL, "--preview", out), "--preview", "--out")
        assert not out.exists()


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--object", "dead_leafs"], ["dead_leafs", "did you mean 'dead_leaves'"]),
            (["--probe", "zernicke"], ["zernicke", "did you mean 'zernike'"]),
            (["--object", "absent.npz"], ["absent.npz"]),
            (["--n", 0], ["0"]),
            (["--nphotons", 0], ["nphotons", "0"]),
            (["--nphotons", "nan"], ["nphotons", "nan"]),
            (["--nphotons", 1e30], ["nphotons"]),
            (["--seed", -1], ["seed", "-1"]),
            (["--modes", 0], ["count", "0"]),
            (["--size", 20], ["32 x 32", "(20, 20)"]),
            (["--N", 33], ["33"]),
            (["--N", 4], ["4"]),
            (["--beamstop", 500], ["beamstop_diameter", "500"]),
            (["--beamstop", "nan"], ["beamstop_diameter", "nan"]),
            (["--object", "grf", "--size", 71], ["grf", "71"]),
        ],
    )
    def test_bad_values_are_one_line_and_write_nothing(self, tmp_path, arguments, words):
        given = ["--out", tmp_path / "scan.npz", *SMALL, "--preview", tmp_path / "scan.png", *arguments]
        refused(invoke(*given), *words)
        assert list(tmp_path.iterdir()) == []

    def test_a_choice_and_a_missing_option_are_usage_errors(self, tmp_path):
        for arguments in (["--out", tmp_path / "s.npz", "--scan", "spiral"], []):
            result = invoke(*arguments)
            assert result.exit_code == 2
            assert "Error:" in result.stderr
        assert list(tmp_path.iterdir()) == []

    def test_files_that_do_not_serve(self, tmp_path, out):
        (tmp_path / "broken.npz").write_bytes(b"nothing")
        np.savez(tmp_path / "real.npz", objectGuess=np.ones((80, 80)), probeGuess=np.ones((32, 32), complex))
        np.savez(tmp_path / "bare.npz", probeGuess=np.ones((32, 32), complex))
        refused(invoke("--out", out, "--object", tmp_path / "broken.npz"), "broken.npz")
        refused(invoke("--out", out, "--object", tmp_path / "real.npz"), "real.npz", "objectGuess", "float64")
        refused(
            invoke("--out", out, "--object", tmp_path / "bare.npz"), "bare.npz", "objectGuess", "probeGuess"
        )
        refused(invoke("--out", out, "--probe", tmp_path / "bare.npz", "--N", 64), "--N 64", "(32, 32)")
        refused(
            invoke("--out", out, "--object", tmp_path / "real.npz", "--size", 80), "--size 80", "real.npz"
        )
        assert not out.exists()

    def test_modes_of_a_probe_that_has_several(self, tmp_path, out):
        np.savez(tmp_path / "modes.npz", probeGuess=np.ones((2, 32, 32), complex))
        refused(invoke("--out", out, "--probe", tmp_path / "modes.npz", "--modes", 3), "modes=3", "2 modes")

    @pytest.mark.parametrize("flag", ["--out", "--preview"])
    def test_targets_are_judged_before_the_work(self, tmp_path, flag, monkeypatch):
        monkeypatch.setattr(simulate, "measured", lambda *_, **__: pytest.fail("must not be reached"))
        paths = {"--out": tmp_path / "scan.npz", "--preview": tmp_path / "scan.png"}
        for bad in (tmp_path, tmp_path / "absent" / "file"):
            given = [word for pair in (paths | {flag: bad}).items() for word in pair]
            refused(invoke(*given, *SMALL), flag, str(bad))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("error", [OSError(28, "No space left on device", "scan"), KeyboardInterrupt()])
    def test_a_failed_write_leaves_the_old_file(self, out, error, monkeypatch):
        before = written(out)

        def fails(*_, **__):
            raise error

        monkeypatch.setattr(np, "savez_compressed", fails)
        result = invoke("--out", out, *SMALL, "--seed", 9)
        assert result.exit_code in (1, 2)
        assert [path.name for path in out.parent.iterdir()] == ["scan.npz"]
        np.testing.assert_array_equal(arrays_of(out)["diff3d"], before["diff3d"])

    def test_more_than_memory_holds(self, out, monkeypatch):
        def fails(*_, **__):
            raise MemoryError

        monkeypatch.setattr(simulate, "measured", fails)
        refused(invoke("--out", out, *SMALL), "--n 12", "memory")


def test_help_teaches():
    text = invoke("--help").output
    assert all(name in text for name in (*OBJECTS, *PROBES))
    assert "simulate --out scan.npz --preview scan.png" in text
    assert "Exit status" in text
