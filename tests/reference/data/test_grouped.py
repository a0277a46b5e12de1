"""The arrays of grouped data (spec data.md 3.6 to 3.9, checks 21 to 33)."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data import grouped, grouping

KEYS = {
    "diffraction",
    "X_full",
    "Y",
    "coords_offsets",
    "coords_relative",
    "coords_nn",
    "coords_start_offsets",
    "coords_start_relative",
    "coords_start_nn",
    "nn_indices",
    "objectGuess",
}


def random_object(height, width):
    rng = np.random.default_rng(5)
    return (rng.normal(size=(height, width)) + 1j * rng.normal(size=(height, width))).astype(np.complex64)


def one_patch(object_guess, x, y, side):
    patches = grouped.object_patches(object_guess, np.array([x]), np.array([y]), np.array([[0]]), side)
    return patches[0, :, :, 0]


def test_check_21_offsets_and_relative_coordinates():
    coords = grouping.group_coordinates(
        np.array([1, 3, 5, 7]), np.array([2, 0, -2, 4]), np.array([[0, 1, 2, 3]])
    )
    assert coords.offsets.tolist() == [[[[4.0], [1.0]]]]
    assert coords.relative.tolist() == [[[[3, 1, -1, -3], [-1, 1, 3, -3]]]]


def test_check_22_gridsize_1_has_no_relative_coordinates(make, irregular):
    data = make(*irregular).generate_grouped_data(8, nsamples=12, gridsize=1, seed=0)
    assert not data["coords_relative"].any()
    assert np.array_equal(data["coords_offsets"][:, 0, :, 0], np.column_stack(irregular))


@settings(derandomize=True, max_examples=40, deadline=None)
@given(channels=st.integers(1, 9), data=st.data())
def test_check_23_offsets_minus_relative_is_the_position(channels, data):
    coordinate = st.lists(st.floats(-1e3, 1e3), min_size=12, max_size=12)
    x, y = (np.array(data.draw(coordinate)) for _ in "xy")
    members = np.random.default_rng(0).integers(0, 12, (5, channels))
    coords = grouping.group_coordinates(x, y, members)
    np.testing.assert_allclose(coords.offsets - coords.relative, coords.nn, rtol=0, atol=1e-12)
    np.testing.assert_allclose(coords.relative.sum(axis=3), 0, atol=1e-10)
    assert np.array_equal(coords.nn[:, 0, 0], x[members])
    assert np.array_equal(coords.nn[:, 0, 1], y[members])


def test_check_24_swapping_x_and_y_swaps_one_axis(make, irregular):
    x, y = irregular
    request = {"N": 8, "K": 5, "nsamples": 7, "gridsize": 2, "seed": 3}
    plain = make(x, y, xcoords_start=x + 0.5).generate_grouped_data(**request)
    swapped = make(y, x, ycoords_start=x + 0.5).generate_grouped_data(**request)
    assert np.array_equal(plain["nn_indices"], swapped["nn_indices"])
    for key in KEYS:
        if key.startswith("coords"):
            assert np.array_equal(plain[key][:, :, ::-1], swapped[key])
            assert not np.array_equal(plain[key], swapped[key])


def test_check_25_shapes_and_dtypes(make):
    x, y = np.random.default_rng(1).random((2, 30)) * 60 + 40
    raw = make(x, y, 64, objectGuess=random_object(150, 140).astype(np.complex128))
    data = raw.generate_grouped_data(64, K=6, nsamples=10, gridsize=2, seed=0)
    assert set(data) == KEYS  # check 34, the side of RawData
    expected = {
        "diffraction": ((10, 64, 64, 4), np.float32),
        "X_full": ((10, 64, 64, 4), np.float32),
        "Y": ((10, 64, 64, 4), np.complex64),
        "coords_offsets": ((10, 1, 2, 1), np.float64),
        "coords_relative": ((10, 1, 2, 4), np.float64),
        "coords_nn": ((10, 1, 2, 4), np.float64),
        "coords_start_offsets": ((10, 1, 2, 1), np.float64),
        "coords_start_relative": ((10, 1, 2, 4), np.float64),
        "coords_start_nn": ((10, 1, 2, 4), np.float64),
        "nn_indices": ((10, 4), np.int32),
        "objectGuess": ((150, 140), np.complex64),
    }
    assert {key: (value.shape, value.dtype.type) for key, value in data.items()} == expected
    for group, row in enumerate(data["nn_indices"]):
        for channel, point in enumerate(row):
            assert np.array_equal(data["diffraction"][group, :, :, channel], raw.diff3d[point])


def test_start_coordinates_and_sample_indices_are_carried(make, irregular):
    x, y = irregular
    raw = make(x, y, xcoords_start=x + 0.25, ycoords_start=y * 2)
    raw.sample_indices = np.arange(12) * 17
    data = raw.generate_grouped_data(8, K=5, nsamples=6, gridsize=2, seed=2)
    members = data["nn_indices"]
    assert np.array_equal(data["coords_start_nn"][:, 0, 0], x[members] + 0.25)
    assert np.array_equal(data["coords_start_nn"][:, 0, 1], y[members] * 2)
    assert np.array_equal(data["coords_nn"][:, 0, 0], x[members])
    assert np.array_equal(data["sample_indices"], np.arange(12) * 17)


def test_check_26_constant_counts_normalise_to_one_half(make, irregular):
    with pytest.warns(UserWarning, match="diff3d"):
        raw = make(*irregular, diff3d=np.full((12, 8, 8), 300, np.uint16))
    full = raw.generate_grouped_data(8, K=5, nsamples=12, gridsize=2, seed=0)["X_full"]
    assert full.dtype == np.float32
    np.testing.assert_allclose(full, 0.5, rtol=2e-7)


def test_check_27_integer_and_float_inputs_agree(make, irregular):
    counts = np.random.default_rng(2).integers(0, 60000, (12, 8, 8)).astype(np.uint16)
    full = []
    for diff3d in (counts, counts.astype(np.float64)):
        with pytest.warns(UserWarning, match="diff3d"):
            raw = make(*irregular, diff3d=diff3d)
        full.append(raw.generate_grouped_data(8, K=5, nsamples=6, gridsize=2, seed=0)["X_full"])
    np.testing.assert_allclose(full[0], full[1], rtol=1e-6)


@pytest.mark.parametrize("gridsize", [1, 2])
def test_check_28_energy_invariant_and_scale_free(make, irregular, gridsize):
    raw = make(*irregular)
    request = {"N": 8, "K": 5, "nsamples": 5, "gridsize": gridsize, "seed": 4}
    data = raw.generate_grouped_data(**request)
    energy = (data["X_full"].astype(np.float64) ** 2).sum(axis=(1, 2)).mean()
    assert energy == pytest.approx(16.0, rel=1e-5)
    with pytest.warns(UserWarning, match="diff3d"):
        scaled = make(*irregular, diff3d=raw.diff3d * 7)
    np.testing.assert_allclose(scaled.generate_grouped_data(**request)["X_full"], data["X_full"], rtol=1e-6)
    assert np.array_equal(data["diffraction"][0, :, :, 0], raw.diff3d[data["nn_indices"][0, 0]])


def test_energy_beyond_float32_is_summed_in_float64(make, irregular):
    with pytest.warns(UserWarning, match="diff3d"):
        raw = make(*irregular, diff3d=np.full((12, 8, 8), 1e25, np.float32))
    full = raw.generate_grouped_data(8, nsamples=12, gridsize=1)["X_full"]
    np.testing.assert_allclose(full, 0.5, rtol=1e-6)


def test_zero_energy_of_the_selection_is_refused(make, irregular):
    diff3d = np.zeros((12, 8, 8), np.float32)
    diff3d[11] = 1
    raw = make(*irregular, diff3d=diff3d)
    with pytest.raises(ValueError, match="zero"):
        raw.generate_grouped_data(8, nsamples=3, gridsize=1, sequential_sampling=True)


def test_check_29_integer_position_is_an_exact_window():
    whole = random_object(64, 64)
    assert np.array_equal(one_patch(whole, 30, 20, 16), whole[12:28, 22:38])


def test_check_30_half_pixel_is_the_mean_of_two_windows():
    whole = random_object(64, 64)
    expected = (whole[12:28, 22:38].astype(np.complex128) + whole[12:28, 23:39]) / 2
    np.testing.assert_allclose(one_patch(whole, 30.5, 20, 16), expected, rtol=1e-6)


def test_check_31_outside_the_object_is_zero():
    whole = random_object(64, 64)
    patch = one_patch(whole, 0, 0, 16)
    assert np.array_equal(patch[8:, 8:], whole[:8, :8])
    assert not patch[:8].any()
    assert not patch[:, :8].any()


def test_check_32_each_channel_is_its_own_members_patch(make):
    x, y = np.random.default_rng(9).uniform(-5, 75, (2, 90))  # more points than one block of windows
    raw = make(x, y, 16, objectGuess=random_object(70, 60))
    single = raw.generate_grouped_data(16, nsamples=90, gridsize=1)["Y"][..., 0]
    data = raw.generate_grouped_data(16, K=6, nsamples=90, gridsize=2, seed=1)
    assert np.abs(single).max() > 0
    assert np.array_equal(data["Y"], single[data["nn_indices"]].transpose(0, 2, 3, 1))


@pytest.mark.parametrize("trailing", [(), (1,)])
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_check_33_stored_patches_beat_the_object(make, irregular, trailing, dtype):
    rng = np.random.default_rng(6)
    patches = (rng.normal(size=(12, 8, 8)) + 1j * rng.normal(size=(12, 8, 8))).astype(np.complex64)
    raw = make(
        *irregular, Y=patches.reshape(12, 8, 8, *trailing).astype(dtype), objectGuess=random_object(30, 30)
    )
    data = raw.generate_grouped_data(8, K=5, nsamples=6, gridsize=2, seed=0)
    assert data["Y"].dtype == np.complex64
    assert np.array_equal(data["Y"], patches[data["nn_indices"]].transpose(0, 2, 3, 1))


def test_check_33_without_truth_there_are_no_patches(make, irregular):
    data = make(*irregular).generate_grouped_data(8, nsamples=2, gridsize=1)
    assert data["Y"] is None
    assert data["objectGuess"] is None


def test_pattern_side_must_be_as_asked(make, irregular):
    with pytest.raises(ValueError, match=r"N=16 .* 8"):
        make(*irregular).generate_grouped_data(16, gridsize=1)


def test_a_product_without_patterns_cannot_be_grouped(make, irregular):
    with pytest.raises(ValueError, match="diff3d"):
        make(*irregular, diff3d=None).generate_grouped_data(8, gridsize=1)


def peak_over_result(call):
    """The most memory held at once in units of the result's, as NumPy reports it; no clock involved."""
    tracemalloc.start()
    try:
        result = call()
        return tracemalloc.get_traced_memory()[1] / sum(array.nbytes for array in result)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("gridsize", [1, 2, 3])
@pytest.mark.parametrize("truth", ["no", "object", "patches"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16])
@pytest.mark.filterwarnings("ignore:diff3d")
def test_memory_beside_the_result_is_a_fifth_of_it_at_most(make, gridsize, truth, dtype):
    count = 1200 // gridsize**2
    x, y = np.random.default_rng(2).uniform(20, 130, (2, 1200))
    changes = {"diff3d": np.random.default_rng(3).uniform(1, 9, (1200, 32, 32)).astype(dtype)}
    if truth != "no":
        changes["objectGuess"] = random_object(150, 150)
    if truth == "patches":
        changes["Y"] = np.full((1200, 32, 32), 1j, np.complex64)
    raw = make(x, y, 32, **changes)

    def new_arrays():
        data = raw.generate_grouped_data(32, K=12, nsamples=count, gridsize=gridsize, seed=0)
        return [array for key, array in data.items() if array is not None and key != "objectGuess"]

    assert peak_over_result(new_arrays) <= 1.2


def test_memory_of_many_positions_is_little_more_than_the_result():
    x, y = np.random.default_rng(2).uniform(0, 1000, (2, 50_000))

    def coordinates():
        members = grouping.standard_groups(x, y, 50_000, 7, 4, 0, None)
        parts = [grouping.group_coordinates(x, y, members) for _ in range(2)]
        return [members, *(array for part in parts for array in (part.nn, part.offsets, part.relative))]

    assert peak_over_result(coordinates) <= 1.2


def test_memory_of_many_points_in_one_place_is_bounded():
    x = np.zeros(1500)  # every point is as near as every other: 36 MB of pairs
    tracemalloc.start()
    try:
        grouping.nearest_points(x, x, 7)
        assert tracemalloc.get_traced_memory()[1] < 16e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16])
def test_one_pass_equals_gathering_and_scaling_apart(dtype):
    patterns = np.random.default_rng(4).uniform(0, 50, (40, 16, 16)).astype(dtype)
    members = np.random.default_rng(5).integers(0, 40, (33, 4))
    stored, scaled = grouped.gather_scaled_patterns(patterns, members)
    assert np.array_equal(stored, patterns[members].transpose(0, 2, 3, 1).astype(np.float32))
    energy = np.square(stored, dtype=float).sum(axis=(1, 2)).mean()
    np.testing.assert_allclose(scaled, stored * np.float32(np.sqrt(8**2 / energy)), rtol=1e-7)


def test_energies_are_summed_once_for_each_pattern_in_use():
    patterns = np.random.default_rng(4).uniform(0, 50, (40, 8, 8)).astype(np.float32)
    energies = grouped.pattern_energies(patterns, np.array([[3, 3], [17, 39]]))
    want = (patterns.astype(np.float64) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(energies[[3, 17, 39]], want[[3, 17, 39]], rtol=1e-14)
    assert np.count_nonzero(energies) == 3
