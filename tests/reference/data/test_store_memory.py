"""Memory of building, grouping and reading is bounded, however large the scan (spec data.md 8.2; check 76).

Measured in new interpreters, as the peak of the resident set, which counts mapped pages, and as the peak of
what NumPy allocates.
"""

import json
import os
import resource
import shutil
import subprocess
import sys

import numpy as np
import pytest

MEASURED = """
import json, resource, sys, tracemalloc
import numpy as np
from pathlib import Path
from ptychoparity.reference.data.store import Store, StoreRequest, build, open_store, streaming
from ptychoparity.reference.data.store.sources import Points

def resident():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

def report(**more):
    more |= {"resident": resident(), "allocated": tracemalloc.get_traced_memory()[1]}
    print(json.dumps(more))
"""

# 20 GiB of patterns, of which one in 128 is written: the others are holes in the file, and read as zero.
LARGE = (
    MEASURED
    + """
SIDE, COUNT, APART = 128, 20 * 2**14, 128

class Sparse:
    name, path = "sparse", None

    def identity(self):
        return {"name": self.name, "size": COUNT * SIDE**2 * 4, "mtime_ns": 0, "digest": ""}

    def points(self):
        x, y = np.random.default_rng(0).random((2, COUNT)) * 600
        arrays = {"xcoords": x, "ycoords": y, "xcoords_start": x, "ycoords_start": y}
        arrays |= {"scan_index": np.zeros(COUNT, int), "probeGuess": np.ones((1, SIDE, SIDE), np.complex64)}
        return Points(COUNT, SIDE, arrays)

    def check_images(self):
        pass

    def patterns(self, scratch):
        for first in range(0, COUNT, APART):
            yield first, np.full((1, SIDE, SIDE), value(first), np.float32)

    def labels(self, scratch):
        return iter(())

def value(index):
    return np.where(index % APART == 0, (index % 1000 + 1) / 1000, 0).astype(np.float32)

tracemalloc.start()
directory = sys.argv[1]
lit = 0
for seed in (1, 2):
    asked = StoreRequest(SIDE, gridsize=2, K=7, nsamples=8192, seed=seed)
    with build.prepare(directory, [Sparse()], asked) as store:
        for first in range(0, len(store), 512):
            rows = store.rows(slice(first, first + 512))
            want = value(rows["nn_indices"])
            for key, factor in (("diffraction", 1), ("X_full", store.experiments[0].rms_scale)):
                corners = rows[key][:, [0, -1], [0, -1], :]
                assert np.array_equal(corners, np.stack([factor * want] * 2, axis=1)), key
            lit += int((want > 0).sum())
        batch, _, _ = store.item(np.arange(0, len(store), 32))
        assert np.array_equal(batch["images"][:, :, 5, 7], value(batch["nn_indices"]))
entry = Path(directory) / "diffraction.npy"
report(lit=lit, size=entry.stat().st_size, on_disk=entry.stat().st_blocks * 512)
"""
)

# A scan of 256 MiB through pieces of 4 and 16 MiB; imports alone take some 50 MiB.
BUILDING = (
    MEASURED
    + """
streaming.SORTED_BYTES = 16 << 20
before = resident()
tracemalloc.start()
open_store(sys.argv[1], sys.argv[2], StoreRequest(64, gridsize=2, K=7, nsamples=64, seed=1)).close()
report(before=before)
"""
)


def measure(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def sparse_folder(tmp_path):
    """A folder that can hold the large store; most of it is holes."""
    with open(tmp_path / "probe", "wb") as stream:
        stream.truncate(1 << 30)
    if (tmp_path / "probe").stat().st_blocks * 512 > 1 << 20:
        pytest.skip("the temporary folder's file system keeps no holes in files")
    if shutil.disk_usage(tmp_path).free < 2 << 30:
        pytest.skip("less than 2 GiB free in the temporary folder")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and limit < 21 << 30:
        pytest.skip("files of 20 GiB are not allowed here")
    os.unlink(tmp_path / "probe")
    return tmp_path


def test_20_gib_are_grouped_and_read_with_less_than_2_gib(sparse_folder):
    """Batches that hold 4 GiB together are read, of two groupings, the second without new patterns."""
    found = measure(LARGE, sparse_folder / "store")
    assert found["size"] > 20 << 30
    assert found["on_disk"] < 1 << 30
    assert found["lit"] > 100
    assert found["resident"] < 2 << 30
    assert found["allocated"] < 1 << 30


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (1, 0, 2)], ids=["MHW", "HWM", "HMW"])
def test_check_76_a_file_is_copied_piece_by_piece_in_any_axis_order(arrays, tmp_path, axes):
    count, side = 16384, 64
    x, y = np.random.default_rng(0).random((2, count)) * 500
    patterns = np.zeros((count, side, side), np.float32)
    patterns[:, 1, 2] = np.arange(count) % 7 + 0.5
    held = arrays(x, y, side, diff3d=np.ascontiguousarray(patterns.transpose(axes)))
    np.savez(tmp_path / "scan.npz", **held)
    found = measure(BUILDING, tmp_path / "store", tmp_path / "scan.npz")
    assert found["allocated"] < 96 << 20
    assert found["resident"] - found["before"] < 128 << 20
    stored = np.load(tmp_path / "store" / "diffraction.npy", mmap_mode="r")
    assert np.array_equal(stored, patterns)
