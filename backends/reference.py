"""The NumPy reference as a backend, in float64 (what is true) and in float32 (what rounding costs)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.backends import guards
from ptychoparity.backends.contract import (
    OPERATIONS,
    Array,
    Capabilities,
    NormalizedProbe,
    Provenance,
    Region,
    Stitched,
    numpy_versions,
)
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, bridged
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.config.translation import to_canonical, to_native
from ptychoparity.reference.data import RawData, container_arrays
from ptychoparity.reference.data.batches import batch_arrays
from ptychoparity.reference.data.container import selected
from ptychoparity.reference.physics import diffraction, probe, regions, stitching, translation


class ReferenceBackend:
    """The contract, answered by `ptychoparity.reference` in one precision.

    Args:
        name: registered name.
        precision: real dtype to whose precision arrays are brought; positions and offsets stay float64.
    """

    def __init__(self, name: str, precision: type[np.floating[Any]]) -> None:
        self.name = name
        self._precision = np.dtype(precision)

    def capabilities(self) -> Capabilities:
        """Everything, on the CPU, always the same bits."""
        return Capabilities(OPERATIONS, (self._precision.name,), ("cpu",), deterministic=True)

    def provenance(self) -> Provenance:
        """NumPy's versions; its FFT runs in one thread."""
        return Provenance(numpy_versions(), "cpu", 1, {"precision": self._precision.name})

    def bridge(
        self, config: TrainingConfig | InferenceConfig, legacy: Mapping[str, object]
    ) -> dict[str, object]:
        """See `ptychoparity.reference.config.bridged`."""
        return bridged(config, legacy)

    def to_native(self, config: TrainingConfig | InferenceConfig) -> tuple[NativeConfigs, dict[str, object]]:
        """See `ptychoparity.reference.config.translation.to_native`."""
        return to_native(config)

    def to_canonical(
        self, native: NativeConfigs, overrides: Mapping[str, object]
    ) -> TrainingConfig | InferenceConfig:
        """See `ptychoparity.reference.config.translation.to_canonical`."""
        return to_canonical(native, overrides)

    def read_raw(self, path: Path) -> RawData:
        """See `ptychoparity.reference.data.RawData.from_file`."""
        return RawData.from_file(path)

    def group(self, raw: RawData, request: Mapping[str, Any]) -> dict[str, Array | None]:
        """See `ptychoparity.reference.data.RawData.generate_grouped_data`."""
        return dict(raw.generate_grouped_data(**request))

    def container(self, grouped: Mapping[str, Array | None], probe: Array) -> dict[str, Array]:
        """See `ptychoparity.reference.data.container_arrays`."""
        return container_arrays(grouped, probe, self._precision)

    def split(
        self, grouped: Mapping[str, Array | None], probe: Array, fraction: float, which: str
    ) -> dict[str, Array]:
        """See `ptychoparity.reference.data.container.selected`."""
        part = selected(lambda: (grouped, fraction), which, create_split=True)
        return container_arrays(part, probe, self._precision)

    def batch(
        self,
        grouped: Mapping[str, Array | None],
        probe: Array,
        indices: Array,
        nphotons: float | None,
        scale: float | None,
        supervised: bool,
    ) -> dict[str, Array]:
        """See `ptychoparity.reference.data.batches.batch_arrays`."""
        if supervised:
            guards.require_labels("supervised", dict.fromkeys(guards.LABELS, grouped.get("Y")))
        return batch_arrays(grouped, probe, indices, nphotons, scale, supervised, self._precision)

    def default_probe(self, side: int, scale: float) -> Array:
        """See `ptychoparity.reference.physics.probe.default_probe`."""
        return probe.default_probe(side, scale).astype(self._precision)

    def probe_from_patterns(self, amplitude: Array, scale: float) -> Array:
        """See `ptychoparity.reference.physics.probe.probe_from_patterns`."""
        return probe.probe_from_patterns(amplitude, scale).astype(self._precision)

    def probe_mask(self, side: int) -> Array:
        """See `ptychoparity.reference.physics.probe.hard_mask`."""
        return probe.hard_mask(side)

    def soft_probe_mask(self, side: int, sigma: float, diameter: float | None) -> Array:
        """See `ptychoparity.reference.physics.probe.soft_mask`."""
        return probe.soft_mask(side, sigma, diameter, self._precision)

    def normalize_probe(self, probe_guess: Array, probe_scale: float) -> NormalizedProbe:
        """See `ptychoparity.reference.physics.probe.normalize_probe`."""
        return NormalizedProbe(*probe.normalize_probe(self._complex(probe_guess), probe_scale))

    def intensity_scale(self, amplitude: Array, nphotons: float) -> float:
        """See `ptychoparity.reference.physics.probe.intensity_scale`."""
        return probe.intensity_scale(self._real(amplitude), nphotons)

    def illuminate(self, patches: Array, probe: Array) -> Array:
        """See `ptychoparity.reference.physics.diffraction.illuminate`."""
        return diffraction.illuminate(self._complex(patches), self._complex(probe))

    def smooth(self, exit_waves: Array, sigma: float) -> Array:
        """See `ptychoparity.reference.physics.diffraction.smooth`."""
        return diffraction.smooth(self._complex(exit_waves), sigma)

    def diffract(self, exit_waves: Array) -> Array:
        """See `ptychoparity.reference.physics.diffraction.diffract`."""
        return diffraction.diffract(self._complex(exit_waves))

    def forward(self, patches: Array, offsets: Array, probe: Array, padded: int, scale: float) -> Array:
        """See `ptychoparity.reference.physics.regions.forward`."""
        return regions.forward(self._complex(patches), offsets, self._complex(probe), padded, scale)

    def translate(self, images: Array, offsets: Array) -> Array:
        """See `ptychoparity.reference.physics.translation.translate`."""
        native = self._complex(images) if np.iscomplexobj(images) else self._real(images)
        return translation.translate(native, offsets)

    def object_patches(self, whole: Array, positions: Array, side: int) -> Array:
        """See `ptychoparity.reference.physics.translation.object_patches`."""
        return translation.object_patches(self._complex(whole), positions, side)

    def assemble(self, patches: Array, offsets: Array, padded: int) -> Region:
        """See `ptychoparity.reference.physics.regions.assemble`."""
        return Region(*regions.assemble(self._complex(patches), offsets, padded))

    def extract(self, region: Array, offsets: Array, side: int) -> Array:
        """See `ptychoparity.reference.physics.regions.extract`."""
        return regions.extract(self._complex(region), offsets, side)

    def stitch(self, patches: Array, positions: Array, crop: int) -> Stitched:
        """See `ptychoparity.reference.physics.stitching.stitch`."""
        return Stitched(*stitching.stitch(self._complex(patches), positions, crop))

    def _real(self, array: Array) -> Array:
        return np.asarray(array).astype(self._precision)

    def _complex(self, array: Array) -> Array:
        return np.asarray(array).astype(np.result_type(self._precision, np.complex64))


def float64() -> ReferenceBackend:
    """Backend ``reference``."""
    return ReferenceBackend("reference", np.float64)


def float32() -> ReferenceBackend:
    """Backend ``reference-float32``."""
    return ReferenceBackend("reference-float32", np.float32)
