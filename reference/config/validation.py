"""What makes a canonical configuration valid, as tables of rules.

``FIELD_RULES`` has one rule for each field, ``CROSS_RULES`` those that join fields; both are data, so
that documentation can be made from them.  The rules are those of spec ``config.md`` 1.1 to 1.3,
stricter where it asks for it: enumerations, finite numbers, positive counts, whole numbers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from .canonical import InferenceConfig, ModelConfig, TrainingConfig, is_given

ARCHIVE_NAME = "wts.h5.zip"
DOCUMENTED_SIZES = (64, 128, 256)


@dataclass(frozen=True)
class Rule:
    """What one field may hold: ``allowed`` completes "must be ...", ``holds`` decides."""

    allowed: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True)
class CrossRule:
    """What ``field`` may hold given its neighbours; ``holds`` sees the whole configuration."""

    field: str
    allowed: str
    holds: Callable[[Any], bool]


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    real = isinstance(value, Real) and not isinstance(value, bool)
    return real and bool(abs(value) < math.inf)  # False for NaN


def _is_path(value: Any) -> bool:
    return isinstance(value, PurePath | str)


def _is_power_of_two(value: Any) -> bool:
    return _is_integer(value) and value > 0 and (int(value) & (int(value) - 1)) == 0


def _finds_archive(value: Any) -> bool:
    if not _is_path(value) or not is_given(value):
        return False
    path = Path(value)
    if path.is_dir():
        return (path / ARCHIVE_NAME).is_file()
    candidates = [path, path.parent / f"{path.stem}.zip"]
    if path.name == Path(ARCHIVE_NAME).stem:
        candidates.append(path.parent / ARCHIVE_NAME)
    return any(candidate.is_file() for candidate in candidates)


def _or_none(rule: Rule) -> Rule:
    return Rule(f"{rule.allowed}, or None", lambda value: value is None or rule.holds(value))


def _one_of(*names: str) -> Rule:
    allowed = " or ".join(repr(name) for name in names) if len(names) < 3 else f"one of {names}"
    return Rule(allowed, lambda value: isinstance(value, str) and value in names)


FINITE = Rule("a finite number", _is_finite)
POSITIVE = Rule("a finite number > 0", lambda value: _is_finite(value) and value > 0)
NON_NEGATIVE = Rule("a finite number >= 0", lambda value: _is_finite(value) and value >= 0)
FRACTION = Rule("a number in [0, 1]", lambda value: _is_finite(value) and 0 <= value <= 1)
DECAY = Rule("a number in [0, 1)", lambda value: _is_finite(value) and 0 <= value < 1)
INNER_FRACTION = Rule("a number in (0, 1)", lambda value: _is_finite(value) and 0 < value < 1)
COUNT = Rule("an integer >= 1", lambda value: _is_integer(value) and value >= 1)
COUNT_FROM_ZERO = Rule("an integer >= 0", lambda value: _is_integer(value) and value >= 0)
POWER_OF_TWO = Rule("a positive integer power of two", _is_power_of_two)
PATTERN_SIZE = Rule(f"an integer power of two, of which {DOCUMENTED_SIZES} are documented", _is_power_of_two)
BOOLEAN = Rule("True or False", lambda value: isinstance(value, bool | np.bool_))
PATH = Rule("a path or a string", _is_path)
ARCHIVE = Rule(
    f"a directory that contains {ARCHIVE_NAME}, an archive file, or the path of one without its .zip",
    _finds_archive,
)
CARRIED = Rule("anything: it is carried, not interpreted", lambda _value: True)
MODEL = Rule("a ModelConfig", lambda value: isinstance(value, ModelConfig))
BACKEND = _one_of("tensorflow", "pytorch")
LOSS_MODE = Rule(
    "'poisson' or 'mae', in any case",
    lambda value: isinstance(value, str) and value.lower() in ("poisson", "mae"),
)

FIELD_RULES: Mapping[type, Mapping[str, Rule]] = {
    ModelConfig: {
        "N": PATTERN_SIZE,
        "gridsize": COUNT,
        "n_filters_scale": COUNT,
        "model_type": _one_of("pinn", "supervised"),
        "architecture": _one_of("cnn"),
        "fno_modes": CARRIED,
        "fno_width": CARRIED,
        "fno_blocks": CARRIED,
        "fno_cnn_blocks": CARRIED,
        "learned_input_channels": CARRIED,
        "max_hidden_channels": CARRIED,
        "resnet_width": CARRIED,
        "fno_input_transform": CARRIED,
        "generator_output_mode": CARRIED,
        "amp_activation": _one_of("sigmoid", "swish", "softplus", "relu"),
        "object_big": BOOLEAN,
        "probe_big": BOOLEAN,
        "probe_mask": BOOLEAN,
        "probe_mask_sigma": NON_NEGATIVE,
        "probe_mask_diameter": _or_none(POSITIVE),
        "pad_object": BOOLEAN,
        "probe_scale": POSITIVE,
        "gaussian_smoothing_sigma": NON_NEGATIVE,
    },
    TrainingConfig: {
        "model": MODEL,
        "train_data_file": _or_none(PATH),
        "test_data_file": _or_none(PATH),
        "batch_size": POWER_OF_TWO,
        "nepochs": COUNT,
        "mae_weight": FRACTION,
        "nll_weight": FRACTION,
        "realspace_mae_weight": NON_NEGATIVE,
        "realspace_weight": NON_NEGATIVE,
        "nphotons": POSITIVE,
        "n_groups": COUNT,
        "n_images": _or_none(COUNT),
        "n_subsample": _or_none(COUNT),
        "subsample_seed": _or_none(COUNT_FROM_ZERO),
        "neighbor_count": COUNT,
        "enable_oversampling": BOOLEAN,
        "neighbor_pool_size": _or_none(COUNT),
        "positions_provided": BOOLEAN,
        "probe_trainable": BOOLEAN,
        "intensity_scale_trainable": BOOLEAN,
        "output_dir": PATH,
        "sequential_sampling": BOOLEAN,
        "backend": BACKEND,
        "torch_loss_mode": LOSS_MODE,
        "torch_mae_pred_l2_match_target": BOOLEAN,
        "gradient_clip_val": _or_none(POSITIVE),
        "gradient_clip_algorithm": _one_of("norm", "value", "agc"),
        "optimizer": _one_of("adam", "adamw", "sgd"),
        "momentum": DECAY,
        "weight_decay": NON_NEGATIVE,
        "adam_beta1": DECAY,
        "adam_beta2": DECAY,
        "scheduler": _one_of("Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau"),
        "lr_warmup_epochs": COUNT_FROM_ZERO,
        "lr_min_ratio": FRACTION,
        "plateau_factor": INNER_FRACTION,
        "plateau_patience": COUNT_FROM_ZERO,
        "plateau_min_lr": NON_NEGATIVE,
        "plateau_threshold": NON_NEGATIVE,
    },
    InferenceConfig: {
        "model": MODEL,
        "model_path": ARCHIVE,
        "test_data_file": _or_none(PATH),
        "n_groups": _or_none(COUNT),
        "n_images": _or_none(COUNT),
        "n_subsample": _or_none(COUNT),
        "subsample_seed": _or_none(COUNT_FROM_ZERO),
        "neighbor_count": COUNT,
        "enable_oversampling": BOOLEAN,
        "neighbor_pool_size": _or_none(COUNT),
        "debug": BOOLEAN,
        "output_dir": PATH,
        "backend": BACKEND,
    },
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


def _check(config: object, owner: type) -> None:
    if not isinstance(config, owner):
        raise TypeError(f"expected {owner.__name__}, got {type(config).__name__}")
    for name, rule in FIELD_RULES[owner].items():
        _require(rule.holds(getattr(config, name)), config, owner, name, rule.allowed)
        if rule is MODEL:
            _check(getattr(config, name), ModelConfig)
    for cross in CROSS_RULES[owner]:
        _require(cross.holds(config), config, owner, cross.field, cross.allowed)


def _require(held: bool, config: object, owner: type, name: str, allowed: str) -> None:
    if not held:
        raise ValueError(f"{owner.__name__}.{name} must be {allowed}, got {getattr(config, name)!r}")


def _warn_undocumented_size(model: ModelConfig) -> None:
    if model.N not in DOCUMENTED_SIZES:
        warnings.warn(
            f"ModelConfig.N={model.N} is outside the documented sizes {DOCUMENTED_SIZES}",
            UserWarning,
            stacklevel=3,  # to whoever called the validator
        )
