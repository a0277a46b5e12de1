"""How the PyTorch backend executes: accelerator, precision, loading, logs (spec ``config.md`` 5).

An execution configuration never reaches the legacy dictionary (CONFIG-002): it says how to compute, not what.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated

from ptychoparity.reference.config.rules import (
    BOOLEAN,
    CLIP_ALGORITHM,
    COUNT,
    COUNT_FROM_ZERO,
    NAME,
    POSITIVE,
    SCHEDULER,
    Rule,
    either,
    is_integer,
    one_of,
    or_none,
)
from ptychoparity.reference.config.validation import (
    CrossRule,
    require_cross_rules,
    require_rules,
    rules_of,
)

ACCELERATOR = one_of("auto", "cpu", "cuda", "gpu", "mps")
STRATEGY = one_of("auto", "ddp", "fsdp", "deepspeed", "ddp_spawn", "ddp_notebook")
PRECISION = one_of("32-true", "16-mixed", "bf16-mixed")
LOGGER = or_none(one_of("csv", "tensorboard", "mlflow"))
TOP_K = either(COUNT_FROM_ZERO, Rule("-1 for all", lambda value: is_integer(value) and value == -1))
INDICES = Rule(
    "a list of integers >= 0",
    lambda value: isinstance(value, list | tuple) and all(map(COUNT_FROM_ZERO.holds, value)),
)

DEFAULT_LEARNING_RATE = 1e-3
TORCH_DEVICES = {"cuda": "cuda", "gpu": "cuda", "mps": "mps"}

_RESERVED = "reserved; nothing reads it"


@dataclass
class PyTorchExecutionConfig:
    """How one training or reconstruction is executed; checked when it is made.

    ``accelerator='auto'`` is resolved here, so the attribute never holds it afterwards: ``cuda`` where
    PyTorch sees a CUDA device, else ``cpu`` with one warning.  Every other accelerator is taken as given,
    without a warning and without importing PyTorch.  A copy holds what was resolved and asks nothing again.
    ``learning_rate=None`` means its default, ``logger_backend='none'`` means None.

    Warns:
        UserWarning: ``auto`` became ``cpu`` (POLICY-001).

    Raises:
        ValueError: the first field out of its range, with its value and what is allowed.
    """

    accelerator: Annotated[str, ACCELERATOR, "what computes; auto is cuda where there is one, else cpu"] = (
        "auto"
    )
    devices: Annotated[int | str, either(COUNT, one_of("auto")), "devices to use"] = 1
    strategy: Annotated[str, STRATEGY, "strategy of distributed training"] = "auto"
    deterministic: Annotated[
        bool | str, either(BOOLEAN, one_of("warn")), "deterministic algorithms; warn: only where they exist"
    ] = True
    precision: Annotated[str, PRECISION, "floating-point precision of training"] = "32-true"
    gradient_clip_val: Annotated[
        float | None, or_none(POSITIVE), "threshold of gradient clipping; None: no clipping"
    ] = None
    gradient_clip_algorithm: Annotated[str, CLIP_ALGORITHM, "how gradients are clipped"] = "norm"
    accum_steps: Annotated[int, COUNT, "batches per optimiser step"] = 1
    num_workers: Annotated[int, COUNT_FROM_ZERO, "processes that load data; 0: the process itself"] = 0
    pin_memory: Annotated[bool, BOOLEAN, "load data into page-locked memory"] = False
    persistent_workers: Annotated[bool, BOOLEAN, "keep loading processes between epochs"] = False
    prefetch_factor: Annotated[
        int | None, or_none(COUNT), "batches that each process loads ahead; None: PyTorch's default"
    ] = None
    learning_rate: Annotated[float, POSITIVE, "learning rate"] = DEFAULT_LEARNING_RATE
    scheduler: Annotated[str, SCHEDULER, "schedule of the learning rate"] = "Default"
    enable_progress_bar: Annotated[bool, BOOLEAN, "show the progress of training"] = False
    enable_checkpointing: Annotated[bool, BOOLEAN, "write checkpoints"] = True
    checkpoint_save_top_k: Annotated[int, TOP_K, "best checkpoints to keep beside the last; -1: all"] = 1
    checkpoint_monitor_metric: Annotated[str, NAME, "metric that ranks checkpoints"] = "val_loss"
    checkpoint_mode: Annotated[str, one_of("min", "max"), "whether low or high values are best"] = "min"
    early_stop_patience: Annotated[int, COUNT, "epochs without improvement before training stops"] = 100
    logger_backend: Annotated[str | None, LOGGER, "where metrics are logged; none: nowhere"] = "csv"
    recon_log_every_n_epochs: Annotated[
        int | None, or_none(COUNT), "epochs between logged reconstructions (mlflow only); None: none"
    ] = None
    recon_log_num_patches: Annotated[int, COUNT, "patches in a logged reconstruction"] = 4
    recon_log_fixed_indices: Annotated[
        list[int] | None, or_none(INDICES), "patches to log every time; None: drawn"
    ] = None
    recon_log_stitch: Annotated[bool, BOOLEAN, "log the stitched object as well"] = False
    recon_log_max_stitch_samples: Annotated[
        int | None, or_none(COUNT), "most patches in a logged stitched object; None: all"
    ] = None
    inference_batch_size: Annotated[
        int | None, or_none(COUNT), "groups per prediction; None: as in training"
    ] = None
    middle_trim: Annotated[int, COUNT_FROM_ZERO, _RESERVED] = 0
    pad_eval: Annotated[bool, BOOLEAN, _RESERVED] = False

    def __post_init__(self) -> None:
        if self.learning_rate is None:
            self.learning_rate = DEFAULT_LEARNING_RATE
        if self.logger_backend == "none":
            self.logger_backend = None
        _refuse_tpu(self.accelerator)
        require_rules(self, rules_of(PyTorchExecutionConfig))
        require_cross_rules(self, CROSS_RULES)
        self.accelerator = resolved(self.accelerator, stacklevel=4)


CROSS_RULES: tuple[CrossRule, ...] = (
    CrossRule(
        "persistent_workers",
        "False unless num_workers > 0",
        lambda config: config.num_workers > 0 or not config.persistent_workers,
    ),
    CrossRule(
        "prefetch_factor",
        "None unless num_workers > 0",
        lambda config: config.num_workers > 0 or config.prefetch_factor is None,
    ),
)


def resolved(accelerator: str, stacklevel: int = 2) -> str:
    """What an accelerator stands for: ``auto`` for ``cuda`` or ``cpu``, any other name for itself.

    The one place where ``auto`` is decided (spec ``config.md`` 5.1): what it returns resolves to itself, so
    an entry that passes it on warns once.

    Args:
        accelerator: a name; only ``tpu`` is refused here.
        stacklevel: which caller a warning points to, as in `warnings.warn`.

    Warns:
        UserWarning: ``auto`` becomes ``cpu`` (POLICY-001).

    Raises:
        ValueError: ``tpu``.
    """
    _refuse_tpu(accelerator)
    if accelerator != "auto":
        return accelerator
    available = cuda_available()
    if available:
        return "cuda"
    reason = "" if available is False else " because PyTorch cannot be imported (pip install torch>=2.2)"
    warnings.warn(
        f"POLICY-001: No CUDA device detected{reason}; accelerator 'auto' becomes 'cpu'; "
        "say accelerator='cpu' (--torch-accelerator cpu) to choose it without this warning",
        UserWarning,
        stacklevel=stacklevel,
    )
    return "cpu"


def cuda_available() -> bool | None:
    """Whether PyTorch sees a CUDA device; None where PyTorch cannot be imported. Imports it."""
    try:
        from ptychoparity.backends.torch.devices import cuda_available as asked
    except (ImportError, OSError):  # OSError: a shared library of the installation is missing
        return None
    return asked()


def require_accelerator(config: PyTorchExecutionConfig) -> None:
    """Refuse an accelerator that this machine does not have, before a trainer is made (``config.md`` 5.1).

    Raises:
        RuntimeError: ``cuda`` or ``gpu`` without a CUDA device.
    """
    if torch_device(config.accelerator) == "cuda" and not cuda_available():
        raise RuntimeError(
            f"PyTorchExecutionConfig.accelerator is {config.accelerator!r}, but no CUDA device is available "
            "(POLICY-001); use accelerator='cpu' (--torch-accelerator cpu), or 'auto' to take what there is"
        )


def torch_device(accelerator: str) -> str:
    """PyTorch's name of the device: ``cuda``, ``mps`` or ``cpu`` (spec ``config.md`` 5.1).

    Warns, raises:
        As `resolved`, which decides about ``auto``.
    """
    return TORCH_DEVICES.get(resolved(accelerator, stacklevel=3), "cpu")


def _refuse_tpu(accelerator: str) -> None:
    if accelerator == "tpu":
        raise ValueError(
            f"accelerator {accelerator!r}: TPU needs Torch-XLA and is unsupported; "
            f"use one of {', '.join(ACCELERATOR.choices)}"
        )
