"""Hold recorded answers against printed values, laws and refusals."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ptychoparity.conformance.comparison import Distance, distance
from ptychoparity.conformance.evidence import EvidenceSet
from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.judge import FAIL, PASS, Row, equal
from ptychoparity.conformance.storage import Reader, same


def expectation_rows(evidence: EvidenceSet, expectations: Iterable[Expectation]) -> list[Row]:
    """One row for each expectation whose cases were asked, for each judged backend.

    A case that a backend answered with `Unsupported` has its row already and is left out here.
    """
    asked = set(evidence.truth.case_ids())
    return [
        row
        for name, reader in evidence.judged.items()
        for row in answer_rows(name, _Answers(reader), asked, expectations)
    ]


def answer_rows(
    backend: str,
    answers: Mapping[str, dict[str, Any]],
    asked: Container[str],
    expectations: Iterable[Expectation],
) -> Iterator[Row]:
    """Rows of one backend's answers, for the expectations whose cases were asked."""
    for expectation in expectations:
        cases = {expectation.case, getattr(expectation, "other", expectation.case)}
        here = all(case in asked for case in cases)
        if here and all(answers[case].get("status") != "unsupported" for case in cases):
            yield _row(backend, expectation, answers)


class _Answers(Mapping[str, dict[str, Any]]):
    """A backend's answers, the latest one kept: expectations of one case follow each other."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: dict[str, dict[str, Any]] = {}

    def __getitem__(self, case_id: str) -> dict[str, Any]:
        if case_id not in self._kept:
            while len(self._kept) > 1:
                self._kept.pop(next(iter(self._kept)))
            self._kept[case_id] = self._reader.load(case_id) if case_id in self._reader else {}
        return self._kept[case_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._reader.case_ids())

    def __len__(self) -> int:
        return len(self._reader.case_ids())


def _row(backend: str, expectation: Expectation, answers: Mapping[str, dict[str, Any]]) -> Row:
    scenario, case = expectation.case.split("/", 1)
    if isinstance(expectation, Refusal):
        return _refusal(
            Row(backend, scenario, case, "error", "refusal", FAIL, check=expectation.check),
            expectation,
            answers,
        )
    kind = "golden" if isinstance(expectation, Golden) else "law"
    blank = Row(backend, scenario, case, expectation.quantity, kind, FAIL, check=expectation.check)
    try:
        if isinstance(expectation, Golden):
            return _golden(blank, expectation, answers)
        return _law(blank, expectation, answers)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        return _noted(blank, f"the answer does not have what is looked at ({type(error).__name__}: {error})")


def _refusal(row: Row, expectation: Refusal, answers: Mapping[str, dict[str, Any]]) -> Row:
    error = answers[expectation.case].get("error", {})
    said = f"{error.get('type')}: {error.get('message')}"
    absent = [word for word in expectation.words if word not in error.get("message", "")]
    if error.get("type") == expectation.error and not absent:
        return _noted(row, f"says {', '.join(repr(word) for word in expectation.words)}", PASS)
    return _noted(row, f"should raise {expectation.error} with {', '.join(expectation.words)}; gave {said}")


def _golden(row: Row, expectation: Golden, answers: Mapping[str, dict[str, Any]]) -> Row:
    label, value = expectation.measure.label, _quantity(answers, expectation.case, expectation.quantity)
    return _compared(row, label, expectation.measure.take(value), expectation.expected, expectation.tolerance)


def _law(row: Row, expectation: Law, answers: Mapping[str, dict[str, Any]]) -> Row:
    value = expectation.measure.take(_quantity(answers, expectation.case, expectation.quantity))
    quantity = expectation.other_quantity or expectation.quantity
    other = expectation.other_measure.take(_quantity(answers, expectation.other, quantity))
    label = f"{expectation.measure.label}, against {expectation.other} {quantity}"
    if isinstance(other, dict):
        return _compared(row, label, value, other, 0.0)
    other = expectation.factor * np.asarray(other) if expectation.factor != 1 else np.asarray(other)
    peak = float(np.abs(other).max(initial=0.0))
    return _compared(row, label, value, other, expectation.tolerance * peak)


def _quantity(answers: Mapping[str, dict[str, Any]], case: str, quantity: str) -> Any:
    if "error" in answers[case]:
        raise ValueError("it raised {type}: {message}".format(**answers[case]["error"]))
    return answers[case]["outputs"][quantity]


def _compared(row: Row, label: str, value: Any, expected: Any, tolerance: float) -> Row:
    """Numbers within the tolerance after broadcasting; anything else equal."""
    if isinstance(value, dict) and isinstance(expected, dict):
        row = equal(row, value, expected)
        return replace(row, message=f"{label}: {row.message or f'{len(expected)} entries alike'}")
    if _plain(value) or _plain(expected):
        if same(value, expected):
            return _noted(row, f"{label} is {value!r}", PASS)
        return _noted(row, f"{label} is {value!r}, should be {expected!r}")
    array, wanted = np.asarray(value), np.asarray(expected)
    if array.size == 0 or (wanted.ndim and np.broadcast_shapes(array.shape, wanted.shape) != array.shape):
        return _noted(row, f"{label} has shape {array.shape}, which does not fit {wanted.shape}")
    found = distance(array, np.broadcast_to(wanted, array.shape))
    return _judged(row, label, found, tolerance)


def _judged(row: Row, label: str, found: Distance, tolerance: float) -> Row:
    outcome = PASS if found.max_abs <= tolerance else FAIL
    note = "" if outcome == PASS else f": off by {found.max_abs:.3g}, tolerance {tolerance:.3g}"
    return replace(
        row,
        outcome=outcome,
        message=label + note,
        max_abs=found.max_abs,
        relative=found.relative,
        peak=found.peak,
        tolerance=tolerance,
        margin=tolerance / found.max_abs if found.max_abs and np.isfinite(found.max_abs) else None,
    )


def _plain(value: Any) -> bool:
    """Texts, booleans, None, dictionaries and lists of them: compared by equality."""
    return value is None or isinstance(value, str | bool | dict)


def _noted(row: Row, message: str, outcome: str = FAIL) -> Row:
    return replace(row, message=message, outcome=outcome)
