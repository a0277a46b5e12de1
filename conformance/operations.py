"""How a case's plain inputs become a call of the contract, and the names of what comes back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ptychoparity.backends.contract import Backend
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, from_json
from ptychoparity.reference.data import RawData

Inputs = Mapping[str, Any]
Outputs = dict[str, Any]


def _direct(name: str, arguments: str, output: str) -> Callable[[Backend, Inputs], Outputs]:
    """An operation that returns one array or number."""
    order = arguments.split()
    return lambda backend, inputs: {output: getattr(backend, name)(*(inputs[key] for key in order))}


def _named(name: str, arguments: str) -> Callable[[Backend, Inputs], Outputs]:
    """An operation that returns a named tuple."""
    order = arguments.split()
    return lambda backend, inputs: dict(getattr(backend, name)(*(inputs[key] for key in order))._asdict())


def _bridge(backend: Backend, inputs: Inputs) -> Outputs:
    """Bridge one configuration after the other onto a starting dictionary."""
    legacy, kept = dict(inputs["legacy"]), True
    for data in inputs["configs"]:
        config = from_json(data)
        if not isinstance(config, TrainingConfig | InferenceConfig):
            raise TypeError(f"cannot bridge {type(config).__name__}")
        before = dict(legacy)
        bridged = backend.bridge(config, legacy)
        kept = kept and legacy == before
        legacy = bridged
    return {"legacy": legacy, "start_kept": kept}


def _group(backend: Backend, inputs: Inputs) -> Outputs:
    """Group, and report the warnings that the user would see while grouping."""
    raw = _raw(inputs)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grouped = backend.group(raw, inputs["request"])
    seen = sorted(f"{item.category.__name__}: {item.message}" for item in caught)
    return {**grouped, "warnings": seen}


def _container(backend: Backend, inputs: Inputs) -> Outputs:
    """Make the backend's container of groups that the reference formed."""
    grouped = _raw(inputs).generate_grouped_data(**inputs["request"])
    return dict(backend.container(grouped, np.asarray(inputs["raw"]["probeGuess"])))


def _raw(inputs: Inputs) -> RawData:
    """Raw data of a case, with nominal positions and labels where the case gives them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is said of the file is not what is said of its groups
        raw = RawData.from_coords_without_pc(**inputs["raw"])
    for key, value in inputs["overlay"].items():
        setattr(raw, key, value)
    return raw


OPERATIONS: dict[str, Callable[[Backend, Inputs], Outputs]] = {
    "bridge": _bridge,
    "group": _group,
    "container": _container,
    "probe_mask": _direct("probe_mask", "side", "mask"),
    "soft_probe_mask": _direct("soft_probe_mask", "side sigma diameter", "mask"),
    "normalize_probe": _named("normalize_probe", "probe probe_scale"),
    "intensity_scale": _direct("intensity_scale", "amplitude nphotons", "scale"),
    "illuminate": _direct("illuminate", "patches probe", "exit_waves"),
    "smooth": _direct("smooth", "exit_waves sigma", "exit_waves"),
    "diffract": _direct("diffract", "exit_waves", "amplitude"),
    "forward": _direct("forward", "patches offsets probe padded scale", "amplitude"),
    "translate": _direct("translate", "images offsets", "images"),
    "object_patches": _direct("object_patches", "object positions side", "patches"),
    "assemble": _named("assemble", "patches offsets padded"),
    "extract": _direct("extract", "regions offsets side", "patches"),
    "stitch": _named("stitch", "patches positions crop"),
}
