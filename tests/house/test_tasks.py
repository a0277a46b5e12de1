"""The tasks: environments no interruption can fake, arguments that reach pytest, counts that add up."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def noxfile():
    """Import noxfile.py as nox does; once, because nox registers its sessions on import."""
    spec = importlib.util.spec_from_file_location("noxfile_under_test", ROOT / "noxfile.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def tasks(noxfile, tmp_path, monkeypatch):
    """Yield the tasks with their environments under ``tmp_path``."""
    monkeypatch.setattr(noxfile, "HOMES", tmp_path)
    return noxfile


def install(tasks, name):
    """Leave behind what a complete installation of ``name`` leaves behind."""
    python = tasks.python_of(name)
    python.parent.mkdir(parents=True)
    python.touch()
    tasks.stamp_of(name).write_text(tasks.fingerprint(name))


def test_nox_lists_the_sessions_as_json():
    listing = subprocess.run(
        [sys.executable, ROOT / "noxfile.py", "--list", "--json"], capture_output=True, text=True, check=True
    )
    sessions = {row["session"] for row in json.loads(listing.stdout)}
    assert sessions == {"lint", "tests", "verify", "faults", "build", "bench"}


def test_the_frameworks_are_never_installed_together(tasks):
    for name, wanted in tasks.ENVIRONMENTS.items():
        found = {other for other in tasks.FRAMEWORKS if any(item.startswith(other) for item in wanted)}
        assert found == ({name} & tasks.FRAMEWORKS.keys())


def test_pins_are_exact(tasks):
    pins = [line for line in tasks.CONSTRAINTS.read_text().splitlines() if not line.startswith("#")]
    pins += tasks.FRAMEWORKS.values()
    assert [pin for pin in pins if not re.fullmatch(r"[\w-]+==[\w.]+", pin)] == []


def test_every_development_tool_is_pinned(tasks):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tools = {re.match(r"[\w-]+", item).group() for item in project["optional-dependencies"]["dev"]}
    pinned = {line.partition("==")[0] for line in tasks.CONSTRAINTS.read_text().splitlines()}
    assert tools <= pinned


def test_a_complete_environment_is_reused(tasks):
    install(tasks, "core")
    assert tasks.is_current("core")


@pytest.mark.parametrize("change", ["stamp missing", "python missing", "pins", "constraints", "pyproject"])
def test_an_environment_is_rebuilt_after_a_change(tasks, monkeypatch, tmp_path, change):
    install(tasks, "core")
    if change == "stamp missing":
        tasks.stamp_of("core").unlink()
    elif change == "python missing":
        tasks.python_of("core").unlink()
    elif change == "pins":
        monkeypatch.setitem(tasks.ENVIRONMENTS, "core", ("-e", ".[dev]", "more"))
    elif change == "constraints":
        monkeypatch.setattr(tasks, "CONSTRAINTS", tmp_path / "constraints.txt")
        tasks.CONSTRAINTS.write_text("numpy==2.0.0\n")
    else:
        monkeypatch.setattr(tasks, "PYPROJECT", tmp_path / "pyproject.toml")
        tasks.PYPROJECT.write_text("[project]\n")
    assert not tasks.is_current("core")


def test_a_failed_installation_leaves_no_stamp(tasks, monkeypatch, capsys):
    monkeypatch.setitem(tasks.ENVIRONMENTS, "core", ("./no-such-folder",))
    with pytest.raises(SystemExit, match="environment core: pip install: failed with status 1"):
        tasks.environment("core")
    assert "no-such-folder" in capsys.readouterr().err
    assert tasks.python_of("core").exists()
    assert not tasks.is_current("core")


REPORT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure/></testcase><testcase name="c"><error/></testcase>
<testcase name="d"><skipped/></testcase><testcase name="e"/><testcase name="f"/>
</testsuite></testsuites>"""


def test_counts_come_from_the_cases(tasks, tmp_path):
    (tmp_path / "run.xml").write_text(REPORT)
    tally = tasks.Tally()
    tally.add(tmp_path / "run.xml", 1)
    assert str(tally) == "3 passed, 2 failed, 1 skipped"


@pytest.mark.parametrize("status", [-11, 2, 4, 5])
def test_a_run_without_report_counts_as_a_failure(tasks, tmp_path, status):
    tally = tasks.Tally(passed=7)
    tally.add(tmp_path / "never-written.xml", status)
    assert str(tally) == "7 passed, 1 failed, 0 skipped"


@pytest.mark.parametrize(
    ("arguments", "options", "core", "frameworks"),
    [
        ([], [], ["tests"], True),
        (["-k", "backends", "-x"], ["-k", "backends", "-x"], ["tests"], True),
        (["tests/house", "-q"], ["-q"], ["tests/house"], False),
        (["tests/backends"], [], [], True),
        (["tests"], [], ["tests"], True),
        (["tests/house/test_tasks.py::test_x"], [], ["tests/house/test_tasks.py::test_x"], False),
    ],
)
def test_arguments_are_sorted_by_environment(tasks, arguments, options, core, frameworks):
    selection = tasks.Selection.of(arguments)
    assert (selection.options, selection.core, bool(selection.frameworks)) == (options, core, frameworks)
