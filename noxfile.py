"""Every task of the project: ``python3 noxfile.py -s verify`` needs Python 3.11 and a package registry.

Run as a script without nox at hand, this file installs a pinned nox under ``.nox/bootstrap`` and starts again
there. The sessions share the environments of the table below, which are built once, and again only when the
pins or ``pyproject.toml`` change. TensorFlow and PyTorch are never in one environment.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent
HOMES = ROOT / ".nox"
CONSTRAINTS = ROOT / "constraints.txt"
PYPROJECT = ROOT / "pyproject.toml"
BACKEND_TESTS = ROOT / "tests" / "backends"
NO_TESTS = 5  # pytest's exit status when nothing was collected
ROOMS = ("reference", "fixtures", "backends", "conformance", "reports", "cli")

FRAMEWORKS = {"tensorflow": "tensorflow-cpu==2.21.0", "torch": "torch==2.13.0"}

# What pip installs in each environment; constraints.txt pins everything but the frameworks.
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "bootstrap": ("nox",),
    "core": ("-e", ".[dev]"),
    "lint": ("-e", ".[dev]", "build"),
    **{name: ("-e", ".", pin, "pytest", "hypothesis") for name, pin in FRAMEWORKS.items()},
}

Command = list[str | Path]


def say(text: str) -> None:
    """Report progress on stderr: stdout belongs to the tasks (``--list --json`` is read by machines)."""
    print(f"noxfile: {text}", file=sys.stderr, flush=True)


def python_of(name: str) -> Path:
    return HOMES / name / "bin" / "python"


def fingerprint(name: str) -> str:
    """Digest of all that decides what an environment holds."""
    digest = hashlib.sha256(repr((sys.version, str(ROOT), ENVIRONMENTS[name])).encode())
    digest.update(CONSTRAINTS.read_bytes())
    if "-e" in ENVIRONMENTS[name]:
        digest.update(PYPROJECT.read_bytes())
    return digest.hexdigest()


def stamp_of(name: str) -> Path:
    return HOMES / name / "complete.sha256"


def is_current(name: str) -> bool:
    """Whether an installation of ``name`` ran to its end with today's pins: the stamp is written last."""
    stamp = stamp_of(name)
    return python_of(name).exists() and stamp.is_file() and stamp.read_text() == fingerprint(name)


@contextmanager
def sole_builder(name: str) -> Iterator[None]:
    """Let one process at a time build ``name``; another one waits and then finds it complete."""
    HOMES.mkdir(exist_ok=True)
    with (HOMES / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_quietly(command: Command, log: Path, what: str) -> None:
    """Run ``command`` with its output in ``log``; show the log and exit if the command fails."""
    start = time.monotonic()
    with log.open("wb") as sink:
        process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=subprocess.STDOUT)
        try:
            while (status := wait(process, 15)) is None:
                say(f"{what}: {time.monotonic() - start:.0f} s so far")
        finally:
            process.kill()
    if status:
        say(f"{what}: output of the failed command:")
        print(log.read_text(errors="replace"), file=sys.stderr)
        sys.exit(f"noxfile: {what}: failed with status {status}; run the same task again to retry")


def wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def environment(name: str) -> Path:
    """Return the interpreter of environment ``name``, built first unless it is complete and up to date."""
    with sole_builder(name):
        if is_current(name):
            return python_of(name)
        home, log = HOMES / name, HOMES / f"{name}.log"
        wanted = " ".join(ENVIRONMENTS[name])
        say(f"environment {name}: creating {home}, then pip install {wanted}")
        start = time.monotonic()
        stamp_of(name).unlink(missing_ok=True)
        if home.exists():
            shutil.rmtree(home)
        run_quietly([sys.executable, "-m", "venv", home], log, f"environment {name}: venv")
        pip: Command = [python_of(name), "-m", "pip", "install", "--progress-bar=off", "-c", CONSTRAINTS]
        run_quietly([*pip, *ENVIRONMENTS[name]], log, f"environment {name}: pip install")
        partial = stamp_of(name).with_suffix(".partial")
        partial.write_text(fingerprint(name))
        partial.replace(stamp_of(name))
        say(f"environment {name}: ready after {time.monotonic() - start:.0f} s")
        return python_of(name)


def start_again_with_nox() -> None:
    """Replace this process by the same command under the bootstrap environment's interpreter."""
    python = environment("bootstrap")
    os.execv(python, [str(python), str(ROOT / "noxfile.py"), *sys.argv[1:]])


if __name__ == "__main__":
    os.chdir(ROOT)
    # In the bootstrap environment itself a missing nox must show as an error, not as an endless restart.
    if importlib.util.find_spec("nox") is None and Path(sys.prefix) != HOMES / "bootstrap":
        start_again_with_nox()

import nox  # noqa: E402 - only importable from here on


def call(session: nox.Session, *command: str | Path, silent: bool = False) -> None:
    """Run ``command`` and end the session if it fails; ``silent`` shows its output only then."""
    session.run(*(str(part) for part in command), external=True, silent=silent)


@nox.session(python=False)
def verify(session: nox.Session) -> None:
    """Compare the backends, write parity-report/; arguments after -- go to `ptychoparity verify`."""
    core = environment("core")
    recorders = [part for name in FRAMEWORKS for part in ("--python", f"{name}={environment(name)}")]
    # Named, a backend that cannot run fails the session; left to be found, it would only be left out.
    named = any(given.startswith("--backend") for given in session.posargs)
    wanted = [] if named else [part for name in FRAMEWORKS for part in ("--backend", name)]
    call(session, core, "-m", "ptychoparity.cli", "verify", *recorders, *wanted, *session.posargs)


@nox.session(python=False)
def faults(session: nox.Session) -> None:
    """Run the suite over its seeded faults; arguments after -- go to `ptychoparity faults`."""
    call(session, environment("core"), "-m", "ptychoparity.cli", "faults", *session.posargs)


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure speed, as ratios within one run, against its bars; arguments after -- go to pytest."""
    call(session, environment("core"), "-m", "pytest", "benchmarks", *session.posargs)


@dataclass
class Tally:
    """Counts of test cases, summed over several pytest runs."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, junit: Path, status: int) -> None:
        """Count the cases of one run; a run that fails without a failed case counts as one failure."""
        failed_before = self.failed
        for case in ElementTree.parse(junit).iter("testcase") if junit.is_file() else ():
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"}:
                self.failed += 1
            elif "skipped" in kinds:
                self.skipped += 1
            else:
                self.passed += 1
        if status and self.failed == failed_before:
            self.failed += 1

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass(frozen=True)
class Selection:
    """What the arguments after -- ask of pytest: options, tests for core, tests for the frameworks."""

    options: list[str]
    core: list[str]
    frameworks: list[str]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Selection:
        """Sort paths under tests/ by environment; the rest are options. No path at all means every test."""
        paths = {
            argument: path
            for argument in arguments
            if (path := (ROOT / argument.partition("::")[0]).resolve()).is_relative_to(ROOT / "tests")
            and path.exists()
        } or {"tests": ROOT / "tests"}
        core = [argument for argument, path in paths.items() if not path.is_relative_to(BACKEND_TESTS)]
        frameworks = [argument for argument, path in paths.items() if path.is_relative_to(BACKEND_TESTS)]
        if any(BACKEND_TESTS.is_relative_to(path) for path in paths.values()):
            frameworks = [str(BACKEND_TESTS)]
        return cls([argument for argument in arguments if argument not in paths], core, frameworks)


def run_pytest(name: str, arguments: Sequence[str], junit: Path) -> int:
    """Run pytest in environment ``name``, return its status; two variables name the frameworks."""
    variables = {"PTYCHOPARITY_PYTHON": " ".join(f"{other}={environment(other)}" for other in FRAMEWORKS)}
    if name in FRAMEWORKS:
        variables["PTYCHOPARITY_TEST_BACKEND"] = name
    command: Command = [environment(name), "-m", "pytest", f"--junitxml={junit}", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | variables).returncode


@nox.session(python=False)
def tests(session: nox.Session) -> None:
    """Run pytest in core, then tests/backends under each framework; arguments after -- go to pytest."""
    selection = Selection.of(session.posargs)
    targets = {"core": selection.core, **dict.fromkeys(FRAMEWORKS, selection.frameworks)}
    for name in targets:
        environment(name)
    tally, statuses = Tally(), {}
    with tempfile.TemporaryDirectory() as folder:
        for name in (name for name, paths in targets.items() if paths):
            session.log(f"pytest in environment {name}")
            ignored = [f"--ignore={BACKEND_TESTS}"] if name == "core" else []
            arguments = [*selection.options, *ignored, *targets[name]]
            statuses[name] = run_pytest(name, arguments, Path(folder) / f"{name}.xml")
        # A filter such as -k may leave an environment without a test, but not all of them.
        if selection.options and set(statuses.values()) != {NO_TESTS}:
            statuses = {name: status * (status != NO_TESTS) for name, status in statuses.items()}
        for name, status in statuses.items():
            tally.add(Path(folder) / f"{name}.xml", status)
    # nox has its own last words on stderr; the counts come after them.
    atexit.register(print, tally, flush=True)
    if broken := [f"{name} (pytest status {status})" for name, status in statuses.items() if status]:
        session.error(f"tests failed in: {', '.join(broken)}")


def build_distributions(session: nox.Session, folder: Path) -> Path:
    """Build sdist and, from it, the wheel into ``folder``; return the wheel."""
    call(session, environment("lint"), "-m", "build", "--outdir", folder, ROOT, silent=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Check style, types (against the installed wheel) and the direction of imports."""
    python = environment("lint")
    tools = python.parent
    call(session, tools / "ruff", "check", ".")
    call(session, tools / "ruff", "format", "--check", ".")
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_distributions(session, Path(folder))
        call(session, python, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel)
    rooms = [argument for room in ROOMS for argument in ("-p", f"ptychoparity.{room}")]
    call(session, tools / "mypy", "--strict", *rooms)
    call(session, tools / "mypy", "--strict", "noxfile.py")
    call(session, tools / "lint-imports")


@nox.session(python=False)
def build(session: nox.Session) -> None:
    """Build wheel and sdist into dist/, check what the wheel installs, and try it in a fresh environment."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    wheel = build_distributions(session, dist)
    installed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    expected = {f"ptychoparity/{path.relative_to(ROOT).as_posix()}" for path in sources}
    if stray := sorted(name for name in installed if not name.startswith("ptychoparity/")):
        session.error(f"{wheel.name} installs outside ptychoparity/: {stray}; correct [tool.setuptools]")
    if missing := sorted(expected - installed):
        session.error(f"{wheel.name} lacks {missing}; add the package to [tool.setuptools] packages")
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
        call(session, sys.executable, "-m", "venv", "fresh")
        call(session, "fresh/bin/python", "-m", "pip", "install", "--quiet", "-c", CONSTRAINTS, wheel)
        call(session, "fresh/bin/ptychoparity", "--help")


if __name__ == "__main__":
    nox.main()
