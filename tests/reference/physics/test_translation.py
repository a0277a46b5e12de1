"""Translation T1 to T10 and patches of a whole object T15, T16 of physics_model.md 9."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data.grouping import group_coordinates
from ptychoparity.reference.physics.translation import object_patches, translate


def moved(image, x, y):
    return translate(np.asarray(image)[None], np.array([[x, y]], float))[0]


def impulse(value=1.0):
    image = np.zeros((5, 5))
    image[2, 2] = value
    return image


@pytest.mark.parametrize(
    ("offset", "pixels"),
    [
        pytest.param((1, 0), {(2, 3): 1}, id="check-T1"),
        pytest.param((0, 1), {(3, 2): 1}, id="check-T2"),
        pytest.param((0.5, 0), {(2, 2): 0.5, (2, 3): 0.5}, id="check-T3"),
        pytest.param(
            (0.25, 0.5), {(2, 2): 0.375, (3, 2): 0.375, (2, 3): 0.125, (3, 3): 0.125}, id="check-T4"
        ),
    ],
)
def test_an_impulse_moves_right_and_down(offset, pixels):
    expected = np.zeros((5, 5))
    for pixel, value in pixels.items():
        expected[pixel] = value
    np.testing.assert_array_equal(moved(impulse(), *offset), expected)


def test_check_t5_each_neighbour_outside_counts_as_zero():
    np.testing.assert_array_equal(moved(np.ones((4, 4)), 0.5, 0), np.tile([0.5, 1, 1, 1], (4, 1)))


def test_check_t6_a_row_moves_left():
    row = np.arange(1.0, 6.0)[None]
    np.testing.assert_allclose(moved(row, -1.25, 0), [[2.25, 3.25, 4.25, 3.75, 0]], rtol=1e-15)


@pytest.mark.parametrize("offset", [(6, 0), (0, -6), (-6, 6), (7.5, 0), (1e12, 0), (0, -1e12)])
def test_check_t7_offsets_beyond_the_image_leave_nothing(offset):
    assert not moved(np.ones((5, 5)), *offset).any()


def test_check_t8_values(uniform, printed):
    image = moved(uniform((6, 6), 3), 1.3, -0.6)
    assert image[0, 0] == 0
    assert image[2, 3] == printed(".330457879")
    assert image[5, 5] == printed(".242755834")
    assert image[4, 1] == printed(".272609447")
    assert image.sum() == printed("11.446127101")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_check_t9_no_offset_is_the_identity(uniform, dtype):
    image = uniform((6, 9), 3).astype(dtype)
    result = moved(image, 0, 0)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, image)


def test_check_t10_real_and_imaginary_parts_move_alike(waves):
    image = waves((7, 6), 1, 2)
    parts = moved(image.real, 1.3, -0.6) + 1j * moved(image.imag, 1.3, -0.6)
    np.testing.assert_array_equal(moved(image, 1.3, -0.6), parts)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.floats(-9, 9), st.floats(-9, 9))
def test_translation_is_separable_on_an_image_that_is_not_square(x, y):
    image = np.random.default_rng(1).normal(size=(5, 8))
    np.testing.assert_allclose(moved(image, x, y), moved(moved(image, x, 0), 0, y), atol=1e-14)
    np.testing.assert_allclose(moved(image, x, y), moved(image.T, y, x).T, atol=1e-14)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.floats(-2, 2), st.floats(-2, 2))
def test_the_centre_of_mass_moves_by_the_offset(x, y):
    image = np.zeros((9, 11))
    image[4, 5] = 1
    rows, columns = np.mgrid[:9, :11]
    result = moved(image, x, y)
    assert result.sum() == pytest.approx(1, abs=1e-14)
    assert (result * columns).sum() == pytest.approx(5 + x, abs=1e-13)
    assert (result * rows).sum() == pytest.approx(4 + y, abs=1e-13)


def test_each_image_moves_by_its_own_offset(waves):
    images, offsets = waves((4, 5, 7), 1, 2), np.array([[0.5, 0], [1, -2], [-0.3, 0.7], [0, 0]])
    together = translate(images, offsets)
    for image, offset, result in zip(images, offsets, together, strict=True):
        np.testing.assert_array_equal(moved(image, *offset), result)


SCAN = np.array([[30, 40, 30, 40], [30, 30, 44, 44]], float)


def test_check_t15_relative_offsets_are_negated_displacements():
    coordinates = group_coordinates(*SCAN, np.arange(4)[None])
    np.testing.assert_array_equal(coordinates.offsets[0, 0, :, 0], [35, 37])
    np.testing.assert_array_equal(coordinates.relative[0, 0], [[5, -5, 5, -5], [7, 7, -7, -7]])


def test_check_t16_each_channel_sees_its_own_scan_position():
    rows, columns = np.mgrid[:80, :90]
    whole = columns + 100.0 * rows
    coordinates = group_coordinates(*SCAN, np.arange(4)[None])
    absolute = (coordinates.offsets - coordinates.relative)[0, 0].T
    np.testing.assert_array_equal(absolute, SCAN.T)
    patches = object_patches(whole, absolute, 16)
    np.testing.assert_array_equal(patches[:, 8, 8], SCAN[0] + 100 * SCAN[1])


def test_patches_at_whole_positions_are_slices(waves):
    whole = waves((64, 50), 1, 2)
    patches = object_patches(whole, np.array([[30, 20], [8, 8]]), 16)
    np.testing.assert_array_equal(patches[0], whole[12:28, 22:38])
    np.testing.assert_array_equal(patches[1], whole[:16, :16])


def test_a_patch_between_two_columns_is_their_mean(waves):
    whole = waves((64, 50), 1, 2)
    patch = object_patches(whole, np.array([[30.5, 20]]), 16)[0]
    np.testing.assert_allclose(patch, (whole[12:28, 22:38] + whole[12:28, 23:39]) / 2, rtol=1e-14)


def test_a_patch_reaching_out_of_the_object_holds_zeros_there(waves):
    whole = waves((20, 30), 1, 2)
    corner, outside = object_patches(whole, np.array([[0, 0], [-100, 7]]), 16)
    np.testing.assert_array_equal(corner[8:, 8:], whole[:8, :8])
    assert not corner[:8].any()
    assert not corner[:, :8].any()
    assert not outside.any()


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, np.float32])
def test_a_patch_has_the_precision_of_its_object(uniform, dtype):
    whole = uniform((20, 30), 1).astype(dtype)
    assert object_patches(whole, np.array([[9.3, 8.1]]), 8).dtype == dtype


def test_a_translated_object_gives_the_same_patches(waves):
    """Patches at x + t of an object moved by t are those at x of the object: the signs agree."""
    whole = np.zeros((40, 50), complex)
    whole[10:30, 10:40] = waves((20, 30), 1, 2)
    positions = np.array([[20.0, 18.0], [27.0, 21.0]])
    there = object_patches(moved(whole, 3, -2), positions + np.array([3, -2]), 16)
    np.testing.assert_array_equal(there, object_patches(whole, positions, 16))
