"""``ptychoparity fields``: every name of every vocabulary, and the committed reference page."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.cli import infer, main, train
from ptychoparity.cli.vocabulary import CANONICAL, LEGACY_ONLY, entries, names_of
from ptychoparity.reference.config import KEY_MAPPINGS, native
from ptychoparity.reference.config.schema import fields_of

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def fields(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["fields", *arguments])


def page() -> str:
    return fields("--markdown").stdout


def test_the_committed_page_is_the_printed_one() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: ptychoparity fields --markdown > docs/configuration.md"


def test_every_name_is_there() -> None:
    counts = {where: sum(entry.where.startswith(where) for entry in entries()) for where in WHERE}
    assert counts == {"canonical": 75, "legacy only": 17, "native": 131, "execution": 29}


WHERE = ("canonical", "legacy only", "native", "execution")


def test_the_page_has_a_line_for_every_name() -> None:
    lines = page().splitlines()
    for entry in entries():
        assert sum(line.startswith(f"| `{entry.name}` |") for line in lines) >= 1, entry.name
    for flag in (*train.FLAGS, *infer.FLAGS):
        assert f"`{flag.names[0]}`" in page()
    for heading in ("Canonical fields (75)", "has (17)", "Native fields (131)", "Execution fields (29)"):
        assert heading in page()


def test_legacy_only_keys_are_those_of_the_specification() -> None:
    assert set(LEGACY_ONLY) == {
        "big_gridsize",
        "data_source",
        "default_probe_scale",
        "h5_path",
        "label",
        "max_position_jitter",
        "nimgs_test",
        "nimgs_train",
        "npseed",
        "offset",
        "outer_offset_test",
        "outer_offset_train",
        "set_phi",
        "sim_jitter_scale",
        "size",
        "tv_weight",
        "use_xla_translate",
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gridsize", ["canonical ModelConfig", "DataConfig.grid_size", "integer >= 1", "--gridsize"]),
        ("object.big", ["object_big (canonical ModelConfig)", "object.big"]),
        ("K", ["native DataConfig", "TrainingConfig.neighbor_count", "InferenceConfig.neighbor_count"]),
        ("C", ["native DataConfig", "follows from gridsize"]),
        ("K_quadrant", ["native DataConfig", "native only"]),
        ("max_epochs", ["epochs (native TrainingConfig)", "TrainingConfig.nepochs"]),
        ("probe_mask_tensor", ["native ModelConfig", "ModelConfig.probe_mask"]),
        ("num_workers", ["execution", "--torch-num-workers", "--num-workers"]),
        ("tv_weight", ["legacy only", "0.0"]),
        ("n_subsample", ["canonical TrainingConfig", "canonical InferenceConfig", "native DataConfig"]),
        ("mae_weight", ["none: the native loss is chosen by torch_loss_mode"]),
    ],
)
def test_one_name(name: str, words: list[str]) -> None:
    result = fields(name)
    assert result.exit_code == 0
    for word in words:
        assert word in " ".join(result.stdout.split())


def test_a_flag_is_found_too() -> None:
    assert "logger_backend (execution)" in fields("--", "--torch-logger").stdout


def test_every_name_leads_somewhere() -> None:
    everything = entries()
    result = fields("--", *names_of(everything))
    assert result.exit_code == 0
    assert all(f"{entry.name} ({entry.where})" in result.stdout for entry in everything)


def test_renamed_keys_are_named() -> None:
    for name, key in KEY_MAPPINGS.items():
        assert key in fields(name).stdout


def test_all_of_them() -> None:
    text = fields().stdout
    for cls in (*CANONICAL, *native.NATIVE_CLASSES, PyTorchExecutionConfig):
        assert all(f"\n  {field.name}" in text for field in fields_of(cls))


def test_an_unknown_name_suggests_the_nearest() -> None:
    result = fields("nepoch")
    assert result.exit_code == 2
    assert result.stderr == "Error: no field 'nepoch'; did you mean 'nepochs'?\n"


def test_markdown_takes_no_names() -> None:
    assert fields("--markdown", "N").exit_code == 2
