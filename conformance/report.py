"""The parity report: everything a judgement found, as plain JSON (schema in ``reports/schema``)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ptychoparity.conformance import SUITE_VERSION, tolerances, verdict
from ptychoparity.conformance.evidence import Broken, EvidenceSet, open_evidence
from ptychoparity.conformance.expectations import expectation_rows
from ptychoparity.conformance.expected import EXPECTATIONS
from ptychoparity.conformance.judge import judge_cases
from ptychoparity.conformance.storage import Reader

SCHEMA_VERSION = "1.0"


def judge(
    paths: Iterable[Path],
    broken: Sequence[Broken] = (),
    ledger: Sequence[verdict.KnownFailure] = (),
    left_out: Sequence[str] = (),
) -> dict[str, Any]:
    """Judge evidence files and return the report.

    Args:
        paths: evidence of the reference, of its noise probes, and of every backend to judge.
        broken: backends whose recording did not finish.
        ledger: known failures.
        left_out: why registered backends were not recorded; shown, not judged.

    Raises:
        ValueError, BrokenFile, FileNotFoundError: see `open_evidence`.
    """
    evidence = open_evidence(paths, broken)
    try:
        rows, pairs = judge_cases(evidence)
        rows += expectation_rows(evidence, EXPECTATIONS)
        rows, ledger_faults = verdict.apply_ledger(rows, ledger, datetime.now(UTC).date())
        counted = verdict.coverage(evidence, rows, verdict.committed_floors())
        why = verdict.reasons(rows, counted, ledger_faults)
        return {
            "schema_version": SCHEMA_VERSION,
            "suite_version": SUITE_VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "data": evidence.truth.header["data"],
            "tolerance": {"k": tolerances.K, "overrides": [asdict(row) for row in tolerances.OVERRIDES]},
            "scenarios": evidence.truth.header["scenarios"],
            "scenarios_in_suite": len(verdict.committed_floors()),
            "evidence": [_provenance(name, reader) for name, reader in _files(evidence)],
            "broken": [asdict(item) for item in broken],
            "left_out": list(left_out),
            "coverage": [asdict(item) for item in counted],
            "rows": [_plain(asdict(row)) for row in rows],
            "pairs": [_plain(asdict(pair)) for pair in pairs],
            "verdict": {"exit_status": int(bool(why)), "reasons": why, "counts": verdict.counts(rows)},
        }
    finally:
        evidence.close()


def _files(evidence: EvidenceSet) -> list[tuple[str, Reader]]:
    readers = {**evidence.judged, **{reader.header["backend"]: reader for reader in evidence.noise}}
    return list(readers.items())


def _provenance(name: str, reader: Reader) -> dict[str, Any]:
    keys = ("created", "python", "platform", "versions", "device", "threads", "flags", "capabilities")
    digest = hashlib.sha256(reader.path.read_bytes()).hexdigest()
    described = {key: reader.header[key] for key in keys}
    cases = reader.footer["cases"]
    return {"backend": name, "file": reader.path.name, "sha256": digest, "cases": cases, **described}


def _plain(value: Any) -> Any:
    """JSON has no infinity: it becomes the text ``inf``."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "inf" if value > 0 else "-inf" if value < 0 else "nan"
    return list(value) if isinstance(value, tuple) else value
