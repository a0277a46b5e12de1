"""Between products and data sets (spec data.md 9, check 75): pixels and metres, export and import."""

import dataclasses

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.product import (
    ExportMeta,
    export_product_from_rawdata,
    import_product_to_rawdata,
    metres_to_pixels,
    pixel_positions,
    pixels_to_metres,
    read_product,
    write_product,
)


class TestCheck75:
    def test_check_75_the_middle_of_sixteen_pixels_is_pixel_eight(self, a_product, random_complex):
        assert metres_to_pixels(0.0, 16, 5e-8, 0.0) == 8
        product = a_product(
            x_m=np.zeros(5), y_m=np.zeros(5), object=random_complex(2, 2, 16, 16), meta=ExportMeta()
        )
        x, y = pixel_positions(product)
        assert x.tolist() == y.tolist() == [8.0] * 5

    def test_check_75_export_then_import_gives_the_pixels_back(self, raw, tmp_path, product_meta):
        for include in (True, False):
            export_product_from_rawdata(raw, tmp_path / "p.h5", product_meta, include_raw=include)
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


class TestRawDataRoundTrip:
    def test_everything_a_product_carries_comes_back(self, raw, exported):
        back = import_product_to_rawdata(exported)
        for key in ("xcoords", "ycoords", "xcoords_start", "ycoords_start", "diff3d", "probeGuess"):
            assert np.array_equal(getattr(back, key), getattr(raw, key)), key
        assert np.array_equal(back.objectGuess, raw.objectGuess)
        assert back.diff3d.dtype == raw.diff3d.dtype
        assert back.metadata == raw.metadata
        assert back.scan_index.tolist() == [0] * 5

    def test_groups_of_a_raster_survive_although_neighbours_tie(
        self, make, raster, tmp_path, random_complex, product_meta
    ):
        raw = make(*raster, objectGuess=random_complex(1, 13, 17))
        meta = dataclasses.replace(product_meta, object_pixel_width_m=3.1e-8, object_center_x_m=0.123456)
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

    def test_a_data_set_without_patterns_is_exported(self, tmp_path, random_complex):
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
    def test_layouts_of_the_probe(self, make, tmp_path, given, stored, returned, random_complex):
        probe = random_complex(4, *given, dtype=np.complex128)
        raw = make([3, 4], [4, 5], probeGuess=probe)
        export_product_from_rawdata(raw, tmp_path / "p.h5")
        with h5py.File(tmp_path / "p.h5") as file:
            assert file["probe"].shape == stored
        back = import_product_to_rawdata(tmp_path / "p.h5").probeGuess
        assert back.dtype == np.complex128
        assert np.array_equal(back, probe.reshape(returned))

    def test_the_variable_probe_and_further_layers_are_left_out(self, tmp_path, a_product):
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
