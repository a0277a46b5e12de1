"""Faults of files and containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ptychoparity.backends.contract import Array
from ptychoparity.conformance.faults.fault import Fault, Operation, before, entries
from ptychoparity.conformance.operations import RAW_KEYS
from ptychoparity.reference.data import RawData

# files


def _read(change: Callable[[RawData, Mapping[str, Array]], None]) -> Callable[[Operation], Operation]:
    """Change what was read, knowing the members of the file."""

    def wrap(right: Operation) -> Operation:
        def read_raw(path: Path) -> RawData:
            raw: RawData = right(path)
            with np.load(path, allow_pickle=False) as file:
                change(raw, {key: file[key] for key in file.files if key != "_metadata"})
            return raw

        return read_raw

    return wrap


def _alias_unknown(right: Operation) -> Operation:
    def read_raw(path: Path) -> RawData:
        raw: RawData = right(path)
        with np.load(path) as file:
            if "diff3d" not in file.files:
                raise KeyError("diff3d")
        return raw

    return read_raw


def _largest_axis(raw: RawData, members: Mapping[str, Array]) -> None:
    """The longest axis is taken to count the patterns."""
    stored = members.get("diff3d", members.get("diffraction"))
    if stored is not None and stored.ndim == 3:
        raw.diff3d = np.moveaxis(stored, int(np.argmax(stored.shape)), 0)


def _counted_labels(raw: RawData, members: Mapping[str, Array]) -> None:
    if "scan_index" not in members:
        raw.scan_index = np.arange(len(raw.xcoords))


def _no_starts(raw: RawData, members: Mapping[str, Array]) -> None:
    if "xcoords_start" not in members:
        raw.xcoords_start = np.zeros(len(raw.xcoords))


def _starts_dropped(raw: RawData, _: Mapping[str, Array]) -> None:
    raw.xcoords_start, raw.ycoords_start = raw.xcoords, raw.ycoords


def _tail_kept(raw: RawData, members: Mapping[str, Array]) -> None:
    """Of surplus positions the first ones are dropped."""
    raw.xcoords = members["xcoords"][-len(raw.xcoords) :]


def _patches_unread(raw: RawData, _: Mapping[str, Array]) -> None:
    raw.Y = None


def _metadata_unread(raw: RawData, _: Mapping[str, Array]) -> None:
    raw.metadata = None


def _roots_taken(raw: RawData, _: Mapping[str, Array]) -> None:
    """Whole numbers are silently taken for counts."""
    if raw.diff3d is not None and raw.diff3d.dtype.kind in "iu":
        raw.diff3d = np.sqrt(raw.diff3d)


def _positions_single(raw: RawData, _: Mapping[str, Array]) -> None:
    raw.ycoords = raw.ycoords.astype(np.float32).astype(raw.ycoords.dtype)


def _first_mode(raw: RawData, _: Mapping[str, Array]) -> None:
    if raw.probeGuess is not None and raw.probeGuess.ndim == 3 and raw.probeGuess.shape[2] != 1:
        raw.probeGuess = raw.probeGuess[0]


def _refusals_swallowed(right: Operation) -> Operation:
    def read_raw(path: Path) -> Any:
        try:
            return right(path)
        except (ValueError, TypeError):
            return SimpleNamespace(**dict.fromkeys(RAW_KEYS))

    return read_raw


def _errors_renamed(right: Operation) -> Operation:
    def read_raw(path: Path) -> Any:
        try:
            return right(path)
        except KeyError as error:
            raise ValueError(*error.args) from error

    return read_raw


# containers


def _from(target: str, source: str) -> Callable[[Operation], Operation]:
    """One member taken from another."""

    def change(arrays: dict[str, Any]) -> None:
        arrays[target] = arrays[source].astype(arrays[target].dtype)

    return entries(change)


def _made(key: str, make: Callable[[Array], Array]) -> Callable[[Operation], Operation]:
    """One member made anew of itself."""

    def change(arrays: dict[str, Any]) -> None:
        arrays[key] = make(arrays[key])

    return entries(change)


def _dark_stand_ins(arrays: dict[str, Any]) -> None:
    if (arrays["Y"] == 1).all():
        arrays["Y"], arrays["Y_I"] = 0 * arrays["Y"], 0 * arrays["Y_I"]


def _cast_silently(grouped: Mapping[str, Any], probe: Array) -> tuple[Any, ...]:
    cast = {"X_full": np.float32, "Y": np.complex64}
    made = {
        key: value.astype(cast[key]) if key in cast and value is not None else value
        for key, value in grouped.items()
    }
    return made, probe


def _starts_ignored(grouped: Mapping[str, Any], probe: Array) -> tuple[Any, ...]:
    """The start pair does not stand in where the plain one is absent."""
    return {key: value for key, value in grouped.items() if not key.startswith("coords_start")}, probe


# parts and batches


def _unsplit(member: str) -> Callable[[Operation], Operation]:
    """One member keeps the rows of all groups."""
    source = {"nn_indices": "nn_indices", "global_offsets": "coords_offsets"}[member]

    def wrap(right: Operation) -> Operation:
        def split(grouped: Mapping[str, Any], *rest: Any) -> dict[str, Any]:
            return {**right(grouped, *rest), member: grouped[source]}

        return split

    return wrap


def _rounded_up(right: Operation) -> Operation:
    def split(grouped: Mapping[str, Any], probe: Array, fraction: float, which: str) -> Any:
        groups = len(grouped["X_full"])
        part = np.ceil(groups * fraction) / groups if 0 <= fraction <= 1 else fraction
        return right(grouped, probe, float(part), which)

    return split


def _any_part(right: Operation) -> Operation:
    return lambda grouped, probe, fraction, which: right(
        grouped, probe, fraction, "train" if which == "train" else "test"
    )


def _nominal_as_true(grouped: Mapping[str, Any], *rest: Any) -> tuple[Any, ...]:
    return {**grouped, "coords_relative": grouped["coords_start_relative"]}, *rest


def _repaired_rank(grouped: Mapping[str, Any], probe: Array, *rest: Any) -> tuple[Any, ...]:
    """Missing axes are put in front."""
    return grouped, probe.reshape((1,) * (5 - probe.ndim) + probe.shape), *rest


def _first_probes(right: Operation) -> Operation:
    def batch(grouped: Mapping[str, Any], probe: Array, indices: Array, *rest: Any) -> dict[str, Any]:
        found = right(grouped, probe, indices, *rest)
        return {**found, "probe": probe[: len(found["probe"])]}

    return batch


def _own_scales(grouped: Mapping[str, Any], probe: Array, indices: Array, *rest: Any) -> tuple[Any, ...]:
    """The scales of a batch are those of its own patterns."""
    rows = {"X_full", "Y", "nn_indices", *(key for key in grouped if key.startswith("coords"))}
    if indices.dtype.kind == "f" or not indices.size or not 0 <= indices.min() <= indices.max() < 6:
        return grouped, probe, indices, *rest
    part = {k: v[indices] if k in rows and v is not None else v for k, v in grouped.items()}
    return part, probe if len(probe) == 1 else probe[indices], np.arange(len(indices)), *rest


def _scaled_images(right: Operation) -> Operation:
    def batch(*given: Any) -> dict[str, Any]:
        found: dict[str, Any] = right(*given)
        return {**found, "images": found["images"] * found["scale"]}

    return batch


def _invented_labels(grouped: Mapping[str, Any], *rest: Any) -> tuple[Any, ...]:
    labels = grouped.get("Y")
    return {
        **grouped,
        "Y": np.ones_like(grouped["X_full"], np.complex64) if labels is None else labels,
    }, *rest


FAULTS: tuple[Fault, ...] = (
    Fault("alias-unknown", "read_raw", _alias_unknown),
    Fault("largest-axis-counts-patterns", "read_raw", _read(_largest_axis)),
    Fault("scan-index-counts-points", "read_raw", _read(_counted_labels)),
    Fault("start-positions-zero", "read_raw", _read(_no_starts)),
    Fault("start-positions-dropped", "read_raw", _read(_starts_dropped)),
    Fault("first-positions-dropped", "read_raw", _read(_tail_kept)),
    Fault("stored-patches-unread", "read_raw", _read(_patches_unread)),
    Fault("metadata-unread", "read_raw", _read(_metadata_unread)),
    Fault("square-root-taken", "read_raw", _read(_roots_taken)),
    Fault("file-positions-through-float32", "read_raw", _read(_positions_single)),
    Fault("first-mode-only", "read_raw", _read(_first_mode)),
    Fault("bad-file-accepted", "read_raw", _refusals_swallowed),
    Fault("missing-key-renamed", "read_raw", _errors_renamed),
    Fault("nominal-positions-lost", "container", _from("coords_nominal", "coords_true")),
    Fault("true-positions-lost", "container", _from("coords_true", "coords_nominal")),
    Fault("local-offsets-from-starts", "container", _from("local_offsets", "coords_nominal")),
    Fault("offsets-negated", "container", _made("coords_nominal", np.negative)),
    Fault(
        "centres-through-float32",
        "container",
        _made("global_offsets", lambda o: o.astype(np.float32).astype(np.float64)),
    ),
    Fault("phase-from-0-to-2-pi", "container", _made("Y_phi", lambda phase: phase % np.float32(2 * np.pi))),
    Fault("amplitude-squared", "container", _made("Y_I", np.square)),
    Fault("probe-normalised-too-early", "container", _made("probe", lambda p: p / np.abs(p).max())),
    Fault("container-channels-first", "container", _made("X", lambda x: x.transpose(0, 3, 1, 2))),
    Fault("members-int64", "container", _made("nn_indices", lambda i: i.astype(np.int64))),
    Fault("stand-ins-zero", "container", entries(_dark_stand_ins)),
    Fault("precision-cast-silently", "container", before(_cast_silently)),
    Fault("start-pair-ignored", "container", before(_starts_ignored)),
    Fault("indices-not-split", "split", _unsplit("nn_indices")),
    Fault("centres-not-split", "split", _unsplit("global_offsets")),
    Fault("test-part-is-the-training-part", "split", before(lambda g, p, part, _: (g, p, part, "train"))),
    Fault("part-rounded-up", "split", _rounded_up),
    Fault("unknown-part-is-the-test-part", "split", _any_part),
    Fault("batch-in-order-of-groups", "batch", before(lambda g, p, i, *rest: (g, p, np.sort(i), *rest))),
    Fault("batch-of-nominal-positions", "batch", before(_nominal_as_true)),
    Fault(
        "labels-given-unasked", "batch", before(lambda *given: (*given[:-1], given[0].get("Y") is not None))
    ),
    Fault("probe-rank-repaired", "batch", before(_repaired_rank)),
    Fault("probe-of-the-first-groups", "batch", _first_probes),
    Fault("scales-of-the-batch-alone", "batch", before(_own_scales)),
    Fault("images-scaled", "batch", _scaled_images),
    Fault("one-probe-for-all-channels", "batch", _made("probe", lambda p: p[:, :1])),
    Fault("stand-ins-as-labels", "batch", before(_invented_labels)),
)
