"""Loading a bundle of either backend, here without either framework (spec config.md 1.6)."""

from pathlib import Path

import pytest

from ptychoparity.backends import workflows
from ptychoparity.backends.contract import NotAvailable
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import archive_path, load_inference_bundle_with_backend
from ptychoparity.reference.config import InferenceConfig, ModelConfig, legacy

BOTH = pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])
CPU = PyTorchExecutionConfig(accelerator="cpu")


@BOTH
def test_a_bundle_is_loaded_without_a_bridge_call(engines, monkeypatch, trained_model, backend):
    asked = []
    monkeypatch.setattr(workflows, "update_legacy_dict", lambda *_: 1 / 0)
    monkeypatch.setattr(
        engines[backend].module,
        "load_inference_bundle",
        lambda *args: asked.append(args) or ("model", {"N": 9}),
    )
    config = InferenceConfig(ModelConfig(N=256), Path(), Path(), backend=backend)
    assert load_inference_bundle_with_backend(trained_model, config, "autoencoder") == ("model", {"N": 9})
    load_inference_bundle_with_backend(str(trained_model), config)
    archive = trained_model / "wts.h5.zip"
    assert asked == [(archive, "autoencoder"), (archive, "diffraction_to_obj")]
    assert legacy.cfg == legacy.LEGACY_DEFAULTS


@BOTH
def test_loading_is_not_available_yet(engines, trained_model, backend, refused):  # noqa: ARG001
    config = InferenceConfig(ModelConfig(), Path(), Path(), backend=backend)
    message = refused(NotAvailable, load_inference_bundle_with_backend, trained_model, config)
    assert "diffraction_to_obj" in message
    assert "wts.h5.zip" in message


def test_an_execution_configuration_loads_no_bundle(trained_model, refused):
    message = refused(TypeError, load_inference_bundle_with_backend, trained_model, CPU)
    assert "InferenceConfig" in message
    assert "PyTorchExecutionConfig" in message


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("model", "model/wts.h5.zip"),
        ("model/wts.h5.zip", "model/wts.h5.zip"),
        ("model/wts.h5", "model/wts.h5.zip"),
        ("saved/other.zip", "saved/other.zip"),
        ("saved/other", "saved/other.zip"),
        ("saved/other.h5", "saved/other.zip"),
        ("unpacked", "unpacked"),
        ("ancient", "ancient"),
    ],
)
def test_where_an_archive_may_be_meant(tmp_path, given, found):
    for file in ("model/wts.h5.zip", "saved/other.zip", "unpacked/manifest.json", "ancient/manifest.dill"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert archive_path(tmp_path / given) == tmp_path / found
    assert archive_path(str(tmp_path / given)) == tmp_path / found


@pytest.mark.parametrize("given", ["absent", "absent/wts.h5.zip", "empty", "."])
def test_a_missing_archive_is_refused_by_path(tmp_path, monkeypatch, given, refused):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    message = refused(FileNotFoundError, archive_path, given)
    assert given in message
    assert "wts.h5.zip" in message


def test_a_placeholder_is_no_archive_even_where_one_lies(trained_model, monkeypatch, refused):
    monkeypatch.chdir(trained_model)
    refused(FileNotFoundError, archive_path, Path())
