"""What payloads infer and derive (spec config.md 4.7, checks 54 to 57)."""

import json
import logging

import numpy as np
import pytest

from ptychoparity.reference.config import legacy

# N


@pytest.mark.parametrize("shape", [(128, 128), (128, 128, 1), (3, 128, 128)])
def test_check_54_the_side_of_the_probe(training, inference, write_npz, shape, silently):
    file = write_npz(probe=shape)
    for make in (training, inference):
        payload = silently(make, file=file)
        assert (payload.config.model.N, payload.native.data.N, payload.overrides_applied["N"]) == (128,) * 3
        assert legacy.cfg["N"] == 128


def test_check_54_an_override_beats_the_probe_with_a_warning(training, write_npz):
    with pytest.warns(UserWarning, match=r"N=64 .*128") as caught:
        payload = training({"N": 64}, file=write_npz(probe=(128, 128)))
    assert len(caught) == 1
    assert (payload.config.model.N, payload.native.data.N) == (64, 64)


def test_check_54_an_override_that_agrees_draws_no_warning(training, write_npz, silently):
    assert silently(training, {"N": 128}, file=write_npz(probe=(128, 128))).config.model.N == 128


@pytest.mark.parametrize("probe", [None, (64,)])
def test_check_54_without_a_probe_it_is_64_with_a_warning(training, write_npz, probe):
    with pytest.warns(UserWarning, match=r"probeGuess.*N=64") as caught:
        payload = training(file=write_npz(probe=probe))
    assert len(caught) == 1
    assert payload.config.model.N == 64


def test_check_54_with_an_unreadable_file_it_is_64_with_a_warning(training, tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    with pytest.warns(UserWarning, match=r"broken\.npz.*N=64") as caught:
        payload = training(file=tmp_path / "broken.npz")
    assert len(caught) == 1
    assert payload.config.model.N == 64
    assert payload.overrides_applied["nphotons_source"] == "default"


def test_check_54_a_probe_that_is_not_square_draws_a_warning(training, write_npz):
    with pytest.warns(UserWarning, match=r"\(128, 64\).*N=128") as caught:
        payload = training(file=write_npz(probe=(128, 64)))
    assert len(caught) == 1
    assert payload.config.model.N == 128


def test_check_54_a_chosen_n_is_never_silently_replaced(training, write_npz):
    with pytest.warns(UserWarning, match=r"N=128 .*64"):
        payload = training({"N": 128}, file=write_npz(probe=(64, 64)))
    assert payload.config.model.N == payload.native.data.N == legacy.cfg["N"] == 128


def test_an_inferred_n_that_no_model_takes_is_refused(training, write_npz, refused_untouched):
    message = refused_untouched(ValueError, training, file=write_npz(probe=(100, 100)))
    assert "N" in message
    assert "100" in message


def test_no_array_is_read(training, write_npz, silently):
    """A file whose arrays are damaged has good headers."""
    file = write_npz(probe=(128, 128), diff3d=np.full((3, 128, 128), 7.0))
    content = bytearray(file.read_bytes())
    for start in (content.index(np.full(8, 1 + 0j, np.complex64).tobytes()), content.index(np.full(8, 7.0))):
        content[start] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(Exception, match="CRC"), np.load(file) as damaged:
        damaged["probeGuess"]
    assert silently(training, file=file).config.model.N == 128


# Photons


METADATA = json.dumps({"physics_parameters": {"nphotons": 2e6}, "nphotons": 3e6})


@pytest.mark.parametrize(
    ("metadata", "override", "nphotons", "source"),
    [
        (METADATA, 4e7, 4e7, "override"),
        (METADATA, None, 2e6, "metadata"),
        (json.dumps({"nphotons": 3e6}), None, 3e6, "metadata"),
        (json.dumps({"physics_parameters": {}}), None, 1e9, "default"),
        (None, None, 1e9, "default"),
        (None, 1e5, 1e5, "override"),
    ],
    ids=[
        "check-55-override",
        "check-55-metadata",
        "check-55-top",
        "check-55-none",
        "check-55-no",
        "check-55-1e5",
    ],
)
def test_photons_are_the_overrides_the_files_or_the_default(
    training, inference, write_npz, metadata, override, nphotons, source
):
    file = write_npz(metadata=metadata)
    for make in (training, inference):
        payload = make({"nphotons": override}, file=file)
        assert payload.native.data.nphotons == nphotons
        assert payload.overrides_applied["nphotons"] == nphotons
        assert payload.overrides_applied["nphotons_source"] == source
    assert training({"nphotons": override}, file=file).config.nphotons == nphotons


@pytest.mark.parametrize("recorded", [-1, "many", [1e6]])
def test_a_bad_budget_in_the_metadata_is_refused_by_file_and_value(
    training, write_npz, recorded, refused_untouched
):
    message = refused_untouched(
        ValueError, training, file=write_npz(metadata=json.dumps({"nphotons": recorded}))
    )
    assert "data.npz" in message
    assert "nphotons" in message
    assert repr(recorded) in message


def test_an_override_spares_a_bad_budget_in_the_metadata(training, write_npz):
    file = write_npz(metadata=json.dumps({"nphotons": -1}))
    assert training({"nphotons": 5e8}, file=file).config.nphotons == 5e8


# Derived fields


@pytest.mark.parametrize("gridsize", [1, 2, 3])
@pytest.mark.parametrize("kind", ["training", "inference"])
def test_check_56_channels_follow_from_the_gridsize(request, kind, gridsize):
    payload = request.getfixturevalue(kind)({"gridsize": gridsize})
    channels = gridsize**2
    assert payload.config.model.gridsize == gridsize
    assert payload.native.data.grid_size == (gridsize, gridsize)
    assert (payload.native.data.C, payload.native.model.C_model, payload.native.model.C_forward) == (
        channels,
        channels,
        channels,
    )


@pytest.mark.parametrize("name", ["model_type", "mode"])
@pytest.mark.parametrize("value", ["supervised", "Supervised"])
def test_check_57_supervised_in_both_spellings(training, caplog, name, value):
    with caplog.at_level(logging.INFO):
        payload = training({name: value})
    assert payload.config.model.model_type == "supervised"
    assert payload.native.model.mode == "Supervised"
    assert payload.native.model.loss_function == "MAE"
    assert payload.native.training.torch_loss_mode == "mae"
    assert (payload.config.torch_loss_mode, legacy.cfg["torch_loss_mode"]) == ("poisson", "poisson")
    assert "'poisson'" in caplog.text
    assert "'mae'" in caplog.text
