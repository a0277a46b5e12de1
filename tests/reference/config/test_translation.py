"""Native to canonical: what each value becomes (spec config.md 4.4; 7, checks 34 to 52)."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.config import ModelConfig, legacy, native, update_legacy_dict
from ptychoparity.reference.config.translation import (
    to_inference_config,
    to_model_config,
    to_training_config,
)


class ManyElements:
    """Like a tensor of any framework: it has no truth value."""

    def __bool__(self) -> bool:
        raise ValueError("more than one element")


@pytest.mark.parametrize(
    ("grid", "side"),
    [((3, 3), 3), ([2, 2], 2), ((1, 1), 1), (np.array([3, 3]), 3)],
    ids=["check-34-(3,3)", "check-34-[2,2]", "check-34-(1,1)", "check-34-array"],
)
def test_a_square_grid_is_its_side(translate: Any, grid: Any, side: int) -> None:
    held = translate.model({"grid_size": grid}).gridsize
    assert (held, type(held)) == (side, int)


@pytest.mark.parametrize(
    ("mode", "model_type"),
    [("Unsupervised", "pinn"), ("Supervised", "supervised")],
    ids=["check-35-Unsupervised", "check-35-Supervised"],
)
def test_modes(translate: Any, mode: str, model_type: str) -> None:
    assert translate.model(mode=mode).model_type == model_type
    for spelling in (mode, model_type):
        assert translate.model(overrides={"model_type": spelling}).model_type == model_type


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        pytest.param("silu", "swish", id="check-36-silu"),
        pytest.param("SiLU", "swish", id="check-36-SiLU"),
        pytest.param("swish", "swish", id="check-36-swish"),
        pytest.param("sigmoid", "sigmoid", id="check-36-sigmoid"),
        pytest.param("softplus", "softplus", id="check-36-softplus"),
        pytest.param("relu", "relu", id="check-36-relu"),
    ],
)
def test_activations(translate: Any, name: str, canonical: str) -> None:
    assert translate.model(amp_activation=name).amp_activation == canonical
    assert translate.model(overrides={"amp_activation": name}).amp_activation == canonical


@pytest.mark.parametrize(
    ("toggle", "tensor", "on"),
    [
        pytest.param(True, None, True, id="check-37-True"),
        pytest.param(False, None, False, id="check-37-False"),
        pytest.param(None, None, False, id="check-37-None"),
        pytest.param(np.zeros((2, 2)), None, True, id="check-37-array-of-zeros"),
        pytest.param(ManyElements(), None, True, id="check-37-tensor"),
        pytest.param(False, np.zeros(1), True, id="check-37-False-and-tensor-field"),
        pytest.param(None, ManyElements(), True, id="check-37-None-and-tensor-field"),
        pytest.param(np.False_, None, False, id="check-37-numpy-False"),
        pytest.param(np.True_, None, True, id="check-37-numpy-True"),
        pytest.param(0, None, False, id="check-37-0"),
        pytest.param(1, None, True, id="check-37-1"),
    ],
)
def test_probe_mask(translate: Any, toggle: Any, tensor: Any, on: bool) -> None:
    assert translate.model(probe_mask=toggle, probe_mask_tensor=tensor).probe_mask is on
    for said in (True, False):
        model = translate.model(None, {"probe_mask": said}, probe_mask=toggle, probe_mask_tensor=tensor)
        assert model.probe_mask is said


def test_check_38_renamed_fields(translate: Any) -> None:
    assert translate.training(epochs=100).nepochs == 100
    assert translate.training({"K": 7}).neighbor_count == 7
    assert translate.inference({"K": 7}).neighbor_count == 7
    assert translate.training(nll=True).nll_weight == 1.0
    assert translate.training(nll=False).nll_weight == 0.0
    assert translate.training(overrides={"nll_weight": 0.7}).nll_weight == 0.7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("n_filters_scale", 4, id="check-39-n_filters_scale"),
        pytest.param("object_big", False, id="check-39-object_big"),
        pytest.param("probe_big", False, id="check-39-probe_big"),
        pytest.param("pad_object", False, id="check-39-pad_object"),
        pytest.param("gaussian_smoothing_sigma", 0.5, id="check-39-gaussian_smoothing_sigma"),
        pytest.param("probe_mask_sigma", 2.5, id="check-39-probe_mask_sigma"),
        pytest.param("probe_mask_diameter", 20.0, id="check-39-probe_mask_diameter"),
    ],
)
def test_identities_of_the_model(translate: Any, name: str, value: Any) -> None:
    assert getattr(translate.model(**{name: value}), name) == value


def test_check_39_identities_of_the_data(translate: Any) -> None:
    model = translate.model({"N": 128, "probe_scale": 2.0})
    assert (model.N, model.probe_scale) == (128, 2.0)
    assert translate.training({"subsample_seed": 3}).subsample_seed == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("batch_size", 32, id="check-39-batch_size"),
        pytest.param("optimizer", "adamw", id="check-39-optimizer"),
        pytest.param("momentum", 0.8, id="check-39-momentum"),
        pytest.param("weight_decay", 0.01, id="check-39-weight_decay"),
        pytest.param("adam_beta1", 0.8, id="check-39-adam_beta1"),
        pytest.param("adam_beta2", 0.99, id="check-39-adam_beta2"),
        pytest.param("scheduler", "WarmupCosine", id="check-39-scheduler"),
        pytest.param("lr_warmup_epochs", 3, id="check-39-lr_warmup_epochs"),
        pytest.param("lr_min_ratio", 0.2, id="check-39-lr_min_ratio"),
        pytest.param("gradient_clip_val", 1.0, id="check-39-gradient_clip_val"),
        pytest.param("gradient_clip_algorithm", "agc", id="check-39-gradient_clip_algorithm"),
        pytest.param("plateau_factor", 0.3, id="check-39-plateau_factor"),
        pytest.param("plateau_patience", 4, id="check-39-plateau_patience"),
        pytest.param("plateau_min_lr", 1e-6, id="check-39-plateau_min_lr"),
        pytest.param("plateau_threshold", 0.1, id="check-39-plateau_threshold"),
    ],
)
def test_identities_of_the_training(translate: Any, name: str, value: Any) -> None:
    assert getattr(translate.training(**{name: value}), name) == value


@pytest.mark.parametrize("value", [True, False], ids=["check-40-True", "check-40-False"])
def test_intensity_scale_trainable_goes_from_the_model_to_the_training(translate: Any, value: bool) -> None:
    assert translate.training(model={"intensity_scale_trainable": value}).intensity_scale_trainable is value


@pytest.mark.parametrize(
    ("held", "override", "photons"),
    [
        pytest.param(1e5, {"nphotons": 1e9}, 1e9, id="check-41-override"),
        pytest.param(5e8, {}, 5e8, id="check-41-native"),
        pytest.param(1e5, {"nphotons": 1e5}, 1e5, id="check-41-meant"),
    ],
)
def test_nphotons(translate: Any, held: float, override: dict[str, Any], photons: float) -> None:
    assert translate.training({"nphotons": held}, overrides=override).nphotons == photons


def test_check_42_n_groups_given(translate: Any) -> None:
    assert translate.training(n_groups=7).n_groups == 7
    assert translate.training(n_groups=7, overrides={"n_groups": 8}).n_groups == 8
    assert translate.inference().n_groups is None


@pytest.mark.parametrize(
    ("changes", "override"),
    [({"train_data_file": None}, {"train_data_file": "a/b.npz"}), ({"train_data_file": "a/b.npz"}, {})],
    ids=["check-43-override", "check-43-native"],
)
def test_a_path_given_as_text(translate: Any, changes: dict[str, Any], override: dict[str, Any]) -> None:
    config = translate.training(**changes, overrides=override)
    cfg: dict[str, Any] = {}
    update_legacy_dict(cfg, config)
    assert config.train_data_file == Path("a/b.npz")
    assert cfg["train_data_file_path"] == "a/b.npz"


@pytest.mark.parametrize(
    "purpose", ["training", "inference"], ids=["check-46-training", "check-46-inference"]
)
def test_the_native_n_subsample_is_something_else(translate: Any, purpose: str) -> None:
    build = getattr(translate, purpose)
    assert build({"n_subsample": 7}).n_subsample is None
    assert build({"n_subsample": 7}, overrides={"n_subsample": 1000}).n_subsample == 1000


@pytest.mark.parametrize(
    "purpose", ["training", "inference"], ids=["check-47-training", "check-47-inference"]
)
def test_the_seed_is_used_in_both_directions(translate: Any, purpose: str) -> None:
    build = getattr(translate, purpose)
    assert build({"subsample_seed": 42}).subsample_seed == 42
    assert build({"subsample_seed": 42}, overrides={"subsample_seed": 99}).subsample_seed == 99
    assert build({"subsample_seed": 42}, overrides={"subsample_seed": None}).subsample_seed is None


ONLY_BY_OVERRIDE = [
    ("training", "mae_weight", 0.0, 0.3),
    ("training", "realspace_mae_weight", 0.0, 0.05),
    ("training", "realspace_weight", 0.0, 0.1),
    ("training", "positions_provided", True, False),
    ("training", "probe_trainable", False, True),
    ("training", "sequential_sampling", False, True),
    ("training", "n_subsample", None, 99),
    ("training", "n_images", None, 33),
    ("training", "enable_oversampling", False, True),
    ("training", "neighbor_pool_size", None, 12),
    ("inference", "n_groups", None, 41),
    ("inference", "n_subsample", None, 43),
    ("inference", "enable_oversampling", False, True),
    ("inference", "neighbor_pool_size", None, 13),
    ("inference", "debug", False, True),
    ("inference", "output_dir", Path("inference_outputs"), Path("/d/iout")),
]


@pytest.mark.parametrize(
    ("purpose", "name", "default", "value"),
    ONLY_BY_OVERRIDE,
    ids=[f"check-48-{purpose}-{name}" for purpose, name, _, _ in ONLY_BY_OVERRIDE],
)
def test_fields_that_only_an_override_sets(
    translate: Any, purpose: str, name: str, default: Any, value: Any
) -> None:
    build = getattr(translate, purpose)
    assert getattr(build(), name) == default
    assert getattr(build(overrides={name: value}), name) == value


def test_check_48_n_images_of_inference_is_copied_to_n_groups(translate: Any) -> None:
    assert translate.inference().n_images is None
    with pytest.warns(DeprecationWarning, match="n_images=42 is the deprecated name of n_groups"):
        config = translate.inference(overrides={"n_images": 42})
    assert (config.n_images, config.n_groups) == (42, 42)


def test_check_50_inputs_are_left_as_they_were() -> None:
    data = native.DataConfig(nphotons=1e6, grid_size=[3, 3])  # type: ignore[arg-type]
    model = native.ModelConfig(amp_activation="SiLU", mode="Supervised")
    training = native.TrainingConfig(train_data_file="a.npz", n_groups=5, output_dir="")  # type: ignore[arg-type]
    inference = native.InferenceConfig()
    canonical = ModelConfig()
    overrides = {"test_data_file": "b.npz"}
    more = {"model_path": "m", "test_data_file": "b.npz"}
    held = [data, model, training, inference, canonical, overrides, more]
    before = copy.deepcopy(held)
    built = to_model_config(data, model, {})
    config = to_training_config(canonical, data, model, training, overrides)
    to_inference_config(canonical, data, inference, more)
    assert held == before
    assert config.model is canonical
    assert (built.model_type, config.output_dir) == ("supervised", Path("training_outputs"))


@pytest.mark.parametrize(
    "purpose", ["training", "inference"], ids=["check-51-training", "check-51-inference"]
)
def test_the_backend_is_pytorch(translate: Any, purpose: str) -> None:
    build = getattr(translate, purpose)
    assert build().backend == "pytorch"
    assert build(overrides={"backend": "tensorflow"}).backend == "tensorflow"


def test_check_52_the_legacy_dictionary_is_not_touched(translate: Any) -> None:
    legacy.cfg.clear()
    legacy.cfg.update(dict.fromkeys(legacy.LEGACY_DEFAULTS, "sentinel"))
    before = dict(legacy.cfg)
    translate.model({"N": 256}, {"gridsize": 3})
    translate.training(overrides={"mae_weight": 0.3})
    translate.inference(overrides={"debug": True})
    assert legacy.cfg == before
