"""Which native field each canonical field comes from, and how the value changes on the way.

``MODEL_SOURCES``, ``TRAINING_SOURCES`` and ``INFERENCE_SOURCES`` have one row for each canonical field that
has a native counterpart; ``INAPPLICABLE`` lists the others, with the reason (spec ``config.md`` 4.1 to 4.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .rules import SCHEDULER, is_integer

_MODEL_TYPES = {"Unsupervised": "pinn", "Supervised": "supervised"}
_ACTIVATIONS = {"silu": "swish", "SiLU": "swish"} | {
    name: name for name in ("swish", "sigmoid", "softplus", "relu")
}


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Source:
    """The native field that a canonical field comes from.

    Attributes:
        target: canonical field.
        part: attribute of `NativeConfigs` that holds the native field.
        field: native field.
        forward: native value to canonical value; raises ValueError where there is none.
        inverse: canonical value to native value.
    """

    target: str
    part: str
    field: str
    forward: Callable[[Any], Any] = _same
    inverse: Callable[[Any], Any] = _same


def _truth(toggle: Any) -> bool:
    """A probe mask toggle: None is off, truth values are themselves, any array is on."""
    if toggle is None:
        return False
    scalar = isinstance(toggle, bool | int | float | np.generic)
    return bool(toggle) if scalar else True


def _gridsize(value: Any) -> int:
    try:
        rows, columns = value
    except (TypeError, ValueError):
        raise ValueError(f"grid_size must be a pair of equal integers >= 1, got {value!r}") from None
    if not all(is_integer(side) and side >= 1 for side in (rows, columns)):
        raise ValueError(f"grid_size must be a pair of equal integers >= 1, got {value!r}")
    if rows != columns:
        raise ValueError(f"Non-square grids are not supported: grid_size must be square, got {value!r}")
    return int(rows)


def _model_type(mode: Any) -> str:
    if mode not in _MODEL_TYPES:
        raise ValueError(f"Invalid mode {mode!r}: mode must be {' or '.join(map(repr, _MODEL_TYPES))}")
    return _MODEL_TYPES[mode]


def _any_model_type(value: Any) -> str:
    """Either spelling: overrides may use the native one."""
    return value if value in _MODEL_TYPES.values() else _model_type(value)


def _activation(value: Any) -> str:
    if not isinstance(value, str) or value not in _ACTIVATIONS:
        raise ValueError(
            f"Unknown activation {value!r}: amp_activation must be one of {', '.join(_ACTIVATIONS)}"
        )
    return _ACTIVATIONS[value]


def _scheduler(value: Any) -> str:
    if not SCHEDULER.holds(value):
        raise ValueError(f"scheduler must be {SCHEDULER.allowed}, got {value!r}")
    return str(value)


def _path(value: Any) -> Any:
    return Path(value) if isinstance(value, str) else value


def _output_dir(value: Any) -> Path:
    return Path(value) if value else Path("training_outputs")


def _identities(part: str, names: str) -> tuple[Source, ...]:
    return tuple(Source(name, part, name) for name in names.split())


MODEL_SOURCES: tuple[Source, ...] = (
    Source("gridsize", "data", "grid_size", _gridsize, lambda side: (side, side)),
    Source("model_type", "model", "mode", _model_type, {v: k for k, v in _MODEL_TYPES.items()}.get),
    Source("amp_activation", "model", "amp_activation", _activation, lambda x: "silu" if x == "swish" else x),
    *_identities("data", "N probe_scale"),
    # probe_mask has a second source, probe_mask_tensor; see `to_model_config`.
    Source("probe_mask", "model", "probe_mask", _truth),
    *_identities("model", "architecture n_filters_scale object_big probe_big pad_object"),
    *_identities("model", "probe_mask_sigma probe_mask_diameter gaussian_smoothing_sigma"),
    *_identities("model", "fno_modes fno_width fno_blocks fno_cnn_blocks learned_input_channels"),
    *_identities("model", "max_hidden_channels resnet_width fno_input_transform generator_output_mode"),
)
TRAINING_SOURCES: tuple[Source, ...] = (
    *_identities("data", "nphotons subsample_seed"),
    Source("neighbor_count", "data", "K"),
    *_identities("model", "intensity_scale_trainable"),
    Source("nepochs", "training", "epochs"),
    Source("nll_weight", "training", "nll", lambda on: 1.0 if on else 0.0, lambda weight: weight > 0),
    Source("train_data_file", "training", "train_data_file", _path),
    Source("test_data_file", "training", "test_data_file", _path),
    Source("output_dir", "training", "output_dir", _output_dir),
    Source("scheduler", "training", "scheduler", _scheduler),
    Source("torch_loss_mode", "training", "torch_loss_mode", _same, str.lower),
    *_identities("training", "batch_size n_groups torch_mae_pred_l2_match_target"),
    *_identities("training", "gradient_clip_val gradient_clip_algorithm optimizer momentum weight_decay"),
    *_identities("training", "adam_beta1 adam_beta2 lr_warmup_epochs lr_min_ratio"),
    *_identities("training", "plateau_factor plateau_patience plateau_min_lr plateau_threshold"),
)
INFERENCE_SOURCES: tuple[Source, ...] = (
    *_identities("data", "subsample_seed"),
    Source("neighbor_count", "data", "K"),
)

_SAMPLING = "the native n_subsample means something else, and grouping is one computation for all backends"
_PLACE = "where things are is not part of the native schema of inference"
INAPPLICABLE: Mapping[str, str] = {
    "mae_weight": "the native loss is chosen by torch_loss_mode",
    "realspace_mae_weight": "the native schema has no object-space loss",
    "realspace_weight": "the native schema has no object-space loss",
    "positions_provided": "nothing reads it",
    "probe_trainable": "the native schema has no such switch",
    "sequential_sampling": _SAMPLING,
    "n_subsample": _SAMPLING,
    "n_images": "deprecated name of n_groups",
    "enable_oversampling": _SAMPLING,
    "neighbor_pool_size": _SAMPLING,
    "backend": "always pytorch",
    "model_path": _PLACE,
    "debug": "diagnostics are not part of the native schema",
}
"""Canonical fields without a native counterpart: adapter default, or an override (spec 4.4)."""

INAPPLICABLE_TO_INFERENCE: Mapping[str, str] = {
    "test_data_file": _PLACE,
    "n_groups": "only the native training holds a count of groups",
    "output_dir": _PLACE,
}
"""Fields of an ``InferenceConfig`` that only a training has natively."""

OVERRIDE_SPELLINGS: Mapping[str, Callable[[Any], Any]] = {
    "model_type": _any_model_type,
    "amp_activation": _activation,
    **dict.fromkeys(("train_data_file", "test_data_file", "model_path", "output_dir"), _path),
}
"""How an override of a canonical field is brought to its canonical spelling."""
