"""PAT: translation, patches of an object, extraction from regions (spec ``physics_model.md`` 2)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ptychoparity.conformance.case import Array, Case, Scenario, single
from ptychoparity.conformance.scenarios.forward import confined_field, legacy_offsets, object_groups
from ptychoparity.conformance.scenarios.grouping import scan
from ptychoparity.fixtures.numbers import phasors, uniform
from ptychoparity.fixtures.objects import textured_object
from ptychoparity.reference.physics.regions import assemble, fitting_padded_size


def _translate(name: str, image: Array, x: float, y: float, exact: bool = False) -> Case:
    inputs = {"images": single(image)[None], "offsets": np.array([[x, y]], np.float64)}
    return Case(name, "translate", inputs, exact)


def impulse_moves() -> Iterator[Case]:
    """Where a single pixel goes, and what happens at the edge."""
    impulse = np.zeros((5, 5))
    impulse[2, 2] = 1
    yield _translate("right-T1", impulse, 1, 0, exact=True)
    yield _translate("down-T2", impulse, 0, 1, exact=True)
    yield _translate("half-T3", impulse, 0.5, 0)
    yield _translate("quarter-T4", impulse, 0.25, 0.5)
    yield _translate("ones-T5", np.ones((4, 4)), 0.5, 0)
    yield _translate("row-T6", np.arange(1.0, 6.0)[None] * np.ones((1, 1)), -1.25, 0)
    yield _translate("out-of-sight-T7", np.ones((6, 6)), 7, 0, exact=True)
    yield _translate("far-away-T7", np.ones((6, 6)), -1e9, 1e9, exact=True)
    yield _translate("still-T9", uniform((6, 7), 19) - 0.5, 0, 0, exact=True)


def translations() -> Iterator[Case]:
    """Sub-pixel moves of images without symmetry; whole pixels to the bit."""
    yield _translate("real-T8", uniform((6, 6), 3), 1.3, -0.6)
    image = uniform((6, 9), 20) - 0.5 + 1j * (uniform((6, 9), 21) - 0.5)
    yield _translate("complex-T10", image, 1.3, -0.6)
    yield _translate("real-part-T10", image.real, 1.3, -0.6)
    yield _translate("imaginary-part-T10", image.imag, 1.3, -0.6)
    images = uniform((12, 64, 70), 22) - 0.5 + 1j * (uniform((12, 64, 70), 23) - 0.5)
    offsets = 40 * (uniform((12, 2), 24) - 0.5)
    yield Case("batch", "translate", {"images": single(images), "offsets": offsets})
    whole = {"images": single(images), "offsets": np.round(offsets)}
    yield Case("batch-whole-pixels", "translate", whole, exact=True)


def object_windows() -> Iterator[Case]:
    """Patches of a whole object, inside and over its edge."""
    whole = single(textured_object((150, 161), 12))
    for side in (64, 128):
        positions = 170 * uniform((10, 2), 25) - 5
        inputs = {"object": whole, "positions": positions, "side": side}
        yield Case(f"n{side}", "object_patches", inputs)
        on_grid = {**inputs, "positions": np.round(positions)}
        yield Case(f"n{side}-whole-pixels", "object_patches", on_grid, exact=True)


def extraction() -> Iterator[Case]:
    """Channels cut out of regions, each at its own offset."""
    shape = (2, 22, 22)
    inputs = {"regions": single(phasors(shape, 10, 11)), "offsets": legacy_offsets(), "side": 16}
    yield Case("legacy-T12", "extract", inputs)
    ones = {"regions": np.ones(shape, np.complex64), "offsets": np.trunc(legacy_offsets()), "side": 16}
    yield Case("ones-T13", "extract", ones, exact=True)
    for side in (64, 128):
        for gridsize in (1, 2, 3):
            patches, offsets = object_groups(side, gridsize)
            padded = fitting_padded_size(side, offsets)
            merged = single(assemble(patches, offsets, padded)[0])
            inputs = {"regions": merged, "offsets": offsets, "side": side}
            yield Case(f"n{side}-g{gridsize}", "extract", inputs)
            whole = {**inputs, "offsets": np.trunc(offsets)}
            yield Case(f"n{side}-g{gridsize}-whole-pixels", "extract", whole, exact=True)


def scan_position() -> Iterator[Case]:
    """The centre pixel of each patch is the object at its scan position."""
    rows, columns = np.mgrid[:64, :72]
    ramp = single(columns + 100.0 * rows + 0j)
    positions = np.array([[30.0, 30], [40, 30], [30, 44], [40, 44]])
    inputs = {"object": ramp, "positions": positions, "side": 16}
    yield Case("four-T16", "object_patches", inputs, exact=True)
    request = {"N": 16, "K": 4, "nsamples": 1, "gridsize": 2, "sequential_sampling": True}
    raw = scan(positions[:, 0], positions[:, 1], 16)
    yield Case("group-T15", "group", {"raw": raw, "request": request, "overlay": {}})


def round_trip() -> Iterator[Case]:
    """Assemble, then extract: what went in comes out, divided by 1.001."""
    offsets = np.array([[[[9.0, -9, 9, -9], [9, 9, -9, -9]]]])
    patches = single(confined_field()[:1])
    merged = assemble(patches.astype(complex), offsets, 34)[0]
    yield Case("disjoint-T17", "extract", {"regions": single(merged), "offsets": offsets, "side": 16})


def refusals() -> Iterator[Case]:
    """Offsets for other images, beyond the margin, or not numbers."""
    images = np.ones((3, 8, 8), np.float32)
    yield Case("too-few-offsets", "translate", {"images": images, "offsets": np.zeros((2, 2))})
    yield Case("not-a-number", "translate", {"images": images, "offsets": np.full((3, 2), np.nan)})
    regions = np.ones((1, 22, 22), np.complex64)
    beyond = {"regions": regions, "offsets": np.full((1, 1, 2, 4), 3.5), "side": 16}
    yield Case("beyond-margin", "extract", beyond)
    flat = {"object": np.ones((4, 4, 4), np.complex64), "positions": np.zeros((1, 2)), "side": 8}
    yield Case("object-rank", "object_patches", flat)


SCENARIOS = (
    Scenario("PAT-001", "Where one pixel goes", "physics_model.md 2.1, T1-T7, T9", impulse_moves),
    Scenario("PAT-002", "Sub-pixel translation", "physics_model.md 2.1, T8, T10", translations),
    Scenario("PAT-003", "Patches of an object", "physics_model.md 2.5", object_windows),
    Scenario("PAT-004", "Extraction from regions", "physics_model.md 2.4, T12, T13", extraction),
    Scenario(
        "PAT-005", "Patches sit on their scan position", "physics_model.md 2.5, T15, T16", scan_position
    ),
    Scenario("PAT-006", "Assembly and extraction are inverse", "physics_model.md 2.4, 3.2, T17", round_trip),
    Scenario("PAT-007", "Refusals", "physics_model.md 2.1, 2.2", refusals),
)
