"""Grouped data of random scans against a slow grouping written anew from the rules (spec data.md 3.3 to 3.9).

Here distances come from every pair of points, every draw is one call of the legacy generator, and every
pixel of a patch is a bilinear sum: nothing is shared with the package but the input.
"""

import math
import warnings
from itertools import combinations, islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data import RawData

SCANS = 500  # of which some three hundred can be grouped; the rest must be refused


def slow_nearest(points, k, seed_point):
    """The seed point, then the others by squared distance and index."""
    x, y = points[seed_point]
    away = [(other[0] - x) ** 2 + (other[1] - y) ** 2 for other in points]
    order = sorted(range(len(points)), key=lambda index: (index != seed_point, away[index], index))
    return order[: k + 1]


def slow_refusal(points, request):
    """What the message of the ValueError must hold, or None."""
    members, count, k = request["gridsize"] ** 2, request["nsamples"], request["K"]
    if points < members:
        return rf"{points} scan points.*C={members}"
    if members == 1:
        return None
    if k < members:
        return rf"K={k} must be >= C={members}"
    if count is None or count <= points:
        return None
    if not request["enable_oversampling"]:
        return "OVERSAMPLING-001.*enable_oversampling"
    pool = k if request["neighbor_pool_size"] is None else request["neighbor_pool_size"]
    if pool < members:
        return "OVERSAMPLING-001.*neighbor_pool_size >= C"
    return r"OVERSAMPLING-001.*too few" if points - 1 < members else None


def slow_members(points, request):
    size, seed = request["gridsize"] ** 2, request["seed"]
    sequential = request["sequential_sampling"]
    total = len(points)
    count = total if request["nsamples"] is None else request["nsamples"]
    if count > total and size > 1:
        return slow_oversampling(points, count, size, request)
    count = min(count, total)
    generator = np.random.RandomState(0 if sequential else seed)
    seeds = range(total)
    if not sequential and count < total:
        seeds = generator.choice(np.arange(total), count, replace=False).tolist()
    seeds = list(seeds)[:count]
    if size == 1:
        return [[point] for point in seeds]
    groups = []
    for point in seeds:
        near = slow_nearest(points, request["K"], point)
        candidates = near[1:] if total > request["K"] else near
        groups.append(generator.choice(candidates, size, replace=False).tolist())
    return groups


def slow_oversampling(points, count, size, request):
    total, sequential = len(points), request["sequential_sampling"]
    reach = request["K"] if request["neighbor_pool_size"] is None else request["neighbor_pool_size"]
    seeds_wanted = min(total, 2 * max(1, math.ceil(count / math.comb(reach, size))))
    generator = np.random.RandomState(request["seed"])
    seeds = list(range(total))
    if not sequential and seeds_wanted < total:
        seeds = generator.choice(np.arange(total), seeds_wanted, replace=False).tolist()
    pool = list(
        islice(
            (
                group
                for point in seeds[:seeds_wanted]
                for group in combinations(slow_nearest(points, reach, point)[1:], size)
            ),
            2 * count,
        )
    )
    return [list(pool[pick]) for pick in generator.choice(len(pool), count, replace=count > len(pool))]


def slow_pixel(whole, row, column):
    """Bilinear between pixels, zero outside."""
    low_row, low_column = math.floor(row), math.floor(column)
    value = 0j
    for i, down in ((0, 1 - (row - low_row)), (1, row - low_row)):
        for j, right in ((0, 1 - (column - low_column)), (1, column - low_column)):
            at = low_row + i, low_column + j
            if 0 <= at[0] < whole.shape[0] and 0 <= at[1] < whole.shape[1]:
                value += down * right * complex(whole[at])
    return value


def slow_patch(whole, x, y, side):
    rows, columns = ([centre - side // 2 + step for step in range(side)] for centre in (y, x))
    return np.array([[slow_pixel(whole, row, column) for column in columns] for row in rows])


KINDS = ("raster", "jittered", "random", "collinear", "duplicates", "single", "far", "lattice with holes")


@st.composite
def positions(draw):
    """Columns and rows of up to 40 points, float64."""
    kind = draw(st.sampled_from(KINDS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # Drawn from lists, for of integers Hypothesis prefers the small ones: too few points for a group.
    width, height = draw(st.sampled_from([7, 6, 5, 4, 3, 1])), draw(st.sampled_from([6, 5, 4, 3, 2, 1]))
    step = draw(st.sampled_from([1.0, 2.0, 0.1, 7.5]))
    x, y = (part.ravel() * step for part in np.meshgrid(np.arange(float(width)), np.arange(float(height))))
    if kind == "jittered":
        x, y = x + rng.normal(size=len(x)) * step / 10, y + rng.normal(size=len(x)) * step / 10
    elif kind == "random":
        x, y = rng.uniform(-5, 30, (2, len(x)))
    elif kind == "collinear":
        x = rng.integers(0, 9, len(x)) * step
        y = 2 * x + 1
    elif kind == "duplicates":
        x, y = (part[rng.integers(0, min(3, len(x)), len(x))] for part in (x, y))
    elif kind == "single":
        x, y = x[:1], y[:1]
    elif kind == "far":
        x, y = x + 1e6, y - 3e5
    elif kind == "lattice with holes":
        kept = rng.permutation(len(x))[: max(1, len(x) - 3)]
        x, y = x[kept], y[kept]
    return x, y


LAYOUTS = {
    "plain": lambda array: array,
    "every second": lambda array: np.repeat(array, 2, axis=0)[::2],
    "backwards": lambda array: array[::-1].copy()[::-1],
    "fortran": np.asfortranarray,
    "last axis first": lambda array: np.ascontiguousarray(np.moveaxis(array, 0, -1)).transpose(
        array.ndim - 1, *range(array.ndim - 1)
    ),
}


@st.composite
def scans(draw):
    """Arguments of RawData, in any dtype and layout."""
    x, y = draw(positions())
    layout = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))]
    dtype = draw(st.sampled_from(["f8", ">f8", "f4", "i4", "<i2", ">i8"]))
    if dtype[-2] == "i":
        x, y = x % 1000, y % 1000
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    side, count = draw(st.sampled_from([2, 4, 6])), len(x)
    patterns = rng.uniform(0.1, 9, (count, side, side)).astype(
        draw(st.sampled_from(["f4", ">f4", "f8", "u2", ">i4"]))
    )
    patterns[:, 0, 0] += 1  # not all zero, whatever the dtype
    scan = {
        "xcoords": layout(x.astype(dtype)),
        "ycoords": layout(y.astype(dtype)),
        "xcoords_start": layout(x + rng.normal(size=count)),
        "ycoords_start": y - 0.5,
        "diff3d": layout(patterns),
        "probeGuess": np.ones((side, side), np.complex64),
        "scan_index": np.zeros(count, np.int64),
    }
    truth = draw(st.sampled_from(["none", "object", "patches"]))
    if truth != "none":
        shape = (draw(st.integers(6, 40)), draw(st.integers(6, 40)))
        whole = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        scan["objectGuess"] = layout(whole.astype(draw(st.sampled_from(["c8", "c16"]))))
    if truth == "patches":
        patches = rng.normal(size=(count, side, side)) + 1j * rng.normal(size=(count, side, side))
        scan["Y"] = layout(patches.astype(np.complex64))[..., None]
    return scan


@st.composite
def requests(draw, count):
    gridsize = draw(st.sampled_from([1, 2, 2, 2, 3]))
    near = draw(st.sampled_from([gridsize**2, gridsize**2, gridsize**2, count]))
    share = draw(st.sampled_from([1, 0.6, 0.2, 1.1, 2, 4]))
    return {
        "gridsize": gridsize,
        "K": max(0, near + draw(st.sampled_from([0, 1, 2, 3, 0, 3, -1]))),
        "nsamples": draw(st.sampled_from([None, *[math.ceil(share * count)] * 5])),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "sequential_sampling": draw(st.booleans()),
        "enable_oversampling": draw(st.sampled_from([True, True, True, False])),
        "neighbor_pool_size": draw(st.sampled_from([None, None, 4, 5, 7, 10, 12, 3])),
    }


def assert_coordinates(data, prefix, x, y, members):
    nn, offsets, relative = (data[f"{prefix}_{part}"] for part in ("nn", "offsets", "relative"))
    count, size = members.shape
    assert nn.shape == relative.shape == (count, 1, 2, size)
    assert offsets.shape == (count, 1, 2, 1)
    assert nn.dtype == offsets.dtype == relative.dtype == np.float64
    assert np.array_equal(nn[:, 0, 0], np.asarray(x, float)[members])
    assert np.array_equal(nn[:, 0, 1], np.asarray(y, float)[members])
    scale = max(1.0, np.abs(nn).max())
    np.testing.assert_allclose(offsets - relative, nn, rtol=0, atol=1e-12 * scale)
    np.testing.assert_allclose(relative.sum(axis=3), 0, atol=1e-12 * scale * size)


def assert_patterns(data, patterns, members):
    stored, scaled = data["diffraction"], data["X_full"]
    side = patterns.shape[1]
    assert stored.dtype == scaled.dtype == np.float32
    assert stored.shape == scaled.shape == (len(members), side, side, members.shape[1])
    for group, row in enumerate(members):
        for channel, point in enumerate(row):
            assert np.array_equal(stored[group, :, :, channel], patterns[point].astype(np.float32))
    wide = stored.astype(np.float64)
    factor = math.sqrt((side / 2) ** 2 / ((wide**2).sum() / members.size))
    np.testing.assert_allclose(scaled, factor * wide, rtol=3e-7)


def assert_truth(data, scan, members):
    if "Y" in scan:
        want = scan["Y"][..., 0][members].transpose(0, 2, 3, 1)
        assert np.array_equal(data["Y"], want)
    elif "objectGuess" in scan:
        side = scan["diff3d"].shape[1]
        whole = np.asarray(scan["objectGuess"], complex)
        assert data["Y"].shape == data["diffraction"].shape
        for group, channel in {(0, 0), (len(members) // 2, -1), (len(members) - 1, 0)}:
            point = members[group, channel]
            want = slow_patch(whole, float(scan["xcoords"][point]), float(scan["ycoords"][point]), side)
            np.testing.assert_allclose(data["Y"][group, :, :, channel], want, rtol=0, atol=2e-6)
    else:
        assert data["Y"] is None
    if data["Y"] is not None:
        assert data["Y"].dtype == np.complex64


@settings(derandomize=True, max_examples=SCANS, deadline=None)
@given(scan=scans(), data=st.data())
def test_random_scans_group_as_the_rules_say(scan, data):
    points = np.column_stack((scan["xcoords"], scan["ycoords"])).astype(float).tolist()
    request = data.draw(requests(len(points)))
    kept = {key: array.copy() for key, array in scan.items()}
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must stay untouched
    side = scan["diff3d"].shape[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # counts, and more groups than points or subsets
        raw = RawData(**scan)
        if (refusal := slow_refusal(len(points), request)) is not None:
            with pytest.raises(ValueError, match=refusal):
                raw.generate_grouped_data(side, **request)
            return
        grouped = raw.generate_grouped_data(side, **request)
    members = grouped["nn_indices"]
    assert members.dtype == np.int32
    assert members.tolist() == slow_members(points, request)
    assert all(len(set(row)) == request["gridsize"] ** 2 for row in members.tolist())
    assert_coordinates(grouped, "coords", scan["xcoords"], scan["ycoords"], members)
    assert_coordinates(grouped, "coords_start", scan["xcoords_start"], scan["ycoords_start"], members)
    assert_patterns(grouped, scan["diff3d"], members)
    assert_truth(grouped, scan, members)
    assert all(np.array_equal(scan[key], array) for key, array in kept.items())
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002
