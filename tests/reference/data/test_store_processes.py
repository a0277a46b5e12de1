"""Builders that are killed, and several at once (spec data.md 8.2)."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.store import Store, StoreRequest, open_store

SIDE = 8
REQUEST = {"gridsize": 2, "K": 6, "nsamples": 9}

# A builder that stops where it is told, says so, and waits to be killed.
STOPPING = """
import sys, time
from ptychoparity.reference.data.store import StoreRequest, build, open_store, workspace
from pathlib import Path

directory, data, seed, where = sys.argv[1:]
module, name = where.split(".")
module = {"build": build, "workspace": workspace, "Path": Path}[module]
original = getattr(module, name)
left = 2 if where == "Path.rename" else 1

def stopping(*arguments):
    global left
    left -= 1
    if where == "build.write_patterns":
        original(*arguments)
    if left == 0:
        print("here", flush=True)
        time.sleep(600)
    return original(*arguments)

setattr(module, name, stopping)
open_store(directory, data, StoreRequest(8, gridsize=2, K=6, nsamples=9, seed=int(seed)))
"""

# A builder that starts on a signal, and says what it did.
RACING = """
import sys, time
from pathlib import Path
import numpy as np
from ptychoparity.reference.data.store import StoreRequest, build, open_store

directory, data, seeds, start = sys.argv[1:]
published, publish, write = [], build.publish, build.write_patterns

def slow(*arguments):
    time.sleep(0.2)
    return write(*arguments)

def counting(*arguments):
    published.append(1)
    publish(*arguments)

build.write_patterns, build.publish = slow, counting
print("ready", flush=True)
while not Path(start).exists():
    time.sleep(0.001)
for seed in map(int, seeds.split(",")):
    with open_store(directory, data, StoreRequest(8, gridsize=2, K=6, nsamples=9, seed=seed)) as store:
        rows = store.rows()
        print(seed, rows["nn_indices"].tolist(), rows["X_full"].sum(dtype=float), sep=";", flush=True)
print("published", len(published), flush=True)
"""


@pytest.fixture
def path(arrays, save):
    x, y = np.random.default_rng(1).uniform(3, 37, (2, 30))
    return save(arrays(x, y, SIDE))


def start(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wanted(path, seed):
    return RawData.from_file(path).generate_grouped_data(SIDE, **REQUEST, seed=seed)


def assert_holds(store, path, seed):
    got, want = store.rows(), wanted(path, seed)
    assert all(np.array_equal(got[key], want[key]) for key in want)


@pytest.mark.parametrize("there", [False, True], ids=["first", "with an old store"])
@pytest.mark.parametrize(
    "where", ["build.write_patterns", "build.write_text", "build.publish", "Path.rename"]
)
def test_a_killed_builder_leaves_no_store_or_the_old_one(path, tmp_path, where, there):
    """Only between the two renames of a replacement there is none."""
    folder = tmp_path / "work"
    folder.mkdir()
    directory = folder / "scan.store"
    if there:
        open_store(directory, path, StoreRequest(SIDE, **REQUEST, seed=1)).close()
        if where == "build.write_patterns":  # only another source has its patterns written
            os.utime(path, ns=(1, 1))
    with start(STOPPING, directory, path, 2, where) as builder:
        assert builder.stdout.readline() == "here\n"
        os.kill(builder.pid, signal.SIGKILL)
    if there and where != "Path.rename":
        assert_holds(Store(directory), path, 1)
    else:
        with pytest.raises(FileNotFoundError):
            Store(directory)
    left = [entry.name for entry in folder.iterdir() if entry != directory]
    assert left == [".scan.store.building"]
    assert_holds(open_store(directory, path, StoreRequest(SIDE, **REQUEST, seed=2)), path, 2)
    assert [entry.name for entry in folder.iterdir()] == ["scan.store"]


def race(path, directory, signal_file, seeds):
    builders = [start(RACING, directory, path, text, signal_file) for text in seeds]
    for builder in builders:
        assert builder.stdout.readline() == "ready\n"
    signal_file.touch()
    outputs = [builder.communicate(timeout=120)[0].splitlines() for builder in builders]
    assert [builder.returncode for builder in builders] == [0] * len(builders)
    return outputs


def test_of_builders_of_one_store_one_builds_and_the_others_wait(path, tmp_path):
    directory = tmp_path / "work" / "scan.store"
    outputs = race(path, directory, tmp_path / "go", ["5", "5", "5"])
    assert sorted(lines[-1] for lines in outputs) == ["published 0", "published 0", "published 1"]
    assert len({lines[0] for lines in outputs}) == 1
    assert_holds(open_store(directory, path, StoreRequest(SIDE, **REQUEST, seed=5), rebuild=False), path, 5)
    assert [entry.name for entry in directory.parent.iterdir()] == ["scan.store"]


def test_builders_of_different_groups_each_get_theirs(path, tmp_path):
    directory = tmp_path / "scan.store"
    outputs = race(path, directory, tmp_path / "go", ["1,2,3,1,2,3,1,2", "3,1,2,3,1,2,3,1"])
    for lines in outputs:
        for line in lines[:-1]:
            seed, members, total = line.split(";")
            want = wanted(path, int(seed))
            assert members == str(want["nn_indices"].tolist())
            assert float(total) == want["X_full"].sum(dtype=float)
    hidden = [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")]
    assert hidden == []
