"""Amplitudes of the original grid simulator (spec data.md 7.3)."""

import numpy as np
import pytest
import scipy.ndimage

from ptychoparity.reference.config import legacy
from ptychoparity.reference.simulation import recipes
from ptychoparity.reference.simulation.recipes import DATA_SOURCES, recipe_amplitudes, recipe_phase
from ptychoparity.reference.simulation.scene import scene

RANDOM = ["lines", "grf", "points", "diagonals", "V"]


def generator(seed):
    return np.random.default_rng(seed)


@pytest.fixture
def unblurred(monkeypatch):
    monkeypatch.setattr(recipes, "_three_blurs", lambda image: image)
    monkeypatch.setattr(recipes, "_fine_and_coarse", lambda image, *_: image)


@pytest.mark.parametrize("size", [2, 16, 64, 130])
@pytest.mark.parametrize("source", DATA_SOURCES)
def test_shape_type_and_sign(source, size):
    made = recipe_amplitudes(size, source, 2, 3)
    assert len(made) == 2
    for amplitude in made:
        assert amplitude.shape == (size, size, 1)
        assert amplitude.dtype == np.float64
        assert np.isfinite(amplitude).all()
        assert amplitude.min() >= 0
        assert size < 64 or np.ptp(amplitude) > 0.1


@pytest.mark.parametrize("source", RANDOM)
def test_the_seed_decides(source):
    once, again, other = (recipe_amplitudes(32, source, 2, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once[0], other[0])
    assert not np.array_equal(once[0], once[1])
    np.testing.assert_array_equal(recipe_amplitudes(32, source, 1, generator(5))[0], once[0])


@pytest.mark.parametrize("source", DATA_SOURCES)
def test_numpys_global_generator_is_neither_read_nor_moved(source):
    first = recipe_amplitudes(32, source, 1, 3)[0]
    np.random.seed(99)  # noqa: NPY002 - the global state is the subject
    before = np.random.get_state()  # noqa: NPY002
    second = recipe_amplitudes(32, source, 1, 3)[0]
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_every_source_that_a_configuration_may_name_has_a_recipe_or_none_is_meant():
    assert set(legacy.DATA_SOURCES) - set(DATA_SOURCES) == {"experimental", "xpp", "generic"}
    assert set(DATA_SOURCES) - set(legacy.DATA_SOURCES) <= {"testimg_reverse"}


@pytest.mark.parametrize(
    ("arguments", "error", "parts"),
    [
        ((32, "xpp", 1, 0), ValueError, ["data_source", "'xpp'", "lines", "testimg_reverse"]),
        ((32, "generic", 1, 0), ValueError, ["data_source", "'generic'"]),
        ((32, "experimental", 1, 0), ValueError, ["data_source", "'experimental'"]),
        ((32, "line", 1, 0), ValueError, ["'line'", "'lines'?"]),
        ((33, "grf", 1, 0), ValueError, ["size", "even", "33"]),
        ((0, "lines", 1, 0), ValueError, ["size", "0"]),
        ((32.0, "lines", 1, 0), TypeError, ["size", "32.0"]),
        ((32, "lines", 0, 0), ValueError, ["count", "0"]),
        ((32, "lines", 1, None), TypeError, ["seed", "None"]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_arguments_are_named(arguments, error, parts):
    with pytest.raises(error) as caught:
        recipe_amplitudes(*arguments)
    for part in parts:
        assert part in str(caught.value)


# Blurs


def blurred(image, *parts):
    return sum(weight * scipy.ndimage.gaussian_filter(image, sigma) for weight, sigma in parts)


def test_the_blurs_and_their_weights():
    dot = np.zeros((101, 101))
    dot[50, 50] = 1
    np.testing.assert_allclose(recipes._three_blurs(dot), blurred(dot, (1, 1), (2, 5), (5, 10)))


@pytest.mark.parametrize(("source", "fine", "coarse"), [("points", 1, 10), ("diagonals", 0.75, 7.5)])
def test_a_fine_image_and_five_times_its_coarse_one(source, fine, coarse, monkeypatch):
    whole = recipe_amplitudes(64, source, 1, 4)[0][..., 0]
    monkeypatch.setattr(recipes, "_fine_and_coarse", lambda image, *_: image)
    first = scipy.ndimage.gaussian_filter(recipe_amplitudes(64, source, 1, 4)[0][..., 0], fine)
    np.testing.assert_allclose(whole, blurred(first, (5, coarse)) + first, rtol=1e-12)


@pytest.mark.parametrize("source", ["lines", "V"])
def test_three_blurs_of_lines_and_letters(source, monkeypatch):
    made = []
    monkeypatch.setattr(recipes, "_three_blurs", lambda image: made.append(image) or image + 1)
    recipe_amplitudes(32, source, 1, 0)
    assert [image.shape for image in made] == [(64, 64) if source == "lines" else (32, 32)]


# Lines


class Fixed(np.random.Generator):
    """Draws the given whole numbers, whatever is asked."""

    def __init__(self, numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = numbers

    def integers(self, low, high, shape):
        assert (low, self.numbers.shape) == (0, shape)
        assert self.numbers.max() < high
        return self.numbers


@pytest.mark.parametrize(
    ("start", "end"), [((60, 62), (75, 90)), ((90, 70), (66, 61)), ((64, 64), (64, 64)), ((40, 70), (90, 70))]
)
@pytest.mark.usefixtures("unblurred")
def test_a_segment_is_one_pixel_wide_and_unbroken(start, end):
    ends = np.broadcast_to(np.array([start, end])[:, None], (2, 400, 2))
    made = recipes.lines(64, Fixed(ends))
    row, column = np.nonzero(made)
    longest = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    assert len(row) == longest + 1
    assert made[start[0] - 32, start[1] - 32] == made[end[0] - 32, end[1] - 32] == 1
    assert scipy.ndimage.label(made, np.ones((3, 3)))[1] == 1
    # No pixel is farther than half a step from the straight line.
    normal = np.array([end[1] - start[1], start[0] - end[0]]) / max(longest, 1)
    assert (
        np.abs((row + 32 - start[0]) * normal[0] + (column + 32 - start[1]) * normal[1]).max() <= 0.5 + 1e-9
    )


@pytest.mark.usefixtures("unblurred")
def test_lines_are_400_over_twice_the_size():
    asked = []

    class Asked(Fixed):
        def integers(self, low, high, shape):
            asked.append((low, high, shape))
            return np.zeros(shape, int)

    recipes.lines(50, Asked(np.zeros(1)))
    assert asked == [(0, 100, (2, 400, 2))]
    assert set(np.unique(recipes.lines(50, generator(0)))) == {0.0, 1.0}


# Gaussian random field


def test_the_power_of_the_field_goes_with_the_wave_number_to_minus_0_4():
    side = 64
    rng = generator(7)
    power = np.mean(
        [np.abs(np.fft.fft2(recipes.gaussian_random_field(side, -0.4, rng))) ** 2 for _ in range(300)], axis=0
    )
    wave_number = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    away = wave_number > 0
    slope = np.polyfit(np.log(wave_number[away]), np.log(power[away]), 1)[0]
    assert slope == pytest.approx(-0.4, abs=0.02)
    assert power[0, 0] == pytest.approx(0, abs=1e-18)


def test_grf_is_the_field_in_0_to_1_enlarged_and_blurred(monkeypatch):
    asked = []
    field = np.arange(16.0).reshape(4, 4) ** 1.5

    def fixed(side, exponent, _):
        asked.append((side, exponent))
        return 7 * field - 3

    monkeypatch.setattr(recipes, "gaussian_random_field", fixed)
    made = recipes.grf(8, generator(0))
    assert asked == [(4, -0.4)]
    unit = field / field.max()
    at = np.clip((np.arange(8) + 0.5) / 2 - 0.5, 0, 3)  # pixel centres of the large image in the small one
    large = scipy.ndimage.map_coordinates(unit, np.meshgrid(at, at, indexing="ij"), order=1)
    np.testing.assert_allclose(made, scipy.ndimage.gaussian_filter(large, 1), atol=1e-12)


def test_grf_stays_in_0_to_1():
    for made in recipe_amplitudes(128, "grf", 5, 1):
        assert made.min() >= 0
        assert made.max() <= 1


# Points and diagonals


@pytest.mark.parametrize("size", [16, 33, 64])
def test_points_are_a_tenth_of_the_pixels_with_replacement(size, monkeypatch):
    whole = recipe_amplitudes(size, "points", 1, 2)[0]
    hits = int(0.1 * size**2)
    assert whole.sum() == pytest.approx(6 * hits)  # a blur keeps the sum
    monkeypatch.setattr(recipes, "_fine_and_coarse", lambda image, *_: image)
    image = np.sum(recipe_amplitudes(size, "points", 20, 2), axis=0)
    assert image.sum() == 20 * hits
    np.testing.assert_array_equal(image, np.rint(image))
    singles = recipe_amplitudes(size, "points", 20, 2)
    assert max(one.max() for one in singles) > 1


@pytest.mark.usefixtures("unblurred")
def test_diagonals_run_four_ways_40_times_each():
    size = 256
    made = recipes.diagonals(size, generator(3))
    assert set(np.unique(made)) == {0.0, 1.0}
    rows, columns = (int((made.min(axis=axis) == 1).sum()) for axis in (1, 0))
    offsets = range(-size + 21, size - 20)  # diagonals of 20 pixels and less may be full by chance
    falling = sum(np.diagonal(made, k).min() == 1 for k in offsets)
    rising = sum(np.diagonal(made[:, ::-1], k).min() == 1 for k in offsets)
    for number, expected in ((rows, 37.1), (columns, 37.1), (falling, 35.5), (rising, 35.5)):
        assert expected - 8 < number <= 40
    covered = rows + columns + (falling + rising) * 0.75
    assert made.mean() < covered / size


def test_forty_draws_of_each_direction():
    asked = []

    class Asked(Fixed):
        def integers(self, low, high, count):
            asked.append((low, high, count))
            return np.arange(count) % high

    recipes.diagonals(50, Asked(np.zeros(1)))
    assert asked == [(0, 50, 40), (0, 50, 40), (0, 99, 40), (0, 99, 40)]


# Letters


@pytest.mark.parametrize("side", range(3, 28))
def test_a_letter_v_has_two_arms_that_meet_at_the_bottom(side):
    letter = recipes.letter_v(side)
    assert letter.shape == (side, side)
    assert letter.min() >= 0
    assert 0.4 < letter.max() <= 1
    np.testing.assert_allclose(letter, letter[:, ::-1], atol=1e-12)
    middle = slice((side - 1) // 2, side // 2 + 1)
    assert letter[0, middle].max() == 0
    assert letter[0].max() > 0.5
    assert letter[-1, middle].max() > 0.4
    assert letter[-1, 0] == letter[-1, -1] == 0


@pytest.mark.usefixtures("unblurred")
def test_a_thousand_letters_of_3_to_27_pixels(monkeypatch):
    drawn = []
    real = recipes.letter_v
    monkeypatch.setattr(
        recipes, "letter_v", lambda side: drawn.append(int(side)) or np.ones((side, side)) * 1.0
    )
    made = recipes.letters(400, generator(0))
    assert (min(drawn), max(drawn)) == (3, 27)
    assert len(drawn) == len(set(drawn)) == 25
    assert made.max() == 1
    # The mean area of a square of 60 s pixels, s uniform in 0.05 to 0.45, is 261; a few are cut at the edge.
    scale = 1 / np.diff(np.unique(made)).min()
    assert made.sum() * scale == pytest.approx(1000 * 261, rel=0.07)
    assert real is not recipes.letter_v


def test_letters_reach_one_at_their_largest():
    for amplitude in recipe_amplitudes(64, "V", 3, 0):
        assert amplitude.max() == 1


# Tiles of the scene


def test_tiles_come_in_order_and_reversed_from_the_last():
    forward = recipe_amplitudes(48, "testimg", 9, 0)
    backward = recipe_amplitudes(48, "testimg_reverse", 9, 0)
    np.testing.assert_array_equal(forward, backward[::-1])
    for number, tile in enumerate(forward):
        assert np.ptp(tile) > 0.3
        assert not any(np.array_equal(tile, other) for other in forward[:number])
    np.testing.assert_array_equal(recipe_amplitudes(48, "testimg", 11, 4)[9:], forward[:2])


def test_tiles_are_the_scene_over_its_mean():
    tiles = np.array(recipe_amplitudes(40, "testimg", 9, 0))[..., 0]
    assert tiles.mean() == pytest.approx(1, abs=1e-12)
    picture = scene(120)
    cut = picture[40:80, 80:120] / picture.mean()
    np.testing.assert_allclose(tiles[5], scipy.ndimage.gaussian_filter(cut, 0.5), rtol=1e-12)


def test_repeated_tiles_do_not_share_memory():
    first, *_, last = recipe_amplitudes(16, "testimg", 10, 0)
    assert not np.shares_memory(first, last)


def test_the_scene_is_the_same_picture_at_every_resolution():
    coarse, fine = scene(96), scene(288)
    shrunk = fine.reshape(96, 3, 96, 3).mean(axis=(1, 3))
    assert np.corrcoef(coarse.ravel(), shrunk.ravel())[0, 1] > 0.95
    assert (coarse.min(), coarse.max()) == (0.05, 1)


# Phase


def test_the_phase_of_an_amplitude():
    amplitude = np.array([[0.0, 1.0], [2.0, 5.0]])
    expected = np.pi * np.tanh((amplitude - 2.5) / 6)
    np.testing.assert_allclose(recipe_phase(amplitude), expected, rtol=1e-14)


@pytest.mark.parametrize("source", DATA_SOURCES)
def test_phases_lie_within_pi(source):
    amplitude = recipe_amplitudes(64, source, 1, 0)[0]
    phase = recipe_phase(amplitude)
    assert phase.shape == amplitude.shape
    assert np.abs(phase).max() < np.pi
    assert np.ptp(phase) > 0.1
