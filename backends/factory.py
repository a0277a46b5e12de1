"""Payloads: all that configures a PyTorch training or reconstruction, from a file and a few overrides.

A payload starts from the canonical defaults; overrides, the data file's header and its metadata come on top
(spec ``config.md`` 4.7).  Nothing is written anywhere until all of it is known to be valid; then the legacy
dictionary is populated and sealed, and the payload is returned.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.guards import effective_loss
from ptychoparity.backends.overrides import Given, native_configs, sort_overrides
from ptychoparity.reference.config import (
    LEGACY_DEFAULTS,
    CanonicalConfig,
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    bridged,
    is_given,
    legacy,
    update_legacy_dict,
    validate_inference_config,
    validate_training_config,
)
from ptychoparity.reference.config.layers import metadata_layer
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.config.paths import ARCHIVE_NAME, finds_archive
from ptychoparity.reference.config.rules import POSITIVE
from ptychoparity.reference.data import read_headers

FilePath = str | PathLike[str]
Overrides = Mapping[str, Any]

DEFAULT_SIDE = ModelConfig.N
TRAINING_KNOBS = (
    "accelerator",
    "deterministic",
    "num_workers",
    "enable_progress_bar",
    "learning_rate",
    "scheduler",
    "accum_steps",
    "logger_backend",
)
INFERENCE_KNOBS = ("accelerator", "num_workers", "inference_batch_size")


@dataclass(frozen=True)
class TrainingPayload:
    """What configures one training.

    Attributes:
        config: canonical, as it stands in the legacy dictionary; its backend is pytorch.
        native: derived from it, with ``training``.
        execution_config: never None.
        overrides_applied: for an audit. Every override under its canonical name (or the native one, where it
            has no other), the resolved ``N`` and ``nphotons``, ``nphotons_source`` (``override``,
            ``metadata`` or ``default``), and the execution knobs that no override names.
    """

    config: TrainingConfig
    native: NativeConfigs
    execution_config: PyTorchExecutionConfig
    overrides_applied: dict[str, Any]


@dataclass(frozen=True)
class InferencePayload:
    """What configures one reconstruction; as `TrainingPayload`, with ``native.inference``."""

    config: InferenceConfig
    native: NativeConfigs
    execution_config: PyTorchExecutionConfig
    overrides_applied: dict[str, Any]


def create_training_payload(
    train_data_file: FilePath,
    output_dir: FilePath,
    overrides: Overrides | None = None,
    execution_config: PyTorchExecutionConfig | None = None,
) -> TrainingPayload:
    """Configure a PyTorch training on ``train_data_file``, and populate the legacy dictionary.

    Args:
        train_data_file: NPZ; only its headers and its metadata are read.
        output_dir: where results go; a placeholder means the default folder.
        overrides: by canonical name, native name or alias; left as it is.
        execution_config: by default ``PyTorchExecutionConfig()``, with accelerator ``auto``.

    Warns:
        UserWarning: no usable ``probeGuess`` to take ``N`` from, an ``N`` that differs from it, values in the
            legacy dictionary that are replaced, or what validation warns of.

    Raises:
        ValueError: no file given, ``n_groups`` missing, unknown or contradictory overrides, or a value out of
            its range.
        FileNotFoundError: no such file.
        TypeError: ``execution_config`` of another class.
    """
    paths = {"train_data_file": train_data_file, "output_dir": output_dir}
    given = _sorted(overrides, paths, TrainingConfig)
    data = _required_path(given, "train_data_file", "train.npz")
    _require_file(data, "Training data")
    _require_groups(given)
    resolved = _resolved(given, data)
    model, outer = _divided(given.canonical | {name: resolved[name] for name in ("N", "nphotons")})
    config = TrainingConfig(ModelConfig(**model), **outer)
    validate_training_config(config)
    execution = _execution(execution_config)
    native = native_configs(config, given.canonical | given.native, execution)
    effective_loss(config)
    audit = _audit(given, resolved, execution, TRAINING_KNOBS)
    _populate(config)
    return TrainingPayload(config, native, execution, audit)


def create_inference_payload(
    model_path: FilePath,
    test_data_file: FilePath,
    output_dir: FilePath,
    overrides: Overrides | None = None,
    execution_config: PyTorchExecutionConfig | None = None,
) -> InferencePayload:
    """Configure a PyTorch reconstruction of ``test_data_file``, and populate the legacy dictionary.

    The photon budget is native only here: a canonical inference configuration has none.

    Args:
        model_path: folder that holds ``wts.h5.zip``, the archive itself, or its path without ``.zip``.
        test_data_file: NPZ; only its headers and its metadata are read.
        output_dir, overrides, execution_config: as `create_training_payload`.

    Warns, raises:
        As `create_training_payload`; a missing archive is a ValueError where the folder exists, a
        FileNotFoundError where nothing does.
    """
    paths = {"model_path": model_path, "test_data_file": test_data_file, "output_dir": output_dir}
    given = _sorted(overrides, paths, InferenceConfig)
    _require_archive(_required_path(given, "model_path", "trained_model"))
    data = _required_path(given, "test_data_file", "test.npz")
    _require_file(data, "Test data")
    _require_groups(given)
    resolved = _resolved(given, data)
    model, outer = _divided(given.canonical | {"N": resolved["N"]})
    config = InferenceConfig(ModelConfig(**model), **outer)
    validate_inference_config(config)
    execution = _execution(execution_config)
    wanted = given.canonical | given.native | {"nphotons": resolved["nphotons"]}
    native = native_configs(config, wanted, execution)
    audit = _audit(given, resolved, execution, INFERENCE_KNOBS)
    _populate(config)
    return InferencePayload(config, native, execution, audit)


def populate_legacy_params(config: CanonicalConfig, force: bool = False) -> None:
    """Write a canonical configuration into the legacy dictionary, and seal it.

    Args:
        config: an instance of ModelConfig, TrainingConfig or InferenceConfig.
        force: do not warn.

    Warns:
        UserWarning: an entry that no longer holds its built-in default is given another value.

    Raises:
        TypeError: anything else; the dictionary and its seal stay as they were.
    """
    _populate(config, force)


def _populate(config: CanonicalConfig, force: bool = False) -> None:
    """`populate_legacy_params`, for whoever is called by the user."""
    after = bridged(config, legacy.cfg)
    replaced = [
        key
        for key, value in legacy.cfg.items()
        if after[key] is not value and after[key] != value and _is_set(key)
    ]
    if replaced and not force:
        warnings.warn(
            f"legacy dictionary was populated before; replaced are {', '.join(sorted(replaced))}; "
            "pass force=True where that is meant",
            UserWarning,
            stacklevel=3,
        )
    legacy.unseal()
    update_legacy_dict(legacy.cfg, config)
    legacy.seal()


def _is_set(key: str) -> bool:
    """Whether a configuration or a user wrote this entry: it is not what every process starts with."""
    return key not in LEGACY_DEFAULTS or bool(legacy.cfg[key] != LEGACY_DEFAULTS[key])


def _sorted(overrides: Overrides | None, paths: Mapping[str, FilePath], cls: type) -> Given:
    given = sort_overrides([*paths.items(), *(overrides or {}).items()], cls)
    backend = given.canonical.setdefault("backend", "pytorch")
    if backend != "pytorch":
        raise ValueError(f"override backend must be 'pytorch', got {backend!r}; payloads are for PyTorch")
    return given


def _required_path(given: Given, name: str, example: str) -> Path:
    if not is_given(given.canonical.get(name)):
        raise ValueError(
            f"{name} is required, got a placeholder; give a path, for example {name}='{example}'"
        )
    return Path(given.canonical[name])


def _require_file(path: Path, what: str) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"{what} file not found: {path}; check the path")


def _require_archive(path: Path) -> None:
    if finds_archive(path):
        return
    if path.is_dir():
        raise ValueError(
            f"model_path {path} holds no {ARCHIVE_NAME}; give the folder of a trained model, or its archive"
        )
    raise FileNotFoundError(
        f"model_path not found: {path}; give the folder that holds {ARCHIVE_NAME}, or the archive"
    )


def _require_groups(given: Given) -> None:
    if given.canonical.get("n_groups") is None:
        raise ValueError(
            "n_groups is required: give it in overrides, for example overrides={'n_groups': 512} "
            "(its deprecated name n_images does not count here)"
        )


def _resolved(given: Given, data: Path) -> dict[str, Any]:
    """``N``, ``nphotons`` and ``nphotons_source``: overrides, else the data file, else the defaults."""
    side = _probe_side(data)
    chosen = given.canonical.get("N")
    if chosen is not None and side is not None and chosen != side:
        warnings.warn(
            f"override N={chosen} differs from the side {side} of probeGuess in {data}; N={chosen} is used",
            UserWarning,
            stacklevel=3,
        )
    if chosen is None and side is None:
        warnings.warn(
            f"N: no usable probeGuess in {data}; N={DEFAULT_SIDE} is used, give N in overrides",
            UserWarning,
            stacklevel=3,
        )
    n = chosen if chosen is not None else side if side is not None else DEFAULT_SIDE
    nphotons, source = _photons(given, data)
    return {"N": n, "nphotons": nphotons, "nphotons_source": source}


def _photons(given: Given, data: Path) -> tuple[Any, str]:
    """The photon budget, and where it is from (spec ``config.md`` 4.7)."""
    chosen = given.canonical.get("nphotons", given.native.get("nphotons"))
    if chosen is not None:
        return chosen, "override"
    try:
        recorded = metadata_layer(data).values.get("nphotons")
    except (OSError, ValueError):  # a file that cannot be read is for loading to complain about
        recorded = None
    if recorded is None:
        return TrainingConfig.nphotons, "default"
    if not POSITIVE.holds(recorded):
        raise ValueError(
            f"{data}: nphotons in the metadata must be {POSITIVE.allowed}, got {recorded!r}; "
            "give nphotons in overrides"
        )
    return recorded, "metadata"


def _probe_side(data: Path) -> int | None:
    """The side of the probe in a data file, by its header; None where the file does not say."""
    try:
        header = read_headers(data).get("probeGuess")
    except (OSError, ValueError):  # a file that cannot be read is for loading to complain about
        return None
    if header is None or len(header.shape) < 2:
        return None
    # Modes come first, (P, N, N), unless a single mode comes last, (N, N, 1): spec data.md 1.1.
    rows, columns = header.shape[:2] if header.shape[2:] == (1,) else header.shape[-2:]
    if rows != columns:
        warnings.warn(
            f"{data}: probeGuess of shape {header.shape} is not square; N={rows} is its first side",
            UserWarning,
            stacklevel=4,
        )
    return rows


def _divided(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the model, and the others."""
    names = {item.name for item in fields(ModelConfig)}
    model = {name: value for name, value in values.items() if name in names}
    return model, {name: value for name, value in values.items() if name not in names}


def _execution(config: PyTorchExecutionConfig | None) -> PyTorchExecutionConfig:
    if config is None:
        return PyTorchExecutionConfig()
    if not isinstance(config, PyTorchExecutionConfig):
        raise TypeError(
            f"execution_config must be a PyTorchExecutionConfig or None, got {type(config).__name__}"
        )
    return config


def _audit(
    given: Given, resolved: Mapping[str, Any], execution: PyTorchExecutionConfig, knobs: tuple[str, ...]
) -> dict[str, Any]:
    settings = asdict(execution)
    return {name: settings[name] for name in knobs} | given.canonical | given.native | dict(resolved)
