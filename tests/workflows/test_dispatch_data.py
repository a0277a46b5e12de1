"""What a dispatch trains on, here without either framework (spec config.md 1.6; checks 54, 67, 68)."""

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ptychoparity.backends import training_data
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.reference.config import legacy
from ptychoparity.reference.data import RawData

BOTH = pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])


# What an engine trains on


@BOTH
def test_a_scan_is_grouped_as_configured(engines, scan, monkeypatch, backend, make, run):
    asked = []

    def noted(_, N, **request):
        asked.append((N, request))
        return {"X_full": np.ones((3, 4, 4, 1), np.float32), "Y": None}

    monkeypatch.setattr(RawData, "generate_grouped_data", noted)
    config = make(
        backend,
        N=128,
        gridsize=2,
        neighbor_count=7,
        n_groups=11,
        subsample_seed=9,
        sequential_sampling=True,
        enable_oversampling=True,
        neighbor_pool_size=6,
    )
    run(config, scan(), scan())
    request = {
        "K": 7,
        "nsamples": 11,
        "seed": 9,
        "sequential_sampling": True,
        "gridsize": 2,
        "enable_oversampling": True,
        "neighbor_pool_size": 6,
    }
    assert asked == [(128, request)] * 2
    (fitted,) = engines[backend].fitted
    assert fitted.train.grouped["X_full"].shape == (3, 4, 4, 1)


def test_both_engines_train_on_the_same_groups(engines, scan, small, run):
    for backend in engines:
        run(small(backend, gridsize=2, neighbor_count=5), scan())
    first, second = (engines[backend].fitted[0].train.grouped for backend in engines)
    assert first["X_full"].shape == (5, 64, 64, 4)
    for key, array in first.items():
        np.testing.assert_array_equal(array, second[key])


@BOTH
def test_containers_are_taken_as_they_are(engines, backend, make, run, ready):
    test = SimpleNamespace(X=1, Y=2)
    _, _, results = run(make(backend), ready, test)
    (fitted,) = engines[backend].fitted
    assert fitted.train is results["train_container"] is ready
    assert fitted.test is results["test_container"] is test


@BOTH
@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read_and_as_much_drawn_as_configured(engines, scan, tmp_path, backend, kind, small, run):
    scan(labels=True).to_file(tmp_path / "scan.npz")
    path = kind(tmp_path / "scan.npz")
    run(small(backend, n_subsample=20), path, path)
    (fitted,) = engines[backend].fitted
    drawn = np.sort(np.random.RandomState(2).choice(36, 20, replace=False))
    np.testing.assert_array_equal(fitted.train.grouped["sample_indices"], drawn)
    whole, members = scan(labels=True), fitted.train.grouped["nn_indices"]
    np.testing.assert_array_equal(
        fitted.train.grouped["diffraction"][..., 0], whole.diff3d[drawn[members[:, 0]]]
    )
    np.testing.assert_array_equal(fitted.train.Y[..., 0], whole.Y[drawn[members[:, 0]]])
    assert "sample_indices" not in fitted.test.grouped


def test_what_a_file_and_the_configuration_say_differently_is_logged(
    engines, scan, tmp_path, caplog, small, run
):
    raw = scan()
    raw.metadata = {"physics_parameters": {"nphotons": 2e6, "N": 64}}
    raw.to_file(tmp_path / "scan.npz")
    run(small("tensorflow", nphotons=5e8), tmp_path / "scan.npz")
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert all(word in record.getMessage() for word in ("scan.npz", "nphotons", "2000000", "500000000"))
    assert engines["tensorflow"].fitted[0].config.nphotons == legacy.cfg["nphotons"] == 5e8


@pytest.mark.parametrize("images", [36, 1000])
def test_more_images_than_there_are_means_all(engines, scan, tmp_path, images, small, run):
    scan().to_file(tmp_path / "scan.npz")
    run(small("tensorflow", n_subsample=images), tmp_path / "scan.npz")
    (fitted,) = engines["tensorflow"].fitted
    assert "sample_indices" not in fitted.train.grouped


@BOTH
@pytest.mark.parametrize("placeholder", [Path(), ".", ""])
def test_a_placeholder_is_no_test_data_and_no_training_data(
    engines, backend, placeholder, make, run, refused, ready
):
    run(make(backend), ready, placeholder)
    assert engines[backend].fitted[0].test is None
    assert "train_data is required" in refused(ValueError, run, make(backend), placeholder)


@BOTH
@pytest.mark.parametrize("data", [None, 3, {"X": 1}, SimpleNamespace(X=1)], ids=str)
def test_other_data_are_refused_with_what_is_accepted(engines, backend, data, make, run, refused, ready):
    message = refused(TypeError, run, make(backend), data)
    assert all(
        word in message for word in ("train_data", "path", "RawData", "container", type(data).__name__)
    )
    if data is not None:
        assert "test_data" in refused(TypeError, run, make(backend), ready, data)
    message = refused(TypeError, engines[backend].module.ensure_container, data, make(backend))
    assert all(word in message for word in ("RawData", "container", type(data).__name__))


@BOTH
def test_a_missing_file_is_refused_by_name(engines, backend, tmp_path, make, run, refused):  # noqa: ARG001
    assert "absent.npz" in refused(FileNotFoundError, run, make(backend), tmp_path / "absent.npz")


@BOTH
def test_a_scan_without_probe_is_refused(engines, scan, backend, small, run, refused):  # noqa: ARG001
    assert "probeGuess" in refused(ValueError, run, small(backend), scan(probe=False))


@BOTH
def test_check_54_the_configured_n_is_never_replaced_by_the_data(engines, scan, backend, small, run, refused):
    config = small(backend, N=128)
    message = refused(ValueError, run, config, scan(side=64))
    assert "N=128" in message
    assert "64" in message
    assert config.model.N == legacy.cfg["N"] == 128
    assert engines[backend].fitted == []


# Guards


def test_check_67_accumulation_is_refused_before_anything_is_grouped_or_fitted(
    engines, spied, scan, small, run, refused
):
    spied(training_data.RawData, "generate_grouped_data")
    settings = PyTorchExecutionConfig(accelerator="cpu", accum_steps=2)
    message = refused(RuntimeError, run, small("pytorch"), scan(), torch_execution_config=settings)
    assert "EXEC-ACCUM-001" in message
    assert "accumulate_grad_batches=2" in message
    assert spied.calls == engines["pytorch"].fitted == []


def test_check_67_one_batch_a_step_passes(engines, make, run):
    run(make("pytorch"), torch_execution_config=PyTorchExecutionConfig(accelerator="cpu", accum_steps=1))
    assert len(engines["pytorch"].fitted) == 1


@BOTH
def test_check_68_supervised_without_labels_never_fits(engines, scan, backend, make, small, run, refused):
    message = refused(RuntimeError, run, small(backend, model_type="supervised"), scan())
    assert all(word in message for word in ("DATA-SUP-001", "label_amp", "label_phase", "--model_type pinn"))
    bare = SimpleNamespace(X=1, Y=np.ones((2, 4, 4, 1)), Y_I=1, Y_phi=0, has_labels=False)
    assert "DATA-SUP-001" in refused(RuntimeError, run, make(backend, model_type="supervised"), bare)
    assert engines[backend].fitted == []


@BOTH
@pytest.mark.parametrize("model_type", ["pinn", "supervised"])
def test_check_68_with_labels_or_without_supervision_it_fits(engines, scan, backend, model_type, small, run):
    run(small(backend, model_type=model_type), scan(labels=model_type == "supervised"))
    (fitted,) = engines[backend].fitted
    if backend == "pytorch" and model_type == "supervised":
        assert fitted.native.training.torch_loss_mode == "mae"


@BOTH
def test_check_68_labels_that_are_one_everywhere_are_labels(engines, backend, make, run):
    flat = SimpleNamespace(X=1, Y=np.ones((2, 4, 4, 1)), Y_I=1, Y_phi=0, has_labels=True)
    run(make(backend, model_type="supervised"), flat)
    assert len(engines[backend].fitted) == 1


@BOTH
def test_check_68_labels_under_their_own_names_count(engines, backend, make, run, refused):
    named = SimpleNamespace(X=1, Y=np.ones((1, 2, 2, 1)), label_amp=1, label_phase=2)
    run(make(backend, model_type="supervised"), named)
    named.label_phase = None
    message = refused(RuntimeError, run, make(backend, model_type="supervised"), named)
    assert "lack label_phase" in message
    assert len(engines[backend].fitted) == 1
