"""How a case's plain inputs become a call of the contract, and the names of what comes back."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.backends.contract import Array, Backend
from ptychoparity.conformance.storage import same
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, from_json, legacy, to_json
from ptychoparity.reference.config.codec import Configuration, values_from_json, values_to_json
from ptychoparity.reference.config.native import NativeConfigs
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


def _members(name: str, arguments: str) -> Callable[[Backend, Inputs], Outputs]:
    """An operation that returns a dictionary of arrays."""
    order = arguments.split()
    return lambda backend, inputs: dict(getattr(backend, name)(*(inputs[key] for key in order)))


def _bridge(backend: Backend, inputs: Inputs) -> Outputs:
    """Bridge one configuration after the other onto a starting dictionary."""
    found, kept = dict(inputs["legacy"]), True
    for data in inputs["configs"]:
        config = _canonical(data)
        before = dict(found)
        bridged = backend.bridge(config, found)
        kept = kept and found == before and to_json(config) == data
        found = bridged
    return {"legacy": found, "start_kept": kept}


def _to_native(backend: Backend, inputs: Inputs) -> Outputs:
    """Derive native configurations; then translate them back and bridge what comes back."""
    config = _canonical(inputs["config"])
    with _watched() as effects:
        configs, overrides = backend.to_native(config)
    effects["inputs kept"] = to_json(config) == inputs["config"]
    found = {"native": _flat(configs), "overrides": values_to_json(overrides), "effects": effects}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cases of `to_canonical` count them
        again = backend.to_canonical(configs, overrides)
    return {**found, "legacy": backend.bridge(again, dict(inputs["legacy"]))}


def _to_canonical(backend: Backend, inputs: Inputs) -> Outputs:
    """Translate one set of native configurations after the other, and bridge each onto a dictionary."""
    outputs: Outputs = {"legacy": dict(inputs["legacy"])}
    for item in inputs["sets"]:
        configs, overrides = _native(item["native"]), values_from_json(item["overrides"])
        with _watched() as effects:
            config = backend.to_canonical(configs, overrides)
        effects["inputs kept"] = {"native": to_json(configs), "overrides": values_to_json(overrides)} == item
        name = "training" if isinstance(config, TrainingConfig) else "inference"
        bridged = backend.bridge(config, outputs["legacy"])
        outputs |= {"legacy": bridged, name: _flat(config), f"{name}_effects": effects}
    return outputs


@contextmanager
def _watched(entries: Inputs | None = None) -> Iterator[Outputs]:
    """What happens besides the answer: warnings by class, and a process-wide dictionary written to.

    Meanwhile the dictionary holds ``entries`` and nothing else, where they are given.
    """
    effects: Outputs = {}
    found = dict(legacy.cfg)
    if entries is not None:
        legacy.cfg.clear()
        legacy.cfg.update(entries)
    before = dict(legacy.cfg)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield effects
        effects.update(Counter(item.category.__name__ for item in caught))
        effects["legacy dictionary kept"] = legacy.cfg == before
    finally:
        legacy.cfg.clear()
        legacy.cfg.update(found)


@contextmanager
def _unlogged() -> Iterator[None]:
    """What is logged of a case's file concerns nobody who reads a recorder's output."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _canonical(data: Inputs) -> TrainingConfig | InferenceConfig:
    config = from_json(data)
    if not isinstance(config, TrainingConfig | InferenceConfig):
        raise TypeError(f"{type(config).__name__} is no training or inference configuration")
    return config


def _native(data: Inputs) -> NativeConfigs:
    configs = from_json(data)
    if not isinstance(configs, NativeConfigs):
        raise TypeError(f"{type(configs).__name__} is no set of native configurations")
    return configs


def _flat(config: Configuration) -> Outputs:
    """An encoded configuration with the fields of nested ones as ``model.N``."""
    flat: Outputs = {}
    for name, value in to_json(config)["fields"].items():
        if isinstance(value, dict) and "class" in value:
            flat |= {f"{name}.{inner}": item for inner, item in value["fields"].items()}
        else:
            flat[name] = value
    return flat


def _read_raw(backend: Backend, inputs: Inputs) -> Outputs:
    """Write the case's members to an NPZ file, and have it read; without members there is no file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.npz"
        if inputs["members"] is not None:
            _write_npz(path, inputs)
        with _watched() as effects, _unlogged():
            raw = backend.read_raw(path)
    return {**{key: _native_order(getattr(raw, key)) for key in RAW_KEYS}, "effects": effects}


def _write_npz(path: Path, inputs: Inputs) -> None:
    members: dict[str, Any] = {
        key: np.array(value, object if key in inputs["pickled"] else None)
        for key, value in inputs["members"].items()
    }
    np.savez(path, **members)
    content = path.read_bytes()
    path.write_bytes(content[: round(inputs["share"] * len(content))])


def _native_order(value: Any) -> Any:
    """An array in this machine's byte order; which one a reader keeps is its own affair."""
    return value.astype(value.dtype.newbyteorder("=")) if isinstance(value, np.ndarray) else value


def _group(backend: Backend, inputs: Inputs) -> Outputs:
    """Group, and report the warnings that the user would see while grouping, and what else it touches."""
    raw = _raw(inputs)
    before = {key: np.array(getattr(raw, key)) for key in RAW_KEYS[:-1] if getattr(raw, key) is not None}
    state = np.random.get_state()  # noqa: NPY002 - the stream that must stay as it is
    with _watched(inputs.get("legacy")) as effects, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grouped = backend.group(raw, inputs["request"])
    effects["random state kept"] = repr(np.random.get_state()) == repr(state)  # noqa: NPY002
    effects["inputs kept"] = all(same(np.asarray(getattr(raw, key)), kept) for key, kept in before.items())
    seen = sorted(f"{item.category.__name__}: {item.message}" for item in caught)
    return {**grouped, "warnings": seen, "effects": effects}


def _container(backend: Backend, inputs: Inputs) -> Outputs:
    """Make the backend's container of given groups, or of groups that the reference forms."""
    if "grouped" in inputs:
        return dict(backend.container(inputs["grouped"], np.asarray(inputs["probe"])))
    grouped = _raw(inputs).generate_grouped_data(**inputs["request"])
    return dict(backend.container(grouped, np.asarray(inputs["raw"]["probeGuess"])))


RAW_KEYS = (
    "xcoords",
    "ycoords",
    "xcoords_start",
    "ycoords_start",
    "diff3d",
    "probeGuess",
    "scan_index",
    "objectGuess",
    "Y",
    "metadata",
)
"""Attributes of raw data that a file decides."""

MEMORY: dict[str, Callable[[Array], Array]] = {
    "plain": lambda array: array,
    "columns first": np.asfortranarray,
    "every other": lambda array: np.repeat(array, 2, axis=0)[::2],
    "backwards": lambda array: np.ascontiguousarray(array[::-1])[::-1],
    "read-only": lambda array: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape),
}
"""How an array lies in memory; a case file keeps values and dtypes only."""


def _raw(inputs: Inputs) -> RawData:
    """Raw data of a case, with nominal positions and labels where the case gives them."""
    lay = MEMORY[inputs.get("memory", "plain")]
    given = {key: lay(part) if isinstance(part, np.ndarray) else part for key, part in inputs["raw"].items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is said of the file is not what is said of its groups
        raw = RawData.from_coords_without_pc(**given)
    for key, value in inputs["overlay"].items():
        setattr(raw, key, value)
    return raw


OPERATIONS: dict[str, Callable[[Backend, Inputs], Outputs]] = {
    "bridge": _bridge,
    "to_native": _to_native,
    "to_canonical": _to_canonical,
    "read_raw": _read_raw,
    "group": _group,
    "container": _container,
    "split": _members("split", "grouped probe fraction which"),
    "batch": _members("batch", "grouped probe indices nphotons scale supervised"),
    "default_probe": _direct("default_probe", "side scale", "probe"),
    "probe_from_patterns": _direct("probe_from_patterns", "amplitude scale", "probe"),
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
