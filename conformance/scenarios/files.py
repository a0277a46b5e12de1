"""DAT: NPZ files as they come, what is read from them, what is refused (spec ``data.md`` 1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from ptychoparity.conformance.case import Array, Case, Scenario, single
from ptychoparity.fixtures.numbers import uniform

POINTS, SIDE = 6, 8
X, Y = 10 + 20 * uniform((2, POINTS), 71)
PATTERNS = single(0.1 + uniform((POINTS, SIDE, SIDE), 72))
PROBE = single(uniform((SIDE, SIDE), 73) + 1j * (uniform((SIDE, SIDE), 74) - 0.5))
OBJECT = single(uniform((40, 44), 75) * np.exp(2j * uniform((40, 44), 76)))
CUBE = single(uniform((SIDE, SIDE, SIDE), 80))
MANY = single(uniform((13, SIDE, SIDE), 81))
WHOLE_NUMBERS = np.floor(9 * uniform((POINTS, SIDE, SIDE), 83)) + 1
TRUTH = single(uniform((POINTS, SIDE, SIDE), 77) - 0.5 + 1j * uniform((POINTS, SIDE, SIDE), 78))
STARTS = {"xcoords_start": X + 0.25, "ycoords_start": Y - uniform((POINTS,), 79)}
LEAST: dict[str, Any] = {"xcoords": X, "ycoords": Y, "diff3d": PATTERNS, "probeGuess": PROBE}
FULL: dict[str, Any] = {**LEAST, **STARTS, "scan_index": np.arange(POINTS) // 2, "objectGuess": OBJECT}
METADATA = {
    "schema_version": "1.0.0",
    "physics_parameters": {"nphotons": 1e6, "gridsize": 2, "N": SIDE},
    "data_transformations": [{"tool": "crop", "parameters": {"side": SIDE}}],
}


def read(
    name: str,
    members: dict[str, Any] | None,
    /,
    *absent: str,
    pickled: tuple[str, ...] = (),
    share: float = 1.0,
    **changes: Any,
) -> Case:
    """A case of `read_raw`: a file with members changed or absent, and its leading ``share`` of bytes."""
    if members is not None:
        members = {key: value for key, value in {**members, **changes}.items() if key not in absent}
    return Case(name, "read_raw", {"members": members, "pickled": list(pickled), "share": share}, exact=True)


def keys() -> Iterator[Case]:
    """Names, aliases, what may be left out, what is ignored."""
    yield read("full", FULL)
    yield read("least-check-47", LEAST)
    yield read("alias", LEAST, "diff3d", diffraction=PATTERNS)
    yield read("both-names", LEAST, diffraction=PATTERNS)
    yield read("no-object-check-48", FULL, "objectGuess")
    yield read("no-starts", FULL, *STARTS)
    yield read("no-scan-index", FULL, "scan_index")
    yield read("unknown-keys", FULL, probeName="lens", exposure=0.25, notes=np.zeros((3, 2)), label=TRUTH)
    yield read("patches", FULL, Y=TRUTH)
    yield read("patches-with-axis", FULL, Y=TRUTH[..., None])
    yield read("patches-stub", FULL, Y=TRUTH[:1])
    yield read("probe-with-axis", LEAST, probeGuess=PROBE[..., None])
    yield read("probe-modes", LEAST, probeGuess=np.stack([PROBE, PROBE.T * 0.5, 1j * PROBE]))
    yield read("one-point", {key: part if key == "probeGuess" else part[:1] for key, part in LEAST.items()})
    yield read("more-positions-check-40", LEAST, diff3d=PATTERNS[:4])
    yield read("more-positions-full", FULL, diff3d=PATTERNS[:4], Y=TRUTH)
    yield read("object-smaller-than-patterns", LEAST, objectGuess=OBJECT[:6, :7])


def metadata() -> Iterator[Case]:
    """Embedded JSON in both forms, and what is no JSON."""
    text = json.dumps(METADATA)
    yield read("text-check-49", FULL, _metadata=text)
    yield read("pickled-text", FULL, _metadata=text, pickled=("_metadata",))
    yield read("broken-check-49", FULL, _metadata=text[:-9])
    yield read("not-an-object", FULL, _metadata="[1, 2]")
    yield read("number", FULL, _metadata=3)
    yield read("empty", FULL, _metadata="{}")


def axis_orders() -> Iterator[Case]:
    """The length of the coordinates says which axis counts the patterns."""

    def many(count: int, patterns: Array) -> dict[str, Any]:
        return {
            **LEAST,
            "xcoords": np.arange(count) * 1.5,
            "ycoords": 9.0 - np.arange(count),
            "diff3d": patterns,
        }

    few = PATTERNS[:4]
    yield read("last-axis-check-41", many(4, few.transpose(1, 2, 0)))
    yield read("canonical-few-check-41", many(4, few))
    yield read("cube-check-41", many(SIDE, CUBE))
    yield read("middle-axis", many(4, few.transpose(1, 0, 2)))
    yield read("trailing-axis", many(4, few[..., None]))
    yield read("many-patterns-last", many(13, MANY.transpose(1, 2, 0)))
    yield read("many-patterns-middle", many(13, MANY.transpose(1, 0, 2)))
    yield read("square-axes-decide", many(9, few.transpose(1, 2, 0)))
    alias = {key: part for key, part in many(4, few).items() if key != "diff3d"}
    yield read("alias-last-axis", {**alias, "diffraction": few.transpose(1, 2, 0)})


def formats() -> Iterator[Case]:
    """Whole numbers in every dtype and byte order; dtypes are kept, a real probe is promoted."""
    for dtype in ("f2", "f8", ">f4", ">f8", "u1", "u2", ">u2", "i4", "i8"):
        yield read(f"patterns-{dtype.replace('>', 'big-')}", LEAST, diff3d=WHOLE_NUMBERS.astype(dtype))
    places = {key: np.round(FULL[key]) for key in ("xcoords", "ycoords", *STARTS)}
    for dtype in ("f4", ">f8", "i4", ">i2", "u1"):
        changed = {key: part.astype(dtype) for key, part in places.items()}
        yield read(f"positions-{dtype.replace('>', 'big-')}", {**FULL, **changed})
    yield read("complex128", FULL, objectGuess=OBJECT.astype(complex), probeGuess=PROBE.astype(complex))
    yield read("big-complex", FULL, objectGuess=OBJECT.astype(">c8"), probeGuess=PROBE.astype(">c16"))
    yield read("real-probe", LEAST, probeGuess=PROBE.real)
    yield read("real-object", FULL, objectGuess=np.abs(OBJECT).astype(np.float64))
    yield read("labels-int32", FULL, scan_index=FULL["scan_index"].astype(np.int32))
    yield read("counts", LEAST, diff3d=(1000 * PATTERNS).astype(np.uint16))


def _with(array: Array, value: complex) -> Array:
    """A copy with another value in one place."""
    changed = np.array(array)
    changed.reshape(-1)[5] = value
    return changed


def refusals() -> Iterator[Case]:
    """What no data set can be made of, by the name of what is wrong."""
    yield read("no-file", None)
    yield read("truncated", FULL, share=0.6)
    yield read("empty-file", FULL, share=0.0)
    yield read("no-probe-check-36", LEAST, "probeGuess")
    yield read("no-positions-check-36", LEAST, "xcoords", "ycoords")
    yield read("no-patterns-check-37", LEAST, "diff3d")
    yield read("names-differ-check-38", LEAST, diffraction=PATTERNS[::-1])
    yield read("lengths-differ-check-39", LEAST, ycoords=Y[:5])
    yield read("fewer-positions-check-40", LEAST, xcoords=X[:4], ycoords=Y[:4])
    yield read("flat-positions-check-42", LEAST, xcoords=X.reshape(2, 3), ycoords=Y.reshape(2, 3))
    yield read("oblong-patterns-check-43", LEAST, diff3d=PATTERNS[:, :, :5])
    yield read("flat-patterns", LEAST, diff3d=PATTERNS[0])
    yield read("nan-check-44", LEAST, diff3d=_with(PATTERNS, np.nan))
    yield read("negative-check-44", LEAST, diff3d=_with(PATTERNS, -1.0))
    yield read("infinite-position", LEAST, xcoords=_with(X, np.inf))
    yield read("nan-object", FULL, objectGuess=_with(OBJECT, np.nan))
    yield read("small-probe-check-45", LEAST, probeGuess=PROBE[:4, :4])
    yield read("deep-object-check-46", LEAST, objectGuess=np.stack([OBJECT, OBJECT]))
    yield read("complex-patterns", LEAST, diff3d=PATTERNS + 0j)
    yield read("pickled-patterns", LEAST, pickled=("diff3d",))
    yield read("dark", LEAST, diff3d=PATTERNS * 0)
    yield read("real-patches", FULL, Y=TRUTH.real)
    yield read("patches-of-another-side", FULL, Y=TRUTH[:, :4, :4])
    yield read("start-lengths", FULL, xcoords_start=X[:5])
    yield read(
        "axes-undecided", LEAST, xcoords=np.arange(9.0), ycoords=np.arange(9.0), diff3d=PATTERNS[:, :6, :6]
    )


SCENARIOS = (
    Scenario("DAT-001", "Keys, aliases, defaults", "data.md 1.1, 1.4, checks 40, 47, 48", keys),
    Scenario("DAT-002", "Embedded metadata", "data.md 1.5, check 49", metadata),
    Scenario("DAT-003", "Axis orders", "data.md 1.2, check 41", axis_orders),
    Scenario("DAT-004", "Number formats of files", "data.md 1.1, 1.4, 2", formats),
    Scenario("DAT-005", "Files that are refused", "data.md 1.4, checks 36-40, 42-46", refusals),
)
