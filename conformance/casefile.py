"""Write the questions to a file once, so that every backend, wherever it runs, gets the same bits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ptychoparity.conformance import SUITE_VERSION
from ptychoparity.conformance.case import Scenario
from ptychoparity.conformance.storage import Writer


def write_cases(path: Path, scenarios: Iterable[Scenario], data: Path) -> None:
    """Build every case of the scenarios and store its inputs.

    Args:
        path: the case file to write.
        scenarios: which to build.
        data: NPZ file of the measured-data scenarios.

    Raises:
        ValueError, KeyError, TypeError, FileNotFoundError: ``data`` is not what spec ``data.md`` 1 asks for.
    """
    scenarios = list(scenarios)
    header = {
        "kind": "cases",
        "suite": SUITE_VERSION,
        "data": data.name,
        "scenarios": {item.id: {"title": item.title, "spec": item.spec} for item in scenarios},
    }
    with Writer(path, header) as writer:
        for scenario in scenarios:
            for case in scenario.build(data) if scenario.measured else scenario.build():
                question = {"operation": case.operation, "inputs": dict(case.inputs), "exact": case.exact}
                writer.add(f"{scenario.id}/{case.name}", question)
        writer.finish()
