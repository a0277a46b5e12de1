"""What the recorder writes down, and what never reaches it."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ptychoparity.backends import reference
from ptychoparity.backends.contract import Unsupported
from ptychoparity.conformance.case import Case
from ptychoparity.conformance.recorder import answer, perturbed
from ptychoparity.conformance.storage import BrokenFile, Reader, array_digest

WAVES = np.ones((1, 1, 8, 8, 1), np.complex64)
CASE = {"operation": "diffract", "inputs": {"exit_waves": WAVES}, "exact": False}
SECRETS = ("expected", "golden", "judge", "expectations", "measures", "comparison")


@pytest.fixture
def diffracting(double):
    """Makes a backend of which only diffract is looked at."""

    def make(diffract, deterministic=True, operations=None):
        backend = double()
        capabilities = backend.capabilities()
        declared = capabilities.operations if operations is None else frozenset(operations)
        backend.capabilities = lambda: replace(capabilities, deterministic=deterministic, operations=declared)
        backend.diffract = diffract
        return backend

    return make


# the wall between questions and answers


def test_expected_answers_never_reach_the_worker(tmp_path, bench_of):
    bench = bench_of(Case("one", "diffract", {"exit_waves": WAVES}))
    script = (
        "import json, sys\n"
        "from ptychoparity.conformance import worker\n"
        "status = worker.main()\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    arguments = ["--backend", "reference", "--cases", str(bench.cases), "--out", str(tmp_path / "e.h5")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True
    )
    loaded = json.loads(done.stderr.splitlines()[-1])
    assert "ptychoparity.conformance.recorder" in loaded
    inner = {name.split(".")[2] for name in loaded if name.startswith("ptychoparity.conformance.")}
    assert inner.isdisjoint(SECRETS)
    assert inner.isdisjoint({"scenarios", "faults", "kill"})
    assert not {"tensorflow", "torch"} & set(loaded)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines == [
        {"case": "TST-001/one", "number": 1, "total": 1},
        {"done": str(tmp_path / "e.h5")},
    ]


def test_a_case_file_holds_questions_only(everyday):
    reader = Reader(everyday.cases)
    keys = {frozenset(reader.tree(case_id)) for case_id in reader.case_ids()}
    reader.close()
    assert keys == {frozenset({"operation", "inputs", "exact"})}


def test_what_a_framework_prints_stays_off_the_channel(tmp_path, bench_of):
    bench = bench_of(Case("one", "diffract", {"exit_waves": WAVES}))
    script = (
        "import os, sys\n"
        "from ptychoparity.backends import reference, registry\n"
        "from ptychoparity.conformance import worker\n"
        "class Chatty(reference.ReferenceBackend):\n"
        "    def diffract(self, waves):\n"
        "        print('hello from Python', flush=True)\n"
        "        os.write(1, b'hello from C\\n')\n"
        "        return super().diffract(waves)\n"
        "registry.load = lambda name: Chatty('chatty', float)\n"
        "sys.exit(worker.main())\n"
    )
    arguments = ["--backend", "reference", "--cases", str(bench.cases), "--out", str(tmp_path / "e.h5")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True
    )
    assert "hello" not in done.stdout
    assert "hello from Python" in done.stderr
    assert "hello from C" in done.stderr
    assert all(json.loads(line) for line in done.stdout.splitlines())


# answers


def test_performed(double):
    found = answer(double(), CASE)
    assert found["status"] == "performed"
    assert found["declared"] is True
    assert found["repeats"] is True
    assert found["seconds"] >= 0
    assert (found["operation"], found["exact"]) == ("diffract", False)
    assert found["outputs"]["amplitude"].shape == (1, 8, 8, 1)


def test_raised_is_an_answer(diffracting):
    def diffract(_):
        raise KeyError("no such plan")

    found = answer(diffracting(diffract), CASE)
    assert found["status"] == "raised"
    assert found["error"] == {"type": "KeyError", "message": "'no such plan'"}
    assert "no such plan" in found["traceback"]
    assert "outputs" not in found
    assert "repeats" not in found


def test_unsupported_is_an_answer_of_its_own(diffracting):
    def diffract(_):
        raise Unsupported("no FFT here")

    found = answer(diffracting(diffract, operations=()), CASE)
    assert found["status"] == "unsupported"
    assert found["declared"] is False
    assert found["error"] == {"type": "Unsupported", "message": "no FFT here"}


def test_undeclared_but_answered_is_written_down(diffracting):
    found = answer(diffracting(lambda waves: np.abs(waves[0]), operations={"stitch"}), CASE)
    assert (found["status"], found["declared"]) == ("performed", False)


def every_other_time(first, second):
    answers = iter([first, second])

    def diffract(_):
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given

    return diffract


UNEQUAL = {
    "last-bit": (
        np.array([1.0, 2.0], np.float32),
        np.nextafter(np.array([1.0, 2.0], np.float32), np.float32(9)),
    ),
    "sign-of-zero": (np.array([0.0], np.float32), np.array([-0.0], np.float32)),
    "dtype": (np.array([1.0], np.float32), np.array([1.0], np.float64)),
    "shape": (np.ones(4, np.float32), np.ones((2, 2), np.float32)),
    "array-then-None": (np.ones(4, np.float32), None),
    "None-then-array": (None, np.ones(4, np.float32)),
    "number-then-array": (1.0, np.ones(4, np.float32)),
    "list": ([np.ones(2), np.ones(2)], [np.ones(2), np.zeros(2)]),
    "dictionary-keys": ({"a": 1}, {"b": 1}),
    "answer-then-error": (np.ones(4, np.float32), RuntimeError("only once")),
}


@pytest.mark.parametrize("name", UNEQUAL)
def test_an_answer_that_does_not_repeat_is_noticed(diffracting, name):
    assert answer(diffracting(every_other_time(*UNEQUAL[name])), CASE)["repeats"] is False


EQUAL = {
    "nan": (np.array([np.nan], np.float32), np.array([np.nan], np.float32)),
    "list": ([np.ones(2), "a"], [np.ones(2), "a"]),
    "nested": ({"a": {"b": np.ones(3)}, "c": None}, {"a": {"b": np.ones(3)}, "c": None}),
    "nan-number": (float("nan"), float("nan")),
}


@pytest.mark.parametrize("name", EQUAL)
def test_an_answer_that_repeats_is_not_blamed(diffracting, name):
    assert answer(diffracting(every_other_time(*EQUAL[name])), CASE)["repeats"] is True


def test_who_does_not_declare_to_be_deterministic_is_asked_once(diffracting):
    calls = []

    def diffract(waves):
        calls.append(1)
        return np.abs(waves[0])

    assert "repeats" not in answer(diffracting(diffract, deterministic=False), CASE)
    assert len(calls) == 1


def test_the_evidence_says_what_computed_it(everyday):
    reader = Reader(everyday.record(reference.float32(), "again"))
    cases = Reader(everyday.cases)
    assert reader.header["kind"] == "evidence"
    assert reader.header["backend"] == "reference-float32"
    assert reader.header["device"] == "cpu"
    assert reader.header["threads"] == 1
    assert reader.header["flags"] == {"precision": "float32"}
    assert reader.header["versions"]["numpy"] == np.__version__
    assert reader.header["scenarios"] == cases.header["scenarios"]
    assert reader.footer["inputs"] == cases.footer["digest"]
    assert reader.footer["cases"] == len(cases.case_ids())
    assert reader.case_ids() == cases.case_ids()
    reader.close()
    cases.close()


def test_progress_names_every_case_before_it_is_asked(everyday, tmp_path, double):
    from ptychoparity.conformance.recorder import record

    cases, told = Reader(everyday.cases), []
    record(double(), cases, tmp_path / "e.h5", lambda *said: told.append(said))
    ids = cases.case_ids()
    cases.close()
    assert told == [(case_id, number, len(ids)) for number, case_id in enumerate(ids, 1)]


class Exits(BaseException):
    """What no recorder may swallow."""


def test_what_is_no_exception_ends_the_recording_without_a_file(bench_of, diffracting):
    bench = bench_of(Case("one", "diffract", {"exit_waves": WAVES}))

    def diffract(_):
        raise Exits

    with pytest.raises(Exits):
        bench.record(diffracting(diffract), "gone")
    assert [path.name for path in bench.folder.iterdir()] == ["cases.h5"]


def test_an_altered_question_ends_the_recording(bench_of, double):
    import h5py

    bench = bench_of(Case("one", "diffract", {"exit_waves": WAVES}))
    with h5py.File(bench.cases, "r+") as file:
        file[f"arrays/{array_digest(WAVES)}"][0, 0, 0, 0, 0] = 2
    with pytest.raises(BrokenFile):
        bench.record(double())
    assert [path.name for path in bench.folder.iterdir()] == ["cases.h5"]


# perturbation

VALUES = np.array([1.0, -1.0, 3.7e-12, -2.5e20, 1.25, 0.1, -0.3, 7.0] * 50, np.float32)


def test_every_float32_moves_by_exactly_one_unit():
    moved = perturbed({"x": VALUES}, 1)["x"]
    assert moved.dtype == np.float32
    up, down = np.nextafter(VALUES, np.float32(np.inf)), np.nextafter(VALUES, np.float32(-np.inf))
    assert bool(((moved == up) | (moved == down)).all())
    assert 0.3 < float((moved == up).mean()) < 0.7


def test_both_parts_of_complex64_move_by_exactly_one_unit():
    waves = (VALUES + 1j * VALUES[::-1]).astype(np.complex64).reshape(20, 20)
    moved = perturbed([waves], 1)[0]
    assert (moved.dtype, moved.shape) == (np.complex64, (20, 20))
    for part, before in ((moved.real, waves.real), (moved.imag, waves.imag)):
        steps = part.view(np.int32) if part.flags.c_contiguous else np.ascontiguousarray(part).view(np.int32)
        was = np.ascontiguousarray(before).view(np.int32)
        assert set(np.unique(np.abs(steps - was))) == {1}


def test_zeros_stay():
    values = np.float32([0.0, -0.0, 1.0, 0.0])
    moved = perturbed(values, 3)
    assert moved[[0, 1, 3]].tobytes() == values[[0, 1, 3]].tobytes()
    assert moved[2] != values[2]
    spike = np.zeros((4, 4), np.complex64)
    spike[1, 2] = 1
    moved = perturbed(spike, 3)
    assert np.count_nonzero(moved) == 1
    assert moved[1, 2].real != 1
    assert moved[1, 2].imag == 0


@pytest.mark.parametrize(
    "value",
    [
        np.arange(5.0),
        np.arange(5) + 1j,
        np.arange(5),
        np.array([True, False]),
        np.arange(5, dtype=np.uint16),
        0.1,
        3,
        "text",
        None,
        True,
    ],
    ids=lambda value: str(getattr(value, "dtype", type(value).__name__)),
)
def test_everything_else_stays_as_it_is(value):
    assert perturbed({"inputs": [value]}, 1)["inputs"][0] is value


def test_the_same_seed_moves_alike_and_another_does_not():
    first, again, other = (perturbed(VALUES, seed) for seed in (1, 1, 2))
    assert array_digest(first) == array_digest(again)
    assert array_digest(first) != array_digest(other)


def test_inputs_are_not_touched():
    inputs = {"x": VALUES.copy(), "deep": [{"y": WAVES.copy()}]}
    before = array_digest(inputs["x"]), array_digest(inputs["deep"][0]["y"])
    perturbed(inputs, 1)
    assert (array_digest(inputs["x"]), array_digest(inputs["deep"][0]["y"])) == before


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3, 4)])
def test_shapes_stay(shape):
    assert perturbed(np.full(shape, 2, np.float32), 1).shape == shape
    assert perturbed(np.full(shape, 2j, np.complex64).T, 1).shape == shape[::-1]


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not move
    perturbed(VALUES, 1)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_perturbed_evidence_has_a_name_of_its_own(bench_of):
    bench = bench_of(Case("one", "diffract", {"exit_waves": WAVES}))
    reader = Reader(bench.record(reference.float64(), "p", perturb=7))
    assert reader.header["backend"] == "reference-perturbed-7"
    assert "repeats" not in reader.tree("TST-001/one")
    reader.close()
