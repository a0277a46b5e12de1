"""A data file in one picture: scan map, mean pattern, probe amplitude, brightness of the patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ptychoparity.reference.data.files import replacing
from ptychoparity.reference.data.inspection import Inspection

_INCHES = (10.0, 8.6)
_DPI = 110
_LARGEST_SCAN = 20_000
"""Beyond this many positions a map shows every n-th."""
_DECADES = 6


def write_picture(inspection: Inspection, path: Path) -> None:
    """Draw and write a PNG, whole or not at all; panels without data say so."""
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(inspection.path.name, fontsize=12, parse_math=False)
    axes = figure.subplots(2, 2)
    _draw_scan(axes[0, 0], inspection)
    _draw_mean_pattern(axes[0, 1], inspection)
    _draw_probe(axes[1, 0], inspection)
    _draw_brightness(axes[1, 1], inspection)
    with replacing(path) as stream:
        figure.savefig(stream, format="png")


def _draw_scan(axes: Axes, inspection: Inspection) -> None:
    scan = inspection.scan
    if scan is None:
        return _empty(axes, "Scan", "no positions")
    step = -(-scan.points // _LARGEST_SCAN)
    size = float(np.clip(4000 / scan.points, 1.0, 30.0))
    axes.plot(scan.x[:1], scan.y[:1], "o", color="tab:red", markersize=8, fillstyle="none")
    order = np.arange(scan.points)[::step]
    drawn = axes.scatter(scan.x[::step], scan.y[::step], c=order, s=size, cmap="viridis", linewidths=0)
    axes.figure.colorbar(drawn, ax=axes, label="row in the file", shrink=0.85)
    axes.set_aspect("equal", adjustable="datalim")
    axes.invert_yaxis()  # y is the row of the object
    return _label(
        axes, f"Scan: {scan.points} positions, the first ringed", "x, object pixels", "y, object pixels"
    )


def _draw_mean_pattern(axes: Axes, inspection: Inspection) -> None:
    patterns = inspection.patterns
    if patterns is None or not (patterns.mean_pattern > 0).any():
        return _empty(axes, "Mean pattern", "no patterns")
    image = patterns.mean_pattern
    peak = float(image.max())
    low = max(float(image[image > 0].min()), peak * 10.0**-_DECADES)
    _image(axes, image, LogNorm(low, peak) if low < peak else None, "value, log scale")
    return _label(axes, f"Mean of {patterns.count} patterns", "column", "row")


def _draw_probe(axes: Axes, inspection: Inspection) -> None:
    probe = inspection.probe
    if probe is None:
        return _empty(axes, "Probe amplitude", "no probe")
    _image(axes, probe.amplitude, None, "amplitude")
    modes = f", {probe.modes} modes" if probe.modes > 1 else ""
    return _label(axes, f"Probe amplitude{modes}", "column", "row")


def _draw_brightness(axes: Axes, inspection: Inspection) -> None:
    patterns = inspection.patterns
    if patterns is None or not np.ptp(patterns.brightness) > 0:
        note = "no patterns" if patterns is None else "all patterns are equally bright"
        return _empty(axes, "Brightness", note)
    axes.hist(patterns.brightness, bins=min(60, max(10, patterns.count // 8)), color="tab:blue")
    axes.axvline(patterns.energy, color="tab:red", linewidth=1, label=f"mean {patterns.energy:.4g}")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.legend(fontsize=8)
    return _label(axes, "Brightness of the patterns", "sum of squared values", "patterns")


def _image(axes: Axes, image: NDArray[Any], norm: LogNorm | None, label: str) -> None:
    background = np.where(image > 0, image, np.nan) if norm is not None else image
    drawn = axes.imshow(background, norm=norm, cmap="viridis", interpolation="nearest")
    axes.set_facecolor("black")
    axes.figure.colorbar(drawn, ax=axes, label=label, shrink=0.85)


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _empty(axes: Axes, title: str, note: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.text(0.5, 0.5, note, ha="center", va="center", transform=axes.transAxes)
    axes.set_axis_off()
