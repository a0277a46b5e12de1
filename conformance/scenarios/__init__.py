"""The scenarios, by family: what is asked of every backend. No answer is in here."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ptychoparity.conformance.case import Scenario
from ptychoparity.conformance.scenarios import (
    batches,
    configuration,
    configuration_inverse,
    configuration_native,
    configuration_pairs,
    containers,
    files,
    forward,
    geometry,
    grouping,
    measured,
    patches,
    probe,
    stitching,
)

SCENARIOS: tuple[Scenario, ...] = (
    *configuration.SCENARIOS,
    *configuration_native.SCENARIOS,
    *configuration_inverse.SCENARIOS,
    *configuration_pairs.SCENARIOS,
    *files.SCENARIOS,
    *containers.SCENARIOS,
    *batches.SCENARIOS,
    *grouping.SCENARIOS,
    *geometry.SCENARIOS,
    *probe.SCENARIOS,
    *forward.SCENARIOS,
    *patches.SCENARIOS,
    *stitching.SCENARIOS,
    *measured.SCENARIOS,
)


def select(patterns: tuple[str, ...] = ()) -> list[Scenario]:
    """Scenarios whose id matches any of the shell patterns, all of them where there is none.

    Raises:
        LookupError: a pattern matches no scenario; names the families there are.
    """
    for pattern in patterns:
        if not any(fnmatchcase(scenario.id, pattern) for scenario in SCENARIOS):
            families = sorted({scenario.id.split("-")[0] for scenario in SCENARIOS})
            raise LookupError(
                f"no scenario matches {pattern!r}; families are {', '.join(families)}, for example 'FWD-*'"
            )
    if not patterns:
        return list(SCENARIOS)
    return [s for s in SCENARIOS if any(fnmatchcase(s.id, pattern) for pattern in patterns)]
