"""The scales of a data set of amplitudes (spec ``data.md`` 3.8 and 6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics.checks import check_photons

Array = NDArray[Any]


def mean_energy(patterns: Array) -> float:
    """Mean over groups and channels of the summed squares of ``(B, N, N, C)``, in float64."""
    return float(np.einsum("bijc,bijc->bc", patterns, patterns, dtype=np.float64).mean())


def scaling_constants(mean_energy: float, side: int, nphotons: float | None) -> tuple[float, float]:
    """The rms and the physics scaling constant of a data set (spec ``data.md`` 3.8, 6).

    Args:
        mean_energy: mean over groups and channels of the summed squares of a pattern.
        side: N.
        nphotons: None where it is unknown.

    Returns:
        sqrt((N/2)^2 / mean energy), which is 1 for normalised patterns, and sqrt(nphotons / mean energy), or
        1 where nphotons is unknown.

    Raises:
        ValueError: patterns without energy or with values that are not finite, or ``nphotons`` not positive.
    """
    if nphotons is not None:
        check_photons(nphotons)
    if not (math.isfinite(mean_energy) and mean_energy > 0):
        raise ValueError(
            f"diffraction amplitudes are all zero or not finite (mean energy {mean_energy:g}): their scaling "
            "constants are undefined"
        )
    rms = side / 2 / math.sqrt(mean_energy)
    return rms, 1.0 if nphotons is None else math.sqrt(nphotons / mean_energy)
