"""The backend under test: the one that PTYCHOPARITY_TEST_BACKEND names, in the interpreter that has it."""

import os
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ptychoparity.backends import registry
from ptychoparity.backends.contract import Backend

VARIABLE = "PTYCHOPARITY_TEST_BACKEND"
Array = np.ndarray[Any, Any]


class Native:
    """A backend's own modules and tensors, behind arrays in the layout of the contract."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.framework = import_module(name)
        self.first = name == "torch"

    def module(self, name: str) -> ModuleType:
        return import_module(f"ptychoparity.backends.{self.name}.{name}")

    def tensor(self, array: Array) -> Any:
        """In the array's own precision."""
        make = self.framework.from_numpy if self.first else self.framework.constant
        return make(np.ascontiguousarray(array))

    def stack(self, array: Array) -> Any:
        """Arrays with the channel last; backends that are channels-first get it third from the end."""
        return self.tensor(np.moveaxis(array, -1, -3) if self.first else array)

    def unstack(self, tensor: Any) -> Array:
        return np.moveaxis(np.asarray(tensor), -3, -1) if self.first else np.asarray(tensor)


@pytest.fixture(scope="session")
def name() -> str:
    value = os.environ.get(VARIABLE)
    if value is None:
        pytest.skip(f"{VARIABLE} names no backend: set it to tensorflow or torch")
    return value


@pytest.fixture(scope="session")
def backend(name: str) -> Backend:
    return registry.load(name)


@pytest.fixture(scope="session")
def native(name: str, backend: Backend) -> Native:
    assert backend.name == name
    return Native(name)


@pytest.fixture(scope="session")
def truth() -> Backend:
    """The float64 reference."""
    return registry.load("reference")
