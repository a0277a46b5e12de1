"""What no store is made of, and that nothing is left of the attempt (spec data.md 1.4, 8.2; check 76)."""

import numpy as np
import pytest

from ptychoparity.reference.data.store import StoreRequest, build, open_store

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


BAD = {
    "missing probe": ({"probeGuess": None}, KeyError, "probeGuess"),
    "no patterns": ({"diff3d": None}, KeyError, "diff3d or diffraction"),
    "fewer positions": (lambda h: {k: h[k][:20] for k in h if k != "diff3d"}, ValueError, "30 patterns"),
    "lengths": (lambda h: {"xcoords": h["xcoords"][:20]}, ValueError, "matching shapes"),
    "two-dimensional": (lambda h: {"xcoords": h["xcoords"][:, None]}, ValueError, "one-dimensional"),
    "not square": (lambda h: {"diff3d": h["diff3d"][:, :, :6]}, ValueError, "diff3d"),
    "complex": (lambda h: {"diff3d": h["diff3d"] + 0j}, TypeError, "diff3d"),
    "other probe": (lambda h: {"probeGuess": h["probeGuess"][:6, :6]}, ValueError, "probeGuess"),
    "deep object": ({"objectGuess": np.ones((2, 9, 9), complex)}, ValueError, "objectGuess"),
    "real patches": ({"Y": np.ones((30, SIDE, SIDE))}, ValueError, "DATA-001"),
    "real label": ({"label": np.ones((30, SIDE, SIDE))}, ValueError, "label.*DATA-001"),
    "pickled": ({"probeGuess": np.array([{}], object)}, ValueError, "probeGuess"),
    "lost position": (lambda h: {"ycoords": h["ycoords"] * np.nan}, ValueError, "ycoords"),
    "broken probe": (lambda h: {"probeGuess": h["probeGuess"] * np.inf}, ValueError, "probeGuess"),
    "zero": (lambda h: {"diff3d": 0 * h["diff3d"]}, ValueError, "zero"),
    "two contents": (lambda h: {"diffraction": h["diff3d"] + 1}, ValueError, "diff3d and diffraction"),
    "two contents, two orders": (
        lambda h: {"diffraction": np.asfortranarray(h["diff3d"] + 1)},
        ValueError,
        "diff3d and diffraction",
    ),
    "photons": ({"_metadata": np.array('{"nphotons": -1}')}, ValueError, "nphotons"),
}


def with_last(value, key="diff3d"):
    """A value in the very last pixel."""

    def change(held):
        images = held[key].copy() if key in held else np.ones((30, SIDE, SIDE), np.complex64)
        images[-1, -1, -1] = value
        return {key: images}

    return change


for name, value in {"NaN": np.nan, "infinity": np.inf, "negative": -1e-3}.items():
    BAD[name] = (with_last(value), ValueError, "diff3d")
BAD["NaN in patches"] = (with_last(np.nan, "Y"), ValueError, "Y")
BAD["NaN in label"] = (with_last(np.nan, "label"), ValueError, "Y")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("change", "kind", "text"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("there", [False, True], ids=["first", "with an old store"])
def test_check_76_a_rejected_file_leaves_nothing_and_no_image_is_written(
    members, save, directory, folder, monkeypatch, change, kind, text, there
):
    """The last of three files is bad, and the first two are not written either."""
    for name in "abc":
        path = save(members, f"{name}.npz")
    if there:
        opened(directory, path.parent)
    before = files(folder.parent / "work")
    save(members | (change(members) if callable(change) else change), "c.npz")
    monkeypatch.setattr(build, "write_patterns", lambda *_: pytest.fail("patterns were written"))
    deep = directory if there else folder / "not" / "there" / "yet"
    with pytest.raises(kind, match=text) as caught:
        opened(deep, path.parent)
    assert "c.npz" in str(caught.value)
    assert files(folder) == before
    assert [entry.name for entry in folder.iterdir()] == (["scan.store"] if there else [])


def test_damaged_archives_and_missing_data(directory, folder, path):
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"scan\.npz"):
        opened(directory, path)
    with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
        opened(directory, path.with_name("absent.npz"))
    with pytest.raises(FileNotFoundError, match=r"holds no \.npz file"):
        opened(directory, folder)
    assert list(folder.iterdir()) == []


def test_groups_without_any_light_are_refused(members, save, directory, folder):
    members["diff3d"][:-1] = 0
    path = save(members)
    dark = {"gridsize": 1, "nsamples": 3, "sequential_sampling": True}
    with pytest.raises(ValueError, match=r"^scan\.npz: .*selected groups is zero"):
        opened(directory, path, **dark)
    assert list(folder.iterdir()) == []
    opened(directory, path, gridsize=1, nsamples=None)
    before = files(folder)
    with pytest.raises(ValueError, match=r"^scan\.npz: .*selected groups is zero"):
        opened(directory, path, **dark)
    assert files(folder) == before


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"nphotons": 0.0}, "nphotons"),
        ({"probe_scale": -1.0}, r"scan\.npz: probe_scale"),
        ({"probe_scale": 4.0}, r"scan\.npz: probe"),
    ],
)
def test_scales_that_mean_nothing_are_refused(members, save, directory, folder, monkeypatch, changes, key):
    path = save(members | {"probeGuess": 0 * members["probeGuess"]})
    monkeypatch.setattr(build, "write_patterns", lambda *_: pytest.fail("patterns were written"))
    with pytest.raises(ValueError, match=key):
        opened(directory, path, **changes)
    assert list(folder.iterdir()) == []
