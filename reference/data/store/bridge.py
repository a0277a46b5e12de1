"""The contract dictionary of a scan that does not fit in memory (spec ``data.md`` 8.2)."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from ptychoparity.reference.config import legacy
from ptychoparity.reference.config.bridge import update_legacy_dict
from ptychoparity.reference.config.canonical import CanonicalConfig
from ptychoparity.reference.data.metadata import get_nphotons
from ptychoparity.reference.data.store.build import open_store
from ptychoparity.reference.data.store.manifest import StoreRequest
from ptychoparity.reference.data.store.reading import Store


class MemmapDatasetBridge:
    """Groups of one NPZ file, through a store that is kept and used again.

    Args:
        npz_path: the file.
        config: written into the legacy dictionary; None leaves that alone.
        memmap_dir: folder of stores; that of this file is ``<stem>.store``.
        rebuild: make a new store where the old one does not fit, instead of raising.

    Raises:
        FileNotFoundError: no such file.
    """

    def __init__(
        self,
        npz_path: str | PathLike[str],
        config: CanonicalConfig | None,
        memmap_dir: str | PathLike[str] = "data/memmap",
        *,
        rebuild: bool = True,
    ) -> None:
        self.npz_path = Path(npz_path)
        if not self.npz_path.is_file():
            raise FileNotFoundError(f"{self.npz_path}: no such data file")
        self.directory = Path(memmap_dir) / f"{self.npz_path.stem}.store"
        self._rebuild = rebuild
        self._nphotons = get_nphotons(None, config=config)
        if config is not None:
            update_legacy_dict(legacy.cfg, config)

    def get_grouped_data(
        self,
        N: int,
        K: int,
        nsamples: int | None,
        gridsize: int,
        seed: int | None = None,
        sequential_sampling: bool = False,
        enable_oversampling: bool = False,
        neighbor_pool_size: int | None = None,
    ) -> dict[str, Any]:
        """What `RawData.generate_grouped_data` makes of the file, to the bit; arguments as there.

        Raises:
            KeyError, TypeError, ValueError: as `build.open_store`.
        """
        asked = (N, gridsize, K, nsamples, seed, sequential_sampling, enable_oversampling, neighbor_pool_size)
        with self.open(StoreRequest(*asked, nphotons=self._nphotons)) as store:
            return store.rows()

    def open(self, request: StoreRequest) -> Store:
        """The store itself, to read groups in batches.

        Raises:
            KeyError, TypeError, ValueError: as `build.open_store`.
        """
        return open_store(self.directory, self.npz_path, request, rebuild=self._rebuild)
