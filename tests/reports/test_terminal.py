import io
from copy import deepcopy

import pytest
from rich.console import Console

from ptychoparity.reports.terminal import render_terminal


def printed(report, width=100, **options):
    stream = io.StringIO()
    render_terminal(report, Console(file=stream, width=width, **options))
    return stream.getvalue()


def test_green(green):
    text = printed(green[0])
    assert text.splitlines()[-1] == f"PASS: {len(green[0]['rows'])} pass"
    assert "not passing" not in text
    line = next(line for line in text.splitlines() if line.startswith("AMP-001"))
    assert line.split()[:2] == ["AMP-001", "Amplitudes"]
    assert line.count("ok 1/1") == 4


def test_red_says_everything_in_words(red):
    text = printed(red[0])
    lines = text.splitlines()
    assert lines[-1].startswith("FAIL: ")
    assert "1 fail, 1 error, 1 broken, 1 unsupported, 1 known" in lines[-1]
    amplitude = next(line for line in lines if line.startswith("AMP-001"))
    assert "FAIL 0/1" in amplitude
    assert "BROKEN" in amplitude
    assert "ERROR 0/1" in next(line for line in lines if line.startswith("OBJ-001"))
    assert "known 1/2" in next(line for line in lines if line.startswith("TXT-001"))
    assert "FAIL beta AMP-001/wide amplitude" in text
    assert "BROKEN gamma: its recording did not finish" in text
    for reason in red[0]["verdict"]["reasons"]:
        assert f"- {reason}" in lines


def test_who_is_nearer(green):
    assert "alpha 1, beta 0, both alike 2" in printed(green[0])


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_fits_the_width_without_colour_or_ellipsis(red, width):
    text = printed(red[0], width)
    assert max(map(len, text.splitlines())) <= min(width, 100)
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "…" not in text


def test_markup_in_messages_is_text(red):
    text = " ".join(printed(red[0]).split())
    assert "<script>alert('x')</script> | `code` & [bold]b[/bold]" in text


def test_colours_on_a_terminal(red):
    assert "\x1b[1;31m" in printed(red[0], force_terminal=True, color_system="standard")


def test_at_most_twenty_failures(red):
    report = deepcopy(red[0])
    failed = next(row for row in report["rows"] if row["outcome"] == "fail")
    report["rows"] += [{**failed, "case": f"copy-{number}"} for number in range(30)]
    text = printed(report)
    assert text.count("FAIL beta AMP-001/") == 19  # the error comes first
    assert "and 12 more, see report.html" in text


def test_too_few_cases_are_never_ok(green):
    report = deepcopy(green[0])
    next(item for item in report["coverage"] if item["backend"] == "alpha")["required"] = 5
    assert "SHORT 1/5 cases" in printed(report)
