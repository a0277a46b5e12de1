"""Batches of several files, channels-first (spec data.md 4.4, 8.1), and stores of arrays (8.2)."""

import numpy as np
import pytest

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.layouts import channels_first_to_last
from ptychoparity.reference.data.metadata import encode_metadata
from ptychoparity.reference.data.store import StoreRequest, open_store, store_from_arrays
from ptychoparity.reference.physics.probe import normalize_probe

SIDE = 8
COUNTS = {"a.npz": 30, "b.npz": 20, "c.npz": 25}
REQUEST = {"gridsize": 2, "K": 6, "nsamples": 9, "seed": 3}

CONTRACT = {
    "images": "diffraction",
    "coords_center": "coords_offsets",
    "coords_relative": "coords_relative",
    "coords_start_center": "coords_start_offsets",
    "coords_start_relative": "coords_start_relative",
    "coords_global": "coords_nn",
}


def numbers(shape, seed):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@pytest.fixture
def paths(arrays, save):
    """Three scans: two modes and an object, one mode and patches with metadata, three modes and a label."""
    more = {
        "a.npz": {"probeGuess": numbers((2, SIDE, SIDE), 1), "objectGuess": numbers((40, 44), 2)},
        "b.npz": {"Y": numbers((20, SIDE, SIDE), 3), "_metadata": encode_metadata({"nphotons": 1e5})},
        "c.npz": {"probeGuess": numbers((3, SIDE, SIDE), 4), "label": numbers((25, SIDE, SIDE, 1), 5)},
    }
    paths = []
    for seed, (name, count) in reversed(list(enumerate(COUNTS.items()))):
        x, y = np.random.default_rng(seed).uniform(3, 37, (2, count))
        held = arrays(x, y, SIDE, xcoords_start=x + 0.1, ycoords_start=y - 0.2)
        held["diff3d"] = (held["diff3d"] * (seed + 1)).astype(np.float32)
        paths.insert(0, save(held | more[name], name))
    (paths[0].parent / "notes.txt").write_text("no data")
    (paths[0].parent / "a.g2k6.groups_cache.npz").write_bytes(b"no data either")
    return paths


@pytest.fixture
def store(paths, tmp_path):
    return open_store(tmp_path / "store", paths[0].parent, StoreRequest(SIDE, **REQUEST, nphotons=1e6))


def grouped(path, **changes):
    return RawData.from_file(path).generate_grouped_data(SIDE, **REQUEST | changes)


def test_the_files_of_a_folder_come_in_order_of_name(store, paths):
    assert [experiment.name for experiment in store.experiments] == list(COUNTS)
    assert len(store) == 27
    again = open_store(
        paths[0].parent / "store", paths[0].parent, StoreRequest(SIDE, **REQUEST, nphotons=1e6), rebuild=False
    )
    assert len(again) == 27  # although a group cache of every file lies there now


def test_check_34_every_file_gives_the_groups_of_raw_data(store, paths):
    for number, path in enumerate(paths):
        want, got = grouped(path), store.rows(experiment=number)
        assert all(np.array_equal(got[key], want[key]) for key in want)


def test_a_batch_is_the_contract_dictionary_channels_first(store, paths):
    contract = [grouped(path) for path in paths]
    indices = np.array([26, 0, 9, 8, 17, 18, 1, 9])
    owner, place = np.divmod(indices, 9)
    batch, _, _ = store.item(indices)
    for key, name in CONTRACT.items():
        assert batch[key].dtype == np.float32
        assert batch[key].flags.c_contiguous
        want = np.stack([contract[o][name][p] for o, p in zip(owner, place, strict=True)])
        assert np.array_equal(channels_first_to_last(batch[key]), want.astype(np.float32)), key
    want = np.stack([contract[o]["nn_indices"][p] for o, p in zip(owner, place, strict=True)])
    assert np.array_equal(batch["nn_indices"], want)
    assert np.array_equal(batch["experiment_id"], owner)
    assert np.array_equal(batch["observed_images"], batch["images"])


def test_shapes_and_dtypes_of_a_batch(store):
    batch, probe, scale = store.item([0, 12, 20], supervised=True)
    image, position, scalar = (3, 4, SIDE, SIDE), (3, 4, 1, 2), (3, 1, 1, 1)
    assert {key: (value.shape, value.dtype.name) for key, value in batch.items()} == {
        "images": (image, "float32"),
        "observed_images": (image, "float32"),
        "label_amp": (image, "float32"),
        "label_phase": (image, "float32"),
        "coords_center": ((3, 1, 1, 2), "float32"),
        "coords_start_center": ((3, 1, 1, 2), "float32"),
        "coords_relative": (position, "float32"),
        "coords_start_relative": (position, "float32"),
        "coords_global": (position, "float32"),
        "nn_indices": ((3, 4), "int64"),
        "experiment_id": ((3,), "int32"),
        "center_scan_id": ((3,), "int64"),
        "center_scan_id_available": ((3,), "bool"),
        "rms_scaling_constant": (scalar, "float32"),
        "physics_scaling_constant": (scalar, "float32"),
    }
    assert set(store.manifest["required_fields"]) <= batch.keys()
    assert (probe.shape, probe.dtype) == ((3, 4, 3, SIDE, SIDE), np.complex64)
    assert (scale.shape, scale.dtype) == (scalar, np.float32)
    assert (scale == 1).all()
    assert not batch["center_scan_id_available"].any()
    assert (batch["center_scan_id"] == -1).all()


def test_scales_of_a_batch_are_those_of_its_files(store, paths):
    batch, _, _ = store.item([0, 9, 18])
    for number, (path, nphotons) in enumerate(zip(paths, (1e6, 1e5, 1e6), strict=True)):
        want = grouped(path)
        energy = np.square(want["diffraction"], dtype=np.float64).sum(axis=(1, 2)).mean()
        rms, physics = (batch[f"{name}_scaling_constant"][number].item() for name in ("rms", "physics"))
        assert rms == pytest.approx((SIDE / 2) / np.sqrt(energy), rel=1e-6)
        assert physics == pytest.approx(np.sqrt(nphotons / energy), rel=1e-6)
        scaled = np.float32(rms) * want["diffraction"]
        assert np.array_equal(scaled, want["X_full"])


def test_probes_are_padded_with_dark_modes_and_the_same_in_every_channel(store, paths):
    _, probe, _ = store.item([20, 1, 10])
    for row, path in zip(probe, (paths[2], paths[0], paths[1]), strict=True):
        given = RawData.from_file(path).probeGuess.reshape(-1, SIDE, SIDE)
        assert (row == row[0]).all()
        assert np.array_equal(row[0, : len(given)], given)
        assert not row[0, len(given) :].any()


def test_probes_are_normalised_before_they_are_padded(paths, tmp_path):
    request = StoreRequest(SIDE, **REQUEST, probe_scale=4.0)
    _, probe, scale = open_store(tmp_path / "store", paths[0].parent, request).item([0, 9, 18])
    for row, factor, path in zip(probe, scale.ravel(), paths, strict=True):
        given = RawData.from_file(path).probeGuess.reshape(-1, SIDE, SIDE)
        want, norm = normalize_probe(given, 4.0)
        np.testing.assert_allclose(row[0, : len(given)], want, rtol=1e-6)
        assert factor == pytest.approx(1 / norm, rel=1e-6)


def test_labels_come_from_patches_under_either_name_or_from_the_object(store, paths):
    batch, _, _ = store.item(np.arange(27), supervised=True)
    for number, path in enumerate(paths):
        want = grouped(path)["Y"]
        if want is None:
            with np.load(path) as archive:
                want = archive["label"][..., 0][store.experiments[number].members].transpose(0, 2, 3, 1)
        for key, part in (("label_amp", np.abs(want)), ("label_phase", np.angle(want))):
            np.testing.assert_allclose(
                channels_first_to_last(batch[key][9 * number : 9 * number + 9]), part, rtol=1e-6
            )
    assert grouped(paths[2])["Y"] is None  # the contract dictionary knows no label


def test_labels_that_are_not_there(arrays, save, tmp_path):
    x, y = np.random.default_rng(0).uniform(3, 37, (2, 20))
    path = save(arrays(x, y, SIDE))
    store = open_store(tmp_path / "store", path, StoreRequest(SIDE, **REQUEST))
    assert not {"label_amp", "label_phase"} & store.item([0])[0].keys()
    with pytest.raises(RuntimeError, match=r"DATA-SUP-001: scan.npz.*label_amp.*label_phase"):
        store.item([0], supervised=True)


def test_one_row_a_point_tells_its_seed(store, paths, tmp_path):
    request = StoreRequest(SIDE, gridsize=1, nsamples=None)
    store = open_store(tmp_path / "store", paths[0].parent, request)
    assert len(store) == sum(COUNTS.values())
    batch, _, _ = store.item(slice(None))
    assert batch["images"].shape == (75, 1, SIDE, SIDE)
    assert batch["center_scan_id_available"].all()
    assert np.array_equal(batch["center_scan_id"], np.concatenate([np.arange(c) for c in COUNTS.values()]))


def test_no_group_beyond_the_last(store):
    with pytest.raises(IndexError):
        store.item([27])


def test_centres_of_mass_are_mean_positions(store, paths):
    for experiment, path in zip(store.experiments, paths, strict=True):
        raw = RawData.from_file(path)
        assert experiment.centre_of_mass == pytest.approx((raw.xcoords.mean(), raw.ycoords.mean()))


@pytest.mark.parametrize("modes", [(), (1,), (3,)])
def test_a_store_of_arrays_takes_positions_as_y_x(arrays, tmp_path, modes):
    x, y = np.random.default_rng(0).uniform(3, 37, (2, 20))
    held = arrays(x, y, SIDE, probeGuess=numbers((*modes, SIDE, SIDE), 1))
    positions = np.column_stack((y, x))
    store = store_from_arrays(
        tmp_path / "store", held["diff3d"], held["probeGuess"], positions, StoreRequest(SIDE, **REQUEST)
    )
    want = RawData(**held | {"xcoords_start": x, "ycoords_start": y}).generate_grouped_data(SIDE, **REQUEST)
    got = store.rows()
    assert got.keys() == want.keys()
    assert all(np.array_equal(got[key], want[key]) for key in want)
    assert np.array_equal(store.item([0])[1][0, 0], held["probeGuess"].reshape(-1, SIDE, SIDE))
    with pytest.raises(RuntimeError, match="DATA-SUP-001"):
        store.item([0], supervised=True)


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        ({"positions": np.zeros((2, 20))}, ValueError, "positions"),
        ({"positions": np.zeros(40)}, ValueError, "positions"),
        ({"positions": np.zeros((19, 2))}, ValueError, "20 patterns but only 19"),
        ({"positions": np.full((20, 2), np.nan)}, ValueError, "ycoords|xcoords"),
        ({"probe": np.ones((6, 6), complex)}, ValueError, "probeGuess"),
        ({"diffraction": np.ones((20, SIDE, 6))}, ValueError, "diff3d"),
        ({"diffraction": np.zeros((20, SIDE, SIDE))}, ValueError, "zero"),
        ({"diffraction": np.full((20, SIDE, SIDE), -1.0)}, ValueError, "negative"),
        ({"diffraction": np.ones((20, SIDE, SIDE), complex)}, TypeError, "diff3d"),
    ],
)
def test_arrays_are_judged_like_files(tmp_path, change, kind, text):
    given = {
        "diffraction": np.ones((20, SIDE, SIDE)),
        "probe": np.ones((SIDE, SIDE), complex),
        "positions": np.random.default_rng(0).random((20, 2)),
    }
    with pytest.raises(kind, match=text):
        store_from_arrays(tmp_path / "store", **given | change, request=StoreRequest(SIDE, **REQUEST))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("orders", [(0, 1, 2), (1, 2, 0)])
def test_counts_are_pointed_out(arrays, save, tmp_path, orders):
    x, y = np.random.default_rng(0).uniform(3, 37, (2, 20))
    counts = np.random.default_rng(1).poisson(30, (20, SIDE, SIDE)).astype(np.uint16)
    path = save(arrays(x, y, SIDE, diff3d=np.ascontiguousarray(counts.transpose(orders))))
    with pytest.warns(UserWarning, match=r"scan\.npz: diff3d: dtype uint16, peak \d+ look like counts"):
        open_store(tmp_path / "store", path, StoreRequest(SIDE, **REQUEST))
