"""Flags as data: each sets one field, and click options are made from it.

Nothing has a default in the parser. What was given is what click's parser noted, spelling by spelling, so
that two spellings of one field with different values are seen.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ptychoparity.cli.errors import BadInputError
from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig
from ptychoparity.reference.config.canonical import DEFAULT_TRAINING_GROUPS
from ptychoparity.reference.config.coercion import coerce
from ptychoparity.reference.config.layers import leaf_fields
from ptychoparity.reference.config.rules import CARRIED
from ptychoparity.reference.config.schema import REQUIRED, Field

RUN, DATA, MODEL, SAMPLING, TRAINING, OPTIMISER = SECTIONS = (
    "Run",
    "Data",
    "Model",
    "Sampling",
    "Training",
    "Optimiser and schedule",
)
LOG, CARRIED_ON, DEPRECATED = LAST_SECTIONS = ("Log", "Carried, not interpreted", "Deprecated")
_SECTION_FIELDS = {
    DATA: "train_data_file test_data_file model_path output_dir nphotons",
    SAMPLING: "n_groups n_subsample subsample_seed neighbor_count enable_oversampling neighbor_pool_size "
    "sequential_sampling",
    OPTIMISER: "gradient_clip_val gradient_clip_algorithm optimizer momentum weight_decay adam_beta1 "
    "adam_beta2 scheduler lr_warmup_epochs lr_min_ratio plateau_factor plateau_patience plateau_min_lr "
    "plateau_threshold",
    RUN: "backend",
    LOG: "debug",
    DEPRECATED: "n_images",
}
_SECTION_OF = {name: section for section, names in _SECTION_FIELDS.items() for name in names.split()}
_NAMES: dict[tuple[type, str], tuple[str, ...]] = {
    (InferenceConfig, "test_data_file"): ("--test_data", "--test_data_file")
}
_METAVARS = {int: "INTEGER", float: "NUMBER", str: "TEXT", Path: "PATH", list[int]: "I,J,..."}
_META = "ptychoparity.cli.flags"


@dataclass(frozen=True)
class Flag:
    """A flag that sets one field.

    Attributes:
        names: spellings, of which help shows the first; with hyphens or underscores alike.
        owner: class that the field belongs to.
        field: what it sets.
        section: heading under which help shows it.
        negations: spellings that set it to False.
        torch: whether it means something to the PyTorch backend only, and is ignored by the other.
        same_as: the flag of which this is another spelling, if any.
        default: shown instead of the field's default.
    """

    names: tuple[str, ...]
    owner: type
    field: Field
    section: str
    negations: tuple[str, ...] = ()
    torch: bool = False
    same_as: str = ""
    default: str = ""

    @property
    def is_switch(self) -> bool:
        """Whether it can be given bare."""
        return bool in (self.field.kind, *typing.get_args(self.field.kind))

    @property
    def label(self) -> str:
        """How help shows it."""
        none = ("none",) if self.field.optional else ()
        choices = "|".join((*self.field.rule.choices, *none)) if self.field.rule.choices else ""
        metavar = "[BOOL]" if self.is_switch else choices or _METAVARS[self.field.kind]
        return ", ".join([f"{self.names[0]} {metavar}", *self.negations[:1]])

    @property
    def help(self) -> str:
        """What help says of it: meaning, what is allowed, default; or whose second spelling it is."""
        if self.same_as:
            return f"the same as {self.same_as}"
        default = f"[default: {self.default or shown(self.field.default)}]"
        if self.section == CARRIED_ON:
            return default
        told = self.is_switch or self.field.rule.choices or self.field.kind is Path
        allowed = "" if told else f"; {self.field.rule.allowed}"
        return f"{self.field.meaning}{allowed}  {default}"


@dataclass(frozen=True)
class Given:
    """A flag that the user gave: as spelled, and its value in the field's type."""

    flag: Flag
    spelling: str
    value: Any


class Spelling(click.Option):
    """One spelling of one flag; help shows a flag once."""

    def __init__(self, flag: Flag, name: str, text: str | None, visible: bool) -> None:
        """``text`` is the value of a spelling that takes none; a switch may leave its value out."""
        switch: dict[str, Any] = {"is_flag": text is not None, "flag_value": text or "true"}
        super().__init__(
            ["flag" + name.replace("-", "__"), name],
            type=click.UNPROCESSED,
            hidden=not visible,
            expose_value=False,
            callback=_note_given,
            **(switch if text is not None or flag.is_switch else {}),
        )
        self.flag = flag
        self.section = flag.section

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:  # noqa: ARG002
        """The flag as help shows it."""
        return None if self.hidden else (self.flag.label, self.flag.help)


class Setting(click.Option):
    """An option that sets no field of a configuration but something about this run."""

    def __init__(self, *args: Any, section: str = RUN, **kwargs: Any) -> None:
        """``section`` is the heading in help; the rest is click's."""
        super().__init__(*args, **kwargs)
        self.section = section


def spellings(flag: Flag) -> list[Spelling]:
    """The options of one flag."""
    plain = {variant: None for name in flag.names for variant in variants(name)}
    off = {variant: "false" for name in flag.negations for variant in variants(name)}
    return [Spelling(flag, name, text, name == flag.names[0]) for name, text in {**plain, **off}.items()]


def variants(name: str) -> tuple[str, ...]:
    """A flag with its own marks, with underscores, and with hyphens."""
    bare = name.removeprefix("--")
    return tuple(dict.fromkeys((name, f"--{bare.replace('-', '_')}", f"--{bare.replace('_', '-')}")))


def canonical_flags(cls: type, names: Iterable[str] = ()) -> list[Flag]:
    """A flag for each leaf field of a configuration, or for those that are named."""
    wanted = set(names)
    return [
        _canonical(owner, field)
        for name, (owner, field) in leaf_fields(cls).items()
        if not wanted or name in wanted
    ]


def _canonical(owner: type, field: Field) -> Flag:
    usual = MODEL if owner is ModelConfig else TRAINING
    section = CARRIED_ON if field.rule == CARRIED else _SECTION_OF.get(field.name, usual)
    negations = (f"--no_{field.name}",) if field.kind is bool else ()
    default = shown(DEFAULT_TRAINING_GROUPS) if (owner, field.name) == (TrainingConfig, "n_groups") else ""
    return Flag(
        _NAMES.get((owner, field.name), (f"--{field.name}",)),
        owner,
        field,
        section,
        negations,
        default=default,
    )


def shown(value: Any) -> str:
    """A default as a user would write it."""
    if value is None or value is REQUIRED:
        return "none" if value is None else "required"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def given(ctx: click.Context) -> list[Given]:
    """What the user gave, one entry a field, each in its field's type.

    Raises:
        BadInputError: a value that its field cannot take, or two spellings of one field that differ.
    """
    found: dict[tuple[type, str], Given] = {}
    for option, text in ctx.meta.get(_META, []):
        flag, spelling = option.flag, option.opts[0]
        entry = Given(flag, spelling, _converted(flag, spelling, text))
        earlier = found.setdefault((flag.owner, flag.field.name), entry)
        if earlier.value != entry.value:
            raise BadInputError(
                f"{earlier.spelling} ({shown(earlier.value)}) and {spelling} ({shown(entry.value)}) both set "
                f"{flag.owner.__name__}.{flag.field.name}; give one of them"
            )
    return list(found.values())


def sections_of(options: Sequence[click.Parameter]) -> dict[str, list[click.Parameter]]:
    """Options by heading: what a run is about, then what belongs to a backend, then what few need."""
    headings = dict.fromkeys(getattr(option, "section", RUN) for option in options)
    between = [heading for heading in headings if heading not in SECTIONS + LAST_SECTIONS]
    order = [heading for heading in (*SECTIONS, *between, *LAST_SECTIONS) if heading in headings]
    return {
        heading: [option for option in options if getattr(option, "section", RUN) == heading]
        for heading in order
    }


def _note_given(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    if ctx.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE:
        ctx.meta.setdefault(_META, []).append((param, value))
    return value


def _converted(flag: Flag, spelling: str, text: str) -> Any:
    try:
        value = _indices(text) if flag.field.kind == list[int] else coerce(flag.field, text)
        # In a configuration "." means "not given"; who types it means the folder that they are in.
        return Path.cwd() if text and value == Path() else value
    except ValueError as error:
        raise BadInputError(f"{spelling}: {flag.owner.__name__}.{flag.field.name} {error}") from error


def _indices(text: str) -> list[int] | None:
    """A list of numbers as ``0,3,7``; none takes it back."""
    if text.strip().lower() in ("none", "null"):
        return None
    if not re.fullmatch(r"\s*[0-9]+(\s*[,\s]\s*[0-9]+)*\s*", text):
        raise ValueError(f"must be integers >= 0 separated by commas, or None, got {text!r}")
    return [int(number) for number in re.findall(r"[0-9]+", text)]
