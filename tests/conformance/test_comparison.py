"""Distances between arrays, worked out by hand."""

import numpy as np
import pytest

from ptychoparity.conformance.comparison import distance, unit


def test_real_and_imaginary_part_are_apart():
    assert distance(np.array([1 + 3e-3j]), np.array([1 + 0j])).max_abs == pytest.approx(3e-3)
    assert distance(np.array([1 + 3e-3 + 4e-3j]), np.array([1 + 0j])).max_abs == pytest.approx(4e-3)


def test_p99_is_below_a_single_outlier():
    actual = np.zeros(200)
    actual[17], actual[60] = 5.0, 0.5
    found = distance(actual, np.ones(200) * 0)
    assert (found.max_abs, found.p99_abs, found.worst) == (5.0, 0.5, (17,))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
def test_what_is_not_finite_is_infinitely_far(value, shape):
    found = distance(np.full(shape, value), np.ones(shape))
    assert found.max_abs == np.inf
    assert found.ulps == np.inf
    assert distance(np.ones(shape), np.full(shape, value)).max_abs == np.inf


def test_equal_infinities_are_not_apart():
    values = np.array([np.inf, -np.inf, 1.0])
    assert distance(values, values).max_abs == 0
    assert distance(values, -values).max_abs == np.inf
    assert distance(np.array(np.inf), np.array(np.inf)).max_abs == 0


def test_nan_is_far_from_nan():
    assert distance(np.array([np.nan]), np.array([np.nan])).max_abs == np.inf


def test_differences_are_taken_in_float64():
    """3e38 - (-3e38) overflows float32; 2^24 + 1 is not a float32."""
    assert distance(np.float32([3e38]), np.float32([-3e38])).max_abs == pytest.approx(6e38)
    assert distance(np.array([2**24 + 1]), np.float32([2**24])).max_abs == 1


def test_booleans_and_unsigned_integers():
    assert distance(np.array([True, False]), np.array([True, True])).max_abs == 1
    assert distance(np.array([0], np.uint16), np.array([1], np.uint16)).max_abs == 1


def test_zero_peak_and_empty_arrays():
    zero = distance(np.zeros(2), np.zeros(2))
    assert (zero.relative, zero.ulps, zero.peak) == (0.0, 0.0, 0.0)
    assert distance(np.full(2, 1e-9), np.zeros(2)).relative == 1e-9
    assert distance(np.zeros((0, 3)), np.zeros((0, 3))).max_abs == 0


def test_the_unit_in_the_last_place():
    assert unit(1.0) == 2.0**-23
    assert unit(4.0) == 2.0**-21
    assert unit(0.0) == 2.0**-149
    with np.errstate(over="ignore"):
        assert unit(1e39) == np.inf
