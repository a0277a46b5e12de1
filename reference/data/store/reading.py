"""Groups read from a store, as many at a time as are asked for (spec ``data.md`` 3.7, 4.4, 8.1)."""

from __future__ import annotations

import os
import zipfile
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptychoparity.reference.data.grouped import object_patches
from ptychoparity.reference.data.layouts import channels_last_to_first
from ptychoparity.reference.data.store.experiment import Experiment, experiments_of
from ptychoparity.reference.data.store.images import ImageReader, Opener
from ptychoparity.reference.data.store.layout import (
    GROUPS,
    LABELS,
    PATTERNS,
    POINTS,
    unpacked_groups,
    unpacked_points,
)
from ptychoparity.reference.data.store.manifest import MANIFEST, Manifest, decode

Array = NDArray[Any]
Selection = ArrayLike | slice
Batch = tuple[dict[str, Array], NDArray[np.complex64], NDArray[np.float32]]

_EVERYTHING = slice(None)


class Store:
    """A directory of patterns and groups, opened for reading; its sources are not looked at.

    Only positions, probes, objects and indices are kept in memory. Files stay open, so that a store which
    is replaced meanwhile reads on as it was.

    Args:
        directory: made by `build.open_store` or `build.store_from_arrays`.

    Raises:
        FileNotFoundError: no such directory.
        ValueError: not a store, or a damaged one.

    Attributes:
        manifest: what it was made of and for.
        experiments: one for each file, in the order of the groups.
    """

    def __init__(self, directory: str | PathLike[str]) -> None:
        path = Path(directory)
        if not path.is_dir():
            raise FileNotFoundError(f"{path}: there is no store")
        self._images: dict[str, ImageReader] = {}
        try:
            self._open(path)
        except (OSError, LookupError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
            self.close()
            raise ValueError(f"{path}: not a store that can be read ({error})") from error
        self._starts = np.cumsum([0, *(len(experiment.members) for experiment in self.experiments)])

    def _open(self, path: Path) -> None:
        # Every file is opened relative to one folder, even if another takes its name meanwhile.
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            opener = partial(os.open, dir_fd=folder)
            with open(MANIFEST, encoding="utf-8", opener=opener) as stream:
                self.manifest: Manifest = decode(stream.read())
            points, energies = unpacked_points(_arrays(POINTS, opener))
            groups = unpacked_groups(_arrays(GROUPS, opener))
            shape = (sum(map(len, energies)), points[0].side, points[0].side)
            self._images[PATTERNS] = ImageReader(PATTERNS, opener, shape, "<f4")
            if any(held.labels for held in points):
                self._images[LABELS] = ImageReader(LABELS, opener, shape, "<c8")
        finally:
            os.close(folder)
        self.experiments = experiments_of(self.manifest, points, energies, groups)

    def __len__(self) -> int:
        """Groups of all experiments."""
        return int(self._starts[-1])

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; arrays that were read stay."""
        for images in self._images.values():
            images.close()

    def rows(self, indices: Selection = _EVERYTHING, experiment: int = 0) -> dict[str, Any]:
        """Groups of one experiment as the dictionary of spec ``data.md`` 3.7.

        All of them together are what `RawData.generate_grouped_data` makes of the file. ``X_full`` is
        scaled over all groups, whichever are asked for.

        Args:
            indices: of groups of the experiment, as NumPy indexes one axis; by default all.
            experiment: number of the file.

        Raises:
            IndexError: no such group or experiment.
        """
        chosen = self.experiments[experiment]
        members = chosen.members[_selected(len(chosen.members), indices)]
        coords, start = chosen.coordinates(members)
        diffraction = self._images[PATTERNS].groups_channels_last(chosen.first + members)
        whole = chosen.points.arrays.get("objectGuess")
        return {
            "diffraction": diffraction,
            "X_full": chosen.rms_scale * diffraction,
            "Y": self._ground_truth(chosen, members, ("Y",)),
            "coords_offsets": coords.offsets,
            "coords_relative": coords.relative,
            "coords_nn": coords.nn,
            "coords_start_offsets": start.offsets,
            "coords_start_relative": start.relative,
            "coords_start_nn": start.nn,
            "nn_indices": members,
            "objectGuess": None if whole is None else whole.astype(np.complex64, copy=False),
        }

    def item(self, indices: Selection, supervised: bool = False) -> Batch:
        """A batch of groups of any experiments, channels-first (spec ``data.md`` 4.4, 8.1).

        Args:
            indices: of groups of all experiments one after another.
            supervised: with ``label_amp`` and ``label_phase`` ``(B, C, N, N)`` float32.

        Returns:
            The batch; the probe ``(B, C, P, N, N)`` complex64; what it was multiplied by, ``(B, 1, 1, 1)``
            float32. In the batch: ``images``, also called ``observed_images``, ``(B, C, N, N)`` float32,
            not normalised; ``coords_*`` ``(B, C or 1, 1, 2)`` float32; ``nn_indices`` ``(B, C)`` int64 in
            each group's own file; ``experiment_id`` ``(B,)`` int32; ``center_scan_id`` ``(B,)`` int64, the
            seed point, or -1 where ``center_scan_id_available`` is False; ``rms_scaling_constant`` and
            ``physics_scaling_constant`` ``(B, 1, 1, 1)`` float32.

        Raises:
            IndexError: no such group.
            RuntimeError: DATA-SUP-001, labels are asked for and not there.
        """
        chosen = _selected(len(self), indices)
        owner = np.searchsorted(self._starts, chosen, side="right") - 1
        batch: dict[str, Array] = {}
        for number in np.unique(owner).tolist():
            places = np.flatnonzero(owner == number)
            members = self.experiments[number].members[chosen[places] - self._starts[number]]
            for key, part in self._part(number, members, supervised).items():
                batch.setdefault(key, np.empty((len(chosen), *part.shape[1:]), part.dtype))[places] = part
        batch["observed_images"] = batch["images"]
        probes = np.stack([experiment.probe for experiment in self.experiments])
        scales = np.array([experiment.probe_scale for experiment in self.experiments])
        channels = batch["images"].shape[1]
        return batch, np.repeat(probes[owner][:, None], channels, axis=1), scales[owner].reshape(-1, 1, 1, 1)

    def _part(self, number: int, members: Array, supervised: bool) -> dict[str, Array]:
        """The groups of a batch that belong to one experiment."""
        experiment = self.experiments[number]
        groups, channels = members.shape
        coords, start = experiment.coordinates(members)
        constants = np.ones((groups, 1, 1, 1), np.float32)
        positions = {
            "coords_center": coords.offsets,
            "coords_relative": coords.relative,
            "coords_start_center": start.offsets,
            "coords_start_relative": start.relative,
            "coords_global": coords.nn,
        }
        part = {key: channels_last_to_first(value).astype(np.float32) for key, value in positions.items()}
        part |= {
            "images": self._images[PATTERNS].groups(experiment.first + members),
            "nn_indices": members.astype(np.int64),
            "experiment_id": np.full(groups, number, np.int32),
            # Only a group of one tells its seed point.
            "center_scan_id": members[:, 0].astype(np.int64) if channels == 1 else np.full(groups, -1),
            "center_scan_id_available": np.full(groups, channels == 1),
            "rms_scaling_constant": constants * experiment.rms_scale,
            "physics_scaling_constant": constants * experiment.physics_scale,
        }
        if supervised:
            truth = self._ground_truth(experiment, members, ("Y", "label"))
            if truth is None:
                raise RuntimeError(
                    f"DATA-SUP-001: {experiment.name} gives no label_amp and label_phase; "
                    "store Y, label or objectGuess in it, or train unsupervised"
                )
            labels = channels_last_to_first(truth)
            part |= {"label_amp": np.abs(labels), "label_phase": np.angle(labels)}
        return part

    def _ground_truth(
        self, experiment: Experiment, members: Array, names: tuple[str, ...]
    ) -> NDArray[np.complex64] | None:
        """``(B, N, N, C)``: ready-made patches under one of these names, else cut from the object."""
        held = experiment.points
        if held.labels in names:
            return self._images[LABELS].groups_channels_last(experiment.first + members)
        if "objectGuess" in held.arrays:
            arrays = held.arrays
            return object_patches(
                arrays["objectGuess"], arrays["xcoords"], arrays["ycoords"], members, held.side
            )
        return None


def _arrays(name: str, opener: Opener) -> dict[str, Array]:
    with open(name, "rb", opener=opener) as stream, np.load(stream, allow_pickle=False) as archive:
        return dict(archive)


def _selected(count: int, indices: Selection) -> Array:
    """Numbers of the groups that an index of one axis selects."""
    if not isinstance(indices, slice):
        indices = np.atleast_1d(np.asarray(indices))
    return np.arange(count)[indices]
