"""What a container holds, whichever framework makes it (spec ``data.md`` 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Grouped = Mapping[str, Array | None]

CONTAINER_KEYS = (
    "X",
    "Y",
    "Y_I",
    "Y_phi",
    "coords_nominal",
    "coords_true",
    "global_offsets",
    "local_offsets",
    "nn_indices",
    "probe",
)
REQUIRED = ("X_full", "coords_relative", "coords_offsets", "nn_indices")


def check_grouped(grouped: Grouped) -> None:
    """Refuse grouped data that no container can be made of.

    Raises:
        ValueError: required keys are missing, or ``Y`` is not complex64 (DATA-001) or not of the shape of
            ``X_full``.
        TypeError: ``X_full`` is not float32.
    """
    present = {key: array for key, array in grouped.items() if array is not None}
    missing = [key for key in REQUIRED if key not in present]
    if missing:
        raise ValueError(f"grouped data lacks {', '.join(missing)}; present are {', '.join(sorted(present))}")
    patterns, labels = present["X_full"], present.get("Y")
    if patterns.dtype != np.float32:
        raise TypeError(f"X_full must be float32, got {patterns.dtype}")
    if labels is not None and labels.dtype != np.complex64:
        raise ValueError(f"Y must be complex64 (DATA-001), got {labels.dtype}")
    if labels is not None and labels.shape != patterns.shape:
        raise ValueError(f"Y of shape {labels.shape} does not fit X_full of shape {patterns.shape}")


def container_sources(grouped: Grouped) -> dict[str, Array]:
    """The NumPy arrays of a container before a framework makes tensors of them.

    ``coords_nominal`` comes from the nominal (start) positions and ``coords_true`` from the corrected
    ones; without labels, ``Y`` is one everywhere. Keys: X, Y, coords_nominal, coords_true,
    global_offsets, local_offsets, nn_indices.

    Raises:
        ValueError, TypeError: see `check_grouped`.
    """
    check_grouped(grouped)
    relative, start, labels = (grouped.get(k) for k in ("coords_relative", "coords_start_relative", "Y"))
    patterns = np.asarray(grouped["X_full"])
    return {
        "X": patterns,
        "Y": np.ones(patterns.shape, np.complex64) if labels is None else labels,
        "coords_nominal": np.asarray(relative if start is None else start, np.float32),
        "coords_true": np.asarray(relative, np.float32),
        "global_offsets": np.asarray(grouped["coords_offsets"], np.float64),
        "local_offsets": np.asarray(relative, np.float64),
        "nn_indices": np.asarray(grouped["nn_indices"], np.int32),
    }


def container_arrays(grouped: Grouped, probe: Array, real: np.dtype[Any]) -> dict[str, Array]:
    """Every array of a container, computed in the real precision ``real``.

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7.
        probe: ``(P, N, N)`` or ``(N, N)`` complex, kept as given.
        real: precision of amplitudes and phases.

    Returns:
        `container_sources`, and Y_I = abs(Y), Y_phi = angle(Y) in [-pi, pi], both ``(B, N, N, C)``,
        and the probe.
    """
    arrays = container_sources(grouped)
    precise = arrays["Y"].astype(np.result_type(real, np.complex64))
    arrays["Y_I"] = np.abs(precise)
    arrays["Y_phi"] = np.angle(precise)
    arrays["probe"] = np.asarray(probe)
    return arrays
