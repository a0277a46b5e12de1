"""What is saved after a dispatch, here without either framework (spec config.md 1.6; check 80)."""

import logging
from pathlib import Path

import pytest

from ptychoparity.backends import workflows
from ptychoparity.backends.contract import NotAvailable
from ptychoparity.backends.workflows import persist

BOTH = pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])


@pytest.fixture
def seams(monkeypatch):
    calls = []
    monkeypatch.setattr(workflows, "save_model", lambda *args: calls.append(("save_model", *args)))
    monkeypatch.setattr(workflows, "save_outputs", lambda *args: calls.append(("save_outputs", *args)))
    return calls


def test_check_80_tensorflow_saves_model_and_outputs_once_each(seams, make):
    results = {"history": {}}
    persist(make("tensorflow", output_dir="out"), "A", "P", results)
    assert seams == [
        ("save_model", results, Path("out")),
        ("save_outputs", "A", "P", results, Path("out")),
    ]


def test_check_80_pytorch_saves_nothing_here_and_logs_its_bundle(seams, caplog, make):
    with caplog.at_level(logging.INFO):
        persist(make("pytorch"), "A", "P", {"bundle_path": "/d/out/wts.h5.zip"})
    assert seams == []
    assert "bundle_path: /d/out/wts.h5.zip" in caplog.text


@BOTH
def test_check_80_running_alone_saves_nothing(engines, seams, backend, make, run):  # noqa: ARG001
    run(make(backend))
    assert seams == []


@pytest.mark.parametrize("helper", ["model", "pictures"])
def test_saving_is_not_available_yet(monkeypatch, helper, make, refused):
    if helper == "pictures":
        monkeypatch.setattr(workflows, "save_model", lambda *_: None)
    assert helper in refused(NotAvailable, persist, make("tensorflow"), None, None, {})
