"""From rows to a verdict: executed-case floors, the ledger of known failures, and the exit status."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from ptychoparity.conformance import tolerances
from ptychoparity.conformance.comparison import unit
from ptychoparity.conformance.evidence import EvidenceSet
from ptychoparity.conformance.judge import BROKEN, ERROR, FAIL, KNOWN, OUTCOMES, Row
from ptychoparity.fixtures.minimal import load_minimal_path


@dataclass(frozen=True)
class KnownFailure:
    """A row of the ledger: a failure that is known, why, and until when it may be.

    ``scenario``, ``case`` and ``quantity`` must be met exactly; a row that meets nothing, or that has
    expired, fails the run.
    """

    backend: str
    scenario: str
    case: str
    quantity: str
    reason: str
    expires: date


@dataclass(frozen=True)
class Coverage:
    """How many cases of a scenario a backend was asked, against the committed floor."""

    backend: str
    scenario: str
    executed: int
    unsupported: int
    required: int
    outcomes: dict[str, int]


def committed_floors() -> dict[str, int]:
    """Fewest cases of each scenario, from ``conformance/floors.json``."""
    floors: dict[str, int] = json.loads(files(__package__).joinpath("floors.json").read_text("utf-8"))
    return floors


def read_ledger(path: Path) -> list[KnownFailure]:
    """Known failures from a JSON list of objects with the fields of `KnownFailure`.

    Raises:
        ValueError: naming the file, the entry and what is wrong with it.
        FileNotFoundError: no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    try:
        entries = json.loads(path.read_text("utf-8"))
        if not isinstance(entries, list):
            raise TypeError(f"it holds {type(entries).__name__}, not a list")
        return [
            KnownFailure(**{**entry, "expires": date.fromisoformat(entry["expires"])}) for entry in entries
        ]
    except (TypeError, KeyError, ValueError) as error:
        fields = ", ".join(KnownFailure.__dataclass_fields__)
        raise ValueError(f"{path}: a ledger is a JSON list of objects with {fields}: {error}") from error


def apply_ledger(rows: list[Row], ledger: Iterable[KnownFailure], today: date) -> tuple[list[Row], list[str]]:
    """Mark known failures; returns the rows, and what is wrong with the ledger."""
    rows, wrong = list(rows), []
    for entry in ledger:
        where = f"{entry.backend} {entry.scenario}/{entry.case} {entry.quantity}"
        met = [index for index, row in enumerate(rows) if _meets(row, entry)]
        if entry.expires < today:
            wrong.append(f"known failure {where} expired on {entry.expires}: {entry.reason}")
        elif not met:
            wrong.append(f"known failure {where} does not fail (any more): remove it from the ledger")
        else:
            for index in met:
                note = f"known until {entry.expires}: {entry.reason}; {rows[index].message}"
                rows[index] = replace(rows[index], outcome=KNOWN, message=note)
    return rows, wrong


def _meets(row: Row, entry: KnownFailure) -> bool:
    place = (row.backend, row.scenario, row.case, row.quantity)
    return row.outcome in (FAIL, ERROR) and place == (
        entry.backend,
        entry.scenario,
        entry.case,
        entry.quantity,
    )


def coverage(evidence: EvidenceSet, rows: list[Row], floors: dict[str, int]) -> list[Coverage]:
    """Count the asked cases of every backend and scenario.

    Every backend must have been asked each case of the case file, and the case file must hold at least
    the committed number; scenarios of measured data have their floor for the fixture only.
    """
    asked: Counter[str] = Counter(case.split("/")[0] for case in evidence.truth.case_ids())
    measured = evidence.truth.header["data"] != load_minimal_path().name
    counted = []
    for backend, reader in evidence.judged.items():
        executed: Counter[str] = Counter()
        unsupported: Counter[str] = Counter()
        for case in reader.case_ids():
            status = reader.tree(case)["status"]
            (unsupported if status == "unsupported" else executed)[case.split("/")[0]] += 1
        outcomes = Counter((row.scenario, row.outcome) for row in rows if row.backend == backend)
        for scenario in evidence.truth.header["scenarios"]:
            floor = 1 if measured and scenario.endswith("-900") else floors.get(scenario, 1)
            counted.append(
                Coverage(
                    backend,
                    scenario,
                    executed[scenario],
                    unsupported[scenario],
                    max(floor, asked[scenario]),
                    {outcome: outcomes[(scenario, outcome)] for outcome in OUTCOMES},
                )
            )
    return counted


def reasons(rows: list[Row], counted: list[Coverage], ledger_faults: list[str]) -> list[str]:
    """Why a run is not green, one line each; empty if it is."""
    tally = Counter((row.backend, row.outcome) for row in rows if row.outcome in (FAIL, ERROR, BROKEN))
    short = [item for item in counted if item.executed + item.unsupported < item.required]
    ran: Counter[str] = Counter()
    for item in counted:
        ran[item.backend] += item.executed
    return [
        *ledger_faults,
        *(f"{backend}: {number} of its rows {outcome}" for (backend, outcome), number in tally.items()),
        *(f"{i.backend}: {i.scenario} ran {i.executed} cases, {i.required} are required" for i in short),
        *(f"{backend}: no case was executed" for backend, number in ran.items() if not number),
        *unneeded_overrides(rows, tolerances.OVERRIDES),
    ]


def unneeded_overrides(rows: list[Row], overrides: Iterable[tolerances.Override]) -> list[str]:
    """Overrides that widen the tolerance although every row of this run passes without them."""
    found = []
    for override in overrides:
        if override.k <= tolerances.K:
            continue
        applied = [row for row in rows if row.kind == "numeric" and _applies(override, row)]
        if applied and not any(_needs(row) for row in applied):
            found.append(
                f"tolerance override for {override.operation} {override.quantity} is not needed: remove it"
            )
    return found


def _applies(override: tolerances.Override, row: Row) -> bool:
    return tolerances.override(row.operation, row.quantity, override.device) is override


def _needs(row: Row) -> bool:
    """Whether the row's error is above what the default factor would allow."""
    if row.peak is None or row.floor is None or row.max_abs is None:
        return False
    return row.max_abs > tolerances.K * row.floor + unit(row.peak)


def counts(rows: list[Row]) -> dict[str, int]:
    """Rows by outcome."""
    tally: dict[str, Any] = Counter(row.outcome for row in rows)
    return {outcome: tally[outcome] for outcome in OUTCOMES}
