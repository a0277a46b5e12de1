"""One synthetic or labelled experiment: its arrays, what they must obey, its file (spec ``data.md`` 7.4)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ptychoparity.reference.config.schema import did_you_mean
from ptychoparity.reference.data.files import replacing
from ptychoparity.reference.data.metadata import create_metadata, encode_metadata
from ptychoparity.reference.data.npz import METADATA_KEY
from ptychoparity.reference.data.validation import check_structure
from ptychoparity.reference.simulation.forward import probe_modes
from ptychoparity.reference.simulation.methods import Seed, check_whole
from ptychoparity.reference.simulation.positions import check_fits
from ptychoparity.reference.simulation.scans import simulate_scan

Array = NDArray[Any]
Experiment = dict[str, Array]
"""Arrays under the names of spec ``data.md`` 1.1: ``numpy.savez`` of them is a valid data set."""

PHOTONS = (5e5, 1e6)
"""An experiment's photons a pattern are drawn from this range, once, unless they are given."""

PROBE_ARGUMENTS = ("beamstop_diameter", "probe_name_idx", "phase_noise", "amp_noise")


class HasSide(Protocol):
    """What is read of a data configuration, such as `reference.config.native.DataConfig`."""

    N: int


def simulated_experiment(
    positions: Array,
    probeGuess: Array,
    objectGuess: Array,
    probe_arg: Mapping[str, Any],
    generator: np.random.Generator,
    notes: Mapping[str, Any],
    nphotons: float | None = None,
    scan_index: Array | None = None,
) -> Experiment:
    """Patterns at ``(n, 2)`` [x, y] positions, and all that belongs to them; keys as of `assembled`.

    The probe is brought to unit energy for the simulation. ``probeGuess`` of the result is scaled so that
    patches behind it have the amplitudes whose squares were counted.
    """
    modes = probe_modes(probeGuess)
    modes /= np.linalg.norm(modes)
    photons = float(generator.uniform(*PHOTONS) if nphotons is None else nphotons)
    stop = beamstop_diameter(probe_arg)
    scan = simulate_scan(positions, modes, objectGuess, photons, generator, beamstop_diameter=stop)
    scaled = (scan.intensity_scale * modes).astype(np.complex64)
    metadata = create_metadata(
        {"nphotons": photons, "N": modes.shape[1], "gridsize": 1},
        "simulation.experiments",
        simulation_type="synthetic_experiment",
        **{"beamstop_diameter": stop, **notes},
    )
    guesses = (scaled[0] if len(scaled) == 1 else scaled, objectGuess)
    return assembled(positions, scan.amplitude, scan.patches, *guesses, scan_index, metadata)


def assembled(
    positions: Array,
    diff3d: Array,
    patches: Array,
    probeGuess: Array,
    objectGuess: Array,
    scan_index: Array | None,
    metadata: Mapping[str, Any],
) -> Experiment:
    """All keys of a data set; labels under both of their names, start positions equal to the positions."""
    x, y = (np.ascontiguousarray(axis) for axis in positions.T)
    return {
        "xcoords": x,
        "ycoords": y,
        "xcoords_start": x.copy(),
        "ycoords_start": y.copy(),
        "diff3d": diff3d,
        "probeGuess": probeGuess,
        "objectGuess": objectGuess.astype(np.complex64),
        "scan_index": np.zeros(len(x), np.int64) if scan_index is None else np.asarray(scan_index),
        "Y": patches,
        "label": patches,
        METADATA_KEY: encode_metadata(metadata),
    }


def save_experiment(path: Path, experiment: Mapping[str, ArrayLike]) -> None:
    """Write an experiment as a compressed NPZ, whole or not at all."""
    arrays: dict[str, Any] = {key: np.asarray(array) for key, array in experiment.items()}
    with replacing(path) as stream:
        np.savez_compressed(stream, **arrays)


def check_guesses(objectGuess: Array, probeGuess: Array, side: int) -> None:
    """An object ``(H, W)`` and a probe of side N, both complex, finite and not all zero.

    Raises:
        ValueError: anything else, or a patch larger than the object.
    """
    for name, guess in (("objectGuess", objectGuess), ("probeGuess", probeGuess)):
        if not np.iscomplexobj(guess):
            raise ValueError(f"{name} must be complex, got dtype {np.asarray(guess).dtype}")
        if not (np.isfinite(guess).all() and np.any(guess)):
            raise ValueError(f"{name}: values must be finite and not all zero")
    if objectGuess.ndim != 2:
        raise ValueError(f"objectGuess: expected a 2-D object (H,W), got shape {objectGuess.shape}")
    modes = probe_modes(probeGuess)
    if modes.shape[1] != side:
        raise ValueError(f"probeGuess: shape {probeGuess.shape} differs from N={side} of data_config")
    check_fits((objectGuess.shape[0], objectGuess.shape[1]), side)


def scan_positions(xcoords: Array, ycoords: Array, scan_index: Array | None) -> NDArray[np.float64]:
    """``(n, 2)`` float64 [x, y]; ValueError or TypeError where they or ``scan_index`` do not fit."""
    given = {"xcoords": np.asarray(xcoords), "ycoords": np.asarray(ycoords)}
    check_structure(given if scan_index is None else {**given, "scan_index": np.asarray(scan_index)})
    return np.column_stack(tuple(given.values())).astype(np.float64)


def check_probe_arg(probe_arg: Mapping[str, Any]) -> None:
    """ValueError for an entry that nothing reads."""
    for key in probe_arg:
        if key not in PROBE_ARGUMENTS:
            near = did_you_mean(str(key), PROBE_ARGUMENTS)
            raise ValueError(f"probe_arg: {key!r} is unknown; there are {', '.join(PROBE_ARGUMENTS)}{near}")


def beamstop_diameter(probe_arg: Mapping[str, Any]) -> float:
    """``beamstop_diameter`` of the probe's arguments in pixels; 0 where there is none."""
    check_probe_arg(probe_arg)
    return float(probe_arg.get("beamstop_diameter") or 0)


def seed_or_entropy(seed: Seed | None) -> Seed:
    """The seed itself, or fresh entropy as a whole number, which can be recorded and used again."""
    if seed is None:
        return secrets.randbits(63)
    if not isinstance(seed, np.random.Generator):
        check_whole("random_seed", seed, lowest=0)
    return seed
