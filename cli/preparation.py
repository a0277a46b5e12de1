"""What comes before any data: paths are looked at, and the configuration goes where older code reads it."""

from __future__ import annotations

import os
from pathlib import Path

from ptychoparity.backends.arguments import validate_paths
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, legacy, update_legacy_dict

FilePath = Path | str


def check_paths(train: FilePath | None, test: FilePath | None, output_dir: Path) -> None:
    """Look whether inputs are there and the output folder can be written; nothing is made.

    The workflow makes the folder when it has something to write.

    Raises:
        FileNotFoundError: an input is not there.
        ValueError: the folder cannot be made or written to.
    """
    validate_paths(train_file=train, test_file=test, output_dir=None)
    there = next(folder for folder in (output_dir, *output_dir.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise ValueError(f"output_dir {output_dir}: {there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"output_dir {output_dir}: {there} cannot be written to")


def populate(config: TrainingConfig | InferenceConfig) -> None:
    """Write the configuration into the legacy dictionary and seal it (CONFIG-001)."""
    legacy.unseal()
    update_legacy_dict(legacy.cfg, config)
    legacy.seal()
