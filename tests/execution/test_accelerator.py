"""What the accelerator ``auto`` becomes, and what an explicit one asks for (spec ``config.md`` 5.1)."""

import copy
import pickle
import subprocess
import sys
import warnings
from dataclasses import replace

import pytest

from ptychoparity.backends import execution
from ptychoparity.backends.arguments import build_execution_config_from_args, resolve_accelerator
from ptychoparity.backends.execution import (
    PyTorchExecutionConfig,
    require_accelerator,
    resolved,
    torch_device,
)


@pytest.fixture
def host(monkeypatch):
    """Sets what PyTorch says of CUDA; None means that it cannot be imported."""
    return lambda cuda: monkeypatch.setattr(execution, "cuda_available", lambda: cuda)


@pytest.fixture
def nobody_asks(monkeypatch):
    """Asking for CUDA, which imports PyTorch, fails the test."""

    def refuse():
        raise AssertionError("CUDA was asked for")

    monkeypatch.setattr(execution, "cuda_available", refuse)


def warnings_of(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return function(), caught


def called_from_elsewhere(expression):
    """The value of an expression that stands in a file ``elsewhere.py``, where its warnings should point."""
    return eval(compile(expression, "elsewhere.py", "eval"), globals())


def test_check_62_auto_is_cuda_without_a_warning(host):
    host(True)
    config, caught = warnings_of(PyTorchExecutionConfig)
    assert config.accelerator == "cuda"
    assert caught == []


@pytest.mark.parametrize(
    ("cuda", "tokens"),
    [
        pytest.param(False, ["POLICY-001", "No CUDA device detected", "accelerator='cpu'"], id="check-63"),
        pytest.param(None, ["POLICY-001", "PyTorch cannot be imported", "accelerator='cpu'"], id="check-65"),
    ],
)
def test_auto_is_cpu_with_one_warning_for_the_caller(host, cuda, tokens):
    host(cuda)
    config, caught = warnings_of(lambda: called_from_elsewhere("PyTorchExecutionConfig()"))
    assert config.accelerator == "cpu"
    assert [(warning.category, warning.filename) for warning in caught] == [(UserWarning, "elsewhere.py")]
    assert all(token in str(caught[0].message) for token in tokens)
    assert "\n" not in str(caught[0].message)


@pytest.mark.parametrize("name", ["check-64"])
@pytest.mark.parametrize("accelerator", ["cpu", "cuda", "gpu", "mps"])
def test_explicit_accelerators_ask_nothing_and_warn_of_nothing(nobody_asks, accelerator, name):  # noqa: ARG001
    config, caught = warnings_of(lambda: PyTorchExecutionConfig(accelerator))
    assert config.accelerator == accelerator
    assert caught == []


def test_check_64_importing_and_explicit_values_look_for_no_framework():
    code = """if True:
        import sys
        asked = []

        class Noting:
            @staticmethod
            def find_spec(name, path=None, target=None):
                asked.append(name)

        sys.meta_path.insert(0, Noting)
        from ptychoparity.backends import arguments, execution, guards

        execution.torch_device(execution.PyTorchExecutionConfig("cuda").accelerator)
        explicit = [name for name in asked if name.partition(".")[0] in ("torch", "tensorflow", "keras")]
        execution.PyTorchExecutionConfig()
        print(explicit, "torch" in asked)
    """
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert run.stdout.split() == ["[]", "True"], run.stderr


@pytest.mark.parametrize(
    "again",
    [
        lambda config: replace(config, num_workers=2),
        copy.copy,
        copy.deepcopy,
        lambda config: pickle.loads(pickle.dumps(config)),
    ],
    ids=["replace", "copy", "deepcopy", "pickle"],
)
def test_a_copy_asks_nothing_again(host, again):
    host(False)
    config, caught = warnings_of(PyTorchExecutionConfig)
    assert len(caught) == 1
    host(True)
    other, caught = warnings_of(lambda: again(config))
    assert other.accelerator == "cpu"
    assert caught == []


def test_an_entry_that_resolves_twice_warns_once(host):
    host(False)

    class Arguments:
        accelerator = "auto"

    def entry():
        Arguments.accelerator = resolve_accelerator(Arguments.accelerator)
        config = build_execution_config_from_args(Arguments, "inference")
        return torch_device(resolved(config.accelerator))

    device, caught = warnings_of(entry)
    assert device == "cpu"
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("accelerator", "device"), [("cpu", "cpu"), ("cuda", "cuda"), ("gpu", "cuda"), ("mps", "mps")]
)
def test_the_device_of_an_accelerator(nobody_asks, accelerator, device):  # noqa: ARG001
    assert torch_device(accelerator) == device


def test_the_device_of_auto_is_never_the_cpu_where_there_is_cuda(host):
    host(True)
    assert torch_device("auto") == "cuda"
    host(False)
    with pytest.warns(UserWarning, match="POLICY-001") as caught:
        assert called_from_elsewhere("torch_device('auto')") == "cpu"
    assert [warning.filename for warning in caught] == ["elsewhere.py"]


def test_no_device_of_tpu():
    with pytest.raises(ValueError, match="Torch-XLA"):
        torch_device("tpu")


@pytest.mark.parametrize("cuda", [False, None])
@pytest.mark.parametrize("accelerator", ["cuda", "gpu"])
def test_cuda_asked_for_and_not_there_is_refused_with_the_way_out(host, accelerator, cuda):
    host(cuda)
    with pytest.raises(RuntimeError, match=f"'{accelerator}'.*POLICY-001.*accelerator='cpu'"):
        require_accelerator(PyTorchExecutionConfig(accelerator))


@pytest.mark.parametrize(("accelerator", "cuda"), [("cuda", True), ("gpu", True), ("cpu", False)])
def test_an_accelerator_that_is_there_passes(host, accelerator, cuda):
    host(cuda)
    require_accelerator(PyTorchExecutionConfig(accelerator))


def test_the_cpu_is_never_asked_about(nobody_asks):  # noqa: ARG001
    require_accelerator(PyTorchExecutionConfig("cpu"))
