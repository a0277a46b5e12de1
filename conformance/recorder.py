"""Record: ask one backend every case, and write down what it answers. No expected answer comes near it."""

from __future__ import annotations

import platform
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.backends.contract import Backend, Unsupported
from ptychoparity.conformance import SUITE_VERSION
from ptychoparity.conformance.operations import OPERATIONS
from ptychoparity.conformance.storage import Reader, Writer, check_storable, same

Progress = Callable[[str, int, int], None]


def record(
    backend: Backend, cases: Reader, path: Path, progress: Progress, perturb: int | None = None
) -> None:
    """Answer every case of a case file and write the evidence file.

    Args:
        backend: who answers.
        cases: the questions.
        path: evidence file, written under a temporary name until it is whole.
        progress: called with the case id, its number and the total before each case.
        perturb: seed; moves every float32 input by one unit in the last place, up or down. Only for
            measuring the noise floor of the reference.
    """
    with Writer(path, _header(backend, cases, perturb)) as writer:
        case_ids = cases.case_ids()
        for number, case_id in enumerate(case_ids, 1):
            progress(case_id, number, len(case_ids))
            writer.add(case_id, answer(backend, cases.load(case_id), perturb))
        writer.finish(inputs=cases.footer["digest"])


def answer(backend: Backend, case: dict[str, Any], perturb: int | None = None) -> dict[str, Any]:
    """Perform one case; what it raises is an answer too.

    Returns:
        ``status`` (performed, raised, unsupported), ``outputs`` or ``error``, whether the operation was
        ``declared``, ``seconds``, ``repeats`` where a deterministic backend was asked twice, and the
        case's ``operation`` and ``exact``.
    """
    capabilities = backend.capabilities()
    inputs = case["inputs"] if perturb is None else perturbed(case["inputs"], perturb)
    found = _perform(backend, case["operation"], inputs)
    if found["status"] == "performed" and capabilities.deterministic and perturb is None:
        again = _perform(backend, case["operation"], inputs)
        found["repeats"] = same(found["outputs"], again.get("outputs"))
    declared = case["operation"] in capabilities.operations
    return {**found, "declared": declared, "operation": case["operation"], "exact": case["exact"]}


def _perform(backend: Backend, operation: str, inputs: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        outputs = OPERATIONS[operation](backend, inputs)
        check_storable(operation, outputs)
        found: dict[str, Any] = {"status": "performed", "outputs": outputs}
    except Unsupported as error:
        found = {"status": "unsupported", "error": _error(error)}
    except Exception as error:  # the judge decides whether the backend was right to raise
        found = {"status": "raised", "error": _error(error), "traceback": traceback.format_exc()}
    return {**found, "seconds": time.perf_counter() - started}


def _error(error: Exception) -> dict[str, str]:
    return {"type": type(error).__name__, "message": str(error)}


def _header(backend: Backend, cases: Reader, perturb: int | None) -> dict[str, Any]:
    capabilities, provenance = backend.capabilities(), backend.provenance()
    return {
        "kind": "evidence",
        "suite": SUITE_VERSION,
        "backend": backend.name if perturb is None else f"{backend.name}-perturbed-{perturb}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": dict(provenance.versions),
        "device": provenance.device,
        "threads": provenance.threads,
        "flags": dict(provenance.flags),
        "capabilities": {
            "operations": sorted(capabilities.operations),
            "dtypes": list(capabilities.dtypes),
            "devices": list(capabilities.devices),
            "deterministic": capabilities.deterministic,
            "bundle_formats": list(capabilities.bundle_formats),
        },
        "data": cases.header["data"],
        "scenarios": cases.header["scenarios"],
    }


def perturbed(value: Any, seed: int) -> Any:
    """Move every float32 and complex64 number by one unit in the last place; other values stay."""
    if isinstance(value, dict):
        return {key: perturbed(item, seed) for key, item in value.items()}
    if isinstance(value, list):
        return [perturbed(item, seed) for item in value]
    if isinstance(value, np.ndarray) and value.dtype in (np.float32, np.complex64):
        parts = np.ascontiguousarray(value).view(np.float32)
        generator = np.random.default_rng([seed, value.size])
        target = np.where(generator.random(parts.shape) < 0.5, np.float32(-np.inf), np.float32(np.inf))
        # Exact zeros stay: zero is a dark pixel or a blocked beam, not a rounded number.
        moved = np.where(parts == 0, parts, np.nextafter(parts, target))
        return moved.view(value.dtype).reshape(value.shape)
    return value
