"""The kill matrix: every seeded fault is caught, by the family whose thing it breaks, and health is not."""

import re
from collections import Counter

import pytest

from ptychoparity.backends.contract import OPERATIONS
from ptychoparity.conformance.faults import FAULTS, Fault
from ptychoparity.conformance.kill import kill_matrix

FAMILY = {
    "bridge": "CFG",
    "to_native": "CFG",
    "to_canonical": "CFG",
    "read_raw": "DAT",
    "group": "GRP",
    "container": "DAT",
    "split": "DAT",
    "batch": "DAT",
    "default_probe": "PRB",
    "probe_from_patterns": "PRB",
    "probe_mask": "PRB",
    "soft_probe_mask": "PRB",
    "normalize_probe": "PRB",
    "intensity_scale": "PRB",
    "illuminate": "FWD",
    "smooth": "FWD",
    "diffract": "FWD",
    "forward": "FWD",
    "translate": "PAT",
    "object_patches": "PAT",
    "extract": "PAT",
    "assemble": "STI",
    "stitch": "STI",
}
NAMES = [fault.name for fault in FAULTS]


@pytest.fixture(scope="session")
def matrix(lean):
    """One entry a fault, by name; also what was told of the progress."""
    evidence, cases = lean
    told = []
    kills = kill_matrix(evidence, cases, FAULTS, told.append)
    assert told == NAMES
    return {kill.fault: kill for kill in kills}


def test_names_are_unique_and_in_words():
    assert len(set(NAMES)) == len(NAMES) >= 15
    assert [name for name in NAMES if not re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)+", name)] == []
    assert "none" not in NAMES


def test_every_family_has_faults():
    assert set(FAMILY) == OPERATIONS
    counted = Counter(FAMILY[fault.operation] for fault in FAULTS)
    assert set(counted) == {"CFG", "DAT", "GRP", "PRB", "FWD", "PAT", "STI"}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_has_a_fault(operation):
    assert operation in {fault.operation for fault in FAULTS}


def test_the_control_survives(matrix):
    control = matrix["none"]
    assert control.caught == {}
    assert not control.killed
    assert control.cases > 150


@pytest.mark.parametrize("name", NAMES)
def test_the_fault_is_caught_by_its_own_family(matrix, name):
    kill = matrix[name]
    assert kill.killed
    assert kill.cases > 0
    assert FAMILY[kill.operation] in {scenario[:3] for scenario in kill.caught}
    assert kill.example


def test_a_fault_that_nobody_notices_survives(lean, fewer):
    """The matrix can say so: a fault that changes nothing."""
    evidence, cases = lean
    harmless = Fault("changes-nothing", "probe_mask", lambda right: lambda side: right(side))
    few = fewer(cases, lambda case_id: case_id.startswith("PRB-001/"))
    _, kill = kill_matrix(evidence, few, [harmless], lambda _: None)
    assert not kill.killed
    assert kill.cases > 0
    assert kill.example == ""
