"""How much the illuminated areas of scan points and of groups overlap (spec ``data.md`` 10).

Probes are taken as discs of one diameter; nothing depends on global configuration or random state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from ptychoparity.reference.data import grouping
from ptychoparity.reference.data.files import replacing

Array = NDArray[Any]
Floats = NDArray[np.float64]

METRICS_VERSION = "1.0"
DIAMETER_OF_SIDE = 0.6
LARGEST_ACCEPTANCE_BOUND = 0.10
SMALLEST_ACCEPTANCE = 1e-6

# Pairs of groups held at a time.
_PAIRS_AT_ONCE = 2**21


@dataclass(frozen=True)
class OverlapMetrics:
    """Overlap of one scan; fractions of a disc's area between 0 and 1.

    ``metric_1_group_based_avg`` is between the members of a group (None for gridsize 1),
    ``metric_2_image_based_avg`` between neighbouring images, ``metric_3_group_to_group_avg`` between groups.
    """

    metrics_version: str
    gridsize: int
    s_img: float
    n_groups: int
    neighbor_count: int
    probe_diameter_px: float
    probe_diameter_source: str
    rng_seed_subsample: int | None
    metric_1_group_based_avg: float | None
    metric_2_image_based_avg: float
    metric_3_group_to_group_avg: float
    n_images_total: int
    n_images_subsampled: int
    n_unique_images: int
    n_groups_actual: int
    geometry_acceptance_bound: float
    effective_min_acceptance: float

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; without metric 1 where it is not defined."""
        entries = asdict(self)
        if self.metric_1_group_based_avg is None:
            del entries["metric_1_group_based_avg"]
        return entries


def disc_overlap(distance: ArrayLike, diameter: float) -> Floats:
    """Common area of two equal discs as a fraction of one disc's area.

    Args:
        distance: of the centres, any shape, in the unit of ``diameter``; infinity counts as apart.
        diameter: of the discs.

    Returns:
        Fractions of the shape of ``distance``: 1 at distance 0, 0 from ``diameter`` on.

    Raises:
        ValueError: a diameter that is not positive and finite, a distance that is negative or NaN.
    """
    _positive("diameter", diameter)
    apart = np.asarray(distance, np.float64)
    if not (apart >= 0).all():
        raise ValueError("distance: must not be negative or NaN")
    ratio = np.minimum(apart / diameter, 1.0)
    return np.asarray((np.arccos(ratio) - ratio * np.sqrt(1 - ratio**2)) * (2 / np.pi))


def probe_fwhm(probe: Array) -> float:
    """Diameter in pixels of the disc as large as the area where a probe has half its peak intensity or more.

    Args:
        probe: complex, its last two axes rows and columns or ``(N, N, 1)``; modes are summed in intensity.

    Raises:
        ValueError: fewer than two axes, or a probe that is zero or not finite.
    """
    if probe.ndim == 3 and probe.shape[2] == 1:
        probe = probe[..., 0]
    if probe.ndim < 2:
        raise ValueError(f"probe: expected at least two axes, got shape {probe.shape}")
    magnitude = np.abs(probe.astype(np.complex128))
    peak = magnitude.max(initial=0.0)
    if not (0 < peak < np.inf):
        raise ValueError("probe: cannot measure its width, it is zero everywhere or not finite")
    intensity = ((magnitude / peak) ** 2).sum(axis=tuple(range(probe.ndim - 2)))
    return float(2 * np.sqrt(np.count_nonzero(intensity >= intensity.max() / 2) / np.pi))


def compute_overlap_metrics(
    coords: ArrayLike,
    gridsize: int,
    s_img: float,
    n_groups: int,
    neighbor_count: int = 6,
    probe_diameter_px: float | None = None,
    rng_seed_subsample: int | None = None,
    *,
    N: int | None = None,
    probe: Array | None = None,
) -> OverlapMetrics:
    """Measure the overlap of a scan as it would be trained on.

    Groups of gridsize 2 are drawn as `RawData.generate_grouped_data` draws them, among ``neighbor_count``
    neighbours (at least four); more groups than images are drawn by oversampling. For gridsize 1 every image
    is a group, at most as many as there are images.

    Args:
        coords: ``(n, 2)`` positions, [x, y], in pixels.
        gridsize: 1 or 2.
        s_img: fraction of the images to use, in (0, 1]; they are drawn once, for a given seed always the
            same, and kept in order.
        n_groups: groups wanted.
        neighbor_count: neighbours that count for metrics 1 and 2.
        probe_diameter_px: of the discs; None takes the width of ``probe``, else 0.6 ``N``.
        rng_seed_subsample: of the choice of images and of the groups; None is 0.
        N: side of the patterns.
        probe: complex probe.

    Raises:
        ValueError: an argument out of range, no image left, or too few images for a group.
    """
    points = _points(coords)
    _check_request(gridsize, n_groups, neighbor_count)
    diameter, source = _diameter(probe_diameter_px, N, probe)
    total, seed = len(points), 0 if rng_seed_subsample is None else rng_seed_subsample
    points = _subsample(points, s_img, seed)
    members = _groups(points, gridsize, n_groups, neighbor_count, seed)
    unique = np.unique(points, axis=0)
    bound = _acceptance_bound(points, diameter)
    return OverlapMetrics(
        metrics_version=METRICS_VERSION,
        gridsize=gridsize,
        s_img=float(s_img),
        n_groups=n_groups,
        neighbor_count=neighbor_count,
        probe_diameter_px=diameter,
        probe_diameter_source=source,
        rng_seed_subsample=rng_seed_subsample,
        metric_1_group_based_avg=(
            None if gridsize == 1 else within_groups(points[members], neighbor_count, diameter)
        ),
        metric_2_image_based_avg=between_images(unique, neighbor_count, diameter),
        metric_3_group_to_group_avg=between_groups(points[members].mean(axis=1), diameter),
        n_images_total=total,
        n_images_subsampled=len(points),
        n_unique_images=len(unique),
        n_groups_actual=len(members),
        geometry_acceptance_bound=bound,
        effective_min_acceptance=max(bound, SMALLEST_ACCEPTANCE),
    )


def subsample_size(n_images: int, s_img: float) -> int:
    """How many of ``n_images`` the fraction ``s_img`` is; ValueError outside (0, 1] or if none is left."""
    if not 0 < s_img <= 1:
        raise ValueError(f"s_img must be in (0, 1], got {s_img}")
    kept = round(s_img * n_images)
    if kept == 0:
        raise ValueError(f"s_img={s_img} of {n_images} images leaves none; raise s_img")
    return kept


def within_groups(groups: Floats, neighbor_count: int, diameter: float) -> float:
    """Metric 1: each member with its nearest in the group, averaged over members and groups.

    Args:
        groups: ``(B, C, 2)`` members' positions, C at least 2.
        neighbor_count: nearest members that count.
        diameter: of the discs.
    """
    steps = groups[:, :, None] - groups[:, None]
    distance = np.sqrt((steps * steps).sum(axis=3))
    channels = groups.shape[1]
    # A member is not its own neighbour, even where another member lies at the same place.
    distance[:, np.arange(channels), np.arange(channels)] = np.inf
    nearest = np.sort(distance, axis=2)[:, :, : min(neighbor_count, channels - 1)]
    return float(disc_overlap(nearest, diameter).mean())


def between_images(unique: Floats, neighbor_count: int, diameter: float) -> float:
    """Metric 2: each of ``(n, 2)`` distinct points with its nearest others; 0 for a single point."""
    if len(unique) == 1:
        return 0.0
    reach = min(neighbor_count, len(unique) - 1)
    distance = np.asarray(cKDTree(unique).query(unique, reach + 1)[0])
    return float(disc_overlap(distance[:, 1:], diameter).mean())


def between_groups(centres: Floats, diameter: float) -> float:
    """Metric 3: each of ``(B, 2)`` group centres with the others nearer than a diameter; 0 with none.

    Groups at the same place are counted, not repeated, and pairs are held a bounded number at a time.
    """
    places, groups_at = np.unique(centres, axis=0, return_counts=True)
    tree = cKDTree(places)
    overlap, others = np.zeros(len(places)), np.zeros(len(places))
    pairs = np.cumsum(tree.query_ball_point(places, diameter, return_length=True))
    for rows in np.split(np.arange(len(places)), np.flatnonzero(np.diff(pairs // _PAIRS_AT_ONCE)) + 1):
        found = cKDTree(places[rows]).sparse_distance_matrix(tree, diameter, output_type="ndarray")
        found = found[found["v"] < diameter]
        weight = groups_at[found["j"]] - (rows[found["i"]] == found["j"])  # a group is not its own neighbour
        overlap[rows] = np.bincount(found["i"], weight * disc_overlap(found["v"], diameter), len(rows))
        others[rows] = np.bincount(found["i"], weight, len(rows))
    mean = np.divide(overlap, others, out=np.zeros(len(places)), where=others > 0)
    return float(np.average(mean, weights=groups_at))


def write_overlap_bundle(
    path: str | PathLike[str], train: OverlapMetrics, test: OverlapMetrics | None = None
) -> None:
    """Write ``{"train": {...}, "test": {...}}`` as JSON, whole or not at all; no test split is null."""
    bundle: Mapping[str, Any] = {
        "train": train.as_dict(),
        "test": None if test is None else test.as_dict(),
    }
    with replacing(Path(path)) as stream:
        stream.write((json.dumps(bundle, indent=2, allow_nan=False) + "\n").encode())


def _points(coords: ArrayLike) -> Floats:
    points = np.asarray(coords, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"coords: expected shape (n, 2), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("coords: must be finite, found NaN or infinity")
    return points


def _check_request(gridsize: int, n_groups: int, neighbor_count: int) -> None:
    if gridsize not in (1, 2):
        raise ValueError(f"gridsize must be 1 or 2, got {gridsize}")
    for name, count in (("n_groups", n_groups), ("neighbor_count", neighbor_count)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")


def _diameter(given: float | None, side: int | None, probe: Array | None) -> tuple[float, str]:
    """The diameter in pixels and where it comes from."""
    if given is not None:
        diameter, source = float(given), "given"
    elif probe is not None:
        diameter, source = probe_fwhm(probe), "FWHM of probe"
    elif side is not None:
        diameter, source = DIAMETER_OF_SIDE * side, f"{DIAMETER_OF_SIDE} N"
    else:
        raise ValueError("probe_diameter_px: give it, or a probe or N to derive it from")
    _positive("probe_diameter_px", diameter)
    return diameter, source


def _positive(name: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise ValueError(f"{name}: must be positive and finite, got {value}")


def _subsample(points: Floats, s_img: float, seed: int) -> Floats:
    kept = subsample_size(len(points), s_img)
    chosen = grouping.legacy_generator(seed).choice(len(points), kept, replace=False)
    return points[np.sort(chosen)]


def _groups(points: Floats, gridsize: int, n_groups: int, neighbor_count: int, seed: int) -> Array:
    """``(B, C)`` members of each group."""
    x, y = points.T
    channels = gridsize**2
    pool = max(neighbor_count, channels)
    grouping.check_neighbours(len(points), pool, channels)
    if gridsize > 1 and n_groups > len(points):
        return grouping.oversampled_groups(x, y, n_groups, pool, channels, seed, None)
    return grouping.standard_groups(x, y, n_groups, pool, channels, seed, None)


def _acceptance_bound(points: Floats, diameter: float) -> float:
    """Area of the scan over the area of all discs, at most 0.10."""
    span_x, span_y = np.ptp(points, axis=0)
    return float(min(span_x * span_y / (len(points) * np.pi * diameter**2 / 4), LARGEST_ACCEPTANCE_BOUND))
