"""A whole scan of a known object: patterns, labels, and the members of a data set (spec ``data.md`` 7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.metadata import create_metadata
from ptychoparity.reference.data.validation import check_positions
from ptychoparity.reference.physics.checks import check_object_patches
from ptychoparity.reference.physics.translation import object_patches
from ptychoparity.reference.simulation.detector import behind_beamstop
from ptychoparity.reference.simulation.forward import (
    Progress,
    check_scale,
    observed_amplitudes,
    pattern_energies,
    photon_scale,
    probe_modes,
)
from ptychoparity.reference.simulation.methods import Seed, random_generator

Array = NDArray[Any]

_CUT = 64  # patches cut at once, which fit in the cache


class SimulatedScan(NamedTuple):
    """``amplitude`` float32, roots of counts, and ``patches`` complex64, both ``(n, N, N)``; the scale."""

    amplitude: NDArray[np.float32]
    patches: NDArray[np.complex64]
    intensity_scale: float


def simulate_scan(
    positions: Array,
    probe: Array,
    whole: Array,
    nphotons: float,
    seed: Seed,
    *,
    beamstop_diameter: float = 0.0,
    progress: Progress | None = None,
) -> SimulatedScan:
    """Patterns of an object at scan positions, and the patches that they are patterns of.

    Args:
        positions: ``(n, 2)`` [x, y] in object pixels.
        probe: ``(N, N)``, ``(N, N, 1)`` or incoherent modes ``(P, N, N)``, complex.
        whole: ``(H, W)`` complex object; zero outside.
        nphotons: photons of a pattern in the mean, those behind the beamstop included.
        seed: of the photon noise; whole number, or the generator to draw from.
        beamstop_diameter: in pixels; 0 for none.
        progress: told how many patterns are done.

    Raises:
        ValueError: shapes that do not fit, a real object or probe, values that are not finite, ``nphotons``
            not positive or too large to count, nothing lit, a beamstop that hides all.
        TypeError: no usable seed.
    """
    generator, modes = random_generator(seed), probe_modes(probe)
    _check_object(whole)
    if not np.isfinite(modes).all():
        raise ValueError("probeGuess: values must be finite, found NaN or infinity")
    side = modes.shape[1]
    stopped = behind_beamstop((side, side), beamstop_diameter)
    if stopped.all():
        raise ValueError(f"beamstop_diameter {beamstop_diameter:g} hides all {side} x {side} pixels")
    # The pattern is that of the very patch that is kept as its label, rounding included.
    patches = cut_patches(whole, positions, side)
    energies = pattern_energies(patches[..., None], modes)
    scale = photon_scale(energies, nphotons)
    check_scale(energies, scale)
    amplitude = np.empty(patches.shape, np.float32)
    for block, observed in observed_amplitudes(patches[..., None], modes, scale, generator, progress):
        amplitude[block] = np.where(stopped, 0, observed[..., 0])
    if not amplitude.any():
        raise ValueError(
            f"not one photon was counted in {len(amplitude)} patterns; raise nphotons={nphotons:g}"
        )
    return SimulatedScan(amplitude, patches, scale)


def cut_patches(whole: Array, positions: Array, side: int) -> NDArray[np.complex64]:
    """Patches ``(n, N, N)`` of an object at ``(n, 2)`` [x, y] positions (3.9), interpolated in double."""
    check_object_patches(whole, positions, side)
    whole = whole.astype(np.complex128)
    patches = np.empty((len(positions), side, side), np.complex64)
    for start in range(0, len(positions), _CUT):
        part = slice(start, start + _CUT)
        patches[part] = object_patches(whole, positions[part], side)
    return patches


def simulated_members(
    xcoords: Array,
    ycoords: Array,
    probeGuess: Array,
    objectGuess: Array,
    scan_index: Array | None = None,
    *,
    gridsize: int,
    nphotons: float,
    seed: Seed,
    beamstop_diameter: float = 0.0,
    script: str = "RawData.from_simulation",
    notes: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """What `RawData` is constructed with: a simulated scan whose start positions are the positions.

    ``diff3d`` is the amplitude divided by the intensity scale, ``Y`` the patches before the probe
    ``(n, N, N, 1)``, ``norm_Y_I`` the scale that the noisy patterns give.

    Args:
        xcoords, ycoords: ``(n,)`` in object pixels.
        probeGuess: ``(N, N)``, ``(N, N, 1)`` or modes first, complex.
        objectGuess: ``(H, W)`` complex.
        scan_index: ``(n,)``; zeros by default.
        gridsize: must be 1.
        nphotons, seed, beamstop_diameter, progress: see `simulate_scan`.
        script: named in the metadata as what made the data.
        notes: further ``additional_parameters`` of the metadata.

    Raises:
        NotImplementedError: another gridsize.
        ValueError, TypeError: see `simulate_scan`; positions that are not ``(n,)`` alike.
    """
    if gridsize != 1:
        raise NotImplementedError(
            f"gridsize={gridsize}: simulation makes one pattern for each position; pass gridsize=1, and "
            "group the result with generate_grouped_data"
        )
    x, y = (np.array(axis, np.float64) for axis in (xcoords, ycoords))
    check_positions({"xcoords": x, "ycoords": y})
    scan = simulate_scan(
        np.column_stack((x, y)),
        probeGuess,
        objectGuess,
        nphotons,
        seed,
        beamstop_diameter=beamstop_diameter,
        progress=progress,
    )
    diff3d = np.divide(scan.amplitude, np.float32(scan.intensity_scale), out=scan.amplitude)
    return {
        "xcoords": x,
        "ycoords": y,
        "xcoords_start": x.copy(),
        "ycoords_start": y.copy(),
        "diff3d": diff3d,
        "probeGuess": probeGuess,
        "scan_index": np.zeros(len(x), np.int64) if scan_index is None else scan_index,
        "objectGuess": objectGuess,
        "Y": scan.patches[..., None],
        "norm_Y_I": photon_scale(_energies_of(diff3d), nphotons),
        "metadata": create_metadata(
            {"nphotons": float(nphotons), "N": diff3d.shape[1], "gridsize": 1},
            script,
            simulation_type="coordinate_based",
            intensity_scale=scan.intensity_scale,
            **{**seed_notes(seed), **(notes or {})},
        ),
    }


def seed_notes(seed: Seed) -> dict[str, Any]:
    """What metadata say of a seed: nothing of a generator, whose state is not known."""
    return {} if isinstance(seed, np.random.Generator) else {"seed": int(seed)}


def _energies_of(diff3d: Array) -> NDArray[np.float64]:
    return np.asarray(np.einsum("nij,nij->n", diff3d, diff3d, dtype=np.float64))


def _check_object(whole: Array) -> None:
    if whole.ndim != 2 or 0 in whole.shape:
        raise ValueError(f"objectGuess: expected a 2-D object (H,W), got shape {whole.shape}")
    if not np.iscomplexobj(whole):
        raise ValueError(f"objectGuess must be complex, got dtype {whole.dtype}")
    if not np.isfinite(whole).all():
        raise ValueError("objectGuess: values must be finite, found NaN or infinity")
