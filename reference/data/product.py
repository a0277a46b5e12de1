"""`RawData` to the client's product file and back, pixels to metres and back (spec ``data.md`` 9)."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.npz import naming
from ptychoparity.reference.data.productfile import (
    ExportMeta,
    FilePath,
    Product,
    RawSection,
    read_product,
    write_product,
)
from ptychoparity.reference.data.rawdata import RawData

Array = NDArray[Any]

# A stand-in object larger than this is a mistake in the coordinates, not a scan.
_LARGEST_PLACEHOLDER = 2**15
# Stored pixels that differ by more from the product's metres are out of date.
_SAME_PIXEL = 1e-6
_LARGEST_INDEX = 2**53


def pixels_to_metres(pixels: Array, size: int, pixel_m: float, center_m: float) -> NDArray[np.float64]:
    """Positions in metres, world frame, of positions in object pixels along one axis.

    Args:
        pixels: positions, patch centres, along an axis of ``size`` pixels.
        size: of the object along the axis.
        pixel_m: side of a pixel in metres.
        center_m: where the middle of the object, ``size / 2``, lies.
    """
    return (np.asarray(pixels, np.float64) - size / 2) * pixel_m + center_m


def metres_to_pixels(metres: Array, size: int, pixel_m: float, center_m: float) -> NDArray[np.float64]:
    """Positions in object pixels of positions in metres; inverse of `pixels_to_metres`."""
    return (np.asarray(metres, np.float64) - center_m) / pixel_m + size / 2


def pixel_positions(product: Product) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(x, y)`` of a product's positions in object pixels, each ``(n,)``."""
    meta, (height, width) = product.meta, product.object.shape[-2:]
    return (
        metres_to_pixels(product.x_m, width, meta.object_pixel_width_m, meta.object_center_x_m),
        metres_to_pixels(product.y_m, height, meta.object_pixel_height_m, meta.object_center_y_m),
    )


def export_product_from_rawdata(
    raw: RawData, out_path: FilePath, meta: ExportMeta | None = None, include_raw: bool = True
) -> None:
    """Write a data set as a product file, whole or not at all.

    A data set without an object gets a flat one that covers the scan, marked as a placeholder. Patterns are
    numbered 0 to n-1 unless ``scan_index`` already numbers them uniquely: the client intersects these
    numbers with those of its frames.

    Args:
        raw: the data set; ``Y`` and ``norm_Y_I`` have no place in a product.
        out_path: HDF5 file to write.
        meta: scalars and pixel grids; by default zeros and the format's own pixel sizes.
        include_raw: add the ``raw_data`` group: amplitude patterns, pixels, start positions, metadata.

    Raises:
        ValueError: no probe, or coordinates that no stand-in object can cover.
        OSError: the file cannot be written.
    """
    meta = ExportMeta() if meta is None else meta
    if raw.probeGuess is None:
        raise ValueError("probeGuess: a product needs a probe, but this data set has none")
    image = _placeholder(raw) if raw.objectGuess is None else raw.objectGuess
    height, width = image.shape
    write_product(
        Product(
            x_m=pixels_to_metres(raw.xcoords, width, meta.object_pixel_width_m, meta.object_center_x_m),
            y_m=pixels_to_metres(raw.ycoords, height, meta.object_pixel_height_m, meta.object_center_y_m),
            position_indexes=_pattern_indexes(raw),
            probe=_modes_first(raw.probeGuess)[None],
            object=image[None],
            meta=meta,
            object_is_placeholder=raw.objectGuess is None,
            raw=_raw_section(raw) if include_raw else None,
        ),
        out_path,
    )


def import_product_to_rawdata(in_path: FilePath) -> RawData:
    """Read a product file as a data set in object pixels.

    The probe is the one without position-dependent weights, ``(N, N)`` or modes first; the object is layer 0,
    or None where the file marks it as a placeholder. With a ``raw_data`` group the patterns, the start
    positions, ``scan_index`` and the metadata come from there; without one ``diff3d`` is None, the start
    positions are the positions and ``scan_index`` is zeros.

    Raises:
        FileNotFoundError, KeyError: as `read_product`.
        ValueError: as `read_product`, or the data set breaks the rules of spec ``data.md`` 1.4.
    """
    product = read_product(in_path)
    raw = product.raw or RawSection()
    x, y = (
        _preferred(in_path, name, raw.coordinates.get(name), pixels)
        for name, pixels in zip(("xcoords", "ycoords"), pixel_positions(product), strict=True)
    )
    scan_index = np.zeros(len(x), np.int64) if raw.scan_index is None else raw.scan_index
    modes = product.probe[0]
    with naming(Path(in_path)):
        return RawData(
            x,
            y,
            raw.coordinates.get("xcoords_start", x.copy()),
            raw.coordinates.get("ycoords_start", y.copy()),
            raw.diffraction,
            modes[0] if len(modes) == 1 else modes,
            scan_index,
            None if product.object_is_placeholder else product.object[0],
            metadata=None if raw.metadata is None else dict(raw.metadata),
        )


def _preferred(path: FilePath, name: str, stored: Array | None, pixels: Array) -> Array:
    """The pixels as stored, which keep ties between positions exact, unless the product has moved on."""
    if stored is None:
        return pixels
    if np.abs(stored - pixels).max(initial=0.0) <= _SAME_PIXEL:
        return stored
    warnings.warn(
        f"{path}: raw_data/{name} disagrees with the product's positions in metres; using the metres",
        UserWarning,
        stacklevel=4,
    )
    return pixels


def _raw_section(raw: RawData) -> RawSection:
    names = ("xcoords", "ycoords", "xcoords_start", "ycoords_start")
    return RawSection({name: getattr(raw, name) for name in names}, raw.diff3d, raw.scan_index, raw.metadata)


def _modes_first(probe: Array) -> Array:
    """``(P, N, N)`` from any layout that `RawData` holds."""
    if probe.ndim == 3 and probe.shape[2] == 1:
        probe = probe[..., 0]
    return probe[None] if probe.ndim == 2 else probe


def _pattern_indexes(raw: RawData) -> Array:
    """``scan_index`` where it can serve as pattern numbers, else 0 to n-1."""
    count, labels = len(raw.xcoords), raw.scan_index
    if labels is not None and len(np.unique(labels)) == count:
        whole = (labels >= 0) & (labels < _LARGEST_INDEX) & (labels == np.floor(labels))
        if whole.all():
            return labels.astype(np.int64)
    return np.arange(count)


def _placeholder(raw: RawData) -> Array:
    """A flat object from pixel 0 to the far edge of the last patch, so that pixels stay as they are."""
    side = 1 if raw.probeGuess is None else raw.probeGuess.shape[1]
    extents = [math.ceil(max(float(axis.max()), 0.0) + side / 2) + 1 for axis in (raw.ycoords, raw.xcoords)]
    if max(extents) > _LARGEST_PLACEHOLDER:
        raise ValueError(
            f"objectGuess: absent, and a stand-in of {extents[0]} x {extents[1]} pixels that covers the "
            f"positions would exceed {_LARGEST_PLACEHOLDER}; give an object or positions in pixels"
        )
    return np.ones(extents, np.complex64)


__all__ = [
    "ExportMeta",
    "Product",
    "RawSection",
    "export_product_from_rawdata",
    "import_product_to_rawdata",
    "metres_to_pixels",
    "pixel_positions",
    "pixels_to_metres",
    "read_product",
    "write_product",
]
