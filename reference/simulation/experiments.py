"""Synthetic experiments, as the original's generator of training data made them (spec ``data.md`` 7.4).

`generate_simulated_data` here takes positions on a jittered grid and returns arrays; the function of the same
name in `nongrid` makes a `RawData` at random positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.simulation.experiment import (
    Experiment,
    HasSide,
    check_guesses,
    check_probe_arg,
    save_experiment,
    scan_positions,
    seed_or_entropy,
    simulated_experiment,
)
from ptychoparity.reference.simulation.methods import Seed, check_whole, random_generator
from ptychoparity.reference.simulation.positions import jittered_grid
from ptychoparity.reference.simulation.scans import seed_notes

Array = NDArray[Any]


def from_simulation(
    xcoords: Array,
    ycoords: Array,
    probeGuess: Array,
    objectGuess: Array,
    data_config: HasSide,
    probe_arg: Mapping[str, Any],
    scan_index: Array | None = None,
    device: str = "cpu",  # noqa: ARG001 - NumPy has no other
    batch_size: int = 32,  # noqa: ARG001 - no pattern depends on its batch
    *,
    random_seed: Seed | None = None,
    nphotons: float | None = None,
) -> Experiment:
    """Simulate an experiment at given positions.

    Args:
        xcoords, ycoords: ``(n,)`` in object pixels.
        probeGuess: ``(N, N)``, ``(N, N, 1)`` or incoherent modes ``(P, N, N)``, complex, of any energy.
        objectGuess: ``(H, W)`` complex.
        data_config: its N must be the side of the probe.
        probe_arg: ``beamstop_diameter`` in pixels; 0 if absent.
        scan_index: ``(n,)``; zeros by default.
        device, batch_size: have no effect.
        random_seed: of photons and noise; None for fresh entropy, which the metadata record.
        nphotons: of a pattern in the mean; by default drawn once from `experiment.PHOTONS`.

    Returns:
        ``diff3d`` ``(n, N, N)`` float32, roots of counts; ``label`` and ``Y`` ``(n, N, N)`` complex64, the
        patches before the probe; ``probeGuess`` ``(N, N)`` or ``(P, N, N)`` complex64, scaled to the photons;
        ``objectGuess``, positions, equal start positions, ``scan_index``, ``_metadata``.

    Raises:
        ValueError, TypeError: arrays of the wrong kind or shape, N that is not the probe's side, nothing lit.
    """
    check_guesses(objectGuess, probeGuess, data_config.N)
    positions = scan_positions(xcoords, ycoords, scan_index)
    seed = seed_or_entropy(random_seed)
    return simulated_experiment(
        positions,
        probeGuess,
        objectGuess,
        probe_arg,
        random_generator(seed),
        seed_notes(seed),
        nphotons,
        scan_index,
    )


def generate_simulated_data(
    objectGuess: Array,
    probeGuess: Array,
    nimages: int,
    data_config: HasSide,
    probe_arg: Mapping[str, Any],
    random_seed: Seed | None = None,
    *,
    nphotons: float | None = None,
) -> Experiment:
    """Simulate an experiment at ``nimages`` positions on a jittered grid (`positions.jittered_grid`).

    The other arguments and the result are those of `from_simulation`; the seed is also that of the positions.

    Raises:
        ValueError, TypeError: see `from_simulation`; ``nimages`` below 1 or no whole number.
    """
    check_whole("nimages", nimages)
    check_guesses(objectGuess, probeGuess, data_config.N)
    seed = seed_or_entropy(random_seed)
    generator = random_generator(seed)
    height, width = objectGuess.shape
    positions = jittered_grid((height, width), data_config.N, nimages, generator)
    return simulated_experiment(
        positions, probeGuess, objectGuess, probe_arg, generator, seed_notes(seed), nphotons
    )


def simulate_multiple_experiments(
    obj_list: Sequence[Array],
    probe_list: Sequence[Array],
    images_per_experiment: int,
    img_shape: tuple[int, int],
    data_config: HasSide,
    probe_arg: Mapping[str, Any],
    save_dir: str | PathLike[str],
    save_bool: bool = True,
    *,
    random_seed: int | None = None,
    nphotons: float | None = None,
) -> list[Experiment] | list[Path]:
    """Simulate one experiment for each object, with the probes in turn.

    Each experiment draws from its own stream, and is the same whatever the number of others.

    Args:
        obj_list: complex objects of ``img_shape``.
        probe_list: at most as many probes; experiment i takes probe i modulo their number.
        images_per_experiment: n.
        img_shape: (H, W).
        data_config, nphotons: see `from_simulation`.
        probe_arg: see `from_simulation`; ``probe_name_idx`` holds the name of each experiment's probe, which
            becomes ``probeName``.
        save_dir: folder of the files, made if need be.
        save_bool: write ``synthetic_<i>.npz``, with one experiment in memory at a time.
        random_seed: of all; None for fresh entropy, which the metadata record.

    Returns:
        The files if ``save_bool``, else the experiments.

    Raises:
        ValueError, TypeError: more probes than objects, no probe, a wrong shape or kind, too few names; all
            before anything is made.
    """
    check_whole("images_per_experiment", images_per_experiment)
    names = _checked_names(obj_list, probe_list, tuple(img_shape), data_config, probe_arg)
    seed = seed_or_entropy(random_seed)
    if isinstance(seed, np.random.Generator):
        raise TypeError("random_seed must be a whole number: every experiment has a stream of its own")
    folder = Path(save_dir)
    if save_bool:
        folder.mkdir(parents=True, exist_ok=True)
    made, written = [], []
    for number, (whole, name) in enumerate(zip(obj_list, names, strict=True)):
        generator = np.random.default_rng([int(seed), number])
        probe, notes = probe_list[number % len(probe_list)], {"seed": [int(seed), number]}
        positions = jittered_grid(
            (whole.shape[0], whole.shape[1]), data_config.N, images_per_experiment, generator
        )
        one = simulated_experiment(positions, probe, whole, probe_arg, generator, notes, nphotons)
        one["probeName"] = np.array(name)
        if save_bool:
            written.append(folder / f"synthetic_{number}.npz")
            save_experiment(written[-1], one)
        else:
            made.append(one)
    return written if save_bool else made


def _checked_names(
    objects: Sequence[Array],
    probes: Sequence[Array],
    shape: tuple[int, ...],
    data_config: HasSide,
    probe_arg: Mapping[str, Any],
) -> list[str]:
    """The name of each experiment's probe; ValueError if any of them could not be simulated."""
    if not 0 < len(probes) <= len(objects):
        raise ValueError(
            f"{len(probes)} probes for {len(objects)} objects: give a probe at least, and no more probes "
            "than objects"
        )
    for number, whole in enumerate(objects):
        if whole.shape != shape:
            raise ValueError(f"obj_list: object {number} has shape {whole.shape}, but img_shape is {shape}")
        check_guesses(whole, probes[number % len(probes)], data_config.N)
    check_probe_arg(probe_arg)
    names = probe_arg.get("probe_name_idx")
    if names is None:
        return [f"probe_{number % len(probes)}" for number in range(len(objects))]
    if len(names) < len(objects):
        raise ValueError(f"probe_name_idx holds {len(names)} names for {len(objects)} experiments")
    return [str(name) for name in names[: len(objects)]]
