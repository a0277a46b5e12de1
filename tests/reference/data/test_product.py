"""The product file (spec data.md 9, check 75, trap 23)."""

import dataclasses
import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.product import (
    ExportMeta,
    Product,
    RawSection,
    export_product_from_rawdata,
    import_product_to_rawdata,
    metres_to_pixels,
    pixel_positions,
    pixels_to_metres,
    read_product,
    write_product,
)

REQUIRED_ATTRIBUTES = ("name", "comments", "detector_object_distance_m", "probe_energy_eV", "exposure_time_s")
REQUIRED_DATASETS = (
    "probe_position_indexes",
    "probe_position_x_m",
    "probe_position_y_m",
    "probe",
    "object",
    "object_layer_spacing_m",
    "loss_values",
)
OBJECT_ATTRIBUTES = ("center_x_m", "center_y_m", "pixel_width_m", "pixel_height_m")
META = ExportMeta(
    name="größe",
    comments="two\nlines",
    detector_distance_m=2.5,
    probe_energy_eV=8333.0,
    exposure_time_s=0.1,
    probe_photon_count=1e6,
    mass_attenuation_m2_kg=3.0,
    tomography_angle_deg=-7.0,
    object_pixel_width_m=4e-8,
    object_pixel_height_m=7e-8,
    probe_pixel_width_m=5e-8,
    probe_pixel_height_m=6e-8,
    object_center_x_m=3e-6,
    object_center_y_m=-2e-6,
)


def random_complex(seed, *shape, dtype=np.complex64):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)


def a_product(**changes):
    parts = {
        "x_m": np.linspace(-1e-6, 1e-6, 5),
        "y_m": np.linspace(2e-6, -1e-6, 5),
        "position_indexes": np.array([4, 0, 9, 2, 7]),
        "probe": random_complex(1, 2, 3, 8, 8),
        "object": random_complex(2, 2, 12, 16),
        "layer_spacing_m": np.array([1e-6]),
        "opr_weights": np.random.default_rng(3).random((5, 2)),
        "loss_values": np.array([3.0, 2.0, 1.5]),
        "loss_epochs": np.array([0, 5, 10]),
        "meta": META,
    }
    return Product(**(parts | changes))


def assert_equal_products(left, right):
    for entry in dataclasses.fields(Product):
        one, other = getattr(left, entry.name), getattr(right, entry.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype, entry.name
            assert np.array_equal(one, other), entry.name
        elif entry.name != "raw":
            assert one == other, entry.name


@pytest.fixture
def raw(make):
    """Five positions on an object of 12 rows and 16 columns, with all that a product can carry."""
    made = make([3.25, 4, 5, 6.5, 9], [4, 5.125, 7, 6, 8], objectGuess=random_complex(5, 12, 16))
    made.xcoords_start = made.xcoords + 0.5
    made.metadata = {"physics_parameters": {"nphotons": 1e6}}
    return made


@pytest.fixture
def exported(raw, tmp_path):
    path = tmp_path / "product.h5"
    export_product_from_rawdata(raw, path, META)
    return path


class TestCheck75:
    def test_check_75_the_middle_of_sixteen_pixels_is_pixel_eight(self):
        assert metres_to_pixels(0.0, 16, 5e-8, 0.0) == 8
        product = a_product(
            x_m=np.zeros(5), y_m=np.zeros(5), object=random_complex(2, 2, 16, 16), meta=ExportMeta()
        )
        x, y = pixel_positions(product)
        assert x.tolist() == y.tolist() == [8.0] * 5

    def test_check_75_export_then_import_gives_the_pixels_back(self, raw, tmp_path):
        for include in (True, False):
            export_product_from_rawdata(raw, tmp_path / "p.h5", META, include_raw=include)
            back = import_product_to_rawdata(tmp_path / "p.h5")
            np.testing.assert_allclose(back.xcoords, raw.xcoords, rtol=0, atol=1e-9)
            np.testing.assert_allclose(back.ycoords, raw.ycoords, rtol=0, atol=1e-9)

    def test_check_75_costs_stand_in_for_loss_values(self, exported):
        with h5py.File(exported, "a") as file:
            del file["loss_values"], file["loss_epochs"]
            file["costs"] = [3.0, 1.0]
        product = read_product(exported)
        assert product.loss_values.tolist() == [3.0, 1.0]
        assert product.loss_epochs.tolist() == [0, 1]

    def test_check_75_no_losses_is_fine(self, exported):
        product = read_product(exported)
        assert product.loss_values.shape == product.loss_epochs.shape == (0,)

    def test_check_75_five_positions_are_numbered_from_zero(self, exported):
        with h5py.File(exported) as file:
            assert file["probe_position_indexes"][()].tolist() == [0, 1, 2, 3, 4]


class TestGeometry:
    @settings(derandomize=True, max_examples=200)
    @given(
        pixel=st.floats(-1e4, 1e4),
        size=st.integers(1, 4096),
        pitch=st.floats(1e-9, 1e-6),
        centre=st.floats(-1e-4, 1e-4),
    )
    def test_metres_and_pixels_are_inverse(self, pixel, size, pitch, centre):
        metres = pixels_to_metres(pixel, size, pitch, centre)
        assert metres == pytest.approx(centre + pitch * (pixel - 0.5 * size), rel=1e-12, abs=1e-20)
        # Rounding of a position in metres is relative to the larger of centre and distance.
        assert metres_to_pixels(metres, size, pitch, centre) == pytest.approx(pixel, abs=1e-9, rel=1e-12)

    def test_each_axis_has_its_own_size_pitch_and_centre(self, raw, exported):
        with h5py.File(exported) as file:
            x, y = file["probe_position_x_m"][()], file["probe_position_y_m"][()]
        # The left edge of column 0 lies half an object of 16 columns from the centre, the top of 12 rows.
        left, top = 3e-6 - 16 * 4e-8 / 2, -2e-6 - 12 * 7e-8 / 2
        np.testing.assert_allclose((x - left) / 4e-8, raw.xcoords, atol=1e-9)
        np.testing.assert_allclose((y - top) / 7e-8, raw.ycoords, atol=1e-9)


class TestProductRoundTrip:
    @settings(
        derandomize=True,
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        seed=st.integers(0, 2**16),
        count=st.integers(0, 6),
        modes=st.tuples(st.integers(1, 3), st.integers(1, 3)),
        layers=st.integers(1, 3),
        epochs=st.integers(0, 4),
        weighted=st.booleans(),
        double=st.booleans(),
    )
    def test_what_was_written_is_read(self, tmp_path, seed, count, modes, layers, epochs, weighted, double):
        rng = np.random.default_rng(seed)
        dtype = np.complex128 if double else np.complex64
        product = a_product(
            x_m=rng.normal(size=count),
            y_m=rng.normal(size=count),
            position_indexes=rng.integers(0, 2**40, count),
            probe=random_complex(seed, *modes, 4, 5, dtype=dtype),
            object=random_complex(seed, layers, 6, 7, dtype=dtype),
            layer_spacing_m=rng.random(layers - 1),
            opr_weights=rng.random((4, modes[0])) if weighted else None,
            loss_values=rng.normal(size=epochs),
            loss_epochs=rng.integers(0, 99, epochs),
        )
        write_product(product, tmp_path / "p.h5")
        assert_equal_products(product, read_product(tmp_path / "p.h5"))

    def test_weights_are_in_both_places_and_read_from_either(self, tmp_path):
        path, product = tmp_path / "p.h5", a_product()
        for place in ("attribute", "root"):
            write_product(product, path)
            with h5py.File(path, "a") as file:
                assert np.array_equal(file["probe"].attrs["opr_weights"], product.opr_weights)
                assert np.array_equal(file["opr_weights"], product.opr_weights)
                if place == "attribute":
                    del file["opr_weights"]
                else:
                    del file["probe"].attrs["opr_weights"]
            assert np.array_equal(read_product(path).opr_weights, product.opr_weights)

    def test_weights_that_differ_are_refused(self, tmp_path):
        write_product(a_product(), tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5", "a") as file:
            file["opr_weights"][0, 0] += 1
        with pytest.raises(ValueError, match=r"p\.h5: opr_weights"):
            read_product(tmp_path / "p.h5")

    def test_weights_of_a_long_scan_fit(self, tmp_path):
        weights = np.random.default_rng(0).random((20000, 2))
        write_product(a_product(opr_weights=weights), tmp_path / "p.h5")
        assert np.array_equal(read_product(tmp_path / "p.h5").opr_weights, weights)

    def test_absent_optional_attributes_are_zero(self, tmp_path):
        write_product(a_product(), tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5", "a") as file:
            for name in (
                "probe_photon_count",
                "mass_attenuation_m2_kg",
                "mass_attenuation_m2_per_kg",
                "tomography_angle_deg",
                "format_id",
                "format_version",
            ):
                del file.attrs[name]
            file["an_unknown_item"] = 1
        meta = read_product(tmp_path / "p.h5").meta
        zeroed = dict.fromkeys(("probe_photon_count", "mass_attenuation_m2_kg", "tomography_angle_deg"), 0.0)
        assert meta == dataclasses.replace(META, **zeroed)

    def test_the_client_s_newer_names_are_read(self, tmp_path):
        write_product(a_product(), tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5", "a") as file:
            del file.attrs["probe_energy_eV"], file.attrs["mass_attenuation_m2_kg"]
            file["loss_epochs"][...] = [1, 2, 3]
        product = read_product(tmp_path / "p.h5")
        assert product.meta == META
        assert product.loss_epochs.tolist() == [1, 2, 3]

    def test_fixed_length_text_is_read(self, tmp_path):
        write_product(a_product(), tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5", "a") as file:
            file.attrs["name"] = np.bytes_("größe".encode())
        assert read_product(tmp_path / "p.h5").meta.name == "größe"

    def test_the_file_is_laid_out_as_specified(self, exported):
        with h5py.File(exported) as file:
            assert file.attrs["format_id"] == "ptychodus.product.hdf5"
            assert file.attrs["format_version"] == "1.0"
            assert file.attrs["bundle_version"] == "1.0"
            assert file.attrs["contains_raw_data"] == 1
            assert set(REQUIRED_ATTRIBUTES) <= set(file.attrs)
            assert set(REQUIRED_DATASETS) <= set(file)
            assert file["probe_position_x_m"].dtype == file["loss_values"].dtype == np.float64
            assert file["object"].shape == (12, 16)
            assert file["object_layer_spacing_m"].shape == (0,)
            assert file["raw_data/probeGuess"] == file["probe"]
            assert file["raw_data/objectGuess"] == file["object"]
            assert isinstance(file.get("raw_data/probeGuess", getlink=True), h5py.HardLink)
            patterns = file["raw_data/diffraction"]
            assert (patterns.compression, patterns.compression_opts, patterns.shuffle) == ("gzip", 4, True)
            assert patterns.attrs["axis_canonical"] == patterns.attrs["original_axis_order"] == "NHW"
            assert file["raw_data/xcoords"].dtype == np.float64
            assert json.loads(file["raw_data/_metadata"][()])["physics_parameters"] == {"nphotons": 1e6}


class TestRawDataRoundTrip:
    def test_everything_a_product_carries_comes_back(self, raw, exported):
        back = import_product_to_rawdata(exported)
        for key in ("xcoords", "ycoords", "xcoords_start", "ycoords_start", "diff3d", "probeGuess"):
            assert np.array_equal(getattr(back, key), getattr(raw, key)), key
        assert np.array_equal(back.objectGuess, raw.objectGuess)
        assert back.diff3d.dtype == raw.diff3d.dtype
        assert back.metadata == raw.metadata
        assert back.scan_index.tolist() == [0] * 5

    def test_groups_of_a_raster_survive_although_neighbours_tie(self, make, raster, tmp_path):
        raw = make(*raster, objectGuess=random_complex(1, 13, 17))
        meta = dataclasses.replace(META, object_pixel_width_m=3.1e-8, object_center_x_m=0.123456)
        export_product_from_rawdata(raw, tmp_path / "p.h5", meta)
        back = import_product_to_rawdata(tmp_path / "p.h5")
        request = {"N": 8, "K": 6, "nsamples": 20, "seed": 4, "gridsize": 2}
        expected = raw.generate_grouped_data(**request)["nn_indices"]
        assert np.array_equal(back.generate_grouped_data(**request)["nn_indices"], expected)

    def test_a_product_that_moved_on_beats_the_stored_pixels(self, raw, exported):
        with h5py.File(exported, "a") as file:
            file["probe_position_x_m"][2] += 4e-8
        with pytest.warns(UserWarning, match=r"product\.h5: raw_data/xcoords"):
            back = import_product_to_rawdata(exported)
        np.testing.assert_allclose(back.xcoords - raw.xcoords, [0, 0, 1, 0, 0], atol=1e-9)

    def test_a_bare_product_makes_a_data_set_without_patterns(self, raw, tmp_path):
        export_product_from_rawdata(raw, tmp_path / "p.h5", include_raw=False)
        with h5py.File(tmp_path / "p.h5") as file:
            assert "raw_data" not in file
            assert "contains_raw_data" not in file.attrs
        back = import_product_to_rawdata(tmp_path / "p.h5")
        assert back.diff3d is None
        assert back.metadata is None
        assert back.scan_index.tolist() == [0] * 5
        assert np.array_equal(back.xcoords_start, back.xcoords)

    def test_a_data_set_without_patterns_is_exported(self, tmp_path):
        bare = RawData.from_coords_without_pc(
            np.array([1.0, 2]),
            np.array([3.0, 4]),
            None,
            random_complex(0, 8, 8),
            None,
            random_complex(1, 9, 9),
        )
        export_product_from_rawdata(bare, tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5") as file:
            assert file.attrs["contains_raw_data"] == 0
        assert import_product_to_rawdata(tmp_path / "p.h5").diff3d is None

    def test_without_an_object_a_placeholder_stands_in(self, make, tmp_path):
        raw = make([3.5, 40], [4, 5])
        export_product_from_rawdata(raw, tmp_path / "p.h5")
        product = read_product(tmp_path / "p.h5")
        _, height, width = product.object.shape
        assert width >= 40 + 4
        assert height >= 5 + 4
        assert (product.object == 1).all()
        back = import_product_to_rawdata(tmp_path / "p.h5")
        assert back.objectGuess is None
        assert np.array_equal(back.xcoords, raw.xcoords)

    def test_a_placeholder_is_never_absurd(self, make, tmp_path):
        with pytest.raises(ValueError, match="objectGuess"):
            export_product_from_rawdata(make([1, 1e12], [1, 2]), tmp_path / "p.h5")
        assert list(tmp_path.iterdir()) == []

    def test_a_probe_is_needed(self, tmp_path):
        bare = RawData.from_coords_without_pc(np.ones(1), np.ones(1), None, None, None)
        with pytest.raises(ValueError, match="probeGuess"):
            export_product_from_rawdata(bare, tmp_path / "p.h5")

    @pytest.mark.parametrize(
        ("given", "stored", "returned"),
        [
            ((8, 8), (8, 8), (8, 8)),
            ((8, 8, 1), (8, 8), (8, 8)),
            ((1, 8, 8), (8, 8), (8, 8)),
            ((3, 8, 8), (3, 8, 8), (3, 8, 8)),
        ],
    )
    def test_layouts_of_the_probe(self, make, tmp_path, given, stored, returned):
        probe = random_complex(4, *given, dtype=np.complex128)
        raw = make([3, 4], [4, 5], probeGuess=probe)
        export_product_from_rawdata(raw, tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5") as file:
            assert file["probe"].shape == stored
        back = import_product_to_rawdata(tmp_path / "p.h5").probeGuess
        assert back.dtype == np.complex128
        assert np.array_equal(back, probe.reshape(returned))

    def test_the_variable_probe_and_further_layers_are_left_out(self, tmp_path):
        product = a_product()
        write_product(product, tmp_path / "p.h5")
        back = import_product_to_rawdata(tmp_path / "p.h5")
        assert np.array_equal(back.probeGuess, product.probe[0])
        assert np.array_equal(back.objectGuess, product.object[0])

    @pytest.mark.parametrize(
        ("labels", "written"),
        [
            ([0, 0, 0], [0, 1, 2]),
            ([7, 3, 5], [7, 3, 5]),
            ([1, 1, 2], [0, 1, 2]),
            ([-1, 0, 1], [0, 1, 2]),
            ([0.5, 1, 2], [0, 1, 2]),
            ([1e300, 1, 2], [0, 1, 2]),
            (None, [0, 1, 2]),
        ],
    )
    def test_pattern_indexes(self, make, tmp_path, labels, written):
        labels = None if labels is None else np.array(labels)
        export_product_from_rawdata(make([1, 2, 3], [1, 2, 3], scan_index=labels), tmp_path / "p.h5")
        assert read_product(tmp_path / "p.h5").position_indexes.tolist() == written

    @pytest.mark.parametrize("order", ["NHW", "HNW", "HWN"])
    @pytest.mark.parametrize("declared", ["axis_canonical", "original_axis_order", "neither", "wrongly"])
    def test_axis_orders_of_the_patterns(self, raw, exported, order, declared):
        axes = [("NHW").index(letter) for letter in order]
        with h5py.File(exported, "a") as file:
            del file["raw_data/diffraction"]
            patterns = file["raw_data"].create_dataset("diffraction", data=raw.diff3d.transpose(axes))
            if declared == "wrongly":
                patterns.attrs["axis_canonical"] = "NHW"
            elif declared != "neither":
                patterns.attrs[declared] = order
        assert np.array_equal(import_product_to_rawdata(exported).diff3d, raw.diff3d)

    @pytest.mark.parametrize("order", ["NHW", "HNW", "HWN"])
    def test_the_declared_order_decides_where_all_axes_are_equal(self, make, tmp_path, order):
        raw = make(range(8), range(8))
        export_product_from_rawdata(raw, tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5", "a") as file:
            file["raw_data/diffraction"][...] = raw.diff3d.transpose([("NHW").index(axis) for axis in order])
            file["raw_data/diffraction"].attrs["axis_canonical"] = order
        assert np.array_equal(import_product_to_rawdata(tmp_path / "p.h5").diff3d, raw.diff3d)


def set_dataset(name, values, **options):
    def change(file):
        attributes = dict(file[name].attrs) if name in file else {}
        if name in file:
            del file[name]
        file.create_dataset(name, data=values, **options).attrs.update(attributes)

    return change


def set_attribute(item, name, value):
    def change(file):
        file[item].attrs[name] = value

    return change


def unwritten(name, shape, **options):
    """A dataset that claims a shape of which not a byte is stored."""

    def change(file):
        dtype, attributes = file[name].dtype, dict(file[name].attrs)
        del file[name]
        file.create_dataset(name, shape, dtype, **options).attrs.update(attributes)

    return change


def link(name, target):
    def change(file):
        del file[name]
        file[name] = target

    return change


def outside(file):
    """Replace the probe by one whose bytes lie in another file."""
    attributes, where = dict(file["probe"].attrs), os.fsencode(file.filename) + b".raw"
    del file["probe"]
    with open(where, "wb") as stream:
        stream.write(bytes(8 * 64))
    file.create_dataset("probe", (8, 8), np.complex64, external=[(where, 0, 8 * 64)]).attrs.update(attributes)


def virtual(file):
    attributes = dict(file["probe"].attrs)
    del file["probe"]
    layout = h5py.VirtualLayout((8, 8), np.complex64)
    layout[...] = h5py.VirtualSource(file.filename + ".other", "probe", (8, 8))
    file.create_virtual_dataset("probe", layout)
    file["probe"].attrs.update(attributes)


def ragged(file):
    del file["loss_values"]
    file.create_dataset("loss_values", (3,), h5py.vlen_dtype(np.float64))[0] = [1.0, 2.0]


def group_in_place(file):
    del file["object"]
    file.create_group("object")


def circle(file):
    del file["probe"]
    file["probe"] = h5py.SoftLink("/elsewhere")
    file["elsewhere"] = h5py.SoftLink("/probe")


BROKEN = {
    "three lengths": (set_dataset("probe_position_y_m", np.zeros(4)), "probe_position_y_m"),
    "indexes": (set_dataset("probe_position_indexes", np.arange(6)), "probe_position_indexes"),
    "real indexes": (set_dataset("probe_position_indexes", np.arange(5.0)), "probe_position_indexes"),
    "NaN position": (set_dataset("probe_position_x_m", np.full(5, np.nan)), "probe_position_x_m"),
    "2-D position": (set_dataset("probe_position_x_m", np.zeros((5, 1))), "probe_position_x_m"),
    "layer spacing": (set_dataset("object_layer_spacing_m", np.ones(2)), "object_layer_spacing_m"),
    "weights": (set_attribute("probe", "opr_weights", np.ones((5, 3))), "opr_weights"),
    "weights rank": (set_attribute("probe", "opr_weights", np.ones(3)), "opr_weights"),
    "losses": (set_dataset("loss_epochs", np.arange(4)), "loss_epochs"),
    "real probe": (set_dataset("probe", np.ones((8, 8))), "probe"),
    "rank 1 probe": (set_dataset("probe", np.ones(8, complex)), "probe"),
    "rank 5 probe": (set_dataset("probe", np.ones((1, 1, 1, 8, 8), complex)), "probe"),
    "empty probe": (set_dataset("probe", np.ones((0, 8, 8), complex)), "probe"),
    "rank 4 object": (set_dataset("object", np.ones((1, 1, 8, 8), complex)), "object"),
    "text object": (set_dataset("object", "text"), "object"),
    "group object": (group_in_place, "object"),
    "object dtype": (set_dataset("loss_values", np.array(["a", "b"], object)), "loss_values"),
    "vlen": (ragged, "loss_values"),
    "references": (
        lambda file: set_dataset("loss_values", np.array([file.ref], h5py.ref_dtype))(file),
        "loss_values",
    ),
    "null dataspace": (set_dataset("loss_values", h5py.Empty(float)), "loss_values"),
    "zero pixel": (set_attribute("probe", "pixel_width_m", 0.0), "probe_pixel_width_m"),
    "negative pixel": (set_attribute("object", "pixel_height_m", -1e-8), "object_pixel_height_m"),
    "NaN centre": (set_attribute("object", "center_x_m", np.nan), "center_x_m"),
    "infinite energy": (set_attribute("/", "probe_energy_eV", np.inf), "probe_energy_eV"),
    "text energy": (set_attribute("/", "probe_energy_eV", "8 keV"), "probe_energy_eV"),
    "two distances": (
        set_attribute("/", "detector_object_distance_m", [1.0, 2.0]),
        "detector_object_distance_m",
    ),
    "number as name": (set_attribute("/", "name", 3), "name"),
    "name not UTF-8": (set_attribute("/", "name", np.bytes_(b"\xff\xfe")), "name"),
    "empty name": (set_attribute("/", "name", h5py.Empty("S3")), "name"),
    "external link": (link("probe", h5py.ExternalLink("other.h5", "/probe")), "probe"),
    "soft circle": (circle, "probe"),
    "external storage": (outside, "probe: its data lie in other files"),
    "virtual": (virtual, "probe: its data lie in other files"),
    "huge contiguous": (unwritten("object", (1 << 20, 1 << 20)), "object"),
    "huge chunked": (unwritten("object", (1 << 20, 1 << 20), chunks=(64, 64), compression="gzip"), "object"),
    "huge chunk": (unwritten("object", (8, 8), maxshape=(None, None), chunks=(8192, 8192)), "object"),
    "huge positions": (unwritten("probe_position_x_m", (1 << 50,), chunks=(64,)), "probe_position_x_m"),
    "patterns": (unwritten("raw_data/diffraction", (5, 1 << 20, 1 << 20), chunks=(1, 64, 64)), "diffraction"),
    "axis order": (set_attribute("raw_data/diffraction", "axis_canonical", "WHN"), "axis_canonical"),
    "complex patterns": (set_dataset("raw_data/diffraction", np.ones((5, 8, 8), complex)), "diffraction"),
    "few patterns": (set_dataset("raw_data/xcoords", np.ones(4)), "xcoords"),
    "scan_index": (set_dataset("raw_data/scan_index", np.ones(6, int)), "scan_index"),
    "metadata": (set_dataset("raw_data/_metadata", np.ones(3)), "_metadata"),
}


class TestRefusals:
    @pytest.mark.parametrize("case", BROKEN)
    def test_broken_items_are_named_with_the_file(self, exported, case):
        change, item = BROKEN[case]
        with h5py.File(exported, "a") as file:
            change(file)
        with pytest.raises(ValueError, match=rf"product\.h5.*{item}"):
            import_product_to_rawdata(exported)

    @pytest.mark.parametrize("name", REQUIRED_DATASETS)
    def test_missing_datasets_are_named(self, exported, name):
        with h5py.File(exported, "a") as file:
            del file[name]
        with pytest.raises(KeyError, match=rf"product\.h5: missing {name}"):
            read_product(exported)

    @pytest.mark.parametrize("name", REQUIRED_ATTRIBUTES)
    def test_missing_root_attributes_are_named(self, exported, name):
        with h5py.File(exported, "a") as file:
            del file.attrs[name]
            file.attrs.pop("photon_energy_eV")
        with pytest.raises(KeyError, match=rf"product\.h5: missing attribute {name}"):
            read_product(exported)

    @pytest.mark.parametrize(
        ("item", "name"),
        [("probe", name) for name in OBJECT_ATTRIBUTES[2:]]
        + [("object", name) for name in OBJECT_ATTRIBUTES],
    )
    def test_missing_grids_are_named(self, exported, item, name):
        with h5py.File(exported, "a") as file:
            del file[item].attrs[name]
        with pytest.raises(KeyError, match=rf"product\.h5: missing attribute {name} of /{item}"):
            read_product(exported)

    def test_missing_file(self, tmp_path):
        for path in (tmp_path / "absent.h5", tmp_path):
            with pytest.raises(FileNotFoundError, match=path.name):
                read_product(path)

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"GCOL\x01"])
    def test_not_an_hdf5_file(self, tmp_path, content):
        (tmp_path / "p.h5").write_bytes(content)
        with pytest.raises(ValueError, match=r"p\.h5: .*HDF5"):
            read_product(tmp_path / "p.h5")

    def test_truncated_file(self, exported):
        content = exported.read_bytes()
        for length in (len(content) // 4, len(content) // 2, len(content) - 1):
            exported.write_bytes(content[:length])
            with pytest.raises(ValueError, match=r"product\.h5"):
                read_product(exported)

    @pytest.mark.parametrize("name", ["loss_epochs", "opr_weights", "raw_data", "raw_data/xcoords"])
    def test_optional_items_are_not_looked_up_in_other_files(self, exported, name):
        with h5py.File(exported, "a") as file:
            if name in file:
                del file[name]
            file[name] = h5py.ExternalLink("other.h5", "/x")
        with pytest.raises(ValueError, match=rf"product\.h5: {name}: link .*another file"):
            read_product(exported)

    @pytest.mark.parametrize("item", ["probe", "loss_epochs", "opr_weights"])
    @pytest.mark.parametrize("way", ["external", "soft through external"])
    def test_no_other_file_is_opened_through_links(self, exported, tmp_path, way, item):
        """The link leads to a pipe that nobody writes to: opening it would wait for ever."""
        os.mkfifo(tmp_path / "other.h5")
        with h5py.File(exported, "a") as file:
            if item in file:
                del file[item]
            if way == "external":
                file[item] = h5py.ExternalLink("other.h5", "/x")
            else:
                file["way"] = h5py.ExternalLink("other.h5", "/")
                file[item] = h5py.SoftLink("/way/x")
        script = (
            "from ptychoparity.reference.data.product import read_product\n"
            f"try:\n    read_product({str(exported)!r})\nexcept ValueError as error:\n    print(error)\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
        )
        assert f"{item}: link" in ended.stdout
        assert "leads to another file" in ended.stdout

    def test_soft_links_within_the_file_are_followed(self, exported):
        with h5py.File(exported, "a") as file:
            file["deep/here"] = file["probe"]
            del file["probe"]
            file["deep/there"] = h5py.SoftLink("here")
            file["probe"] = h5py.SoftLink("/deep/there")
        assert read_product(exported).probe.shape == (1, 1, 8, 8)

    def test_an_unknown_filter_is_refused(self, exported):
        with h5py.File(exported, "a") as file:
            attributes = dict(file["object"].attrs)
            del file["object"]
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_chunk((4, 4))
            plan.set_filter(32999, h5py.h5z.FLAG_OPTIONAL)
            space = h5py.h5s.create_simple((8, 8))
            h5py.h5d.create(file.id, b"object", h5py.h5t.py_create(np.dtype(np.complex64)), space, plan)
            file["object"][...] = 1
            file["object"].attrs.update(attributes)
        with pytest.raises(ValueError, match=r"product\.h5: /object: HDF5 filters \[32999\]"):
            read_product(exported)

    @pytest.mark.parametrize(
        "changes", [{"object_pixel_width_m": 0.0}, {"probe_energy_eV": np.nan}, {"name": "a\0b"}]
    )
    def test_meta_is_judged_at_once(self, changes):
        with pytest.raises(ValueError, match=next(iter(changes))):
            ExportMeta(**changes)

    def test_a_failing_write_leaves_the_old_file_and_nothing_else(self, exported, tmp_path):
        before = exported.read_bytes()
        unwritable = a_product(raw=RawSection(metadata={"key": object()}))
        with pytest.raises(TypeError, match="_metadata"):
            write_product(unwritable, exported)
        assert exported.read_bytes() == before
        assert list(tmp_path.iterdir()) == [exported]
        with pytest.raises(FileNotFoundError):
            write_product(a_product(), tmp_path / "absent" / "p.h5")


MUTATE = """
import resource, sys, warnings
import numpy as np
from ptychoparity.reference.data.product import import_product_to_rawdata

warnings.simplefilter("ignore")
source, path, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
content, tally = open(source, "rb").read(), {"read": 0, "refused": 0}
started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for seed in range(first, first + count):
    rng, changed = np.random.default_rng(seed), bytearray(content)
    if seed % 4 == 0:
        del changed[rng.integers(len(changed)) :]
    for _ in range(rng.integers(1, 6) if seed % 4 else 0):
        at, width = int(rng.integers(len(changed) - 8)), int(rng.integers(1, 9))
        run = b"\\xff" * width if seed % 4 == 1 else rng.bytes(width) if seed % 4 == 2 else rng.bytes(1)
        changed[at : at + len(run)] = run
    with open(path, "wb") as stream:
        stream.write(changed)
    try:
        import_product_to_rawdata(path)
        tally["read"] += 1
    except (KeyError, ValueError) as error:
        assert path in str(error), error
        tally["refused"] += 1
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - started) / 1024
print(tally["read"], tally["refused"], grown)
"""


@pytest.mark.parametrize("style", ["earliest", "v108"])
def test_mutated_files_are_read_or_refused_by_name(exported, tmp_path, style):
    """Damaged bytes anywhere: no other exception, no crash, no endless loop, no large allocation."""
    source, product = tmp_path / "source.h5", read_product(exported)
    write_product(product, source)
    if style == "earliest":
        with (
            h5py.File(tmp_path / "old.h5", "w", libver=("earliest", "v108")) as old,
            h5py.File(exported) as new,
        ):
            for name in new:
                new.copy(name, old)
            old.attrs.update(new.attrs)
        source = tmp_path / "old.h5"
    ended = subprocess.run(
        [sys.executable, "-c", MUTATE, str(source), str(tmp_path / "mutated.h5"), "0", "250"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    read, refused, grown = map(float, ended.stdout.split())
    assert read + refused == 250
    assert refused > 100
    assert grown < 64


def text_reference(content, name):
    """Where the 16-byte reference of a root attribute of variable length lies in a version 1 message."""
    at = content.index(name.encode() + b"\0")
    sizes = [int.from_bytes(content[at - 8 + 2 * n : at - 6 + 2 * n], "little") for n in (1, 2, 3)]
    return at + sum(-(-size // 8) * 8 for size in sizes)


@pytest.mark.parametrize("damage", ["endless list", "claims four gigabytes"])
def test_text_that_would_hang_or_fill_the_memory_is_refused(tmp_path, exported, damage):
    with h5py.File(tmp_path / "old.h5", "w") as old, h5py.File(exported) as new:
        for name in new:
            new.copy(name, old)
        old.attrs.update(new.attrs)
    content = bytearray((tmp_path / "old.h5").read_bytes())
    if damage == "endless list":
        heap = content.index(b"GCOL")
        content[heap + 16 : heap + 18] = bytes(2)
        content[heap + 24 : heap + 32] = bytes(8)
    else:
        at = text_reference(content, "comments")
        assert int.from_bytes(content[at : at + 4], "little") == len("two\nlines")
        content[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "old.h5").write_bytes(content)
    with pytest.raises(ValueError, match=r"old\.h5: .*text"):
        read_product(tmp_path / "old.h5")


def test_the_client_reads_and_writes_the_same_product(exported, tmp_path):
    """Cross-check with the client, where it is installed."""
    client = pytest.importorskip("ptychodus.api.io")
    client.save_product(tmp_path / "theirs.h5", client.load_product(exported))
    ours, theirs = read_product(exported), read_product(tmp_path / "theirs.h5")
    assert_equal_products(dataclasses.replace(ours, raw=None), dataclasses.replace(theirs, raw=None))
