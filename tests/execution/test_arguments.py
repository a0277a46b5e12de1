"""From parsed arguments to an execution configuration (spec ``config.md`` 6.5)."""

import warnings
from argparse import Namespace
from pathlib import Path

import pytest

from ptychoparity.backends import execution
from ptychoparity.backends.arguments import (
    FIELDS_OF_MODE,
    build_execution_config_from_args,
    resolve_accelerator,
    validate_paths,
)
from ptychoparity.backends.execution import PyTorchExecutionConfig

MODES = ["training", "inference"]


def caught_from(function, *arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return function(*arguments), [(warning.category, str(warning.message)) for warning in caught]


@pytest.fixture
def host(monkeypatch):
    return lambda cuda: monkeypatch.setattr(execution, "cuda_available", lambda: cuda)


@pytest.mark.parametrize(
    ("accelerator", "device", "meant", "words"),
    [
        pytest.param("cpu", None, "cpu", None, id="check-70-cpu-None"),
        pytest.param("auto", "cpu", "cpu", "--device is deprecated", id="check-70-auto-cpu"),
        pytest.param("auto", "cuda", "gpu", "--device is deprecated", id="check-70-auto-cuda"),
        pytest.param("auto", "cuda:1", "gpu", "--device is deprecated", id="check-70-auto-cuda:1"),
        pytest.param("cpu", "cuda", "cpu", "Ignoring --device value", id="check-70-cpu-cuda"),
        pytest.param("mps", None, "mps", None, id="check-70-mps-None"),
    ],
)
def test_two_arguments_give_one_accelerator(accelerator, device, meant, words):
    result, caught = caught_from(resolve_accelerator, accelerator, device)
    assert result == meant
    assert [category for category, _ in caught] == ([DeprecationWarning] if words else [])
    assert all(words in text for _, text in caught)


@pytest.mark.parametrize("device", [None, "cpu"], ids=["check-70-tpu", "check-70-tpu-cpu"])
def test_tpu_is_refused(device):
    with pytest.raises(ValueError, match=r"TPU.*Torch-XLA.*unsupported"):
        resolve_accelerator("tpu", device)


def test_check_70_auto_is_cuda_where_there_is_one(host):
    host(True)
    assert caught_from(resolve_accelerator) == ("cuda", [])


def test_check_70_auto_is_cpu_with_a_warning_elsewhere(host):
    host(False)
    result, caught = caught_from(resolve_accelerator)
    assert result == "cpu"
    assert [category for category, _ in caught] == [UserWarning]
    assert "POLICY-001" in caught[0][1]


@pytest.mark.parametrize("arguments", [("auto", None), ("auto", "cpu"), ("cpu", "cuda")])
def test_warnings_point_to_the_caller(host, arguments):
    host(False)
    call = compile("resolve_accelerator(*arguments)", "elsewhere.py", "eval")
    with pytest.warns((UserWarning, DeprecationWarning)) as caught:
        eval(call, globals() | {"arguments": arguments})
    assert [warning.filename for warning in caught] == ["elsewhere.py"]


@pytest.mark.parametrize("mode", MODES)
def test_check_71_no_arguments_give_the_defaults(host, mode):
    host(True)
    config = build_execution_config_from_args(Namespace(), mode)
    assert config == PyTorchExecutionConfig(enable_progress_bar=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("quiet", "disable_mlflow", "shown"),
    [
        pytest.param(False, False, True, id="check-71-shown"),
        pytest.param(True, False, False, id="check-71-quiet"),
        pytest.param(False, True, False, id="check-71-disable_mlflow"),
        pytest.param(True, True, False, id="check-71-both"),
    ],
)
def test_the_progress_bar(mode, quiet, disable_mlflow, shown):
    arguments = Namespace(accelerator="cpu", quiet=quiet, disable_mlflow=disable_mlflow)
    config, caught = caught_from(build_execution_config_from_args, arguments, mode)
    assert config.enable_progress_bar is shown
    assert config.logger_backend == (None if disable_mlflow and mode == "training" else "csv")
    assert [category for category, _ in caught] == ([DeprecationWarning] if disable_mlflow else [])


def test_check_71_disable_mlflow_also_means_no_logger():
    arguments = Namespace(accelerator="cpu", disable_mlflow=True, logger_backend="mlflow")
    with pytest.warns(DeprecationWarning, match="--disable_mlflow is deprecated"):
        config = build_execution_config_from_args(arguments, "training")
    assert config.logger_backend is None


def test_check_71_the_logger_none():
    arguments = Namespace(accelerator="cpu", logger_backend="none")
    assert build_execution_config_from_args(arguments, "training").logger_backend is None


@pytest.mark.parametrize(
    ("mode", "deterministic", "workers", "count"),
    [
        pytest.param("training", True, 4, 1, id="check-71-deterministic-4-workers"),
        pytest.param("training", True, 0, 0, id="check-71-deterministic-0-workers"),
        pytest.param("training", False, 4, 0, id="check-71-free-4-workers"),
        pytest.param("inference", True, 4, 0, id="check-71-inference-4-workers"),
    ],
)
def test_deterministic_training_with_workers_is_slow(mode, deterministic, workers, count):
    arguments = Namespace(accelerator="cpu", deterministic=deterministic, num_workers=workers)
    config, caught = caught_from(build_execution_config_from_args, arguments, mode)
    assert config.num_workers == workers
    assert [category for category, _ in caught] == [UserWarning] * count
    assert all("performance degradation" in text for _, text in caught)


def test_check_71_no_learning_rate_is_the_default():
    arguments = Namespace(accelerator="cpu", learning_rate=None)
    assert build_execution_config_from_args(arguments, "training").learning_rate == 1e-3


def test_check_71_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="Invalid mode: foo") as caught:
        build_execution_config_from_args(Namespace(accelerator="cpu"), "foo")
    assert all(mode in str(caught.value) for mode in MODES)


EVERY_ARGUMENT = {
    "accelerator": "gpu",
    "num_workers": 3,
    "deterministic": False,
    "accumulate_grad_batches": 2,
    "learning_rate": 0.5,
    "scheduler": "Exponential",
    "logger_backend": "tensorboard",
    "enable_checkpointing": False,
    "checkpoint_save_top_k": 4,
    "checkpoint_monitor_metric": "mae_val_loss",
    "checkpoint_mode": "max",
    "early_stop_patience": 6,
    "recon_log_every_n_epochs": 7,
    "recon_log_num_patches": 8,
    "recon_log_fixed_indices": [1, 2],
    "recon_log_stitch": True,
    "recon_log_max_stitch_samples": 9,
    "inference_batch_size": 11,
}
FIELD_OF = {name: name for name in EVERY_ARGUMENT} | {"accumulate_grad_batches": "accum_steps"}
INFERENCE = {"accelerator", "num_workers", "inference_batch_size"}


@pytest.mark.parametrize(
    ("mode", "taken"),
    [
        pytest.param("training", set(EVERY_ARGUMENT) - {"inference_batch_size"}, id="check-71-training"),
        pytest.param("inference", INFERENCE, id="check-71-inference"),
    ],
)
def test_each_mode_takes_its_arguments_and_no_others(mode, taken):
    config = build_execution_config_from_args(Namespace(**EVERY_ARGUMENT, quiet=True), mode)
    given = {FIELD_OF[name]: EVERY_ARGUMENT[name] for name in taken}
    assert vars(config) == vars(PyTorchExecutionConfig("cpu")) | given
    assert set(FIELDS_OF_MODE[mode]) == set(given)


def test_a_bad_argument_is_refused_by_its_field():
    with pytest.raises(ValueError, match="accum_steps must be"):
        build_execution_config_from_args(Namespace(accelerator="cpu", accumulate_grad_batches=0), "training")


@pytest.mark.parametrize(
    ("place", "title"),
    [
        pytest.param(0, "Training data file not found", id="check-72-training"),
        pytest.param(1, "Test data file not found", id="check-72-test"),
    ],
)
@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_an_input_that_is_not_there_is_refused_before_the_output_is_made(tmp_path, place, title, kind):
    wrong = tmp_path / "wrong.npz"
    if kind == "folder":
        wrong.mkdir()
    inputs = [None, None]
    inputs[place] = wrong
    with pytest.raises(FileNotFoundError) as caught:
        validate_paths(*inputs, tmp_path / "out")
    assert str(caught.value) == f"{title}: {wrong}"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "skipped",
    [None, Path(), "", "."],
    ids=["check-72-None", "check-72-Path()", "check-72-empty", "check-72-."],
)
def test_inputs_not_given_are_skipped(tmp_path, skipped):
    validate_paths(skipped, skipped, tmp_path / "out")
    assert (tmp_path / "out").is_dir()


def test_check_72_the_output_is_made_with_its_parents(tmp_path):
    inputs = [tmp_path / "train.npz", tmp_path / "test.npz"]
    for path in inputs:
        path.write_bytes(b"")
    out = tmp_path / "a" / "b" / "out"
    validate_paths(str(inputs[0]), inputs[1], out)
    validate_paths(*inputs, str(out))
    assert out.is_dir()


def test_an_output_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(FileExistsError, match="out"):
        validate_paths(None, None, tmp_path / "out")


def test_no_output_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    validate_paths(None, None, None)
    validate_paths(None, None, Path())
    assert list(tmp_path.iterdir()) == []
