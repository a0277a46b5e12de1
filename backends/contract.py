"""The contract: what a backend computes, with NumPy arrays and the reference's types at the border.

A backend is any object with these operations, whose arguments are given by position; native tensors
stay inside.  Arrays are channels-last and offsets are ordered [x, y], as in spec ``physics_model.md`` 0.
A backend that lacks an operation leaves it out of `Capabilities.operations` and raises `Unsupported` from
it; both are tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.config import InferenceConfig, TrainingConfig
from ptychoparity.reference.config.native import NativeConfigs
from ptychoparity.reference.data import RawData

Array = NDArray[Any]


class Unsupported(Exception):  # noqa: N818 - an answer of the contract, not a mistake of the caller
    """A backend does not have this operation, and its capabilities say so."""


class Unusable(Exception):  # noqa: N818 - a state of this interpreter, not a mistake of the caller
    """A backend is registered but cannot run here; the message says why and what would help."""


class NotAvailable(Exception):  # noqa: N818 - a state of this version, not a mistake of the caller
    """A part of the interface that this version does not have yet; the message says which."""


@dataclass(frozen=True)
class Capabilities:
    """What a backend declares of itself; the suite tests that it is true.

    Attributes:
        operations: names of the operations of `Backend` that it has.
        dtypes: real dtypes in which it computes, for example ``("float32",)``.
        devices: where it can compute here, for example ``("cpu",)``.
        deterministic: the same inputs give the same bits twice.
        bundle_formats: bundle formats that it reads and writes.
    """

    operations: frozenset[str]
    dtypes: tuple[str, ...]
    devices: tuple[str, ...]
    deterministic: bool
    bundle_formats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """What computed the results: written into every evidence file.

    Attributes:
        versions: package name to version, the framework first.
        device: where tensors lived, for example ``cpu``.
        threads: threads the framework may use inside one operation.
        flags: settings that change numbers, for example TF32 or deterministic algorithms.
    """

    versions: Mapping[str, str]
    device: str
    threads: int
    flags: Mapping[str, str] = field(default_factory=dict)


class NormalizedProbe(NamedTuple):
    """A probe ``(P, N, N)`` divided by its norm, and the norm."""

    probe: Array
    norm: float


class Region(NamedTuple):
    """Assembled regions ``(B, P, P)`` complex, and their weights ``(B, P, P)``."""

    region: Array
    weight: Array


class Stitched(NamedTuple):
    """A stitched object ``(S, S)`` complex, and its weight ``(S, S)``."""

    object: Array
    weight: Array


@runtime_checkable
class Backend(Protocol):
    """The operations. Shapes: B groups, C channels, N patch side, P probe modes or region side."""

    name: str

    def capabilities(self) -> Capabilities:
        """What this backend has."""

    def provenance(self) -> Provenance:
        """Versions, device, threads and flags of this process."""

    # configuration

    def bridge(
        self, config: TrainingConfig | InferenceConfig, legacy: Mapping[str, object], /
    ) -> dict[str, object]:
        """The legacy dictionary after bridging ``config`` onto ``legacy``, which stays as it was."""

    def to_native(
        self, config: TrainingConfig | InferenceConfig, /
    ) -> tuple[NativeConfigs, dict[str, object]]:
        """The native configurations of ``config``, and as overrides what they cannot hold."""

    def to_canonical(
        self, native: NativeConfigs, overrides: Mapping[str, object], /
    ) -> TrainingConfig | InferenceConfig:
        """The canonical configuration of native ones; ``overrides`` are canonical fields and win."""

    # data

    def read_raw(self, path: Path, /) -> RawData:
        """The data set of an NPZ file (``data.md`` 1); only the attributes of `RawData` are looked at."""

    def group(self, raw: RawData, request: Mapping[str, object], /) -> dict[str, Array | None]:
        """Group scan points: the dictionary of spec ``data.md`` 3.7 for the keyword arguments ``request``."""

    def container(self, grouped: Mapping[str, Array | None], probe: Array, /) -> dict[str, Array]:
        """The container made of grouped data, as NumPy views of its native tensors (``data.md`` 4)."""

    def split(
        self, grouped: Mapping[str, Array | None], probe: Array, fraction: float, which: str, /
    ) -> dict[str, Array]:
        """The container of the training or test part: the first ``int(G * fraction)`` groups, or the rest."""

    def batch(
        self,
        grouped: Mapping[str, Array | None],
        probe: Array,
        indices: Array,
        nphotons: float | None,
        scale: float | None,
        supervised: bool,
        /,
    ) -> dict[str, Array]:
        """The groups ``indices`` as one training batch (``data.md`` 4.4), images and offsets channels-last.

        ``probe`` is ``(G or 1, C or 1, P, N, N)`` for G groups; without ``nphotons`` or ``scale`` it is 1.
        """

    # probe and scale

    def default_probe(self, side: int, scale: float, /) -> Array:
        """The ideal disc probe of ``default_probe_scale``: ``(N, N)`` real."""

    def probe_from_patterns(self, amplitude: Array, scale: float, /) -> Array:
        """A probe as wide as patterns ``(B, N, N, C)`` imply, of the default one's sum: ``(N, N)`` real."""

    def probe_mask(self, side: int, /) -> Array:
        """Hard disc of radius N//4: ``(N, N)`` bool."""

    def soft_probe_mask(self, side: int, sigma: float, diameter: float | None, /) -> Array:
        """Disc with a Gaussian edge: ``(N, N)`` real."""

    def normalize_probe(self, probe: Array, probe_scale: float, /) -> NormalizedProbe:
        """Divide ``(P, N, N)`` by ``probe_scale`` times the mean modulus under the hard mask."""

    def intensity_scale(self, amplitude: Array, nphotons: float, /) -> float:
        """sqrt(nphotons / mean energy of a pattern) for ``(B, N, N, C)``."""

    # forward model

    def illuminate(self, patches: Array, probe: Array, /) -> Array:
        """Exit waves ``(P, B, N, N, C)`` of patches ``(B, N, N, C)`` and probe ``(P, N, N)``."""

    def smooth(self, exit_waves: Array, sigma: float, /) -> Array:
        """3 x 3 Gaussian of exit waves ``(P, B, N, N, C)``, borders reflected."""

    def diffract(self, exit_waves: Array, /) -> Array:
        """Diffraction amplitude ``(B, N, N, C)`` of exit waves ``(P, B, N, N, C)``."""

    def forward(self, patches: Array, offsets: Array, probe: Array, padded: int, scale: float, /) -> Array:
        """Assemble, extract, illuminate, diffract, scale: ``(B, N, N, C)``."""

    # patches

    def translate(self, images: Array, offsets: Array, /) -> Array:
        """Move ``(K, H, W)`` content by ``(K, 2)`` [x, y]."""

    def object_patches(self, whole: Array, positions: Array, side: int, /) -> Array:
        """Patches ``(K, N, N)`` of an object ``(H, W)`` at ``(K, 2)`` [x, y]."""

    def assemble(self, patches: Array, offsets: Array, padded: int, /) -> Region:
        """Merge each group's patches ``(B, N, N, C)`` at offsets ``(B, 1, 2, C)`` into a region."""

    def extract(self, regions: Array, offsets: Array, side: int, /) -> Array:
        """Patches ``(B, N, N, C)`` of regions ``(B, P, P)`` at offsets ``(B, 1, 2, C)``."""

    # stitching

    def stitch(self, patches: Array, positions: Array, crop: int, /) -> Stitched:
        """Shift-and-sum of the central M x M of patches ``(K, N, N)`` at positions ``(K, 2)`` [x, y]."""


OPERATIONS: frozenset[str] = frozenset(
    name
    for name, member in vars(Backend).items()
    if callable(member) and not name.startswith("_") and name not in ("capabilities", "provenance")
)


def numpy_versions() -> dict[str, str]:
    """Versions of what every backend shares."""
    import h5py
    import scipy

    return {"numpy": np.__version__, "scipy": scipy.__version__, "h5py": h5py.__version__}
