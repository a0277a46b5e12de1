"""Faults of grouping: members, positions, scale, labels, and what grouping touches besides."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ptychoparity.backends.contract import Array
from ptychoparity.conformance.faults.fault import Fault, Operation, before, entries
from ptychoparity.reference.data import RawData
from ptychoparity.reference.physics.translation import object_patches

Grouped = dict[str, Any]
Request = dict[str, Any]


def _in_all(prefixes: tuple[str, ...], change: Callable[[Array], Array]) -> Callable[[Grouped], None]:
    def apply(grouped: Grouped) -> None:
        for key, value in grouped.items():
            if key.startswith(prefixes) and value is not None:
                grouped[key] = change(value)

    return apply


def _patterns(raw: RawData) -> Array:
    return np.asarray(raw.diff3d)


def _with(raw: RawData, **attributes: Any) -> RawData:
    """The raw data with other attributes; those given stay as they are."""
    other = copy.copy(raw)
    for key, value in attributes.items():
        setattr(other, key, value)
    return other


# members


def _members(change: Callable[[Array, RawData, Request], Array]) -> Callable[[Operation], Operation]:
    """Other members, with everything that belongs to them."""

    def wrap(right: Operation) -> Operation:
        def group(raw: RawData, request: Request) -> Grouped:
            grouped: Grouped = right(raw, request)
            if grouped["nn_indices"].shape[1] == 1:
                return grouped
            return raw._gather(_patterns(raw), change(grouped["nn_indices"], raw, request).astype(np.int32))

        return group

    return wrap


def _grouped_as(other: Callable[[RawData], RawData]) -> Callable[[Operation], Operation]:
    """The members that other raw data would have."""

    def wrap(right: Operation) -> Operation:
        def members(_: Array, raw: RawData, request: Request) -> Array:
            found: Array = right(other(raw), request)["nn_indices"]
            return found

        return _members(members)(right)

    return wrap


def _seed_first(members: Array, raw: RawData, request: Request) -> Array:
    """The first member replaced by the seed point, where it is known."""
    members = members.copy()
    if request.get("sequential_sampling") and len(members) <= len(_patterns(raw)):
        members[:, 0] = np.arange(len(members))
    return members


def _ties_turned(raw: RawData) -> RawData:
    """Points moved by so little that only the order of ties changes."""
    nudge = 1e-7 * np.arange(len(raw.xcoords)) ** 2 / len(raw.xcoords)
    return _with(raw, xcoords=raw.xcoords + nudge, ycoords=raw.ycoords - 0.3 * nudge)


def _by_starts(raw: RawData) -> RawData:
    return _with(raw, xcoords=raw.xcoords_start, ycoords=raw.ycoords_start)


def _other_seed(raw: RawData, request: Request) -> tuple[Any, ...]:
    return raw, {**request, "seed": ((request.get("seed") or 0) + 1) % 2**32}


def _only_c_nearest(raw: RawData, request: Request) -> tuple[Any, ...]:
    side = request.get("gridsize", 1)
    return raw, {**request, "K": min(request.get("K", 4), max(4, side**2))}


def _stale_cache(right: Operation) -> Operation:
    """Groups kept under the request and the number of points: another scan of as many points gets them."""
    kept: dict[str, Array] = {}

    def group(raw: RawData, request: Request) -> Grouped:
        name = f"{sorted(request.items())} {len(raw.xcoords)}"
        grouped: Grouped = right(raw, request)
        members = kept.setdefault(name, grouped["nn_indices"])
        return raw._gather(_patterns(raw), members)

    return group


# scale


def _scaled(factor: Callable[[Array, RawData], Any]) -> Callable[[Operation], Operation]:
    """X_full made of the patterns by another mean energy, in the units of (N/2)^2."""

    def wrap(right: Operation) -> Operation:
        def group(raw: RawData, request: Request) -> Grouped:
            grouped: Grouped = right(raw, request)
            patterns = grouped["diffraction"]
            scale = patterns.shape[1] / 2 / np.sqrt(factor(patterns, raw))
            return {**grouped, "X_full": (scale * patterns).astype(np.float32)}

        return group

    return wrap


def _energy(patterns: Array) -> Array:
    return np.asarray(np.square(patterns, dtype=float).sum(axis=(1, 2)))


def _wrapped_energy(patterns: Array, raw: RawData) -> Any:
    """Squares in the dtype of the file."""
    squares = np.square(patterns.astype(_patterns(raw).dtype))
    return max(float(squares.astype(float).sum(axis=(1, 2)).mean()), 1.0)


def _coarse_energy(patterns: Array, _: RawData) -> Any:
    """One float32 sum over everything, a pixel at a time."""
    total = np.add.accumulate(np.square(patterns, dtype=np.float32).ravel())[-1]
    return total / (patterns.shape[0] * patterns.shape[3])


# labels


def _labels_at(
    positions: Callable[[Grouped], Array],
) -> Callable[[Operation], Operation]:
    """Patches of the object at other positions ``(B, 1, 2, C)``."""

    def wrap(right: Operation) -> Operation:
        def group(raw: RawData, request: Request) -> Grouped:
            grouped: Grouped = right(raw, request)
            if raw.objectGuess is None or raw.Y is not None:
                return grouped
            places = positions(grouped)
            groups, _, _, channels = places.shape
            flat = places[:, 0].transpose(0, 2, 1).reshape(-1, 2)
            patches = object_patches(raw.objectGuess, flat, request["N"])
            stacked = patches.reshape(groups, channels, *patches.shape[1:]).transpose(0, 2, 3, 1)
            return {**grouped, "Y": stacked.astype(np.complex64)}

        return group

    return wrap


def _mirror_labels(grouped: Grouped) -> None:
    """Labels of a group's channels in reverse: the point mirror of a symmetric group."""
    if grouped["Y"] is not None:
        grouped["Y"] = grouped["Y"][..., ::-1]


def _swap_one_channel(coordinates: Array) -> Array:
    swapped = coordinates.copy()
    swapped[..., -1] = coordinates[:, :, ::-1, -1]
    return swapped


def _from_starts(grouped: Grouped) -> None:
    grouped["coords_relative"] = grouped["coords_start_relative"]


def _rows_of_the_file(grouped: Grouped) -> None:
    if "sample_indices" in grouped:
        grouped["nn_indices"] = grouped["sample_indices"][grouped["nn_indices"]].astype(np.int32)


# what else happens


def _swallow(right: Operation) -> Operation:
    def group(raw: RawData, request: Request) -> Any:
        try:
            return right(raw, request)
        except ValueError:
            return {"nn_indices": np.zeros((0, 1), np.int32)}

    return group


def _silent(right: Operation) -> Operation:
    def group(raw: RawData, request: Request) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return right(raw, request)

    return group


def _global_stream(right: Operation) -> Operation:
    def group(raw: RawData, request: Request) -> Any:
        np.random.seed(request.get("seed") or 0)  # noqa: NPY002 - the fault
        return right(raw, request)

    return group


def _centred_in_place(right: Operation) -> Operation:
    def group(raw: RawData, request: Request) -> Any:
        grouped = right(raw, request)
        raw.xcoords = raw.xcoords - raw.xcoords.mean()
        return grouped

    return group


def _single_positions(raw: RawData, request: Request) -> tuple[Any, ...]:
    single = {key: getattr(raw, key).astype(np.float32) for key in ("xcoords", "ycoords")}
    return _with(raw, **single), request


def _bytes_as_they_come(raw: RawData, request: Request) -> tuple[Any, ...]:
    """Big-endian patterns taken for the machine's own."""
    patterns = _patterns(raw)
    if not patterns.dtype.isnative:
        patterns = np.nan_to_num(patterns.view(patterns.dtype.newbyteorder("=")), posinf=1.0)
    return _with(raw, diff3d=patterns), request


def _asked(**changes: Any) -> Callable[[Operation], Operation]:
    """A request in which something is always the same."""
    return before(lambda raw, request: (raw, {**request, **changes}))


FAULTS: tuple[Fault, ...] = (
    Fault("seed-not-shared", "group", before(_other_seed)),
    Fault("seed-point-in-its-own-group", "group", _members(_seed_first)),
    Fault("members-sorted", "group", _members(lambda members, *_: np.sort(members, axis=1))),
    Fault("ties-by-other-order", "group", _grouped_as(_ties_turned)),
    Fault("neighbours-by-start-positions", "group", _grouped_as(_by_starts)),
    Fault("only-the-nearest-neighbours", "group", before(_only_c_nearest)),
    Fault("pool-size-ignored", "group", _asked(neighbor_pool_size=None)),
    Fault("oversampling-without-consent", "group", _asked(enable_oversampling=True)),
    Fault("gridsize-of-dictionary-ignored", "group", before(lambda raw, r: (raw, {"gridsize": 1, **r}))),
    Fault("stale-cache", "group", _stale_cache),
    Fault("indices-off-by-one", "group", entries(_in_all(("nn_indices",), lambda i: np.roll(i, 1, axis=0)))),
    Fault("indices-int64", "group", entries(_in_all(("nn_indices",), lambda i: i.astype(np.int64)))),
    Fault("indices-into-the-file", "group", entries(_rows_of_the_file)),
    Fault("relative-sign-flipped", "group", entries(_in_all(("coords_relative",), np.negative))),
    Fault("relative-from-start-positions", "group", entries(_from_starts)),
    Fault("x-and-y-swapped", "group", entries(_in_all(("coords",), lambda c: c[:, :, ::-1]))),
    Fault(
        "x-and-y-swapped-in-one-channel",
        "group",
        entries(_in_all(("coords_rel", "coords_nn"), _swap_one_channel)),
    ),
    Fault("offsets-float32", "group", entries(_in_all(("coords_off",), lambda c: c.astype(np.float32)))),
    Fault("positions-through-float32", "group", before(_single_positions)),
    Fault("normalised-to-N-squared", "group", entries(_in_all(("X_full",), lambda x: 2 * x))),
    Fault(
        "scaled-group-by-group", "group", _scaled(lambda p, _: _energy(p).mean(axis=1)[:, None, None, None])
    ),
    Fault("scaled-over-the-whole-scan", "group", _scaled(lambda _, raw: _energy(_patterns(raw)).mean())),
    Fault("squares-wrap", "group", _scaled(_wrapped_energy)),
    Fault("energy-summed-in-float32", "group", _scaled(_coarse_energy)),
    Fault("byte-order-ignored", "group", before(_bytes_as_they_come)),
    Fault(
        "patterns-transposed",
        "group",
        entries(_in_all(("diffraction", "X_full"), lambda p: p.swapaxes(1, 2))),
    ),
    Fault("channels-reversed", "group", entries(_in_all(("diffraction", "X_full"), lambda p: p[..., ::-1]))),
    Fault("labels-mirrored", "group", entries(_mirror_labels)),
    Fault(
        "labels-mirrored-about-the-centre",
        "group",
        _labels_at(lambda g: g["coords_offsets"] + g["coords_relative"]),
    ),
    Fault("labels-half-a-pixel-off", "group", _labels_at(lambda g: g["coords_nn"] + 0.5)),
    Fault("labels-at-whole-pixels", "group", _labels_at(lambda g: g["coords_nn"].round())),
    Fault("exception-swallowed", "group", _swallow),
    Fault("warnings-silenced", "group", _silent),
    Fault("global-random-stream-used", "group", _global_stream),
    Fault("positions-centred-in-place", "group", _centred_in_place),
)
