"""Configurations to ask about: a test value for every field, and the builders of CFG cases."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.conformance.case import Case
from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    dataclass_to_legacy_dict,
    legacy,
    native,
    to_json,
)
from ptychoparity.reference.config.codec import values_to_json
from ptychoparity.reference.config.native import NativeConfigs

SENTINEL = "untouched"
ABSENT = object()
"""As a value: the field is not given at all."""

MODEL: dict[str, Any] = {
    "N": 256,
    "gridsize": 3,
    "n_filters_scale": 4,
    "model_type": "supervised",
    "architecture": "cnn",
    "amp_activation": "softplus",
    "object_big": False,
    "probe_big": False,
    "probe_mask": True,
    "probe_mask_sigma": 2.5,
    "probe_mask_diameter": 20.0,
    "pad_object": False,
    "probe_scale": 2.0,
    "gaussian_smoothing_sigma": 0.5,
    "fno_modes": 8,
    "fno_width": 16,
    "fno_blocks": 2,
    "fno_cnn_blocks": 1,
    "learned_input_channels": 3,
    "max_hidden_channels": 64,
    "resnet_width": 96,
    "fno_input_transform": "log1p",
    "generator_output_mode": "amp_phase",
}
TRAINING: dict[str, Any] = {
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
    "neighbor_pool_size": 13,
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
}
INFERENCE: dict[str, Any] = {
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
}

NATIVE: dict[str, Any] = {
    "data.nphotons": 5e8,
    "data.N": 256,
    "data.K": 8,
    "data.subsample_seed": 42,
    "data.grid_size": (3, 3),
    "data.probe_scale": 2.0,
    "model.mode": "Supervised",
    "model.architecture": "cnn",
    "model.amp_activation": "softplus",
    "model.n_filters_scale": 4,
    "model.object_big": False,
    "model.probe_big": False,
    "model.probe_mask": True,
    "model.probe_mask_tensor": np.zeros((2, 2), np.float32),
    "model.probe_mask_sigma": 2.5,
    "model.probe_mask_diameter": 20.0,
    "model.pad_object": False,
    "model.gaussian_smoothing_sigma": 0.5,
    "model.intensity_scale_trainable": True,
    "training.nll": False,
    "training.epochs": 100,
    "training.batch_size": 32,
    "training.train_data_file": Path("/d/train.npz"),
    "training.test_data_file": Path("/d/test.npz"),
    "training.output_dir": Path("/d/out"),
    "training.n_groups": 77,
    "training.torch_loss_mode": "mae",
    "training.torch_mae_pred_l2_match_target": True,
    "training.gradient_clip_val": 1.0,
    "training.gradient_clip_algorithm": "agc",
    "training.optimizer": "adamw",
    "training.momentum": 0.8,
    "training.weight_decay": 0.01,
    "training.adam_beta1": 0.8,
    "training.adam_beta2": 0.99,
    "training.scheduler": "WarmupCosine",
    "training.lr_warmup_epochs": 3,
    "training.lr_min_ratio": 0.2,
    "training.plateau_factor": 0.3,
    "training.plateau_patience": 4,
    "training.plateau_min_lr": 1e-6,
    "training.plateau_threshold": 0.1,
}
"""The 42 native fields that have a canonical counterpart, at values that are not their defaults."""

CARRIED: dict[str, Any] = {
    f"model.{name}": MODEL[name] for name in MODEL if name.startswith(("fno_", "learned", "max_", "resnet"))
} | {"model.generator_output_mode": MODEL["generator_output_mode"]}
"""The nine generator fields, carried in both directions."""

NATIVE_BASE: Mapping[str, Mapping[str, Any]] = {
    "training": {
        "data.nphotons": 2e6,
        "training.train_data_file": Path("/d/base.npz"),
        "training.test_data_file": Path("/d/base-test.npz"),
        "training.n_groups": 11,
    },
    "inference": {
        "override.model_path": Path("/d/model"),
        "override.test_data_file": Path("/d/inf.npz"),
    },
}
"""What a native training or inference must be given before it can be translated at all."""


def training(model: Mapping[str, Any] | None = None, **values: Any) -> TrainingConfig:
    """A training configuration; the warning of a deprecated name is not a question to a backend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return TrainingConfig(model=ModelConfig(**(model or {})), **values)


def inference(model: Mapping[str, Any] | None = None, **values: Any) -> InferenceConfig:
    """An inference configuration, with paths unless they are given."""
    paths = {name: INFERENCE[name] for name in ("model_path", "test_data_file")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return InferenceConfig(model=ModelConfig(**(model or {})), **{**paths, **values})


def native_set(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Encoded native configurations of a training or an inference, with overrides.

    Names are ``data.N``, ``model.mode``, ``training.nll``, ``inference.window`` or, for a canonical field
    as an override, ``override.mae_weight``; an `ABSENT` value takes one of `NATIVE_BASE` away.
    """
    parts: dict[str, Any] = {
        "data": native.DataConfig(),
        "model": native.ModelConfig(),
        kind: native.TrainingConfig() if kind == "training" else native.InferenceConfig(),
    }
    overrides = {}
    for name, value in {**NATIVE_BASE[kind], **values}.items():
        part, _, field = name.partition(".")
        if value is ABSENT:
            continue
        if part == "override":
            overrides[field] = value
        else:
            setattr(parts[part], field, value)
    return {"native": to_json(NativeConfigs(**parts)), "overrides": values_to_json(overrides)}


def bridge(name: str, onto: Mapping[str, Any], *configs: TrainingConfig | InferenceConfig) -> Case:
    """Canonical configurations, one after the other onto a dictionary."""
    return Case(name, "bridge", {"configs": [to_json(config) for config in configs], "legacy": dict(onto)})


def to_canonical(name: str, onto: Mapping[str, Any], *sets: dict[str, Any]) -> Case:
    """Sets of native configurations, each translated and then bridged onto the dictionary."""
    return Case(name, "to_canonical", {"sets": list(sets), "legacy": dict(onto)})


def to_native(name: str, onto: Mapping[str, Any], config: TrainingConfig | InferenceConfig) -> Case:
    """A canonical configuration made native, then back, then bridged onto the dictionary."""
    return Case(name, "to_native", {"config": to_json(config), "legacy": dict(onto)})


def sentinels(config: TrainingConfig | InferenceConfig) -> dict[str, Any]:
    """A sentinel under every key that there is by default and every one that ``config`` may write."""
    return dict.fromkeys([*legacy.LEGACY_DEFAULTS, *dataclass_to_legacy_dict(config)], SENTINEL)


SENTINELS: dict[str, Any] = {**sentinels(training()), **sentinels(inference())}


def dashed(name: str) -> str:
    """A field's name as part of a case name."""
    return name.replace("_", "-").replace(".", "-")
