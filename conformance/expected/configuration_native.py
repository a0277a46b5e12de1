"""Spec ``config.md`` 4: what becomes of native fields, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ptychoparity.conformance.expected.configuration import APPENDIX_B, RENAMED, entry, plain
from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.measures import entries
from ptychoparity.conformance.scenarios.configuration_native import BEATEN, ONLY_OVERRIDES
from ptychoparity.conformance.scenarios.configuration_pairs import NATIVE_ROWS, ONTO, Row
from ptychoparity.conformance.scenarios.configuration_values import (
    ABSENT,
    CARRIED,
    NATIVE,
    SENTINEL,
    dashed,
)

CANONICAL_NAME = {
    "K": "neighbor_count",
    "grid_size": "gridsize",
    "mode": "model_type",
    "epochs": "nepochs",
    "nll": "nll_weight",
    "probe_mask_tensor": "probe_mask",
}
"""The six native names that differ, written out again: the suite must not ask the translation."""

SPELLED: Mapping[str, Mapping[Any, Any]] = {
    "mode": {"Unsupervised": "pinn", "Supervised": "supervised"},
    "amp_activation": {"silu": "swish", "SiLU": "swish"},
    "grid_size": {(1, 1): 1, (2, 2): 2, (3, 3): 3},
    "nll": {True: 1.0, False: 0.0},
    "probe_mask": {None: False},
}
"""Native values that are other canonical values; all others are the same."""


def _legacy(name: str, value: Any) -> tuple[str, Any]:
    """Legacy key and value of a native field or of an override."""
    field = name.partition(".")[2]
    canonical = CANONICAL_NAME.get(field, field)
    if field == "probe_mask_tensor":
        value = True
    return RENAMED.get(canonical, canonical), plain(SPELLED.get(field, {}).get(value, value))


def _singly(values: Mapping[str, Any]) -> list[Expectation]:
    return [
        entry("39", f"CFG-006/{dashed(name)}-check-39", *_legacy(name, value))
        for name, value in values.items()
    ]


def _all(check: str, case: str, values: Mapping[str, Any]) -> Golden:
    """All given fields under their legacy keys, in one row."""
    expected = dict(_legacy(name, value) for name, value in values.items())
    return Golden(check, case, "legacy", entries(*expected), expected)


def _row(name: str, onto: str, row: Row) -> Golden:
    """A row of the pairs: a mask tensor turns the mask on, what is None leaves the entry as it was."""
    given = {field: value for field, value in row.items() if value is not ABSENT}
    if given.pop("model.probe_mask_tensor") is not None:
        given["model.probe_mask"] = True
    expected: dict[str, Any] = {"backend": "pytorch"}
    for field, value in given.items():
        legacy_key, becomes = _legacy(field, value)
        expected[legacy_key] = ONTO[onto].get(legacy_key) if becomes is None else becomes
    return Golden("4.4", f"CFG-015/{name}", "legacy", entries(*expected), expected)


def _values(check: str, case: str, **expected: Any) -> Golden:
    """Entries of the legacy dictionary of a CFG-008 or CFG-009 case."""
    return Golden(check, case, "legacy", entries(*expected), expected)


SHARED = {name: value for name, value in NATIVE.items() if not name.startswith("training.")}
OF_TRAINING_ONLY = ("data.nphotons", "model.intensity_scale_trainable")

SOURCES: tuple[Expectation, ...] = (
    *_singly(NATIVE),
    _all("39", "CFG-006/training-check-39", NATIVE),
    _all(
        "39",
        "CFG-006/inference-check-39",
        {name: value for name, value in SHARED.items() if name not in OF_TRAINING_ONLY},
    ),
    *(entry("39", "CFG-006/inference-check-39", key, SENTINEL) for key in ("nphotons", "nepochs")),
    _all("4.2", "CFG-006/carried", CARRIED),
    *(
        Law("46", f"CFG-007/{kind}-{part}-check-46", f"CFG-007/{kind}-base", quantity)
        for kind in ("training", "inference")
        for part in ("data", "model", kind)
        for quantity in ("legacy", kind)
    ),
    Law("46", "CFG-007/training-all", "CFG-006/training-check-39", "legacy"),
    entry("46", "CFG-007/training-data-check-46", "n_subsample", SENTINEL),
    entry("46", "CFG-007/inference-data-check-46", "n_subsample", SENTINEL),
    *(
        entry(check, f"CFG-007/{kind}-base", name, True, f"{kind}_effects")
        for kind in ("training", "inference")
        for check, name in (("50", "inputs kept"), ("52", "legacy dictionary kept"))
    ),
)

ACTIVATIONS = {name: name for name in ("swish", "sigmoid", "softplus", "relu")} | {
    "silu": "swish",
    "SiLU": "swish",
}
MASKS = {"true": True, "false": False, "none": False, "array": True, "tensor": True}
MASKS |= {"numpy-false": False, "numpy-true": True, "zero": False, "one": True}

VALUES: tuple[Expectation, ...] = (
    _values("34", "CFG-008/grid-list-check-34", gridsize=2),
    _values("34", "CFG-008/grid-one-check-34", gridsize=1),
    _values("35", "CFG-008/Unsupervised-check-35", model_type="pinn"),
    _values("35", "CFG-008/Supervised-check-35", model_type="supervised"),
    *(_values("36", f"CFG-008/{name}-check-36", amp_activation=to) for name, to in ACTIVATIONS.items()),
    *(entry("37", f"CFG-008/mask-{name}-check-37", "probe.mask", on) for name, on in MASKS.items()),
    _values("38", "CFG-008/nll-True-check-38", nll_weight=1.0),
    _values("38", "CFG-008/nll-False-check-38", nll_weight=0.0),
    *(
        entry("40", f"CFG-008/intensity-{flag}-check-40", "intensity_scale.trainable", flag)
        for flag in (True, False)
    ),
    _values("41", "CFG-008/photons-check-41", nphotons=5e8),
    _values("42", "CFG-008/groups-check-42", n_groups=7),
    _values("43", "CFG-008/text-path-check-43", train_data_file_path="/d/text.npz"),
    entry("43", "CFG-008/text-path-check-43", "train_data_file", {"path": "/d/text.npz"}, "training"),
    entry("44", "CFG-008/no-test-file-check-44", "UserWarning", 1, "training_effects"),
    _values("44", "CFG-008/no-test-file-check-44", test_data_file_path=SENTINEL),
    _values("4.3", "CFG-008/empty-output", output_prefix="training_outputs"),
    _values("47", "CFG-008/seed-check-47", subsample_seed=42),
    _values("47", "CFG-008/inference-seed-check-47", subsample_seed=42),
    _values("51", "CFG-008/training-backend-check-51", backend="pytorch"),
    _values("51", "CFG-008/inference-backend-check-51", backend="pytorch"),
    entry("44", "CFG-008/training-backend-check-51", "UserWarning", None, "training_effects"),
)

ADAPTER_DEFAULTS: dict[str, dict[str, Any]] = {
    "training": {
        "mae_weight": 0.0,
        "realspace_mae_weight": 0.0,
        "realspace_weight": 0.0,
        "positions.provided": True,
        "probe.trainable": False,
        "sequential_sampling": False,
        "n_subsample": None,
        "n_images": None,
        "enable_oversampling": False,
        "neighbor_pool_size": None,
        "backend": "pytorch",
    },
    "inference": {
        "n_groups": None,
        "n_subsample": None,
        "debug": False,
        "output_prefix": "inference_outputs",
        "enable_oversampling": False,
        "neighbor_pool_size": None,
        "backend": "pytorch",
    },
}
"""Spec ``config.md`` 4.4: what is written where no native field and no override says anything."""

OVERRIDES: tuple[Expectation, ...] = (
    _all("4.4", "CFG-009/beats-native", {f"override.{name}": value for name, value in BEATEN.items()}),
    *(
        _all("4.4", f"CFG-009/{dashed(name)}-alone", {f"override.{name}": value})
        for name, value in BEATEN.items()
    ),
    *(
        _all(
            "48", f"CFG-009/{kind}-only-check-48", {f"override.{name}": value for name, value in only.items()}
        )
        for kind, only in ONLY_OVERRIDES.items()
    ),
    *(
        Golden("48", f"CFG-009/{kind}-without-check-48", "legacy", entries(*expected), expected)
        for kind, expected in ADAPTER_DEFAULTS.items()
    ),
    entry("37", "CFG-009/mask-check-37", "probe.mask", True),
    entry("37", "CFG-009/mask-off-check-37", "probe.mask", False),
    _values("38", "CFG-009/nll-check-38", nll_weight=0.7),
    _values("41", "CFG-009/photons-default-check-41", nphotons=1e9),
    _values("41", "CFG-009/photons-native-default-check-41", nphotons=1e5),
    _values("42", "CFG-009/groups-check-42", n_groups=7),
    _values("43", "CFG-009/text-path-check-43", train_data_file_path="/d/text.npz"),
    entry("43", "CFG-009/text-path-check-43", "train_data_file", {"path": "/d/text.npz"}, "training"),
    _values("46", "CFG-009/subsample-check-46", n_subsample=1000),
    _values("47", "CFG-009/seed-check-47", subsample_seed=99),
    _values("47", "CFG-009/inference-seed-check-47", subsample_seed=99),
    _values("4.4", "CFG-009/native-spellings", model_type="supervised", amp_activation="swish"),
    _values("1.4", "CFG-009/images-become-groups", n_groups=42, n_images=42),
    entry("1.4", "CFG-009/images-become-groups", "DeprecationWarning", 1, "inference_effects"),
)

SQUARE, GRID = ("Non-square grids", "grid_size", "(2, 3)"), ("grid_size",)
PHOTONS = ("nphotons default divergence", "100000", "1e+09", "overrides", "nphotons=")
GROUPS = ("n_groups", "overrides", "n_groups=")
TRAIN, MODEL_PATH = ("train_data_file is required", "overrides"), ("model_path is required", "overrides")
TEST = ("test_data_file is required", "overrides")
MODE, ACTIVATION = ("'Unsupervised'", "'Supervised'"), ("silu", "swish", "sigmoid", "softplus", "relu")
SCHEDULERS = ("scheduler", "Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau")

WORDS: dict[str, tuple[str, ...]] = {
    "grid-oblong-check-34": SQUARE,
    "grid-number-check-34": (*GRID, "2"),
    "grid-triple-check-34": (*GRID, "(2, 2, 2)"),
    "grid-zero-check-34": (*GRID, "(0, 0)"),
    "grid-fraction-check-34": (*GRID, "(1.5, 1.5)"),
    "mode-canonical-check-35": ("Invalid mode", "'pinn'", *MODE),
    "mode-unknown-check-35": ("Invalid mode", "'InvalidMode'", *MODE),
    "activation-case-check-36": ("Unknown activation", "'Swish'", *ACTIVATION),
    "activation-unknown-check-36": ("Unknown activation", "'unknown_activation'", *ACTIVATION),
    "activation-override-check-36": ("Unknown activation", "'tanh'", *ACTIVATION),
    "photons-check-41": PHOTONS,
    "photons-none-check-41": PHOTONS,
    "groups-check-42": GROUPS,
    "groups-none-check-42": GROUPS,
    "groups-images-check-42": GROUPS,
    "train-file-check-43": TRAIN,
    "train-file-none-check-43": TRAIN,
    "model-path-check-45": MODEL_PATH,
    "model-path-none-check-45": MODEL_PATH,
    "test-file-check-45": TEST,
    "both-check-45": MODEL_PATH,
    "multi-stage": (*SCHEDULERS, "'MultiStage'"),
    "adaptive": (*SCHEDULERS, "'Adaptive'"),
    "override-size": ("N", "100"),
    "override-batch": ("batch_size", "12"),
    "override-photons": ("nphotons", "nan"),
    "override-backend": ("backend", "'jax'", "'tensorflow'", "'pytorch'"),
    "grid-before-mode": SQUARE,
    "mode-before-activation": ("Invalid mode",),
    "photons-before-groups": PHOTONS,
    "groups-before-files": GROUPS,
    "neither-training-nor-inference": ("training", "inference"),
}
UNKNOWN: dict[str, str] = {
    "typo-check-49": "gridsise",
    "native-name-check-49": "epochs",
    "execution-check-49": "accelerator",
    "training-field-check-49": "nepochs",
}


def _check(case: str) -> str:
    """The number in a case's name, or the section that it belongs to."""
    return case.rpartition("check-")[2] if "check-" in case else "4.6"


REFUSALS: tuple[Expectation, ...] = (
    *(Refusal(_check(case), f"CFG-010/{case}", "ValueError", words) for case, words in WORDS.items()),
    *(Refusal("49", f"CFG-010/{case}", "TypeError", (name,)) for case, name in UNKNOWN.items()),
)

EXPECTATIONS: tuple[Expectation, ...] = (
    *SOURCES,
    *VALUES,
    *OVERRIDES,
    *REFUSALS,
    *(entry("16", "CFG-011/appendix-b-check-16", name, value) for name, value in APPENDIX_B.items()),
    *(_row(name, onto, row) for name, (onto, row) in NATIVE_ROWS.items()),
)
