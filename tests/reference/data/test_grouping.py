"""Seeds, neighbours and members (spec data.md 3.1 to 3.5, checks 1 to 20)."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.config import legacy
from ptychoparity.reference.data import grouping


def members(raw, **request):
    return raw.generate_grouped_data(raw.diff3d.shape[1], **request)["nn_indices"]


def brute_force_nearest(x, y, k):
    """Self first, then by squared distance and index, from the full distance matrix."""
    points = np.column_stack((x, y)).astype(float)
    squared = ((points[:, None] - points) ** 2).sum(-1)
    np.fill_diagonal(squared, -1.0)
    return np.argsort(squared, axis=1, kind="stable")[:, : k + 1]


def test_check_01_random_groups_are_the_executed_ones(make, irregular):
    assert irregular[0][0] == pytest.approx(1.712983, abs=5e-7)
    assert irregular[1][0] == pytest.approx(8.612560, abs=5e-7)
    got = members(make(*irregular), K=5, nsamples=4, gridsize=2, seed=0)
    assert got.tolist() == [[2, 1, 3, 11], [6, 7, 8, 5], [10, 1, 11, 0], [4, 0, 7, 1]]
    assert got.dtype == np.int32


@pytest.mark.parametrize("seed", [None, 0, 99])
def test_check_02_sequential_groups_are_the_executed_ones(make, irregular, seed):
    got = members(make(*irregular), K=5, nsamples=3, gridsize=2, sequential_sampling=True, seed=seed)
    assert got.tolist() == [[1, 4, 7, 10], [5, 6, 0, 10], [6, 11, 1, 3]]


def test_check_03_gridsize_1_takes_points_in_drawn_order(make, irregular, raster):
    got = members(make(*irregular), nsamples=4, gridsize=1, seed=0)
    assert got.ravel().tolist() == [6, 11, 4, 10]
    assert got.dtype == np.int32
    assert members(make(*raster), nsamples=5, gridsize=1, seed=42).ravel().tolist() == [8, 16, 0, 23, 11]


@pytest.mark.parametrize("opt_in", [False, True])
def test_check_04_gridsize_1_is_capped_with_a_warning(make, raster, opt_in):
    raw = make(*raster)
    with pytest.warns(UserWarning, match=r"nsamples=40 .* 25 points"):
        got = members(raw, nsamples=40, gridsize=1, seed=5, enable_oversampling=opt_in)
    assert got.ravel().tolist() == list(range(25))


def test_check_05_sequential_gridsize_1(make, raster):
    got = members(make(*raster), nsamples=5, gridsize=1, sequential_sampling=True)
    assert got.ravel().tolist() == [0, 1, 2, 3, 4]


def test_check_06_oversampled_groups_are_the_executed_ones(make, irregular):
    got = members(make(*irregular), K=5, nsamples=14, gridsize=2, seed=0, enable_oversampling=True)
    assert got.shape == (14, 4)
    assert got.dtype == np.int32
    assert got[:3].tolist() == [[1, 3, 2, 11], [11, 10, 7, 5], [3, 5, 11, 1]]


def test_check_07_oversampling_needs_opt_in(make, raster):
    with pytest.raises(ValueError, match=r"OVERSAMPLING-001.*K choose C oversampling.*enable_oversampling"):
        members(make(*raster), K=7, nsamples=99, gridsize=2)


def test_check_08_oversampling_needs_a_pool_of_a_group(make, raster):
    with pytest.raises(ValueError, match=r"OVERSAMPLING-001.*neighbor_pool_size >= C"):
        members(make(*raster), K=7, nsamples=99, gridsize=2, enable_oversampling=True, neighbor_pool_size=3)


def test_check_09_too_few_neighbours(make, raster):
    with pytest.raises(ValueError, match=r"K=3 must be >= C=4"):
        members(make(*raster), K=3, nsamples=5, gridsize=2)


def test_check_10_too_few_points(make):
    with pytest.raises(ValueError, match=r"3 scan points.*C=9"):
        members(make([0, 1, 2], [0, 0, 0]), K=9, nsamples=1, gridsize=3)


def test_check_11_members_are_distinct_near_and_never_the_seed(make):
    x, y = np.random.default_rng(8).random((2, 100)) * 50
    got = members(make(x, y), K=7, nsamples=100, gridsize=2, seed=4)
    nearest = brute_force_nearest(x, y, 7)  # all points are asked for, so group b has seed point b
    assert all(len(set(row)) == 4 for row in got.tolist())
    assert all(set(row) <= set(near[1:]) for row, near in zip(got.tolist(), nearest.tolist(), strict=True))


def test_check_12_as_many_points_as_neighbours(make):
    got = members(make([0, 5, 1, 7], [0, 1, 6, 8]), K=4, nsamples=4, gridsize=2, seed=1)
    assert [sorted(row) for row in got.tolist()] == [[0, 1, 2, 3]] * 4


@pytest.mark.parametrize("k", [4, 5])
@pytest.mark.parametrize("seed", range(5))
def test_check_13_duplicated_positions_never_repeat_the_seed(make, k, seed):
    got = members(make([2, 2, 2, 2, 2, 9], [3, 3, 3, 3, 3, 9]), K=k, nsamples=6, gridsize=2, seed=seed)
    assert all(len(set(row)) == 4 and point not in row for point, row in enumerate(got.tolist()))


@pytest.mark.parametrize("request_", [{"nsamples": 8}, {"nsamples": 30, "enable_oversampling": True}])
def test_check_14_seeded_private_and_reproducible(make, irregular, request_):
    raw = make(*irregular)
    before = np.random.get_state()  # noqa: NPY002 - the state that must stay untouched
    first, again, other = (members(raw, K=5, gridsize=2, seed=seed, **request_) for seed in (7, 7, 8))
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert before[0] == after[0]
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_check_14_without_a_seed_calls_differ(make):
    x, y = np.random.default_rng(8).random((2, 100))
    raw = make(x, y)
    assert not np.array_equal(*(members(raw, K=7, nsamples=50, gridsize=2) for _ in range(2)))


def test_check_15_sequential_ignores_the_seed(make, irregular):
    raw = make(*irregular)
    first, second = (
        members(raw, K=6, nsamples=9, gridsize=2, sequential_sampling=True, seed=s) for s in (42, 123)
    )
    assert np.array_equal(first, second)


def test_check_16_sequential_oversampling_fills_the_request(make):
    x, y = np.random.default_rng(8).random((2, 100))
    raw = make(x, y)
    request = {"nsamples": 110, "gridsize": 2, "sequential_sampling": True, "enable_oversampling": True}
    with pytest.warns(UserWarning, match="110 groups drawn from 100 combinations"):
        got = members(raw, **request)
    assert got.shape == (110, 4)
    with pytest.warns(UserWarning, match="combinations"):
        assert np.array_equal(got, members(raw, **request))


@pytest.mark.parametrize("count", [0, -1])
def test_check_17_a_request_for_nothing_is_refused(make, raster, count):
    with pytest.raises(ValueError, match=rf"nsamples \(n_groups\).*{count}"):
        members(make(*raster), nsamples=count, gridsize=1)


def test_check_18_no_count_takes_every_point(make, irregular):
    raw = make(*irregular)
    assert members(raw, nsamples=None, gridsize=1, seed=0).ravel().tolist() == list(range(12))
    assert members(raw, K=5, nsamples=None, gridsize=2, seed=0).shape == (12, 4)


def test_check_19_gridsize_argument_beats_the_legacy_dictionary(make, irregular, monkeypatch):
    monkeypatch.setitem(legacy.cfg, "gridsize", 1)
    assert members(make(*irregular), nsamples=3, gridsize=2).shape == (3, 4)


def test_check_20_gridsize_comes_from_the_legacy_dictionary(make, irregular, monkeypatch):
    raw = make(*irregular)
    monkeypatch.setitem(legacy.cfg, "gridsize", 2)
    assert members(raw, nsamples=3).shape == (3, 4)
    monkeypatch.delitem(legacy.cfg, "gridsize")
    assert members(raw, nsamples=3).shape == (3, 1)


def test_gridsize_must_be_positive(make, raster):
    with pytest.raises(ValueError, match="gridsize must be a positive integer, got 0"):
        members(make(*raster), gridsize=0)


def test_neighbour_count_is_irrelevant_for_gridsize_1(make, raster):
    assert members(make(*raster), K=0, nsamples=3, gridsize=1).shape == (3, 1)


def test_private_helpers_serve_groups_that_are_no_square(make, irregular):
    raw = make(*irregular)
    assert raw._generate_groups_efficiently(5, 6, 3, seed=0).shape == (5, 3)
    assert raw._generate_groups_efficiently(99, 6, 3, seed=0).shape == (12, 3)
    assert raw._generate_groups_with_oversampling(50, 6, 3, seed=0).shape == (50, 3)
    given_seeds = np.array([7, 2])
    got = raw._generate_groups_efficiently(2, 3, 3, seed=0, seed_indices=given_seeds)
    nearest = brute_force_nearest(*irregular, 3)[given_seeds, 1:]
    assert np.array_equal(np.sort(got), np.sort(nearest))


def test_oversampling_follows_an_explicitly_built_pool(make, irregular):
    x, y = irregular
    got = make(x, y)._generate_groups_with_oversampling(40, 6, 4, seed=21)
    generator = np.random.RandomState(21)
    n_seeds = min(2 * math.ceil(40 / math.comb(6, 4)), 12)
    nearest = brute_force_nearest(x, y, 6)
    pool = [
        group
        for seed in generator.choice(np.arange(12), n_seeds, replace=False)
        for group in combinations(nearest[seed, 1:].tolist(), 4)
    ][:80]
    assert len(pool) == 80  # the limit of twice the request cuts the last seed short
    picks = generator.choice(len(pool), 40, replace=False)
    assert got.tolist() == [list(pool[pick]) for pick in picks]


def test_oversampling_without_a_single_combination(make):
    with pytest.raises(ValueError, match=r"OVERSAMPLING-001.*4 points.*C=4"):
        members(make([0, 5, 1, 7], [0, 1, 6, 8]), nsamples=9, gridsize=2, enable_oversampling=True)


def test_several_scans_are_reported(make, irregular):
    raw = make(*irregular, scan_index=np.arange(12) // 6)
    with pytest.warns(UserWarning, match="scan_index"):
        members(raw, nsamples=3, gridsize=2)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30),
    k=st.integers(0, 12),
    step=st.sampled_from([1.0, 0.1, 1e-7, 3e5]),
)
def test_neighbours_equal_brute_force_on_tied_and_duplicated_points(places, k, step):
    x, y = np.array(places, float).T * step
    got = grouping.nearest_points(x, y, k)
    assert got.dtype == np.int32
    assert np.array_equal(got, brute_force_nearest(x, y, k))
    rows = np.arange(len(x))[::-2]
    assert np.array_equal(grouping.nearest_points(x, y, k, rows), got[rows])


@pytest.mark.parametrize("pairs", [1, 50, 200])
def test_neighbours_searched_in_several_portions(monkeypatch, pairs):
    monkeypatch.setattr(grouping, "_PAIRS", pairs)
    x, y = (axis.ravel().astype(float) for axis in np.meshgrid(np.arange(9), np.arange(8)))
    x[20:40] += 0.3 * np.random.default_rng(1).random(20)  # some rows tied, some not
    assert np.array_equal(grouping.nearest_points(x, y, 6), brute_force_nearest(x, y, 6))
