"""The pictures of a report: each quantity's worst slice, from the evidence files that were judged."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ptychoparity.conformance import tolerances
from ptychoparity.conformance.evidence import TRUTH
from ptychoparity.conformance.storage import Reader
from ptychoparity.reports import pictures, summary
from ptychoparity.reports.pictures import Picture, Slice
from ptychoparity.reports.summary import Report, Row

Array = NDArray[Any]


@dataclass(frozen=True)
class Panel:
    """The pictures of one quantity.

    Attributes:
        slice: which part of the array, as an index.
        worst: where the worst element is and whose, or that nothing differs.
        rows: label and pictures; the first is the reference's (None where it has none), then one for
            each backend, then one for each two backends.
        notes: what could not be shown, and why.
    """

    slice: str
    worst: str
    rows: list[tuple[str, list[Picture | None]]]
    notes: list[str]


class Gallery:
    """Opens the evidence files that are what the report says they are, and draws from them.

    Attributes:
        notes: why pictures are missing, one line for each file.
    """

    def __init__(self, report: Report, folder: Path | None) -> None:
        self.notes: list[str] = []
        self._names = summary.candidates(report)
        self._readers: dict[str, Reader] = {}
        self._kept: tuple[str, dict[str, dict[str, Any]]] = ("", {})
        if folder is None:
            self.notes.append("No pictures: the page was rendered without the evidence files.")
            return
        files = {item["backend"]: item for item in report["evidence"]}
        for name in (TRUTH, *self._names):
            if name in files:
                self._open(name, folder / files[name]["file"], files[name]["sha256"])
        if TRUTH not in self._readers:
            self.notes.append("No pictures: there is no evidence of the reference to compare with.")

    def __enter__(self) -> Gallery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._readers.values():
            reader.close()

    def _open(self, name: str, path: Path, sha256: str) -> None:
        if not path.is_file():
            self.notes.append(f"No pictures of {name}: its evidence file {path.name} is missing.")
            return
        with path.open("rb") as handle:
            found = hashlib.file_digest(handle, "sha256").hexdigest()
        if found != sha256:
            self.notes.append(
                f"No pictures of {name}: {path.name} is not the file that was judged "
                f"(its SHA-256 begins with {found[:12]}, judged was {sha256[:12]})."
            )
            return
        try:
            self._readers[name] = Reader(path)
        except ValueError as error:  # BrokenFile among them
            self.notes.append(f"No pictures of {name}: {error}")

    def panel(self, rows: dict[str, Row]) -> Panel | None:
        """The pictures of one quantity of one case; None where it holds no image or nothing to compare.

        Args:
            rows: its row by backend.
        """
        shown = {name: rows[name] for name in self._names if name in rows and _is_drawn(rows[name])}
        if not shown or TRUTH not in self._readers:
            return None
        row = next(iter(shown.values()))
        truth = self._array(TRUTH, row)
        if truth is None or pictures.image_axes(truth.shape) is None or not truth.size:
            return None
        found = {name: self._array(name, row) for name in shown if name in self._readers}
        arrays = {
            name: array for name, array in found.items() if array is not None and array.shape == truth.shape
        }
        notes = [f"{name}: no array of shape {truth.shape} to show" for name in found if name not in arrays]
        notes += [f"{name}: no evidence to show" for name in shown if name not in found]
        name, worst = _worst({name: shown[name] for name in arrays}, arrays, truth)
        chosen = pictures.choose_slice(truth.shape, worst)
        if chosen is None:
            return None
        counted = self._counted(row, chosen)
        images = {name: array[chosen.index] for name, array in arrays.items()}
        differ = any(not np.array_equal(array, truth) for array in arrays.values())
        whose = f"worst element {worst} in {name}" if differ else "no difference"
        return Panel(
            str(chosen),
            whose if arrays else "nothing to compare",
            _rows(truth[chosen.index], images, counted),
            notes,
        )

    def _array(self, name: str, row: Row) -> Array | None:
        """A backend's array, None where it gave no array of numbers."""
        value = self._answer(name, row).get("outputs", {}).get(row["quantity"])
        return value if isinstance(value, np.ndarray) and value.dtype.kind in "fc" else None

    def _answer(self, name: str, row: Row) -> dict[str, Any]:
        """What a backend answered to a case; the answers to the latest case are kept."""
        case_id = f"{row['scenario']}/{row['case']}"
        if self._kept[0] != case_id:
            self._kept = (case_id, {})
        answers = self._kept[1]
        if name not in answers:
            reader = self._readers[name]
            answers[name] = reader.load(case_id) if case_id in reader else {}
        return answers[name]

    def _counted(self, row: Row, chosen: Slice) -> NDArray[np.bool_] | None:
        """Where the judge counts differences: a stitched object only where it is determined."""
        answer = self._answer(TRUTH, row)
        weights = tolerances.weights(answer["operation"], row["quantity"], answer["outputs"])
        return None if weights is None else np.isin(weights[chosen.index], (0.0, 1.0))


def _is_drawn(row: Row) -> bool:
    """Numbers that may differ, and any array that does not pass; exact arrays that pass show nothing new."""
    failing = row["kind"] == "exact" and row["outcome"] != "pass" and row["shape"] is not None
    return row["kind"] == "numeric" or failing


def _worst(rows: dict[str, Row], arrays: dict[str, Array], truth: Array) -> tuple[str, tuple[int, ...]]:
    """Whose largest difference is the largest, and where; of the reference's peak if nobody has an array."""
    if not rows:
        return "", pictures.worst_index(truth, np.zeros_like(truth))
    errors = {name: float(row["max_abs"] or 0.0) for name, row in rows.items()}
    name = max(errors, key=lambda item: errors[item])
    worst = rows[name]["worst"]
    return name, tuple(worst) if worst else pictures.worst_index(arrays[name], truth)


def _rows(
    truth: Array, images: dict[str, Array], counted: NDArray[np.bool_] | None
) -> list[tuple[str, list[Picture | None]]]:
    """Values (amplitude and phase where complex) above differences, a column for each backend."""
    scale = pictures.scale_of(truth)
    every = {TRUTH: truth, **images}
    complex_ = np.iscomplexobj(truth)
    rows: list[tuple[str, list[Picture | None]]] = [
        (
            "amplitude" if complex_ else "value",
            [pictures.values(name, image, scale) for name, image in every.items()],
        )
    ]
    if complex_:
        rows.append(("phase", [pictures.phase(name, image, scale.high) for name, image in every.items()]))
    differences: list[Picture | None] = [None]
    for name, image in images.items():
        differences.append(pictures.difference(f"{name} − {TRUTH}", image, truth, counted))
    for first, second in itertools.combinations(images, 2):
        differences.append(pictures.difference(f"{first} − {second}", images[first], images[second], counted))
    rows.append(("|difference|" if complex_ else "difference", differences))
    return rows
