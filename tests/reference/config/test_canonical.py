"""Construction of canonical configurations (spec config.md 7, checks 18 to 20 and 25)."""

import copy
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest

from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    is_given,
    update_legacy_dict,
)

MODEL_DEFAULTS = {
    "N": 64,
    "gridsize": 1,
    "n_filters_scale": 2,
    "model_type": "pinn",
    "architecture": "cnn",
    "fno_modes": 12,
    "fno_width": 32,
    "fno_blocks": 4,
    "fno_cnn_blocks": 2,
    "learned_input_channels": 1,
    "max_hidden_channels": None,
    "resnet_width": None,
    "fno_input_transform": "none",
    "generator_output_mode": "real_imag",
    "amp_activation": "sigmoid",
    "object_big": True,
    "probe_big": True,
    "probe_mask": False,
    "probe_mask_sigma": 1.0,
    "probe_mask_diameter": None,
    "pad_object": True,
    "probe_scale": 4.0,
    "gaussian_smoothing_sigma": 0.0,
}
TRAINING_DEFAULTS = {
    "train_data_file": None,
    "test_data_file": None,
    "batch_size": 16,
    "nepochs": 50,
    "mae_weight": 0.0,
    "nll_weight": 1.0,
    "realspace_mae_weight": 0.0,
    "realspace_weight": 0.0,
    "nphotons": 1e9,
    "n_groups": 512,
    "n_images": None,
    "n_subsample": None,
    "subsample_seed": None,
    "neighbor_count": 4,
    "enable_oversampling": False,
    "neighbor_pool_size": None,
    "positions_provided": True,
    "probe_trainable": False,
    "intensity_scale_trainable": True,
    "output_dir": Path("training_outputs"),
    "sequential_sampling": False,
    "backend": "tensorflow",
    "torch_loss_mode": "poisson",
    "torch_mae_pred_l2_match_target": False,
    "gradient_clip_val": None,
    "gradient_clip_algorithm": "norm",
    "optimizer": "adam",
    "momentum": 0.9,
    "weight_decay": 0.0,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "scheduler": "Default",
    "lr_warmup_epochs": 0,
    "lr_min_ratio": 0.1,
    "plateau_factor": 0.5,
    "plateau_patience": 2,
    "plateau_min_lr": 5e-5,
    "plateau_threshold": 0.0,
}
INFERENCE_DEFAULTS = {
    "n_groups": None,
    "n_images": None,
    "n_subsample": None,
    "subsample_seed": None,
    "neighbor_count": 4,
    "enable_oversampling": False,
    "neighbor_pool_size": None,
    "debug": False,
    "output_dir": Path("inference_outputs"),
    "backend": "tensorflow",
}


def training(**changes: Any) -> TrainingConfig:
    return TrainingConfig(ModelConfig(), **changes)


def inference(**changes: Any) -> InferenceConfig:
    return InferenceConfig(ModelConfig(), Path(), Path(), **changes)


BUILDERS = [pytest.param(training, id="training"), pytest.param(inference, id="inference")]


@pytest.mark.parametrize(
    ("config", "defaults"),
    [
        pytest.param(ModelConfig(), MODEL_DEFAULTS, id="ModelConfig"),
        pytest.param(training(), TRAINING_DEFAULTS, id="TrainingConfig"),
        pytest.param(inference(), INFERENCE_DEFAULTS, id="InferenceConfig"),
    ],
)
def test_defaults_and_their_types(config: Any, defaults: dict[str, Any]) -> None:
    held = {name: value for name, value in vars(config).items() if name in defaults}
    assert held == defaults
    assert {name: type(value) for name, value in held.items()} == {
        name: type(value) for name, value in defaults.items()
    }
    required = {"model", "model_path", "test_data_file"} if isinstance(config, InferenceConfig) else {"model"}
    assert vars(config).keys() - defaults.keys() <= required


@pytest.mark.parametrize("build", BUILDERS)
def test_check_18_n_images_is_copied_with_a_deprecation_warning(build: Any) -> None:
    with pytest.warns(DeprecationWarning, match=r"n_images.*n_groups") as caught:
        config = build(n_images=100)
    assert (config.n_groups, config.n_images) == (100, 100)
    assert [warning.filename for warning in caught] == [__file__]
    cfg: dict[str, Any] = {}
    update_legacy_dict(cfg, config)
    assert (cfg["n_groups"], cfg["n_images"]) == (100, 100)


@pytest.mark.parametrize("build", BUILDERS)
def test_check_19_n_groups_wins_silently(build: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = build(n_images=100, n_groups=7)
    assert (config.n_groups, config.n_images) == (7, 100)


def test_check_20_without_either() -> None:
    assert training().n_groups == 512
    assert inference().n_groups is None


def test_check_25_superseded_fields_can_be_assigned() -> None:
    """The client assigns N after construction, so no canonical configuration is frozen."""
    model = ModelConfig(N=0)
    config = TrainingConfig(model)
    config.model.N = 128
    config.nepochs = 3
    cfg: dict[str, Any] = {}
    update_legacy_dict(cfg, config)
    assert (cfg["N"], cfg["nepochs"]) == (128, 3)


def test_each_config_has_its_own_state() -> None:
    first, second = training(), training()
    first.model.N = 256
    assert second.model.N == 64


def test_model_and_inference_paths_are_required() -> None:
    for build in (
        lambda: TrainingConfig(),  # type: ignore[call-arg]
        lambda: InferenceConfig(ModelConfig()),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError, match="model"):
            build()


def client_training() -> TrainingConfig:
    """What the GUI client builds for training: no size, placeholder paths."""
    model = ModelConfig(
        N=0,
        gridsize=2,
        n_filters_scale=2,
        model_type="supervised",
        amp_activation="sigmoid",
        object_big=True,
        probe_big=True,
        probe_mask=False,
        pad_object=True,
        probe_scale=0.0,
        gaussian_smoothing_sigma=0.0,
    )
    return TrainingConfig(
        model=model,
        train_data_file=Path(),
        test_data_file=None,
        batch_size=16,
        nepochs=50,
        mae_weight=0.0,
        nll_weight=1.0,
        realspace_mae_weight=0.0,
        realspace_weight=0.0,
        nphotons=1e6,
        positions_provided=True,
        probe_trainable=False,
        intensity_scale_trainable=True,
        output_dir=Path(),
    )


def client_inference() -> InferenceConfig:
    return InferenceConfig(
        model=ModelConfig(N=64),
        model_path=Path(),
        test_data_file=Path(),
        debug=True,
        output_dir=Path(),
    )


@pytest.mark.parametrize("build", [client_training, client_inference])
def test_construction_stays_away_from_the_file_system(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise OSError("file system touched")

    for name in ("stat", "lstat", "listdir", "scandir", "mkdir", "open", "getcwd"):
        monkeypatch.setattr(os, name, refuse)
    config = build()
    given = is_given(config.output_dir)
    monkeypatch.undo()
    assert not given
    assert pickle.loads(pickle.dumps(config)) == config


def test_copies_repeat_no_deprecation_warning() -> None:
    with pytest.warns(DeprecationWarning, match="n_images"):
        config = training(n_images=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.loads(pickle.dumps(config)) == config
        assert copy.deepcopy(config) == config


@pytest.mark.parametrize(
    ("path", "given"),
    [(None, False), (Path(), False), (".", False), ("", False), (Path("a"), True), ("/", True), ("..", True)],
)
def test_is_given(path: Path | str | None, given: bool) -> None:
    assert is_given(path) is given
