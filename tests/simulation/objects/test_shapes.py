"""Painted shapes: area, orientation, and their bounding box."""

import numpy as np
import pytest

from ptychoparity.reference.simulation.objects import shapes


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (shapes.ellipse(30, 12, 0.7), np.pi * 30 * 12),
        (shapes.ellipse(20, 20, 0), np.pi * 400),
        (shapes.segment(60, 9, 2.1), 60 * 9 + np.pi * 4.5**2),
        (shapes.polygon(40, np.arange(4) * np.pi / 2 + 0.3), 2 * 40**2),
        (shapes.polygon(40, np.array([0.1, 2.0, 4.4])), None),
    ],
    ids=["ellipse", "disc", "segment", "square", "triangle"],
)
def test_a_shape_has_its_area_and_nothing_lies_outside_its_box(shape, area):
    if area is None:
        y, x = 40 * np.sin([0.1, 2.0, 4.4]), 40 * np.cos([0.1, 2.0, 4.4])
        area = abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])) / 2
    canvas = np.zeros((160, 150))
    shapes.paint(canvas, (81.3, 74.8), shape, 1)
    assert canvas.sum() == pytest.approx(area, rel=0.02)
    everywhere = shape.inside(np.arange(160.0)[:, None] - 81.3, np.arange(150.0)[None] - 74.8)
    np.testing.assert_array_equal(canvas == 1, everywhere)


@pytest.mark.parametrize("centre", [(-2.0, 5.0), (31.0, 40.0), (-50.0, 3.0), (10.0, 99.0)])
def test_a_shape_is_cut_at_the_edge_of_the_canvas(centre):
    canvas = np.zeros((32, 32))
    shapes.paint(canvas, centre, shapes.ellipse(9, 9, 0), 1)
    row, column = np.mgrid[:32, :32]
    np.testing.assert_array_equal(canvas == 1, np.hypot(row - centre[0], column - centre[1]) <= 9)


def test_an_ellipse_turns_from_x_towards_y():
    inside = shapes.ellipse(10, 1, np.pi / 4).inside(np.array([[5.0], [-5.0]]), np.array([[5.0]]))
    assert inside.ravel().tolist() == [True, False]
