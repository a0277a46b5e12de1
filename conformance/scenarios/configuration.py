"""CFG: canonical configuration to legacy dictionary (spec ``config.md`` 1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ptychoparity.conformance.case import Case, Scenario
from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    dataclass_to_legacy_dict,
    legacy,
    to_json,
)

SENTINEL = "untouched"

MODEL: dict[str, Any] = {
    "N": 256,
    "gridsize": 3,
    "n_filters_scale": 4,
    "model_type": "supervised",
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
    "n_groups": 41,
    "n_subsample": 43,
    "subsample_seed": 44,
    "neighbor_count": 9,
    "enable_oversampling": True,
    "neighbor_pool_size": 13,
    "debug": True,
    "output_dir": Path("/d/iout"),
    "backend": "pytorch",
}


def _training(model: dict[str, Any] | None = None, **fields: Any) -> TrainingConfig:
    return TrainingConfig(model=ModelConfig(**(model or {})), **fields)


def _inference(model: dict[str, Any] | None = None, **fields: Any) -> InferenceConfig:
    paths = {"model_path": Path("/d/model"), "test_data_file": Path("/d/inf.npz")}
    return InferenceConfig(model=ModelConfig(**(model or {})), **{**paths, **fields})


def _case(name: str, onto: dict[str, Any], *configs: TrainingConfig | InferenceConfig) -> Case:
    return Case(name, "bridge", {"configs": [to_json(config) for config in configs], "legacy": onto})


def _sentinels(config: TrainingConfig | InferenceConfig) -> dict[str, Any]:
    return dict.fromkeys([*legacy.LEGACY_DEFAULTS, *dataclass_to_legacy_dict(config)], SENTINEL)


def every_field() -> Iterator[Case]:
    """Every field at a value that is not its default, onto a dictionary full of sentinels."""
    for name, config in (
        ("training-check-1", _training(MODEL, **TRAINING)),
        ("inference-check-1", _inference(MODEL, **INFERENCE)),
    ):
        yield _case(name, _sentinels(config), config)


def defaults() -> Iterator[Case]:
    """Default configurations onto nothing, onto the pristine dictionary, and onto sentinels."""
    for name, config in (("training", _training()), ("inference", _inference())):
        yield _case(f"{name}-empty-check-3", {}, config)
        yield _case(f"{name}-pristine", dict(legacy.LEGACY_DEFAULTS), config)
        yield _case(f"{name}-sentinels", _sentinels(config), config)


def none_and_falsy() -> Iterator[Case]:
    """None leaves an entry alone and makes none; 0, False and the unknown are what they are."""
    yield _case("none-keeps-check-4", {"n_subsample": 77}, _training())
    yield _case("none-absent-check-5", {}, _training())
    yield _case("falsy-overwrites-check-6", {"mae_weight": 0.5, "debug": True}, _training(), _inference())
    yield _case("unknown-kept-check-7", {"zzz": 1}, _training())
    yield _case("path-text-check-8", {}, _training(output_dir=Path("a/b")), _inference(model_path=Path("m")))
    yield _case("path-empty-check-8", {}, _training(train_data_file=Path()))


def sequences() -> Iterator[Case]:
    """One configuration after another: the later wins, the same twice changes nothing."""
    training, inference = _training(MODEL, **TRAINING), _inference(**INFERENCE)
    yield _case("training-then-inference-check-10", {}, training, inference)
    yield _case("inference-then-training", {}, inference, training)
    yield _case("twice-check-11", {}, training, training)
    yield _case("once-check-11", {}, training)


def golden() -> Iterator[Case]:
    """The golden bridge fixture (spec ``config.md`` Appendix B), from canonical configurations."""
    model = {
        "N": 128,
        "gridsize": 3,
        "amp_activation": "swish",
        "object_big": False,
        "probe_big": False,
        "probe_mask": True,
        "pad_object": False,
        "probe_scale": 2.0,
        "gaussian_smoothing_sigma": 0.5,
    }
    base = Path("/canonical/baseline")
    training = _training(
        model,
        train_data_file=base / "train_data.npz",
        test_data_file=base / "test_data.npz",
        output_dir=base / "training_outputs",
        batch_size=32,
        nepochs=100,
        n_groups=1024,
        n_subsample=2048,
        subsample_seed=42,
        neighbor_count=6,
        mae_weight=0.3,
        nll_weight=0.7,
        realspace_mae_weight=0.05,
        realspace_weight=0.1,
        nphotons=5e8,
        positions_provided=False,
        probe_trainable=True,
        sequential_sampling=True,
        backend="pytorch",
    )
    inference = _inference(
        model,
        model_path=base / "model_directory",
        test_data_file=base / "inference_data.npz",
        output_dir=base / "inference_outputs",
        n_groups=512,
        n_subsample=1024,
        subsample_seed=99,
        neighbor_count=6,
        debug=True,
        backend="pytorch",
    )
    yield _case("appendix-b-check-16", {}, training, inference)


SCENARIOS = (
    Scenario("CFG-001", "Every field reaches its legacy key", "config.md 3, checks 1, 9", every_field),
    Scenario("CFG-002", "Defaults write what they should", "config.md 3.2, 3.3, check 3", defaults),
    Scenario(
        "CFG-003", "None, falsy values, unknown keys, paths", "config.md 3.3, checks 4-8", none_and_falsy
    ),
    Scenario("CFG-004", "Order and repetition", "config.md 3.3, checks 10, 11", sequences),
    Scenario("CFG-005", "The golden bridge fixture", "config.md Appendix B, check 16", golden),
)
