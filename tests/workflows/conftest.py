"""Data files, scans, and both engines without their frameworks."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ptychoparity.backends import execution, workflows
from ptychoparity.reference.config import legacy
from ptychoparity.reference.data import RawData


@pytest.fixture(autouse=True)
def _legacy_dictionary_restored() -> Iterator[None]:
    """Start each test from the built-in defaults, unsealed, and leave the dictionary as it was found."""
    before = dict(legacy.cfg)
    legacy.unseal()
    legacy.cfg.clear()
    legacy.cfg.update(legacy.LEGACY_DEFAULTS)
    yield
    legacy.unseal()
    legacy.cfg.clear()
    legacy.cfg.update(before)


@pytest.fixture
def write_npz(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of given members; ``probe`` and ``metadata`` are short for what they make."""

    def write(
        name: str = "data.npz",
        probe: tuple[int, ...] | None = (64, 64),
        metadata: str | None = None,
        **members,
    ) -> Path:
        if probe is not None:
            members["probeGuess"] = np.ones(probe, np.complex64)
        if metadata is not None:
            members["_metadata"] = np.array(metadata)
        path = tmp_path / name
        np.savez(path, **{"xcoords": np.arange(3.0), **members})
        return path

    return write


@pytest.fixture
def trained_model(tmp_path: Path) -> Path:
    """A folder with an archive, as far as finding it goes."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "wts.h5.zip").write_bytes(b"archive")
    return folder


@pytest.fixture
def scan() -> Callable[..., RawData]:
    """A scan of 36 points on a jittered grid, with 64 x 64 patterns."""

    def make(labels: bool = False, probe: bool = True, side: int = 64) -> RawData:
        rng = np.random.default_rng(5)
        x, y = (axis.ravel() * 4.0 + rng.uniform(-1, 1, 36) + 60 for axis in np.mgrid[:6, :6])
        return RawData(
            x,
            y,
            x + 0.25,
            y - 0.25,
            rng.uniform(0.5, 1.5, (36, side, side)).astype(np.float32),
            np.ones((side, side), np.complex64) if probe else None,
            np.zeros(36, int),
            Y=(rng.normal(size=(36, side, side)) + 2j).astype(np.complex64) if labels else None,
        )

    return make


class Container:
    """Stands in for a framework's container: NumPy arrays of the grouped data."""

    def __init__(self, grouped: dict[str, Any], probe: Any) -> None:
        self.grouped, self.probe = grouped, probe
        self.X = grouped["X_full"]
        self.Y = np.ones(self.X.shape, np.complex64) if grouped["Y"] is None else grouped["Y"]
        self.Y_I, self.Y_phi = np.abs(self.Y), np.angle(self.Y)
        self.has_labels = grouped["Y"] is not None


def load(cb: Callable[[], dict[str, Any]], probe: Any, which: None, create_split: bool) -> Container:
    assert which is None
    assert not create_split
    return Container(cb(), probe)


class Engine:
    """The workflows of one backend, and what its `fit` was given."""

    def __init__(self, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.module = module
        self.fitted: list[SimpleNamespace] = []
        monkeypatch.setattr(module, "fit", self.fit)

    def fit(self, train, test, config, native=None, execution=None) -> dict[str, Any]:
        self.fitted.append(
            SimpleNamespace(train=train, test=test, config=config, native=native, execution=execution)
        )
        return {"history": {"train_loss": [1.0]}}


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Engine]]:
    """Both engines by ``config.backend``, over stand-ins of what needs a framework; `fit` only notes."""
    made = {}
    for backend, folder in workflows.BACKENDS.items():
        container = ModuleType("container")
        container.load = load
        monkeypatch.setitem(sys.modules, f"ptychoparity.backends.{folder}.container", container)
        monkeypatch.delitem(sys.modules, f"ptychoparity.backends.{folder}.workflows", raising=False)
        made[backend] = Engine(import_module(f"ptychoparity.backends.{folder}.workflows"), monkeypatch)
    monkeypatch.setattr(workflows, "require_framework", lambda _: None)
    monkeypatch.setattr(execution, "cuda_available", lambda: True)
    yield made
    for folder in workflows.BACKENDS.values():
        sys.modules.pop(f"ptychoparity.backends.{folder}.workflows")
