"""Spec ``physics_model.md`` 9 (F, T, S) and ``data.md`` 11 (probe and scale): printed values and laws."""

from __future__ import annotations

import math

import numpy as np

from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.measures import (
    ENERGY,
    FLIPPED,
    FRACTION,
    FROM_CENTRE,
    LARGEST,
    SHAPE,
    SORTED_COORDINATES,
    SUPPORTED,
    TOTAL,
    TOTALS,
    WHOLE,
    at,
)
from ptychoparity.fixtures.numbers import uniform


def _spike(side: int, row: int, column: int, value: float) -> list[list[float]]:
    image = np.zeros((side, side))
    image[row, column] = value
    return image.tolist()


PROBE: tuple[Expectation, ...] = (
    *(
        Golden("F12", f"PRB-001/n{side}-F12", "mask", TOTAL, count)
        for side, count in ((8, 12), (16, 52), (64, 812), (128, 3228), (256, 12892))
    ),
    *(
        Golden("59", f"PRB-001/n{side}-F12", "mask", TOTAL, count)
        for side, count in ((8, 12), (16, 52), (64, 812), (128, 3228), (256, 12892))
    ),
    Law("F12", "PRB-001/n64-F12", "PRB-001/n64-F12", "mask", FLIPPED),
    Golden("F13", "PRB-002/n16-F13", "mask", at(8, 8), 1.0, 1e-5),
    Golden(
        "F13", "PRB-002/n16-F13", "mask", at(8, slice(11, 14)), [0.673725533, 0.285171585, 0.055053163], 1e-5
    ),
    Golden("F13", "PRB-002/n16-F13", "mask", at(8, 14), 0.004156570, 1e-5),
    Golden("F13", "PRB-002/n16-F13", "mask", TOTAL, 52.02797932, 1e-4),
    Golden("60", "PRB-003/ones-check-60", "probe", WHOLE, 1.2610837, 1e-6),
    Golden("60", "PRB-003/ones-check-60", "norm", WHOLE, 0.79296875, 1e-6),
    Golden("F16", "PRB-003/gaussian-F16", "norm", WHOLE, 0.554115477, 1e-6),
    Law(
        "61",
        "PRB-003/rotated-check-61",
        "PRB-003/aberrated",
        "probe",
        factor=(3 - 2j) / math.sqrt(13),
        tolerance=1e-6,
    ),
    Golden("63", "PRB-003/three-modes-check-63", "probe", SHAPE, [3, 64, 64]),
    Golden("68", "PRB-004/by-hand-check-68", "scale", WHOLE, 2.0, 1e-6),
    Golden("F21", "PRB-004/chain-F21", "scale", WHOLE, 37.253070009, 37e-5),
    Law(
        "66",
        "PRB-004/photons-1e8-check-66",
        "PRB-004/photons-1e6-check-66",
        "scale",
        factor=10.0,
        tolerance=1e-6,
    ),
    Refusal("62", "PRB-005/dark-probe-check-62", "ValueError", ("probe_guess", "zero")),
    Refusal("5.3", "PRB-005/scale-zero", "ValueError", ("probe_scale", "0")),
    Refusal("5.3", "PRB-005/flat-probe", "ValueError", ("probe_guess", "(16, 16)")),
    Refusal("5.3", "PRB-005/infinite-probe", "ValueError", ("probe_guess", "finite")),
    Refusal("6.3", "PRB-005/dark-patterns", "ValueError", ("zero",)),
    Refusal("6.3", "PRB-005/no-photons", "ValueError", ("nphotons", "0")),
    Refusal("5.2", "PRB-005/odd-mask", "ValueError", ("N", "15")),
)

_SHAPE = (2, 3, 64, 64, 4)
BATCH_ENERGY = float((uniform(_SHAPE, 13) ** 2 + (uniform(_SHAPE, 14) - 0.5) ** 2).sum())
"""Energy of the exit waves of ``FWD-002/batch-n64``, summed without a transform."""

FIVE, SIX = "FWD-002/n8-F5", "FWD-002/n64-F6"
CHAIN = "FWD-005/legacy-F20"
FORWARD: tuple[Expectation, ...] = (
    Golden(
        "F1",
        "FWD-001/constant-F1",
        "amplitude",
        at(0, slice(0, 8), slice(0, 8), 0),
        _spike(8, 4, 4, 8.0),
        1e-6,
    ),
    Golden("F2", "FWD-001/impulse-F2", "amplitude", WHOLE, 0.125, 1e-7),
    Golden(
        "F3",
        "FWD-001/tilt-F3",
        "amplitude",
        at(0, slice(0, 16), slice(0, 16), 0),
        _spike(16, 8, 11, 16.0),
        1e-5,
    ),
    Golden("F4", "FWD-001/constant-F1", "amplitude", ENERGY, 64.0, 64e-5),
    Golden("F5", FIVE, "amplitude", at(0, 4, 4, 0), 2.199143320, 1e-5),
    Golden("F5", FIVE, "amplitude", at(0, 0, 0, 0), 0.692689352, 1e-5),
    Golden("F5", FIVE, "amplitude", at(0, 3, 5, 0), 0.862636485, 1e-5),
    Golden("F5", FIVE, "amplitude", at(0, 7, 1, 0), 0.942794011, 1e-5),
    Golden("F5", FIVE, "amplitude", TOTAL, 33.62067745, 1e-4),
    Golden("F5", FIVE, "amplitude", ENERGY, 23.78008188, 1e-4),
    Golden("F6", SIX, "amplitude", at(0, 32, 32, 0), 9.867017493, 1e-4),
    Golden("F6", SIX, "amplitude", at(0, 0, 0, 0), 0.514923255, 5e-6),
    Golden("F6", SIX, "amplitude", at(0, 10, 50, 0), 0.216518114, 2e-6),
    Golden("F6", SIX, "amplitude", TOTAL, 2039.839873, 2039e-5),
    Golden("F6", SIX, "amplitude", ENERGY, 1341.081920, 1341e-5),
    Golden("F4", "FWD-002/batch-n64", "amplitude", ENERGY, BATCH_ENERGY, 1e-5 * BATCH_ENERGY),
    Law("F7", "FWD-002/n64-turned-F7", SIX, "amplitude", tolerance=1e-6),
    Law("F8", "FWD-002/n64-tripled-F8", SIX, "amplitude", factor=3.0, tolerance=1e-6),
    Law(
        "F9",
        "FWD-003/pair-F9",
        "FWD-003/single-F9",
        "amplitude",
        factor=math.sqrt(1.25),
        tolerance=1e-6,
    ),
    Golden(
        "F14",
        "FWD-004/corner-F14",
        "exit_waves",
        at(0, 0, slice(0, 2), slice(0, 2), 0),
        [[0.204179956, 0.123841403], [0.123841403, 0.075113608]],
        1e-6,
    ),
    Golden("F15", "FWD-004/ramp-F15", "exit_waves", at(0, 0, 0, 0, 0), 2.094536086, 1e-5),
    Golden("F15", "FWD-004/ramp-F15", "exit_waves", at(0, 0, 1, 0, 0), 4.418907217, 1e-5),
    Golden("F15", "FWD-004/ramp-F15", "exit_waves", at(0, 0, 1, 1, 0), 5.0, 1e-5),
    Golden("F15", "FWD-004/ramp-F15", "exit_waves", at(0, 0, 3, 3, 0), 12.905463914, 1e-4),
    Golden("F20", CHAIN, "amplitude", at(0, 8, 8, 0), 10.469943342, 1e-4),
    Golden("F20", CHAIN, "amplitude", at(1, 3, 12, 2), 0.173610638, 1e-5),
    Golden("F20", CHAIN, "amplitude", TOTAL, 921.0159460, 921e-5),
    Golden("F20", CHAIN, "amplitude", ENERGY, 2824.632358, 2824e-5),
    Refusal("4.4", "FWD-006/flat-probe", "ValueError", ("probe_guess", "(16, 16)")),
    Refusal("4.4", "FWD-006/batched-probe", "ValueError", ("probe_guess", "(2, 1, 16, 16)")),
    Refusal("4.4", "FWD-006/small-probe", "ValueError", ("8", "16")),
    Refusal("1.1", "FWD-006/flat-wave", "ValueError", ("exit_waves", "(16, 16)")),
    Refusal("1.2", "FWD-006/negative-width", "ValueError", ("gaussian_smoothing_sigma", "-1")),
)

GROUP_OF_FOUR = "PAT-005/group-T15"
PATCHES: tuple[Expectation, ...] = (
    Golden("T1", "PAT-001/right-T1", "images", at(0), _spike(5, 2, 3, 1.0)),
    Golden("T2", "PAT-001/down-T2", "images", at(0), _spike(5, 3, 2, 1.0)),
    Golden("T3", "PAT-001/half-T3", "images", at(0, 2), [0, 0, 0.5, 0.5, 0], 1e-6),
    Golden(
        "T4",
        "PAT-001/quarter-T4",
        "images",
        at(0, slice(2, 4), slice(2, 4)),
        [[0.375, 0.125], [0.375, 0.125]],
        1e-6,
    ),
    Golden("T5", "PAT-001/ones-T5", "images", at(0), [[0.5, 1, 1, 1]] * 4, 1e-6),
    Golden("T6", "PAT-001/row-T6", "images", at(0, 0), [2.25, 3.25, 4.25, 3.75, 0], 1e-6),
    Golden("T7", "PAT-001/out-of-sight-T7", "images", WHOLE, 0.0),
    Golden("T7", "PAT-001/far-away-T7", "images", WHOLE, 0.0),
    Golden("T8", "PAT-002/real-T8", "images", at(0, 0, 0), 0.0),
    Golden("T8", "PAT-002/real-T8", "images", at(0, 2, 3), 0.330457879, 1e-5),
    Golden("T8", "PAT-002/real-T8", "images", at(0, 5, 5), 0.242755834, 1e-5),
    Golden("T8", "PAT-002/real-T8", "images", at(0, 4, 1), 0.272609447, 1e-5),
    Golden("T8", "PAT-002/real-T8", "images", TOTAL, 11.446127101, 1e-4),
    Golden("T12", "PAT-004/legacy-T12", "patches", at(0, 8, 8, 0), 0.535985817 - 0.158268500j, 1e-5),
    Golden("T12", "PAT-004/legacy-T12", "patches", at(1, 3, 12, 2), 0.456306964 + 0.133840619j, 1e-5),
    Golden("T12", "PAT-004/legacy-T12", "patches", TOTAL, 934.598153 - 5.008276j, 9e-3),
    Golden("T13", "PAT-004/ones-T13", "patches", WHOLE, 1.0),
    Golden("T15", GROUP_OF_FOUR, "coords_offsets", at(0, 0, slice(0, 2), 0), [35.0, 37.0]),
    Golden("T15", GROUP_OF_FOUR, "coords_nn", SORTED_COORDINATES, [[30, 30, 40, 40], [30, 30, 44, 44]]),
    Law(
        "T15",
        GROUP_OF_FOUR,
        GROUP_OF_FOUR,
        "coords_relative",
        other_measure=FROM_CENTRE,
        factor=-1.0,
        other_quantity="coords_nn",
    ),
    Golden("T16", "PAT-005/four-T16", "patches", at(slice(0, 4), 8, 8), [3030.0, 3040, 4430, 4440]),
    Refusal("2.1", "PAT-007/too-few-offsets", "ValueError", ("offsets", "(2, 2)")),
    Refusal("2.1", "PAT-007/not-a-number", "ValueError", ("offsets", "finite")),
    Refusal("2.2", "PAT-007/beyond-margin", "ValueError", ("3.5", "22", "24")),
    Refusal("2.5", "PAT-007/object-rank", "ValueError", ("object", "(4, 4, 4)")),
)

REGION = "STI-001/legacy-S2"
REGIONS: tuple[Expectation, ...] = (
    Golden("S1", "STI-001/ones-S1", "region", at(0, slice(2, 6), slice(2, 6)), 1 / 1.001, 1e-6),
    Golden("S1", "STI-001/ones-S1", "region", TOTAL, 16 / 1.001, 1e-5),
    Golden("S2", REGION, "region", at(0, 11, 11), 0.429081242 - 0.044702872j, 1e-5),
    Golden("S2", REGION, "region", at(1, 9, 12), 0.593155574 + 0.039948617j, 1e-5),
    Golden("S2", REGION, "region", TOTALS, [68.666503 + 0.158757j, 68.948414 + 3.224052j], 7e-4),
    Golden("S2", REGION, "region", LARGEST, 0.995603327, 1e-5),
    Golden("S3", REGION, "weight", at(0, 5, 5), 0.5, 1e-6),
    Golden("S3", REGION, "region", at(0, 5, 5), 0.960499684 - 0.262042634j, 1e-5),
    Golden("S6", REGION, "weight", TOTALS, [256.0, 256.0], 1e-4),
    Golden("S7", "STI-002/twenty-S7", "region", SHAPE, [20, 22, 22]),
    Law("S7", "STI-002/seventh-S7", "STI-002/twenty-S7", "region", at(0), at(7), tolerance=1e-6),
    Law("S8", "STI-002/sixteen-S8", "STI-002/eight-S8", "region", at(slice(0, 8)), tolerance=1e-6),
)


def _five(check: str, crop: int, **values: object) -> tuple[Expectation, ...]:
    """Checks S10 to S12: a stitched canvas in a handful of numbers."""
    case = f"STI-003/m{crop}-{check}"
    pixels: dict[tuple[int, int], complex] = values["pixels"]  # type: ignore[assignment]
    return (
        Golden(check, case, "object", SHAPE, [values["side"]] * 2),
        *(Golden(check, case, "object", at(*index), value, 1e-5) for index, value in pixels.items()),
        Golden(check, case, "object", TOTAL, values["total"], 3e-3),
        Golden(check, case, "weight", TOTAL, values["weight"], 1e-3),
        Golden(check, case, "weight", SUPPORTED, values["support"]),
    )


STITCHED: tuple[Expectation, ...] = (
    *_five(
        "S10",
        10,
        side=26,
        pixels={(13, 13): 0.650285389 - 0.071601795j, (10, 17): 0.777868022 - 0.191144759j},
        total=167.065065 - 6.643143j,
        weight=500.0,
        support=344,
    ),
    *_five(
        "S11",
        8,
        side=24,
        pixels={(12, 12): 0.713566816 - 0.156924607j, (9, 16): 0.837109378 - 0.260409760j},
        total=130.117341 - 5.729217j,
        weight=320.0,
        support=260,
    ),
    *_five(
        "S12",
        16,
        side=32,
        pixels={(16, 16): 0.540559812 - 0.045339489j},
        total=303.125159 - 6.315379j,
        weight=1280.0,
        support=634,
    ),
    Law("S15", "STI-003/m10-moved-S15", "STI-003/m10-S10", "object", tolerance=1e-5),
    Golden("S13", "STI-004/equal-S13", "object", WHOLE, 1 + 2j, 1e-6),
    Golden("S14", "STI-004/unequal-S14", "object", WHOLE, 3.0, 1e-6),
    Golden("S17", "STI-004/impulses-S17", "object", at(12, 9), 0.5, 1e-6),
    Golden("S17", "STI-004/impulses-S17", "object", at(12, 15), 0.5, 1e-6),
    Golden("S17", "STI-004/impulses-S17", "object", TOTAL, 1.0, 1e-6),
    Golden("S17", "STI-004/impulses-down-S17", "object", at(9, 12), 0.5, 1e-6),
    Golden("S17", "STI-004/impulses-down-S17", "object", at(15, 12), 0.5, 1e-6),
    Golden("S26", "STI-004/far-apart-S26", "object", at(slice(0, 76), slice(31, 45)), 0.0),
    *(
        Golden("3.1", f"STI-005/n{side}-m{crop}-whole-pixels", "weight", FRACTION, 0.0)
        for side, crop in ((64, 32), (64, 64), (128, 64))
    ),
    Refusal("3.1", "STI-006/odd-crop", "ValueError", ("M", "9")),
    Refusal("3.1", "STI-006/large-crop", "ValueError", ("M", "18", "16")),
    Refusal("3.1", "STI-006/too-few-positions", "ValueError", ("positions", "(2, 2)")),
    Refusal("3.1", "STI-006/no-number", "ValueError", ("positions", "finite")),
    Refusal("2.2", "STI-006/beyond-margin", "ValueError", ("3.5", "22")),
    Refusal("2.2", "STI-006/channels-differ", "ValueError", ("offsets", "(1, 1, 2, 3)")),
)

EXPECTATIONS: tuple[Expectation, ...] = (*PROBE, *FORWARD, *PATCHES, *REGIONS, *STITCHED)
