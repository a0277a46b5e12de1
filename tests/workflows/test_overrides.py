"""What an override means: canonical, native or alias names (spec config.md 4.4, 4.7)."""

import copy
from pathlib import Path

import numpy as np
import pytest

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.overrides import native_configs, sort_overrides, with_overrides
from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig, legacy, native
from ptychoparity.reference.config.layers import leaf_fields
from ptychoparity.reference.config.sources import INFERENCE_SOURCES, MODEL_SOURCES, TRAINING_SOURCES

SENTINEL = object()


def config(**fields):
    return TrainingConfig(ModelConfig(), backend="pytorch", **fields)


def refused(overrides, cls=TrainingConfig):
    with pytest.raises(ValueError, match=r"\w") as caught:
        sort_overrides(overrides.items(), cls)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "value", "field", "canonical"),
    [
        ("max_epochs", 7, "nepochs", 7),
        ("epochs", 7, "nepochs", 7),
        ("nepochs", 7, "nepochs", 7),
        ("K", 9, "neighbor_count", 9),
        ("neighbor_count", 9, "neighbor_count", 9),
        ("mode", "Supervised", "model_type", "supervised"),
        ("mode", "supervised", "model_type", "supervised"),
        ("model_type", "Supervised", "model_type", "supervised"),
        ("model_type", "pinn", "model_type", "pinn"),
        ("grid_size", (3, 3), "gridsize", 3),
        ("gridsize", 3, "gridsize", 3),
        ("nll", False, "nll_weight", 0.0),
        ("nll_weight", 0.7, "nll_weight", 0.7),
        ("amp_activation", "silu", "amp_activation", "swish"),
        ("n_subsample", 16, "n_subsample", 16),
        ("output_dir", "runs/a", "output_dir", Path("runs/a")),
        ("gradient_clip_val", None, "gradient_clip_val", None),
    ],
)
def test_a_name_leads_to_its_canonical_field(name, value, field, canonical):
    given = sort_overrides([(name, value)], TrainingConfig)
    assert given.canonical == {field: canonical}
    assert given.native == {}


@pytest.mark.parametrize("name", ["learning_rate", "middle_trim"])
def test_what_only_the_native_schema_has_stays_native(name):
    cls = TrainingConfig if name == "learning_rate" else InferenceConfig
    assert sort_overrides([(name, 2)], cls).native == {name: 2}


def test_the_batch_size_of_a_reconstruction_is_native():
    given = sort_overrides([("batch_size", 48)], InferenceConfig)
    assert given.native == {"batch_size": 48}


@pytest.mark.parametrize(
    ("cls", "sources", "last"),
    [
        (TrainingConfig, TRAINING_SOURCES, native.TrainingConfig),
        (InferenceConfig, INFERENCE_SOURCES, native.InferenceConfig),
    ],
)
def test_every_field_of_either_schema_is_a_name(cls, sources, last):
    defaults = {}
    for owner in (native.DataConfig(), native.ModelConfig(), last()):
        defaults |= vars(owner)
    for name, value in defaults.items():
        sort_overrides([(name, value)], cls)
    for name, (_, field) in leaf_fields(cls).items():
        value = Path("x") if name in ("model_path", "test_data_file") else field.default
        sort_overrides([(name, value)], cls)
    assert {source.target for source in (*MODEL_SOURCES, *sources)} <= set(leaf_fields(cls))


def test_all_unknown_names_come_in_one_message_with_the_nearest():
    message = refused({"batchsize": 4, "n_grups": 5, "zzzz": 1, "accelerator": "cpu"})
    assert "'batchsize' (did you mean 'batch_size'?)" in message
    assert "'n_grups' (did you mean 'n_groups'?)" in message
    assert "'zzzz'" in message
    assert "'accelerator' (belongs in the execution configuration)" in message


@pytest.mark.parametrize(
    "overrides",
    [
        {"epochs": 5, "nepochs": 6},
        {"K": 5, "neighbor_count": 6},
        {"mode": "Supervised", "model_type": "pinn"},
        {"grid_size": (2, 2), "gridsize": 3},
        {"nll": True, "nll_weight": 0.5},
    ],
)
def test_two_spellings_must_not_contradict_each_other(overrides):
    message = refused(overrides)
    assert "given twice" in message
    for name in overrides:
        assert f"{name}=" in message


def test_two_spellings_of_the_same_value_are_one():
    pairs = [("epochs", 5), ("nepochs", 5), ("model_type", "pinn"), ("mode", "Unsupervised")]
    assert sort_overrides(pairs, TrainingConfig).canonical == {"nepochs": 5, "model_type": "pinn"}


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"gridsize": 0}, ("gridsize", "0")),
        ({"grid_size": (2, 3)}, ("grid_size", "Non-square grids", "(2, 3)")),
        ({"grid_size": 2}, ("grid_size", "2")),
        ({"N": 100}, ("N", "100")),
        ({"mode": "x"}, ("mode", "'x'")),
        ({"mode": ["Supervised"]}, ("mode", "['Supervised']")),
        ({"amp_activation": "tanh"}, ("amp_activation", "'tanh'")),
        ({"nll": "no"}, ("nll", "'no'")),
        ({"scheduler": "MultiStage"}, ("scheduler", "'MultiStage'")),
        ({"learning_rate": 0.0}, ("learning_rate", "0.0")),
        ({"learning_rate": None}, ("learning_rate", "None")),
        ({"probe_mask": np.zeros((3, 3))}, ("probe_mask", "ndarray")),
        ({"output_dir": 3}, ("output_dir", "3")),
        ({"batch_size": 12}, ("batch_size", "12")),
        ({"probe_mask": False, "probe_mask_tensor": np.ones((2, 2))}, ("probe_mask", "probe_mask_tensor")),
    ],
)
def test_a_bad_value_is_refused_by_the_name_it_came_under(overrides, words):
    message = refused(overrides)
    assert all(word in message for word in words)


@pytest.mark.parametrize("name", ["N", "nphotons", "n_groups", "train_data_file", "output_dir"])
def test_none_of_what_has_no_none_counts_as_missing(name):
    assert sort_overrides([(name, None)], TrainingConfig).canonical == {}


@pytest.mark.parametrize("placeholder", [Path(), ".", ""])
@pytest.mark.parametrize("name", ["train_data_file", "test_data_file", "output_dir"])
def test_a_placeholder_path_counts_as_missing(name, placeholder):
    assert sort_overrides([(name, placeholder)], TrainingConfig).canonical == {}


def test_a_mask_array_switches_the_mask_on_and_stays_native():
    mask = np.ones((4, 4))
    changed = with_overrides(config(), {"probe_mask_tensor": mask})
    assert changed.model.probe_mask is True
    assert native_configs(changed, {"probe_mask_tensor": mask}).model.probe_mask_tensor is mask


@pytest.mark.parametrize("name", ["C", "C_model", "C_forward"])
def test_channels_are_derived_and_must_not_be_contradicted(name):
    assert native_configs(config(), {name: 1}).data.C == 1
    with pytest.raises(ValueError, match=rf"{name}=4.*gridsize"):
        native_configs(config(), {name: 4})


def test_the_loss_is_derived_and_must_not_be_contradicted():
    with pytest.raises(ValueError, match=r"loss_function='MAE'.*torch_loss_mode"):
        native_configs(config(), {"loss_function": "MAE"})


def test_a_configuration_without_canonical_overrides_is_itself():
    given = config()
    assert with_overrides(given, None) is given
    assert with_overrides(given, {"learning_rate": 0.5}) is given


def test_canonical_overrides_go_into_a_copy():
    given = config(nepochs=3)
    changed = with_overrides(given, {"epochs": 9, "grid_size": (2, 2)})
    assert (changed.nepochs, changed.model.gridsize) == (9, 2)
    assert (given.nepochs, given.model.gridsize) == (3, 1)


def test_the_deprecated_name_alone_decides_the_count_with_a_warning():
    with pytest.warns(DeprecationWarning, match="n_images"):
        assert with_overrides(config(n_groups=5), {"n_images": 9}).n_groups == 9


@pytest.mark.parametrize(
    ("overrides", "execution", "learning_rate"),
    [
        ({}, None, 1e-3),
        ({}, {"learning_rate": 0.02}, 0.02),
        ({"learning_rate": 0.3}, {"learning_rate": 0.02}, 0.3),
        ({"learning_rate": 0.3}, None, 0.3),
    ],
)
def test_the_learning_rate_is_the_overrides_the_executions_or_the_default(
    overrides, execution, learning_rate
):
    settings = None if execution is None else PyTorchExecutionConfig(accelerator="cpu", **execution)
    assert native_configs(config(), overrides, settings).training.learning_rate == learning_rate


@pytest.mark.parametrize(
    ("overrides", "execution", "configured", "clip"),
    [
        ({}, None, None, None),
        ({}, None, 4.0, 4.0),
        ({}, 2.0, None, 2.0),
        ({}, 2.0, 4.0, 2.0),
        ({"gradient_clip_val": 1.5}, 2.0, 4.0, 1.5),
        ({"gradient_clip_val": None}, 2.0, 4.0, None),
    ],
)
def test_the_clip_threshold_is_the_overrides_the_executions_or_the_configured(
    overrides, execution, configured, clip
):
    settings = PyTorchExecutionConfig(accelerator="cpu", gradient_clip_val=execution)
    changed = with_overrides(config(gradient_clip_val=configured), overrides)
    assert native_configs(changed, overrides, settings).training.gradient_clip_val == clip
    assert changed.gradient_clip_val == overrides.get("gradient_clip_val", configured)


def test_other_execution_settings_stay_where_they_are():
    settings = PyTorchExecutionConfig(
        accelerator="cpu", num_workers=9, accum_steps=5, scheduler="Exponential", strategy="ddp_spawn"
    )
    assert native_configs(config(), None, settings) == native_configs(config())


def test_the_native_count_of_combinations_is_not_the_canonical_count_of_patterns():
    changed = with_overrides(config(), {"n_subsample": 1000})
    assert changed.n_subsample == 1000
    assert native_configs(changed, {"n_subsample": 1000}).data.n_subsample == 7


def test_deriving_native_configurations_touches_neither_the_legacy_dictionary_nor_its_input():
    legacy.cfg.update(dict.fromkeys(legacy.cfg, SENTINEL))
    before, given = dict(legacy.cfg), config(n_groups=9, nll_weight=0.5)
    overrides = {"learning_rate": 0.5, "grid_size": (1, 1)}
    kept = copy.deepcopy((given, overrides))
    native_configs(given, overrides, PyTorchExecutionConfig(accelerator="cpu"))
    assert legacy.cfg == before
    assert (given, overrides) == kept
