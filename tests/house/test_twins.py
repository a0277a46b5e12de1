"""The two backend folders can be read side by side: same files, same public names, same order."""

import ast
from pathlib import Path

import pytest

BACKENDS = Path(__file__).parents[2] / "backends"
TWINS = ("tensorflow", "torch")
# The words by which a class may differ from its twin; longer words first, since one may contain another.
FRAMEWORK_WORDS = {
    "tensorflow": ("TensorFlow", "Tensorflow", "Keras"),
    "torch": ("PyTorch", "Lightning", "Torch"),
}


def files_of(twin: str) -> set[str]:
    folder = BACKENDS / twin
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


def public_names(source: str, twin: str) -> list[str]:
    """Top-level public functions and classes in order; without the framework's name in classes."""
    names = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        name = node.name
        if isinstance(node, ast.ClassDef):
            for word in FRAMEWORK_WORDS[twin]:
                name = name.replace(word, "")
        if not node.name.startswith("_"):
            names.append(name)
    return names


def test_the_twins_hold_the_same_files():
    tensorflow, torch = (files_of(twin) for twin in TWINS)
    assert tensorflow == torch


@pytest.mark.parametrize("file", sorted(set.intersection(*(files_of(twin) for twin in TWINS))))
def test_a_file_defines_the_same_names_in_the_same_order(file):
    tensorflow, torch = (public_names((BACKENDS / twin / file).read_text(), twin) for twin in TWINS)
    assert tensorflow == torch


def test_the_comparison_sees_order_names_and_framework_words():
    def names(source, twin="torch"):
        return public_names(source, twin)

    assert names("def a(): ...\ndef b(): ...") != names("def b(): ...\ndef a(): ...")
    assert names("def a(): ...\ndef _b(): ...\nclass C: ...") == ["a", "C"]
    assert names("class TorchBackend: ...") == names("class TensorFlowBackend: ...", "tensorflow")
    assert names("def torch_pad(): ...") != names("def tensorflow_pad(): ...", "tensorflow")
