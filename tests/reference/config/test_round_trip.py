"""Canonical to native and back (spec config.md 4.8): nothing is lost, and nothing else is touched."""

import copy
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    dataclass_to_legacy_dict,
    legacy,
    native,
)
from ptychoparity.reference.config.schema import Field, fields_of
from ptychoparity.reference.config.translation import to_canonical, to_native
from ptychoparity.reference.config.validation import require_rules, rules_of

# Candidates by type; each field's own rule picks from them.
CANDIDATES: dict[Any, tuple[Any, ...]] = {
    int: (0, 1, 2, 3, 4, 7, 16, 42, 64, 77, 128, 256, 512, 1024),
    float: (0.0, 1e-6, 5e-5, 0.1, 0.25, 0.5, 0.7, 0.9, 0.999, 1, 1.0, 2.5, 20.0, 1e5, 1e6, 1e9),
    bool: (False, True),
    str: ("none", "log1p", "amp_phase"),
    Path: (Path("a.npz"), Path("/d/b"), Path("training_outputs"), Path("inference_outputs")),
}
MAY_BE_PLACEHOLDERS = {"output_dir"}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Legal values of one field, None and the default among them."""
    names: tuple[Any, ...] = field.rule.choices or CANDIDATES[field.kind]
    legal = [value for value in names if field.name == "model_path" or field.rule.holds(value)]
    if field.optional and field.kind is not Path:
        legal.append(None)
    if field.name in MAY_BE_PLACEHOLDERS:
        legal.append(Path())
    assert len(legal) > 1 or field.name == "architecture", field.name
    return st.sampled_from(legal)


def configs_of(cls: Any) -> st.SearchStrategy[Any]:
    """Configurations of ``cls`` with every field drawn from its rule, all files given."""
    drawn = {field.name: values_of(field) for field in fields_of(cls) if field.kind is not ModelConfig}
    model = {} if cls is ModelConfig else {"model": configs_of(ModelConfig)}
    return st.fixed_dictionaries({**model, **drawn}).map(lambda values: cls(**values))


def silently(function: Any, *arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_images", category=DeprecationWarning)
        return function(*arguments)


@pytest.mark.filterwarnings("ignore:n_images:DeprecationWarning")
@settings(derandomize=True, max_examples=100, deadline=None)
@given(config=st.one_of(configs_of(TrainingConfig), configs_of(InferenceConfig)))
def test_there_and_back_is_the_same_configuration(config: TrainingConfig | InferenceConfig) -> None:
    before, cfg = copy.deepcopy(config), dict(legacy.cfg)
    configs, overrides = to_native(config)
    held = copy.deepcopy((configs, overrides))
    back = silently(to_canonical, configs, overrides)
    assert back == before
    assert dataclass_to_legacy_dict(back) == dataclass_to_legacy_dict(before)
    assert config == before
    assert (configs, overrides) == held
    assert legacy.cfg == cfg
    for part in (configs.data, configs.model, configs.training or configs.inference):
        require_rules(part, rules_of(type(part)))


def training(**changes: Any) -> TrainingConfig:
    model = ModelConfig(**changes.pop("model", {}))
    return TrainingConfig(model, train_data_file=Path("a"), test_data_file=Path("b"), **changes)


def inference(**changes: Any) -> InferenceConfig:
    return InferenceConfig(ModelConfig(), model_path=Path("m"), test_data_file=Path("t"), **changes)


@pytest.mark.parametrize("config", [training(), inference()], ids=["training", "inference"])
def test_both_frameworks_selectors_survive(config: Any) -> None:
    for config.backend in ("tensorflow", "pytorch"):
        assert to_canonical(*to_native(config)).backend == config.backend


def test_overrides_are_only_what_the_native_schema_cannot_hold() -> None:
    assert to_native(training(backend="pytorch"))[1] == {}
    config = training(nll_weight=0.7, mae_weight=0.3, n_subsample=99, output_dir=Path("o"), nepochs=3)
    assert to_native(config)[1] == {
        "backend": "tensorflow",
        "nll_weight": 0.7,
        "mae_weight": 0.3,
        "n_subsample": 99,
    }
    assert to_native(inference(backend="pytorch", neighbor_count=9))[1] == {
        "model_path": Path("m"),
        "test_data_file": Path("t"),
    }


def test_the_native_default_of_nphotons_survives_when_it_is_meant() -> None:
    configs, overrides = to_native(training(nphotons=1e5))
    assert (configs.data.nphotons, overrides["nphotons"]) == (1e5, 1e5)
    assert to_canonical(configs, overrides).nphotons == 1e5  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("canonical", "part", "name", "value"),
    [
        ({"model": {"model_type": "pinn"}}, "model", "mode", "Unsupervised"),
        ({"model": {"model_type": "supervised"}}, "model", "mode", "Supervised"),
        ({"model": {"gridsize": 3}}, "data", "grid_size", (3, 3)),
        ({"model": {"amp_activation": "swish"}}, "model", "amp_activation", "silu"),
        ({"nepochs": 7}, "training", "epochs", 7),
        ({"neighbor_count": 8}, "data", "K", 8),
        ({"nll_weight": 0.7}, "training", "nll", True),
        ({"nll_weight": 0.0}, "training", "nll", False),
        ({"torch_loss_mode": "MAE"}, "training", "torch_loss_mode", "mae"),
        ({"torch_loss_mode": "mae"}, "model", "loss_function", "MAE"),
        ({"torch_loss_mode": "poisson"}, "model", "loss_function", "Poisson"),
        ({"n_subsample": 99}, "data", "n_subsample", 7),
    ],
)
def test_inverses(canonical: dict[str, Any], part: str, name: str, value: Any) -> None:
    configs, _ = to_native(training(**canonical))
    held = getattr(getattr(configs, part), name)
    assert held == value
    assert type(held) is type(value)


@pytest.mark.parametrize("side", [1, 2, 3])
def test_channels_follow_the_gridsize(side: int) -> None:
    configs, _ = to_native(training(model={"gridsize": side}))
    assert (configs.data.C, configs.model.C_model, configs.model.C_forward) == (side**2,) * 3


def test_supervised_training_has_the_mae_loss_natively_and_stays_as_it_was() -> None:
    """Spec 0.2, D1 and D12: both native selectors are MAE, canonical and legacy values are the user's."""
    config = training(model={"model_type": "supervised"}, torch_loss_mode="poisson")
    before = copy.deepcopy(config)
    configs, overrides = to_native(config)
    assert configs.training is not None
    assert (configs.model.loss_function, configs.training.torch_loss_mode) == ("MAE", "mae")
    assert overrides["torch_loss_mode"] == "poisson"
    assert config == before
    assert to_canonical(configs, overrides) == before


def test_the_set_says_what_it_is_for() -> None:
    for config, part, other in (
        (training(), "training", "inference"),
        (inference(), "inference", "training"),
    ):
        configs, _ = to_native(config)
        assert getattr(configs, part) is not None
        assert getattr(configs, other) is None


def test_native_fields_without_a_canonical_one_keep_their_defaults() -> None:
    configs, _ = to_native(training())
    assert configs.training is not None
    assert configs.training.num_workers == native.TrainingConfig().num_workers
    assert configs.data.K_quadrant == native.DataConfig().K_quadrant
    assert to_native(inference())[0].inference == native.InferenceConfig()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"batch_size": 12}, r"TrainingConfig\.batch_size must be .*12"),
        ({"scheduler": "Cosine"}, r"TrainingConfig\.scheduler must be .*'Cosine'"),
        ({"n_groups": 0}, r"TrainingConfig\.n_groups must be .*0"),
        ({"model": {"N": 100}}, r"ModelConfig\.N must be .*100"),
        ({"model": {"amp_activation": "tanh"}}, r"ModelConfig\.amp_activation must be .*'tanh'"),
    ],
)
def test_what_is_out_of_range_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        to_native(training(**change))


def test_what_is_no_configuration_is_refused() -> None:
    with pytest.raises(TypeError, match="expected TrainingConfig or InferenceConfig, got ModelConfig"):
        to_native(ModelConfig())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"TrainingConfig\.model must be a ModelConfig, got \{'N': 64\}"):
        to_native(TrainingConfig({"N": 64}))  # type: ignore[arg-type]
