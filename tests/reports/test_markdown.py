import re
from copy import deepcopy

from ptychoparity.reports.markdown import render_markdown


def test_green(green):
    text = render_markdown(green[0])
    assert text.startswith("## ✅ Parity holds: alpha and beta against the float64 reference")
    assert "Not passing" not in text
    assert "### Smallest margins" in text
    assert "| AMP-001 | Amplitudes | ✅ ok 1/1 |" in text


def test_red(red):
    text = render_markdown(red[0])
    assert text.startswith("## ❌ Parity does not hold: alpha, beta and gamma")
    assert "### Not passing: 3" in text
    for words in ("❌ FAIL 0/1", "❌ ERROR 0/1", "❌ BROKEN", "⚠️ known 1/2", "➖ unsupported 1/2"):
        assert words in text
    for reason in red[0]["verdict"]["reasons"]:
        assert f"- {reason}" in text


def test_a_backend_that_was_left_out_is_shown(green):
    assert "- left out: no gamma" in render_markdown({**green[0], "left_out": ["no gamma"]})


def test_messages_hold_no_markup(red):
    text = render_markdown(red[0])
    assert not re.search(r"[<>`\x00\x1b]", text)
    assert "&#60;script&#62;" in text
    assert "&#124; &#96;code&#96; &#38; &#91;bold&#93;" in text


def test_every_table_line_has_as_many_cells_as_its_head(red):
    lines = render_markdown(red[0]).splitlines()
    for index, line in enumerate(lines):
        if re.fullmatch(r"\|( --- \|)+", line):
            table = []
            for row in lines[index - 1 :]:
                if not row.startswith("|"):
                    break
                table.append(row.count("|"))
            assert len(table) > 2
            assert len(set(table)) == 1


def test_at_most_thirty_failures_and_five_margins(red):
    report = deepcopy(red[0])
    failed = next(row for row in report["rows"] if row["outcome"] == "fail")
    passed = next(row for row in report["rows"] if row["outcome"] == "pass" and row["backend"] == "beta")
    report["rows"] += [{**failed, "case": f"copy-{number}"} for number in range(40)]
    report["rows"] += [{**passed, "margin": 1.5 + number, "case": f"near-{number}"} for number in range(9)]
    text = render_markdown(report)
    assert sum(line.startswith(("| fail |", "| error |", "| broken |")) for line in text.splitlines()) == 30
    assert "and 13 more, see report.html" in text
    assert re.findall(r"^\| ×(\S+) ", text, re.MULTILINE) == ["1.5", "2.5", "3.5", "4.5", "5.5"]
