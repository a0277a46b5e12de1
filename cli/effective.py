"""The effective configuration of a command: from flags, file and metadata, checked, and shown as YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import yaml

from ptychoparity.cli.errors import BadInputError, bad_input
from ptychoparity.cli.flags import Given
from ptychoparity.reference.config import (
    CROSS_RULES,
    FIELD_RULES,
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
)
from ptychoparity.reference.config.layers import (
    DEFAULT,
    Config,
    Layer,
    Merged,
    flag_layer,
    leaf_fields,
    merged,
    metadata_layer,
    yaml_layer,
)
from ptychoparity.reference.config.validation import (
    require_cross_rules,
    require_rules,
    validate_model_config,
)

CANONICAL = (ModelConfig, TrainingConfig, InferenceConfig)
_EXISTENCE = ("model_path",)


@dataclass(frozen=True)
class Request(Generic[Config]):
    """What one call of a command asks for.

    Attributes:
        merged: the configuration, and where each value came from.
        torch: flags given that mean something to the PyTorch backend only.
    """

    merged: Merged[Config]
    torch: Sequence[Given]

    @property
    def config(self) -> Config:
        """The configuration, not validated by itself."""
        return self.merged.config


def request(cls: type[Config], given: Iterable[Given], config_file: str | None) -> Request[Config]:
    """Explicit flags above the YAML file, above metadata of the data file, above defaults.

    PyTorch's spellings of canonical fields count only where the backend is PyTorch.

    Raises:
        BadInputError: the file cannot be read, or a value does not fit its field.
    """
    entries = list(given)
    canonical = [entry for entry in entries if entry.flag.owner in CANONICAL]
    torch = [entry for entry in entries if entry.flag.torch]
    with bad_input():
        layers = [yaml_layer(config_file, cls)] if config_file is not None else []
        layers.append(_layer(entry for entry in canonical if not entry.flag.torch))
        if _last(layers, "backend") == "pytorch":
            layers.append(_layer(entry for entry in canonical if entry.flag.torch))
        if cls is TrainingConfig:
            layers.insert(0, _metadata(_last(layers, "train_data_file")))
        return Request(merged(cls, *layers), torch)


def refuse_bad_values(request: Request[Config]) -> None:
    """Hold every value against the rules; whether files are there is looked at later.

    Raises:
        BadInputError: the first value out of its range: where it was given, field, value, what is allowed.
    """
    config, rules = request.config, FIELD_RULES[type(request.config)]
    try:
        require_rules(config, {name: rule for name, rule in rules.items() if name not in _EXISTENCE})
        validate_model_config(config.model)
        require_cross_rules(config, CROSS_RULES[type(config)])
    except ValueError as error:
        raise BadInputError(with_origin(error, request.merged.origins)) from error


def with_origin(error: Exception, origins: Mapping[str, str]) -> str:
    """A message that begins with a field's name, with the place where the field was given before it."""
    name = re.match(r"(?:\w+\.)?(\w*)", str(error))
    origin = origins.get(name[1], DEFAULT) if name else DEFAULT
    return str(error) if origin == DEFAULT else f"{origin}: {error}"


def as_yaml(request: Request[Config]) -> str:
    """The configuration as a file that ``--config`` reads, each line with where its value came from."""
    model, outer = ["model:"], []
    for name, (owner, _) in leaf_fields(type(request.config)).items():
        origin = request.merged.origins[name]
        if owner is ModelConfig:
            model.append(_line(f"  {name}", getattr(request.config.model, name), origin))
        else:
            outer.append(_line(name, getattr(request.config, name), origin))
    return "\n".join(model + outer)


def _line(name: str, value: Any, origin: str) -> str:
    return f"{f'{name}: {scalar(value)}':<38}  # {' '.join(origin.split())}"


def scalar(value: Any) -> str:
    """A value as one YAML scalar."""
    plain = str(value) if isinstance(value, Path) else value
    text: str = yaml.safe_dump(plain, width=1_000_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _layer(entries: Iterable[Given]) -> Layer:
    named = {entry.flag.field.name: entry for entry in entries}
    return flag_layer(
        {name: entry.value for name, entry in named.items()},
        {name: entry.spelling for name, entry in named.items()},
    )


def _last(layers: Sequence[Layer], name: str) -> Any:
    """What the topmost layer says."""
    return next((layer.values[name] for layer in reversed(layers) if name in layer.values), None)


def _metadata(path: Any) -> Layer:
    return metadata_layer(path if isinstance(path, str | Path) else None)
