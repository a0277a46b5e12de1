"""Backends that go wrong in one way each get exactly the outcome that they deserve."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from ptychoparity.backends.contract import OPERATIONS, NormalizedProbe, Unsupported
from ptychoparity.conformance.operations import OPERATIONS as CALLS
from ptychoparity.conformance.storage import Reader


def declaring(backend, operations, deterministic=True):
    capabilities = backend.capabilities()
    backend.capabilities = lambda: replace(
        capabilities, operations=frozenset(operations), deterministic=deterministic
    )
    return backend


def always_raises(backend):
    def refuse(*_):
        raise RuntimeError("the engine does not start")

    for operation in OPERATIONS:
        setattr(backend, operation, refuse)
    return backend


def raises_unsupported(*_):
    raise Unsupported("there is no such operation here")


def outcomes(rows):
    return dict(Counter(row["outcome"] for row in rows))


def where(rows, outcome):
    """Operations' families with this outcome."""
    return {row["scenario"] for row in rows if row["outcome"] == outcome}


def diffracted(change):
    def spoil(backend):
        right = backend.diffract
        backend.diffract = lambda waves: change(right(waves))
        return backend

    return spoil


def test_the_double_itself_is_right(judged):
    report, rows = judged(lambda backend: backend)
    assert outcomes(rows) == {"pass": len(rows)}
    assert len(rows) > 70
    assert report["verdict"] == {
        "exit_status": 0,
        "reasons": [],
        "counts": {**dict.fromkeys(report["verdict"]["counts"], 0), "pass": len(report["rows"])},
    }


def test_always_raises(judged):
    report, rows = judged(always_raises)
    assert "pass" not in outcomes(rows)
    assert set(outcomes(rows)) == {"error", "fail"}
    errors = [row for row in rows if row["outcome"] == "error"]
    assert all(row["message"] == "RuntimeError: the engine does not start" for row in errors)
    refusals = [row for row in rows if row["kind"] == "refusal" and not row["check"]]
    assert refusals
    assert all(row["outcome"] == "fail" for row in refusals)
    assert report["verdict"]["exit_status"] == 1


def test_declares_less(judged):
    def less(backend):
        backend.stitch = raises_unsupported
        return declaring(backend, OPERATIONS - {"stitch"})

    report, rows = judged(less)
    assert where(rows, "unsupported") == {"STI-004"}
    assert set(outcomes(rows)) == {"pass", "unsupported"}
    unsupported = [row for row in rows if row["outcome"] == "unsupported"]
    assert all(row["message"] == "there is no such operation here" for row in unsupported)
    assert len(unsupported) == 6
    coverage = {item["scenario"]: item for item in report["coverage"] if item["backend"] == "fake"}
    assert (coverage["STI-004"]["executed"], coverage["STI-004"]["unsupported"]) == (0, 6)
    assert report["verdict"]["exit_status"] == 0


def test_has_nothing_at_all(judged):
    """Unsupported alone does not fail, but a backend that executed no case cannot be green."""

    def nothing(backend):
        for operation in OPERATIONS:
            setattr(backend, operation, raises_unsupported)
        return declaring(backend, ())

    report, rows = judged(nothing)
    assert set(outcomes(rows)) == {"unsupported"}
    assert report["verdict"]["exit_status"] == 1
    assert report["verdict"]["reasons"] == ["fake: no case was executed"]


def test_claims_too_much(judged):
    def claims(backend):
        backend.stitch = raises_unsupported
        return backend

    report, rows = judged(claims)
    assert where(rows, "fail") == {"STI-004"}
    assert where(rows, "unsupported") == set()
    failing = [row for row in rows if row["outcome"] == "fail"]
    assert all("stitch is declared supported but raised Unsupported" in row["message"] for row in failing)
    assert report["verdict"]["exit_status"] == 1


def test_answers_undeclared(judged):
    report, rows = judged(lambda backend: declaring(backend, OPERATIONS - {"diffract"}))
    failing = [row for row in rows if row["outcome"] == "fail"]
    assert {row["message"] for row in failing} == {"diffract is declared unsupported but was answered"}
    assert where(rows, "fail") == {"FWD-001"}
    assert report["verdict"]["exit_status"] == 1


def test_undeclared_and_raises_another_error(judged):
    def other(backend):
        def refuse(*_):
            raise NotImplementedError("later")

        backend.diffract = refuse
        return declaring(backend, OPERATIONS - {"diffract"})

    report, rows = judged(other)
    judged_rows = [row for row in rows if row["scenario"] == "FWD-001" and row["kind"] == "run"]
    assert {row["outcome"] for row in judged_rows} == {"fail"}
    assert {row["message"] for row in judged_rows} == {
        "diffract is declared unsupported but raised NotImplementedError: later"
    }
    assert report["verdict"]["exit_status"] == 1


def only_failing_quantity(report, rows, scenario, quantity, message):
    """The comparison with the reference fails there, with these words, and nowhere else."""
    failing = [row for row in rows if row["outcome"] != "pass"]
    assert {(row["scenario"], row["quantity"]) for row in failing} == {(scenario, quantity)}
    assert {row["outcome"] for row in failing} == {"fail"}
    compared = [row for row in failing if row["kind"] in ("numeric", "exact")]
    assert compared
    assert all(message in row["message"] for row in compared)
    assert report["verdict"]["exit_status"] == 1


def test_wrong_dtype(judged):
    report, rows = judged(diffracted(lambda amplitude: amplitude.astype(np.float64)))
    only_failing_quantity(report, rows, "FWD-001", "amplitude", "dtype float64, should be float32")


def test_wrong_shape(judged):
    report, rows = judged(diffracted(lambda amplitude: amplitude[..., None]))
    only_failing_quantity(report, rows, "FWD-001", "amplitude", "1, 1), should be (")


def test_a_number_that_is_none(judged):
    def spoil(amplitude):
        amplitude = amplitude.copy()
        amplitude[0, 1, 2, 0] = np.nan
        return amplitude

    report, rows = judged(diffracted(spoil))
    only_failing_quantity(report, rows, "FWD-001", "amplitude", "off by inf at (0, 1, 2, 0)")


def test_a_scalar_that_is_no_number(judged):
    def spoil(backend):
        backend.intensity_scale = lambda *_: float("nan")
        return backend

    report, rows = judged(spoil)
    failing = [row for row in rows if row["outcome"] != "pass"]
    assert {row["scenario"] for row in failing} == {"PRB-004", "PRB-005"}
    assert report["verdict"]["exit_status"] == 1


def test_missing_key(judged):
    def spoil(backend):
        right = backend.bridge

        def bridge(config, legacy):
            bridged = right(config, legacy)
            del bridged["nepochs" if "nepochs" in bridged else "model_path"]
            return bridged

        backend.bridge = bridge
        return backend

    report, rows = judged(spoil)
    failing = [row for row in rows if row["outcome"] != "pass"]
    assert {row["scenario"] for row in failing} == {"CFG-003"}
    assert "entry 'nepochs' is '(absent)', should be 50" in {row["message"] for row in failing}
    assert report["verdict"]["exit_status"] == 1


class NormOnly:
    """A result that lacks one of its parts."""

    def __init__(self, norm):
        self.norm = norm

    def _asdict(self):
        return {"norm": self.norm}


class Extra(NormalizedProbe):
    """A result with a part that nobody asked for."""

    def _asdict(self):
        return {**super()._asdict(), "seconds": 1.0}


@pytest.mark.parametrize(
    ("change", "quantity", "message"),
    [
        (lambda result: NormOnly(result.norm), "probe", "missing in the answer"),
        (lambda result: Extra(*result), "seconds", "not part of the contract"),
    ],
    ids=["missing", "extra"],
)
def test_a_part_of_a_result_missing_or_extra(judged, change, quantity, message):
    def spoil(backend):
        right = backend.normalize_probe
        backend.normalize_probe = lambda *inputs: change(right(*inputs))
        return backend

    report, rows = judged(spoil)
    only_failing_quantity(report, rows, "PRB-003", quantity, message)


def test_an_array_where_the_float_should_be(judged):
    def spoil(backend):
        right = backend.intensity_scale
        backend.intensity_scale = lambda *inputs: np.float32([right(*inputs)])
        return backend

    report, rows = judged(spoil)
    failing = [row for row in rows if row["outcome"] != "pass"]
    assert {row["message"] for row in failing} == {"shape (1,), should be ()"}
    assert report["verdict"]["exit_status"] == 1


def test_another_error_in_a_refusal(judged):
    def spoil(backend):
        right = backend.probe_mask

        def probe_mask(side):
            try:
                return right(side)
            except ValueError as error:
                raise AssertionError(str(error)) from error

        backend.probe_mask = probe_mask
        return backend

    report, rows = judged(spoil)
    failing = [row for row in rows if row["outcome"] != "pass"]
    assert {(row["case"], row["kind"], row["outcome"]) for row in failing} == {
        ("odd-mask", "refusal", "fail")
    }
    assert any("should refuse with ValueError, gave AssertionError" in row["message"] for row in failing)
    assert report["verdict"]["exit_status"] == 1


def test_the_right_error_with_other_words(judged):
    def spoil(backend):
        right = backend.probe_mask

        def probe_mask(side):
            try:
                return right(side)
            except ValueError as error:
                raise ValueError("bad input") from error

        backend.probe_mask = probe_mask
        return backend

    report, rows = judged(spoil)
    (row,) = [row for row in rows if row["outcome"] != "pass"]
    assert (row["case"], row["kind"], row["check"]) == ("odd-mask", "refusal", "5.2")
    assert "bad input" in row["message"]
    assert report["verdict"]["exit_status"] == 1


def test_answers_what_should_be_refused(judged):
    def spoil(backend):
        backend.probe_mask = lambda side: np.ones((side, side), bool)
        return backend

    _, rows = judged(spoil)
    row = next(row for row in rows if row["case"] == "odd-mask" and not row["check"])
    assert row["outcome"] == "fail"
    assert row["message"] == "should refuse with ValueError, gave an answer"


def test_every_operation_of_the_contract_can_be_asked():
    assert set(CALLS) == OPERATIONS


def test_the_bench_asks_many_kinds_of_operations(everyday):
    reader = Reader(everyday.cases)
    asked = {reader.tree(case_id)["operation"] for case_id in reader.case_ids()}
    reader.close()
    assert asked >= {"bridge", "normalize_probe", "intensity_scale", "probe_mask", "diffract", "stitch"}
