"""Images of all sources into one file each, block by block (spec ``data.md`` 8.1, 8.2)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.reference.data.amplitude import judge_units, sampled_patterns
from ptychoparity.reference.data.grouped import pattern_energies
from ptychoparity.reference.data.store.images import ImageWriter
from ptychoparity.reference.data.store.layout import LABELS, PATTERNS
from ptychoparity.reference.data.store.sources import Points, Source

Array = NDArray[Any]


class _Counts:
    """Looks for counts where amplitudes should be, block by block."""

    def __init__(self, points: int) -> None:
        self._wanted = sampled_patterns(points)
        self._sample: list[Array] = []
        self._peak = self._total = 0.0
        self._pixels = 0

    def look(self, first: int, block: Array) -> None:
        """At patterns whose first has this index."""
        here = self._wanted[(self._wanted >= first) & (self._wanted < first + len(block))]
        self._sample.append(block[here - first])
        self._peak = max(self._peak, float(block.max()))
        self._total += float(block.sum(dtype=np.float64))
        self._pixels += block.size

    def warn(self, name: str) -> None:
        """If all that was looked at seems to be counts."""
        sample = np.concatenate(self._sample)
        units = judge_units(sample.dtype, self._peak, self._total / self._pixels, sample)
        if units.suspect:
            warnings.warn(
                f"{name}: diff3d: dtype {sample.dtype}, peak {self._peak:g} look like counts "
                f"({units.reason}); the contract is amplitude, take the root first if these are counts",
                UserWarning,
                stacklevel=5,
            )


def write_patterns(
    folder: Path, scratch: Path, sources: Sequence[Source], points: Sequence[Points]
) -> list[Array]:
    """Write all patterns as float32.

    Returns:
        The summed squares of each pattern, ``(M,)`` float64 for each source.

    Warns:
        UserWarning: patterns that look like counts.
    """
    energies = [np.zeros(held.count) for held in points]
    with ImageWriter(folder / PATTERNS, sum(map(len, energies)), points[0].side, "<f4") as images:
        first = 0
        for source, energy in zip(sources, energies, strict=True):
            counts = _Counts(len(energy))
            for start, block in source.patterns(scratch):
                images.write(first + start, block)
                energy[start : start + len(block)] = pattern_energies(block, np.arange(len(block)))
                counts.look(start, block)
            counts.warn(source.name)
            first += len(energy)
    return energies


def write_labels(folder: Path, scratch: Path, sources: Sequence[Source], points: Sequence[Points]) -> None:
    """Write ready-made patches as complex64, if any source has them; zeros stand for those of the others."""
    if not any(held.labels for held in points):
        return
    with ImageWriter(folder / LABELS, sum(held.count for held in points), points[0].side, "<c8") as images:
        first = 0
        for source, held in zip(sources, points, strict=True):
            for start, block in source.labels(scratch) if held.labels else ():
                images.write(first + start, block[: max(0, held.count - start)])
            first += held.count


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an NPZ without compression."""
    with open(path, "xb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # its flag is named allow_pickle
        stream.flush()
        os.fsync(stream.fileno())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8."""
    with open(path, "xb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())
