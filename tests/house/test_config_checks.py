"""Each of the 80 numbered checks of configuration is a test, or a case of the suite.

A number counts where it stands in the name of a test (``test_check_09_...``) or in a text that becomes an id
(``check-09`` or ``check-9``); comments and docstrings do not count.  Other pages of the specification number
their checks alike, so only files are looked at whose first docstring names config.md, and not data.md.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKS = range(1, 81)
PLACES = ("tests/**/test_*.py", "conformance/scenarios/*.py")
IN_A_NAME = re.compile(r"^test_check_0*(\d+)(?:_|$)")
IN_AN_ID = re.compile(r"(?<![\w-])(?:[\w.]+-)*check-0*(\d+)(?![\w.])")


def documentation(tree: ast.Module) -> set[ast.expr]:
    """Texts that stand alone, docstrings above all: they become no id."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def numbers_in(source: str) -> Iterator[int]:
    """Numbers of the checks that ``source`` names in tests and ids."""
    tree = ast.parse(source)
    ignored = documentation(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (found := IN_A_NAME.match(node.name)):
            yield int(found.group(1))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in ignored:
            yield from map(int, IN_AN_ID.findall(node.value))


def is_about_configuration(source: str) -> bool:
    about = ast.get_docstring(ast.parse(source)) or ""
    return "config.md" in about and "data.md" not in about


def numbered() -> set[int]:
    """Numbers in all files about configuration but this one, whose examples are no checks."""
    paths = {path for place in PLACES for path in ROOT.glob(place)} - {Path(__file__)}
    sources = [source for path in paths if is_about_configuration(source := path.read_text())]
    return {number for source in sources for number in numbers_in(source)}


def test_every_check_of_configuration_has_a_test():
    missing = sorted(set(CHECKS) - numbered())
    assert not missing, (
        f"checks of configuration without a test or a case: {missing}; "
        "their files count when the first docstring names config.md"
    )


def test_no_number_is_beyond_the_list():
    assert numbered() <= set(CHECKS)


@pytest.mark.parametrize(
    ("source", "counts"),
    [
        ("'''Merging (spec config.md 6.3).'''", True),
        ("'''Grouping (spec data.md 3).'''", False),
        ("'''Both (spec config.md 2, data.md 3).'''", False),
        ("x = 'config.md'", False),
        ("", False),
    ],
)
def test_which_files_count(source, counts):
    assert is_about_configuration(source) is counts


@pytest.mark.parametrize(
    ("source", "numbers"),
    [
        ("def test_check_09_x(): pass", {9}),
        ("class TestX:\n    def test_check_10(self): pass", {10}),
        ("pytest.param(1, id='check-58-training')", {58}),
        ("ids = [f'check-39-{name}' for name in names]", {39}),
        ("case('training-check-1', 'none-check-4', 'x-empty-check-8')", {1, 4, 8}),
        ("# check-11\nx = 1", set()),
        ("'''check-12'''\ndef test_x():\n    '''Check 13: check-13'''", set()),
        ("def check_14(): pass\ndef helper_test_check_15(): pass", set()),
        ("id = 'check-data-16', 'uncheck-17', 'check-18.5', 'recheck-19'", set()),
        ("id = 'check-t20', 'check-S21'", set()),
    ],
)
def test_what_counts(source, numbers):
    assert set(numbers_in(source)) == numbers
