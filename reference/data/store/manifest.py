"""What a store was made of and for: the request, the manifest, and where two manifests differ (8.2)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ptychoparity.reference.data.metadata import DEFAULT_NPHOTONS
from ptychoparity.reference.physics.checks import check_photons

MANIFEST = "manifest.json"
SCHEMA_NAME = "ptychoparity.store"
SCHEMA_VERSION = "1.0"

REQUIRED_FIELDS = (
    "images",
    "coords_center",
    "coords_relative",
    "coords_start_center",
    "coords_start_relative",
    "coords_global",
    "nn_indices",
    "experiment_id",
    "rms_scaling_constant",
    "physics_scaling_constant",
)
"""What every batch of a store has."""

Manifest = dict[str, Any]


@dataclass(frozen=True)
class StoreRequest:
    """How the scan points of each file are grouped, and what batches are scaled with.

    Attributes:
        N: side of the patterns.
        gridsize: g; groups have g*g members.
        K: neighbours among which members are drawn.
        nsamples: groups wanted of each file; None takes every point as a seed.
        seed: of the draws, for each file alike; None for fresh entropy.
        sequential_sampling: take the first points as seeds.
        enable_oversampling: allow more groups than points.
        neighbor_pool_size: neighbours that oversampling combines; by default K.
        nphotons: photons per pattern of a file whose metadata do not say.
        probe_scale: batches get the probe divided by this times its mean masked modulus; None leaves it as
            it is.

    Raises:
        ValueError: ``nphotons`` is not positive.
    """

    N: int
    gridsize: int = 1
    K: int = 4
    nsamples: int | None = None
    seed: int | None = None
    sequential_sampling: bool = False
    enable_oversampling: bool = False
    neighbor_pool_size: int | None = None
    nphotons: float = DEFAULT_NPHOTONS
    probe_scale: float | None = None

    def __post_init__(self) -> None:
        check_photons(self.nphotons)

    @property
    def repeatable(self) -> bool:
        """Whether the same request means the same groups: nothing is drawn, or from a seed."""
        every_point = self.gridsize == 1 and self.nsamples is None
        return self.seed is not None or self.sequential_sampling or every_point


def manifest_of(sources: Sequence[Mapping[str, Any]], request: StoreRequest) -> Manifest:
    """The manifest of a store of these sources, as it reads back from JSON.

    Args:
        sources: name, size, time of modification and content digest of each.
        request: any.
    """
    settings = asdict(request)
    scales = {key: settings.pop(key) for key in ("nphotons", "probe_scale")}
    manifest = {
        "schema_name": SCHEMA_NAME,
        "schema_version": SCHEMA_VERSION,
        "scale_contract_version": "legacy_v1",
        "measurement_domain": "normalized_amplitude",
        "normalisation": {"mean_energy": "(N/2)^2"} | scales,
        "required_fields": list(REQUIRED_FIELDS),
        "N": settings.pop("N"),
        "grouping": settings,
        "sources": list(sources),
    }
    plain: Manifest = json.loads(encode(manifest))
    return plain


def encode(manifest: Mapping[str, Any]) -> str:
    """JSON text; NumPy numbers become plain ones."""
    return json.dumps(manifest, indent=1, default=np.generic.item)


def decode(text: str) -> Manifest:
    """The manifest in a JSON text.

    Raises:
        ValueError: not JSON, or not a manifest of this schema.
    """
    manifest = json.loads(text)
    if not isinstance(manifest, dict):
        raise ValueError(f"{MANIFEST}: expected a JSON object, got {type(manifest).__name__}")
    schema = manifest.get("schema_name"), manifest.get("schema_version")
    if schema != (SCHEMA_NAME, SCHEMA_VERSION):
        raise ValueError(f"{MANIFEST}: schema is {schema}, expected {(SCHEMA_NAME, SCHEMA_VERSION)}")
    return manifest


def differences(stored: Any, wanted: Any, key: str = "") -> Iterator[str]:
    """Where two manifests differ: ``grouping.seed is 3 in the store, 4 in the request``."""
    if isinstance(stored, dict) and isinstance(wanted, dict):
        for name in stored | wanted:
            inner = f"{key}.{name}" if key else str(name)
            yield from differences(stored.get(name, "absent"), wanted.get(name, "absent"), inner)
    elif isinstance(stored, list) and isinstance(wanted, list) and len(stored) == len(wanted):
        for index, pair in enumerate(zip(stored, wanted, strict=True)):
            yield from differences(*pair, f"{key}[{index}]")
    elif isinstance(stored, list) and isinstance(wanted, list):
        yield f"{key} has {len(stored)} entries in the store, {len(wanted)} in the request"
    elif type(stored) is not type(wanted) or stored != wanted:
        yield f"{key} is {stored!r} in the store, {wanted!r} in the request"
