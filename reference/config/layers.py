"""From a data file's metadata, a YAML file and flags to one configuration (spec ``config.md`` 6.3).

Each source is a `Layer`: what it gives, and where each value was written.  `merged` puts them on top of the
defaults in the order given, so that a training reads::

    merged(TrainingConfig, metadata_layer(data), yaml_layer(file, TrainingConfig), flag_layer(values, flags))

A None that a layer gives is a value: ``--n_subsample none`` takes back what the file says.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Generic, TypeVar

from ptychoparity.reference.data.metadata import recorded_nphotons
from ptychoparity.reference.data.npz import read_metadata

from .canonical import InferenceConfig, ModelConfig, TrainingConfig
from .coercion import coerce
from .schema import REQUIRED, Field, did_you_mean, fields_of
from .yaml_file import load_yaml_config

Config = TypeVar("Config", TrainingConfig, InferenceConfig)

DEFAULT = "default"
"""The origin of a value that no layer gave."""

HISTORICAL_KEYS = ("learning_rate", "stitch_crop_size")
"""Keys of published files that are no fields; they draw a warning instead of an error."""


@dataclass(frozen=True)
class Layer:
    """What one source gives.

    Attributes:
        origin: field name to the place where its value was written, in words for a person.
        values: field name to value, text or typed; fields of the model and of the configuration around
            it share one namespace.
    """

    origin: Mapping[str, str]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Merged(Generic[Config]):
    """A configuration, not validated yet, and for each of its leaf fields where the value came from."""

    config: Config
    origins: Mapping[str, str]


@dataclass(frozen=True)
class _Given:
    """A value, its origin, and the height of the layer that gave it."""

    value: Any
    origin: str
    height: int


def leaf_fields(cls: type) -> dict[str, tuple[type, Field]]:
    """Every leaf field of a configuration by name, the model's first, with the class that owns it."""
    outer = [(cls, field) for field in fields_of(cls) if field.kind is not ModelConfig]
    model = [(ModelConfig, field) for field in fields_of(ModelConfig)]
    return {field.name: (owner, field) for owner, field in model + outer}


def yaml_layer(path: str | PathLike[str], cls: type) -> Layer:
    """What a YAML file gives for ``cls``: flat keys, and model fields under ``model:``, which beat flat ones.

    Historical keys are left out with a ``UserWarning``, and so are fields that only the other command's
    configuration has.

    Raises:
        OSError, ValueError: as `yaml_file.load_yaml_config`.
        ValueError: keys that are no fields, all in one message; a nested mapping that is not ``model:``.
    """
    content = load_yaml_config(path)
    nested = content.pop("model", None)
    nested = {} if nested is None else nested
    _check_nesting(path, nested, content)
    leaves = leaf_fields(cls)
    other = {*leaf_fields(TrainingConfig), *leaf_fields(InferenceConfig)} - {*leaves}
    _refuse_unknown(path, nested, content, {*leaves, *other, *HISTORICAL_KEYS})
    _warn_left_out(path, "no longer a setting", [key for key in content if key in HISTORICAL_KEYS])
    _warn_left_out(path, f"not a field of {cls.__name__}", [key for key in content if key in other])
    values = {key: value for key, value in content.items() if key in leaves}
    origin = {key: f"{path} ({key})" for key in values} | {key: f"{path} (model.{key})" for key in nested}
    return Layer(origin, values | nested)


def flag_layer(values: Mapping[str, Any], flags: Mapping[str, str]) -> Layer:
    """What the command line gives explicitly: values by field name, and the flag of each as typed."""
    return Layer({name: flags[name] for name in values}, values)


def metadata_layer(path: str | PathLike[str] | None) -> Layer:
    """The photon budget that a data file's metadata records, if any (spec ``config.md`` 4.7, 6.3 rule 6).

    No path, a placeholder, a missing file and metadata without ``nphotons`` give an empty layer.  It is
    looked for under ``physics_parameters``, then at the top.

    Raises:
        ValueError: the file is no NPZ archive; the message names it.
    """
    if path is None or not Path(path).is_file():
        return Layer({}, {})
    recorded = recorded_nphotons(read_metadata(path))
    if recorded is None:
        return Layer({}, {})
    return Layer({"nphotons": f"metadata of {path}"}, {"nphotons": recorded})


def merged(cls: type[Config], *layers: Layer) -> Merged[Config]:
    """One configuration from the defaults and, each above the one before, ``layers``.

    The values that count are brought to their declared types.  Paths that are required but not given
    become the placeholder ``Path()``.  ``n_images`` and ``n_groups`` are two names of one count: the higher
    layer decides, and in the same layer ``n_groups``; ``n_images`` draws a ``DeprecationWarning`` that says
    where it was written.

    Raises:
        ValueError: a value that its field cannot take, or a name that is no field; the message starts
            with the origin.
    """
    leaves = leaf_fields(cls)
    given = {name: _taken(entry, name, cls, leaves) for name, entry in _topmost(layers).items()}
    _settle_count(given)
    model = {name: entry.value for name, entry in given.items() if leaves[name][0] is ModelConfig}
    outer: dict[str, Any] = {name: Path() for name, (_, field) in leaves.items() if field.default is REQUIRED}
    outer |= {name: entry.value for name, entry in given.items() if name not in model}
    origins = {name: given[name].origin if name in given else DEFAULT for name in leaves}
    return Merged(cls(ModelConfig(**model), **outer), origins)


def _topmost(layers: Iterable[Layer]) -> dict[str, _Given]:
    return {
        name: _Given(value, layer.origin[name], height)
        for height, layer in enumerate(layers)
        for name, value in layer.values.items()
    }


def _taken(entry: _Given, name: str, cls: type, leaves: Mapping[str, tuple[type, Field]]) -> _Given:
    if name not in leaves:
        raise ValueError(f"{entry.origin}: {cls.__name__} has no field {name!r}{did_you_mean(name, leaves)}")
    owner, field = leaves[name]
    try:
        return _Given(coerce(field, entry.value), entry.origin, entry.height)
    except ValueError as error:
        raise ValueError(f"{entry.origin}: {owner.__name__}.{name} {error}") from error


def _settle_count(given: dict[str, _Given]) -> None:
    """Let one of ``n_images`` and ``n_groups`` decide, before the configuration looks at them."""
    groups, images = given.get("n_groups"), given.get("n_images")
    if images is None or images.value is None:
        return
    if (
        groups is None
        or images.height > groups.height
        or (images.height == groups.height and groups.value is None)
    ):
        warnings.warn(
            f"{images.origin}: n_images is the deprecated name of n_groups; "
            f"give n_groups={images.value} instead",
            DeprecationWarning,
            stacklevel=3,  # to whoever merges
        )
        given["n_groups"] = images
    elif groups.value is None:  # a higher layer takes the count back, under either name
        given["n_images"] = groups


def _check_nesting(path: object, nested: Any, flat: Mapping[str, Any]) -> None:
    if not isinstance(nested, Mapping):
        raise ValueError(f"{path}: model must be a mapping of model fields, got {type(nested).__name__}")
    for prefix, values in (("", flat), ("model.", nested)):
        for key, value in values.items():
            if isinstance(value, Mapping):
                raise ValueError(
                    f"{path}: {prefix}{key} must be a single value; only 'model' holds further keys"
                )


def _refuse_unknown(path: object, nested: Iterable[str], flat: Iterable[str], known: set[str]) -> None:
    model = {f"model.{field.name}" for field in fields_of(ModelConfig)}
    unknown = [key for key in flat if key not in known]
    unknown += [key for key in (f"model.{name}" for name in nested) if key not in model]
    if unknown:
        # A field that is only in the wrong place is its own nearest name.
        hints = {
            key: did_you_mean(key.removeprefix("model."), known & {key.removeprefix("model.")})
            or did_you_mean(key, known | model)
            for key in unknown
        }
        hints = {key: hint.removeprefix("; ") for key, hint in hints.items()}
        listed = ", ".join(f"{key!r} ({hint})" if hint else repr(key) for key, hint in hints.items())
        raise ValueError(f"{path}: unknown keys: {listed}")


def _warn_left_out(path: object, reason: str, keys: list[str]) -> None:
    if keys:
        warnings.warn(f"{path}: ignored here ({reason}): {', '.join(keys)}", UserWarning, stacklevel=3)
