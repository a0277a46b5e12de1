"""The packaging table of pyproject.toml says what the tree says."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
ROOMS = sorted(path.parent for path in ROOT.glob("*/py.typed"))


def folder_of(package: str) -> Path:
    """Where setuptools takes ``package`` from: the longest mapped prefix, then one folder a name."""
    names = package.split(".")
    for length in range(len(names), 0, -1):
        mapped = SETUPTOOLS["package-dir"].get(".".join(names[:length]))
        if mapped is not None:
            return ROOT.joinpath(mapped, *names[length:])
    return ROOT.joinpath(*names)


def test_packages_equal_the_tree():
    in_tree = {path.parent.relative_to(ROOT) for room in ROOMS for path in room.rglob("__init__.py")}
    listed = SETUPTOOLS["packages"]
    assert sorted(listed) == sorted(".".join(("ptychoparity", *folder.parts)) for folder in in_tree)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("package", SETUPTOOLS["packages"])
def test_package_maps_to_the_folder_of_its_name(package):
    assert folder_of(package) == ROOT.joinpath(*package.split(".")[1:])
    assert (folder_of(package) / "__init__.py").is_file()


def test_only_rooms_are_mapped():
    expected = {f"ptychoparity.{room.name}": room.name for room in ROOMS}
    assert SETUPTOOLS["package-dir"] == expected


def test_every_room_of_python_files_is_typed():
    with_code = {path.parent for path in ROOT.glob("*/__init__.py")}
    assert with_code == set(ROOMS)
    for room in ROOMS:
        assert "py.typed" in SETUPTOOLS["package-data"][f"ptychoparity.{room.name}"]


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for room in ROOMS for path in room.rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_the_namespace_root_is_nobodys():
    assert not (ROOT / "ptychoparity").exists()
    assert not (ROOT / "__init__.py").exists()
