"""TensorFlow and PyTorch through the whole main job, each in its own environment.

Needs PTYCHOPARITY_PYTHON ("tensorflow=<python> torch=<python>"), which the ``tests`` session sets.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ptychoparity.cli import main

PYTHONS = dict(item.split("=", 1) for item in os.environ.get("PTYCHOPARITY_PYTHON", "").split())
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"

pytestmark = pytest.mark.skipif(
    set(PYTHONS) < {"tensorflow", "torch"}, reason="PTYCHOPARITY_PYTHON does not name both backends"
)


def verify(folder: Path, *arguments: str, **pythons: str) -> tuple[Result, dict[str, Any]]:
    options = [f"--python={name}={path}" for name, path in {**PYTHONS, **pythons}.items()]
    result = CliRunner().invoke(main, ["verify", "--out", str(folder), *options, *arguments])
    report = folder / "report.json"
    return result, json.loads(report.read_text()) if report.exists() else {}


def interpreter(folder: Path, backend: str, before: str) -> str:
    """An interpreter of a backend that does something to it before it records."""
    script = folder / "sabotage.py"
    script.write_text(
        f"{before}\nfrom ptychoparity.conformance import worker\nraise SystemExit(worker.main())\n"
    )
    fake = folder / "python"
    # "$1 $2" is "-m ptychoparity.conformance.worker", which the script stands in for.
    fake.write_text(f'#!/bin/sh\nshift 2\nexec "{PYTHONS[backend]}" "{script}" "$@"\n')
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    return str(fake)


def failing(report: dict[str, Any]) -> set[tuple[str, str]]:
    return {(row["backend"], row["scenario"]) for row in report["rows"] if row["outcome"] != "pass"}


def test_everything_agrees(tmp_path: Path) -> None:
    result, report = verify(tmp_path)
    assert result.exit_code == 0, result.output
    counts = report["verdict"]["counts"]
    assert counts.pop("pass") > 4000
    assert not any(counts.values())
    asked = {(item["backend"], item["executed"]) for item in report["coverage"]}
    assert {backend for backend, _ in asked} == {"reference", "reference-float32", "tensorflow", "torch"}
    assert {pair["first"] for pair in report["pairs"]} == {"tensorflow"}
    assert (tmp_path / "report.html").stat().st_size > 100_000


SABOTAGE = {
    "torch": """
from ptychoparity.backends.torch import diffraction
right = diffraction.diffract
diffraction.diffract = lambda waves: right(waves.conj())
""",
    "tensorflow": """
from ptychoparity.backends.tensorflow import stitching
right = stitching.stitch
stitching.stitch = lambda patches, positions, crop: right(patches, -positions, crop)
""",
}


@pytest.mark.parametrize(("backend", "scenario"), [("torch", "FWD-002"), ("tensorflow", "STI-003")])
def test_a_broken_backend_is_named(tmp_path: Path, backend: str, scenario: str) -> None:
    fake = interpreter(tmp_path, backend, SABOTAGE[backend])
    result, report = verify(tmp_path / "out", "--scenario", scenario, **{backend: fake})
    assert result.exit_code == 1
    assert failing(report) == {(backend, scenario)}
    assert backend in report["verdict"]["reasons"][0]
    other = ({"torch", "tensorflow"} - {backend}).pop()
    wrong = [pair for pair in report["pairs"] if pair["nearer"] == other and pair["max_abs"] > 1e-3]
    assert wrong
    assert backend in result.output


def test_a_backend_killed_while_recording_is_broken(tmp_path: Path) -> None:
    before = """
import os, signal
from ptychoparity.conformance import recorder
right, asked = recorder.answer, []
def answer(*arguments):
    asked.append(1)
    if len(asked) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return right(*arguments)
recorder.answer = answer
"""
    fake = interpreter(tmp_path, "torch", before)
    result, report = verify(tmp_path / "out", "--scenario", "FWD-001", "--scenario", "FWD-002", torch=fake)
    assert result.exit_code == 1
    assert report["broken"][0]["backend"] == "torch"
    assert "SIGKILL" in report["broken"][0]["reason"]
    assert "4 of 10" in report["broken"][0]["reason"]
    assert ("torch", "run") in failing(report)
    assert not (tmp_path / "out" / "evidence" / "torch.h5").exists()
    assert not list((tmp_path / "out").rglob("*.partial"))


@pytest.mark.parametrize("name", ["aps_velociprobe_siemens_64.npz", "aps_velociprobe_siemens_128.npz"])
def test_measured_data(tmp_path: Path, name: str) -> None:
    if not (REAL / name).is_file():
        pytest.skip(f"{name} is not on this machine")
    result, report = verify(tmp_path, "--data", str(REAL / name), "--scenario", "*-900")
    assert result.exit_code == 0, result.output
    assert report["data"] == name
    assert set(report["scenarios"]) == {"GRP-900", "PRB-900", "FWD-900", "STI-900"}
