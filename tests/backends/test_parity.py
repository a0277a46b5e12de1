"""Every operation of the contract against the float64 reference, on the numbered checks and on more.

The reference reproduces the numbers of physics_model.md 9 in its own tests. What is tested here is that the
backend under test gives the same for the same float32 inputs, within the tolerances of section 8.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.backends.contract import OPERATIONS
from ptychoparity.fixtures.numbers import phasors, uniform

AMPLITUDE, OTHER = 1e-6, 1e-5


def single(array: Any) -> Any:
    array = np.asarray(array)
    return array.astype(np.complex64 if np.iscomplexobj(array) else np.float32)


def alone(image: Any) -> Any:
    """One image (N, N) as images (1, N, N)."""
    return single(image)[None]


def wave(image: Any) -> Any:
    """One image (N, N) as exit waves (1, 1, N, N, 1)."""
    return single(np.asarray(image, complex)[None, None, :, :, None])


def noise(seed: int, *shape: int) -> Any:
    rng = np.random.default_rng(seed)
    return single(rng.normal(size=shape) + 1j * rng.normal(size=shape))


def impulse(*pixels: tuple[int, int], side: int = 8) -> Any:
    image = np.zeros((side, side))
    image[tuple(zip(*pixels, strict=True))] = 1
    return image


CONF = single(phasors((2, 4, 16, 16), 8, 9).transpose(0, 2, 3, 1))
INNER = np.pad(np.ones((8, 8), np.float32), 4)[None, :, :, None]
PAIRS = [
    [(1.5, 2), (-1.5, 2), (1.5, -2), (-1.5, -2)],
    [(0.75, -1.25), (-2.25, 0.5), (2, 1.75), (-0.5, -1)],
]
POS = np.array(PAIRS).transpose(0, 2, 1)[:, None]
AXIS = np.arange(16) - 7.5
GAUSSIAN = single(np.exp(-(AXIS[:, None] ** 2 + AXIS[None, :] ** 2) / 20)[None] + 0j)
SCAN = np.array([(0, 0), (3.5, -1.25), (-4.2, 2.6), (7.1, 5.3), (-2.4, -3.65)])
STITCHED = single(phasors((5, 16, 16), 4, 5))
MODES = np.concatenate([GAUSSIAN, 0.5 * GAUSSIAN, noise(1, 1, 16, 16)])
TILT = np.tile(np.exp(2j * np.pi * 3 * np.arange(16) / 16), (16, 1))
F5, F6 = (uniform((n, n), 1) * np.exp(2j * np.pi * (uniform((n, n), 2) - 0.5)) for n in (8, 64))
WHOLE = noise(10, 60, 70)
ENERGIES = np.sqrt(np.broadcast_to([1.0, 0.5], (2, 2, 2, 2)))  # 4 and 2 a channel
CONSTANTS = np.array([1, 5])[:, None, None]
WIDE = np.random.default_rng(8).uniform(-3, 3, (20, 1, 2, 9))


def one(x: float, y: float) -> Any:
    return np.array([[x, y]], float)


class Case(NamedTuple):
    """An operation, its arguments, and the largest error relative to the peak, or None for equal bits."""

    operation: str
    arguments: tuple[Any, ...]
    tolerance: float | None = OTHER


CASES = {
    "check-F1": Case("diffract", (wave(np.ones((8, 8))),), AMPLITUDE),
    "check-F2": Case("diffract", (wave(impulse((2, 7))),), AMPLITUDE),
    "check-F3": Case("diffract", (wave(TILT),), AMPLITUDE),
    "check-F5": Case("diffract", (wave(F5),), AMPLITUDE),
    "check-F6": Case("diffract", (wave(F6),), AMPLITUDE),
    "check-F7": Case("diffract", (wave(F6 * np.exp(2j)),), AMPLITUDE),
    "check-F8": Case("diffract", (wave(3 * F6),), AMPLITUDE),
    "check-F9": Case("diffract", (np.concatenate([wave(F5), wave(0.5 * F5)]),), AMPLITUDE),
    "modes, groups and channels": Case("diffract", (noise(2, 3, 2, 32, 32, 4),), AMPLITUDE),
    "odd sides": Case("diffract", (noise(3, 1, 2, 15, 15, 2),), AMPLITUDE),
    "weak waves": Case("diffract", (single(1e-9 * noise(4, 1, 1, 16, 16, 1)),), AMPLITUDE),
    "dark waves": Case("diffract", (np.zeros((2, 1, 8, 8, 3), np.complex64),), None),
    "one mode": Case("illuminate", (CONF, GAUSSIAN)),
    "three modes": Case("illuminate", (CONF, MODES)),
    "check-F12": Case("probe_mask", (64,), None),
    "check-data-59": Case("probe_mask", (256,), None),
    "mask of a radius rounded down": Case("probe_mask", (10,), None),
    "smallest mask": Case("probe_mask", (2,), None),
    "check-F13": Case("soft_probe_mask", (16, 1.0, None)),
    "disc": Case("soft_probe_mask", (64, 0.0, None), None),
    "wide soft disc": Case("soft_probe_mask", (32, 2.5, 21.7)),
    "disc beyond the image": Case("soft_probe_mask", (16, 1.0, 100.0)),
    "check-F14": Case("smooth", (wave(impulse((0, 0), side=4)), 1.0)),
    "check-F15": Case("smooth", (wave(np.arange(16.0).reshape(4, 4)), 0.7)),
    "many waves smoothed": Case("smooth", (noise(5, 2, 3, 10, 10, 4), 0.9)),
    "no smoothing": Case("smooth", (noise(5, 2, 3, 10, 10, 4), 0.0), None),
    "check-data-64": Case("default_probe", (64, 0.7)),
    "check-data-65": Case("probe_from_patterns", (single(uniform((5, 64, 64, 1), 3)), 0.7)),
    "check-F16": Case("normalize_probe", (GAUSSIAN, 4.0)),
    "check-data-60": Case("normalize_probe", (np.ones((1, 64, 64), np.complex64), 4.0)),
    "check-data-61": Case("normalize_probe", (single(GAUSSIAN * (3 - 2j)), 10.0)),
    "check-data-63": Case("normalize_probe", (noise(6, 3, 64, 64), 4.0)),
    "check-data-68": Case("intensity_scale", (single(ENERGIES), 12.0)),
    "energy of many": Case("intensity_scale", (single(uniform((4, 64, 64, 4), 2)), 1e9)),
    "check-F20": Case("forward", (CONF * INNER, POS, GAUSSIAN, 22, 7.0), AMPLITUDE),
    "energy of waves": Case("intensity_scale", (single(np.abs(CONF * GAUSSIAN[0, ..., None])), 1e4)),
    "chain with modes": Case("forward", (CONF, POS, MODES, 26, 0.3), AMPLITUDE),
    "chain of one": Case("forward", (CONF[:1, ..., :1], 0 * POS[:1, ..., :1], GAUSSIAN, 16, 1.0), AMPLITUDE),
    "check-T1": Case("translate", (alone(impulse((2, 2), side=5)), one(1, 0)), None),
    "check-T2": Case("translate", (alone(impulse((2, 2), side=5)), one(0, 1)), None),
    "check-T3": Case("translate", (alone(impulse((2, 2), side=5)), one(0.5, 0)), None),
    "check-T4": Case("translate", (alone(impulse((2, 2), side=5)), one(0.25, 0.5)), None),
    "check-T5": Case("translate", (np.ones((1, 4, 4), np.float32), one(0.5, 0)), None),
    "check-T6": Case("translate", (np.arange(1, 6, dtype=np.float32)[None, None], one(-1.25, 0))),
    "check-T7": Case("translate", (np.ones((1, 5, 5), np.float32), one(6, -1e9)), None),
    "check-T8": Case("translate", (single(uniform((6, 6), 3))[None], one(1.3, -0.6))),
    "check-T9": Case("translate", (noise(7, 3, 6, 9), np.zeros((3, 2))), None),
    "check-T10": Case("translate", (noise(7, 3, 6, 9), SCAN[:3])),
    "check-T12": Case("extract", (single(phasors((2, 22, 22), 10, 11)), POS, 16)),
    "check-T13": Case("extract", (np.ones((2, 22, 22), np.complex64), np.round(POS), 16), None),
    "regions of many channels": Case("extract", (noise(9, 20, 14, 14), WIDE, 8)),
    "uneven margin": Case("extract", (noise(9, 20, 15, 15), WIDE, 8)),
    "check-T16": Case("object_patches", (WHOLE, 7 * SCAN + 20, 16)),
    "whole positions": Case("object_patches", (WHOLE, np.round(7 * SCAN), 16), None),
    "check-S1": Case("assemble", (np.ones((1, 8, 8, 1), np.complex64), np.zeros((1, 1, 2, 1)), 8)),
    "check-S2 and S3": Case("assemble", (CONF, POS, 22)),
    "check-S6": Case("assemble", (CONF * INNER, POS, 22)),
    "check-S7": Case("assemble", (noise(11, 20, 8, 8, 9), WIDE, 14)),
    "uneven region": Case("assemble", (noise(11, 20, 8, 8, 9), WIDE, 15)),
    "check-S10": Case("stitch", (STITCHED, SCAN, 10)),
    "check-S11": Case("stitch", (STITCHED, SCAN, 8)),
    "check-S12": Case("stitch", (STITCHED, SCAN, 16)),
    "check-S13": Case("stitch", (np.full((2, 8, 8), 1 + 2j, np.complex64), np.full((2, 2), 5.0), 4)),
    "check-S14": Case("stitch", (single(CONSTANTS * np.ones((2, 8, 8))), np.zeros((2, 2)), 8)),
    "check-S15": Case("stitch", (STITCHED, SCAN + 12345.5, 10)),
    "check-S17": Case("stitch", (single([impulse((8, 8), side=16)] * 2), np.array([[0, 0], [6, 0.0]]), 16)),
    "check-S26": Case("stitch", (np.ones((2, 8, 8), np.complex64), np.array([[0, 0], [60.0, 0]]), 4)),
    "odd sides stitched": Case("stitch", (noise(12, 5, 9, 9), 2 * SCAN, 6)),
}  # fmt: skip


def outputs(answer: Any) -> list[Any]:
    return list(answer) if isinstance(answer, tuple) else [answer]


def run(backend: Any, case: Case) -> list[Any]:
    return outputs(getattr(backend, case.operation)(*case.arguments))


def test_every_physical_operation_has_a_case():
    shared = {"bridge", "to_native", "to_canonical", "read_raw", "group", "container", "split", "batch"}
    assert {case.operation for case in CASES.values()} == OPERATIONS - shared


@pytest.mark.parametrize("label", CASES)
def test_agreement_with_the_reference(backend, truth, label):
    case = CASES[label]
    expected = run(truth, case)
    for got, want in zip(run(backend, case), expected, strict=True):
        assert np.shape(got) == np.shape(want)
        if case.operation == "stitch":  # compared where at least a thousandth of a patch reaches
            support = expected[1] > 1e-3
            got, want = got[support], want[support]
        if case.tolerance is None:
            np.testing.assert_array_equal(got, np.asarray(want).astype(np.asarray(got).dtype))
        else:
            np.testing.assert_allclose(got, want, rtol=0, atol=case.tolerance * np.abs(want).max())


@pytest.mark.parametrize("label", CASES)
def test_what_comes_back_is_a_contiguous_array_in_single_precision(backend, truth, label):
    for got, want in zip(run(backend, CASES[label]), run(truth, CASES[label]), strict=True):
        if isinstance(want, float):
            assert type(got) is float
        else:
            assert type(got) is np.ndarray
            assert got.flags.c_contiguous
            assert got.dtype == {"c": np.complex64, "f": np.float32, "b": np.bool_}[want.dtype.kind]


@pytest.mark.parametrize("label", CASES)
def test_the_same_call_gives_the_same_bits(backend, label):
    first, second = run(backend, CASES[label]), run(backend, CASES[label])
    for one, other in zip(first, second, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


@pytest.mark.parametrize("label", CASES)
def test_inputs_stay_as_they_were_and_results_are_not_views_of_them(backend, label):
    case = CASES[label]
    copies = [np.array(argument) for argument in case.arguments]
    for got in run(backend, case):
        if isinstance(got, np.ndarray):
            got[...] = 0
    for argument, copy in zip(case.arguments, copies, strict=True):
        np.testing.assert_array_equal(argument, copy)


PLACE = st.floats(-30, 30, allow_nan=False)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 24),
    st.integers(1, 24),
    st.lists(st.tuples(PLACE, PLACE), min_size=1, max_size=4),
)
def test_translation_anywhere(backend, truth, seed, height, width, pairs):
    images, offsets = noise(seed, len(pairs), height, width), np.array(pairs)
    got, want = (b.translate(images, offsets) for b in (backend, truth))
    np.testing.assert_allclose(got, want, rtol=0, atol=OTHER)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(-30, 30), st.integers(-30, 30))
def test_whole_offsets_copy_bits(backend, seed, x, y):
    image = noise(seed, 1, 9, 14)
    frame = np.zeros((69, 74), np.complex64)
    frame[30 + y : 39 + y, 30 + x : 44 + x] = image[0]
    np.testing.assert_array_equal(backend.translate(image, one(x, y))[0], frame[30:39, 30:44])


@settings(derandomize=True, max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.sampled_from([1, 2, 4, 9]),
    st.sampled_from([2, 6, 8, 16]),
)
def test_chains_of_any_size(backend, truth, seed, batch, channels, side):
    rng = np.random.default_rng(seed)
    offsets, probe = rng.uniform(-3, 3, (batch, 1, 2, channels)), noise(seed, 2, side, side)
    arguments = (noise(seed + 1, batch, side, side, channels), offsets, probe, side + 6, 2.5)
    got, want = (b.forward(*arguments) for b in (backend, truth))
    np.testing.assert_allclose(got, want, rtol=0, atol=AMPLITUDE * max(want.max(), 1e-30))


@settings(derandomize=True, max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(PLACE, PLACE), min_size=1, max_size=8),
    st.sampled_from([2, 6, 12]),
)
def test_stitching_anywhere_agrees_on_the_support_and_is_zero_off_it(backend, truth, seed, pairs, crop):
    arguments = (noise(seed, len(pairs), 12, 12), np.array(pairs), crop)
    got, want = (b.stitch(*arguments) for b in (backend, truth))
    support = want.weight > 1e-3
    np.testing.assert_allclose(got.object[support], want.object[support], rtol=0, atol=OTHER)
    np.testing.assert_allclose(got.weight, want.weight, rtol=0, atol=OTHER)
    assert not got.object[want.weight == 0].any()


@pytest.mark.parametrize("batch", [1, 8, pytest.param(16, id="check-S8")])
def test_groups_do_not_mix(backend, batch):
    patches, offsets = noise(13, batch, 8, 8, 4), WIDE[:batch, :, :, :4]
    whole = backend.assemble(patches, offsets, 14)
    parts = [backend.assemble(patches[b : b + 1], offsets[b : b + 1], 14) for b in range(batch)]
    np.testing.assert_array_equal(whole.region, np.concatenate([part.region for part in parts]))
    np.testing.assert_array_equal(whole.weight, np.concatenate([part.weight for part in parts]))


def test_check_f4_energy_is_conserved(backend):
    waves = noise(14, 3, 2, 64, 64, 4)
    energy = (np.abs(waves.astype(complex)) ** 2).sum(axis=(0, 2, 3))
    got = (backend.diffract(waves).astype(float) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(got, energy, rtol=1e-5)


def test_check_f20_and_f21_published_numbers(backend):
    amplitude = backend.forward(CONF * INNER, POS, GAUSSIAN, 22, 7.0)
    assert amplitude[0, 8, 8, 0] == pytest.approx(10.469943342, rel=1e-5)
    assert amplitude[1, 3, 12, 2] == pytest.approx(0.173610638, rel=1e-5)
    assert amplitude.sum(dtype=float) == pytest.approx(921.0159460, rel=1e-5)
    assert (amplitude.astype(float) ** 2).sum() == pytest.approx(2824.632358, rel=1e-5)
    assert backend.intensity_scale(amplitude / 7, 1e4) == pytest.approx(37.253070009, rel=1e-5)


def test_positions_of_a_large_scan_keep_their_fractions(backend, truth):
    """Rounded to float32, 40000.1 would be wrong by 2e-3 of a pixel."""
    arguments = (noise(15, 8, 40_100), np.array([[40_000.1, 4.0], [40_020.7, 3.3]]), 8)
    got, want = (b.object_patches(*arguments) for b in (backend, truth))
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-6)
