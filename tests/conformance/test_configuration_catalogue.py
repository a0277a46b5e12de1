"""The CFG scenarios ask about every field there is, on either side, and about every pair of values."""

from dataclasses import fields
from itertools import combinations

import pytest

from ptychoparity.conformance.expected import EXPECTATIONS
from ptychoparity.conformance.golden import Golden
from ptychoparity.conformance.scenarios import select
from ptychoparity.conformance.scenarios.configuration_pairs import (
    CANONICAL_LEVELS,
    CANONICAL_ROWS,
    NATIVE_LEVELS,
    NATIVE_ROWS,
)
from ptychoparity.conformance.scenarios.configuration_values import (
    CARRIED,
    INFERENCE,
    MODEL,
    NATIVE,
    TRAINING,
)
from ptychoparity.reference.config import KEY_MAPPINGS, InferenceConfig, ModelConfig, TrainingConfig
from ptychoparity.reference.config.native import NATIVE_CLASSES


@pytest.fixture(scope="module")
def cases():
    """Cases by name, by scenario."""
    return {item.id: {case.name: case for case in item.build()} for item in select(("CFG-*",))}


def looked_at(prefix):
    """Entries of the legacy dictionary that are expected of the cases whose name begins like this."""
    return {
        (item.case, item.measure.label)
        for item in EXPECTATIONS
        if isinstance(item, Golden) and item.quantity == "legacy" and item.case.startswith(prefix)
    }


def test_check_01_every_field_of_every_class_has_a_case_of_its_own_and_an_expected_entry(cases):
    """All 75 pairs of class and field; the nested model is no leaf, and must have gone from the result."""
    classes = {"model": ModelConfig, "training": TrainingConfig, "inference": InferenceConfig}
    pairs = [(kind, field.name) for kind, cls in classes.items() for field in fields(cls)]
    leaves = [pair for pair in pairs if pair[1] != "model"]
    assert (len(pairs), len(leaves)) == (75, 73)
    seen = looked_at("CFG-001/")
    for kind, name in leaves:
        case = f"{kind}-{name.replace('_', '-')}-check-1"
        assert case in cases["CFG-001"]
        entry = KEY_MAPPINGS.get(name, name)
        assert (f"CFG-001/{case}", f"[{entry!r}]") in seen
        assert entry == name or (f"CFG-001/{case}", f"[{name!r}]") in seen
    assert all((f"CFG-001/{kind}-check-1", "['model']") in seen for kind in ("training", "inference"))


def test_every_field_that_is_asked_about_differs_from_its_default():
    """All but the architecture, of which there is one."""
    values = {ModelConfig: MODEL, TrainingConfig: TRAINING, InferenceConfig: INFERENCE}
    for cls, given in values.items():
        assert given.keys() == {field.name for field in fields(cls)} - {"model"}
        alike = {field.name for field in fields(cls) if given.get(field.name) == field.default}
        assert alike == ({"architecture"} if cls is ModelConfig else set())


def test_every_bridged_native_field_has_a_case_and_every_other_one_is_idle_in_one(cases):
    """42 native sources one by one, nine generator fields together, the other 80 where nothing changes."""
    native_names = {
        f"{part}.{field.name}"
        for part, cls in zip(("data", "model", "training", "inference"), NATIVE_CLASSES, strict=True)
        for field in fields(cls)
    }
    assert (len(native_names), len(NATIVE), len(CARRIED)) == (131, 42, 9)
    alone = {f"{name.replace('.', '-').replace('_', '-')}-check-39" for name in NATIVE}
    assert alone < cases["CFG-006"].keys()
    assert {case.rpartition("/")[2] for case, _ in looked_at("CFG-006/")} >= alone
    assert changed(cases["CFG-006"]["carried"], cases["CFG-007"]["training-base"]) == CARRIED.keys()
    idle = set()
    for name, case in cases["CFG-007"].items():
        if name.endswith("-check-46"):
            idle |= changed(case, cases["CFG-007"][f"{name.partition('-')[0]}-base"])
    assert idle == native_names - NATIVE.keys() - CARRIED.keys()


def changed(case, base):
    """Native fields in which two cases of `to_canonical` differ."""
    one, other = (
        {
            f"{part}.{name}": value
            for part, encoded in item.inputs["sets"][0]["native"]["fields"].items()
            if encoded is not None
            for name, value in encoded["fields"].items()
        }
        for item in (case, base)
    )
    return {name for name in one if one[name] != other[name]}


@pytest.mark.parametrize(
    ("rows", "levels"),
    [(CANONICAL_ROWS, CANONICAL_LEVELS), (NATIVE_ROWS, NATIVE_LEVELS)],
    ids=["canonical", "native"],
)
def test_every_pair_of_values_of_every_two_fields_is_in_a_row(rows, levels):
    """Read from the rows themselves, with what they are bridged onto as a field among the others."""
    for kind, parameters in levels.items():
        mine = [{"onto": onto, **row} for name, (onto, row) in rows.items() if name.startswith(kind)]
        asked = [name for name in parameters if name != "loss"]
        for one, other in combinations(asked, 2):
            met = {(repr(row[one]), repr(row[other])) for row in mine}
            assert met == {(repr(a), repr(b)) for a in parameters[one] for b in parameters[other]}
