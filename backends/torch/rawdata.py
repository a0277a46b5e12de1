"""A scan as the PyTorch interface takes it (spec ``data.md`` 2)."""

from __future__ import annotations

from ptychoparity.backends.rawdata import ScanFacade


class RawDataTorch(ScanFacade):
    """`ptychoparity.reference.data.RawData` with the arguments of the PyTorch interface."""
