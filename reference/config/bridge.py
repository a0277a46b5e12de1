"""The one-way bridge from a canonical configuration to the legacy dictionary.

Keys are renamed through ``KEY_MAPPINGS``, the nested model is flattened, paths become strings, and
nothing flows back (spec ``config.md`` 3).  Execution settings never pass (CONFIG-002).
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, is_dataclass
from pathlib import PurePath
from typing import Any

from .canonical import CanonicalConfig, InferenceConfig, ModelConfig, TrainingConfig

KEY_MAPPINGS: dict[str, str] = {
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
"""Canonical field name to legacy key, where the two differ."""


def dataclass_to_legacy_dict(config: CanonicalConfig) -> dict[str, Any]:
    """Translate a canonical configuration to legacy keys, sharing nothing with it.

    The nested model is flattened into the top level, every path becomes a string, and ``None`` is
    kept.  Nothing is validated or defaulted (spec ``config.md`` 3.2).

    Returns:
        61 keys from a ``TrainingConfig``, 35 from an ``InferenceConfig``, 23 from a ``ModelConfig``.

    Raises:
        TypeError: not an instance of a canonical configuration, or its model is not a ModelConfig.
    """
    _require_canonical(config)
    flat = asdict(config)
    if "model" in flat:
        flat.update(flat.pop("model"))
    return {KEY_MAPPINGS.get(name, name): _plain(value) for name, value in flat.items()}


def update_legacy_dict(cfg: MutableMapping[str, Any], config: CanonicalConfig) -> None:
    """Write a canonical configuration into ``cfg``, in place (spec ``config.md`` 3.3).

    A field that is ``None`` leaves the existing entry alone and creates none, so values of an
    earlier update survive; clear ``cfg`` first for a clean slate.  Other values, falsy ones
    included, overwrite.  Keys that the configuration does not know are preserved.

    Raises:
        TypeError: as ``dataclass_to_legacy_dict``; ``cfg`` is then untouched.
    """
    translated = dataclass_to_legacy_dict(config)
    cfg.update({key: value for key, value in translated.items() if value is not None})


def bridged(config: CanonicalConfig, legacy: Mapping[str, object]) -> dict[str, object]:
    """A copy of ``legacy`` after `update_legacy_dict`; ``legacy`` stays as it was.

    Raises:
        TypeError: as ``dataclass_to_legacy_dict``.
    """
    copy = dict(legacy)
    update_legacy_dict(copy, config)
    return copy


def _require_canonical(config: object) -> None:
    if isinstance(config, type) or not is_dataclass(config):
        described = f"the class {config.__name__}" if isinstance(config, type) else type(config).__name__
        raise TypeError(
            f"expected an instance of ModelConfig, TrainingConfig or InferenceConfig, got {described}"
        )
    if not isinstance(config, CanonicalConfig):
        raise TypeError(
            f"{type(config).__name__} must not reach the legacy dictionary (CONFIG-002); "
            "allowed are ModelConfig, TrainingConfig and InferenceConfig"
        )
    if isinstance(config, TrainingConfig | InferenceConfig) and not isinstance(config.model, ModelConfig):
        raise TypeError(
            f"{type(config).__name__}.model must be a ModelConfig, got {type(config.model).__name__}"
        )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, PurePath) else value
