"""The command line as a user meets it: help, bad input, whole runs on the references."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from ptychoparity.cli import COMMANDS, main
from ptychoparity.fixtures.minimal import load_minimal_path

FEW = ("--scenario", "PRB-001")


def invoke(*arguments: str | Path) -> Result:
    """Run with this interpreter only, whatever the environment says of others."""
    runner = CliRunner(env={"PTYCHOPARITY_PYTHON": None})
    return runner.invoke(main, [str(argument) for argument in arguments])


def refused(result: Result, *words: str) -> str:
    """The one line on standard error of a run that was refused."""
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert result.exit_code == 2, result.output
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0], (word, lines[0])
    assert "Traceback" not in result.output
    return lines[0]


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    with np.load(load_minimal_path()) as stored:
        return dict(stored)


def saved(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    path = folder / "scan.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command(name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_top_help_teaches_by_example() -> None:
    result = invoke("--help")
    assert "verify --data scan.npz" in result.output
    assert all(name in result.output for name in COMMANDS)


def test_no_module_of_a_command_is_imported_for_help() -> None:
    script = (
        "import sys\nfrom ptychoparity.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('numpy', 'h5py', 'matplotlib', 'scipy')))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_a_mistyped_command_suggests_the_nearest() -> None:
    result = invoke("verfy")
    assert result.exit_code == 2
    assert "did you mean 'verify'" in result.stderr


class TestBadInput:
    def test_unknown_backend_suggests_the_nearest(self, tmp_path: Path) -> None:
        result = invoke("verify", "--backend", "tensorflwo", "--out", tmp_path)
        refused(result, "tensorflwo", "did you mean 'tensorflow'", "torch")

    def test_backend_that_is_not_installed_says_how_to_install_it(self, tmp_path: Path) -> None:
        result = invoke("verify", "--backend", "torch", *FEW, "--out", tmp_path)
        assert result.exit_code == 2
        assert "pip install ptychoparity[torch]" in result.stderr
        assert "--python torch=" in result.stderr
        assert not (tmp_path / "report.json").exists()

    def test_unknown_scenario_names_the_families(self, tmp_path: Path) -> None:
        refused(invoke("verify", "--scenario", "FDW-*", "--out", tmp_path), "FDW-*", "CFG", "STI")

    def test_missing_data_file(self, tmp_path: Path) -> None:
        absent = tmp_path / "none.npz"
        refused(invoke("verify", "--data", absent, "--out", tmp_path / "o"), str(absent))
        assert not (tmp_path / "o" / "cases.h5").exists()

    @pytest.mark.parametrize("key", ["xcoords", "probeGuess"])
    def test_missing_key(self, tmp_path: Path, arrays: dict[str, np.ndarray], key: str) -> None:
        del arrays[key]
        refused(invoke("verify", "--data", saved(tmp_path, arrays), "--out", tmp_path / "o"), key, "scan.npz")

    def test_nan_in_the_patterns(self, tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
        for key in ("diff3d", "diffraction"):
            arrays[key] = arrays[key].copy()
            arrays[key][3, 4, 5] = np.nan
        refused(invoke("verify", "--data", saved(tmp_path, arrays), "--out", tmp_path / "o"), "diff3d")

    def test_wrong_shapes(self, tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
        arrays["xcoords"] = arrays["xcoords"][:-3]
        result = invoke("verify", "--data", saved(tmp_path, arrays), "--out", tmp_path / "o")
        refused(result, "xcoords", "61", "64")

    def test_not_an_npz_file(self, tmp_path: Path) -> None:
        broken = tmp_path / "scan.npz"
        broken.write_bytes(b"PK\x03\x04 and then nothing")
        refused(invoke("verify", "--data", broken, "--out", tmp_path / "o"), str(broken))

    def test_unwritable_output(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("in the way")
        refused(invoke("verify", "--out", blocked / "o"), str(blocked))
        assert blocked.read_text() == "in the way"

    @pytest.mark.parametrize(
        ("given", "word"),
        [("torch", "BACKEND=INTERPRETER"), ("jax=/bin/sh", "jax"), ("torch=/no/python", "/no/python")],
    )
    def test_python_option(self, tmp_path: Path, given: str, word: str) -> None:
        refused(invoke("verify", "--python", given, "--out", tmp_path), word)

    def test_broken_evidence(self, tmp_path: Path) -> None:
        broken = tmp_path / "torch.h5"
        broken.write_bytes(b"not HDF5")
        refused(invoke("judge", broken, "--out", tmp_path), str(broken), "record it again")

    def test_judge_without_evidence(self, tmp_path: Path) -> None:
        refused(invoke("judge", "--out", tmp_path), "ptychoparity record")

    def test_render_without_report(self, tmp_path: Path) -> None:
        refused(invoke("render", tmp_path), "report.json")

    def test_render_of_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "report.json").write_text('{"hello": 1}')
        refused(invoke("render", tmp_path), "report.json")
        assert not (tmp_path / "report.html").exists()

    def test_cases_and_data_together(self, tmp_path: Path) -> None:
        result = invoke(
            "record", "--cases", tmp_path / "c.h5", "--data", tmp_path / "d.npz", "--out", tmp_path
        )
        refused(result, "--cases", "--data")

    def test_ledger_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "known.json").write_text('[{"backend": "torch"}]')
        recorded = invoke("record", "--backend", "reference-float32", *FEW, "--out", tmp_path)
        assert recorded.exit_code == 0, recorded.output
        refused(invoke("judge", "--out", tmp_path, "--known", tmp_path / "known.json"), "known.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    result = invoke("verify", "--backend", "reference-float32", *FEW, "--out", folder)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == f"Report: {folder / 'report.html'}"
    return folder


class TestWholeRun:
    def test_leaves_every_form_of_the_report(self, folder: Path) -> None:
        for name in ("report.json", "report.html", "summary.md", "junit.xml", "cases.h5"):
            assert (folder / name).stat().st_size > 0
        assert not list(folder.rglob("*.partial"))

    def test_counts_what_ran(self, folder: Path) -> None:
        judged = json.loads((folder / "report.json").read_text())
        assert judged["verdict"]["exit_status"] == 0
        assert {item["backend"] for item in judged["coverage"]} == {"reference", "reference-float32"}
        assert all(item["executed"] == item["required"] == 5 for item in judged["coverage"])

    def test_render_again(self, folder: Path) -> None:
        page = folder / "report.html"
        page.unlink()
        result = invoke("render", folder)
        assert result.exit_code == 0
        assert page.is_file()

    def test_judge_again(self, folder: Path) -> None:
        result = invoke("judge", "--out", folder)
        assert result.exit_code == 0, result.output

    def test_judge_elsewhere(self, folder: Path, tmp_path: Path) -> None:
        evidence = sorted((folder / "evidence").glob("*.h5"))
        result = invoke("judge", *evidence, "--out", tmp_path / "new")
        assert result.exit_code == 0, result.output
        assert (tmp_path / "new" / "report.json").is_file()

    def test_backends_as_json(self) -> None:
        listed = json.loads(invoke("backends", "--json").output)
        assert set(listed) >= {"reference", "reference-float32", "tensorflow", "torch"}
        assert listed["reference"]["dtypes"] == ["float64"]
        assert "pip install" in listed["torch"]["unusable"]

    def test_faults_of_a_family(self) -> None:
        result = invoke("faults", "--scenario", "PRB-001")
        assert result.exit_code == 0, result.output
        assert "mask-radius-off" in result.output
        assert "1 of 1 faults caught" in result.output
