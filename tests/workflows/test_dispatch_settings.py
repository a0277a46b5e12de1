"""Execution settings and overrides, here without either framework (spec config.md 1.6; check 69)."""

import logging
import warnings

import pytest

from ptychoparity.backends import execution, workflows
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import run_cdi_example_with_backend, train_cdi_model_with_backend
from ptychoparity.reference.config import legacy, native

BOTH = pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])
CPU = PyTorchExecutionConfig(accelerator="cpu")


# Execution configuration


@pytest.mark.parametrize("dispatch", [run_cdi_example_with_backend, train_cdi_model_with_backend])
def test_check_69_an_execution_configuration_is_made_and_its_accelerator_logged(
    engines, caplog, dispatch, make, ready
):
    with caplog.at_level(logging.INFO), warnings.catch_warnings():
        warnings.simplefilter("error")
        dispatch(ready, None, make("pytorch"))
    (fitted,) = engines["pytorch"].fitted
    assert fitted.execution.accelerator == "cuda"
    assert "accelerator 'cuda'" in caplog.text


def test_check_69_without_cuda_it_is_the_cpu_with_one_warning(engines, monkeypatch, make, ready):
    monkeypatch.setattr(execution, "cuda_available", lambda: False)
    with pytest.warns(UserWarning, match="POLICY-001") as caught:
        run_cdi_example_with_backend(ready, None, make("pytorch"))
    assert len(caught) == 1
    assert engines["pytorch"].fitted[0].execution.accelerator == "cpu"


def test_check_69_a_given_one_is_passed_on_without_a_warning(engines, monkeypatch, make, run):
    monkeypatch.setattr(execution, "cuda_available", lambda: False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(make("pytorch"), torch_execution_config=CPU)
    assert engines["pytorch"].fitted[0].execution is CPU


def test_an_accelerator_that_is_not_there_is_refused_before_data_are_loaded(
    engines, monkeypatch, tmp_path, make, run, refused
):
    monkeypatch.setattr(execution, "cuda_available", lambda: False)
    settings = PyTorchExecutionConfig(accelerator="cuda")
    absent = tmp_path / "absent.npz"
    message = refused(RuntimeError, run, make("pytorch"), absent, torch_execution_config=settings)
    assert "'cuda'" in message
    assert "cpu" in message
    assert engines["pytorch"].fitted == []


def test_check_69_with_tensorflow_none_is_made(engines, monkeypatch, caplog, make, run):
    monkeypatch.setattr(workflows, "PyTorchExecutionConfig", None)
    monkeypatch.setattr(execution, "cuda_available", lambda: 1 / 0)
    with caplog.at_level(logging.INFO):
        run(make("tensorflow"), torch_execution_config=CPU)
    assert "settings of the PyTorch backend are ignored" in caplog.text
    assert len(engines["tensorflow"].fitted) == 1


def test_another_class_is_no_execution_configuration(engines, make, run, refused):
    message = refused(TypeError, run, make("pytorch"), torch_execution_config=native.TrainingConfig())
    assert "torch_execution_config" in message
    assert "TrainingConfig" in message
    assert engines["pytorch"].fitted == []


# Overrides


def test_overrides_reach_a_copy_of_the_configuration_the_dictionary_and_the_engine(engines, make, run):
    config = make("pytorch", nepochs=3)
    run(config, overrides={"max_epochs": 9, "learning_rate": 0.25, "gradient_clip_val": 1.5})
    (fitted,) = engines["pytorch"].fitted
    assert (config.nepochs, fitted.config.nepochs, legacy.cfg["nepochs"]) == (3, 9, 9)
    assert (fitted.native.training.learning_rate, fitted.native.training.gradient_clip_val) == (0.25, 1.5)
    assert fitted.native.training.epochs == 9


def test_overrides_beat_the_execution_configuration(engines, make, run):
    settings = PyTorchExecutionConfig(accelerator="cpu", learning_rate=0.02, gradient_clip_val=2.0)
    run(make("pytorch"), torch_execution_config=settings, overrides={"gradient_clip_val": 1.5})
    training = engines["pytorch"].fitted[0].native.training
    assert (training.learning_rate, training.gradient_clip_val) == (0.02, 1.5)


def test_native_overrides_are_ignored_by_tensorflow_with_a_word(engines, caplog, make, run):
    with caplog.at_level(logging.INFO):
        run(make("tensorflow"), overrides={"learning_rate": 0.25, "nepochs": 9})
    assert engines["tensorflow"].fitted[0].config.nepochs == 9
    assert "ignored" in caplog.text


@BOTH
def test_an_unknown_override_is_refused_before_anything_is_written(engines, backend, make, run, refused):  # noqa: ARG001
    message = refused(ValueError, run, make(backend), overrides={"nepoch": 9})
    assert "'nepochs'" in message
    assert legacy.cfg == legacy.LEGACY_DEFAULTS
