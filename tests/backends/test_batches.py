"""Batches for training (data.md 4.4, checks 66 and 68), and the batches of `fit` (4.1)."""

import numpy as np
import pytest

from ptychoparity.reference.config import legacy
from ptychoparity.reference.data import layouts
from ptychoparity.reference.data.batches import BatchOrder
from ptychoparity.reference.physics.translation import translate

SIDE, CHANNELS, GROUPS = 8, 4, 5
PROBE = np.full((2, SIDE, SIDE), 1 - 0.5j, np.complex64) * np.arange(1, 3)[:, None, None]


def grouped(**changes):
    rng = np.random.default_rng(2)
    shape = (GROUPS, SIDE, SIDE, CHANNELS)
    arrays = {
        "X_full": rng.uniform(0, 2, shape).astype(np.float32),
        "Y": (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64),
        "coords_relative": rng.normal(size=(GROUPS, 1, 2, CHANNELS)),
        "coords_start_relative": rng.normal(size=(GROUPS, 1, 2, CHANNELS)),
        "coords_offsets": rng.uniform(0, 50, (GROUPS, 1, 2, 1)),
        "nn_indices": np.arange(GROUPS * CHANNELS, dtype=np.int32).reshape(GROUPS, CHANNELS),
    }
    return arrays | changes


@pytest.fixture
def container(native):
    module = native.module("container")
    return lambda **changes: module.load(lambda: grouped(**changes), PROBE)


@pytest.fixture
def batches(native, container):
    """Batches of a container; ``changes`` are of the groups."""

    def make(changes=(), **arguments):
        return native.module("batches").Batches(container(**dict(changes)), **arguments)

    return make


CASES = {
    "all in order": (np.arange(GROUPS), 1e6, None, True),
    "some, one twice": (np.array([4, 0, 4], np.int32), 1e4, 0.25, True),
    "one without photons": (np.array([2]), None, None, False),
    "a scale for each group": (np.array([3, 1]), 1e9, np.arange(1.0, GROUPS + 1), False),
}
PROBES = {
    "one for all": PROBE[None, None],
    "one for each group": np.arange(1, GROUPS + 1)[:, None, None, None, None] * PROBE[None, None],
    "one for each channel": np.arange(1, CHANNELS + 1)[None, :, None, None, None] * PROBE[None, None],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("probe", PROBES)
def test_a_batch_is_that_of_the_reference(backend, truth, case, probe):
    indices, nphotons, scale, supervised = CASES[case]
    asked = (grouped(), PROBES[probe].astype(np.complex64), indices, nphotons, scale, supervised)
    got, want = backend.batch(*asked), truth.batch(*asked)
    assert got.keys() == want.keys()
    assert ("label_amp" in got) is supervised
    for key, value in want.items():
        assert got[key].dtype == {"i": np.int32, "f": np.float32, "c": np.complex64}[value.dtype.kind], key
        np.testing.assert_allclose(
            got[key], value, rtol=3e-7, atol=1e-6 if "phase" in key else 0, err_msg=key
        )


def test_shapes_and_layout_are_those_of_the_contract(batches, native):
    made = batches(nphotons=1e6, supervised=True).batch([3, 1])
    first = ("images", "observed_images", "label_amp", "label_phase", "coords_relative")
    shapes = {key: tuple(tensor.shape) for key, tensor in made.tensors.items()}
    image = (2, CHANNELS, SIDE, SIDE) if native.first else (2, SIDE, SIDE, CHANNELS)
    offset = (2, CHANNELS, 1, 2) if native.first else (2, 1, 2, CHANNELS)
    scales = ("rms_scaling_constant", "physics_scaling_constant")
    assert shapes == {
        **dict.fromkeys(first[:4], image),
        "coords_relative": offset,
        **dict.fromkeys(scales, (2, 1, 1, 1)),
        "experiment_id": (2,),
    }
    assert tuple(made.probe.shape) == (1, 1, 2, SIDE, SIDE)
    assert tuple(made.scale.shape) == (2, 1, 1, 1)
    assert all(getattr(tensor, "is_contiguous", lambda: True)() for tensor in made.tensors.values())


def test_check_56_images_and_offsets_are_permuted_exactly(batches, native):
    made, chosen = batches(supervised=True).batch([3, 1]), [3, 1]
    permuted = layouts.channels_last_to_first if native.first else np.asarray
    data = grouped()
    images, offsets = data["X_full"][chosen], data["coords_relative"][chosen].astype(np.float32)
    np.testing.assert_array_equal(np.asarray(made.tensors["images"]), permuted(images))
    np.testing.assert_array_equal(np.asarray(made.tensors["observed_images"]), permuted(images))
    np.testing.assert_array_equal(np.asarray(made.tensors["coords_relative"]), permuted(offsets))


def test_without_photons_and_scale_both_are_one(batches):
    made = batches().batch([0, 2])
    assert np.all(np.asarray(made.tensors["physics_scaling_constant"]) == 1)
    assert np.all(np.asarray(made.scale) == 1)


def test_check_66_normalised_patterns_have_rms_scale_1_and_physics_scale_by_the_closed_form(batches):
    patterns = grouped()["X_full"]
    energy = np.square(patterns, dtype=float).sum(axis=(1, 2)).mean()
    normal = (patterns * (SIDE / 2 / np.sqrt(energy))).astype(np.float32)
    found = {}
    for photons in (1e6, 1e8):
        tensors = batches({"X_full": normal}, nphotons=photons).batch([1]).tensors
        assert float(tensors["rms_scaling_constant"][0, 0, 0, 0]) == pytest.approx(1, rel=1e-6)
        found[photons] = float(tensors["physics_scaling_constant"][0, 0, 0, 0])
    assert found[1e6] == pytest.approx(1e3 / (SIDE / 2), rel=1e-6)
    assert found[1e8] / found[1e6] == pytest.approx(10, rel=1e-6)


def test_check_66_photons_1e6_at_n64_give_31_25_by_both_formulas(native):
    patterns = np.random.default_rng(1).uniform(0.5, 1, (2, 64, 64, 1))
    patterns *= 32 / np.sqrt(np.square(patterns).sum(axis=(1, 2)).mean())
    data = {
        "X_full": patterns.astype(np.float32),
        "coords_relative": np.zeros((2, 1, 2, 1)),
        "coords_offsets": np.zeros((2, 1, 2, 1)),
        "nn_indices": np.zeros((2, 1), np.int32),
        "norm_Y_I": 1e3 / 32,
    }
    made = native.module("container").load(lambda: data, np.ones((64, 64), np.complex64))
    batch = native.module("batches").Batches(made, nphotons=1e6).batch([0])
    assert float(batch.tensors["physics_scaling_constant"][0, 0, 0, 0]) == pytest.approx(31.25, rel=1e-6)
    assert made.norm_Y_I == 31.25


def test_check_68_energies_4_and_2_with_12_photons_give_2(batches):
    """The mean is over groups and channels of the whole container, whichever groups the batch has."""
    patterns = np.zeros((GROUPS, SIDE, SIDE, CHANNELS), np.float32)
    patterns[:, :2, :2, :2], patterns[:, :2, 0, 2:] = 1.0, 1.0
    tensors = batches({"X_full": patterns}, nphotons=12.0).batch([4]).tensors
    assert float(tensors["physics_scaling_constant"][0, 0, 0, 0]) == pytest.approx(2.0, rel=1e-6)


def test_squares_of_strong_patterns_do_not_overflow(batches):
    strong = np.full((GROUPS, SIDE, SIDE, CHANNELS), 1e30, np.float32)
    tensors = batches({"X_full": strong}).batch([0]).tensors
    assert float(tensors["rms_scaling_constant"][0, 0, 0, 0]) == pytest.approx(0.5e-30, rel=1e-6, abs=0)


LOWER = {
    "(N, N)": PROBE[0],
    "(P, N, N)": PROBE,
    "(B, N, N)": np.ones((GROUPS, SIDE, SIDE), np.complex64),
    "(C, P, N, N)": np.ones((CHANNELS, 1, SIDE, SIDE), np.complex64),
    "six axes": PROBE[None, None, None],
    "groups of another batch": np.ones((2, 1, 1, SIDE, SIDE), np.complex64),
    "other channels": np.ones((1, 3, 1, SIDE, SIDE), np.complex64),
    "no mode": np.ones((1, 1, 0, SIDE, SIDE), np.complex64),
    "another side": np.ones((1, 1, 1, SIDE, 2 * SIDE), np.complex64),
}


@pytest.mark.parametrize("kind", LOWER)
def test_a_probe_that_is_not_of_rank_5_is_refused_by_its_shape(backend, truth, native, batches, kind):
    probe, messages = LOWER[kind], []
    for each in (backend, truth):
        with pytest.raises(ValueError, match="PROBE-RANK-001") as refused:
            each.batch(grouped(), probe, np.arange(2), None, None, False)
        messages.append(str(refused.value))
    with pytest.raises(ValueError, match="PROBE-RANK-001") as refused:
        batches(probe=native.tensor(probe))
    messages.append(str(refused.value))
    assert len(set(messages)) == 1
    assert f"got {probe.shape}" in messages[0]


REFUSED = {
    "no index": ({"indices": np.array([], int)}, "indices"),
    "an index below": ({"indices": np.array([-1])}, "from 0 to 4, got -1"),
    "an index above": ({"indices": np.array([GROUPS])}, "from 0 to 4, got 5"),
    "indices of rank 2": ({"indices": np.array([[1]])}, "indices"),
    "indices that are no whole numbers": ({"indices": np.array([1.0])}, "indices"),
    "no photons": ({"nphotons": 0.0}, "nphotons"),
    "endless photons": ({"nphotons": np.inf}, "nphotons"),
    "no scale": ({"scale": 0.0}, "scale"),
    "scales of other groups": ({"scale": np.ones(3)}, r"scale.*\(5,\)"),
    "patterns without energy": ({"grouped": grouped(X_full=0 * grouped()["X_full"])}, "all zero"),
    "patterns that are not finite": ({"grouped": grouped(X_full=np.inf * grouped()["X_full"])}, "not finite"),
    "no patterns": ({"grouped": grouped(X_full=None)}, "X_full"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_makes_no_batch_is_refused_in_the_same_words(backend, truth, reason):
    changes, message = REFUSED[reason]
    asked = {
        "grouped": grouped(),
        "probe": PROBE[None, None],
        "indices": np.arange(2),
        "nphotons": 1e6,
        "scale": None,
        "supervised": False,
    } | changes
    messages = []
    for each in (backend, truth):
        with pytest.raises(ValueError, match=message) as refused:
            each.batch(*asked.values())
        messages.append(str(refused.value))
    assert messages[0] == messages[1]


def test_supervised_batches_need_labels(backend, truth, batches):
    for each in (backend, truth):
        with pytest.raises(RuntimeError, match=r"DATA-SUP-001.*label_amp and label_phase"):
            each.batch(grouped(Y=None), PROBE[None, None], np.arange(2), None, None, True)
    with pytest.raises(RuntimeError, match="DATA-SUP-001"):
        batches({"Y": None}, supervised=True)
    ones = np.ones((GROUPS, SIDE, SIDE, CHANNELS), np.complex64)
    assert "label_amp" in batches({"Y": ones}, supervised=True).batch([0]).tensors


def test_an_epoch_holds_every_group_once_in_the_order_of_the_shared_generator(batches):
    source, data = batches(), grouped()
    order = BatchOrder(GROUPS, 2, seed=3)
    expected = np.concatenate(list(BatchOrder(GROUPS, 2, seed=3)))
    seen = [np.asarray(batch.tensors["images"]) for batch in source.epoch(order)]
    assert [len(images) for images in seen] == [2, 2, 1]
    sums = np.concatenate([images.sum(axis=(1, 2, 3)) for images in seen])
    np.testing.assert_allclose(sums, data["X_full"].sum(axis=(1, 2, 3))[expected], rtol=1e-5)


# what `fit` of the original is given


@pytest.fixture
def dataset(native, container, monkeypatch):
    monkeypatch.setitem(legacy.cfg, "intensity_scale", 2.5)

    def make(*arguments, **keywords):
        made = container()
        name = "as_torch_dataset" if native.first else "as_tf_dataset"
        return getattr(made, name)(*arguments, **keywords)

    return make


def arrays(native, pairs):
    """Batches of pairs as channels-last NumPy arrays."""
    last = layouts.channels_first_to_last if native.first else np.asarray
    return [
        tuple(tuple(last(np.asarray(tensor)) for tensor in part) for part in (inputs, targets))
        for inputs, targets in pairs
    ]


def test_the_data_set_gives_inputs_and_targets_of_training(native, dataset):
    data = grouped()
    (pair, rest) = arrays(native, dataset(4, shuffle=False))
    (patterns, coords), (centred, amplitude, counts) = pair
    scaled = np.float32(2.5) * data["X_full"][:4]
    np.testing.assert_allclose(patterns, scaled, rtol=1e-7)
    np.testing.assert_array_equal(coords, data["coords_start_relative"][:4].astype(np.float32))
    np.testing.assert_array_equal(amplitude, patterns)
    np.testing.assert_allclose(counts, scaled.astype(float) ** 2, rtol=3e-7)
    offsets = data["coords_start_relative"].astype(np.float32)[:4, 0, :, 0]
    expected = translate(np.abs(data["Y"][:4, ..., 0].astype(complex)), -offsets.astype(float))
    assert centred.shape == (4, SIDE, SIDE, 1)
    np.testing.assert_allclose(centred[..., 0], expected, atol=1e-6)
    assert len(rest[0][0]) == 1


def test_each_epoch_has_an_order_of_its_own_that_the_seed_decides(native, dataset):
    def order(pairs):
        first = np.concatenate([inputs[0] for inputs, _ in arrays(native, pairs)])
        known = np.float32(2.5) * grouped()["X_full"][:, 0, 0, 0]
        return [int(np.abs(known - value).argmin()) for value in first[:, 0, 0, 0]]

    pairs, again = dataset(2, seed=7), dataset(3, seed=7)
    epochs = [order(pairs), order(pairs), order(pairs)]
    shared = BatchOrder(GROUPS, 2, seed=7)
    assert epochs == [np.concatenate(list(shared)).tolist() for _ in range(3)]
    assert all(sorted(epoch) == list(range(GROUPS)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert [order(again), order(again)] == epochs[:2]


def test_the_data_set_knows_its_length_and_draws_from_no_global_generator(native, dataset):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    native_state = native.framework.get_rng_state().tolist() if native.first else None
    pairs = dataset(2, seed=1)
    assert len(pairs) == 3
    assert len(arrays(native, pairs)) == 3
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    if native.first:
        assert native.framework.get_rng_state().tolist() == native_state


def test_a_data_set_needs_its_scale_and_groups_in_a_batch(container, native, monkeypatch):
    monkeypatch.setattr(legacy, "cfg", {})
    name = "as_torch_dataset" if native.first else "as_tf_dataset"
    with pytest.raises(KeyError, match="intensity_scale"):
        getattr(container(), name)(2)
    monkeypatch.setitem(legacy.cfg, "intensity_scale", 1.0)
    with pytest.raises(ValueError, match="batch_size must be positive"):
        getattr(container(), name)(0)
