"""The twins' functions, given double precision, agree with the reference to its rounding."""

import numpy as np
import pytest

from ptychoparity.reference.physics import diffraction, probe, regions, stitching, translation

RNG = np.random.default_rng(21)


def noise(*shape):
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


PATCHES, PROBE, WAVES, REGIONS = noise(3, 8, 8, 4), noise(2, 8, 8), noise(2, 3, 8, 8, 4), noise(3, 14, 14)
OFFSETS = RNG.uniform(-3, 3, (3, 1, 2, 4))
IMAGES, SHIFTS = noise(4, 9, 12), RNG.uniform(-5, 5, (4, 2))
WHOLE, POSITIONS = noise(30, 40), RNG.uniform(-5, 45, (6, 2))
STITCHED = noise(6, 8, 8)


def agree(got, want):
    assert np.asarray(got).dtype == np.asarray(want).dtype
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-13 * np.abs(want).max())


def test_exit_waves(native):
    got = native.module("diffraction").illuminate(native.stack(PATCHES), native.tensor(PROBE))
    agree(native.unstack(got), diffraction.illuminate(PATCHES, PROBE))


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.0])
def test_smoothing(native, sigma):
    got = native.module("diffraction").smooth(native.stack(WAVES), sigma)
    agree(native.unstack(got), diffraction.smooth(WAVES, sigma))


def test_diffraction(native):
    got = native.module("diffraction").diffract(native.stack(WAVES))
    agree(native.unstack(got), diffraction.diffract(WAVES))


def test_the_norm_of_a_probe(native):
    got = native.module("probe").normalize_probe(native.tensor(PROBE), 4.0)
    for one, other in zip(got, probe.normalize_probe(PROBE, 4.0), strict=True):
        agree(np.asarray(one), np.asarray(other))


def test_the_intensity_scale(native):
    amplitude = np.abs(PATCHES)
    got = native.module("probe").intensity_scale(native.stack(amplitude), 1e6)
    agree(np.asarray(got), np.asarray(probe.intensity_scale(amplitude, 1e6)))


@pytest.mark.parametrize("padded", [14, 15])
def test_regions(native, padded):
    got = native.module("regions").assemble(native.stack(PATCHES), native.stack(OFFSETS), padded)
    for one, other in zip(got, regions.assemble(PATCHES, OFFSETS, padded), strict=True):
        agree(np.asarray(one), other)


def test_extraction(native):
    got = native.module("regions").extract(native.tensor(REGIONS), native.stack(OFFSETS), 8)
    agree(native.unstack(got), regions.extract(REGIONS, OFFSETS, 8))


def test_the_chain(native):
    got = native.module("regions").forward(
        native.stack(PATCHES), native.stack(OFFSETS), native.tensor(PROBE), 14, 7.0
    )
    agree(native.unstack(got), regions.forward(PATCHES, OFFSETS, PROBE, 14, 7.0))


def test_translation(native):
    got = native.module("translation").translate(native.tensor(IMAGES), native.tensor(SHIFTS))
    agree(np.asarray(got), translation.translate(IMAGES, SHIFTS))


def test_patches_of_an_object(native):
    got = native.module("translation").object_patches(native.tensor(WHOLE), native.tensor(POSITIONS), 8)
    agree(np.asarray(got), translation.object_patches(WHOLE, POSITIONS, 8))


def test_stitching(native):
    got = native.module("stitching").stitch(native.tensor(STITCHED), native.tensor(POSITIONS), 6)
    for one, other in zip(got, stitching.stitch(STITCHED, POSITIONS, 6), strict=True):
        agree(np.asarray(one), other)
