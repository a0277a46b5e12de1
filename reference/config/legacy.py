"""The legacy dictionary: one process-global mapping that older code reads its parameters from.

Populated through ``bridge`` before any data is loaded, grouped or modelled (CONFIG-001).  ``cfg`` is
the dictionary itself; ``get``, ``set`` and ``params`` are its guarded readers and writers (spec
``config.md`` 2).  ``set`` shadows the builtin in this module, because its users know it by that name.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .rules import FINITE

logger = logging.getLogger(__name__)

LEGACY_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "N": 128,
        "offset": 4,
        "gridsize": 2,
        "batch_size": 16,
        "nepochs": 60,
        "n_filters_scale": 2,
        "output_prefix": "outputs",
        "max_position_jitter": 10,
        "sim_jitter_scale": 0.0,
        "set_phi": False,
        "size": 392,
        "nimgs_train": 9,
        "nimgs_test": 3,
        "outer_offset_train": None,
        "outer_offset_test": None,
        "label": "",
        "big_gridsize": 10,
        "npseed": 42,
        "default_probe_scale": 0.7,
        "mae_weight": 0.0,
        "nll_weight": 1.0,
        "tv_weight": 0.0,
        "realspace_mae_weight": 0.0,
        "realspace_weight": 0.0,
        "nphotons": 1e9,
        "data_source": "generic",
        "probe.trainable": False,
        "intensity_scale.trainable": False,
        "positions.provided": False,
        "object.big": True,
        "probe.big": False,
        "probe_scale": 10.0,
        "probe.mask": True,
        "pad_object": True,
        "model_type": "pinn",
        "amp_activation": "sigmoid",
        "h5_path": "wts.h5",
        "debug": True,
        "gaussian_smoothing_sigma": 0.0,
        "use_xla_translate": True,
    }
)
"""The 40 built-in keys (spec ``config.md`` 2.1)."""

DATA_SOURCES = (
    "lines",
    "grf",
    "experimental",
    "points",
    "testimg",
    "diagonals",
    "xpp",
    "V",
    "generic",
)

RUNTIME_KEYS = frozenset({"intensity_scale", "probe", "timestamp"})
"""Keys that a run writes, also after ``seal``."""

cfg: dict[str, Any] = dict(LEGACY_DEFAULTS)

_MISSING = object()
_sealed = False


def get(key: str, default: Any = _MISSING) -> Any:
    """Read one parameter; ``bigN`` is computed anew and stored.

    Built-in keys that were removed from ``cfg`` are refilled first.

    Raises:
        KeyError: the key is absent and no default was given (``None`` is a default).
    """
    for name, value in LEGACY_DEFAULTS.items():
        cfg.setdefault(name, value)
    if key == "bigN":
        cfg["bigN"] = get_bigN()
    if key in cfg:
        return cfg[key]
    if default is _MISSING:
        raise KeyError(f"{key!r} is not in the legacy dictionary; set it first or pass a default")
    return default


def set(key: str, value: Any) -> None:
    """Store one parameter if the dictionary stays valid, else leave it as it was.

    After ``seal`` a key outside ``RUNTIME_KEYS`` is stored too, with a warning in the log.

    Raises:
        ValueError: as ``validate``.
    """
    _check({**cfg, key: value})
    if _sealed and key not in RUNTIME_KEYS:
        logger.warning("legacy key %r set after the configuration was sealed", key)
    cfg[key] = value


def params() -> dict[str, Any]:
    """Return a shallow copy of the dictionary, with ``bigN``."""
    return {**cfg, "bigN": get_bigN()}


def print_params() -> None:
    """Print all parameters sorted by key, arrays as shape and dtype."""
    for key, value in sorted(params().items()):
        print(f"{key}: {_summary(value)}")


def validate() -> bool:
    """Check the dictionary as it stands, direct writes and bridged values included; True if valid.

    Raises:
        ValueError: unknown ``data_source``, a real-space weight that is no finite number, or
            ``realspace_mae_weight`` without ``realspace_weight``.
    """
    _check(cfg)
    return True


def get_bigN() -> int:  # noqa: N802 - the name is part of the interface
    """Side in pixels of the region that a group covers: N + (gridsize - 1) * offset."""
    side: int = _value("N") + (_value("gridsize") - 1) * _value("offset")
    return side


def get_padding_size() -> int:
    """Pixels by which a region exceeds N: (gridsize - 1) * offset + max_position_jitter."""
    excess: int = (_value("gridsize") - 1) * _value("offset") + _value("max_position_jitter")
    return excess


def get_padded_size() -> int:
    """Side in pixels of the assembly canvas: bigN + max_position_jitter."""
    side: int = get_bigN() + _value("max_position_jitter")
    return side


def seal() -> None:
    """Mark configuration as complete: later ``set`` calls outside ``RUNTIME_KEYS`` are logged."""
    global _sealed
    _sealed = True


def unseal() -> None:
    """Undo ``seal``."""
    global _sealed
    _sealed = False


def _value(key: str) -> Any:
    return cfg.get(key, LEGACY_DEFAULTS[key])


def _check(values: Mapping[str, Any]) -> None:
    complete = {**LEGACY_DEFAULTS, **values}
    source = complete["data_source"]
    if not (isinstance(source, str) and source in DATA_SOURCES):
        raise ValueError(f"data_source must be one of {', '.join(DATA_SOURCES)}, got {source!r}")
    for key in ("realspace_mae_weight", "realspace_weight"):
        if not FINITE.holds(complete[key]):
            raise ValueError(f"{key} must be {FINITE.allowed}, got {complete[key]!r}")
    if complete["realspace_mae_weight"] > 0 and not complete["realspace_weight"] > 0:
        raise ValueError(
            f"realspace_mae_weight={complete['realspace_mae_weight']!r} needs realspace_weight > 0, "
            f"got realspace_weight={complete['realspace_weight']!r}; set realspace_weight first"
        )


def _summary(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} of shape {tuple(value.shape)}, dtype {value.dtype}"
    return repr(value)
