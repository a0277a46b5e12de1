"""What a container holds, whichever framework makes it (spec ``data.md`` 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ptychoparity.reference.data.rawdata import RawData
from ptychoparity.reference.data.scales import mean_energy, scaling_constants
from ptychoparity.reference.data.validation import probe_modes

Array = NDArray[Any]
Grouped = Mapping[str, Any]
Contents = dict[str, Any]

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
WHOLE = frozenset({"objectGuess", "sample_indices", "norm_Y_I"})
"""Keys of grouped data that belong to all groups together; every other array has a row for each group."""

# The pair of positions that stands in where the plain one is absent (spec data.md 3.7).
_STAND_INS = {"coords_relative": "coords_start_relative", "coords_offsets": "coords_start_offsets"}

# Shapes in groups B, pattern side N and channels C, as X or X_full of shape (B, N, N, C) gives them.
_GROUPED_SHAPES = {
    "Y": "BNNC",
    "coords_relative": "B12C",
    "coords_start_relative": "B12C",
    "coords_offsets": "B121",
    "nn_indices": "BC",
}
_MEMBER_SHAPES = {
    "Y": "BNNC",
    "Y_I": "BNNC",
    "Y_phi": "BNNC",
    "coords_nominal": "B12C",
    "coords_true": "B12C",
    "global_offsets": "B121",
    "local_offsets": "B12C",
    "nn_indices": "BC",
}
# The dtype of each member, and the kinds of dtype that it may be given in.
_MEMBER_DTYPES: dict[str, tuple[DTypeLike, str]] = {
    "X": (np.float32, "iuf"),
    "Y": (np.complex64, "c"),
    "Y_I": (np.float32, "iuf"),
    "Y_phi": (np.float32, "iuf"),
    "YY_full": (np.complex64, "iufc"),
    "coords_nominal": (np.float32, "iuf"),
    "coords_true": (np.float32, "iuf"),
    "nn_indices": (np.int32, "iu"),
    "global_offsets": (np.float64, "iuf"),
    "local_offsets": (np.float64, "iuf"),
    "probe": (np.complex64, "iufc"),
}
_OPTIONAL = ("Y", "Y_I", "Y_phi", "YY_full")


def check_grouped(grouped: Grouped) -> None:
    """Refuse grouped data that no container can be made of.

    Raises:
        ValueError: required keys are missing, ``Y`` is not complex64 (DATA-001), or an array does not fit
            the shape of ``X_full``.
        TypeError: ``X_full`` is not float32.
    """
    present = {key: value for key, value in grouped.items() if value is not None}
    missing = [key for key in REQUIRED if key not in present and _STAND_INS.get(key) not in present]
    if missing:
        raise ValueError(f"grouped data lacks {', '.join(missing)}; present are {', '.join(sorted(present))}")
    patterns, labels = present["X_full"], present.get("Y")
    if patterns.dtype != np.float32:
        raise TypeError(f"X_full must be float32, got {patterns.dtype}")
    if labels is not None and labels.dtype != np.complex64:
        raise ValueError(f"Y must be complex64 (DATA-001), got {labels.dtype}")
    _check_shapes(present, "X_full", _GROUPED_SHAPES)


def container_contents(grouped: Grouped, probe: Any) -> Contents:
    """The NumPy arrays of a container before a framework makes tensors of them; nothing is copied.

    ``coords_nominal`` comes from the nominal (start) positions and ``coords_true`` from the corrected ones;
    they are the same where there is one pair only.

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7; it may also hold the number ``norm_Y_I``.
        probe: ``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)``.

    Returns:
        As `settled`, with ``Y`` in place of ``Y_I`` and ``Y_phi``.

    Raises:
        ValueError, TypeError: see `check_grouped` and `settled`.
    """
    check_grouped(grouped)
    relative, offsets = (_first(grouped, key, other) for key, other in _STAND_INS.items())
    return settled(
        {
            "X": grouped["X_full"],
            "Y": grouped.get("Y"),
            "norm_Y_I": grouped.get("norm_Y_I"),
            "YY_full": grouped.get("objectGuess"),
            "coords_nominal": _first(grouped, "coords_start_relative", "coords_relative"),
            "coords_true": relative,
            "nn_indices": grouped["nn_indices"],
            "global_offsets": offsets,
            "local_offsets": relative,
            "probe": probe,
        }
    )


def settled(contents: Mapping[str, Any]) -> Contents:
    """The members of a container in their dtypes, their shapes checked; arrays that fit are not copied.

    Labels are ``Y``, or ``Y_I`` and ``Y_phi``, or None for a container that has none.

    Raises:
        TypeError: a dtype that its member cannot be made of.
        ValueError: an array that does not fit the shape of ``X``, one of ``Y_I`` and ``Y_phi`` without the
            other, or a probe of another side or layout.
    """
    made: Contents = {key: _cast(key, contents.get(key)) for key in _MEMBER_DTYPES}
    if (made["Y_I"] is None) != (made["Y_phi"] is None):
        raise ValueError(
            "Y_I and Y_phi belong together; give both, or None for both where there are no labels"
        )
    _check_shapes({key: array for key, array in made.items() if array is not None}, "X", _MEMBER_SHAPES)
    _, side = probe_modes(made["probe"].shape)
    if side != made["X"].shape[1]:
        raise ValueError(
            f"probeGuess of shape {made['probe'].shape} does not fit X of shape {made['X'].shape}"
        )
    norm = contents.get("norm_Y_I")
    return made | {"norm_Y_I": None if norm is None else float(norm)}


def container_arrays(grouped: Grouped, probe: Array, real: np.dtype[Any]) -> dict[str, Array]:
    """Every array of a container, computed in the real precision ``real``.

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7.
        probe: ``(P, N, N)`` or ``(N, N)`` complex, kept as given.
        real: precision of amplitudes and phases.

    Returns:
        The members `CONTAINER_KEYS`: ``Y`` is one everywhere where there are no labels, ``Y_I`` = abs(Y)
        and ``Y_phi`` = angle(Y) in [-pi, pi] are ``(B, N, N, C)``.
    """
    arrays = container_contents(grouped, probe)
    if arrays["Y"] is None:
        arrays["Y"] = np.ones(arrays["X"].shape, np.complex64)
    precise = arrays["Y"].astype(np.result_type(real, np.complex64))
    arrays["Y_I"], arrays["Y_phi"] = np.abs(precise), np.angle(precise)
    return {key: arrays[key] for key in CONTAINER_KEYS}


def split_grouped(grouped: Grouped, fraction: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Cut grouped data into its first ``int(B * fraction)`` groups and the rest, in every per-group array.

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7.
        fraction: from 0 to 1.

    Returns:
        Views of the training and of the test part; `WHOLE` keys and None are in both.

    Raises:
        ValueError: another fraction, or an array that has no row for each group.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"the training fraction must lie between 0 and 1, got {fraction}")
    check_grouped(grouped)
    groups = len(grouped["X_full"])
    per_group = {key for key, value in grouped.items() if value is not None and key not in WHOLE}
    odd = sorted(key for key in per_group if np.shape(grouped[key])[:1] != (groups,))
    if odd:
        shapes = ", ".join(f"{key} {np.shape(grouped[key])}" for key in odd)
        raise ValueError(f"cannot split {groups} groups: {shapes} have another number of rows")
    cut = int(groups * fraction)
    train, test = (
        {key: value[rows] if key in per_group else value for key, value in grouped.items()}
        for rows in (slice(cut), slice(cut, None))
    )
    return train, test


def selected(cb: Callable[[], Any], which: str | None, create_split: bool) -> Grouped:
    """The grouped data that a loader is asked for (spec ``data.md`` 4.1).

    Args:
        cb: gives grouped data, or with ``create_split`` the pair of grouped data and training fraction.
        which: ``train`` or ``test`` with ``create_split``; irrelevant without.
        create_split: whether to cut the data.

    Raises:
        TypeError: ``cb`` gives something else.
        ValueError: another ``which``, a part without groups, or as `split_grouped`.
    """
    given: Any = cb()
    expected: type[Any] = tuple if create_split else Mapping
    if not isinstance(given, expected):
        wanted = "(grouped data, training fraction)" if create_split else "grouped data"
        raise TypeError(f"with create_split={create_split} cb must give {wanted}, got {type(given).__name__}")
    if not create_split:
        grouped: Grouped = given
        return grouped
    if which not in ("train", "test"):
        raise ValueError(f"which must be 'train' or 'test' with create_split, got {which!r}")
    grouped, fraction = given
    part = split_grouped(grouped, fraction)[which == "test"]
    if not len(part["X_full"]):
        raise ValueError(
            f"the {which} part of {len(grouped['X_full'])} groups is empty with training fraction {fraction}"
        )
    return part


def with_norm(grouped: Grouped, nphotons: float | None = None) -> Grouped:
    """Grouped data with the scale ``norm_Y_I``: its own, else sqrt(nphotons / mean energy of ``X_full``).

    Args:
        grouped: the dictionary of spec ``data.md`` 3.7.
        nphotons: None for that of the legacy dictionary.

    Raises:
        ValueError, TypeError: see `check_grouped`; patterns without energy, or no photons.
    """
    check_grouped(grouped)
    if grouped.get("norm_Y_I") is not None:
        return grouped
    if nphotons is None:
        from ptychoparity.reference.config import legacy

        nphotons = float(legacy.get("nphotons"))
    patterns = grouped["X_full"]
    _, norm = scaling_constants(mean_energy(patterns), patterns.shape[1], nphotons)
    return {**grouped, "norm_Y_I": norm}


def grouped_without_pc(
    x: Array,
    y: Array,
    diff3d: Array,
    probe: Array,
    scan_index: Array | None,
    objectGuess: Array | None = None,
    N: int | None = None,
    K: int = 7,
    nsamples: int = 1,
) -> dict[str, Any]:
    """Groups of a scan without position correction; N None is the side of the patterns.

    Raises:
        TypeError, ValueError: as `RawData` and its `generate_grouped_data`.
    """
    raw = RawData.from_coords_without_pc(x, y, diff3d, probe, scan_index, objectGuess)
    side = np.shape(diff3d)[-1] if N is None else N
    return raw.generate_grouped_data(side, K=K, nsamples=nsamples)


def _first(grouped: Grouped, key: str, other: str) -> Any:
    value = grouped.get(key)
    return grouped.get(other) if value is None else value


def _cast(key: str, value: Any) -> Array | None:
    if value is None and key in _OPTIONAL:
        return None
    dtype, kinds = _MEMBER_DTYPES[key]
    array = np.asarray(value)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{key}: dtype {array.dtype} is not allowed, {np.dtype(dtype)} is made of it")
    return array.astype(dtype, copy=False)


def _check_shapes(arrays: Mapping[str, Any], patterns: str, shapes: Mapping[str, str]) -> None:
    """ValueError where an array does not fit the patterns ``(B, N, N, C)``."""
    shape = arrays[patterns].shape
    if len(shape) != 4 or shape[1] != shape[2] or 0 in shape:
        raise ValueError(f"{patterns} must have shape (B, N, N, C), got {shape}")
    sizes = dict(zip("BNC12", (shape[0], shape[1], shape[3], 1, 2), strict=True))
    for key, letters in shapes.items():
        expected = tuple(sizes[letter] for letter in letters)
        if key in arrays and np.shape(arrays[key]) != expected:
            raise ValueError(
                f"{key} of shape {np.shape(arrays[key])} does not fit {patterns} of shape {shape}: "
                f"expected {expected}"
            )
