"""Spec ``config.md``: entries of the legacy dictionary after bridging."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ptychoparity.conformance.golden import Expectation, Golden, Law
from ptychoparity.conformance.measures import SIZE, entries, key
from ptychoparity.conformance.scenarios.configuration_pairs import CANONICAL_ROWS, ONTO, Row
from ptychoparity.conformance.scenarios.configuration_values import (
    INFERENCE,
    MODEL,
    SENTINEL,
    TRAINING,
    dashed,
)

RENAMED = {
    "object_big": "object.big",
    "probe_big": "probe.big",
    "probe_mask": "probe.mask",
    "probe_trainable": "probe.trainable",
    "intensity_scale_trainable": "intensity_scale.trainable",
    "positions_provided": "positions.provided",
    "output_dir": "output_prefix",
    "train_data_file": "train_data_file_path",
    "test_data_file": "test_data_file_path",
}
"""The nine names that change, written out again: the suite must not ask the bridge what is right."""

APPENDIX_B: dict[str, Any] = {
    "N": 128,
    "amp_activation": "swish",
    "batch_size": 32,
    "debug": True,
    "gaussian_smoothing_sigma": 0.5,
    "gridsize": 3,
    "intensity_scale.trainable": True,
    "mae_weight": 0.3,
    "model_path": "/canonical/baseline/model_directory",
    "model_type": "pinn",
    "n_filters_scale": 2,
    "n_groups": 512,
    "n_subsample": 1024,
    "neighbor_count": 6,
    "nepochs": 100,
    "nll_weight": 0.7,
    "nphotons": 5e8,
    "object.big": False,
    "output_prefix": "/canonical/baseline/inference_outputs",
    "pad_object": False,
    "positions.provided": False,
    "probe.big": False,
    "probe.mask": True,
    "probe.trainable": True,
    "probe_scale": 2.0,
    "realspace_mae_weight": 0.05,
    "realspace_weight": 0.1,
    "sequential_sampling": True,
    "subsample_seed": 99,
    "test_data_file_path": "/canonical/baseline/inference_data.npz",
    "train_data_file_path": "/canonical/baseline/train_data.npz",
}


def entry(check: str, case: str, name: str, expected: Any, quantity: str = "legacy") -> Golden:
    """One entry of a recorded dictionary."""
    return Golden(check, case, quantity, key(name), expected)


def plain(value: Any) -> Any:
    """A field's value as the legacy dictionary holds it: paths are texts."""
    return str(value) if isinstance(value, Path) else value


def _fields(case: str, fields: dict[str, Any]) -> list[Expectation]:
    """Each field's value under its legacy key, and its own name gone where it was renamed."""
    found: list[Expectation] = []
    for name, value in fields.items():
        found.append(entry("1", case, RENAMED.get(name, name), plain(value)))
        if name in RENAMED:
            found.append(entry("9", case, name, None))
    return found


def _alone(kind: str, fields: dict[str, Any]) -> list[Expectation]:
    """`_fields` of the cases that give a single field."""
    return [
        expectation
        for name, value in fields.items()
        for expectation in _fields(f"CFG-001/{kind}-{dashed(name)}-check-1", {name: value})
    ]


def _together(name: str, onto: str, row: Row) -> Golden:
    """All fields of a row at once; where a field is None, the entry is what it was."""
    expected = {}
    for field, value in row.items():
        legacy_key = RENAMED.get(field, field)
        expected[legacy_key] = ONTO[onto].get(legacy_key) if value is None else value
    return Golden("3.3", f"CFG-014/{name}", "legacy", entries(*expected), expected)


DATA_SOURCE_KEPT = [
    entry("1", f"CFG-001/{kind}-check-1", "data_source", SENTINEL) for kind in ("training", "inference")
]

EXPECTATIONS: tuple[Expectation, ...] = (
    *_fields("CFG-001/training-check-1", {**MODEL, **TRAINING}),
    *_fields("CFG-001/inference-check-1", {**MODEL, **INFERENCE}),
    *DATA_SOURCE_KEPT,
    *_alone("model", MODEL),
    *_alone("training", TRAINING),
    *_alone("inference", INFERENCE),
    entry("1.4", "CFG-001/training-n-images-check-1", "n_groups", 33),
    entry("1.4", "CFG-001/inference-n-images-check-1", "n_groups", 42),
    Golden("3", "CFG-002/training-empty-check-3", "legacy", SIZE, 51),
    Golden("3", "CFG-002/inference-empty-check-3", "legacy", SIZE, 27),
    Golden("2.1", "CFG-002/training-pristine", "legacy", SIZE, 69),
    entry("4", "CFG-003/none-keeps-check-4", "n_subsample", 77),
    entry("5", "CFG-003/none-absent-check-5", "n_subsample", None),
    entry("6", "CFG-003/falsy-overwrites-check-6", "mae_weight", 0.0),
    entry("6", "CFG-003/falsy-overwrites-check-6", "debug", False),
    entry("7", "CFG-003/unknown-kept-check-7", "zzz", 1),
    entry("8", "CFG-003/path-text-check-8", "output_prefix", "inference_outputs"),
    entry("8", "CFG-003/path-text-check-8", "model_path", "m"),
    entry("8", "CFG-003/path-empty-check-8", "train_data_file_path", "."),
    entry("9", "CFG-001/training-check-1", "model", None),
    entry("9", "CFG-001/inference-check-1", "model", None),
    entry("10", "CFG-004/training-then-inference-check-10", "n_groups", 41),
    entry("10", "CFG-004/training-then-inference-check-10", "batch_size", 32),
    entry("10", "CFG-004/inference-then-training", "n_groups", 77),
    Law("11", "CFG-004/twice-check-11", "CFG-004/once-check-11", "legacy"),
    *(entry("16", "CFG-005/appendix-b-check-16", name, value) for name, value in APPENDIX_B.items()),
    *(_together(name, onto, row) for name, (onto, row) in CANONICAL_ROWS.items()),
)
