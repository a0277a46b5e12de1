"""Synthetic probes and modes, and the probe derived from data (spec data.md 5 and 7.6)."""

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.physics.probe import default_probe, normalize_probe, probe_from_patterns
from ptychoparity.reference.simulation.probes import CYCLES, PROBE_METHODS, orthogonal_modes, synthetic_probes


def energy(probe):
    return (np.abs(probe.astype(complex)) ** 2).sum()


def test_the_names_are_those_of_the_specification():
    assert set(PROBE_METHODS) == {"zernike", "fzp"}


@pytest.mark.parametrize("side", [24, 63, 64, 128, 200, 256])
@pytest.mark.parametrize("method", PROBE_METHODS)
def test_probes_have_unit_energy(method, side):
    for made in synthetic_probes(side, method, 3, 4):
        assert made.dtype == np.complex64
        assert made.shape == (side, side)
        assert np.isfinite(made).all()
        assert energy(made) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("method", PROBE_METHODS)
def test_the_seed_decides(method):
    once, again, other = (synthetic_probes(32, method, 2, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once[0], other[0])
    assert not np.array_equal(once[0], once[1])
    np.testing.assert_array_equal(synthetic_probes(32, method, 1, np.random.default_rng(5))[0], once[0])


@pytest.mark.parametrize("method", PROBE_METHODS)
def test_numpys_global_generator_is_neither_read_nor_moved(method):
    first = synthetic_probes(32, method, 1, 3)[0]
    np.random.seed(99)  # noqa: NPY002 - the global state is the subject
    before = np.random.get_state()  # noqa: NPY002
    second = synthetic_probes(32, method, 1, 3)[0]
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@settings(derandomize=True, max_examples=25, deadline=None)
@given(side=st.integers(10, 150), method=st.sampled_from(sorted(PROBE_METHODS)), seed=st.integers(0, 2**40))
def test_any_side_and_seed_give_unit_energy(side, method, seed):
    made = synthetic_probes(side, method, 1, seed)[0]
    assert made.shape == (side, side)
    assert energy(made) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "parts"),
    [
        ((64, "zernicke", 1, 0), ValueError, ["probe_method", "'zernicke'", "fzp", "'zernike'?"]),
        ((64, 3, 1, 0), ValueError, ["probe_method", "3", "zernike, fzp"]),
        ((0, "fzp", 1, 0), ValueError, ["side", "0"]),
        ((9, "zernike", 1, 0), ValueError, ["side", ">= 10", "9"]),
        ((64.0, "fzp", 1, 0), TypeError, ["side", "64.0"]),
        ((64, "fzp", 0, 0), ValueError, ["count", "0"]),
        ((64, "fzp", 1, None), TypeError, ["seed", "None"]),
        ((64, "fzp", 1, -2), ValueError, ["seed", "-2"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_arguments_are_named(arguments, error, parts):
    with pytest.raises(error) as caught:
        synthetic_probes(*arguments)
    for part in parts:
        assert part in str(caught.value)


# Modes of one probe


@pytest.fixture
def probe():
    return synthetic_probes(48, "fzp", 1, 2)[0] * np.float32(7)


def test_modes_are_orthonormal_and_start_with_the_probe(probe):
    modes = orthogonal_modes(probe, 5, 3)
    assert modes.dtype == np.complex64
    assert modes.shape == (5, 48, 48)
    flat = modes.reshape(5, -1).astype(complex)
    np.testing.assert_allclose(flat @ flat.conj().T, np.eye(5), atol=1e-5)
    np.testing.assert_allclose(modes[0], probe / 7, atol=1e-6)


def test_modes_span_the_probe_under_linear_ramps(probe):
    count = 3
    modes = orthogonal_modes(probe, count, 3).reshape(count, -1).astype(complex)
    tilts = np.random.default_rng(3).uniform(-CYCLES, CYCLES, (count, 2))
    y, x = np.mgrid[:48, :48]
    for mode, (down, right) in list(zip(modes, tilts, strict=True))[1:]:
        ramped = (probe * np.exp(2j * np.pi * (down * y + right * x) / 48)).ravel()
        inside = modes.T @ (modes.conj() @ ramped)
        np.testing.assert_allclose(inside, ramped, atol=1e-5)
        assert abs(mode.conj() @ ramped) > 0.1  # and it is not there for nothing


def test_modes_are_drawn_by_the_seed(probe):
    np.testing.assert_array_equal(orthogonal_modes(probe, 3, 1), orthogonal_modes(probe, 3, 1))
    assert not np.array_equal(orthogonal_modes(probe, 3, 1), orthogonal_modes(probe, 3, 2))
    assert orthogonal_modes(probe, 1, 0).shape == (1, 48, 48)


@pytest.mark.parametrize(
    ("probe", "count", "error", "part"),
    [
        (np.ones((4, 4)), 2, ValueError, "complex"),
        (np.ones((4, 5), complex), 2, ValueError, "(4, 5)"),
        (np.ones((1, 4, 4), complex), 2, ValueError, "(1, 4, 4)"),
        (np.full((4, 4), np.nan + 0j), 2, ValueError, "finite"),
        (np.zeros((4, 4), complex), 1, ValueError, "0 pixels"),
        (np.eye(4, dtype=complex), 5, ValueError, "4 pixels"),
        (np.ones((4, 4), complex), 0, ValueError, "count"),
        (np.ones((4, 4), complex), 1.5, TypeError, "count"),
    ],
)
def test_modes_of_what_is_no_probe(probe, count, error, part):
    with pytest.raises(error) as caught:
        orthogonal_modes(probe, count, 0)
    assert part in str(caught.value)


# The default probe and the one derived from data


def test_check_64_the_default_probe_is_a_disc_blurred_by_one_pixel():
    made = default_probe(64)
    axis = np.arange(64) - 31.5
    disc = np.hypot(axis[:, None], axis) < 64 / (0.7 * np.pi**2) * np.sqrt(2 * np.log(2))
    assert disc.sum() == 376
    np.testing.assert_allclose(made, scipy.ndimage.gaussian_filter(disc.astype(float), 1) + 1e-9, rtol=1e-12)
    assert round(made.sum(), 6) == 376.000004
    assert made.max() == pytest.approx(1, abs=1e-8)
    assert made.min() == pytest.approx(1e-9, rel=1e-6)


@pytest.fixture
def patterns():
    return np.random.default_rng(8).random((5, 64, 64, 1), np.float32)


def test_check_65_a_probe_from_five_random_patterns(patterns):
    made = probe_from_patterns(patterns)
    guess, _ = normalize_probe(made[None].astype(np.complex64), 4.0)
    stored = guess[0, :, :, None]
    assert stored.shape == (64, 64, 1)
    assert np.isfinite(stored).all()
    axis = np.arange(64) - 31.5
    outside = np.hypot(axis[:, None], axis) >= 16
    assert np.abs(stored[outside]).max() < 1e-6 * np.abs(stored).max()
    assert np.abs(stored[~outside]).min() > 0


def test_a_derived_probe_sums_to_the_default_one(patterns):
    assert probe_from_patterns(patterns).sum() == pytest.approx(default_probe(64).sum())
    assert probe_from_patterns(patterns, 1.4).sum() == pytest.approx(default_probe(64, 1.4).sum())


def test_a_derived_probe_is_as_wide_as_the_inverse_transform_of_the_patterns():
    """The transform of a Gaussian of width N / (2 pi s) is one of width s, in every row."""
    side, width = 64, 3.0
    k = np.arange(side) - side // 2
    narrow = side / (2 * np.pi * width)
    pattern = np.exp(-(k[:, None] ** 2 + k**2) / (2 * narrow**2))
    made = probe_from_patterns(np.stack([pattern, 3 * pattern])[..., None])
    half = np.arange(side) - side // 2 + 0.5
    inside = np.hypot(half[:, None], half) < 16
    expected = np.where(inside, np.exp(-(half[:, None] ** 2 + half**2) / (2 * width**2)), 0)
    np.testing.assert_allclose(made / made.max(), expected / expected.max(), atol=1e-4)


@pytest.mark.parametrize(
    ("patterns", "part"),
    [
        (np.ones((2, 16, 16)), "X_train"),
        (np.ones((2, 16, 12, 1)), "(2, 16, 12, 1)"),
        (np.zeros((2, 16, 16, 1)), "zero"),
        (np.ones((2, 16, 16, 1)), "flat"),
        (np.full((2, 16, 16, 1), np.inf), "finite"),
    ],
)
def test_no_probe_can_be_derived(patterns, part):
    with pytest.raises(ValueError, match="X_train") as caught:
        probe_from_patterns(patterns)
    assert part in str(caught.value)
