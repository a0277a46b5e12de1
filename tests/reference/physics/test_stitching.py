"""Shift-and-sum stitching: S10 to S17 and S26 of physics_model.md 9."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.physics.stitching import canvas_margin, stitch
from ptychoparity.reference.physics.translation import object_patches
from ptychoparity.reference.physics.windows import accumulate_windows


@pytest.mark.parametrize(
    ("reach", "margin"),
    [(0, 0), (1e-7, 0), (0.1, 2), (1, 2), (2, 2), (2 + 5e-7, 2), (2.01, 4), (6.3, 8), (8, 8)],
)
def test_the_margin_is_even_and_guarded_against_rounding(reach, margin):
    assert canvas_margin(reach) == margin


@pytest.mark.parametrize(
    ("crop", "side", "values", "total", "weight", "pixels"),
    [
        pytest.param(
            10,
            26,
            {(13, 13): ".650285389-.071601795j", (10, 17): ".777868022-.191144759j"},
            "167.065065-6.643143j",
            500,
            344,
            id="check-S10",
        ),
        pytest.param(
            8,
            24,
            {(12, 12): ".713566816-.156924607j", (9, 16): ".837109378-.260409760j"},
            "130.117341-5.729217j",
            320,
            260,
            id="check-S11",
        ),
        # At [16, 16] the specification prints .540559812, which is 5e-9 more than its own formula gives.
        pytest.param(
            16, 32, {(16, 16): ".540559807-.045339489j"}, "303.125159-6.315379j", 1280, 634, id="check-S12"
        ),
    ],
)
def test_values(stitched, printed, crop, side, values, total, weight, pixels):
    whole, weights = stitch(*stitched, crop)
    assert whole.shape == weights.shape == (side, side)
    for pixel, text in values.items():
        assert whole[pixel] == printed(text)
    assert whole.sum() == printed(total)
    assert weights.sum() == pytest.approx(weight, rel=1e-14)
    assert (weights > 1e-3).sum() == pixels


def test_check_s10_weight_at_the_centre(stitched):
    assert stitch(*stitched, 10)[1][13, 13] == pytest.approx(2.75, abs=1e-13)


def test_check_s13_identical_patches_at_one_position():
    whole, weight = stitch(np.full((2, 8, 8), 1 + 2j), np.array([[5.0, 5.0], [5.0, 5.0]]), 4)
    np.testing.assert_array_equal(weight, np.full((4, 4), 2))
    np.testing.assert_allclose(whole, 1 + 2j, rtol=1e-9)


def test_check_s14_two_constants_are_averaged():
    patches = np.ones((2, 8, 8), complex) * np.array([1, 5])[:, None, None]
    np.testing.assert_allclose(stitch(patches, np.zeros((2, 2)), 8)[0], 3, rtol=1e-9)


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.integers(-(2**20), 2**20), st.integers(-(2**20), 2**20))
def test_check_s15_only_differences_of_positions_matter(x, y):
    rng = np.random.default_rng(2)
    patches = rng.normal(size=(4, 8, 8)) + 1j * rng.normal(size=(4, 8, 8))
    positions = np.array([[0, 0], [1.25, -0.5], [-2.5, 1.75], [1.25, 3]])
    here, there = stitch(patches, positions, 6), stitch(patches, positions + np.array([x, y]) / 64, 6)
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("chunk", [1, 2, 3, 5])
def test_check_s16_chunks_add_up(stitched, chunk):
    """The sum over patches in any chunks, on the canvas of all of them."""
    patches, positions = stitched
    whole, weight = stitch(patches, positions, 10)
    corners = (positions - positions.mean(axis=0))[:, ::-1] + 8
    total, ones = np.zeros((26, 26), complex), np.zeros((26, 26))
    for start in range(0, 5, chunk):
        part = slice(start, start + chunk)
        inner, target = patches[part, 3:13, 3:13], np.zeros(len(patches[part]), int)
        total += accumulate_windows(inner, corners[part], (1, 26, 26), target)[0]
        ones += accumulate_windows(np.ones(inner.shape), corners[part], (1, 26, 26), target)[0]
    np.testing.assert_allclose(weight, ones, atol=1e-14)
    np.testing.assert_allclose(whole, total / (ones + 1e-9), atol=1e-12)


def test_check_s17_larger_x_lies_to_the_right_at_the_published_pixels():
    patches = np.zeros((2, 16, 16), complex)
    patches[:, 8, 8] = 1
    whole, weight = stitch(patches, np.array([[0.0, 0.0], [6.0, 0.0]]), 16)
    assert whole.shape == (24, 24)
    assert sorted(zip(*np.nonzero(whole), strict=True)) == [(12, 9), (12, 15)]
    assert weight[12, 9] == weight[12, 15] == 2
    assert whole[12, 9] == whole[12, 15] == pytest.approx(0.5, rel=1e-8)


def test_larger_y_lies_below():
    patches = np.zeros((2, 16, 16), complex)
    patches[0, 8, 8], patches[1, 8, 8] = 1, 2
    whole, _ = stitch(patches, np.array([[0.0, 0.0], [0.0, 6.0]]), 2)
    assert [(int(r), int(c)) for r, c in zip(*np.nonzero(whole), strict=True)] == [(2, 5), (8, 5)]
    assert whole[8, 5] == pytest.approx(2, rel=1e-8)


def test_check_s26_between_distant_patches_there_is_exactly_zero():
    whole, weight = stitch(np.ones((2, 8, 8), complex), np.array([[0.0, 0.0], [60.0, 0.0]]), 4)
    outside = weight == 0
    assert outside[:, 10:-10].all()
    assert not whole[outside].any()
    np.testing.assert_allclose(whole[~outside], 1, rtol=1e-8)


def test_patches_of_an_object_are_stitched_back_into_it(waves):
    """Cutting and stitching at whole positions agree about signs, axes and centres."""
    whole = waves((60, 60), 1, 2)
    positions = np.array([[30, 30], [34, 28], [26, 32], [33, 35], [27, 25]], float)
    back, weight = stitch(object_patches(whole, positions, 16), positions, 12)
    centre, mean = len(back) // 2, positions.mean(axis=0).astype(int)
    block = whole[mean[1] - centre : mean[1] + centre, mean[0] - centre : mean[0] + centre]
    supported = weight > 1e-3
    assert supported.sum() > 144
    np.testing.assert_allclose(back[supported], block[supported], rtol=1e-8)


def test_one_patch_is_its_own_centre(waves):
    patch = waves((1, 9, 9), 1, 2)
    whole, _ = stitch(patch, np.array([[123.4, -5.6]]), 4)
    np.testing.assert_allclose(whole, patch[0, 2:6, 2:6], rtol=1e-8)


@pytest.mark.parametrize(("dtype", "real"), [(np.complex64, np.float32), (np.complex128, np.float64)])
def test_precision_is_kept(stitched, dtype, real):
    whole, weight = stitch(stitched[0].astype(dtype), stitched[1], 10)
    assert (whole.dtype, weight.dtype) == (dtype, real)
    np.testing.assert_allclose(whole, stitch(*stitched, 10)[0], atol=2e-6)
