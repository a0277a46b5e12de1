"""Grouped data as PyTorch tensors (spec ``data.md`` 4.2)."""

from __future__ import annotations

import numpy as np
import torch

from ptychoparity.reference.data.container import Array, Grouped, container_sources


class PtychoDataContainerTorch:
    """Groups ready for a model, channels-last, as tensors on the CPU.

    Attributes: X, Y_I, Y_phi ``(B, N, N, C)`` float32; Y complex64; coords_nominal (= coords) and
    coords_true ``(B, 1, 2, C)`` float32; global_offsets ``(B, 1, 2, 1)`` and local_offsets
    ``(B, 1, 2, C)`` float64; nn_indices ``(B, C)`` int32; probe complex64 as given.

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7.
        probe: ``(P, N, N)`` or ``(N, N)`` complex.

    Raises:
        ValueError, TypeError: see `ptychoparity.reference.data.container.check_grouped`.
    """

    def __init__(self, grouped: Grouped, probe: Array) -> None:
        arrays = {key: torch.from_numpy(np.array(array)) for key, array in container_sources(grouped).items()}
        self.X = arrays["X"]
        self.Y = arrays["Y"]
        self.Y_I = self.Y.abs()
        self.Y_phi = self.Y.angle()
        self.coords_nominal = self.coords = arrays["coords_nominal"]
        self.coords_true = arrays["coords_true"]
        self.global_offsets = arrays["global_offsets"]
        self.local_offsets = arrays["local_offsets"]
        self.nn_indices = arrays["nn_indices"]
        self.probe = torch.from_numpy(np.array(probe, np.complex64))

    def __len__(self) -> int:
        """Number of groups B."""
        return len(self.X)
