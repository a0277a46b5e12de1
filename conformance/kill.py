"""The kill matrix: which scenarios catch which seeded fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ptychoparity.backends import reference
from ptychoparity.backends.contract import Backend
from ptychoparity.conformance.evidence import EvidenceSet, NoiseFloor
from ptychoparity.conformance.expectations import answer_rows
from ptychoparity.conformance.expected import EXPECTATIONS
from ptychoparity.conformance.faults import Fault
from ptychoparity.conformance.judge import PASS, CaseJudge, Row
from ptychoparity.conformance.recorder import answer
from ptychoparity.conformance.storage import Reader


@dataclass(frozen=True)
class Kill:
    """What became of one fault.

    Attributes:
        fault: its name; ``none`` is the control, the unbroken backend, which nothing may catch.
        operation: what it breaks.
        cases: how many cases were asked.
        caught: failing rows by scenario.
        example: the first failing row in words.
    """

    fault: str
    operation: str
    cases: int
    caught: dict[str, int]
    example: str

    @property
    def killed(self) -> bool:
        """Whether any scenario caught it."""
        return bool(self.caught)


def kill_matrix(
    evidence: EvidenceSet, cases: Reader, faults: Iterable[Fault], progress: Callable[[str], None]
) -> list[Kill]:
    """Run each fault over the cases of its operation; the other operations are the reference's own.

    The first entry is the control: every operation unbroken.
    """
    asked: dict[str, list[str]] = {}
    for case_id in cases.case_ids():
        asked.setdefault(cases.tree(case_id)["operation"], []).append(case_id)
    matrix = [_run("none", "every operation", reference.float32(), cases.case_ids(), evidence, cases)]
    for fault in faults:
        progress(fault.name)
        broken = reference.float32()
        setattr(broken, fault.operation, fault.wrap(getattr(broken, fault.operation)))
        case_ids = asked.get(fault.operation, [])
        matrix.append(_run(fault.name, fault.operation, broken, case_ids, evidence, cases))
    return matrix


def _run(
    name: str, operation: str, backend: Backend, case_ids: list[str], evidence: EvidenceSet, cases: Reader
) -> Kill:
    answers: dict[str, dict[str, Any]] = {}
    rows: list[Row] = []
    floor = NoiseFloor(evidence)
    for case_id in case_ids:
        answers[case_id] = answer(backend, cases.load(case_id))
        rows += CaseJudge(evidence, floor, case_id).rows(name, answers[case_id])
    rows += answer_rows(name, answers, answers, EXPECTATIONS)
    failing = [row for row in rows if row.outcome != PASS]
    first = failing[0] if failing else None
    example = f"{first.scenario}/{first.case} {first.quantity}: {first.message}" if first else ""
    return Kill(name, operation, len(case_ids), dict(Counter(row.scenario for row in failing)), example)
