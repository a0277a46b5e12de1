"""When a store is used again, made anew, refused, or left as it was (spec data.md 1.4, 8.2; check 76)."""

import json
import os
import shutil

import numpy as np
import pytest

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.store import Store, StoreRequest, build, open_store, store_from_arrays

SIDE = 8
REQUEST = {"N": SIDE, "gridsize": 2, "K": 6, "nsamples": 9, "seed": 3}


@pytest.fixture
def members(arrays):
    x, y = np.random.default_rng(1).uniform(3, 37, (2, 30))
    return arrays(x, y, SIDE)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def directory(folder):
    return folder / "scan.store"


@pytest.fixture
def path(members, save):
    return save(members)


def files(folder):
    """What lies in a folder, by content and by what tells one file from another."""
    entries = sorted(entry for entry in folder.rglob("*") if entry.is_file())
    return {
        str(entry.relative_to(folder)): (entry.read_bytes(), entry.stat().st_ino, entry.stat().st_mtime_ns)
        for entry in entries
    }


def opened(directory, path, rebuild=True, **changes):
    return open_store(directory, path, StoreRequest(**REQUEST | changes), rebuild=rebuild)


def assert_holds(store, path, **changes):
    request = REQUEST | changes
    for key in ("nphotons", "probe_scale"):
        request.pop(key, None)
    want = RawData.from_file(path).generate_grouped_data(**request)
    got = store.rows()
    assert got.keys() == want.keys()
    assert all(np.array_equal(got[key], want[key]) for key in want)


def test_check_76_a_store_that_fits_is_used_as_it_is(directory, folder, path):
    opened(directory, path)
    before = files(folder)
    for rebuild in (True, False):
        assert_holds(opened(directory, path, rebuild), path)
    assert files(folder) == before
    assert sorted(before) == [
        f"scan.store/{name}" for name in ("diffraction.npy", "groups.npz", "manifest.json", "points.npz")
    ]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"seed": 4}, "grouping.seed is 3 in the store, 4 in the request"),
        ({"seed": np.int64(4)}, "grouping.seed"),
        ({"seed": None}, "grouping.seed"),
        ({"K": 7}, "grouping.K is 6"),
        ({"gridsize": 1}, "grouping.gridsize"),
        ({"nsamples": 10}, "grouping.nsamples"),
        ({"nsamples": None}, "grouping.nsamples is 9 in the store, None"),
        ({"sequential_sampling": True}, "grouping.sequential_sampling"),
        ({"enable_oversampling": True}, "grouping.enable_oversampling"),
        ({"neighbor_pool_size": 6}, "grouping.neighbor_pool_size"),
        ({"nphotons": 1e6}, "normalisation.nphotons"),
        ({"probe_scale": 4.0}, "normalisation.probe_scale"),
    ],
)
def test_check_76_another_request_draws_groups_anew_from_the_same_images(directory, path, changes, key):
    opened(directory, path)
    inode = (directory / "diffraction.npy").stat().st_ino
    before = files(directory)
    with pytest.raises(ValueError, match="rebuild=True") as caught:
        opened(directory, path, rebuild=False, **changes)
    assert key in str(caught.value)
    assert str(directory) in str(caught.value)
    assert files(directory) == before
    store = opened(directory, path, **changes)
    assert (directory / "diffraction.npy").stat().st_ino == inode
    if changes != {"seed": None}:
        assert_holds(store, path, **changes)
        opened(directory, path, rebuild=False, **changes)
    with pytest.raises(ValueError, match="rebuild"):
        opened(directory, path, rebuild=False)


def edit_value(members, path):
    """One value of one pattern, with the size and the times that the file had."""
    status = path.stat()
    members["diff3d"][17, 3, 4] += 1
    np.savez(path, **members)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size


def edit_position(members, path):
    members["xcoords"] = members["xcoords"] + 0.5
    np.savez(path, **members)


def touch(_, path):
    os.utime(path, ns=(1, 1))


def other_side(members, path):
    half = {"diff3d": members["diff3d"][:, :6, :6], "probeGuess": members["probeGuess"][:6, :6]}
    np.savez(path, **members | half)


def compress(members, path):
    np.savez_compressed(path, **members)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (edit_value, "sources[0].digest"),
        (edit_position, "sources[0].digest"),
        (touch, "sources[0].mtime_ns"),
        (compress, "sources[0].size"),
    ],
)
def test_check_76_a_source_that_changed_is_read_again(directory, path, members, change, key):
    opened(directory, path)
    change(members, path)
    with pytest.raises(ValueError, match="rebuild") as caught:
        opened(directory, path, rebuild=False)
    assert key in str(caught.value)
    assert_holds(opened(directory, path), path)
    opened(directory, path, rebuild=False)


def test_check_76_another_side(directory, path, members):
    opened(directory, path)
    before = files(directory)
    with pytest.raises(ValueError, match=r"N=6 differs from the pattern side 8"):
        opened(directory, path, N=6)
    other_side(members, path)
    with pytest.raises(ValueError, match=r"N=8 differs from the pattern side 6") as caught:
        opened(directory, path)
    assert str(path) in str(caught.value)
    assert files(directory) == before
    with pytest.raises(ValueError, match=r"N is 8 in the store, 6 in the request.*rebuild"):
        opened(directory, path, rebuild=False, N=6)
    assert_holds(opened(directory, path, N=6), path, N=6)


def test_check_76_another_name_or_another_number_of_files(directory, path):
    opened(directory, path)
    copy = path.with_name("copy.npz")
    shutil.copy2(path, copy)
    with pytest.raises(ValueError, match=r"sources\[0\].name is 'scan.npz'.*rebuild"):
        opened(directory, copy, rebuild=False)
    with pytest.raises(ValueError, match=r"sources has 1 entries in the store, 2 in the request.*rebuild"):
        opened(directory, path.parent, rebuild=False)


def without(name):
    return lambda directory: (directory / name).unlink()


def holding(name, content):
    return lambda directory: (directory / name).write_bytes(content)


def cut(name):
    return lambda directory: os.truncate(directory / name, (directory / name).stat().st_size - 1)


def manifest_with(**changes):
    def change(directory):
        manifest = json.loads((directory / "manifest.json").read_text())
        (directory / "manifest.json").write_text(json.dumps(manifest | changes))

    return change


def other_groups(directory):
    np.savez(directory / "groups.npz", wrong=np.zeros(3))


def other_patterns(directory):
    np.save(directory / "diffraction.npy", np.zeros((30, SIDE, SIDE)))


def too_many_files(directory):
    manifest_with(sources=[])(directory)


def members_beyond(directory):
    np.savez(directory / "groups.npz", **{"members.0": np.full((9, 4), 30)})


def nothing_at_all(directory):
    np.savez(directory / "points.npz", probes=np.zeros((0, 1, SIDE, SIDE)), modes=np.zeros(0, int))


@pytest.mark.parametrize(
    ("damage", "key"),
    [
        (without("manifest.json"), "manifest.json"),
        (holding("manifest.json", b"{"), "Expecting"),
        (holding("manifest.json", b"\xff"), "utf-8"),
        (holding("manifest.json", b"[]"), "manifest.json: expected a JSON object"),
        (manifest_with(schema_version="0.9"), "'0.9'"),
        (manifest_with(schema_name="other"), "'other'"),
        (manifest_with(required_fields=["images"]), "required_fields"),
        (manifest_with(measurement_domain="count_intensity"), "measurement_domain"),
        (manifest_with(scale_contract_version="ci_intensity_v2"), "scale_contract_version"),
        (manifest_with(extra=1), "extra is 1 in the store, 'absent' in the request"),
        (without("diffraction.npy"), "diffraction.npy"),
        (without("points.npz"), "points.npz"),
        (without("groups.npz"), "groups.npz"),
        (cut("diffraction.npy"), "diffraction.npy: expected (30, 8, 8)"),
        (other_patterns, "float64"),
        (cut("points.npz"), "not a store that can be read"),
        (holding("groups.npz", b""), "not a store that can be read"),
        (other_groups, "members.0"),
        (too_many_files, "not a store that can be read"),
        (members_beyond, "not a store that can be read"),
        (nothing_at_all, "not a store that can be read"),
    ],
)
def test_check_76_a_damaged_store_is_made_anew_or_refused(directory, path, damage, key):
    opened(directory, path)
    damage(directory)
    with pytest.raises(ValueError, match="rebuild=True") as caught:
        opened(directory, path, rebuild=False)
    assert key in str(caught.value)
    assert_holds(opened(directory, path), path)
    opened(directory, path, rebuild=False)


def test_check_76_no_store_and_no_leave_to_make_one(directory, folder, path):
    with pytest.raises(ValueError, match=r"there is no store.*rebuild=True"):
        opened(directory, path, rebuild=False)
    with pytest.raises(FileNotFoundError, match="there is no store"):
        Store(directory)
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_no_store_is_not_replaced(folder, path):
    (folder / "results").mkdir()
    (folder / "results" / "thesis.txt").write_text("months")
    (folder / "plain").write_text("file")
    before = files(folder)
    with pytest.raises(ValueError, match=r"thesis\.txt.*another folder"):
        opened(folder / "results", path)
    with pytest.raises(ValueError, match="is a file"):
        opened(folder / "plain", path)
    assert files(folder) == before
    (folder / "empty").mkdir()
    assert_holds(opened(folder / "empty", path), path)


def test_a_store_that_is_replaced_reads_on_as_it_was(directory, path, members):
    old = opened(directory, path)
    want = old.rows()
    edit_position(members, path)
    edit_value(members, path)
    new = opened(directory, path)
    assert not np.array_equal(new.rows()["X_full"], want["X_full"])
    assert all(np.array_equal(old.rows()[key], want[key]) for key in want)


@pytest.mark.parametrize("there", [False, True], ids=["first", "with an old store"])
def test_a_full_disk_leaves_what_was(members, save, directory, folder, monkeypatch, there):
    path = save(members)
    if there:
        opened(directory, path)
        touch(None, path)
    before = files(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build, "write_arrays", full)
    with pytest.raises(OSError, match="No space left"):
        opened(directory, path)
    assert files(folder) == before
    assert [entry.name for entry in folder.iterdir()] == (["scan.store"] if there else [])


def test_a_source_that_changes_while_it_is_read_is_noticed(path, directory, folder, monkeypatch):
    write = build.write_patterns

    def slow(*arguments):
        energies = write(*arguments)
        touch(None, path)
        return energies

    monkeypatch.setattr(build, "write_patterns", slow)
    with pytest.raises(ValueError, match="changed while"):
        opened(directory, path)
    assert list(folder.iterdir()) == []


def test_without_hard_links_images_are_copied_again(path, directory, monkeypatch):
    opened(directory, path)
    inode = (directory / "diffraction.npy").stat().st_ino

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert_holds(opened(directory, path, seed=4), path, seed=4)
    assert (directory / "diffraction.npy").stat().st_ino != inode


def test_check_76_arrays_that_change_make_a_new_store(members, directory):
    positions = np.column_stack((members["ycoords"], members["xcoords"]))
    images = members["diff3d"], members["probeGuess"]
    request = StoreRequest(**REQUEST)
    store_from_arrays(directory, *images, positions, request)
    store_from_arrays(directory, *images, positions, request, rebuild=False)
    with pytest.raises(ValueError, match=r"sources\[0\].digest.*rebuild"):
        store_from_arrays(directory, *images, positions + 1, request, rebuild=False)
