"""Dead leaves: radii, forms, materials, and which leaf lies on top (spec data.md 7.5)."""

import numpy as np
import pytest
import scipy.stats

from ptychoparity.reference.simulation.objects import dead_leaves


def generator(seed):
    return np.random.default_rng(seed)


def test_leaf_radii_fall_as_the_inverse_cube_from_3_to_20_percent():
    radii, probability = dead_leaves.radius_law(100)
    assert len(radii) == 200
    assert radii[[0, -1]] == pytest.approx([3, 20])
    np.testing.assert_allclose(np.diff(radii), 17 / 199)
    assert probability.sum() == pytest.approx(1)
    assert probability[-1] == 0
    expected = (radii**-3 - 20.0**-3) / (3.0**-3 - 20.0**-3)
    np.testing.assert_allclose(probability / probability[0], expected, atol=1e-12)


def test_leaves_take_five_forms_equally_and_radii_by_their_law():
    rng = generator(6)
    leaves = [dead_leaves.random_leaf(100, rng) for _ in range(4000)]
    names = [leaf.inside.__qualname__ for leaf in leaves]
    assert names.count("ellipse.<locals>.inside") == pytest.approx(800, abs=100)
    assert len(dead_leaves.FORMS) == 5
    radii, probability = dead_leaves.radius_law(100)
    drawn = np.array([leaf.reach for leaf in leaves])
    assert np.isin(drawn, radii).all()
    assert drawn.mean() == pytest.approx(radii @ probability, rel=0.03)


@pytest.mark.parametrize(
    ("form", "corners"),
    list(zip(dead_leaves.FORMS[1:], (4, 4, 3, 4), strict=True)),
    ids=lambda v: str(v)[:20],
)
def test_polygonal_leaves_have_their_corners_on_the_circle(form, corners, monkeypatch):
    made = []
    monkeypatch.setattr(dead_leaves, "polygon", lambda radius, angles: made.append((radius, angles)))
    rng = generator(2)
    for _ in range(100):
        form(7.0, rng)
    for radius, angles in made:
        assert radius == 7.0
        assert len(angles) == corners
        assert (np.diff(angles) > 0).all()
        assert angles[-1] - angles[0] < 2 * np.pi
    steps = np.array([np.diff(angles) for _, angles in made])
    if form is dead_leaves.FORMS[1]:
        np.testing.assert_allclose(steps, np.pi / 2)
    if form is dead_leaves.FORMS[2]:
        np.testing.assert_allclose(steps[:, 0] + steps[:, 1], np.pi)
        assert (steps[:, 0] < steps[:, 1]).all()


def test_later_leaves_cover_earlier_ones():
    rng = generator(9)
    leaves = [dead_leaves.random_leaf(64, rng) for _ in range(150)]
    top = dead_leaves.topmost((64, 80), leaves, generator(3))
    centres = generator(3).uniform(0, (64, 80), (150, 2))
    row, column = np.arange(64.0)[:, None], np.arange(80.0)[None]
    covers = np.stack(
        [leaf.inside(row - y, column - x) for leaf, (y, x) in zip(leaves, centres, strict=True)]
    )
    last = 150 - np.argmax(covers[::-1], axis=0)
    np.testing.assert_array_equal(top, np.where(covers.any(axis=0), last, 0))
    assert (covers.sum(axis=0) > 1).any()


def test_leaf_materials():
    beta, delta = dead_leaves.materials(20_000, generator(1))
    assert beta.min() >= 1e-7
    assert beta.max() <= 1e-3
    assert scipy.stats.kstest((beta[beta > 1e-7] / 1e-3) ** (2 / 3), "uniform").pvalue > 0.01
    ratio = delta / beta
    assert ratio.min() >= 1
    assert ratio.mean() == pytest.approx(100, abs=0.5)
    assert ratio.std() == pytest.approx(10, abs=0.3)


def test_an_object_of_leaves_is_the_rescaled_transmission(monkeypatch):
    top = np.array([[0, 1], [2, 3]])
    beta, delta = np.array([2e-4, 6e-4, 1e-3]), np.array([0.02, 0.05, 0.11])
    monkeypatch.setattr(dead_leaves, "topmost", lambda *_: top)
    monkeypatch.setattr(dead_leaves, "materials", lambda *_: (beta, delta))
    made = dead_leaves.dead_leaves((2, 2), generator(0), max_iters=3)
    through = np.exp(-3 * np.array([0, 2e-4, 6e-4, 1e-3]))
    amplitude = 0.6 + 0.5 * (through - through[-1]) / (1 - through[-1])
    np.testing.assert_allclose(np.abs(made).ravel(), amplitude, rtol=1e-12)
    phase = np.pi - 2 * np.pi * np.array([0, 0.02, 0.05, 0.11]) / 0.11
    np.testing.assert_allclose(made.ravel(), amplitude * np.exp(1j * phase), atol=1e-12)


def test_500_leaves_by_default_and_as_many_as_asked(monkeypatch):
    counts = []
    draw = dead_leaves.topmost
    monkeypatch.setattr(
        dead_leaves,
        "topmost",
        lambda shape, leaves, rng: counts.append(len(leaves)) or draw(shape, leaves, rng),
    )
    dead_leaves.dead_leaves((32, 32), generator(0))
    dead_leaves.dead_leaves((32, 32), generator(0), max_iters=7)
    assert counts == [500, 7]
