"""Flags over YAML over metadata over defaults (spec config.md 6.3, checks 76 and 78)."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.config import (
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    validate_training_config,
)
from ptychoparity.reference.config.layers import (
    HISTORICAL_KEYS,
    Layer,
    flag_layer,
    merged,
    metadata_layer,
    yaml_layer,
)

CONFIGS = Path(__file__).parents[3] / "configs"


def flags(**values: Any) -> Layer:
    return flag_layer(values, {name: f"--{name}" for name in values})


def in_file(folder: Path, cls: type, content: str) -> Layer:
    path = folder / "run.yaml"
    path.write_text(content, encoding="utf-8")
    return yaml_layer(path, cls)


def test_check_76_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    for content in ("", "model:\n"):
        result = merged(TrainingConfig, in_file(tmp_path, TrainingConfig, content))
        assert result.config == TrainingConfig(ModelConfig())
        assert {*result.origins.values()} == {"default"}


def test_required_paths_that_nobody_gave_are_placeholders() -> None:
    config = merged(InferenceConfig).config
    assert (config.model_path, config.test_data_file) == (Path(), Path())
    assert merged(InferenceConfig, flags(model_path="m")).config.model_path == Path("m")


def test_check_76_none_of_a_higher_layer_is_a_value(tmp_path: Path) -> None:
    layer = in_file(tmp_path, TrainingConfig, "n_subsample: 9\nprobe_mask_diameter: 3\nn_groups: 5\n")
    above = flags(n_subsample="none", probe_mask_diameter=None, n_groups="None")
    result = merged(TrainingConfig, layer, above)
    assert (result.config.n_subsample, result.config.model.probe_mask_diameter) == (None, None)
    assert result.config.n_groups == 512
    assert result.origins["n_subsample"] == "--n_subsample"


# Unknown keys


@pytest.mark.parametrize("cls", [TrainingConfig, InferenceConfig])
def test_check_76_unknown_keys_are_reported_together(cls: type, tmp_path: Path) -> None:
    content = "neighbour_count: 4\nzzz: 1\nmodel:\n  gridsise: 2\n  backend: pytorch\nlearning_rate: 1\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="unknown keys") as caught:
            in_file(tmp_path, cls, content)
    assert str(caught.value) == (
        f"{tmp_path / 'run.yaml'}: unknown keys: 'neighbour_count' (did you mean 'neighbor_count'?), 'zzz', "
        "'model.gridsise' (did you mean 'model.gridsize'?), 'model.backend' (did you mean 'backend'?)"
    )


def test_check_76_historical_keys_draw_one_warning(tmp_path: Path) -> None:
    assert HISTORICAL_KEYS == ("learning_rate", "stitch_crop_size")
    with pytest.warns(UserWarning, match="learning_rate, stitch_crop_size") as caught:
        layer = in_file(tmp_path, TrainingConfig, "learning_rate: 1\nnepochs: 3\nstitch_crop_size: 20\n")
    assert len(caught) == 1
    assert str(tmp_path / "run.yaml") in str(caught[0].message)
    assert layer.values == {"nepochs": 3}


def test_check_76_fields_of_the_other_command_draw_one_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"not a field of InferenceConfig\): nepochs, nphotons") as caught:
        layer = in_file(tmp_path, InferenceConfig, "nepochs: 1\nbackend: pytorch\nnphotons: 1e6\n")
    assert len(caught) == 1
    assert layer.values == {"backend": "pytorch"}
    with pytest.warns(UserWarning, match=r"not a field of TrainingConfig\): debug"):
        assert in_file(tmp_path, TrainingConfig, "debug: true\n").values == {}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("model: 3\n", "model must be a mapping of model fields, got int"),
        ("model: [N]\n", "got list"),
        ("model: false\n", "got bool"),
        ("model: ''\n", "got str"),
        ("optimizer:\n  name: adam\n", "optimizer must be a single value"),
        ("training:\n  nepochs: 3\n", "training must be a single value"),
        ("model:\n  N:\n    size: 64\n", "model.N must be a single value"),
    ],
)
def test_check_76_only_model_nests(content: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"run\.yaml: ") as caught:
        in_file(tmp_path, TrainingConfig, content)
    assert text in str(caught.value)


def test_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(ValueError, match="--nepoch: TrainingConfig has no field 'nepoch'; did you mean"):
        merged(TrainingConfig, flags(nepoch=3))
    with pytest.raises(ValueError, match="no field 'model'"):
        merged(TrainingConfig, flags(model=ModelConfig()))
    with pytest.raises(ValueError, match="InferenceConfig has no field 'nphotons'"):
        merged(InferenceConfig, flags(nphotons=1))


# Values that cannot be taken


def test_check_76_errors_name_where_the_value_was_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        merged(TrainingConfig, flags(nepochs="abc"))
    assert str(caught.value) == "--nepochs: TrainingConfig.nepochs must be an integer >= 1, got 'abc'"
    path = tmp_path / "run.yaml"
    for content, key in (("N: 64.0\n", "N"), ("model: {N: 64.0}\n", "model.N")):
        with pytest.raises(ValueError, match="must be") as caught:
            merged(TrainingConfig, in_file(tmp_path, TrainingConfig, content))
        assert str(caught.value).startswith(f"{path} ({key}): ModelConfig.N must be an integer power of two")


def test_check_76_yaml_numbers_written_as_text_become_numbers(tmp_path: Path) -> None:
    layer = in_file(tmp_path, TrainingConfig, "nphotons: 1e6\nplateau_min_lr: 1.0e-6\nbatch_size: '32'\n")
    config = merged(TrainingConfig, layer).config
    assert (config.nphotons, config.plateau_min_lr, config.batch_size) == (1e6, 1e-6, 32)
    assert type(config.nphotons) is float


def test_result_is_not_validated() -> None:
    config = merged(TrainingConfig, flags(nepochs="0")).config
    assert config.nepochs == 0
    with pytest.raises(ValueError, match="nepochs"):
        validate_training_config(config)


# n_images, the deprecated name of n_groups

SEVEN, NINE = 7, 9


@pytest.mark.parametrize("cls", [TrainingConfig, InferenceConfig])
@pytest.mark.parametrize(
    ("lower", "higher", "n_groups", "n_images", "source"),
    [
        ({"n_images": SEVEN}, {}, SEVEN, SEVEN, "lower n_images"),
        ({}, {"n_images": SEVEN}, SEVEN, SEVEN, "higher n_images"),
        ({"n_groups": NINE}, {"n_images": SEVEN}, SEVEN, SEVEN, "higher n_images"),
        ({"n_images": NINE}, {"n_images": SEVEN}, SEVEN, SEVEN, "higher n_images"),
        ({}, {"n_groups": None, "n_images": SEVEN}, SEVEN, SEVEN, "higher n_images"),
        ({}, {"n_groups": NINE, "n_images": SEVEN}, NINE, SEVEN, None),
        ({"n_images": SEVEN}, {"n_groups": NINE}, NINE, SEVEN, None),
        ({"n_groups": NINE}, {"n_images": None}, NINE, None, None),
        ({"n_images": SEVEN}, {"n_groups": None}, None, None, None),
        ({"n_images": SEVEN}, {"n_images": None}, None, None, None),
    ],
)
def test_check_76_higher_name_of_the_count_decides(
    cls: Any,
    lower: dict[str, Any],
    higher: dict[str, Any],
    n_groups: int | None,
    n_images: int | None,
    source: str | None,
) -> None:
    layers = [
        Layer({name: f"{height} {name}" for name in values}, values)
        for height, values in (("lower", lower), ("higher", higher))
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = merged(cls, *layers)
    default = 512 if cls is TrainingConfig else None
    assert result.config.n_groups == (default if n_groups is None else n_groups)
    assert result.config.n_images == n_images
    if source is None:
        assert not caught
        return
    (warning,) = caught
    assert warning.category is DeprecationWarning
    assert str(warning.message).startswith(f"{source}: n_images is the deprecated name of n_groups")
    assert warning.filename == __file__
    assert result.origins["n_groups"] == source


# Metadata of the data file


def data_file(folder: Path, metadata: Any) -> Path:
    path = folder / "data.npz"
    np.savez(path, **({} if metadata is None else {"_metadata": metadata}), diff3d=np.ones((2, 4, 4)))
    return path


@pytest.mark.parametrize(
    "recorded",
    [
        {"physics_parameters": {"nphotons": 3e6}},
        {"nphotons": 3e6},
        {"physics_parameters": {}, "nphotons": 3e6},
    ],
)
@pytest.mark.parametrize("dtype", [None, object], ids=["text", "old-pickled"])
def test_check_76_metadata_beats_only_the_default(recorded: Any, dtype: Any, tmp_path: Path) -> None:
    path = data_file(tmp_path, np.array(json.dumps(recorded), dtype))
    below = metadata_layer(path)
    result = merged(TrainingConfig, below)
    assert (result.config.nphotons, result.origins["nphotons"]) == (3e6, f"metadata of {path}")
    layer = in_file(tmp_path, TrainingConfig, "nphotons: 1e7\n")
    assert merged(TrainingConfig, below, layer).config.nphotons == 1e7
    assert merged(TrainingConfig, below, layer, flags(nphotons="1e9")).config.nphotons == 1e9
    assert merged(TrainingConfig, below, flags(nphotons="1e9")).origins["nphotons"] == "--nphotons"


def test_check_76_data_without_a_photon_budget_gives_nothing(tmp_path: Path) -> None:
    empty = Layer({}, {})
    for path in (None, Path(), "", tmp_path / "absent.npz", tmp_path):
        assert metadata_layer(path) == empty
    for metadata in (
        None,
        np.array("{}"),
        np.array('{"nphotons": null}'),
        np.array('{"physics_parameters": 3}'),
    ):
        assert metadata_layer(data_file(tmp_path, metadata)) == empty


def test_budget_that_is_no_number_is_refused_only_where_it_counts(tmp_path: Path) -> None:
    below = metadata_layer(data_file(tmp_path, np.array('{"nphotons": "many"}')))
    with pytest.raises(ValueError, match=r"metadata of .*data\.npz: TrainingConfig\.nphotons must be"):
        merged(TrainingConfig, below)
    assert merged(TrainingConfig, below, flags(nphotons="1e6")).config.nphotons == 1e6


def test_file_that_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    path.write_text("no archive")
    with pytest.raises(ValueError, match=r"data\.npz: not a readable NPZ"):
        metadata_layer(path)


# The configuration that ships

SMOKE = {
    "train_data_file": "train.npz",
    "test_data_file": "train.npz",
    "backend": "pytorch",
    "output_dir": "out",
    "n_groups": "4",
    "n_subsample": "16",
    "neighbor_count": "7",
    "batch_size": "4",
    "nepochs": "1",
}


def test_check_78_shipped_configuration_takes_the_flags_of_the_smoke_line() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = yaml_layer(CONFIGS / "gridsize2_minimal.yaml", TrainingConfig)
        alone = merged(TrainingConfig, layer).config
        validate_training_config(alone)
        result = merged(TrainingConfig, layer, flags(**SMOKE))
        validate_training_config(result.config)
    assert (alone.model.gridsize, alone.model.N, result.config.model) == (2, 64, alone.model)
    assert "nphotons" not in layer.values
    held = result.config
    assert (held.n_groups, held.n_subsample, held.neighbor_count, held.batch_size) == (4, 16, 7, 4)
    assert (held.nepochs, held.backend, held.train_data_file) == (1, "pytorch", Path("train.npz"))
    assert result.origins["nepochs"] == "--nepochs"
    assert result.origins["gridsize"].endswith("gridsize2_minimal.yaml (model.gridsize)")
