"""Simulation at random positions, as the original's non-grid simulator (spec ``data.md`` 7.2).

`generate_simulated_data` here makes a `RawData` under a training configuration. The function of the same name
in `experiments` makes the arrays of one synthetic experiment, at positions on a jittered grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.config import InferenceConfig, TrainingConfig
from ptychoparity.reference.data.rawdata import RawData
from ptychoparity.reference.simulation.collection import stored
from ptychoparity.reference.simulation.positions import check_fits, uniform_positions, usable_buffer
from ptychoparity.reference.simulation.scans import simulated_members

Array = NDArray[Any]
FilePath = str | PathLike[str]

SEED = 42
_BUFFER = 0.35  # of the shorter side of the object


def load_probe_object(path: FilePath) -> tuple[Array, Array]:
    """``objectGuess`` and ``probeGuess`` of an NPZ file, in this order, two-dimensional and complex.

    Raises:
        RuntimeError: whatever stands against it; names the file and the cause.
    """
    try:
        whole, probe = (_plane(key, stored(path, key)) for key in ("objectGuess", "probeGuess"))
    except (KeyError, TypeError, ValueError, OSError) as error:
        cause = error.args[0] if isinstance(error, KeyError) else error
        raise RuntimeError(f"object and probe cannot be loaded from {fspath(path)}: {cause}") from error
    return whole, probe


def generate_simulated_data(
    config: TrainingConfig | InferenceConfig,
    objectGuess: Array,
    probeGuess: Array,
    buffer: float,
    return_patches: bool = True,
    *,
    seed: int = SEED,
) -> RawData | tuple[RawData, Array]:
    """Simulate a scan at positions drawn uniformly over an object.

    Everything comes from the arguments: no global state is read or written.

    Args:
        config: says how many positions (``n_groups``, else ``n_images``), ``nphotons``, ``model.gridsize``.
        objectGuess: ``(H, W)`` complex.
        probeGuess: ``(N, N)`` complex; its side is that of the patterns.
        buffer: border of the object in pixels that no position lies in; narrowed for small objects.
        return_patches: also return the patches that the patterns are of, ``(n, N, N, 1)``.
        seed: of positions and photon noise.

    Raises:
        ValueError: no number of positions, no ``nphotons``, arrays of the wrong kind, a patch larger than the
            object.
        NotImplementedError: a gridsize other than 1.
    """
    raw, patches = _simulated(config, objectGuess, probeGuess, buffer, seed, {})
    return (raw, patches) if return_patches else raw


def simulate_from_npz(
    config: TrainingConfig | InferenceConfig, path: FilePath, buffer: float | None = None, *, seed: int = SEED
) -> RawData:
    """Simulate a scan of the object in a file with the probe in it.

    Args:
        config: see `generate_simulated_data`.
        path: NPZ with ``objectGuess`` and ``probeGuess``.
        buffer: see `generate_simulated_data`; 0.35 of the object's shorter side by default.
        seed: of positions and photon noise.

    Raises:
        RuntimeError: see `load_probe_object`.
        ValueError, NotImplementedError: see `generate_simulated_data`.
    """
    whole, probe = load_probe_object(path)
    border = _BUFFER * min(whole.shape) if buffer is None else buffer
    return _simulated(config, whole, probe, border, seed, {"input_file": Path(path).name})[0]


def _simulated(
    config: TrainingConfig | InferenceConfig,
    objectGuess: Array,
    probeGuess: Array,
    buffer: float,
    seed: int,
    notes: Mapping[str, Any],
) -> tuple[RawData, Array]:
    count = config.n_groups if config.n_groups is not None else config.n_images
    if count is None:
        raise ValueError("config says neither n_groups nor n_images, the number of positions to simulate")
    nphotons = getattr(config, "nphotons", None)
    if nphotons is None:
        raise ValueError(
            f"config, a {type(config).__name__}, has no nphotons; simulate with a TrainingConfig"
        )
    objectGuess, probeGuess = _plane("objectGuess", objectGuess), _plane("probeGuess", probeGuess)
    height, width = objectGuess.shape
    check_fits((height, width), probeGuess.shape[0])
    positions = uniform_positions((height, width), count, buffer, seed)
    members = simulated_members(
        positions[:, 0],
        positions[:, 1],
        probeGuess,
        objectGuess,
        gridsize=config.model.gridsize,
        nphotons=nphotons,
        seed=seed,
        script=__name__,
        notes={"buffer": usable_buffer((height, width), buffer), **notes},
    )
    return RawData(**members), members["Y"]


def _plane(name: str, array: Array) -> Array:
    array = np.asarray(array)
    if array.ndim != 2 or array.dtype.kind != "c":
        raise ValueError(f"{name} must be two-dimensional and complex, got {array.dtype} {array.shape}")
    return array
