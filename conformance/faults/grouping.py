"""Faults of grouping and containers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ptychoparity.backends.contract import Array
from ptychoparity.conformance.faults.fault import Fault, Operation, before, entries


def _in_all(prefixes: tuple[str, ...], change: Callable[[Array], Array]) -> Callable[[dict[str, Any]], None]:
    def apply(grouped: dict[str, Any]) -> None:
        for key, value in grouped.items():
            if key.startswith(prefixes) and value is not None:
                grouped[key] = change(value)

    return apply


def _swap_one_channel(coordinates: Array) -> Array:
    swapped = coordinates.copy()
    swapped[..., -1] = coordinates[:, :, ::-1, -1]
    return swapped


def _mirror_labels(grouped: dict[str, Any]) -> None:
    """Labels of a group's channels in reverse: the point mirror of a symmetric group."""
    if grouped["Y"] is not None:
        grouped["Y"] = grouped["Y"][..., ::-1]


def _other_seed(raw: Any, request: dict[str, Any]) -> tuple[Any, ...]:
    return raw, {**request, "seed": (request.get("seed") or 0) + 1}


def _swallow(right: Operation) -> Operation:
    def group(raw: Any, request: dict[str, Any]) -> Any:
        try:
            return right(raw, request)
        except ValueError:
            return {"nn_indices": np.zeros((0, 1), np.int32)}

    return group


def _nominal_from_true(arrays: dict[str, Any]) -> None:
    arrays["coords_nominal"] = arrays["coords_true"]


def _offsets_negated(arrays: dict[str, Any]) -> None:
    arrays["coords_nominal"] = -arrays["coords_nominal"]


FAULTS: tuple[Fault, ...] = (
    Fault("seed-not-shared", "group", before(_other_seed)),
    Fault("relative-sign-flipped", "group", entries(_in_all(("coords_relative",), np.negative))),
    Fault("x-and-y-swapped", "group", entries(_in_all(("coords",), lambda c: c[:, :, ::-1]))),
    Fault(
        "x-and-y-swapped-in-one-channel",
        "group",
        entries(_in_all(("coords_rel", "coords_nn"), _swap_one_channel)),
    ),
    Fault("labels-mirrored", "group", entries(_mirror_labels)),
    Fault("normalised-to-N-squared", "group", entries(_in_all(("X_full",), lambda x: 2 * x))),
    Fault("indices-off-by-one", "group", entries(_in_all(("nn_indices",), lambda i: np.roll(i, 1, axis=0)))),
    Fault("indices-int64", "group", entries(_in_all(("nn_indices",), lambda i: i.astype(np.int64)))),
    Fault("offsets-float32", "group", entries(_in_all(("coords_off",), lambda c: c.astype(np.float32)))),
    Fault("exception-swallowed", "group", _swallow),
    Fault("nominal-positions-lost", "container", entries(_nominal_from_true)),
    Fault("offsets-negated", "container", entries(_offsets_negated)),
)
