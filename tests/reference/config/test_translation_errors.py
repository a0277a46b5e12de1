"""Native to canonical: what is refused, in which words and order (spec config.md 4.6; 7, checks 34 to 49)."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ptychoparity.reference.config import native
from ptychoparity.reference.config.translation import to_canonical

TEST = Path("/d/test.npz")


def assert_refused(call: Callable[[], Any], *tokens: str) -> str:
    """``call`` raises ValueError with one line that holds every token."""
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        call()
    message = str(caught.value)
    assert [token for token in tokens if token not in message] == []
    return message


@pytest.mark.parametrize(
    ("grid", "tokens"),
    [
        pytest.param((2, 3), ["Non-square grids", "grid_size", "(2, 3)"], id="check-34-(2,3)"),
        pytest.param(2, ["grid_size", "2"], id="check-34-int"),
        pytest.param((2, 2, 2), ["grid_size", "(2, 2, 2)"], id="check-34-three"),
        pytest.param((0, 0), ["grid_size", "(0, 0)"], id="check-34-zero"),
        pytest.param((-1, -1), ["grid_size", "(-1, -1)"], id="check-34-negative"),
        pytest.param((2.0, 2.0), ["grid_size", "(2.0, 2.0)"], id="check-34-floats"),
        pytest.param(None, ["grid_size", "None"], id="check-34-None"),
        pytest.param("22", ["grid_size", "'22'"], id="check-34-text"),
    ],
)
def test_other_grids_are_refused(translate: Any, grid: Any, tokens: list[str]) -> None:
    assert_refused(lambda: translate.model({"grid_size": grid}), *tokens)
    assert translate.model({"grid_size": grid}, {"gridsize": 2}).gridsize == 2


@pytest.mark.parametrize("mode", ["pinn", "InvalidMode", "supervised", None], ids=lambda m: f"check-35-{m}")
def test_unknown_modes_are_refused(translate: Any, mode: Any) -> None:
    assert_refused(
        lambda: translate.model(mode=mode), "Invalid mode", repr(mode), "Unsupervised", "Supervised"
    )


@pytest.mark.parametrize("name", ["Swish", "unknown_activation", "SILU"], ids=lambda n: f"check-36-{n}")
def test_unknown_activations_are_refused(translate: Any, name: str) -> None:
    legal = ["silu", "SiLU", "swish", "sigmoid", "softplus", "relu"]
    assert_refused(lambda: translate.model(amp_activation=name), "Unknown activation", repr(name), *legal)


def test_check_36_an_override_is_refused_likewise(translate: Any) -> None:
    assert_refused(
        lambda: translate.model(overrides={"amp_activation": "tanh"}),
        "Unknown activation",
        "'tanh'",
        "softplus",
    )


@pytest.mark.parametrize("scheduler", ["MultiStage", "Adaptive"])
def test_schedulers_without_a_counterpart_are_refused(translate: Any, scheduler: str) -> None:
    legal = ["Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau"]
    assert_refused(lambda: translate.training(scheduler=scheduler), "scheduler", repr(scheduler), *legal)
    said = translate.training(scheduler=scheduler, overrides={"scheduler": "Exponential"})
    assert said.scheduler == "Exponential"


@pytest.mark.parametrize("override", [{}, {"nphotons": None}], ids=["check-41-none", "check-41-None"])
def test_the_native_default_of_nphotons_is_refused(translate: Any, override: dict[str, Any]) -> None:
    assert_refused(
        lambda: translate.training({"nphotons": 1e5}, overrides=override),
        "nphotons default divergence",
        "100000",
        "1e+09",
        "overrides",
        "nphotons=",
    )


@pytest.mark.parametrize(
    ("held", "override"),
    [
        pytest.param(None, {}, id="check-42-missing"),
        pytest.param(7, {"n_groups": None}, id="check-42-override-None"),
        pytest.param(None, {"n_images": 9}, id="check-42-only-n_images"),
    ],
)
def test_n_groups_is_required_for_training(translate: Any, held: Any, override: dict[str, Any]) -> None:
    assert_refused(
        lambda: translate.training(n_groups=held, overrides=override), "n_groups", "overrides", "n_groups="
    )


@pytest.mark.parametrize(
    "path", [None, Path(), ""], ids=["check-43-None", "check-43-Path()", "check-43-empty"]
)
def test_train_data_file_is_required(translate: Any, path: Any) -> None:
    assert_refused(
        lambda: translate.training(train_data_file=path), "train_data_file is required", "overrides"
    )
    assert_refused(
        lambda: translate.training(overrides={"train_data_file": path}), "train_data_file is required"
    )


def test_check_44_a_missing_test_data_file_draws_one_warning(translate: Any) -> None:
    with pytest.warns(UserWarning, match=r"test_data_file.*evaluation.*inference") as caught:
        config = translate.training(test_data_file=None)
    assert len(caught) == 1
    assert config.test_data_file is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            translate.training(test_data_file=None, overrides={"test_data_file": TEST}).test_data_file == TEST
        )


def test_check_45_inference_requires_its_two_paths_in_this_order(translate: Any) -> None:
    assert_refused(
        lambda: translate.inference(overrides={"model_path": None, "test_data_file": None}),
        "model_path is required",
        "overrides",
    )
    assert_refused(
        lambda: translate.inference(overrides={"test_data_file": None}),
        "test_data_file is required",
        "overrides",
    )


@pytest.mark.parametrize(
    ("purpose", "name", "near"),
    [
        pytest.param("model", "gridsze", "gridsize", id="check-49-model"),
        pytest.param("training", "batchsize", "batch_size", id="check-49-training"),
        pytest.param("inference", "n_group", "n_groups", id="check-49-inference"),
        pytest.param("training", "gridsize", None, id="check-49-model-field-in-training"),
        pytest.param("training", "model", None, id="check-49-the-model-itself"),
    ],
)
def test_unknown_overrides_are_named(translate: Any, purpose: str, name: str, near: str | None) -> None:
    build = getattr(translate, purpose)
    with pytest.raises(TypeError, match=rf"{name!r}.*" + (f"did you mean {near!r}" if near else "")):
        build(overrides={name: 1})


@pytest.mark.parametrize(("name", "near"), [("gridsze", "gridsize"), ("batchsize", "batch_size")])
def test_check_49_a_whole_set_knows_the_names_of_both(name: str, near: str) -> None:
    configs = native.NativeConfigs(
        native.DataConfig(), native.ModelConfig(), training=native.TrainingConfig()
    )
    with pytest.raises(TypeError, match=rf"{name!r} to override; did you mean {near!r}"):
        to_canonical(configs, {name: 1})


@pytest.mark.parametrize(
    ("purpose", "name", "value"),
    [
        ("model", "gridsize", None),
        ("model", "probe_mask", 1),
        ("model", "N", 100),
        ("training", "batch_size", 12),
        ("training", "nll_weight", True),
        ("training", "scheduler", "MultiStage"),
        ("training", "backend", "jax"),
        ("inference", "neighbor_count", 0),
        ("inference", "debug", 1),
    ],
)
def test_overrides_are_held_against_their_rules(translate: Any, purpose: str, name: str, value: Any) -> None:
    build = getattr(translate, purpose)
    assert_refused(lambda: build(overrides={name: value}), f".{name} must be", repr(value))


def test_errors_of_the_model_come_in_the_documented_order(translate: Any) -> None:
    wrong: dict[str, Any] = {"mode": "x", "amp_activation": "tanh"}
    assert_refused(lambda: translate.model({"grid_size": (2, 3)}, **wrong), "Non-square grids")
    assert_refused(
        lambda: translate.model({"grid_size": (2, 3)}, {"amp_activation": "tanh"}), "Non-square grids"
    )
    assert_refused(lambda: translate.model(**wrong), "Invalid mode")
    assert_refused(lambda: translate.model(amp_activation="tanh"), "Unknown activation")


def test_errors_of_the_training_come_in_the_documented_order(translate: Any) -> None:
    paths: dict[str, Any] = {"train_data_file": None, "test_data_file": None}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_refused(
            lambda: translate.training({"nphotons": 1e5}, n_groups=None, **paths), "nphotons default"
        )
        assert_refused(lambda: translate.training(n_groups=None, **paths), "n_groups is None")
    with pytest.warns(UserWarning, match="test_data_file"):
        assert_refused(lambda: translate.training(**paths), "train_data_file is required")


def test_a_typo_is_told_before_what_it_leaves_missing(translate: Any) -> None:
    with pytest.raises(TypeError, match=r"'n_group'.*did you mean 'n_groups'"):
        translate.training(n_groups=None, overrides={"n_group": 5})
    with pytest.raises(TypeError, match=r"'modelpath'.*did you mean 'model_path'"):
        translate.inference(overrides={"model_path": None, "modelpath": "m"})


@pytest.mark.parametrize("both", [True, False])
def test_a_set_is_for_exactly_one_purpose(both: bool) -> None:
    configs = native.NativeConfigs(native.DataConfig(), native.ModelConfig())
    if both:
        configs.training, configs.inference = native.TrainingConfig(), native.InferenceConfig()
    assert_refused(lambda: to_canonical(configs), "exactly one of training and inference")
