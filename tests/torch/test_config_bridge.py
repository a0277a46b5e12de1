"""The standing regression gate: both vocabularies fill the legacy dictionary alike (workflows.md, R-008).

A configuration reaches the legacy dictionary from canonical classes (as the TensorFlow route does) and from
the PyTorch-style native ones.  For every canonical field the two must leave the same dictionary behind.  No
framework is loaded here.  Checks 16 and 58 of config.md, the latter without the training around it.
"""

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    dataclass_to_legacy_dict,
    legacy,
    native,
    update_legacy_dict,
)
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.config.translation import (
    to_canonical,
    to_inference_config,
    to_model_config,
    to_native,
    to_training_config,
)

SENTINEL = "sentinel"
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
# What the native route requires; n_groups besides, because a native set has it wherever n_images is given.
GIVEN: dict[type, dict[str, Any]] = {
    TrainingConfig: {
        "train_data_file": Path("/f/train.npz"),
        "test_data_file": Path("/f/test.npz"),
        "n_groups": 512,
    },
    InferenceConfig: {"model_path": Path("/f/model"), "test_data_file": Path("/f/inf.npz")},
}
# Spec 1.1 to 1.3: canonical field, test value, and the native field with the value that means the same, as
# (part, field, value); or None where only an override can say it.
Native = tuple[str, str, Any] | None
MODEL: list[tuple[str, Any, Native]] = [
    ("N", 256, ("data", "N", 256)),
    ("gridsize", 3, ("data", "grid_size", (3, 3))),
    ("n_filters_scale", 4, ("model", "n_filters_scale", 4)),
    ("model_type", "supervised", ("model", "mode", "Supervised")),
    ("architecture", "cnn", ("model", "architecture", "cnn")),
    ("fno_modes", 8, ("model", "fno_modes", 8)),
    ("fno_width", 16, ("model", "fno_width", 16)),
    ("fno_blocks", 2, ("model", "fno_blocks", 2)),
    ("fno_cnn_blocks", 1, ("model", "fno_cnn_blocks", 1)),
    ("learned_input_channels", 3, ("model", "learned_input_channels", 3)),
    ("max_hidden_channels", 64, ("model", "max_hidden_channels", 64)),
    ("resnet_width", 96, ("model", "resnet_width", 96)),
    ("fno_input_transform", "log1p", ("model", "fno_input_transform", "log1p")),
    ("generator_output_mode", "amp_phase", ("model", "generator_output_mode", "amp_phase")),
    ("amp_activation", "swish", ("model", "amp_activation", "silu")),
    ("object_big", False, ("model", "object_big", False)),
    ("probe_big", False, ("model", "probe_big", False)),
    ("probe_mask", True, ("model", "probe_mask_tensor", np.ones((2, 2)))),
    ("probe_mask_sigma", 2.5, ("model", "probe_mask_sigma", 2.5)),
    ("probe_mask_diameter", 20.0, ("model", "probe_mask_diameter", 20.0)),
    ("pad_object", False, ("model", "pad_object", False)),
    ("probe_scale", 2.0, ("data", "probe_scale", 2.0)),
    ("gaussian_smoothing_sigma", 0.5, ("model", "gaussian_smoothing_sigma", 0.5)),
]
TRAINING: list[tuple[str, Any, Native]] = [
    ("train_data_file", Path("/d/train.npz"), ("training", "train_data_file", "/d/train.npz")),
    ("test_data_file", Path("/d/test.npz"), ("training", "test_data_file", "/d/test.npz")),
    ("batch_size", 32, ("training", "batch_size", 32)),
    ("nepochs", 7, ("training", "epochs", 7)),
    ("mae_weight", 0.3, None),
    ("nll_weight", 0.0, ("training", "nll", False)),
    ("nll_weight", 0.7, None),
    ("realspace_mae_weight", 0.05, None),
    ("realspace_weight", 0.1, None),
    ("nphotons", 5e8, ("data", "nphotons", 5e8)),
    ("n_groups", 77, ("training", "n_groups", 77)),
    ("n_images", 33, None),
    ("n_subsample", 99, None),
    ("subsample_seed", 3, ("data", "subsample_seed", 3)),
    ("neighbor_count", 8, ("data", "K", 8)),
    ("enable_oversampling", True, None),
    ("neighbor_pool_size", 12, None),
    ("positions_provided", False, None),
    ("probe_trainable", True, None),
    ("intensity_scale_trainable", False, ("model", "intensity_scale_trainable", False)),
    ("output_dir", Path("/d/out"), ("training", "output_dir", "/d/out")),
    ("sequential_sampling", True, None),
    ("backend", "tensorflow", None),
    ("torch_loss_mode", "mae", ("training", "torch_loss_mode", "mae")),
    ("torch_mae_pred_l2_match_target", True, ("training", "torch_mae_pred_l2_match_target", True)),
    ("gradient_clip_val", 1.0, ("training", "gradient_clip_val", 1.0)),
    ("gradient_clip_algorithm", "agc", ("training", "gradient_clip_algorithm", "agc")),
    ("optimizer", "adamw", ("training", "optimizer", "adamw")),
    ("momentum", 0.8, ("training", "momentum", 0.8)),
    ("weight_decay", 0.01, ("training", "weight_decay", 0.01)),
    ("adam_beta1", 0.8, ("training", "adam_beta1", 0.8)),
    ("adam_beta2", 0.99, ("training", "adam_beta2", 0.99)),
    ("scheduler", "WarmupCosine", ("training", "scheduler", "WarmupCosine")),
    ("lr_warmup_epochs", 3, ("training", "lr_warmup_epochs", 3)),
    ("lr_min_ratio", 0.2, ("training", "lr_min_ratio", 0.2)),
    ("plateau_factor", 0.3, ("training", "plateau_factor", 0.3)),
    ("plateau_patience", 4, ("training", "plateau_patience", 4)),
    ("plateau_min_lr", 1e-6, ("training", "plateau_min_lr", 1e-6)),
    ("plateau_threshold", 0.1, ("training", "plateau_threshold", 0.1)),
]
INFERENCE: list[tuple[str, Any, Native]] = [
    ("model_path", Path("/d/model"), None),
    ("test_data_file", Path("/d/inf.npz"), None),
    ("n_groups", 41, None),
    ("n_images", 42, None),
    ("n_subsample", 43, None),
    ("subsample_seed", 44, ("data", "subsample_seed", 44)),
    ("neighbor_count", 9, ("data", "K", 9)),
    ("enable_oversampling", True, None),
    ("neighbor_pool_size", 13, None),
    ("debug", True, None),
    ("output_dir", Path("/d/iout"), None),
    ("backend", "tensorflow", None),
]
CASES = [
    (purpose, owner, *row)
    for purpose, own in ((TrainingConfig, TRAINING), (InferenceConfig, INFERENCE))
    for owner, rows in ((ModelConfig, MODEL), (purpose, own))
    for row in rows
]
IDS = [f"check-58-{purpose.__name__[:-6].lower()}-{name}={value}" for purpose, _, name, value, _ in CASES]


def canonical(purpose: Any, model: dict[str, Any], own: dict[str, Any]) -> Any:
    """A canonical configuration as the PyTorch route can have it: complete, and with its backend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_images", category=DeprecationWarning)
        return purpose(ModelConfig(**model), **{**GIVEN[purpose], "backend": "pytorch", **own})


def native_like(purpose: Any) -> NativeConfigs:
    """Native configurations that mean what the canonical defaults mean."""
    data = native.DataConfig(nphotons=1e9, K=4, grid_size=(1, 1))
    model = native.ModelConfig(amp_activation="sigmoid", intensity_scale_trainable=True)
    if purpose is InferenceConfig:
        return NativeConfigs(data, model, inference=native.InferenceConfig())
    return NativeConfigs(data, model, training=native.TrainingConfig(**GIVEN[TrainingConfig]))


def from_native(configs: NativeConfigs, overrides: dict[str, Any]) -> Any:
    files = GIVEN[InferenceConfig] if configs.inference else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_images", category=DeprecationWarning)
        return to_canonical(configs, {**files, **overrides})


def sentinels() -> dict[str, Any]:
    """A dictionary in which every legacy key, those that a run writes included, holds a sentinel."""
    names = {name for rows in (MODEL, TRAINING, INFERENCE) for name, *_ in rows}
    keys = {LEGACY_NAMES.get(name, name) for name in names}
    return dict.fromkeys(keys | {*legacy.LEGACY_DEFAULTS} | legacy.RUNTIME_KEYS, SENTINEL)


def left_behind(config: Any) -> dict[str, Any]:
    """The global legacy dictionary after ``config``, apart from the keys that a run writes."""
    legacy.cfg.clear()
    legacy.cfg.update(sentinels())
    update_legacy_dict(legacy.cfg, config)
    return {key: value for key, value in legacy.cfg.items() if key not in legacy.RUNTIME_KEYS}


def assert_identical(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Same keys, values and types."""
    assert left == right
    assert {key: type(value) for key, value in left.items()} == {
        key: type(value) for key, value in right.items()
    }


class TestConfigBridgeParity:
    """Native and canonical routes to the legacy dictionary, field by field."""

    @pytest.mark.parametrize(("purpose", "owner", "name", "value", "source"), CASES, ids=IDS)
    def test_native_to_canonical_to_legacy(
        self, purpose: Any, owner: Any, name: str, value: Any, source: Native
    ) -> None:
        model, own = ({name: value}, {}) if owner is ModelConfig else ({}, {name: value})
        configs = native_like(purpose)
        if source is not None:
            part, field, said = source
            setattr(getattr(configs, part), field, said)
        config = from_native(configs, {} if source else {name: value})
        held = left_behind(config)
        assert held[LEGACY_NAMES.get(name, name)] == (str(value) if isinstance(value, Path) else value)
        assert_identical(held, left_behind(canonical(purpose, model, own)))

    @pytest.mark.parametrize(("purpose", "owner", "name", "value", "source"), CASES, ids=IDS)
    def test_canonical_to_native_to_canonical_to_legacy(
        self, purpose: Any, owner: Any, name: str, value: Any, source: Native
    ) -> None:
        model, own = ({name: value}, {}) if owner is ModelConfig else ({}, {name: value})
        config = canonical(purpose, model, own)
        configs, overrides = to_native(config)
        if source is not None:
            assert name not in overrides, "a field that the native schema holds must not need an override"
        held = left_behind(from_native(configs, overrides))
        assert held[LEGACY_NAMES.get(name, name)] == (str(value) if isinstance(value, Path) else value)
        assert_identical(held, left_behind(config))

    @pytest.mark.parametrize(
        ("purpose", "rows"),
        [
            pytest.param(TrainingConfig, TRAINING, id="check-58-training"),
            pytest.param(InferenceConfig, INFERENCE, id="check-58-inference"),
        ],
    )
    def test_all_test_values_together(self, purpose: Any, rows: list[tuple[str, Any, Native]]) -> None:
        model = {name: value for name, value, _ in MODEL}
        own = {name: value for name, value, _ in rows}
        config = canonical(purpose, model, own)
        legacy.cfg.update(before := sentinels())
        back = from_native(*to_native(config))
        assert before.items() <= legacy.cfg.items()
        assert back == config
        held = left_behind(back)
        assert_identical(held, left_behind(config))
        assert {key for key, value in held.items() if value == SENTINEL} == {
            *sentinels()
        } - legacy.RUNTIME_KEYS - dataclass_to_legacy_dict(config).keys()

    @pytest.mark.parametrize("purpose", [TrainingConfig, InferenceConfig])
    def test_defaults_leave_the_same_dictionary(self, purpose: Any) -> None:
        assert_identical(
            left_behind(from_native(native_like(purpose), {})), left_behind(canonical(purpose, {}, {}))
        )

    @pytest.mark.parametrize(
        ("cls", "rows"), [(ModelConfig, MODEL), (TrainingConfig, TRAINING), (InferenceConfig, INFERENCE)]
    )
    def test_every_canonical_field_has_its_case(self, cls: Any, rows: list[tuple[str, Any, Native]]) -> None:
        names = set(cls.__dataclass_fields__) - {"model"}
        assert {name for name, *_ in rows} == names
        purpose = TrainingConfig if cls is ModelConfig else cls
        default = canonical(purpose, {}, {})
        for name, value, _ in rows:
            held = getattr(default.model if cls is ModelConfig else default, name)
            assert name == "architecture" or held != value, name

    def test_check_16_golden_fixture_from_native_inputs(self, golden: SimpleNamespace) -> None:
        """Spec config.md, appendix B."""
        data = native.DataConfig(N=128, grid_size=(3, 3), K=6, nphotons=5e8, probe_scale=2.0)
        model = native.ModelConfig(
            mode="Unsupervised",
            n_filters_scale=2,
            amp_activation="silu",
            object_big=False,
            probe_big=False,
            intensity_scale_trainable=True,
        )
        of_training = native.TrainingConfig(epochs=100, batch_size=32, nll=True)
        canonical_model = to_model_config(data, model, golden.model)
        training = to_training_config(canonical_model, data, model, of_training, golden.training)
        inference = to_inference_config(canonical_model, data, native.InferenceConfig(), golden.inference)
        for step in (lambda config: config, again):
            legacy.cfg.clear()
            update_legacy_dict(legacy.cfg, step(training))
            update_legacy_dict(legacy.cfg, step(inference))
            assert_identical({key: legacy.cfg.get(key) for key in golden.legacy}, golden.legacy)
        assert len(golden.legacy) == 31


def again(config: Any) -> Any:
    """The same configuration after a way to the native classes and back."""
    return to_canonical(*to_native(config))
