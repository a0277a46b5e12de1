"""Pictures of recorded arrays: one 2-D slice, through a colour map, as a palette PNG in a data URI."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]

SIDE = 192
"""Longest side of a picture in pixels; of a larger slice the surroundings of the worst index are shown."""

SHOWN = 160
"""Small pictures are enlarged by a whole factor to at most this side."""

SMALLEST = 4
"""Axes shorter than this are no image axes."""

IMAGE_AXES = {2: 0, 3: 1, 4: 1, 5: 2}
"""First image axis by rank, in the contract's layouts: (S, S), (K, H, W), (B, N, N, C), (P, B, N, N, C)."""

MAPS = ("viridis", "twilight", "RdBu_r", "magma")
"""Colour maps of values, phases, real differences, and moduli of complex differences."""

HOLLOW = 255
"""Palette entry of what has no value: transparent. The colours take the entries below it."""

DARK, ROOT = 0.05, 4

FAINT = 1e-6
"""Where the amplitude is below this fraction of its peak, a phase is rounding and is left out."""


@dataclass(frozen=True)
class Slice:
    """The part of an array that is shown.

    Attributes:
        index: the 2-D slice, cropped; of the array's rank.
    """

    index: tuple[int | slice, ...]

    def __str__(self) -> str:
        """The index as it is written in NumPy."""
        return f"[{', '.join(_axis(item) for item in self.index)}]"


class Scale(NamedTuple):
    """Values at the ends of a colour scale, and the root that is taken of what lies between them."""

    low: float
    high: float
    root: int = 1


@dataclass(frozen=True)
class Picture:
    """An image, ready for a page.

    Attributes:
        caption: what is shown.
        uri: PNG as a data URI; empty where there is nothing to show, and ``note`` says why.
        scale: name of the colour map.
        low, high: values at its ends.
        spot: position of the largest difference, in per cent from left and top.
        note: shown instead of, or below, the image.
        width, height: on the page, in CSS pixels: a whole multiple of the image's own.
    """

    caption: str
    uri: str = ""
    scale: str = ""
    low: float = 0.0
    high: float = 0.0
    spot: tuple[float, float] | None = None
    note: str = ""
    width: int = 0
    height: int = 0


def image_axes(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """The two axes that are an image: the largest adjacent pair of equal length, else those of rank 2 and 3.

    Returns None where there is none of at least `SMALLEST`.
    """
    usual = IMAGE_AXES.get(len(shape), 0)
    square = [axis for axis in range(len(shape) - 1) if shape[axis] == shape[axis + 1] >= SMALLEST]
    if square:
        axis = max(square, key=lambda item: (shape[item], item == usual))
        return axis, axis + 1
    if len(shape) in (2, 3) and min(shape[usual : usual + 2]) >= SMALLEST:
        return usual, usual + 1
    return None


def worst_index(array: Array, reference: Array) -> tuple[int, ...]:
    """Index of the largest difference; a NaN is the largest."""
    gap = np.nan_to_num(apart(array, reference), nan=np.inf)
    return tuple(int(item) for item in np.unravel_index(int(np.argmax(gap)), gap.shape))


def apart(array: Array, reference: Array) -> NDArray[np.float64]:
    """Modulus of the difference, in float64; equal infinities are 0 apart."""
    wide = np.result_type(array.dtype, reference.dtype, np.float64)
    with np.errstate(invalid="ignore"):
        gap = np.abs(array.astype(wide) - reference.astype(wide))
    return np.where(array == reference, 0.0, gap)


def choose_slice(shape: tuple[int, ...], worst: tuple[int, ...]) -> Slice | None:
    """The slice through ``worst``, cropped to `SIDE` around it; None where the array holds no image."""
    axes = image_axes(shape)
    if axes is None or len(worst) != len(shape):
        return None
    index: list[int | slice] = list(worst)
    for axis in axes:
        start = int(np.clip(worst[axis] - SIDE // 2, 0, max(shape[axis] - SIDE, 0)))
        stop = min(start + SIDE, shape[axis])
        index[axis] = slice(start, stop) if stop - start < shape[axis] else slice(None)
    return Slice(tuple(index))


def values(caption: str, image: Array, scale: Scale) -> Picture:
    """Values, or the amplitude where they are complex, in viridis."""
    plain = np.abs(image) if np.iscomplexobj(image) else image.astype(np.float64)
    strange = int(np.count_nonzero(~np.isfinite(plain)))
    notes = [f"{strange} not finite"] if strange else []
    if scale.root != 1:
        notes.append(f"{scale.root}th-root scale")
        with np.errstate(invalid="ignore"):
            plain = scale.high * (np.maximum(plain, 0.0) / scale.high) ** (1 / scale.root)
    return _picture(caption, plain, "viridis", scale.low, scale.high, note=", ".join(notes))


def phase(caption: str, image: Array, peak: float) -> Picture:
    """Phase of a complex image in twilight, from -pi to pi; left out where there is no amplitude."""
    angle = np.where(np.abs(image) > FAINT * peak, np.angle(image), np.nan)
    return _picture(caption, angle, "twilight", -np.pi, np.pi)


def difference(caption: str, image: Array, other: Array, counted: NDArray[np.bool_] | None) -> Picture:
    """``image - other`` on its own scale: signed where real, its modulus where complex.

    Args:
        counted: where the difference counts; elsewhere it is left out.
    """
    gap = apart(image, other)
    gap = gap if counted is None else np.where(counted, gap, np.nan)
    finite = gap[np.isfinite(gap)]
    largest = float(finite.max()) if finite.size else 0.0
    if largest == 0.0 and finite.size == (gap.size if counted is None else int(counted.sum())):
        return Picture(caption, note="identical")
    row, column = np.unravel_index(int(np.argmax(np.where(np.isfinite(gap), gap, -1.0))), gap.shape)
    spot = (100 * (float(column) + 0.5) / gap.shape[1], 100 * (float(row) + 0.5) / gap.shape[0])
    if np.iscomplexobj(image) or np.iscomplexobj(other):
        return _picture(caption, gap, "magma", 0.0, largest, spot)
    sign = np.where(image.astype(np.float64) < other.astype(np.float64), -1.0, 1.0)
    return _picture(caption, sign * gap, "RdBu_r", -largest, largest, spot)


def scale_of(image: Array) -> Scale:
    """The scale of a reference image, which its backends share: from 0 or its negative end to its peak.

    Diffraction is a bright point in a dark field: where the median is below `DARK` of the peak, the
    `ROOT`-th root is shown.
    """
    plain = np.abs(image) if np.iscomplexobj(image) else image.astype(np.float64)
    finite = plain[np.isfinite(plain)]
    if not finite.size:
        return Scale(0.0, 0.0)
    low, high = min(float(finite.min()), 0.0), max(float(finite.max()), 0.0)
    dark = low == 0.0 and 0.0 < float(np.median(finite)) < DARK * high
    return Scale(low, high, ROOT if dark else 1)


def _picture(
    caption: str,
    image: NDArray[np.float64],
    scale: str,
    low: float,
    high: float,
    spot: tuple[float, float] | None = None,
    note: str = "",
) -> Picture:
    """Colour an image; what is not finite stays transparent."""
    level = (image - low) / (high - low) if high > low else np.zeros(image.shape)
    level = np.clip(np.nan_to_num(level, posinf=1.0, neginf=0.0), 0.0, 1.0)
    index = np.round(level * (HOLLOW - 1)).astype(np.uint8)
    index[~np.isfinite(image)] = HOLLOW
    uri = f"data:image/png;base64,{base64.b64encode(_png(index, scale)).decode()}"
    height, width = image.shape
    zoom = max(1, SHOWN // max(height, width))
    return Picture(caption, uri, scale, low, high, spot, note, zoom * width, zoom * height)


def _png(index: NDArray[np.uint8], scale: str) -> bytes:
    image = Image.fromarray(index)
    image.putpalette(palette(scale))
    stream = io.BytesIO()
    hollow = {"transparency": HOLLOW} if (index == HOLLOW).any() else {}
    image.save(stream, "PNG", **hollow)
    return stream.getvalue()


@cache
def palette(scale: str) -> bytes:
    """256 RGB triples of a colour map; the last, transparent, is not part of it."""
    colours = matplotlib.colormaps[scale](np.linspace(0.0, 1.0, HOLLOW))[:, :3]
    return bytes(np.round(255 * colours).astype(np.uint8).tobytes()) + bytes(3)


def gradient(scale: str, stops: int = 9) -> str:
    """A colour map as a CSS gradient, for the bar below a picture."""
    colours = matplotlib.colormaps[scale](np.linspace(0.0, 1.0, stops))
    return f"linear-gradient(90deg,{','.join(str(matplotlib.colors.to_hex(colour)) for colour in colours)})"


def _axis(item: int | slice) -> str:
    if isinstance(item, int):
        return str(item)
    return ":" if item.start is None else f"{item.start}:{item.stop}"
