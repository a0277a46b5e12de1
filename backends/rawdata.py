"""A scan with the argument order and the configuration of the PyTorch interface (spec ``data.md`` 2)."""

from __future__ import annotations

from os import PathLike
from typing import Any, Self

from ptychoparity.reference.config import CanonicalConfig, legacy, update_legacy_dict
from ptychoparity.reference.data import RawData
from ptychoparity.reference.data.container import Array

CARRIED = (
    "xcoords",
    "ycoords",
    "xcoords_start",
    "ycoords_start",
    "diff3d",
    "probeGuess",
    "scan_index",
    "objectGuess",
    "Y",
    "norm_Y_I",
    "metadata",
    "sample_indices",
    "subsample_seed",
)
"""Attributes of `RawData` that a `ScanFacade` shows as they are."""


class ScanFacade:
    """`RawData` behind another constructor; nothing that it holds or takes is lost on the way.

    Args:
        xcoords: ``(M,)``; see `RawData`, as for all others.
        ycoords: ``(M,)``.
        diff3d: ``(M, N, N)``.
        probeGuess: ``(N, N)``, ``(N, N, 1)`` or ``(P, N, N)``.
        scan_index: ``(M,)``.
        objectGuess: ``(H, W)``.
        config: written into the legacy dictionary first (CONFIG-001); None leaves that alone.
        xcoords_start: nominal positions, by default those of ``xcoords``.
        ycoords_start: the same for ``ycoords``.
        Y: ready-made patches.
        norm_Y_I: amplitude scale of a simulation.
        metadata: parsed.
        sample_indices: rows of the file that a subsample holds.
        subsample_seed: with which they were drawn.

    Raises:
        TypeError: ``config`` is no canonical configuration; else as `RawData`.
        ValueError: as `RawData`.
    """

    raw: RawData

    def __init__(
        self,
        xcoords: Array,
        ycoords: Array,
        diff3d: Array | None,
        probeGuess: Array | None,
        scan_index: Array | None,
        objectGuess: Array | None = None,
        config: CanonicalConfig | None = None,
        *,
        xcoords_start: Array | None = None,
        ycoords_start: Array | None = None,
        Y: Array | None = None,
        norm_Y_I: float | Array | None = None,
        metadata: dict[str, Any] | None = None,
        sample_indices: Array | None = None,
        subsample_seed: int | None = None,
    ) -> None:
        raw = RawData(
            xcoords,
            ycoords,
            xcoords if xcoords_start is None else xcoords_start,
            ycoords if ycoords_start is None else ycoords_start,
            diff3d,
            probeGuess,
            scan_index,
            objectGuess,
            Y,
            norm_Y_I,
            metadata,
        )
        raw.sample_indices, raw.subsample_seed = sample_indices, subsample_seed
        self._wrap(raw, config)

    @classmethod
    def from_raw(cls, raw: RawData, config: CanonicalConfig | None = None) -> Self:
        """A facade of a scan that there is already: the same object, not a copy.

        Raises:
            TypeError: ``config`` is no canonical configuration.
        """
        made = cls.__new__(cls)
        made._wrap(raw, config)
        return made

    @classmethod
    def from_file(cls, path: str | PathLike[str], config: CanonicalConfig | None = None) -> Self:
        """A facade of an NPZ file; raises as `RawData.from_file` and `from_raw`."""
        return cls.from_raw(RawData.from_file(path), config)

    def generate_grouped_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What `RawData.generate_grouped_data` gives for the same arguments, to the bit."""
        return self.raw.generate_grouped_data(*args, **kwargs)

    def to_file(self, path: str | PathLike[str]) -> None:
        """See `RawData.to_file`."""
        self.raw.to_file(path)

    def __getattr__(self, name: str) -> Any:
        """The `CARRIED` attributes of the scan."""
        if name not in CARRIED:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.raw, name)

    def _wrap(self, raw: RawData, config: CanonicalConfig | None) -> None:
        if config is not None:
            update_legacy_dict(legacy.cfg, config)
        self.raw = raw
