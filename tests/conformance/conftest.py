"""One bench of everything for the whole session, and small benches of a few cases for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.backends import reference
from ptychoparity.backends.contract import Backend
from ptychoparity.backends.reference import ReferenceBackend
from ptychoparity.conformance import report
from ptychoparity.conformance.case import Case, Scenario
from ptychoparity.conformance.casefile import write_cases
from ptychoparity.conformance.evidence import EvidenceSet, open_evidence
from ptychoparity.conformance.recorder import record
from ptychoparity.conformance.scenarios import select
from ptychoparity.conformance.storage import Reader
from ptychoparity.fixtures.minimal import load_minimal_path

EVERYDAY = ("CFG-003", "PRB-003", "PRB-004", "PRB-005", "FWD-001", "STI-004")
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
    """Every case there is, with its references."""
    return Bench(tmp_path_factory.mktemp("everything"), select()).with_references()


@pytest.fixture(scope="session")
def green(everything: Bench) -> dict[str, Any]:
    """The report over the references alone, on every case."""
    return report.judge(everything.references)


class Fewer:
    """A case file of which only some cases are seen."""

    def __init__(self, cases: Reader, wanted: Callable[[str], bool]) -> None:
        self.tree, self.load = cases.tree, cases.load
        self._ids = [case_id for case_id in cases.case_ids() if wanted(case_id)]

    def case_ids(self) -> list[str]:
        return self._ids


@pytest.fixture(scope="session")
def fewer() -> type[Fewer]:
    return Fewer


@pytest.fixture(scope="session")
def lean(everything: Bench) -> Iterator[tuple[EvidenceSet, Fewer]]:
    """All evidence, and the cases but those of measured data and of 128 pixels: what is caught with these
    is caught by the whole suite, which only asks more.
    """
    evidence, cases = open_evidence(everything.references), Reader(everything.cases)
    yield evidence, Fewer(cases, lambda case_id: "-900/" not in case_id and "n128" not in case_id)
    evidence.close()
    cases.close()


@pytest.fixture(scope="session")
def judged(everyday: Bench, double: type[Double]) -> Callable[..., Any]:
    """Judges one backend on the everyday bench; returns the report and that backend's rows."""

    def judge(change: Callable[[Double], Double]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        report = everyday.judge(change(double("fake")))
        return report, [row for row in report["rows"] if row["backend"] == "fake"]

    return judge
