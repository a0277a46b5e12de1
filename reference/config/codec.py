"""Canonical configurations as plain JSON values, and back without loss.

A configuration becomes ``{"class": name, "fields": {...}}``.  Numbers, strings, booleans and ``None``
stand for themselves; a path is ``{"path": text}``, a nested configuration is encoded likewise, and a
number that JSON lacks (NaN, infinity) is ``{"float": text}``, so that invalid configurations can be
written down too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path, PurePath
from typing import Any

from .canonical import CanonicalConfig, InferenceConfig, ModelConfig, TrainingConfig

_CLASSES: Mapping[str, type[CanonicalConfig]] = {
    "ModelConfig": ModelConfig,
    "TrainingConfig": TrainingConfig,
    "InferenceConfig": InferenceConfig,
}


def to_json(config: CanonicalConfig) -> dict[str, Any]:
    """Encode a canonical configuration as values that strict JSON can hold.

    Raises:
        TypeError: not a canonical configuration, or a field holds something else than a number,
            string, boolean, path or ``None``.
    """
    name = type(config).__name__
    if _CLASSES.get(name) is not type(config):
        raise TypeError(f"expected one of {', '.join(_CLASSES)}, got {name}")
    encoded = {field.name: _encode(getattr(config, field.name), field.name) for field in fields(config)}
    return {"class": name, "fields": encoded}


def from_json(data: Mapping[str, Any]) -> CanonicalConfig:
    """Decode what ``to_json`` wrote, field by field as stored: nothing is defaulted or resolved anew.

    Raises:
        ValueError: unknown class, or its fields are not exactly those present.
    """
    name, encoded = data.get("class"), data.get("fields")
    if not isinstance(name, str) or name not in _CLASSES or not isinstance(encoded, Mapping):
        raise ValueError(
            f"expected 'class' as one of {', '.join(_CLASSES)} and a mapping 'fields', got class {name!r}"
        )
    cls = _CLASSES[name]
    expected = {field.name for field in fields(cls)}
    if encoded.keys() != expected:
        missing, unknown = sorted(expected - encoded.keys()), sorted(encoded.keys() - expected)
        raise ValueError(f"fields of {name} must be complete: missing {missing}, unknown {unknown}")
    # Bypass __init__, which would replace a stored n_groups of None and repeat its deprecation warning.
    config = cls.__new__(cls)
    for key, value in encoded.items():
        setattr(config, key, _decode(value, key))
    return config


def _encode(value: Any, field: str) -> Any:
    if isinstance(value, CanonicalConfig):
        return to_json(value)
    if isinstance(value, PurePath):
        return {"path": value.as_posix()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(float(value))}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"{field} holds a {type(value).__name__}; only numbers, strings, booleans, paths and None "
        "can be written as JSON"
    )


def _decode(value: Any, field: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "class" in value:
        return from_json(value)
    if value.keys() == {"path"}:
        return Path(value["path"])
    if value.keys() == {"float"}:
        return float(value["float"])
    raise ValueError(f"{field} must be a plain value, a 'path', a 'float' or a 'class', got {dict(value)!r}")
