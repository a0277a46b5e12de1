"""Telling amplitude from counts (spec data.md 1.3)."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data.amplitude import judge_units, sampled_patterns
from ptychoparity.reference.data.validation import check_amplitude


def judged(stack):
    return judge_units(stack.dtype, float(stack.max()), float(stack.mean()), stack)


def poisson(mean, shape=(20, 16, 16), seed=0):
    return np.random.default_rng(seed).poisson(mean, shape)


@pytest.mark.parametrize("mean", [0.02, 0.5, 40.0, 900.0, 30_000.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_square_roots_of_counts_are_amplitude(mean, dtype):
    stack = np.sqrt(poisson(mean, (60, 32, 32)).astype(np.float64)).astype(dtype)
    units = judged(stack)
    assert (units.verdict, units.suspect) == ("amplitude", False), units
    assert "squares" in units.reason
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_amplitude(stack, strict=True)


@pytest.mark.parametrize("mean", [4.0, 40.0, 900.0, 1e6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16, np.int64])
def test_counts_are_counts_whatever_their_dtype(mean, dtype):
    counts = np.minimum(poisson(mean), np.iinfo(np.uint16).max)
    units = judged(counts.astype(dtype))
    assert (units.verdict, units.suspect) == ("counts", True), units
    with pytest.warns(UserWarning, match=r"diff3d.*look like counts"):
        check_amplitude(counts.astype(dtype))


def test_counts_with_rounding_noise_are_not_taken_for_their_roots():
    noisy = (poisson(40.0) * (1 + 1e-7)).astype(np.float32)
    assert judged(noisy).suspect
    assert judged(noisy).verdict == "counts"


@pytest.mark.parametrize("gain", [0.37, 7.3])
def test_counts_with_a_gain_stay_suspect_and_unclear(gain):
    units = judged((gain * poisson(90.0)).astype(np.float32))
    assert (units.verdict, units.suspect) == ("unclear", True)


def test_small_whole_numbers_are_unclear_but_no_reader_warns():
    units = judged(poisson(2.0).clip(max=9).astype(np.float32))
    assert (units.verdict, units.suspect) == ("unclear", False)


def test_normalised_amplitudes_speak_for_themselves():
    units = judged(np.sqrt(poisson(40.0)) / 31.7)
    assert (units.verdict, units.suspect) == ("amplitude", False)


def test_amplitudes_too_large_to_tell_follow_the_rule_of_magnitude():
    stack = np.sqrt(poisson(1e6).astype(np.float64)).astype(np.float32)
    assert judged(stack).suspect
    assert judged(stack).verdict == "unclear"


def test_a_few_repaired_pixels_do_not_hide_the_roots():
    stack = np.sqrt(poisson(400.0).astype(np.float64))
    stack.flat[::100] = 13.3
    assert (judged(stack).verdict, judged(stack).suspect) == ("amplitude", False)
    stack.flat[::10] = 13.3
    assert judged(stack).suspect


@settings(derandomize=True, max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(10, 1e4))
def test_random_numbers_are_not_taken_for_roots(seed, scale):
    stack = np.random.default_rng(seed).uniform(0, scale, (4, 8, 8))
    stack[0, 0, 0] = scale
    assert judged(stack).suspect


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 1000])
def test_the_sample_spreads_over_all_patterns(count):
    sampled = sampled_patterns(count)
    assert len(sampled) == min(count, 16)
    assert sampled[0] == 0
    assert sampled[-1] == count - 1
    assert len(np.unique(sampled)) == len(sampled)
