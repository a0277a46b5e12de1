"""Polyhedra: number, size, cavities, paths of the rays, the film between them (spec data.md 7.5)."""

import itertools

import numpy as np
import pytest
import scipy.spatial

from ptychoparity.reference.simulation.objects import polyhedra


def generator(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("height", "bodies"), [(256, 41), (150, 20), (200, 30), (64, 2), (8, 1)])
def test_number_of_bodies(height, bodies, monkeypatch):
    assert polyhedra.body_count(height) == bodies
    drawn = []
    draw = polyhedra.hollow_path
    monkeypatch.setattr(polyhedra, "hollow_path", lambda *given: drawn.append(given) or draw(*given))
    polyhedra.polyhedra((height, 20), generator(0))
    assert len(drawn) == bodies
    assert {canvas for *_, canvas in drawn} == {(height + 50, 70)}


def test_a_regular_icosahedron_has_twelve_corners_and_twenty_faces():
    corners = polyhedra.regular_icosahedron()
    assert corners.shape == (12, 3)
    np.testing.assert_allclose(np.linalg.norm(corners, axis=1), 1)
    hull = scipy.spatial.ConvexHull(corners)
    assert len(hull.vertices) == 12
    assert len(hull.simplices) == 20
    distances = np.sort(scipy.spatial.distance.pdist(corners))
    np.testing.assert_allclose(distances[:30], distances[0])


def test_the_path_through_a_box_is_its_depth():
    corners = np.array(list(itertools.product((4.5, 10.5), (3.5, 8.5), (20.0, 33.0))))
    rows, columns = np.arange(16.0)[:, None], np.arange(12.0)[None]
    path = polyhedra.ray_path(corners, rows, columns)
    expected = np.zeros((16, 12))
    expected[5:11, 4:9] = 13
    np.testing.assert_allclose(path, expected, atol=1e-9)


@pytest.mark.parametrize(("depth", "inside"), [(0, 6.5), (128, 6.5), (64, 13), (-40, 0), (400, 0)])
def test_bodies_are_cut_by_the_slab_of_128_voxels(depth, inside):
    corners = np.array(list(itertools.product((4.5, 10.5), (3.5, 8.5), (depth - 6.5, depth + 6.5))))
    path = polyhedra.ray_path(corners, np.array([[7.0]]), np.array([[6.0]]))
    assert path.item() == pytest.approx(inside)


@pytest.mark.parametrize("inner", [0.0, 0.9, 0.97])
@pytest.mark.parametrize("seed", range(3))
def test_the_paths_add_up_to_the_volume(inner, seed):
    corners = polyhedra.random_icosahedron((300, 300), generator(seed))
    corners = corners - corners.mean(axis=0) + np.array([100.3, 90.7, 64])
    box, path = polyhedra.hollow_path(corners, inner, (200, 180))
    volume = scipy.spatial.ConvexHull(corners).volume * (1 - inner**3)
    assert path.sum() == pytest.approx(volume, rel=0.02)
    assert path.min() >= 0
    assert path.shape == tuple(part.stop - part.start for part in box)


def test_the_box_of_a_body_holds_all_of_it():
    corners = polyhedra.random_icosahedron((300, 300), generator(4))
    (rows, columns), path = polyhedra.hollow_path(corners, 0.0, (300, 300))
    whole = polyhedra.ray_path(corners, np.arange(300.0)[:, None], np.arange(300.0)[None])
    np.testing.assert_allclose(whole[rows, columns], path)
    assert whole.sum() == pytest.approx(path.sum())


def test_sizes_of_the_icosahedra():
    sizes, stretches = [], []
    rng = generator(5)
    for _ in range(2000):
        corners = polyhedra.random_icosahedron((306, 306), rng)
        spread = corners - corners.mean(axis=0)
        # Each eigenvalue of the second moment is the square of an axis, over 3.
        axes = np.sqrt(3 * np.linalg.eigvalsh(spread.T @ spread / 12))
        sizes.append(axes.max())
        stretches.append(axes.max() / axes.min())
    assert max(sizes) < 0.15 * 128 * 1.5 * 1.15
    assert max(sizes) > 0.15 * 128 * 1.4
    assert min(sizes) > 0.10 * 128 * 0.5
    assert 2.2 < max(stretches) < 3.6


def test_three_in_ten_are_hollow_by_90_to_97_percent(monkeypatch):
    cavities = []

    def note(corners, inner, canvas):  # noqa: ARG001 - the signature that is called
        cavities.append(inner)
        return (slice(0, 1), slice(0, 1)), np.ones((1, 1))

    monkeypatch.setattr(polyhedra, "hollow_path", note)
    rng = generator(0)
    for _ in range(60):
        polyhedra.polyhedra((256, 4), rng)
    hollow = np.array(cavities)[np.array(cavities) > 0]
    assert len(hollow) / len(cavities) == pytest.approx(0.3, abs=0.03)
    assert 0.90 <= hollow.min() < 0.902
    assert 0.968 < hollow.max() <= 0.97


def test_absorption_and_phase_shift_per_voxel(monkeypatch):
    taken = []
    monkeypatch.setattr(
        polyhedra, "hollow_path", lambda *_: ((slice(0, 1), slice(0, 1)), np.full((1, 1), 10.0))
    )
    monkeypatch.setattr(polyhedra, "body_count", lambda _: 1)
    monkeypatch.setattr(
        polyhedra, "with_film", lambda *maps: taken.append([m[0, 0] for m in maps[:2]]) or maps[:2]
    )
    rng = generator(1)
    for _ in range(500):
        polyhedra.polyhedra((8, 8), rng)
    for values, (low, high) in zip(np.array(taken).T, [(0.001, 0.003), (0.005, 0.03)], strict=True):
        assert low <= values.min() < low + 0.02 * (high - low)  # ten voxels of 0.1
        assert high - 0.02 * (high - low) < values.max() <= high


def test_the_film_is_smooth_and_only_where_no_body_is():
    absorption, shift = np.zeros((120, 120)), np.zeros((120, 120))
    absorption[40:60, 40:60], shift[40:60, 40:60] = 0.02, 0.3
    filled = polyhedra.with_film(absorption, shift, generator(2))
    for before, after in zip((absorption, shift), filled, strict=True):
        np.testing.assert_array_equal(after[40:60, 40:60], before[40:60, 40:60])
        film = after[:30] / before[50, 50]
        assert 0 <= film.min() < film.max() <= 0.25 + 1e-12
        assert np.abs(np.diff(film, axis=0)).max() < 0.03


def test_the_object_is_the_centre_of_its_canvas(monkeypatch):
    def ramp(absorption, shift, _):
        return absorption * 0 + np.arange(absorption.shape[1]), shift * 0 + np.arange(shift.shape[0])[:, None]

    monkeypatch.setattr(polyhedra, "with_film", ramp)
    made = polyhedra.polyhedra((30, 20), generator(0))
    through = np.exp(-np.arange(70.0))
    expected = 0.6 + 0.6 * (through - through[-1]) / (1 - through[-1])
    np.testing.assert_allclose(np.abs(made[0]), expected[25:45], rtol=1e-12)
    phase = np.pi - 2 * np.pi * np.arange(80) / 79
    np.testing.assert_allclose(np.angle(made[:, 0]), phase[25:55], atol=1e-12)
