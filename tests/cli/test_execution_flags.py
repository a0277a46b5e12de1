"""PyTorch, native and deprecated flags and what they make (spec config.md 6.1, 6.4, 6.7)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.cli.torch_flags import NATIVE, TORCH, TRAINING_FLAGS

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "fixtures" / "minimal_dataset_v1.npz"
Command = Any  # of conftest


def written(folder: Path, text: str) -> Path:
    path = folder / "training.yaml"
    path.write_text(text)
    return path


# Flag as typed to (execution or canonical field, value); a value that is none of the defaults.
EXECUTION: dict[str, tuple[str, Any]] = {
    "--torch-accelerator mps": ("accelerator", "mps"),
    "--torch-deterministic warn": ("deterministic", "warn"),
    "--torch-deterministic": ("deterministic", True),
    "--no-torch-deterministic": ("deterministic", False),
    "--torch-num-workers 3": ("num_workers", 3),
    "--torch-accumulate-grad-batches 4": ("accum_steps", 4),
    "--torch-learning-rate 5e-4": ("learning_rate", 5e-4),
    "--torch-logger tensorboard": ("logger_backend", "tensorboard"),
    "--torch-logger none": ("logger_backend", None),
    "--torch-enable-checkpointing": ("enable_checkpointing", True),
    "--no-torch-enable-checkpointing": ("enable_checkpointing", False),
    "--torch-checkpoint-save-top-k 3": ("checkpoint_save_top_k", 3),
    "--torch-recon-log-every-n-epochs 5": ("recon_log_every_n_epochs", 5),
    "--torch-recon-log-num-patches 6": ("recon_log_num_patches", 6),
    "--torch-recon-log-fixed-indices 0,4,9": ("recon_log_fixed_indices", [0, 4, 9]),
    "--torch-recon-log-stitch": ("recon_log_stitch", True),
    "--no-torch-recon-log-stitch": ("recon_log_stitch", False),
    "--torch-recon-log-max-stitch-samples 7": ("recon_log_max_stitch_samples", 7),
}
TORCH_CANONICAL: dict[str, tuple[str, Any]] = {
    "--torch-scheduler Exponential": ("scheduler", "Exponential"),
    "--torch-plateau-factor 0.3": ("plateau_factor", 0.3),
    "--torch-plateau-patience 4": ("plateau_patience", 4),
    "--torch-plateau-min-lr 1e-6": ("plateau_min_lr", 1e-6),
    "--torch-plateau-threshold 0.1": ("plateau_threshold", 0.1),
}
NATIVE_EXECUTION: dict[str, tuple[str, Any]] = {
    "--accelerator mps": ("accelerator", "mps"),
    "--num-workers 3": ("num_workers", 3),
    "--deterministic": ("deterministic", True),
    "--no-deterministic": ("deterministic", False),
    "--learning-rate 5e-4": ("learning_rate", 5e-4),
    "--accumulate-grad-batches 4": ("accum_steps", 4),
    "--logger mlflow": ("logger_backend", "mlflow"),
    "--enable-checkpointing": ("enable_checkpointing", True),
    "--disable-checkpointing": ("enable_checkpointing", False),
    "--checkpoint-save-top-k 3": ("checkpoint_save_top_k", 3),
    "--checkpoint-monitor train_loss": ("checkpoint_monitor_metric", "train_loss"),
    "--checkpoint-mode max": ("checkpoint_mode", "max"),
    "--early-stop-patience 9": ("early_stop_patience", 9),
}


def test_the_tables_of_this_file_cover_every_flag() -> None:
    for section, tables in ((TORCH, (EXECUTION, TORCH_CANONICAL)), (NATIVE, (NATIVE_EXECUTION,))):
        flags = [flag for flag in TRAINING_FLAGS if flag.section == section]
        typed = {text.split()[0] for table in tables for text in table}
        known = {name for flag in flags for name in (flag.names[0], *flag.negations)}
        elsewhere = {"--max_epochs", "--log-patch-stats", "--no-log-patch-stats", "--patch-stats-limit"}
        assert typed == known - elsewhere


class TestExecution:
    @pytest.mark.parametrize("text", EXECUTION, ids=[f"check-75-{text}" for text in EXECUTION])
    def test_a_torch_flag_reaches_the_execution_configuration(
        self, training: Command, trained: SimpleNamespace, text: str
    ) -> None:
        field, value = EXECUTION[text]
        device = [] if field == "accelerator" else ["--torch-accelerator", "cpu"]
        training.run("--backend", "pytorch", *device, *text.split())
        found = getattr(trained.execution, field)
        assert (found, type(found)) == (value, type(value))

    @pytest.mark.parametrize("text", TORCH_CANONICAL, ids=[f"check-75-{text}" for text in TORCH_CANONICAL])
    def test_a_torch_flag_reaches_the_canonical_field(
        self, training: Command, trained: SimpleNamespace, text: str
    ) -> None:
        field, value = TORCH_CANONICAL[text]
        training.run("--backend", "pytorch", "--torch-accelerator", "cpu", *text.split())
        assert getattr(trained.config, field) == value
        assert isinstance(trained.execution, PyTorchExecutionConfig)

    @pytest.mark.parametrize("text", NATIVE_EXECUTION)
    def test_a_native_spelling_means_the_same(
        self, training: Command, trained: SimpleNamespace, text: str
    ) -> None:
        field, value = NATIVE_EXECUTION[text]
        device = [] if field == "accelerator" else ["--torch-accelerator", "cpu"]
        training.run("--backend", "pytorch", *device, *text.split())
        assert getattr(trained.execution, field) == value

    @pytest.mark.parametrize("flag", ["--max_epochs", "--max-epochs"])
    def test_native_epochs(self, training: Command, trained: SimpleNamespace, flag: str) -> None:
        training.run(flag, "7")
        assert trained.config.nepochs == 7

    def test_check_73_no_torch_flag_leaves_execution_to_the_workflow(
        self, training: Command, trained: SimpleNamespace
    ) -> None:
        result = training.run("--backend", "pytorch")
        assert trained.execution is None
        said = [line for line in result.stderr.splitlines() if "POLICY-001" in line]
        assert len(said) == 1
        assert all(word in said[0] for word in ("info:", "GPU-first defaults", "--torch-accelerator cpu"))

    def test_check_74_a_value_after_an_equals_sign(self, training: Command, trained: SimpleNamespace) -> None:
        result = training.run("--backend=pytorch", "--torch-accelerator=cpu")
        assert trained.execution.accelerator == "cpu"
        assert "POLICY-001" not in result.stderr

    def test_without_an_accelerator_it_is_chosen_automatically(
        self, training: Command, trained: SimpleNamespace
    ) -> None:
        result = training.run("--backend", "pytorch", "--torch-learning-rate", "1e-4")
        assert trained.execution.accelerator in ("cpu", "cuda")
        warned = result.stderr.count("warning: POLICY-001: No CUDA device detected")
        assert warned == (trained.execution.accelerator == "cpu")

    def test_tensorflow_ignores_torch_flags_and_says_so_once(
        self, training: Command, trained: SimpleNamespace
    ) -> None:
        flags = ["--torch-num-workers", "2", "--torch-scheduler", "Exponential", "--accelerator", "cuda"]
        result = training.run(*flags)
        assert trained.execution is None
        assert trained.config.scheduler == "Default"
        said = [line for line in result.stderr.splitlines() if "ignored" in line]
        assert len(said) == 1
        assert all(flag in said[0] for flag in flags if flag.startswith("--"))

    def test_tensorflow_is_the_same_whatever_torch_flags_say(
        self, training: Command, trained: SimpleNamespace
    ) -> None:
        training.run("--nepochs", "3")
        without = trained.config
        training.run(
            "--nepochs", "3", *[word for text in (*EXECUTION, *TORCH_CANONICAL)[5:8] for word in text.split()]
        )
        assert trained.config == without

    def test_the_backend_may_come_from_the_file(
        self, training: Command, tmp_path: Path, trained: SimpleNamespace
    ) -> None:
        path = written(tmp_path, "backend: pytorch")
        training.run("--config", path, "--torch-scheduler", "Exponential", "--torch-accelerator", "cpu")
        assert (trained.config.backend, trained.config.scheduler) == ("pytorch", "Exponential")

    @pytest.mark.parametrize(
        ("arguments", "accelerator"),
        [
            (["--device", "cpu"], "cpu"),
            (["--device", "cuda"], "gpu"),
            (["--device", "cuda", "--torch-accelerator", "cpu"], "cpu"),
        ],
    )
    def test_device_is_deprecated(
        self, training: Command, trained: SimpleNamespace, arguments: list[str], accelerator: str
    ) -> None:
        result = training.run("--backend", "pytorch", *arguments)
        assert trained.execution.accelerator == accelerator
        assert [line for line in result.stderr.splitlines() if line.startswith("warning:")] == [
            line for line in result.stderr.splitlines() if "--device is deprecated" in line
        ]
        assert result.stderr.count("--device is deprecated") == 1

    def test_disable_mlflow_is_deprecated(self, training: Command, trained: SimpleNamespace) -> None:
        result = training.run("--backend", "pytorch", "--torch-accelerator", "cpu", "--disable_mlflow")
        assert (trained.execution.logger_backend, trained.execution.enable_progress_bar) == (None, False)
        assert result.stderr.count("warning: --disable_mlflow is deprecated") == 1

    def test_n_images_is_deprecated(self, training: Command, trained: SimpleNamespace) -> None:
        result = training.run("--n_images", "12")
        assert (trained.config.n_groups, trained.config.n_images) == (12, 12)
        warned = [line for line in result.stderr.splitlines() if line.startswith("warning:")]
        assert len(warned) == 1
        assert all(word in warned[0] for word in ("--n_images", "deprecated", "n_groups=12"))

    @pytest.mark.parametrize(("flag", "bar"), [("--quiet", False), ("--verbose", True)])
    def test_quiet_takes_the_progress_bar_away(
        self, training: Command, trained: SimpleNamespace, flag: str, bar: bool
    ) -> None:
        training.run("--backend", "pytorch", "--torch-accelerator", "cpu", flag)
        assert trained.execution.enable_progress_bar is bar

    def test_statistics_of_patches_are_for_reconstructions(
        self, training: Command, trained: SimpleNamespace
    ) -> None:
        result = training.run("--backend", "pytorch", "--log-patch-stats", "--patch-stats-limit", "3")
        assert trained.execution is None
        assert "warning: ignored by a training: log_patch_stats, patch_stats_limit" in result.stderr

    def test_a_bad_list_of_indices(self, training: Command) -> None:
        line = training.refused("--torch-recon-log-fixed-indices", "1,x")
        assert all(word in line for word in ("--torch-recon-log-fixed-indices", "1,x"))

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--torch-accelerator", "tpu"], ["TPU", "Torch-XLA", "cpu"]),
            (["--torch-accelerator", "xpu"], ["xpu", "mps"]),
            (["--torch-logger", "wandb"], ["logger_backend", "wandb", "tensorboard"]),
            (["--torch-learning-rate", "0"], ["learning_rate", "> 0"]),
            (["--torch-accumulate-grad-batches", "0"], ["accum_steps", ">= 1"]),
            (["--torch-checkpoint-save-top-k", "-2"], ["checkpoint_save_top_k", "-2"]),
            (["--early-stop-patience", "0"], ["early_stop_patience", ">= 1"]),
        ],
    )
    def test_bad_execution_values(
        self, training: Command, trained: SimpleNamespace, arguments: list[str], words: list[str]
    ) -> None:
        result = training("--train_data_file", FIXTURE, "--backend", "pytorch", *arguments)
        line = training.line_of(result)
        assert all(word in line for word in (arguments[0], *words))
        assert trained.calls == []
