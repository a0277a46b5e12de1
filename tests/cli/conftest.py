"""The two commands as the tests of the command line call them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from ptychoparity.cli import infer, main, train
from ptychoparity.reference.config import TrainingConfig, legacy

FIXTURE = Path(__file__).parents[2] / "fixtures" / "minimal_dataset_v1.npz"


@dataclass(frozen=True)
class Command:
    """One command; ``required`` is what a run needs at least."""

    name: str
    required: tuple[str, ...] = ()

    def __call__(self, *arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [self.name, *map(str, arguments)])

    def run(self, *arguments: str | Path) -> Result:
        """A run, which must go well."""
        result = self(*self.required, *arguments)
        assert result.exit_code == 0, result.output
        return result

    def printed(self, *arguments: str | Path) -> dict[str, Any]:
        """The effective configuration, fields of the model and the others together."""
        result = self(*arguments, "--print-config")
        assert result.exit_code == 0, result.output
        values: dict[str, Any] = yaml.safe_load(result.stdout)
        return values.pop("model") | values

    def origins(self, *arguments: str | Path) -> dict[str, str]:
        """Field to what its line of the effective configuration says after the '#'."""
        lines = [line for line in self(*arguments, "--print-config").stdout.splitlines() if line[:1] != "#"]
        return {line.partition(":")[0].strip(): line.partition("# ")[2] for line in lines if "# " in line}

    def refused(self, *arguments: str | Path) -> str:
        """The one line of a call that is bad input."""
        return self.line_of(self(*arguments))

    @staticmethod
    def line_of(result: Result) -> str:
        """The one line that an outcome says to be bad input."""
        lines = [line for line in result.stderr.splitlines() if line.startswith("Error:")]
        assert result.exit_code == 2, result.output
        assert len(lines) == 1, result.stderr
        assert "Usage:" not in result.stderr
        assert "Traceback" not in result.stderr
        return lines[0]


@pytest.fixture(autouse=True)
def _legacy_dictionary_restored() -> Iterator[None]:
    before = dict(legacy.cfg)
    yield
    legacy.unseal()
    legacy.cfg.clear()
    legacy.cfg.update(before)


@pytest.fixture
def training() -> Command:
    return Command("train", ("--train_data_file", str(FIXTURE)))


@pytest.fixture
def inference(tmp_path: Path) -> Command:
    """With a model archive in the test's folder, which nothing opens."""
    (tmp_path / "wts.h5.zip").touch()
    return Command("infer", ("--model_path", str(tmp_path), "--test_data", str(FIXTURE)))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What reached the training workflow; nothing is loaded or trained."""
    seen = SimpleNamespace(calls=[], config=None, execution=None, settings={}, persisted=[])

    def run(
        train_data: Any, test_data: Any, config: TrainingConfig, **settings: Any
    ) -> tuple[None, None, dict[str, Any]]:
        seen.calls.append((train_data, test_data))
        seen.config, seen.execution = config, settings["torch_execution_config"]
        seen.settings = settings
        return None, None, {"bundle_path": "there/wts.h5.zip"}

    monkeypatch.setattr(train, "run_cdi_example_with_backend", run)
    monkeypatch.setattr(train, "load_data", lambda *_: ("training data", "test data"))
    monkeypatch.setattr(train, "persist", lambda config, *_: seen.persisted.append(config))
    return seen


@pytest.fixture
def reconstructed(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What reached the reconstruction; no model is loaded and nothing is computed."""
    seen = SimpleNamespace(calls=[], loaded=None, config=None, execution=None, overrides=None, extras=None)

    def load(path: Path, config: Any) -> tuple[str, dict[str, Any]]:
        seen.calls.append("load")
        seen.loaded, seen.config = path, config
        return "model", {}

    def run(
        model: Any, data: Any, config: Any, execution: Any, overrides: Any, extras: Any
    ) -> tuple[str, str, dict[str, Any]]:
        seen.calls.append("reconstruct")
        seen.model, seen.data, seen.config = model, data, config
        seen.execution, seen.overrides, seen.extras = execution, overrides, extras
        return "amplitude", "phase", {}

    monkeypatch.setattr(infer, "load_inference_bundle_with_backend", load)
    monkeypatch.setattr(infer, "reconstruct", run)
    monkeypatch.setattr(infer, "save_outputs", lambda *given: seen.calls.append(("save", given[-1])))
    return seen
