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
from ptychoparity.reference.data.product import ExportMeta, Product, export_product_from_rawdata

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


PRODUCT_META = ExportMeta(
    name="größe",
    comments="two\nlines",
    detector_distance_m=2.5,
    probe_energy_eV=8333.0,
    exposure_time_s=0.1,
    probe_photon_count=1e6,
    mass_attenuation_m2_kg=3.0,
    tomography_angle_deg=-7.0,
    object_pixel_width_m=4e-8,
    object_pixel_height_m=7e-8,
    probe_pixel_width_m=5e-8,
    probe_pixel_height_m=6e-8,
    object_center_x_m=3e-6,
    object_center_y_m=-2e-6,
)


def complex_normal(seed: int, *shape: int, dtype: Any = np.complex64) -> Any:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)


def product_of(**changes: Any) -> Product:
    parts: Arrays = {
        "x_m": np.linspace(-1e-6, 1e-6, 5),
        "y_m": np.linspace(2e-6, -1e-6, 5),
        "position_indexes": np.array([4, 0, 9, 2, 7]),
        "probe": complex_normal(1, 2, 3, 8, 8),
        "object": complex_normal(2, 2, 12, 16),
        "layer_spacing_m": np.array([1e-6]),
        "opr_weights": np.random.default_rng(3).random((5, 2)),
        "loss_values": np.array([3.0, 2.0, 1.5]),
        "loss_epochs": np.array([0, 5, 10]),
        "meta": PRODUCT_META,
    }
    return Product(**(parts | changes))


@pytest.fixture
def product_meta() -> ExportMeta:
    return PRODUCT_META


@pytest.fixture
def random_complex() -> Callable[..., Any]:
    return complex_normal


@pytest.fixture
def a_product() -> Callable[..., Product]:
    return product_of


@pytest.fixture
def raw(make: Callable[..., RawData]) -> RawData:
    """Five positions on an object of 12 rows and 16 columns, with all that a product can carry."""
    made = make([3.25, 4, 5, 6.5, 9], [4, 5.125, 7, 6, 8], objectGuess=complex_normal(5, 12, 16))
    made.xcoords_start = made.xcoords + 0.5
    made.metadata = {"physics_parameters": {"nphotons": 1e6}}
    return made


@pytest.fixture
def exported(raw: RawData, tmp_path: Path) -> Path:
    path = tmp_path / "product.h5"
    export_product_from_rawdata(raw, path, PRODUCT_META)
    return path
