"""Every name that a configuration knows, and what is said of it by ``ptychoparity fields``."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.overrides import ALIASES, DERIVED
from ptychoparity.cli import infer, train
from ptychoparity.cli.flags import Flag, shown
from ptychoparity.reference.config import (
    KEY_MAPPINGS,
    LEGACY_DEFAULTS,
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    native,
)
from ptychoparity.reference.config.rules import CARRIED
from ptychoparity.reference.config.schema import Field, fields_of
from ptychoparity.reference.config.sources import (
    INAPPLICABLE,
    INFERENCE_SOURCES,
    MODEL_SOURCES,
    TRAINING_SOURCES,
    Source,
)

CANONICAL = (ModelConfig, TrainingConfig, InferenceConfig)
PARTS = {
    "data": "DataConfig",
    "model": "ModelConfig",
    "training": "TrainingConfig",
    "inference": "InferenceConfig",
}
SOURCES: Mapping[type, tuple[Source, ...]] = {
    ModelConfig: (*MODEL_SOURCES, Source("probe_mask", "model", "probe_mask_tensor")),
    TrainingConfig: TRAINING_SOURCES,
    InferenceConfig: INFERENCE_SOURCES,
}
LEGACY_ONLY = tuple(
    key
    for key in LEGACY_DEFAULTS
    if key not in {KEY_MAPPINGS.get(field.name, field.name) for cls in CANONICAL for field in fields_of(cls)}
)
_KINDS = {int: "int", float: "float", bool: "bool", str: "str", Path: "path", list[int]: "list of int"}


@dataclass(frozen=True)
class Entry:
    """One name of one vocabulary.

    Attributes:
        where: the vocabulary, for example ``canonical TrainingConfig``.
        name: the name.
        other_names: legacy key, native names, flags: what leads here as well.
        facts: what is said of it, title to text.
        meaning: in a few words.
    """

    where: str
    name: str
    other_names: tuple[str, ...]
    facts: Mapping[str, str]
    meaning: str


def entries() -> list[Entry]:
    """Every name: canonical fields, legacy-only keys, native fields, execution fields."""
    return [
        *(canonical_entry(cls, field) for cls in CANONICAL for field in fields_of(cls)),
        *(legacy_entry(key) for key in LEGACY_ONLY),
        *(native_entry(cls, field) for cls in native.NATIVE_CLASSES for field in fields_of(cls)),
        *(execution_entry(field) for field in fields_of(PyTorchExecutionConfig)),
    ]


def canonical_entry(cls: type, field: Field) -> Entry:
    """A canonical field."""
    key = KEY_MAPPINGS.get(field.name, field.name)
    found = [f"{PARTS[item.part]}.{item.field}" for item in SOURCES[cls] if item.target == field.name]
    flags = _flags(cls, field.name)
    nested = field.kind is ModelConfig
    facts = {
        **_plain_facts(field),
        "legacy key": "its fields, flat" if nested else key,
        "native source": ", ".join(found) or _why_not(cls, field.name),
        "flags": "one for each of its fields" if nested else ", ".join(flags) or "none",
    }
    return Entry(f"canonical {cls.__name__}", field.name, (key, *flags), facts, field.meaning)


def legacy_entry(key: str) -> Entry:
    """A key of the legacy dictionary that no canonical field reaches."""
    facts = {"default": repr(LEGACY_DEFAULTS[key])}
    return Entry("legacy only", key, (), facts, "set with legacy.set; no field and no flag reaches it")


def native_entry(cls: type, field: Field) -> Entry:
    """A field of the PyTorch-style schema."""
    facts = {**_plain_facts(field), "canonical field": native_target(cls, field.name)}
    aliases = tuple(alias for alias, name in ALIASES.items() if name == field.name)
    flags = _flags(cls, field.name)
    facts |= {"flags": ", ".join(flags)} if flags else {}
    return Entry(f"native {cls.__name__}", field.name, (*aliases, *flags), facts, field.meaning)


def execution_entry(field: Field) -> Entry:
    """A field of the execution configuration, which is never bridged."""
    flags = _flags(PyTorchExecutionConfig, field.name)
    facts = {**_plain_facts(field), "flags": ", ".join(flags) or "none"}
    return Entry("execution", field.name, flags, facts, field.meaning)


def native_target(cls: type, name: str) -> str:
    """Where a native field is translated to, or why it is not."""
    part = next(part for part, title in PARTS.items() if title == cls.__name__)
    found = [
        f"{owner.__name__}.{source.target}"
        for owner, sources in SOURCES.items()
        for source in sources
        if (source.part, source.field) == (part, name)
    ]
    return ", ".join(found) or (f"follows from {DERIVED[name]}" if name in DERIVED else "native only")


def kind_of(field: Field) -> str:
    """The type of a field in words."""
    kinds = (field.kind,) if field.kind in _KINDS else typing.get_args(field.kind) or (field.kind,)
    named = [_KINDS.get(kind, getattr(kind, "__name__", str(kind))) for kind in kinds]
    if typing.get_origin(field.kind) in (tuple, list) and field.kind not in _KINDS:
        return f"{typing.get_origin(field.kind).__name__} of {', '.join(named)}"
    return " or ".join([*named, *(["None"] if field.optional else [])])


def flags_of(owner: type) -> list[Flag]:
    """Flags of either command that set a field of ``owner``, each once."""
    return list({flag.names: flag for flag in (*train.FLAGS, *infer.FLAGS) if flag.owner is owner}.values())


def _flags(owner: type, name: str) -> tuple[str, ...]:
    own = [flag for flag in flags_of(owner) if flag.field.name == name]
    return tuple(dict.fromkeys(spelling for flag in own for spelling in (flag.names[0], *flag.negations)))


def _plain_facts(field: Field) -> dict[str, str]:
    allowed = "anything; carried, not interpreted" if field.rule == CARRIED else field.rule.allowed
    return {"type": kind_of(field), "default": shown_default(field), "allowed": allowed}


def shown_default(field: Field) -> str:
    """The default as a user would write it."""
    value: Any = field.default
    return repr(value) if value in ("", []) else shown(value)


def _why_not(cls: type, name: str) -> str:
    if name == "model":
        return "the model's own fields"
    reason = INAPPLICABLE.get(
        name, "not part of the native inference schema" if cls is InferenceConfig else ""
    )
    return f"none: {reason}" if reason else "none"


def names_of(found: Iterable[Entry]) -> list[str]:
    """Every name that leads to an entry."""
    return list(dict.fromkeys(name for entry in found for name in (entry.name, *entry.other_names)))
