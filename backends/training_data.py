"""What is trained on: files, scans in memory or ready containers, brought to groups (CONFIG-001).

Both engines train on the same groups: grouping is done here, with the same seed, and only the container
made of them is an engine's own.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from ptychoparity.backends import guards
from ptychoparity.backends.contract import Array
from ptychoparity.backends.rawdata import ScanFacade
from ptychoparity.reference.config import TrainingConfig, is_given
from ptychoparity.reference.config.sampling import sampling_of
from ptychoparity.reference.data import RawData, loading

_SCANS = (RawData, ScanFacade)


def load_data(train_data: Any, test_data: Any, config: TrainingConfig) -> tuple[Any, Any]:
    """Training and test data, read where they are paths; of a training file as much as ``config`` asks for.

    The file's metadata are compared with ``config``, and what differs is logged.

    Args:
        train_data: path of an NPZ file, `RawData`, or a container (an object with ``X`` and ``Y``).
        test_data: the same, or None; a placeholder path counts as None.

    Raises:
        TypeError: anything else.
        ValueError: a placeholder for the training data.
        FileNotFoundError, KeyError, TypeError, ValueError: as `loading.load_data`.
    """
    if _is_path(train_data) and not is_given(Path(train_data)):
        raise ValueError("train_data is required, got a placeholder path; give an NPZ file, as train.npz")
    images = sampling_of(config).images if _is_path(train_data) else None
    train = _read(train_data, "train_data", config, images)
    if test_data is None or (_is_path(test_data) and not is_given(Path(test_data))):
        return train, None
    return train, _read(test_data, "test_data", config)


def is_container(data: Any) -> bool:
    """Whether ``data`` is grouped and ready for a model: it has ``X`` and ``Y``."""
    return hasattr(data, "X") and hasattr(data, "Y")


def grouped_data(data: Any, config: TrainingConfig) -> tuple[dict[str, Any], Array]:
    """Group a scan as ``config`` says: what either engine makes its container of.

    The same seed in both backends, so that both train on the same groups.

    Returns:
        The dictionary of spec ``data.md`` 3.7, and the probe ``(N, N)`` or ``(P, N, N)``.

    Raises:
        TypeError: ``data`` is no `RawData`.
        ValueError: no probe, or as `RawData.generate_grouped_data`.
    """
    if not isinstance(data, _SCANS):
        raise TypeError(
            f"expected RawData or a container (an object with X and Y), got {type(data).__name__}"
        )
    if data.probeGuess is None:
        raise ValueError("probeGuess: the data set holds no probe; set it before training")
    grouped = data.generate_grouped_data(
        config.model.N,
        K=config.neighbor_count,
        nsamples=config.n_groups,
        seed=config.subsample_seed,
        sequential_sampling=config.sequential_sampling,
        gridsize=config.model.gridsize,
        enable_oversampling=config.enable_oversampling,
        neighbor_pool_size=config.neighbor_pool_size,
    )
    return grouped, data.probeGuess


def require_labels(container: Any, config: TrainingConfig) -> None:
    """Refuse supervised training on a container without labels.

    Raises:
        RuntimeError: DATA-SUP-001, see `guards.require_labels`.
    """
    if config.model.model_type == "supervised":
        guards.require_labels("supervised", labels_of(container))


def labels_of(container: Any) -> dict[str, Any]:
    """The labels of a container as supervised training asks for them; empty where it has none.

    A container of a backend says in ``has_labels`` whether its ``Y`` only stands in for labels (spec
    ``data.md`` 4.1); another container is taken at its word.
    """
    named = {name: getattr(container, name, None) for name in ("label_amp", "label_phase")}
    if any(label is not None for label in named.values()):
        return named
    if not getattr(container, "has_labels", True):
        return {}
    return {
        "label_amp": getattr(container, "Y_I", None),
        "label_phase": getattr(container, "Y_phi", None),
    }


def _read(data: Any, name: str, config: TrainingConfig, images: int | None = None) -> Any:
    """``data``, read first where it is a path: ``images`` points of it, or all."""
    if _is_path(data):
        return loading.load_data(
            data,
            n_subsample=images,
            subsample_seed=config.subsample_seed,
            validate_config=True,
            current_config=config,
        )
    if isinstance(data, _SCANS) or is_container(data):
        return data
    raise TypeError(
        f"{name} must be a path, RawData or a container (an object with X and Y), got {type(data).__name__}"
    )


def _is_path(data: Any) -> bool:
    return isinstance(data, str | PathLike)
