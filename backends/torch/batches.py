"""Batches of a container for training, channels-first (spec ``data.md`` 4.4).

What a batch holds is said by `ptychoparity.reference.data.batches`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ptychoparity.backends import guards
from ptychoparity.backends.torch.translation import translate
from ptychoparity.backends.training_data import labels_of
from ptychoparity.reference.data import batches
from ptychoparity.reference.data.batches import BatchOrder
from ptychoparity.reference.data.scales import scaling_constants


class Batch(NamedTuple):
    """Some groups of a container.

    Attributes:
        tensors: ``images`` and ``observed_images`` ``(B, C, N, N)``, ``coords_relative`` ``(B, C, 1, 2)``,
            ``rms_scaling_constant`` and ``physics_scaling_constant`` ``(B, 1, 1, 1)``, ``experiment_id``
            ``(B,)`` int32; for supervised training ``label_amp`` and ``label_phase`` ``(B, C, N, N)``.
        probe: ``(B or 1, C or 1, P, N, N)`` complex64.
        scale: ``(B, 1, 1, 1)`` float32.
    """

    tensors: dict[str, Tensor]
    probe: Tensor
    scale: Tensor


class Batches:
    """Makes batches of a container.

    Args:
        container: with X, coords_true and the probe; with labels for supervised training.
        probe: ``(G or 1, C or 1, P, N, N)`` of the G groups of the container; None for its own.
        scale: of each group ``(G,)``, or of all; None for 1.
        nphotons: mean photons of a pattern; None leaves ``physics_scaling_constant`` at 1.
        supervised: give labels too.

    Raises:
        ValueError: a probe of another rank or shape (PROBE-RANK-001); a number that is not positive.
        RuntimeError: supervised, and the container has no labels (DATA-SUP-001).
    """

    def __init__(
        self,
        container: Any,
        probe: Tensor | None = None,
        scale: ArrayLike | None = None,
        nphotons: float | None = None,
        supervised: bool = False,
    ) -> None:
        self.container = container
        groups, side = container.X.shape[:2]
        self.probe = _rank_5(container.probe) if probe is None else probe
        batches.check_batch_probe(tuple(self.probe.shape), tuple(container.X.shape))
        batches.check_scales(groups, nphotons, scale)
        self.labels = _required(container) if supervised else {}
        self.rms, self.physics = scaling_constants(mean_energy(container.X), side, nphotons)
        self.scale = torch.from_numpy(np.array(batches.group_scales(groups, scale), np.float32))

    def batch(self, indices: ArrayLike) -> Batch:
        """The groups ``indices`` ``(B,)`` of the container.

        Raises:
            ValueError: indices of no group.
        """
        chosen = torch.from_numpy(batches.check_indices(indices, len(self.container.X)))
        images = _channels_first(self.container.X[chosen])
        one = torch.ones((len(chosen), 1, 1, 1))
        tensors = {
            "images": images,
            "observed_images": images,
            "coords_relative": _channels_first(self.container.coords_true[chosen]),
            "rms_scaling_constant": self.rms * one,
            "physics_scaling_constant": self.physics * one,
            "experiment_id": torch.zeros(len(chosen), dtype=torch.int32),
        }
        tensors |= {name: _channels_first(label[chosen]) for name, label in self.labels.items()}
        probe = self.probe if len(self.probe) == 1 else self.probe[chosen]
        return Batch(tensors, probe, self.scale[chosen].reshape(-1, 1, 1, 1))

    def epoch(self, order: BatchOrder) -> Iterator[Batch]:
        """The batches of the next epoch of ``order``."""
        return (self.batch(indices) for indices in order)


def mean_energy(patterns: Tensor) -> float:
    """Mean over groups and channels of the summed squares of ``(B, N, N, C)``, in float64."""
    return float(patterns.to(torch.float64).square().sum(dim=(1, 2)).mean())


def centred_amplitude(container: Any) -> Tensor:
    """Y_I of channel 0, moved to the centre of its group: ``(B, N, N, 1)`` (``physics_model.md`` 2.4)."""
    offsets = container.coords_nominal[:, 0, :, 0].to(torch.float64)
    return translate(container.Y_I[..., 0], -offsets)[..., None]


def training_pairs(container: Any, order: BatchOrder, scale: float) -> DataLoader:
    """Inputs (s X, coords) and targets (centred Y_I of channel 0, s X, (s X)^2) in batches of ``order``."""
    # A generator of its own keeps the loader from drawing from PyTorch's global one.
    return DataLoader(_Pairs(container, scale), batch_size=None, sampler=order, generator=torch.Generator())


class _Pairs(Dataset):
    def __init__(self, container: Any, scale: float) -> None:
        self.X, self.coords, self.scale = container.X, container.coords_nominal, scale
        self.centred = centred_amplitude(container)

    def __getitem__(self, indices: Any) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]:
        chosen = torch.from_numpy(indices)
        scaled = self.scale * _channels_first(self.X[chosen])
        coords, centred = (_channels_first(tensor[chosen]) for tensor in (self.coords, self.centred))
        return (scaled, coords), (centred, scaled, scaled.square())


def _required(container: Any) -> dict[str, Tensor]:
    labels = labels_of(container)
    guards.require_labels("supervised", labels)
    return labels


def _rank_5(probe: Tensor) -> Tensor:
    return torch.from_numpy(np.array(batches.batch_probe(probe.numpy())))


def _channels_first(tensor: Tensor) -> Tensor:
    """``(B, ., ., C)`` to ``(B, C, ., .)`` (spec ``data.md`` 4.3)."""
    return tensor.permute(0, 3, 1, 2).contiguous()
