"""Spec ``data.md`` 3, 4 and 11: indices, coordinates, scales, labels, refusals."""

from __future__ import annotations

from ptychoparity.conformance.case import single
from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.measures import (
    DISTINCT,
    DTYPE,
    PRESENT,
    SHAPE,
    SORTED_ROWS,
    SUM_OF_CHANNELS,
    SWAPPED_AXIS,
    WHOLE,
    at,
    mean_energy,
)
from ptychoparity.fixtures.objects import textured_object

VECTORS: tuple[Expectation, ...] = tuple(
    Golden(check, f"GRP-001/{case}", "nn_indices", measure, expected)
    for check, case, measure, expected in (
        ("1", "irr-check-1", WHOLE, [[2, 1, 3, 11], [6, 7, 8, 5], [10, 1, 11, 0], [4, 0, 7, 1]]),
        ("2", "irr-sequential-check-2", WHOLE, [[1, 4, 7, 10], [5, 6, 0, 10], [6, 11, 1, 3]]),
        ("3", "irr-single-check-3", WHOLE, [[6], [11], [4], [10]]),
        ("3", "r5-single-check-3", WHOLE, [[8], [16], [0], [23], [11]]),
        ("4", "r5-capped-check-4", WHOLE, [[i] for i in range(25)]),
        ("5", "r5-sequential-check-5", WHOLE, [[i] for i in range(5)]),
        ("6", "irr-oversampled-check-6", at(slice(0, 3)), [[1, 3, 2, 11], [11, 10, 7, 5], [3, 5, 11, 1]]),
        ("6", "irr-oversampled-check-6", SHAPE, [14, 4]),
    )
)

GEOMETRIES: tuple[Expectation, ...] = (
    Golden("11", "GRP-002/many-check-11", "nn_indices", DISTINCT, 4),
    Golden("12", "GRP-002/four-points-check-12", "nn_indices", SORTED_ROWS, [0, 1, 2, 3]),
    Golden("13", "GRP-002/coincident-check-13", "nn_indices", DISTINCT, 4),
    Golden("3.4", "GRP-002/gridsize-3", "nn_indices", DISTINCT, 9),
    Law("15", "GRP-002/sequential-42-check-15", "GRP-002/sequential-123-check-15", "nn_indices"),
    Golden("16", "GRP-002/sequential-oversampled-check-16", "nn_indices", SHAPE, [110, 4]),
    Golden("18", "GRP-002/all-points-check-18", "nn_indices", SHAPE, [12, 4]),
)

CENTRE = "GRP-003/centre-check-21"
COORDINATES: tuple[Expectation, ...] = (
    Golden("21", CENTRE, "coords_offsets", at(0, 0, slice(0, 2), 0), [4.0, 1.0]),
    Golden("23", CENTRE, "coords_relative", SUM_OF_CHANNELS, 0.0, 1e-12),
    Golden("22", "GRP-003/single-check-22", "coords_relative", WHOLE, 0.0),
    Law(
        "22",
        "GRP-003/single-check-22",
        "GRP-003/single-check-22",
        "coords_offsets",
        other_quantity="coords_nn",
    ),
    Law("24", "GRP-003/swapped-check-24", "GRP-003/as-is-check-24", "nn_indices"),
    Law("24", "GRP-003/swapped-check-24", "GRP-003/as-is-check-24", "coords_nn", WHOLE, SWAPPED_AXIS),
    Law("24", "GRP-003/swapped-check-24", "GRP-003/as-is-check-24", "coords_relative", WHOLE, SWAPPED_AXIS),
    Law("3.4", "GRP-003/starts", "GRP-003/as-is-check-24", "nn_indices"),
)


def _shapes(side: int) -> tuple[Expectation, ...]:
    """Check 25: shapes and dtypes of the output dictionary."""
    case = f"GRP-004/shapes-n{side}-check-25"
    table = {
        "diffraction": ([10, side, side, 4], "float32"),
        "X_full": ([10, side, side, 4], "float32"),
        "nn_indices": ([10, 4], "int32"),
        "coords_offsets": ([10, 1, 2, 1], "float64"),
        "coords_relative": ([10, 1, 2, 4], "float64"),
        "coords_nn": ([10, 1, 2, 4], "float64"),
        "coords_start_relative": ([10, 1, 2, 4], "float64"),
    }
    return tuple(
        Golden("25", case, quantity, measure, expected)
        for quantity, (shape, dtype) in table.items()
        for measure, expected in ((SHAPE, shape), (DTYPE, dtype))
    )


SCALES: tuple[Expectation, ...] = (
    *_shapes(64),
    *_shapes(128),
    Golden("26", "GRP-004/uint16-check-26", "X_full", WHOLE, 0.5),
    Golden("26", "GRP-004/uint16-check-26", "X_full", DTYPE, "float32"),
    Law(
        "27",
        "GRP-004/counts-uint16-check-27",
        "GRP-004/counts-float64-check-27",
        "X_full",
        tolerance=1e-6,
    ),
    Golden("28", "GRP-004/amplitude-check-28", "X_full", mean_energy((1, 2)), 16.0, 16e-5),
    Golden("28", "GRP-004/shapes-n64-check-25", "X_full", mean_energy((1, 2)), 1024.0, 1024e-5),
    Law("28", "GRP-004/times-8-check-28", "GRP-004/amplitude-check-28", "X_full", tolerance=1e-6),
)


def _same_label(gridsize: int) -> tuple[Expectation, ...]:
    """Check 32: a member's label is the patch of its own scan point, wherever its group is."""
    return (Golden("32", f"GRP-005/gridsize-{gridsize}-check-32", "Y", SHAPE, [14, 16, 16, gridsize**2]),)


OBJECT = single(textured_object((64, 70), 5))
PIXELS = at(0, slice(0, 16), slice(0, 16), 0)

LABELS: tuple[Expectation, ...] = (
    Golden("29", "GRP-005/integer-check-29", "Y", PIXELS, OBJECT[12:28, 22:38]),
    Golden(
        "30",
        "GRP-005/half-pixel-check-30",
        "Y",
        PIXELS,
        (OBJECT[12:28, 22:38] + OBJECT[12:28, 23:39]) / 2,
        1e-6,
    ),
    Golden("31", "GRP-005/corner-check-31", "Y", at(0, slice(8, 16), slice(8, 16), 0), OBJECT[:8, :8]),
    Golden("31", "GRP-005/corner-check-31", "Y", at(0, slice(0, 8)), 0.0),
    Golden("31", "GRP-005/corner-check-31", "Y", at(0, slice(8, 16), slice(0, 8)), 0.0),
    *_same_label(2),
    *_same_label(3),
    Golden("33", "GRP-005/ready-made-check-33", "Y", DTYPE, "complex64"),
    Golden("33", "GRP-005/none-check-33", "Y", PRESENT, False),
)

REFUSALS: tuple[Expectation, ...] = (
    Refusal(
        "7",
        "GRP-006/oversampling-not-enabled-check-7",
        "ValueError",
        ("OVERSAMPLING-001", "enable_oversampling", "K choose C oversampling"),
    ),
    Refusal(
        "8", "GRP-006/pool-too-small-check-8", "ValueError", ("neighbor_pool_size >= C", "OVERSAMPLING-001")
    ),
    Refusal("9", "GRP-006/too-few-neighbours-check-9", "ValueError", ("K=3 must be >= C=4",)),
    Refusal("10", "GRP-006/too-few-points-check-10", "ValueError", ("3", "9")),
    Refusal("17", "GRP-006/no-samples-check-17", "ValueError", ("nsamples", "0")),
    Refusal("17", "GRP-006/negative-samples-check-17", "ValueError", ("nsamples", "-1")),
    Refusal("3.3", "GRP-006/other-side", "ValueError", ("16", "8")),
)

CONTAINERS: tuple[Expectation, ...] = (
    Law(
        "53",
        "GRP-007/labelled-check-57",
        "GRP-007/labelled-check-57",
        "coords_nominal",
        other_quantity="local_offsets",
        tolerance=1e-7,
    ),
    Law(
        "54",
        "GRP-007/starts-shifted-check-54",
        "GRP-007/starts-shifted-check-54",
        "coords_nominal",
        other_quantity="coords_true",
        tolerance=1e-6,
    ),
    Golden("57", "GRP-007/labelled-check-57", "global_offsets", DTYPE, "float64"),
    Golden("57", "GRP-007/labelled-check-57", "coords_nominal", DTYPE, "float32"),
    Golden("58", "GRP-007/unlabelled-check-58", "Y_I", WHOLE, 1.0),
    Golden("58", "GRP-007/unlabelled-check-58", "Y_phi", WHOLE, 0.0),
    Golden("4.2", "GRP-007/two-modes", "probe", SHAPE, [2, 16, 16]),
)

EXPECTATIONS: tuple[Expectation, ...] = (
    *VECTORS,
    *GEOMETRIES,
    *COORDINATES,
    *SCALES,
    *LABELS,
    *REFUSALS,
    *CONTAINERS,
)
