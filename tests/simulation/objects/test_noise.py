"""Noise objects: distributions, widths, octaves (spec data.md 7.5)."""

import itertools

import numpy as np
import pytest
import scipy.stats

from ptychoparity.reference.simulation.objects import noise


def generator(seed):
    return np.random.default_rng(seed)


def base_of(made):
    return (1.2 - np.abs(made)) / 0.4


def test_white_noise_is_uniform_and_uncorrelated():
    base = base_of(noise.white_noise((128, 128), generator(1)))
    assert scipy.stats.kstest(base.ravel(), "uniform").pvalue > 0.01
    for axis in range(2):
        assert abs(neighbour_correlation(base, axis)) < 0.03


def neighbour_correlation(image, axis):
    moved = np.moveaxis(image - image.mean(), axis, 0)
    return (moved[1:] * moved[:-1]).mean() / moved.var()


def test_blurred_white_noise_has_widths_from_1_to_3_pixels():
    # The autocorrelation of noise under a Gaussian falls as exp(-d^2 / 4 sigma^2).
    widths = []
    for seed in range(60):
        base = base_of(noise.blurred_white_noise((256, 256), generator(seed)))
        rho = np.mean([neighbour_correlation(base, axis) for axis in range(2)])
        widths.append(np.sqrt(-1 / (4 * np.log(rho))))
    assert 0.95 < min(widths) < 1.3
    assert 2.7 < max(widths) < 3.1
    assert scipy.stats.kstest(np.array(widths), "uniform", (1, 2)).pvalue > 0.01


def test_simplex_noise_takes_3_to_7_octaves(monkeypatch):
    taken = []
    monkeypatch.setattr(
        noise, "perlin", lambda shape, octaves, rng: taken.append(octaves) or rng.random(shape)
    )
    rng = generator(0)
    for _ in range(200):
        noise.simplex_noise((4, 4), rng)
    assert set(taken) == {3, 4, 5, 6, 7}


def test_one_octave_of_gradient_noise_equals_the_textbook_form():
    cells, shape = 3, (10, 14)
    made = noise.gradient_noise(shape, cells, generator(8))
    angle = generator(8).uniform(0, 2 * np.pi, (cells + 1, cells + 1))

    def smooth(t):
        return 6 * t**5 - 15 * t**4 + 10 * t**3

    for i, j in itertools.product(range(shape[0]), range(shape[1])):
        y, x = i * cells / shape[0], j * cells / shape[1]
        row, column = int(y), int(x)
        total = 0.0
        for down, right in itertools.product((0, 1), (0, 1)):
            dy, dx = y - row - down, x - column - right
            corner = angle[row + down, column + right]
            weight = smooth(1 - abs(dy)) * smooth(1 - abs(dx))
            total += weight * (np.cos(corner) * dx + np.sin(corner) * dy)
        assert made[i, j] == pytest.approx(total, abs=1e-12)


def test_octaves_double_in_frequency_and_halve_in_weight(monkeypatch):
    cells = []
    monkeypatch.setattr(
        noise, "gradient_noise", lambda shape, count, _: cells.append(count) or np.ones(shape)
    )
    made = noise.perlin((4, 4), 5, generator(0))
    assert cells == [1, 2, 4, 8, 16]
    np.testing.assert_allclose(made, 2 - 2**-4)
