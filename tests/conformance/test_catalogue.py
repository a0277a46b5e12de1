"""The questions and the expected answers themselves: none lost, none twice, none that asks nothing."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pytest

from ptychoparity.backends.contract import OPERATIONS
from ptychoparity.conformance import verdict
from ptychoparity.conformance.case import Case, Scenario
from ptychoparity.conformance.expected import EXPECTATIONS
from ptychoparity.conformance.golden import Golden, Law, Refusal
from ptychoparity.conformance.scenarios import SCENARIOS, select
from ptychoparity.conformance.storage import Reader
from ptychoparity.fixtures.minimal import load_minimal_path

IDS = [scenario.id for scenario in SCENARIOS]
FAMILIES = {"CFG", "DAT", "GRP", "PRB", "FWD", "PAT", "STI"}


@cache
def build(scenario: Scenario) -> list[Case]:
    return list(scenario.build(load_minimal_path()) if scenario.measured else scenario.build())


@pytest.fixture(scope="session")
def cases():
    """Names of the cases by scenario, and the operation of each."""
    return {scenario.id: {case.name: case for case in build(scenario)} for scenario in SCENARIOS}


@pytest.fixture(scope="session")
def truth(everything):
    """What the float64 reference answered, arrays left in the file."""
    reader = Reader(everything.references[0])
    assert reader.header["backend"] == "reference"
    yield reader
    reader.close()


# floors


def test_the_floors_are_the_numbers_of_cases(cases):
    """Adding a case raises the committed floor; losing one must be said aloud."""
    counted = {scenario: len(found) for scenario, found in cases.items()}
    floors = verdict.committed_floors()
    changed = {
        name: f"floors.json says {floors.get(name)}, there are {counted.get(name)}"
        for name in sorted({*counted, *floors})
        if counted.get(name) != floors.get(name)
    }
    assert not changed


def test_the_floors_are_whole_numbers_above_zero():
    text = files("ptychoparity.conformance").joinpath("floors.json").read_text("utf-8")
    pairs = json.loads(text, object_pairs_hook=list)
    assert len({name for name, _ in pairs}) == len(pairs)
    assert all(type(number) is int and number > 0 for _, number in pairs)


# names


def test_scenario_ids_are_unique_and_well_formed():
    assert len(set(IDS)) == len(IDS)
    assert [name for name in IDS if not re.fullmatch(r"[A-Z]{3}-\d{3}", name)] == []
    assert {name[:3] for name in IDS} == FAMILIES


def test_titles_are_there_and_unlike_within_a_family():
    titles = Counter((scenario.id[:3], scenario.title) for scenario in SCENARIOS)
    assert max(titles.values()) == 1
    assert all(scenario.title and scenario.spec for scenario in SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=IDS)
def test_case_names_are_unique_and_can_be_paths(scenario):
    names = [case.name for case in build(scenario)]
    assert len(set(names)) == len(names) > 0
    assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", name)] == []


def test_only_scenarios_of_measured_data_have_numbers_from_900(cases):
    assert {s.id for s in SCENARIOS if s.measured} == {name for name in cases if int(name[4:]) >= 900}


def test_every_operation_of_the_contract_is_asked(cases):
    asked = {case.operation for found in cases.values() for case in found.values()}
    assert asked == OPERATIONS


def test_every_operation_is_also_answered_by_the_reference(truth):
    performed = {
        truth.tree(case)["operation"]
        for case in truth.case_ids()
        if truth.tree(case)["status"] == "performed"
    }
    assert performed == OPERATIONS


def test_exact_cases_are_answered_alike_in_both_precisions(green):
    """A case that claims to round nothing would otherwise fail every backend that is right."""
    rows = [row for row in green["rows"] if row["kind"] == "exact" and row["outcome"] != "pass"]
    assert rows == []


@pytest.mark.parametrize("patterns", [("FWD-*",), ("CFG-001", "STI-00?"), ()])
def test_scenarios_are_selected_by_pattern(patterns):
    found = [scenario.id for scenario in select(patterns)]
    assert found == [
        name
        for name in IDS
        if not patterns or any(re.fullmatch(p.replace("*", ".*").replace("?", "."), name) for p in patterns)
    ]


def test_a_pattern_without_scenario_is_refused():
    with pytest.raises(LookupError, match=r"'XYZ-\*'.*CFG.*STI"):
        select(("FWD-*", "XYZ-*"))


def test_cases_are_built_alike_every_time(tmp_path, everything):
    from ptychoparity.conformance.casefile import write_cases

    again = tmp_path / "again.h5"
    write_cases(again, select(("FWD-00[1-4]", "GRP-00[1-3]")), load_minimal_path())
    first, second = Reader(everything.cases), Reader(again)
    assert {case: first.tree(case) for case in second.case_ids()} == {
        case: second.tree(case) for case in second.case_ids()
    }
    first.close()
    second.close()


def test_every_case_survives_the_file(everything, cases):
    reader = Reader(everything.cases)
    assert sorted(reader.case_ids()) == sorted(f"{s}/{c}" for s in cases for c in cases[s])
    for case_id in reader.case_ids():
        scenario, name = case_id.split("/")
        tree = reader.tree(case_id)
        assert set(tree["inputs"]) == set(cases[scenario][name].inputs)
        assert (tree["operation"], tree["exact"]) == (
            cases[scenario][name].operation,
            cases[scenario][name].exact,
        )
    reader.close()


# expectations


def described(expectation):
    kind = type(expectation).__name__
    return f"{kind}-{expectation.check}-{expectation.case}-{getattr(expectation, 'quantity', 'error')}"


def test_every_expectation_refers_to_a_case(cases):
    known = {f"{scenario}/{name}" for scenario, found in cases.items() for name in found}
    asked = {item.case for item in EXPECTATIONS} | {getattr(i, "other", i.case) for i in EXPECTATIONS}
    assert sorted(asked - known) == []


def test_every_expectation_refers_to_a_recorded_quantity(truth):
    absent = []
    for item in EXPECTATIONS:
        if isinstance(item, Refusal):
            continue
        looked_at = [(item.case, item.quantity)]
        if isinstance(item, Law):
            looked_at.append((item.other, item.other_quantity or item.quantity))
        absent += [
            (case, quantity)
            for case, quantity in looked_at
            if quantity not in truth.tree(case).get("outputs", {})
        ]
    assert absent == []


def test_every_refusal_is_one_and_every_case_that_is_refused_has_its_words(truth):
    refused = {case for case in truth.case_ids() if truth.tree(case)["status"] == "raised"}
    assert {item.case for item in EXPECTATIONS if isinstance(item, Refusal)} == refused


def test_refusals_ask_for_words():
    assert [item.case for item in EXPECTATIONS if isinstance(item, Refusal) and not all(item.words)] == []
    assert all(item.words for item in EXPECTATIONS if isinstance(item, Refusal))


def test_no_expectation_is_written_twice():
    """Equal in everything that can be compared: check, case, quantity, what is looked at, expected."""
    seen = Counter(
        (described(item), item.measure.label, repr(item.expected))
        for item in EXPECTATIONS
        if isinstance(item, Golden)
    )
    assert [key for key, number in seen.items() if number > 1] == []


def test_no_law_compares_a_thing_with_itself():
    idle = [
        item
        for item in EXPECTATIONS
        if isinstance(item, Law)
        and (item.case, item.quantity, item.measure)
        == (
            item.other,
            item.other_quantity or item.quantity,
            item.other_measure,
        )
        and item.factor == 1
    ]
    assert idle == []


def test_every_expectation_has_its_row_and_passes(green):
    judged = ("reference", "reference-float32")
    rows = [row for row in green["rows"] if row["check"]]
    assert len(rows) == len(judged) * len(EXPECTATIONS)
    assert {row["outcome"] for row in rows} == {"pass"}


def test_expectations_bite(everything):
    """Each golden value and law fails when the quantity that it looks at is moved by three tolerances.

    A dictionary entry, a text or a shape is replaced instead.
    """
    from ptychoparity.conformance.expectations import answer_rows

    reader = Reader(everything.references[0])
    idle = []
    for item in EXPECTATIONS:
        if isinstance(item, Refusal):
            continue
        answers = {case: reader.load(case) for case in {item.case, getattr(item, "other", item.case)}}
        moved = {**answers[item.case], "outputs": dict(answers[item.case]["outputs"])}
        moved["outputs"][item.quantity] = disturbed(moved["outputs"][item.quantity])
        (row,) = answer_rows("moved", {**answers, item.case: moved}, answers, [item])
        if row.outcome == "pass" and not indifferent(item):
            idle.append(described(item) + " " + row.message)
    reader.close()
    assert idle == []


def disturbed(value):
    """Another value of another size, so that whatever is looked at changes."""
    if isinstance(value, dict):
        return {key: f"not {item}" for key, item in value.items()} or {"some": "entry"}
    if value is None:
        return np.zeros(3)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fciu":
        wide = value.astype(np.clongdouble if value.dtype.kind == "c" else np.longdouble)
        return wide * 0.7 + 1.3 + np.arange(value.size).reshape(value.shape)
    if isinstance(value, np.ndarray):
        return ~value & (np.arange(value.size).reshape(value.shape) % 7 != 1)
    return value + 1 if isinstance(value, float) else "another"


def indifferent(item):
    """What a disturbance of values cannot move: shapes, presence, sizes and absent entries."""
    labels = ("shape", "present", "number of entries")
    absent = isinstance(item, Golden) and item.expected is None
    counts = item.measure.label in ("fewest distinct members of a group", "pixels above 0")
    return isinstance(item, Golden) and (item.measure.label in labels or absent or counts)


# numbered checks


@dataclass(frozen=True)
class Announced:
    """A check that a scenario's spec text announces: its number, with its letter where it has one."""

    scenario: str
    check: str


def announced(scenario):
    """``F1-F4``, ``T12``, ``S10-S12``, ``checks 1-6``, ``check 16``, ``checks 53, 54``."""
    text, found = scenario.spec, []
    for letter, first, last in re.findall(r"\b([FTS])(\d+)(?:-[FTS](\d+))?", text):
        found += [f"{letter}{n}" for n in range(int(first), int(last or first) + 1)]
    for part in re.findall(r"checks? ((?:\d+(?:-\d+)?(?:, )?)+)", text):
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", part):
            found += [str(n) for n in range(int(first), int(last or first) + 1)]
    return [Announced(scenario.id, check) for check in found]


CHECKS = [item for scenario in SCENARIOS for item in announced(scenario)]


def test_announcements_are_understood():
    assert Announced("FWD-001", "F3") in CHECKS
    assert Announced("STI-003", "S11") in CHECKS
    assert Announced("GRP-007", "57") in CHECKS
    assert Announced("CFG-003", "6") in CHECKS
    assert Announced("CFG-001", "3") not in CHECKS
    assert len(CHECKS) > 80


def named(name):
    """Checks that a case name carries: ``legacy-S2``, ``irr-check-1``."""
    return {*re.findall(r"(?:^|-)([FTS]\d+)(?=-|$)", name), *re.findall(r"check-(\d+)", name)}


@pytest.mark.parametrize("item", CHECKS, ids=lambda item: f"{item.scenario}-check-{item.check}")
def test_every_announced_check_is_asked_or_expected(item, cases):
    by_name = {check for name in cases[item.scenario] for check in named(name)}
    expected = {e.check for e in EXPECTATIONS if e.case.startswith(f"{item.scenario}/")}
    assert item.check in by_name | expected


def test_every_check_in_a_case_name_is_announced(cases):
    numbered = {Announced(s, check) for s in cases for name in cases[s] for check in named(name)}
    assert sorted(str(item) for item in numbered - set(CHECKS)) == []
