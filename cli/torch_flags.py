"""Flags of the PyTorch backend, and native and deprecated spellings (spec ``config.md`` 6.1 to 6.7).

A row names the flag, its negation, and the class and field that it sets. Where the field is a canonical one,
the flag is another spelling of that field's own flag.
"""

from __future__ import annotations

from dataclasses import replace

from ptychoparity.backends.execution import ACCELERATOR, PyTorchExecutionConfig
from ptychoparity.cli.flags import DEPRECATED, Flag
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, native
from ptychoparity.reference.config.rules import BOOLEAN, TEXT, one_of
from ptychoparity.reference.config.schema import Field, field_named

TORCH = "PyTorch execution (only with --backend pytorch)"
NATIVE = "Native spellings (second names of flags above, and what only the native schema has)"

Row = tuple[str, str, type, str]
_ACCELERATOR: Row = ("--torch-accelerator", "", PyTorchExecutionConfig, "accelerator")
_WORKERS: Row = ("--torch-num-workers", "", PyTorchExecutionConfig, "num_workers")
_TRAINING: tuple[Row, ...] = (
    _ACCELERATOR,
    ("--torch-deterministic", "--no-torch-deterministic", PyTorchExecutionConfig, "deterministic"),
    _WORKERS,
    ("--torch-accumulate-grad-batches", "", PyTorchExecutionConfig, "accum_steps"),
    ("--torch-learning-rate", "", PyTorchExecutionConfig, "learning_rate"),
    ("--torch-scheduler", "", TrainingConfig, "scheduler"),
    ("--torch-plateau-factor", "", TrainingConfig, "plateau_factor"),
    ("--torch-plateau-patience", "", TrainingConfig, "plateau_patience"),
    ("--torch-plateau-min-lr", "", TrainingConfig, "plateau_min_lr"),
    ("--torch-plateau-threshold", "", TrainingConfig, "plateau_threshold"),
    ("--torch-logger", "", PyTorchExecutionConfig, "logger_backend"),
    (
        "--torch-enable-checkpointing",
        "--no-torch-enable-checkpointing",
        PyTorchExecutionConfig,
        "enable_checkpointing",
    ),
    ("--torch-checkpoint-save-top-k", "", PyTorchExecutionConfig, "checkpoint_save_top_k"),
    ("--torch-recon-log-every-n-epochs", "", PyTorchExecutionConfig, "recon_log_every_n_epochs"),
    ("--torch-recon-log-num-patches", "", PyTorchExecutionConfig, "recon_log_num_patches"),
    ("--torch-recon-log-fixed-indices", "", PyTorchExecutionConfig, "recon_log_fixed_indices"),
    ("--torch-recon-log-stitch", "--no-torch-recon-log-stitch", PyTorchExecutionConfig, "recon_log_stitch"),
    ("--torch-recon-log-max-stitch-samples", "", PyTorchExecutionConfig, "recon_log_max_stitch_samples"),
)
_INFERENCE: tuple[Row, ...] = (
    _ACCELERATOR,
    _WORKERS,
    ("--torch-inference-batch-size", "", PyTorchExecutionConfig, "inference_batch_size"),
)
_NATIVE_BOTH: tuple[Row, ...] = (
    ("--accelerator", "", PyTorchExecutionConfig, "accelerator"),
    ("--num-workers", "", PyTorchExecutionConfig, "num_workers"),
    ("--log-patch-stats", "--no-log-patch-stats", native.InferenceConfig, "log_patch_stats"),
    ("--patch-stats-limit", "", native.InferenceConfig, "patch_stats_limit"),
)
_NATIVE_TRAINING: tuple[Row, ...] = (
    ("--max_epochs", "", TrainingConfig, "nepochs"),
    *_NATIVE_BOTH,
    ("--deterministic", "--no-deterministic", PyTorchExecutionConfig, "deterministic"),
    ("--learning-rate", "", PyTorchExecutionConfig, "learning_rate"),
    ("--accumulate-grad-batches", "", PyTorchExecutionConfig, "accum_steps"),
    ("--logger", "", PyTorchExecutionConfig, "logger_backend"),
    (
        "--enable-checkpointing",
        "--disable-checkpointing",
        PyTorchExecutionConfig,
        "enable_checkpointing",
    ),
    ("--checkpoint-save-top-k", "", PyTorchExecutionConfig, "checkpoint_save_top_k"),
    ("--checkpoint-monitor", "", PyTorchExecutionConfig, "checkpoint_monitor_metric"),
    ("--checkpoint-mode", "", PyTorchExecutionConfig, "checkpoint_mode"),
    ("--early-stop-patience", "", PyTorchExecutionConfig, "early_stop_patience"),
)
_NATIVE_INFERENCE: tuple[Row, ...] = (
    *_NATIVE_BOTH,
    ("--inference-batch-size", "", PyTorchExecutionConfig, "inference_batch_size"),
)
_NAMES = {(owner, field): name for name, _, owner, field in (*_INFERENCE, *_TRAINING)}


# A TPU can be asked for; the execution configuration says why there is none.
_PARSED = one_of(*ACCELERATOR.choices, "tpu")


class Argument:
    """Owner of the deprecated arguments that execution takes beside its fields."""


_DEVICE = Flag(
    ("--device",),
    Argument,
    Field("device", str, True, TEXT, None, "cpu, or anything else for a GPU; use --torch-accelerator"),
    DEPRECATED,
    torch=True,
)
_DISABLE_MLFLOW = Flag(
    ("--disable_mlflow",),
    Argument,
    Field(
        "disable_mlflow", bool, False, BOOLEAN, False, "no logger, no progress bar; use --torch-logger none"
    ),
    DEPRECATED,
    torch=True,
)


def _flag(section: str, row: Row) -> Flag:
    name, off, owner, field = row
    canonical = owner in (TrainingConfig, InferenceConfig)
    first = f"--{field}" if canonical else _NAMES.get((owner, field), name)
    described = field_named(owner, field)
    return Flag(
        (name,),
        owner,
        replace(described, rule=_PARSED) if field == "accelerator" else described,
        section,
        (off,) if off else (),
        torch=section == TORCH or not canonical,
        same_as="" if first == name else first,
        default="cuda where there is one, else cpu (POLICY-001)" if row == _ACCELERATOR else "",
    )


TRAINING_FLAGS = [
    *(_flag(TORCH, row) for row in _TRAINING),
    *(_flag(NATIVE, row) for row in _NATIVE_TRAINING),
    _DEVICE,
    _DISABLE_MLFLOW,
]
INFERENCE_FLAGS = [
    *(_flag(TORCH, row) for row in _INFERENCE),
    *(_flag(NATIVE, row) for row in _NATIVE_INFERENCE),
    _DEVICE,
]
