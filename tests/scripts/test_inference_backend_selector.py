"""The inference command dispatches by backend (spec workflows.md R-013, R-024 to R-048, R-097)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from click.testing import CliRunner, Result

from ptychoparity.backends.execution import PyTorchExecutionConfig, torch_device
from ptychoparity.cli import infer
from ptychoparity.reference.config import InferenceConfig
from ptychoparity.reference.data import RawData

FIXTURE = Path(__file__).parents[2] / "fixtures" / "minimal_dataset_v1.npz"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """A loaded model; ``model.loader``, ``model.reconstruct`` and ``model.save`` are what is called."""
    found = Mock()
    found.loader.return_value = (found, {"N": 64})
    found.reconstruct.return_value = ("amplitude", "phase", {})
    monkeypatch.setattr(infer, "load_inference_bundle_with_backend", found.loader)
    monkeypatch.setattr(infer, "reconstruct", found.reconstruct)
    monkeypatch.setattr(infer, "save_outputs", found.save)
    return found


@pytest.fixture
def call(tmp_path: Path) -> Any:
    (tmp_path / "wts.h5.zip").touch()

    def called(*flags: str) -> Result:
        required = ["--model_path", str(tmp_path), "--test_data", str(FIXTURE)]
        result = CliRunner().invoke(infer.command, [*required, *flags])
        assert result.exit_code == 0, result.output
        return result

    return called


def reached(model: Mock, name: str) -> Any:
    """An argument of the reconstruction by its name."""
    names = ("model", "data", "config", "settings", "overrides", "extras")
    return dict(zip(names, model.reconstruct.call_args.args, strict=True))[name]


class TestInferenceCliBackendDispatch:
    @pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])
    def test_the_backend_flag_reaches_the_configuration(self, model: Mock, call: Any, backend: str) -> None:
        call("--backend", backend)
        assert model.loader.call_args.args[1].backend == backend

    def test_tensorflow_is_the_default(self, model: Mock, call: Any) -> None:
        call()
        assert model.loader.call_args.args[1].backend == "tensorflow"

    def test_pytorch_backend_dispatch(self, model: Mock, call: Any, tmp_path: Path) -> None:
        call("--backend", "pytorch", "--output_dir", str(tmp_path / "o"))
        model.loader.assert_called_once()
        path, config = model.loader.call_args.args
        assert path == tmp_path
        assert isinstance(config, InferenceConfig)
        model.save.assert_called_once_with("amplitude", "phase", {}, tmp_path / "o")

    def test_pytorch_inference_execution_path(self, model: Mock, call: Any) -> None:
        call("--backend", "pytorch", "--n_images", "4", "--n_subsample", "16")
        model.reconstruct.assert_called_once()
        assert reached(model, "model") is model
        assert isinstance(reached(model, "data"), RawData)
        assert (reached(model, "config").n_groups, reached(model, "config").n_subsample) == (4, 16)

    def test_pytorch_execution_config_flags(self, model: Mock, call: Any) -> None:
        call(
            *("--backend", "pytorch", "--torch-accelerator", "cpu"),
            *("--torch-num-workers", "0", "--torch-inference-batch-size", "2"),
        )
        execution = reached(model, "settings")
        assert isinstance(execution, PyTorchExecutionConfig)
        assert (execution.accelerator, execution.num_workers, execution.inference_batch_size) == ("cpu", 0, 2)

    def test_pytorch_backend_defaults_auto_execution_config(
        self, model: Mock, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            call("--backend", "pytorch")
        assert reached(model, "settings") is None
        for token in ("POLICY-001", "GPU-first defaults", "--torch-accelerator cpu"):
            assert token in caplog.text

    @pytest.mark.parametrize(("accelerator", "device"), [("cuda", "cuda"), ("gpu", "cuda"), ("cpu", "cpu")])
    def test_pytorch_backend_moves_model_to_execution_device(
        self, model: Mock, call: Any, accelerator: str, device: str
    ) -> None:
        """The flag decides the device; moving the model there is tested with the backend's ``devices``."""
        call("--backend", "pytorch", "--torch-accelerator", accelerator)
        assert torch_device(reached(model, "settings").accelerator) == device

    def test_tensorflow_path_is_untouched_by_torch_flags(self, model: Mock, call: Any) -> None:
        call("--torch-accelerator", "cuda", "--torch-inference-batch-size", "2")
        assert reached(model, "settings") is None
        assert reached(model, "overrides") is None
        assert reached(model, "config").backend == "tensorflow"
