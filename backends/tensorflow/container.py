"""Grouped data as TensorFlow tensors (spec ``data.md`` 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import numpy as np
import tensorflow as tf

from ptychoparity.backends.tensorflow.batches import training_pairs
from ptychoparity.reference.config import legacy
from ptychoparity.reference.data.batches import BatchOrder
from ptychoparity.reference.data.container import (
    Array,
    Grouped,
    container_contents,
    grouped_without_pc,
    selected,
    settled,
    with_norm,
)
from ptychoparity.reference.data.containerfile import STORED, read_container, write_container


class _Kept:
    """A member of a container whose tensor is made when it is first read."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __get__(self, container: Any, owner: type | None = None) -> tf.Tensor:
        return self if container is None else container._tensor(self.key)


class PtychoDataContainer:
    """Groups ready for a model, channels-last; a tensor is made when it is first read, and kept.

    Attributes: X, Y_I, Y_phi ``(B, N, N, C)`` float32; Y complex64; coords_nominal (= coords) and
    coords_true (= coords_relative) ``(B, 1, 2, C)`` float32; probe complex64 as given; as NumPy arrays
    global_offsets ``(B, 1, 2, 1)`` and local_offsets ``(B, 1, 2, C)`` float64, nn_indices ``(B, C)`` int32
    and YY_full ``(H, W)`` complex64 or None; norm_Y_I, a number or None; has_labels: where it is false, Y,
    Y_I and Y_phi are the one, one and zero that stand in for labels.

    Args:
        X: as above, like all others.
        Y_I: amplitude of the labels; None where there are none.
        Y_phi: their phase; None where there are none.
        norm_Y_I: scale between photons and ``X``, or None.
        YY_full: the whole object, or None.
        coords_nominal: from the nominal positions.
        coords_true: from the corrected ones.
        nn_indices: scan points of each group.
        global_offsets: centre of each group.
        local_offsets: positions relative to it, negated.
        probeGuess: ``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)``, array or tensor.

    Raises:
        ValueError, TypeError: see `ptychoparity.reference.data.container.settled`.
    """

    X = _Kept("X")
    Y = _Kept("Y")
    Y_I = _Kept("Y_I")
    Y_phi = _Kept("Y_phi")
    coords_nominal = coords = _Kept("coords_nominal")
    coords_true = coords_relative = _Kept("coords_true")
    probe = _Kept("probe")

    def __init__(
        self,
        X: Any,
        Y_I: Any,
        Y_phi: Any,
        norm_Y_I: Any,
        YY_full: Any,
        coords_nominal: Any,
        coords_true: Any,
        nn_indices: Any,
        global_offsets: Any,
        local_offsets: Any,
        probeGuess: Any,
    ) -> None:
        self._hold(
            settled(
                {
                    "X": X,
                    "Y_I": Y_I,
                    "Y_phi": Y_phi,
                    "norm_Y_I": norm_Y_I,
                    "YY_full": YY_full,
                    "coords_nominal": coords_nominal,
                    "coords_true": coords_true,
                    "nn_indices": nn_indices,
                    "global_offsets": global_offsets,
                    "local_offsets": local_offsets,
                    "probe": probeGuess,
                }
            )
        )

    @classmethod
    def from_grouped(cls, grouped: Grouped, probe: Any) -> PtychoDataContainer:
        """The container of grouped data.

        Args:
            grouped: the dictionary of spec ``data.md`` 3.7; it may also hold ``norm_Y_I``.
            probe: ``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)``.

        Raises:
            ValueError, TypeError: see `ptychoparity.reference.data.container.container_contents`.
        """
        return cls._made_of(container_contents(grouped, probe))

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
    ) -> PtychoDataContainer:
        """Group a scan without position correction; gridsize is the legacy dictionary's.

        Raises:
            ValueError, TypeError: see `ptychoparity.reference.data.container.grouped_without_pc`.
        """
        return cls.from_grouped(
            grouped_without_pc(x, y, diff3d, probe, scan_index, objectGuess, N, K, nsamples), probe
        )

    @classmethod
    def from_npz(cls, path: str | PathLike[str]) -> PtychoDataContainer:
        """Read what `to_npz` wrote; Y comes back as Y_I exp(i Y_phi).

        Raises:
            FileNotFoundError, KeyError, ValueError, TypeError: see
                `ptychoparity.reference.data.containerfile.read_container`.
        """
        return cls._made_of(read_container(path))

    def to_npz(self, path: str | PathLike[str]) -> None:
        """Write the members of spec ``data.md`` 4.1 to ``path``, all or nothing."""
        write_container(path, {key: getattr(self, key) for key in STORED}, self.has_labels)

    def as_tf_dataset(
        self, batch_size: int, shuffle: bool = True, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches for training: ((s X, coords), (centred Y_I of channel 0, s X, (s X)^2)).

        The scale s is the legacy dictionary's ``intensity_scale``. Each iteration is an epoch in an order of
        its own, the same as in the PyTorch backend.

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

    @classmethod
    def _made_of(cls, contents: Mapping[str, Any]) -> PtychoDataContainer:
        made = cls.__new__(cls)
        made._hold(contents)
        return made

    def _hold(self, contents: Mapping[str, Any]) -> None:
        arrays = {key: np.array(value) for key, value in contents.items() if isinstance(value, np.ndarray)}
        self.nn_indices = arrays.pop("nn_indices")
        self.global_offsets = arrays.pop("global_offsets")
        self.local_offsets = arrays.pop("local_offsets")
        self.YY_full = arrays.pop("YY_full", None)
        self.norm_Y_I: float | None = contents["norm_Y_I"]
        self.has_labels = "Y" in arrays or "Y_I" in arrays
        self._held: dict[str, Any] = arrays  # each until its tensor takes its place

    def _tensor(self, key: str) -> tf.Tensor:
        held = self._held.get(key)
        if not tf.is_tensor(held):
            with tf.init_scope():  # a tensor made while a graph is traced would live in that graph only
                held = _label(self, key) if held is None else tf.constant(held)
            self._held[key] = held
        return held

    def __len__(self) -> int:
        """Number of groups B."""
        return len(self.nn_indices)


def load(
    cb: Callable[[], Any], probeGuess: Any, which: str | None = None, create_split: bool = False
) -> PtychoDataContainer:
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
    return PtychoDataContainer.from_grouped(with_norm(selected(cb, which, create_split)), probeGuess)


def _label(container: PtychoDataContainer, key: str) -> tf.Tensor:
    """Y, Y_I or Y_phi of what the container holds of the others; a stand-in where it holds no labels."""
    if not container.has_labels:
        number = 0 if key == "Y_phi" else 1
        return tf.fill(container.X.shape, tf.constant(number, tf.complex64 if key == "Y" else tf.float32))
    if key == "Y":
        unit = tf.complex(tf.cos(container.Y_phi), tf.sin(container.Y_phi))
        return tf.cast(container.Y_I, tf.complex64) * unit
    return tf.abs(container.Y) if key == "Y_I" else tf.math.angle(container.Y)
