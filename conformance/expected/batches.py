"""Spec ``data.md`` 4.1 and 4.4, check 55: parts of a data set, and what a batch holds."""

from __future__ import annotations

import numpy as np

from ptychoparity.conformance.expected.containers import SOURCES
from ptychoparity.conformance.golden import Expectation, Golden, Refusal
from ptychoparity.conformance.measures import SHAPE, WHOLE
from ptychoparity.conformance.scenarios.batches import PICKED, rank_5
from ptychoparity.conformance.scenarios.containers import groups, probe

SIX, FIVE = groups(), groups(count=5)
PARTS = (
    ("half-train-check-55", SIX, slice(0, 3)),
    ("half-test-check-55", SIX, slice(3, 6)),
    ("odd-train-check-55", FIVE, slice(0, 2)),
    ("odd-test-check-55", FIVE, slice(2, 5)),
    ("most-train", SIX, slice(0, 5)),
    ("most-test", SIX, slice(5, 6)),
    ("all-test", SIX, slice(0, 6)),
)
SPLITS: tuple[Expectation, ...] = (
    *(
        Golden("55", f"DAT-010/{case}", member, WHOLE, grouped[source][rows].astype(dtype))
        for case, grouped, rows in PARTS
        for member, (source, dtype) in SOURCES.items()
    ),
    *(
        Golden("55", "DAT-010/as-many-channels-as-groups-train", member, SHAPE, shape)
        for member, shape in (("X", [2, 8, 8, 4]), ("nn_indices", [2, 4]), ("global_offsets", [2, 1, 2, 1]))
    ),
    Golden("58", "DAT-010/unlabelled-test", "Y_I", WHOLE, 1.0),
    Golden("4.1", "DAT-010/half-test-check-55", "probe", WHOLE, probe()),
)

PLAIN = "DAT-012/plain"
FLAT_ENERGY = 64 * 0.25
BATCHES: tuple[Expectation, ...] = (
    Golden("4.4", PLAIN, "images", WHOLE, SIX["X_full"][PICKED]),
    Golden("4.4", PLAIN, "observed_images", WHOLE, SIX["X_full"][PICKED]),
    Golden("4.4", PLAIN, "coords_relative", WHOLE, SIX["coords_relative"][PICKED].astype(np.float32)),
    Golden("4.4", PLAIN, "probe", WHOLE, probe()[None, None, None]),
    Golden("4.4", PLAIN, "experiment_id", WHOLE, [0, 0, 0]),
    *(Golden("4.4", PLAIN, name, WHOLE, 1.0) for name in ("scale", "physics_scaling_constant")),
    *(
        Golden("4.4", PLAIN, name, SHAPE, [3, 1, 1, 1])
        for name in ("scale", "physics_scaling_constant", "rms_scaling_constant")
    ),
    Golden("4.4", "DAT-012/supervised", "label_amp", WHOLE, np.abs(SIX["Y"].astype(complex))[PICKED], 1e-6),
    Golden(
        "4.4", "DAT-012/supervised", "label_phase", WHOLE, np.angle(SIX["Y"].astype(complex))[PICKED], 1e-6
    ),
    Golden("6", "DAT-012/photons", "physics_scaling_constant", WHOLE, np.sqrt(1e6 / FLAT_ENERGY), 1e-4),
    Golden("3.8", "DAT-012/photons", "rms_scaling_constant", WHOLE, 1.0, 1e-6),
    Golden(
        "6",
        "DAT-012/photons-of-all-groups",
        "physics_scaling_constant",
        WHOLE,
        float(np.sqrt(1e4 / np.square(SIX["X_full"], dtype=float).sum(axis=(1, 2)).mean())),
        1e-5,
    ),
    Golden("4.4", "DAT-012/scale", "scale", WHOLE, 31.25),
    Golden("4.4", "DAT-012/all-backwards", "images", WHOLE, SIX["X_full"][::-1]),
    Golden("4.4", "DAT-012/one-group-twice", "coords_relative", SHAPE, [2, 1, 2, 4]),
    Golden("4.4", "DAT-012/three-modes", "probe", WHOLE, rank_5(1, 1, 3, 8, 8)),
    Golden("4.4", "DAT-012/probe-of-each-group", "probe", WHOLE, rank_5(6, 1, 2, 8, 8)[PICKED]),
    Golden("4.4", "DAT-012/probe-of-each-pattern", "probe", WHOLE, rank_5(6, 4, 1, 8, 8)[PICKED]),
)

RANK = "PROBE-RANK-001"
REFUSALS: tuple[Expectation, ...] = tuple(
    Refusal(check, f"DAT-{case}", error, words)
    for check, case, error, words in (
        ("55", "011/val-check-55", "ValueError", ("train", "test", "val")),
        ("4.1", "011/more-than-all", "ValueError", ("fraction", "1.5")),
        ("4.1", "011/less-than-nothing", "ValueError", ("fraction", "-0.5")),
        ("4.1", "011/empty-train", "ValueError", ("train", "empty", "0.1")),
        ("4.1", "011/empty-test", "ValueError", ("test", "empty", "1.0")),
        ("55", "011/rows-missing", "ValueError", ("coords_nn", "(5, 1, 2, 4)", "6")),
        ("4.4", "013/flat-probe", "ValueError", (RANK, "(8, 8)")),
        ("4.4", "013/probe-modes", "ValueError", (RANK, "(4, 8, 8)")),
        ("4.4", "013/probe-rank-4", "ValueError", (RANK, "(1, 1, 8, 8)")),
        ("4.4", "013/probe-rank-6", "ValueError", (RANK, "(1, 1, 1, 1, 8, 8)")),
        ("4.4", "013/probe-of-three-groups", "ValueError", (RANK, "(3, 1, 1, 8, 8)")),
        ("4.4", "013/probe-of-two-channels", "ValueError", (RANK, "(1, 2, 1, 8, 8)")),
        ("4.4", "013/probe-without-modes", "ValueError", (RANK, "(1, 1, 0, 8, 8)")),
        ("4.4", "013/probe-of-another-side", "ValueError", (RANK, "(1, 1, 1, 16, 16)")),
        ("1.4", "013/no-labels", "RuntimeError", ("DATA-SUP-001", "label_amp", "label_phase")),
        ("4.4", "013/group-6", "ValueError", ("indices", "6")),
        ("4.4", "013/group-minus-1", "ValueError", ("indices", "-1")),
        ("4.4", "013/no-groups", "ValueError", ("indices", "(0,)")),
        ("4.4", "013/fractional-groups", "ValueError", ("indices", "float64")),
        ("6.3", "013/no-photons", "ValueError", ("nphotons", "0")),
        ("6.3", "013/scale-zero", "ValueError", ("scale", "0")),
        ("6.3", "013/scale-infinite", "ValueError", ("scale", "inf")),
        ("6.3", "013/dark", "ValueError", ("zero",)),
    )
)

EXPECTATIONS: tuple[Expectation, ...] = (*SPLITS, *BATCHES, *REFUSALS)
