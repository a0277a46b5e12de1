"""What difference from the reference is rounding, and what is not: one table, derived, never tuned.

A number may differ from the float64 reference by ``K`` times the noise floor of its own computation plus
one unit in the last place of its peak, and never by more than the hard limit of the specification.
The noise floor is measured with every run: how far the reference in float32 is from the reference in
float64, and how far float64 moves when each float32 input moves by one unit in the last place.
See ``docs/tolerances.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

K = 4.0
"""Two float32 computations of one expression differ in the order of their operations and in fused
multiply-adds; the reference's own float32 error is one draw of that spread, and the largest of many
draws lies within this factor of it."""

EXACT = 0.0


@dataclass(frozen=True)
class Override:
    """Another factor for one quantity of one operation on one class of device, with its reason."""

    operation: str
    quantity: str
    device: str
    k: float
    reason: str


OVERRIDES: tuple[Override, ...] = (
    Override("group", "coords*", "*", EXACT, "positions are float64 and shared, so they agree to the bit"),
    Override("container", "coords*", "*", EXACT, "one cast from float64, which IEEE 754 rounds in one way"),
    Override("container", "*_offsets", "*", EXACT, "float64 positions, handed on as they are"),
)


@dataclass(frozen=True)
class Limit:
    """A bound of the specification, relative to the peak of the reference."""

    operation: str
    quantity: str
    bound: float
    source: str


LIMITS: tuple[Limit, ...] = (
    Limit("diffract", "amplitude", 1e-6, "physics_model.md 1.1"),
    Limit("forward", "amplitude", 1e-6, "physics_model.md 8"),
    Limit("translate", "images", 1e-5, "physics_model.md 2.1"),
    Limit("object_patches", "patches", 1e-5, "physics_model.md 8"),
    Limit("extract", "patches", 1e-5, "physics_model.md 8"),
    Limit("assemble", "*", 1e-5, "physics_model.md 8"),
    Limit("stitch", "*", 1e-5, "physics_model.md 8"),
)

SUPPORT = 1e-3
"""Above this weight a stitched object counts as it is (hazard 18 of ``physics_model.md`` 8); below, a
quotient of two small numbers, it counts as its numerator; where the weight is zero it must be zero."""


def weights(operation: str, quantity: str, outputs: Mapping[str, Any]) -> NDArray[np.float64] | None:
    """How much each element of a quantity counts, from the reference's own outputs; None if all alike."""
    if operation != "stitch" or quantity != "object":
        return None
    weight = np.asarray(outputs["weight"], np.float64)
    return np.where(weight > SUPPORT, 1.0, weight)


def override(operation: str, quantity: str, device: str) -> Override | None:
    """The row of the table that applies, if any."""
    for row in OVERRIDES:
        if (
            row.operation == operation
            and fnmatchcase(quantity, row.quantity)
            and fnmatchcase(device, row.device)
        ):
            return row
    return None


def limit(operation: str, quantity: str) -> Limit | None:
    """The hard limit that applies, if any."""
    for row in LIMITS:
        if row.operation == operation and fnmatchcase(quantity, row.quantity):
            return row
    return None
