"""The original's simulator of whole objects scanned on a regular grid, gridsize 1 (spec ``data.md`` 7.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.physics.translation import object_patches
from ptychoparity.reference.simulation.forward import illuminate_and_diffract, photon_scale, probe_modes
from ptychoparity.reference.simulation.methods import Seed, check_whole, random_generator
from ptychoparity.reference.simulation.positions import check_fits, displaced
from ptychoparity.reference.simulation.recipes import recipe_amplitudes, recipe_phase

Array = NDArray[Any]

RETURNED = ("X", "Y_I", "Y_phi", "intensity_scale", "YY_full", "norm_Y_I", "coords")


def mk_simdata(
    n: int,
    size: int,
    probe: Array,
    outer_offset: int,
    *,
    data_source: str,
    nphotons: float,
    seed: Seed,
    jitter_scale: float = 0.0,
    set_phi: bool = False,
    dict_fmt: bool = False,
) -> tuple[Any, ...] | dict[str, Any]:
    """Scan ``n`` objects of one recipe on the same regular grid of positions.

    Args:
        n: objects.
        size: side of each.
        probe: ``(N, N)``, ``(N, N, 1)`` or modes first, complex.
        outer_offset: step of the grid in pixels; it starts and ends N/2 or more from the borders.
        data_source: a name in `recipes.DATA_SOURCES`.
        nphotons: of a pattern in the mean.
        seed: of objects, jitter and noise; whole number, or the generator to draw from.
        jitter_scale: deviation of the true positions from the grid, in pixels.
        set_phi: give the objects the phase of `recipes.recipe_phase`, else none.
        dict_fmt: return everything by name.

    Returns:
        For B = objects times positions: ``X``, ``Y_I``, ``Y_phi`` ``(B, N, N, 1)`` and ``intensity_scale`` of
        `forward.illuminate_and_diffract`, ``YY_full`` the objects ``(n, size, size, 1)``, ``norm_Y_I``, and
        ``coords``, a pair of nominal and true positions ``(B, 1, 2, 1)`` [x, y]. By name there are also
        ``I_pre_probe`` and ``phi_pre_probe``, amplitude and phase of the patches.

    Raises:
        ValueError, TypeError: see `recipes.recipe_amplitudes` and `forward.illuminate_and_diffract`; a patch
            larger than the object; ``outer_offset`` below 1.
    """
    generator, modes = random_generator(seed), probe_modes(probe)
    check_whole("outer_offset", outer_offset)
    check_fits((size, size), modes.shape[1])
    amplitudes = np.stack(recipe_amplitudes(size, data_source, n, generator))
    phases = np.stack([recipe_phase(a) for a in amplitudes]) if set_phi else np.zeros_like(amplitudes)
    wholes = amplitudes * np.exp(1j * phases)
    nominal = np.tile(regular_grid(size, modes.shape[1], outer_offset), (n, 1))
    true = displaced(nominal, jitter_scale, generator)
    scans = zip(wholes[..., 0], np.split(true, n), strict=True)
    patches = np.concatenate([object_patches(one, at, modes.shape[1]) for one, at in scans])[..., None]
    made = illuminate_and_diffract(
        np.abs(patches), np.angle(patches), modes, nphotons=nphotons, seed=generator
    )
    named = made._asdict() | {
        "YY_full": wholes,
        "norm_Y_I": photon_scale((made.X**2).sum(axis=(1, 2)), nphotons),
        "coords": (nominal[:, None, :, None], true[:, None, :, None]),
        "I_pre_probe": np.abs(patches),
        "phi_pre_probe": np.angle(patches),
    }
    return named if dict_fmt else tuple(named[key] for key in RETURNED)


def regular_grid(size: int, side: int, step: int) -> NDArray[np.float64]:
    """Positions [x, y] of whole patches on a square object, x fastest: ``(K, 2)`` float64."""
    axis = np.arange(side // 2, size - side // 2 + 1, step, dtype=np.float64)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return np.column_stack((x.ravel(), y.ravel()))
