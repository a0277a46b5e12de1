"""Synthetic objects by name: ranges, seeds, and what is refused (spec data.md 7.5 and check 73)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.simulation.objects import OBJECT_METHODS, synthetic_objects
from ptychoparity.reference.simulation.objects.scaling import object_from_base, rescale

AMPLITUDE = {"dead_leaves": (0.6, 1.1), "polyhedra": (0.6, 1.2)}
FROM_BASE = sorted(set(OBJECT_METHODS) - set(AMPLITUDE))


def amplitude_range(method):
    return AMPLITUDE.get(method, (0.8, 1.2))


def test_the_names_are_those_of_the_specification():
    assert set(OBJECT_METHODS) == {
        "white_noise",
        "blurred_white_noise",
        "simplex_noise",
        "procedural",
        "dead_leaves",
        "polyhedra",
    }


def check_object(made, shape, method):
    low, high = amplitude_range(method)
    assert made.dtype == np.complex64
    assert made.shape == shape
    assert np.isfinite(made).all()
    assert low - 1e-6 <= np.abs(made).min()
    assert np.abs(made).max() <= high + 1e-6
    assert np.abs(np.angle(made)).max() <= np.pi + 1e-6


@pytest.mark.parametrize("shape", [(64, 64), (256, 256), (90, 131), (1, 1), (3, 70)], ids=str)
@pytest.mark.parametrize("method", OBJECT_METHODS)
def test_check_73_type_shape_and_range(method, shape):
    for made in synthetic_objects(shape, method, 2, 11):
        check_object(made, shape, method)


@pytest.mark.parametrize("method", OBJECT_METHODS)
def test_check_73_seedable(method):
    once, again, other = (synthetic_objects((64, 48), method, 3, seed) for seed in (5, 5, 6))
    for first, second, third in zip(once, again, other, strict=True):
        np.testing.assert_array_equal(first, second)
        assert not np.array_equal(first, third)
    assert not np.array_equal(once[0], once[1])


@pytest.mark.parametrize("method", OBJECT_METHODS)
def test_a_longer_list_starts_with_a_shorter_one(method):
    short, long = (synthetic_objects((40, 40), method, count, 3) for count in (1, 3))
    assert len(long) == 3
    np.testing.assert_array_equal(short[0], long[0])


@pytest.mark.parametrize("method", OBJECT_METHODS)
def test_numpys_global_generator_is_neither_read_nor_moved(method):
    first = synthetic_objects((40, 40), method, 1, 3)[0]
    np.random.seed(99)  # noqa: NPY002 - the global state is the subject
    before = np.random.get_state()  # noqa: NPY002
    second = synthetic_objects((40, 40), method, 1, 3)[0]
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_a_generator_is_drawn_from_and_moves_on():
    rng = np.random.default_rng(5)
    first, second = (synthetic_objects((32, 32), "white_noise", 1, rng)[0] for _ in range(2))
    both = synthetic_objects((32, 32), "white_noise", 2, 5)
    np.testing.assert_array_equal([first, second], both)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    method=st.sampled_from(sorted(OBJECT_METHODS)),
    seed=st.integers(0, 2**40),
)
def test_any_shape_and_seed_stay_in_range(shape, method, seed):
    check_object(synthetic_objects(shape, method, 1, seed)[0], shape, method)


@pytest.mark.parametrize("method", FROM_BASE)
def test_a_base_map_spans_both_ranges_and_drives_amplitude_and_phase_together(method):
    made = synthetic_objects((128, 128), method, 1, 2)[0]
    amplitude = np.abs(made)
    assert amplitude.min() == pytest.approx(0.8, abs=1e-6)
    assert amplitude.max() == pytest.approx(1.2, abs=1e-6)
    base = (1.2 - amplitude) / 0.4
    inner = (base > 0.01) & (base < 0.99)  # at the ends the phase is -pi and pi at once
    np.testing.assert_allclose(np.angle(made)[inner], np.pi * (2 * base[inner] - 1), atol=1e-5)


def test_a_base_map_by_hand():
    made = object_from_base(np.array([[0.25, 0.5, 0.75]]))
    np.testing.assert_allclose(made, [[-1.1j, 1.0, 0.9j]], atol=1e-12)


def test_a_flat_map_goes_to_the_middle():
    np.testing.assert_array_equal(rescale(np.full((2, 2), 7.0), 0, 1), 0.5)
    np.testing.assert_allclose(synthetic_objects((1, 1), "white_noise", 1, 0)[0], 1.0, atol=1e-6)


def test_rescaling_is_linear_and_reaches_its_ends():
    np.testing.assert_allclose(rescale(np.array([2.0, 3.0, 6.0]), 0.6, 1.0), [0.6, 0.7, 1.0])


@pytest.mark.parametrize(
    ("arguments", "error", "parts"),
    [
        (
            ((64, 64), "dead_leafs", 1, 0),
            ValueError,
            ["obj_method", "'dead_leafs'", "polyhedra", "'dead_leaves'?"],
        ),
        (((64, 64), "", 1, 0), ValueError, ["obj_method", "''", "white_noise"]),
        (((64, 64), None, 1, 0), ValueError, ["obj_method", "None", "white_noise"]),
        (((64,), "white_noise", 1, 0), ValueError, ["shape", "(64,)"]),
        (((64, 64, 1), "white_noise", 1, 0), ValueError, ["shape", "(64, 64, 1)"]),
        (((64, 0), "white_noise", 1, 0), ValueError, ["shape width", "0"]),
        (((-3, 64), "white_noise", 1, 0), ValueError, ["shape height", "-3"]),
        (((64.0, 64), "white_noise", 1, 0), TypeError, ["shape height", "64.0"]),
        (((64, 64), "white_noise", 0, 0), ValueError, ["count", "0"]),
        (((64, 64), "white_noise", True, 0), TypeError, ["count", "True"]),
        (((64, 64), "white_noise", 1, -1), ValueError, ["seed", "-1"]),
        (((64, 64), "white_noise", 1, None), TypeError, ["seed", "None"]),
        (((64, 64), "white_noise", 1, 1.5), TypeError, ["seed", "1.5"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_arguments_are_named(arguments, error, parts):
    with pytest.raises(error) as caught:
        synthetic_objects(*arguments)
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_argument_that_the_method_has_not_is_refused():
    with pytest.raises(TypeError, match="max_iters"):
        synthetic_objects((16, 16), "white_noise", 1, 0, max_iters=3)


@pytest.mark.parametrize(("value", "error"), [(0, ValueError), (2.5, TypeError)])
def test_max_iters_is_a_positive_whole_number(value, error):
    with pytest.raises(error, match="max_iters"):
        synthetic_objects((16, 16), "dead_leaves", 1, 0, max_iters=value)
