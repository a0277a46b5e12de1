from collections import Counter
from xml.etree import ElementTree

import pytest

from ptychoparity.reports.junit import render_junit


def parsed(report):
    return ElementTree.fromstring(render_junit(report).encode())


def tally(suite):
    return {key: int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")}


def test_green(green):
    report = green[0]
    root = parsed(report)
    assert [suite.get("name") for suite in root] == [
        "reference",
        "reference-float32",
        "alpha",
        "beta",
        "verdict",
    ]
    for suite in root[:-1]:
        cases = {
            (row["scenario"], row["case"]) for row in report["rows"] if row["backend"] == suite.get("name")
        }
        named = [(case.get("classname"), case.get("name")) for case in suite]
        assert named == list(dict.fromkeys(named))
        assert set(named) == {(f"{suite.get('name')}.{scenario}", case) for scenario, case in cases}
    assert tally(root) == {"tests": 4 * 4 + 1, "failures": 0, "errors": 0, "skipped": 0}
    assert not root.findall(".//failure")


def test_red_agrees_with_the_report(red):
    report = red[0]
    root = parsed(report)
    for suite in root[:-1]:
        rows = [row for row in report["rows"] if row["backend"] == suite.get("name")]
        cases = {}
        for row in rows:
            cases.setdefault((row["scenario"], row["case"]), set()).add(row["outcome"])
        worst = Counter(
            next(
                (name for name in ("broken", "error", "fail", "known", "unsupported") if name in found),
                "pass",
            )
            for found in cases.values()
        )
        assert tally(suite) == {
            "tests": len(cases),
            "failures": worst["fail"],
            "errors": worst["error"] + worst["broken"],
            "skipped": worst["known"] + worst["unsupported"],
        }
    assert tally(root) == {"tests": 4 * 4 + 1 + 1, "failures": 2, "errors": 2, "skipped": 2}


@pytest.mark.parametrize(
    ("suite", "case", "tag", "message"),
    [
        ("beta", "wide", "failure", "amplitude: off by 1 at (1, 3, 2, 1)"),
        ("alpha", "whole", "error", "answer: RuntimeError: <script>alert('x')</script> | `code` & [bold]"),
        ("gamma", "recording", "error", "answer: exit status 139 <b>bold</b>"),
        ("beta", "legacy", "skipped", "answer: no bridge here"),
        ("alpha", "legacy", "skipped", "legacy: known until 9999-01-01: fixed upstream"),
    ],
)
def test_message_is_the_first_row_that_does_not_pass(red, suite, case, tag, message):
    element = parsed(red[0]).find(f"testsuite[@name='{suite}']/testcase[@name='{case}']")
    (note,) = element
    assert note.tag == tag
    assert note.get("message").startswith(message)
    assert note.get("message") in note.text


def test_time_is_that_of_the_answer(green):
    root = parsed(green[0])
    assert float(root.find("testsuite[@name='beta']/testcase[@name='wide']").get("time")) == 0.25
    assert float(root.find("testsuite[@name='beta']").get("time")) == 3 * 0.25 + 0.5


def test_reasons_without_a_row_fail_the_verdict(green):
    green[0]["verdict"] |= {"exit_status": 1, "reasons": ["alpha: AMP-001 ran 1 cases, at least 5 must run"]}
    (note,) = parsed(green[0]).find("testsuite[@name='verdict']/testcase")
    assert note.tag == "failure"
    assert "at least 5 must run" in note.get("message")


def test_characters_that_xml_cannot_hold_are_replaced(green):
    row = next(row for row in green[0]["rows"] if row["backend"] == "alpha")
    row |= {"outcome": "fail", "message": "a\x00b\x0bc\ud800d\ufffee", "case": "odd\x01name"}
    root = parsed(green[0])
    assert root.find(".//testcase[@name='odd\ufffdname']") is not None
