"""The JSON metadata that a data file may embed (spec ``data.md`` 1.5)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PHOTON_TOLERANCE = 1e-9


def parse_metadata(text: str) -> dict[str, Any] | None:
    """Parse the text of ``_metadata``; anything but a JSON object gives None and a UserWarning."""
    try:
        parsed = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
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

    NumPy scalars and arrays become plain JSON; TypeError for anything else JSON cannot hold.
    """
    return np.array(json.dumps(metadata, default=_plain))


def validate_parameters(metadata: Mapping[str, Any], config: object) -> list[str]:
    """Compare the metadata's ``nphotons``, ``N`` and ``gridsize`` with a configuration.

    Args:
        metadata: parsed metadata; parameters that it lacks are not compared.
        config: a mapping of legacy keys, or a training or inference configuration whose ``model`` holds
            what the configuration itself does not.

    Returns:
        One line for each mismatch, naming the parameter and both values; ``nphotons`` may differ by 1e-9.
    """
    parameters = metadata.get("physics_parameters")
    if not isinstance(parameters, Mapping):
        return []
    mismatches = []
    for name in ("nphotons", "N", "gridsize"):
        stored, configured = parameters.get(name), _configured(config, name)
        if stored is not None and configured is not None and _differ(name, stored, configured):
            mismatches.append(f"{name}: metadata says {stored}, configuration says {configured}")
    return mismatches


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
    raise TypeError(f"_metadata: {type(value).__name__} cannot be written as JSON")
