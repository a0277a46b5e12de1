"""The handbook says what the code says: scenarios, contract, links, and an example that runs."""

import re
from pathlib import Path

import numpy as np
import pytest

from ptychoparity.backends import reference
from ptychoparity.backends.contract import OPERATIONS, Backend, Unsupported
from ptychoparity.cli import COMMANDS
from ptychoparity.conformance.faults import FAULTS
from ptychoparity.conformance.judge import OUTCOMES
from ptychoparity.conformance.scenarios import SCENARIOS
from ptychoparity.conformance.verdict import committed_floors

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def scenario_table() -> str:
    floors = committed_floors()
    lines = [f"| {s.id} | {s.title} | {s.spec} | {floors[s.id]} |" for s in SCENARIOS]
    return "\n".join(["| id | title | specification | cases |", "| --- | --- | --- | ---: |", *lines])


def test_the_scenario_table_is_the_codes():
    found = re.search(
        r"<!-- scenarios:[^\n]*\n(.*?)\n<!-- end of scenarios -->", text_of("scenarios.md"), re.S
    )
    wanted = scenario_table()
    assert found is not None, "docs/scenarios.md has lost its marker lines"
    assert found[1] == wanted, f"the table in docs/scenarios.md should be:\n\n{wanted}\n"


def test_the_number_of_all_cases_is_the_floors():
    total = sum(committed_floors().values())
    stated = {int(number) for page in PAGES for number in re.findall(r"[Aa]ll (\d+) cases", page.read_text())}
    assert stated == {total}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_the_contract_page_describes_every_operation(operation):
    assert f"\n| `{operation}` |" in text_of("backends.md")


def test_every_page_is_reached_from_the_index():
    linked = set(re.findall(r"\]\((\w+\.md)\)", text_of("index.md")))
    assert linked == {page.name for page in PAGES} - {"index.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target, heading in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        other = page.parent / (target or page.name)
        assert other.is_file(), target
        headings = [
            re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
            for line in re.findall(
                r"^#+ (.*)$", other.read_text("utf-8") if other.suffix == ".md" else "", re.M
            )
        ]
        assert not heading or heading in headings, heading


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scenarios_and_commands_that_pages_name_exist(page):
    text = page.read_text("utf-8")
    ids = {scenario.id for scenario in SCENARIOS}
    assert set(re.findall(r"\b(?:CFG|DAT|GRP|PRB|FWD|PAT|STI)-\d{3}\b", text)) <= ids
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    assert set(re.findall(r"^\s*ptychoparity (\w+)", shell, re.M)) <= COMMANDS.keys()


def test_faults_that_findings_name_exist():
    lines = [line for line in text_of("findings.md").splitlines() if "fault" in line and "Guarded" in line]
    named = {name for line in lines for name in re.findall(r"`([a-zA-Z-]+)`", line.partition("fault")[2])}
    assert named
    assert named <= {fault.name for fault in FAULTS}


def test_the_user_page_explains_every_outcome():
    assert all(f"\n| `{outcome}` |" in text_of("using.md") for outcome in OUTCOMES)


@pytest.fixture(scope="module")
def toy():
    (source,) = re.findall(r"```python\n(\"\"\"A backend.*?)```", text_of("backends.md"), re.S)
    scope: dict[str, object] = {}
    exec(compile(source, "docs/backends.md", "exec"), scope)
    return scope["backend"]()


def test_the_example_backend_keeps_the_contract(toy):
    assert isinstance(toy, Backend)
    have = toy.capabilities().operations
    assert have < OPERATIONS
    for operation in OPERATIONS - have:
        with pytest.raises(Unsupported, match=operation):
            getattr(toy, operation)(1, 2, 3)


def test_the_example_backend_computes_what_the_reference_does(toy):
    draws = np.random.default_rng(5)
    patches, probe = (
        (draws.normal(size=shape) + 1j * draws.normal(size=shape)).astype(np.complex64)
        for shape in ((2, 16, 16, 4), (2, 16, 16))
    )
    truth = reference.float64()
    normalised, norm = toy.normalize_probe(probe, 4.0)
    amplitude = toy.diffract(toy.illuminate(patches, normalised))
    right, right_norm = truth.normalize_probe(probe, 4.0)
    expected = truth.diffract(truth.illuminate(patches, right))
    assert norm == pytest.approx(right_norm, rel=1e-6)
    assert amplitude.dtype == np.float32
    np.testing.assert_allclose(amplitude, expected, rtol=0, atol=1e-6 * expected.max())
    assert toy.intensity_scale(amplitude, 1e6) == pytest.approx(
        truth.intensity_scale(expected, 1e6), rel=1e-6
    )
    with pytest.raises(ValueError, match="probe_guess"):
        toy.illuminate(patches, probe[0])
