"""Spec ``data.md`` 3: groups by brute force, laws between formats, refusals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ptychoparity.conformance.case import Scenario
from ptychoparity.conformance.expected.bruteforce import members
from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.measures import DISTINCT, SHAPE, WHOLE, key, mean_energy
from ptychoparity.conformance.scenarios import geometry, grouping


def _by_force(scenario: Scenario) -> Iterator[Expectation]:
    """Members, positions and patterns of every case, from its inputs and nothing else."""
    for case in scenario.build():
        case_id, raw, request = f"{scenario.id}/{case.name}", case.inputs["raw"], case.inputs["request"]
        asked = {**case.inputs.get("legacy", {}), **request}
        rows = np.array(members(raw, asked))
        x, y = (np.asarray(raw[axis], float)[rows] for axis in ("xcoords", "ycoords"))
        places = np.stack([x, y], axis=1)[:, None]
        yield Golden("3.4", case_id, "nn_indices", WHOLE, rows)
        yield Golden("3.6", case_id, "coords_nn", WHOLE, places)
        if request["N"] == 8:
            gathered = raw["diff3d"][rows].astype(np.float32).transpose(0, 2, 3, 1)
            yield Golden("3.7", case_id, "diffraction", WHOLE, gathered, 2e-7 * float(gathered.max()))


BY_FORCE: tuple[Expectation, ...] = tuple(
    expectation
    for scenario in (*grouping.SCENARIOS[1:3], *geometry.SCENARIOS[:-1])
    for expectation in _by_force(scenario)
)

SAMPLING: tuple[Expectation, ...] = (
    Law("3.5", "GRP-008/sequential-no-seed", "GRP-008/sequential-seed-0", "nn_indices"),
    Law("3.5", "GRP-008/not-needed", "GRP-008/not-enabled", "nn_indices"),
    Golden("3.5", "GRP-008/one-combination-short", "nn_indices", SHAPE, [61, 4]),
    Golden("3.4", "GRP-009/k-12-of-12-points", "nn_indices", DISTINCT, 4),
    *(
        Golden("3.4", f"GRP-010/{case}", "nn_indices", DISTINCT, 4)
        for case in ("all-coincident", "every-point-twice", "one-apart", "coincident-oversampled")
    ),
)

FORMATS: tuple[Expectation, ...] = tuple(
    Law(check, f"GRP-011/{case.name}", "GRP-011/plain", quantity, tolerance=tolerance)
    for case in geometry.formats()
    if case.name not in ("plain", "bright-uint16")
    for check, quantity, tolerance in (
        ("27", "X_full", 1e-6),
        ("3.6", "coords_relative", 1e-7),
        ("3.9", "Y", 1e-6),
    )
)

DEFAULTS: tuple[Expectation, ...] = (
    Golden("19", "GRP-012/argument-wins-check-19", "nn_indices", SHAPE, [5, 4]),
    Golden("20", "GRP-012/from-dictionary-check-20", "nn_indices", SHAPE, [5, 4]),
    Golden("20", "GRP-012/unset-check-20", "nn_indices", SHAPE, [5, 1]),
    Law("3.1", "GRP-012/other-entries-idle", "GRP-012/argument-wins-check-19", "X_full"),
    Golden("3.7", "GRP-012/subsample", "sample_indices", WHOLE, np.arange(12) * 17),
    *(
        Golden("28", f"GRP-012/scale-of-selection-{seed}", "X_full", mean_energy((1, 2)), 16.0, 16e-5)
        for seed in (1, 2)
    ),
    Golden("28", "GRP-011/bright-uint16", "X_full", mean_energy((1, 2)), 1024.0, 1024e-5),
)

EFFECTS: tuple[Expectation, ...] = tuple(
    Golden("14", f"GRP-002/{case}-check-{check}", "effects", key(name), True)
    for case, check in (("seed-42", "14"), ("sequential-42", "15"), ("sequential-oversampled", "16"))
    for name in ("random state kept", "inputs kept", "legacy dictionary kept")
)

REFUSALS: tuple[Expectation, ...] = (
    Refusal("3.3", "GRP-013/gridsize-0", "ValueError", ("gridsize", "0")),
    Refusal("10", "GRP-013/three-points", "ValueError", ("3", "4")),
    Refusal("9", "GRP-013/k-below-c-gridsize-3", "ValueError", ("K=8 must be >= C=9",)),
    Refusal("3.5", "GRP-013/too-few-for-a-pool", "ValueError", ("OVERSAMPLING-001",)),
    Refusal("7", "GRP-013/one-more-than-points", "ValueError", ("OVERSAMPLING-001", "enable_oversampling")),
)

EXPECTATIONS: tuple[Expectation, ...] = (
    *BY_FORCE,
    *SAMPLING,
    *FORMATS,
    *DEFAULTS,
    *EFFECTS,
    *REFUSALS,
)
