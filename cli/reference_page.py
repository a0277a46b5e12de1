"""The reference page of the configuration, ``docs/configuration.md``, written from the code's own tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.cli import infer, train
from ptychoparity.cli.flags import DEPRECATED, Flag
from ptychoparity.cli.outcome import EXIT_STATUS
from ptychoparity.cli.torch_flags import NATIVE, TORCH
from ptychoparity.cli.vocabulary import (
    CANONICAL,
    LEGACY_ONLY,
    Entry,
    canonical_entry,
    execution_entry,
    legacy_entry,
    native_entry,
)
from ptychoparity.reference.config import native
from ptychoparity.reference.config.layers import HISTORICAL_KEYS
from ptychoparity.reference.config.schema import fields_of

_HEAD = (
    "# Configuration\n",
    "This page is printed by `ptychoparity fields --markdown`, and a test holds the two equal. "
    "`ptychoparity fields NAME` explains one name on the terminal.\n",
    "A run is described by one **canonical** configuration, the same for both backends: a `TrainingConfig`"
    " or an `InferenceConfig`, each with a `ModelConfig` inside. It is written into the **legacy "
    "dictionary**, under the keys below, before any data are loaded (CONFIG-001); nothing flows back. The "
    "PyTorch backend's **native** schema is translated to and from the canonical one. The **execution** "
    "configuration says how the PyTorch backend computes, not what, and never reaches the legacy "
    "dictionary (CONFIG-002).\n",
)
_WAYS_IN = (
    "## Where values come from\n",
    "| source | beats |",
    "| --- | --- |",
    "| explicit flag | all below |",
    "| YAML file, under `model:` | all below |",
    "| YAML file, flat | all below |",
    "| metadata of the training file: `nphotons` only | the default |",
    "| default | |\n",
    "`ptychoparity train` (also `ptycho_train`) has a flag of the same name for every canonical field, "
    "`ptychoparity infer` (also `ptycho_inference`) for those that a trained model leaves open. "
    "Underscores and hyphens are the same. A switch may be bare, take true, false, yes, no, 1 or 0, or be "
    "negated (`--no_probe_mask`). The word `none` takes a value back where None is allowed. Two spellings "
    "of one field with different values are refused.\n",
    "A YAML file for `--config` holds field names and values. Unknown keys are refused, all in one "
    "message. Numbers are decimal, and `1e6` is a number. `--print-config` prints the effective "
    "configuration as such a file, with the origin of each value as a comment; it needs neither data nor a"
    " framework.\n",
    f"Exit status of both commands: {EXIT_STATUS}\n",
)
_EXECUTION = (
    "For the PyTorch backend only. Without any of these flags the command makes no execution "
    "configuration: the log says `POLICY-001`, `GPU-first defaults` and `--torch-accelerator cpu`, and the"
    " workflow takes a CUDA device where there is one, else the CPU. Given others but no accelerator, it "
    "is chosen in the same way. With TensorFlow the flags are ignored, with one line in the log. A TPU can"
    " be asked for and is refused.\n"
)


def page() -> str:
    """The whole page."""
    parts = (*_HEAD, *_WAYS_IN, _canonical(), _legacy(), _native(), _execution(), _deprecated())
    return "\n".join(parts)


def _canonical() -> str:
    number = sum(len(fields_of(cls)) for cls in CANONICAL)
    parts = [f"## Canonical fields ({number})\n"]
    for cls in CANONICAL:
        found = [canonical_entry(cls, field) for field in fields_of(cls)]
        parts += [
            f"### {cls.__name__} ({len(found)})\n",
            _table(found, ("type", "default", "allowed", "legacy key", "native source", "flags")),
        ]
    return "\n".join(parts)


def _legacy() -> str:
    return "\n".join(
        [
            f"## Keys that only the legacy dictionary has ({len(LEGACY_ONLY)})\n",
            "No field and no flag reaches them; `legacy.set` does.\n",
            _rows(
                ("key", "default"), ((f"`{key}`", legacy_entry(key).facts["default"]) for key in LEGACY_ONLY)
            ),
        ]
    )


def _native() -> str:
    number = sum(len(fields_of(cls)) for cls in native.NATIVE_CLASSES)
    parts = [
        f"## Native fields ({number})\n",
        "Defaults differ from the canonical ones in places, so a run always starts from the canonical "
        "ones. A field that is `native only` is set by an override of the factories.\n",
    ]
    for cls in native.NATIVE_CLASSES:
        found = [native_entry(cls, field) for field in fields_of(cls)]
        parts += [
            f"### Native {cls.__name__} ({len(found)})\n",
            _table(found, ("type", "default", "allowed", "canonical field")),
        ]
    return "\n".join(parts)


def _execution() -> str:
    found = [execution_entry(field) for field in fields_of(PyTorchExecutionConfig)]
    return "\n".join(
        [
            f"## Execution fields ({len(found)})\n",
            _EXECUTION,
            _table(found, ("type", "default", "allowed", "flags")),
            "### PyTorch flags of train\n",
            _flag_table(train.FLAGS, TORCH),
            "### PyTorch flags of infer\n",
            _flag_table(infer.FLAGS, TORCH),
            "### Native spellings\n",
            "Flags of the native command lines, accepted by `train` and, where it has the field, `infer`.\n",
            _flag_table([*train.FLAGS, *infer.FLAGS], NATIVE),
        ]
    )


def _deprecated() -> str:
    keys = ", ".join(f"`{key}`" for key in HISTORICAL_KEYS)
    return "\n".join(
        [
            "## Deprecated names\n",
            "Each still works and draws one warning.\n",
            _rows(
                ("name", "instead"),
                [
                    ("`n_images`, `--n_images`", "`n_groups`, `--n_groups`; given both, `n_groups` counts"),
                    *(
                        (f"`{flag.names[0]}`", _cell(flag.field.meaning))
                        for flag in _once(train.FLAGS, DEPRECATED)
                        if flag.field.name != "n_images"
                    ),
                    (f"{keys} in a YAML file", "nothing: they are left out"),
                ],
            ),
        ]
    )


def _table(found: Sequence[Entry], columns: tuple[str, ...]) -> str:
    rows = (
        [f"`{entry.name}`", *(_cell(entry.facts[name]) for name in columns), _cell(entry.meaning)]
        for entry in found
    )
    return _rows(("field", *columns, "meaning"), rows)


def _flag_table(flags: Iterable[Flag], section: str) -> str:
    rows = (
        [
            ", ".join(f"`{name}`" for name in (flag.names[0], *flag.negations)),
            ("native " if flag.owner in native.NATIVE_CLASSES else "")
            + _cell(f"{flag.owner.__name__}.{flag.field.name}"),
            _cell(flag.field.rule.allowed),
        ]
        for flag in _once(flags, section)
    )
    return _rows(("flag", "sets", "values"), rows)


def _once(flags: Iterable[Flag], section: str) -> list[Flag]:
    return list({flag.names: flag for flag in flags if flag.section == section}.values())


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    """A text as it may stand in a table, flags and fields of classes as code."""
    escaped = text.replace("|", "\\|").replace("*", "\\*")
    return re.sub(r"(?<![\w-])--[\w-]+|\b\w+Config\.\w+", lambda found: f"`{found[0]}`", escaped)
