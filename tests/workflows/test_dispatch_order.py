"""What dispatch does before what, here without either framework (spec config.md 1.6; checks 60, 69)."""

import subprocess
import sys
from pathlib import Path

import pytest

from ptychoparity.backends import guards, training_data, workflows
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import (
    load_inference_bundle_with_backend,
    run_cdi_example_with_backend,
    train_cdi_model_with_backend,
)
from ptychoparity.reference.config import InferenceConfig, ModelConfig, legacy, native

BOTH = pytest.mark.parametrize("backend", ["tensorflow", "pytorch"])
CPU = PyTorchExecutionConfig(accelerator="cpu")


# Order


@BOTH
def test_check_60_the_dictionary_is_populated_before_anything_is_loaded(
    engines, spied, scan, tmp_path, backend, small, run
):
    scan().to_file(tmp_path / "scan.npz")
    legacy.cfg["N"] = 999
    module = engines[backend].module
    spied(workflows, "update_legacy_dict")
    spied(workflows, "validate_training_config")
    spied(workflows, "require_framework")
    spied(workflows, "import_module")
    spied(training_data.loading, "load_data")
    spied(training_data.RawData, "generate_grouped_data")
    spied(module, "load", "container")
    spied(module, "fit")
    run(small(backend), tmp_path / "scan.npz", scan())
    assert spied.calls == [
        ("update_legacy_dict", 999),
        ("validate_training_config", 64),
        ("require_framework", 64),
        ("import_module", 64),
        ("load_data", 64),
        ("generate_grouped_data", 64),
        ("container", 64),
        ("generate_grouped_data", 64),
        ("container", 64),
        ("fit", 64),
    ]


@BOTH
@pytest.mark.parametrize("dispatch", [run_cdi_example_with_backend, train_cdi_model_with_backend])
def test_check_60_the_bridge_gets_the_dictionary_and_the_configuration_themselves_once(
    engines,  # noqa: ARG001
    monkeypatch,
    backend,
    dispatch,
    make,
    settings_for,
    ready,
):
    seen = []
    monkeypatch.setattr(workflows, "update_legacy_dict", lambda cfg, config: seen.append((cfg, config)))
    config = make(backend)
    dispatch(ready, None, config, torch_execution_config=settings_for(backend))
    ((cfg, given),) = seen
    assert cfg is legacy.cfg
    assert given is config


def test_check_60_native_configurations_are_derived_after_the_bridge_and_before_grouping(
    engines, spied, scan, small, run
):
    legacy.cfg["N"] = 999
    spied(engines["pytorch"].module, "native_configs")
    spied(training_data.RawData, "generate_grouped_data")
    run(small("pytorch"), scan())
    assert spied.calls == [("native_configs", 64), ("generate_grouped_data", 64)]


# Refusals before a framework is imported


@pytest.mark.parametrize("dispatch", [run_cdi_example_with_backend, train_cdi_model_with_backend])
@pytest.mark.parametrize("backend", ["jax", "torch", "PyTorch", None, ["pytorch"]], ids=str)
def test_check_69_a_bad_backend_is_refused_before_anything_is_imported(
    monkeypatch, dispatch, backend, make, refused, ready
):
    monkeypatch.setattr(workflows, "require_framework", lambda _: 1 / 0)
    monkeypatch.setattr(workflows, "import_module", lambda _: 1 / 0)
    message = refused(ValueError, dispatch, ready, None, make(backend))
    assert "TrainingConfig.backend" in message
    assert all(word in message for word in (repr(backend), "'tensorflow'", "'pytorch'"))
    assert legacy.cfg["nepochs"] == 50


def test_check_69_a_bad_backend_is_refused_before_a_bundle_is_looked_for(monkeypatch, tmp_path, refused):
    monkeypatch.setattr(workflows, "require_framework", lambda _: 1 / 0)
    config = InferenceConfig(ModelConfig(), Path(), Path(), backend="jax")
    message = refused(ValueError, load_inference_bundle_with_backend, tmp_path / "absent", config)
    assert all(word in message for word in ("InferenceConfig.backend", "'jax'", "'tensorflow'", "'pytorch'"))


@BOTH
def test_check_69_a_missing_framework_is_refused_before_data_are_loaded(
    monkeypatch, tmp_path, backend, make, refused
):
    def absent(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(guards, "import_module", absent)
    monkeypatch.setattr(workflows, "import_module", lambda _: 1 / 0)
    title = {"tensorflow": "TensorFlow", "pytorch": "PyTorch"}[backend]
    requirement = {"tensorflow": "tensorflow", "pytorch": "torch>=2.2"}[backend]
    for dispatch in (run_cdi_example_with_backend, train_cdi_model_with_backend):
        message = refused(RuntimeError, dispatch, tmp_path / "absent.npz", None, make(backend))
        assert f"{title} backend selected" in message
        assert f"pip install {requirement}" in message


def test_an_invalid_configuration_is_refused_before_a_framework_is_imported(monkeypatch, make, run, refused):
    monkeypatch.setattr(workflows, "require_framework", lambda _: 1 / 0)
    message = refused(ValueError, run, make("pytorch", batch_size=12))
    assert "TrainingConfig.batch_size" in message
    assert "12" in message


@pytest.mark.parametrize(
    "config",
    [CPU, ModelConfig(), InferenceConfig(ModelConfig(), Path(), Path()), {}, native.TrainingConfig()],
    ids=lambda config: type(config).__name__,
)
def test_another_class_is_no_training_configuration(config, refused, ready):
    message = refused(TypeError, run_cdi_example_with_backend, ready, None, config)
    assert "TrainingConfig" in message
    assert legacy.cfg == legacy.LEGACY_DEFAULTS


ROUTE = """
import sys, types

refused = []

class Blocking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            refused.append(name)
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocking())
sys.modules[{framework!r}] = types.ModuleType({framework!r})
container = sys.modules["ptychoparity.backends.{folder}.container"] = types.ModuleType("container")
container.load = None

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import run_cdi_example_with_backend
from ptychoparity.reference.config import ModelConfig, TrainingConfig
from ptychoparity.backends.{folder} import workflows

workflows.fit = lambda *args: {{"history": {{}}}}
data = types.SimpleNamespace(X=1, Y=2)
settings = PyTorchExecutionConfig(accelerator="cpu")
config = TrainingConfig(ModelConfig(), backend={backend!r})
print(run_cdi_example_with_backend(data, None, config, torch_execution_config=settings)[2]["backend"])
assert not refused, refused
assert not set({blocked!r}) & set(sys.modules)
"""


@pytest.mark.parametrize(
    ("backend", "framework", "blocked"),
    [
        ("tensorflow", "tensorflow", ("torch", "lightning")),
        ("pytorch", "torch", ("tensorflow", "keras")),
    ],
)
def test_check_69_one_route_never_imports_the_other_framework(backend, framework, blocked):
    code = ROUTE.format(
        backend=backend, framework=framework, folder=workflows.BACKENDS[backend], blocked=blocked
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == backend
