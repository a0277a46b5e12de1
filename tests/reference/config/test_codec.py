"""Canonical and native configurations as JSON and back."""

import json
import math
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    from_json,
    native,
    to_json,
)
from ptychoparity.reference.config.codec import values_from_json, values_to_json
from ptychoparity.reference.config.native import NATIVE_CLASSES, NativeConfigs

ARRAYS = [
    np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.array([[True, False]]),
    np.array(2.5),
    np.zeros((0, 4), np.int16),
    np.array([np.nan, -0.0, np.inf]),
    np.arange(3, dtype=">i4"),
    np.array([1 - 2j], np.complex64),
]
SCALARS = [np.bool_(False), np.float64(0.1), np.float32(0.1), np.int64(7), np.uint8(7), np.float32(np.inf)]
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([Path(), Path("a/b"), Path("/d/train.npz"), Path("..")])
    | st.sampled_from(ARRAYS + SCALARS)
)
VALUES = st.recursive(PLAIN, lambda item: st.lists(item, max_size=3) | st.tuples(item, item), max_leaves=6)


def through_text(config: Any) -> Any:
    return from_json(json.loads(json.dumps(to_json(config), allow_nan=False)))


def build(cls: type) -> Any:
    if cls is TrainingConfig:
        return TrainingConfig(ModelConfig(N=128))
    if cls is InferenceConfig:
        return InferenceConfig(ModelConfig(N=128), Path("m"), Path())
    return cls()


def exact(value: Any) -> Any:
    """A value with the type of all its parts; arrays by their bits."""
    if isinstance(value, np.ndarray):
        return np.ndarray, value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return type(value), [exact(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return type(value), {name: exact(item) for name, item in vars(value).items()}
    return type(value), value


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    cls=st.sampled_from([ModelConfig, TrainingConfig, InferenceConfig, *NATIVE_CLASSES]),
    data=st.data(),
)
def test_round_trip_is_exact_for_any_values(cls: Any, data: st.DataObject) -> None:
    config = build(cls)
    for field in fields(cls):
        if field.name != "model":
            setattr(config, field.name, data.draw(VALUES, label=field.name))
    assert exact(through_text(config)) == exact(config)


@pytest.mark.parametrize("value", ARRAYS + SCALARS, ids=lambda value: f"{value.dtype.str}{value.shape}")
def test_numpy_values_come_back_to_the_bit(value: Any) -> None:
    mask = native.ModelConfig(probe_mask_tensor=value)
    assert exact(through_text(mask)) == exact(mask)


def test_arrays_that_were_read_can_be_written_to() -> None:
    back = through_text(native.ModelConfig(probe_mask_tensor=np.ones(3)))
    back.probe_mask_tensor[0] = 5
    assert back.probe_mask_tensor.tolist() == [5, 1, 1]


@pytest.mark.parametrize(
    "configs",
    [
        NativeConfigs(native.DataConfig(grid_size=(3, 3)), native.ModelConfig(), native.TrainingConfig()),
        NativeConfigs(
            native.DataConfig(), native.ModelConfig(mode="Supervised"), inference=native.InferenceConfig()
        ),
    ],
    ids=["training", "inference"],
)
def test_a_set_of_native_configurations_comes_back(configs: NativeConfigs) -> None:
    back = through_text(configs)
    assert back == configs
    assert exact(back) == exact(configs)


def test_native_classes_have_names_of_their_own() -> None:
    encoded = to_json(NativeConfigs(native.DataConfig(), native.ModelConfig(), native.TrainingConfig()))
    assert encoded["class"] == "native.NativeConfigs"
    assert encoded["fields"]["data"]["class"] == "native.DataConfig"
    assert encoded["fields"]["data"]["fields"]["grid_size"] == {"tuple": [2, 2]}
    assert encoded["fields"]["training"]["fields"]["training_directories"] == []
    assert encoded["fields"]["inference"] is None


def test_overrides_come_back_with_their_types() -> None:
    overrides = {"output_dir": Path("/d"), "n_groups": None, "mae_weight": 0.0, "grid": (1, [2])}
    text = json.dumps(values_to_json(overrides), allow_nan=False)
    assert exact(list(values_from_json(json.loads(text)).items())) == exact(list(overrides.items()))


def test_encoding_is_plain() -> None:
    encoded = to_json(InferenceConfig(ModelConfig(), Path("/d/m"), Path()))
    assert encoded["class"] == "InferenceConfig"
    assert encoded["fields"]["model"]["class"] == "ModelConfig"
    assert encoded["fields"]["model_path"] == {"path": "/d/m"}
    assert encoded["fields"]["test_data_file"] == {"path": "."}
    assert encoded["fields"]["n_groups"] is None
    assert list(encoded["fields"]) == [field.name for field in fields(InferenceConfig)]


def test_nothing_is_resolved_anew_on_reading() -> None:
    config = TrainingConfig(ModelConfig())
    config.n_groups, config.n_images = None, 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = through_text(config)
    assert isinstance(back, TrainingConfig)
    assert (back.n_groups, back.n_images) == (None, 5)


def test_values_that_json_lacks() -> None:
    config = TrainingConfig(ModelConfig(probe_scale=math.inf), nphotons=math.nan, mae_weight=-math.inf)
    back = through_text(config)
    assert isinstance(back, TrainingConfig)
    assert math.isnan(back.nphotons)
    assert (back.model.probe_scale, back.mae_weight) == (math.inf, -math.inf)


def test_reading_back_shares_nothing() -> None:
    encoded = to_json(TrainingConfig(ModelConfig()))
    first, second = from_json(encoded), from_json(encoded)
    assert isinstance(first, TrainingConfig)
    first.model.N = 1
    assert second == TrainingConfig(ModelConfig())


def test_other_values_are_refused_by_field() -> None:
    for value in ({2}, object(), np.array(["a"]), np.longdouble(2), 2j):
        with pytest.raises(TypeError, match=f"gridsize holds a {type(value).__name__};"):
            to_json(TrainingConfig(ModelConfig(gridsize=value)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="mae_weight holds a dict"):
        values_to_json({"mae_weight": {}})
    with pytest.raises(TypeError, match="got dict"):
        to_json({})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"class": "DataConfig"}, "DataConfig"),
        ({"class": None}, "None"),
        ({"fields": None}, "mapping"),
        ({"fields": {"N": 64}}, r"missing \['amp_activation'"),
        ({"fields": {**to_json(ModelConfig())["fields"], "typo": 1}}, r"unknown \['typo'\]"),
        ({"fields": {**to_json(ModelConfig())["fields"], "N": {"size": 64}}}, "N must be"),
        ({"fields": {**to_json(ModelConfig())["fields"], "N": {"tuple": 5}}}, "N cannot be read"),
        ({"class": "native.ModelConfig"}, "missing.*unknown"),
    ],
)
def test_malformed_data_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        from_json({**to_json(ModelConfig()), **change})
