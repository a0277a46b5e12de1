"""Payloads made from a file and overrides (spec config.md 4.7, checks 53 to 59)."""

import copy
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import pytest

from ptychoparity.backends import execution, factory
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.factory import (
    INFERENCE_KNOBS,
    TRAINING_KNOBS,
    create_inference_payload,
    create_training_payload,
    populate_legacy_params,
)
from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    bridged,
    legacy,
    native,
)

CPU = PyTorchExecutionConfig(accelerator="cpu")


@pytest.fixture
def training(write_npz, tmp_path):
    """Make a training payload on the CPU, of a file with a 64 x 64 probe."""

    def make(overrides=None, file=None, output_dir=None, settings=CPU):
        overrides = {"n_groups": 4} | (overrides or {})
        return create_training_payload(
            file or write_npz(), output_dir or tmp_path / "out", overrides, settings
        )

    return make


@pytest.fixture
def inference(write_npz, tmp_path, trained_model):
    def make(overrides=None, file=None, model=None, settings=CPU):
        overrides = {"n_groups": 4} | (overrides or {})
        return create_inference_payload(
            model or trained_model, file or write_npz(), tmp_path / "out", overrides, settings
        )

    return make


def silently(make, *args, **kwargs):
    """Call with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return make(*args, **kwargs)


def refused(kind, make, *args, **kwargs):
    """The one line of an error, after which the legacy dictionary is as it was."""
    before = dict(legacy.cfg)
    with pytest.raises(kind) as caught:
        make(*args, **kwargs)
    assert legacy.cfg == before
    message = str(caught.value)
    assert "\n" not in message
    return message


# What is refused


def test_check_53_a_missing_training_file(training, tmp_path):
    message = refused(FileNotFoundError, training, file=tmp_path / "absent.npz")
    assert "Training data file not found" in message
    assert str(tmp_path / "absent.npz") in message


def test_check_53_a_folder_is_no_training_file(training, tmp_path):
    assert str(tmp_path) in refused(FileNotFoundError, training, file=tmp_path)


@pytest.mark.parametrize("groups", [{}, {"n_groups": None}, {"n_images": 5}], ids=str)
def test_check_53_missing_groups(write_npz, trained_model, tmp_path, groups):
    data = write_npz()
    for make in (
        lambda: create_training_payload(data, tmp_path, groups, CPU),
        lambda: create_inference_payload(trained_model, data, tmp_path, groups, CPU),
    ):
        message = refused(ValueError, make)
        assert "n_groups" in message
        assert "overrides" in message


def test_check_53_a_missing_model(inference, tmp_path):
    message = refused(FileNotFoundError, inference, model=tmp_path / "absent")
    assert str(tmp_path / "absent") in message
    assert "model_path" in message


def test_check_53_a_folder_without_archive(inference, tmp_path):
    message = refused(ValueError, inference, model=tmp_path)
    assert "wts.h5.zip" in message
    assert str(tmp_path) in message


def test_check_53_a_missing_test_file(inference, tmp_path):
    message = refused(FileNotFoundError, inference, file=tmp_path / "absent.npz")
    assert "Test data file not found" in message
    assert "absent.npz" in message


@pytest.mark.parametrize("kind", ["training", "inference"])
def test_check_53_a_mistyped_key(request, kind):
    message = refused(ValueError, request.getfixturevalue(kind), {"neighbor_cout": 4, "gridsise": 2})
    assert "'neighbor_cout' (did you mean 'neighbor_count'?)" in message
    assert "'gridsise' (did you mean 'gridsize'?)" in message


@pytest.mark.parametrize("placeholder", [Path(), ".", ""])
def test_a_placeholder_is_no_training_file(write_npz, tmp_path, placeholder):
    write_npz()
    message = refused(ValueError, create_training_payload, placeholder, tmp_path, {"n_groups": 4}, CPU)
    assert "train_data_file is required" in message


@pytest.mark.parametrize("placeholder", [Path(), ".", ""])
def test_a_placeholder_is_no_model_and_no_test_file(write_npz, trained_model, tmp_path, placeholder):
    groups = {"n_groups": 4}
    arguments = (placeholder, write_npz(), tmp_path, groups, CPU)
    assert "model_path is required" in refused(ValueError, create_inference_payload, *arguments)
    arguments = (trained_model, placeholder, tmp_path, groups, CPU)
    assert "test_data_file is required" in refused(ValueError, create_inference_payload, *arguments)


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
def test_nothing_is_populated_when_an_override_is_refused(training, overrides, words):
    message = refused(ValueError, training, overrides)
    assert all(word in message for word in words)


def test_nothing_is_populated_when_a_warning_becomes_an_error(training, write_npz):
    before = dict(legacy.cfg)
    with pytest.raises(UserWarning):
        silently(training, file=write_npz(probe=None))
    assert legacy.cfg == before


@pytest.mark.parametrize("kind", ["training", "inference"])
def test_an_execution_configuration_of_another_class_is_refused(request, kind):
    message = refused(TypeError, request.getfixturevalue(kind), settings={"accelerator": "cpu"})
    assert "execution_config" in message
    assert "dict" in message


def test_a_refusal_leaves_the_seal_as_it_was(training, caplog):
    legacy.seal()
    refused(ValueError, training, {"batch_size": 12})
    legacy.set("label", "x")
    assert "sealed" in caplog.text


# N


@pytest.mark.parametrize("shape", [(128, 128), (128, 128, 1), (3, 128, 128)])
def test_check_54_the_side_of_the_probe(training, inference, write_npz, shape):
    file = write_npz(probe=shape)
    for make in (training, inference):
        payload = silently(make, file=file)
        assert (payload.config.model.N, payload.native.data.N, payload.overrides_applied["N"]) == (128,) * 3
        assert legacy.cfg["N"] == 128


def test_check_54_an_override_beats_the_probe_with_a_warning(training, write_npz):
    with pytest.warns(UserWarning, match=r"N=64 .*128") as caught:
        payload = training({"N": 64}, file=write_npz(probe=(128, 128)))
    assert len(caught) == 1
    assert (payload.config.model.N, payload.native.data.N) == (64, 64)


def test_check_54_an_override_that_agrees_draws_no_warning(training, write_npz):
    assert silently(training, {"N": 128}, file=write_npz(probe=(128, 128))).config.model.N == 128


@pytest.mark.parametrize("probe", [None, (64,)])
def test_check_54_without_a_probe_it_is_64_with_a_warning(training, write_npz, probe):
    with pytest.warns(UserWarning, match=r"probeGuess.*N=64") as caught:
        payload = training(file=write_npz(probe=probe))
    assert len(caught) == 1
    assert payload.config.model.N == 64


def test_check_54_with_an_unreadable_file_it_is_64_with_a_warning(training, tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    with pytest.warns(UserWarning, match=r"broken\.npz.*N=64") as caught:
        payload = training(file=tmp_path / "broken.npz")
    assert len(caught) == 1
    assert payload.config.model.N == 64
    assert payload.overrides_applied["nphotons_source"] == "default"


def test_check_54_a_probe_that_is_not_square_draws_a_warning(training, write_npz):
    with pytest.warns(UserWarning, match=r"\(128, 64\).*N=128") as caught:
        payload = training(file=write_npz(probe=(128, 64)))
    assert len(caught) == 1
    assert payload.config.model.N == 128


def test_check_54_a_chosen_n_is_never_silently_replaced(training, write_npz):
    with pytest.warns(UserWarning, match=r"N=128 .*64"):
        payload = training({"N": 128}, file=write_npz(probe=(64, 64)))
    assert payload.config.model.N == payload.native.data.N == legacy.cfg["N"] == 128


def test_an_inferred_n_that_no_model_takes_is_refused(training, write_npz):
    message = refused(ValueError, training, file=write_npz(probe=(100, 100)))
    assert "N" in message
    assert "100" in message


def test_no_array_is_read(training, write_npz):
    """A file whose arrays are damaged has good headers."""
    file = write_npz(probe=(128, 128), diff3d=np.full((3, 128, 128), 7.0))
    content = bytearray(file.read_bytes())
    for start in (content.index(np.full(8, 1 + 0j, np.complex64).tobytes()), content.index(np.full(8, 7.0))):
        content[start] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(Exception, match="CRC"), np.load(file) as damaged:
        damaged["probeGuess"]
    assert silently(training, file=file).config.model.N == 128


# Photons

METADATA = json.dumps({"physics_parameters": {"nphotons": 2e6}, "nphotons": 3e6})


@pytest.mark.parametrize(
    ("metadata", "override", "nphotons", "source"),
    [
        (METADATA, 4e7, 4e7, "override"),
        (METADATA, None, 2e6, "metadata"),
        (json.dumps({"nphotons": 3e6}), None, 3e6, "metadata"),
        (json.dumps({"physics_parameters": {}}), None, 1e9, "default"),
        (None, None, 1e9, "default"),
        (None, 1e5, 1e5, "override"),
    ],
    ids=[
        "check-55-override",
        "check-55-metadata",
        "check-55-top",
        "check-55-none",
        "check-55-no",
        "check-55-1e5",
    ],
)
def test_photons_are_the_overrides_the_files_or_the_default(
    training, inference, write_npz, metadata, override, nphotons, source
):
    file = write_npz(metadata=metadata)
    for make in (training, inference):
        payload = make({"nphotons": override}, file=file)
        assert payload.native.data.nphotons == nphotons
        assert payload.overrides_applied["nphotons"] == nphotons
        assert payload.overrides_applied["nphotons_source"] == source
    assert training({"nphotons": override}, file=file).config.nphotons == nphotons


@pytest.mark.parametrize("recorded", [-1, "many", [1e6]])
def test_a_bad_budget_in_the_metadata_is_refused_by_file_and_value(training, write_npz, recorded):
    message = refused(ValueError, training, file=write_npz(metadata=json.dumps({"nphotons": recorded})))
    assert "data.npz" in message
    assert "nphotons" in message
    assert repr(recorded) in message


def test_an_override_spares_a_bad_budget_in_the_metadata(training, write_npz):
    file = write_npz(metadata=json.dumps({"nphotons": -1}))
    assert training({"nphotons": 5e8}, file=file).config.nphotons == 5e8


# Derived fields


@pytest.mark.parametrize("gridsize", [1, 2, 3])
@pytest.mark.parametrize("kind", ["training", "inference"])
def test_check_56_channels_follow_from_the_gridsize(request, kind, gridsize):
    payload = request.getfixturevalue(kind)({"gridsize": gridsize})
    channels = gridsize**2
    assert payload.config.model.gridsize == gridsize
    assert payload.native.data.grid_size == (gridsize, gridsize)
    assert (payload.native.data.C, payload.native.model.C_model, payload.native.model.C_forward) == (
        channels,
        channels,
        channels,
    )


@pytest.mark.parametrize("name", ["model_type", "mode"])
@pytest.mark.parametrize("value", ["supervised", "Supervised"])
def test_check_57_supervised_in_both_spellings(training, caplog, name, value):
    with caplog.at_level(logging.INFO):
        payload = training({name: value})
    assert payload.config.model.model_type == "supervised"
    assert payload.native.model.mode == "Supervised"
    assert payload.native.model.loss_function == "MAE"
    assert payload.native.training.torch_loss_mode == "mae"
    assert (payload.config.torch_loss_mode, legacy.cfg["torch_loss_mode"]) == ("poisson", "poisson")
    assert "'poisson'" in caplog.text
    assert "'mae'" in caplog.text


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
    assert training().execution_config is CPU
    assert inference().execution_config is CPU


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


# The legacy dictionary


@pytest.mark.parametrize("kind", ["training", "inference"])
def test_a_payload_is_bridged_and_sealed(request, caplog, kind):
    expected = dict(legacy.cfg)
    payload = request.getfixturevalue(kind)()
    assert legacy.cfg == bridged(payload.config, expected)
    legacy.set("label", "x")
    assert "sealed" in caplog.text


def test_a_sealed_dictionary_is_populated_again_without_complaint(training, caplog):
    silently(training)
    silently(training)
    assert caplog.text == ""


def test_payloads_hold_the_same_configuration_whichever_state_the_dictionary_is_in(training):
    first = training()
    legacy.cfg.update(N=256, gridsize=3, model_type="supervised")
    with pytest.warns(UserWarning, match="replaced") as warned:
        second = training()
    assert warned[0].filename == __file__
    assert (first.config, first.native) == (second.config, second.native)


def test_populating_pristine_defaults_draws_no_warning():
    silently(populate_legacy_params, TrainingConfig(ModelConfig(N=256)))
    assert legacy.cfg["N"] == 256


def test_what_a_run_writes_and_unknown_keys_draw_no_warning():
    legacy.cfg.update(intensity_scale=3.0, probe=np.ones((2, 2)), timestamp="t", bigN=7, zzz=np.ones(3))
    silently(populate_legacy_params, TrainingConfig(ModelConfig(N=256)))
    assert legacy.cfg["intensity_scale"] == 3.0


def test_replacing_other_values_draws_one_warning_that_names_them():
    legacy.cfg["N"] = 512
    legacy.cfg["nepochs"] = 9
    with pytest.warns(UserWarning, match=r"replaced are N, nepochs;.*force=True") as caught:
        populate_legacy_params(TrainingConfig(ModelConfig(N=256)))
    assert len(caught) == 1
    assert legacy.cfg["N"] == 256


def test_populating_twice_or_by_force_draws_no_warning():
    config = TrainingConfig(ModelConfig(N=256))
    silently(populate_legacy_params, config)
    silently(populate_legacy_params, config)
    silently(populate_legacy_params, TrainingConfig(ModelConfig(N=128)), force=True)
    assert legacy.cfg["N"] == 128


@pytest.mark.parametrize(
    "given",
    [CPU, {"N": 64}, native.TrainingConfig(), TrainingConfig, None],
    ids=lambda value: type(value).__name__,
)
def test_only_canonical_configurations_populate(given):
    assert "Config" in refused(TypeError, populate_legacy_params, given)


def test_populating_comes_last(training, monkeypatch):
    """Whatever fails before it leaves the dictionary alone; here the audit does."""
    monkeypatch.setattr(factory, "_audit", lambda *_: 1 / 0)
    before = dict(legacy.cfg)
    with pytest.raises(ZeroDivisionError):
        training()
    assert legacy.cfg == before
