"""Region assembly, extraction and the chain: physics_model.md T11 to T17, S1 to S9, F20, F21."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.reference.physics import diffraction, probe, regions
from ptychoparity.reference.physics.windows import accumulate_windows

PADDED = 22


@pytest.mark.parametrize(
    ("geometry", "padded"),
    [((64, 1, 4, 10), 74), ((64, 2, 4, 10), 78), ((128, 2, 4, 10), 142), ((256, 1, 4, 10), 266)],
)
def test_check_t11_padded_size(geometry, padded):
    assert regions.padded_size(*geometry) == padded


@pytest.mark.parametrize(
    ("reach", "padded"), [(0, 16), (1e-9, 16), (0.3, 18), (2, 20), (2 + 1e-9, 20), (2.01, 22), (-3.5, 24)]
)
def test_the_fitting_padded_size_is_accepted_and_smallest(reach, padded):
    offsets = np.zeros((1, 1, 2, 2))
    offsets[0, 0, 1, 1] = reach
    assert regions.fitting_padded_size(16, offsets) == padded
    patches = np.ones((1, 16, 16, 2), complex)
    assert regions.assemble(patches, offsets, padded)[0].shape == (1, padded, padded)
    if padded > 16:
        with pytest.raises(ValueError, match=f"use a padded size of at least {padded}"):
            regions.assemble(patches, offsets, padded - 2)


def test_check_t12_extraction(waves, relative, printed):
    patches = regions.extract(waves((2, PADDED, PADDED), 10, 11), relative, 16)
    assert patches[0, 8, 8, 0] == printed(".535985817-.158268500j")
    assert patches[1, 3, 12, 2] == printed(".456306964+.133840619j")
    assert patches.sum() == printed("934.598153-5.008276j")


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=5))
def test_check_t13_within_the_margin_a_flat_region_stays_flat(pairs):
    offsets = np.array(pairs, float).T[None, None]
    patches = regions.extract(np.ones((1, PADDED, PADDED)), offsets, 16)
    np.testing.assert_array_equal(patches, np.ones((1, 16, 16, len(pairs))))


def test_extraction_looks_where_the_scan_position_is():
    """coords_relative is the negated displacement: channel c is cut at +(x_c - mu) from the centre."""
    rows, columns = np.mgrid[:PADDED, :PADDED]
    region = (columns + 100.0 * rows)[None]
    displacement = np.array([[3, -2], [-1, 2]])
    patches = regions.extract(region, -displacement.T[None, None].astype(float), 16)
    np.testing.assert_array_equal(patches[0, 8, 8], [(11 + x) + 100 * (11 + y) for x, y in displacement])


def test_check_t17_assembly_then_extraction_returns_disjoint_patches(waves):
    """Inner squares of 4 pixels, 6 pixels apart, do not overlap: each comes back as x / (1 + 1e-3)."""
    offsets = np.array([[3, -3, 3, -3], [3, 3, -3, -3]], float)[None, None]
    mask = regions.centre_mask(8)[None, :, :, None]
    patches = mask * waves((1, 8, 8, 4), 8, 9)
    region, _ = regions.assemble(patches, offsets, 14)
    back = regions.extract(region, offsets, 8)
    np.testing.assert_allclose(back * mask, patches / 1.001, rtol=1e-13)


@pytest.mark.parametrize("padded", [8, 9, 12])
def test_check_s1_a_flat_patch_fills_its_centre(padded):
    region, weight = regions.assemble(np.ones((1, 8, 8, 1), complex), np.zeros((1, 1, 2, 1)), padded)
    expected = np.zeros((padded, padded))
    start = (padded - 8) // 2 + 2
    expected[start : start + 4, start : start + 4] = 1
    np.testing.assert_array_equal(weight[0], expected)
    np.testing.assert_allclose(region[0], expected / 1.001, rtol=1e-15)


def test_check_s2_values_of_unconfined_patches(conf, relative, printed):
    region, _ = regions.assemble(conf, relative, PADDED)
    assert region[0, 11, 11] == printed(".429081242-.044702872j")
    assert region[1, 9, 12] == printed(".593155574+.039948617j")
    assert region[0].sum() == printed("68.666503+.158757j")
    assert region[1].sum() == printed("68.948414+3.224052j")
    assert np.abs(region).max() == printed(".995603327")


def test_check_s3_an_edge_pixel(conf, relative, printed):
    region, weight = regions.assemble(conf, relative, PADDED)
    assert weight[0, 5, 5] == pytest.approx(0.5, abs=1e-15)
    assert region[0, 5, 5] == printed(".960499684-.262042634j")


def test_check_s6_each_patch_contributes_its_inner_square(conf, relative):
    _, weight = regions.assemble(conf, relative, PADDED)
    assert weight.sum(axis=(1, 2)) == pytest.approx([256, 256], rel=1e-14)


@pytest.mark.parametrize(
    ("batch", "split"), [pytest.param(20, 1, id="check-S7"), pytest.param(16, 8, id="check-S8")]
)
def test_groups_do_not_mix_whatever_the_batch(waves, batch, split):
    patches = np.ascontiguousarray(waves((batch, 4, 8, 8), 8, 9).transpose(0, 2, 3, 1))
    offsets = np.random.default_rng(1).uniform(-2, 2, (batch, 1, 2, 4))
    whole, weight = regions.assemble(patches, offsets, 12)
    assert whole.shape == (batch, 12, 12)
    parts = [
        regions.assemble(patches[start : start + split], offsets[start : start + split], 12)
        for start in range(0, batch, split)
    ]
    np.testing.assert_array_equal(whole, np.concatenate([part[0] for part in parts]))
    np.testing.assert_array_equal(weight, np.concatenate([part[1] for part in parts]))


def test_check_s9_the_border_is_not_amplified(conf, relative):
    """Without the mask in the numerator the border is divided by 1e-3; the recommended form is bounded."""
    region, weight = regions.assemble(conf, relative, PADDED)
    everything = np.zeros((2, PADDED, PADDED), complex)
    for channel in range(4):
        corners = 3 - relative[:, 0, ::-1, channel]
        everything += accumulate_windows(conf[..., channel], corners, (2, PADDED, PADDED), np.arange(2))
    literal = everything / (weight + 1e-3)
    assert np.abs(literal).max() == pytest.approx(2629.4, rel=1e-3)
    assert np.abs(region).max() < 1


def test_confined_patches_give_the_same_region_as_unconfined(conf, confined, relative):
    for one, other in zip(
        regions.assemble(conf, relative, PADDED), regions.assemble(confined, relative, PADDED), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_check_f20_the_whole_chain(confined, relative, gaussian, printed):
    amplitude = regions.forward(confined, relative, gaussian, PADDED, 7.0)
    assert amplitude[0, 8, 8, 0] == printed("10.469943342")
    assert amplitude[1, 3, 12, 2] == printed(".173610638")
    assert amplitude.sum() == printed("921.0159460")
    assert (amplitude**2).sum() == printed("2824.632358")


def test_check_f21_simulation_scale_of_the_chain(confined, relative, gaussian, printed):
    patches = regions.extract(regions.assemble(confined, relative, PADDED)[0], relative, 16)
    waves = diffraction.illuminate(patches, gaussian)
    assert probe.intensity_scale(np.abs(waves[0]), 1e4) == printed("37.253070009")
    amplitude = regions.forward(confined, relative, gaussian, PADDED)
    assert probe.intensity_scale(amplitude, 1e4) == printed("37.253070009")


def test_the_chain_is_its_links(conf, relative, gaussian):
    patches = regions.extract(regions.assemble(conf, relative, PADDED)[0], relative, 16)
    links = 3 * diffraction.diffract(diffraction.illuminate(patches, gaussian))
    np.testing.assert_array_equal(regions.forward(conf, relative, gaussian, PADDED, 3.0), links)


@pytest.mark.parametrize(("dtype", "real"), [(np.complex64, np.float32), (np.complex128, np.float64)])
def test_precision_is_kept(conf, relative, gaussian, dtype, real):
    patches = conf.astype(dtype)
    region, weight = regions.assemble(patches, relative, PADDED)
    assert (region.dtype, weight.dtype) == (dtype, real)
    assert regions.extract(region, relative, 16).dtype == dtype
    assert regions.forward(patches, relative, gaussian.astype(dtype), PADDED, 7.0).dtype == real


def test_one_group_of_one_channel(conf, gaussian):
    offsets = np.zeros((1, 1, 2, 1))
    alone = conf[:1, :, :, :1]
    region, _ = regions.assemble(alone, offsets, 16)
    np.testing.assert_allclose(region[0], alone[0, ..., 0] * regions.centre_mask(16) / 1.001, rtol=1e-14)
    assert regions.forward(alone, offsets, gaussian, 16).shape == (1, 16, 16, 1)
