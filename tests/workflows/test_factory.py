"""Payloads made from a file and overrides (spec config.md 4.7, checks 53, 59)."""

import copy
from pathlib import Path

import pytest

from ptychoparity.backends import execution
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.factory import (
    INFERENCE_KNOBS,
    TRAINING_KNOBS,
    create_inference_payload,
    create_training_payload,
)
from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig, legacy, native

CPU = PyTorchExecutionConfig(accelerator="cpu")


# What is refused


def test_check_53_a_missing_training_file(training, tmp_path, refused_untouched):
    message = refused_untouched(FileNotFoundError, training, file=tmp_path / "absent.npz")
    assert "Training data file not found" in message
    assert str(tmp_path / "absent.npz") in message


def test_check_53_a_folder_is_no_training_file(training, tmp_path, refused_untouched):
    assert str(tmp_path) in refused_untouched(FileNotFoundError, training, file=tmp_path)


@pytest.mark.parametrize("groups", [{}, {"n_groups": None}, {"n_images": 5}], ids=str)
def test_check_53_missing_groups(write_npz, trained_model, tmp_path, groups, refused_untouched):
    data = write_npz()
    for make in (
        lambda: create_training_payload(data, tmp_path, groups, CPU),
        lambda: create_inference_payload(trained_model, data, tmp_path, groups, CPU),
    ):
        message = refused_untouched(ValueError, make)
        assert "n_groups" in message
        assert "overrides" in message


def test_check_53_a_missing_model(inference, tmp_path, refused_untouched):
    message = refused_untouched(FileNotFoundError, inference, model=tmp_path / "absent")
    assert str(tmp_path / "absent") in message
    assert "model_path" in message


def test_check_53_a_folder_without_archive(inference, tmp_path, refused_untouched):
    message = refused_untouched(ValueError, inference, model=tmp_path)
    assert "wts.h5.zip" in message
    assert str(tmp_path) in message


def test_check_53_a_missing_test_file(inference, tmp_path, refused_untouched):
    message = refused_untouched(FileNotFoundError, inference, file=tmp_path / "absent.npz")
    assert "Test data file not found" in message
    assert "absent.npz" in message


@pytest.mark.parametrize("kind", ["training", "inference"])
def test_check_53_a_mistyped_key(request, kind, refused_untouched):
    message = refused_untouched(
        ValueError, request.getfixturevalue(kind), {"neighbor_cout": 4, "gridsise": 2}
    )
    assert "'neighbor_cout' (did you mean 'neighbor_count'?)" in message
    assert "'gridsise' (did you mean 'gridsize'?)" in message


@pytest.mark.parametrize("placeholder", [Path(), ".", ""])
def test_a_placeholder_is_no_training_file(write_npz, tmp_path, placeholder, refused_untouched):
    write_npz()
    message = refused_untouched(
        ValueError, create_training_payload, placeholder, tmp_path, {"n_groups": 4}, CPU
    )
    assert "train_data_file is required" in message


@pytest.mark.parametrize("placeholder", [Path(), ".", ""])
def test_a_placeholder_is_no_model_and_no_test_file(
    write_npz, trained_model, tmp_path, placeholder, refused_untouched
):
    groups = {"n_groups": 4}
    arguments = (placeholder, write_npz(), tmp_path, groups, CPU)
    assert "model_path is required" in refused_untouched(ValueError, create_inference_payload, *arguments)
    arguments = (trained_model, placeholder, tmp_path, groups, CPU)
    assert "test_data_file is required" in refused_untouched(ValueError, create_inference_payload, *arguments)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"batch_size": 12}, ("batch_size", "12")),
        ({"realspace_mae_weight": 0.5}, ("realspace_mae_weight", "0.5", "realspace_weight")),
        ({"N": 0}, ("N", "0")),
        ({"nphotons": -1.0}, ("nphotons", "-1.0")),
        ({"learning_rate": -1.0}, ("learning_rate", "-1.0")),
        ({"backend": "tensorflow"}, ("backend", "'tensorflow'", "'pytorch'")),
        ({"C": 9}, ("C=9", "gridsize")),
        ({"output_dir": "elsewhere"}, ("output_dir", "elsewhere", "given twice")),
        ({"epochs": 3, "nepochs": 4}, ("nepochs", "epochs=3", "4")),
    ],
    ids=str,
)
def test_nothing_is_populated_when_an_override_is_refused(training, overrides, words, refused_untouched):
    message = refused_untouched(ValueError, training, overrides)
    assert all(word in message for word in words)


def test_nothing_is_populated_when_a_warning_becomes_an_error(training, write_npz, silently):
    before = dict(legacy.cfg)
    with pytest.raises(UserWarning):
        silently(training, file=write_npz(probe=None))
    assert legacy.cfg == before


@pytest.mark.parametrize("kind", ["training", "inference"])
def test_an_execution_configuration_of_another_class_is_refused(request, kind, refused_untouched):
    message = refused_untouched(TypeError, request.getfixturevalue(kind), settings={"accelerator": "cpu"})
    assert "execution_config" in message
    assert "dict" in message


def test_a_refusal_leaves_the_seal_as_it_was(training, caplog, refused_untouched):
    legacy.seal()
    refused_untouched(ValueError, training, {"batch_size": 12})
    legacy.set("label", "x")
    assert "sealed" in caplog.text


# What a payload holds


@pytest.mark.parametrize(
    ("kind", "knobs"), [("training", TRAINING_KNOBS), ("inference", INFERENCE_KNOBS)], ids=str
)
def test_check_59_the_execution_configuration_and_the_audit(request, monkeypatch, kind, knobs):
    monkeypatch.setattr(execution, "cuda_available", lambda: True)
    payload = request.getfixturevalue(kind)(settings=None)
    assert isinstance(payload.execution_config, PyTorchExecutionConfig)
    assert payload.execution_config.accelerator == "cuda"
    held = {name: payload.overrides_applied[name] for name in knobs}
    assert held == {name: getattr(payload.execution_config, name) for name in knobs}
    assert payload.overrides_applied["n_groups"] == 4


def test_check_59_the_knobs_are_those_listed():
    assert " ".join(TRAINING_KNOBS) == (
        "accelerator deterministic num_workers enable_progress_bar learning_rate scheduler accum_steps "
        "logger_backend"
    )
    assert INFERENCE_KNOBS == ("accelerator", "num_workers", "inference_batch_size")


def test_check_59_a_given_execution_configuration_is_kept_as_it_is(training, inference):
    assert training(settings=CPU).execution_config is CPU
    assert inference(settings=CPU).execution_config is CPU


@pytest.mark.filterwarnings("ignore:legacy dictionary was populated")
def test_check_59_the_callers_overrides_are_unchanged(training, inference):
    overrides = {"n_groups": 4, "K": 5, "mode": "Supervised", "max_epochs": 3, "grid_size": (2, 2)}
    kept = copy.deepcopy(overrides)
    training(overrides)
    assert overrides == kept
    overrides = {"n_groups": 4, "K": 5, "n_subsample": 3, "window": 8}
    kept = copy.deepcopy(overrides)
    inference(overrides)
    assert overrides == kept


def test_the_audit_holds_overrides_under_their_canonical_names(training):
    audit = training({"max_epochs": 3, "learning_rate": 0.5, "num_workers": 2}).overrides_applied
    assert (audit["nepochs"], audit["learning_rate"], audit["num_workers"]) == (3, 0.5, 2)
    assert "max_epochs" not in audit


def test_a_payload_starts_from_the_canonical_defaults(training, tmp_path):
    payload = training(output_dir=Path())
    file = tmp_path / "data.npz"
    assert payload.config == TrainingConfig(
        ModelConfig(), train_data_file=file, n_groups=4, backend="pytorch"
    )
    assert payload.native.data.K == 4
    assert payload.native.model.amp_activation == "sigmoid"
    assert payload.native.model.intensity_scale_trainable is True


def test_an_inference_payload_starts_from_the_canonical_defaults(inference, trained_model, tmp_path):
    assert inference().config == InferenceConfig(
        ModelConfig(),
        model_path=trained_model,
        test_data_file=tmp_path / "data.npz",
        n_groups=4,
        output_dir=tmp_path / "out",
        backend="pytorch",
    )


@pytest.mark.parametrize("path", [".", "wts.h5.zip", "wts.h5"])
def test_a_model_is_a_folder_an_archive_or_its_name_without_zip(inference, trained_model, path):
    assert inference(model=trained_model / path).config.model_path == trained_model / path


def test_placeholders_among_overrides_count_as_not_given(training):
    assert training({"test_data_file": Path(), "train_data_file": Path()}).config.test_data_file is None


def test_n_subsample_does_not_leak_into_the_native_field_of_that_name(training, inference):
    for make in (training, inference):
        payload = make({"n_subsample": 16})
        assert payload.config.n_subsample == 16
        assert payload.native.data.n_subsample == native.DataConfig().n_subsample == 7


def test_native_only_overrides_reach_the_native_configurations(training, inference):
    assert training({"learning_rate": 0.2}).native.training.learning_rate == 0.2
    assert inference({"window": 8, "batch_size": 48}).native.inference.batch_size == 48


def test_execution_settings_feed_the_native_training_and_nothing_else(training):
    settings = PyTorchExecutionConfig(accelerator="cpu", learning_rate=0.02, gradient_clip_val=2.0)
    payload = training(settings=settings)
    assert payload.native.training.learning_rate == 0.02
    assert payload.native.training.gradient_clip_val == 2.0
    assert payload.config.gradient_clip_val is None
    assert "gradient_clip_val" not in legacy.cfg
    assert "learning_rate" not in legacy.cfg


@pytest.mark.parametrize("clip", [1.5, None])
def test_overrides_beat_execution_settings(training, clip):
    settings = PyTorchExecutionConfig(accelerator="cpu", learning_rate=0.02, gradient_clip_val=2.0)
    payload = training({"learning_rate": 0.3, "gradient_clip_val": clip}, settings=settings)
    assert payload.native.training.learning_rate == 0.3
    assert payload.native.training.gradient_clip_val == payload.config.gradient_clip_val == clip


def test_weights_given_as_overrides_count(training):
    weights = {"mae_weight": 0.3, "nll_weight": 0.7, "realspace_weight": 0.1, "realspace_mae_weight": 0.05}
    payload = training(weights)
    assert {name: getattr(payload.config, name) for name in weights} == weights
    assert {name: legacy.cfg[name] for name in weights} == weights
