"""DAT: containers of given groups, and what no container is made of (spec ``data.md`` 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ptychoparity.conformance.case import Array, Case, Scenario, single
from ptychoparity.conformance.scenarios.grouping import scan
from ptychoparity.fixtures.numbers import uniform


def groups(count: int = 6, side: int = 8, channels: int = 4, first: int = 90) -> dict[str, Any]:
    """A dictionary of groups by hand: nothing in it follows from anything else, so that no value can stand
    in for another.
    """
    images, offsets = (count, side, side, channels), (count, 1, 2, channels)
    draws = iter(range(first, first + 20))

    def real(shape: tuple[int, ...], reach: float = 1.0) -> Array:
        return reach * (uniform(shape, next(draws)) - 0.5)

    return {
        "diffraction": single(uniform(images, next(draws))),
        "X_full": single(uniform(images, next(draws)) * (1 + np.arange(channels))),
        "Y": single(real(images, 3.0) + 1j * real(images, 2.0)),
        "coords_offsets": real((count, 1, 2, 1), 1e4),
        "coords_relative": real(offsets, 9.0),
        "coords_nn": real(offsets, 1e4),
        "coords_start_offsets": real((count, 1, 2, 1), 1e4),
        "coords_start_relative": real(offsets, 8.0),
        "coords_start_nn": real(offsets, 1e4),
        "nn_indices": np.arange(count * channels).reshape(count, channels).astype(np.int32)[:, ::-1].copy(),
        "objectGuess": None,
    }


def probe(side: int = 8, modes: int = 0) -> Array:
    """A probe ``(N, N)``, or of so many modes ``(P, N, N)``."""
    shape = (modes, side, side) if modes else (side, side)
    return single(uniform(shape, 111) + 1j * (uniform(shape, 112) - 0.5))


def hold(name: str, grouped: dict[str, Any], guess: Array | None = None, **changes: Any) -> Case:
    """A case of `container`: groups, some of them changed, and a probe."""
    side = grouped["X_full"].shape[1]
    given = {"grouped": {**grouped, **changes}, "probe": probe(side) if guess is None else guess}
    return Case(name, "container", given)


def _without(grouped: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in grouped.items() if key not in keys}


def contents() -> Iterator[Case]:
    """Every member from its own source, for every number of channels and modes."""
    four = groups()
    yield hold("four-channels", four)
    yield hold("one-channel", groups(channels=1))
    yield hold("nine-channels", groups(count=3, channels=9))
    yield hold("one-group", groups(count=1))
    yield hold("n64", groups(count=2, side=64))
    yield hold("probe-with-axis", four, probe()[..., None])
    yield hold("three-modes", four, probe(modes=3))
    yield hold("one-mode", four, probe(modes=1))
    yield hold("complex128-probe", four, probe().astype(complex))
    yield hold("with-object", four, objectGuess=single(uniform((20, 24), 113) + 1j))
    yield hold("int64-indices", four, nn_indices=four["nn_indices"].astype(np.int64))
    far = {key: four[key] * 1e3 for key in four if key.endswith("offsets")}
    yield hold("offsets-beyond-float32-check-57", four, **far)


def positions() -> Iterator[Case]:
    """Nominal positions from the start pair, true ones from the plain pair, neither negated."""
    two = {"coords_relative": np.array([[[[1.0], [2.0]]]]), "coords_offsets": np.array([[[[7.0], [5.0]]]])}
    alone = _without(
        groups(1, channels=1), "coords_start_relative", "coords_start_offsets", "coords_start_nn"
    )
    yield hold("by-hand-check-53", alone, **two)
    four = groups()
    no_starts = _without(four, "coords_start_relative", "coords_start_offsets", "coords_start_nn")
    yield hold("no-starts", no_starts)
    absent = dict.fromkeys(("coords_start_relative", "coords_start_offsets", "coords_start_nn"))
    yield hold("starts-none", four, **absent)
    yield hold("only-starts", _without(four, "coords_relative", "coords_offsets", "coords_nn"))
    x, y = 16 + 30 * uniform((2, 14), 114)
    raw = scan(x, y, 16)
    request = {"N": 16, "K": 6, "nsamples": 5, "gridsize": 2, "seed": 4}
    for name, overlay in (
        ("shifted-check-54", {"xcoords_start": x + 0.25, "ycoords_start": y}),
        ("jittered-check-54", {"xcoords_start": x + uniform((14,), 115), "ycoords_start": y}),
        ("stretched", {"xcoords_start": x * 1.5, "ycoords_start": y * 0.5}),
    ):
        yield Case(name, "container", {"raw": raw, "overlay": overlay, "request": request})


def labels() -> Iterator[Case]:
    """Amplitude and phase of labels, up to the ends of the phase's range; ones where there are none."""
    four = groups()
    yield hold("missing-check-58", _without(four, "Y"))
    yield hold("none-check-58", four, Y=None)
    plane = np.zeros((1, 8, 8, 1), np.complex64)
    plane[0, 0, :, 0] = [1, -1, 1j, -1j, 3 + 4j, -3 - 4j, 0, complex(-2.0, -0.0)]
    yield hold("round-the-circle", groups(1, channels=1), Y=plane)
    tiny = four["Y"] * np.float32(2.0**-60)
    yield hold("faint", four, Y=tiny)
    yield hold("bright", four, Y=four["Y"] * np.float32(2.0**40))


def refusals() -> Iterator[Case]:
    """No container of what is missing, of the wrong precision, or of another shape."""
    four = groups()
    yield hold("labels-complex128-check-52", four, Y=four["Y"].astype(complex))
    yield hold("labels-real-check-52", four, Y=four["Y"].real)
    yield hold("patterns-float64-check-52", four, X_full=four["X_full"].astype(float))
    yield hold("no-indices-check-52", _without(four, "nn_indices"))
    yield hold(
        "no-indices-no-offsets-check-52",
        _without(four, "nn_indices", "coords_offsets", "coords_start_offsets"),
    )
    yield Case("no-patterns-check-52", "container", {"grouped": _without(four, "X_full"), "probe": probe()})
    yield hold("labels-of-fewer-channels", four, Y=four["Y"][..., :3])
    yield hold("offsets-of-fewer-groups", four, coords_relative=four["coords_relative"][:3])
    yield hold("probe-of-another-side", four, probe(16))
    yield hold("probe-of-rank-4", four, probe()[None, None])


SCENARIOS = (
    Scenario("DAT-006", "Containers of given groups", "data.md 4.1, 4.2, check 57", contents),
    Scenario("DAT-007", "Nominal and true positions", "data.md 4.1, 4.2, checks 53, 54", positions),
    Scenario("DAT-008", "Labels and their stand-ins", "data.md 4.1, check 58", labels),
    Scenario("DAT-009", "Groups that no container holds", "data.md 4.2, check 52", refusals),
)
