"""RawData in memory: what it refuses, promotes and writes (spec data.md 1.3, 1.4, 2; checks 39 to 48)."""

import numpy as np
import pytest

from ptychoparity.reference.config.canonical import ModelConfig, TrainingConfig
from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.metadata import validate_parameters
from ptychoparity.reference.data.validation import check_amplitude


def test_check_39_coordinate_lengths_must_match(make):
    with pytest.raises(ValueError, match=r"xcoords and ycoords must have matching shapes.*20.*19"):
        make(range(20), range(20), ycoords=np.arange(19.0))
    with pytest.raises(ValueError, match=r"xcoords and xcoords_start must have matching shapes.*20.*1"):
        make(range(20), range(20), xcoords_start=np.arange(1.0))


def test_check_40_fewer_positions_than_patterns(make):
    with pytest.raises(ValueError, match=r"20 patterns but only 15 positions"):
        make(range(15), range(15), diff3d=np.ones((20, 8, 8), np.float32))


def test_check_40_surplus_positions_are_dropped(make):
    patches = np.full((20, 8, 8), 1j, np.complex64)
    with pytest.warns(RuntimeWarning, match=r"trailing 5 positions"):
        raw = make(range(25), range(25), diff3d=np.ones((20, 8, 8), np.float32), Y=patches)
    assert raw.xcoords.tolist() == list(range(20))
    assert len(raw.xcoords_start) == len(raw.scan_index) == 20
    assert raw.Y is patches


def test_check_42_coordinates_are_one_dimensional(make):
    with pytest.raises(ValueError, match=r"xcoords.*one-dimensional.*\(4, 1\)"):
        make(range(4), range(4), xcoords=np.zeros((4, 1)))


@pytest.mark.parametrize("shape", [(20, 32, 16), (20, 64), (20, 8, 8, 2), (20, 0, 0)])
def test_check_43_patterns_are_square(make, shape):
    with pytest.raises(ValueError, match=r"diff3d.*\(N,H,W\)") as caught:
        make(range(20), range(20), diff3d=np.ones(shape, np.float32))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_check_44_diffraction_is_finite_and_not_negative(make, arrays, value):
    diff3d = arrays(range(4), range(4))["diff3d"]
    diff3d[2, 3, 4] = value
    with pytest.raises(ValueError, match="diff3d"):
        make(range(4), range(4), diff3d=diff3d)


def test_diffraction_beyond_float32_is_refused(make):
    with pytest.raises(ValueError, match=r"diff3d.*float32"):
        make(range(4), range(4), diff3d=np.full((4, 8, 8), 1e39))


@pytest.mark.parametrize("key", ["xcoords", "ycoords_start", "probeGuess", "objectGuess", "Y"])
def test_check_44_everything_else_is_finite(make, key):
    shapes = {"probeGuess": (8, 8), "objectGuess": (9, 9), "Y": (4, 8, 8)}
    dtype = complex if key in shapes else float
    array = np.ones(shapes.get(key, (4,)), dtype)
    array.flat[-1] = np.nan
    with pytest.raises(ValueError, match=f"{key}.*finite"):
        make(range(4), range(4), **{key: array})


def test_check_45_probe_side_must_fit(make):
    with pytest.raises(ValueError, match=r"probeGuess.*\(16, 16\).*\(4, 32, 32\)"):
        make(range(4), range(4), 32, probeGuess=np.ones((16, 16), complex))


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (1, 8, 8), (3, 8, 8)])
def test_probe_layouts_are_accepted_as_given(make, shape):
    assert make(range(4), range(4), probeGuess=np.ones(shape, np.complex64)).probeGuess.shape == shape


@pytest.mark.parametrize("shape", [(8, 7), (8,), (8, 8, 2), (2, 2, 8, 8), (0, 8, 8)])
def test_other_probe_layouts_are_refused(make, shape):
    with pytest.raises(ValueError, match=r"probeGuess.*\(P,N,N\)"):
        make(range(4), range(4), probeGuess=np.ones(shape, np.complex64))


def test_check_46_object_is_two_dimensional(make):
    with pytest.raises(ValueError, match=r"objectGuess.*\(2, 32, 32\)"):
        make(range(4), range(4), objectGuess=np.ones((2, 32, 32), complex))


def test_small_object_only_warns(make):
    with pytest.warns(UserWarning, match=r"objectGuess.*\(7, 30\).*8"):
        assert make(range(4), range(4), objectGuess=np.ones((7, 30), np.complex64)).objectGuess.shape == (
            7,
            30,
        )


@pytest.mark.parametrize("dtype", [complex, object, str, bool])
def test_diffraction_dtype(make, dtype):
    with pytest.raises(TypeError, match=r"diff3d.*dtype"):
        make(range(4), range(4), diff3d=np.ones((4, 8, 8)).astype(dtype))


@pytest.mark.parametrize("key", ["probeGuess", "objectGuess"])
def test_real_probe_or_object_is_promoted(make, key):
    with pytest.warns(UserWarning, match=f"{key}.*float64.*complex64"):
        raw = make(range(4), range(4), **{key: np.full((8, 8), 2.0)})
    assert getattr(raw, key).dtype == np.complex64
    assert (getattr(raw, key) == 2).all()


def test_all_zero_diffraction_is_refused(make):
    with pytest.raises(ValueError, match=r"diffraction.*zero"):
        make(range(4), range(4), diff3d=np.zeros((4, 8, 8), np.float32))


def test_no_scan_point_is_refused(make):
    with pytest.raises(ValueError, match=r"xcoords.*length 0"):
        make([], [])


def test_scan_index_has_one_label_a_position(make):
    with pytest.raises(ValueError, match=r"scan_index.*\(4,\).*\(3,\)"):
        make(range(4), range(4), scan_index=np.zeros(3, int))


@pytest.mark.parametrize("dtype", [np.complex64, np.float32])
def test_stub_patches_are_ignored_with_a_warning(make, dtype):
    with pytest.warns(UserWarning, match=r"Y: shape \(1, 8, 8\).*M = 4"):
        assert make(range(4), range(4), Y=np.ones((1, 8, 8), dtype)).Y is None


def test_patches_must_be_complex64_without_loss(make):
    with pytest.raises(ValueError, match=r"DATA-001.*float64"):
        make(range(4), range(4), Y=np.ones((4, 8, 8)))
    with pytest.raises(ValueError, match=r"DATA-001.*complex128"):
        make(range(4), range(4), Y=np.full((4, 8, 8), 1e300j))


@pytest.mark.parametrize("shape", [(4, 8, 9), (4, 16, 16), (4, 8), (4, 8, 8, 2)])
def test_patches_must_fit_the_patterns(make, shape):
    with pytest.raises(ValueError, match="Y: expected") as caught:
        make(range(4), range(4), Y=np.ones(shape, np.complex64))
    assert str(shape) in str(caught.value)


PEAKED = np.zeros((2, 16, 16), np.float32)
PEAKED[:, 3, 3] = 5.0


@pytest.mark.parametrize(
    "diff3d",
    [np.ones((2, 8, 8), np.uint32), np.full((2, 8, 8), 10.0), PEAKED],
    ids=["integer", "peak-10", "peak-100-means"],
)
def test_counts_are_suspected_once_and_kept(make, diff3d):
    probe = np.ones(diff3d.shape[1:], np.complex64)
    with pytest.warns(UserWarning, match=r"diff3d.*amplitude") as caught:
        raw = make([1, 2], [3, 4], diff3d=diff3d, probeGuess=probe)
    assert len(caught) == 1
    assert raw.diff3d is diff3d
    with pytest.raises(ValueError, match=r"diff3d.*amplitude"):
        check_amplitude(diff3d, strict=True)


def test_what_the_client_sends_is_accepted():
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 20)) * 40
    counts = rng.poisson(40, (20, 16, 16)).astype(np.uint32)
    with pytest.warns(UserWarning, match="diff3d"):
        raw = RawData.from_coords_without_pc(
            xcoords=x,
            ycoords=y,
            diff3d=counts,
            probeGuess=np.ones((1, 16, 16), np.complex64),
            scan_index=np.zeros(20, np.int64),
            objectGuess=np.ones((70, 60), np.complex64),
        )
    assert raw.diff3d.dtype == np.uint32
    assert raw.xcoords_start is raw.xcoords
    data = raw.generate_grouped_data(16, K=7, nsamples=20, gridsize=2)
    assert data["X_full"].dtype == np.float32
    assert np.array_equal(data["diffraction"], counts[data["nn_indices"]].transpose(0, 2, 3, 1))


def test_a_bare_product_constructs(make):
    raw = make(range(4), range(4), diff3d=None, probeGuess=None, scan_index=None)
    assert raw.diff3d is raw.probeGuess is raw.scan_index is None


def test_dtypes_are_preserved(make):
    raw = make(
        range(4),
        range(4),
        xcoords=np.arange(4, dtype=np.float32),
        diff3d=np.ones((4, 8, 8), np.float64),
        probeGuess=np.ones((8, 8), np.complex128),
        scan_index=np.zeros(4, np.int32),
    )
    kept = (raw.xcoords, raw.diff3d, raw.probeGuess, raw.scan_index)
    assert [array.dtype.type for array in kept] == [np.float32, np.float64, np.complex128, np.int32]


def test_check_48_round_trip_without_an_object(make, tmp_path):
    make(range(4), range(4)).to_file(tmp_path / "out.npz")
    assert RawData.from_file(tmp_path / "out.npz").objectGuess is None


def test_round_trip_keeps_everything(make, tmp_path):
    raw = make(
        range(4),
        range(4),
        xcoords_start=np.arange(4) + 0.5,
        objectGuess=np.full((9, 12), 1 + 2j, np.complex64),
        Y=np.full((4, 8, 8), 3j, np.complex64),
        metadata={"schema_version": "1.0.0"},
    )
    raw.to_file(str(tmp_path / "out.npz"))
    again, twice = RawData.from_files(tmp_path / "out.npz", tmp_path / "out.npz")
    for key, value in vars(raw).items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(getattr(again, key), value), key
            assert getattr(again, key).dtype == value.dtype
            assert np.array_equal(getattr(twice, key), value), key
    assert again.metadata == raw.metadata


def test_a_failed_write_leaves_the_old_file_and_no_rest(make, tmp_path):
    raw = make(range(4), range(4))
    path = tmp_path / "out.npz"
    raw.to_file(path)
    before = path.read_bytes()
    raw.metadata = {"unwritable": object()}
    with pytest.raises(TypeError, match="_metadata"):
        raw.to_file(path)
    raw.metadata, raw.Y = None, Unwritable()
    with pytest.raises(RuntimeError, match="disk"):
        raw.to_file(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.npz"]


class Unwritable:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("disk full")


def test_parameters_are_found_in_configuration_objects():
    config = TrainingConfig(model=ModelConfig(N=64, gridsize=2), nphotons=1e8)
    stored = {"physics_parameters": {"nphotons": 1e6, "N": 128, "gridsize": 2}}
    lines = validate_parameters(stored, config)
    assert len(lines) == 2
    assert all(word in lines[0] for word in ("nphotons", "1000000.0", "100000000.0"))
    assert all(word in lines[1] for word in ("N", "128", "64"))


@pytest.mark.parametrize("stored", [{}, {"physics_parameters": None}, {"physics_parameters": {"seed": 3}}])
def test_absent_parameters_are_not_compared(stored):
    assert validate_parameters(stored, {"nphotons": 1.0}) == []


def test_unusable_photon_count_is_a_mismatch_not_a_failure():
    lines = validate_parameters({"physics_parameters": {"nphotons": "many"}}, {"nphotons": 1e6})
    assert len(lines) == 1
