"""Vectorised draws equal NumPy's legacy generator, to the word (spec data.md 3.2, 3.4)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data import draws


def one_by_one(generator, count, population, size):
    rows = [generator.choice(population, size, replace=False) for _ in range(count)]
    return np.array(rows, int).reshape(count, size)


def assert_same_state(first, second):
    one, two = (generator.get_state(legacy=False) for generator in (first, second))
    assert np.array_equal(one["state"]["key"], two["state"]["key"])
    assert one["state"]["pos"] == two["state"]["pos"]
    assert (one["has_gauss"], one["gauss"]) == (two["has_gauss"], two["gauss"])


def assert_equal_draws(draw, seed, count, population, size):
    ours, legacy = np.random.RandomState(seed), np.random.RandomState(seed)
    for generator in (ours, legacy):
        generator.choice(50, 20, replace=False)  # as the seed points are drawn before
    got = draw(ours, count, population, size)
    assert got.dtype == np.int32
    assert np.array_equal(got, one_by_one(legacy, count, population, size))
    assert_same_state(ours, legacy)


@pytest.mark.parametrize("population", [*range(1, 11), 15, 16, 17, 31, 32, 33, 64, 65, 129, 256, 257, 300])
def test_draws_are_those_of_one_call_each(population):
    sizes = range(1, population + 1) if population <= 10 else (1, 4, population)
    for size in sizes:
        for count in (0, 1, 2, 31, 32, 33, 90):
            assert_equal_draws(draws.subsets, 7 * population + count, count, population, size)


# The comparison in `subsets` must never have to fall back on this NumPy.
@pytest.mark.parametrize("population", [*range(1, 20), 63, 64, 127, 128, 300, 400])
def test_rows_shuffled_at_once_are_those_of_one_call_each(population):
    for seed in (0, 1, 2**32 - 1):
        assert_equal_draws(draws._at_once, seed, 150, population, min(4, population))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 200),
    population=st.integers(1, 400),
    data=st.data(),
)
def test_draws_of_any_size(seed, count, population, data):
    size = data.draw(st.integers(0, population))
    assert_equal_draws(draws.subsets, seed, count, population, size)


def test_draws_in_several_portions(monkeypatch):
    monkeypatch.setattr(draws, "_ENTRIES", 100)
    for draw in (draws.subsets, draws._at_once):
        assert_equal_draws(draw, 3, 500, 7, 4)
        assert_equal_draws(draw, 3, 5, 300, 4)


def test_of_many_draws_a_few_are_made_one_by_one(monkeypatch):
    counts = []

    def counted(generator, count, population, size, definition=draws._one_by_one):
        counts.append(count)
        return definition(generator, count, population, size)

    monkeypatch.setattr(draws, "_one_by_one", counted)
    assert_equal_draws(draws.subsets, 11, 20_000, 7, 4)
    assert counts == [draws._COMPARED]


def test_a_pending_normal_deviate_is_kept():
    ours, legacy = np.random.RandomState(5), np.random.RandomState(5)
    for generator in (ours, legacy):
        generator.standard_normal()
    draws.subsets(ours, 40, 7, 4)
    one_by_one(legacy, 40, 7, 4)
    assert_same_state(ours, legacy)
    assert ours.standard_normal() == legacy.standard_normal()


def _reversed(generator, count, population, size):
    generator.random_sample(17)
    return np.tile(np.arange(population, dtype=np.int32)[::-1][:size], (count, 1))


def _late_error(generator, count, population, size):
    drawn = one_by_one(generator, count, population, size).astype(np.int32)
    drawn[min(count, draws._COMPARED) - 1] += 1
    return drawn


@pytest.mark.parametrize("other", [_reversed, _late_error])
@pytest.mark.parametrize("count", [1, 20, 32, 33, 100])
def test_another_shuffle_in_numpy_does_not_change_the_draws(monkeypatch, other, count):
    monkeypatch.setattr(draws, "_at_once", other)
    assert_equal_draws(draws.subsets, 9, count, 7, 4)


@pytest.mark.parametrize("size", [-1, 8])
def test_more_than_there_is_cannot_be_drawn(size):
    with pytest.raises(ValueError, match=rf"size={size} .* 7"):
        draws.subsets(np.random.RandomState(0), 3, 7, size)


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()  # noqa: NPY002 - the state that must stay untouched
    draws.subsets(np.random.RandomState(0), 100, 7, 4)
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]
