"""Everything that the physics refuses, with the argument and what was wrong with it in the message."""

import re

import numpy as np
import pytest

from ptychoparity.reference.physics import checks, diffraction, probe, regions, stitching, translation


def patches(*shape):
    return np.ones(shape or (2, 8, 8, 4), complex)


def offsets(*shape, value=0.0):
    return np.full(shape or (2, 1, 2, 4), value)


def modes(*shape, value=1.0):
    return np.full(shape or (1, 8, 8), value, complex)


NAN, INF = float("nan"), float("inf")

# name: (what is called, its arguments, what the message says)
REFUSALS = {
    "patches of rank 3": (
        checks.check_patches,
        (patches(2, 8, 8),),
        "patches must have shape (B, N, N, C), got (2, 8, 8)",
    ),
    "patches not square": (
        checks.check_patches,
        (patches(2, 8, 6, 4),),
        "patches must have shape (B, N, N, C), got (2, 8, 6, 4)",
    ),
    "patches channels-first": (checks.check_patches, (patches(2, 4, 8, 8),), "got (2, 4, 8, 8)"),
    "no group": (checks.check_patches, (patches(0, 8, 8, 4),), "got (0, 8, 8, 4)"),
    "no channel": (checks.check_patches, (patches(2, 8, 8, 0),), "got (2, 8, 8, 0)"),
    "odd patches": (
        checks.check_patches,
        (patches(2, 7, 7, 4),),
        "patches must have an even side N, got N=7",
    ),
    "patches under their own name": (
        checks.check_patches,
        (patches(8, 8), "amplitude"),
        "amplitude must have shape",
    ),
    "offsets channels-first": (
        checks.check_offsets,
        (offsets(2, 4, 1, 2), 2, 4),
        "offsets must have shape (B, 1, 2, C) = (2, 1, 2, 4) to match the patches, got (2, 4, 1, 2)",
    ),
    "offsets of other groups": (checks.check_offsets, (offsets(3, 1, 2, 4), 2, 4), "got (3, 1, 2, 4)"),
    "offsets of no channel": (checks.check_offsets, (offsets(2, 1, 2, 0), 2, 0), "got (2, 1, 2, 0)"),
    "offsets NaN": (checks.check_offsets, (offsets(value=NAN), 2, 4), "offsets must be finite"),
    "offsets infinite": (checks.check_offsets, (offsets(value=-INF), 2, 4), "offsets must be finite"),
    "probe without modes": (
        checks.check_probe,
        (modes(8, 8),),
        "probe_guess must have shape (P, N, N), mode axis first, got (8, 8)",
    ),
    "probe of rank 4": (checks.check_probe, (modes(1, 1, 8, 8),), "got (1, 1, 8, 8)"),
    "probe not square": (checks.check_probe, (modes(1, 8, 6),), "got (1, 8, 6)"),
    "probe of no mode": (checks.check_probe, (modes(0, 8, 8),), "got (0, 8, 8)"),
    "probe of another side": (
        checks.check_probe,
        (modes(1, 16, 16), 8),
        "probe_guess has side 16 but the patches have side N=8",
    ),
    "probe NaN": (checks.check_probe, (modes(value=NAN),), "probe_guess must be finite"),
    "side odd": (checks.check_side, (7,), "the side N must be even and positive, got N=7"),
    "side zero": (checks.check_side, (0,), "got N=0"),
    "side negative": (checks.check_side, (-8,), "got N=-8"),
    "mask of odd side": (probe.hard_mask, (9,), "got N=9"),
    "mask with negative edge": (
        probe.soft_mask,
        (8, -1.0),
        "probe_mask_sigma must be finite and >= 0, got -1.0",
    ),
    "mask with endless edge": (
        probe.soft_mask,
        (8, INF),
        "probe_mask_sigma must be finite and >= 0, got inf",
    ),
    "mask of diameter zero": (
        probe.soft_mask,
        (8, 1.0, 0.0),
        "probe_mask_diameter must be finite and > sqrt(2) to hold a pixel, got 0.0",
    ),
    "mask of negative diameter": (probe.soft_mask, (8, 1.0, -40.0), "got -40.0"),
    "mask of diameter NaN": (probe.soft_mask, (8, 1.0, NAN), "got nan"),
    "mask without a pixel": (probe.soft_mask, (8, 1.0, 1.4), "got 1.4"),
    "default mask without a pixel": (probe.soft_mask, (2,), "got 1.0"),
    "default probe of odd side": (probe.default_probe, (7, 0.7), "got N=7"),
    "default probe of side 0": (probe.default_probe, (0, 0.7), "got N=0"),
    "default probe of scale 0": (probe.default_probe, (64, 0.0), "got 0.0"),
    "default probe of negative scale": (probe.default_probe, (64, -1.0), "got -1.0"),
    "default probe of scale NaN": (probe.default_probe, (64, NAN), "got nan"),
    "probe scale zero": (
        probe.normalize_probe,
        (modes(), 0.0),
        "probe_scale must be finite and > 0, got 0.0",
    ),
    "probe scale negative": (probe.normalize_probe, (modes(), -4.0), "got -4.0"),
    "probe scale NaN": (probe.normalize_probe, (modes(), NAN), "got nan"),
    "probe scale infinite": (probe.normalize_probe, (modes(), INF), "got inf"),
    "probe zero": (
        probe.normalize_probe,
        (modes(value=0), 4.0),
        "probe_guess of shape (1, 8, 8) is zero within 2 pixels of its centre",
    ),
    "probe odd": (probe.normalize_probe, (modes(1, 7, 7), 4.0), "got N=7"),
    "amplitude of rank 3": (
        probe.intensity_scale,
        (np.ones((2, 8, 8)), 1e6),
        "amplitude must have shape (B, N, N, C), got (2, 8, 8)",
    ),
    "amplitude zero": (
        probe.intensity_scale,
        (np.zeros((2, 8, 8, 1)), 1e6),
        "diffraction amplitudes are all zero",
    ),
    "no photons": (
        probe.intensity_scale,
        (np.ones((2, 8, 8, 1)), 0.0),
        "nphotons must be finite and > 0, got 0.0",
    ),
    "negative photons": (
        probe.closed_form_intensity_scale,
        (-1.0, 64),
        "nphotons must be finite and > 0, got -1.0",
    ),
    "photons NaN": (probe.closed_form_intensity_scale, (NAN, 64), "got nan"),
    "scale of no pattern": (probe.closed_form_intensity_scale, (1e9, 0), "got N=0"),
    "illumination by a bare probe": (
        diffraction.illuminate,
        (patches(), modes(8, 8)),
        "mode axis first, got (8, 8)",
    ),
    "illumination by another side": (
        diffraction.illuminate,
        (patches(), modes(1, 16, 16)),
        "probe_guess has side 16",
    ),
    "exit waves of rank 4": (
        diffraction.diffract,
        (patches(),),
        "exit_waves must have shape (P, B, N, N, C), got (2, 8, 8, 4)",
    ),
    "exit waves not square": (diffraction.diffract, (patches(1, 2, 8, 6, 4),), "got (1, 2, 8, 6, 4)"),
    "exit waves of no mode": (diffraction.diffract, (patches(0, 2, 8, 8, 4),), "got (0, 2, 8, 8, 4)"),
    "smoothing by a negative width": (
        diffraction.smooth,
        (patches(1, 2, 8, 8, 4), -0.5),
        "gaussian_smoothing_sigma must be finite and >= 0, got -0.5",
    ),
    "smoothing by NaN": (diffraction.smooth, (patches(1, 2, 8, 8, 4), NAN), "got nan"),
    "smoothing of one pixel": (
        diffraction.smooth,
        (patches(1, 2, 1, 1, 4), 1.0),
        "exit_waves must have N >= 2 to be smoothed, got (1, 2, 1, 1, 4)",
    ),
    "images of rank 2": (
        translation.translate,
        (np.ones((8, 8)), np.zeros((8, 2))),
        "images must have shape (K, H, W), got (8, 8)",
    ),
    "images without pixels": (translation.translate, (np.ones((2, 0, 8)), np.zeros((2, 2))), "got (2, 0, 8)"),
    "one offset for two images": (
        translation.translate,
        (np.ones((2, 8, 8)), np.zeros((1, 2))),
        "offsets must have shape (K, 2) = (2, 2), got (1, 2)",
    ),
    "translation by NaN": (
        translation.translate,
        (np.ones((1, 8, 8)), np.array([[0, NAN]])),
        "offsets must be finite",
    ),
    "object of rank 3": (
        translation.object_patches,
        (np.ones((2, 8, 8)), np.zeros((1, 2)), 4),
        "object must have shape (H, W), got (2, 8, 8)",
    ),
    "no position": (
        translation.object_patches,
        (np.ones((8, 8)), np.zeros((0, 2)), 4),
        "positions must have shape (K, 2) with K >= 1, got (0, 2)",
    ),
    "positions transposed": (
        translation.object_patches,
        (np.ones((8, 8)), np.zeros((2, 5)), 4),
        "got (2, 5)",
    ),
    "odd patch side": (translation.object_patches, (np.ones((8, 8)), np.zeros((1, 2)), 5), "got N=5"),
    "position infinite": (
        translation.object_patches,
        (np.ones((8, 8)), np.array([[INF, 0]]), 4),
        "positions must be finite",
    ),
    "offsets beyond the margin": (
        regions.assemble,
        (patches(), offsets(value=2.5), 12),
        "offsets reach 2.5 pixels but the region side 12 leaves a margin of 2 around patches of 8; "
        "use a padded size of at least 14",
    ),
    "offsets beyond the smaller half": (
        regions.assemble,
        (patches(), offsets(value=1.5), 11),
        "leaves a margin of 1 around patches of 8; use a padded size of at least 12",
    ),
    "region smaller than its patches": (
        regions.assemble,
        (patches(), offsets(), 6),
        "use a padded size of at least 8",
    ),
    "assembly of other offsets": (
        regions.assemble,
        (patches(), offsets(2, 1, 2, 1), 12),
        "offsets must have shape",
    ),
    "assembly of odd patches": (regions.assemble, (patches(2, 7, 7, 4), offsets(), 12), "got N=7"),
    "regions of rank 4": (
        regions.extract,
        (patches(2, 12, 12, 1), offsets(), 8),
        "regions must have shape (B, P, P), got (2, 12, 12, 1)",
    ),
    "regions not square": (regions.extract, (patches(2, 12, 10), offsets(), 8), "got (2, 12, 10)"),
    "extraction of other groups": (
        regions.extract,
        (patches(3, 12, 12), offsets(), 8),
        "offsets must have shape (B, 1, 2, C) = (3, 1, 2, 4)",
    ),
    "extraction at a bare number": (
        regions.extract,
        (patches(2, 12, 12), np.float64(0), 8),
        "offsets must have shape",
    ),
    "extraction beyond the margin": (
        regions.extract,
        (patches(2, 12, 12), offsets(value=-3), 8),
        "offsets reach 3 pixels",
    ),
    "extraction of odd patches": (regions.extract, (patches(2, 12, 12), offsets(), 7), "got N=7"),
    "extraction of nothing": (regions.extract, (patches(2, 12, 12), offsets(), 0), "got N=0"),
    "chain with a bare probe": (
        regions.forward,
        (patches(), offsets(), modes(8, 8), 12),
        "mode axis first, got (8, 8)",
    ),
    "chain beyond the margin": (
        regions.forward,
        (patches(), offsets(value=3), modes(), 12),
        "offsets reach 3 pixels",
    ),
    "stitching of rank 4": (
        stitching.stitch,
        (patches(), np.zeros((2, 2)), 4),
        "patches must have shape (K, N, N) with K >= 1, got (2, 8, 8, 4)",
    ),
    "stitching of nothing": (stitching.stitch, (patches(0, 8, 8), np.zeros((0, 2)), 4), "got (0, 8, 8)"),
    "one position for two patches": (
        stitching.stitch,
        (patches(2, 8, 8), np.zeros((1, 2)), 4),
        "positions must have shape (K, 2) = (2, 2), one per patch, got (1, 2)",
    ),
    "stitching at NaN": (
        stitching.stitch,
        (patches(1, 8, 8), np.array([[NAN, 0]]), 4),
        "positions must be finite",
    ),
    "odd crop": (
        stitching.stitch,
        (patches(1, 8, 8), np.zeros((1, 2)), 5),
        "M must be even and between 2 and the patch side 8, got M=5",
    ),
    "crop larger than the patch": (stitching.stitch, (patches(1, 8, 8), np.zeros((1, 2)), 10), "got M=10"),
    "empty crop": (stitching.stitch, (patches(1, 8, 8), np.zeros((1, 2)), 0), "got M=0"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_is_refused(name):
    function, arguments, message = REFUSALS[name]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)


ACCEPTED = {
    "offsets that fill the margin": (checks.check_assembly, (patches(), offsets(value=2), 12)),
    "offsets that rounding moved beyond it": (
        checks.check_assembly,
        (patches(), offsets(value=2 + 1e-7), 12),
    ),
    "a region of the patches' side": (checks.check_extraction, (patches(2, 8, 8), offsets(), 8)),
    "a crop of the whole patch": (checks.check_stitch, (patches(1, 8, 8), np.zeros((1, 2)), 8)),
    "a mask of its four central pixels": (checks.check_mask, (8, 0.0, 1.5)),
    "one pixel that is not smoothed": (checks.check_smoothing, (patches(1, 2, 1, 1, 4), 0.0)),
    "offsets in single precision": (checks.check_offsets, (offsets().astype(np.float32), 2, 4)),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_only_just_fits_is_accepted(name):
    function, arguments = ACCEPTED[name]
    assert function(*arguments) is None


def test_every_check_refuses_something():
    """A function added to `checks` needs a row above, under its own name or that of its caller."""
    used = {
        diffraction.illuminate: checks.check_illumination,
        diffraction.diffract: checks.check_exit_waves,
        diffraction.smooth: checks.check_smoothing,
        probe.hard_mask: checks.check_side,
        probe.soft_mask: checks.check_mask,
        probe.default_probe: checks.check_default_probe,
        probe.normalize_probe: checks.check_normalizable,
        probe.intensity_scale: checks.check_intensity_scale,
        probe.closed_form_intensity_scale: checks.check_photons,
        translation.translate: checks.check_translation,
        translation.object_patches: checks.check_object_patches,
        regions.assemble: checks.check_assembly,
        regions.extract: checks.check_extraction,
        regions.forward: checks.check_forward,
        stitching.stitch: checks.check_stitch,
    }
    tried = {used.get(function, function) for function, _, _ in REFUSALS.values()}
    public = {value for name, value in vars(checks).items() if name.startswith("check_")}
    assert public - tried == {checks.check_margin}
