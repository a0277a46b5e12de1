"""Each numbered check of the specification's pages on configuration and data is a test, or a case.

A number counts where it stands in the name of a test (``test_check_09_...``, ``test_check_data_09_...``)
or in a text that becomes an id (``check-09``, ``check-data-9``); comments and docstrings do not count.
The pages number their checks alike, so a file counts for the page that its first docstring names.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Page to the number of its checks, and the pages beside which its name does not count.
PAGES = {"config.md": (80, {"data.md"}), "data.md": (76, set())}
PLACES = ("tests/**/test_*.py", "conformance/scenarios/*.py")
IN_A_NAME = re.compile(r"^test_check_(?:data_)?0*(\d+)(?:_|$)")
IN_AN_ID = re.compile(r"(?<![\w-])(?:[\w.]+-)*check-(?:data-)?0*(\d+)(?![\w.])")


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


def is_about(page: str, source: str) -> bool:
    about = ast.get_docstring(ast.parse(source)) or ""
    return page in about and not any(other in about for other in PAGES[page][1])


def numbered(page: str) -> set[int]:
    """Numbers in all files about ``page`` but this one, whose examples are no checks."""
    paths = {path for place in PLACES for path in ROOT.glob(place)} - {Path(__file__)}
    sources = [source for path in paths if is_about(page, source := path.read_text())]
    return {number for source in sources for number in numbers_in(source)}


@pytest.mark.parametrize("page", PAGES)
def test_every_check_has_a_test(page):
    missing = sorted({*range(1, PAGES[page][0] + 1)} - numbered(page))
    assert not missing, (
        f"checks of {page} without a test or a case: {missing}; "
        f"their files count when the first docstring names {page}"
    )


def test_no_number_of_configuration_is_beyond_the_list():
    assert numbered("config.md") <= {*range(1, PAGES["config.md"][0] + 1)}


@pytest.mark.parametrize(
    ("source", "pages"),
    [
        ("'''Merging (spec config.md 6.3).'''", {"config.md"}),
        ("'''Grouping (spec data.md 3).'''", {"data.md"}),
        ("'''Both (spec config.md 2, data.md 3).'''", {"data.md"}),
        ("x = 'config.md'", set()),
        ("", set()),
    ],
)
def test_which_files_count(source, pages):
    assert {page for page in PAGES if is_about(page, source)} == pages


@pytest.mark.parametrize(
    ("source", "numbers"),
    [
        ("def test_check_09_x(): pass", {9}),
        ("def test_check_data_09_x(): pass", {9}),
        ("class TestX:\n    def test_check_10(self): pass", {10}),
        ("pytest.param(1, id='check-58-training')", {58}),
        ("ids = [f'check-39-{name}' for name in names]", {39}),
        ("case('training-check-1', 'none-check-4', 'x-check-data-8')", {1, 4, 8}),
        ("# check-11\nx = 1", set()),
        ("'''check-12'''\ndef test_x():\n    '''Check 13: check-13'''", set()),
        ("def check_14(): pass\ndef helper_test_check_15(): pass", set()),
        ("id = 'check-other-16', 'uncheck-17', 'check-18.5', 'recheck-19'", set()),
        ("id = 'check-t20', 'check-S21'", set()),
    ],
)
def test_what_counts(source, numbers):
    assert set(numbers_in(source)) == numbers
