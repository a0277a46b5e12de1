"""The client's product file: probe, object, positions and losses in metres (spec ``data.md`` 9)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data import hdf5
from ptychoparity.reference.data.files import replacing
from ptychoparity.reference.data.metadata import encode_metadata, parse_metadata
from ptychoparity.reference.data.npz import METADATA_KEY, canonical_axes

Array = NDArray[Any]
FilePath = str | PathLike[str]

FORMAT_ID = "ptychodus.product.hdf5"
FORMAT_VERSION = "1.0"
BUNDLE_VERSION = "1.0"
AXIS_ORDERS = {"NHW": (0, 1, 2), "HNW": (1, 0, 2), "HWN": (2, 0, 1)}

# Field of `ExportMeta`, its names in the file (the client renamed two; all are written, the first found is
# read) and whether a file must have it.
_SCALARS = (
    ("detector_distance_m", ("detector_object_distance_m",), True),
    ("probe_energy_eV", ("probe_energy_eV", "photon_energy_eV"), True),
    ("exposure_time_s", ("exposure_time_s",), True),
    ("probe_photon_count", ("probe_photon_count",), False),
    ("mass_attenuation_m2_kg", ("mass_attenuation_m2_kg", "mass_attenuation_m2_per_kg"), False),
    ("tomography_angle_deg", ("tomography_angle_deg",), False),
)
_PIXELS = ("pixel_width_m", "pixel_height_m")
_CENTRE = ("center_x_m", "center_y_m")
_POSITIONS = ("probe_position_x_m", "probe_position_y_m")
_INDEXES = "probe_position_indexes"
_PLACEHOLDER = "is_placeholder"
_RAW = "raw_data"
_RAW_COORDINATES = ("xcoords", "ycoords", "xcoords_start", "ycoords_start")


@dataclass(frozen=True)
class ExportMeta:
    """What a product says of the experiment, and the pixel grids of probe and object."""

    name: str = ""
    comments: str = ""
    detector_distance_m: float = 0.0
    probe_energy_eV: float = 0.0  # noqa: N815 - the name in the file
    exposure_time_s: float = 0.0
    probe_photon_count: float = 0.0
    mass_attenuation_m2_kg: float = 0.0
    tomography_angle_deg: float = 0.0
    object_pixel_width_m: float = 5e-8
    object_pixel_height_m: float = 5e-8
    probe_pixel_width_m: float = 1.25e-7
    probe_pixel_height_m: float = 1.25e-7
    object_center_x_m: float = 0.0
    object_center_y_m: float = 0.0

    def __post_init__(self) -> None:
        """ValueError for a number that is not finite, or a pixel size that is not positive."""
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(entry.default, str):
                _check_text(entry.name, value)
                continue
            if not math.isfinite(value) or ("_pixel_" in entry.name and value <= 0):
                limits = "positive" if "_pixel_" in entry.name else "finite"
                raise ValueError(f"{entry.name}: must be {limits}, got {value!r}")


@dataclass(frozen=True)
class RawSection:
    """The ``raw_data`` extension: the data set that a product was made from, one row a position.

    Attributes:
        coordinates: any of ``xcoords``, ``ycoords``, ``xcoords_start``, ``ycoords_start``, each ``(n,)``
            float64 object pixels.
        diffraction: ``(n, H, W)`` amplitude, or None.
        scan_index: ``(n,)``, or None.
        metadata: parsed ``_metadata``, or None.
    """

    coordinates: Mapping[str, Array] = field(default_factory=dict)
    diffraction: Array | None = None
    scan_index: Array | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Product:
    """A reconstruction or its starting point.

    Attributes:
        x_m, y_m: ``(n,)`` float64 probe positions in metres, world frame.
        position_indexes: ``(n,)`` integers, the diffraction pattern of each position.
        probe: ``(C, I, H, W)`` complex: coherent modes of the variable probe, incoherent modes.
        object: ``(L, H, W)`` complex layers.
        layer_spacing_m: ``(L - 1,)`` float64.
        opr_weights: ``(K, C)`` float64 weights of the coherent modes, or None.
        loss_values, loss_epochs: ``(E,)`` float64 and int64; epochs count from 0 unless given.
        meta: scalars and pixel grids.
        object_is_placeholder: the object is a stand-in because none was known.
        raw: the extension, or None.

    Raises:
        ValueError: shapes that do not fit each other, or positions that are not finite; names the item.
    """

    x_m: Array
    y_m: Array
    position_indexes: Array
    probe: Array
    object: Array
    layer_spacing_m: Array = field(default_factory=lambda: np.zeros(0))
    opr_weights: Array | None = None
    loss_values: Array = field(default_factory=lambda: np.zeros(0))
    loss_epochs: Array | None = None
    meta: ExportMeta = field(default_factory=ExportMeta)
    object_is_placeholder: bool = False
    raw: RawSection | None = None

    def __post_init__(self) -> None:
        if self.loss_epochs is None:
            object.__setattr__(self, "loss_epochs", np.arange(len(self.loss_values)))
        _check_product(self)


def read_product(path: FilePath) -> Product:
    """Read a product file; probe and object come with all their axes.

    ``costs`` stands in for ``loss_values``; weights of the variable probe are read from the attribute of
    ``probe`` and from a root dataset; unknown items are ignored. Nothing outside the file is opened.

    Raises:
        FileNotFoundError: no such file.
        KeyError: a required item is missing.
        ValueError: not an HDF5 file, or an item breaks the rules; the message names file and item.
    """
    with hdf5.opened(Path(path)) as file:
        probe, image = hdf5.require(file, "probe"), hdf5.require(file, "object")
        x_m, y_m = (_vector(file, name) for name in _POSITIONS)
        return Product(
            x_m=x_m,
            y_m=y_m,
            position_indexes=_whole(file, _INDEXES),
            probe=_leading_axes(hdf5.numbers(probe, "c", (2, 3, 4)), 4),
            object=_leading_axes(hdf5.numbers(image, "c", (2, 3)), 3),
            layer_spacing_m=_vector(file, "object_layer_spacing_m"),
            opr_weights=_read_weights(file, probe),
            loss_values=_vector(file, "loss_values", "costs"),
            loss_epochs=_whole(file, "loss_epochs") if hdf5.has(file, "loss_epochs") else None,
            meta=_read_meta(file, probe, image),
            object_is_placeholder=_PLACEHOLDER in image.attrs,
            raw=_read_raw(file, len(x_m)),
        )


def write_product(product: Product, path: FilePath) -> None:
    """Write a product file, whole or not at all; axes of length one that the format can do without go.

    Weights of the variable probe are written to the attribute of ``probe`` and to the root dataset, for
    the client's own reader knows only the latter.

    Raises:
        OSError: the file cannot be written.
        TypeError: metadata that JSON cannot hold.
    """
    # Attributes beyond 64 KiB, such as the weights of a long scan, need the format of HDF5 1.8.
    with replacing(Path(path)) as stream, h5py.File(stream.name, "w", libver=("v108", "v108")) as file:
        _write_meta(file, product.meta)
        for name, values in zip(_POSITIONS, (product.x_m, product.y_m), strict=True):
            file[name] = np.asarray(values, np.float64)
        file[_INDEXES] = np.asarray(product.position_indexes, np.int64)
        _write_probe(file, product)
        _write_object(file, product)
        file["loss_values"] = np.asarray(product.loss_values, np.float64)
        file["loss_epochs"] = np.asarray(product.loss_epochs, np.int64)
        if product.raw is not None:
            _write_raw(file, product.raw)


def _check_text(name: str, value: str) -> None:
    if "\0" in value or (not value.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise ValueError(f"{name}: {value!a} holds characters that HDF5 text cannot, remove them")


def _check_product(product: Product) -> None:
    count, layers, coherent = len(product.x_m), len(product.object), len(product.probe)
    for name, values, axes, length in (
        ("probe_position_x_m", product.x_m, 1, count),
        ("probe_position_y_m", product.y_m, 1, count),
        (_INDEXES, product.position_indexes, 1, count),
        ("probe", product.probe, 4, coherent),
        ("object", product.object, 3, layers),
        ("object_layer_spacing_m", product.layer_spacing_m, 1, layers - 1),
        ("loss_values", product.loss_values, 1, len(product.loss_values)),
        ("loss_epochs", product.loss_epochs, 1, len(product.loss_values)),
    ):
        shape = np.asarray(values).shape
        if len(shape) != axes or shape[0] != length:
            raise ValueError(f"{name}: shape {shape}, expected {axes} axes and first length {length}")
    for name, array in (("probe", product.probe), ("object", product.object)):
        if array.dtype.kind != "c" or 0 in array.shape:
            raise ValueError(f"{name}: expected a complex array, got {array.dtype} of shape {array.shape}")
    if product.opr_weights is not None and np.shape(product.opr_weights)[1:] != (coherent,):
        raise ValueError(
            f"opr_weights: shape {np.shape(product.opr_weights)}, expected (K, {coherent}), one column a "
            f"coherent mode of probe {product.probe.shape}"
        )
    for name, values in zip(_POSITIONS, (product.x_m, product.y_m), strict=True):
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: positions must be finite, found NaN or infinity")


def _vector(group: h5py.Group, *names: str) -> Array:
    return hdf5.numbers(hdf5.require(group, *names), "iuf", (1,)).astype(np.float64, copy=False)


def _whole(group: h5py.Group, name: str) -> Array:
    return hdf5.numbers(hdf5.require(group, name), "iu", (1,)).astype(np.int64, copy=False)


def _leading_axes(array: Array, rank: int) -> Array:
    return array.reshape((1,) * (rank - array.ndim) + array.shape)


def _read_weights(file: h5py.File, probe: h5py.Dataset) -> Array | None:
    found = []
    if "opr_weights" in probe.attrs:
        found.append(hdf5.array_attribute(probe, "opr_weights", (2,)))
    if hdf5.has(file, "opr_weights"):
        root = hdf5.numbers(hdf5.require(file, "opr_weights"), "iuf", (2,))
        found.append(root.astype(np.float64, copy=False))
    if len(found) == 2 and not np.array_equal(found[0], found[1], equal_nan=True):
        raise ValueError("opr_weights: attribute of probe and root dataset differ; keep one")
    return found[0] if found else None


def _read_meta(file: h5py.File, probe: h5py.Dataset, image: h5py.Dataset) -> ExportMeta:
    scalars: dict[str, float] = {}
    for target, names, required in _SCALARS:
        present = [name for name in names if name in file.attrs]
        if present or required:
            scalars[target] = hdf5.number_attribute(file, (present or names)[0])
    grids = {f"object_{name}": hdf5.number_attribute(image, name) for name in (*_PIXELS, *_CENTRE)}
    grids |= {f"probe_{name}": hdf5.number_attribute(probe, name) for name in _PIXELS}
    name, comments = (hdf5.text_attribute(file, name) for name in ("name", "comments"))
    return ExportMeta(name, comments, **scalars, **grids)


def _read_raw(file: h5py.File, count: int) -> RawSection | None:
    group = hdf5.find(file, _RAW)
    if group is None:
        return None
    if not isinstance(group, h5py.Group):
        raise ValueError(f"{_RAW}: expected a group, found a dataset")
    coordinates = {name: _vector(group, name) for name in _RAW_COORDINATES if hdf5.has(group, name)}
    labels = {
        name: hdf5.numbers(hdf5.require(group, name), "iuf", (1,))
        for name in ("scan_index",)
        if hdf5.has(group, name)
    }
    for name, values in (coordinates | labels).items():
        if len(values) != count:
            raise ValueError(f"{_RAW}/{name}: length {len(values)} differs from the {count} positions")
    text = hdf5.text(hdf5.require(group, METADATA_KEY)) if hdf5.has(group, METADATA_KEY) else None
    metadata = None if text is None else parse_metadata(text)
    return RawSection(coordinates, _read_diffraction(group, count), labels.get("scan_index"), metadata)


def _read_diffraction(group: h5py.Group, count: int) -> Array | None:
    """Patterns as ``(n, H, W)``: in the order the file declares if it fits, else as the shape tells."""
    if not hdf5.has(group, "diffraction"):
        return None
    dataset = hdf5.require(group, "diffraction")
    values = hdf5.numbers(dataset, "iuf", (3,))
    for attribute in ("axis_canonical", "original_axis_order"):
        if attribute not in dataset.attrs:
            continue
        order = hdf5.text_attribute(dataset, attribute)
        if order not in AXIS_ORDERS:
            raise ValueError(f"{dataset.name}: {attribute} {order!r}, expected {', '.join(AXIS_ORDERS)}")
        if values.shape[order.index("N")] == count:
            return np.ascontiguousarray(values.transpose(AXIS_ORDERS[order]))
    return np.ascontiguousarray(values.transpose(canonical_axes(values.shape, count)))


def _write_meta(file: h5py.File, meta: ExportMeta) -> None:
    file.attrs["format_id"], file.attrs["format_version"] = FORMAT_ID, FORMAT_VERSION
    file.attrs["name"], file.attrs["comments"] = meta.name, meta.comments
    for source, names, _ in _SCALARS:
        for name in names:
            file.attrs[name] = float(getattr(meta, source))


def _write_probe(file: h5py.File, product: Product) -> None:
    dataset = _compressed(file, "probe", _without_leading(product.probe, 2))
    for name in _PIXELS:
        dataset.attrs[name] = float(getattr(product.meta, f"probe_{name}"))
    if product.opr_weights is not None:
        weights = np.asarray(product.opr_weights, np.float64)
        dataset.attrs["opr_weights"] = weights
        file["opr_weights"] = weights


def _write_object(file: h5py.File, product: Product) -> None:
    dataset = _compressed(file, "object", _without_leading(product.object, 2))
    for name in (*_PIXELS, *_CENTRE):
        dataset.attrs[name] = float(getattr(product.meta, f"object_{name}"))
    if product.object_is_placeholder:
        dataset.attrs[_PLACEHOLDER] = 1
    file["object_layer_spacing_m"] = np.asarray(product.layer_spacing_m, np.float64)


def _write_raw(file: h5py.File, raw: RawSection) -> None:
    group = file.create_group(_RAW)
    for name, values in raw.coordinates.items():
        group[name] = np.asarray(values, np.float64)
    if raw.scan_index is not None:
        group["scan_index"] = raw.scan_index
    group["probeGuess"], group["objectGuess"] = file["probe"], file["object"]
    if raw.metadata is not None:
        group.create_dataset(METADATA_KEY, data=str(encode_metadata(raw.metadata)), dtype=h5py.string_dtype())
    if raw.diffraction is not None:
        dataset = _compressed(group, "diffraction", raw.diffraction)
        dataset.attrs["axis_canonical"] = dataset.attrs["original_axis_order"] = "NHW"
    file.attrs["bundle_version"] = BUNDLE_VERSION
    file.attrs["contains_raw_data"] = int(raw.diffraction is not None)


def _compressed(group: h5py.Group, name: str, values: Array) -> h5py.Dataset:
    return group.create_dataset(name, data=values, compression="gzip", compression_opts=4, shuffle=True)


def _without_leading(array: Array, rank: int) -> Array:
    while array.ndim > rank and array.shape[0] == 1:
        array = array[0]
    return array
