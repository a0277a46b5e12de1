"""Floors, the ledger, overrides: what keeps a run from being green."""

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta

import h5py
import numpy as np
import pytest

from ptychoparity.conformance import report, tolerances, verdict
from ptychoparity.conformance.case import Case
from ptychoparity.conformance.evidence import Broken
from ptychoparity.conformance.storage import Reader, Writer, text_digest
from ptychoparity.conformance.tolerances import Override

TODAY = date.today()
TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=2)


@pytest.fixture
def half_scale(double):
    """A backend that is wrong in three rows of one scenario and right elsewhere."""
    backend = double("fake")
    right = backend.intensity_scale
    backend.intensity_scale = lambda amplitude, photons: 0.5 * right(amplitude, photons)
    return backend


def known(quantity="scale", case="chain-F21", expires=TOMORROW, backend="fake", scenario="PRB-004"):
    return verdict.KnownFailure(backend, scenario, case, quantity, "half of it is missing", expires)


EVERY_CASE = ("by-hand-check-68", "chain-F21", "photons-1e6-check-66", "photons-1e8-check-66")


# floors


def test_evidence_that_lacks_a_case_fails(everyday, double, tmp_path):
    """Left out, with a footer that fits what is left."""
    whole = Reader(everyday.record(double("fake")))
    short = tmp_path / "short.h5"
    with Writer(short, whole.header) as writer:
        for case_id, answer in whole:
            if case_id != "STI-004/one-patch":
                writer.add(case_id, answer)
        writer.finish(inputs=whole.footer["inputs"])
    whole.close()
    judged = report.judge([*everyday.references, short])
    assert judged["verdict"]["exit_status"] == 1
    assert judged["verdict"]["reasons"] == ["fake: STI-004 ran 5 cases, 6 are required"]


def test_a_raised_floor_fails_every_backend(everyday, double, monkeypatch):
    floors = verdict.committed_floors()
    monkeypatch.setattr(verdict, "committed_floors", lambda: {**floors, "FWD-001": 5})
    judged = everyday.judge(double("fake"))
    assert judged["verdict"]["exit_status"] == 1
    assert judged["verdict"]["reasons"] == [
        f"{name}: FWD-001 ran 4 cases, 5 are required" for name in ("reference", "reference-float32", "fake")
    ]


def test_coverage_counts_cases_and_outcomes(everyday, half_scale):
    judged = everyday.judge(half_scale)
    counted = {item["scenario"]: item for item in judged["coverage"] if item["backend"] == "fake"}
    item = counted["PRB-004"]
    assert (item["executed"], item["unsupported"], item["required"]) == (4, 0, 4)
    rows = [row for row in judged["rows"] if (row["backend"], row["scenario"]) == ("fake", "PRB-004")]
    assert sum(item["outcomes"].values()) == len(rows)
    assert item["outcomes"]["fail"] == sum(row["outcome"] == "fail" for row in rows) > 0


# broken


def test_a_broken_backend_fails(everyday):
    judged = everyday.judge(broken=[Broken("torch", "killed by SIGKILL at case 3 of 9 (FWD-001/dark)")])
    assert judged["verdict"]["exit_status"] == 1
    assert judged["verdict"]["reasons"] == ["torch: 1 of its rows broken"]
    (row,) = [row for row in judged["rows"] if row["backend"] == "torch"]
    assert (row["outcome"], row["kind"]) == ("broken", "run")
    assert "SIGKILL" in row["message"]
    assert judged["broken"] == [{"backend": "torch", "reason": row["message"]}]


def test_a_broken_backend_cannot_be_known(everyday):
    entry = known("answer", "recording", backend="torch", scenario="run")
    judged = everyday.judge(broken=[Broken("torch", "killed")], ledger=[entry])
    assert judged["verdict"]["exit_status"] == 1
    assert judged["verdict"]["counts"]["broken"] == 1


# the ledger


def test_known_failures_do_not_fail(everyday, half_scale):
    before = everyday.judge(half_scale)
    failing = {(row["case"], row["quantity"]) for row in before["rows"] if row["outcome"] == "fail"}
    assert failing == {(case, "scale") for case in EVERY_CASE}
    assert before["verdict"]["exit_status"] == 1
    judged = everyday.judge(half_scale, ledger=[known(case=case) for case in EVERY_CASE])
    assert judged["verdict"]["exit_status"] == 0
    assert judged["verdict"]["reasons"] == []
    assert judged["verdict"]["counts"]["known"] == before["verdict"]["counts"]["fail"]
    row = next(row for row in judged["rows"] if row["outcome"] == "known")
    assert str(TOMORROW) in row["message"]
    assert "half of it is missing" in row["message"]
    assert "off by" in row["message"]
    assert row["max_abs"] > 0


def test_what_is_not_in_the_ledger_still_fails(everyday, half_scale):
    judged = everyday.judge(half_scale, ledger=[known(case=case) for case in EVERY_CASE[1:]])
    assert judged["verdict"]["exit_status"] == 1
    assert {row["case"] for row in judged["rows"] if row["outcome"] == "fail"} == {EVERY_CASE[0]}


@pytest.mark.parametrize(
    "entry",
    [
        known(case="no-such-case"),
        known(backend="other"),
        known(quantity="norm"),
        known(case="n128", scenario="PRB-003", quantity="norm"),
    ],
    ids=["case", "backend", "quantity", "passing-row"],
)
def test_an_unused_entry_fails_the_run(everyday, half_scale, entry):
    ledger = [*(known(case=case) for case in EVERY_CASE), entry]
    judged = everyday.judge(half_scale, ledger=ledger)
    assert judged["verdict"]["exit_status"] == 1
    (reason,) = judged["verdict"]["reasons"]
    assert "remove it from the ledger" in reason
    assert f"{entry.backend} {entry.scenario}/{entry.case} {entry.quantity}" in reason


def test_an_expired_entry_fails_the_run(everyday, half_scale):
    ledger = [known(case=case) for case in EVERY_CASE]
    ledger[1] = replace(ledger[1], expires=YESTERDAY)
    judged = everyday.judge(half_scale, ledger=ledger)
    assert judged["verdict"]["exit_status"] == 1
    assert any(f"expired on {YESTERDAY}" in reason for reason in judged["verdict"]["reasons"])
    assert {row["case"] for row in judged["rows"] if row["outcome"] == "fail"} == {"chain-F21"}


def test_an_entry_is_good_on_its_last_day():
    rows, wrong = verdict.apply_ledger([], [known(expires=date(2030, 1, 1))], date(2030, 1, 1))
    assert (rows, len(wrong)) == ([], 1)
    assert "expired" not in wrong[0]
    _, wrong = verdict.apply_ledger([], [known(expires=date(2030, 1, 1))], date(2030, 1, 2))
    assert "expired on 2030-01-01" in wrong[0]


ENTRY = {
    "backend": "fake",
    "scenario": "PRB-004",
    "case": "chain-F21",
    "quantity": "scale",
    "reason": "why",
    "expires": "2030-01-31",
}


def test_a_ledger_is_read(tmp_path):
    path = tmp_path / "known.json"
    path.write_text(json.dumps([ENTRY]), "utf-8")
    assert verdict.read_ledger(path) == [
        verdict.KnownFailure("fake", "PRB-004", "chain-F21", "scale", "why", date(2030, 1, 31))
    ]
    path.write_text("[]", "utf-8")
    assert verdict.read_ledger(path) == []


MALFORMED = {
    "not-json": b"[{",
    "empty": b"",
    "not-text": b"\xff\xfe\x00",
    "object": json.dumps(ENTRY).encode(),
    "empty-object": b"{}",
    "null": b"null",
    "texts": b'["torch"]',
    "field-missing": json.dumps([{key: ENTRY[key] for key in ENTRY if key != "reason"}]).encode(),
    "date-missing": json.dumps([{key: ENTRY[key] for key in ENTRY if key != "expires"}]).encode(),
    "field-unknown": json.dumps([{**ENTRY, "owner": "x"}]).encode(),
    "no-date": json.dumps([{**ENTRY, "expires": "soon"}]).encode(),
    "number-for-date": json.dumps([{**ENTRY, "expires": 20300131}]).encode(),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_ledger_is_refused_by_name(tmp_path, name):
    path = tmp_path / "known.json"
    path.write_bytes(MALFORMED[name])
    with pytest.raises(ValueError, match=r"known\.json") as caught:
        verdict.read_ledger(path)
    assert "expires" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_ledger_is_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.json"):
        verdict.read_ledger(tmp_path / "absent.json")


# overrides


@pytest.fixture
def noisy(bench_of, constant):
    """Judges one number whose error is so many noise floors, under an override table."""
    single = np.complex64([4.0])

    def judge(monkeypatch, floors, *overrides):
        bench = bench_of(Case("one", "illuminate", {"patches": single, "probe": single}))
        step = np.complex64(2.0**-18)
        answers = {
            "reference": np.complex128([4.0]),
            "reference-float32": single + step,
            "reference-perturbed-1": np.complex128([4.0]),
            "fake": single + np.complex64(floors) * step,
        }
        monkeypatch.setattr(tolerances, "OVERRIDES", overrides)
        paths = [bench.record(constant(name, value)) for name, value in answers.items()]
        return report.judge(paths)["verdict"]

    return judge


WIDE = Override("illuminate", "exit_waves", "*", 10.0, "fused differently on purpose")


def test_without_an_override_eight_floors_fail(noisy, monkeypatch):
    assert noisy(monkeypatch, 8)["exit_status"] == 1


def test_an_override_that_is_needed_is_kept(noisy, monkeypatch):
    assert noisy(monkeypatch, 8, WIDE) == noisy(monkeypatch, 2)


def test_an_override_that_is_not_enough_fails(noisy, monkeypatch):
    assert noisy(monkeypatch, 12, WIDE)["exit_status"] == 1


def test_an_override_that_nothing_needs_fails_the_run(noisy, monkeypatch):
    found = noisy(monkeypatch, 2, WIDE)
    assert found["exit_status"] == 1
    assert found["reasons"] == ["tolerance override for illuminate exit_waves is not needed: remove it"]


def test_an_override_of_another_device_is_left_alone(noisy, monkeypatch):
    elsewhere = replace(WIDE, device="cuda*")
    assert noisy(monkeypatch, 8, elsewhere)["exit_status"] == 1


def test_a_tightening_override_is_never_unneeded(noisy, monkeypatch):
    assert noisy(monkeypatch, 2, replace(WIDE, k=3.0))["exit_status"] == 0
    assert noisy(monkeypatch, 4, replace(WIDE, k=3.0))["exit_status"] == 1


@pytest.mark.parametrize("row", tolerances.OVERRIDES, ids=lambda row: f"{row.operation}-{row.quantity}")
def test_every_committed_override_has_a_reason_and_names_an_operation(row):
    from ptychoparity.backends.contract import OPERATIONS

    assert row.reason
    assert row.operation in OPERATIONS


@pytest.mark.parametrize("row", tolerances.LIMITS, ids=lambda row: f"{row.operation}-{row.quantity}")
def test_every_limit_names_an_operation_and_its_source(row):
    from ptychoparity.backends.contract import OPERATIONS

    assert row.operation in OPERATIONS
    assert row.source.split()[0].endswith(".md")
    assert 0 < row.bound < 1e-4


# the footer


def test_a_footer_made_to_fit_an_altered_answer_is_still_judged(everyday, double, tmp_path):
    """Whoever rewrites evidence consistently has given another answer, and that answer is compared."""
    path = tmp_path / "forged.h5"
    shutil.copyfile(everyday.record(double("fake")), path)
    with h5py.File(path, "r+") as file:
        case = "PRB-004/by-hand-check-68"
        value = json.loads(file[f"cases/{case}"][()])
        value["outputs"]["scale"] *= 2
        del file[f"cases/{case}"]
        file[f"cases/{case}"] = json.dumps(value)
        texts = {
            f"{s}/{c}": text_digest(file[f"cases/{s}/{c}"][()].decode())
            for s in file["cases"]
            for c in file[f"cases/{s}"]
        }
        footer = json.loads(file["footer"][()])
        footer["digest"] = text_digest(json.dumps(texts, sort_keys=True))
        del file["footer"]
        file["footer"] = json.dumps(footer)
    judged = report.judge([*everyday.references, path])
    assert {row["case"] for row in judged["rows"] if row["outcome"] == "fail"} == {"by-hand-check-68"}
