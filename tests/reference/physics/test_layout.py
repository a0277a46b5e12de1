"""Layouts of the physics: T14 of physics_model.md 9, 56 of data.md 11."""

import numpy as np
import pytest

from ptychoparity.reference.data import layouts
from ptychoparity.reference.physics.layout import channel_patches, disc, flat_offsets, flat_patches


@pytest.mark.parametrize("gridsize", [1, 2, 3])
def test_check_t14_channel_and_flat_are_one_order(gridsize):
    channels = gridsize**2
    images = np.arange(2 * 6 * 6 * channels).reshape(2, 6, 6, channels)
    flat = flat_patches(images)
    np.testing.assert_array_equal(channel_patches(flat, channels), images)
    for group in range(2):
        for channel in range(channels):
            np.testing.assert_array_equal(flat[group * channels + channel], images[group, :, :, channel])


@pytest.mark.parametrize("gridsize", [1, 2, 3])
def test_check_t14_flat_is_the_flat_of_grouped_data(gridsize):
    images = np.arange(2 * 6 * 6 * gridsize**2).reshape(2, 6, 6, gridsize**2)
    flat = layouts.channel_to_flat(images)
    np.testing.assert_array_equal(flat[..., 0], flat_patches(images))
    np.testing.assert_array_equal(layouts.grid_to_flat(layouts.flat_to_grid(flat, gridsize)), flat)


def test_offsets_become_rows_and_columns_group_by_group():
    offsets = np.arange(16, dtype=np.float32).reshape(2, 1, 2, 4)
    flat = flat_offsets(offsets)
    assert flat.dtype == np.float64
    for group in range(2):
        for channel in range(4):
            x, y = offsets[group, 0, :, channel]
            np.testing.assert_array_equal(flat[group * 4 + channel], [y, x])


@pytest.mark.parametrize("radius", [0.5, 1.0, 2.5, 4.0, 100.0])
def test_a_disc_holds_the_pixels_nearer_than_its_radius(radius):
    expected = [[np.hypot(i - 3.5, j - 3.5) < radius for j in range(8)] for i in range(8)]
    np.testing.assert_array_equal(disc(8, radius), expected)
