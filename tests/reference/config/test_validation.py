"""Validators (spec config.md 7, checks 21 to 24 and 26)."""

import re
import warnings
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.config import (
    CROSS_RULES,
    FIELD_RULES,
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    validate_inference_config,
    validate_model_config,
    validate_training_config,
)

NAN, INF = float("nan"), float("inf")
EXTENSION = [
    "fno_modes",
    "fno_width",
    "fno_blocks",
    "fno_cnn_blocks",
    "learned_input_channels",
    "max_hidden_channels",
    "resnet_width",
    "fno_input_transform",
    "generator_output_mode",
]


def check_model(**changes: Any) -> None:
    validate_model_config(ModelConfig(**changes))


def check_training(**changes: Any) -> None:
    model = changes.pop("model", None) or ModelConfig()
    config = TrainingConfig(model)
    for name, value in changes.items():
        setattr(config, name, value)
    validate_training_config(config)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A directory that holds an archive."""
    (tmp_path / "wts.h5.zip").write_bytes(b"")
    return tmp_path


def assert_refused(check: Any, field: str, value: Any) -> str:
    with pytest.raises(ValueError, match=rf"\.{field} must be ") as caught:
        check(**{field: value})
    message = str(caught.value)
    assert repr(value) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("gridsize", 0, id="check-21-gridsize"),
        pytest.param("n_filters_scale", 0, id="check-21-n_filters_scale"),
        pytest.param("probe_scale", 0, id="check-21-probe_scale"),
        pytest.param("gaussian_smoothing_sigma", -1, id="check-21-gaussian_smoothing_sigma"),
        ("N", 0),
        ("N", -64),
        ("N", 64.0),
        ("N", True),
        ("gridsize", 1.5),
        ("gridsize", None),
        ("object_big", 1),
        ("probe_mask", None),
        ("probe_scale", INF),
        ("probe_scale", np.float32("inf")),
        ("gaussian_smoothing_sigma", NAN),
        ("probe_mask_sigma", -0.1),
        ("probe_mask_diameter", 0.0),
        ("probe_mask_diameter", "20"),
    ],
)
def test_model_rules(field: str, value: Any) -> None:
    assert_refused(check_model, field, value)


@pytest.mark.parametrize("value", [12, 0, -4, 16.0, True], ids=lambda value: f"check-22-{value}")
def test_batch_size_refused(value: Any) -> None:
    assert_refused(check_training, "batch_size", value)


@pytest.mark.parametrize("value", [1, 16, 32, np.int64(8), 2**30], ids=lambda value: f"check-22-{value}")
def test_batch_size_accepted(value: Any) -> None:
    check_training(batch_size=value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("nepochs", 0, id="check-23-nepochs"),
        pytest.param("mae_weight", 1.1, id="check-23-mae_weight"),
        pytest.param("nll_weight", -0.1, id="check-23-nll_weight"),
        pytest.param("nphotons", 0, id="check-23-nphotons-0"),
        pytest.param("nphotons", NAN, id="check-23-nphotons-nan"),
        ("nphotons", INF),
        ("nphotons", "1e6"),
        ("mae_weight", NAN),
        ("realspace_weight", -1.0),
        ("realspace_mae_weight", -1.0),
        ("n_groups", 0),
        ("n_groups", None),
        ("n_images", -1),
        ("n_subsample", 0),
        ("subsample_seed", -1),
        ("subsample_seed", 1.0),
        ("neighbor_count", 0),
        ("neighbor_pool_size", 0),
        ("enable_oversampling", "yes"),
        ("train_data_file", 3),
        ("output_dir", None),
        ("gradient_clip_val", 0.0),
        ("gradient_clip_val", INF),
        ("momentum", 1.0),
        ("weight_decay", -1e-9),
        ("adam_beta1", 1.0),
        ("adam_beta2", -0.1),
        ("lr_warmup_epochs", -1),
        ("lr_min_ratio", 1.01),
        ("plateau_factor", 0.0),
        ("plateau_factor", 1.0),
        ("plateau_patience", -1),
        ("plateau_min_lr", -1e-9),
        ("plateau_threshold", NAN),
        ("plateau_threshold", -0.1),
    ],
)
def test_training_rules(field: str, value: Any) -> None:
    assert_refused(check_training, field, value)


@pytest.mark.parametrize(
    ("check", "field", "value", "allowed"),
    [
        pytest.param(check_model, "N", 100, ["power of two", "64", "128", "256"], id="check-24-N"),
        pytest.param(check_model, "model_type", "x", ["pinn", "supervised"], id="check-24-model_type"),
        pytest.param(
            check_model,
            "amp_activation",
            "tanh",
            ["sigmoid", "swish", "softplus", "relu"],
            id="check-24-amp_activation",
        ),
        pytest.param(check_training, "backend", "jax", ["tensorflow", "pytorch"], id="check-24-backend"),
        pytest.param(
            check_training,
            "scheduler",
            "Cosine",
            ["Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau"],
            id="check-24-scheduler",
        ),
        (check_model, "architecture", "fno", ["cnn"]),
        (check_model, "model_type", "Supervised", ["pinn", "supervised"]),
        (check_model, "model_type", None, ["pinn", "supervised"]),
        (check_training, "torch_loss_mode", "nll", ["poisson", "mae"]),
        (check_training, "gradient_clip_algorithm", "clip", ["norm", "value", "agc"]),
        (check_training, "optimizer", "rmsprop", ["adam", "adamw", "sgd"]),
    ],
)
def test_enumerations_name_what_is_allowed(check: Any, field: str, value: Any, allowed: list[str]) -> None:
    message = assert_refused(check, field, value)
    assert all(name in message for name in allowed)


ENUMERATED = {
    "model_type": ("pinn", "supervised"),
    "amp_activation": ("sigmoid", "swish", "softplus", "relu"),
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in ENUMERATED.items() for value in values]
)
def test_model_enumerations_accepted(field: str, value: str) -> None:
    check_model(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("backend", "pytorch"),
        ("torch_loss_mode", "MAE"),
        ("gradient_clip_algorithm", "agc"),
        ("optimizer", "sgd"),
        ("scheduler", "ReduceLROnPlateau"),
        ("mae_weight", 1),
        ("mae_weight", np.float32(0.5)),
        ("nll_weight", Fraction(1, 3)),
        ("momentum", 0.0),
        ("lr_min_ratio", 0.0),
        ("probe_trainable", np.bool_(True)),
        ("train_data_file", "a.npz"),
        ("train_data_file", Path()),
        ("subsample_seed", 0),
        ("neighbor_count", 1),
    ],
)
def test_training_boundaries_accepted(field: str, value: Any) -> None:
    check_training(**{field: value})


@pytest.mark.parametrize("size", [64, 128, 256])
def test_documented_sizes_draw_no_warning(size: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_model(N=size)


@pytest.mark.parametrize("size", [16, 32, 512])
def test_other_powers_of_two_draw_one_warning(size: int, archive: Path) -> None:
    model = ModelConfig(N=size)
    calls = {
        validate_model_config: model,
        validate_training_config: TrainingConfig(model),
        validate_inference_config: InferenceConfig(model, archive, Path()),
    }
    for validate, config in calls.items():
        with pytest.warns(UserWarning, match=f"N={size}") as caught:
            validate(config)  # type: ignore[operator]
        assert [warning.filename for warning in caught] == [__file__]


def test_the_nested_model_is_validated(archive: Path) -> None:
    model = ModelConfig(gridsize=0)
    with pytest.raises(ValueError, match=r"ModelConfig\.gridsize"):
        validate_training_config(TrainingConfig(model))
    with pytest.raises(ValueError, match=r"ModelConfig\.gridsize"):
        validate_inference_config(InferenceConfig(model, archive, Path()))
    with pytest.raises(ValueError, match=r"TrainingConfig\.model must be a ModelConfig"):
        validate_training_config(TrainingConfig({"N": 64}))  # type: ignore[arg-type]


def test_extension_fields_are_carried_unchecked() -> None:
    check_model(**dict.fromkeys(EXTENSION, "anything"))


def test_realspace_mae_needs_a_realspace_weight() -> None:
    with pytest.raises(ValueError, match=r"realspace_mae_weight .*realspace_weight > 0, got 0\.05"):
        check_training(realspace_mae_weight=0.05)
    check_training(realspace_mae_weight=0.05, realspace_weight=0.1)


def test_pool_must_hold_a_group_when_oversampling(archive: Path) -> None:
    model = ModelConfig(gridsize=3)
    pool = {"enable_oversampling": True, "neighbor_pool_size": 8}
    with pytest.raises(ValueError, match=r"TrainingConfig\.neighbor_pool_size .*got 8"):
        check_training(model=model, **pool)
    with pytest.raises(ValueError, match=r"InferenceConfig\.neighbor_pool_size .*got 8"):
        validate_inference_config(InferenceConfig(model, archive, Path(), **pool))  # type: ignore[arg-type]
    check_training(model=model, enable_oversampling=True, neighbor_pool_size=9)
    check_training(model=model, enable_oversampling=False, neighbor_pool_size=8)
    check_training(model=model, enable_oversampling=True, neighbor_count=6)


def test_l2_matching_belongs_to_the_mae_loss() -> None:
    with pytest.raises(ValueError, match="torch_mae_pred_l2_match_target"):
        check_training(torch_mae_pred_l2_match_target=True)
    check_training(torch_mae_pred_l2_match_target=True, torch_loss_mode="Mae")
    check_training(torch_mae_pred_l2_match_target=True, model=ModelConfig(model_type="supervised"))


@pytest.mark.parametrize(
    ("relative", "as_type"),
    [
        pytest.param(".", Path, id="check-26-directory"),
        pytest.param("wts.h5.zip", Path, id="check-26-archive-file"),
        pytest.param("wts.h5", Path, id="check-26-base-name"),
        pytest.param("other", Path, id="check-26-suffix-zip"),
        pytest.param("other.zip", str, id="check-26-other-name-as-text"),
        pytest.param("model.bundle", Path, id="check-26-any-file-name"),
    ],
)
def test_model_path_accepted(archive: Path, relative: str, as_type: type) -> None:
    for name in ("other.zip", "model.bundle"):
        (archive / name).write_bytes(b"")
    validate_inference_config(InferenceConfig(ModelConfig(), as_type(archive / relative), Path()))


def test_check_26_model_path_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent", tmp_path / "wts.h5"):
        with pytest.raises(ValueError, match=r"model_path must .*wts\.h5\.zip.*" + re.escape(repr(path))):
            validate_inference_config(InferenceConfig(ModelConfig(), path, Path()))


@pytest.mark.parametrize("path", [Path(), None, "", 7])
def test_a_placeholder_is_no_model_path(path: Any, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(archive)
    with pytest.raises(ValueError, match="model_path"):
        validate_inference_config(InferenceConfig(ModelConfig(), path, Path()))


@pytest.mark.parametrize(
    ("field", "value"),
    [("n_groups", 0), ("neighbor_count", 0), ("debug", 1), ("backend", "jax"), ("subsample_seed", "1")],
)
def test_inference_rules(archive: Path, field: str, value: Any) -> None:
    def check(**changes: Any) -> None:
        validate_inference_config(InferenceConfig(ModelConfig(), archive, Path(), **changes))

    assert_refused(check, field, value)


def test_defaults_are_valid(archive: Path) -> None:
    results = [
        validate_model_config(ModelConfig()),  # type: ignore[func-returns-value]
        validate_training_config(TrainingConfig(ModelConfig())),  # type: ignore[func-returns-value]
        validate_inference_config(InferenceConfig(ModelConfig(), archive, Path())),  # type: ignore[func-returns-value]
    ]
    assert results == [None, None, None]


def test_each_validator_takes_only_its_own_class() -> None:
    with pytest.raises(TypeError, match="expected TrainingConfig, got ModelConfig"):
        validate_training_config(ModelConfig())  # type: ignore[arg-type]


@pytest.mark.parametrize("cls", [ModelConfig, TrainingConfig, InferenceConfig])
def test_rules_are_a_table_over_all_fields(cls: Any) -> None:
    names = [field.name for field in fields(cls)]
    assert list(FIELD_RULES[cls]) == names
    assert all(rule.allowed for rule in FIELD_RULES[cls].values())
    assert {rule.field for rule in CROSS_RULES[cls]} <= {*names}
