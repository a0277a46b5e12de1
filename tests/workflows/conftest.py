"""Data files, scans, both engines without their frameworks, and how tests call what they test."""

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ptychoparity.backends import execution, workflows
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.factory import (
    InferencePayload,
    TrainingPayload,
    create_inference_payload,
    create_training_payload,
)
from ptychoparity.reference.config import ModelConfig, TrainingConfig, legacy
from ptychoparity.reference.data import RawData

CPU = PyTorchExecutionConfig(accelerator="cpu")


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


@pytest.fixture
def refused() -> Callable[..., str]:
    """The one line of the error that a call ends in."""

    def call(kind: type[Exception], function: Callable[..., Any], *args, **kwargs) -> str:
        with pytest.raises(kind) as caught:
            function(*args, **kwargs)
        message = str(caught.value)
        assert "\n" not in message
        return message

    return call


@pytest.fixture
def refused_untouched(refused: Callable[..., str]) -> Callable[..., str]:
    """The one line of an error, after which the legacy dictionary is as it was."""

    def call(*args, **kwargs) -> str:
        before = dict(legacy.cfg)
        message = refused(*args, **kwargs)
        assert legacy.cfg == before
        return message

    return call


@pytest.fixture
def silently() -> Callable[..., Any]:
    """Call with every warning an error."""

    def call(function: Callable[..., Any], *args, **kwargs) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return function(*args, **kwargs)

    return call


# Dispatch


@pytest.fixture
def ready() -> SimpleNamespace:
    """Data that an engine takes as they are."""
    return SimpleNamespace(X=np.ones((2, 4, 4, 1)), Y=np.full((2, 4, 4, 1), 1j), Y_I=1, Y_phi=2)


@pytest.fixture
def make() -> Callable[..., TrainingConfig]:
    """A configuration of a backend, with fields of both classes."""
    of_model = {item.name for item in fields(ModelConfig)}

    def config(backend: Any, **values) -> TrainingConfig:
        model = {name: values.pop(name) for name in list(values) if name in of_model}
        return TrainingConfig(ModelConfig(**model), backend=backend, **values)

    return config


@pytest.fixture
def small(make: Callable[..., TrainingConfig]) -> Callable[..., TrainingConfig]:
    """A configuration that the scan of 36 points can satisfy."""
    return lambda backend, **values: make(backend, **{"n_groups": 5, "subsample_seed": 2} | values)


@pytest.fixture
def settings_for() -> Callable[[str], PyTorchExecutionConfig | None]:
    """The execution configuration that goes with a backend."""
    return lambda backend: CPU if backend == "pytorch" else None


@pytest.fixture
def run(ready: SimpleNamespace, settings_for: Callable[[str], Any]) -> Callable[..., Any]:
    """Dispatch a configuration, on the CPU unless told."""

    def call(config: TrainingConfig, train: Any = ready, test: Any = None, **options) -> Any:
        options = {"torch_execution_config": settings_for(config.backend)} | options
        return workflows.run_cdi_example_with_backend(train, test, config, **options)

    return call


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Note calls in order; each finds the dictionary as it was at that moment."""
    calls = []

    def spy(owner: Any, name: str, label: str | None = None) -> None:
        original = getattr(owner, name)

        def noted(*args, **kwargs) -> Any:
            calls.append((label or name, legacy.cfg["N"]))
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, noted)

    spy.calls = calls
    return spy


# Payloads


@pytest.fixture
def training(write_npz: Callable[..., Path], tmp_path: Path) -> Callable[..., TrainingPayload]:
    """Make a training payload on the CPU, of a file with a 64 x 64 probe."""

    def make(overrides=None, file=None, output_dir=None, settings=CPU) -> TrainingPayload:
        overrides = {"n_groups": 4} | (overrides or {})
        return create_training_payload(
            file or write_npz(), output_dir or tmp_path / "out", overrides, settings
        )

    return make


@pytest.fixture
def inference(
    write_npz: Callable[..., Path], tmp_path: Path, trained_model: Path
) -> Callable[..., InferencePayload]:
    """Make an inference payload on the CPU."""

    def make(overrides=None, file=None, model=None, settings=CPU) -> InferencePayload:
        overrides = {"n_groups": 4} | (overrides or {})
        return create_inference_payload(
            model or trained_model, file or write_npz(), tmp_path / "out", overrides, settings
        )

    return make
