"""The bilinear primitive and its adjoint: exactness, adjointness, linearity, precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.physics.windows import accumulate_windows, read_windows, split_corners

SEEDS = st.integers(0, 2**32 - 1)
CORNER = st.floats(-40, 40, allow_nan=False)


def random_array(rng, shape, dtype=np.complex128):
    values = rng.normal(size=shape)
    return (values + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else values).astype(dtype)


def bilinear(image, row, column):
    """The definition: one sample, neighbour by neighbour, zero outside."""
    total = 0.0
    for r in (int(np.floor(row)), int(np.floor(row)) + 1):
        for c in (int(np.floor(column)), int(np.floor(column)) + 1):
            if 0 <= r < image.shape[0] and 0 <= c < image.shape[1]:
                total += (1 - abs(row - r)) * (1 - abs(column - c)) * image[r, c]
    return total


@settings(derandomize=True, max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 9), st.integers(1, 9), st.integers(1, 6), st.integers(1, 6), CORNER, CORNER)
def test_a_window_is_the_definition_sample_by_sample(seed, height, width, rows, columns, row, column):
    image = random_array(np.random.default_rng(seed), (1, height, width))
    corner = np.array([[row, column]]) / 4
    window = read_windows(image, corner, (rows, columns), np.zeros(1, int))[0]
    for i, j in np.ndindex(rows, columns):
        assert window[i, j] == pytest.approx(bilinear(image[0], *(corner[0] + [i, j])), abs=1e-12)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    SEEDS,
    st.tuples(st.integers(1, 3), st.integers(1, 8), st.integers(1, 8)),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.lists(st.tuples(CORNER, CORNER), min_size=1, max_size=6),
)
def test_accumulation_is_the_adjoint_of_reading(seed, canvases, shape, corners):
    rng = np.random.default_rng(seed)
    corners = np.array(corners) / 3
    index = rng.integers(0, canvases[0], len(corners))
    images, windows = random_array(rng, canvases), random_array(rng, (len(corners), *shape))
    read = np.vdot(read_windows(images, corners, shape, index), windows)
    accumulated = np.vdot(images, accumulate_windows(windows, corners, canvases, index))
    assert read == pytest.approx(accumulated, rel=1e-12, abs=1e-12)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(SEEDS, st.integers(-20, 20), st.integers(-20, 20), st.sampled_from([np.complex64, np.float64]))
def test_whole_corners_copy_bits(seed, row, column, dtype):
    rng = np.random.default_rng(seed)
    image = random_array(rng, (1, 7, 9), dtype)
    frame = np.zeros((60, 60), dtype)
    frame[25:32, 25:34] = image[0]
    expected = frame[25 + row : 25 + row + 5, 25 + column : 25 + column + 6]
    corner, first = np.array([[row, column]]), np.zeros(1, int)
    window = read_windows(image, corner, (5, 6), first)
    np.testing.assert_array_equal(window[0], expected)
    patch = random_array(rng, (1, 5, 6), dtype)
    frame = np.zeros((60, 60), dtype)
    frame[25 + row : 30 + row, 25 + column : 31 + column] = patch[0]
    canvas = accumulate_windows(patch, corner, (1, 7, 9), first)
    np.testing.assert_array_equal(canvas[0], frame[25:32, 25:34])


@settings(derandomize=True, max_examples=30, deadline=None)
@given(SEEDS, CORNER, CORNER)
def test_both_are_linear(seed, row, column):
    rng = np.random.default_rng(seed)
    corners, index = np.array([[row, column], [column, row]]) / 5, np.array([0, 1])
    a, b = 2 - 1j, 0.5j
    x, y = random_array(rng, (2, 6, 5)), random_array(rng, (2, 6, 5))
    for operation, shape in ((read_windows, (4, 4)), (accumulate_windows, (2, 9, 8))):
        of_sum = operation(a * x + b * y, corners, shape, index)
        sum_of = a * operation(x, corners, shape, index) + b * operation(y, corners, shape, index)
        np.testing.assert_allclose(of_sum, sum_of, atol=1e-12)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(SEEDS, st.floats(0, 3.999), st.floats(0, 3.999))
def test_what_stays_on_the_canvas_keeps_its_sum(seed, row, column):
    windows = random_array(np.random.default_rng(seed), (1, 5, 4))
    canvas = accumulate_windows(windows, np.array([[row, column]]), (1, 9, 8), np.zeros(1, int))
    assert canvas.sum() == pytest.approx(windows.sum(), abs=1e-12)


def test_a_plane_is_read_exactly_between_its_pixels():
    rows, columns = np.mgrid[:12, :15]
    plane = (2.0 * rows - 3.0 * columns + 1)[None]
    window = read_windows(plane, np.array([[2.3, 4.7]]), (5, 6), np.zeros(1, int))[0]
    expected = 2 * (2.3 + np.arange(5))[:, None] - 3 * (4.7 + np.arange(6))[None] + 1
    np.testing.assert_allclose(window, expected, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_precision_is_kept(dtype):
    values, corners, index = np.ones((2, 4, 4), dtype), np.array([[0.3, 0.4], [1.5, -0.25]]), np.array([0, 1])
    assert read_windows(values, corners, (3, 3), index).dtype == dtype
    assert accumulate_windows(values, corners, (2, 6, 6), index).dtype == dtype


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_whole_numbers_are_interpolated_too(dtype):
    values, corner, first = np.ones((1, 4, 4), dtype), np.array([[0.0, -0.5]]), np.zeros(1, int)
    np.testing.assert_array_equal(read_windows(values, corner, (1, 2), first), [[[0.5, 1.0]]])
    row = accumulate_windows(values[:, :1, :1], corner + 1, (1, 2, 3), first)[0, 1]
    np.testing.assert_array_equal(row, [0.5, 0.5, 0])


@pytest.mark.parametrize("corner", [(1e9, 0), (0, -1e9), (-1e300, 1e300), (7, 0), (0, -4)])
def test_a_window_far_outside_is_zero_and_leaves_nothing(corner):
    values, corners, first = np.ones((1, 6, 7)), np.array([corner], float), np.zeros(1, int)
    assert not read_windows(values, corners, (3, 3), first).any()
    assert not accumulate_windows(values[:, :3, :3], corners, (1, 6, 7), first).any()


def test_single_precision_weights_come_from_double_precision_corners():
    """A corner of a large scan loses its fraction in float32; only the fraction may be rounded."""
    image = np.random.default_rng(3).normal(size=(1, 4, 20_000)).astype(np.float32)
    corners, first = np.array([[0.0, 16_000.1]]), np.zeros(1, int)
    exact = read_windows(image.astype(float), corners, (4, 50), first)
    np.testing.assert_allclose(read_windows(image, corners, (4, 50), first), exact, atol=5e-7)


@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 1), (1, 2, 2)])
def test_corners_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"corners must have shape \(K, 2\)"):
        split_corners(np.zeros(shape), 10.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_corners_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="corners must be finite"):
        split_corners(np.array([[0.0, value]]), 10.0)
