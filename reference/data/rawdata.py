"""`RawData`: a scan as measured, and the groups made from it (spec ``data.md`` 2 and 3)."""

from __future__ import annotations

import logging
import warnings
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data import grouped, grouping
from ptychoparity.reference.data.files import replacing
from ptychoparity.reference.data.groupcache import cached_neighbours
from ptychoparity.reference.data.metadata import encode_metadata, parse_metadata, validate_parameters
from ptychoparity.reference.data.npz import METADATA_KEY, naming, read_npz
from ptychoparity.reference.data.validation import validate

Array = NDArray[Any]
FilePath = str | PathLike[str]

_logger = logging.getLogger(__name__)

_STORED = (
    "xcoords",
    "ycoords",
    "xcoords_start",
    "ycoords_start",
    "diff3d",
    "probeGuess",
    "objectGuess",
    "scan_index",
    "Y",
)


class RawData:
    """Scan positions, diffraction amplitudes and what is known of probe and object.

    Attributes:
        xcoords, ycoords: ``(M,)`` patch centres in object pixels, column and row.
        xcoords_start, ycoords_start: ``(M,)`` nominal positions before correction.
        diff3d: ``(M, N, N)`` diffraction amplitude, dtype as given; None for a product without data.
        probeGuess: ``(N, N)``, ``(N, N, 1)`` or modes first ``(P, N, N)``, complex; or None.
        scan_index: ``(M,)`` label of the scan each point belongs to, or None.
        objectGuess: ``(H, W)`` complex, or None.
        Y: ``(M, N, N[, 1])`` ground-truth patch of each point, or None.
        norm_Y_I: amplitude scale of a simulation, or None.
        metadata: parsed ``_metadata``, or None.
        sample_indices, subsample_seed: which rows of a file a subsample holds; None unless subsampled.
    """

    def __init__(
        self,
        xcoords: Array,
        ycoords: Array,
        xcoords_start: Array,
        ycoords_start: Array,
        diff3d: Array | None,
        probeGuess: Array | None,
        scan_index: Array | None,
        objectGuess: Array | None = None,
        Y: Array | None = None,
        norm_Y_I: float | Array | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Check and keep the arrays; raises as `validation.validate` does (spec ``data.md`` 1.4)."""
        given = {
            "xcoords": xcoords,
            "ycoords": ycoords,
            "xcoords_start": xcoords_start,
            "ycoords_start": ycoords_start,
            "diff3d": diff3d,
            "probeGuess": probeGuess,
            "scan_index": scan_index,
            "objectGuess": objectGuess,
            "Y": Y,
        }
        kept = validate({key: np.asarray(value) for key, value in given.items() if value is not None})
        self.xcoords: Array = kept["xcoords"]
        self.ycoords: Array = kept["ycoords"]
        self.xcoords_start: Array = kept["xcoords_start"]
        self.ycoords_start: Array = kept["ycoords_start"]
        self.diff3d: Array | None = kept.get("diff3d")
        self.probeGuess: Array | None = kept.get("probeGuess")
        self.scan_index: Array | None = kept.get("scan_index")
        self.objectGuess: Array | None = kept.get("objectGuess")
        self.Y: Array | None = kept.get("Y")
        self.norm_Y_I = norm_Y_I
        self.metadata = metadata
        self.sample_indices: Array | None = None
        self.subsample_seed: int | None = None

    @classmethod
    def from_coords_without_pc(
        cls,
        xcoords: Array,
        ycoords: Array,
        diff3d: Array | None,
        probeGuess: Array | None,
        scan_index: Array | None,
        objectGuess: Array | None = None,
    ) -> RawData:
        """A scan without position correction: the start positions are the positions."""
        return cls(xcoords, ycoords, xcoords, ycoords, diff3d, probeGuess, scan_index, objectGuess)

    @classmethod
    def from_file(
        cls, path: FilePath, validate_config: bool = False, current_config: object | None = None
    ) -> RawData:
        """Read an NPZ file (spec ``data.md`` 1).

        Args:
            path: the file.
            validate_config: log a warning for each parameter in which the file's metadata and
                ``current_config`` differ.
            current_config: a configuration or a mapping of legacy keys.

        Raises:
            FileNotFoundError, KeyError, TypeError, ValueError: as `npz.read_npz` and `validation.validate`;
                the message names the file.
        """
        arrays = read_npz(path)
        encoded = arrays.pop(METADATA_KEY, None)
        metadata = None
        if encoded is not None:
            metadata = parse_metadata(str(encoded.item() if encoded.size == 1 else encoded))
        with naming(Path(path)):
            raw = cls(
                arrays["xcoords"],
                arrays["ycoords"],
                arrays["xcoords_start"],
                arrays["ycoords_start"],
                arrays["diff3d"],
                arrays["probeGuess"],
                arrays["scan_index"],
                arrays.get("objectGuess"),
                arrays.get("Y"),
                metadata=metadata,
            )
        if validate_config and metadata is not None and current_config is not None:
            for mismatch in validate_parameters(metadata, current_config):
                _logger.warning("%s: %s", path, mismatch)
        return raw

    @classmethod
    def from_files(cls, train: FilePath, test: FilePath) -> tuple[RawData, RawData]:
        """Read a training and a test file."""
        return cls.from_file(train), cls.from_file(test)

    @classmethod
    def from_simulation(
        cls,
        xcoords: Array,
        ycoords: Array,
        probeGuess: Array,
        objectGuess: Array,
        scan_index: Array | None = None,
        *,
        nphotons: float | None = None,
        seed: int | np.random.Generator = 42,
        gridsize: int | None = None,
    ) -> RawData:
        """Simulate one noisy pattern for each position, and its label ``Y`` ``(M, N, N, 1)`` (7.1).

        Args:
            xcoords, ycoords, probeGuess, objectGuess, scan_index: as of a scan; both guesses complex.
            nphotons: of a pattern in the mean; None takes the legacy configuration's.
            seed: of the photon noise.
            gridsize: 1; None takes the legacy configuration's. The result can be grouped at any gridsize.

        Raises:
            NotImplementedError: another gridsize.
            ValueError, TypeError: see `simulation.scans.simulate_scan`.
        """
        from ptychoparity.reference.config import legacy
        from ptychoparity.reference.simulation.scans import simulated_members

        photons = float(legacy.get("nphotons") if nphotons is None else nphotons)
        scan = (xcoords, ycoords, probeGuess, objectGuess, scan_index)
        side = _gridsize(gridsize)
        return cls(**simulated_members(*scan, gridsize=side, nphotons=photons, seed=seed))

    def to_file(self, path: FilePath) -> None:
        """Write an NPZ that `from_file` reads back: whole or not at all, without members that are None."""
        members = {key: getattr(self, key) for key in _STORED}
        if self.metadata is not None:
            members[METADATA_KEY] = encode_metadata(self.metadata)
        with replacing(Path(path)) as stream:
            np.savez_compressed(stream, **{key: value for key, value in members.items() if value is not None})

    def generate_grouped_data(
        self,
        N: int,
        K: int = 4,
        nsamples: int | None = 1,
        dataset_path: FilePath | None = None,
        seed: int | None = None,
        sequential_sampling: bool = False,
        gridsize: int | None = None,
        enable_oversampling: bool = False,
        neighbor_pool_size: int | None = None,
    ) -> dict[str, Any]:
        """Group scan points and gather what belongs to them (spec ``data.md`` 3).

        Args:
            N: side of the patterns.
            K: neighbours among which members are drawn; irrelevant for gridsize 1.
            nsamples: groups wanted; None takes every point as a seed.
            dataset_path: file the data came from; if it exists and gridsize is not 1, the neighbours of all
                points are kept beside it (3.10). The groups are the same with and without.
            seed: of the draws; None for fresh entropy.
            sequential_sampling: take the first points as seeds, and draw the same members whatever the seed.
            gridsize: g, groups have g*g members; None takes the legacy configuration's, else 1.
            enable_oversampling: allow more groups than points.
            neighbor_pool_size: neighbours that oversampling combines; by default K.

        Returns:
            B groups of C = g*g: ``diffraction``, ``X_full`` ``(B, N, N, C)`` float32; ``Y`` ``(B, N, N, C)``
            complex64 or None; ``coords_offsets``, ``coords_relative``, ``coords_nn`` and their
            ``coords_start_*`` twins, float64 ``(B, 1, 2, 1 or C)``; ``nn_indices`` ``(B, C)`` int32;
            ``objectGuess`` or None; ``sample_indices`` if subsampled.

        Raises:
            ValueError: no patterns, N that is not their side, or a request that cannot be met (3.3).

        Warns:
            UserWarning: the cache of the neighbours could not be written.
        """
        if self.diff3d is None:
            raise ValueError("diff3d: this data set holds no diffraction patterns to group")
        if self.diff3d.shape[1] != N:
            raise ValueError(f"N={N} differs from the pattern side {self.diff3d.shape[1]} of diff3d")
        side = _gridsize(gridsize)
        count = len(self.xcoords) if nsamples is None else nsamples
        self._check_request(count, K, side, enable_oversampling)
        first = np.arange(len(self.xcoords)) if sequential_sampling else None
        if side > 1 and count > len(self.xcoords):
            reach = K if neighbor_pool_size is None else neighbor_pool_size
            grouping.check_pool(reach, side**2)
            known = cached_neighbours(self.xcoords, self.ycoords, reach, side, dataset_path)
            seed = 0 if sequential_sampling and seed is None else seed
            members = self._generate_groups_with_oversampling(count, reach, side**2, seed, first, known)
        else:
            known = cached_neighbours(self.xcoords, self.ycoords, K, side, dataset_path)
            seed = 0 if sequential_sampling else seed
            members = self._generate_groups_efficiently(count, K, side**2, seed, first, known)
        return self._gather(self.diff3d, members)

    def _generate_groups_efficiently(
        self,
        nsamples: int,
        K: int,
        C: int,
        seed: int | None = None,
        seed_indices: Array | None = None,
        neighbours: grouping.Indices | None = None,
    ) -> grouping.Indices:
        """``(min(nsamples, M), C)`` members by the standard path (spec ``data.md`` 3.4)."""
        x, y = self.xcoords, self.ycoords
        grouping.check_neighbours(len(x), K, C)
        return grouping.standard_groups(x, y, nsamples, K, C, seed, seed_indices, neighbours)

    def _generate_groups_with_oversampling(
        self,
        nsamples: int,
        K: int,
        C: int,
        seed: int | None = None,
        seed_indices: Array | None = None,
        neighbours: grouping.Indices | None = None,
    ) -> grouping.Indices:
        """``(nsamples, C)`` members by combining K neighbours (spec ``data.md`` 3.5)."""
        x, y = self.xcoords, self.ycoords
        grouping.check_pool(K, C)
        return grouping.oversampled_groups(x, y, nsamples, K, C, seed, seed_indices, neighbours)

    def _check_request(self, count: int, K: int, side: int, enable_oversampling: bool) -> None:
        points = len(self.xcoords)
        if count <= 0:
            raise ValueError(f"nsamples (n_groups) must be positive, got {count}")
        grouping.check_neighbours(points, K, side**2)
        if side == 1 and count > points:
            warnings.warn(
                f"nsamples={count} exceeds the {points} points; using all of them", UserWarning, stacklevel=3
            )
        if side > 1 and count > points and not enable_oversampling:
            raise ValueError(
                f"OVERSAMPLING-001: nsamples={count} groups from {points} points need "
                f"K choose C oversampling; set enable_oversampling=True or ask for at most {points} groups"
            )
        if side > 1 and self.scan_index is not None and (self.scan_index != self.scan_index[0]).any():
            warnings.warn(
                "scan_index holds several scans, but grouping ignores it: groups may mix points of several",
                UserWarning,
                stacklevel=3,
            )

    def _gather(self, diff3d: Array, members: grouping.Indices) -> dict[str, Any]:
        coords = grouping.group_coordinates(self.xcoords, self.ycoords, members)
        start = grouping.group_coordinates(self.xcoords_start, self.ycoords_start, members)
        diffraction, scaled = grouped.gather_scaled_patterns(diff3d, members)
        whole = None if self.objectGuess is None else self.objectGuess.astype(np.complex64, copy=False)
        data = {
            "diffraction": diffraction,
            "X_full": scaled,
            "Y": self._ground_truth(members, diff3d.shape[1]),
            "coords_offsets": coords.offsets,
            "coords_relative": coords.relative,
            "coords_nn": coords.nn,
            "coords_start_offsets": start.offsets,
            "coords_start_relative": start.relative,
            "coords_start_nn": start.nn,
            "nn_indices": members,
            "objectGuess": whole,
        }
        if self.sample_indices is not None:
            data["sample_indices"] = self.sample_indices
        return data

    def _ground_truth(self, members: grouping.Indices, side: int) -> NDArray[np.complex64] | None:
        if self.Y is not None:
            return grouped.gather_patches(self.Y, members)
        if self.objectGuess is not None:
            return grouped.object_patches(self.objectGuess, self.xcoords, self.ycoords, members, side)
        return None


def _gridsize(gridsize: int | None) -> int:
    """The gridsize asked for, else that of the legacy configuration, else 1; ValueError unless positive."""
    if gridsize is None:
        from ptychoparity.reference.config import legacy

        gridsize = int(legacy.cfg.get("gridsize", 1))
    if gridsize < 1:
        raise ValueError(f"gridsize must be a positive integer, got {gridsize}")
    return gridsize
