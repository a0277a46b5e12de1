"""What is refused before a training starts, and with which words (spec ``config.md`` 5.3)."""

import logging
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from ptychoparity.backends.guards import (
    FRAMEWORKS,
    effective_loss,
    refuse_accumulation,
    require_batches,
    require_framework,
    require_labels,
)
from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig
from ptychoparity.reference.config.translation import to_native

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_check_67_accumulation_with_manual_optimisation_is_refused():
    with pytest.raises(RuntimeError) as caught:
        refuse_accumulation(automatic_optimization=False, accum_steps=2)
    text = str(caught.value)
    tokens = (
        "EXEC-ACCUM-001",
        "manual optimization",
        "gradient accumulation",
        "accumulate_grad_batches=2",
        "--torch-accumulate-grad-batches",
    )
    assert [token for token in tokens if token not in text] == []
    assert "\n" not in text


@pytest.mark.parametrize(
    ("automatic", "steps"),
    [
        pytest.param(False, 1, id="check-67-manual-1"),
        pytest.param(True, 1, id="check-67-automatic-1"),
        pytest.param(True, 2, id="check-67-automatic-2"),
    ],
)
def test_other_accumulation_passes(automatic, steps):
    refuse_accumulation(automatic, steps)


LABELLED = {"label_amp": 1, "label_phase": 2, "images": 3}


@pytest.mark.parametrize("kind", [dict, lambda values: SimpleNamespace(**values)], ids=["batch", "container"])
@pytest.mark.parametrize("model_type", ["supervised", "Supervised"])
@pytest.mark.parametrize(
    ("values", "missing"),
    [
        pytest.param({}, "label_amp and label_phase", id="check-68-none"),
        pytest.param({"label_amp": 1}, "label_phase", id="check-68-no-phase"),
        pytest.param({"label_phase": 1}, "label_amp", id="check-68-no-amp"),
        pytest.param({"label_amp": None, "label_phase": 1}, "label_amp", id="check-68-amp-is-None"),
    ],
)
def test_supervised_training_needs_labels(kind, model_type, values, missing):
    with pytest.raises(RuntimeError, match=rf"lack {missing};") as caught:
        require_labels(model_type, kind(values))
    text = str(caught.value)
    tokens = ("DATA-SUP-001", "label_amp", "label_phase", "data with labels", "--model_type pinn")
    assert [token for token in tokens if token not in text] == []
    assert "\n" not in text


@pytest.mark.parametrize("kind", [dict, lambda values: SimpleNamespace(**values)], ids=["batch", "container"])
@pytest.mark.parametrize(
    ("model_type", "values"),
    [
        pytest.param("supervised", LABELLED, id="check-68-labelled"),
        pytest.param("pinn", {}, id="check-68-pinn"),
        pytest.param("Unsupervised", {}, id="check-68-native-pinn"),
    ],
)
def test_labels_that_are_there_or_not_needed_pass(kind, model_type, values):
    require_labels(model_type, kind(values))


class Loader(list):
    pass


@pytest.mark.parametrize(
    "wrap",
    [Loader, lambda batches: SimpleNamespace(train_dataloader=lambda: Loader(batches))],
    ids=["check-68-loader", "check-68-data-module"],
)
def test_the_first_batch_is_looked_at_or_its_absence_is_told(wrap):
    assert require_batches(wrap([{"first": 1}, {"second": 2}])) == {"first": 1}
    with pytest.raises(RuntimeError, match=r"train_data_file.*n_groups"):
        require_batches(wrap([]))


@pytest.mark.parametrize("mode", ["poisson", "POISSON"])
def test_check_68_supervised_training_has_the_mae_loss(caplog, mode):
    config = TrainingConfig(ModelConfig(model_type="supervised"), torch_loss_mode=mode)
    before = asdict(config)
    with caplog.at_level(logging.INFO):
        assert effective_loss(config) == "mae"
    assert asdict(config) == before
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert "'poisson'" in record.getMessage()
    assert "'mae'" in record.getMessage()


@pytest.mark.parametrize(
    ("model_type", "mode", "loss"),
    [("pinn", "poisson", "poisson"), ("pinn", "MAE", "mae"), ("supervised", "mae", "mae")],
)
def test_a_loss_that_is_not_overridden_is_not_logged(caplog, model_type, mode, loss):
    config = TrainingConfig(ModelConfig(model_type=model_type), torch_loss_mode=mode)
    with caplog.at_level(logging.DEBUG):
        assert effective_loss(config) == loss
    assert caplog.records == []


@pytest.mark.parametrize("model_type", ["pinn", "supervised"])
def test_the_loss_is_the_one_of_the_native_configuration(model_type):
    config = TrainingConfig(ModelConfig(model_type=model_type))
    native, _ = to_native(config)
    assert effective_loss(config) == native.training.torch_loss_mode
    assert effective_loss(config) == native.model.loss_function.lower()


def test_only_training_has_a_loss():
    with pytest.raises(TypeError, match="TrainingConfig"):
        effective_loss(InferenceConfig(ModelConfig(), Path("model"), Path("data.npz")))


@pytest.mark.parametrize(
    ("backend", "tokens"),
    [
        pytest.param(
            "pytorch",
            ["PyTorch backend selected", "not installed", "pip install torch>=2.2", "POLICY-001"],
            id="check-69-pytorch",
        ),
        pytest.param(
            "tensorflow",
            ["TensorFlow backend selected", "not installed", "pip install tensorflow>=2.18"],
            id="check-69-tensorflow",
        ),
    ],
)
def test_a_framework_that_is_not_there_is_named_with_the_way_to_get_it(monkeypatch, backend, tokens):
    monkeypatch.setitem(sys.modules, FRAMEWORKS[backend].module, None)
    with pytest.raises(RuntimeError) as caught:
        require_framework(backend)
    text = str(caught.value)
    assert [token for token in tokens if token not in text] == []
    assert str(caught.value.__cause__) in text
    assert "\n" not in text


@pytest.mark.parametrize(("backend", "other"), [("pytorch", "tensorflow"), ("tensorflow", "torch")])
def test_check_69_one_framework_is_enough(monkeypatch, backend, other):
    module = FRAMEWORKS[backend].module
    monkeypatch.setitem(sys.modules, module, ModuleType(module))
    monkeypatch.setitem(sys.modules, other, None)
    require_framework(backend)


def test_the_way_to_get_a_framework_is_the_one_of_the_project():
    extras = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["optional-dependencies"]
    assert {f.module: [f.requirement] for f in FRAMEWORKS.values()} == {
        name: extras[name] for name in ("tensorflow", "torch")
    }
