"""Layouts of grouped arrays (spec data.md 4.3, check 56)."""

import numpy as np
import pytest

from ptychoparity.reference.data import layouts


def channel_images(gridsize, groups=3, side=4):
    shape = (groups, side, side + 1, gridsize**2)  # unequal sides show a swapped axis
    return np.arange(np.prod(shape)).reshape(shape)


@pytest.mark.parametrize("gridsize", [1, 2, 3])
def test_check_56_index_rule_of_every_layout(gridsize):
    channel = channel_images(gridsize)
    flat = layouts.channel_to_flat(channel)
    grid = layouts.channel_to_grid(channel, gridsize)
    for group in range(3):
        for c in range(gridsize**2):
            image = channel[group, :, :, c]
            assert np.array_equal(flat[group * gridsize**2 + c, :, :, 0], image)
            assert np.array_equal(grid[group, c // gridsize, c % gridsize, :, :, 0], image)


@pytest.mark.parametrize("gridsize", [1, 2, 3])
def test_check_56_round_trips_are_exact(gridsize):
    channel = channel_images(gridsize)
    flat, grid = layouts.channel_to_flat(channel), layouts.channel_to_grid(channel, gridsize)
    assert np.array_equal(layouts.flat_to_channel(flat, gridsize), channel)
    assert np.array_equal(layouts.grid_to_channel(grid), channel)
    assert np.array_equal(layouts.grid_to_flat(grid), flat)
    assert np.array_equal(layouts.flat_to_grid(flat, gridsize), grid)
    first = layouts.channels_last_to_first(channel)
    assert first.shape == (3, gridsize**2, 4, 5)
    assert np.array_equal(layouts.channels_first_to_last(first), channel)


def test_check_56_channel_2_of_gridsize_2_is_row_1_column_0():
    channel = channel_images(2)
    grid = layouts.channel_to_grid(channel, 2)
    assert np.array_equal(grid[:, 1, 0, :, :, 0], channel[..., 2])


@pytest.mark.parametrize("gridsize", [1, 2, 3])
def test_offsets_keep_x_before_y(gridsize):
    offsets = np.arange(3 * 2 * gridsize**2).reshape(3, 1, 2, gridsize**2)
    flat = layouts.offsets_to_flat(offsets)
    assert flat.shape == (3 * gridsize**2, 2)
    assert np.array_equal(flat[gridsize**2 + gridsize - 1], offsets[1, 0, :, gridsize - 1])
    assert np.array_equal(layouts.flat_to_offsets(flat, gridsize), offsets)
    first = layouts.channels_last_to_first(offsets)
    assert first.shape == (3, gridsize**2, 1, 2)
    assert np.array_equal(first[1, gridsize - 1, 0], offsets[1, 0, :, gridsize - 1])


@pytest.mark.parametrize(
    ("convert", "shape", "message"),
    [
        (layouts.channel_to_flat, (2, 4, 4), r"\(B, N, N, C\), got shape \(2, 4, 4\)"),
        (lambda flat: layouts.flat_to_grid(flat, 2), (6, 4, 4, 1), "6 images.*gridsize 2"),
        (lambda flat: layouts.flat_to_offsets(flat, 2), (6, 2), "6 rows.*gridsize 2"),
        (lambda flat: layouts.flat_to_grid(flat, 2), (4, 4, 4, 3), r"\(B\*C, N, N, 1\), got shape"),
        (lambda flat: layouts.flat_to_channel(flat, 0), (4, 4, 4, 1), "gridsize must be a positive.*got 0"),
        (lambda flat: layouts.flat_to_offsets(flat, -1), (4, 2), "gridsize must be a positive.*got -1"),
        (lambda flat: layouts.flat_to_offsets(flat, 1), (4, 3), r"\(B\*C, 2\), got shape \(4, 3\)"),
        (layouts.grid_to_channel, (2, 2, 2, 4, 4, 2), r"\(B, g, g, N, N, 1\), got shape"),
        (layouts.grid_to_flat, (2, 2, 2, 4, 4, 2), r"\(B, g, g, N, N, 1\), got shape"),
        (layouts.offsets_to_flat, (2, 2, 4), r"\(B, 1, 2, C\), got shape \(2, 2, 4\)"),
        (layouts.channels_last_to_first, (2, 4, 4), r"got shape \(2, 4, 4\)"),
        (layouts.channels_first_to_last, (2, 4, 4), r"got shape \(2, 4, 4\)"),
    ],
)
def test_check_56_arrays_that_do_not_fit_are_refused(convert, shape, message):
    with pytest.raises(ValueError, match=message):
        convert(np.zeros(shape))
