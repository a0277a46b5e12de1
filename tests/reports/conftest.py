"""Two small reports, judged from evidence written here: one green, one with every way of not passing."""

from copy import deepcopy
from datetime import date

import numpy as np
import pytest

from ptychoparity.conformance import SUITE_VERSION
from ptychoparity.conformance.evidence import Broken
from ptychoparity.conformance.report import judge
from ptychoparity.conformance.storage import Writer
from ptychoparity.conformance.verdict import KnownFailure

SCENARIOS = {
    "AMP-001": {"title": "Amplitudes", "spec": "physics_model.md 1.1"},
    "OBJ-001": {"title": "A stitched object", "spec": "physics_model.md 3.1"},
    "TXT-001": {"title": "Texts & <refusals>", "spec": "config.md 3"},
}
HOSTILE = "<script>alert('x')</script> | `code` & [bold]b[/bold] \x1b[31m\x00 end"
REASON = "exit status 139 <b>bold</b>"


def numbers(*shape):
    return np.random.default_rng(7).normal(size=shape)


def performed(operation, **outputs):
    return {
        "status": "performed",
        "outputs": outputs,
        "declared": True,
        "operation": operation,
        "exact": False,
        "seconds": 0.25,
    }


def raised(operation, kind, message, status="raised", declared=True):
    return {
        "status": status,
        "error": {"type": kind, "message": message},
        "declared": declared,
        "operation": operation,
        "exact": False,
        "seconds": 0.5,
    }


def truth():
    weight = np.ones((12, 12))
    weight[0, 0], weight[0, 1] = 1e-5, 0.0
    return {
        "AMP-001/wide": performed("diffract", amplitude=np.abs(numbers(2, 8, 8, 3))),
        "OBJ-001/whole": performed(
            "stitch", object=weight * (numbers(12, 12) + 1j * numbers(12, 12).T), weight=weight
        ),
        "TXT-001/legacy": performed("bridge", legacy={"N": 64, "probe.mask": True}),
        "TXT-001/refused": raised("bridge", "ValueError", "N must be positive"),
    }


def single(answers):
    """The same in float32 and complex64."""
    answers = deepcopy(answers)
    for answer in answers.values():
        for quantity, value in answer.get("outputs", {}).items():
            if isinstance(value, np.ndarray):
                answer["outputs"][quantity] = value.astype(
                    np.complex64 if value.dtype.kind == "c" else np.float32
                )
    return answers


def write(folder, backend, answers):
    header = {
        "kind": "evidence",
        "suite": SUITE_VERSION,
        "backend": backend,
        "created": "2026-01-02T03:04:05+00:00",
        "python": "3.11.0",
        "platform": "Linux x86_64",
        "versions": {"numpy": "2.0.0"},
        "device": "cpu",
        "threads": 1,
        "flags": {"tf32": "False"},
        "capabilities": {
            "operations": ["bridge", "diffract", "stitch"],
            "dtypes": ["float32"],
            "devices": ["cpu"],
            "deterministic": True,
            "bundle_formats": [],
        },
        "data": "minimal_dataset_v1.npz",
        "scenarios": SCENARIOS,
    }
    path = folder / f"{backend}.h5"
    with Writer(path, header) as writer:
        for case_id, answer in answers.items():
            writer.add(case_id, answer)
        writer.finish(inputs="the same")
    return path


def evidence(folder, alpha, beta):
    moved = deepcopy(truth())
    moved["AMP-001/wide"]["outputs"]["amplitude"] *= 1 + 2.0**-23
    files = {
        "reference-float32": single(truth()),
        "reference": truth(),
        "reference-perturbed-1": moved,
        "alpha": alpha,
        "beta": beta,
    }
    return [write(folder, backend, answers) for backend, answers in files.items()]


@pytest.fixture
def green(tmp_path):
    """A report in which everything passes, and the folder of its evidence."""
    beta = single(truth())
    beta["AMP-001/wide"]["outputs"]["amplitude"][1, 3, 2, 1] += 1e-6
    return judge(evidence(tmp_path, single(truth()), beta)), tmp_path


@pytest.fixture
def red(tmp_path):
    """A report with a failure, an error, a broken backend, an unsupported case and a known failure."""
    alpha, beta = single(truth()), single(truth())
    alpha["OBJ-001/whole"] = raised("stitch", "RuntimeError", HOSTILE)
    alpha["TXT-001/legacy"]["outputs"]["legacy"]["N"] = 32
    beta["AMP-001/wide"]["outputs"]["amplitude"][1, 3, 2, 1] += 1
    beta["TXT-001/legacy"] = raised("bridge", "Unsupported", "no bridge here", "unsupported", declared=False)
    known = KnownFailure("alpha", "TXT-001", "legacy", "legacy", "fixed upstream", date(9999, 1, 1))
    report = judge(evidence(tmp_path, alpha, beta), [Broken("gamma", REASON)], [known])
    return report, tmp_path
