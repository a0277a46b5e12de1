"""Recorders in processes of their own: whatever kills one becomes a reason, never silence."""

import sys
from pathlib import Path

import pytest

from ptychoparity.conformance import processes
from ptychoparity.conformance.case import Case
from ptychoparity.conformance.processes import Recording, record_all
from ptychoparity.conformance.storage import Reader

HERE = Path(sys.executable)


@pytest.fixture
def cases(bench_of):
    return bench_of(*(Case(f"mask-{n}", "probe_mask", {"side": 8 + 2 * n}) for n in range(5))).cases


@pytest.fixture
def interpreter(tmp_path):
    """Makes an interpreter that runs a script instead of the module that it was told to run."""

    def make(script: str, name: str = "python") -> Path:
        body = tmp_path / f"{name}.py"
        body.write_text(script, "utf-8")
        wrapper = tmp_path / name
        wrapper.write_text(f'#!/bin/sh\nshift 2\nexec "{sys.executable}" "{body}" "$@"\n', "utf-8")
        wrapper.chmod(0o755)
        return wrapper

    return make


@pytest.fixture
def run(cases, tmp_path):
    """Records one backend with an interpreter; also what was told of the progress."""

    def record(python: Path, timeout: float = 60.0, backend: str = "reference"):
        told = []
        recording = Recording(backend, backend, python)
        (result,) = record_all(
            [recording], cases, tmp_path / "evidence", lambda *said: told.append(said), timeout
        )
        assert result.recording is recording
        return result, told

    return record


def leftovers(tmp_path):
    return [path.name for path in (tmp_path / "evidence").iterdir()]


AT_THE_THIRD = """
import os, signal, sys, time
from ptychoparity.conformance import recorder, worker
right, calls = recorder.answer, []
def answer(*given):
    calls.append(1)
    if len(calls) == 3:
        {deed}
    return right(*given)
recorder.answer = answer
sys.exit(worker.main())
"""


def test_a_recording(run, tmp_path):
    result, told = run(HERE)
    assert (result.broken, result.unusable) == (None, None)
    assert result.evidence == tmp_path / "evidence" / "reference.h5"
    reader = Reader(result.evidence)
    assert len(reader.case_ids()) == 5
    assert told == [("reference", case_id, number, 5) for number, case_id in enumerate(reader.case_ids(), 1)]
    reader.close()
    assert leftovers(tmp_path) == ["reference.h5"]


def test_the_references(cases, tmp_path):
    recordings = processes.references(HERE)
    assert [(item.name, item.backend, item.perturb) for item in recordings] == [
        ("reference", "reference", None),
        ("reference-float32", "reference-float32", None),
        ("reference-perturbed-1", "reference", 1),
        ("reference-perturbed-2", "reference", 2),
    ]
    (result,) = record_all(recordings[2:3], cases, tmp_path / "evidence", lambda *_: None, 60.0)
    reader = Reader(result.evidence)
    assert reader.header["backend"] == "reference-perturbed-1"
    reader.close()


def gone(result, tmp_path, *words):
    assert result.evidence is None
    assert result.unusable is None
    assert result.broken.backend == result.recording.name
    for word in words:
        assert word in result.broken.reason
    assert "\n" not in result.broken.reason
    assert leftovers(tmp_path) == []


def test_killed_in_the_middle(run, interpreter, tmp_path):
    killing = AT_THE_THIRD.format(deed="os.kill(os.getpid(), signal.SIGKILL)")
    result, told = run(interpreter(killing))
    gone(result, tmp_path, "SIGKILL", "case 3 of 5", "TST-001/mask-2")
    assert [number for _, _, number, _ in told] == [1, 2, 3]


def test_crashed_in_the_middle(run, interpreter, tmp_path):
    result, _ = run(interpreter(AT_THE_THIRD.format(deed="os.kill(os.getpid(), signal.SIGSEGV)")))
    gone(result, tmp_path, "SIGSEGV", "case 3 of 5")


@pytest.mark.parametrize("deed", ["os._exit(0)", "sys.exit(0)", "os._exit(3)"])
def test_leaving_early_is_no_success_whatever_the_status(run, interpreter, tmp_path, deed):
    result, _ = run(interpreter(AT_THE_THIRD.format(deed=deed)))
    gone(result, tmp_path, f"ended with status {deed[-2]}", "case 3 of 5", "TST-001/mask-2")


def test_an_error_of_the_recorder_is_told(run, interpreter, tmp_path):
    result, _ = run(interpreter(AT_THE_THIRD.format(deed="raise MemoryError('no room')")))
    gone(result, tmp_path, "status 1", "case 3 of 5", "MemoryError: no room")


def test_silent_from_the_start(run, interpreter, tmp_path):
    result, told = run(interpreter("import time\ntime.sleep(600)\n"), timeout=1.0)
    gone(result, tmp_path, "silent for 1 s while starting", "--timeout")
    assert told == []


def test_silent_in_the_middle(run, interpreter, tmp_path):
    """A line is a sign of life; silence after it is not."""
    script = (
        "import time\n"
        """print('{"case": "TST-001/mask-2", "number": 3, "total": 5}', flush=True)\n"""
        "time.sleep(600)\n"
    )
    result, _ = run(interpreter(script), timeout=3.0)
    gone(result, tmp_path, "silent for 3 s at case 3 of 5 (TST-001/mask-2)")


def test_an_interpreter_that_does_not_exist(run, tmp_path):
    result, _ = run(tmp_path / "absent" / "python")
    gone(result, tmp_path, str(tmp_path / "absent" / "python"), "No such file")


def test_an_interpreter_that_is_none(run, tmp_path):
    impostor = tmp_path / "python"
    impostor.write_text("not a program", "utf-8")
    result, _ = run(impostor)
    gone(result, tmp_path, str(impostor), "ermission denied")


def test_an_interpreter_without_the_package(run, interpreter, tmp_path):
    result, _ = run(interpreter("import no_such_module_at_all\n"))
    gone(result, tmp_path, "while starting", "no_such_module_at_all")


def test_an_interpreter_that_greets(run, interpreter):
    """Activation scripts print what they like before the worker has its line to itself."""
    greeting = "print('environment ready', flush=True)\nprint(5, flush=True)\n"
    result, told = run(interpreter(greeting + AT_THE_THIRD.format(deed="pass")))
    assert result.broken is None
    assert len(told) == 5


def test_an_unusable_backend_is_not_broken(run, tmp_path):
    """The framework is not in the environment that runs these tests."""
    result, _ = run(HERE, backend="torch")
    assert result.evidence is None
    assert result.broken is None
    assert "'torch' cannot be imported" in result.unusable
    assert "pip install ptychoparity[torch]" in result.unusable
    assert "--python torch=" in result.unusable
    assert leftovers(tmp_path) == []


def test_an_unknown_backend_is_unusable_by_name(run):
    result, _ = run(HERE, backend="trch")
    assert "unknown backend 'trch'" in result.unusable
    assert "did you mean 'torch'?" in result.unusable


BAD_FACTORY = """
import sys
from ptychoparity.backends import registry
from ptychoparity.conformance import worker
class Point:
    def load(self):
        return factory
def factory():
    {deed}
registry.registered = lambda: {{"reference": Point()}}
sys.exit(worker.main())
"""


@pytest.mark.parametrize("deed", ["return {}['device']", "raise RuntimeError('driver too old')"])
def test_a_backend_with_a_bug_in_its_start_is_broken_not_left_out(run, interpreter, tmp_path, deed):
    result, _ = run(interpreter(BAD_FACTORY.format(deed=deed)))
    gone(result, tmp_path, "while starting", "Error")


def test_an_earlier_evidence_file_does_not_stand_in_for_a_death(run, interpreter, tmp_path):
    assert run(HERE)[0].evidence.is_file()
    killing = AT_THE_THIRD.format(deed="os.kill(os.getpid(), signal.SIGKILL)")
    gone(run(interpreter(killing))[0], tmp_path, "SIGKILL")


def test_one_death_does_not_take_the_others_along(cases, interpreter, tmp_path):
    killer = interpreter(AT_THE_THIRD.format(deed="os.kill(os.getpid(), signal.SIGKILL)"))
    recordings = [
        Recording("reference", "reference", HERE),
        Recording("victim", "reference", killer),
        Recording("reference-float32", "reference-float32", HERE),
    ]
    results = record_all(recordings, cases, tmp_path / "evidence", lambda *_: None, 60.0)
    assert [result.recording.name for result in results] == [item.name for item in recordings]
    assert [result.broken is None for result in results] == [True, False, True]
    assert sorted(leftovers(tmp_path)) == ["reference-float32.h5", "reference.h5"]


def test_a_wrapper_that_does_not_exec_dies_with_its_child(run, tmp_path):
    wrapper = tmp_path / "python"
    wrapper.write_text("#!/bin/sh\nsleep 600\n", "utf-8")
    wrapper.chmod(0o755)
    result, _ = run(wrapper, timeout=1.0)
    assert "silent for 1 s" in result.broken.reason
