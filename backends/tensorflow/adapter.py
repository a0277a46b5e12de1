"""The contract in TensorFlow: NumPy at the border, tensors inside, channels-last throughout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ptychoparity.backends import contract
from ptychoparity.backends.contract import Array, Capabilities, NormalizedProbe, Provenance, Region, Stitched
from ptychoparity.backends.tensorflow import (
    diffraction,
    probe,
    regions,
    settings,
    stitching,
    translation,
)
from ptychoparity.backends.tensorflow.batches import Batches
from ptychoparity.backends.tensorflow.container import PtychoDataContainer, load
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, bridged
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.config.translation import to_canonical, to_native
from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.batches import container_probe
from ptychoparity.reference.data.container import CONTAINER_KEYS
from ptychoparity.reference.physics import checks
from ptychoparity.reference.physics import probe as initial


class TensorFlowBackend:
    """TensorFlow, in float32."""

    name = "tensorflow"

    def __init__(self) -> None:
        settings.settle()

    def capabilities(self) -> Capabilities:
        """Every operation, in float32."""
        return Capabilities(contract.OPERATIONS, ("float32",), (_device(),), deterministic=True)

    def provenance(self) -> Provenance:
        """TensorFlow's version, threads and the settings that change numbers."""
        versions = {"tensorflow": tf.__version__, **contract.numpy_versions()}
        flags = {"tf32": str(tf.config.experimental.tensor_float_32_execution_enabled())}
        threads = tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1
        return Provenance(versions, _device(), threads, flags)

    def bridge(
        self, config: TrainingConfig | InferenceConfig, legacy: Mapping[str, object]
    ) -> dict[str, object]:
        """See `Backend.bridge`."""
        return bridged(config, legacy)

    def to_native(self, config: TrainingConfig | InferenceConfig) -> tuple[NativeConfigs, dict[str, object]]:
        """See `Backend.to_native`."""
        return to_native(config)

    def to_canonical(
        self, native: NativeConfigs, overrides: Mapping[str, object]
    ) -> TrainingConfig | InferenceConfig:
        """See `Backend.to_canonical`."""
        return to_canonical(native, overrides)

    def read_raw(self, path: Path) -> RawData:
        """See `Backend.read_raw`."""
        return RawData.from_file(path)

    def group(self, raw: RawData, request: Mapping[str, Any]) -> dict[str, Array | None]:
        """See `Backend.group`."""
        return dict(raw.generate_grouped_data(**request))

    def container(self, grouped: Mapping[str, Array | None], probe_guess: Array) -> dict[str, Array]:
        """See `Backend.container`."""
        made = PtychoDataContainer.from_grouped(grouped, probe_guess)
        return {key: _array(getattr(made, key)) for key in CONTAINER_KEYS}

    def split(
        self, grouped: Mapping[str, Array | None], probe_guess: Array, fraction: float, which: str
    ) -> dict[str, Array]:
        """See `Backend.split`."""
        made = load(lambda: (grouped, fraction), probe_guess, which, create_split=True)
        return {key: _array(getattr(made, key)) for key in CONTAINER_KEYS}

    def batch(
        self,
        grouped: Mapping[str, Array | None],
        probe_guess: Array,
        indices: Array,
        nphotons: float | None,
        scale: float | None,
        supervised: bool,
    ) -> dict[str, Array]:
        """See `Backend.batch`."""
        made = PtychoDataContainer.from_grouped(grouped, container_probe(grouped, probe_guess))
        source = Batches(made, _complex(probe_guess), scale, nphotons, supervised)
        tensors, waves, scales = source.batch(indices)
        return {key: _array(t) for key, t in {**tensors, "probe": waves, "scale": scales}.items()}

    def default_probe(self, side: int, scale: float) -> Array:
        """See `Backend.default_probe`."""
        return initial.default_probe(side, scale).astype(np.float32)

    def probe_from_patterns(self, amplitude: Array, scale: float) -> Array:
        """See `Backend.probe_from_patterns`."""
        return initial.probe_from_patterns(amplitude, scale).astype(np.float32)

    def probe_mask(self, side: int) -> Array:
        """See `Backend.probe_mask`."""
        checks.check_side(side)
        return _array(probe.hard_mask(side))

    def soft_probe_mask(self, side: int, sigma: float, diameter: float | None) -> Array:
        """See `Backend.soft_probe_mask`."""
        checks.check_mask(side, sigma, diameter)
        return _array(probe.soft_mask(side, sigma, diameter))

    def normalize_probe(self, probe_guess: Array, probe_scale: float) -> NormalizedProbe:
        """See `Backend.normalize_probe`."""
        checks.check_normalizable(probe_guess, probe_scale)
        normalized, norm = probe.normalize_probe(_complex(probe_guess), probe_scale)
        return NormalizedProbe(_array(normalized), float(norm))

    def intensity_scale(self, amplitude: Array, nphotons: float) -> float:
        """See `Backend.intensity_scale`."""
        checks.check_intensity_scale(amplitude, nphotons)
        return float(probe.intensity_scale(_real(amplitude), nphotons))

    def illuminate(self, patches: Array, probe_guess: Array) -> Array:
        """See `Backend.illuminate`."""
        checks.check_illumination(patches, probe_guess)
        waves = diffraction.illuminate(_complex(patches), _complex(probe_guess))
        return _array(waves)

    def smooth(self, exit_waves: Array, sigma: float) -> Array:
        """See `Backend.smooth`."""
        checks.check_smoothing(exit_waves, sigma)
        return _array(diffraction.smooth(_complex(exit_waves), sigma))

    def diffract(self, exit_waves: Array) -> Array:
        """See `Backend.diffract`."""
        checks.check_exit_waves(exit_waves)
        return _array(diffraction.diffract(_complex(exit_waves)))

    def forward(self, patches: Array, offsets: Array, probe_guess: Array, padded: int, scale: float) -> Array:
        """See `Backend.forward`."""
        checks.check_forward(patches, offsets, probe_guess, padded)
        amplitude = regions.forward(
            _complex(patches),
            _precise(offsets),
            _complex(probe_guess),
            padded,
            scale,
        )
        return _array(amplitude)

    def translate(self, images: Array, offsets: Array) -> Array:
        """See `Backend.translate`."""
        checks.check_translation(images, offsets)
        native = _complex(images) if np.iscomplexobj(images) else _real(images)
        return _array(translation.translate(native, _precise(offsets)))

    def object_patches(self, whole: Array, positions: Array, side: int) -> Array:
        """See `Backend.object_patches`."""
        checks.check_object_patches(whole, positions, side)
        patches = translation.object_patches(_complex(whole), _precise(positions), side)
        return _array(patches)

    def assemble(self, patches: Array, offsets: Array, padded: int) -> Region:
        """See `Backend.assemble`."""
        checks.check_assembly(patches, offsets, padded)
        region, weight = regions.assemble(_complex(patches), _precise(offsets), padded)
        return Region(_array(region), _array(weight))

    def extract(self, region: Array, offsets: Array, side: int) -> Array:
        """See `Backend.extract`."""
        checks.check_extraction(region, offsets, side)
        patches = regions.extract(_complex(region), _precise(offsets), side)
        return _array(patches)

    def stitch(self, patches: Array, positions: Array, crop: int) -> Stitched:
        """See `Backend.stitch`."""
        checks.check_stitch(patches, positions, crop)
        whole, weight = stitching.stitch(_complex(patches), _precise(positions), crop)
        return Stitched(_array(whole), _array(weight))


def _device() -> str:
    """Where tensors live that are made here: TensorFlow takes the first GPU that it sees."""
    return "cuda" if tf.config.list_logical_devices("GPU") else "cpu"


def _real(array: Array) -> tf.Tensor:
    return tf.constant(np.asarray(array, np.float32))


def _complex(array: Array) -> tf.Tensor:
    return tf.constant(np.asarray(array, np.complex64))


def _precise(array: Array) -> tf.Tensor:
    """Positions and offsets keep float64 until they are split into pixels and fractions."""
    return tf.constant(np.asarray(array, np.float64))


def _array(tensor: tf.Tensor | Array) -> Array:
    """A copy, since what TensorFlow shows of its memory cannot be written to."""
    return np.array(tensor, order="C")
