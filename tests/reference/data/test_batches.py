"""Orders, indices, scales and probes of batches (data.md 4.4 and 6; checks 66 and 68)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data.batches import (
    BatchOrder,
    batch_arrays,
    batch_probe,
    check_batch_probe,
    check_indices,
    container_probe,
)
from ptychoparity.reference.data.scales import mean_energy, scaling_constants

REAL = np.dtype(np.float64)


def epochs(order, count=3):
    return [np.concatenate(list(order)).tolist() for _ in range(count)]


@given(groups=st.integers(1, 50), size=st.integers(1, 60), seed=st.integers(0, 2**64))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_every_epoch_holds_every_group_once_whatever_the_batch_size(groups, size, seed):
    order = BatchOrder(groups, size, seed=seed)
    sizes = [len(batch) for batch in order]
    assert len(sizes) == len(order)
    assert all(length == size for length in sizes[:-1])
    assert sum(sizes) == groups
    assert all(sorted(epoch) == list(range(groups)) for epoch in epochs(order))
    assert epochs(BatchOrder(groups, 1, seed=seed)) == epochs(BatchOrder(groups, size, seed=seed))


def test_the_seed_and_the_epoch_decide_the_order_and_nothing_else():
    first, second = BatchOrder(40, 7, seed=3), BatchOrder(40, 7, seed=3)
    np.random.default_rng(1).random(5)
    abandoned = BatchOrder(40, 7, seed=3)
    next(iter(abandoned))
    one, two, three = epochs(first)
    assert epochs(second) == [one, two, three]
    assert epochs(abandoned, 2) == [two, three]
    assert len({tuple(epoch) for epoch in (one, two, three)}) == 3
    assert epochs(BatchOrder(40, 7, seed=4))[0] != one
    assert epochs(BatchOrder(40, 7))[0] != epochs(BatchOrder(40, 7))[0]
    assert first.epochs == 3


def test_without_shuffling_the_order_is_that_of_the_groups():
    order = BatchOrder(5, 2, shuffle=False)
    assert [batch.tolist() for batch in order] == [[0, 1], [2, 3], [4]]
    assert next(iter(order)).dtype == np.int64
    assert epochs(order, 2) == [[0, 1, 2, 3, 4]] * 2


@pytest.mark.parametrize("request_", [(0, 2), (3, 0), (3, -1), (3, 2, True, -1)])
def test_an_order_of_nothing_is_refused(request_):
    with pytest.raises(ValueError, match=r"positive|negative"):
        BatchOrder(*request_)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (3, 8, 8)])
def test_a_probe_is_brought_to_rank_5(shape):
    probe = np.arange(np.prod(shape)).reshape(shape) + 1j
    made = batch_probe(probe)
    assert made.shape == (1, 1, 3 if shape[0] == 3 else 1, 8, 8)
    np.testing.assert_array_equal(made.ravel(), probe.ravel())


ALLOWED = [(1, 1, 1, 8, 8), (5, 1, 2, 8, 8), (1, 4, 3, 8, 8), (5, 4, 1, 8, 8)]


@pytest.mark.parametrize("shape", ALLOWED)
def test_rank_5_probes_of_one_or_all_groups_and_channels_are_taken(shape):
    check_batch_probe(shape, (5, 8, 8, 4))


@pytest.mark.parametrize(
    "shape", [(8, 8), (5, 8, 8), (4, 1, 8, 8), (2, 1, 1, 8, 8), (1, 2, 1, 8, 8), (1, 1, 1, 4, 4)]
)
def test_other_probes_are_refused_by_their_shape(shape):
    with pytest.raises(ValueError, match=r"PROBE-RANK-001: .*B=5, C=4, N=8") as refused:
        check_batch_probe(shape, (5, 8, 8, 4))
    assert f"got {shape}" in str(refused.value)


def test_indices_are_not_counted_from_the_end():
    assert check_indices(np.array([2, 0], np.uint8), 3).tolist() == [2, 0]
    for wrong in ([-1], [3], [], [[1]], [0.0], [True], 1):
        with pytest.raises(ValueError, match="indices"):
            check_indices(wrong, 3)


def test_check_66_photons_1e6_at_n64_give_31_25():
    rms, physics = scaling_constants(32.0**2, 64, 1e6)
    assert (rms, physics) == (1.0, 31.25)
    assert scaling_constants(32.0**2, 64, 1e8)[1] / physics == pytest.approx(10, rel=1e-14)
    assert scaling_constants(7.0, 64, None)[1] == 1.0


def test_check_68_energies_4_and_2_with_12_photons_give_2():
    patterns = np.zeros((1, 2, 2, 2), np.float32)
    patterns[..., 0], patterns[0, 0, :, 1] = 1.0, 1.0
    assert mean_energy(patterns) == 3.0
    assert scaling_constants(mean_energy(patterns), 2, 12.0)[1] == 2.0


def test_energies_are_summed_in_double_precision():
    assert mean_energy(np.full((2, 8, 8, 3), 1e30, np.float32)) == pytest.approx(64e60, rel=1e-6)
    for energy in (0.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="all zero or not finite"):
            scaling_constants(energy, 8, 1e6)


def test_a_batch_of_groups_by_hand():
    data = {
        "X_full": np.arange(3 * 4 * 4 * 2, dtype=np.float32).reshape(3, 4, 4, 2),
        "Y": np.full((3, 4, 4, 2), -2j, np.complex64),
        "coords_relative": np.arange(12.0).reshape(3, 1, 2, 2),
        "coords_offsets": np.zeros((3, 1, 2, 1)),
        "nn_indices": np.zeros((3, 2), np.int32),
    }
    probe = (np.arange(3)[:, None, None, None, None] + np.ones((3, 2, 1, 4, 4))).astype(np.complex64)
    batch = batch_arrays(data, probe, [2, 0], 1e6, [0.5, 1.0, 2.0], True, REAL)
    energy = np.square(data["X_full"].astype(float)).sum(axis=(1, 2)).mean()
    np.testing.assert_array_equal(batch["images"], data["X_full"][[2, 0]])
    np.testing.assert_array_equal(batch["observed_images"], batch["images"])
    np.testing.assert_array_equal(batch["coords_relative"][:, 0, 0, 0], [8, 0])
    np.testing.assert_array_equal(batch["scale"].ravel(), [2.0, 0.5])
    np.testing.assert_array_equal(batch["probe"][:, 0, 0, 0, 0], [3, 1])
    np.testing.assert_array_equal(batch["experiment_id"], [0, 0])
    np.testing.assert_allclose(batch["rms_scaling_constant"].ravel(), 2 / np.sqrt(energy), rtol=1e-14)
    np.testing.assert_allclose(batch["physics_scaling_constant"].ravel(), 1e3 / np.sqrt(energy), rtol=1e-14)
    assert (batch["label_amp"] == 2).all()
    np.testing.assert_allclose(batch["label_phase"], -np.pi / 2, rtol=1e-15)
    assert container_probe(data, probe).shape == (1, 4, 4)
    assert "label_amp" not in batch_arrays(data, probe, [1], None, None, False, REAL)
