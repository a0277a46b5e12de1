"""Groups of a store are those of `RawData`, at once and in batches (spec data.md 3.7, 8; checks 34, 76)."""

import warnings
import zipfile

import numpy as np
import pytest

from ptychoparity.reference.config import legacy
from ptychoparity.reference.config.canonical import ModelConfig, TrainingConfig
from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.store import MemmapDatasetBridge, StoreRequest, images, open_store, streaming

POINTS = 40
SIDE = 8

REQUESTS = {
    "pairs of a seed": {"K": 6, "nsamples": 17, "gridsize": 2, "seed": 3},
    "every point": {"K": 5, "nsamples": None, "gridsize": 2, "seed": 4},
    "three by three": {"K": 12, "nsamples": 9, "gridsize": 3, "seed": 5},
    "single": {"K": 0, "nsamples": 11, "gridsize": 1, "seed": 6},
    "single, every point": {"K": 4, "nsamples": None, "gridsize": 1},
    "sequential": {"K": 6, "nsamples": 8, "gridsize": 2, "sequential_sampling": True},
    "more groups than points": {
        "K": 6,
        "nsamples": 90,
        "gridsize": 2,
        "seed": 7,
        "enable_oversampling": True,
        "neighbor_pool_size": 7,
    },
}


def numbers(shape, seed):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@pytest.fixture
def members(arrays):
    x, y = np.random.default_rng(1).uniform(3, 37, (2, POINTS))
    more = {"xcoords_start": x + 0.25, "ycoords_start": y - np.arange(POINTS) / 9}
    return arrays(x, y, SIDE, objectGuess=numbers((40, 41), 2), **more)


def last(stack):
    return np.ascontiguousarray(stack.transpose(1, 2, 0))


def middle(stack):
    return np.ascontiguousarray(stack.transpose(1, 0, 2))


PATCHES = numbers((POINTS + 2, SIDE, SIDE), 5)
COORDINATES = ("xcoords", "ycoords", "xcoords_start", "ycoords_start")


def surplus(held):
    return {key: np.concatenate((held[key], [1.0, 2.0])) for key in COORDINATES} | {"Y": PATCHES}


FILES = {
    "plain": {},
    "other name": lambda held: {"diff3d": None, "diffraction": held["diff3d"]},
    "both names": lambda held: {"diffraction": held["diff3d"].astype(np.float64)},
    "both names, two orders": lambda held: {"diffraction": np.asfortranarray(held["diff3d"])},
    "patterns last": lambda held: {"diff3d": last(held["diff3d"])},
    "patterns in the middle": lambda held: {"diff3d": middle(held["diff3d"])},
    "Fortran order": lambda held: {"diff3d": np.asfortranarray(held["diff3d"])},
    "Fortran order, patterns last": lambda held: {"diff3d": np.asfortranarray(last(held["diff3d"]))},
    "Fortran order, in the middle": lambda held: {"diff3d": np.asfortranarray(middle(held["diff3d"]))},
    "fourth axis": lambda held: {"diff3d": held["diff3d"][..., None]},
    "fourth axis in Fortran order": lambda held: {"diff3d": np.asfortranarray(held["diff3d"][..., None])},
    "float64 that float32 rounds": lambda held: {"diff3d": held["diff3d"].astype(np.float64) / 3},
    "big-endian": lambda held: {key: held[key].astype(">f8") for key in ("diff3d", "xcoords", "ycoords")},
    "counts": lambda held: {"diff3d": np.rint(held["diff3d"] * 200).astype(np.uint16)},
    "patches": {"Y": PATCHES[:POINTS].astype(np.complex128)},
    "patches in Fortran order": {"Y": np.asfortranarray(PATCHES[:POINTS, ..., None])},
    "other patches": {"label": PATCHES[:POINTS]},
    "stub of patches": {"Y": PATCHES[:1]},
    "no object": {"objectGuess": None},
    "double object": lambda held: {"objectGuess": held["objectGuess"] * (1 + 1e-12)},
    "real object": lambda held: {"objectGuess": held["objectGuess"].real},
    "bare": dict.fromkeys(("objectGuess", "xcoords_start", "ycoords_start", "scan_index")),
    "modes": {"probeGuess": numbers((3, SIDE, SIDE), 4)},
    "surplus positions": surplus,
}


def assert_equal_groups(got, want):
    assert list(got) == list(want)
    for key, value in want.items():
        assert np.array_equal(got[key], value), key
        assert getattr(got[key], "dtype", None) == getattr(value, "dtype", None), key
        assert getattr(got[key], "shape", None) == getattr(value, "shape", None), key


def of_raw_data(path, **request):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RawData.from_file(path).generate_grouped_data(SIDE, **request)


@pytest.fixture(autouse=True)
def keep_legacy(monkeypatch):
    monkeypatch.setattr(legacy, "cfg", dict(legacy.cfg))


@pytest.fixture(params=[1, 700, None], ids=["a value", "a few patterns", "as usual"])
def piece(request, monkeypatch):
    """Read in pieces of other sizes: none may show."""
    if request.param is not None:
        monkeypatch.setattr(streaming, "PIECE_BYTES", 8 * request.param)
        monkeypatch.setattr(streaming, "SORTED_BYTES", 8 * request.param)
        monkeypatch.setattr(images, "_GATHERED_BYTES", 8 * request.param)


@pytest.mark.usefixtures("piece")
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("change", FILES.values(), ids=FILES)
def test_check_34_a_store_of_any_file_gives_the_groups_of_raw_data(members, save, tmp_path, change):
    path = save(members | (change(members) if callable(change) else change))
    request = REQUESTS["pairs of a seed"]
    got = MemmapDatasetBridge(path, None, tmp_path / "stores").get_grouped_data(SIDE, **request)
    assert_equal_groups(got, of_raw_data(path, **request))


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_check_34_every_request_gives_the_groups_of_raw_data(members, save, tmp_path, request_):
    path = save(members)
    bridge = MemmapDatasetBridge(path, None, tmp_path / "stores")
    want = of_raw_data(path, **request_)
    assert_equal_groups(bridge.get_grouped_data(SIDE, **request_), want)
    assert_equal_groups(bridge.get_grouped_data(SIDE, **request_), want)  # from the store that is there


@pytest.mark.parametrize("name", ["pairs of a seed", "single, every point", "more groups than points"])
@pytest.mark.parametrize("labels", ["Y", "objectGuess"])
def test_check_34_batches_are_slices_of_the_whole(members, save, tmp_path, name, labels):
    if labels == "Y":
        members["Y"] = numbers((POINTS, SIDE, SIDE), 5)
    path = save(members)
    whole = of_raw_data(path, **REQUESTS[name])
    with open_store(tmp_path / "store", path, StoreRequest(SIDE, **REQUESTS[name])) as store:
        assert len(store) == len(whole["nn_indices"])
        shuffled = np.random.default_rng(0).permutation(len(store))
        third = np.arange(len(store)) % 3 == 0
        for indices in (shuffled[:5], [3], 2, slice(4, 9), third, [-1, 0, -1], shuffled):
            rows = store.rows(indices)
            taken = np.atleast_1d(np.arange(len(store))[indices])
            for key in whole.keys() - {"objectGuess"}:
                assert np.array_equal(rows[key], whole[key][taken]), key
        for beyond in ([len(store)], -len(store) - 1):
            with pytest.raises(IndexError):
                store.rows(beyond)
        with pytest.raises(IndexError):
            store.rows([0], experiment=1)


@pytest.mark.parametrize("side", [10, 64])
def test_check_34_patterns_of_other_sides(arrays, save, tmp_path, side):
    x, y = np.random.default_rng(2).uniform(10, 90, (2, 25))
    path = save(arrays(x, y, side, objectGuess=numbers((100, 101), 2)))
    whole = RawData.from_file(path).generate_grouped_data(side, K=6, nsamples=20, gridsize=2, seed=1)
    with open_store(tmp_path / "store", path, StoreRequest(side, 2, 6, 20, 1)) as store:
        assert_equal_groups(store.rows(), whole)
        for first in range(0, 20, 3):
            assert np.array_equal(store.rows([first])["Y"][0], whole["Y"][first])


def test_check_76_a_legacy_file_and_its_canonical_copy_give_equal_rows(members, save, tmp_path):
    request = StoreRequest(SIDE, **REQUESTS["pairs of a seed"])
    paths = [save(members, "new.npz"), save(members | {"diff3d": last(members["diff3d"])}, "old.npz")]
    new, old = (open_store(tmp_path / path.stem, path, request).rows() for path in paths)
    assert_equal_groups(old, new)
    stored = [(tmp_path / path.stem / "diffraction.npy").read_bytes() for path in paths]
    assert stored[0] == stored[1]
    assert np.array_equal(np.load(tmp_path / "old" / "diffraction.npy"), members["diff3d"])


@pytest.mark.parametrize("change", [lambda stack: stack, last, middle], ids=["MHW", "HWM", "HMW"])
def test_check_76_no_more_is_read_at_once_than_allowed(members, save, tmp_path, monkeypatch, change):
    """Not even where one slow row of the file is larger."""
    path = save(members | {"diff3d": change(members["diff3d"])})
    reads, read = [], streaming._next
    monkeypatch.setattr(
        streaming,
        "_next",
        lambda stream, dtype, n: reads.append(n * dtype.itemsize) or read(stream, dtype, n),
    )
    monkeypatch.setattr(streaming, "PIECE_BYTES", 1024)
    monkeypatch.setattr(streaming, "SORTED_BYTES", 1024)
    open_store(tmp_path / "store", path, StoreRequest(SIDE, **REQUESTS["pairs of a seed"]))
    assert 128 <= max(reads) <= 1024
    assert sum(reads) >= 2 * members["diff3d"].nbytes


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_headers_is_read(members, tmp_path, version, compression):
    path = tmp_path / "scan.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for key, value in members.items():
            with archive.open(f"{key}.npy", "w") as stream:
                np.lib.format.write_array(stream, value, version)
    request = REQUESTS["pairs of a seed"]
    got = MemmapDatasetBridge(path, None, tmp_path).get_grouped_data(SIDE, **request)
    assert_equal_groups(got, of_raw_data(path, **request))


def test_another_version_of_headers_is_refused(members, save, tmp_path):
    path = save(members, "plain.npz")
    with zipfile.ZipFile(path) as plain, zipfile.ZipFile(tmp_path / "scan.npz", "w") as archive:
        for name in plain.namelist():
            archive.writestr(name, plain.read(name).replace(b"NUMPY\x01", b"NUMPY\x04", 1))
    path.unlink()
    with pytest.raises(ValueError, match=r"scan\.npz.*expected 1\.0, 2\.0 or 3\.0"):
        MemmapDatasetBridge(tmp_path / "scan.npz", None, tmp_path).get_grouped_data(SIDE, 6, 5, 2)
    assert [entry.name for entry in tmp_path.iterdir()] == ["scan.npz"]


def test_check_34_two_bridges_of_one_seed_agree_and_another_seed_differs(members, save, tmp_path):
    path = save(members)
    asked = {"N": SIDE, "K": 6, "nsamples": 12, "gridsize": 2}
    first, second, other = (
        MemmapDatasetBridge(path, None, tmp_path / folder).get_grouped_data(**asked, seed=seed)
        for folder, seed in (("a", 1), ("b", 1), ("a", 2))
    )
    assert_equal_groups(first, second)
    assert not np.array_equal(first["nn_indices"], other["nn_indices"])


def test_the_bridge_applies_the_configuration_and_leaves_the_random_state_alone(members, save, tmp_path):
    path = save(members)
    config = TrainingConfig(ModelConfig(N=SIDE, gridsize=3), nphotons=1e5)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - it is this state that must not change
    bridge = MemmapDatasetBridge(path, config, tmp_path / "stores")
    assert legacy.cfg["gridsize"] == 3
    assert legacy.cfg["nphotons"] == 1e5
    bridge.get_grouped_data(SIDE, 6, 5, 2, seed=1)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert bridge.directory == tmp_path / "stores" / "scan.store"
    assert bridge.open(StoreRequest(SIDE, seed=1)).manifest["normalisation"]["nphotons"] == 1e9


def test_the_bridge_wants_a_file(tmp_path):
    for path in (tmp_path, tmp_path / "absent.npz"):
        with pytest.raises(FileNotFoundError, match="no such data file"):
            MemmapDatasetBridge(path, None, tmp_path / "stores")


def test_without_a_seed_every_call_draws_anew_from_the_same_images(members, save, tmp_path):
    bridge = MemmapDatasetBridge(save(members), None, tmp_path)
    inodes, groups = [], []
    for _ in range(2):
        groups.append(bridge.get_grouped_data(SIDE, 6, 30, 2)["nn_indices"])
        inodes.append((bridge.directory / "diffraction.npy").stat().st_ino)
    assert not np.array_equal(*groups)
    assert inodes[0] == inodes[1]


def test_check_34_the_store_uses_the_group_cache_of_its_file(members, save, tmp_path):
    path = save(members)
    asked = {"N": SIDE, "K": 6, "nsamples": 12, "gridsize": 2, "seed": 1}
    MemmapDatasetBridge(path, None, tmp_path / "stores").get_grouped_data(**asked)
    assert (tmp_path / "scan.g2k6.groups_cache.npz").is_file()
    again = MemmapDatasetBridge(path, None, tmp_path / "others").get_grouped_data(**asked)
    assert_equal_groups(again, of_raw_data(path, K=6, nsamples=12, gridsize=2, seed=1))


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"K": 3, "nsamples": 4, "gridsize": 2}, "K=3 must be >= C=4"),
        ({"K": 6, "nsamples": 99, "gridsize": 2}, "OVERSAMPLING-001"),
        ({"K": 6, "nsamples": 0, "gridsize": 2}, "nsamples"),
        ({"K": 6, "nsamples": 4, "gridsize": 7}, "40 scan points"),
        ({"K": 6, "nsamples": 4, "gridsize": 0}, "gridsize"),
    ],
)
def test_a_request_that_cannot_be_met_leaves_nothing(members, save, tmp_path, request_, text):
    path = save(members)
    with pytest.raises(ValueError, match=text) as caught:
        MemmapDatasetBridge(path, None, tmp_path / "stores").get_grouped_data(SIDE, seed=1, **request_)
    assert str(path) in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["scan.npz"]


def test_the_warnings_of_grouping_are_given(members, save, tmp_path):
    members["scan_index"] = np.arange(POINTS)
    bridge = MemmapDatasetBridge(save(members), None, tmp_path)
    with pytest.warns(UserWarning, match="several scans"):
        bridge.get_grouped_data(SIDE, 6, 5, 2, seed=1)
    with pytest.warns(UserWarning, match="exceeds the 40 points"):
        assert len(bridge.get_grouped_data(SIDE, 6, 99, 1, seed=1)["X_full"]) == POINTS
