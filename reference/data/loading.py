"""A data file read whole or in part: `load_data` draws the points that a run uses (spec ``data.md`` 2)."""

from __future__ import annotations

import logging
import math
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.metadata import decode_metadata, parse_metadata, validate_parameters
from ptychoparity.reference.data.npz import METADATA_KEY, naming, read_npz
from ptychoparity.reference.data.rawdata import RawData

_logger = logging.getLogger(__name__)

_AXES = (("xcoords", "ycoords"), ("xcoords_start", "ycoords_start"))


def load_data(
    path: str | PathLike[str],
    n_images: int | None = None,
    n_subsample: int | None = None,
    flip_x: bool = False,
    flip_y: bool = False,
    swap_xy: bool = False,
    n_samples: int = 1,  # noqa: ARG001 - older callers pass it; it never said anything about a file
    coord_scale: float = 1.0,
    subsample_seed: int | None = None,
    *,
    validate_config: bool = False,
    current_config: object | None = None,
) -> RawData:
    """Read an NPZ file, all of it or points drawn at random, in the order of the file.

    Only the drawn patterns are held in memory. Nothing but the file is read, and nothing is written.

    Args:
        path: the file.
        n_images: points wanted; all if there are no more. Ignored where ``n_subsample`` is given.
        n_subsample: points wanted, by the name that wins.
        flip_x, flip_y: negate the coordinates of that axis, start positions too.
        swap_xy: exchange the axes, after flipping.
        n_samples: has no effect.
        coord_scale: factor of all coordinates, applied last.
        subsample_seed: of the draw; None for fresh entropy.
        validate_config, current_config: as for `RawData.from_file`.

    Returns:
        The data set. If points were drawn, ``sample_indices`` holds their rows in the file, increasing, and
        ``subsample_seed`` the seed; otherwise both are None.

    Raises:
        ValueError: no points wanted, or a scale that is zero or not finite.
        FileNotFoundError, KeyError, TypeError, ValueError: as `RawData.from_file`.
    """
    wanted = _wanted(n_images, n_subsample)
    if not math.isfinite(coord_scale) or coord_scale == 0:
        raise ValueError(f"{path}: coord_scale must be finite and not 0, got {coord_scale}")
    drawn: NDArray[np.intp] | None = None

    def rows(points: int) -> NDArray[np.intp]:
        nonlocal drawn
        if wanted is None or wanted >= points:
            return np.arange(points)
        # The legacy generator, because its draws are what published subsamples were made with.
        drawn = np.sort(np.random.RandomState(subsample_seed).choice(points, wanted, replace=False))
        return drawn

    arrays = read_npz(path, None if wanted is None else rows)
    encoded = arrays.pop(METADATA_KEY, None)
    metadata = None if encoded is None else parse_metadata(decode_metadata(encoded))
    with naming(Path(path)):
        raw = RawData(**arrays, metadata=metadata)
    if validate_config and metadata is not None and current_config is not None:
        for mismatch in validate_parameters(metadata, current_config):
            _logger.warning("%s: %s", path, mismatch)
    _transform(raw, flip_x, flip_y, swap_xy, coord_scale)
    if drawn is not None:
        raw.sample_indices, raw.subsample_seed = drawn, subsample_seed
    return raw


def _wanted(n_images: int | None, n_subsample: int | None) -> int | None:
    """How many points are asked for; ValueError unless positive."""
    name, count = ("n_images", n_images) if n_subsample is None else ("n_subsample", n_subsample)
    if count is not None and count <= 0:
        raise ValueError(f"{name} must be positive, got {count}; leave it out to take every point")
    return count


def _transform(raw: RawData, flip_x: bool, flip_y: bool, swap_xy: bool, scale: float) -> None:
    """Flip, swap, then scale the positions; float64 copies, because unsigned ones cannot be negated."""
    if not (flip_x or flip_y or swap_xy or scale != 1.0):
        return
    signs = (-1.0 if flip_x else 1.0, -1.0 if flip_y else 1.0)
    for names in _AXES:
        axes = [
            sign * np.asarray(getattr(raw, name), np.float64) for name, sign in zip(names, signs, strict=True)
        ]
        for name, axis in zip(names, axes[::-1] if swap_xy else axes, strict=True):
            setattr(raw, name, scale * axis)
