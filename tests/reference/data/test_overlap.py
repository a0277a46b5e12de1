"""Overlap metrics (spec data.md 10, check 74) against brute force over all pairs."""

import json
import resource
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.overlap import (
    between_groups,
    between_images,
    compute_overlap_metrics,
    disc_overlap,
    probe_fwhm,
    subsample_size,
    within_groups,
    write_overlap_bundle,
)

FIELDS = {
    "metrics_version",
    "gridsize",
    "s_img",
    "n_groups",
    "neighbor_count",
    "probe_diameter_px",
    "probe_diameter_source",
    "rng_seed_subsample",
    "metric_1_group_based_avg",
    "metric_2_image_based_avg",
    "metric_3_group_to_group_avg",
    "n_images_total",
    "n_images_subsampled",
    "n_unique_images",
    "n_groups_actual",
    "geometry_acceptance_bound",
    "effective_min_acceptance",
}


def lens(distance, diameter):
    """The specified area of the common lens over the disc's area, written out for one pair."""
    radius = diameter / 2
    if distance >= diameter:
        return 0.0
    area = 2 * radius**2 * np.arccos(distance / (2 * radius))
    area -= distance / 2 * np.sqrt(4 * radius**2 - distance**2)
    return area / (np.pi * radius**2)


def separation(one, other):
    return float(np.sqrt((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2))


def brute_nearest(points, count, diameter):
    """Mean over points of the mean fraction with the nearest others, all pairs."""
    means = []
    for index, point in enumerate(points):
        others = sorted(separation(point, other) for at, other in enumerate(points) if at != index)
        means.append(np.mean([lens(distance, diameter) for distance in others[:count]]))
    return float(np.mean(means))


def brute_between_groups(centres, diameter):
    means = []
    for index, centre in enumerate(centres):
        near = [separation(centre, other) for at, other in enumerate(centres) if at != index]
        near = [lens(distance, diameter) for distance in near if distance < diameter]
        means.append(np.mean(near) if near else 0.0)
    return float(np.mean(means))


def jittered(seed, count=30, span=30.0):
    return np.random.default_rng(seed).random((count, 2)) * span


class TestCheck74:
    @pytest.mark.parametrize(
        ("diameter", "distance", "fraction"),
        [
            (10, 2.5, 0.685038),
            (10, 5, 0.391002),
            (10, 7.5, 0.144294),
            (10, 10, 0.0),
            (38.4, 20, 0.368193),
            (38.4, 30, 0.118704),
        ],
    )
    def test_check_74_fractions_of_the_disc(self, diameter, distance, fraction):
        assert disc_overlap(distance, diameter) == pytest.approx(fraction, abs=5e-7)

    def test_check_74_one_point_has_no_neighbour(self):
        metrics = compute_overlap_metrics([[3.0, 4.0]], 1, 1.0, 1, probe_diameter_px=10)
        assert metrics.metric_2_image_based_avg == 0.0
        assert metrics.metric_3_group_to_group_avg == 0.0

    def test_check_74_s_img_zero_is_refused(self):
        with pytest.raises(ValueError, match="s_img must be in"):
            compute_overlap_metrics(jittered(0), 1, 0, 5, probe_diameter_px=10)


class TestDiscOverlap:
    def test_special_distances(self):
        half = 2 / 3 - np.sqrt(3) / (2 * np.pi)
        np.testing.assert_allclose(disc_overlap([0, 3, 6, 9, np.inf], 6), [1, half, 0, 0, 0], atol=1e-15)

    @settings(derandomize=True, max_examples=200)
    @given(ratio=st.floats(0, 2), diameter=st.floats(1e-3, 1e4))
    def test_it_is_the_area_of_the_lens(self, ratio, diameter):
        fraction = float(disc_overlap(ratio * diameter, diameter))
        assert fraction == pytest.approx(lens(ratio * diameter, diameter), abs=1e-12)
        assert 0 <= fraction <= 1

    def test_shape_is_kept(self):
        assert disc_overlap(np.zeros((2, 3, 4)), 1.0).shape == (2, 3, 4)

    @pytest.mark.parametrize("diameter", [0, -1, np.nan, np.inf])
    def test_bad_diameter(self, diameter):
        with pytest.raises(ValueError, match="diameter"):
            disc_overlap(1.0, diameter)

    @pytest.mark.parametrize("distance", [-1e-9, np.nan])
    def test_bad_distance(self, distance):
        with pytest.raises(ValueError, match="distance"):
            disc_overlap([0.0, distance], 1.0)


class TestAgainstBruteForce:
    @settings(derandomize=True, max_examples=60, deadline=None)
    @given(
        seed=st.integers(0, 2**16),
        count=st.integers(2, 25),
        neighbours=st.integers(1, 30),
        diameter=st.floats(1.0, 60.0),
        lattice=st.booleans(),
    )
    def test_metrics_two_and_three(self, seed, count, neighbours, diameter, lattice):
        points = jittered(seed, count)
        if lattice:
            # Distances then tie, coincide and equal the diameter.
            points, diameter = np.floor(points / 10) * 5, float(np.ceil(diameter / 5) * 5)
        unique = np.unique(points, axis=0)
        expected = (
            brute_nearest(unique, min(neighbours, len(unique) - 1), diameter) if len(unique) > 1 else 0.0
        )
        assert between_images(unique, neighbours, diameter) == pytest.approx(expected, abs=1e-12)
        expected = brute_between_groups(points, diameter)
        assert between_groups(points, diameter) == pytest.approx(expected, abs=1e-12)

    @settings(derandomize=True, max_examples=40, deadline=None)
    @given(seed=st.integers(0, 2**16), neighbours=st.integers(1, 7), diameter=st.floats(1.0, 60.0))
    def test_metric_one(self, seed, neighbours, diameter):
        groups = np.random.default_rng(seed).integers(0, 20, (6, 4, 2)) * 1.5
        expected = np.mean([brute_nearest(group, min(neighbours, 3), diameter) for group in groups])
        assert within_groups(groups, neighbours, diameter) == pytest.approx(expected, abs=1e-12)

    def test_pairs_are_summed_over_chunks(self, monkeypatch):
        points = jittered(5, 60)
        whole = between_groups(points, 25.0)
        overlap = sys.modules[between_groups.__module__]
        for size in (1, 7, 100):
            monkeypatch.setattr(overlap, "_PAIRS_AT_ONCE", size)
            assert between_groups(points, 25.0) == pytest.approx(whole, abs=1e-13)

    def test_many_groups_need_little_memory(self):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        points = np.random.default_rng(0).random((50_000, 2)) * 1000
        mean = between_groups(points, 20.0)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        # Uniform density: the mean fraction over a disc of radius D is exactly 1/4.
        assert mean == pytest.approx(0.25, abs=0.005)
        assert grown < 512

    def test_equal_groups_overlap_fully(self):
        assert between_groups(np.ones((50_000, 2)), 3.0) == pytest.approx(1.0)


class TestMetrics:
    def test_a_whole_run_for_gridsize_two(self):
        points = jittered(1, 40)
        metrics = compute_overlap_metrics(points, 2, 0.5, 12, 5, 20.0, 7)
        kept = np.sort(np.random.RandomState(7).choice(40, 20, replace=False))
        used = points[kept]
        raw = RawData.from_coords_without_pc(*used.T, None, None, None)
        members = raw._generate_groups_efficiently(12, 5, 4, 7)
        assert metrics.metric_1_group_based_avg == pytest.approx(
            np.mean([brute_nearest(used[group], 3, 20.0) for group in members])
        )
        assert metrics.metric_2_image_based_avg == pytest.approx(brute_nearest(used, 5, 20.0))
        centres = used[members].mean(axis=1)
        assert metrics.metric_3_group_to_group_avg == pytest.approx(brute_between_groups(centres, 20.0))
        assert (metrics.n_images_total, metrics.n_images_subsampled) == (40, 20)
        assert (metrics.n_unique_images, metrics.n_groups_actual) == (20, 12)
        assert set(metrics.as_dict()) == FIELDS

    def test_metric_one_is_absent_for_gridsize_one(self):
        metrics = compute_overlap_metrics(jittered(1), 1, 1.0, 8, probe_diameter_px=9.0)
        assert metrics.metric_1_group_based_avg is None
        assert set(metrics.as_dict()) == FIELDS - {"metric_1_group_based_avg"}
        assert metrics.n_groups_actual == 8

    def test_groups_beyond_the_images(self):
        points = jittered(1, 10)
        assert compute_overlap_metrics(points, 1, 1.0, 99, probe_diameter_px=9.0).n_groups_actual == 10
        assert compute_overlap_metrics(points, 2, 1.0, 99, probe_diameter_px=9.0).n_groups_actual == 99

    def test_few_neighbours_still_make_groups_of_four(self):
        points = jittered(3, 12)
        metrics = compute_overlap_metrics(points, 2, 1.0, 12, 1, 20.0, 0)
        raw = RawData.from_coords_without_pc(*points.T, None, None, None)
        members = raw._generate_groups_efficiently(12, 4, 4, 0)
        expected = np.mean([brute_nearest(points[group], 1, 20.0) for group in members])
        assert metrics.metric_1_group_based_avg == pytest.approx(expected)

    def test_duplicates_count_once_for_images(self):
        points = np.array([[0.0, 0.0], [-0.0, 0.0], [3.0, 0.0]])
        metrics = compute_overlap_metrics(points, 1, 1.0, 3, probe_diameter_px=10)
        assert metrics.n_unique_images == 2
        assert metrics.metric_2_image_based_avg == pytest.approx(lens(3.0, 10))

    def test_acceptance_bound(self):
        points = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0], [4.0, 3.0]])
        metrics = compute_overlap_metrics(points, 1, 1.0, 4, probe_diameter_px=20)
        assert metrics.geometry_acceptance_bound == pytest.approx(12 / (4 * np.pi * 100))
        assert metrics.effective_min_acceptance == metrics.geometry_acceptance_bound
        wide = compute_overlap_metrics(points, 1, 1.0, 4, probe_diameter_px=1)
        assert wide.geometry_acceptance_bound == 0.10
        line = compute_overlap_metrics(points[:2], 1, 1.0, 2, probe_diameter_px=1)
        assert line.geometry_acceptance_bound == 0.0
        assert line.effective_min_acceptance == 1e-6

    def test_the_seed_decides_and_nothing_global_is_touched(self):
        state = np.random.get_state()[1].copy()  # noqa: NPY002

        def measured(seed):
            return compute_overlap_metrics(jittered(2), 2, 0.6, 9, 6, 12.0, seed)

        assert measured(3) == measured(3)
        assert measured(None) == measured(None)
        assert measured(3) != measured(4)
        assert measured(None).rng_seed_subsample is None
        assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002

    @pytest.mark.parametrize(
        ("given", "diameter", "source"),
        [
            ({"probe_diameter_px": 7}, 7.0, "given"),
            ({"N": 64}, 38.4, "0.6 N"),
            ({"N": 64, "probe": np.ones((8, 8), complex)}, 2 * np.sqrt(64 / np.pi), "FWHM of probe"),
        ],
    )
    def test_the_diameter_used_is_recorded(self, given, diameter, source):
        metrics = compute_overlap_metrics(jittered(0), 1, 1.0, 5, **given)
        assert metrics.probe_diameter_px == pytest.approx(diameter)
        assert metrics.probe_diameter_source == source

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"gridsize": 3}, "gridsize must be"),
            ({"gridsize": 0}, "gridsize must be"),
            ({"s_img": 1.01}, "s_img must be in"),
            ({"s_img": -0.5}, "s_img must be in"),
            ({"s_img": np.nan}, "s_img must be in"),
            ({"s_img": 0.01}, "leaves none"),
            ({"n_groups": 0}, "n_groups must be"),
            ({"neighbor_count": 0}, "neighbor_count must be"),
            ({"probe_diameter_px": 0.0}, "probe_diameter_px"),
            ({"probe_diameter_px": None}, "probe_diameter_px"),
            ({"coords": np.ones((3, 3))}, "coords"),
            ({"coords": np.array([[0.0, np.nan]])}, "coords"),
            ({"coords": np.ones((3, 2)), "gridsize": 2}, "3 scan points"),
        ],
    )
    def test_bad_requests_are_named(self, changes, message):
        request = {
            "coords": jittered(0),
            "gridsize": 1,
            "s_img": 1.0,
            "n_groups": 5,
            "probe_diameter_px": 9.0,
        }
        with pytest.raises(ValueError, match=message):
            compute_overlap_metrics(**(request | changes))

    def test_subsample_size(self):
        assert [subsample_size(10, part) for part in (1.0, 0.44, 0.46)] == [10, 4, 5]


class TestProbeWidth:
    def test_of_a_disc_and_of_a_gaussian(self):
        rows, columns = np.mgrid[:128, :128] - 63.5
        radius = np.hypot(rows, columns)
        assert probe_fwhm((radius < 20) * (1 + 1j)) == pytest.approx(40, rel=0.01)
        # Intensity exp(-r^2 / s^2) halves at r = s sqrt(ln 2).
        gaussian = np.exp(-(radius**2) / (2 * 15**2)).astype(complex)
        assert probe_fwhm(gaussian) == pytest.approx(2 * 15 * np.sqrt(np.log(2)), rel=0.01)
        assert probe_fwhm(gaussian[..., None]) == probe_fwhm(gaussian)
        assert probe_fwhm(np.stack([gaussian, gaussian])) == probe_fwhm(gaussian)

    @pytest.mark.parametrize(
        "probe", [np.zeros((4, 4), complex), np.full((4, 4), np.nan + 0j), np.ones(4, complex)]
    )
    def test_no_width(self, probe):
        with pytest.raises(ValueError, match="probe"):
            probe_fwhm(probe)


class TestBundle:
    def test_both_splits(self, tmp_path):
        train = compute_overlap_metrics(jittered(0), 2, 1.0, 9, probe_diameter_px=9.0, rng_seed_subsample=1)
        test = compute_overlap_metrics(jittered(1), 1, 0.5, 9, probe_diameter_px=9.0)
        write_overlap_bundle(tmp_path / "o.json", train, test)
        assert json.loads((tmp_path / "o.json").read_text()) == {
            "train": train.as_dict(),
            "test": test.as_dict(),
        }
        write_overlap_bundle(tmp_path / "o.json", train)
        assert json.loads((tmp_path / "o.json").read_text())["test"] is None

    def test_nothing_is_left_of_a_failing_write(self, tmp_path):
        train = compute_overlap_metrics(jittered(0), 1, 1.0, 9, probe_diameter_px=9.0)
        (tmp_path / "folder").mkdir()
        with pytest.raises(OSError, match="folder"):
            write_overlap_bundle(tmp_path / "folder", train)
        assert [path.name for path in tmp_path.iterdir()] == ["folder"]
