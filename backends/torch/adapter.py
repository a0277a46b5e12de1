"""The contract in PyTorch: NumPy channels-last at the border, tensors channels-first inside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ptychoparity.backends import contract
from ptychoparity.backends.contract import Array, Capabilities, NormalizedProbe, Provenance, Region, Stitched
from ptychoparity.backends.torch import (
    diffraction,
    probe,
    regions,
    settings,
    stitching,
    translation,
)
from ptychoparity.backends.torch.batches import Batches
from ptychoparity.backends.torch.container import PtychoDataContainerTorch, load
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, bridged
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.config.translation import to_canonical, to_native
from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.batches import container_probe
from ptychoparity.reference.data.container import CONTAINER_KEYS
from ptychoparity.reference.physics import checks
from ptychoparity.reference.physics import probe as initial


class TorchBackend:
    """PyTorch, in float32."""

    name = "torch"

    def __init__(self) -> None:
        settings.settle()

    def capabilities(self) -> Capabilities:
        """Every operation, in float32."""
        return Capabilities(contract.OPERATIONS, ("float32",), (_device(),), deterministic=True)

    def provenance(self) -> Provenance:
        """PyTorch's version, threads and the settings that change numbers."""
        versions = {"torch": torch.__version__, **contract.numpy_versions()}
        flags = {
            "tf32": str(torch.backends.cuda.matmul.allow_tf32),
            "deterministic_algorithms": str(torch.are_deterministic_algorithms_enabled()),
        }
        return Provenance(versions, _device(), torch.get_num_threads(), flags)

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
        made = PtychoDataContainerTorch(grouped, probe_guess)
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
        made = PtychoDataContainerTorch(grouped, container_probe(grouped, probe_guess))
        source = Batches(made, _complex(probe_guess), scale, nphotons, supervised)
        tensors, waves, scales = source.batch(indices)
        arrays = {key: _array(_channels_last(t) if t.ndim == 4 else t) for key, t in tensors.items()}
        return {**arrays, "probe": _array(waves), "scale": _array(scales)}

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
        return float(probe.intensity_scale(_channels_first(_real(amplitude)), nphotons))

    def illuminate(self, patches: Array, probe_guess: Array) -> Array:
        """See `Backend.illuminate`."""
        checks.check_illumination(patches, probe_guess)
        waves = diffraction.illuminate(_channels_first(_complex(patches)), _complex(probe_guess))
        return _array(_channels_last(waves))

    def smooth(self, exit_waves: Array, sigma: float) -> Array:
        """See `Backend.smooth`."""
        checks.check_smoothing(exit_waves, sigma)
        return _array(_channels_last(diffraction.smooth(_channels_first(_complex(exit_waves)), sigma)))

    def diffract(self, exit_waves: Array) -> Array:
        """See `Backend.diffract`."""
        checks.check_exit_waves(exit_waves)
        return _array(_channels_last(diffraction.diffract(_channels_first(_complex(exit_waves)))))

    def forward(self, patches: Array, offsets: Array, probe_guess: Array, padded: int, scale: float) -> Array:
        """See `Backend.forward`."""
        checks.check_forward(patches, offsets, probe_guess, padded)
        amplitude = regions.forward(
            _channels_first(_complex(patches)),
            _channels_first(_precise(offsets)),
            _complex(probe_guess),
            padded,
            scale,
        )
        return _array(_channels_last(amplitude))

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
        region, weight = regions.assemble(
            _channels_first(_complex(patches)), _channels_first(_precise(offsets)), padded
        )
        return Region(_array(region), _array(weight))

    def extract(self, region: Array, offsets: Array, side: int) -> Array:
        """See `Backend.extract`."""
        checks.check_extraction(region, offsets, side)
        patches = regions.extract(_complex(region), _channels_first(_precise(offsets)), side)
        return _array(_channels_last(patches))

    def stitch(self, patches: Array, positions: Array, crop: int) -> Stitched:
        """See `Backend.stitch`."""
        checks.check_stitch(patches, positions, crop)
        whole, weight = stitching.stitch(_complex(patches), _precise(positions), crop)
        return Stitched(_array(whole), _array(weight))


def _device() -> str:
    """Where tensors live that are made here: PyTorch leaves what NumPy gave it on the CPU."""
    return "cpu"


def _real(array: Array) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))


def _complex(array: Array) -> Tensor:
    return torch.from_numpy(np.array(array, np.complex64))


def _precise(array: Array) -> Tensor:
    """Positions and offsets keep float64 until they are split into pixels and fractions."""
    return torch.from_numpy(np.array(array, np.float64))


def _array(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.resolve_conj().numpy())


def _channels_first(tensor: Tensor) -> Tensor:
    return tensor.movedim(-1, -3)


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.movedim(-3, -1)
