"""GPU first: what the default accelerator becomes (spec ``config.md`` 5.1), with a stand-in for PyTorch."""

import sys
import warnings
from types import ModuleType, SimpleNamespace

import pytest

from ptychoparity.backends.execution import PyTorchExecutionConfig

DEVICES = "ptychoparity.backends.torch.devices"


@pytest.fixture
def host(monkeypatch):
    """Makes ``import torch`` give a stand-in that answers about CUDA, or fail where there is no answer."""
    monkeypatch.delitem(sys.modules, DEVICES, raising=False)

    def pretend(cuda):
        stand_in = None
        if cuda is not None:
            stand_in = ModuleType("torch")
            stand_in.cuda = SimpleNamespace(is_available=lambda: cuda)
        monkeypatch.setitem(sys.modules, "torch", stand_in)

    yield pretend
    sys.modules.pop(DEVICES, None)  # it holds the stand-in


def made(**values):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return PyTorchExecutionConfig(**values), caught


class TestPyTorchExecutionConfigDefaults:
    def test_auto_prefers_cuda(self, host):
        """Check 62."""
        host(cuda=True)
        config, caught = made()
        assert config.accelerator == "cuda"
        assert caught == []

    def test_auto_warns_and_falls_back_to_cpu(self, host):
        """Check 63."""
        host(cuda=False)
        config, caught = made()
        assert config.accelerator == "cpu"
        assert [warning.category for warning in caught] == [UserWarning]
        text = str(caught[0].message)
        assert "POLICY-001" in text
        assert "No CUDA device detected" in text
        assert "--torch-accelerator cpu" in text

    @pytest.mark.parametrize("cuda", [True, False])
    @pytest.mark.parametrize("accelerator", ["cpu", "cuda", "gpu", "mps"])
    def test_check_64_explicit_values_are_kept_without_a_warning(self, host, accelerator, cuda):
        host(cuda=cuda)
        config, caught = made(accelerator=accelerator)
        assert config.accelerator == accelerator
        assert caught == []

    def test_check_65_without_pytorch_auto_is_cpu_with_one_warning(self, host):
        host(cuda=None)
        config, caught = made()
        assert config.accelerator == "cpu"
        assert [warning.category for warning in caught] == [UserWarning]
        assert "POLICY-001" in str(caught[0].message)
        assert "pip install torch>=2.2" in str(caught[0].message)

    @pytest.mark.parametrize("error", [ImportError("no libcudart"), OSError("no libcudart")])
    def test_check_65_a_broken_installation_counts_as_none(self, host, monkeypatch, error):
        class Broken:
            @staticmethod
            def find_spec(name, _path=None, _target=None):
                if name == DEVICES:
                    raise error

        host(cuda=True)
        monkeypatch.setattr(sys, "meta_path", [Broken, *sys.meta_path])
        config, caught = made()
        assert config.accelerator == "cpu"
        assert [warning.category for warning in caught] == [UserWarning]
