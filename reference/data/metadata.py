"""The JSON metadata that a data file may embed (spec ``data.md`` 1.5)."""

from __future__ import annotations

import json
import math
import os
import platform
import warnings
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCHEMA_VERSION = "1.0.0"
DEFAULT_NPHOTONS = 1e9
COMPARED = ("nphotons", "N", "gridsize")
"""Parameters in which a data set and a configuration, or two data sets, must agree."""

_PHOTON_TOLERANCE = 1e-9
_PHYSICS = (
    "nphotons",
    "gridsize",
    "N",
    "probe_trainable",
    "intensity_scale_trainable",
    "nll_weight",
    "model_type",
)
_TRAINING = ("n_images", "batch_size", "nepochs")
_OTHER_NAMES = {
    "probe_trainable": "probe.trainable",
    "intensity_scale_trainable": "intensity_scale.trainable",
    "n_images": "n_groups",
}
_STRATEGIES = ("preserve_first", "validate_consistent")

Metadata = dict[str, Any]


def create_metadata(
    config: object,
    script_name: str,
    *,
    created: datetime | None = None,
    hostname: str | None = None,
    **extra: Any,
) -> Metadata:
    """Metadata of a data set made under a configuration.

    Args:
        config: a mapping of legacy keys, or a training or inference configuration; what it lacks is left out.
        script_name: what makes the data set.
        created: aware time of creation; by default now.
        hostname: where it is made; by default this machine's name.
        **extra: kept as ``additional_parameters``: ``buffer``, ``seed``, ``input_file``,
            ``simulation_type`` and the like.
    """
    metadata: Metadata = {
        "schema_version": SCHEMA_VERSION,
        "creation_info": {
            "timestamp": _timestamp(created),
            "script": script_name,
            "hostname": platform.node() if hostname is None else hostname,
            "ptychopinn_version": _version(),
        },
        "physics_parameters": _parameters(config, _PHYSICS),
        "training_parameters": _parameters(config, _TRAINING),
        "data_transformations": [],
    }
    return metadata | ({"additional_parameters": extra} if extra else {})


def add_transformation_record(
    metadata: Mapping[str, Any],
    tool: str,
    operation: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
) -> Metadata:
    """A copy of the metadata with one more entry in ``data_transformations``.

    Args:
        metadata: left as it is.
        tool: what transformed the data.
        operation: what it did.
        parameters: with which settings.
        at: aware time of the transformation; by default now.

    Raises:
        ValueError: ``data_transformations`` is there and is not a list.
    """
    changed = deepcopy(dict(metadata))
    records = changed.setdefault("data_transformations", [])
    if not isinstance(records, list):
        raise ValueError(f"data_transformations: expected a list, got {type(records).__name__}")
    record = {"tool": tool, "timestamp": _timestamp(at), "operation": operation}
    records.append(record | {"parameters": deepcopy(dict(parameters or {}))})
    return changed


def get_nphotons(
    metadata: Mapping[str, Any] | None, default: float = DEFAULT_NPHOTONS, config: object | None = None
) -> float:
    """Photons per pattern: of the metadata, else of the configuration, else ``default`` (6.1 rule 5).

    It is looked for under ``physics_parameters``, then at the top of the metadata.

    Args:
        metadata: parsed metadata, or None.
        default: where neither says.
        config: a mapping of legacy keys or a configuration.

    Raises:
        ValueError: the value found is not a positive finite number.
    """
    found = recorded_nphotons(metadata)
    source = "metadata"
    if found is None and config is not None:
        found, source = _configured(config, "nphotons"), "configuration"
    value = default if found is None else found
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"nphotons: {source} says {value!r}, expected a positive number of photons")
    return float(value)


def recorded_nphotons(metadata: Mapping[str, Any] | None) -> Any:
    """What metadata say about photons per pattern, unjudged; None where they say nothing."""
    if metadata is None:
        return None
    found = _physics(metadata).get("nphotons")
    return metadata.get("nphotons") if found is None else found


def merge_metadata(
    sources: Sequence[Mapping[str, Any] | None],
    strategy: str = "preserve_first",
    *,
    at: datetime | None = None,
) -> Metadata:
    """Metadata of a data set put together from several: the first ones, with ``merge_info``.

    Args:
        sources: metadata of each; those that are None count for nothing.
        strategy: "preserve_first", or "validate_consistent" to refuse parts that differ in `COMPARED`.
        at: aware time of the merge; by default now.

    Returns:
        A copy; a stub of ``source_count`` 0 where all are None.

    Raises:
        ValueError: unknown strategy, or parts that differ; names the parameter and both values.
    """
    if strategy not in _STRATEGIES:
        raise ValueError(f"strategy {strategy!r} is unknown, expected {' or '.join(_STRATEGIES)}")
    given = [source for source in sources if source is not None]
    if strategy == "validate_consistent":
        _check_consistent(given)
    merged = deepcopy(dict(given[0])) if given else {"schema_version": SCHEMA_VERSION}
    info = {"timestamp": _timestamp(at), "strategy": strategy, "source_count": len(given)}
    return merged | {"merge_info": info}


def parse_metadata(text: str) -> Metadata | None:
    """Parse the text of ``_metadata``; anything but a JSON object gives None and a UserWarning."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        warnings.warn(f"_metadata: ignored, not valid JSON ({error})", UserWarning, stacklevel=3)
        return None
    if not isinstance(parsed, dict):
        warnings.warn(
            f"_metadata: ignored, expected a JSON object, got {type(parsed).__name__}",
            UserWarning,
            stacklevel=3,
        )
        return None
    return parsed


def encode_metadata(metadata: Mapping[str, Any]) -> NDArray[np.str_]:
    """The metadata as a 0-d unicode array, which every reader can load without pickle.

    NumPy scalars and arrays and paths become plain JSON; TypeError for anything else JSON cannot hold.
    """
    return np.array(json.dumps(metadata, default=_plain))


def decode_metadata(encoded: NDArray[Any]) -> str:
    """The text that `encode_metadata` stored, or something that is not JSON."""
    return str(encoded.item() if encoded.size == 1 else encoded)


def validate_parameters(metadata: Mapping[str, Any], config: object) -> list[str]:
    """Compare the metadata's ``nphotons``, ``N`` and ``gridsize`` with a configuration.

    Args:
        metadata: parsed metadata; parameters that it lacks are not compared.
        config: a mapping of legacy keys, or a training or inference configuration whose ``model`` holds
            what the configuration itself does not.

    Returns:
        One line for each mismatch, naming the parameter and both values; ``nphotons`` may differ by 1e-9.
    """
    parameters = _physics(metadata)
    mismatches = []
    for name in COMPARED:
        stored, configured = parameters.get(name), _configured(config, name)
        if stored is not None and configured is not None and _differ(name, stored, configured):
            mismatches.append(f"{name}: metadata says {stored}, configuration says {configured}")
    return mismatches


def _physics(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = metadata.get("physics_parameters")
    return parameters if isinstance(parameters, Mapping) else {}


def _check_consistent(sources: Iterable[Mapping[str, Any]]) -> None:
    """ValueError for two sources that differ in a parameter that both hold."""
    parameters = [_physics(source) for source in sources]
    for name in COMPARED:
        values = [held[name] for held in parameters if held.get(name) is not None]
        for value in values[1:]:
            if _differ(name, values[0], value):
                raise ValueError(
                    f"{name}: sources differ, {values[0]} and {value}; use strategy 'preserve_first' or "
                    "merge data sets of equal parameters"
                )


def _parameters(config: object, names: Iterable[str]) -> dict[str, Any]:
    """What a configuration says under names of the format; names without a value are left out."""
    found = {name: _configured(config, name) for name in names}
    for name, other in _OTHER_NAMES.items():
        if name in found and found[name] is None:
            found[name] = _configured(config, other)
    return {name: value for name, value in found.items() if value is not None}


def _timestamp(moment: datetime | None) -> str:
    """ISO 8601 in UTC with a trailing Z; ValueError for a time without a zone."""
    moment = datetime.now(UTC) if moment is None else moment
    if moment.tzinfo is None:
        raise ValueError(f"time {moment.isoformat()} has no time zone; use datetime.now(UTC)")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _version() -> str:
    try:
        return version("ptychoparity")
    except PackageNotFoundError:  # run from its folder
        return "unknown"


def _differ(name: str, stored: Any, configured: Any) -> bool:
    if name == "nphotons" and isinstance(stored, int | float):
        return not abs(stored - configured) <= _PHOTON_TOLERANCE
    return bool(stored != configured)


def _configured(config: object, name: str) -> Any:
    if isinstance(config, Mapping):
        return config.get(name)
    return getattr(config, name, getattr(getattr(config, "model", None), name, None))


def _plain(value: object) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"_metadata: {type(value).__name__} cannot be written as JSON")
