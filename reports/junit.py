"""A report as JUnit XML: a test suite for each backend, a test case for each case of the parity suite."""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ptychoparity.reports import summary
from ptychoparity.reports.summary import Report, Row

ELEMENTS = {
    "fail": "failure",
    "error": "error",
    "broken": "error",
    "unsupported": "skipped",
    "known": "skipped",
}
"""Element of a test case by its worst outcome; a passing case has none."""

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report) -> str:
    """Return JUnit XML of a validated report.

    A last suite ``verdict`` fails with the reasons of the verdict: not all of them belong to a case
    (too few cases ran, a known failure expired).
    """
    cases: defaultdict[str, defaultdict[tuple[str, str], list[Row]]]
    cases = defaultdict(lambda: defaultdict(list))
    for row in report["rows"]:
        cases[row["backend"]][row["scenario"], row["case"]].append(row)
    root = Element("testsuites", name="ptychoparity")
    for backend in summary.backends(report):
        suite = SubElement(root, "testsuite", name=_clean(backend), timestamp=report["created"])
        for (scenario, case), rows in cases[backend].items():
            _case(suite, scenario, case, rows)
    _verdict(SubElement(root, "testsuite", name="verdict", timestamp=report["created"]), report)
    for suite in root:
        _count(suite, [suite])
    _count(root, list(root))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _case(suite: Element, scenario: str, case: str, rows: list[Row]) -> None:
    """One case; all its rows carry the time of the same answer."""
    seconds = max((row["seconds"] or 0.0 for row in rows), default=0.0)
    classname = f"{suite.get('name')}.{_clean(scenario)}"
    element = SubElement(suite, "testcase", classname=classname, name=_clean(case), time=f"{seconds:.6f}")
    outcome = summary.worst(row["outcome"] for row in rows)
    if outcome not in ELEMENTS:
        return
    found = [row for row in rows if row["outcome"] != "pass"]
    first = next(row for row in found if row["outcome"] == outcome)
    note = SubElement(element, ELEMENTS[outcome], type=outcome, message=_clean(_line(first)))
    note.text = _clean("\n".join(f"{row['outcome']}: {_line(row)}" for row in found))


def _line(row: Row) -> str:
    return f"{row['quantity']}: {summary.why(row)}"


def _verdict(suite: Element, report: Report) -> None:
    element = SubElement(suite, "testcase", classname="verdict", name="verdict", time="0.000000")
    reasons = report["verdict"]["reasons"]
    if reasons:
        note = SubElement(element, "failure", type="fail", message=_clean(summary.plain(reasons[0])))
        note.text = _clean("\n".join(reasons))


def _count(element: Element, suites: list[Element]) -> None:
    """Write the totals of ``suites`` on ``element``."""
    cases = [case for suite in suites for case in suite.findall("testcase")]
    element.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.6f}")


def _clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold, escaped or not."""
    return _UNWRITABLE.sub("�", text)
