"""From command-line arguments to an execution configuration (spec ``config.md`` 6.5).

Shared by every command, so that the same flags mean the same everywhere.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ptychoparity.backends.execution import PyTorchExecutionConfig, resolved
from ptychoparity.reference.config import is_given

_COMMON = ("accelerator", "num_workers")
_TRAINING = (
    "deterministic",
    "accum_steps",
    "learning_rate",
    "scheduler",
    "logger_backend",
    "enable_checkpointing",
    "checkpoint_save_top_k",
    "checkpoint_monitor_metric",
    "checkpoint_mode",
    "early_stop_patience",
    "recon_log_every_n_epochs",
    "recon_log_num_patches",
    "recon_log_fixed_indices",
    "recon_log_stitch",
    "recon_log_max_stitch_samples",
)
# What each mode takes from the arguments; the other fields keep their defaults.
FIELDS_OF_MODE: Mapping[str, tuple[str, ...]] = {
    "training": _COMMON + _TRAINING,
    "inference": (*_COMMON, "inference_batch_size"),
}
# Fields whose argument has another name.
ARGUMENTS: Mapping[str, str] = {"accum_steps": "accumulate_grad_batches"}


def resolve_accelerator(accelerator: str = "auto", device: str | None = None) -> str:
    """The accelerator that two arguments, one of them deprecated, stand for.

    Args:
        accelerator: a name, or ``auto`` for ``cuda`` where there is one, else ``cpu``.
        device: deprecated; it decides only where ``accelerator`` is ``auto``: ``cpu``, and ``gpu`` for
            anything else.

    Warns:
        DeprecationWarning: ``device`` is given.
        UserWarning: ``auto`` becomes ``cpu`` (POLICY-001).

    Raises:
        ValueError: ``tpu``.
    """
    if device is None or accelerator == "tpu":
        return resolved(accelerator, stacklevel=3)
    meant = accelerator
    outcome = f"Ignoring --device value {device!r}, since --accelerator {accelerator!r} is given"
    if accelerator == "auto":
        meant = "cpu" if device == "cpu" else "gpu"
        outcome = f"use --accelerator {meant}"
    warnings.warn(f"--device is deprecated; {outcome}", DeprecationWarning, stacklevel=2)
    return meant


def build_execution_config_from_args(args: Any, mode: str) -> PyTorchExecutionConfig:
    """The execution configuration that parsed arguments ask for.

    Args:
        args: any object with attributes named as the fields, but ``accumulate_grad_batches`` for
            ``accum_steps``; besides them ``quiet`` and ``disable_mlflow``. Missing ones keep their defaults.
        mode: ``training``, or ``inference``, which takes accelerator, workers and batch size only.

    Warns:
        DeprecationWarning: ``disable_mlflow``.
        UserWarning: deterministic training with loading processes; or as `PyTorchExecutionConfig`.

    Raises:
        ValueError: unknown mode, or a value out of its range.
    """
    if mode not in FIELDS_OF_MODE:
        raise ValueError(f"Invalid mode: {mode}; mode must be one of {', '.join(FIELDS_OF_MODE)}")
    arguments = {field: ARGUMENTS.get(field, field) for field in FIELDS_OF_MODE[mode]}
    values = {field: getattr(args, name) for field, name in arguments.items() if hasattr(args, name)}
    if disable_mlflow := getattr(args, "disable_mlflow", False):
        warnings.warn(
            "--disable_mlflow is deprecated; use --logger none, and --quiet for no progress bar",
            DeprecationWarning,
            stacklevel=2,
        )
        if mode == "training":
            values["logger_backend"] = None
    values["enable_progress_bar"] = not (getattr(args, "quiet", False) or disable_mlflow)
    config = PyTorchExecutionConfig(**values)
    if mode == "training" and config.deterministic and config.num_workers > 0:
        warnings.warn(
            f"deterministic training with num_workers={config.num_workers} means performance degradation; "
            "use num_workers=0 or deterministic=False",
            UserWarning,
            stacklevel=2,
        )
    return config


def validate_paths(
    train_file: Path | str | None, test_file: Path | str | None, output_dir: Path | str | None
) -> None:
    """Check that inputs are there, then make the output folder with its parents.

    None and the placeholder ``Path()`` are skipped.

    Raises:
        FileNotFoundError: an input is not a file; nothing has been made then.
        FileExistsError: ``output_dir`` is a file.
    """
    for title, path in (("Training", train_file), ("Test", test_file)):
        if is_given(path) and not Path(path).is_file():
            raise FileNotFoundError(f"{title} data file not found: {path}")
    if is_given(output_dir):
        Path(output_dir).mkdir(parents=True, exist_ok=True)
