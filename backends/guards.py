"""What is refused before a training starts, whichever backend trains (spec ``config.md`` 5.3, 1.6).

Each guard says what is wrong and what to do, before a framework fails over it in words of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from ptychoparity.reference.config import TrainingConfig
from ptychoparity.reference.config.translation import to_native

LABELS = ("label_amp", "label_phase")

logger = logging.getLogger(__name__)


class Framework(NamedTuple):
    """A framework as messages name it, as Python imports it and as pip installs it."""

    title: str
    module: str
    requirement: str
    policy: str = ""


FRAMEWORKS: Mapping[str, Framework] = {
    "tensorflow": Framework("TensorFlow", "tensorflow", "tensorflow>=2.18"),
    "pytorch": Framework("PyTorch", "torch", "torch>=2.2", " (POLICY-001)"),
}


def require_framework(backend: str) -> None:
    """Import the framework of ``config.backend``, or say how to install it; never use the other one instead.

    Args:
        backend: a key of `FRAMEWORKS`.

    Raises:
        RuntimeError: it cannot be imported; the original error is the cause (POLICY-001).
    """
    framework = FRAMEWORKS[backend]
    try:
        import_module(framework.module)
    except (ImportError, OSError) as error:  # OSError: a shared library of the installation is missing
        raise RuntimeError(
            f"{framework.title} backend selected, but {framework.module} is not installed or unavailable "
            f"({error}); install it with: pip install {framework.requirement}{framework.policy}"
        ) from error


def refuse_accumulation(automatic_optimization: bool, accum_steps: int) -> None:
    """Refuse to accumulate gradients over batches where the module steps its optimiser itself.

    Raises:
        RuntimeError: manual optimisation and more than one batch per step (EXEC-ACCUM-001).
    """
    if automatic_optimization or accum_steps <= 1:
        return
    raise RuntimeError(
        f"EXEC-ACCUM-001: the module uses manual optimization, which excludes gradient accumulation by the "
        f"trainer (accumulate_grad_batches={accum_steps}); leave out --torch-accumulate-grad-batches, or set "
        "accum_steps to 1"
    )


def require_batches(source: Any) -> Any:
    """The first batch of a loader, or of the training loader of a data module.

    Args:
        source: an iterable that starts afresh each time, or an object whose ``train_dataloader()`` is one.

    Raises:
        RuntimeError: there is no batch.
    """
    batches: Iterable[Any] = source.train_dataloader() if hasattr(source, "train_dataloader") else source
    for batch in batches:
        return batch
    raise RuntimeError(
        "there is no batch to train on: check that train_data_file holds diffraction patterns and that "
        "n_groups is large enough for one batch"
    )


def require_labels(model_type: str, batch: Any) -> None:
    """Refuse supervised training on data without labels; other training needs none.

    Args:
        model_type: canonical or native spelling.
        batch: the first batch or a container: a mapping, or an object with attributes. None is no label.

    Raises:
        RuntimeError: supervised, and ``label_amp`` or ``label_phase`` is missing (DATA-SUP-001).
    """
    if model_type.lower() != "supervised":
        return
    missing = [name for name in LABELS if _held(batch, name) is None]
    if missing:
        raise RuntimeError(
            f"DATA-SUP-001: supervised training needs {' and '.join(LABELS)}, but the data lack "
            f"{' and '.join(missing)}; use data with labels, or train without them: --model_type pinn"
        )


def effective_loss(config: TrainingConfig) -> str:
    """The loss mode that training computes: ``mae`` where it is supervised, else as configured.

    It is what `to_native` derives; ``config`` keeps what the user chose, and so does the legacy dictionary.
    An override is logged at INFO.

    Raises:
        ValueError: a field of ``config`` out of its range.
        TypeError: not a TrainingConfig.
    """
    training = to_native(config)[0].training
    if training is None:
        raise TypeError(f"expected TrainingConfig, got {type(config).__name__}")
    chosen, effective = config.torch_loss_mode.lower(), training.torch_loss_mode
    if effective != chosen:
        logger.info("model_type 'supervised': loss mode %r is overridden by %r", chosen, effective)
    return effective


def _held(batch: Any, name: str) -> Any:
    return batch.get(name) if isinstance(batch, Mapping) else getattr(batch, name, None)
