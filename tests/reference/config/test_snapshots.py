"""Defaults and legacy dictionaries as committed files, so that a value that drifts is a line in a diff.

After a change that is meant: ``pytest tests/reference/config/test_snapshots.py --snapshot-update``.
"""

import warnings
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    legacy,
    native,
    update_legacy_dict,
)
from ptychoparity.reference.config.schema import REQUIRED, fields_of

ROOT = Path("/canonical/baseline")


@pytest.fixture
def stored(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """One JSON file for each test, its keys sorted."""
    return snapshot.use_extension(JSONSnapshotExtension)


def bridged(*configs: Any) -> dict[str, Any]:
    """The pristine legacy dictionary after ``configs``."""
    cfg = dict(legacy.LEGACY_DEFAULTS)
    for config in configs:
        update_legacy_dict(cfg, config)
    return cfg


def model_with_test_values() -> ModelConfig:
    return ModelConfig(
        N=256,
        gridsize=3,
        n_filters_scale=4,
        model_type="supervised",
        architecture="cnn",
        fno_modes=8,
        fno_width=16,
        fno_blocks=2,
        fno_cnn_blocks=1,
        learned_input_channels=3,
        max_hidden_channels=64,
        resnet_width=96,
        fno_input_transform="log1p",
        generator_output_mode="amp_phase",
        amp_activation="softplus",
        object_big=False,
        probe_big=False,
        probe_mask=True,
        probe_mask_sigma=2.5,
        probe_mask_diameter=20.0,
        pad_object=False,
        probe_scale=2.0,
        gaussian_smoothing_sigma=0.5,
    )


def training_with_test_values() -> TrainingConfig:
    return TrainingConfig(
        model_with_test_values(),
        train_data_file=Path("/d/train.npz"),
        test_data_file=Path("/d/test.npz"),
        batch_size=32,
        nepochs=7,
        mae_weight=0.3,
        nll_weight=0.7,
        realspace_mae_weight=0.05,
        realspace_weight=0.1,
        nphotons=5e8,
        n_groups=77,
        n_images=33,
        n_subsample=99,
        subsample_seed=3,
        neighbor_count=8,
        enable_oversampling=True,
        neighbor_pool_size=12,
        positions_provided=False,
        probe_trainable=True,
        intensity_scale_trainable=False,
        output_dir=Path("/d/out"),
        sequential_sampling=True,
        backend="pytorch",
        torch_loss_mode="mae",
        torch_mae_pred_l2_match_target=True,
        gradient_clip_val=1.0,
        gradient_clip_algorithm="agc",
        optimizer="adamw",
        momentum=0.8,
        weight_decay=0.01,
        adam_beta1=0.8,
        adam_beta2=0.99,
        scheduler="WarmupCosine",
        lr_warmup_epochs=3,
        lr_min_ratio=0.2,
        plateau_factor=0.3,
        plateau_patience=4,
        plateau_min_lr=1e-6,
        plateau_threshold=0.1,
    )


def inference_with_test_values() -> InferenceConfig:
    return InferenceConfig(
        model_with_test_values(),
        model_path=Path("/d/model"),
        test_data_file=Path("/d/inf.npz"),
        n_groups=41,
        n_images=42,
        n_subsample=43,
        subsample_seed=44,
        neighbor_count=9,
        enable_oversampling=True,
        neighbor_pool_size=13,
        debug=True,
        output_dir=Path("/d/iout"),
        backend="pytorch",
    )


def golden() -> tuple[TrainingConfig, InferenceConfig]:
    """Spec config.md, appendix B, as canonical configurations."""
    model = ModelConfig(
        N=128,
        gridsize=3,
        amp_activation="swish",
        object_big=False,
        probe_big=False,
        probe_mask=True,
        pad_object=False,
        probe_scale=2.0,
        gaussian_smoothing_sigma=0.5,
    )
    training = TrainingConfig(
        model,
        train_data_file=ROOT / "train_data.npz",
        test_data_file=ROOT / "test_data.npz",
        batch_size=32,
        nepochs=100,
        mae_weight=0.3,
        nll_weight=0.7,
        realspace_mae_weight=0.05,
        realspace_weight=0.1,
        nphotons=5e8,
        n_groups=1024,
        n_subsample=2048,
        subsample_seed=42,
        neighbor_count=6,
        positions_provided=False,
        probe_trainable=True,
        output_dir=ROOT / "training_outputs",
        sequential_sampling=True,
        backend="pytorch",
    )
    inference = InferenceConfig(
        model,
        model_path=ROOT / "model_directory",
        test_data_file=ROOT / "inference_data.npz",
        n_groups=512,
        n_subsample=1024,
        subsample_seed=99,
        neighbor_count=6,
        debug=True,
        output_dir=ROOT / "inference_outputs",
        backend="pytorch",
    )
    return training, inference


def test_legacy_of_nothing(stored: SnapshotAssertion) -> None:
    assert dict(legacy.LEGACY_DEFAULTS) == stored


def test_legacy_of_default_training(stored: SnapshotAssertion) -> None:
    assert bridged(TrainingConfig(ModelConfig())) == stored


def test_legacy_of_default_inference(stored: SnapshotAssertion) -> None:
    assert bridged(InferenceConfig(ModelConfig(), Path(), Path())) == stored


def test_legacy_of_training_with_test_values(stored: SnapshotAssertion) -> None:
    assert bridged(training_with_test_values()) == stored


def test_legacy_of_inference_with_test_values(stored: SnapshotAssertion) -> None:
    assert bridged(inference_with_test_values()) == stored


def test_legacy_of_golden_fixture(stored: SnapshotAssertion) -> None:
    assert bridged(*golden()) == stored


def defaults_of(cls: type) -> dict[str, Any]:
    """Field name to default; paths as text, with their type."""
    return {field.name: _readable(field.default) for field in fields_of(cls)}


def _readable(default: Any) -> Any:
    if default is REQUIRED:
        return "<required>"
    return f"<path> {default.as_posix()}" if isinstance(default, Path) else default


def test_defaults_of_canonical_classes(stored: SnapshotAssertion) -> None:
    tables = {cls.__name__: defaults_of(cls) for cls in (ModelConfig, TrainingConfig, InferenceConfig)}
    assert tables == stored


def test_defaults_of_native_classes(stored: SnapshotAssertion) -> None:
    assert {cls.__name__: defaults_of(cls) for cls in native.NATIVE_CLASSES} == stored


def test_the_test_values_leave_no_field_at_its_default() -> None:
    """So that every line of those snapshots says something."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        training, inference = training_with_test_values(), inference_with_test_values()
    for config in (training.model, training, inference):
        same = {
            field.name for field in fields_of(type(config)) if getattr(config, field.name) == field.default
        }
        assert same <= {"architecture"}
