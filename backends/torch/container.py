"""Grouped data as PyTorch tensors (spec ``data.md`` 4.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ptychoparity.backends.torch.batches import training_pairs
from ptychoparity.reference.config import legacy
from ptychoparity.reference.data.batches import BatchOrder
from ptychoparity.reference.data.container import (
    Array,
    Grouped,
    container_contents,
    grouped_without_pc,
    selected,
    with_norm,
)
from ptychoparity.reference.data.containerfile import STORED, read_container, write_container


class PtychoDataContainerTorch:
    """Groups ready for a model, channels-last, as tensors on the CPU.

    Attributes: X, Y_I, Y_phi ``(B, N, N, C)`` float32; Y complex64; coords_nominal (= coords) and
    coords_true (= coords_relative) ``(B, 1, 2, C)`` float32; global_offsets ``(B, 1, 2, 1)`` and
    local_offsets ``(B, 1, 2, C)`` float64; nn_indices ``(B, C)`` int32; probe complex64 as given; YY_full
    ``(H, W)`` complex64 or None; norm_Y_I, a number or None; has_labels: where it is false, Y, Y_I and Y_phi
    are the one, one and zero that stand in for labels.

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7; it may also hold ``norm_Y_I``.
        probe: ``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)``.

    Raises:
        ValueError, TypeError: see `ptychoparity.reference.data.container.container_contents`.
    """

    def __init__(self, grouped: Grouped, probe: Any) -> None:
        self._hold(container_contents(grouped, probe))

    @classmethod
    def from_grouped(cls, grouped: Grouped, probe: Any) -> PtychoDataContainerTorch:
        """The container of grouped data: what the constructor makes."""
        return cls(grouped, probe)

    @classmethod
    def from_raw_data_without_pc(
        cls,
        x: Array,
        y: Array,
        diff3d: Array,
        probe: Array,
        scan_index: Array | None,
        objectGuess: Array | None = None,
        N: int | None = None,
        K: int = 7,
        nsamples: int = 1,
    ) -> PtychoDataContainerTorch:
        """Group a scan without position correction; gridsize is the legacy dictionary's.

        Raises:
            ValueError, TypeError: see `ptychoparity.reference.data.container.grouped_without_pc`.
        """
        return cls.from_grouped(
            grouped_without_pc(x, y, diff3d, probe, scan_index, objectGuess, N, K, nsamples), probe
        )

    @classmethod
    def from_npz(cls, path: str | PathLike[str]) -> PtychoDataContainerTorch:
        """Read what `to_npz` wrote; Y comes back as Y_I exp(i Y_phi).

        Raises:
            FileNotFoundError, KeyError, ValueError, TypeError: see
                `ptychoparity.reference.data.containerfile.read_container`.
        """
        made = cls.__new__(cls)
        made._hold(read_container(path))
        return made

    def to_npz(self, path: str | PathLike[str]) -> None:
        """Write the members of spec ``data.md`` 4.1 to ``path``, all or nothing."""
        write_container(path, {key: getattr(self, key) for key in STORED}, self.has_labels)

    def as_torch_dataset(self, batch_size: int, shuffle: bool = True, seed: int | None = None) -> DataLoader:
        """Batches for training, channels-first: ((s X, coords), (centred Y_I of channel 0, s X, (s X)^2)).

        The scale s is the legacy dictionary's ``intensity_scale``. Each iteration is an epoch in an order of
        its own, the same as in the TensorFlow backend.

        Args:
            batch_size: groups of a batch; the last one may be smaller.
            shuffle: draw the order anew in each epoch.
            seed: of the order; None for fresh entropy.

        Raises:
            KeyError: there is no ``intensity_scale``.
            ValueError: as `ptychoparity.reference.data.batches.BatchOrder`.
        """
        order = BatchOrder(len(self), batch_size, shuffle, seed)
        return training_pairs(self, order, float(legacy.get("intensity_scale")))

    def _hold(self, contents: Mapping[str, Any]) -> None:
        tensors = {
            key: torch.from_numpy(np.array(value))
            for key, value in contents.items()
            if isinstance(value, np.ndarray)
        }
        labels = tensors.get("Y"), tensors.get("Y_I"), tensors.get("Y_phi")
        self.has_labels = any(label is not None for label in labels)
        self.X = tensors["X"]
        self.Y, self.Y_I, self.Y_phi = _labels(self.X, *labels)
        self.norm_Y_I: float | None = contents["norm_Y_I"]
        self.YY_full = tensors.get("YY_full")
        self.coords_nominal = self.coords = tensors["coords_nominal"]
        self.coords_true = self.coords_relative = tensors["coords_true"]
        self.nn_indices = tensors["nn_indices"]
        self.global_offsets = tensors["global_offsets"]
        self.local_offsets = tensors["local_offsets"]
        self.probe = tensors["probe"]

    def __len__(self) -> int:
        """Number of groups B."""
        return len(self.X)


def load(
    cb: Callable[[], Any], probeGuess: Any, which: str | None = None, create_split: bool = False
) -> PtychoDataContainerTorch:
    """The container of grouped data, or of their training or test part (spec ``data.md`` 4.1).

    ``norm_Y_I`` is that of the groups held, from the legacy dictionary's ``nphotons`` unless the data bring
    one.

    Args:
        cb: gives the grouped data; with ``create_split`` also the training fraction, as a pair.
        probeGuess: as the container takes it.
        which: ``train`` or ``test``; irrelevant without ``create_split``.
        create_split: cut the data into the first ``int(B * fraction)`` groups and the rest.

    Raises:
        ValueError, TypeError: see `ptychoparity.reference.data.container.selected`, and the container.
    """
    return PtychoDataContainerTorch.from_grouped(with_norm(selected(cb, which, create_split)), probeGuess)


def _labels(
    patterns: Tensor, labels: Tensor | None, amplitude: Tensor | None, phase: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Y, Y_I and Y_phi of whichever are given; stand-ins of the shape of the patterns for none."""
    if labels is not None:
        return labels, labels.abs(), labels.angle()
    if amplitude is not None and phase is not None:
        return torch.polar(amplitude, phase), amplitude, phase
    one = torch.ones_like(patterns)
    return torch.ones(patterns.shape, dtype=torch.complex64), one, torch.zeros_like(patterns)
