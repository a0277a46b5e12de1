"""DAT: parts of a data set and its training batches (spec ``data.md`` 4.1, 4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ptychoparity.conformance.case import Array, Case, Scenario, single
from ptychoparity.conformance.scenarios.containers import groups, probe
from ptychoparity.fixtures.numbers import uniform

PICKED = np.array([4, 1, 3])


def batch(name: str, grouped: dict[str, Any], waves: Array | None = None, /, **changes: Any) -> Case:
    """A case of `batch`: three groups out of order, unless something else is asked for."""
    side = grouped["X_full"].shape[1]
    given = {
        "grouped": grouped,
        "probe": probe(side)[None, None, None] if waves is None else waves,
        "indices": PICKED,
        "nphotons": None,
        "scale": None,
        "supervised": False,
    }
    return Case(name, "batch", {**given, **changes})


def rank_5(*shape: int) -> Array:
    """A probe of that shape, every value its own."""
    return single(uniform(shape, 121) + 1j * (uniform(shape, 122) - 0.5))


def batches() -> Iterator[Case]:
    """The groups asked for, in the order asked for, with their labels, scales and probes."""
    six = groups()
    flat = {**six, "X_full": np.full_like(six["X_full"], 0.5)}
    yield batch("plain", six)
    yield batch("supervised", six, supervised=True)
    yield batch("photons", flat, nphotons=1e6)
    yield batch("photons-of-all-groups", six, nphotons=1e4)
    yield batch("scale", six, scale=31.25)
    yield batch("one-group", six, indices=np.array([5]))
    yield batch("one-group-twice", six, indices=np.array([2, 2]))
    yield batch("all-backwards", six, indices=np.arange(6)[::-1].copy())
    yield batch("int32-indices", six, indices=PICKED.astype(np.int32))
    yield batch("three-modes", six, rank_5(1, 1, 3, 8, 8))
    yield batch("probe-of-each-group", six, rank_5(6, 1, 2, 8, 8))
    yield batch("probe-of-each-channel", six, rank_5(1, 4, 1, 8, 8))
    yield batch("probe-of-each-pattern", six, rank_5(6, 4, 1, 8, 8))
    yield batch("one-channel", groups(channels=1), supervised=True)
    yield batch("nine-channels", groups(channels=9))
    yield batch("n64", groups(count=3, side=64), indices=np.array([2, 0]), supervised=True, nphotons=1e9)


def batch_refusals() -> Iterator[Case]:
    """A probe that would broadcast, labels that are not there, groups and numbers that are none."""
    six = groups()
    for name, waves in {
        "flat-probe": rank_5(8, 8),
        "probe-modes": rank_5(4, 8, 8),
        "probe-rank-4": rank_5(1, 1, 8, 8),
        "probe-rank-6": rank_5(1, 1, 1, 1, 8, 8),
        "probe-of-three-groups": rank_5(3, 1, 1, 8, 8),
        "probe-of-two-channels": rank_5(1, 2, 1, 8, 8),
        "probe-without-modes": rank_5(1, 1, 0, 8, 8),
        "probe-of-another-side": rank_5(1, 1, 1, 16, 16),
    }.items():
        yield batch(name, six, waves)
    yield batch("no-labels", {**six, "Y": None}, supervised=True)
    yield batch("group-6", six, indices=np.array([0, 6]))
    yield batch("group-minus-1", six, indices=np.array([-1]))
    yield batch("no-groups", six, indices=np.zeros(0, np.int64))
    yield batch("fractional-groups", six, indices=np.array([0.5, 1.5]))
    yield batch("no-photons", six, nphotons=0.0)
    yield batch("scale-zero", six, scale=0.0)
    yield batch("scale-infinite", six, scale=float("inf"))
    yield batch("dark", {**six, "X_full": 0 * six["X_full"]}, nphotons=1e6)


def split(name: str, grouped: dict[str, Any], fraction: float, which: str) -> Case:
    """A case of `split`."""
    side = grouped["X_full"].shape[1]
    given = {"grouped": grouped, "probe": probe(side), "fraction": fraction, "which": which}
    return Case(name, "split", given)


def splits() -> Iterator[Case]:
    """The first groups and the rest, in every array that has a row for each group."""
    six = groups()
    for which in ("train", "test"):
        yield split(f"half-{which}-check-55", six, 0.5, which)
        yield split(f"odd-{which}-check-55", groups(count=5), 0.5, which)
        yield split(f"most-{which}", six, 0.84, which)
        yield split(f"unlabelled-{which}", {**six, "Y": None}, 0.5, which)
    yield split("all-train", six, 1.0, "train")
    yield split("all-test", six, 0.0, "test")
    object_too = {**six, "objectGuess": single(uniform((20, 24), 113) + 1j)}
    yield split("with-object-test", object_too, 0.5, "test")
    yield split("as-many-channels-as-groups-train", groups(count=4), 0.5, "train")


def split_refusals() -> Iterator[Case]:
    """Parts that do not exist."""
    six = groups()
    yield split("val-check-55", six, 0.5, "val")
    yield split("more-than-all", six, 1.5, "train")
    yield split("less-than-nothing", six, -0.5, "test")
    yield split("empty-train", six, 0.1, "train")
    yield split("empty-test", six, 1.0, "test")
    yield split("rows-missing", {**six, "coords_nn": six["coords_nn"][:5]}, 0.5, "train")


SCENARIOS = (
    Scenario("DAT-010", "Training and test part", "data.md 4.1, check 55", splits),
    Scenario("DAT-011", "Parts that do not exist", "data.md 4.1, check 55", split_refusals),
    Scenario("DAT-012", "Training batches", "data.md 4.4, 6", batches),
    Scenario("DAT-013", "Batches that are refused", "data.md 1.4, 4.4", batch_refusals),
)
