"""Configurations as plain JSON values, and back without loss.

A configuration becomes ``{"class": name, "fields": {...}}``, a native one under a name such as
``native.DataConfig``.  Numbers, strings, booleans, ``None`` and lists stand for themselves; what JSON
lacks is a mapping that says what it is:

- a path, ``{"path": text}``
- a tuple, ``{"tuple": [...]}``
- NaN or infinity, ``{"float": text}``
- a NumPy scalar, ``{"dtype": text, "value": number}``
- a NumPy array, ``{"dtype": text, "shape": [...], "base64": text}``, its bytes in C order

Nothing is checked or defaulted, so that invalid configurations can be written down too.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from . import native
from .canonical import CanonicalConfig, InferenceConfig, ModelConfig, TrainingConfig
from .native import NativeConfigs

NativeConfig = native.DataConfig | native.ModelConfig | native.TrainingConfig | native.InferenceConfig
Configuration = CanonicalConfig | NativeConfig | NativeConfigs

_CLASSES: Mapping[str, type[Configuration]] = {
    **{cls.__name__: cls for cls in (ModelConfig, TrainingConfig, InferenceConfig)},
    **{f"native.{cls.__name__}": cls for cls in (*native.NATIVE_CLASSES, NativeConfigs)},
}
_NAMES = {cls: name for name, cls in _CLASSES.items()}


def to_json(config: Configuration) -> dict[str, Any]:
    """Encode a canonical or native configuration, or a set of native ones, for strict JSON.

    Raises:
        TypeError: not a configuration, or a field holds something that has no form in JSON.
    """
    name = _NAMES.get(type(config))
    if name is None:
        raise TypeError(f"expected one of {', '.join(_CLASSES)}, got {type(config).__name__}")
    encoded = {field.name: _encode(getattr(config, field.name), field.name) for field in fields(config)}
    return {"class": name, "fields": encoded}


def from_json(data: Mapping[str, Any]) -> Configuration:
    """Decode what ``to_json`` wrote, field by field as stored: nothing is defaulted or resolved anew.

    Raises:
        ValueError: unknown class, its fields are not exactly those present, or a malformed value.
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


def values_to_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Encode values by name, for example overrides.

    Raises:
        TypeError: a value has no form in JSON; names it.
    """
    return {name: _encode(value, name) for name, value in values.items()}


def values_from_json(data: Mapping[str, Any]) -> dict[str, Any]:
    """Decode what ``values_to_json`` wrote.

    Raises:
        ValueError: a malformed value; names it.
    """
    return {name: _decode(value, name) for name, value in data.items()}


def _encode(value: Any, field: str) -> Any:
    if type(value) in _NAMES:
        return to_json(value)
    if isinstance(value, PurePath):
        return {"path": value.as_posix()}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, field) for item in value]}
    if isinstance(value, list):
        return [_encode(item, field) for item in value]
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        text = base64.b64encode(value.tobytes()).decode("ascii")
        return {"dtype": value.dtype.str, "shape": list(value.shape), "base64": text}
    if isinstance(value, np.bool_ | np.integer | np.floating) and type(value.item()) in (bool, int, float):
        return {"dtype": value.dtype.str, "value": _encode(value.item(), field)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or type(value) in (bool, int, float) or isinstance(value, str):
        return value
    raise TypeError(
        f"{field} holds a {type(value).__name__}; only numbers, strings, booleans, None, paths, tuples, "
        "lists and NumPy arrays of numbers can be written as JSON"
    )


def _array(data: Mapping[str, Any]) -> Any:
    flat = np.frombuffer(base64.b64decode(data["base64"], validate=True), np.dtype(data["dtype"]))
    return flat.reshape(data["shape"]).copy()


_FORMS: Mapping[frozenset[str], Callable[[Mapping[str, Any], str], Any]] = {
    frozenset({"class", "fields"}): lambda data, _: from_json(data),
    frozenset({"path"}): lambda data, _: Path(data["path"]),
    frozenset({"tuple"}): lambda data, field: tuple(_decode(item, field) for item in data["tuple"]),
    frozenset({"float"}): lambda data, _: float(data["float"]),
    frozenset({"dtype", "value"}): lambda data, field: np.dtype(data["dtype"]).type(
        _decode(data["value"], field)
    ),
    frozenset({"dtype", "shape", "base64"}): lambda data, _: _array(data),
}
"""How a mapping is read, by its keys."""


def _decode(value: Any, field: str) -> Any:
    if isinstance(value, list):
        return [_decode(item, field) for item in value]
    if not isinstance(value, Mapping):
        return value
    form = _FORMS.get(frozenset(value))
    if form is None:
        forms = ", ".join("/".join(sorted(keys)) for keys in _FORMS)
        raise ValueError(f"{field} must be a plain value, a list, or one of {forms}, got {dict(value)!r}")
    try:
        return form(value, field)
    except TypeError as error:
        raise ValueError(f"{field} cannot be read from {dict(value)!r} ({error})") from error
