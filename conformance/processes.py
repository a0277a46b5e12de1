"""Run recorders in processes of their own, watch them, and turn a death into a reason."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ptychoparity.conformance.evidence import FLOAT32, PERTURBED, TRUTH, Broken
from ptychoparity.conformance.worker import UNUSABLE

Progress = Callable[[str, str, int, int], None]
"""Called with the recording's name, the case, its number and the total."""


@dataclass(frozen=True)
class Recording:
    """One recorder to run.

    Attributes:
        name: of the evidence, also its file name.
        backend: registered name.
        interpreter: Python that has the backend.
        perturb: seed of the input perturbation, for noise probes.
    """

    name: str
    backend: str
    interpreter: Path
    perturb: int | None = None


def references(interpreter: Path | None = None) -> list[Recording]:
    """The float64 reference, its float32 self, and two perturbed runs that measure the noise floor."""
    python = interpreter or Path(sys.executable)
    return [
        Recording(TRUTH, TRUTH, python),
        Recording(FLOAT32, FLOAT32, python),
        *(Recording(f"{PERTURBED}{seed}", TRUTH, python, seed) for seed in (1, 2)),
    ]


@dataclass(frozen=True)
class Result:
    """What became of a recording: its evidence file, or why there is none."""

    recording: Recording
    evidence: Path | None
    broken: Broken | None = None
    unusable: str | None = None


def record_all(
    recordings: Sequence[Recording], cases: Path, folder: Path, progress: Progress, timeout: float
) -> list[Result]:
    """Record in parallel, at most one process a core, and return a result for each recording.

    Args:
        recordings: what to run.
        cases: the case file.
        folder: where evidence goes, ``<name>.h5``.
        progress: called from several threads.
        timeout: seconds without a sign of life after which a recorder is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    running: set[subprocess.Popen[str]] = set()
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
        started = [
            pool.submit(_record, item, cases, folder, progress, timeout, running) for item in recordings
        ]
        try:
            return [recording.result() for recording in started]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in tuple(running):
                _kill(process)
            raise


def _record(
    recording: Recording,
    cases: Path,
    folder: Path,
    progress: Progress,
    timeout: float,
    running: set[subprocess.Popen[str]],
) -> Result:
    target = folder / f"{recording.name}.h5"
    target.unlink(missing_ok=True)
    command = [str(recording.interpreter), "-m", "ptychoparity.conformance.worker"]
    command += ["--backend", recording.backend, "--cases", str(cases), "--out", str(target)]
    if recording.perturb is not None:
        command += ["--perturb", str(recording.perturb)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as noise:
        try:
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=noise,
                text=True,
                env=_environment(),
                start_new_session=True,  # so that an interpreter that is a script dies with its children
            )
        except OSError as error:
            reason = f"its interpreter {recording.interpreter} cannot be started: {error.strerror}"
            return Result(recording, None, Broken(recording.name, reason))
        running.add(process)
        watched = _watch(process, recording.name, progress, timeout)
        status = process.wait()
        running.discard(process)
        if status == 0 and target.is_file():
            return Result(recording, target)
        target.with_name(target.name + ".partial").unlink(missing_ok=True)
        if status == UNUSABLE and watched.unusable:
            return Result(recording, None, unusable=watched.unusable)
        return Result(recording, None, Broken(recording.name, _death(status, watched, timeout, noise)))


def _kill(process: subprocess.Popen[str]) -> None:
    """End a recorder and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """What a recorder's process sees: the user's own settings, but quiet frameworks."""
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}


@dataclass
class _Watched:
    """The last that was heard of a recorder."""

    case: str = "starting"
    number: int = 0
    total: int = 0
    unusable: str | None = None
    timed_out: bool = False


def _watch(process: subprocess.Popen[str], name: str, progress: Progress, timeout: float) -> _Watched:
    """Read a recorder's lines until it ends; kill it when it is silent for too long."""
    watched = _Watched()

    def expire() -> None:
        watched.timed_out = True
        _kill(process)

    timer = threading.Timer(timeout, expire)
    timer.start()
    for line in process.stdout or ():
        timer.cancel()
        message = _message(line)
        watched.unusable = message.get("unusable", watched.unusable)
        if "case" in message:
            watched.case, watched.number, watched.total = (
                message["case"],
                message["number"],
                message["total"],
            )
            progress(name, watched.case, watched.number, watched.total)
        timer = threading.Timer(timeout, expire)
        timer.start()
    timer.cancel()
    return watched


def _message(line: str) -> dict[str, Any]:
    """What a recorder says; whatever else its interpreter prints, before the worker starts, says nothing."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _death(status: int, watched: _Watched, timeout: float, noise: IO[str]) -> str:
    """Why a recorder ended without evidence, with the last line it said."""
    place = (
        f"at case {watched.number} of {watched.total} ({watched.case})" if watched.total else "while starting"
    )
    if watched.timed_out:
        return f"silent for {timeout:g} s {place}, killed; a longer --timeout may help"
    if status < 0:
        return f"killed by {signal.Signals(-status).name} {place}"
    noise.seek(0)
    said = [line.strip() for line in noise if line.strip()]
    return f"ended with status {status} {place}: {said[-1] if said else 'it said nothing'}"
