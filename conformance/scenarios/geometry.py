"""GRP: oversampling, few points, awkward geometries, number formats, defaults (spec ``data.md`` 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ptychoparity.conformance.case import Case, Scenario, single
from ptychoparity.conformance.operations import MEMORY
from ptychoparity.conformance.scenarios.grouping import ask, irregular, raster, scan
from ptychoparity.fixtures.numbers import uniform
from ptychoparity.fixtures.scans import displaced, spiral

PAIR: dict[str, Any] = {"gridsize": 2, "seed": 5}
OVER: dict[str, Any] = {**PAIR, "enable_oversampling": True}


def oversampling() -> Iterator[Case]:
    """Pools of another size than K, pools that just suffice, pools of few seeds, every sampling."""
    irr, many = irregular(), irregular(100, 50.0, 11)
    yield ask("pool-below-k", irr, K=7, nsamples=30, neighbor_pool_size=5, **OVER)
    yield ask("pool-above-k", irr, K=4, nsamples=50, neighbor_pool_size=8, **OVER)
    yield ask("pool-of-all-points", irr, K=4, nsamples=40, neighbor_pool_size=20, **OVER)
    yield ask("pool-of-c", irr, K=4, nsamples=13, **OVER)
    yield ask("every-combination", irr, K=5, nsamples=60, **OVER)
    yield ask("one-combination-short", irr, K=5, nsamples=61, **OVER)
    yield ask("two-seeds", many, K=12, nsamples=110, **OVER)
    yield ask("gridsize-3", irregular(14), K=11, nsamples=20, **{**OVER, "gridsize": 3})
    yield ask("raster", raster(), K=7, nsamples=40, **OVER)
    sequential: dict[str, Any] = {**OVER, "K": 5, "nsamples": 20, "sequential_sampling": True}
    yield ask("sequential-seed-5", irr, **sequential)
    yield ask("sequential-seed-0", irr, **{**sequential, "seed": 0})
    yield ask("sequential-no-seed", irr, **{**sequential, "seed": None})
    yield ask("not-needed", irr, K=5, nsamples=12, **OVER)
    yield ask("not-enabled", irr, K=5, nsamples=12, **PAIR)
    yield ask("single", irr, K=5, nsamples=20, **{**OVER, "gridsize": 1})


def few_neighbours() -> Iterator[Case]:
    """K from C to beyond the number of points, scans that just hold a group, and K where it is idle."""
    irr = irregular()
    for k in (4, 5, 6, 10, 11, 12, 13, 40):
        yield ask(f"k-{k}-of-12-points", irr, K=k, nsamples=12, **PAIR)
    yield ask("nine-points-gridsize-3", irregular(9), K=9, nsamples=9, gridsize=3, seed=1)
    yield ask("ten-points-gridsize-3", irregular(10), K=9, nsamples=10, gridsize=3, seed=1)
    yield ask("four-points", irregular(4), K=7, nsamples=4, **PAIR)
    yield ask("five-points", irregular(5), K=4, nsamples=5, **PAIR)
    yield ask("one-point", scan([3.25], [-1.5]), nsamples=1, gridsize=1, K=0)
    yield ask("two-points-k-0", irregular(2), nsamples=2, gridsize=1, K=0)
    yield ask("one-group", irr, K=5, nsamples=1, **PAIR)
    yield ask("all-but-one", irr, K=5, nsamples=11, **PAIR)
    yield ask("largest-seed", irr, K=5, nsamples=6, gridsize=2, seed=2**32 - 1)
    sequential: dict[str, Any] = {"gridsize": 2, "sequential_sampling": True}
    yield ask("sequential-capped-k", irr, K=12, nsamples=7, **sequential)


HOLED = [0, 1, 3, 4, 6, 8, 9, 13, 17, 22]


def awkward() -> Iterator[Case]:
    """Ties, coincident points, lines, clusters, and rasters far from the origin."""
    line = np.arange(15.0)
    wide = np.stack(np.meshgrid(np.arange(7.0), np.arange(4.0))).reshape(2, -1)
    hexagonal = wide[0] + 0.5 * (wide[1] % 2), wide[1] * np.sqrt(0.75)
    twice = np.repeat(irregular(7)["xcoords"], 2), np.repeat(irregular(7)["ycoords"], 2)
    cluster = displaced(np.repeat([[0.0, 0.0], [900.0, 40.0]], 8, axis=0), 2.0, 4).T
    jittered = displaced(wide.T * 3, 0.25, 6).T
    for name, (x, y) in {
        "row": (line, 0 * line),
        "column": (0 * line + 3, line),
        "diagonal": (2 * line, 1 - line),
        "uneven-line": (line**2, 3 * line**2),
        "all-coincident": (np.full(9, 4.5), np.full(9, -2.25)),
        "every-point-twice": twice,
        "one-apart": (np.append(np.full(8, 4.0), 9.0), np.append(np.full(8, 2.0), 3.0)),
        "oblong-raster": (wide[0], wide[1]),
        "raster-with-holes": (
            wide[0][HOLED],
            wide[1][HOLED],
        ),
        "hexagonal": hexagonal,
        "two-clusters": (cluster[0], cluster[1]),
        "jittered-raster": (jittered[0], jittered[1]),
        "spiral": tuple(spiral(40, 2.5, (20.0, 11.0), 7).T),
        "far-raster": (wide[0] + 1e6, wide[1] - 3e5),
        "fine-raster": (wide[0] * 2.0**-20, wide[1] * 2.0**-20),
        "negative": (-wide[0] * 1.5, -wide[1] * 2.5),
    }.items():
        yield ask(name, scan(x, y), K=6, nsamples=len(x), **PAIR)
    yield ask("raster-few", scan(wide[0], wide[1]), K=4, nsamples=9, **PAIR)
    yield ask("raster-gridsize-3", scan(wide[0], wide[1]), K=10, nsamples=12, gridsize=3, seed=2)
    yield ask("coincident-oversampled", scan([4] * 6, [2] * 6), K=5, nsamples=20, **OVER)


COORDINATES = ("f4", "i1", "u1", "i2", "i4", "i8", ">f8", ">f4", ">i4")
PATTERNS = ("f2", "f4", "f8", "u1", "u2", "i4", "i8", ">f4", ">f8", ">u2")
NAMED = str.maketrans({">": "big-"})


def formats() -> Iterator[Case]:
    """The same whole numbers in every format, and in every order in memory."""
    places = np.random.default_rng(13).choice(50 * 40, 18, replace=False)
    patterns = np.floor(100 * uniform((18, 8, 8), 61)) + 1
    x, y, truth = places % 50, places // 50, single(uniform((48, 56), 62) + 0.5j)
    whole = scan(x, y, patterns=patterns, objectGuess=truth)
    request: dict[str, Any] = {**PAIR, "K": 6, "nsamples": 9}
    yield ask("plain", whole, **request)
    for dtype in COORDINATES:
        changed = {key: whole[key].astype(dtype) for key in ("xcoords", "ycoords")}
        yield ask(f"positions-{dtype.translate(NAMED)}", {**whole, **changed}, **request)
    for dtype in PATTERNS:
        changed = {"diff3d": patterns.astype(dtype)}
        yield ask(f"patterns-{dtype.translate(NAMED)}", {**whole, **changed}, **request)
    for memory in MEMORY:
        case = ask(f"memory-{memory.replace(' ', '-')}", whole, **request)
        yield replace(case, inputs={**case.inputs, "memory": memory})
    bright = np.floor(65535 * uniform((18, 64, 64), 63) ** 4).astype(np.uint16)
    bright[:, 31:33, 31:33] = 65535
    yield ask("bright-uint16", scan(x, y, 64, bright), **request)


def defaults() -> Iterator[Case]:
    """What is taken from the process-wide dictionary, from scan labels, and from a subsample."""
    irr = irregular()
    request: dict[str, Any] = {"K": 6, "nsamples": 5, "seed": 3}

    def beside(case: Case, **entries: Any) -> Case:
        return replace(case, inputs={**case.inputs, "legacy": entries})

    yield beside(ask("argument-wins-check-19", irr, gridsize=2, **request), gridsize=1)
    yield beside(ask("from-dictionary-check-20", irr, **request), gridsize=2)
    yield beside(ask("unset-check-20", irr, **request))
    yield beside(ask("other-entries-idle", irr, gridsize=2, **request), N=128, neighbor_count=3, nphotons=1.0)
    labels = np.repeat([0, 3], 6)
    yield ask("two-scans", {**irr, "scan_index": labels}, gridsize=2, **request)
    yield ask("two-scans-single", {**irr, "scan_index": labels}, gridsize=1, **request)
    yield ask("one-scan", {**irr, "scan_index": labels * 0 + 7}, gridsize=2, **request)
    rows = {"sample_indices": np.arange(12) * 17}
    yield ask("subsample", irr, rows, gridsize=2, **request)
    starts = {"xcoords_start": irr["xcoords"][::-1].copy(), "ycoords_start": irr["ycoords"] - 3.5}
    yield ask("starts-unlike-positions", irr, starts, gridsize=2, **request)
    patterns = single(uniform((12, 8, 8), 64) * (1 + np.arange(12))[:, None, None])
    for seed in (1, 2):
        name = f"scale-of-selection-{seed}"
        yield ask(name, irregular(patterns=patterns), K=6, nsamples=3, gridsize=2, seed=seed)


def refusals() -> Iterator[Case]:
    """More that cannot be grouped, and what would otherwise be grouped wrong."""
    irr = irregular()
    yield ask("gridsize-0", irr, K=5, nsamples=2, gridsize=0)
    yield ask("three-points", irregular(3), K=5, nsamples=1, gridsize=2)
    yield ask("k-below-c-gridsize-3", irr, K=8, nsamples=2, gridsize=3)
    yield ask("too-few-for-a-pool", irregular(4), K=4, nsamples=9, **OVER)
    yield ask("one-more-than-points", irr, K=5, nsamples=13, **PAIR)


SCENARIOS = (
    Scenario("GRP-008", "Oversampling in its variants", "data.md 3.5", oversampling),
    Scenario("GRP-009", "K around C, few points", "data.md 3.3, 3.4", few_neighbours),
    Scenario("GRP-010", "Ties, coincident points, lines", "data.md 3.4", awkward),
    Scenario("GRP-011", "Number formats and memory layouts", "data.md 3.6-3.8", formats),
    Scenario("GRP-012", "Dictionary, labels, subsamples", "data.md 2, 3.7, 3.8, checks 19, 20", defaults),
    Scenario("GRP-013", "More refusals", "data.md 3.3, 3.5", refusals),
)
