"""Spec ``data.md`` 5 and 6, checks 60-68: norms of modes, the default probe, scales."""

from __future__ import annotations

import math

import numpy as np

from ptychoparity.conformance.case import Array
from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.measures import LARGEST, SMALLEST, TOTAL, WHOLE, at

ONE = "PRB-006/one"
NORMS: tuple[Expectation, ...] = (
    *(
        Law("63", f"PRB-006/{case}-check-63", ONE, "norm", factor=factor, tolerance=2e-7)
        for case, factor in (("same-twice", 1.0), ("unequal", 2.0), ("dark-second", 0.5))
    ),
    Law("63", "PRB-006/unequal-check-63", ONE, "probe", at(0), at(0), factor=0.5, tolerance=1e-6),
    Law("63", "PRB-006/dark-second-check-63", ONE, "probe", at(0), at(0), factor=2.0, tolerance=1e-6),
    Golden("63", "PRB-006/dark-second-check-63", "probe", at(1), 0.0),
    Law("61", "PRB-006/times-1024-check-61", ONE, "probe", tolerance=1e-6),
    Law("61", "PRB-006/faint-check-61", ONE, "probe", tolerance=1e-6),
    Law("5.3", "PRB-006/light-outside-mask", ONE, "norm", tolerance=2e-7),
    Law("5.3", "PRB-006/other-scale", ONE, "probe", factor=0.4, tolerance=1e-6),
    Law("5.3", "PRB-006/other-scale", ONE, "norm", factor=2.5, tolerance=2e-7),
)

BACKGROUND = 1e-9
DISC = {64: 376, 128: 1500}
DEFAULT: tuple[Expectation, ...] = (
    Golden("64", "PRB-007/n64-check-64", "probe", TOTAL, 376.000004, 1e-4),
    Golden("64", "PRB-007/n64-check-64", "probe", LARGEST, 1.0, 1e-6),
    Golden("64", "PRB-007/n64-check-64", "probe", SMALLEST, BACKGROUND, 1e-15),
    Golden("5.1", "PRB-007/n128", "probe", TOTAL, DISC[128] + 128**2 * BACKGROUND, 1e-3),
    Golden("5.1", "PRB-007/n128", "probe", SMALLEST, BACKGROUND, 1e-15),
    Golden("5.1", "PRB-007/n256", "probe", SMALLEST, BACKGROUND, 1e-15),
)


def _derived() -> Array:
    """The probe of ``PRB-008/known-width``: patterns 6 pixels wide along x are N / (2 pi 6) wide in space."""
    axis, sigma = np.arange(64) - 31.5, 64 / (2 * math.pi * 6.0)
    squared = axis[:, None] ** 2 + axis**2
    gaussian = (np.exp(-squared / (2 * sigma**2)) + BACKGROUND) * (squared < 16**2)
    return np.asarray(gaussian * (DISC[64] + 64**2 * BACKGROUND) / gaussian.sum())


DERIVED: tuple[Expectation, ...] = (
    Golden("65", "PRB-008/random-check-65", "probe", TOTAL, 376.000004, 1e-4),
    Golden("65", "PRB-008/random-check-65", "probe", at(slice(0, 16)), 0.0),
    Golden("65", "PRB-008/random-check-65", "probe", at(slice(0, 64), slice(48, 64)), 0.0),
    Golden("65", "PRB-008/known-width", "probe", WHOLE, _derived(), 1e-3),
    Law("65", "PRB-008/brighter", "PRB-008/known-width", "probe", tolerance=1e-6),
)

PLAIN = "PRB-009/plain"
SCALES: tuple[Expectation, ...] = (
    Golden("66", "PRB-009/closed-form-check-66", "scale", WHOLE, 31.25, 1e-5),
    Golden("66", "PRB-009/closed-form-1e8-check-66", "scale", WHOLE, 312.5, 1e-4),
    Golden("66", "PRB-009/closed-form-n128-check-66", "scale", WHOLE, 15.625, 1e-5),
    Law("6.3", "PRB-009/times-8", PLAIN, "scale", factor=1 / 8, tolerance=1e-6),
    Law("6.4", "PRB-009/channels-as-groups", PLAIN, "scale", tolerance=1e-6),
    Golden("1.3", "PRB-009/uint16", "scale", WHOLE, 1000 / (300 * 8), 1e-6),
    Law("6.3", "PRB-009/few-photons", PLAIN, "scale", factor=math.sqrt(0.5e-6), tolerance=1e-6),
)

REFUSALS: tuple[Expectation, ...] = tuple(
    Refusal(check, f"PRB-010/{case}", "ValueError", words)
    for check, case, words in (
        ("5.3", "derived-dark", ("X_train", "zero")),
        ("5.3", "derived-no-channels", ("X_train", "(2, 16, 16)")),
        ("5.3", "derived-oblong", ("X_train", "(2, 8, 16, 1)")),
        ("5.3", "derived-infinite", ("X_train", "finite")),
        ("5.3", "batched-probe", ("probe_guess", "(2, 1, 16, 16)")),
        ("62", "dark-within-mask-check-62", ("probe_guess", "zero")),
        ("5.3", "negative-scale", ("probe_scale", "-1")),
        ("6.3", "negative-photons", ("nphotons", "-1")),
        ("6.3", "flat-patterns", ("amplitude", "(16, 16, 1)")),
    )
)

EXPECTATIONS: tuple[Expectation, ...] = (*NORMS, *DEFAULT, *DERIVED, *SCALES, *REFUSALS)
