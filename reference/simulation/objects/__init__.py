"""Synthetic objects by name (spec ``data.md`` 7.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods import Seed, check_whole, look_up, random_generator
from . import dead_leaves, noise, polyhedra, procedural

# Each takes a shape (H, W), a generator and its own keyword arguments; it returns a complex (H, W) object.
OBJECT_METHODS: Mapping[str, Callable[..., NDArray[np.complex128]]] = MappingProxyType(
    {
        "white_noise": noise.white_noise,
        "blurred_white_noise": noise.blurred_white_noise,
        "simplex_noise": noise.simplex_noise,
        "procedural": procedural.procedural,
        "dead_leaves": dead_leaves.dead_leaves,
        "polyhedra": polyhedra.polyhedra,
    }
)


def synthetic_objects(
    shape: tuple[int, int], method: str, count: int, seed: Seed, **arguments: Any
) -> list[NDArray[np.complex64]]:
    """Draw ``count`` objects of one kind, one after the other from the same generator.

    Args:
        shape: (H, W) of each object.
        method: a name in `OBJECT_METHODS`.
        count: how many; a longer list starts with the objects of a shorter one.
        seed: whole number, or the generator to draw from.
        arguments: of the method, such as ``max_iters`` of `dead_leaves`.

    Returns:
        ``count`` complex64 arrays ``(H, W)``, amplitude in [0.8, 1.2] ([0.6, 1.1] for ``dead_leaves``,
        [0.6, 1.2] for ``polyhedra``) and phase in [-pi, pi].

    Raises:
        ValueError: unknown ``method``; ``shape`` not two lengths; a length or ``count`` below 1; a seed
            below 0.
        TypeError: a length, ``count`` or ``seed`` that is no whole number; an argument the method has not.
    """
    draw = look_up(OBJECT_METHODS, "obj_method", method)
    if len(shape) != 2:
        raise ValueError(f"shape must be (H, W), got {shape}")
    for name, length in zip(("shape height", "shape width"), shape, strict=True):
        check_whole(name, length)
    check_whole("count", count)
    rng = random_generator(seed)
    return [draw(shape, rng, **arguments).astype(np.complex64) for _ in range(count)]
