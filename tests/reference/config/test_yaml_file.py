"""Reading YAML configuration files (spec config.md 6.3, check 76)."""

import math
from pathlib import Path
from typing import Any

import pytest

from ptychoparity.reference.config.yaml_file import load_yaml_config


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "run.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", "---\n", "~", "null"])
def test_check_76_empty_file_holds_nothing(content: str, tmp_path: Path) -> None:
    assert load_yaml_config(written(tmp_path, content)) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("7.5", 7.5),
        (".5", 0.5),
        ("1.0e+6", 1e6),
        ("true", True),
        ("yes", True),
        ("off", False),
        ("null", None),
        ("", None),
        ("none", "none"),
        ("text", "text"),
        ("'7'", "7"),
        (".inf", math.inf),
        ("[1, 2]", [1, 2]),
        # As in YAML 1.1, text; the type of the field decides about them later.
        ("1e6", "1e6"),
        ("1.0e6", "1.0e6"),
        # Unlike YAML 1.1, text: 8, 16, 1000, 90, 90.5 and a date there.
        ("010", "010"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1_0.5", "1_0.5"),
        ("1:30", "1:30"),
        ("1:30.5", "1:30.5"),
        ("2020-01-01", "2020-01-01"),
    ],
)
def test_value_is_read_as_written(text: str, expected: Any, tmp_path: Path) -> None:
    value = load_yaml_config(written(tmp_path, f"key: {text}\n"))["key"]
    assert value == expected
    assert type(value) is type(expected)


def test_mapping_may_nest_and_path_may_be_text(tmp_path: Path) -> None:
    path = written(tmp_path, "nepochs: 3\nmodel:\n  N: 128\n")
    assert load_yaml_config(str(path)) == {"nepochs": 3, "model": {"N": 128}}


def test_byte_order_marks_are_understood(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        assert load_yaml_config(written(tmp_path, "nepochs: 3\n".encode(encoding))) == {"nepochs": 3}


BAD = {
    "syntax": ("a: 1\nb: [1, 2\nc: 3\n", "line 3, column 2"),
    "tab": ("a:\n\tb: 1\n", "line 2, column 1"),
    "list": ("- 1\n- 2\n", "got list"),
    "empty-list": ("[]\n", "got list"),
    "false": ("false\n", "got bool"),
    "scalar": ("just words\n", "got str"),
    "two-documents": ("a: 1\n---\nb: 2\n", "line 2, column 1"),
    "duplicate": ("a: 1\nb: 2\na: 3\n", "line 3, column 1: key 'a' is given twice"),
    "duplicate-equal": ("a: 1\na: 1\n", "key 'a' is given twice"),
    "duplicate-nested": ("model:\n  N: 64\n  N: 64\n", "line 3, column 3: key 'N' is given twice"),
    "key-number": ("a: 1\n2: 3\n", "line 2, column 1: keys must be text, got '2'"),
    "key-boolean": ("on: 3\n", "keys must be text, got 'on'"),
    "key-null": ("? \n: 3\n", "keys must be text, got ''"),
    "key-list": ("? [1, 2]\n: 3\n", "keys must be text"),
    "key-nested": ("model:\n  1: 3\n", "line 2, column 3: keys must be text, got '1'"),
    "merge": ("a: &a {b: 1}\nc:\n  <<: *a\n", "keys must be text, got '<<'"),
    "python-object": ("a: !!python/object/apply:os.getcwd []\n", "line 1, column 4"),
    "python-tuple": ("a: !!python/tuple [1]\n", "python/tuple"),
    "binary": (bytes(range(256)), "cannot be read as YAML"),
    "not-text": (b"a: \xff\xfe\xfd\n", "cannot be read as YAML"),
    "deep": ("[" * 3000, "nested too deeply"),
    "endless-integer": ("a: " + "9" * 5000, "cannot be read as YAML"),
    "unknown-alias": ("a: *b\n", "line 1, column 4"),
}


@pytest.mark.parametrize(("content", "text"), BAD.values(), ids=[f"check-76-{name}" for name in BAD])
def test_bad_file_is_refused_in_one_line_that_names_it(
    content: str | bytes, text: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match=r"run\.yaml") as caught:
        load_yaml_config(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert text in message
    assert "\n" not in message
    assert len(message.removeprefix(str(path))) < 300


def test_check_76_missing_file_and_folder_name_the_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.yaml") as caught:
        load_yaml_config(tmp_path / "absent.yaml")
    assert caught.value.errno
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        load_yaml_config(tmp_path)


def test_a_tag_runs_nothing(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    with pytest.raises(ValueError, match="python/object/apply"):
        load_yaml_config(written(tmp_path, f"a: !!python/object/apply:os.mkdir ['{victim}']\n"))
    assert not victim.exists()
