"""Reading NPZ files (spec data.md 1.1, 1.2, 1.4, checks 36 to 49)."""

import io
import json
import logging
import os
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data import RawData, read_headers, read_npz
from ptychoparity.reference.data.npz import canonical_axes


def without(members, *keys):
    return {key: value for key, value in members.items() if key not in keys}


def test_missing_file_is_named(tmp_path):
    for path in (tmp_path / "absent.npz", tmp_path):
        with pytest.raises(FileNotFoundError, match=path.name):
            RawData.from_file(path)


@pytest.mark.parametrize("as_text", [False, True])
def test_the_client_s_export_is_enough(arrays, save, as_text):
    members = arrays([1, 2, 3], [4, 5, 7], bad_pixels=np.zeros((8, 8), bool))
    path = save(members)
    raw = RawData.from_file(str(path) if as_text else path)
    for key in without(members, "bad_pixels"):
        assert np.array_equal(getattr(raw, key), members[key])
        assert getattr(raw, key).dtype == members[key].dtype
    assert raw.norm_Y_I is None
    assert raw.metadata is None
    assert raw.sample_indices is None
    assert raw.subsample_seed is None


def test_check_36_missing_keys_are_all_named_with_those_present(arrays, save):
    path = save(without(arrays([1, 2], [4, 5]), "probeGuess", "ycoords"), "incomplete.npz")
    with pytest.raises(KeyError, match=r"incomplete\.npz.*ycoords.*probeGuess.*holds.*diff3d.*xcoords"):
        RawData.from_file(path)


def test_check_37_no_diffraction_names_both_keys(arrays, save):
    with pytest.raises(KeyError, match=r"diff3d or diffraction"):
        RawData.from_file(save(without(arrays([1, 2], [4, 5]), "diff3d")))


def test_either_diffraction_name_is_read(arrays, save):
    members = arrays([1, 2], [4, 5])
    alias = without(members, "diff3d") | {"diffraction": members["diff3d"]}
    for stored in (alias, members | {"diffraction": members["diff3d"].astype(np.float64)}):
        read = read_npz(save(stored))
        assert "diffraction" not in read
        assert np.array_equal(read["diff3d"], members["diff3d"])


@pytest.mark.parametrize("change", ["value", "shape"])
def test_check_38_both_names_with_different_data_are_refused(arrays, save, change):
    members = arrays([1, 2], [4, 5])
    other = members["diff3d"] + 1 if change == "value" else members["diff3d"][:1]
    with pytest.raises(ValueError, match=r"diff3d.* and diffraction.* differ"):
        RawData.from_file(save(members | {"diffraction": other}))


@pytest.mark.parametrize(
    ("shape", "n_positions", "axes"),
    [
        ((128, 128, 4), 4, (2, 0, 1)),
        ((4, 128, 128), 4, (0, 1, 2)),
        ((64, 64, 64), 64, (0, 1, 2)),
        ((16, 40, 16), 40, (1, 0, 2)),
        ((4, 8, 8, 1), 4, (0, 1, 2)),
        ((20, 16, 16), 25, (0, 1, 2)),
        ((16, 16, 20), 25, (2, 0, 1)),
        ((20, 32, 16), 20, (0, 1, 2)),
    ],
)
def test_check_41_axis_order(shape, n_positions, axes):
    assert canonical_axes(shape, n_positions) == axes


@pytest.mark.parametrize("shape", [(64, 64, 64), (20, 32, 16), (8, 8), (2, 8, 8, 2)])
def test_undecidable_axis_order_names_shape_and_positions(arrays, save, shape):
    members = arrays(range(15), range(15), diff3d=np.ones(shape, np.float32))
    counts = "15 positions" if len(shape) == 3 else "three axes"
    with pytest.raises(ValueError, match=rf"scan\.npz.*diff3d.*{counts}|scan\.npz.*15 positions") as caught:
        RawData.from_file(save(members))
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize(("order", "name"), [((1, 2, 0), "(H,W,M)"), ((1, 0, 2), "(H,M,W)")])
def test_check_41_legacy_files_are_transposed_and_logged_once(arrays, save, caplog, order, name):
    members = arrays([1, 2, 3, 4], [4, 5, 6, 9])
    path = save(members | {"diff3d": members["diff3d"].transpose(order)})
    with caplog.at_level(logging.WARNING):
        raw = RawData.from_file(path)
    assert np.array_equal(raw.diff3d, members["diff3d"]), name
    assert raw.diff3d.flags.c_contiguous
    assert sum("axis order" in record.message for record in caplog.records) == 1


def test_check_40_surplus_positions_of_a_file(arrays, save):
    members = arrays(range(25), range(25))
    with pytest.warns(RuntimeWarning, match="trailing 5 positions") as caught:
        raw = RawData.from_file(save(members | {"diff3d": members["diff3d"][:20]}))
    assert len(caught) == 1
    assert len(raw.xcoords) == len(raw.scan_index) == len(raw.ycoords_start) == 20


def test_check_44_values_are_judged_and_the_file_named(arrays, save):
    members = arrays([1, 2], [4, 5])
    members["diff3d"][1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=r"scan\.npz.*diff3d"):
        RawData.from_file(save(members))


def test_check_47_defaults(arrays, save):
    path = save(without(arrays([1, 2], [4, 5]), "scan_index", "xcoords_start", "ycoords_start"))
    raw = RawData.from_file(path)
    assert raw.scan_index.tolist() == [0, 0]
    assert raw.scan_index.dtype == np.int64
    assert raw.xcoords_start.tolist() == [1, 2]
    assert raw.ycoords_start.tolist() == [4, 5]
    assert not np.shares_memory(raw.xcoords_start, raw.xcoords)
    assert raw.objectGuess is None
    assert raw.Y is None


def test_patches_of_a_file_are_read(arrays, save):
    patches = np.full((2, 8, 8), 1 + 2j, np.complex64)
    assert np.array_equal(RawData.from_file(save(arrays([1, 2], [4, 5], Y=patches))).Y, patches)


def test_headers_without_loading(arrays, save):
    headers = read_headers(save(arrays([1, 2], [4, 5], probeName=np.array("disc"))))
    assert headers["diff3d"].shape == (2, 8, 8)
    assert headers["diff3d"].dtype == np.float32
    assert headers["probeName"].shape == ()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_header_version_is_read(arrays, tmp_path, version):
    path = tmp_path / "scan.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for key, array in arrays([1, 2], [4, 5]).items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, array, version)
            archive.writestr(f"{key}.npy", stream.getvalue())
    assert read_headers(path)["diff3d"].shape == (2, 8, 8)
    assert read_npz(path)["diff3d"].shape == (2, 8, 8)


def test_shapes_are_judged_before_diffraction_is_loaded(arrays, tmp_path):
    path = tmp_path / "lying.npz"
    members = without(arrays([1, 2], [4, 5]), "diff3d")
    np.savez(path, **members)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2, 1 << 24, 1 << 24)}
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("diff3d.npy", header.getvalue())
    with pytest.raises(ValueError, match=r"lying\.npz.*diff3d\.npy.*holds 0 bytes"):
        RawData.from_file(path)


def test_negative_lengths_whose_product_fits_are_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (-2, -3)})
    with zipfile.ZipFile(tmp_path / "scan.npz", "w") as archive:
        archive.writestr("Y.npy", header.getvalue() + bytes(48))
    with pytest.raises(ValueError, match=r"scan\.npz.*Y\.npy.*negative length, shape \(-2, -3\)"):
        read_headers(tmp_path / "scan.npz")


def test_a_member_stored_twice_is_refused(arrays, save):
    path = save(arrays([1, 2], [4, 5]))
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("xcoords.npy", archive.read("xcoords.npy"))
    with pytest.raises(ValueError, match=r"scan\.npz: xcoords\.npy: stored twice"):
        RawData.from_file(path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_not_an_archive(tmp_path, content):
    path = tmp_path / "scan.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"scan\.npz: not a readable NPZ"):
        RawData.from_file(path)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(data=st.data(), truncate=st.booleans())
def test_a_damaged_file_is_refused_by_name_or_read_unchanged(tmp_path_factory, data, truncate):
    rng = np.random.default_rng(0)
    members = {
        "xcoords": np.arange(3.0),
        "ycoords": np.arange(3.0),
        "diff3d": rng.random((3, 4, 4)),
        "probeGuess": np.ones((4, 4), complex),
    }
    stream = io.BytesIO()
    np.savez_compressed(stream, **members)
    content = bytearray(stream.getvalue())
    at = data.draw(st.integers(0, len(content) - 1))
    if truncate:
        del content[at:]
    else:
        content[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damaged") / "damaged.npz"
    path.write_bytes(content)
    read, refusal = None, ""
    try:
        read = read_npz(path)
    except (KeyError, TypeError, ValueError) as error:
        refusal = str(error)
    if read is None:
        assert "damaged.npz" in refusal
    else:
        assert not truncate
        assert all(np.array_equal(read[key], members[key]) for key in members)


@pytest.mark.parametrize("key", ["objectGuess", "diff3d", "Y", "notes"])
def test_pickled_members_are_refused_by_name(arrays, save, key):
    path = save(arrays([1, 2], [4, 5]) | {key: np.array(None, dtype=object)})
    with pytest.raises(ValueError, match=rf"scan\.npz.*{key}.*pickled"):
        RawData.from_file(path)


METADATA = {"schema_version": "1.0.0", "physics_parameters": {"nphotons": 1e6, "N": 8, "gridsize": 2}}


@pytest.mark.parametrize("dtype", [str, object], ids=["check-49-unicode", "pickled-text"])
def test_both_forms_of_metadata_are_read(arrays, save, dtype):
    path = save(arrays([1, 2], [4, 5], _metadata=np.array(json.dumps(METADATA), dtype=dtype)))
    assert RawData.from_file(path).metadata == METADATA


def test_check_49_new_form_loads_with_pickle_disabled(make, tmp_path):
    raw = make([1, 2], [4, 5])
    raw.metadata = METADATA | {"runs": np.int64(3), "grid": np.arange(2)}
    raw.to_file(tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as stored:
        text = stored["_metadata"]
        assert text.shape == ()
        assert json.loads(text.item()) == METADATA | {"runs": 3, "grid": [0, 1]}
    assert RawData.from_file(tmp_path / "out.npz").metadata == METADATA | {"runs": 3, "grid": [0, 1]}


@pytest.mark.parametrize("text", ["{broken", "[1, 2]", "", "3"])
def test_check_49_corrupt_metadata_is_reported_and_dropped(arrays, save, text):
    path = save(arrays([1, 2], [4, 5], _metadata=np.array(text)))
    with pytest.warns(UserWarning, match="_metadata"):
        raw = RawData.from_file(path)
    assert raw.metadata is None
    assert len(raw.xcoords) == 2


class Payload:
    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.mkdir, (self.target,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("call", "mkdir is not allowed"),
        ("dict", "array of str"),
        ("number", "array of str"),
        ("list", "array of str"),
    ],
)
def test_other_pickled_metadata_is_refused_and_nothing_runs(arrays, save, tmp_path, content, reason):
    items = {"call": Payload(tmp_path / "ran"), "dict": {"nphotons": 1.0}, "number": 4, "list": ["{}"]}
    stored = np.empty((), dtype=object)
    stored[()] = items[content]
    with pytest.raises(ValueError, match=rf"scan\.npz.*_metadata.*refused.*{reason}"):
        RawData.from_file(save(arrays([1, 2], [4, 5], _metadata=stored)))
    assert not (tmp_path / "ran").exists()


def config_like(**changes):
    return {"nphotons": 1e6, "N": 8, "gridsize": 2} | changes


@pytest.mark.parametrize(
    ("changes", "mentioned"),
    [
        ({}, None),
        ({"nphotons": 1e6 + 1e-10}, None),
        ({"nphotons": 1e8}, ("nphotons", "1000000.0", "100000000.0")),
        ({"N": 64}, ("N", "8", "64")),
        ({"gridsize": 1}, ("gridsize", "2", "1")),
    ],
    ids=["equal", "within-tolerance", "check-51", "N", "gridsize"],
)
def test_metadata_is_compared_with_the_configuration(arrays, save, caplog, changes, mentioned):
    path = save(arrays([1, 2], [4, 5], _metadata=np.array(json.dumps(METADATA))))
    with caplog.at_level(logging.WARNING):
        RawData.from_file(path, validate_config=True, current_config=config_like(**changes))
        RawData.from_file(path, current_config=config_like(nphotons=7.0))
    records = [record.getMessage() for record in caplog.records]
    assert len(records) == (mentioned is not None)
    assert all(word in records[0] for word in mentioned or ())


def test_reading_a_valid_file_warns_of_nothing(arrays, save):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RawData.from_file(save(arrays([1, 2], [4, 5])))
