"""Embedded metadata (spec data.md 1.5; checks 49, 51, 69)."""

import copy
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig, legacy
from ptychoparity.reference.data.metadata import (
    add_transformation_record,
    create_metadata,
    get_nphotons,
    merge_metadata,
    parse_metadata,
    validate_parameters,
)
from ptychoparity.reference.data.metadatafile import load_with_metadata, save_with_metadata

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STAMP = "2026-01-02T03:04:05Z"


@pytest.fixture
def config():
    return TrainingConfig(
        model=ModelConfig(N=128, gridsize=2, model_type="supervised"),
        nphotons=1e6,
        n_groups=7,
        batch_size=8,
        nepochs=3,
        nll_weight=0.5,
        probe_trainable=True,
    )


def test_parts_and_names_of_the_format(config):
    metadata = create_metadata(config, "make.py", created=MOMENT, hostname="lab", buffer=3.5, seed=4)
    version = metadata["creation_info"].pop("ptychopinn_version")
    assert isinstance(version, str)
    assert metadata == {
        "schema_version": "1.0.0",
        "creation_info": {"timestamp": STAMP, "script": "make.py", "hostname": "lab"},
        "physics_parameters": {
            "nphotons": 1e6,
            "gridsize": 2,
            "N": 128,
            "probe_trainable": True,
            "intensity_scale_trainable": True,
            "nll_weight": 0.5,
            "model_type": "supervised",
        },
        "training_parameters": {"n_images": 7, "batch_size": 8, "nepochs": 3},
        "data_transformations": [],
        "additional_parameters": {"buffer": 3.5, "seed": 4},
    }


def test_legacy_dictionary_serves_as_configuration():
    cfg = dict(legacy.LEGACY_DEFAULTS) | {"probe.trainable": True, "n_groups": 9}
    metadata = create_metadata(cfg, "make.py", created=MOMENT)
    assert metadata["physics_parameters"] == {
        "nphotons": 1e9,
        "gridsize": 2,
        "N": 128,
        "probe_trainable": True,
        "intensity_scale_trainable": False,
        "nll_weight": 1.0,
        "model_type": "pinn",
    }
    assert metadata["training_parameters"] == {"n_images": 9, "batch_size": 16, "nepochs": 60}
    assert "additional_parameters" not in metadata


def test_what_a_configuration_lacks_is_left_out():
    metadata = create_metadata(InferenceConfig(ModelConfig(), Path(), Path()), "infer.py")
    assert "batch_size" not in metadata["training_parameters"]
    assert "nphotons" not in metadata["physics_parameters"]
    assert metadata["creation_info"]["hostname"]


def test_time_is_utc_by_default_and_by_conversion(config):
    now = create_metadata(config, "make.py")["creation_info"]["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", now)
    east = MOMENT.astimezone(timezone(timedelta(hours=9)))
    assert create_metadata(config, "m", created=east)["creation_info"]["timestamp"] == STAMP
    with pytest.raises(ValueError, match="no time zone"):
        create_metadata(config, "m", created=MOMENT.replace(tzinfo=None))


def test_files_keep_arrays_and_metadata_and_change_neither(config, tmp_path):
    arrays = {"a": np.arange(3), "b": [[1.5, 2j]], "c": np.array("text")}
    metadata = create_metadata(
        config, "make.py", seed=np.int64(3), grid=np.arange(2.0), ok=np.bool_(True), input_file=Path("in.npz")
    )
    before = copy.deepcopy((arrays, metadata))
    path = tmp_path / "out.npz"
    save_with_metadata(path, arrays, metadata)
    assert "_metadata" not in arrays
    assert str(before) == str((arrays, metadata))
    read, again = load_with_metadata(path)
    assert sorted(read) == ["a", "b", "c"]
    assert all(np.array_equal(read[key], arrays[key]) for key in arrays)
    plain = {"seed": 3, "grid": [0.0, 1.0], "ok": True, "input_file": "in.npz"}
    assert again == metadata | {"additional_parameters": plain}
    with np.load(path, allow_pickle=False) as stored:
        assert json.loads(stored["_metadata"].item()) == again


def test_a_file_without_metadata_or_with_broken_ones_still_loads(tmp_path):
    np.savez(tmp_path / "plain.npz", a=np.arange(3))
    arrays, metadata = load_with_metadata(tmp_path / "plain.npz")
    assert metadata is None
    assert arrays["a"].tolist() == [0, 1, 2]
    np.savez(tmp_path / "broken.npz", a=np.arange(3), _metadata=np.array("{"))
    with pytest.warns(UserWarning, match="not valid JSON"):
        arrays, metadata = load_with_metadata(tmp_path / "broken.npz")
    assert metadata is None
    assert list(arrays) == ["a"]


def test_nothing_is_pickled_and_nothing_half_written(tmp_path):
    path = tmp_path / "out.npz"
    with pytest.raises(TypeError, match=r"out\.npz: odd: dtype object would be pickled"):
        save_with_metadata(path, {"odd": np.array([None, 1], object)}, {})
    with pytest.raises(TypeError, match="_metadata: object cannot be written as JSON"):
        save_with_metadata(path, {"a": np.arange(2)}, {"odd": object()})
    assert list(tmp_path.iterdir()) == []


def test_pickled_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "odd.npz", odd=np.array([None, 1], object))
    with pytest.raises(ValueError, match=r"odd\.npz: odd: pickled"):
        load_with_metadata(tmp_path / "odd.npz")


def test_transformations_are_appended_to_a_copy(config):
    metadata = create_metadata(config, "make.py", created=MOMENT)
    once = add_transformation_record(metadata, "crop", "crop_patterns", {"side": 64}, at=MOMENT)
    twice = add_transformation_record(once, "flip", "flip_x", at=MOMENT)
    assert metadata["data_transformations"] == []
    assert len(once["data_transformations"]) == 1
    assert twice["data_transformations"] == [
        {"tool": "crop", "timestamp": STAMP, "operation": "crop_patterns", "parameters": {"side": 64}},
        {"tool": "flip", "timestamp": STAMP, "operation": "flip_x", "parameters": {}},
    ]
    assert add_transformation_record({}, "crop", "crop")["data_transformations"][0]["tool"] == "crop"
    with pytest.raises(ValueError, match="data_transformations: expected a list, got str"):
        add_transformation_record({"data_transformations": "none"}, "crop", "crop")


@pytest.mark.parametrize(
    ("metadata", "options", "expected"),
    [
        ({"physics_parameters": {"nphotons": 1e5}}, {"config": {"nphotons": 1e6}}, 1e5),
        ({"nphotons": 1e5, "physics_parameters": {}}, {"config": {"nphotons": 1e6}}, 1e5),
        ({"physics_parameters": {"N": 64}}, {"config": {"nphotons": 1e6}}, 1e6),
        ({"physics_parameters": {"N": 64}}, {"config": TrainingConfig(ModelConfig(), nphotons=1e6)}, 1e6),
        ({"physics_parameters": {"nphotons": None}}, {"config": {"nphotons": 1e6}, "default": 3.0}, 1e6),
        (None, {"config": {"nphotons": 1e6}}, 1e6),
        ({"physics_parameters": "none"}, {"default": 3.0}, 3.0),
        ({}, {"config": {}}, 1e9),
        (None, {}, 1e9),
    ],
    ids=[
        "metadata-wins",
        "at-the-top",
        "check-69",
        "check-69-object",
        "check-69-null",
        "check-69-no-metadata",
        "default",
        "config-without",
        "built-in",
    ],
)
def test_check_69_photons_of_metadata_then_configuration_then_default(metadata, options, expected):
    found = get_nphotons(metadata, **options)
    assert type(found) is float
    assert found == expected


@pytest.mark.parametrize("value", ["many", -1.0, 0, float("nan"), float("inf"), True, [1e6]])
def test_unusable_photons_are_refused(value):
    with pytest.raises(ValueError, match="nphotons: metadata says"):
        get_nphotons({"physics_parameters": {"nphotons": value}})
    with pytest.raises(ValueError, match="nphotons: configuration says"):
        get_nphotons(None, config={"nphotons": value})


def held(**parameters):
    return {"schema_version": "1.0.0", "physics_parameters": parameters, "data_transformations": []}


@pytest.mark.parametrize("strategy", ["preserve_first", "validate_consistent"])
def test_merging_keeps_the_first_and_counts_the_rest(strategy):
    first = held(nphotons=1e6, N=64, gridsize=2)
    merged = merge_metadata([None, first, held(nphotons=1e6, N=64), None], strategy, at=MOMENT)
    info = {"timestamp": STAMP, "strategy": strategy, "source_count": 2}
    assert merged == first | {"merge_info": info}
    assert "merge_info" not in first
    merged["physics_parameters"]["N"] = 0
    assert first["physics_parameters"]["N"] == 64


@pytest.mark.parametrize(
    ("name", "values"), [("nphotons", (1e6, 1e8)), ("N", (64, 128)), ("gridsize", (1, 2))]
)
def test_merging_what_differs_is_refused_on_request_only(name, values):
    sources = [held(), None, held(**{name: values[0]}), held(**{name: values[1]})]
    with pytest.raises(ValueError, match=rf"{name}: sources differ, {values[0]} and {values[1]}"):
        merge_metadata(sources, "validate_consistent")
    assert merge_metadata(sources)["merge_info"]["source_count"] == 3


@pytest.mark.parametrize("sources", [[], [None, None]])
def test_merging_nothing_gives_a_stub(sources):
    assert merge_metadata(sources, at=MOMENT) == {
        "schema_version": "1.0.0",
        "merge_info": {"timestamp": STAMP, "strategy": "preserve_first", "source_count": 0},
    }


def test_an_unknown_strategy_is_refused():
    with pytest.raises(
        ValueError, match=r"strategy 'newest' is unknown.*preserve_first.*validate_consistent"
    ):
        merge_metadata([], "newest")


def test_check_51_one_line_names_the_parameter_and_both_values():
    lines = validate_parameters(held(nphotons=1e6, N=64), {"nphotons": 1e8, "N": 64})
    assert lines == ["nphotons: metadata says 1000000.0, configuration says 100000000.0"]


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"a": ' * 10_000, "\ud800"])
def test_hostile_text_is_ignored_with_a_warning(text):
    with pytest.warns(UserWarning, match="_metadata: ignored"):
        assert parse_metadata(text) is None
