"""Every canonical field and its legacy key (spec config.md 7, checks 1, 2 and 17)."""

import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ptychoparity.reference.config import (
    KEY_MAPPINGS,
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    legacy,
    update_legacy_dict,
    validate_inference_config,
    validate_model_config,
    validate_training_config,
)

# The "Test value" columns of spec 1.1 to 1.3, in the frozen order of appendix A.
TEST_VALUES: dict[type, dict[str, Any]] = {
    ModelConfig: {
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
    },
    TrainingConfig: {
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
        "backend": "pytorch",
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
    },
    InferenceConfig: {
        "model_path": Path("/d/model"),
        "test_data_file": Path("/d/inf.npz"),
        "n_groups": 41,
        "n_images": 42,
        "n_subsample": 43,
        "subsample_seed": 44,
        "neighbor_count": 9,
        "enable_oversampling": True,
        "neighbor_pool_size": 13,
        "debug": True,
        "output_dir": Path("/d/iout"),
        "backend": "pytorch",
    },
}
CASES = [(cls, name, value) for cls, values in TEST_VALUES.items() for name, value in values.items()]
SENTINEL = "sentinel"
MODEL, TRAINING, INFERENCE = (list(values) for values in TEST_VALUES.values())

LEGACY_NAMES = {
    "object_big": "object.big",
    "probe_big": "probe.big",
    "probe_mask": "probe.mask",
    "probe_trainable": "probe.trainable",
    "intensity_scale_trainable": "intensity_scale.trainable",
    "positions_provided": "positions.provided",
    "output_dir": "output_prefix",
    "train_data_file": "train_data_file_path",
    "test_data_file": "test_data_file_path",
}


def build(cls: type, **changes: Any) -> Any:
    if cls is ModelConfig:
        return ModelConfig(**changes)
    if cls is TrainingConfig:
        return TrainingConfig(ModelConfig(), **changes)
    return InferenceConfig(ModelConfig(), **{"model_path": Path(), "test_data_file": Path(), **changes})


def sentinel_dict() -> dict[str, Any]:
    bridged = {LEGACY_NAMES.get(name, name) for name in MODEL + TRAINING + INFERENCE}
    return dict.fromkeys(bridged | {*legacy.LEGACY_DEFAULTS}, SENTINEL)


@pytest.mark.parametrize(
    ("cls", "name", "value"), CASES, ids=[f"check-01-{c.__name__}.{n}" for c, n, _ in CASES]
)
def test_field_reaches_its_legacy_key(cls: type, name: str, value: Any) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_images", category=DeprecationWarning)
        config = build(cls, **{name: value})
    cfg = sentinel_dict()
    update_legacy_dict(cfg, config)
    held = cfg[LEGACY_NAMES.get(name, name)]
    expected = str(value) if isinstance(value, Path) else value
    assert held == expected
    assert type(held) is type(expected)
    assert (name in cfg) == (name not in LEGACY_NAMES)


def test_check_01_has_73_cases_that_differ_from_the_defaults() -> None:
    assert len(CASES) == 73
    for cls, name, value in CASES:
        assert name == "architecture" or getattr(build(cls), name) != value, name


@pytest.mark.parametrize(
    ("cls", "names"),
    [(ModelConfig, MODEL), (TrainingConfig, ["model", *TRAINING]), (InferenceConfig, ["model", *INFERENCE])],
    ids=["check-02-ModelConfig", "check-02-TrainingConfig", "check-02-InferenceConfig"],
)
def test_fields_equal_the_frozen_list(cls: Any, names: list[str]) -> None:
    assert [field.name for field in fields(cls)] == names


def test_check_02_there_are_75_pairs() -> None:
    assert [len(fields(cls)) for cls in (ModelConfig, TrainingConfig, InferenceConfig)] == [23, 39, 13]


def test_check_17_no_two_fields_meet_in_one_legacy_key() -> None:
    names = {"model", *MODEL, *TRAINING, *INFERENCE}
    assert not names & {*KEY_MAPPINGS.values()}
    assert len({*KEY_MAPPINGS.values()}) == len(KEY_MAPPINGS)
    assert {*KEY_MAPPINGS} <= names
    assert not {*MODEL} & {*TRAINING}
    assert not {*MODEL} & {*INFERENCE}


def test_all_test_values_together_are_valid(tmp_path: Path) -> None:
    (tmp_path / "wts.h5.zip").write_bytes(b"")
    model = ModelConfig(**TEST_VALUES[ModelConfig])
    training = TrainingConfig(model, **TEST_VALUES[TrainingConfig])
    inference = InferenceConfig(model, **{**TEST_VALUES[InferenceConfig], "model_path": tmp_path})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        validate_model_config(model)
        validate_training_config(training)
        validate_inference_config(inference)
    model.N = 100
    with pytest.raises(ValueError, match="N must be"):
        validate_training_config(training)
