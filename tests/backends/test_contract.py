"""What a backend declares of itself, and how backends are found."""

import sys

import pytest

from ptychoparity.backends import registry
from ptychoparity.backends.contract import OPERATIONS, Backend, Unusable
from ptychoparity.reference.config import ModelConfig, TrainingConfig


def test_the_backend_has_the_operations_that_it_declares(backend, name):
    assert isinstance(backend, Backend)
    assert backend.name == name
    assert backend.capabilities().operations <= OPERATIONS
    assert all(callable(getattr(backend, operation)) for operation in backend.capabilities().operations)


def test_the_backend_declares_how_it_computes(backend):
    declared = backend.capabilities()
    assert declared.dtypes == ("float32",)
    assert "cpu" in declared.devices
    assert declared.deterministic


def test_provenance_names_the_framework_first_and_its_settings(backend, native, name):
    provenance = backend.provenance()
    assert next(iter(provenance.versions.items())) == (name, native.framework.__version__)
    assert {"numpy", "scipy", "h5py"} < provenance.versions.keys()
    assert provenance.threads >= 1
    assert provenance.flags["tf32"] == "False"


def test_bridging_leaves_its_input_alone_and_agrees_with_the_reference(backend, truth):
    config = TrainingConfig(model=ModelConfig(N=128, gridsize=2), train_data_file="scan.npz", n_groups=16)
    legacy = {"unrelated": 1}
    bridged = backend.bridge(config, legacy)
    assert legacy == {"unrelated": 1}
    assert bridged == truth.bridge(config, legacy)
    assert (bridged["N"], bridged["gridsize"], bridged["unrelated"]) == (128, 2, 1)


def test_all_four_backends_are_registered():
    assert {"reference", "reference-float32", "tensorflow", "torch"} <= registry.registered().keys()


def test_a_backend_can_be_made_again(backend, name):
    again = registry.load(name)
    assert type(again) is type(backend)
    assert again is not backend


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(LookupError, match=r"unknown backend 'tensorflwo'.*did you mean 'tensorflow'"):
        registry.load("tensorflwo")


@pytest.mark.parametrize("missing", ["tensorflow", "torch"])
def test_a_backend_without_its_framework_says_what_to_install(monkeypatch, missing):
    for module in list(sys.modules):
        if module.startswith(f"ptychoparity.backends.{missing}."):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(Unusable, match=rf"pip install ptychoparity\[{missing}\]"):
        registry.load(missing)


@pytest.mark.parametrize("name", ["tensorflow", "torch"])
def test_a_module_of_our_own_that_is_missing_is_no_missing_framework(monkeypatch, name):
    monkeypatch.setitem(sys.modules, f"ptychoparity.backends.{name}.adapter", None)
    with pytest.raises(ModuleNotFoundError, match="adapter"):
        registry.load(name)
