"""The report: green only when it may be, and never from files that do not belong together."""

import hashlib
import json
import math

import pytest

from ptychoparity.backends import reference
from ptychoparity.conformance import report
from ptychoparity.conformance.case import Case
from ptychoparity.conformance.faults import FAULTS
from ptychoparity.conformance.judge import OUTCOMES
from ptychoparity.conformance.scenarios import SCENARIOS
from ptychoparity.conformance.storage import BrokenFile, Reader, Writer


def test_the_references_are_green_on_every_case(green):
    assert green["verdict"]["reasons"] == []
    assert green["verdict"]["exit_status"] == 0
    assert green["verdict"]["counts"] == {**dict.fromkeys(OUTCOMES, 0), "pass": len(green["rows"])}
    assert set(green["scenarios"]) == {scenario.id for scenario in SCENARIOS}
    assert {item["backend"] for item in green["coverage"]} == {"reference", "reference-float32"}
    assert all(item["executed"] == item["required"] > 0 for item in green["coverage"])
    assert green["pairs"] == []


def test_every_backend_has_a_row_for_every_case(green, everything):
    cases = Reader(everything.cases)
    ids = set(cases.case_ids())
    cases.close()
    for backend in ("reference", "reference-float32"):
        mine = [row for row in green["rows"] if row["backend"] == backend and not row["check"]]
        assert {f"{row['scenario']}/{row['case']}" for row in mine} == ids


def test_the_report_is_plain_json(green):
    text = json.dumps(green, allow_nan=False)
    assert json.loads(text) == green


def test_infinities_are_spelt_out(everyday, double):
    backend = double("fake")
    backend.intensity_scale = lambda *_: math.nan
    judged = everyday.judge(backend)
    json.dumps(judged, allow_nan=False)
    assert "inf" in {row["max_abs"] for row in judged["rows"] if row["backend"] == "fake"}


def test_where_the_evidence_comes_from(everyday):
    judged = everyday.judge()
    names = ["reference", "reference-float32", "reference-perturbed-1", "reference-perturbed-2"]
    assert sorted(item["backend"] for item in judged["evidence"]) == names
    by_file = {item["file"]: item["sha256"] for item in judged["evidence"]}
    for path in everyday.references:
        assert by_file[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert judged["data"] == "minimal_dataset_v1.npz"


def test_the_same_evidence_gives_the_same_judgement(everyday, double):
    path = everyday.record(double("fake"))
    first, second = (report.judge([*everyday.references, path]) for _ in range(2))
    assert {**first, "created": ""} == {**second, "created": ""}


@pytest.mark.parametrize("name", ["scale-not-rooted", "fftshift-missing", "none-overwrites"])
def test_a_fault_makes_the_run_fail(everyday, double, name):
    (fault,) = (fault for fault in FAULTS if fault.name == name)
    backend = double(fault.name)
    setattr(backend, fault.operation, fault.wrap(getattr(backend, fault.operation)))
    judged = everyday.judge(backend)
    assert judged["verdict"]["exit_status"] == 1
    assert [reason.split(":")[0] for reason in judged["verdict"]["reasons"]] == [fault.name]


# evidence that does not belong together


@pytest.fixture
def other(bench_of):
    """A bench of other cases."""
    return bench_of(Case("one", "probe_mask", {"side": 8}))


def test_other_cases_are_refused(everyday, other, double):
    strange = other.record(double("strange"))
    with pytest.raises(ValueError, match="answers other cases") as caught:
        report.judge([*everyday.references, strange])
    assert strange.name in str(caught.value)
    assert "strange" in str(caught.value)
    assert everyday.references[0].name in str(caught.value)


def test_the_same_cases_with_other_inputs_are_refused(everyday, double, tmp_path):
    """Names alone do not make two case files one."""
    whole = Reader(everyday.record(double("fake")))
    moved = tmp_path / "moved.h5"
    with Writer(moved, whole.header) as writer:
        for case_id, answer in whole:
            writer.add(case_id, answer)
        writer.finish(inputs="0" * 64)
    whole.close()
    with pytest.raises(ValueError, match="answers other cases"):
        report.judge([*everyday.references, moved])


def test_a_backend_twice_is_refused(everyday, double):
    paths = [everyday.record(double("fake"), stem) for stem in ("once", "twice")]
    with pytest.raises(ValueError, match=r"twice\.h5.*once\.h5.*'fake'"):
        report.judge([*everyday.references, *paths])


@pytest.mark.parametrize(
    ("left", "missing"),
    [
        ((1, 2, 3), ("reference",)),
        ((0, 2, 3), ("reference-float32",)),
        ((0, 1), ("reference-perturbed-1",)),
        ((2, 3), ("reference", "reference-float32")),
        ((), ("reference", "reference-float32", "reference-perturbed-1")),
    ],
    ids=["truth", "float32", "perturbed", "both", "all"],
)
def test_missing_reference_evidence_is_refused(everyday, left, missing):
    with pytest.raises(ValueError, match="is missing") as caught:
        report.judge([everyday.references[index] for index in left])
    for name in missing:
        assert name in str(caught.value)


def test_a_case_file_is_no_evidence(everyday):
    with pytest.raises(ValueError, match=r"cases\.h5 is no evidence file but 'cases'"):
        report.judge([*everyday.references, everyday.cases])


def test_another_version_of_the_suite_is_refused(everyday, double, tmp_path):
    whole = Reader(everyday.record(double("fake")))
    old = tmp_path / "old.h5"
    with Writer(old, {**whole.header, "suite": "0.9"}) as writer:
        for case_id, answer in whole:
            writer.add(case_id, answer)
        writer.finish(inputs=whole.footer["inputs"])
    whole.close()
    with pytest.raises(ValueError, match=r"old\.h5 was recorded by suite 0\.9.*record it again"):
        report.judge([*everyday.references, old])


def test_broken_evidence_is_refused(everyday, tmp_path):
    cut = tmp_path / "cut.h5"
    content = everyday.references[0].read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    with pytest.raises(BrokenFile, match=r"cut\.h5"):
        report.judge([*everyday.references, cut])
    with pytest.raises(FileNotFoundError, match=r"absent\.h5"):
        report.judge([*everyday.references, tmp_path / "absent.h5"])


def test_references_that_disagree_are_not_green(bench_of):
    """The suite must pass on the references before it may judge others."""
    bench = bench_of(Case("one", "probe_mask", {"side": 8})).with_references()
    wrong = reference.float32()
    wrong.probe_mask = lambda side: ~reference.float64().probe_mask(side)  # type: ignore[method-assign]
    paths = [bench.references[0], bench.record(wrong, "wrong"), *bench.references[2:]]
    judged = report.judge(paths)
    assert judged["verdict"]["exit_status"] == 1
    assert judged["verdict"]["reasons"] == ["reference-float32: 1 of its rows fail"]
