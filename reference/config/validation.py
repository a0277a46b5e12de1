"""Whether a canonical configuration makes sense.

``FIELD_RULES`` has one rule for each field, read from its annotation; ``CROSS_RULES`` are those that join
fields.  The rules are those of spec ``config.md`` 1.1 to 1.3, stricter where it asks for it: enumerations,
finite numbers, positive counts, whole numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .canonical import InferenceConfig, ModelConfig, TrainingConfig
from .rules import DOCUMENTED_SIZES, Rule
from .schema import did_you_mean, fields_of


@dataclass(frozen=True)
class CrossRule:
    """What ``field`` may hold given its neighbours; ``holds`` sees the whole configuration."""

    field: str
    allowed: str
    holds: Callable[[Any], bool]


def rules_of(cls: type) -> Mapping[str, Rule]:
    """Field name to rule, in the order of the fields."""
    return {field.name: field.rule for field in fields_of(cls)}


FIELD_RULES: Mapping[type, Mapping[str, Rule]] = {
    cls: rules_of(cls) for cls in (ModelConfig, TrainingConfig, InferenceConfig)
}

# A pool left at None falls back to neighbor_count, whose relation to gridsize is for grouping to check.
_POOL = CrossRule(
    "neighbor_pool_size",
    "at least gridsize squared where enable_oversampling is True",
    lambda config: (
        not config.enable_oversampling
        or config.neighbor_pool_size is None
        or config.neighbor_pool_size >= config.model.gridsize**2
    ),
)

CROSS_RULES: Mapping[type, tuple[CrossRule, ...]] = {
    ModelConfig: (),
    TrainingConfig: (
        CrossRule(
            "realspace_mae_weight",
            "0 unless realspace_weight > 0",
            lambda config: config.realspace_mae_weight == 0 or config.realspace_weight > 0,
        ),
        _POOL,
        # Supervised training computes MAE whatever torch_loss_mode says.
        CrossRule(
            "torch_mae_pred_l2_match_target",
            "False unless torch_loss_mode is 'mae' or model_type is 'supervised'",
            lambda config: (
                not config.torch_mae_pred_l2_match_target
                or config.torch_loss_mode.lower() == "mae"
                or config.model.model_type == "supervised"
            ),
        ),
    ),
    InferenceConfig: (_POOL,),
}


def validate_model_config(config: ModelConfig) -> None:
    """Check a model configuration against spec ``config.md`` 1.1.

    A power of two outside 64, 128 and 256 is a valid ``N`` that draws a ``UserWarning``.

    Raises:
        ValueError: the first field out of its range, with its value and what is allowed.
        TypeError: not a ModelConfig.
    """
    _check(config, ModelConfig)
    _warn_undocumented_size(config)


def validate_training_config(config: TrainingConfig) -> None:
    """Check a training configuration and its model against spec ``config.md`` 1.1 and 1.2.

    Paths are not looked up: data may be given in memory.

    Raises:
        ValueError: the first field out of its range, with its value and what is allowed.
        TypeError: not a TrainingConfig.
    """
    _check(config, TrainingConfig)
    _warn_undocumented_size(config.model)


def validate_inference_config(config: InferenceConfig) -> None:
    """Check an inference configuration and its model against spec ``config.md`` 1.1 and 1.3.

    The archive at ``model_path`` must exist; ``test_data_file`` is not looked up.

    Raises:
        ValueError: the first field out of its range, with its value and what is allowed.
        TypeError: not an InferenceConfig.
    """
    _check(config, InferenceConfig)
    _warn_undocumented_size(config.model)


def require_rules(config: object, rules: Mapping[str, Rule]) -> None:
    """Hold every field of ``config`` that ``rules`` names against its rule.

    Raises:
        ValueError: the first field out of its range, with its value and what is allowed.
    """
    for name, rule in rules.items():
        if not rule.holds(getattr(config, name)):
            raise _refusal(config, name, rule.allowed, rule.choices)


def require_cross_rules(config: object, rules: Iterable[CrossRule]) -> None:
    """Hold ``config`` against rules that join fields.

    Raises:
        ValueError: the first one broken, with the field's value and what is allowed.
    """
    for rule in rules:
        if not rule.holds(config):
            raise _refusal(config, rule.field, rule.allowed)


def _check(config: object, owner: type) -> None:
    if not isinstance(config, owner):
        raise TypeError(f"expected {owner.__name__}, got {type(config).__name__}")
    require_rules(config, FIELD_RULES[owner])
    if isinstance(config, TrainingConfig | InferenceConfig):
        _check(config.model, ModelConfig)
    require_cross_rules(config, CROSS_RULES[owner])


def _refusal(config: object, name: str, allowed: str, choices: Iterable[str] = ()) -> ValueError:
    value = getattr(config, name)
    near = did_you_mean(value, choices) if isinstance(value, str) else ""
    return ValueError(f"{type(config).__name__}.{name} must be {allowed}, got {value!r}{near}")


def _warn_undocumented_size(model: ModelConfig) -> None:
    if model.N not in DOCUMENTED_SIZES:
        warnings.warn(
            f"ModelConfig.N={model.N} is outside the documented sizes {DOCUMENTED_SIZES}",
            UserWarning,
            stacklevel=3,  # to whoever called the validator
        )
