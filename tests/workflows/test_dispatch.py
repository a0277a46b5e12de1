"""Dispatch to a backend, here without either framework (spec config.md 1.6; checks 58, 60, 67 to 69, 80)."""

import copy
import logging
import subprocess
import sys
import warnings
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ptychoparity.backends import execution, guards, training_data, workflows
from ptychoparity.backends.contract import NotAvailable
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import (
    archive_path,
    load_inference_bundle_with_backend,
    persist,
    run_cdi_example_with_backend,
    train_cdi_model_with_backend,
)
from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    bridged,
    legacy,
    native,
)
from ptychoparity.reference.data import RawData

BOTH = pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])
CPU = PyTorchExecutionConfig(accelerator="cpu")
READY = SimpleNamespace(X=np.ones((2, 4, 4, 1)), Y=np.full((2, 4, 4, 1), 1j), Y_I=1, Y_phi=2)

# A valid value of each field that is not its default; with it, what it needs beside it.
MODEL_VALUES = {
    "N": 256,
    "gridsize": 3,
    "n_filters_scale": 4,
    "model_type": "supervised",
    "architecture": "cnn",
    "fno_modes": 8,
    "fno_width": 16,
    "fno_blocks": 2,
    "fno_cnn_blocks": 1,
    "learned_input_channels": 3,
    "max_hidden_channels": 64,
    "resnet_width": 96,
    "fno_input_transform": "log1p",
    "generator_output_mode": "amp_phase",
    "amp_activation": "softplus",
    "object_big": False,
    "probe_big": False,
    "probe_mask": True,
    "probe_mask_sigma": 2.5,
    "probe_mask_diameter": 20.0,
    "pad_object": False,
    "probe_scale": 2.0,
    "gaussian_smoothing_sigma": 0.5,
}
TRAINING_VALUES = {
    "train_data_file": Path("/d/train.npz"),
    "test_data_file": Path("/d/test.npz"),
    "batch_size": 32,
    "nepochs": 7,
    "mae_weight": 0.3,
    "nll_weight": 0.7,
    "realspace_mae_weight": 0.05,
    "realspace_weight": 0.1,
    "nphotons": 5e8,
    "n_groups": 77,
    "n_images": 33,
    "n_subsample": 99,
    "subsample_seed": 3,
    "neighbor_count": 8,
    "enable_oversampling": True,
    "neighbor_pool_size": 12,
    "positions_provided": False,
    "probe_trainable": True,
    "intensity_scale_trainable": False,
    "output_dir": Path("/d/out"),
    "sequential_sampling": True,
    "torch_loss_mode": "mae",
    "torch_mae_pred_l2_match_target": True,
    "gradient_clip_val": 1.0,
    "gradient_clip_algorithm": "agc",
    "optimizer": "adamw",
    "momentum": 0.8,
    "weight_decay": 0.01,
    "adam_beta1": 0.8,
    "adam_beta2": 0.99,
    "scheduler": "WarmupCosine",
    "lr_warmup_epochs": 3,
    "lr_min_ratio": 0.2,
    "plateau_factor": 0.3,
    "plateau_patience": 4,
    "plateau_min_lr": 1e-6,
    "plateau_threshold": 0.1,
}
NEEDS = {
    "realspace_mae_weight": {"realspace_weight": 0.1},
    "torch_mae_pred_l2_match_target": {"torch_loss_mode": "mae"},
    "n_images": {"n_groups": 77},
}


def make(backend, **values):
    model = {name: values.pop(name) for name in list(values) if name in MODEL_VALUES}
    return TrainingConfig(ModelConfig(**model), backend=backend, **values)


def small(backend, **values):
    """A configuration that the scan of 36 points can satisfy."""
    return make(backend, **{"n_groups": 5, "subsample_seed": 2} | values)


def settings_for(backend):
    return CPU if backend == "pytorch" else None


def run(config, train=READY, test=None, **options):
    options = {"torch_execution_config": settings_for(config.backend)} | options
    return run_cdi_example_with_backend(train, test, config, **options)


def refused(kind, function, *args, **kwargs):
    with pytest.raises(kind) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


# The legacy dictionary


def written_by(backend, values):
    """The dictionary after a training, fitting left out, from the same start."""
    legacy.cfg.clear()
    legacy.cfg.update(dict.fromkeys(legacy.LEGACY_DEFAULTS, "sentinel"))
    config = make(backend, **values)
    kept = copy.deepcopy(config)
    run(config)
    assert config == kept
    after = {key: value for key, value in legacy.cfg.items() if key not in legacy.RUNTIME_KEYS}
    assert after == bridged(config, dict.fromkeys(legacy.LEGACY_DEFAULTS, "sentinel"))
    assert after.pop("backend") == backend
    return after


def test_the_table_of_values_names_every_field():
    assert list(MODEL_VALUES) == [item.name for item in fields(ModelConfig)]
    others = [item.name for item in fields(TrainingConfig) if item.name not in ("model", "backend")]
    assert list(TRAINING_VALUES) == others


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"check-58-{name}")
        for name, value in (MODEL_VALUES | TRAINING_VALUES).items()
    ],
)
def test_both_routes_write_the_same_legacy_dictionary(engines, name, value):
    values = NEEDS.get(name, {}) | {name: value}
    by_torch, by_tensorflow = written_by("pytorch", values), written_by("tensorflow", values)
    assert by_torch == by_tensorflow
    assert len(engines["pytorch"].fitted) == len(engines["tensorflow"].fitted) == 1


def test_check_58_with_every_field_at_its_test_value(engines):
    values = MODEL_VALUES | TRAINING_VALUES
    assert written_by("pytorch", values) == written_by("tensorflow", values)
    (fitted,) = engines["pytorch"].fitted
    assert fitted.native.data.N == 256
    assert fitted.native.training.epochs == 7
    assert fitted.native.training.torch_loss_mode == "mae"
    assert fitted.native.training.gradient_clip_val == 1.0
    assert fitted.native.training.plateau_min_lr == 1e-6


def test_check_58_supervised_training_changes_neither_the_configuration_nor_the_dictionary(engines, caplog):
    with caplog.at_level(logging.INFO):
        run(make("pytorch", model_type="supervised"))
    (fitted,) = engines["pytorch"].fitted
    assert (fitted.native.training.torch_loss_mode, fitted.native.model.loss_function) == ("mae", "MAE")
    assert (fitted.config.torch_loss_mode, legacy.cfg["torch_loss_mode"]) == ("poisson", "poisson")
    assert "'poisson' is overridden by 'mae'" in caplog.text


def test_an_execution_configuration_never_reaches_the_dictionary(engines):  # noqa: ARG001
    settings = PyTorchExecutionConfig(
        accelerator="cpu", learning_rate=0.5, gradient_clip_val=2.0, strategy="ddp"
    )
    config = make("pytorch")
    run(config, torch_execution_config=settings)
    assert legacy.cfg == bridged(config, legacy.LEGACY_DEFAULTS)


# Order


@pytest.fixture
def spied(monkeypatch):
    """Note calls in order; each finds the dictionary as it was at that moment."""
    calls = []

    def spy(owner, name, label=None):
        original = getattr(owner, name)

        def noted(*args, **kwargs):
            calls.append((label or name, legacy.cfg["N"]))
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, noted)

    spy.calls = calls
    return spy


@BOTH
def test_check_60_the_dictionary_is_populated_before_anything_is_loaded(
    engines, spied, scan, tmp_path, backend
):
    scan().to_file(tmp_path / "scan.npz")
    legacy.cfg["N"] = 999
    module = engines[backend].module
    spied(workflows, "update_legacy_dict")
    spied(workflows, "validate_training_config")
    spied(workflows, "require_framework")
    spied(workflows, "import_module")
    spied(training_data.loading, "load_data")
    spied(training_data.RawData, "generate_grouped_data")
    spied(module, "load", "container")
    spied(module, "fit")
    run(small(backend), tmp_path / "scan.npz", scan())
    assert spied.calls == [
        ("update_legacy_dict", 999),
        ("validate_training_config", 64),
        ("require_framework", 64),
        ("import_module", 64),
        ("load_data", 64),
        ("generate_grouped_data", 64),
        ("container", 64),
        ("generate_grouped_data", 64),
        ("container", 64),
        ("fit", 64),
    ]


@BOTH
@pytest.mark.parametrize("dispatch", [run_cdi_example_with_backend, train_cdi_model_with_backend])
def test_check_60_the_bridge_gets_the_dictionary_and_the_configuration_themselves_once(
    engines,  # noqa: ARG001
    monkeypatch,
    backend,
    dispatch,
):
    seen = []
    monkeypatch.setattr(workflows, "update_legacy_dict", lambda cfg, config: seen.append((cfg, config)))
    config = make(backend)
    dispatch(READY, None, config, torch_execution_config=settings_for(backend))
    ((cfg, given),) = seen
    assert cfg is legacy.cfg
    assert given is config


def test_check_60_native_configurations_are_derived_after_the_bridge_and_before_grouping(
    engines, spied, scan
):
    legacy.cfg["N"] = 999
    spied(engines["pytorch"].module, "native_configs")
    spied(training_data.RawData, "generate_grouped_data")
    run(small("pytorch"), scan())
    assert spied.calls == [("native_configs", 64), ("generate_grouped_data", 64)]


# What an engine trains on


@BOTH
def test_a_scan_is_grouped_as_configured(engines, scan, monkeypatch, backend):
    asked = []

    def noted(_, N, **request):
        asked.append((N, request))
        return {"X_full": np.ones((3, 4, 4, 1), np.float32), "Y": None}

    monkeypatch.setattr(RawData, "generate_grouped_data", noted)
    config = make(
        backend,
        N=128,
        gridsize=2,
        neighbor_count=7,
        n_groups=11,
        subsample_seed=9,
        sequential_sampling=True,
        enable_oversampling=True,
        neighbor_pool_size=6,
    )
    run(config, scan(), scan())
    request = {
        "K": 7,
        "nsamples": 11,
        "seed": 9,
        "sequential_sampling": True,
        "gridsize": 2,
        "enable_oversampling": True,
        "neighbor_pool_size": 6,
    }
    assert asked == [(128, request)] * 2
    (fitted,) = engines[backend].fitted
    assert fitted.train.grouped["X_full"].shape == (3, 4, 4, 1)


def test_both_engines_train_on_the_same_groups(engines, scan):
    for backend in engines:
        run(small(backend, gridsize=2, neighbor_count=5), scan())
    first, second = (engines[backend].fitted[0].train.grouped for backend in engines)
    assert first["X_full"].shape == (5, 64, 64, 4)
    for key, array in first.items():
        np.testing.assert_array_equal(array, second[key])


@BOTH
def test_containers_are_taken_as_they_are(engines, backend):
    test = SimpleNamespace(X=1, Y=2)
    _, _, results = run(make(backend), READY, test)
    (fitted,) = engines[backend].fitted
    assert fitted.train is results["train_container"] is READY
    assert fitted.test is results["test_container"] is test


@BOTH
@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read_and_as_much_drawn_as_configured(engines, scan, tmp_path, backend, kind):
    scan(labels=True).to_file(tmp_path / "scan.npz")
    path = kind(tmp_path / "scan.npz")
    run(small(backend, n_subsample=20), path, path)
    (fitted,) = engines[backend].fitted
    drawn = np.sort(np.random.RandomState(2).choice(36, 20, replace=False))
    np.testing.assert_array_equal(fitted.train.grouped["sample_indices"], drawn)
    whole, members = scan(labels=True), fitted.train.grouped["nn_indices"]
    np.testing.assert_array_equal(
        fitted.train.grouped["diffraction"][..., 0], whole.diff3d[drawn[members[:, 0]]]
    )
    np.testing.assert_array_equal(fitted.train.Y[..., 0], whole.Y[drawn[members[:, 0]]])
    assert "sample_indices" not in fitted.test.grouped


def test_what_a_file_and_the_configuration_say_differently_is_logged(engines, scan, tmp_path, caplog):
    raw = scan()
    raw.metadata = {"physics_parameters": {"nphotons": 2e6, "N": 64}}
    raw.to_file(tmp_path / "scan.npz")
    run(small("tensorflow", nphotons=5e8), tmp_path / "scan.npz")
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert all(word in record.getMessage() for word in ("scan.npz", "nphotons", "2000000", "500000000"))
    assert engines["tensorflow"].fitted[0].config.nphotons == legacy.cfg["nphotons"] == 5e8


@pytest.mark.parametrize("images", [36, 1000])
def test_more_images_than_there_are_means_all(engines, scan, tmp_path, images):
    scan().to_file(tmp_path / "scan.npz")
    run(small("tensorflow", n_subsample=images), tmp_path / "scan.npz")
    (fitted,) = engines["tensorflow"].fitted
    assert "sample_indices" not in fitted.train.grouped


@BOTH
@pytest.mark.parametrize("placeholder", [Path(), ".", ""])
def test_a_placeholder_is_no_test_data_and_no_training_data(engines, backend, placeholder):
    run(make(backend), READY, placeholder)
    assert engines[backend].fitted[0].test is None
    assert "train_data is required" in refused(ValueError, run, make(backend), placeholder)


@BOTH
@pytest.mark.parametrize("data", [None, 3, {"X": 1}, SimpleNamespace(X=1)], ids=str)
def test_other_data_are_refused_with_what_is_accepted(engines, backend, data):
    message = refused(TypeError, run, make(backend), data)
    assert all(
        word in message for word in ("train_data", "path", "RawData", "container", type(data).__name__)
    )
    if data is not None:
        assert "test_data" in refused(TypeError, run, make(backend), READY, data)
    message = refused(TypeError, engines[backend].module.ensure_container, data, make(backend))
    assert all(word in message for word in ("RawData", "container", type(data).__name__))


@BOTH
def test_a_missing_file_is_refused_by_name(engines, backend, tmp_path):  # noqa: ARG001
    assert "absent.npz" in refused(FileNotFoundError, run, make(backend), tmp_path / "absent.npz")


@BOTH
def test_a_scan_without_probe_is_refused(engines, scan, backend):  # noqa: ARG001
    assert "probeGuess" in refused(ValueError, run, small(backend), scan(probe=False))


@BOTH
def test_check_54_the_configured_n_is_never_replaced_by_the_data(engines, scan, backend):
    config = small(backend, N=128)
    message = refused(ValueError, run, config, scan(side=64))
    assert "N=128" in message
    assert "64" in message
    assert config.model.N == legacy.cfg["N"] == 128
    assert engines[backend].fitted == []


# Results


@BOTH
@pytest.mark.parametrize("stitching", [False, True])
def test_results_name_the_backend(engines, backend, stitching):  # noqa: ARG001
    amplitude, phase, results = run(make(backend), do_stitching=stitching)
    assert (amplitude, phase) == (None, None)
    assert results["backend"] == backend
    assert results["history"] == {"train_loss": [1.0]}
    trained = train_cdi_model_with_backend(READY, None, make(backend), settings_for(backend))
    assert trained["backend"] == backend
    assert trained["train_container"] is READY


@BOTH
def test_what_stitching_makes_is_returned(engines, monkeypatch, backend):
    asked = []

    def stitched(*args):
        asked.append(args[2:])
        return {"recon_amp": "A", "recon_phase": "P"}

    monkeypatch.setattr(engines[backend].module, "reassemble_cdi_image", stitched)
    options = {"flip_x": 1, "flip_y": 2, "transpose": 3, "M": 4}
    amplitude, phase, results = run(make(backend), READY, READY, do_stitching=True, **options)
    assert (amplitude, phase, results["recon_amp"]) == ("A", "P", "A")
    assert asked == [(1, 2, 3, 4)]


@BOTH
def test_stitching_is_not_available_yet(engines, backend):  # noqa: ARG001
    assert "stitching" in refused(NotAvailable, run, make(backend), READY, READY, do_stitching=True)


@pytest.mark.filterwarnings("ignore:POLICY-001")
@BOTH
def test_fitting_is_not_available_yet(engines, monkeypatch, backend):
    monkeypatch.undo()  # the real `fit`
    module = engines[backend].module
    message = refused(NotAvailable, module.train_cdi_model, READY, None, make(backend))
    assert "training" in message


# Guards


def test_check_67_accumulation_is_refused_before_anything_is_grouped_or_fitted(engines, spied, scan):
    spied(training_data.RawData, "generate_grouped_data")
    settings = PyTorchExecutionConfig(accelerator="cpu", accum_steps=2)
    message = refused(RuntimeError, run, small("pytorch"), scan(), torch_execution_config=settings)
    assert "EXEC-ACCUM-001" in message
    assert "accumulate_grad_batches=2" in message
    assert spied.calls == engines["pytorch"].fitted == []


def test_check_67_one_batch_a_step_passes(engines):
    run(make("pytorch"), torch_execution_config=PyTorchExecutionConfig(accelerator="cpu", accum_steps=1))
    assert len(engines["pytorch"].fitted) == 1


@BOTH
def test_check_68_supervised_without_labels_never_fits(engines, scan, backend):
    message = refused(RuntimeError, run, small(backend, model_type="supervised"), scan())
    assert all(word in message for word in ("DATA-SUP-001", "label_amp", "label_phase", "--model_type pinn"))
    bare = SimpleNamespace(X=1, Y=np.ones((2, 4, 4, 1)), Y_I=1, Y_phi=0, has_labels=False)
    assert "DATA-SUP-001" in refused(RuntimeError, run, make(backend, model_type="supervised"), bare)
    assert engines[backend].fitted == []


@BOTH
@pytest.mark.parametrize("model_type", ["pinn", "supervised"])
def test_check_68_with_labels_or_without_supervision_it_fits(engines, scan, backend, model_type):
    run(small(backend, model_type=model_type), scan(labels=model_type == "supervised"))
    (fitted,) = engines[backend].fitted
    if backend == "pytorch" and model_type == "supervised":
        assert fitted.native.training.torch_loss_mode == "mae"


@BOTH
def test_check_68_labels_that_are_one_everywhere_are_labels(engines, backend):
    flat = SimpleNamespace(X=1, Y=np.ones((2, 4, 4, 1)), Y_I=1, Y_phi=0, has_labels=True)
    run(make(backend, model_type="supervised"), flat)
    assert len(engines[backend].fitted) == 1


@BOTH
def test_check_68_labels_under_their_own_names_count(engines, backend):
    named = SimpleNamespace(X=1, Y=np.ones((1, 2, 2, 1)), label_amp=1, label_phase=2)
    run(make(backend, model_type="supervised"), named)
    named.label_phase = None
    message = refused(RuntimeError, run, make(backend, model_type="supervised"), named)
    assert "lack label_phase" in message
    assert len(engines[backend].fitted) == 1


# Execution configuration


@pytest.mark.parametrize("dispatch", [run_cdi_example_with_backend, train_cdi_model_with_backend])
def test_check_69_an_execution_configuration_is_made_and_its_accelerator_logged(engines, caplog, dispatch):
    with caplog.at_level(logging.INFO), warnings.catch_warnings():
        warnings.simplefilter("error")
        dispatch(READY, None, make("pytorch"))
    (fitted,) = engines["pytorch"].fitted
    assert fitted.execution.accelerator == "cuda"
    assert "accelerator 'cuda'" in caplog.text


def test_check_69_without_cuda_it_is_the_cpu_with_one_warning(engines, monkeypatch):
    monkeypatch.setattr(execution, "cuda_available", lambda: False)
    with pytest.warns(UserWarning, match="POLICY-001") as caught:
        run_cdi_example_with_backend(READY, None, make("pytorch"))
    assert len(caught) == 1
    assert engines["pytorch"].fitted[0].execution.accelerator == "cpu"


def test_check_69_a_given_one_is_passed_on_without_a_warning(engines, monkeypatch):
    monkeypatch.setattr(execution, "cuda_available", lambda: False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(make("pytorch"))
    assert engines["pytorch"].fitted[0].execution is CPU


def test_an_accelerator_that_is_not_there_is_refused_before_data_are_loaded(engines, monkeypatch, tmp_path):
    monkeypatch.setattr(execution, "cuda_available", lambda: False)
    settings = PyTorchExecutionConfig(accelerator="cuda")
    absent = tmp_path / "absent.npz"
    message = refused(RuntimeError, run, make("pytorch"), absent, torch_execution_config=settings)
    assert "'cuda'" in message
    assert "cpu" in message
    assert engines["pytorch"].fitted == []


def test_check_69_with_tensorflow_none_is_made(engines, monkeypatch, caplog):
    monkeypatch.setattr(workflows, "PyTorchExecutionConfig", None)
    monkeypatch.setattr(execution, "cuda_available", lambda: 1 / 0)
    with caplog.at_level(logging.INFO):
        run(make("tensorflow"), torch_execution_config=CPU)
    assert "settings of the PyTorch backend are ignored" in caplog.text
    assert len(engines["tensorflow"].fitted) == 1


def test_another_class_is_no_execution_configuration(engines):
    message = refused(TypeError, run, make("pytorch"), torch_execution_config=native.TrainingConfig())
    assert "torch_execution_config" in message
    assert "TrainingConfig" in message
    assert engines["pytorch"].fitted == []


# Overrides


def test_overrides_reach_a_copy_of_the_configuration_the_dictionary_and_the_engine(engines):
    config = make("pytorch", nepochs=3)
    run(config, overrides={"max_epochs": 9, "learning_rate": 0.25, "gradient_clip_val": 1.5})
    (fitted,) = engines["pytorch"].fitted
    assert (config.nepochs, fitted.config.nepochs, legacy.cfg["nepochs"]) == (3, 9, 9)
    assert (fitted.native.training.learning_rate, fitted.native.training.gradient_clip_val) == (0.25, 1.5)
    assert fitted.native.training.epochs == 9


def test_overrides_beat_the_execution_configuration(engines):
    settings = PyTorchExecutionConfig(accelerator="cpu", learning_rate=0.02, gradient_clip_val=2.0)
    run(make("pytorch"), torch_execution_config=settings, overrides={"gradient_clip_val": 1.5})
    training = engines["pytorch"].fitted[0].native.training
    assert (training.learning_rate, training.gradient_clip_val) == (0.02, 1.5)


def test_native_overrides_are_ignored_by_tensorflow_with_a_word(engines, caplog):
    with caplog.at_level(logging.INFO):
        run(make("tensorflow"), overrides={"learning_rate": 0.25, "nepochs": 9})
    assert engines["tensorflow"].fitted[0].config.nepochs == 9
    assert "ignored" in caplog.text


@BOTH
def test_an_unknown_override_is_refused_before_anything_is_written(engines, backend):  # noqa: ARG001
    message = refused(ValueError, run, make(backend), overrides={"nepoch": 9})
    assert "'nepochs'" in message
    assert legacy.cfg == legacy.LEGACY_DEFAULTS


# Refusals before a framework is imported


@pytest.mark.parametrize("dispatch", [run_cdi_example_with_backend, train_cdi_model_with_backend])
@pytest.mark.parametrize("backend", ["jax", "torch", "PyTorch", None, ["pytorch"]], ids=str)
def test_check_69_a_bad_backend_is_refused_before_anything_is_imported(monkeypatch, dispatch, backend):
    monkeypatch.setattr(workflows, "require_framework", lambda _: 1 / 0)
    monkeypatch.setattr(workflows, "import_module", lambda _: 1 / 0)
    message = refused(ValueError, dispatch, READY, None, make(backend))
    assert "TrainingConfig.backend" in message
    assert all(word in message for word in (repr(backend), "'tensorflow'", "'pytorch'"))
    assert legacy.cfg["nepochs"] == 50


def test_check_69_a_bad_backend_is_refused_before_a_bundle_is_looked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(workflows, "require_framework", lambda _: 1 / 0)
    config = InferenceConfig(ModelConfig(), Path(), Path(), backend="jax")
    message = refused(ValueError, load_inference_bundle_with_backend, tmp_path / "absent", config)
    assert all(word in message for word in ("InferenceConfig.backend", "'jax'", "'tensorflow'", "'pytorch'"))


@BOTH
def test_check_69_a_missing_framework_is_refused_before_data_are_loaded(monkeypatch, tmp_path, backend):
    def absent(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(guards, "import_module", absent)
    monkeypatch.setattr(workflows, "import_module", lambda _: 1 / 0)
    title = {"tensorflow": "TensorFlow", "pytorch": "PyTorch"}[backend]
    requirement = {"tensorflow": "tensorflow", "pytorch": "torch>=2.2"}[backend]
    for dispatch in (run_cdi_example_with_backend, train_cdi_model_with_backend):
        message = refused(RuntimeError, dispatch, tmp_path / "absent.npz", None, make(backend))
        assert f"{title} backend selected" in message
        assert f"pip install {requirement}" in message


def test_an_invalid_configuration_is_refused_before_a_framework_is_imported(monkeypatch):
    monkeypatch.setattr(workflows, "require_framework", lambda _: 1 / 0)
    message = refused(ValueError, run, make("pytorch", batch_size=12))
    assert "TrainingConfig.batch_size" in message
    assert "12" in message


@pytest.mark.parametrize(
    "config",
    [CPU, ModelConfig(), InferenceConfig(ModelConfig(), Path(), Path()), {}, native.TrainingConfig()],
    ids=lambda config: type(config).__name__,
)
def test_another_class_is_no_training_configuration(config):
    message = refused(TypeError, run_cdi_example_with_backend, READY, None, config)
    assert "TrainingConfig" in message
    assert legacy.cfg == legacy.LEGACY_DEFAULTS


ROUTE = """
import sys, types

refused = []

class Blocking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            refused.append(name)
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocking())
sys.modules[{framework!r}] = types.ModuleType({framework!r})
container = sys.modules["ptychoparity.backends.{folder}.container"] = types.ModuleType("container")
container.load = None

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import run_cdi_example_with_backend
from ptychoparity.reference.config import ModelConfig, TrainingConfig
from ptychoparity.backends.{folder} import workflows

workflows.fit = lambda *args: {{"history": {{}}}}
data = types.SimpleNamespace(X=1, Y=2)
settings = PyTorchExecutionConfig(accelerator="cpu")
config = TrainingConfig(ModelConfig(), backend={backend!r})
print(run_cdi_example_with_backend(data, None, config, torch_execution_config=settings)[2]["backend"])
assert not refused, refused
assert not set({blocked!r}) & set(sys.modules)
"""


@pytest.mark.parametrize(
    ("backend", "framework", "blocked"),
    [
        ("tensorflow", "tensorflow", ("torch", "lightning")),
        ("pytorch", "torch", ("tensorflow", "keras")),
    ],
)
def test_check_69_one_route_never_imports_the_other_framework(backend, framework, blocked):
    code = ROUTE.format(
        backend=backend, framework=framework, folder=workflows.BACKENDS[backend], blocked=blocked
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == backend


# Loading


@BOTH
def test_a_bundle_is_loaded_without_a_bridge_call(engines, monkeypatch, trained_model, backend):
    asked = []
    monkeypatch.setattr(workflows, "update_legacy_dict", lambda *_: 1 / 0)
    monkeypatch.setattr(
        engines[backend].module,
        "load_inference_bundle",
        lambda *args: asked.append(args) or ("model", {"N": 9}),
    )
    config = InferenceConfig(ModelConfig(N=256), Path(), Path(), backend=backend)
    assert load_inference_bundle_with_backend(trained_model, config, "autoencoder") == ("model", {"N": 9})
    load_inference_bundle_with_backend(str(trained_model), config)
    archive = trained_model / "wts.h5.zip"
    assert asked == [(archive, "autoencoder"), (archive, "diffraction_to_obj")]
    assert legacy.cfg == legacy.LEGACY_DEFAULTS


@BOTH
def test_loading_is_not_available_yet(engines, trained_model, backend):  # noqa: ARG001
    config = InferenceConfig(ModelConfig(), Path(), Path(), backend=backend)
    message = refused(NotAvailable, load_inference_bundle_with_backend, trained_model, config)
    assert "diffraction_to_obj" in message
    assert "wts.h5.zip" in message


def test_an_execution_configuration_loads_no_bundle(trained_model):
    message = refused(TypeError, load_inference_bundle_with_backend, trained_model, CPU)
    assert "InferenceConfig" in message
    assert "PyTorchExecutionConfig" in message


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("model", "model/wts.h5.zip"),
        ("model/wts.h5.zip", "model/wts.h5.zip"),
        ("model/wts.h5", "model/wts.h5.zip"),
        ("saved/other.zip", "saved/other.zip"),
        ("saved/other", "saved/other.zip"),
        ("saved/other.h5", "saved/other.zip"),
        ("unpacked", "unpacked"),
        ("ancient", "ancient"),
    ],
)
def test_where_an_archive_may_be_meant(tmp_path, given, found):
    for file in ("model/wts.h5.zip", "saved/other.zip", "unpacked/manifest.json", "ancient/manifest.dill"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert archive_path(tmp_path / given) == tmp_path / found
    assert archive_path(str(tmp_path / given)) == tmp_path / found


@pytest.mark.parametrize("given", ["absent", "absent/wts.h5.zip", "empty", "."])
def test_a_missing_archive_is_refused_by_path(tmp_path, monkeypatch, given):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    message = refused(FileNotFoundError, archive_path, given)
    assert given in message
    assert "wts.h5.zip" in message


def test_a_placeholder_is_no_archive_even_where_one_lies(trained_model, monkeypatch):
    monkeypatch.chdir(trained_model)
    refused(FileNotFoundError, archive_path, Path())


# Persistence


@pytest.fixture
def seams(monkeypatch):
    calls = []
    monkeypatch.setattr(workflows, "save_model", lambda *args: calls.append(("save_model", *args)))
    monkeypatch.setattr(workflows, "save_outputs", lambda *args: calls.append(("save_outputs", *args)))
    return calls


def test_check_80_tensorflow_saves_model_and_outputs_once_each(seams):
    results = {"history": {}}
    persist(make("tensorflow", output_dir="out"), "A", "P", results)
    assert seams == [
        ("save_model", results, Path("out")),
        ("save_outputs", "A", "P", results, Path("out")),
    ]


def test_check_80_pytorch_saves_nothing_here_and_logs_its_bundle(seams, caplog):
    with caplog.at_level(logging.INFO):
        persist(make("pytorch"), "A", "P", {"bundle_path": "/d/out/wts.h5.zip"})
    assert seams == []
    assert "bundle_path: /d/out/wts.h5.zip" in caplog.text


@BOTH
def test_check_80_running_alone_saves_nothing(engines, seams, backend):  # noqa: ARG001
    run(make(backend))
    assert seams == []


@pytest.mark.parametrize("helper", ["model", "pictures"])
def test_saving_is_not_available_yet(monkeypatch, helper):
    if helper == "pictures":
        monkeypatch.setattr(workflows, "save_model", lambda *_: None)
    assert helper in refused(NotAvailable, persist, make("tensorflow"), None, None, {})
