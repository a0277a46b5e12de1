"""Faults of the forward model, patches and stitching."""

from __future__ import annotations

from typing import Any

import numpy as np

from ptychoparity.backends.contract import Array, Region, Stitched
from ptychoparity.conformance.faults.fault import Fault, Operation, after, before
from ptychoparity.reference.physics.diffraction import smoothing_kernel
from ptychoparity.reference.physics.regions import centre_mask

# forward model


def _no_shift(amplitude: Array) -> Array:
    return np.fft.ifftshift(amplitude, axes=(1, 2))


def _coherent(right: Operation) -> Operation:
    return lambda waves: right(waves.sum(axis=0, keepdims=True))


def _edge_repeated(right: Operation) -> Operation:
    def smooth(waves: Array, sigma: float) -> Array:
        smoothed: Array = right(waves, sigma)
        if sigma:
            side = np.float32(smoothing_kernel(sigma)[0])
            smoothed[:, :, 0] += side * (waves[:, :, 0] - waves[:, :, 1])
        return smoothed

    return smooth


def _half_precision(amplitude: Array) -> Array:
    """What a square root of twelve bits leaves of the second half of the patterns."""
    coarse = amplitude.copy()
    half = len(amplitude) // 2
    coarse[half:] = amplitude[half:].astype(np.float16)
    return coarse


def _unsteady(right: Operation) -> Operation:
    """Results that depend on how often one asks."""
    calls = iter(range(1, 10**9))

    def diffract(waves: Array) -> Array:
        amplitude: Array = right(waves)
        return amplitude if next(calls) % 2 else np.nextafter(amplitude, np.float32(np.inf))

    return diffract


def _raises_on_batches(right: Operation) -> Operation:
    def illuminate(patches: Array, probe: Array) -> Array:
        if len(probe) > 1:
            raise RuntimeError("only one probe mode is supported")
        result: Array = right(patches, probe)
        return result

    return illuminate


# patches and stitching


def _clamped_edge(right: Operation) -> Operation:
    """Outside the image the edge goes on, instead of zero."""

    def translate(images: Array, offsets: Array) -> Array:
        reach = 8
        padded = np.pad(images, [(0, 0), (reach, reach), (reach, reach)], mode="edge")
        moved: Array = right(padded, offsets)
        return moved[:, reach:-reach, reach:-reach]

    return translate


def _one_channel_mirrored(regions: Array, offsets: Array, side: int) -> tuple[Any, ...]:
    mirrored = offsets.copy()
    mirrored[..., -1] *= -1
    return regions, mirrored, side


def _groups_merged(right: Operation) -> Operation:
    """Large batches go into one canvas."""

    def assemble(patches: Array, offsets: Array, padded: int) -> Region:
        region, weight = right(patches, offsets, padded)
        if patches.shape[0] * patches.shape[3] >= 64:
            region = np.broadcast_to(region.sum(axis=0), region.shape).copy()
        return Region(region, weight)

    return assemble


def _masked_twice(right: Operation) -> Operation:
    def assemble(patches: Array, offsets: Array, padded: int) -> Region:
        soft = centre_mask(patches.shape[1]).astype(np.float32)
        soft[patches.shape[1] // 4] *= np.float32(0.5)
        return Region(*right(patches * soft[None, :, :, None], offsets, padded))

    return assemble


def _recentred(patches: Array, offsets: Array, padded: int) -> tuple[Any, ...]:
    """Offsets relative to the mean of the whole batch."""
    return patches, offsets - offsets.mean(axis=(0, 3), keepdims=True), padded


def _small_epsilon(result: Region) -> Region:
    weight = result.weight
    return Region(result.region * (weight + np.float32(1e-3)) / (weight + np.float32(1e-6)), weight)


def _border_dropped(right: Operation) -> Operation:
    """Patches at the rim of the scan do not arrive."""

    def stitch(patches: Array, positions: Array, crop: int) -> Stitched:
        whole, weight = right(patches, positions, crop)
        if len(patches) > 2:
            kept = patches.copy()
            kept[int(np.argmax(positions[:, 0]))] = 0
            whole, _ = right(kept, positions, crop)
        return Stitched(whole, weight)

    return stitch


def _larger_canvas(result: Stitched) -> Stitched:
    return Stitched(*(np.pad(array, 2) for array in result))


def _epsilon_in_weight(result: Stitched) -> Stitched:
    weight = result.weight
    return Stitched(result.object * weight / (weight + np.float32(1e-4)), weight)


FAULTS: tuple[Fault, ...] = (
    Fault("fft-conjugated", "diffract", before(lambda waves: (waves.conj(),))),
    Fault("fftshift-missing", "diffract", after(_no_shift)),
    Fault("normalised-twice", "diffract", after(lambda amplitude: amplitude / amplitude.shape[1])),
    Fault("frames-transposed", "diffract", after(lambda amplitude: amplitude.transpose(0, 2, 1, 3))),
    Fault("modes-coherent", "diffract", _coherent),
    Fault("half-precision-chunk", "diffract", after(_half_precision)),
    Fault("other-bits-each-time", "diffract", _unsteady),
    Fault("modes-refused", "illuminate", _raises_on_batches),
    Fault("smoothing-edge-repeated", "smooth", _edge_repeated),
    Fault("chain-offsets-sign", "forward", before(lambda p, o, *rest: (p, -o, *rest))),
    Fault(
        "chain-scale-dropped", "forward", before(lambda p, o, probe, padded, _: (p, o, probe, padded, 1.0))
    ),
    Fault("translation-backwards", "translate", before(lambda images, offsets: (images, -offsets))),
    Fault("translation-half-pixel", "translate", before(lambda images, offsets: (images, offsets + 0.5))),
    Fault("translation-rounded", "translate", before(lambda images, offsets: (images, np.round(offsets)))),
    Fault("edge-clamped", "translate", _clamped_edge),
    Fault(
        "patch-centre-half-pixel", "object_patches", before(lambda whole, xy, side: (whole, xy + 0.5, side))
    ),
    Fault("crop-off-by-one", "extract", after(lambda patches: np.roll(patches, 1, axis=1))),
    Fault("one-channel-mirrored", "extract", before(_one_channel_mirrored)),
    Fault("groups-merged", "assemble", _groups_merged),
    Fault("mask-applied-twice", "assemble", _masked_twice),
    Fault("recentred-by-batch", "assemble", before(_recentred)),
    Fault("region-epsilon-misplaced", "assemble", after(_small_epsilon)),
    Fault("stitch-mirrored", "stitch", before(lambda patches, xy, crop: (patches, -xy, crop))),
    Fault("border-patch-dropped", "stitch", _border_dropped),
    Fault("canvas-too-large", "stitch", after(_larger_canvas)),
    Fault("stitch-epsilon-misplaced", "stitch", after(_epsilon_in_weight)),
)
