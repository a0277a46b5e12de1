import base64
import io

import numpy as np
import pytest
from PIL import Image

from ptychoparity.reports import pictures


def decoded(picture):
    head, data = picture.uri.split(",", 1)
    assert head == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.format == "PNG"
    return image


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((12, 12), (0, 1)),
        ((64, 70), (0, 1)),
        ((3, 16, 16), (1, 2)),
        ((2, 6, 9), (1, 2)),
        ((16, 16, 16), (1, 2)),
        ((2, 8, 8, 4), (1, 2)),
        ((8, 8, 8, 8), (1, 2)),
        ((4, 4, 9, 9), (2, 3)),
        ((3, 3, 64, 64, 4), (2, 3)),
        ((5, 5, 5, 5, 5), (2, 3)),
    ],
)
def test_image_axes(shape, axes):
    assert pictures.image_axes(shape) == axes


@pytest.mark.parametrize("shape", [(), (7,), (3, 3), (14, 2), (4, 1, 2, 4), (9, 3, 3)])
def test_arrays_without_an_image(shape):
    assert pictures.image_axes(shape) is None


def test_slice_goes_through_the_worst_index():
    chosen = pictures.choose_slice((2, 8, 8, 3), (1, 5, 6, 2))
    assert chosen is not None
    assert str(chosen) == "[1, :, :, 2]"
    array = np.arange(2 * 8 * 8 * 3).reshape(2, 8, 8, 3)
    assert np.array_equal(array[chosen.index], array[1, :, :, 2])


@pytest.mark.parametrize(
    ("worst", "text"), [((500, 3), "[404:596, 0:192]"), ((999, 998), "[808:1000, 808:1000]")]
)
def test_a_large_slice_is_cropped_around_the_worst_index(worst, text):
    chosen = pictures.choose_slice((1000, 1000), worst)
    assert chosen is not None
    assert str(chosen) == text
    index = np.zeros((1000, 1000), bool)
    index[worst] = True
    assert index[chosen.index].shape == (pictures.SIDE, pictures.SIDE)
    assert index[chosen.index].any()


def test_worst_index_is_that_of_a_nan():
    array = np.zeros((3, 4))
    array[1, 1], array[2, 3] = 5, np.nan
    assert pictures.worst_index(array, np.zeros((3, 4))) == (2, 3)
    assert pictures.worst_index(np.array([[np.inf, 1.0]]), np.array([[np.inf, 3.0]])) == (0, 1)


def test_values_use_the_whole_map():
    image = np.linspace(0.0, 2.0, 30).reshape(5, 6)
    picture = pictures.values("x", image, pictures.scale_of(image))
    png = decoded(picture)
    assert png.size == (6, 5)
    assert (picture.width, picture.height) == (26 * 6, 26 * 5)
    index = np.asarray(png)
    assert index[0, 0] == 0
    assert index[-1, -1] == pictures.HOLLOW - 1
    rgb = np.asarray(png.convert("RGB"))
    assert rgb[0, 0].tolist() == [68, 1, 84]  # viridis begins and ends here
    assert rgb[-1, -1].tolist() == [253, 231, 37]


def test_what_is_not_finite_is_transparent_and_counted():
    image = np.ones((5, 5))
    image[2, 3] = np.nan
    picture = pictures.values("x", image, pictures.scale_of(image))
    alpha = np.asarray(decoded(picture).convert("RGBA"))[..., 3]
    assert alpha[2, 3] == 0
    assert np.count_nonzero(alpha == 255) == 24
    assert picture.note == "1 not finite"


def test_a_bright_point_in_a_dark_field_is_shown_by_its_root():
    image = np.full((8, 8), 1e-4)
    image[4, 4] = 1.0
    scale = pictures.scale_of(image)
    picture = pictures.values("x", image, scale)
    index = np.asarray(decoded(picture))
    assert scale.root == pictures.ROOT
    assert "4th-root" in picture.note
    assert index[0, 0] == round(0.1 * (pictures.HOLLOW - 1))  # (1e-4) ** (1/4)


def test_real_differences_are_signed_on_their_own_scale():
    image, other = np.zeros((4, 4)), np.zeros((4, 4))
    image[0, 1], image[3, 2] = 1e-7, -4e-7
    picture = pictures.difference("x", image, other, None)
    index = np.asarray(decoded(picture))
    assert (picture.low, picture.high) == (-4e-7, 4e-7)
    assert index[3, 2] == 0
    assert index[0, 0] == (pictures.HOLLOW - 1) // 2
    assert index[0, 1] > index[0, 0]
    assert picture.spot == (62.5, 87.5)


def test_complex_differences_are_moduli():
    image = np.zeros((4, 4), np.complex64)
    image[1, 2] = 3 - 4j
    picture = pictures.difference("x", image, np.zeros((4, 4), complex), None)
    assert (picture.low, picture.high) == (0.0, 5.0)
    assert np.asarray(decoded(picture))[1, 2] == pictures.HOLLOW - 1


def test_differences_count_only_where_they_are_judged():
    counted = np.ones((4, 4), bool)
    counted[0, 0] = False
    image = np.zeros((4, 4))
    image[0, 0] = 9.0
    assert pictures.difference("x", image, np.zeros((4, 4)), counted).note == "identical"
    image[1, 1] = 2.0
    picture = pictures.difference("x", image, np.zeros((4, 4)), counted)
    assert picture.high == 2.0
    assert np.asarray(decoded(picture))[0, 0] == pictures.HOLLOW


def test_a_nan_is_not_identical():
    image = np.zeros((4, 4))
    image[0, 0] = np.nan
    assert pictures.difference("x", image, np.zeros((4, 4)), None).note != "identical"


def test_phase_is_left_out_where_there_is_no_amplitude():
    image = np.full((4, 4), -1.0 + 0j)
    image[0, 0] = 1e-9j
    index = np.asarray(decoded(pictures.phase("x", image, 1.0)))
    assert index[0, 0] == pictures.HOLLOW
    assert index[1, 1] == pictures.HOLLOW - 1
