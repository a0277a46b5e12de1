"""What an override means: a canonical field, under its own or its native name, or a purely native one.

Overrides are settled canonical first (spec ``config.md`` 4.7): whatever has a canonical field is brought
there, so that the legacy dictionary says it too; only the rest goes straight to the native configurations.
``n_subsample`` is the canonical one, a count of patterns; the native field of that name cannot be overridden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePath
from typing import Any, TypeVar

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig, is_given, native
from ptychoparity.reference.config.layers import leaf_fields
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.config.rules import PATH, Rule
from ptychoparity.reference.config.schema import did_you_mean
from ptychoparity.reference.config.sources import (
    INFERENCE_SOURCES,
    MODEL_SOURCES,
    OVERRIDE_SPELLINGS,
    TRAINING_SOURCES,
    Source,
)
from ptychoparity.reference.config.translation import to_native
from ptychoparity.reference.config.validation import rules_of

Config = TypeVar("Config", TrainingConfig, InferenceConfig)

ALIASES: Mapping[str, str] = {"max_epochs": "epochs"}
"""Further names of native fields."""

DERIVED: Mapping[str, str] = {
    **dict.fromkeys(("C", "C_model", "C_forward"), "gridsize"),
    "loss_function": "torch_loss_mode and model_type",
}
"""Native fields that follow from others, and from which."""

PATHS = ("train_data_file", "test_data_file", "model_path", "output_dir")
NONE_IS_MISSING = ("N", "nphotons", "n_groups")
"""Fields without a None of their own: as an override it counts as not given (spec ``config.md`` 4.4)."""

FED = ("learning_rate", "gradient_clip_val")
"""Fields of an execution configuration that reach the native training configuration (spec 4.4)."""

_SHOWN = 60


@dataclass(frozen=True)
class Given:
    """Overrides, sorted.

    Attributes:
        canonical: canonical field to value, in its canonical spelling.
        native: field that only the native schema has, to value.
    """

    canonical: dict[str, Any] = field(default_factory=dict)
    native: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Name:
    """Where one name leads.

    Attributes:
        target: canonical field, or None.
        part: attribute of `NativeConfigs` where it is a native field that has no canonical one.
        rule: what the value must satisfy, once ``spelled``.
        native_rule: what it must satisfy as given, where the name is a native field's.
    """

    target: str | None
    part: str
    rule: Rule
    spelled: Callable[[Any], Any] | None = None
    native_rule: Rule | None = None


def sort_overrides(pairs: Iterable[tuple[str, Any]], cls: type) -> Given:
    """Bring overrides of a configuration of class ``cls`` to canonical fields, the rest to native ones.

    Placeholder paths count as not given, and so does None for ``N``, ``nphotons`` and ``n_groups``.

    Args:
        pairs: names and values; a name may come twice with the same value.
        cls: TrainingConfig or InferenceConfig.

    Raises:
        ValueError: names that are no fields, all of them in one message; two names of one field with
            different values; a value out of its range.
    """
    pairs, names = list(pairs), _names(cls)
    _refuse_unknown((name for name, _ in pairs), names)
    given, spelling = Given(), dict[str, str]()
    for name, value in pairs:
        entry = names[name]
        target = entry.target or ALIASES.get(name, name)
        if _is_missing(target, value):
            continue
        taken = _taken(name, entry, value)
        held = given.canonical if entry.target else given.native
        if target in held and not _same(held[target], taken):
            raise ValueError(
                f"{target} is given twice: {spelling[target]}={_shown(held[target])} and "
                f"{name}={_shown(taken)}; give one of them"
            )
        held[target], spelling[target] = taken, name
    _mask_from_tensor(given)
    return given


def with_overrides(config: Config, overrides: Mapping[str, Any] | None) -> Config:
    """``config``, or a copy in which the canonical fields among ``overrides`` are replaced.

    Raises:
        ValueError: as `sort_overrides`.
    """
    values = sort_overrides((overrides or {}).items(), type(config)).canonical
    if not values:
        return config
    if "n_images" in values:
        values.setdefault("n_groups", None)  # the configuration copies its deprecated name, and warns
    inner = {item.name: values.pop(item.name) for item in fields(ModelConfig) if item.name in values}
    return replace(config, model=replace(config.model, **inner), **values)


def native_configs(
    config: TrainingConfig | InferenceConfig,
    overrides: Mapping[str, Any] | None = None,
    execution: PyTorchExecutionConfig | None = None,
) -> NativeConfigs:
    """The native configurations of ``config``; the legacy dictionary is neither read nor written.

    ``learning_rate`` and ``gradient_clip_val`` come from ``overrides``, else from ``execution``, else from
    ``config`` and the native default (spec ``config.md`` 4.4).

    Args:
        config: canonical; the canonical fields among ``overrides`` are already in it (`with_overrides`).
        overrides: as the user gave them.
        execution: of which None settings have no say.

    Raises:
        ValueError: as `sort_overrides`, or an override that contradicts what a field is derived from.
    """
    given = sort_overrides((overrides or {}).items(), type(config))
    configs, _ = to_native(config)
    if configs.training is not None and execution is not None:
        for name in FED:
            value = getattr(execution, name)
            if value is not None and name not in given.canonical:
                setattr(configs.training, name, value)
    names = _names(type(config))
    for name, value in given.native.items():
        part = getattr(configs, names[name].part)
        if name in DERIVED and getattr(part, name) != value:
            raise ValueError(
                f"override {name}={_shown(value)} contradicts {getattr(part, name)!r}, which follows from "
                f"{DERIVED[name]}; leave {name} out"
            )
        setattr(part, name, value)
    return configs


def _names(cls: type) -> dict[str, _Name]:
    """Every name that an override of ``cls`` may have."""
    inference = issubclass(cls, InferenceConfig)
    parts = {"data": native.DataConfig, "model": native.ModelConfig} | (
        {"inference": native.InferenceConfig} if inference else {"training": native.TrainingConfig}
    )
    sources = MODEL_SOURCES + (INFERENCE_SOURCES if inference else TRAINING_SOURCES)
    rules = {part: rules_of(owner) for part, owner in parts.items()}
    names = {name: _Name(None, part, rule) for part, held in rules.items() for name, rule in held.items()}
    canonical = {
        name: _Name(name, "", PATH if name in PATHS else item.rule, OVERRIDE_SPELLINGS.get(name))
        for name, (_, item) in leaf_fields(cls).items()
    }
    renamed = {
        source.field: _renamed(source, canonical[source.target], rules[source.part][source.field])
        for source in sources
        if source.field != source.target
    }
    names |= renamed | canonical
    return names | {alias: names[name] for alias, name in ALIASES.items() if name in names}


def _renamed(source: Source, canonical: _Name, rule: Rule) -> _Name:
    """A native name of a canonical field; where overrides may be spelled either way, its own rule is void."""
    either = OVERRIDE_SPELLINGS.get(source.target)
    return _Name(source.target, "", canonical.rule, either or source.forward, None if either else rule)


def _refuse_unknown(given: Iterable[str], names: Iterable[str]) -> None:
    known = sorted(names)
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"unknown overrides: {', '.join(_hinted(name, known) for name in unknown)}")


def _hinted(name: str, known: Iterable[str]) -> str:
    if name in {item.name for item in fields(PyTorchExecutionConfig)}:
        return f"{name!r} (belongs in the execution configuration)"
    hint = did_you_mean(str(name), known).removeprefix("; ")
    return f"{name!r} ({hint})" if hint else repr(name)


def _is_missing(target: str, value: Any) -> bool:
    if target in PATHS:
        return value is None or (PATH.holds(value) and not is_given(value))
    return value is None and target in NONE_IS_MISSING


def _taken(name: str, entry: _Name, value: Any) -> Any:
    try:
        taken = value if entry.spelled is None else entry.spelled(value)
    except ValueError as error:
        raise ValueError(f"override {name}: {error}") from error
    except TypeError as error:
        raise ValueError(f"override {name} must be {entry.rule.allowed}, got {_shown(value)}") from error
    as_given = entry.native_rule or entry.rule
    for rule, held in ((as_given, value if entry.native_rule else taken), (entry.rule, taken)):
        if not rule.holds(held):
            raise ValueError(f"override {name} must be {rule.allowed}, got {_shown(held)}")
    return taken


def _mask_from_tensor(given: Given) -> None:
    """A mask array switches the mask on, as it does natively."""
    if given.native.get("probe_mask_tensor") is None:
        return
    if given.canonical.get("probe_mask") is False:
        raise ValueError("probe_mask=False contradicts probe_mask_tensor; leave one of them out")
    given.canonical["probe_mask"] = True


def _same(first: Any, second: Any) -> bool:
    return first is second or bool(first == second)


def _shown(value: Any) -> str:
    """One short line, whatever the value."""
    plain = isinstance(value, str | int | float | PurePath | tuple | list | None)
    shown = repr(value) if plain else f"a {type(value).__name__}"
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
