"""Making a store: reuse it, draw its groups anew, or write it from its sources (spec ``data.md`` 8.2)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.npz import naming
from ptychoparity.reference.data.rawdata import RawData
from ptychoparity.reference.data.store.experiment import experiments_of
from ptychoparity.reference.data.store.layout import (
    FILES,
    GROUPS,
    LABELS,
    PATTERNS,
    POINTS,
    packed_groups,
    packed_points,
)
from ptychoparity.reference.data.store.manifest import (
    MANIFEST,
    Manifest,
    StoreRequest,
    differences,
    encode,
    manifest_of,
)
from ptychoparity.reference.data.store.reading import Store
from ptychoparity.reference.data.store.sources import ArraySource, NpzSource, Points, Source, npz_files
from ptychoparity.reference.data.store.workspace import publish, workspace
from ptychoparity.reference.data.store.writing import write_arrays, write_labels, write_patterns, write_text
from ptychoparity.reference.data.validation import COORDINATES
from ptychoparity.reference.physics.checks import check_normalizable

Array = NDArray[Any]


def open_store(
    directory: str | PathLike[str],
    data: str | PathLike[str],
    request: StoreRequest,
    *,
    rebuild: bool = True,
) -> Store:
    """The store of an NPZ file or of all NPZ files of a folder, made where there is none that fits.

    A store is used as it is only if its whole manifest equals the request. It is made in a sibling folder
    and renamed; processes may do this at once, one builds and the others wait. Whatever raises leaves
    everything as it was.

    Args:
        directory: of the store.
        data: a file, or a folder, whose files are taken in order of name.
        request: how to group.
        rebuild: make a new store where the old one does not fit, instead of raising.

    Raises:
        FileNotFoundError: no data.
        KeyError, TypeError, ValueError: data that are refused (spec ``data.md`` 1.4) or cannot be grouped
            as requested (3.3); names the file.
        ValueError: the store does not fit and ``rebuild`` is off, naming what differs; or ``directory``
            holds other things than a store.
    """
    return prepare(directory, [NpzSource(path) for path in npz_files(data)], request, rebuild=rebuild)


def store_from_arrays(
    directory: str | PathLike[str],
    diffraction: Array,
    probe: Array,
    positions: Array,
    request: StoreRequest,
    *,
    rebuild: bool = True,
) -> Store:
    """A store of arrays, without labels or object; positions ``(n, 2)`` are ordered [y, x].

    Args:
        directory, request, rebuild: as for `open_store`.
        diffraction: ``(n, N, N)`` amplitude.
        probe: ``(N, N)`` or ``(P, N, N)`` complex.
        positions: in object pixels.

    Raises:
        TypeError, ValueError: as `open_store`.
    """
    source = ArraySource(np.asarray(diffraction), np.asarray(probe), np.asarray(positions))
    return prepare(directory, [source], request, rebuild=rebuild)


def prepare(
    directory: str | PathLike[str], sources: Sequence[Source], request: StoreRequest, *, rebuild: bool = True
) -> Store:
    """As `open_store`, of any sources."""
    directory = Path(directory).resolve()
    wanted = manifest_of([source.identity() for source in sources], request)
    found = _fitting(directory, wanted, request)
    if isinstance(found, Store):
        return found
    if not rebuild:
        raise ValueError(f"{directory}: {found}; rebuild it with rebuild=True, or remove the folder")
    _check_replaceable(directory)
    with workspace(directory) as target:
        found = _fitting(directory, wanted, request)
        if isinstance(found, Store):  # another process was faster
            return found
        if not _regroup(directory, target, sources, wanted, request):
            _build(target, sources, wanted, request)
        write_text(target / MANIFEST, encode(wanted))
        if manifest_of([source.identity() for source in sources], request) != wanted:
            raise ValueError(f"{directory}: its sources changed while they were read; build it again")
        store = Store(target)
        publish(target, directory)
    return store


def _fitting(directory: Path, wanted: Manifest, request: StoreRequest) -> Store | str:
    """The store if it is the one wanted, else why not."""
    try:
        store = Store(directory)
    except (FileNotFoundError, ValueError) as error:
        return str(error)
    differing = list(differences(store.manifest, wanted))
    if not request.repeatable:
        differing.append("grouping.seed is None in the request, which draws anew")
    if not differing:
        return store
    store.close()
    return "the store does not fit: " + "; ".join(differing[:5])


def _check_replaceable(directory: Path) -> None:
    """ValueError for a path whose replacement would destroy anything but a store."""
    if not directory.exists():
        return
    if not directory.is_dir():
        raise ValueError(f"{directory}: is a file; give a folder for the store")
    foreign = sorted(entry.name for entry in directory.iterdir() if entry.name not in FILES)
    if foreign:
        raise ValueError(
            f"{directory}: holds {', '.join(foreign[:3])}, which no store does; give another folder"
        )


def _regroup(
    directory: Path, target: Path, sources: Sequence[Source], wanted: Manifest, request: StoreRequest
) -> bool:
    """Take the images over from a store of the same sources; False where that cannot be done."""
    try:
        old = Store(directory)
    except (FileNotFoundError, ValueError):
        return False
    with old:
        if any(old.manifest.get(key) != wanted[key] for key in ("sources", "N", "schema_version")):
            return False
        pairs = zip(old.experiments, sources, strict=True)
        groups = [_members(experiment.points, source, request) for experiment, source in pairs]
        points = [experiment.points for experiment in old.experiments]
        experiments_of(wanted, points, [experiment.energies for experiment in old.experiments], groups)
        try:
            for name in (PATTERNS, LABELS, POINTS):
                if (directory / name).exists():
                    os.link(directory / name, target / name)
        except OSError:  # a file system without hard links
            for name in (PATTERNS, LABELS, POINTS):
                (target / name).unlink(missing_ok=True)
            return False
    write_arrays(target / GROUPS, packed_groups(groups))
    return True


def _build(target: Path, sources: Sequence[Source], wanted: Manifest, request: StoreRequest) -> None:
    """Judge everything, group, and only then write."""
    points = [source.points() for source in sources]
    for source, held in zip(sources, points, strict=True):
        if held.side != request.N:
            raise ValueError(
                f"{source.name}: N={request.N} differs from the pattern side {held.side} of diff3d"
            )
        if request.probe_scale is not None:
            with naming(Path(source.name)):
                check_normalizable(held.arrays["probeGuess"], request.probe_scale)
    for source in sources:
        source.check_images()
    groups = [_members(held, source, request) for held, source in zip(points, sources, strict=True)]
    energies = write_patterns(target, target.parent, sources, points)
    experiments_of(wanted, points, energies, groups)  # raises if groups have no light
    write_labels(target, target.parent, sources, points)
    write_arrays(target / POINTS, packed_points(points, energies))
    write_arrays(target / GROUPS, packed_groups(groups))


def _members(points: Points, source: Source, request: StoreRequest) -> NDArray[np.int32]:
    """``(B, C)`` by `RawData`, which is given patterns of one pixel: no group depends on the patterns."""
    x, y, x_start, y_start = (points.arrays[key] for key in COORDINATES)
    stand_in = np.broadcast_to(np.float32(1), (points.count, 1, 1))
    try:
        raw = RawData(x, y, x_start, y_start, stand_in, None, points.arrays["scan_index"])
        grouped = raw.generate_grouped_data(
            1,
            request.K,
            request.nsamples,
            source.path,
            request.seed,
            request.sequential_sampling,
            request.gridsize,
            request.enable_oversampling,
            request.neighbor_pool_size,
        )
    except ValueError as error:
        raise ValueError(f"{source.name}: {error}") from error
    members: NDArray[np.int32] = grouped["nn_indices"]
    return members
