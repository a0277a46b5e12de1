"""Object amplitudes of the original grid simulator, by ``data_source`` (spec ``data.md`` 7.3).

The original cuts ``testimg`` from a photograph and prints ``V`` with a font. Here both are drawn:
`scene` and `letter_v` need no file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from .methods import Seed, check_whole, look_up, random_generator
from .scene import scene

Amplitude = NDArray[np.float64]
Draw = Callable[[int, np.random.Generator], Amplitude]
TILES = 3  # of `scene`, along each side
BLURS = ((1, 1), (2, 5), (5, 10))  # weight and width of each


def recipe_amplitudes(size: int, data_source: str, count: int, seed: Seed) -> list[Amplitude]:
    """``count`` amplitudes of one recipe, ``(size, size, 1)`` float64, finite and >= 0.

    ``testimg`` gives the tiles of one scene in order, ``testimg_reverse`` the same from the last; they
    repeat after 9, and are the same for every seed.

    Raises:
        ValueError: a ``data_source`` without a recipe (``experimental``, ``xpp``, ``generic`` or unknown); an
            odd ``size`` for ``grf``; ``size`` or ``count`` below 1; negative seed.
        TypeError: ``size``, ``count`` or ``seed`` no whole number.
    """
    series = look_up(DATA_SOURCES, "data_source", data_source)
    check_whole("size", size)
    check_whole("count", count)
    return [image[..., None] for image in series(size, count, random_generator(seed))]


def recipe_phase(amplitude: Amplitude) -> Amplitude:
    """The phase that ``set_phi`` gives an amplitude: pi tanh((Y - max/2) / (3 mean)), within (-pi, pi)."""
    return np.asarray(np.pi * np.tanh((amplitude - amplitude.max() / 2) / (3 * amplitude.mean())))


def lines(size: int, rng: np.random.Generator) -> Amplitude:
    """400 straight segments one pixel wide on a canvas twice as large, at three blurs, centre cut out."""
    canvas = np.zeros((2 * size, 2 * size))
    start, end = rng.integers(0, 2 * size, (2, 400, 2))
    length = np.abs(end - start).max(axis=1, keepdims=True)
    # Each line is stepped once per pixel of its longer extent; shorter lines repeat their last pixel.
    step = np.minimum(np.arange(length.max() + 1), length)
    part = step / np.maximum(length, 1)
    points = np.rint(start[:, None] + part[..., None] * (end - start)[:, None]).astype(int)
    canvas[points[..., 0], points[..., 1]] = 1
    half = size // 2
    return _three_blurs(canvas)[half : half + size, half : half + size]


def grf(size: int, rng: np.random.Generator) -> Amplitude:
    """A Gaussian random field of half the size with power k^-0.4 in [0, 1], enlarged and blurred."""
    if size % 2:
        raise ValueError(f"size must be even for data_source 'grf', got {size}")
    field = gaussian_random_field(size // 2, -0.4, rng)
    spread = np.ptp(field)
    field = (field - field.min()) / spread if spread else np.full_like(field, 0.5)
    large = scipy.ndimage.zoom(field, 2, order=1, mode="nearest", grid_mode=True)
    return np.asarray(scipy.ndimage.gaussian_filter(large, 1))


def gaussian_random_field(side: int, exponent: float, rng: np.random.Generator) -> Amplitude:
    """Real, zero-mean noise ``(side, side)`` whose power spectrum goes with the wave number to ``exponent``.

    The length of the box, 100 in the original, is a factor of the whole field and drops out of `grf`.
    """
    wave_number = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    wave_number[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=(side, side))) * wave_number ** (exponent / 2)
    return np.asarray(np.fft.irfft2(spectrum, s=(side, side)))


def points(size: int, rng: np.random.Generator) -> Amplitude:
    """A tenth as many increments as pixels, each at a random pixel, at two blurs."""
    hits = rng.integers(0, size**2, int(0.1 * size**2))
    image = np.bincount(hits, minlength=size**2).reshape(size, size).astype(float)
    return _fine_and_coarse(image, 1, 10)


def diagonals(size: int, rng: np.random.Generator) -> Amplitude:
    """40 lines each way along the axes and along both diagonals, at two blurs."""
    row, column = np.arange(size)[:, None], np.arange(size)
    image = np.zeros((size, size))
    for index, extent in ((row, size), (column, size), (row - column + size - 1, 2 * size - 1)):
        image[np.broadcast_to(_marked(extent, rng)[index], image.shape)] = 1
    image[_marked(2 * size - 1, rng)[row + column]] = 1
    return _fine_and_coarse(image, 0.75, 7.5)


def _marked(extent: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    marked = np.zeros(extent, bool)
    marked[rng.integers(0, extent, 40)] = True
    return marked


def letters(size: int, rng: np.random.Generator) -> Amplitude:
    """1000 letters V of 3 to 27 pixels added up, at three blurs, the largest value 1."""
    sides = np.rint(60 * rng.uniform(0.05, 0.45, 1000)).astype(int)
    centres = rng.integers(0, size, (1000, 2))
    sprites = {side: letter_v(side) for side in np.unique(sides)}
    margin = int(sides.max())
    canvas = np.zeros((size + 2 * margin, size + 2 * margin))
    for side, (row, column) in zip(sides, centres + margin - sides[:, None] // 2, strict=True):
        canvas[row : row + side, column : column + side] += sprites[side]
    blurred = _three_blurs(canvas[margin:-margin, margin:-margin])
    return np.asarray(blurred / blurred.max())


def letter_v(side: int) -> Amplitude:
    """A letter V that fills ``(side, side)``: two strokes from the top corners to the bottom, soft edges."""
    row, column = (np.arange(side) + 0.5) / side, np.abs((np.arange(side) + 0.5) / side - 0.5)
    # Right half, mirrored: distance from the stroke's middle line, from (0, 0.4) at the top to (1, 0).
    across = np.abs(column - 0.4 * (1 - row[:, None])) / np.hypot(1, 0.4)
    return np.asarray(np.clip(0.5 + side * (0.08 - across), 0, 1))


def testimg_tiles(size: int) -> list[Amplitude]:
    """The tiles of the scene over its mean, row by row, each blurred by half a pixel."""
    picture = scene(TILES * size)
    tiles = (picture / picture.mean()).reshape(TILES, size, TILES, size).swapaxes(1, 2)
    return [np.asarray(scipy.ndimage.gaussian_filter(tile, 0.5)) for tile in tiles.reshape(-1, size, size)]


def _three_blurs(image: Amplitude) -> Amplitude:
    return np.asarray(sum(weight * scipy.ndimage.gaussian_filter(image, sigma) for weight, sigma in BLURS))


def _fine_and_coarse(image: Amplitude, fine: float, coarse: float) -> Amplitude:
    first = scipy.ndimage.gaussian_filter(image, fine)
    return np.asarray(first + 5 * scipy.ndimage.gaussian_filter(first, coarse))


def _drawn(draw: Draw) -> Callable[[int, int, np.random.Generator], list[Amplitude]]:
    return lambda size, count, rng: [draw(size, rng) for _ in range(count)]


def _tiled(order: slice) -> Callable[[int, int, np.random.Generator], list[Amplitude]]:
    def series(size: int, count: int, _: np.random.Generator) -> list[Amplitude]:
        tiles = testimg_tiles(size)[order]
        return [tiles[number % len(tiles)].copy() for number in range(count)]

    return series


# Each takes a size, a count and a generator, and returns ``count`` images (size, size).
DATA_SOURCES: Mapping[str, Callable[[int, int, np.random.Generator], list[Amplitude]]] = MappingProxyType(
    {
        "lines": _drawn(lines),
        "grf": _drawn(grf),
        "points": _drawn(points),
        "diagonals": _drawn(diagonals),
        "V": _drawn(letters),
        "testimg": _tiled(slice(None)),
        "testimg_reverse": _tiled(slice(None, None, -1)),
    }
)
