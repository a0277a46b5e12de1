"""The neighbour table beside a data set (spec data.md 3.10, checks 34 and 35)."""

import hashlib
import os
import subprocess
import sys
import warnings
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from ptychoparity.reference.data import RawData, groupcache, grouping

SCAN = np.random.default_rng(8).random((2, 60)) * 40
OTHER = np.random.default_rng(9).random((2, 60)) * 40

REQUESTS = {
    "all points": {"K": 6, "nsamples": 60},
    "some points": {"K": 6, "nsamples": 17},
    "sequential": {"K": 6, "nsamples": 17, "sequential_sampling": True},
    "more groups than points": {"K": 6, "nsamples": 200, "enable_oversampling": True},
    "wider pool": {"K": 4, "nsamples": 99, "enable_oversampling": True, "neighbor_pool_size": 6},
    "as many neighbours as points": {"K": 70, "nsamples": 30},
}


@pytest.fixture
def dataset(make, tmp_path):
    path = tmp_path / "scan.npz"
    make(*SCAN).to_file(path)
    return path


def group(raw, **request):
    return raw.generate_grouped_data(8, **({"K": 6, "nsamples": 40, "gridsize": 2, "seed": 3} | request))


def assert_equal_groups(got, want):
    assert got.keys() == want.keys()
    for key, value in want.items():
        assert np.array_equal(got[key], value), key
        assert getattr(got[key], "dtype", None) == getattr(value, "dtype", None)


def caches(folder):
    return sorted(entry.name for entry in folder.iterdir() if entry.name != "scan.npz")


def untouchable(*_):
    raise AssertionError("the neighbours were computed although they are known")


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_check_35_cached_groups_equal_uncached_ones(make, dataset, monkeypatch, request_):
    raw = make(*SCAN)
    want = {seed: group(raw, seed=seed, **request_) for seed in (0, 1)}
    assert_equal_groups(group(raw, seed=0, dataset_path=dataset, **request_), want[0])
    reach = request_.get("neighbor_pool_size", request_["K"])
    assert caches(dataset.parent) == [f"scan.g2k{reach}.groups_cache.npz"]
    monkeypatch.setattr(groupcache, "nearest_points", untouchable)
    monkeypatch.setattr(grouping, "nearest_points", untouchable)
    for seed in (0, 1):
        assert_equal_groups(group(raw, seed=seed, dataset_path=str(dataset), **request_), want[seed])


def test_check_35_a_new_seed_gives_new_groups(make, dataset):
    raw = make(*SCAN)
    first, second = (group(raw, seed=seed, dataset_path=dataset)["nn_indices"] for seed in (0, 1))
    assert not np.array_equal(first, second)
    first, second = (group(raw, seed=None, dataset_path=dataset)["nn_indices"] for _ in range(2))
    assert not np.array_equal(first, second)


def test_check_35_the_file_is_named_for_data_set_gridsize_and_neighbours(make, dataset):
    group(make(*SCAN), K=4, dataset_path=dataset)
    group(make(*SCAN), K=11, gridsize=3, dataset_path=dataset)
    assert caches(dataset.parent) == ["scan.g2k4.groups_cache.npz", "scan.g3k11.groups_cache.npz"]
    with np.load(dataset.parent / "scan.g2k4.groups_cache.npz", allow_pickle=False) as archive:
        held = dict(archive)
    assert sorted(held) == [
        "dataset_checksum",
        "gridsize",
        "n_points",
        "neighbors",
        "overlap_factor",
        "schema_version",
    ]
    assert np.array_equal(held["neighbors"], grouping.nearest_points(*SCAN, 4))
    assert held["neighbors"].dtype == np.int32
    assert [int(held[key]) for key in ("gridsize", "overlap_factor", "n_points")] == [2, 4, 60]
    assert str(held["dataset_checksum"]) == hashlib.md5(np.append(SCAN, [60, 60]).tobytes()).hexdigest()


@pytest.mark.parametrize(
    ("path", "gridsize"), [(".", 2), (Path(), 2), (None, 2), ("absent.npz", 2), ("scan.npz", 1)]
)
def test_check_35_without_a_data_set_file_or_groups_nothing_is_written(
    make, dataset, monkeypatch, path, gridsize
):
    monkeypatch.chdir(dataset.parent)
    group(make(*SCAN), gridsize=gridsize, dataset_path=path)
    assert caches(dataset.parent) == []


@pytest.mark.parametrize("request_", [{"K": 3}, {"nsamples": 99}, {"nsamples": 0}])
def test_a_refused_request_writes_nothing(make, dataset, request_):
    with pytest.raises(ValueError):  # noqa: PT011 - which message, the checks of grouping ask
        group(make(*SCAN), dataset_path=dataset, **request_)
    with pytest.raises(ValueError, match="neighbor_pool_size >= C"):
        group(make(*SCAN), nsamples=99, enable_oversampling=True, neighbor_pool_size=3, dataset_path=dataset)
    assert caches(dataset.parent) == []


def moved(points):
    points = points.copy()
    points[1, 7] = np.nextafter(points[1, 7], 100)
    return points


@pytest.mark.parametrize(
    "points", [moved(SCAN), SCAN[:, :40], SCAN[::-1]], ids=["moved", "subset", "swapped"]
)
def test_check_35_other_points_replace_the_table(make, dataset, points):
    cache = groupcache.cache_path(dataset, 2, 6)
    group(make(*SCAN), dataset_path=dataset)
    before = cache.read_bytes()
    assert_equal_groups(group(make(*points), dataset_path=dataset), group(make(*points)))
    assert cache.read_bytes() != before
    assert caches(dataset.parent) == [cache.name]


def test_dtype_and_byte_order_of_the_positions_do_not_matter(make, dataset, monkeypatch):
    whole = np.round(SCAN)
    group(make(*whole), dataset_path=dataset)
    monkeypatch.setattr(groupcache, "nearest_points", untouchable)
    for dtype in (">f8", "f4", "i8", "<i2"):
        group(
            make(*SCAN, xcoords=whole[0].astype(dtype), ycoords=whole[1].astype(dtype)), dataset_path=dataset
        )


class Trap:
    """Unpickled, it leaves a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def held_by(path, **changes):
    with np.load(path) as archive:
        return dict(archive) | changes


def archive_of(members, savez=np.savez):
    stream = BytesIO()
    savez(stream, **members)
    return stream.getvalue()


def absurd_shape(path):
    """The table's header claims 2**50 rows."""
    whole = BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(whole, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "neighbors.npy":
                content = content.replace(b"(60, 7)", b"(1125899906842624, 7)")
            target.writestr(name, content)
    return whole.getvalue()


def flipped(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"neighbors.npy") + 400] ^= 8
    return bytes(content)


SPOILED = {
    "empty": lambda _: b"",
    "truncated": lambda path: path.read_bytes()[:-30],
    "cut in two": lambda path: path.read_bytes()[: path.stat().st_size // 2],
    "no archive": lambda _: b"groups" * 200,
    "a flipped bit": flipped,
    "absurd shape": absurd_shape,
    "legacy": lambda path: archive_of(
        {
            "all_groups": np.zeros((60, 4), np.int64),
            "dataset_checksum": held_by(path)["dataset_checksum"],
            "gridsize": 2,
            "overlap_factor": 6,
        }
    ),
    "pickled": lambda path: archive_of(
        held_by(path, neighbors=np.array([Trap(path.parent / "sprung")], object))
    ),
    "wider integers": lambda path: archive_of(
        held_by(path, neighbors=held_by(path)["neighbors"].astype(np.int64))
    ),
    "other schema": lambda path: archive_of(held_by(path, schema_version="0.9")),
    "other neighbour count": lambda path: archive_of(held_by(path, overlap_factor=np.int64(5))),
    "other gridsize": lambda path: archive_of(held_by(path, gridsize=np.int64(3))),
    "other checksum": lambda path: archive_of(held_by(path, dataset_checksum="0" * 32)),
    "indices out of range": lambda path: archive_of(
        held_by(path, neighbors=held_by(path)["neighbors"] + np.int32([0] * 6 + [60]))
    ),
    "negative indices": lambda path: archive_of(
        held_by(path, neighbors=held_by(path)["neighbors"] * np.int32([1] * 6 + [-1]))
    ),
    "shifted rows": lambda path: archive_of(
        held_by(path, neighbors=np.roll(held_by(path)["neighbors"], 1, 0))
    ),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_check_35_a_file_of_no_use_is_replaced_without_a_word(make, dataset, spoil):
    raw, cache = make(*SCAN), groupcache.cache_path(dataset, 2, 6)
    want = group(raw, dataset_path=dataset)
    good = held_by(cache)
    cache.write_bytes(spoil(cache))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_equal_groups(group(raw, dataset_path=dataset), want)
    replaced = held_by(cache)
    assert replaced.keys() == good.keys()
    assert all(np.array_equal(replaced[key], value) for key, value in good.items())
    assert caches(dataset.parent) == [cache.name]


def test_check_35_truncated_anywhere(make, dataset):
    raw, cache = make(*SCAN), groupcache.cache_path(dataset, 2, 6)
    want = group(raw, dataset_path=dataset)
    whole = cache.read_bytes()
    for length in range(0, len(whole), 61):
        cache.write_bytes(whole[:length])
        assert_equal_groups(group(raw, dataset_path=dataset), want)
        assert len(cache.read_bytes()) == len(whole)


def assert_one_warning(raw, dataset):
    want = group(raw)
    with pytest.warns(UserWarning, match="group cache was not written") as caught:
        assert_equal_groups(group(raw, dataset_path=dataset), want)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.skipif(not Path("/proc/version").is_file(), reason="no folder that nobody can write to")
def test_an_unwritable_folder_is_a_warning(make):
    assert_one_warning(make(*SCAN), Path("/proc/version"))


def test_a_name_that_cannot_be_written_is_a_warning(make, dataset):
    groupcache.cache_path(dataset, 2, 6).mkdir()
    assert_one_warning(make(*SCAN), dataset)
    assert caches(dataset.parent) == [groupcache.cache_path(dataset, 2, 6).name]


def test_a_broken_write_leaves_the_old_file(make, dataset, monkeypatch):
    group(make(*SCAN), dataset_path=dataset)
    cache = groupcache.cache_path(dataset, 2, 6)
    before = cache.read_bytes()

    def full(stream, **members):
        stream.write(archive_of(members)[:500])
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(UserWarning, match=r"scan\.g2k6\.groups_cache\.npz.*not written: disk full"):
        group(make(*OTHER), dataset_path=dataset)
    assert cache.read_bytes() == before
    assert caches(dataset.parent) == [cache.name]


# Two scans of the same data set's name: what one process writes is stale to the other.
HAMMER = """
import sys
import numpy as np
from ptychoparity.reference.data import RawData
dataset, first = sys.argv[1], int(sys.argv[2])
scans = [np.random.default_rng(seed).random((2, 60)) * 40 for seed in (8, 9)]
rest = np.ones((60, 2, 2), np.float32), np.ones((2, 2), complex), np.zeros(60, int)
raws = [RawData.from_coords_without_pc(x, y, *rest) for x, y in scans]
request = {"N": 2, "K": 6, "nsamples": 60, "gridsize": 2, "seed": 5}
want = [raw.generate_grouped_data(**request)["nn_indices"] for raw in raws]
print("ready", flush=True)
sys.stdin.readline()
for turn in range(150):
    which = (turn // (1 + first) + first) % 2
    got = raws[which].generate_grouped_data(dataset_path=dataset, **request)["nn_indices"]
    assert np.array_equal(got, want[which]), turn
print("done")
"""


def test_two_processes_at_once(dataset):
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error::UserWarning", "-c", HAMMER, str(dataset), str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in (0, 1)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert out == "done\n"
    cache = groupcache.cache_path(dataset, 2, 6)
    assert caches(dataset.parent) == [cache.name]
    tables = [grouping.nearest_points(*points, 6) for points in (SCAN, OTHER)]
    assert any(np.array_equal(held_by(cache)["neighbors"], table) for table in tables)


def test_check_34_one_call_and_one_file_serve_every_caller(make, dataset):
    raw = RawData.from_file(dataset)
    direct, cached = group(make(*SCAN)), group(raw, dataset_path=dataset)
    assert_equal_groups(cached, direct)
