"""What importing a room loads, and which libraries each room names."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("reference", "fixtures", "backends", "conformance", "reports", "cli")
FRAMEWORKS = {"tensorflow", "keras", "torch", "lightning"}
REFERENCE_MAY_IMPORT = {"numpy", "scipy", "h5py"}
READS_YAML = ROOT / "reference" / "config" / "yaml_file.py"

# Finding out whether a framework is installed is allowed (its spec is there); executing it is refused, and
# noted, so that a caller who swallows the exception is caught as well.
GUARD = f"""
import atexit, importlib.abc, importlib.machinery, os, sys

frameworks, refused = {sorted(FRAMEWORKS)!r}, []

class Refusing(importlib.abc.Loader, importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in frameworks:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        refused.append(spec.name)
        raise RuntimeError(f"{{spec.name}} was imported")

    def exec_module(self, module):
        raise RuntimeError(f"{{module.__name__}} was executed")

@atexit.register
def judge():
    loaded = sorted(set(frameworks).intersection(name.partition(".")[0] for name in sys.modules))
    if refused or loaded:
        print(f"imported {{refused}}, loaded {{loaded}}", file=sys.stderr, flush=True)
        os._exit(97)

sys.meta_path.insert(0, Refusing())
"""


def run_guarded(code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a new interpreter in which importing a framework fails and ends in status 97."""
    return subprocess.run([sys.executable, "-c", GUARD + code], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_loads_no_framework(room):
    result = run_guarded(f"import ptychoparity.{room}")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["verify", "--help"], ["faults", "--help"]])
def test_command_line_help_loads_no_framework(arguments):
    start = "import runpy; runpy.run_module('ptychoparity.cli', run_name='__main__')"
    result = run_guarded(f"sys.argv[1:] = {arguments!r}; {start}")
    assert result.returncode == 0, result.stderr
    assert "Usage:" in result.stdout


@pytest.mark.parametrize(
    "code",
    ["import torch", "import tensorflow.keras", "try:\n    import keras\nexcept Exception:\n    pass"],
)
def test_the_guard_notices_a_framework(code):
    assert run_guarded(code).returncode == 97


def imported_roots(path: Path) -> set[str]:
    """Top-level names of what a file imports, at module level or inside functions."""
    roots = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            roots.add((node.module or "").partition(".")[0])
    return roots


@pytest.mark.parametrize(
    "path", sorted((ROOT / "reference").rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_the_reference_imports_numpy_scipy_and_h5py_only(path):
    third_party = imported_roots(path) - set(sys.stdlib_module_names) - {"ptychoparity"}
    assert third_party <= REFERENCE_MAY_IMPORT | ({"yaml"} if path == READS_YAML else set())
