"""The beamstop (spec data.md 7.4)."""

import math

import numpy as np
import pytest

from ptychoparity.reference.simulation import datagen
from ptychoparity.reference.simulation.detector import apply_detector_beamstop, behind_beamstop


def test_check_70_twelve_pixels_of_sixteen_by_sixteen():
    stack = np.arange(1, 2 * 256 + 1, dtype=np.float32).reshape(2, 16, 16)
    stopped = apply_detector_beamstop(stack, 4)
    expected = np.zeros((16, 16), bool)
    expected[6:10, 6:10] = True
    expected[[6, 6, 9, 9], [6, 9, 6, 9]] = False
    assert expected.sum() == 12
    for image, source in zip(stopped, stack, strict=True):
        np.testing.assert_array_equal(image == 0, expected)
        np.testing.assert_array_equal(image[~expected], source[~expected])


@pytest.mark.parametrize("diameter", [0, -3, 0.9])
def test_check_70_no_diameter_no_stop(diameter):
    stack = np.ones((1, 16, 16))
    np.testing.assert_array_equal(apply_detector_beamstop(stack, diameter), stack)


@pytest.mark.parametrize("shape", [(16, 16), (1, 1, 16, 16)])
def test_check_70_only_stacks(shape):
    with pytest.raises(ValueError, match=r"\(n, H, W\)"):
        apply_detector_beamstop(np.ones(shape), 4)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_dtype_is_kept_and_the_input_too(dtype):
    stack = np.full((2, 8, 8), 7, dtype)
    stopped = apply_detector_beamstop(stack, 3)
    assert stopped.dtype == dtype
    assert (stack == 7).all()
    stopped[:] = 1
    assert (stack == 7).all()


def test_the_edge_counts_as_behind():
    # On an odd detector the middle is a pixel; a disc of diameter 2 touches its four neighbours.
    hidden = behind_beamstop((5, 7), 2)
    assert hidden.shape == (5, 7)
    np.testing.assert_array_equal(np.argwhere(hidden), [[1, 3], [2, 2], [2, 3], [2, 4], [3, 3]])


def test_the_middle_of_an_oblong_detector():
    hidden = behind_beamstop((8, 12), 5)
    np.testing.assert_array_equal(hidden, hidden[::-1, ::-1])
    assert np.argwhere(hidden).mean(axis=0).tolist() == [3.5, 5.5]


@pytest.mark.parametrize("diameter", [math.nan, math.inf])
def test_a_diameter_must_be_finite(diameter):
    with pytest.raises(ValueError, match="beamstop_diameter"):
        apply_detector_beamstop(np.ones((1, 8, 8)), diameter)


def test_the_original_name():
    assert datagen.apply_detector_beamstop_torch is apply_detector_beamstop
