"""Zernike probes: polynomials, coefficients, envelope (spec data.md 7.6)."""

import numpy as np
import pytest

from ptychoparity.reference.simulation import zernike


def test_the_polynomials_are_orthonormal_over_the_disc():
    """Exact: Gauss-Legendre in the squared radius, equal steps in the angle."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    angle = np.arange(48) * 2 * np.pi / 48
    radius, turned = np.meshgrid(np.sqrt((nodes + 1) / 2), angle, indexing="ij")
    area = np.repeat(weights / 2 / 48, 48)
    modes = np.stack([zernike.polynomial(n, m, radius, turned).ravel() for n, m in zernike.ORDERS])
    np.testing.assert_allclose((modes * area) @ modes.T, np.eye(66), atol=1e-12)


@pytest.mark.parametrize(
    ("n", "m", "textbook"),
    [
        (0, 0, lambda r, _: np.ones_like(r)),
        (1, 1, lambda r, t: 2 * r * np.cos(t)),
        (1, -1, lambda r, t: 2 * r * np.sin(t)),
        (2, 0, lambda r, _: np.sqrt(3) * (2 * r**2 - 1)),
        (3, -1, lambda r, t: np.sqrt(8) * (3 * r**3 - 2 * r) * np.sin(t)),
        (4, 0, lambda r, _: np.sqrt(5) * (6 * r**4 - 6 * r**2 + 1)),
        (4, 2, lambda r, t: np.sqrt(10) * (4 * r**4 - 3 * r**2) * np.cos(2 * t)),
    ],
)
def test_polynomials_of_the_textbook(n, m, textbook):
    radius, angle = np.meshgrid(np.linspace(0, 1, 7), np.linspace(-3, 3, 9))
    np.testing.assert_allclose(zernike.polynomial(n, m, radius, angle), textbook(radius, angle), atol=1e-12)


def test_all_orders_to_the_tenth_degree_piston_first():
    assert zernike.ORDERS[0] == (0, 0)
    assert len(set(zernike.ORDERS)) == 66
    assert max(n for n, _ in zernike.ORDERS) == 10
    assert all(abs(m) <= n and (n - m) % 2 == 0 for n, m in zernike.ORDERS)


def test_coefficients_have_deviation_a_half_and_one_in_ten_is_zero():
    rng = np.random.default_rng(0)
    drawn = np.stack([zernike.coefficients(rng) for _ in range(500)])
    np.testing.assert_array_equal(drawn[:, 0], 1)
    others = drawn[:, 1:].ravel()
    assert (others == 0).mean() == pytest.approx(0.1, abs=0.01)
    for part in (others[others != 0].real, others[others != 0].imag):
        assert part.mean() == pytest.approx(0, abs=0.01)
        assert part.std() == pytest.approx(0.5, abs=0.01)


@pytest.fixture
def piston(monkeypatch):
    only = np.zeros(66, complex)
    only[0] = 1
    monkeypatch.setattr(zernike, "coefficients", lambda rng: only)  # noqa: ARG005


@pytest.mark.usefixtures("piston")
def test_discs_of_10_to_24_pixels_under_an_envelope_of_a_few():
    rng = np.random.default_rng(1)
    axis = np.arange(64) - 31.5
    squared = axis[:, None] ** 2 + axis**2
    diameters, widths = set(), []
    for _ in range(120):
        made = zernike.zernike(64, rng)
        lit = made != 0
        # A disc is recognised by its pixels; those of d and d + 1 differ.
        fits = [d for d in range(8, 28) if np.array_equal(lit, np.sqrt(squared) <= d / 2)]
        assert len(fits) == 1
        diameters |= set(fits)
        slope = np.polyfit(squared[lit], np.log(made[lit].real), 1)[0]
        widths.append(np.sqrt(-0.5 / slope) / (fits[0] // 2))
    assert diameters == set(range(10, 25))
    assert 0.3 <= min(widths) < 0.31
    assert 0.49 < max(widths) <= 0.5 + 1e-9


@pytest.mark.usefixtures("piston")
def test_a_small_field_draws_no_disc_beyond_it():
    rng = np.random.default_rng(1)
    assert max((np.abs(zernike.zernike(16, rng)) > 0).any(axis=0).sum() for _ in range(40)) == 16


def test_a_probe_is_the_sum_of_its_polynomials_under_the_envelope(monkeypatch):
    drawn = np.random.default_rng(5).normal(size=(2, 66)) @ np.eye(66)
    drawn = drawn[0] + 1j * drawn[1]
    flat = np.zeros(66, complex)
    flat[0] = 1
    made = []
    for values in (drawn, flat):
        monkeypatch.setattr(zernike, "coefficients", lambda rng, values=values: values)  # noqa: ARG005
        made.append(zernike.zernike(32, np.random.default_rng(3)))
    lit = made[1] != 0
    axis = np.arange(32) - 15.5
    radius, angle = np.hypot(axis[:, None], axis), np.arctan2(axis[:, None], axis)
    diameter = int(np.random.default_rng(3).integers(10, 25))
    expected = sum(
        value * zernike.polynomial(n, m, 2 * radius[lit] / diameter, angle[lit])
        for value, (n, m) in zip(drawn, zernike.ORDERS, strict=True)
    )
    ratio = made[0][lit] / made[1][lit] / expected
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
