"""Whether a run gets an execution configuration of its own, and which (spec ``config.md`` 6.4)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from ptychoparity.backends import arguments
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.cli.effective import scalar, with_origin
from ptychoparity.cli.errors import BadInputError
from ptychoparity.cli.flags import Given
from ptychoparity.cli.torch_flags import Argument
from ptychoparity.reference.config import native
from ptychoparity.reference.config.layers import DEFAULT
from ptychoparity.reference.config.schema import fields_of

logger = logging.getLogger(__name__)

GPU_FIRST = (
    "POLICY-001: no --torch-* flag is given, so the run takes GPU-first defaults: a CUDA device where there "
    "is one, else the CPU; --torch-accelerator cpu chooses the CPU"
)

LOGGED = {
    "training": ("accelerator", "num_workers", "learning_rate", "logger_backend"),
    "inference": ("accelerator", "num_workers", "inference_batch_size"),
}
"""What the log says of an execution configuration that flags asked for."""


def execution_of(
    torch: Sequence[Given], backend: str, mode: str, quiet: bool
) -> PyTorchExecutionConfig | None:
    """The execution configuration that flags ask for; None leaves it to the workflow.

    Raises:
        BadInputError: a value out of its range.
    """
    if backend != "pytorch":
        if torch:
            named = ", ".join(entry.spelling for entry in torch)
            logger.info("ignored, because they concern the PyTorch backend only: %s", named)
        return None
    wanted = [entry for entry in torch if not _is_native(entry)]
    if not wanted:
        logger.info(GPU_FIRST)
        return None
    execution = _built(_arguments(wanted), wanted, mode, quiet)
    shown = ", ".join(f"{name} {getattr(execution, name)}" for name in LOGGED[mode])
    logger.info("execution: %s", shown)
    return execution


def native_overrides(torch: Iterable[Given], backend: str) -> dict[str, Any] | None:
    """Values of fields that only the native schema has; None where there are none."""
    values = {entry.flag.field.name: entry.value for entry in torch if _is_native(entry)}
    return values if values and backend == "pytorch" else None


def as_comments(torch: Sequence[Given], backend: str, mode: str, quiet: bool) -> list[str]:
    """The execution configuration in words; the accelerator 'auto' stays, since no framework is asked.

    Raises:
        BadInputError: a value out of its range.
    """
    wanted = [entry for entry in torch if not _is_native(entry)]
    if backend != "pytorch":
        ignored = f"; ignored: {', '.join(entry.spelling for entry in torch)}" if torch else ""
        return [f"# execution configuration: none, the backend is {backend}{ignored}"]
    lines = [
        f"# native {entry.flag.field.name}: {scalar(entry.value)}  ({entry.spelling})"
        for entry in torch
        if _is_native(entry)
    ]
    if not wanted:
        return [*lines, "# execution configuration: None: GPU-first defaults (POLICY-001)"]
    asked = _arguments(wanted)
    undecided = asked.get("accelerator", "auto") == "auto" and "device" not in asked
    execution = _built({**asked, "accelerator": "cpu"} if undecided else asked, wanted, mode, quiet)
    origins = {entry.flag.field.name: entry.spelling for entry in wanted}
    shown = {field.name: getattr(execution, field.name) for field in fields_of(PyTorchExecutionConfig)}
    shown |= {"accelerator": "auto"} if undecided else {}
    lines.append("# execution configuration:")
    return lines + [f"#   {name}: {value}  ({origins.get(name, DEFAULT)})" for name, value in shown.items()]


def _is_native(entry: Given) -> bool:
    return entry.flag.owner in native.NATIVE_CLASSES


def _arguments(wanted: Iterable[Given]) -> dict[str, Any]:
    """Execution arguments by the names that `arguments.build_execution_config_from_args` knows."""
    named = {
        entry.flag.field.name: entry.value
        for entry in wanted
        if entry.flag.owner in (PyTorchExecutionConfig, Argument)
    }
    return {arguments.ARGUMENTS.get(name, name): value for name, value in named.items()}


def _built(asked: dict[str, Any], wanted: Iterable[Given], mode: str, quiet: bool) -> PyTorchExecutionConfig:
    device = asked.get("device")
    try:
        if device is not None:
            chosen = arguments.resolve_accelerator(asked.get("accelerator", "auto"), device)
            asked = {**asked, "accelerator": chosen}
        return arguments.build_execution_config_from_args(SimpleNamespace(quiet=quiet, **asked), mode)
    except ValueError as error:
        origins = {entry.flag.field.name: entry.spelling for entry in wanted}
        raise BadInputError(with_origin(error, origins)) from error
