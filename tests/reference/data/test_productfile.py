"""The product file (spec data.md 9): reading, writing, what it must hold, and the client's reading of it."""

import dataclasses
import json

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data.product import (
    ExportMeta,
    Product,
    RawSection,
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


def assert_equal_products(left, right):
    for entry in dataclasses.fields(Product):
        one, other = getattr(left, entry.name), getattr(right, entry.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype, entry.name
            assert np.array_equal(one, other), entry.name
        elif entry.name != "raw":
            assert one == other, entry.name


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
    def test_what_was_written_is_read(
        self, tmp_path, seed, count, modes, layers, epochs, weighted, double, a_product, random_complex
    ):
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

    def test_weights_are_in_both_places_and_read_from_either(self, tmp_path, a_product):
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

    def test_weights_that_differ_are_refused(self, tmp_path, a_product):
        write_product(a_product(), tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5", "a") as file:
            file["opr_weights"][0, 0] += 1
        with pytest.raises(ValueError, match=r"p\.h5: opr_weights"):
            read_product(tmp_path / "p.h5")

    def test_weights_of_a_long_scan_fit(self, tmp_path, a_product):
        weights = np.random.default_rng(0).random((20000, 2))
        write_product(a_product(opr_weights=weights), tmp_path / "p.h5")
        assert np.array_equal(read_product(tmp_path / "p.h5").opr_weights, weights)

    def test_absent_optional_attributes_are_zero(self, tmp_path, a_product, product_meta):
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
        assert meta == dataclasses.replace(product_meta, **zeroed)

    def test_the_client_s_newer_names_are_read(self, tmp_path, a_product, product_meta):
        write_product(a_product(), tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5", "a") as file:
            del file.attrs["probe_energy_eV"], file.attrs["mass_attenuation_m2_kg"]
            file["loss_epochs"][...] = [1, 2, 3]
        product = read_product(tmp_path / "p.h5")
        assert product.meta == product_meta
        assert product.loss_epochs.tolist() == [1, 2, 3]

    def test_fixed_length_text_is_read(self, tmp_path, a_product):
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


class TestRefusals:
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

    @pytest.mark.parametrize(
        "changes", [{"object_pixel_width_m": 0.0}, {"probe_energy_eV": np.nan}, {"name": "a\0b"}]
    )
    def test_meta_is_judged_at_once(self, changes):
        with pytest.raises(ValueError, match=next(iter(changes))):
            ExportMeta(**changes)

    def test_a_failing_write_leaves_the_old_file_and_nothing_else(self, exported, tmp_path, a_product):
        before = exported.read_bytes()
        unwritable = a_product(raw=RawSection(metadata={"key": object()}))
        with pytest.raises(TypeError, match="_metadata"):
            write_product(unwritable, exported)
        assert exported.read_bytes() == before
        assert list(tmp_path.iterdir()) == [exported]
        with pytest.raises(FileNotFoundError):
            write_product(a_product(), tmp_path / "absent" / "p.h5")


def test_the_client_reads_and_writes_the_same_product(exported, tmp_path):
    """Cross-check with the client, where it is installed."""
    client = pytest.importorskip("ptychodus.api.io")
    client.save_product(tmp_path / "theirs.h5", client.load_product(exported))
    ours, theirs = read_product(exported), read_product(tmp_path / "theirs.h5")
    assert_equal_products(dataclasses.replace(ours, raw=None), dataclasses.replace(theirs, raw=None))
