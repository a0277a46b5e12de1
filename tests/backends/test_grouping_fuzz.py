"""Groups of random scans, in the process of the backend under test: bit for bit those of the reference.

PTYCHOPARITY_FUZZ sets the number of scans, 300 by default. A scan is made from its number alone, so that
the number in a failure is enough to see it again: ``PTYCHOPARITY_FUZZ_FIRST=4711 PTYCHOPARITY_FUZZ=1``.
"""

import hashlib
import os
import warnings

import numpy as np

from ptychoparity.reference.data import RawData

DEFAULT = 300
SCANS = int(os.environ.get("PTYCHOPARITY_FUZZ", DEFAULT))
FIRST = int(os.environ.get("PTYCHOPARITY_FUZZ_FIRST", 0))
INDICES = "bbee8df889596b61f8e683c3372de649497ce324900664c282216306dc1ab174"
"""SHA-256 of the indices of the first 300 scans: whole numbers made of whole numbers, so alike everywhere."""

SIDE = 4
REACH = 30_000  # what the smallest integers hold
LAYOUTS = (
    np.ascontiguousarray,
    np.asfortranarray,
    lambda array: np.repeat(array, 2, axis=0)[::2],
    lambda array: np.ascontiguousarray(array[::-1])[::-1],
)


def lattice(rng, count):
    """A raster of a random width, whole numbers."""
    width = rng.integers(1, count + 1)
    return np.arange(count) % width, np.arange(count) // width


def jittered(rng, count):
    x, y = lattice(rng, count)
    return x + rng.integers(-64, 65, count) / 512, y + rng.integers(-64, 65, count) / 512


def anywhere(rng, count):
    return rng.random((2, count)) * rng.choice([1e-3, 20.0, 1e5])


def collinear(rng, count):
    along, (dx, dy) = rng.integers(0, 12, count), rng.integers(-3, 4, 2)
    return along * dx + 0.5, along * dy - 0.25


def duplicates(rng, count):
    x, y = rng.random((2, rng.integers(1, 4)))
    chosen = rng.integers(0, len(x), count)
    return x[chosen], y[chosen]


def holed(rng, count):
    x, y = lattice(rng, 2 * count)
    kept = rng.permutation(2 * count)[:count]
    return x[kept] * 2, y[kept] * 3


def clusters(rng, count):
    far = rng.integers(0, 3, count) * 1000
    return far + rng.random(count), far[::-1] - rng.random(count)


GEOMETRIES = (lattice, jittered, anywhere, collinear, duplicates, holed, clusters)
POSITION_DTYPES = ("f8", "f8", "f8", ">f8", "f4", ">f4", "i2", "i4", "i8", ">i4")
PATTERN_DTYPES = ("f4", "f4", "f8", ">f4", "u1", "u2", ">u2", "i4", "f2")


def scan(rng):
    """Arguments of `RawData`: 1 to 32 points of any geometry, dtype and layout."""
    count = int(rng.integers(1, 33))
    dtype, lay = rng.choice(POSITION_DTYPES), LAYOUTS[rng.integers(len(LAYOUTS))]
    geometry = GEOMETRIES[rng.integers(len(GEOMETRIES))]
    x, y = (lay(np.clip(axis, -REACH, REACH).astype(dtype)) for axis in geometry(rng, count))
    patterns = rng.integers(0, 200, (count, SIDE, SIDE))
    patterns[:, 1, 2] += 1  # none is dark
    pixels = rng.integers(-8, 9, (2, 12, 14))
    return {
        "xcoords": x,
        "ycoords": y,
        "xcoords_start": x if rng.random() < 0.5 else np.asarray(x, float) + rng.integers(0, 9, count) / 8,
        "ycoords_start": y,
        "diff3d": lay(patterns.astype(rng.choice(PATTERN_DTYPES))),
        "probeGuess": np.ones((SIDE, SIDE), np.complex64),
        "scan_index": None,
        "objectGuess": None if rng.random() < 0.5 else lay((pixels[0] + 1j * pixels[1]).astype(np.complex64)),
    }


def request(rng, count):
    """Keyword arguments of the grouping, most of which can be met; K lies around C or around all points."""
    gridsize = int(rng.choice([1, 2, 2, 2, 2, 3]))
    near = int(rng.choice([gridsize**2, gridsize**2, count]))
    return {
        "N": SIDE,
        "gridsize": gridsize,
        "K": max(0, near + int(rng.integers(-1, 5))),
        "nsamples": None
        if rng.random() < 0.1
        else max(1, round(count * float(rng.choice([0.2, 0.6, 1, 2])))),
        "seed": int(rng.integers(0, 2**32)),
        "sequential_sampling": bool(rng.random() < 0.3),
        "enable_oversampling": bool(rng.random() < 0.8),
        "neighbor_pool_size": None if rng.random() < 0.6 else int(rng.integers(3, 12)),
    }


def answer(backend, number):
    """What a backend makes of a scan: its arrays, or what it says, and the warnings on the way."""
    rng = np.random.default_rng([20, number])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        raw = RawData(**scan(rng))
        try:
            found = backend.group(raw, request(rng, len(raw.xcoords)))
        except ValueError as error:
            found = {"refused": str(error)}
    return {**found, "warnings": [str(item.message) for item in caught]}


def frozen(value):
    """All that tells two arrays apart: dtype, shape and bytes."""
    if not isinstance(value, np.ndarray):
        return value
    return value.dtype.str, value.shape, value.tobytes()


def test_groups_of_random_scans_are_the_references_to_the_bit(backend, truth):
    refused = 0
    for number in range(FIRST, FIRST + SCANS):
        found, right = answer(backend, number), answer(truth, number)
        assert {key: frozen(value) for key, value in found.items()} == {
            key: frozen(value) for key, value in right.items()
        }, f"scan {number}"
        refused += "refused" in right
    assert refused < 0.5 * SCANS or SCANS < 20


def test_the_indices_of_the_first_scans_are_those_of_every_machine(backend):
    digest = hashlib.sha256()
    for number in range(DEFAULT):
        found = answer(backend, number)
        digest.update(b"refused" if "refused" in found else found["nn_indices"].astype("<i4").tobytes())
    assert digest.hexdigest() == INDICES
