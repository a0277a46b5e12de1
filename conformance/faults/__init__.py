"""Seeded faults, named by what they do, by the family whose things they break.

The suite is tested by them: a fault that no scenario catches is a hole in the suite.
"""

from ptychoparity.conformance.faults import configuration, data, grouping, physics, probe
from ptychoparity.conformance.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *configuration.FAULTS,
    *data.FAULTS,
    *grouping.FAULTS,
    *probe.FAULTS,
    *physics.FAULTS,
)

__all__ = ["FAULTS", "Fault"]
