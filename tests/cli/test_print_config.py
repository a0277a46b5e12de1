"""``--print-config``: the effective configuration, which can be read back (spec config.md 6.3)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.cli.effective import scalar
from ptychoparity.reference.config import TrainingConfig, legacy
from ptychoparity.reference.config.layers import leaf_fields
from ptychoparity.reference.config.yaml_file import load_yaml_config

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "fixtures" / "minimal_dataset_v1.npz"
Command = Any  # of conftest


class TestPrintConfig:
    ARGUMENTS = (
        "--gridsize",
        "2",
        "--n_images",
        "12",
        "--torch_loss_mode",
        "MAE",
        "--probe_mask_diameter",
        "3e1",
    )

    def test_every_field_is_there_once_with_its_origin(self, training: Command) -> None:
        assert training.printed().keys() == leaf_fields(TrainingConfig).keys()
        assert training.origins().keys() == leaf_fields(TrainingConfig).keys()
        assert set(training.origins().values()) == {"default"}

    def test_what_is_printed_can_be_read_back(self, training: Command, tmp_path: Path) -> None:
        path = tmp_path / "again.yaml"
        given = (*self.ARGUMENTS, "--output_dir", tmp_path / "1e5")
        path.write_text(training(*given, "--print-config").stdout)
        assert training.printed("--config", path) == training.printed(*given)
        assert set(training.origins("--config", path).values()) != {"default"}

    @pytest.mark.parametrize("text", ["1e5", "none", "0x10", "yes", "a: b", "# c", "2020-01-01", "~", "07"])
    def test_texts_that_look_otherwise_stay_texts(self, training: Command, tmp_path: Path, text: str) -> None:
        path = tmp_path / "again.yaml"
        given = ("--fno_input_transform", text, "--output_dir", text)
        path.write_text(training(*given, "--print-config").stdout)
        again = training.printed("--config", path)
        assert (again["fno_input_transform"], again["output_dir"]) == (text, text)

    def test_bad_values_are_printed_and_then_refused(self, training: Command) -> None:
        result = training("--batch_size", "12", "--print-config")
        assert "batch_size: 12" in result.stdout
        line = training.line_of(result)
        assert all(
            word in line for word in ("--batch_size", "TrainingConfig.batch_size", "12", "power of two")
        )

    def test_execution_is_said_in_comments(self, training: Command) -> None:
        result = training("--backend", "pytorch", "--print-config")
        assert "# execution configuration: None: GPU-first defaults (POLICY-001)" in result.stdout
        result = training("--backend", "pytorch", "--torch-num-workers", "2", "--print-config")
        assert "#   num_workers: 2  (--torch-num-workers)" in result.stdout
        assert "#   accelerator: auto  (default)" in result.stdout
        result = training("--torch-num-workers", "2", "--print-config")
        assert "backend is tensorflow; ignored: --torch-num-workers" in result.stdout

    def test_bad_execution_values_are_refused_after_printing(self, training: Command) -> None:
        result = training("--backend", "pytorch", "--torch-num-workers", "-1", "--print-config")
        assert "backend: pytorch" in result.stdout
        line = training.line_of(result)
        assert all(
            word in line
            for word in ("--torch-num-workers", "PyTorchExecutionConfig.num_workers", "-1", ">= 0")
        )

    def test_nothing_runs_and_nothing_is_loaded(self, training: Command, trained: SimpleNamespace) -> None:
        before = dict(legacy.cfg)
        training.printed("--train_data_file", "/no/such/file.npz", "--backend", "pytorch")
        assert trained.calls == []
        assert legacy.cfg == before


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.booleans()
    | st.none()
)
def test_every_value_survives_its_line(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "line.yaml"
    path.write_text(f"field: {scalar(value)}  # from somewhere\n", "utf-8")
    assert load_yaml_config(path) == {"field": value}
