"""Printed values, laws and refusals, by family. The judge reads them; a recorder never does."""

from ptychoparity.conformance.expected import configuration, grouping, physics
from ptychoparity.conformance.golden import Expectation

EXPECTATIONS: tuple[Expectation, ...] = (
    *configuration.EXPECTATIONS,
    *grouping.EXPECTATIONS,
    *physics.EXPECTATIONS,
)
