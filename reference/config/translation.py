"""Between the native schema and the canonical configuration, both ways.

All functions are pure: they change nothing they are given, and the legacy dictionary is never touched
(spec ``config.md`` 4.4, 4.6, 4.8).  The tables that they follow are in `sources`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from . import native
from .canonical import CanonicalConfig, InferenceConfig, ModelConfig, TrainingConfig
from .native import NativeConfigs
from .paths import is_given
from .rules import Rule
from .schema import did_you_mean
from .sources import INFERENCE_SOURCES, MODEL_SOURCES, OVERRIDE_SPELLINGS, TRAINING_SOURCES, Source
from .validation import FIELD_RULES, require_rules

Overrides = Mapping[str, Any]
Config = TypeVar("Config", ModelConfig, TrainingConfig, InferenceConfig)


def to_model_config(
    data: native.DataConfig, model: native.ModelConfig, overrides: Overrides | None = None
) -> ModelConfig:
    """The canonical model of native data and model configurations (spec ``config.md`` 4.4).

    Overrides are canonical fields; each replaces the translated value, after the same normalisation.

    Raises:
        ValueError: grid that is not square, unknown mode or activation, or an override out of its range.
        TypeError: unknown override; the message suggests the nearest name.
    """
    given = _known(ModelConfig, overrides)
    values = _translated(MODEL_SOURCES, NativeConfigs(data, model), given)
    if model.probe_mask_tensor is not None and "probe_mask" not in given:
        values["probe_mask"] = True
    return _built(ModelConfig, values, given)


def to_training_config(
    model: ModelConfig,
    data: native.DataConfig,
    native_model: native.ModelConfig,
    native_training: native.TrainingConfig,
    overrides: Overrides | None = None,
) -> TrainingConfig:
    """The canonical training configuration around ``model``; its backend is pytorch (spec 4.4, 4.6).

    Warns:
        UserWarning: no ``test_data_file``.

    Raises:
        ValueError: ``nphotons`` left at the native default, no ``n_groups``, no ``train_data_file``, a
            scheduler that cannot be translated, or an override out of its range.
        TypeError: unknown override; the message suggests the nearest name.
    """
    given = _known(TrainingConfig, overrides)
    default = native.DataConfig().nphotons
    if data.nphotons == default and given.get("nphotons") is None:
        raise ValueError(
            f"nphotons default divergence: native {default:g}, canonical {TrainingConfig.nphotons:g}; "
            "say which is meant with overrides, for example nphotons=1e9"
        )
    configs = NativeConfigs(data, native_model, training=native_training)
    values = {"model": model, "backend": "pytorch", **_translated(TRAINING_SOURCES, configs, given)}
    if values["n_groups"] is None:
        raise ValueError("n_groups is None; give it in the native training or in overrides, as n_groups=512")
    if not is_given(values["test_data_file"]):
        warnings.warn(
            "test_data_file is not given; evaluation and inference will need it", UserWarning, stacklevel=2
        )
    _require_path(values, "train_data_file", "train.npz")
    return _built(TrainingConfig, values, given)


def to_inference_config(
    model: ModelConfig,
    data: native.DataConfig,
    native_inference: native.InferenceConfig,  # noqa: ARG001 - nothing of it is translated
    overrides: Overrides | None = None,
) -> InferenceConfig:
    """The canonical inference configuration around ``model``; its backend is pytorch (spec 4.4, 4.6).

    Raises:
        ValueError: no ``model_path`` or no ``test_data_file`` in ``overrides``, or one out of its range.
        TypeError: unknown override; the message suggests the nearest name.
    """
    given = _known(InferenceConfig, overrides)
    _require_path(given, "model_path", "trained_model")
    _require_path(given, "test_data_file", "test.npz")
    configs = NativeConfigs(data, native.ModelConfig())
    values = {"model": model, "backend": "pytorch", **_translated(INFERENCE_SOURCES, configs, given)}
    return _built(InferenceConfig, values, given)


def to_canonical(
    configs: NativeConfigs, overrides: Overrides | None = None
) -> TrainingConfig | InferenceConfig:
    """Translate a whole set; overrides of the model and of the rest come in one mapping.

    Raises:
        ValueError: not exactly one of ``training`` and ``inference``; else as the three functions above.
        TypeError: unknown override.
    """
    if (configs.training is None) == (configs.inference is None):
        raise ValueError("native configurations must hold exactly one of training and inference")
    outer_class = InferenceConfig if configs.training is None else TrainingConfig
    names = _names(ModelConfig)
    given = _known(outer_class, overrides, also=names)
    inner = {name: value for name, value in given.items() if name in names}
    outer = {name: value for name, value in given.items() if name not in names}
    model = to_model_config(configs.data, configs.model, inner)
    if configs.training is not None:
        return to_training_config(model, configs.data, configs.model, configs.training, outer)
    return to_inference_config(model, configs.data, configs.inference or native.InferenceConfig(), outer)


def to_native(config: TrainingConfig | InferenceConfig) -> tuple[NativeConfigs, dict[str, Any]]:
    """The native configurations of a canonical one, and what they cannot hold (spec ``config.md`` 4.8).

    The second value are overrides: ``to_canonical(*to_native(config)) == config`` where the required
    files are given.  Channels follow from the gridsize; supervised training has the MAE loss.

    Raises:
        ValueError: a field out of its range.
        TypeError: not a training or inference configuration.
    """
    if not isinstance(config, TrainingConfig | InferenceConfig):
        raise TypeError(f"expected TrainingConfig or InferenceConfig, got {type(config).__name__}")
    require_rules(config, _rules(TrainingConfig if isinstance(config, TrainingConfig) else InferenceConfig))
    require_rules(config.model, FIELD_RULES[ModelConfig])
    configs = NativeConfigs(native.DataConfig(), native.ModelConfig())
    if isinstance(config, TrainingConfig):
        configs.training, sources = native.TrainingConfig(), TRAINING_SOURCES
    else:
        configs.inference, sources = native.InferenceConfig(), INFERENCE_SOURCES
    for owner, table in ((config.model, MODEL_SOURCES), (config, sources)):
        for source in table:
            value = source.inverse(getattr(owner, source.target))
            setattr(getattr(configs, source.part), source.field, value)
    _derive(configs)
    return configs, _lost(config.model, MODEL_SOURCES, configs) | _lost(config, sources, configs)


def _derive(configs: NativeConfigs) -> None:
    """Set what follows from other native fields: channels and losses."""
    rows, columns = configs.data.grid_size
    configs.data.C = configs.model.C_model = configs.model.C_forward = rows * columns
    if configs.training is not None:
        if configs.model.mode == "Supervised":
            configs.training.torch_loss_mode = "mae"
        configs.model.loss_function = "MAE" if configs.training.torch_loss_mode == "mae" else "Poisson"


def _lost(config: CanonicalConfig, sources: tuple[Source, ...], configs: NativeConfigs) -> dict[str, Any]:
    """Fields of ``config`` that a translation of ``configs`` would not give back."""
    back = {"backend": "pytorch"} | _translated(sources, configs, {})
    here = {item.name: _spelled(item.name, getattr(config, item.name)) for item in fields(config)}
    return {
        item.name: here[item.name]
        for item in fields(config)
        if item.name != "model"
        and (here[item.name] != back.get(item.name, item.default) or _is_guarded(item.name, here[item.name]))
    }


def _is_guarded(name: str, value: Any) -> bool:
    """Whether the native default stands for "not chosen", so that choosing it takes an override."""
    return name == "nphotons" and value == native.DataConfig().nphotons


def _rules(cls: type) -> dict[str, Rule]:
    """Rules of the values themselves; whether an archive exists is for those who open it."""
    return {name: rule for name, rule in FIELD_RULES[cls].items() if name != "model_path"}


def _names(cls: type) -> tuple[str, ...]:
    """What may be overridden: every field but the nested model."""
    return tuple(item.name for item in fields(cls) if item.name != "model")


def _known(cls: type, overrides: Overrides | None, also: tuple[str, ...] = ()) -> Overrides:
    """``overrides``, whose names are all fields of ``cls`` or in ``also``."""
    names = (*_names(cls), *also)
    for name in overrides or {}:
        if name not in names:
            raise TypeError(f"{cls.__name__} has no field {name!r} to override{did_you_mean(name, names)}")
    return overrides or {}


def _translated(sources: tuple[Source, ...], configs: NativeConfigs, given: Overrides) -> dict[str, Any]:
    """Canonical values in the order of the table, which is that of its errors.

    A native value that is overridden is not looked at.
    """
    return {
        source.target: _spelled(source.target, given[source.target])
        if source.target in given
        else source.forward(getattr(getattr(configs, source.part), source.field))
        for source in sources
    }


def _spelled(name: str, value: Any) -> Any:
    """A value in its canonical spelling; None stays None."""
    return value if value is None or name not in OVERRIDE_SPELLINGS else OVERRIDE_SPELLINGS[name](value)


def _require_path(values: Overrides, name: str, example: str) -> None:
    if not is_given(values.get(name)):
        raise ValueError(f"{name} is required; give it in overrides, for example {name}='{example}'")


def _built(cls: type[Config], values: Overrides, given: Overrides) -> Config:
    """The configuration, its overrides held against their rules."""
    config = cls(**{**values, **{name: _spelled(name, value) for name, value in given.items()}})
    rules = _rules(cls)
    require_rules(config, {name: rules[name] for name in given if name in rules})
    return config
