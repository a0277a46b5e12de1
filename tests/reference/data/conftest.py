import gc
import io
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.inspection import inspect_npz
from ptychoparity.reference.data.loading import load_data

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


TYPED = (FileNotFoundError, KeyError, TypeError, ValueError)
LARGEST_PEAK = 64 << 20


@pytest.fixture
def judge_mutants(tmp_path: Path) -> Callable[..., list[bool]]:
    """Make files of one kind, ``kind(rng, members, archive, told) -> bytes``, and let readers judge them.

    A reader gives a sound data set or a typed error that names the file; it takes little memory; it makes no
    folder ``told``; all readers agree. The result says which files were accepted.
    """
    path, told = tmp_path / "mutated.npz", tmp_path / "ran"

    def judge(kind: Callable[..., bytes], times: int) -> list[bool]:
        accepted = []
        for trial in range(times):
            rng = np.random.default_rng([len(kind.__name__), *kind.__name__.encode(), trial])
            path.write_bytes(kind(rng, members_of(rng), archive, told))
            gc.collect(0)
            whole = bounded(RawData.from_file, path, trial)
            part = bounded(lambda file: load_data(file, n_subsample=1, subsample_seed=0), path, trial)
            seen = bounded(inspect_npz, path, trial)
            assert not told.exists(), (trial, "content was run")
            assert type(part) is type(whole), (trial, whole, part)
            if taken := isinstance(whole, RawData):
                assert_sound(whole)
                assert_sound(part)
                assert len(part.xcoords) == 1
            assert taken == (not isinstance(seen, Exception) and seen.accepted), (trial, whole, seen)
            accepted.append(taken)
        return accepted

    return judge


def members_of(rng: np.random.Generator) -> Arrays:
    coordinates = ("xcoords", "ycoords", "xcoords_start", "ycoords_start")
    return {key: rng.random(5) * 20 for key in coordinates} | {
        "diff3d": rng.uniform(0.1, 2, (5, 8, 8)).astype(np.float32),
        "probeGuess": rng.random((8, 8)).astype(np.complex64) + 1,
        "objectGuess": rng.random((30, 32)).astype(np.complex64),
        "scan_index": np.zeros(5, np.int64),
        "Y": rng.random((5, 8, 8)).astype(np.complex64),
        "_metadata": np.array('{"physics_parameters": {"nphotons": 1e6}}'),
    }


def archive(members: Any, method: int = zipfile.ZIP_STORED) -> bytes:
    """An NPZ of arrays, or of bytes as they are; a list of pairs may hold a name twice."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", int(method)) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, member in members.items() if isinstance(members, dict) else members:
            encoded = io.BytesIO(member if isinstance(member, bytes) else b"")
            if not isinstance(member, bytes):
                np.lib.format.write_array(encoded, member)
            file.writestr(f"{key}.npy", encoded.getvalue())
    return stream.getvalue()


def bounded(reader: Callable[[Path], Any], path: Path, trial: int) -> Any:
    """What a reader gives, or the typed error with which it refuses, naming the file."""
    tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = reader(path)
    except TYPED as error:
        result = error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < LARGEST_PEAK, (trial, peak)
    assert not isinstance(result, Exception) or str(path) in str(result), (trial, repr(result))
    return result


def assert_sound(raw: RawData) -> None:
    count, side = len(raw.xcoords), raw.diff3d.shape[1]
    assert raw.diff3d.shape == (count, side, side)
    for key in ("xcoords", "ycoords", "xcoords_start", "ycoords_start", "scan_index", "diff3d", "Y"):
        array = getattr(raw, key)
        if array is not None:
            assert len(array) == count, key
            assert array.dtype.kind in "iufc", key
            assert np.isfinite(array).all(), key
    assert (raw.diff3d >= 0).all()
    assert np.isfinite(raw.probeGuess).all()
    assert raw.metadata is None or isinstance(raw.metadata, dict)
