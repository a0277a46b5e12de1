"""Batches of a container for training, channels-last (spec ``data.md`` 4.4).

What a batch holds is said by `ptychoparity.reference.data.batches`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf
from numpy.typing import ArrayLike

from ptychoparity.backends import guards
from ptychoparity.backends.tensorflow.translation import translate
from ptychoparity.backends.training_data import labels_of
from ptychoparity.reference.data import batches
from ptychoparity.reference.data.batches import BatchOrder
from ptychoparity.reference.data.scales import scaling_constants


class Batch(NamedTuple):
    """Some groups of a container.

    Attributes:
        tensors: ``images`` and ``observed_images`` ``(B, N, N, C)``, ``coords_relative`` ``(B, 1, 2, C)``,
            ``rms_scaling_constant`` and ``physics_scaling_constant`` ``(B, 1, 1, 1)``, ``experiment_id``
            ``(B,)`` int32; for supervised training ``label_amp`` and ``label_phase`` ``(B, N, N, C)``.
        probe: ``(B or 1, C or 1, P, N, N)`` complex64.
        scale: ``(B, 1, 1, 1)`` float32.
    """

    tensors: dict[str, tf.Tensor]
    probe: tf.Tensor
    scale: tf.Tensor


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
        probe: tf.Tensor | None = None,
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
        self.scale = tf.constant(batches.group_scales(groups, scale), tf.float32)

    def batch(self, indices: ArrayLike) -> Batch:
        """The groups ``indices`` ``(B,)`` of the container.

        Raises:
            ValueError: indices of no group.
        """
        chosen = tf.constant(batches.check_indices(indices, len(self.container.X)))
        images = tf.gather(self.container.X, chosen)
        one = tf.ones((len(chosen), 1, 1, 1))
        tensors = {
            "images": images,
            "observed_images": images,
            "coords_relative": tf.gather(self.container.coords_true, chosen),
            "rms_scaling_constant": self.rms * one,
            "physics_scaling_constant": self.physics * one,
            "experiment_id": tf.zeros(len(chosen), tf.int32),
        }
        tensors |= {name: tf.gather(label, chosen) for name, label in self.labels.items()}
        probe = self.probe if len(self.probe) == 1 else tf.gather(self.probe, chosen)
        return Batch(tensors, probe, tf.reshape(tf.gather(self.scale, chosen), (-1, 1, 1, 1)))

    def epoch(self, order: BatchOrder) -> Iterator[Batch]:
        """The batches of the next epoch of ``order``."""
        return (self.batch(indices) for indices in order)


def mean_energy(patterns: tf.Tensor) -> float:
    """Mean over groups and channels of the summed squares of ``(B, N, N, C)``, in float64."""
    return float(tf.reduce_mean(tf.reduce_sum(tf.square(tf.cast(patterns, tf.float64)), axis=(1, 2))))


def centred_amplitude(container: Any) -> tf.Tensor:
    """Y_I of channel 0, moved to the centre of its group: ``(B, N, N, 1)`` (``physics_model.md`` 2.4)."""
    offsets = tf.cast(container.coords_nominal[:, 0, :, 0], tf.float64)
    return translate(container.Y_I[..., 0], -offsets)[..., None]


def training_pairs(container: Any, order: BatchOrder, scale: float) -> tf.data.Dataset:
    """Inputs (s X, coords) and targets (centred Y_I of channel 0, s X, (s X)^2) in batches of ``order``."""
    patterns, coords, centred = container.X, container.coords_nominal, centred_amplitude(container)

    def pair(
        chosen: tf.Tensor,
    ) -> tuple[tuple[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
        scaled = scale * tf.gather(patterns, chosen)
        return (scaled, tf.gather(coords, chosen)), (tf.gather(centred, chosen), scaled, tf.square(scaled))

    indices = tf.data.Dataset.from_generator(
        lambda: iter(order), output_signature=tf.TensorSpec((None,), tf.int64)
    )
    return indices.map(pair).apply(tf.data.experimental.assert_cardinality(len(order)))


def _required(container: Any) -> dict[str, tf.Tensor]:
    labels = labels_of(container)
    guards.require_labels("supervised", labels)
    return labels


def _rank_5(probe: tf.Tensor) -> tf.Tensor:
    return tf.constant(batches.batch_probe(probe.numpy()))
