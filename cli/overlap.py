"""``ptychoparity overlap``: how much the probes of neighbouring images and groups share."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from ptychoparity.cli.console import line
from ptychoparity.cli.errors import BadInputError, bad_input
from ptychoparity.reference.data.overlap import (
    OverlapMetrics,
    compute_overlap_metrics,
    subsample_size,
    write_overlap_bundle,
)
from ptychoparity.reference.data.rawdata import RawData

_FWHM = "fwhm"
_ROWS = (
    ("images in the file", "n_images_total", "d"),
    ("images used", "n_images_subsampled", "d"),
    ("distinct positions", "n_unique_images", "d"),
    ("groups", "n_groups_actual", "d"),
    ("probe diameter, pixels", "probe_diameter_px", ".4g"),
    ("within groups", "metric_1_group_based_avg", ".4f"),
    ("between neighbouring images", "metric_2_image_based_avg", ".4f"),
    ("between groups", "metric_3_group_to_group_avg", ".4f"),
    ("geometry acceptance bound", "geometry_acceptance_bound", ".3g"),
    ("effective smallest acceptance", "effective_min_acceptance", ".3g"),
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.npz")
@click.option(
    "--test", type=click.Path(path_type=Path), metavar="FILE.npz", help="Test split to measure too."
)
@click.option("--gridsize", default=1, show_default=True, metavar="1|2", help="Side of a group.")
@click.option(
    "--s-img", default=1.0, show_default=True, metavar="FRACTION", help="Part of the images to use."
)
@click.option("--n-groups", type=int, metavar="COUNT", help="Groups. By default one for every image used.")
@click.option(
    "--neighbor-count",
    default=6,
    show_default=True,
    metavar="COUNT",
    help="Neighbours that count for an image.",
)
@click.option(
    "--probe-diameter",
    metavar="PIXELS|fwhm",
    help="Diameter of the probe, or 'fwhm' to measure it on the probe. By default 0.6 of the pattern side.",
)
@click.option("--seed", type=int, metavar="SEED", help="Of images and groups. By default 0.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("overlap.json"),
    show_default=True,
    metavar="FILE.json",
    help="Where to write the numbers.",
)
def command(
    file: Path,
    test: Path | None,
    gridsize: int,
    s_img: float,
    n_groups: int | None,
    neighbor_count: int,
    probe_diameter: str | None,
    seed: int | None,
    out: Path,
) -> None:
    """Measure how much the probes overlap: between images, within groups, between groups.

    Probes count as discs; 1 is full overlap, 0 none. No data set is refused for low overlap.
    """
    console = Console()
    measure = partial(
        compute_overlap_metrics,
        gridsize=gridsize,
        s_img=s_img,
        neighbor_count=neighbor_count,
        probe_diameter_px=_diameter(probe_diameter),
        rng_seed_subsample=seed,
    )
    splits = {}
    for name, source in (("train", file), ("test", test)):
        if source is None:
            continue
        with bad_input(str(source)):
            raw = _load(source, console)
            splits[name] = measure(
                np.column_stack((raw.xcoords, raw.ycoords)),
                n_groups=subsample_size(len(raw.xcoords), s_img) if n_groups is None else n_groups,
                N=None if raw.diff3d is None else raw.diff3d.shape[1],
                probe=raw.probeGuess if probe_diameter == _FWHM else None,
            )
    with bad_input(f"--out {out}"):
        write_overlap_bundle(out, splits["train"], splits.get("test"))
    _show(console, splits)
    line(console, f"Overlap: {out}")


def _diameter(text: str | None) -> float | None:
    """Pixels given on the command line; None where they are to be derived."""
    if text is None or text == _FWHM:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise BadInputError(f"--probe-diameter {text!r} should be a number of pixels or 'fwhm'") from error


def _load(source: Path, console: Console) -> RawData:
    """The data set; what is odd about it is said in a line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        raw = RawData.from_file(source)
    for text in dict.fromkeys(str(item.message) for item in caught):
        line(console, f"note: {source.name}: {text}", "yellow")
    return raw


def _show(console: Console, splits: dict[str, OverlapMetrics]) -> None:
    table = Table("", *splits)
    for label, name, form in _ROWS:
        values = [getattr(metrics, name) for metrics in splits.values()]
        table.add_row(label, *("" if value is None else format(value, form) for value in values))
    table.add_row("probe diameter from", *(metrics.probe_diameter_source for metrics in splits.values()))
    console.print(table)
