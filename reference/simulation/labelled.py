"""Labels for measured patterns, cut from a reconstruction (spec ``data.md`` 7.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.metadata import create_metadata
from ptychoparity.reference.data.validation import validate
from ptychoparity.reference.simulation.detector import apply_detector_beamstop
from ptychoparity.reference.simulation.experiment import (
    Experiment,
    HasSide,
    assembled,
    beamstop_diameter,
    check_guesses,
)
from ptychoparity.reference.simulation.methods import Seed
from ptychoparity.reference.simulation.scans import cut_patches

Array = NDArray[Any]


def generate_data_from_experiment(
    diff: Array,
    objectGuess: Array,
    probeGuess: Array,
    xcoords: Array,
    ycoords: Array,
    data_config: HasSide,
    probe_arg: Mapping[str, Any],
    batch_size: int = 3000,  # noqa: ARG001 - no label depends on its batch
    random_seed: Seed | None = None,  # noqa: ARG001 - nothing is drawn
    *,
    scan_index: Array | None = None,
) -> Experiment:
    """Measured patterns with patches of a reconstruction as labels, where these lie within it.

    Points N//2 or more from every border of the object are kept: positions, patterns, ``scan_index`` alike.

    Args:
        diff: ``(n, N, N)`` measured amplitude; its dtype is kept.
        objectGuess: ``(H, W)`` complex; divided by its largest modulus.
        probeGuess: ``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)``, complex; kept as it is.
        xcoords, ycoords: ``(n,)`` in object pixels.
        data_config: its N must be the side of patterns and probe.
        probe_arg: ``beamstop_diameter`` in pixels hides the middle of the patterns; 0 if absent.
        batch_size, random_seed: have no effect.
        scan_index: ``(n,)``; zeros by default.

    Returns:
        The keys of `experiments.from_simulation`.

    Raises:
        ValueError, TypeError: what spec ``data.md`` 1.4 rejects; no point within the object.
    """
    check_guesses(objectGuess, probeGuess, data_config.N)
    given = {"xcoords": xcoords, "ycoords": ycoords, "diff3d": diff, "scan_index": scan_index}
    kept = validate({key: np.asarray(array) for key, array in given.items() if array is not None})
    if kept["diff3d"].shape[1] != data_config.N:
        raise ValueError(f"diff: shape {kept['diff3d'].shape} differs from N={data_config.N} of data_config")
    positions = np.column_stack((kept["xcoords"], kept["ycoords"])).astype(np.float64)
    inside = _inside(positions, objectGuess, data_config.N // 2)
    if not inside.any():
        raise ValueError(
            f"none of {len(positions)} positions is {data_config.N // 2} pixels or more within objectGuess "
            f"of shape {objectGuess.shape}; xcoords and ycoords must be object pixels"
        )
    whole = np.asarray(objectGuess / np.abs(objectGuess).max())
    return assembled(
        positions[inside],
        apply_detector_beamstop(kept["diff3d"][inside], beamstop_diameter(probe_arg)),
        cut_patches(whole, positions[inside], data_config.N),
        probeGuess,
        whole,
        kept["scan_index"][inside] if "scan_index" in kept else None,
        create_metadata({"N": data_config.N}, "simulation.labelled", simulation_type="experimental_labels"),
    )


def _inside(positions: Array, whole: Array, margin: int) -> NDArray[np.bool_]:
    farthest = np.array(whole.shape[::-1]) - margin
    return np.asarray(((positions >= margin) & (positions <= farthest)).all(axis=1))
