"""The sidecar of a fixture file (spec data.md 1.6)."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ptychoparity.reference.data import Sidecar, read_sidecar, verify_sidecar, write_sidecar

ENTRIES = {
    "version",
    "created",
    "source_dataset",
    "subset_strategy",
    "subset_size",
    "transformations",
    "sha256_checksum",
    "generator_script",
    "generator_commit",
    "validation_notes",
}


@pytest.fixture
def fixture_file(tmp_path):
    path = tmp_path / "small.npz"
    np.savez(path, values=np.arange(5))
    return path


@pytest.fixture
def sidecar():
    return Sidecar("1", "scan", "every 17th", 64, "make.py", "abc", ["float32"], "ok", "2026-01-01T00:00:00")


def test_round_trip_and_format(fixture_file, sidecar):
    path = write_sidecar(fixture_file, sidecar)
    assert path == fixture_file.with_suffix(".json")
    assert set(json.loads(path.read_text())) == ENTRIES
    read = verify_sidecar(fixture_file)
    assert len(read.sha256_checksum) == 64
    assert replace(read, sha256_checksum="") == sidecar


def test_creation_time_is_filled_in(fixture_file, sidecar):
    write_sidecar(fixture_file, replace(sidecar, created=""))
    assert read_sidecar(fixture_file).created.endswith("+00:00")


def test_changed_file_names_both_files_and_checksums(fixture_file, sidecar):
    write_sidecar(fixture_file, sidecar)
    recorded = read_sidecar(fixture_file).sha256_checksum
    np.savez(fixture_file, values=np.arange(6))
    with pytest.raises(ValueError, match=r"small\.json.*small\.npz") as caught:
        verify_sidecar(fixture_file)
    write_sidecar(fixture_file, sidecar)
    assert recorded in str(caught.value)
    assert read_sidecar(fixture_file).sha256_checksum in str(caught.value)


def test_broken_sidecars_are_refused(fixture_file, sidecar):
    path = write_sidecar(fixture_file, sidecar)
    entries = json.loads(path.read_text())
    del entries["version"], entries["created"]
    for text, error, message in (
        ("{", ValueError, "not valid JSON"),
        ("[]", ValueError, "JSON object"),
        (json.dumps(entries), KeyError, "version, created"),
    ):
        path.write_text(text)
        with pytest.raises(error, match=message):
            read_sidecar(fixture_file)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_sidecar(fixture_file)


def test_no_sidecar_for_a_missing_file(tmp_path, sidecar):
    with pytest.raises(FileNotFoundError):
        write_sidecar(tmp_path / "absent.npz", sidecar)
    assert not list(tmp_path.iterdir())
