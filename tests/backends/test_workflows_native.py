"""The route of one backend with its own framework, fitting left out (spec config.md 1.6 and 7)."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ptychoparity.backends import training_data, workflows
from ptychoparity.backends.contract import NotAvailable
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import (
    load_inference_bundle_with_backend,
    run_cdi_example_with_backend,
    train_cdi_model_with_backend,
)
from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig, bridged, legacy
from ptychoparity.reference.data import RawData

OTHERS = {"tensorflow": ("torch", "lightning"), "torch": ("tensorflow", "keras")}
CONTAINERS = {"tensorflow": "PtychoDataContainer", "torch": "PtychoDataContainerTorch"}

# A valid value of each field that is not its default; with it, what it needs beside it.
VALUES = {
    "N": 256,
    "gridsize": 3,
    "n_filters_scale": 4,
    "model_type": "supervised",
    "architecture": "cnn",
    "fno_modes": 8,
    "fno_width": 16,
    "fno_blocks": 2,
    "fno_cnn_blocks": 1,
    "learned_input_channels": 3,
    "max_hidden_channels": 64,
    "resnet_width": 96,
    "fno_input_transform": "log1p",
    "generator_output_mode": "amp_phase",
    "amp_activation": "softplus",
    "object_big": False,
    "probe_big": False,
    "probe_mask": True,
    "probe_mask_sigma": 2.5,
    "probe_mask_diameter": 20.0,
    "pad_object": False,
    "probe_scale": 2.0,
    "gaussian_smoothing_sigma": 0.5,
    "train_data_file": Path("/d/train.npz"),
    "test_data_file": Path("/d/test.npz"),
    "batch_size": 32,
    "nepochs": 7,
    "mae_weight": 0.3,
    "nll_weight": 0.7,
    "realspace_mae_weight": 0.05,
    "realspace_weight": 0.1,
    "nphotons": 5e8,
    "n_groups": 77,
    "n_images": 33,
    "n_subsample": 99,
    "subsample_seed": 3,
    "neighbor_count": 8,
    "enable_oversampling": True,
    "neighbor_pool_size": 12,
    "positions_provided": False,
    "probe_trainable": True,
    "intensity_scale_trainable": False,
    "output_dir": Path("/d/out"),
    "sequential_sampling": True,
    "torch_loss_mode": "mae",
    "torch_mae_pred_l2_match_target": True,
    "gradient_clip_val": 1.0,
    "gradient_clip_algorithm": "agc",
    "optimizer": "adamw",
    "momentum": 0.8,
    "weight_decay": 0.01,
    "adam_beta1": 0.8,
    "adam_beta2": 0.99,
    "scheduler": "WarmupCosine",
    "lr_warmup_epochs": 3,
    "lr_min_ratio": 0.2,
    "plateau_factor": 0.3,
    "plateau_patience": 4,
    "plateau_min_lr": 1e-6,
    "plateau_threshold": 0.1,
}
MODEL_FIELDS = list(vars(ModelConfig()))
NEEDS = {
    "realspace_mae_weight": {"realspace_weight": 0.1},
    "torch_mae_pred_l2_match_target": {"torch_loss_mode": "mae"},
    "n_images": {"n_groups": 77},
}


@pytest.fixture(autouse=True)
def _legacy_dictionary_restored():
    """Each test starts from the built-in defaults and leaves the dictionary as it was found."""
    before = dict(legacy.cfg)
    legacy.cfg.clear()
    legacy.cfg.update(legacy.LEGACY_DEFAULTS)
    yield
    legacy.cfg.clear()
    legacy.cfg.update(before)


class Route:
    """The dispatchers with this environment's backend, and what `fit` was given."""

    def __init__(self, name, module):
        self.name, self.module, self.fitted = name, module, []
        self.backend = {"tensorflow": "tensorflow", "torch": "pytorch"}[name]

    def fit(self, train, test, config, native=None, execution=None):
        self.fitted.append(
            SimpleNamespace(train=train, test=test, config=config, native=native, execution=execution)
        )
        return {"history": {}}

    def config(self, **values):
        model = {name: values.pop(name) for name in MODEL_FIELDS if name in values}
        return TrainingConfig(ModelConfig(**model), backend=self.backend, **values)

    def run(self, train, test=None, **values):
        settings = PyTorchExecutionConfig(accelerator="cpu") if self.name == "torch" else None
        return run_cdi_example_with_backend(
            train, test, self.config(**values), torch_execution_config=settings
        )[2]


@pytest.fixture
def route(name, native, monkeypatch):  # noqa: ARG001 - the framework is there
    made = Route(name, import_module(f"ptychoparity.backends.{name}.workflows"))
    monkeypatch.setattr(made.module, "fit", made.fit)
    return made


@pytest.fixture
def scan():
    def make(labels=False):
        rng = np.random.default_rng(5)
        x, y = (axis.ravel() * 4.0 + rng.uniform(-1, 1, 36) + 60 for axis in np.mgrid[:6, :6])
        raw = RawData.from_coords_without_pc(
            x,
            y,
            rng.uniform(0.5, 1.5, (36, 64, 64)).astype(np.float32),
            np.ones((64, 64), np.complex64),
            np.zeros(36, int),
        )
        if labels:
            raw.Y = (rng.normal(size=(36, 64, 64)) + 2j).astype(np.complex64)
        return raw

    return make


@pytest.fixture
def container(route, scan):
    """A container of this framework, with labels."""
    return route.module.ensure_container(scan(labels=True), route.config(n_groups=3))


def dictionary_after(route, container, **values):
    """The legacy dictionary after a training, and what the reference says it should be."""
    start = dict.fromkeys(legacy.LEGACY_DEFAULTS, "sentinel")
    legacy.cfg.clear()
    legacy.cfg.update(start)
    route.run(container, **values)
    after = {key: value for key, value in legacy.cfg.items() if key not in legacy.RUNTIME_KEYS}
    return after, bridged(route.config(**values), start)


def test_the_table_of_values_names_every_field():
    own = {*vars(TrainingConfig(ModelConfig()))} - {"model", "backend"}
    assert {*VALUES} == own | {*MODEL_FIELDS}


@pytest.mark.parametrize("field", [pytest.param(field, id=f"check-58-{field}") for field in VALUES])
def test_the_dictionary_is_what_the_reference_says(route, container, field):
    after, expected = dictionary_after(route, container, **NEEDS.get(field, {}), **{field: VALUES[field]})
    assert after == expected
    assert len(route.fitted) == 1


def test_check_58_with_every_field_at_its_test_value(route, container):
    after, expected = dictionary_after(route, container, **VALUES)
    assert after == expected
    assert after["backend"] == route.backend


def test_check_60_the_dictionary_is_populated_before_data_are_read_grouped_and_made_tensors(
    route, scan, tmp_path, monkeypatch
):
    scan().to_file(tmp_path / "scan.npz")
    legacy.cfg["N"] = 999
    calls = []

    def spy(owner, name):
        original = getattr(owner, name)
        monkeypatch.setattr(
            owner,
            name,
            lambda *args, **kwargs: calls.append((name, legacy.cfg["N"])) or original(*args, **kwargs),
        )

    spy(workflows, "update_legacy_dict")
    spy(training_data.loading, "load_data")
    spy(training_data.RawData, "generate_grouped_data")
    spy(route.module, "load")
    spy(route.module, "fit")
    route.run(tmp_path / "scan.npz", n_groups=5)
    assert calls == [
        ("update_legacy_dict", 999),
        ("load_data", 64),
        ("generate_grouped_data", 64),
        ("load", 64),
        ("fit", 64),
    ]


def test_a_scan_becomes_a_container_of_the_framework(route, scan):
    results = route.run(scan(), scan(), n_groups=5, gridsize=2, neighbor_count=5, subsample_seed=3)
    expected = scan().generate_grouped_data(64, K=5, nsamples=5, seed=3, gridsize=2)
    for made in (results["train_container"], results["test_container"]):
        assert type(made).__name__ == CONTAINERS[route.name]
        assert type(made.X).__module__.partition(".")[0] == route.name
        np.testing.assert_array_equal(np.asarray(made.X), expected["X_full"])
        np.testing.assert_array_equal(np.asarray(made.nn_indices), expected["nn_indices"])
        np.testing.assert_array_equal(np.asarray(made.probe), np.ones((64, 64)))
    assert results["backend"] == route.backend


def test_a_container_is_taken_as_it_is(route, container):
    assert route.module.ensure_container(container, route.config()) is container
    assert route.run(container)["train_container"] is container


@pytest.mark.parametrize("labels", [False, True])
def test_check_68_supervised_training_needs_labels(route, scan, labels):
    if labels:
        route.run(scan(labels=True), n_groups=5, model_type="supervised")
        assert len(route.fitted) == 1
    else:
        with pytest.raises(RuntimeError, match="DATA-SUP-001"):
            route.run(scan(), n_groups=5, model_type="supervised")
        assert route.fitted == []


@pytest.mark.filterwarnings("ignore:POLICY-001")
def test_check_69_without_an_execution_configuration_pytorch_gets_one(route, container):
    results = train_cdi_model_with_backend(container, None, route.config())
    assert results["backend"] == route.backend
    (fitted,) = route.fitted
    if route.name == "torch":
        available = import_module("torch").cuda.is_available()
        assert fitted.execution.accelerator == ("cuda" if available else "cpu")
    else:
        assert fitted.execution is None


def test_fitting_and_loading_are_not_available_yet(route, container, monkeypatch, tmp_path):
    (tmp_path / "wts.h5.zip").touch()
    config = InferenceConfig(ModelConfig(), Path(), Path(), backend=route.backend)
    with pytest.raises(NotAvailable, match="diffraction_to_obj"):
        load_inference_bundle_with_backend(tmp_path, config)
    monkeypatch.undo()
    with pytest.raises(NotAvailable, match="training"):
        route.run(container)


BLOCKED = """
import sys, types

class Blocking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocking())

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import run_cdi_example_with_backend
from ptychoparity.reference.config import ModelConfig, TrainingConfig
from ptychoparity.backends.{name} import workflows

workflows.fit = lambda *args: {{"history": {{}}}}
data = types.SimpleNamespace(X=1, Y=2)
config = TrainingConfig(ModelConfig(), backend={backend!r})
settings = PyTorchExecutionConfig(accelerator="cpu")
print(run_cdi_example_with_backend(data, None, config, torch_execution_config=settings)[2]["backend"])
assert {name!r} in sys.modules
assert not {{name.partition(".")[0] for name in sys.modules}} & set({blocked!r})
"""


def test_check_69_the_route_works_with_the_other_framework_blocked(route):
    code = BLOCKED.format(name=route.name, backend=route.backend, blocked=OTHERS[route.name])
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == route.backend
