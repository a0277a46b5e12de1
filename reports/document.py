"""The parity report as a file: validated against its schema, written whole or not at all."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ptychoparity.conformance.judge import BROKEN, ERROR, FAIL, OUTCOMES
from ptychoparity.conformance.report import SCHEMA_VERSION

Report = dict[str, Any]


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a report."""
    text = files(__package__).joinpath("schema/report.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def validate(report: Any) -> None:
    """Check a report against the schema, and its counts and exit status against its rows and reasons.

    Raises:
        ValueError: one line with the place in the document and what is wrong there.
    """
    version = report.get("schema_version") if isinstance(report, dict) else SCHEMA_VERSION
    if version is not None and version != SCHEMA_VERSION:
        raise ValueError(
            f"schema_version is {version!r}, this release reads {SCHEMA_VERSION!r}: "
            "judge the evidence again, or read the report with the release that wrote it"
        )
    error = next(iter(_validator().iter_errors(report)), None)
    if error is not None:
        raise ValueError(f"{_place(error.absolute_path)}: {_wrong(error)}")
    for place, wrong in _contradictions(report):
        raise ValueError(f"{place}: {wrong}")


def load_report(path: Path) -> Report:
    """Read and validate a report.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no JSON, or not a valid report; one line naming the file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    try:
        report: Report = json.loads(path.read_text("utf-8"), parse_constant=_refuse_constant)
        validate(report)
    except ValueError as error:  # malformed JSON and text that is not UTF-8 are ValueErrors too
        raise ValueError(f"{path} is not a parity report: {error}") from error
    return report


def save_report(report: Report, path: Path) -> None:
    """Validate a report and write it under a temporary name that is then renamed to ``path``.

    Raises:
        ValueError: see `validate`; nothing is written.
        FileNotFoundError: the folder does not exist.
    """
    validate(report)
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as handle:
            handle.write(text + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@cache
def _validator() -> Draft202012Validator:
    """Following a reference costs more than checking a value, and a report has 10^5 values: none are left."""
    document = schema()
    return Draft202012Validator(_inlined(document, document["$defs"]))


def _inlined(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _inlined(item, definitions) for key, item in value.items() if key != "$ref"}
    if isinstance(value.get("$ref"), str):
        plain |= _inlined(definitions[value["$ref"].removeprefix("#/$defs/")], definitions)
    return plain


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number; a report writes it as a text")


def _contradictions(report: Report) -> Iterator[tuple[str, str]]:
    """What the schema cannot say: the verdict must be that of the rows, and rows must have a provenance."""
    verdict = report["verdict"]
    tally = Counter(row["outcome"] for row in report["rows"])
    for outcome in OUTCOMES:
        if verdict["counts"][outcome] != tally[outcome]:
            yield (
                f"verdict.counts.{outcome}",
                f"{verdict['counts'][outcome]} stated, but {tally[outcome]} rows are {outcome}",
            )
    if verdict["exit_status"] != int(bool(verdict["reasons"])):
        number = len(verdict["reasons"])
        yield "verdict.exit_status", f"{verdict['exit_status']} does not fit {number} reasons"
    stopping = sum(tally[outcome] for outcome in (FAIL, ERROR, BROKEN))
    if stopping and not verdict["reasons"]:
        yield "verdict.reasons", f"empty, but {stopping} rows fail, raise or broke"
    named = {item["backend"] for item in (*report["evidence"], *report["broken"])}
    for index, row in enumerate(report["rows"]):
        if row["backend"] not in named:
            yield f"rows[{index}].backend", f"{row['backend']!r} is neither in evidence nor in broken"
        if row["scenario"] not in report["scenarios"] and row["kind"] != "run":
            yield f"rows[{index}].scenario", f"{row['scenario']!r} is not in scenarios"


def _place(path: Iterable[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the document"


def _wrong(error: ValidationError) -> str:
    """The validator's message on one line; it quotes the offending value, which may be long."""
    message = " ".join(error.message.split())
    return message if len(message) <= 300 else f"{message[:140]} ... {message[-140:]}"
