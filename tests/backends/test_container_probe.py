"""Probes of containers: the norm under the hard mask (data.md 5.3, 5.4, checks 60 to 63)."""

import numpy as np
import pytest

ONES = np.ones((1, 64, 64), np.complex64)


@pytest.fixture
def noise():
    rng = np.random.default_rng(6)
    return (rng.normal(size=(3, 64, 64)) + 1j * rng.normal(size=(3, 64, 64))).astype(np.complex64)


def test_check_60_a_probe_of_ones_becomes_1_2610837(backend):
    probe, norm = backend.normalize_probe(ONES, 4.0)
    np.testing.assert_allclose(probe, np.full((1, 64, 64), 1.2610837), rtol=1e-6)
    assert norm == pytest.approx(4 * 812 / 4096, rel=1e-6)


def test_check_61_a_factor_leaves_a_unit_phase(backend, noise):
    plain, _ = backend.normalize_probe(noise, 4.0)
    turned, _ = backend.normalize_probe((noise * (3 - 2j)).astype(np.complex64), 4.0)
    np.testing.assert_allclose(turned, plain * (3 - 2j) / abs(3 - 2j), rtol=2e-6)


def test_check_62_a_dark_probe_is_refused(backend):
    with pytest.raises(ValueError, match="probe_guess"):
        backend.normalize_probe(0 * ONES, 4.0)


def test_check_63_modes_have_one_norm_together(backend, noise):
    probe, norm = backend.normalize_probe(noise, 4.0)
    np.testing.assert_allclose(probe * np.float32(norm), noise, rtol=1e-6)
    one, single = backend.normalize_probe(noise[:1], 4.0)
    assert single != pytest.approx(norm, rel=1e-4)
    np.testing.assert_allclose(one * np.float32(single), noise[:1], rtol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (1, 8, 8), (3, 8, 8)])
def test_a_container_keeps_the_probe_as_given_and_batches_bring_it_to_rank_5(native, shape):
    rng = np.random.default_rng(3)
    probe = (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)
    data = {
        "X_full": np.ones((2, 8, 8, 1), np.float32),
        "coords_relative": np.zeros((2, 1, 2, 1)),
        "coords_offsets": np.zeros((2, 1, 2, 1)),
        "nn_indices": np.zeros((2, 1), np.int32),
    }
    made = native.module("container").load(lambda: data, probe)
    np.testing.assert_array_equal(np.asarray(made.probe), probe)
    batch = native.module("batches").Batches(made).batch([1])
    modes = probe if shape[0] == 3 else probe.reshape(1, 8, 8)
    np.testing.assert_array_equal(np.asarray(batch.probe), modes[None, None])
