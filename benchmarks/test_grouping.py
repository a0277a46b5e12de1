"""Grouping against what any grouping must do: the tree of the positions, the gather of the patterns."""

import time

import numpy as np
import pytest
from scipy.spatial import cKDTree

from ptychoparity.reference.data import RawData, draws, grouping

pytestmark = pytest.mark.benchmark(timer=time.process_time)

POINTS = 50_000
NEIGHBOURS = 7
SIDE = 64
RANDOM = np.random.default_rng(0).uniform(0, 1000, (2, POINTS))
RASTER = np.stack([axis.ravel() for axis in np.meshgrid(np.arange(250.0), np.arange(200.0))])


def search_tree(x, y):
    points = np.column_stack((x, y))
    return cKDTree(points).query(points, NEIGHBOURS + 1)


def all_but_patterns(x, y, known=None):
    """What `RawData.generate_grouped_data` computes of positions: indices and both sets of coordinates."""
    members = grouping.standard_groups(x, y, POINTS, NEIGHBOURS, 4, 0, None, known)
    return members, *(grouping.group_coordinates(a, b, members) for a, b in ((x, y), (x + 0.25, y)))


def scan(object_guess=None):
    rng = np.random.default_rng(1)
    x, y = rng.uniform(40, 340, (2, 2000))
    patterns = rng.uniform(0, 9, (2000, SIDE, SIDE)).astype(np.float32)
    probe = np.ones((SIDE, SIDE), np.complex64)
    return RawData.from_coords_without_pc(x, y, patterns, probe, np.zeros(2000, np.int64), object_guess)


def grouped(raw, gridsize=2):
    return raw.generate_grouped_data(SIDE, K=NEIGHBOURS, nsamples=2000, gridsize=gridsize, seed=0)


def gather_and_copy(raw, gridsize=2):
    members = grouped(raw, gridsize)["nn_indices"]
    return lambda: np.ascontiguousarray(raw.diff3d[members].transpose(0, 2, 3, 1), dtype=np.float32)


def test_positions_50000_random(compare):
    compare(lambda: all_but_patterns(*RANDOM), lambda: search_tree(*RANDOM), bar=1.4)


def test_positions_50000_raster(compare):
    compare(lambda: all_but_patterns(*RASTER), lambda: search_tree(*RASTER), rounds=7)


def test_positions_50000_random_with_cached_neighbours(compare):
    known = grouping.nearest_points(*RANDOM, NEIGHBOURS)
    compare(lambda: all_but_patterns(*RANDOM, known), lambda: search_tree(*RANDOM))


def test_patterns_2000_of_64(compare):
    raw = scan()
    compare(lambda: grouped(raw), gather_and_copy(raw), bar=1.5)


def test_patterns_2000_of_64_gridsize_1(compare):
    raw = scan()
    compare(lambda: grouped(raw, 1), gather_and_copy(raw, 1))


def test_patterns_and_patches_2000_of_64(compare):
    raw = scan(np.exp(1j * np.random.default_rng(2).uniform(0, 1, (400, 400))).astype(np.complex64))
    compare(lambda: grouped(raw), gather_and_copy(raw), rounds=7)


def test_draws_50000(compare):
    """The floor of the reproducible draws, against one call each."""

    def one_by_one():
        generator = np.random.RandomState(0)
        return [generator.choice(NEIGHBOURS, 4, replace=False) for _ in range(POINTS)]

    compare(lambda: draws.subsets(np.random.RandomState(0), POINTS, NEIGHBOURS, 4), one_by_one, rounds=3)
