"""Spec ``data.md`` 4 and checks 52-58: what a container holds of given groups, and what none holds."""

from __future__ import annotations

import math

import numpy as np

from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.measures import DTYPE, SHAPE, WHOLE, at
from ptychoparity.conformance.scenarios.containers import groups, probe

FOUR = groups()
SOURCES = {
    "X": ("X_full", "float32"),
    "Y": ("Y", "complex64"),
    "coords_nominal": ("coords_start_relative", "float32"),
    "coords_true": ("coords_relative", "float32"),
    "global_offsets": ("coords_offsets", "float64"),
    "local_offsets": ("coords_relative", "float64"),
    "nn_indices": ("nn_indices", "int32"),
}

CONTENTS: tuple[Expectation, ...] = (
    *(
        Golden("4.1", "DAT-006/four-channels", member, measure, expected)
        for member, (source, dtype) in SOURCES.items()
        for measure, expected in (
            (WHOLE, FOUR[source].astype(dtype)),
            (DTYPE, dtype),
            (SHAPE, list(FOUR[source].shape)),
        )
    ),
    Golden("4.1", "DAT-006/four-channels", "Y_I", WHOLE, np.abs(FOUR["Y"].astype(complex)), 1e-6),
    Golden("4.1", "DAT-006/four-channels", "Y_phi", WHOLE, np.angle(FOUR["Y"].astype(complex)), 1e-6),
    Golden("4.1", "DAT-006/four-channels", "probe", WHOLE, probe()),
    Golden("4.1", "DAT-006/complex128-probe", "probe", DTYPE, "complex64"),
    Golden("5.4", "DAT-006/three-modes", "probe", WHOLE, probe(modes=3)),
    Golden("4.1", "DAT-006/int64-indices", "nn_indices", DTYPE, "int32"),
    Golden(
        "57", "DAT-006/offsets-beyond-float32-check-57", "global_offsets", WHOLE, FOUR["coords_offsets"] * 1e3
    ),
    Golden("57", "DAT-006/offsets-beyond-float32-check-57", "global_offsets", DTYPE, "float64"),
)

BY_HAND, SHIFTED = "DAT-007/by-hand-check-53", "DAT-007/shifted-check-54"
POSITIONS: tuple[Expectation, ...] = (
    *(
        Golden("53", BY_HAND, member, at(0, 0, slice(0, 2), 0), [1.0, 2.0])
        for member in ("coords_nominal", "coords_true", "local_offsets")
    ),
    Golden("53", BY_HAND, "global_offsets", at(0, 0, slice(0, 2), 0), [7.0, 5.0]),
    *(
        Law("4.1", f"DAT-007/{case}", f"DAT-007/{case}", "coords_nominal", other_quantity="coords_true")
        for case in ("no-starts", "starts-none", "only-starts")
    ),
    Golden("3.7", "DAT-007/only-starts", "local_offsets", WHOLE, FOUR["coords_start_relative"]),
    Golden("3.7", "DAT-007/only-starts", "global_offsets", WHOLE, FOUR["coords_start_offsets"]),
    Law("54", SHIFTED, SHIFTED, "coords_nominal", other_quantity="coords_true", tolerance=1e-6),
    Law("54", "DAT-007/jittered-check-54", SHIFTED, "coords_true"),
    Law("54", "DAT-007/jittered-check-54", SHIFTED, "local_offsets"),
)

CIRCLE = "DAT-008/round-the-circle"
ARC = math.atan2(4.0, 3.0)
LABELS: tuple[Expectation, ...] = (
    *(
        Golden("58", f"DAT-008/{case}-check-58", member, measure, expected)
        for case in ("missing", "none")
        for member, measure, expected in (
            ("Y", WHOLE, 1.0),
            ("Y_I", WHOLE, 1.0),
            ("Y_phi", WHOLE, 0.0),
            ("Y", DTYPE, "complex64"),
            ("Y_I", SHAPE, [6, 8, 8, 4]),
        )
    ),
    Golden("4.1", CIRCLE, "Y_I", at(0, 0, slice(0, 8), 0), [1, 1, 1, 1, 5, 5, 0, 2], 1e-6),
    Golden(
        "4.1",
        CIRCLE,
        "Y_phi",
        at(0, 0, slice(0, 7), 0),
        [0, math.pi, math.pi / 2, -math.pi / 2, ARC, ARC - math.pi, 0],
        1e-6,
    ),
)

REFUSALS: tuple[Expectation, ...] = tuple(
    Refusal(check, f"DAT-009/{case}", error, words)
    for check, case, error, words in (
        ("52", "labels-complex128-check-52", "ValueError", ("DATA-001", "complex128")),
        ("52", "labels-real-check-52", "ValueError", ("DATA-001", "float32")),
        ("52", "patterns-float64-check-52", "TypeError", ("X_full", "float64")),
        ("52", "no-indices-check-52", "ValueError", ("nn_indices",)),
        ("52", "no-indices-no-offsets-check-52", "ValueError", ("nn_indices", "coords_offsets")),
        ("52", "no-patterns-check-52", "ValueError", ("X_full",)),
        ("4.1", "labels-of-fewer-channels", "ValueError", ("Y", "(6, 8, 8, 3)", "(6, 8, 8, 4)")),
        ("4.1", "offsets-of-fewer-groups", "ValueError", ("coords_relative", "(3, 1, 2, 4)")),
        ("1.4", "probe-of-another-side", "ValueError", ("probeGuess", "(16, 16)")),
        ("1.4", "probe-of-rank-4", "ValueError", ("probeGuess", "(1, 1, 8, 8)")),
    )
)

EXPECTATIONS: tuple[Expectation, ...] = (*CONTENTS, *POSITIONS, *LABELS, *REFUSALS)
