"""The training command dispatches by backend (spec workflows.md R-011 to R-020, R-051 to R-061, R-095)."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from click.testing import CliRunner, Result

from ptychoparity.backends import arguments, guards, workflows
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.cli import train
from ptychoparity.reference.config import TrainingConfig

FIXTURE = Path(__file__).parents[2] / "fixtures" / "minimal_dataset_v1.npz"


@pytest.fixture
def selector(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Stands in for the workflow; the helpers that save TensorFlow models must be stood in for as well."""
    run = Mock(return_value=(None, None, {"backend": "pytorch", "bundle_path": "run/wts.h5.zip"}))
    monkeypatch.setattr(train, "run_cdi_example_with_backend", run)
    monkeypatch.setattr(workflows, "save_model", Mock())
    monkeypatch.setattr(workflows, "save_outputs", Mock())
    return run


def called(*flags: str) -> Result:
    result = CliRunner().invoke(train.command, ["--train_data_file", str(FIXTURE), "--n_groups", "4", *flags])
    assert result.exit_code == 0, result.output
    return result


class TestTrainingCliBackendDispatch:
    def test_pytorch_backend_dispatch(self, selector: Mock) -> None:
        result = called("--backend", "pytorch", "--nepochs", "2")
        config: Any = selector.call_args.args[2]
        assert isinstance(config, TrainingConfig)
        assert (config.backend, config.nepochs) == ("pytorch", 2)
        selector.assert_called_once()
        workflows.save_model.assert_not_called()
        workflows.save_outputs.assert_not_called()
        assert "bundle_path: run/wts.h5.zip" in result.stderr

    def test_tensorflow_backend_dispatch(self, selector: Mock) -> None:
        called()
        assert selector.call_args.args[2].backend == "tensorflow"
        workflows.save_model.assert_called_once()
        workflows.save_outputs.assert_called_once()

    def test_pytorch_execution_config_flags(self, selector: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        build = Mock(wraps=arguments.build_execution_config_from_args)
        monkeypatch.setattr(arguments, "build_execution_config_from_args", build)
        called(
            *("--backend", "pytorch", "--torch-accelerator", "cpu", "--no-torch-deterministic"),
            *("--torch-num-workers", "2", "--torch-learning-rate", "5e-4", "--torch-logger", "none"),
            *("--torch-accumulate-grad-batches", "1", "--torch-checkpoint-save-top-k", "2"),
        )
        build.assert_called_once()
        assert build.call_args.args[1] == "training"
        execution = selector.call_args.kwargs["torch_execution_config"]
        assert isinstance(execution, PyTorchExecutionConfig)
        assert (execution.accelerator, execution.deterministic, execution.num_workers) == ("cpu", False, 2)
        assert (execution.learning_rate, execution.logger_backend) == (5e-4, None)
        assert (execution.accum_steps, execution.checkpoint_save_top_k) == (1, 2)

    def test_the_built_configuration_is_the_one_that_is_used(
        self, selector: Mock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = PyTorchExecutionConfig(accelerator="cpu")
        monkeypatch.setattr(arguments, "build_execution_config_from_args", lambda *_: made)
        called("--backend", "pytorch", "--torch-accelerator", "cpu")
        assert selector.call_args.kwargs["torch_execution_config"] is made

    def test_pytorch_backend_defaults_auto_execution_config(
        self, selector: Mock, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            called("--backend", "pytorch")
        assert selector.call_args.kwargs["torch_execution_config"] is None
        for token in ("POLICY-001", "GPU-first defaults", "--torch-accelerator cpu"):
            assert token in caplog.text

    def test_tensorflow_path_is_untouched_by_torch_flags(self, selector: Mock) -> None:
        called("--nepochs", "2")
        plain = selector.call_args
        called("--nepochs", "2", "--torch-accelerator", "cuda", "--torch-scheduler", "Exponential")
        assert selector.call_args.args[2] == plain.args[2]
        assert selector.call_args.kwargs == plain.kwargs

    def test_supervised_mode_enforces_mae_loss(self, selector: Mock) -> None:
        called("--backend", "pytorch", "--model_type", "supervised")
        config = selector.call_args.args[2]
        assert config.torch_loss_mode == "poisson"  # what the user left is not rewritten
        assert guards.effective_loss(config) == "mae"

    def test_manual_accumulation_guard(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def run(*_: Any, torch_execution_config: PyTorchExecutionConfig, **__: Any) -> None:
            guards.refuse_accumulation(False, torch_execution_config.accum_steps)

        monkeypatch.setattr(train, "run_cdi_example_with_backend", run)
        flags = ["--backend", "pytorch", "--torch-accelerator", "cpu", "--torch-accumulate-grad-batches", "2"]
        result = CliRunner().invoke(train.command, ["--train_data_file", str(FIXTURE), *flags])
        assert result.exit_code == 1
        assert "EXEC-ACCUM-001" in result.stderr.splitlines()[-1]
        assert "--torch-accumulate-grad-batches" in result.stderr

    @pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])
    def test_a_missing_framework_is_one_line(self, monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
        for module in ("tensorflow", "torch"):
            monkeypatch.setitem(sys.modules, module, None)
        result = CliRunner().invoke(
            train.command,
            ["--train_data_file", str(FIXTURE), "--n_groups", "4", "--backend", backend, "--quiet"],
        )
        assert result.exit_code == 1
        assert "pip install" in result.stderr.splitlines()[-1]
        assert len([line for line in result.stderr.splitlines() if line.startswith("Error:")]) == 1
