"""``ptychoparity infer``: flags, files, execution, and the order of a run (spec config.md 6.2)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ptychoparity.backends.contract import NotAvailable
from ptychoparity.cli import infer
from ptychoparity.cli.flags import spellings
from ptychoparity.cli.torch_flags import INFERENCE_FLAGS, TORCH
from ptychoparity.reference.config import InferenceConfig, legacy
from ptychoparity.reference.config.layers import leaf_fields

FIXTURE = Path(__file__).parents[2] / "fixtures" / "minimal_dataset_v1.npz"
Command = Any  # of conftest

# The test values of spec config.md 1.3, and of the probe's mask, as typed.
CANONICAL: dict[str, tuple[str, Any]] = {
    "model_path": ("/d/model", "/d/model"),
    "test_data_file": ("/d/inf.npz", "/d/inf.npz"),
    "n_groups": ("41", 41),
    "n_images": ("42", 42),
    "n_subsample": ("43", 43),
    "subsample_seed": ("44", 44),
    "neighbor_count": ("9", 9),
    "enable_oversampling": ("True", True),
    "neighbor_pool_size": ("13", 13),
    "debug": ("True", True),
    "output_dir": ("/d/iout", "/d/iout"),
    "backend": ("pytorch", "pytorch"),
    "probe_mask": ("yes", True),
    "probe_mask_sigma": ("2.5", 2.5),
    "probe_mask_diameter": ("20", 20.0),
}
EXECUTION: dict[str, tuple[str, Any]] = {
    "--torch-accelerator mps": ("accelerator", "mps"),
    "--torch-num-workers 3": ("num_workers", 3),
    "--torch-inference-batch-size 2": ("inference_batch_size", 2),
}


def written(folder: Path, text: str) -> Path:
    path = folder / "inference.yaml"
    path.write_text(text)
    return path


def test_every_flag_has_its_test_value_here() -> None:
    assert CANONICAL.keys() == set(infer.FIELDS)
    outer = {name for name, (owner, _) in leaf_fields(InferenceConfig).items() if owner is InferenceConfig}
    assert outer <= CANONICAL.keys()
    assert len(outer) == 12
    torch = {flag.names[0] for flag in INFERENCE_FLAGS if flag.section == TORCH}
    assert {text.split()[0] for text in EXECUTION} == torch


def test_no_spelling_belongs_to_two_flags() -> None:
    names = [option.opts[0] for flag in infer.FLAGS for option in spellings(flag)]
    assert len(names) == len(set(names))


class TestFlags:
    @pytest.mark.parametrize("name", CANONICAL)
    def test_every_field_takes_its_test_value(self, inference: Command, name: str) -> None:
        text, value = CANONICAL[name]
        for flag in (f"--{name}", f"--{name.replace('_', '-')}"):
            found = inference.printed(flag, text)[name]
            assert (found, type(found)) == (value, type(value))
            assert inference.origins(flag, text)[name] == flag

    @pytest.mark.parametrize("flag", ["--test_data", "--test-data", "--test_data_file"])
    def test_spellings_of_the_data_file(self, inference: Command, flag: str) -> None:
        assert inference.printed(flag, "scan.npz")["test_data_file"] == "scan.npz"

    def test_debug_is_a_switch(self, inference: Command) -> None:
        assert inference.printed("--debug")["debug"] is True
        assert inference.printed("--no_debug")["debug"] is False

    @pytest.mark.parametrize(
        ("arguments", "dump"),
        [([], None), (["--debug_dump"], "o/debug_dump"), (["--debug_dump", "there"], "there")],
        ids=["off", "bare", "folder"],
    )
    def test_debug_dump(
        self, inference: Command, reconstructed: SimpleNamespace, arguments: list[str], dump: str | None
    ) -> None:
        inference.run("--output_dir", "o", *arguments)
        assert reconstructed.extras.debug_dump == (None if dump is None else Path(dump))

    def test_drawing(self, inference: Command, reconstructed: SimpleNamespace) -> None:
        inference.run("--comparison_plot", "--phase_vmin", "-1.5", "--phase_vmax", "2")
        assert reconstructed.extras == infer.Extras(True, -1.5, 2.0, None)
        line = inference.refused("--phase_vmin", "2", "--phase_vmax", "1")
        assert "--phase_vmin (2) must be less than --phase_vmax (1)" in line

    def test_statistics_of_patches(self, inference: Command, reconstructed: SimpleNamespace) -> None:
        inference.run("--backend", "pytorch", "--log-patch-stats", "--patch-stats-limit", "3")
        assert reconstructed.overrides == {"log_patch_stats": True, "patch_stats_limit": 3}
        assert reconstructed.execution is None
        inference.run("--log-patch-stats")
        assert reconstructed.overrides is None


class TestPrecedence:
    @pytest.mark.parametrize(
        ("text", "arguments", "name", "value"),
        [
            pytest.param("n_groups: 9", [], "n_groups", 9, id="check-76-top-level-key"),
            pytest.param("probe_mask: true", [], "probe_mask", True, id="check-76-flat-model-key"),
            pytest.param("model:\n  N: 128", [], "N", 128, id="check-76-nested-model"),
            pytest.param("n_groups: 9", ["--n_groups", "5"], "n_groups", 5, id="check-76-flag-beats-file"),
            pytest.param("n_groups: 9", ["--n_groups", "none"], "n_groups", None, id="check-76-none"),
            pytest.param("", [], "neighbor_count", 4, id="check-76-empty-file"),
        ],
    )
    def test_of_flag_file_and_default(
        self, inference: Command, tmp_path: Path, text: str, arguments: list[str], name: str, value: Any
    ) -> None:
        found = inference.printed("--config", written(tmp_path, text), *arguments)[name]
        assert (found, type(found)) == (value, type(value))

    def test_required_paths_may_come_from_the_file(
        self, inference: Command, tmp_path: Path, reconstructed: SimpleNamespace
    ) -> None:
        (tmp_path / "wts.h5.zip").touch()
        path = written(tmp_path, f"model_path: {tmp_path}\ntest_data_file: {FIXTURE}\n")
        result = inference("--config", path)
        assert result.exit_code == 0, result.output
        assert (reconstructed.config.model_path, reconstructed.config.test_data_file) == (tmp_path, FIXTURE)

    def test_a_key_of_the_other_command_is_ignored_with_a_warning(
        self, inference: Command, tmp_path: Path, reconstructed: SimpleNamespace
    ) -> None:
        result = inference.run("--config", written(tmp_path, "nepochs: 3\nneighbor_count: 6"))
        assert reconstructed.config.neighbor_count == 6
        warned = [line for line in result.stderr.splitlines() if line.startswith("warning:")]
        assert len(warned) == 1
        assert "nepochs" in warned[0]

    def test_what_is_printed_can_be_read_back(self, inference: Command, tmp_path: Path) -> None:
        path = tmp_path / "again.yaml"
        given = ("--n_images", "12", "--test_data", tmp_path / "1e5", "--debug")
        path.write_text(inference(*given, "--print-config").stdout)
        assert inference.printed("--config", path) == inference.printed(*given)


class TestExecution:
    @pytest.mark.parametrize("text", EXECUTION, ids=[f"check-75-{text}" for text in EXECUTION])
    def test_a_torch_flag_reaches_the_execution_configuration(
        self, inference: Command, reconstructed: SimpleNamespace, text: str
    ) -> None:
        field, value = EXECUTION[text]
        device = [] if field == "accelerator" else ["--torch-accelerator", "cpu"]
        for spelled in (text, text.replace("--torch-", "--")):
            inference.run("--backend", "pytorch", *device, *spelled.split())
            assert getattr(reconstructed.execution, field) == value

    def test_check_73_no_torch_flag_leaves_execution_open(
        self, inference: Command, reconstructed: SimpleNamespace
    ) -> None:
        result = inference.run("--backend", "pytorch")
        assert reconstructed.execution is None
        said = [line for line in result.stderr.splitlines() if "POLICY-001" in line]
        assert len(said) == 1
        assert all(word in said[0] for word in ("info:", "GPU-first defaults", "--torch-accelerator cpu"))

    def test_check_74_a_value_after_an_equals_sign(
        self, inference: Command, reconstructed: SimpleNamespace
    ) -> None:
        inference.run("--backend=pytorch", "--torch-accelerator=cpu")
        assert reconstructed.execution.accelerator == "cpu"

    def test_tensorflow_ignores_torch_flags_and_says_so_once(
        self, inference: Command, reconstructed: SimpleNamespace
    ) -> None:
        result = inference.run("--torch-accelerator", "cpu", "--torch-num-workers", "2")
        assert reconstructed.execution is None
        said = [line for line in result.stderr.splitlines() if "ignored" in line]
        assert len(said) == 1
        assert "--torch-accelerator, --torch-num-workers" in said[0]

    def test_training_flags_are_unknown_here(self, inference: Command) -> None:
        assert "no such option --torch-logger" in inference.refused("--torch-logger", "csv")


class TestRun:
    @pytest.mark.parametrize("archive", [".", "wts.h5.zip", "wts.h5"])
    def test_check_78_smoke_line(
        self, inference: Command, tmp_path: Path, reconstructed: SimpleNamespace, archive: str
    ) -> None:
        (tmp_path / "wts.h5.zip").touch()
        line = (
            f"--model_path {tmp_path / archive} --test_data {FIXTURE} --output_dir {tmp_path / 'o'} "
            "--backend pytorch --n_images 4 --n_subsample 16 --torch-accelerator cpu --torch-num-workers 0 "
            "--torch-inference-batch-size 2"
        )
        result = inference(*line.split())
        assert result.exit_code == 0, result.output
        config, execution = reconstructed.config, reconstructed.execution
        assert isinstance(config, InferenceConfig)
        assert (config.backend, config.n_groups, config.n_subsample) == ("pytorch", 4, 16)
        assert (execution.accelerator, execution.num_workers, execution.inference_batch_size) == ("cpu", 0, 2)
        assert reconstructed.loaded == tmp_path / archive
        assert result.stderr.count("deprecated") == 1

    def test_the_order(self, inference: Command, tmp_path: Path, reconstructed: SimpleNamespace) -> None:
        inference.run("--output_dir", tmp_path / "o", "--n_groups", "17")
        assert reconstructed.calls == ["load", "reconstruct", ("save", tmp_path / "o")]
        assert (legacy.cfg["n_groups"], legacy.cfg["output_prefix"]) == (17, str(tmp_path / "o"))
        assert reconstructed.data.diff3d.shape[1:] == (64, 64)

    def test_the_dictionary_is_populated_before_the_data_are_loaded(
        self, inference: Command, monkeypatch: pytest.MonkeyPatch, reconstructed: SimpleNamespace
    ) -> None:
        seen: list[int] = []
        monkeypatch.setattr(infer.RawData, "from_file", lambda *_: seen.append(legacy.cfg["neighbor_count"]))
        inference.run("--neighbor_count", "11")
        assert seen == [11]
        assert reconstructed.data is None

    def test_a_part_that_is_not_there_yet(
        self, inference: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any) -> None:
            raise NotAvailable("loading is not available yet")

        monkeypatch.setattr(infer, "load_inference_bundle_with_backend", fail)
        result = inference(*inference.required, "--output_dir", tmp_path / "o")
        assert result.exit_code == 3
        assert result.stderr.splitlines() == ["Error: loading is not available yet"]
        assert not (tmp_path / "o").exists()

    def test_reconstruction_itself_is_not_there_yet(
        self, inference: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(infer, "load_inference_bundle_with_backend", lambda *_: ("model", {}))
        assert inference(*inference.required).exit_code == 3


class TestBadInput:
    def test_a_typed_dot_is_the_folder_one_is_in(
        self,
        inference: Command,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        reconstructed: SimpleNamespace,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert inference("--model_path", ".", "--test_data", FIXTURE).exit_code == 0
        assert reconstructed.loaded == tmp_path

    def test_required_paths_are_named(self, inference: Command) -> None:
        assert "--model_path is required" in inference.refused()
        assert "--test_data is required" in inference.refused("--model_path", "m")

    def test_a_folder_without_archive(self, inference: Command, tmp_path: Path) -> None:
        (tmp_path / "wts.h5.zip").unlink()
        line = inference.refused("--model_path", tmp_path, "--test_data", FIXTURE)
        assert all(word in line for word in ("model_path", "wts.h5.zip", str(tmp_path)))

    def test_a_data_file_that_is_not_there(self, inference: Command) -> None:
        line = inference.refused(*inference.required, "--test_data", "/no/such.npz")
        assert "Test data file not found: /no/such.npz" in line

    def test_a_bad_value_comes_before_a_missing_archive(self, inference: Command) -> None:
        line = inference.refused("--model_path", "/no/model", "--neighbor_count", "0")
        assert all(word in line for word in ("--neighbor_count", "InferenceConfig.neighbor_count", ">= 1"))

    def test_a_mistyped_flag(self, inference: Command) -> None:
        line = inference.refused("--n_group", "3")
        assert line == "Error: no such option --n_group; did you mean --n_groups?"


def test_help_has_every_flag(inference: Command) -> None:
    text = inference("--help").stdout
    for flag in infer.FLAGS:
        assert f"  {flag.names[0]} " in text
    for word in ("--comparison_plot", "--phase_vmin", "--debug_dump [DIR]", "POLICY-001", "Exit status"):
        assert word in text
