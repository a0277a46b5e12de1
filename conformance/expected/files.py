"""Spec ``data.md`` 1 and checks 36-49: what is read from a file, and what is said of one that is refused."""

from __future__ import annotations

import numpy as np

from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.measures import DTYPE, PRESENT, SHAPE, WHOLE, key
from ptychoparity.conformance.scenarios.files import (
    CUBE,
    MANY,
    METADATA,
    PATTERNS,
    POINTS,
    SIDE,
    STARTS,
    TRUTH,
    WHOLE_NUMBERS,
    X,
    Y,
)

FULL, LEAST = "DAT-001/full", "DAT-001/least-check-47"


def _warns(case: str, category: str = "UserWarning", count: int | None = 1) -> Golden:
    return Golden("1.4", case, "effects", key(category), count)


KEYS: tuple[Expectation, ...] = (
    Golden("47", LEAST, "scan_index", WHOLE, [0] * POINTS),
    Golden("47", LEAST, "scan_index", DTYPE, "int64"),
    Law("47", LEAST, LEAST, "xcoords_start", other_quantity="xcoords"),
    Law("47", LEAST, LEAST, "ycoords_start", other_quantity="ycoords"),
    Golden("47", LEAST, "objectGuess", PRESENT, False),
    Golden("47", LEAST, "Y", PRESENT, False),
    Golden("47", LEAST, "metadata", PRESENT, False),
    Golden("48", "DAT-001/no-object-check-48", "objectGuess", PRESENT, False),
    Golden("1.1", FULL, "xcoords_start", WHOLE, STARTS["xcoords_start"]),
    Golden("1.1", FULL, "ycoords_start", WHOLE, STARTS["ycoords_start"]),
    Golden("1.1", FULL, "scan_index", WHOLE, np.arange(POINTS) // 2),
    Golden("1.1", FULL, "xcoords", WHOLE, X),
    Golden("1.1", FULL, "ycoords", WHOLE, Y),
    Golden("1.1", "DAT-001/unknown-keys", "Y", PRESENT, False),
    *(
        Golden("1.1", f"DAT-001/{case}", "diff3d", WHOLE, PATTERNS)
        for case in ("full", "alias", "both-names")
    ),
    Golden("2", "DAT-001/patches", "Y", WHOLE, TRUTH),
    Golden("1.4", "DAT-001/patches-stub", "Y", PRESENT, False),
    _warns("DAT-001/patches-stub"),
    Golden("5.4", "DAT-001/probe-modes", "probeGuess", SHAPE, [3, SIDE, SIDE]),
    Golden("40", "DAT-001/more-positions-check-40", "xcoords", WHOLE, X[:4]),
    Golden("40", "DAT-001/more-positions-check-40", "ycoords_start", WHOLE, Y[:4]),
    Golden("40", "DAT-001/more-positions-check-40", "scan_index", SHAPE, [4]),
    _warns("DAT-001/more-positions-check-40", "RuntimeWarning"),
    Golden("40", "DAT-001/more-positions-full", "xcoords_start", WHOLE, STARTS["xcoords_start"][:4]),
    Golden("40", "DAT-001/more-positions-full", "Y", WHOLE, TRUTH[:4]),
    _warns(FULL, "UserWarning", None),
)

EMBEDDED: tuple[Expectation, ...] = (
    Golden("49", "DAT-002/text-check-49", "metadata", WHOLE, METADATA),
    Golden("1.5", "DAT-002/pickled-text", "metadata", WHOLE, METADATA),
    Golden("49", "DAT-002/broken-check-49", "metadata", PRESENT, False),
    _warns("DAT-002/broken-check-49"),
    Golden("49", "DAT-002/broken-check-49", "diff3d", WHOLE, PATTERNS),
)

FEW = "last-axis-check-41", "canonical-few-check-41", "middle-axis", "trailing-axis", "alias-last-axis"
ORDERS: tuple[Expectation, ...] = (
    *(Golden("41", f"DAT-003/{case}", "diff3d", WHOLE, PATTERNS[:4]) for case in FEW),
    Golden("41", "DAT-003/cube-check-41", "diff3d", WHOLE, CUBE),
    Golden("1.2", "DAT-003/many-patterns-last", "diff3d", WHOLE, MANY),
    Golden("1.2", "DAT-003/many-patterns-middle", "diff3d", WHOLE, MANY),
    Golden("1.2", "DAT-003/square-axes-decide", "diff3d", WHOLE, PATTERNS[:4]),
    _warns("DAT-003/square-axes-decide", "RuntimeWarning"),
)

FORMATS: tuple[Expectation, ...] = (
    *(
        Golden("2", f"DAT-004/patterns-{name}", "diff3d", measure, expected)
        for name, dtype in (
            ("f2", "float16"),
            ("f8", "float64"),
            ("big-f4", "float32"),
            ("big-f8", "float64"),
            ("u1", "uint8"),
            ("big-u2", "uint16"),
            ("i8", "int64"),
        )
        for measure, expected in ((WHOLE, WHOLE_NUMBERS), (DTYPE, dtype))
    ),
    *(_warns(f"DAT-004/patterns-{name}") for name in ("u1", "u2", "i4", "i8")),
    *(
        Golden("2", f"DAT-004/positions-{name}", quantity, WHOLE, np.round(values))
        for name in ("f4", "big-f8", "i4", "big-i2", "u1")
        for quantity, values in (("xcoords", X), ("ycoords", Y), ("xcoords_start", STARTS["xcoords_start"]))
    ),
    Golden("1.4", "DAT-004/real-probe", "probeGuess", DTYPE, "complex64"),
    _warns("DAT-004/real-probe"),
    Golden("1.4", "DAT-004/real-object", "objectGuess", DTYPE, "complex64"),
    _warns("DAT-004/counts"),
)

REFUSALS: tuple[Expectation, ...] = tuple(
    Refusal(check, f"DAT-005/{case}", error, words)
    for check, case, error, words in (
        ("1.4", "no-file", "FileNotFoundError", ("case.npz",)),
        ("1.4", "truncated", "ValueError", ("case.npz",)),
        ("1.4", "empty-file", "ValueError", ("case.npz",)),
        ("36", "no-probe-check-36", "KeyError", ("case.npz", "probeGuess", "xcoords", "diff3d")),
        ("36", "no-positions-check-36", "KeyError", ("case.npz", "xcoords", "ycoords")),
        ("37", "no-patterns-check-37", "KeyError", ("diff3d", "diffraction")),
        ("38", "names-differ-check-38", "ValueError", ("diff3d", "diffraction")),
        ("39", "lengths-differ-check-39", "ValueError", ("xcoords", "ycoords", "6", "5", "matching shapes")),
        ("40", "fewer-positions-check-40", "ValueError", ("case.npz", "6", "4", "position")),
        ("42", "flat-positions-check-42", "ValueError", ("xcoords", "one-dimensional", "(2, 3)")),
        ("43", "oblong-patterns-check-43", "ValueError", ("(6, 8, 5)", "(N,H,W)")),
        ("43", "flat-patterns", "ValueError", ("(8, 8)", "(N,H,W)")),
        ("44", "nan-check-44", "ValueError", ("diff3d",)),
        ("44", "negative-check-44", "ValueError", ("diff3d", "-1")),
        ("1.4", "infinite-position", "ValueError", ("xcoords",)),
        ("1.4", "nan-object", "ValueError", ("objectGuess",)),
        ("45", "small-probe-check-45", "ValueError", ("probeGuess", "(4, 4)", "(6, 8, 8)")),
        ("46", "deep-object-check-46", "ValueError", ("objectGuess", "(2, 40, 44)")),
        ("1.4", "complex-patterns", "TypeError", ("diff3d", "complex64")),
        ("1.4", "pickled-patterns", "ValueError", ("diff3d",)),
        ("1.4", "dark", "ValueError", ("diff3d", "zero")),
        ("1.4", "real-patches", "ValueError", ("DATA-001", "float32")),
        ("1.4", "patches-of-another-side", "ValueError", ("Y", "(6, 4, 4)")),
        ("39", "start-lengths", "ValueError", ("xcoords_start", "6", "5")),
        ("1.2", "axes-undecided", "ValueError", ("case.npz", "(6, 6, 6)", "9")),
    )
)

EXPECTATIONS: tuple[Expectation, ...] = (*KEYS, *EMBEDDED, *ORDERS, *FORMATS, *REFUSALS)
