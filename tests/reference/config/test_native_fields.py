"""What becomes of each of the 131 native fields, and where each canonical field comes from.

42 fields are translated and nine are carried for generators that are not offered (spec config.md 4.1 to 4.3
and appendix A); changing any of the other 80 changes nothing.
"""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig, native
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.config.schema import fields_of
from ptychoparity.reference.config.sources import (
    INAPPLICABLE,
    INAPPLICABLE_TO_INFERENCE,
    INFERENCE_SOURCES,
    MODEL_SOURCES,
    TRAINING_SOURCES,
)
from ptychoparity.reference.config.translation import to_canonical

PARTS = {
    "data": native.DataConfig,
    "model": native.ModelConfig,
    "training": native.TrainingConfig,
    "inference": native.InferenceConfig,
}
# Appendix A: the native sources of canonical fields.
FROZEN = {
    "data": "nphotons N K subsample_seed grid_size probe_scale",
    "model": "mode architecture amp_activation n_filters_scale object_big probe_big probe_mask "
    "probe_mask_tensor probe_mask_sigma probe_mask_diameter pad_object gaussian_smoothing_sigma "
    "intensity_scale_trainable",
    "training": "nll epochs batch_size train_data_file test_data_file output_dir n_groups torch_loss_mode "
    "torch_mae_pred_l2_match_target gradient_clip_val gradient_clip_algorithm optimizer momentum "
    "weight_decay adam_beta1 adam_beta2 scheduler lr_warmup_epochs lr_min_ratio plateau_factor "
    "plateau_patience plateau_min_lr plateau_threshold",
}
# Native part, field and value; canonical field and value.
TRANSLATED: list[tuple[str, str, Any, str, Any]] = [
    ("data", "nphotons", 5e8, "nphotons", 5e8),
    ("data", "N", 256, "N", 256),
    ("data", "K", 8, "neighbor_count", 8),
    ("data", "subsample_seed", 3, "subsample_seed", 3),
    ("data", "grid_size", (3, 3), "gridsize", 3),
    ("data", "probe_scale", 2.0, "probe_scale", 2.0),
    ("model", "mode", "Supervised", "model_type", "supervised"),
    # Only one architecture is offered; that another one arrives shows the way, and validation refuses it.
    ("model", "architecture", "fno", "architecture", "fno"),
    ("model", "amp_activation", "softplus", "amp_activation", "softplus"),
    ("model", "n_filters_scale", 4, "n_filters_scale", 4),
    ("model", "object_big", False, "object_big", False),
    ("model", "probe_big", False, "probe_big", False),
    ("model", "probe_mask", True, "probe_mask", True),
    ("model", "probe_mask_tensor", np.zeros((2, 2)), "probe_mask", True),
    ("model", "probe_mask_sigma", 2.5, "probe_mask_sigma", 2.5),
    ("model", "probe_mask_diameter", 20.0, "probe_mask_diameter", 20.0),
    ("model", "pad_object", False, "pad_object", False),
    ("model", "gaussian_smoothing_sigma", 0.5, "gaussian_smoothing_sigma", 0.5),
    ("model", "intensity_scale_trainable", True, "intensity_scale_trainable", True),
    ("training", "nll", False, "nll_weight", 0.0),
    ("training", "epochs", 7, "nepochs", 7),
    ("training", "batch_size", 32, "batch_size", 32),
    ("training", "train_data_file", "/e/train.npz", "train_data_file", Path("/e/train.npz")),
    ("training", "test_data_file", "/e/test.npz", "test_data_file", Path("/e/test.npz")),
    ("training", "output_dir", "/e/out", "output_dir", Path("/e/out")),
    ("training", "n_groups", 77, "n_groups", 77),
    ("training", "torch_loss_mode", "mae", "torch_loss_mode", "mae"),
    ("training", "torch_mae_pred_l2_match_target", True, "torch_mae_pred_l2_match_target", True),
    ("training", "gradient_clip_val", 1.0, "gradient_clip_val", 1.0),
    ("training", "gradient_clip_algorithm", "agc", "gradient_clip_algorithm", "agc"),
    ("training", "optimizer", "adamw", "optimizer", "adamw"),
    ("training", "momentum", 0.8, "momentum", 0.8),
    ("training", "weight_decay", 0.01, "weight_decay", 0.01),
    ("training", "adam_beta1", 0.8, "adam_beta1", 0.8),
    ("training", "adam_beta2", 0.99, "adam_beta2", 0.99),
    ("training", "scheduler", "WarmupCosine", "scheduler", "WarmupCosine"),
    ("training", "lr_warmup_epochs", 3, "lr_warmup_epochs", 3),
    ("training", "lr_min_ratio", 0.2, "lr_min_ratio", 0.2),
    ("training", "plateau_factor", 0.3, "plateau_factor", 0.3),
    ("training", "plateau_patience", 4, "plateau_patience", 4),
    ("training", "plateau_min_lr", 1e-6, "plateau_min_lr", 1e-6),
    ("training", "plateau_threshold", 0.1, "plateau_threshold", 0.1),
]
CARRIED = [
    ("model", name, value, name, value)
    for name, value in {
        "fno_modes": 8,
        "fno_width": 16,
        "fno_blocks": 2,
        "fno_cnn_blocks": 1,
        "learned_input_channels": 3,
        "max_hidden_channels": 64,
        "resnet_width": 96,
        "fno_input_transform": "log1p",
        "generator_output_mode": "amp_phase",
    }.items()
]
REACHING = {(part, name) for part, name, *_ in TRANSLATED + CARRIED}
INERT = [
    (part, field.name)
    for part, cls in PARTS.items()
    for field in fields_of(cls)
    if (part, field.name) not in REACHING
]
# Values that rules are asked about, to find one that is legal and not the default.
POOL = (
    False,
    True,
    0,
    1,
    3,
    9,
    0.25,
    "legacy_v1",
    "normalized_amplitude",
    "Min_dist",
    "Rectangular",
    "Group",
)
POOL += ("Max", "MAE", "Mean_Deviation", (0.2, 0.7), ["a"], "other")  # type: ignore[assignment]


def native_configs(part: str) -> NativeConfigs:
    """A set that can be translated, for the purpose that ``part`` belongs to."""
    configs = NativeConfigs(native.DataConfig(nphotons=1e6), native.ModelConfig())
    if part == "inference":
        configs.inference = native.InferenceConfig()
    else:
        configs.training = native.TrainingConfig(
            train_data_file=Path("a"), test_data_file=Path("b"), n_groups=5
        )
    return configs


def flat(configs: NativeConfigs) -> dict[str, Any]:
    """Every canonical field of ``configs``."""
    paths = {"model_path": Path("m"), "test_data_file": Path("t")} if configs.inference else {}
    held = vars(to_canonical(configs, paths)).copy()
    return {**vars(held.pop("model")), **held}


def changes(part: str, name: str, value: Any, purpose: str) -> dict[str, Any]:
    """The canonical fields that differ when one native field holds ``value`` instead."""
    configs = native_configs(purpose)
    before = flat(configs)
    setattr(getattr(configs, part), name, value)
    after = flat(configs)
    assert before.keys() == after.keys()
    return {name: after[name] for name in after if after[name] != before[name]}


@pytest.mark.parametrize(
    ("part", "name", "value", "target", "expected"),
    TRANSLATED + CARRIED,
    ids=[f"{part}.{name}" for part, name, *_ in TRANSLATED + CARRIED],
)
def test_a_native_field_reaches_its_canonical_field_and_no_other(
    part: str, name: str, value: Any, target: str, expected: Any
) -> None:
    changed = changes(part, name, value, "training")
    assert changed == {target: expected}
    assert type(changed[target]) is type(expected)


def of_inference() -> list[Any]:
    """Cases whose target an inference configuration has, unless only a training holds it natively."""
    names = {field.name for cls in (ModelConfig, InferenceConfig) for field in fields(cls)}
    cases = [case for case in TRANSLATED + CARRIED if case[0] != "training" and case[3] in names]
    return [pytest.param(*case, id=f"{case[0]}.{case[1]}") for case in cases]


@pytest.mark.parametrize(("part", "name", "value", "target", "expected"), of_inference())
def test_inference_takes_the_same_from_data_and_model(
    part: str, name: str, value: Any, target: str, expected: Any
) -> None:
    assert changes(part, name, value, "inference") == {target: expected}


@pytest.mark.parametrize(("part", "name"), INERT, ids=[f"{part}.{name}" for part, name in INERT])
def test_any_other_native_field_changes_nothing(part: str, name: str) -> None:
    field = {field.name: field for field in fields_of(PARTS[part])}[name]
    value = next(value for value in POOL if field.rule.holds(value) and value != field.default)
    assert changes(part, name, value, part) == {}


def test_every_native_field_has_its_case() -> None:
    frozen = {(part, name) for part, names in FROZEN.items() for name in names.split()}
    everything = {(part, field.name) for part, cls in PARTS.items() for field in fields_of(cls)}
    assert {(part, name) for part, name, *_ in TRANSLATED} == frozen
    assert (len(TRANSLATED), len(CARRIED), len(INERT)) == (42, 9, 80)
    assert REACHING | set(INERT) == everything
    assert len(everything) == 131


def test_the_tables_hold_the_frozen_sources() -> None:
    rows = {(row.part, row.field) for row in MODEL_SOURCES + TRAINING_SOURCES}
    # A mask array is the second source of probe_mask, which a table of single sources cannot hold.
    assert rows | {("model", "probe_mask_tensor")} == REACHING
    assert {(row.part, row.field) for row in INFERENCE_SOURCES} <= rows
    for table in (MODEL_SOURCES + TRAINING_SOURCES, MODEL_SOURCES + INFERENCE_SOURCES):
        assert len({row.target for row in table}) == len(table)
        assert len({(row.part, row.field) for row in table}) == len(table)


@pytest.mark.parametrize(
    ("cls", "sources", "inapplicable"),
    [
        pytest.param(ModelConfig, MODEL_SOURCES, {}, id="ModelConfig"),
        pytest.param(TrainingConfig, TRAINING_SOURCES, INAPPLICABLE, id="TrainingConfig"),
        pytest.param(
            InferenceConfig,
            INFERENCE_SOURCES,
            {**INAPPLICABLE, **INAPPLICABLE_TO_INFERENCE},
            id="InferenceConfig",
        ),
    ],
)
def test_every_canonical_field_has_a_source_or_a_reason(
    cls: Any, sources: tuple[Any, ...], inapplicable: dict[str, str]
) -> None:
    names = {field.name for field in fields(cls)} - {"model"}
    targets = {source.target for source in sources}
    assert targets <= names
    assert targets & set(inapplicable) == set()
    assert names - targets == names & set(inapplicable)
    assert all(inapplicable.values())


def test_no_reason_is_given_for_a_field_that_does_not_exist() -> None:
    names = {field.name for cls in (TrainingConfig, InferenceConfig) for field in fields(cls)}
    assert set(INAPPLICABLE) <= names
    assert set(INAPPLICABLE_TO_INFERENCE) <= {field.name for field in fields(InferenceConfig)}
    assert set(INAPPLICABLE_TO_INFERENCE).isdisjoint(INAPPLICABLE)


def divergences(cls: Any, sources: tuple[Any, ...], built: Any) -> dict[str, tuple[Any, Any]]:
    """Canonical fields whose default differs: what the native default says, and what the canonical one is."""
    defaults = {part: PARTS[part]() for part in ("data", "model", "training")}
    pairs = {
        row.target: (row.forward(getattr(defaults[row.part], row.field)), getattr(built, row.target))
        for row in sources
    }
    assert set(pairs) <= {field.name for field in fields(cls)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def test_defaults_diverge_where_documented_and_nowhere_else() -> None:
    """Spec 4.5; and n_groups, which has no usable native default (0.2, D14)."""
    model, paths = ModelConfig(), {"model_path": Path("m"), "test_data_file": Path("t")}
    assert divergences(ModelConfig, MODEL_SOURCES, model) == {
        "gridsize": (2, 1),
        "amp_activation": ("swish", "sigmoid"),
    }
    assert divergences(TrainingConfig, TRAINING_SOURCES, TrainingConfig(model)) == {
        "nphotons": (1e5, 1e9),
        "neighbor_count": (6, 4),
        "intensity_scale_trainable": (False, True),
        "n_groups": (None, 512),
    }
    inference = InferenceConfig(model, **paths)
    assert divergences(InferenceConfig, INFERENCE_SOURCES, inference) == {"neighbor_count": (6, 4)}
