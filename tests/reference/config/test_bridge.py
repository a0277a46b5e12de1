"""Canonical configuration to legacy dictionary (spec config.md 7, checks 3 to 16)."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import (
    KEY_MAPPINGS,
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    dataclass_to_legacy_dict,
    legacy,
    update_legacy_dict,
)

EXPECTED_KEY_MAPPINGS = {
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


@pytest.mark.parametrize(
    ("cls", "translated", "written"),
    [(TrainingConfig, 61, 51), (InferenceConfig, 35, 27), (ModelConfig, 23, 20)],
    ids=["check-03-training", "check-03-inference", "check-03-model"],
)
def test_sizes_of_default_translations(cls: type, translated: int, written: int) -> None:
    cfg: dict[str, Any] = {}
    update_legacy_dict(cfg, build(cls))
    assert len(dataclass_to_legacy_dict(build(cls))) == translated
    assert len(cfg) == written


def test_check_03_union_of_keys_and_their_overlap_with_the_defaults() -> None:
    bridged = {*dataclass_to_legacy_dict(build(TrainingConfig))}
    bridged |= {*dataclass_to_legacy_dict(build(InferenceConfig))}
    assert len(bridged) == 63
    assert len(bridged & {*legacy.LEGACY_DEFAULTS}) == 23
    assert {*legacy.LEGACY_DEFAULTS} - bridged == {
        "big_gridsize",
        "data_source",
        "default_probe_scale",
        "h5_path",
        "label",
        "max_position_jitter",
        "nimgs_test",
        "nimgs_train",
        "npseed",
        "offset",
        "outer_offset_test",
        "outer_offset_train",
        "set_phi",
        "sim_jitter_scale",
        "size",
        "tv_weight",
        "use_xla_translate",
    }


def test_default_training_config_changes_nine_built_in_values() -> None:
    cfg = dict(legacy.LEGACY_DEFAULTS)
    update_legacy_dict(cfg, TrainingConfig(ModelConfig()))
    changed = {key: cfg[key] for key, value in legacy.LEGACY_DEFAULTS.items() if cfg[key] != value}
    assert changed == {
        "N": 64,
        "gridsize": 1,
        "nepochs": 50,
        "output_prefix": "training_outputs",
        "probe.big": True,
        "probe.mask": False,
        "probe_scale": 4.0,
        "positions.provided": True,
        "intensity_scale.trainable": True,
    }
    assert len(cfg) == 69


def test_none_fields_are_kept_by_the_translation() -> None:
    def none_keys(config: Any) -> set[str]:
        return {key for key, value in dataclass_to_legacy_dict(config).items() if value is None}

    assert none_keys(TrainingConfig(ModelConfig())) == {
        "n_images",
        "n_subsample",
        "subsample_seed",
        "neighbor_pool_size",
        "gradient_clip_val",
        "max_hidden_channels",
        "resnet_width",
        "probe_mask_diameter",
        "train_data_file_path",
        "test_data_file_path",
    }
    assert len(none_keys(build(InferenceConfig))) == 8


@pytest.mark.parametrize(
    "cfg", [{"n_subsample": 77}, {}], ids=["check-04-value-kept", "check-05-no-entry-made"]
)
def test_none_writes_nothing(cfg: dict[str, Any]) -> None:
    expected = cfg.get("n_subsample", "absent")
    update_legacy_dict(cfg, TrainingConfig(ModelConfig(), n_subsample=None))
    assert cfg.get("n_subsample", "absent") == expected


def test_check_06_falsy_values_overwrite() -> None:
    cfg: dict[str, Any] = {"mae_weight": 0.9, "debug": True, "backend": "x"}
    update_legacy_dict(cfg, TrainingConfig(ModelConfig(), mae_weight=0.0))
    update_legacy_dict(cfg, InferenceConfig(ModelConfig(), Path(), Path(), debug=False, backend=""))
    assert cfg["mae_weight"] == 0.0
    assert cfg["debug"] is False
    assert cfg["backend"] == ""


def test_check_07_unknown_keys_are_preserved() -> None:
    cfg: dict[str, Any] = {"zzz": [1]}
    update_legacy_dict(cfg, build(TrainingConfig))
    assert cfg["zzz"] == [1]


@pytest.mark.parametrize(
    ("path", "text"), [(Path("a/b"), "a/b"), (Path(), ".")], ids=["check-08-a/b", "check-08-empty"]
)
def test_every_path_becomes_a_string(path: Path, text: str) -> None:
    config = InferenceConfig(ModelConfig(), model_path=path, test_data_file=path, output_dir=path)
    translated = dataclass_to_legacy_dict(config)
    for key in ("output_prefix", "model_path", "test_data_file_path"):
        assert type(translated[key]) is str
        assert translated[key] == text
    assert not any(isinstance(value, Path) for value in translated.values())


def test_check_09_nested_model_is_flattened() -> None:
    translated = dataclass_to_legacy_dict(TrainingConfig(ModelConfig(object_big=False)))
    assert "model" not in translated
    assert translated["object.big"] is False
    assert "object_big" not in translated


def test_check_10_the_later_update_wins_and_training_keys_stay() -> None:
    cfg: dict[str, Any] = {}
    training = TrainingConfig(ModelConfig(N=128), n_groups=10, nepochs=9, output_dir=Path("t"))
    inference = InferenceConfig(ModelConfig(N=256), Path("m"), Path("i.npz"), n_groups=20)
    update_legacy_dict(cfg, training)
    update_legacy_dict(cfg, inference)
    shared = {key: cfg[key] for key in ("N", "n_groups", "output_prefix", "test_data_file_path", "nepochs")}
    assert shared == {
        "N": 256,
        "n_groups": 20,
        "output_prefix": "inference_outputs",
        "test_data_file_path": "i.npz",
        "nepochs": 9,
    }


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "n_subsample": st.none() | st.integers(0, 9),
        "subsample_seed": st.none() | st.integers(0, 9),
        "gradient_clip_val": st.none() | st.floats(0, 2),
        "mae_weight": st.floats(0, 1),
        "probe_trainable": st.booleans(),
        "train_data_file": st.none() | st.sampled_from([Path(), Path("a/b.npz")]),
        "backend": st.sampled_from(["tensorflow", "pytorch", ""]),
    },
)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(first=CHANGES, second=CHANGES)
def test_check_11_applying_twice_equals_once_and_none_never_erases(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    cfg: dict[str, Any] = {"zzz": 1}
    update_legacy_dict(cfg, TrainingConfig(ModelConfig(), **first))
    before = dict(cfg)
    config = TrainingConfig(ModelConfig(), **second)
    assert update_legacy_dict(cfg, config) is None  # type: ignore[func-returns-value]
    once = dict(cfg)
    update_legacy_dict(cfg, config)
    assert cfg == once
    given_values = {k: v for k, v in dataclass_to_legacy_dict(config).items() if v is not None}
    assert once == {**before, **given_values}


def test_check_12_config_and_result_share_nothing() -> None:
    model = ModelConfig(fno_input_transform=["mutable"])  # type: ignore[arg-type]
    config = TrainingConfig(model)
    before = copy.deepcopy(config)
    translated = dataclass_to_legacy_dict(config)
    update_legacy_dict({}, config)
    assert config == before
    translated["fno_input_transform"].append("changed")
    translated["N"] = 1
    assert config == before
    model.N = 512
    assert dataclass_to_legacy_dict(before)["N"] == 64


@dataclass
class PyTorchExecutionConfig:
    accelerator: str = "cpu"
    scheduler: str = "Default"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param({"N": 64}, "dict", id="check-13-dict"),
        pytest.param(ModelConfig, "class ModelConfig", id="check-13-class"),
        pytest.param(None, "NoneType", id="check-13-None"),
        pytest.param(PyTorchExecutionConfig(), "PyTorchExecutionConfig.*CONFIG-002", id="check-14"),
        pytest.param(TrainingConfig({"N": 64}), r"TrainingConfig\.model.*dict", id="model-is-a-dict"),  # type: ignore[arg-type]
    ],
)
def test_anything_but_a_canonical_instance_is_refused(value: Any, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        dataclass_to_legacy_dict(value)
    before = dict(legacy.cfg)
    with pytest.raises(TypeError, match=told):
        update_legacy_dict(legacy.cfg, value)
    assert legacy.cfg == before


def test_check_15_key_mappings_are_the_nine_pairs() -> None:
    assert KEY_MAPPINGS == EXPECTED_KEY_MAPPINGS


def test_check_16_golden_fixture() -> None:
    model = ModelConfig(
        N=128,
        gridsize=3,
        n_filters_scale=2,
        model_type="pinn",
        amp_activation="swish",
        object_big=False,
        probe_big=False,
        probe_mask=True,
        pad_object=False,
        probe_scale=2.0,
        gaussian_smoothing_sigma=0.5,
    )
    root = Path("/canonical/baseline")
    training = TrainingConfig(
        model,
        train_data_file=root / "train_data.npz",
        test_data_file=root / "test_data.npz",
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
        intensity_scale_trainable=True,
        output_dir=root / "training_outputs",
        sequential_sampling=True,
        backend="pytorch",
    )
    inference = InferenceConfig(
        model,
        model_path=root / "model_directory",
        test_data_file=root / "inference_data.npz",
        n_groups=512,
        n_subsample=1024,
        subsample_seed=99,
        neighbor_count=6,
        debug=True,
        output_dir=root / "inference_outputs",
        backend="pytorch",
    )
    expected = {
        "N": 128,
        "amp_activation": "swish",
        "batch_size": 32,
        "debug": True,
        "gaussian_smoothing_sigma": 0.5,
        "gridsize": 3,
        "intensity_scale.trainable": True,
        "mae_weight": 0.3,
        "model_path": "/canonical/baseline/model_directory",
        "model_type": "pinn",
        "n_filters_scale": 2,
        "n_groups": 512,
        "n_subsample": 1024,
        "neighbor_count": 6,
        "nepochs": 100,
        "nll_weight": 0.7,
        "nphotons": 500000000.0,
        "object.big": False,
        "output_prefix": "/canonical/baseline/inference_outputs",
        "pad_object": False,
        "positions.provided": False,
        "probe.big": False,
        "probe.mask": True,
        "probe.trainable": True,
        "probe_scale": 2.0,
        "realspace_mae_weight": 0.05,
        "realspace_weight": 0.1,
        "sequential_sampling": True,
        "subsample_seed": 99,
        "test_data_file_path": "/canonical/baseline/inference_data.npz",
        "train_data_file_path": "/canonical/baseline/train_data.npz",
    }
    legacy.cfg.clear()
    update_legacy_dict(legacy.cfg, training)
    update_legacy_dict(legacy.cfg, inference)
    assert len(expected) == 31
    assert {key: legacy.cfg.get(key) for key in expected} == expected
