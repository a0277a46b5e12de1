"""Judge: evidence against the reference's evidence, and the backends against each other."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.conformance import tolerances
from ptychoparity.conformance.comparison import Distance, distance, unit
from ptychoparity.conformance.evidence import FLOAT32, TRUTH, EvidenceSet, NoiseFloor
from ptychoparity.conformance.storage import same

PASS, FAIL, ERROR, BROKEN, UNSUPPORTED, KNOWN = "pass", "fail", "error", "broken", "unsupported", "known"
OUTCOMES = (PASS, FAIL, ERROR, BROKEN, UNSUPPORTED, KNOWN)


@dataclass(frozen=True)
class Row:
    """One line of a report: one quantity of one case of one backend.

    Attributes:
        backend, scenario, case, quantity: who answered what.
        kind: ``numeric``, ``exact``, ``refusal``, ``golden``, ``law`` or ``run``.
        outcome: one of `OUTCOMES`.
        message: why it did not pass, or what a golden row looks at.
        check: number of the specification's check, for golden rows.
        max_abs, p99_abs, relative, ulps, worst, peak: see `Distance`; absent for texts.
        floor, tolerance, margin: noise floor, bound, and bound / max_abs (absent where max_abs is 0).
        shape, dtype: of the recorded quantity.
        seconds: time of the operation.
        operation: of the contract, for rows that are judged against a tolerance of its table.
    """

    backend: str
    scenario: str
    case: str
    quantity: str
    kind: str
    outcome: str
    message: str = ""
    check: str = ""
    max_abs: float | None = None
    p99_abs: float | None = None
    relative: float | None = None
    ulps: float | None = None
    worst: tuple[int, ...] | None = None
    peak: float | None = None
    floor: float | None = None
    tolerance: float | None = None
    margin: float | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    seconds: float | None = None
    operation: str = ""


@dataclass(frozen=True)
class Pair:
    """Two backends on one quantity: how far apart, and which is nearer to the float64 reference."""

    scenario: str
    case: str
    quantity: str
    first: str
    second: str
    max_abs: float
    relative: float
    first_error: float
    second_error: float
    nearer: str


class CaseJudge:
    """Judges every backend's answer to one case; holds the reference's answer and the noise floor."""

    def __init__(self, evidence: EvidenceSet, floor: NoiseFloor, case_id: str) -> None:
        self._scenario, self._case = case_id.split("/", 1)
        self._case_id, self._floor = case_id, floor
        self._truth = evidence.truth.load(case_id)
        single = evidence.judged[FLOAT32].load(case_id)
        self._single: dict[str, Any] = single.get("outputs", {})

    def rows(self, backend: str, answer: dict[str, Any], device: str = "cpu") -> list[Row]:
        """One row a quantity, or one row for an answer that is none; the device chooses tolerances."""
        blank = Row(backend, self._scenario, self._case, "answer", "run", FAIL)
        blank = replace(blank, seconds=answer["seconds"], operation=answer["operation"])
        error = answer.get("error", {})
        said = f"{error.get('type')}: {error.get('message')}"
        if not answer["declared"]:
            if answer["status"] == "unsupported":
                return [replace(blank, outcome=UNSUPPORTED, message=error["message"])]
            given = f"raised {said}" if answer["status"] == "raised" else "was answered"
            return [replace(blank, message=f"{answer['operation']} is declared unsupported but {given}")]
        if answer["status"] == "unsupported":
            return [replace(blank, message=f"{answer['operation']} is declared supported but raised {said}")]
        if self._truth["status"] == "raised":
            return [self._refusal(blank, answer, said)]
        if answer["status"] == "raised":
            return [replace(blank, outcome=ERROR, message=said)]
        rows = self._quantities(blank, answer["outputs"], device)
        if answer.get("repeats") is False:
            message = (
                "the same call gave other bits the second time, but the backend declares to be deterministic"
            )
            rows.append(replace(blank, quantity="repeatability", kind="exact", message=message))
        return rows

    def _refusal(self, blank: Row, answer: dict[str, Any], said: str) -> Row:
        wanted = self._truth["error"]["type"]
        row = replace(blank, quantity="error", kind="refusal", message=said)
        if answer["status"] == "raised" and answer["error"]["type"] == wanted:
            return replace(row, outcome=PASS)
        given = said if answer["status"] == "raised" else "an answer"
        return replace(row, message=f"should refuse with {wanted}, gave {given}")

    def _quantities(self, blank: Row, outputs: dict[str, Any], device: str) -> list[Row]:
        expected: dict[str, Any] = self._truth["outputs"]
        rows = []
        for quantity in sorted({*expected, *outputs}):
            row = replace(blank, quantity=quantity, kind="exact")
            if quantity not in outputs:
                rows.append(replace(row, message="missing in the answer"))
            elif quantity not in expected:
                rows.append(replace(row, message="not part of the contract"))
            else:
                rows.append(self._quantity(row, outputs[quantity], expected[quantity], device))
        return rows

    def _quantity(self, row: Row, value: Any, expected: Any, device: str) -> Row:
        if not _is_number(expected) or not _is_number(value):
            return equal(row, value, expected)
        array, truth = np.asarray(value), np.asarray(expected)
        row = replace(row, shape=array.shape, dtype=str(array.dtype))
        if array.shape != truth.shape:
            return replace(row, message=f"shape {array.shape}, should be {truth.shape}")
        wanted = (truth if row.backend == TRUTH else np.asarray(self._single[row.quantity])).dtype
        if array.dtype != wanted:
            return replace(row, message=f"dtype {array.dtype}, should be {wanted}")
        override = tolerances.override(self._truth["operation"], row.quantity, device)
        k = tolerances.K if override is None else override.k
        exact = self._truth["exact"] or k == tolerances.EXACT or truth.dtype.kind not in "fc"
        weights = self._weights(row.quantity)
        found = distance(array, truth, weights)
        if weights is not None and array[weights == 0].any():
            return replace(row, message="is not exactly zero where no patch reaches")
        if exact:
            return _measured(replace(row, kind="exact"), found, 0.0, 0.0)
        floor = self._floor(self._case_id, row.quantity, truth, weights)
        tolerance = self._tolerance(row.quantity, found, floor, k)
        return _measured(replace(row, kind="numeric"), found, floor, tolerance)

    def _tolerance(self, quantity: str, found: Distance, floor: float, k: float) -> float:
        bound = k * floor + unit(found.peak)
        limit = tolerances.limit(self._truth["operation"], quantity)
        return bound if limit is None else min(bound, limit.bound * found.peak)

    def _weights(self, quantity: str) -> NDArray[np.float64] | None:
        return tolerances.weights(self._truth["operation"], quantity, self._truth["outputs"])

    def pairs(self, answers: dict[str, dict[str, Any]]) -> list[Pair]:
        """Every two backends, on every array that both computed."""
        found = []
        for first, second in itertools.combinations(answers, 2):
            one, other = (answers[name].get("outputs", {}) for name in (first, second))
            for quantity, truth in self._truth.get("outputs", {}).items():
                arrays = [np.asarray(item.get(quantity)) for item in (one, other)]
                reference = np.asarray(truth)
                comparable = [a.dtype.kind in "fc" and a.shape == reference.shape for a in arrays]
                if reference.dtype.kind in "fc" and all(comparable):
                    found.append(self._pair(quantity, (first, second), arrays, reference))
        return found

    def _pair(
        self, quantity: str, names: tuple[str, str], arrays: list[NDArray[Any]], truth: NDArray[Any]
    ) -> Pair:
        weights = self._weights(quantity)
        apart = distance(arrays[0], arrays[1], weights)
        one, other = (distance(array, truth, weights).max_abs for array in arrays)
        nearer = "both alike" if one == other else names[int(other < one)]
        place = (self._scenario, self._case, quantity)
        return Pair(*place, *names, apart.max_abs, apart.relative, one, other, nearer)


def judge_cases(evidence: EvidenceSet) -> tuple[list[Row], list[Pair]]:
    """Judge every case of every backend against the reference, and the backends against each other."""
    rows: list[Row] = []
    pairs: list[Pair] = []
    floor = NoiseFloor(evidence)
    others = [name for name in evidence.judged if name not in (TRUTH, FLOAT32)]
    for case_id in evidence.truth.case_ids():
        judge = CaseJudge(evidence, floor, case_id)
        answers = {
            name: reader.load(case_id) for name, reader in evidence.judged.items() if case_id in reader
        }
        for name, answer in answers.items():
            rows.extend(judge.rows(name, answer, evidence.judged[name].header["device"]))
        pairs.extend(judge.pairs({name: answers[name] for name in others if name in answers}))
    rows += [
        Row(broken.backend, "run", "recording", "answer", "run", BROKEN, broken.reason)
        for broken in evidence.broken
    ]
    return rows, pairs


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | complex | np.ndarray) and not isinstance(value, bool)


def equal(row: Row, value: Any, expected: Any) -> Row:
    """Texts, lists, dictionaries and None: equal in type and value or not, and the first difference."""
    if same(value, expected):
        return replace(row, outcome=PASS)
    if isinstance(value, dict) and isinstance(expected, dict):
        for key in sorted({*value, *expected}):
            absent = "(absent)"
            given, right = value.get(key, absent), expected.get(key, absent)
            if not same(given, right):
                return replace(row, message=f"entry {key!r} is {given!r}, should be {right!r}")
    return replace(row, message=f"is {_short(value)}, should be {_short(expected)}")


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    text = repr(value)
    return text if len(text) < 200 else text[:197] + "..."


def _measured(row: Row, found: Distance, floor: float, tolerance: float) -> Row:
    """Fill in the metrics and decide."""
    passed = found.max_abs <= tolerance
    message = "" if passed else f"off by {found.max_abs:.3g} at {found.worst}, tolerance {tolerance:.3g}"
    margin = tolerance / found.max_abs if found.max_abs and math.isfinite(found.max_abs) else None
    return replace(
        row,
        **asdict(found),
        outcome=PASS if passed else FAIL,
        message=message,
        floor=floor,
        tolerance=tolerance,
        margin=margin,
    )
