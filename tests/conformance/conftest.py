"""One bench of everything for the whole session, and small benches of a few cases for the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.backends import reference
from ptychoparity.backends.contract import Backend
from ptychoparity.backends.reference import ReferenceBackend
from ptychoparity.conformance import processes, report
from ptychoparity.conformance.case import Case, Scenario
from ptychoparity.conformance.casefile import write_cases
from ptychoparity.conformance.evidence import EvidenceSet, open_evidence
from ptychoparity.conformance.recorder import record
from ptychoparity.conformance.scenarios import SCENARIOS, select
from ptychoparity.conformance.storage import Reader
from ptychoparity.fixtures.minimal import load_minimal_path

EVERYDAY = ("CFG-003", "GRP-006", "PRB-001", "PRB-003", "PRB-004", "PRB-005", "FWD-001", "STI-003", "STI-004")
"""Scenarios that take no time and hold dictionaries, refusals, scalars, exact cases and stitching."""


def quiet(*_: object) -> None:
    """Progress that nobody looks at."""


class Double(ReferenceBackend):
    """The reference in float32 under another name; subclasses go wrong in one way."""

    def __init__(self, name: str = "double") -> None:
        super().__init__(name, np.float32)


class Constant(ReferenceBackend):
    """Answers every illuminate, diffract or stitch with what it was given."""

    def __init__(self, name: str, value: Any) -> None:
        super().__init__(name, np.float64)
        for operation in ("illuminate", "diffract", "stitch", "normalize_probe"):
            setattr(self, operation, lambda *_: value)


class Bench:
    """A case file, the evidence of the four references on it, and what is recorded from it."""

    def __init__(self, folder: Path, scenarios: Iterable[Scenario]) -> None:
        self.folder, self.cases = folder, folder / "cases.h5"
        write_cases(self.cases, scenarios, load_minimal_path())
        self.references: list[Path] = []

    def with_references(self) -> Bench:
        """Record the four references, in this process."""
        for backend, perturb in (
            (reference.float64(), None),
            (reference.float32(), None),
            (reference.float64(), 1),
            (reference.float64(), 2),
        ):
            self.references.append(self.record(backend, f"{backend.name}-{perturb}", perturb))
        return self

    def record(self, backend: Backend, stem: str = "", perturb: int | None = None) -> Path:
        """Evidence of one backend."""
        path = self.folder / f"{stem or backend.name}.h5"
        cases = Reader(self.cases)
        try:
            record(backend, cases, path, quiet, perturb)
        finally:
            cases.close()
        return path

    def judge(self, *backends: Backend, **more: Any) -> dict[str, Any]:
        """The report over the references and these backends."""
        return report.judge([*self.references, *(self.record(backend) for backend in backends)], **more)


BenchOf = Callable[..., Bench]


@pytest.fixture(scope="session")
def everyday(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A small bench with its references recorded."""
    return Bench(tmp_path_factory.mktemp("everyday"), select(EVERYDAY)).with_references()


@pytest.fixture
def bench_of(tmp_path: Path) -> BenchOf:
    """Makes a bench of the given cases, in one scenario of its own, without references."""

    def make(*cases: Case) -> Bench:
        return Bench(tmp_path, [Scenario("TST-001", "constructed", "none", lambda: list(cases))])

    return make


@pytest.fixture(scope="session")
def double() -> type[Double]:
    return Double


@pytest.fixture(scope="session")
def constant() -> type[Constant]:
    return Constant


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Every case there is, and the references recorded as ``verify`` records them: in processes."""
    bench = Bench(tmp_path_factory.mktemp("everything"), select())
    results = processes.record_all(
        processes.references(Path(sys.executable)), bench.cases, bench.folder / "evidence", quiet, 300.0
    )
    assert [result.broken or result.unusable for result in results] == [None] * 4
    bench.references = [result.evidence for result in results if result.evidence]
    return bench


@pytest.fixture(scope="session")
def green(everything: Bench) -> dict[str, Any]:
    """The report over the references alone, on every case."""
    return report.judge(everything.references)


@pytest.fixture(scope="session")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EvidenceSet, Reader]]:
    """Every scenario but those of measured data, without the 128-pixel cases: what is caught here is
    caught by the whole suite, which only asks more.
    """
    thinned = [
        replace(item, build=lambda item=item: [case for case in item.build() if "n128" not in case.name])
        for item in SCENARIOS
        if not item.measured
    ]
    bench = Bench(tmp_path_factory.mktemp("lean"), thinned).with_references()
    evidence, cases = open_evidence(bench.references), Reader(bench.cases)
    yield evidence, cases
    evidence.close()
    cases.close()
