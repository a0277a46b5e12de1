"""A training from the command line: order, outcome, log, help (spec config.md 6)."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ptychoparity.backends import workflows
from ptychoparity.backends.contract import NotAvailable
from ptychoparity.cli import train
from ptychoparity.reference.config import ModelConfig, TrainingConfig, legacy

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "fixtures" / "minimal_dataset_v1.npz"
Command = Any  # of conftest


@pytest.mark.usefixtures("trained")
class TestRun:
    def test_check_78_smoke_line(
        self, training: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: SimpleNamespace
    ) -> None:
        monkeypatch.chdir(ROOT)
        line = (
            f"--config configs/gridsize2_minimal.yaml --train_data_file {FIXTURE} --test_data_file {FIXTURE} "
            f"--backend pytorch --output_dir {tmp_path / 'run'} --n_groups 4 --n_subsample 16 "
            "--neighbor_count 7 --batch_size 4 --nepochs 1"
        )
        result = training(*line.split())
        assert result.exit_code == 0, result.output
        config = trained.config
        assert isinstance(config, TrainingConfig)
        assert (config.backend, config.n_groups, config.n_subsample) == ("pytorch", 4, 16)
        assert (config.neighbor_count, config.batch_size, config.nepochs) == (7, 4, 1)
        assert (config.model.gridsize, config.output_dir) == (2, tmp_path / "run")
        assert (config.train_data_file, config.test_data_file) == (FIXTURE, FIXTURE)

    def test_the_order(self, training: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        order: list[str] = []

        def load(*_: Any) -> tuple[str, None]:
            order.append(f"load with gridsize {legacy.cfg['gridsize']}")
            return "data", None

        right = train.run_cdi_example_with_backend
        monkeypatch.setattr(train, "load_data", load)
        monkeypatch.setattr(
            train, "run_cdi_example_with_backend", lambda *a, **k: (order.append("run"), right(*a, **k))[1]
        )
        monkeypatch.setattr(train, "persist", lambda *_: order.append("persist"))
        training.run("--gridsize", "3", "--output_dir", tmp_path / "o")
        assert order == ["load with gridsize 3", "run", "persist"]
        assert legacy.cfg["output_prefix"] == str(tmp_path / "o")

    def test_the_legacy_dictionary_is_sealed(
        self, training: Command, caplog: pytest.LogCaptureFixture
    ) -> None:
        training.run()
        with caplog.at_level(logging.WARNING):
            legacy.set("gridsize", 2)
        assert "sealed" in caplog.text

    def test_stitching_is_passed_on(self, training: Command, trained: SimpleNamespace) -> None:
        training.run()
        assert trained.settings["do_stitching"] is False
        training.run("--do_stitching")
        assert trained.settings["do_stitching"] is True

    @pytest.mark.parametrize(("backend", "times"), [("tensorflow", 1), ("pytorch", 0)])
    def test_check_80_what_is_saved(
        self,
        training: Command,
        monkeypatch: pytest.MonkeyPatch,
        backend: str,
        times: int,
    ) -> None:
        saved: list[str] = []
        monkeypatch.setattr(train, "persist", workflows.persist)
        monkeypatch.setattr(workflows, "save_model", lambda *_: saved.append("model"))
        monkeypatch.setattr(workflows, "save_outputs", lambda *_: saved.append("outputs"))
        result = training.run("--backend", backend)
        assert sorted(saved) == ["model", "outputs"] * times
        assert ("bundle_path: there/wts.h5.zip" in result.stderr) is (backend == "pytorch")

    def test_a_part_that_is_not_there_yet(
        self, training: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: SimpleNamespace
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise NotAvailable("training is not available yet")

        monkeypatch.setattr(train, "run_cdi_example_with_backend", fail)
        result = training("--train_data_file", FIXTURE, "--output_dir", tmp_path / "o")
        assert result.exit_code == 3
        assert result.stderr.splitlines()[-1] == "Error: training is not available yet"
        assert list(tmp_path.iterdir()) == []
        assert trained.persisted == []

    @pytest.mark.parametrize(
        "error", [RuntimeError("DATA-SUP-001: no\nlabels"), ValueError("DATA-SUP-001: no labels")]
    )
    def test_a_failed_run_is_one_line(
        self, training: Command, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(train, "run_cdi_example_with_backend", fail)
        result = training("--train_data_file", FIXTURE)
        assert result.exit_code == 1
        assert result.stderr == "Error: DATA-SUP-001: no labels\n"
        assert "Traceback" in training("--train_data_file", FIXTURE, "--verbose").stderr

    def test_a_bug_is_not_hidden(self, training: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(train, "run_cdi_example_with_backend", lambda: None)
        assert isinstance(training("--train_data_file", FIXTURE).exception, TypeError)

    def test_real_data_reach_the_workflow(self, training: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        seen: list[Any] = []

        def run(data: Any, *_: Any, **__: Any) -> tuple[None, None, dict[str, Any]]:
            seen.append(data)
            return None, None, {}

        monkeypatch.setattr(train, "run_cdi_example_with_backend", run)
        monkeypatch.setattr(train, "persist", lambda *_: None)
        training.run("--n_subsample", "16", "--subsample_seed", "1", "--n_groups", "4")
        assert seen[0].diff3d.shape[0] == 16


@pytest.mark.usefixtures("trained")
class TestLog:
    def test_levels(self, training: Command) -> None:
        assert "POLICY-001" not in training.run("--backend", "pytorch", "--quiet").stderr
        assert "POLICY-001" not in training.run("--backend", "pytorch", "--console-level", "WARNING").stderr
        assert (
            "POLICY-001" in training.run("--backend", "pytorch", "--quiet", "--console-level", "info").stderr
        )

    def test_a_warning_is_shown_once(self, training: Command) -> None:
        warned = training.run("--N", "32").stderr.count("warning: ModelConfig.N=32 is outside")
        assert warned == 1

    def test_nothing_is_left_behind(self, training: Command) -> None:
        logger = logging.getLogger("ptychoparity")
        before = (logger.level, list(logger.handlers))
        training.run("--verbose")
        training("--nepochs", "0", "--verbose")
        assert (logger.level, list(logger.handlers)) == before


# Importing a framework ends in status 97, also where whoever imports it swallows the exception.
GUARD = """
import atexit, os, sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "tensorflow", "keras", "lightning"):
            os._exit(97)
sys.meta_path.insert(0, Refusing())
"""


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from ptychoparity.cli import train_main as main", "ptycho_train"),
        ("from ptychoparity.cli import infer_main as main", "ptycho_inference"),
    ],
)
@pytest.mark.parametrize(
    "arguments", [["--help"], ["--print-config", "--backend", "pytorch", "--torch-num-workers", "1"]]
)
def test_installed_names_load_no_framework(code: str, name: str, arguments: list[str]) -> None:
    script = f"{GUARD}\nsys.argv[1:] = {arguments!r}\n{code}\nmain()"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    if arguments == ["--help"]:
        assert f"Usage: {name} [OPTIONS]" in ended.stdout
        assert f"{name} --" in ended.stdout.partition("Examples:")[2]


def test_help_has_sections_and_every_flag(training: Command) -> None:
    text = training("--help").stdout
    for heading in (
        "Data:",
        "Model:",
        "Training:",
        "Sampling:",
        "PyTorch execution",
        "Deprecated:",
        "Examples:",
    ):
        assert f"\n{heading}" in text or f"\n  {heading}" in text
    for flag in train.FLAGS:
        assert f"  {flag.names[0]} " in text
    for word in ("POLICY-001", "CONFIG-001", "Precedence", "docs/configuration.md", "Exit status"):
        assert word in text
    assert "[default: 64]" in " ".join(text.split())
    assert f"[default: {ModelConfig.gridsize}]" in " ".join(text.split())
