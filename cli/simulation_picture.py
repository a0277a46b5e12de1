"""A simulated scan in one picture: object with scan positions, probe, patterns."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ptychoparity.reference.data import RawData

Array = NDArray[Any]

_INCHES = (15.0, 6.8)
_DPI = 110
_FAINT = 0.02  # of the peak: below it the phase of a probe is not shown
_MOST_POSITIONS = 5000


def drawn(raw: RawData) -> bytes:
    """The picture of a simulated scan as a PNG.

    Raises:
        ValueError: a scan without patterns, probe or object.
    """
    if raw.diff3d is None or raw.probeGuess is None or raw.objectGuess is None:
        raise ValueError("a picture needs diff3d, probeGuess and objectGuess")
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 4)
    _draw_object(axes[0, :2], raw.objectGuess, raw)
    _draw_probe(axes[0, 2:], raw.probeGuess)
    _draw_patterns(axes[1], raw.diff3d)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw_object(places: NDArray[Any], whole: Array, raw: RawData) -> None:
    _image(places[0], np.abs(whole), "object amplitude, scan positions", "gray")
    _image(places[1], np.angle(whole), "object phase", "twilight", limits=(-np.pi, np.pi), label="rad")
    step = -(-len(raw.xcoords) // _MOST_POSITIONS)
    x, y = raw.xcoords[::step], raw.ycoords[::step]
    size = float(np.clip(3000 / len(x), 1.0, 25.0))
    places[0].scatter(x, y, s=size, color="tab:red", linewidths=0)


def _draw_probe(places: NDArray[Any], probe: Array) -> None:
    modes = probe.reshape(-1, *probe.shape[-2:])
    total = np.sqrt((np.abs(modes) ** 2).sum(axis=0))
    name = "probe amplitude" if len(modes) == 1 else f"probe amplitude, {len(modes)} modes together"
    _image(places[0], total, name, "viridis")
    first = np.abs(modes[0])
    phase = np.where(first > _FAINT * first.max(), np.angle(modes[0]), np.nan)
    title = "probe phase" if len(modes) == 1 else "phase of the first mode"
    _image(places[1], phase, title, "twilight", limits=(-np.pi, np.pi), label="rad")
    places[1].set_facecolor("black")


def _draw_patterns(places: NDArray[Any], diff3d: Array) -> None:
    count = len(diff3d)
    shown = np.unique(np.linspace(0, count - 1, 3).astype(int))
    images = {f"pattern {number + 1} of {count}": diff3d[number] for number in shown}
    images["mean pattern"] = diff3d.mean(axis=0, dtype=np.float64)
    norm = _logarithmic(diff3d)
    for place, (title, image) in zip(places, images.items(), strict=False):
        lit = np.where(image > 0, image, np.nan)
        _image(place, lit, title, "viridis", norm=norm, label="amplitude, log scale")
        place.set_facecolor("black")
    for place in places[len(images) :]:
        place.set_axis_off()


def _logarithmic(diff3d: Array) -> LogNorm | None:
    """From the faintest to the brightest pixel; None where all that is lit is equally bright."""
    peak = float(diff3d.max())
    low = float(diff3d.min(where=diff3d > 0, initial=peak))
    return LogNorm(low, peak) if low < peak else None


def _image(
    axes: Axes,
    image: Array,
    title: str,
    colours: str,
    *,
    limits: tuple[float, float] | None = None,
    norm: LogNorm | None = None,
    label: str = "",
) -> None:
    scale: dict[str, Any] = {} if limits is None else {"vmin": limits[0], "vmax": limits[1]}
    picture = axes.imshow(image, cmap=colours, norm=norm, interpolation="nearest", **scale)
    axes.figure.colorbar(picture, ax=axes, label=label, shrink=0.8)
    axes.set_title(title, fontsize=10)
