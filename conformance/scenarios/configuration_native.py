"""CFG: native configurations to canonical ones and the legacy dictionary (spec ``config.md`` 4.1 to 4.6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.conformance.case import Case, Scenario
from ptychoparity.conformance.scenarios.configuration_values import (
    ABSENT,
    CARRIED,
    NATIVE,
    SENTINELS,
    dashed,
    native_set,
    to_canonical,
)
from ptychoparity.reference.config import native
from ptychoparity.reference.config.schema import Field, fields_of

MASK = np.zeros((2, 2), np.float32)
MASKS: dict[str, Any] = {
    "none": None,
    "true": True,
    "false": False,
    "numpy-true": np.bool_(True),
    "numpy-false": np.bool_(False),
    "one": 1,
    "zero": 0,
    "array": MASK,
}


def _training(name: str, **values: Any) -> Case:
    """A native training onto sentinels; two underscores stand for the point in a field's name."""
    return to_canonical(name, SENTINELS, native_set("training", _dotted(values)))


def _inference(name: str, **values: Any) -> Case:
    return to_canonical(name, SENTINELS, native_set("inference", _dotted(values)))


def _dotted(values: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("__", ".", 1): value for name, value in values.items()}


def every_source() -> Iterator[Case]:
    """Every native field with a canonical counterpart at a value that is not its default: alone, together."""
    for name, value in NATIVE.items():
        yield to_canonical(f"{dashed(name)}-check-39", SENTINELS, native_set("training", {name: value}))
    shared = {name: value for name, value in NATIVE.items() if not name.startswith("training.")}
    yield to_canonical("training-check-39", SENTINELS, native_set("training", NATIVE))
    yield to_canonical("inference-check-39", SENTINELS, native_set("inference", shared))
    yield to_canonical("carried", SENTINELS, native_set("training", CARRIED))


def without_counterpart() -> Iterator[Case]:
    """Native fields that have no canonical counterpart, each at another value than its default."""
    bridged = NATIVE.keys() | CARRIED.keys()
    idle: dict[str, dict[str, Any]] = {}
    for part, cls in zip(("data", "model", "training", "inference"), native.NATIVE_CLASSES, strict=True):
        named = {f"{part}.{field.name}": field for field in fields_of(cls)}
        idle[part] = {name: _another(field) for name, field in named.items() if name not in bridged}
    yield _training("training-base")
    yield _inference("inference-base")
    for kind in ("training", "inference"):
        for part in ("data", "model", kind):
            given = native_set(kind, idle[part])
            yield to_canonical(f"{kind}-{part}-check-46", SENTINELS, given)
    values = idle["data"] | idle["model"] | idle["training"] | NATIVE
    yield to_canonical("training-all", SENTINELS, native_set("training", values))


def _another(field: Field) -> Any:
    """A value of the field's kind that is not its default."""
    value = field.default
    if field.rule.choices:
        return next(choice for choice in field.rule.choices if choice != value)
    match value:
        case bool():
            return not value
        case int() | float():
            return 2 * value + 1
        case str():
            return f"{value} or another"
        case tuple():
            return (0.2, 0.7)
        case list():
            return ["/d/one", "/d/two"]
    return 5


def values() -> Iterator[Case]:
    """What is not carried as it is: grids, modes, activations, masks, switches, guards."""
    yield _training("grid-list-check-34", data__grid_size=[2, 2])
    yield _training("grid-one-check-34", data__grid_size=(1, 1))
    for mode in ("Unsupervised", "Supervised"):
        yield _training(f"{mode}-check-35", model__mode=mode)
    for name in ("silu", "SiLU", "swish", "sigmoid", "softplus", "relu"):
        yield _training(f"{name}-check-36", model__amp_activation=name)
    for name, mask in MASKS.items():
        yield _training(f"mask-{name}-check-37", model__probe_mask=mask)
    yield _training("mask-tensor-check-37", model__probe_mask=False, model__probe_mask_tensor=MASK)
    for nll in (True, False):
        yield _training(f"nll-{nll}-check-38", training__nll=nll)
    for flag in (True, False):
        yield _training(f"intensity-{flag}-check-40", model__intensity_scale_trainable=flag)
    yield _training("photons-check-41", data__nphotons=5e8)
    yield _training("groups-check-42", training__n_groups=7)
    yield _training("text-path-check-43", training__train_data_file="/d/text.npz")
    yield _training("no-test-file-check-44", training__test_data_file=None)
    yield _training("empty-output", training__output_dir="")
    yield _training("seed-check-47", data__subsample_seed=42)
    yield _inference("inference-seed-check-47", data__subsample_seed=42)
    yield _training("training-backend-check-51")
    yield _inference("inference-backend-check-51")


ONLY_OVERRIDES: dict[str, dict[str, Any]] = {
    "training": {
        "mae_weight": 0.3,
        "realspace_mae_weight": 0.05,
        "realspace_weight": 0.1,
        "positions_provided": False,
        "probe_trainable": True,
        "sequential_sampling": True,
        "n_subsample": 1000,
        "n_images": 33,
        "enable_oversampling": True,
        "neighbor_pool_size": 13,
        "backend": "tensorflow",
    },
    "inference": {
        "n_groups": 41,
        "n_subsample": 1000,
        "debug": True,
        "output_dir": Path("/d/iout"),
        "enable_oversampling": True,
        "neighbor_pool_size": 13,
        "backend": "tensorflow",
    },
}
"""Canonical fields that no native field can give (spec ``config.md`` 4.4)."""

BEATEN: dict[str, Any] = {
    "N": 64,
    "gridsize": 2,
    "model_type": "pinn",
    "amp_activation": "relu",
    "probe_mask": False,
    "probe_scale": 3.0,
    "object_big": True,
    "nphotons": 1e9,
    "neighbor_count": 5,
    "subsample_seed": 99,
    "nll_weight": 0.7,
    "nepochs": 9,
    "batch_size": 8,
    "n_groups": 512,
    "train_data_file": Path("/d/over.npz"),
    "test_data_file": Path("/d/over-test.npz"),
    "output_dir": Path("/d/over"),
    "scheduler": "Exponential",
    "gradient_clip_val": 0.5,
    "intensity_scale_trainable": False,
    "plateau_factor": 0.25,
}
"""Overrides of fields for which `NATIVE` says something else."""


def overrides() -> Iterator[Case]:
    """An override beats the native value, with the same spellings; some fields have no other way in."""
    over = {f"override.{name}": value for name, value in BEATEN.items()}
    yield to_canonical("beats-native", SENTINELS, native_set("training", NATIVE | over))
    for name, value in BEATEN.items():
        given = NATIVE | {f"override.{name}": value}
        yield to_canonical(f"{dashed(name)}-alone", SENTINELS, native_set("training", given))
    for kind, only in ONLY_OVERRIDES.items():
        given = {f"override.{name}": value for name, value in only.items()}
        yield to_canonical(f"{kind}-only-check-48", SENTINELS, native_set(kind, given))
        yield to_canonical(f"{kind}-without-check-48", {}, native_set(kind, {}))
    yield _training("mask-check-37", model__probe_mask=False, override__probe_mask=True)
    yield _training("mask-off-check-37", model__probe_mask_tensor=MASK, override__probe_mask=False)
    yield _training("nll-check-38", training__nll=False, override__nll_weight=0.7)
    yield _training("photons-default-check-41", data__nphotons=1e5, override__nphotons=1e9)
    yield _training("photons-native-default-check-41", data__nphotons=1e5, override__nphotons=1e5)
    yield _training("groups-check-42", training__n_groups=None, override__n_groups=7)
    yield _training("text-path-check-43", override__train_data_file="/d/text.npz")
    yield _training("subsample-check-46", data__n_subsample=9, override__n_subsample=1000)
    yield _training("seed-check-47", data__subsample_seed=42, override__subsample_seed=99)
    yield _inference("inference-seed-check-47", data__subsample_seed=42, override__subsample_seed=99)
    yield _training("native-spellings", override__model_type="Supervised", override__amp_activation="SiLU")
    yield _inference("images-become-groups", override__n_images=42)


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "grid-oblong-check-34": ("training", {"data.grid_size": (2, 3)}),
    "grid-number-check-34": ("training", {"data.grid_size": 2}),
    "grid-triple-check-34": ("training", {"data.grid_size": (2, 2, 2)}),
    "grid-zero-check-34": ("training", {"data.grid_size": (0, 0)}),
    "grid-fraction-check-34": ("inference", {"data.grid_size": (1.5, 1.5)}),
    "mode-canonical-check-35": ("training", {"model.mode": "pinn"}),
    "mode-unknown-check-35": ("inference", {"model.mode": "InvalidMode"}),
    "activation-case-check-36": ("training", {"model.amp_activation": "Swish"}),
    "activation-unknown-check-36": ("inference", {"model.amp_activation": "unknown_activation"}),
    "activation-override-check-36": ("training", {"override.amp_activation": "tanh"}),
    "photons-check-41": ("training", {"data.nphotons": 1e5}),
    "photons-none-check-41": ("training", {"data.nphotons": 1e5, "override.nphotons": None}),
    "groups-check-42": ("training", {"training.n_groups": None}),
    "groups-none-check-42": ("training", {"override.n_groups": None}),
    "groups-images-check-42": ("training", {"training.n_groups": None, "override.n_images": 100}),
    "train-file-check-43": ("training", {"training.train_data_file": None}),
    "train-file-none-check-43": ("training", {"override.train_data_file": None}),
    "model-path-check-45": ("inference", {"override.model_path": ABSENT}),
    "model-path-none-check-45": ("inference", {"override.model_path": None}),
    "test-file-check-45": ("inference", {"override.test_data_file": ABSENT}),
    "both-check-45": ("inference", {"override.model_path": ABSENT, "override.test_data_file": ABSENT}),
    "typo-check-49": ("training", {"override.gridsise": 2}),
    "native-name-check-49": ("training", {"override.epochs": 3}),
    "execution-check-49": ("inference", {"override.accelerator": "cpu"}),
    "training-field-check-49": ("inference", {"override.nepochs": 3}),
    "multi-stage": ("training", {"training.scheduler": "MultiStage"}),
    "adaptive": ("training", {"training.scheduler": "Adaptive"}),
    "override-size": ("training", {"override.N": 100}),
    "override-batch": ("training", {"override.batch_size": 12}),
    "override-photons": ("training", {"override.nphotons": float("nan")}),
    "override-backend": ("inference", {"override.backend": "jax"}),
    "grid-before-mode": ("training", {"data.grid_size": (2, 3), "model.mode": "x"}),
    "mode-before-activation": ("training", {"model.mode": "x", "model.amp_activation": "x"}),
    "photons-before-groups": ("training", {"data.nphotons": 1e5, "training.n_groups": None}),
    "groups-before-files": ("training", {"training.n_groups": None, "training.train_data_file": None}),
}


def refusals() -> Iterator[Case]:
    """What cannot be translated; each of two mistakes is told in its order."""
    for name, (kind, given) in REFUSED.items():
        yield to_canonical(name, SENTINELS, native_set(kind, given))
    neither = native_set("training", {})
    neither["native"]["fields"]["training"] = None
    yield to_canonical("neither-training-nor-inference", SENTINELS, neither)


def golden() -> Iterator[Case]:
    """The golden bridge fixture (spec ``config.md`` Appendix B), from its native inputs and overrides."""
    base = Path("/canonical/baseline")
    shared = {
        "data.N": 128,
        "data.grid_size": (3, 3),
        "data.K": 6,
        "data.nphotons": 5e8,
        "data.probe_scale": 2.0,
        "model.mode": "Unsupervised",
        "model.n_filters_scale": 2,
        "model.amp_activation": "silu",
        "model.object_big": False,
        "model.probe_big": False,
        "model.intensity_scale_trainable": True,
        "override.probe_mask": True,
        "override.pad_object": False,
        "override.gaussian_smoothing_sigma": 0.5,
    }
    training = {
        "training.epochs": 100,
        "training.batch_size": 32,
        "training.nll": True,
        "override.train_data_file": base / "train_data.npz",
        "override.test_data_file": base / "test_data.npz",
        "override.n_groups": 1024,
        "override.n_subsample": 2048,
        "override.subsample_seed": 42,
        "override.output_dir": base / "training_outputs",
        "override.mae_weight": 0.3,
        "override.nll_weight": 0.7,
        "override.realspace_mae_weight": 0.05,
        "override.realspace_weight": 0.1,
        "override.positions_provided": False,
        "override.probe_trainable": True,
        "override.sequential_sampling": True,
        "override.nphotons": 5e8,
    }
    inference = {
        "override.model_path": base / "model_directory",
        "override.test_data_file": base / "inference_data.npz",
        "override.n_groups": 512,
        "override.n_subsample": 1024,
        "override.subsample_seed": 99,
        "override.output_dir": base / "inference_outputs",
        "override.debug": True,
    }
    sets = native_set("training", shared | training), native_set("inference", shared | inference)
    yield to_canonical("appendix-b-check-16", {}, *sets)


SCENARIOS = (
    Scenario(
        "CFG-006", "Every native field reaches its legacy key", "config.md 4.1-4.3, check 39", every_source
    ),
    Scenario(
        "CFG-007",
        "Native-only fields change nothing",
        "config.md 4.1-4.3, checks 46, 50, 52",
        without_counterpart,
    ),
    Scenario(
        "CFG-008", "What native values become", "config.md 4.4, 4.6, checks 34-38, 40-44, 47, 51", values
    ),
    Scenario("CFG-009", "Overrides come first", "config.md 4.4, checks 37, 38, 41-43, 46-48", overrides),
    Scenario("CFG-010", "Refusals", "config.md 4.6, checks 34-36, 41-43, 45, 49", refusals),
    Scenario(
        "CFG-011",
        "The golden bridge fixture, from native configurations",
        "config.md Appendix B, check 16",
        golden,
    ),
)
