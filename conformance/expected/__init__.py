"""Printed values, laws and refusals, by family. The judge reads them; a recorder never does."""

from ptychoparity.conformance.expected import (
    batches,
    configuration,
    configuration_inverse,
    configuration_native,
    containers,
    files,
    geometry,
    grouping,
    physics,
    probe,
)
from ptychoparity.conformance.golden import Expectation

EXPECTATIONS: tuple[Expectation, ...] = (
    *configuration.EXPECTATIONS,
    *configuration_native.EXPECTATIONS,
    *configuration_inverse.EXPECTATIONS,
    *files.EXPECTATIONS,
    *containers.EXPECTATIONS,
    *batches.EXPECTATIONS,
    *grouping.EXPECTATIONS,
    *geometry.EXPECTATIONS,
    *physics.EXPECTATIONS,
    *probe.EXPECTATIONS,
)
