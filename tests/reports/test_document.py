import json
import re
from copy import deepcopy
from dataclasses import fields

import pytest
from jsonschema import Draft202012Validator

from ptychoparity.conformance.judge import OUTCOMES, Pair, Row
from ptychoparity.conformance.report import SCHEMA_VERSION
from ptychoparity.conformance.verdict import Coverage
from ptychoparity.reports.document import load_report, save_report, schema, validate


def test_schema_is_a_valid_schema_of_this_version():
    Draft202012Validator.check_schema(schema())
    assert schema()["properties"]["schema_version"]["const"] == SCHEMA_VERSION


@pytest.mark.parametrize(("name", "kind"), [("row", Row), ("pair", Pair), ("coverage", Coverage)])
def test_schema_has_the_fields_of_the_judge(name, kind):
    wanted = [field.name for field in fields(kind)]
    assert list(schema()["$defs"][name]["properties"]) == wanted
    assert schema()["$defs"][name]["required"] == wanted


def test_schema_has_the_outcomes_of_the_judge():
    assert tuple(schema()["$defs"]["outcome"]["enum"]) == OUTCOMES
    assert tuple(schema()["$defs"]["counts"]["required"]) == OUTCOMES


def test_every_object_of_the_schema_is_closed():
    def objects(value):
        if isinstance(value, dict):
            if value.get("type") == "object":
                yield value
            for item in value.values():
                yield from objects(item)

    assert all("additionalProperties" in item for item in objects(schema()))


def test_accepts_what_the_judge_writes(green, red):
    for report, _ in (green, red):
        validate(json.loads(json.dumps(report)))
    assert green[0]["verdict"]["exit_status"] == 0
    assert all(red[0]["verdict"]["counts"].values()), "every outcome occurs"


def put(*path, value):
    def change(report):
        for part in path[:-1]:
            report = report[part]
        report[path[-1]] = value

    return change


def drop(*path):
    def change(report):
        for part in path[:-1]:
            report = report[part]
        del report[path[-1]]

    return change


BROKEN = {
    "the document: 'rows' is a required property": drop("rows"),
    "the document: Additional properties": put("extra", value=1),
    "rows[1].outcome: 'maybe' is not one of": put("rows", 1, "outcome", value="maybe"),
    "rows[0].kind: 'guess' is not one of": put("rows", 0, "kind", value="guess"),
    "rows[0].max_abs: 'huge' does not match": put("rows", 0, "max_abs", value="huge"),
    "rows[0].worst[0]: -1 is less than": put("rows", 0, "worst", value=[-1]),
    "rows[2]: 'margin' is a required property": drop("rows", 2, "margin"),
    "pairs[0].nearer: 3 is not of type": put("pairs", 0, "nearer", value=3),
    "evidence[1].sha256: 'short' does not match": put("evidence", 1, "sha256", value="short"),
    "evidence[0].file: '../x.h5' does not match": put("evidence", 0, "file", value="../x.h5"),
    "scenarios.AMP-001.title: None is not of type": put("scenarios", "AMP-001", "title", value=None),
    "verdict.exit_status: 2 is not one of": put("verdict", "exit_status", value=2),
    "verdict.exit_status: 1 does not fit 0 reasons": put("verdict", "exit_status", value=1),
    "verdict.counts.pass: 3 stated": put("verdict", "counts", "pass", value=3),
    "rows[0].backend: 'nobody' is neither": put("rows", 0, "backend", value="nobody"),
    "rows[0].scenario: 'AMP-777' is not in": put("rows", 0, "scenario", value="AMP-777"),
}


@pytest.mark.parametrize("message", BROKEN)
def test_refuses_and_names_the_place(green, message):
    report = deepcopy(green[0])
    BROKEN[message](report)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}[^\n]*$"):
        validate(report)


def test_refuses_a_green_verdict_over_failing_rows(red):
    report = red[0]
    report["verdict"] |= {"exit_status": 0, "reasons": []}
    with pytest.raises(ValueError, match=r"^verdict\.reasons: empty, but 3 rows"):
        validate(report)


@pytest.mark.parametrize("report", [None, [], "text", 3])
def test_refuses_what_is_no_object(report):
    with pytest.raises(ValueError, match=r"^the document: "):
        validate(report)


def test_round_trip(green, tmp_path):
    path = tmp_path / "report.json"
    save_report(green[0], path)
    assert load_report(path) == json.loads(json.dumps(green[0]))
    assert [item.name for item in tmp_path.glob("report*")] == ["report.json"]


def test_an_invalid_report_leaves_the_old_file(green, tmp_path):
    path = tmp_path / "report.json"
    save_report(green[0], path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"^rows: "):
        save_report({**green[0], "rows": 3}, path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.glob("report*")] == ["report.json"]


def test_load_names_the_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.json"):
        load_report(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not a parity report: Expecting"),
        (b"\xff\xfe", "is not a parity report: "),
        (b'{"schema_version": NaN}', "NaN is no JSON number"),
        (
            b'{"schema_version": "0.9"}',
            "schema_version is '0.9', this release reads '1.0': judge the evidence again",
        ),
    ],
)
def test_load_names_the_file_and_what_is_wrong(tmp_path, content, words):
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}[^\n]*{re.escape(words)}[^\n]*$"):
        load_report(path)
