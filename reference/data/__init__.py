"""Data sets: the NPZ contract, `RawData`, grouping, containers, and the layouts of grouped arrays."""

from ptychoparity.reference.data.container import CONTAINER_KEYS, container_arrays
from ptychoparity.reference.data.npz import read_headers, read_npz
from ptychoparity.reference.data.rawdata import RawData
from ptychoparity.reference.data.sidecar import Sidecar, read_sidecar, verify_sidecar, write_sidecar

__all__ = [
    "CONTAINER_KEYS",
    "RawData",
    "Sidecar",
    "container_arrays",
    "read_headers",
    "read_npz",
    "read_sidecar",
    "verify_sidecar",
    "write_sidecar",
]
