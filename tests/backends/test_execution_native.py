"""Devices as the framework itself has them: detection, and where predictions are made (``config.md`` 5.1)."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ptychoparity.backends.execution import (
    PyTorchExecutionConfig,
    cuda_available,
    require_accelerator,
    torch_device,
)
from ptychoparity.backends.guards import require_framework

CONFIG_NAME = {"torch": "pytorch", "tensorflow": "tensorflow"}
ABSENT = {"torch": "tensorflow", "tensorflow": "pytorch"}


def made(**values: Any) -> tuple[PyTorchExecutionConfig, list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return PyTorchExecutionConfig(**values), caught


@pytest.fixture
def torch(native):
    if native.name != "torch":
        pytest.skip("PyTorch is not the backend under test")
    return native.framework


@pytest.fixture
def tensorflow(native):
    if native.name != "tensorflow":
        pytest.skip("TensorFlow is not the backend under test")
    return native.framework


@pytest.fixture
def meta_as_cuda(torch, monkeypatch):
    """A CUDA device simulated by the meta device, on which mixing with the CPU raises as well."""
    move = torch.Tensor.to

    def to(tensor: Any, *where: Any, **options: Any) -> Any:
        place = [torch.device("meta") if _is_cuda(torch, item) else item for item in where]
        return move(tensor, *place, **options)

    monkeypatch.setattr(torch.Tensor, "to", to)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def _is_cuda(torch: Any, where: Any) -> bool:
    return isinstance(where, str | torch.device) and torch.device(where).type == "cuda"


def recording_module(torch: Any) -> Any:
    class Recording(torch.nn.Module):
        """Notes what happens to it, in order, and what it sees when called."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 2)
            self.dropout = torch.nn.Dropout(0.5)
            self.events: list[Any] = []

        def to(self, *where: Any, **options: Any) -> Any:
            self.events.append(("to", *where))
            return super().to(*where, **options)

        def eval(self) -> Any:
            self.events.append("eval")
            return super().eval()

        def forward(self, patterns: Any, shift: Any, factor: float) -> Any:
            self.events.append("forward")
            self.seen = (patterns.device.type, shift.device.type, self.layer.weight.device.type)
            self.settings = (self.training, torch.is_grad_enabled())
            return self.dropout(self.layer(patterns) + shift) * factor

    return Recording()


def test_check_79_inference_on_cuda_moves_the_module_and_every_tensor_first(torch, native, meta_as_cuda):  # noqa: ARG001
    config, caught = made()
    require_accelerator(config)
    module = recording_module(torch).train()
    module.events.clear()
    inputs = [torch.ones(4, 3), torch.ones(4, 2), 2.0]
    answer = native.module("devices").predict(module, inputs, torch_device(config.accelerator))
    assert config.accelerator == "cuda"
    assert caught == []
    assert module.events == [("to", "cuda"), "eval", "forward"]
    assert module.seen == ("meta", "meta", "meta")
    assert module.settings == (False, False)
    assert answer.device.type == "meta"
    assert [item.device.type for item in inputs[:2]] == ["cpu", "cpu"]


def test_check_79_the_simulated_device_notices_a_tensor_left_behind(torch, meta_as_cuda):  # noqa: ARG001
    module = torch.nn.Linear(3, 2).to("cuda")
    with pytest.raises(RuntimeError, match="device"):
        module(torch.ones(4, 3))


def test_a_prediction_on_the_cpu_is_the_modules_own(torch, native):
    module = recording_module(torch)
    patterns, shift = torch.ones(4, 3), torch.ones(4, 2)
    answer = native.module("devices").predict(module, [patterns, shift, 2.0], "cpu")
    expected = (patterns @ module.layer.weight.T + module.layer.bias + shift) * 2
    assert not answer.requires_grad
    np.testing.assert_allclose(answer.numpy(), expected.detach().numpy(), rtol=1e-6)


def test_check_62_auto_is_cuda_where_pytorch_sees_one(torch, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    config, caught = made()
    assert config.accelerator == "cuda"
    assert caught == []
    require_accelerator(config)


def test_check_63_auto_is_cpu_where_pytorch_sees_none(torch, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config, caught = made()
    assert config.accelerator == "cpu"
    assert [warning.category for warning in caught] == [UserWarning]
    assert "POLICY-001" in str(caught[0].message)
    assert "No CUDA device detected" in str(caught[0].message)
    assert "cannot be imported" not in str(caught[0].message)


@pytest.mark.parametrize("accelerator", ["cuda", "gpu"])
def test_check_64_an_explicit_accelerator_is_refused_only_when_it_is_needed(torch, monkeypatch, accelerator):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config, caught = made(accelerator=accelerator)
    assert config.accelerator == accelerator
    assert caught == []
    with pytest.raises(RuntimeError, match=f"'{accelerator}'.*accelerator='cpu'"):
        require_accelerator(config)


def test_check_65_auto_without_pytorch_is_cpu(tensorflow):  # noqa: ARG001 - PyTorch is not in this environment
    config, caught = made()
    assert cuda_available() is None
    assert config.accelerator == "cpu"
    assert [warning.category for warning in caught] == [UserWarning]
    assert "PyTorch cannot be imported" in str(caught[0].message)


@pytest.mark.parametrize("seen", [[], ["GPU:0"]])
def test_tensorflow_sees_a_gpu_where_one_is_visible(tensorflow, native, monkeypatch, seen):
    monkeypatch.setattr(tensorflow.config, "get_visible_devices", lambda kind: seen if kind == "GPU" else [])
    assert native.module("devices").cuda_available() is bool(seen)


def keras_model(tensorflow: Any) -> tuple[Any, list[Any]]:
    """A model of two inputs that notes whether it is called in training mode."""
    modes: list[Any] = []

    class Noting(tensorflow.keras.layers.Layer):
        def call(self, values: Any, training: Any = None) -> Any:
            modes.append(training)
            return values

    layers = tensorflow.keras.layers
    inputs = [tensorflow.keras.Input((3,)), tensorflow.keras.Input((2,))]
    hidden = Noting()(layers.Add()([layers.Dense(2)(inputs[0]), inputs[1]]))
    model = tensorflow.keras.Model(inputs, layers.Dropout(0.5)(hidden))
    modes.clear()
    return model, modes


def test_check_79_a_keras_model_is_called_in_inference_mode(tensorflow, native):
    model, modes = keras_model(tensorflow)
    patterns, shift = tensorflow.ones((4, 3)), tensorflow.ones((4, 2))
    answer = native.module("devices").predict(model, [patterns, shift], "cpu")
    kernel, bias = model.trainable_variables
    assert modes == [False]
    np.testing.assert_allclose(answer, np.ones((4, 3)) @ kernel.numpy() + bias.numpy() + 1, rtol=1e-6)


def test_a_keras_model_of_one_input_takes_it_bare(tensorflow, native, recwarn):
    inputs = tensorflow.keras.Input((3,))
    model = tensorflow.keras.Model(inputs, inputs * 2)
    answer = native.module("devices").predict(model, [tensorflow.ones((4, 3))], "cpu")
    np.testing.assert_array_equal(answer, np.full((4, 3), 2))
    assert not recwarn.list


def test_tensorflow_does_not_quietly_compute_elsewhere(tensorflow, native, monkeypatch):
    model: Callable[..., Any] = lambda *_inputs, **_settings: pytest.fail("the model was called")  # noqa: E731
    present = tensorflow.config.list_logical_devices("CPU")
    monkeypatch.setattr(tensorflow.config, "list_logical_devices", lambda: present)
    with pytest.raises(RuntimeError, match=r"no device 'cuda'; it has CPU:0$"):
        native.module("devices").predict(model, [tensorflow.ones(1)], "cuda")


# Logical devices must be made before TensorFlow starts, so in a process of its own.
SECOND_DEVICE = """
import tensorflow as tf

first = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(first, [tf.config.LogicalDeviceConfiguration()] * 2)
from ptychoparity.backends.tensorflow.devices import predict

seen = []

def model(values, training):
    seen.extend(item.device for item in values)
    return tf.add(*values)

seen.append(predict(model, [tf.ones(2), tf.ones(2)], "cpu:1").device)
print(*(name.rpartition("device:")[2] for name in seen))
"""


def test_check_79_every_tensor_and_the_answer_are_on_the_second_device(tensorflow):  # noqa: ARG001
    run = subprocess.run(
        [sys.executable, "-c", SECOND_DEVICE],
        capture_output=True,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
    )
    assert run.stdout.split() == ["CPU:1"] * 3, run.stderr


def test_check_69_a_framework_is_required_and_only_its_own(native):
    require_framework(CONFIG_NAME[native.name])
    assert {"torch", "tensorflow"} & set(sys.modules) == {native.name}


def test_check_69_the_other_framework_is_not_there(native):
    with pytest.raises(RuntimeError, match=r"backend selected.*pip install"):
        require_framework(ABSENT[native.name])
