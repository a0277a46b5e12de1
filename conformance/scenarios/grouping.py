"""GRP: grouping to the index, coordinates, scale, labels, containers (spec ``data.md`` 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.conformance.case import Array, Case, Scenario, single
from ptychoparity.fixtures.numbers import uniform
from ptychoparity.fixtures.objects import textured_object


def scan(x: Any, y: Any, side: int = 8, patterns: Array | None = None, **more: Any) -> dict[str, Any]:
    """Raw data whose patterns, pixels and probe are all different."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if patterns is None:
        patterns = single(0.1 + uniform((len(x), side, side), 31))
    probe = single(uniform((side, side), 32) + 1j * (uniform((side, side), 33) - 0.5))
    return {"xcoords": x, "ycoords": y, "diff3d": patterns, "probeGuess": probe, "scan_index": None, **more}


def irregular(count: int = 12, extent: float = 20.0, seed: int = 3, **more: Any) -> dict[str, Any]:
    """Fixture IRR of spec ``data.md`` 11: random positions, no two distances alike."""
    generator = np.random.default_rng(seed)
    x, y = generator.random(count) * extent, generator.random(count) * extent
    return scan(x, y, **more)


def raster(side: int = 5, **more: Any) -> dict[str, Any]:
    """Fixture R5 of spec ``data.md`` 11: a unit raster."""
    x, y = np.meshgrid(np.arange(side, dtype=float), np.arange(side, dtype=float))
    return scan(x.ravel(), y.ravel(), **more)


def ask(name: str, raw: dict[str, Any], overlay: dict[str, Any] | None = None, **request: Any) -> Case:
    """A case of `group`: raw data, attributes set afterwards, keyword arguments of the request."""
    side = raw["diff3d"].shape[-1]
    inputs = {"raw": raw, "request": {"N": side, **request}, "overlay": overlay or {}}
    return Case(name, "group", inputs)


def executed_vectors() -> Iterator[Case]:
    """Index vectors that were executed, draw by draw."""
    irr, r5 = irregular(), raster()
    yield ask("irr-check-1", irr, K=5, nsamples=4, gridsize=2, seed=0)
    yield ask("irr-sequential-check-2", irr, K=5, nsamples=3, gridsize=2, sequential_sampling=True, seed=7)
    yield ask("irr-single-check-3", irr, nsamples=4, gridsize=1, seed=0)
    yield ask("r5-single-check-3", r5, nsamples=5, gridsize=1, seed=42)
    yield ask("r5-capped-check-4", r5, nsamples=40, gridsize=1, seed=1)
    yield ask("r5-sequential-check-5", r5, nsamples=5, gridsize=1, sequential_sampling=True)
    oversampling: dict[str, Any] = {"nsamples": 14, "gridsize": 2, "enable_oversampling": True}
    yield ask("irr-oversampled-check-6", irr, K=5, seed=0, **oversampling)


def geometries() -> Iterator[Case]:
    """Scans that tempt a neighbour search: square, coincident, few, many, both samplings."""
    generator = np.random.default_rng(11)
    many = scan(*(generator.random((2, 100)) * 50))
    yield ask("many-check-11", many, K=7, nsamples=40, gridsize=2, seed=5)
    yield ask("four-points-check-12", scan([0, 3, 1, 7], [0, 1, 5, 2]), K=4, nsamples=4, gridsize=2, seed=2)
    same = scan([4, 4, 4, 4, 4, 9], [2, 2, 2, 2, 2, 3])
    yield ask("coincident-check-13", same, K=4, nsamples=6, gridsize=2, seed=3)
    yield ask("gridsize-3", many, K=12, nsamples=20, gridsize=3, seed=8)
    yield ask("all-points-check-18", irregular(), K=5, nsamples=None, gridsize=2, seed=4)
    yield ask("seed-42-check-14", many, K=7, nsamples=10, gridsize=2, seed=42)
    yield ask("seed-123-check-14", many, K=7, nsamples=10, gridsize=2, seed=123)
    for seed in (42, 123):
        request: dict[str, Any] = {"K": 7, "nsamples": 10, "gridsize": 2, "sequential_sampling": True}
        yield ask(f"sequential-{seed}-check-15", many, seed=seed, **request)
    both: dict[str, Any] = {
        "nsamples": 110,
        "gridsize": 2,
        "sequential_sampling": True,
        "enable_oversampling": True,
    }
    yield ask("sequential-oversampled-check-16", many, K=7, seed=1, **both)


def coordinates() -> Iterator[Case]:
    """Centres, relative offsets and their sign; x and y never trade places."""
    group = scan([1, 3, 5, 7], [2, 0, -2, 4])
    yield ask("centre-check-21", group, K=4, nsamples=1, gridsize=2, sequential_sampling=True)
    yield ask("single-check-22", group, nsamples=4, gridsize=1, sequential_sampling=True)
    irr = irregular()
    swapped = {**irr, "xcoords": irr["ycoords"], "ycoords": irr["xcoords"]}
    yield ask("as-is-check-24", irr, K=5, nsamples=6, gridsize=2, seed=9)
    yield ask("swapped-check-24", swapped, K=5, nsamples=6, gridsize=2, seed=9)
    starts = {"xcoords_start": irr["xcoords"] + 0.25, "ycoords_start": irr["ycoords"] * 1.5}
    yield ask("starts", irr, starts, K=5, nsamples=6, gridsize=2, seed=9)


def scales() -> Iterator[Case]:
    """Shapes, dtypes and the amplitude normalisation, whatever the patterns were stored as."""
    generator = np.random.default_rng(12)
    x, y = generator.random((2, 30)) * 40
    for side in (64, 128):
        raw = scan(x, y, side)
        yield ask(f"shapes-n{side}-check-25", raw, K=6, nsamples=10, gridsize=2, seed=1)
    flat = scan([0, 1, 2, 3], [0, 2, 1, 5], patterns=np.full((4, 8, 8), 300, np.uint16))
    yield ask("uint16-check-26", flat, nsamples=4, gridsize=1, sequential_sampling=True)
    counts = np.floor(200 * uniform((12, 8, 8), 34)) + 1
    yield ask("counts-uint16-check-27", irregular(patterns=counts.astype(np.uint16)), nsamples=5, seed=2)
    yield ask("counts-float64-check-27", irregular(patterns=counts), nsamples=5, seed=2)
    weak = single(0.1 + uniform((12, 8, 8), 35))
    yield ask("amplitude-check-28", irregular(patterns=weak), nsamples=5, gridsize=1, seed=2)
    yield ask("times-8-check-28", irregular(patterns=weak * np.float32(8)), nsamples=5, gridsize=1, seed=2)


def labels() -> Iterator[Case]:
    """Ground-truth patches sit where their own pattern was taken."""
    whole = single(textured_object((64, 70), 5))
    for name, x, y in (
        ("integer-check-29", 30.0, 20.0),
        ("half-pixel-check-30", 30.5, 20.0),
        ("corner-check-31", 0.0, 0.0),
    ):
        yield ask(name, scan([x], [y], 16, objectGuess=whole), nsamples=1, gridsize=1)
    x, y = 16 + 30 * uniform((2, 14), 36)
    raw = scan(x, y, 16, objectGuess=whole)
    yield ask("single-check-32", raw, nsamples=14, gridsize=1, sequential_sampling=True)
    for gridsize, neighbours in ((2, 6), (3, 11)):
        request: dict[str, Any] = {"K": neighbours, "nsamples": 14, "seed": 4}
        yield ask(f"gridsize-{gridsize}-check-32", raw, gridsize=gridsize, **request)
    ready = single(uniform((14, 16, 16), 37) + 1j * uniform((14, 16, 16), 38))
    yield ask("ready-made-check-33", raw, {"Y": ready}, K=6, nsamples=5, gridsize=2, seed=4)
    yield ask("none-check-33", scan(x, y, 16), K=6, nsamples=5, gridsize=2, seed=4)


def refusals() -> Iterator[Case]:
    """What cannot be grouped is refused, in words that say what to change."""
    r5, irr = raster(), irregular()
    yield ask("oversampling-not-enabled-check-7", r5, K=7, nsamples=99, gridsize=2)
    pool: dict[str, Any] = {"enable_oversampling": True, "neighbor_pool_size": 3}
    yield ask("pool-too-small-check-8", r5, K=7, nsamples=99, gridsize=2, **pool)
    yield ask("too-few-neighbours-check-9", irr, K=3, nsamples=4, gridsize=2)
    yield ask("too-few-points-check-10", scan([0, 1, 2], [0, 5, 1]), K=9, nsamples=1, gridsize=3)
    yield ask("no-samples-check-17", irr, K=5, nsamples=0, gridsize=2)
    yield ask("negative-samples-check-17", irr, K=5, nsamples=-1, gridsize=2)
    other = ask("other-side", irr, K=5, nsamples=2, gridsize=2)
    yield Case(other.name, "group", {**other.inputs, "request": {**other.inputs["request"], "N": 16}})


def containers() -> Iterator[Case]:
    """Containers keep dtypes, precision and sign; missing labels are one."""
    whole = single(textured_object((64, 70), 6))
    x, y = 16 + 30 * uniform((2, 14), 39)
    raw = scan(x, y, 16, objectGuess=whole)
    shift = {"xcoords_start": x + 0.25, "ycoords_start": y}
    jitter = {"xcoords_start": x + uniform((14,), 41), "ycoords_start": y - uniform((14,), 42)}
    bare = scan(x, y, 16)
    modes: NDArray[Any] = single(uniform((2, 16, 16), 43) + 1j * uniform((2, 16, 16), 44))
    for name, source, overlay in (
        ("labelled-check-57", raw, {}),
        ("starts-shifted-check-54", raw, shift),
        ("starts-jittered-check-54", raw, jitter),
        ("unlabelled-check-58", bare, {}),
        ("two-modes", {**raw, "probeGuess": modes}, {}),
    ):
        case = ask(name, source, overlay, K=6, nsamples=5, gridsize=2, seed=4)
        yield Case(name, "container", case.inputs)


SCENARIOS = (
    Scenario("GRP-001", "Executed index vectors", "data.md 3.4, 3.5, checks 1-6", executed_vectors),
    Scenario("GRP-002", "Hard geometries and seeds", "data.md 3.2-3.5, checks 11-16, 18", geometries),
    Scenario("GRP-003", "Coordinates and their sign", "data.md 3.6, checks 21-24", coordinates),
    Scenario("GRP-004", "Shapes, dtypes, normalisation", "data.md 3.7, 3.8, checks 25-28", scales),
    Scenario("GRP-005", "Labels belong to their patterns", "data.md 3.9, checks 29-33", labels),
    Scenario("GRP-006", "Refusals", "data.md 3.3, checks 7-10, 17", refusals),
    Scenario("GRP-007", "Containers", "data.md 4.1, 4.2, checks 53, 54, 57, 58", containers),
)
