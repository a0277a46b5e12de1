import base64
import io
import re
from copy import deepcopy
from html.parser import HTMLParser

import pytest
from PIL import Image

from ptychoparity.reports.html import render_html

VOID = {"meta", "img", "input", "link", "br", "hr"}


class Page(HTMLParser):
    """Every element with its attributes; fails on tags that do not nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    def all(self, tag, **wanted):
        found = [attrs for name, attrs in self.elements if name == tag]
        return [attrs for attrs in found if all(attrs.get(key) == value for key, value in wanted.items())]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def images(page):
    return [
        Image.open(io.BytesIO(base64.b64decode(attrs["src"].removeprefix("data:image/png;base64,"))))
        for attrs in page.all("img")
    ]


def test_a_backend_that_was_left_out_is_shown(green):
    report, folder = green
    left_out = {**report, "left_out": ["backend 'gamma' cannot be imported <b>"]}
    assert "Left out: backend 'gamma' cannot be imported <b>" in Page(render_html(left_out, folder)).text


def test_green(green):
    report, folder = green
    page = Page(render_html(report, folder))
    assert "Parity holds: alpha and beta against the float64 reference, 20 of 20 rows pass" in page.text
    assert f"partial: {len(report['scenarios'])} of {report['scenarios_in_suite']} scenarios" in page.text
    assert "Nothing failed, raised or broke" in page.text
    assert not any("open" in attrs for attrs in page.all("details"))
    assert len(page.all("tbody", **{"class": "line"})) == 5  # four quantities and a refusal
    for item in report["evidence"]:
        assert item["sha256"][:12] in page.text


def test_red(red):
    report, folder = red
    page = Page(render_html(report, folder))
    assert "Parity does not hold" in page.text
    assert "gamma is broken: exit status 139 <b>bold</b>" in page.text
    for reason in report["verdict"]["reasons"]:
        assert reason in page.text
    for words in ("off by 1 at (1, 3, 2, 1)", "no bridge here", "known until 9999-01-01: fixed upstream"):
        assert words in page.text
    for words in ("FAIL 0/1", "ERROR 0/1", "BROKEN", "known 1/2", "unsupported 1/2"):
        assert words in page.text
    assert all("open" in attrs for attrs in page.all("details", **{"class": "scenario"}))


def test_a_section_of_which_too_few_cases_ran_is_open(green):
    report = deepcopy(green[0])
    counted = next(item for item in report["coverage"] if item["backend"] == "alpha")
    counted["required"] = 5
    page = Page(render_html(report, None))
    (opened,) = [attrs for attrs in page.all("details") if "open" in attrs]
    assert opened["id"] == counted["scenario"]
    assert "SHORT 1/5 cases" in page.text


def test_every_cell_of_the_matrix_leads_to_its_section(red):
    report, folder = red
    page = Page(render_html(report, folder))
    sections = {attrs["id"] for attrs in page.all("details", **{"class": "scenario"})}
    links = [attrs["href"] for attrs in page.all("a") if attrs.get("class", "").startswith("cell ")]
    assert sections == set(report["scenarios"])
    assert len(links) == 3 * 5
    assert {link.removeprefix("#") for link in links} == sections


def test_lines_carry_the_outcomes_for_the_filter(red):
    page = Page(render_html(*red))
    outcomes = [attrs["data-o"].split() for attrs in page.all("tbody") if "data-o" in attrs]
    assert all(len(item) == 4 for item in outcomes), "one for each backend that answered"
    assert sum(item.count("fail") for item in outcomes) == 1
    assert sum(item.count("error") for item in outcomes) == 1
    assert sum(item.count("known") for item in outcomes) == 1
    assert sum(item.count("unsupported") for item in outcomes) == 1


def test_messages_are_escaped(red):
    report = deepcopy(red[0])
    report["broken"][0]["reason"] = "<img src=x onerror=alert(1)>"
    report["verdict"]["reasons"].append("</ul><script>alert(2)</script>")
    report["scenarios"]["OBJ-001"]["title"] = "<i>title</i>"
    text = render_html(report, red[1])
    page = Page(text)
    assert len(page.all("script")) == 1
    assert "alert('x')" not in re.sub(r"<script>\n//.*?</script>", "", text, flags=re.DOTALL)
    assert "<script>alert('x')</script> | `code` & [bold]b[/bold]" in page.text
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "<i>title</i>" in page.text
    assert not {"\x00", "\x1b"} & set(text)


def test_the_page_asks_nobody_for_anything(red):
    text = render_html(*red)
    assert not re.search(r"https?:|//[a-z]+\.[a-z]+|@import|url\(", text)
    page = Page(text)
    assert page.all("link") == []
    assert all("src" not in attrs for attrs in page.all("script"))
    assert all(attrs["src"].startswith("data:image/png;base64,") for attrs in page.all("img"))
    assert all(attrs["href"].startswith("#") for attrs in page.all("a"))


def test_pictures_are_the_worst_slices(green):
    page = Page(render_html(*green))
    sizes = [image.size for image in images(page)]
    # Amplitude: three values, two differences, one between alpha and beta, which are alike elsewhere.
    assert sizes.count((8, 8)) == 3 + 2 + 1
    # Object: amplitudes, phases, two |difference|s. Weight: values and two differences.
    assert sizes.count((12, 12)) == 3 + 3 + 2 + 3 + 2
    assert set(sizes) == {(8, 8), (12, 12)}
    assert "amplitude[1, :, :, 1], worst element (1, 3, 2, 1) in beta" in page.text
    assert all(attrs["loading"] == "lazy" and attrs["alt"] for attrs in page.all("img"))


def test_pictures_of_a_failure(red):
    page = Page(render_html(*red))
    captions = [attrs["alt"] for attrs in page.all("img")]
    assert captions.count("beta − reference") >= 1
    assert "worst element (1, 3, 2, 1) in beta" in page.text
    assert "-1 1" in page.text  # the ends of the scale of beta's difference


def test_a_missing_file_leaves_a_note_and_the_rest(green):
    report, folder = green
    (folder / "beta.h5").unlink()
    page = Page(render_html(report, folder))
    assert "No pictures of beta: its evidence file beta.h5 is missing." in page.text
    captions = {attrs["alt"] for attrs in page.all("img")}
    assert "alpha − reference" in captions
    assert "beta − reference" not in captions
    assert len(page.all("tbody", **{"class": "line"})) == 5


def test_another_file_than_the_judged_one_is_not_shown(green):
    report, folder = green
    (folder / "beta.h5").write_bytes((folder / "alpha.h5").read_bytes())
    page = Page(render_html(report, folder))
    assert "No pictures of beta: beta.h5 is not the file that was judged" in page.text
    assert "beta − reference" not in {attrs["alt"] for attrs in page.all("img")}


@pytest.mark.parametrize("folder", [None, "empty"])
def test_without_evidence_there_are_no_pictures_but_a_page(green, tmp_path, folder):
    page = Page(render_html(green[0], folder and tmp_path / folder))
    assert page.all("img") == []
    assert "No pictures" in page.text
    assert "Parity holds" in page.text


def test_smallest_margins_come_first(green):
    page = Page(render_html(*green))
    margins = sorted(
        row["margin"] for row in green[0]["rows"] if row["margin"] and row["backend"] in ("alpha", "beta")
    )
    table = page.text[page.text.index("Smallest margins") : page.text.index("Nearer to the reference")]
    shown = [float(item) for item in re.findall(r"×([\d.e]+)", table)]
    assert shown == pytest.approx(margins[:10], rel=0.1)


def test_who_is_nearer(green):
    page = Page(render_html(*green))
    assert re.search(r"Of 3 comparisons .* alpha 1 beta 0 both alike 2", page.text)


def test_the_order_of_checks_of_one_quantity_is_kept(green):
    report = deepcopy(green[0])
    template = next(row for row in report["rows"] if row["case"] == "wide" and row["backend"] == "alpha")
    for backend in ("reference", "alpha"):
        for label in ("sum", "corner"):
            report["rows"].append(
                {**template, "backend": backend, "kind": "golden", "check": "F5", "message": label}
            )
    page = Page(render_html(report, green[1]))
    assert page.text.index("amplitude sum") < page.text.index("amplitude corner")
    assert len(page.all("tbody", **{"class": "line"})) == 7
