"""``ptychoparity inspect`` as a user meets it."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ptychoparity.cli.inspect import command
from ptychoparity.fixtures.minimal import load_minimal_path


def invoke(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A file without patterns, with markup and a control character in a name."""
    path = tmp_path / "broken.npz"
    np.savez(path, **{"xcoords": np.arange(3.0), "ycoords": np.arange(3.0), "[red]odd\x1b": np.arange(2)})
    return path


def test_a_sound_file(tmp_path):
    result = invoke(load_minimal_path())
    assert result.exit_code == 0, result.output
    for words in (
        "diff3d",
        "(64, 64, 64)",
        "float32",
        "median 4.104",
        "amplitude: nothing",
        "Nothing to mend",
    ):
        assert words in result.output, words
    assert list(tmp_path.iterdir()) == []


def test_what_a_reader_would_refuse_is_said_with_a_remedy_and_status_1(broken):
    result = invoke(broken)
    assert result.exit_code == 1, result.output
    assert "error: missing probeGuess, diff3d or diffraction" in result.output
    assert "store them under these names" in result.output.replace("\n", " ")
    assert r"[red]odd\x1b" in result.output
    assert "\x1b" not in result.output


@pytest.mark.parametrize("which", ["sound", "broken"])
def test_json_is_all_of_the_output(broken, which):
    result = invoke(load_minimal_path() if which == "sound" else broken, "--json")
    summary = json.loads(result.stdout)
    assert result.exit_code == (0 if summary["accepted"] else 1)
    assert summary["accepted"] is (which == "sound")
    assert summary["path"].endswith(".npz")


def test_json_with_a_picture_is_still_json(tmp_path):
    result = invoke(load_minimal_path(), "--json", "--picture", tmp_path / "scan.png")
    assert json.loads(result.stdout)["patterns"]["units"]["verdict"] == "amplitude"
    assert (tmp_path / "scan.png").is_file()


@pytest.mark.parametrize("which", ["sound", "broken", "flat"])
def test_the_picture(broken, tmp_path, which):
    source = {"sound": load_minimal_path(), "broken": broken}.get(which)
    if source is None:
        source = tmp_path / "flat.npz"
        flat = np.full((1, 8, 8), 1.0)
        np.savez(source, xcoords=[1.0], ycoords=[2.0], diff3d=flat, probeGuess=flat[0] + 0j)
    out = tmp_path / "scan.png"
    result = invoke(source, "--picture", out)
    assert result.exit_code == (1 if which == "broken" else 0), result.output
    assert "scan.png" in result.output
    with Image.open(out) as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[0] > 700
    quarters = [pixels[40:470, :550], pixels[40:470, 650:], pixels[500:, :550], pixels[500:, 650:]]
    colours = [len(np.unique(quarter.reshape(-1, 3), axis=0)) for quarter in quarters]
    drawn = {"sound": (1, 1, 1, 1), "broken": (1, 0, 0, 0), "flat": (1, 1, 1, 0)}[which]
    for count, expected in zip(colours, drawn, strict=True):
        assert (count > 250) == bool(expected), colours


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("absent.npz", None, "no such data file"), ("odd.npz", b"text", "not a readable NPZ archive")],
)
def test_a_file_that_cannot_be_looked_at_gives_one_line_and_status_2(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = invoke(tmp_path / name)
    lines = result.stderr.splitlines()
    assert result.exit_code == 2
    assert len(lines) == 1
    assert name in lines[0]
    assert words in lines[0]


def test_a_picture_that_cannot_be_written_gives_one_line_and_status_2(tmp_path):
    result = invoke(load_minimal_path(), "--picture", tmp_path / "absent" / "scan.png")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "--picture" in result.stderr
