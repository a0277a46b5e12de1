"""STI: region assembly and shift-and-sum stitching (spec ``physics_model.md`` 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ptychoparity.conformance.case import Array, Case, Scenario, single
from ptychoparity.conformance.scenarios.forward import field, legacy_offsets, object_groups
from ptychoparity.fixtures.numbers import phasors, uniform
from ptychoparity.fixtures.objects import textured_object
from ptychoparity.reference.physics.regions import fitting_padded_size
from ptychoparity.reference.physics.translation import object_patches


def _stitch(name: str, patches: Array, positions: object, crop: int) -> Case:
    where = np.asarray(positions, np.float64)
    return Case(name, "stitch", {"patches": single(patches), "positions": where, "crop": crop})


def regions() -> Iterator[Case]:
    """Regions of the recommended form, against printed numbers and at working sizes."""
    ones = {"patches": np.ones((1, 8, 8, 1), np.complex64), "offsets": np.zeros((1, 1, 2, 1)), "padded": 8}
    yield Case("ones-S1", "assemble", ones)
    legacy = {"patches": single(field()), "offsets": legacy_offsets(), "padded": 22}
    yield Case("legacy-S2", "assemble", legacy)
    for side in (64, 128):
        for gridsize in (1, 2, 3):
            patches, offsets = object_groups(side, gridsize)
            padded = fitting_padded_size(side, offsets)
            inputs = {"patches": single(patches), "offsets": offsets, "padded": padded}
            yield Case(f"n{side}-g{gridsize}", "assemble", inputs)


def batches() -> Iterator[Case]:
    """Groups never mix, however many there are."""
    patches = phasors((20, 16, 16, 4), 26, 27)
    offsets = 6 * (uniform((20, 1, 2, 4), 28) - 0.5)
    for name, rows in (("twenty-S7", slice(20)), ("sixteen-S8", slice(16)), ("eight-S8", slice(8))):
        inputs = {"patches": single(patches[rows]), "offsets": offsets[rows], "padded": 22}
        yield Case(name, "assemble", inputs)
    alone = {"patches": single(patches[7:8]), "offsets": offsets[7:8], "padded": 22}
    yield Case("seventh-S7", "assemble", alone)


FIVE = np.array([(0, 0), (3.5, -1.25), (-4.2, 2.6), (7.1, 5.3), (-2.4, -3.65)])


def five_patches() -> Iterator[Case]:
    """Five patches, three crops, against printed numbers."""
    patches = phasors((5, 16, 16), 4, 5)
    for check, crop in (("S10", 10), ("S11", 8), ("S12", 16)):
        yield _stitch(f"m{crop}-{check}", patches, FIVE, crop)
    yield _stitch("m10-moved-S15", patches, FIVE + np.array([100.5, -31.25]), 10)


def averages() -> Iterator[Case]:
    """Equal patches stay, unequal ones average, far ones leave zero between them."""
    constant = np.full((2, 16, 16), 1 + 2j)
    yield _stitch("equal-S13", constant, [(0, 0), (0, 0)], 16)
    unequal = np.stack([np.full((16, 16), 1.0 + 0j), np.full((16, 16), 5.0 + 0j)])
    yield _stitch("unequal-S14", unequal, [(3, 1), (3, 1)], 16)
    impulses = np.zeros((2, 16, 16), complex)
    impulses[:, 8, 8] = 1
    yield _stitch("impulses-S17", impulses, [(0, 0), (6, 0)], 16)
    yield _stitch("impulses-down-S17", impulses, [(0, 0), (0, 6)], 16)
    yield _stitch("far-apart-S26", constant, [(0, 0), (60, 0)], 16)
    yield _stitch("one-patch", uniform((1, 16, 16), 6) * (1 - 2j), [(4.25, -3.5)], 12)


def scans() -> Iterator[Case]:
    """Whole scans of an object, sub-pixel and on whole pixels."""
    for side, crop in ((64, 32), (64, 64), (128, 64)):
        count = 60
        positions = 20 + 60 * uniform((count, 2), 29)
        whole = textured_object((100 + side, 106 + side), 15)
        patches = object_patches(whole, positions + side // 2 - 10, side)
        yield _stitch(f"n{side}-m{crop}", patches, positions, crop)
        # Mirrored about (50, 50), whole pixels stay whole relative to their mean.
        grid = np.round(positions)
        doubled = np.concatenate([patches, patches[::-1]])
        yield _stitch(f"n{side}-m{crop}-whole-pixels", doubled, np.concatenate([grid, 100 - grid]), crop)


def refusals() -> Iterator[Case]:
    """Odd or oversized crops, positions for other patches, offsets beyond the region."""
    patches = np.ones((3, 16, 16), np.complex64)
    yield _stitch("odd-crop", patches, np.zeros((3, 2)), 9)
    yield _stitch("large-crop", patches, np.zeros((3, 2)), 18)
    yield _stitch("too-few-positions", patches, np.zeros((2, 2)), 8)
    yield _stitch("no-number", patches, [(0, 0), (1, np.inf), (2, 2)], 8)
    beyond = {"patches": np.ones((1, 16, 16, 4), np.complex64), "padded": 22}
    yield Case("beyond-margin", "assemble", {**beyond, "offsets": np.full((1, 1, 2, 4), 3.5)})
    yield Case("channels-differ", "assemble", {**beyond, "offsets": np.zeros((1, 1, 2, 3))})


SCENARIOS = (
    Scenario("STI-001", "Region assembly", "physics_model.md 3.2, S1-S3, S6", regions),
    Scenario("STI-002", "Groups stay apart", "physics_model.md 3.2, S7, S8", batches),
    Scenario("STI-003", "Five patches", "physics_model.md 3.1, S10-S12, S15", five_patches),
    Scenario("STI-004", "Averages and supports", "physics_model.md 3.1, S13, S14, S17, S26", averages),
    Scenario("STI-005", "Whole scans", "physics_model.md 3.1", scans),
    Scenario("STI-006", "Refusals", "physics_model.md 2.2, 3.1", refusals),
)
