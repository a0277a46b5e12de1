"""Lists of objects and probes, drawn or read from files, and patches of an object (spec ``data.md`` 7.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.npzfile import load_member, member_headers, opened
from ptychoparity.reference.simulation.experiment import HasSide, check_probe_arg
from ptychoparity.reference.simulation.methods import Seed
from ptychoparity.reference.simulation.objects import synthetic_objects
from ptychoparity.reference.simulation.probes import synthetic_probes
from ptychoparity.reference.simulation.scans import cut_patches

Array = NDArray[Any]
FilePath = str | PathLike[str]

MODES: Mapping[str, str] = MappingProxyType({"probe": "probeGuess", "object": "objectGuess"})
"""What `assemble_precomputed_images` collects, and under which key."""

_NOISE = ("phase_noise", "amp_noise")
_NOISY = ("fzp",)  # the methods that take it


def simulate_synthetic_objects(
    img_shape: tuple[int, int],
    data_config: HasSide,  # noqa: ARG001 - objects do not depend on it
    nimages: int,
    obj_method: str,
    obj_arg: Mapping[str, Any] | None = None,
    *,
    seed: Seed = 42,
) -> list[NDArray[np.complex64]]:
    """``nimages`` objects by `objects.synthetic_objects`; ``obj_arg`` holds arguments of the method."""
    return synthetic_objects(img_shape, obj_method, nimages, seed, **(obj_arg or {}))


def simulate_synthetic_probes(
    data_config: HasSide,
    nimages: int,
    probe_method: str,
    probe_arg: Mapping[str, Any] | None = None,
    *,
    seed: Seed = 42,
) -> list[NDArray[np.complex64]]:
    """``nimages`` probes of side N by `probes.synthetic_probes`.

    ``phase_noise`` and ``amp_noise`` of ``probe_arg`` go to the zone plate; the rest concerns experiments.

    Raises:
        ValueError: an entry of ``probe_arg`` that nothing reads; see `probes.synthetic_probes`.
    """
    given = probe_arg or {}
    check_probe_arg(given)
    arguments = {key: given[key] for key in _NOISE if key in given and probe_method in _NOISY}
    return synthetic_probes(data_config.N, probe_method, nimages, seed, **arguments)


def assemble_precomputed_images(
    dir_list: Sequence[FilePath] | FilePath, mode: str, single_dir: bool = False
) -> list[Array]:
    """The probe or the object of every NPZ file of some folders, files of each in the order of their names.

    Args:
        dir_list: folders, or one folder.
        mode: "probe" or "object".
        single_dir: insist on one.

    Raises:
        FileNotFoundError: no such folder, or no NPZ file in it.
        KeyError: a file without the key; names file, key and the keys present.
        ValueError: unknown ``mode``, several folders with ``single_dir``, a damaged file.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be {' or '.join(MODES)}, got {mode!r}")
    key = MODES[mode]
    folders = [Path(dir_list)] if isinstance(dir_list, str | PathLike) else [Path(item) for item in dir_list]
    if single_dir and len(folders) != 1:
        raise ValueError(f"single_dir: dir_list must be one folder, got {len(folders)}")
    return [stored(path, key) for folder in folders for path in _files(folder)]


def get_image_patches(obj: Array, x: Array, y: Array, data_config: HasSide) -> NDArray[np.complex64]:
    """Patches ``(n, N, N)`` of an object at positions in its pixels, by the rule of 3.9 for every size."""
    return cut_patches(obj, np.column_stack((x, y)).astype(np.float64), data_config.N)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    found = sorted(folder.glob("*.npz"))
    if not found:
        raise FileNotFoundError(f"{folder}: no NPZ file in this folder")
    return found


def stored(path: FilePath, key: str) -> Array:
    """One array of an NPZ file.

    Raises:
        FileNotFoundError, ValueError: no such file, no NPZ archive, a damaged member.
        KeyError: no such key; all name the file.
    """
    with opened(Path(path)) as archive:
        headers = member_headers(archive)
        if key not in headers:
            raise KeyError(f"{key} is missing, the file holds {', '.join(headers)}")
        return load_member(archive, key)
