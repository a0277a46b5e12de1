"""Evidence files sorted by their part: the truth, the noise probes, and who is judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.conformance import SUITE_VERSION
from ptychoparity.conformance.comparison import distance
from ptychoparity.conformance.storage import Reader

TRUTH = "reference"
FLOAT32 = "reference-float32"
PERTURBED = "reference-perturbed-"


@dataclass(frozen=True)
class Broken:
    """A backend whose recording did not finish."""

    backend: str
    reason: str


@dataclass(frozen=True)
class EvidenceSet:
    """Everything one judgement needs.

    Attributes:
        truth: evidence of the float64 reference.
        noise: evidence of the reference in float32 and under perturbed inputs.
        judged: evidence by backend, the references first.
        broken: backends that have none.
    """

    truth: Reader
    noise: tuple[Reader, ...]
    judged: dict[str, Reader]
    broken: tuple[Broken, ...]

    def close(self) -> None:
        """Close every file."""
        for reader in {self.truth, *self.noise, *self.judged.values()}:
            reader.close()


def open_evidence(paths: Iterable[Path], broken: Iterable[Broken] = ()) -> EvidenceSet:
    """Open evidence files and check that they answer the same questions.

    Raises:
        ValueError: the reference or a noise probe is missing, a backend comes twice, or the files answer
            different cases or belong to another version of the suite.
        BrokenFile, FileNotFoundError: a file cannot be read.
    """
    readers: dict[str, Reader] = {}
    for path in paths:
        reader = Reader(path)
        if reader.header.get("kind") != "evidence":
            raise ValueError(f"{path} is no evidence file but {reader.header.get('kind')!r}")
        name = reader.header["backend"]
        if name in readers:
            raise ValueError(
                f"{path} and {readers[name].path} are both evidence of {name!r}; give one of them"
            )
        readers[name] = reader
    missing = [name for name in (TRUTH, FLOAT32) if name not in readers]
    noise = [reader for name, reader in readers.items() if name == FLOAT32 or name.startswith(PERTURBED)]
    if missing or len(noise) < 2:
        missing += [f"{PERTURBED}1"] if len(noise) < 2 else []
        raise ValueError(f"evidence of {', '.join(missing)} is missing: record it from the same case file")
    truth = readers[TRUTH]
    for name, reader in readers.items():
        _check_same_questions(name, reader, truth)
    judged = {name: reader for name, reader in readers.items() if not name.startswith(PERTURBED)}
    return EvidenceSet(truth, tuple(noise), judged, tuple(broken))


def _check_same_questions(name: str, reader: Reader, truth: Reader) -> None:
    if reader.header["suite"] != SUITE_VERSION:
        raise ValueError(
            f"{reader.path} was recorded by suite {reader.header['suite']}, this is {SUITE_VERSION}: "
            "record it again"
        )
    if reader.footer["inputs"] != truth.footer["inputs"]:
        raise ValueError(
            f"{reader.path} ({name}) answers other cases than {truth.path}: record both from one case file"
        )


class NoiseFloor:
    """How far rounding alone moves a quantity, measured on the reference (design: tolerances)."""

    def __init__(self, evidence: EvidenceSet) -> None:
        self._noise = evidence.noise
        self._answers: tuple[str, list[dict[str, Any]]] = ("", [])

    def __call__(self, case_id: str, quantity: str, expected: Any, weights: Any = None) -> float:
        """Largest distance of any noise probe from the truth; a probe that has no number widens nothing."""
        if self._answers[0] != case_id:
            self._answers = (case_id, [reader.load(case_id) for reader in self._noise])
        floor = 0.0
        for answer in self._answers[1]:
            value = answer.get("outputs", {}).get(quantity)
            if value is None or np.shape(value) != np.shape(expected):
                continue
            apart = distance(np.asarray(value), np.asarray(expected), weights).max_abs
            floor = max(floor, apart if np.isfinite(apart) else 0.0)
        return floor
