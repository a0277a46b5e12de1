"""Canonical configurations as JSON and back."""

import json
import math
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import (
    CanonicalConfig,
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    from_json,
    to_json,
)

VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([Path(), Path("a/b"), Path("/d/train.npz"), Path("..")])
)


def through_text(config: CanonicalConfig) -> CanonicalConfig:
    return from_json(json.loads(json.dumps(to_json(config), allow_nan=False)))


def build(cls: type) -> Any:
    if cls is ModelConfig:
        return ModelConfig()
    if cls is TrainingConfig:
        return TrainingConfig(ModelConfig(N=128))
    return InferenceConfig(ModelConfig(N=128), Path("m"), Path())


def typed(config: Any) -> dict[str, Any]:
    return {
        name: typed(value) if isinstance(value, ModelConfig) else (type(value), value)
        for name, value in vars(config).items()
    }


@settings(derandomize=True, max_examples=60, deadline=None)
@given(cls=st.sampled_from([ModelConfig, TrainingConfig, InferenceConfig]), data=st.data())
def test_round_trip_is_exact_for_any_plain_values(cls: Any, data: st.DataObject) -> None:
    config = build(cls)
    for field in fields(cls):
        if field.name != "model":
            setattr(config, field.name, data.draw(VALUES, label=field.name))
    back = through_text(config)
    assert type(back) is cls
    assert typed(back) == typed(config)


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
    with pytest.raises(TypeError, match="gridsize holds a list"):
        to_json(TrainingConfig(ModelConfig(gridsize=[2])))  # type: ignore[arg-type]
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
    ],
)
def test_malformed_data_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        from_json({**to_json(ModelConfig()), **change})
