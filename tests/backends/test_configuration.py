"""Any configuration goes through the backend as it goes through the reference (spec config.md 3, 4)."""

import warnings
from copy import deepcopy
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
    legacy,
    native,
    to_json,
)
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.config.schema import Field, fields_of
from ptychoparity.reference.config.sources import INFERENCE_SOURCES, MODEL_SOURCES, TRAINING_SOURCES

PATHS = st.sampled_from([Path("/d/train.npz"), Path("a/b.npz"), Path("/d/ü ö/x")])
MASKS = st.sampled_from([None, True, False, np.bool_(True), np.bool_(False), np.zeros((2, 2)), np.ones(1)])
POWERS = st.integers(0, 9).map(lambda exponent: 2**exponent)
BY_KIND: dict[Any, st.SearchStrategy[Any]] = {
    int: POWERS | st.integers(0, 99),
    float: st.floats(0, 1) | st.floats(0, 1e12),
    bool: st.booleans(),
    str: st.text(max_size=5),
    Path: PATHS,
    tuple[int, int]: st.integers(1, 5).map(lambda side: (side, side)),
    tuple[float, float]: st.tuples(st.floats(0, 0.4), st.floats(0.5, 1)),
    list[str]: st.lists(st.text(max_size=3), max_size=2),
    int | str: st.integers(1, 9) | st.just("auto"),
    Any: MASKS,
}
LEGACY = st.dictionaries(
    st.sampled_from([*legacy.LEGACY_DEFAULTS, "n_subsample", "gradient_clip_val", "backend", "zzz"]),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
)
EXPLORED = settings(derandomize=True, max_examples=60, deadline=None)


def valid(field: Field) -> st.SearchStrategy[Any]:
    """Any value that a field may hold; files that must exist are not asked for."""
    drawn = st.sampled_from(field.rule.choices) if field.rule.choices else BY_KIND[field.kind]
    if field.name != "model_path":
        drawn = drawn.filter(field.rule.holds)
    return st.none() | drawn if field.optional else drawn


def valid_values(cls: type, **others: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    found = {field.name: valid(field) for field in fields_of(cls) if field.name != "model"}
    return st.fixed_dictionaries(found | others)


def built(cls: type, model: dict[str, Any], values: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return cls(model=ModelConfig(**model), **values)


MODELS = valid_values(ModelConfig)
# Files that a translation requires are given; everything else may be missing.
CONFIGS = st.builds(
    built, st.just(TrainingConfig), MODELS, valid_values(TrainingConfig, train_data_file=PATHS)
) | st.builds(built, st.just(InferenceConfig), MODELS, valid_values(InferenceConfig, test_data_file=PATHS))
BRIDGED = {
    f"{item.part}.{item.field}" for item in (*MODEL_SOURCES, *TRAINING_SOURCES, *INFERENCE_SOURCES)
} | {"model.probe_mask_tensor"}


def native_values(part: str, cls: type, bridged: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Values of the fields of a native class that have a canonical counterpart, or of the others."""
    chosen = {
        field.name: valid(field) for field in fields_of(cls) if (f"{part}.{field.name}" in BRIDGED) == bridged
    }
    return st.fixed_dictionaries(chosen)


PARTS = dict(zip(("data", "model", "training", "inference"), native.NATIVE_CLASSES, strict=True))
BRIDGED_VALUES = st.fixed_dictionaries({part: native_values(part, cls, True) for part, cls in PARTS.items()})
IDLE_VALUES = st.fixed_dictionaries({part: native_values(part, cls, False) for part, cls in PARTS.items()})
NEEDED = {"train_data_file": PATHS, "n_groups": st.integers(1, 99), "nphotons": st.floats(1, 1e12)}
OVERRIDES = st.fixed_dictionaries(
    NEEDED,
    optional={
        field.name: valid(field)
        for field in fields_of(TrainingConfig)
        if field.name not in {"model", "n_images", *NEEDED}
    },
)


def natives(bridged: dict[str, Any], idle: dict[str, Any], kind: str) -> NativeConfigs:
    made = {part: cls(**bridged[part], **idle.get(part, {})) for part, cls in PARTS.items()}
    return NativeConfigs(made["data"], made["model"], **{kind: made[kind]})


def answer(operation: Any, *inputs: Any) -> Any:
    """What an operation gives or how it refuses, and what it says besides."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = operation(*inputs)
        except (ValueError, TypeError) as error:
            found = (type(error), str(error))
    return found, [(item.category, str(item.message)) for item in caught]


@EXPLORED
@given(config=CONFIGS, onto=LEGACY)
def test_any_configuration_onto_any_dictionary_is_bridged_as_by_the_reference(backend, truth, config, onto):
    before, given_onto = to_json(config), dict(onto)
    found = backend.bridge(config, onto)
    assert found == truth.bridge(config, onto)
    assert {key: type(value) for key, value in found.items()} == {
        key: type(value) for key, value in truth.bridge(config, onto).items()
    }
    assert (to_json(config), onto) == (before, given_onto)


@EXPLORED
@given(config=CONFIGS, onto=LEGACY)
def test_any_configuration_comes_back_from_its_native_form(backend, config, onto):
    before, process = to_json(config), dict(legacy.cfg)
    (back, _) = answer(backend.to_canonical, *backend.to_native(config))
    assert back == config
    assert backend.bridge(back, onto) == backend.bridge(config, onto)
    assert to_json(config) == before
    assert legacy.cfg == process


@EXPLORED
@given(config=CONFIGS)
def test_native_forms_are_the_references(backend, truth, config):
    configs, overrides = backend.to_native(config)
    right, right_overrides = truth.to_native(config)
    assert (to_json(configs), overrides) == (to_json(right), right_overrides)


@EXPLORED
@given(bridged=BRIDGED_VALUES, idle=IDLE_VALUES, overrides=OVERRIDES, onto=LEGACY)
def test_native_fields_without_a_counterpart_are_never_looked_at(
    backend, truth, bridged, idle, overrides, onto
):
    """Nor is anything changed that was given; and the reference gives the same."""
    configs = natives(bridged, idle, "training")
    before, given_overrides = to_json(configs), deepcopy(overrides)
    found, said = answer(backend.to_canonical, configs, overrides)
    assert (found, said) == answer(truth.to_canonical, natives(bridged, {}, "training"), overrides)
    assert (to_json(configs), overrides) == (before, given_overrides)
    if isinstance(found, TrainingConfig):
        assert backend.bridge(found, onto) == truth.bridge(found, onto)


@EXPLORED
@given(bridged=BRIDGED_VALUES, idle=IDLE_VALUES, path=PATHS)
def test_native_inference_is_translated_as_by_the_reference(backend, truth, bridged, idle, path):
    overrides = {"model_path": path, "test_data_file": path}
    found, said = answer(backend.to_canonical, natives(bridged, idle, "inference"), overrides)
    assert isinstance(found, InferenceConfig)
    assert (found, said) == answer(truth.to_canonical, natives(bridged, {}, "inference"), overrides)
    assert found.subsample_seed == bridged["data"]["subsample_seed"]
    assert found.neighbor_count == bridged["data"]["K"]


@pytest.mark.parametrize("missing", ["train_data_file", "test_data_file"])
def test_a_training_without_files_has_a_native_form_that_waits_for_them(backend, missing):
    files = {"train_data_file": Path("a.npz"), "test_data_file": Path("b.npz"), missing: None}
    configs, overrides = backend.to_native(TrainingConfig(ModelConfig(), **files))
    found, said = answer(backend.to_canonical, configs, overrides)
    if missing == "train_data_file":
        assert found[0] is ValueError
    else:
        assert found == TrainingConfig(ModelConfig(), **files)
        assert [category for category, _ in said] == [UserWarning]


def test_native_fields_with_a_counterpart_are_the_42_and_the_9_that_are_only_carried():
    assert len(BRIDGED) == 42 + 9
    assert sum(len(fields(cls)) for cls in PARTS.values()) == 131
