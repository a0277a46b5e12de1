"""CFG: every pair of values of every two fields, from either side and there and back (``config.md`` 3, 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.conformance.case import Case, Scenario
from ptychoparity.conformance.scenarios.configuration_values import (
    ABSENT,
    MODEL,
    SENTINELS,
    bridge,
    inference,
    native_set,
    to_canonical,
    to_native,
    training,
)
from ptychoparity.fixtures.pairwise import covering_array
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, legacy

Row = dict[str, Any]

ONTO: Mapping[str, Mapping[str, Any]] = {"sentinels": SENTINELS, "pristine": legacy.LEGACY_DEFAULTS}
"""What a row is bridged onto: a dictionary without a value, and one whose values hide a missing write."""

SWITCH = (False, True)
_LOSS = {  # the rescaling belongs to the MAE loss alone, so that the two fields are one choice
    "poisson": {"torch_loss_mode": "poisson", "torch_mae_pred_l2_match_target": False},
    "mae": {"torch_loss_mode": "mae", "torch_mae_pred_l2_match_target": False},
    "matched": {"torch_loss_mode": "mae", "torch_mae_pred_l2_match_target": True},
}
_MODEL = {
    "N": (64, 128, 256),
    "gridsize": (1, 2, 3),
    "model_type": ("pinn", "supervised"),
    "amp_activation": ("sigmoid", "swish", "softplus", "relu"),
    "object_big": SWITCH,
    "probe_big": SWITCH,
    "probe_mask": SWITCH,
    "probe_mask_diameter": (None, 20.0),
    "pad_object": SWITCH,
}
_SAMPLING = {
    "n_subsample": (None, 99),
    "subsample_seed": (None, 0, 3),
    "enable_oversampling": SWITCH,
    "neighbor_pool_size": (None, 13),
    "backend": ("tensorflow", "pytorch"),
}
_OPTIMISATION = {
    "gradient_clip_val": (None, 1.0),
    "gradient_clip_algorithm": ("norm", "value", "agc"),
    "optimizer": ("adam", "adamw", "sgd"),
    "scheduler": ("Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau"),
}
_NATIVE_MODEL = {
    "data.N": (64, 128, 256),
    "data.grid_size": ((1, 1), (2, 2), (3, 3)),
    "data.K": (4, 6),
    "data.subsample_seed": (None, 0, 3),
    "model.mode": ("Unsupervised", "Supervised"),
    "model.amp_activation": ("silu", "SiLU", "swish", "sigmoid", "softplus", "relu"),
    "model.object_big": SWITCH,
    "model.probe_big": SWITCH,
    "model.probe_mask": (None, False, True),
    "model.probe_mask_tensor": (None, np.zeros((2, 2), np.float32)),
    "model.probe_mask_diameter": (None, 20.0),
    "model.pad_object": SWITCH,
    "override.n_subsample": (ABSENT, 99),
    "override.enable_oversampling": (ABSENT, True),
    "override.neighbor_pool_size": (ABSENT, 13),
    "override.backend": (ABSENT, "tensorflow"),
    "onto": tuple(ONTO),
}

CANONICAL_LEVELS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "training": {
        **_MODEL,
        **_SAMPLING,
        **_OPTIMISATION,
        "loss": tuple(_LOSS),
        "nll_weight": (0.0, 0.7, 1.0),
        "nphotons": (1e5, 1e9),
        "positions_provided": SWITCH,
        "probe_trainable": SWITCH,
        "intensity_scale_trainable": SWITCH,
        "sequential_sampling": SWITCH,
        "onto": tuple(ONTO),
    },
    "inference": {**_MODEL, **_SAMPLING, "n_groups": (None, 41), "debug": SWITCH, "onto": tuple(ONTO)},
}
NATIVE_LEVELS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "training": {
        **_NATIVE_MODEL,
        **{f"training.{name}": levels for name, levels in _OPTIMISATION.items()},
        "model.intensity_scale_trainable": SWITCH,
        "training.nll": SWITCH,
        "loss": tuple(_LOSS),
        "override.positions_provided": (ABSENT, False),
        "override.probe_trainable": (ABSENT, True),
        "override.sequential_sampling": (ABSENT, True),
    },
    "inference": {**_NATIVE_MODEL, "override.n_groups": (ABSENT, 41), "override.debug": (ABSENT, True)},
}


def _rows(levels: Mapping[str, Mapping[str, tuple[Any, ...]]], prefix: str) -> dict[str, tuple[str, Row]]:
    """Case name to the dictionary that it is bridged onto and the fields that it gives."""
    return {
        f"{kind}-{number:02}": (row.pop("onto"), _with_loss(row, prefix))
        for kind, parameters in levels.items()
        for number, row in enumerate(covering_array(parameters), 1)
    }


def _with_loss(row: Row, prefix: str) -> Row:
    loss = _LOSS[row.pop("loss")] if "loss" in row else {}
    return row | {f"{prefix}{name}": value for name, value in loss.items()}


CANONICAL_ROWS = _rows(CANONICAL_LEVELS, "")
NATIVE_ROWS = _rows(NATIVE_LEVELS, "training.")


def _canonical(name: str, row: Row) -> TrainingConfig | InferenceConfig:
    model = {field: value for field, value in row.items() if field in MODEL}
    outer = {field: value for field, value in row.items() if field not in MODEL}
    if name.startswith("inference"):
        return inference(model, **outer)
    files = {field: Path(f"/d/{field}.npz") for field in ("train_data_file", "test_data_file")}
    return training(model, **files, **outer)


def from_canonical() -> Iterator[Case]:
    """Canonical configurations in which every pair of values occurs, with what they are bridged onto."""
    for name, (onto, row) in CANONICAL_ROWS.items():
        yield bridge(name, ONTO[onto], _canonical(name, row))


def from_native() -> Iterator[Case]:
    """Native configurations and overrides in which every pair of values occurs."""
    for name, (onto, row) in NATIVE_ROWS.items():
        yield to_canonical(name, ONTO[onto], native_set(name.partition("-")[0], row))


def there_and_back() -> Iterator[Case]:
    """The same canonical configurations made native and translated back before they are bridged."""
    for name, (onto, row) in CANONICAL_ROWS.items():
        yield to_native(name, ONTO[onto], _canonical(name, row))


SCENARIOS = (
    Scenario("CFG-014", "Every pair of values, from canonical", "config.md 3", from_canonical),
    Scenario("CFG-015", "Every pair of values, from native", "config.md 4.1-4.4", from_native),
    Scenario("CFG-016", "Every pair of values, to native and back", "config.md 4.8", there_and_back),
)
