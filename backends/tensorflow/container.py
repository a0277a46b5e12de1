"""Grouped data as TensorFlow tensors (spec ``data.md`` 4.1)."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ptychoparity.reference.data.container import Array, Grouped, container_sources


class PtychoDataContainer:
    """Groups ready for a model, channels-last.

    Attributes: X, Y_I, Y_phi ``(B, N, N, C)`` float32; Y complex64; coords_nominal (= coords) and
    coords_true ``(B, 1, 2, C)`` float32; probe complex64 as given; and as NumPy arrays global_offsets
    ``(B, 1, 2, 1)`` and local_offsets ``(B, 1, 2, C)`` float64, nn_indices ``(B, C)`` int32.

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7.
        probe: ``(P, N, N)`` or ``(N, N)`` complex.

    Raises:
        ValueError, TypeError: see `ptychoparity.reference.data.container.check_grouped`.
    """

    def __init__(self, grouped: Grouped, probe: Array) -> None:
        arrays = container_sources(grouped)
        self.X = tf.constant(arrays["X"])
        self.Y = tf.constant(arrays["Y"])
        self.Y_I = tf.abs(self.Y)
        self.Y_phi = tf.math.angle(self.Y)
        self.coords_nominal = self.coords = tf.constant(arrays["coords_nominal"])
        self.coords_true = tf.constant(arrays["coords_true"])
        self.global_offsets = arrays["global_offsets"]
        self.local_offsets = arrays["local_offsets"]
        self.nn_indices = arrays["nn_indices"]
        self.probe = tf.constant(np.asarray(probe, np.complex64))

    def __len__(self) -> int:
        """Number of groups B."""
        return len(self.X)
