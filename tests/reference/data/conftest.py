from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.data import RawData

Arrays = dict[str, Any]


def scan(x: Any, y: Any, side: int = 8, **changes: Any) -> Arrays:
    """Constructor arguments of a valid data set with distinct float32 amplitudes below ten."""
    rng = np.random.default_rng(11)
    arrays: Arrays = {
        "xcoords": np.asarray(x, float),
        "ycoords": np.asarray(y, float),
        "diff3d": rng.uniform(0.1, 2.0, (len(x), side, side)).astype(np.float32),
        "probeGuess": (rng.normal(size=(side, side)) + 1j).astype(np.complex64),
        "scan_index": np.zeros(len(x), np.int64),
    }
    arrays |= {"xcoords_start": arrays["xcoords"], "ycoords_start": arrays["ycoords"]}
    return arrays | changes


@pytest.fixture
def make() -> Callable[..., RawData]:
    return lambda *args, **changes: RawData(**scan(*args, **changes))


@pytest.fixture
def arrays() -> Callable[..., Arrays]:
    return scan


@pytest.fixture
def irregular() -> tuple[Any, Any]:
    """Fixture IRR of spec data.md 11."""
    rng = np.random.default_rng(3)
    return rng.random(12) * 20, rng.random(12) * 20


@pytest.fixture
def raster() -> tuple[Any, Any]:
    """Fixture R5 of spec data.md 11."""
    x, y = np.meshgrid(np.arange(5), np.arange(5))
    return x.ravel(), y.ravel()


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def write(members: Arrays, name: str = "scan.npz") -> Path:
        path = tmp_path / name
        np.savez(path, **{key: value for key, value in members.items() if value is not None})
        return path

    return write
