"""Dispatch to a backend, here without either framework (spec config.md 1.6; check 58)."""

import copy
import logging
from dataclasses import fields
from pathlib import Path

import pytest

from ptychoparity.backends.contract import NotAvailable
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import train_cdi_model_with_backend
from ptychoparity.reference.config import ModelConfig, TrainingConfig, bridged, legacy

BOTH = pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])

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


# The legacy dictionary


@pytest.fixture
def written_by(make, run):
    """The dictionary after a training, fitting left out, from the same start."""

    def written(backend, values):
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

    return written


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
def test_both_routes_write_the_same_legacy_dictionary(engines, name, value, written_by):
    values = NEEDS.get(name, {}) | {name: value}
    by_torch, by_tensorflow = written_by("pytorch", values), written_by("tensorflow", values)
    assert by_torch == by_tensorflow
    assert len(engines["pytorch"].fitted) == len(engines["tensorflow"].fitted) == 1


def test_check_58_with_every_field_at_its_test_value(engines, written_by):
    values = MODEL_VALUES | TRAINING_VALUES
    assert written_by("pytorch", values) == written_by("tensorflow", values)
    (fitted,) = engines["pytorch"].fitted
    assert fitted.native.data.N == 256
    assert fitted.native.training.epochs == 7
    assert fitted.native.training.torch_loss_mode == "mae"
    assert fitted.native.training.gradient_clip_val == 1.0
    assert fitted.native.training.plateau_min_lr == 1e-6


def test_check_58_supervised_training_changes_neither_the_configuration_nor_the_dictionary(
    engines, caplog, make, run
):
    with caplog.at_level(logging.INFO):
        run(make("pytorch", model_type="supervised"))
    (fitted,) = engines["pytorch"].fitted
    assert (fitted.native.training.torch_loss_mode, fitted.native.model.loss_function) == ("mae", "MAE")
    assert (fitted.config.torch_loss_mode, legacy.cfg["torch_loss_mode"]) == ("poisson", "poisson")
    assert "'poisson' is overridden by 'mae'" in caplog.text


def test_an_execution_configuration_never_reaches_the_dictionary(engines, make, run):  # noqa: ARG001
    settings = PyTorchExecutionConfig(
        accelerator="cpu", learning_rate=0.5, gradient_clip_val=2.0, strategy="ddp"
    )
    config = make("pytorch")
    run(config, torch_execution_config=settings)
    assert legacy.cfg == bridged(config, legacy.LEGACY_DEFAULTS)


# Results


@BOTH
@pytest.mark.parametrize("stitching", [False, True])
def test_results_name_the_backend(engines, backend, stitching, make, run, settings_for, ready):  # noqa: ARG001
    amplitude, phase, results = run(make(backend), do_stitching=stitching)
    assert (amplitude, phase) == (None, None)
    assert results["backend"] == backend
    assert results["history"] == {"train_loss": [1.0]}
    trained = train_cdi_model_with_backend(ready, None, make(backend), settings_for(backend))
    assert trained["backend"] == backend
    assert trained["train_container"] is ready


@BOTH
def test_what_stitching_makes_is_returned(engines, monkeypatch, backend, make, run, ready):
    asked = []

    def stitched(*args):
        asked.append(args[2:])
        return {"recon_amp": "A", "recon_phase": "P"}

    monkeypatch.setattr(engines[backend].module, "reassemble_cdi_image", stitched)
    options = {"flip_x": 1, "flip_y": 2, "transpose": 3, "M": 4}
    amplitude, phase, results = run(make(backend), ready, ready, do_stitching=True, **options)
    assert (amplitude, phase, results["recon_amp"]) == ("A", "P", "A")
    assert asked == [(1, 2, 3, 4)]


@BOTH
def test_stitching_is_not_available_yet(engines, backend, make, run, refused, ready):  # noqa: ARG001
    assert "stitching" in refused(NotAvailable, run, make(backend), ready, ready, do_stitching=True)


@pytest.mark.filterwarnings("ignore:POLICY-001")
@BOTH
def test_fitting_is_not_available_yet(engines, monkeypatch, backend, make, refused, ready):
    monkeypatch.undo()  # the real `fit`
    module = engines[backend].module
    message = refused(NotAvailable, module.train_cdi_model, ready, None, make(backend))
    assert "training" in message
