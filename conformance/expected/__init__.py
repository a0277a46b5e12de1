"""Printed values, laws and refusals, by family. The judge reads them; a recorder never does."""

from ptychoparity.conformance.expected import (
    configuration,
    configuration_inverse,
    configuration_native,
    grouping,
    physics,
)
from ptychoparity.conformance.golden import Expectation

EXPECTATIONS: tuple[Expectation, ...] = (
    *configuration.EXPECTATIONS,
    *configuration_native.EXPECTATIONS,
    *configuration_inverse.EXPECTATIONS,
    *grouping.EXPECTATIONS,
    *physics.EXPECTATIONS,
)
