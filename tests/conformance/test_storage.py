"""Files of cases and evidence: nothing lost, nothing half-written, nothing altered unseen."""

import json
import math
import os
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ptychoparity.conformance.storage import BrokenFile, Reader, Writer, array_digest

ARRAYS = {
    "float32": np.linspace(-1, 1, 7, dtype=np.float32),
    "complex": np.array([[1 + 2j, -3j], [np.inf, 0.5]], np.complex64),
    "bool": np.array([True, False, True]),
    "int32": np.arange(24, dtype=np.int32).reshape(2, 3, 4),
    "uint16": np.array([65535], np.uint16),
    "0-d": np.array(2.5),
    "empty": np.zeros((0, 4), np.int32),
    "nan": np.array([np.nan, np.inf, -np.inf, -0.0]),
    "compressed": np.arange(4096, dtype=np.float64).reshape(64, 64),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "strided": np.arange(20.0)[::3],
}


def write(path, **cases):
    with Writer(path, {"kind": "test"}) as writer:
        for name, value in cases.items():
            writer.add(f"S-001/{name}", value)
        writer.finish()
    return path


def read_back(path, name="one"):
    reader = Reader(path)
    try:
        return reader.load(f"S-001/{name}")
    finally:
        reader.close()


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_to_the_bit(tmp_path, name):
    array = ARRAYS[name]
    found = read_back(write(tmp_path / "f.h5", one={"value": array}))["value"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == np.ascontiguousarray(array).tobytes()


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.complex64, np.int64, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
@settings(max_examples=40, derandomize=True, deadline=None)
def test_any_array_comes_back_to_the_bit(tmp_path_factory, array):
    found = read_back(write(tmp_path_factory.mktemp("any") / "f.h5", one={"value": array}))["value"]
    assert array_digest(found) == array_digest(array)


def test_nested_values_come_back(tmp_path):
    value = {
        "texts": ["a", "ü", ""],
        "none": None,
        "flags": {"yes": True, "no": False},
        "numbers": [1, 2.5, -0.0, 1e300],
        "deep": {"list": [{"array": ARRAYS["int32"]}, ARRAYS["0-d"]]},
        "empty": [{}, []],
    }
    found = read_back(write(tmp_path / "f.h5", one=value))
    assert array_digest(found["deep"]["list"][0].pop("array")) == array_digest(ARRAYS["int32"])
    assert array_digest(found["deep"]["list"].pop()) == array_digest(ARRAYS["0-d"])
    value["deep"] = {"list": [{}]}
    assert found == value
    assert [type(item) for item in found["numbers"]] == [int, float, float, float]
    assert math.copysign(1, found["numbers"][2]) == -1
    assert found["flags"] == {"yes": True, "no": False}
    assert found["flags"]["yes"] is True


def test_floats_that_json_does_not_have_come_back(tmp_path):
    found = read_back(write(tmp_path / "f.h5", one={"v": [float("nan"), float("inf"), -float("inf")]}))["v"]
    assert math.isnan(found[0])
    assert found[1:] == [float("inf"), -float("inf")]


def test_numpy_scalars_become_numbers_and_tuples_lists(tmp_path):
    found = read_back(write(tmp_path / "f.h5", one={"v": (np.float32(0.5), np.int64(3), np.bool_(True))}))[
        "v"
    ]
    assert found == [0.5, 3, True]
    assert [type(item) for item in found] == [float, int, bool]


def test_equal_arrays_are_stored_once(tmp_path):
    array = ARRAYS["compressed"]
    path = write(tmp_path / "f.h5", one={"a": array, "b": [array]}, two={"a": array.copy()})
    with h5py.File(path) as file:
        assert list(file["arrays"]) == [array_digest(array)]


def test_arrays_of_other_dtype_or_shape_have_another_digest():
    zeros = np.zeros(4, np.float32)
    others = [zeros.reshape(2, 2), zeros.view(np.int32), np.zeros(2, np.float64)]
    assert len({array_digest(array) for array in [zeros, *others]}) == 4


def test_case_ids_and_membership(tmp_path):
    reader = Reader(write(tmp_path / "f.h5", one={"a": 1}, two={"a": 2}))
    assert reader.case_ids() == ["S-001/one", "S-001/two"]
    assert "S-001/two" in reader
    assert "S-001/three" not in reader
    assert dict(reader) == {"S-001/one": {"a": 1}, "S-001/two": {"a": 2}}
    reader.close()


# files that are not whole


def broken(path, *words):
    with pytest.raises(BrokenFile) as caught:
        dict(Reader(path))
    for word in (path.name, *words):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.h5"):
        Reader(tmp_path / "absent.h5")


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all\n" * 50], ids=["empty", "text"])
def test_not_hdf5(tmp_path, content):
    path = tmp_path / "f.h5"
    path.write_bytes(content)
    broken(path, "HDF5")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated(tmp_path, share):
    path = write(tmp_path / "f.h5", one={"a": ARRAYS["compressed"]}, two={"a": ARRAYS["int32"]})
    os.truncate(path, int(share * path.stat().st_size))
    broken(path)


@pytest.mark.parametrize("part", ["footer", "header"])
def test_footer_or_header_missing(tmp_path, part):
    path = write(tmp_path / "f.h5", one={"a": 1})
    with h5py.File(path, "r+") as file:
        if part == "footer":
            del file["footer"]
        else:
            del file.attrs["header"]
    broken(path, "did not finish")


@pytest.mark.parametrize("footer", ["{}", "[]", "not JSON", '{"digest": 3}'])
def test_footer_of_another_kind(tmp_path, footer):
    path = write(tmp_path / "f.h5", one={"a": 1})
    with h5py.File(path, "r+") as file:
        del file["footer"]
        file.create_dataset("footer", data=footer)
    broken(path)


def test_foreign_hdf5(tmp_path):
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(3)
    broken(path)


def test_case_altered(tmp_path):
    path = write(tmp_path / "f.h5", one={"status": "raised"})
    with h5py.File(path, "r+") as file:
        del file["cases/S-001/one"]
        file.create_dataset("cases/S-001/one", data=json.dumps({"status": "performed"}))
    broken(path, "digest")


@pytest.mark.parametrize("change", ["removed", "added"])
def test_case_removed_or_added(tmp_path, change):
    path = write(tmp_path / "f.h5", one={"a": 1}, two={"a": 2})
    with h5py.File(path, "r+") as file:
        if change == "removed":
            del file["cases/S-001/two"]
        else:
            file.create_dataset("cases/S-001/three", data="{}")
    broken(path, "digest")


def test_case_replaced_by_an_array(tmp_path):
    path = write(tmp_path / "f.h5", one={"a": 1})
    with h5py.File(path, "r+") as file:
        del file["cases/S-001/one"]
        file["cases/S-001/one"] = np.arange(3)
    broken(path, "S-001/one")


def test_array_altered(tmp_path):
    path = write(tmp_path / "f.h5", one={"a": ARRAYS["int32"]})
    with h5py.File(path, "r+") as file:
        file[f"arrays/{array_digest(ARRAYS['int32'])}"][0, 0, 0] = 99
    broken(path, array_digest(ARRAYS["int32"])[:12])


def test_array_removed(tmp_path):
    path = write(tmp_path / "f.h5", one={"a": ARRAYS["int32"]})
    with h5py.File(path, "r+") as file:
        del file[f"arrays/{array_digest(ARRAYS['int32'])}"]
    broken(path, array_digest(ARRAYS["int32"])[:12])


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255))
@settings(max_examples=70, derandomize=True, deadline=None)
def test_a_flipped_byte_is_seen_or_changes_nothing(tmp_path_factory, place, flip):
    value = {"a": ARRAYS["compressed"], "b": [ARRAYS["complex"], "text", 2.5]}
    path = write(tmp_path_factory.mktemp("flip") / "f.h5", one=value)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= flip
    path.write_bytes(content)
    try:
        reader = Reader(path)
        found = reader.load("S-001/one")
    except BrokenFile:
        return
    reader.close()
    assert array_digest(found["a"]) == array_digest(value["a"])
    assert array_digest(found["b"][0]) == array_digest(value["b"][0])
    assert found["b"][1:] == value["b"][1:]


# writers that do not finish


def interrupted(path, value):
    with Writer(path, {}) as writer:
        writer.add("S-001/one", value)
        raise RuntimeError("in the middle")


def test_an_exception_leaves_no_file(tmp_path):
    with pytest.raises(RuntimeError, match="in the middle"):
        interrupted(tmp_path / "f.h5", {"a": ARRAYS["compressed"]})
    assert list(tmp_path.iterdir()) == []


def test_leaving_without_finish_leaves_no_file(tmp_path):
    with Writer(tmp_path / "f.h5", {}) as writer:
        writer.add("S-001/one", {"a": 1})
    assert list(tmp_path.iterdir()) == []


def test_an_exception_keeps_the_earlier_file(tmp_path):
    path = write(tmp_path / "f.h5", one={"a": 1})
    with pytest.raises(RuntimeError, match="in the middle"):
        interrupted(path, {"a": 2})
    assert read_back(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_only_the_partial_file(tmp_path):
    script = (
        "import os, signal, sys, pathlib, numpy\n"
        "from ptychoparity.conformance.storage import Writer\n"
        "with Writer(pathlib.Path(sys.argv[1]), {}) as writer:\n"
        "    writer.add('S-001/one', {'a': numpy.arange(9999.0)})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "f.h5")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["f.h5.partial"]
    broken(tmp_path / "f.h5.partial")
