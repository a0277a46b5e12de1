"""Scans larger than memory: a folder of patterns and groups, read in batches (spec ``data.md`` 8)."""

from ptychoparity.reference.data.store.bridge import MemmapDatasetBridge
from ptychoparity.reference.data.store.build import open_store, store_from_arrays
from ptychoparity.reference.data.store.manifest import StoreRequest
from ptychoparity.reference.data.store.reading import Store

__all__ = ["MemmapDatasetBridge", "Store", "StoreRequest", "open_store", "store_from_arrays"]
