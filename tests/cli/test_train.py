"""``ptychoparity train``: every canonical flag, what beats what, bad input (spec config.md 6.1, 6.3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ptychoparity.cli import train
from ptychoparity.cli.flags import spellings
from ptychoparity.reference.config import TrainingConfig
from ptychoparity.reference.config.layers import leaf_fields

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "fixtures" / "minimal_dataset_v1.npz"
Command = Any  # of conftest


def written(folder: Path, text: str) -> Path:
    path = folder / "training.yaml"
    path.write_text(text)
    return path


# The test values of spec config.md 1.1 and 1.2, as typed; what other fields they need.
CANONICAL: dict[str, tuple[str, Any]] = {
    "N": ("256", 256),
    "gridsize": ("3", 3),
    "n_filters_scale": ("4", 4),
    "model_type": ("supervised", "supervised"),
    "architecture": ("cnn", "cnn"),
    "fno_modes": ("8", 8),
    "fno_width": ("16", 16),
    "fno_blocks": ("2", 2),
    "fno_cnn_blocks": ("1", 1),
    "learned_input_channels": ("3", 3),
    "max_hidden_channels": ("64", 64),
    "resnet_width": ("96", 96),
    "fno_input_transform": ("log1p", "log1p"),
    "generator_output_mode": ("amp_phase", "amp_phase"),
    "amp_activation": ("softplus", "softplus"),
    "object_big": ("False", False),
    "probe_big": ("False", False),
    "probe_mask": ("True", True),
    "probe_mask_sigma": ("2.5", 2.5),
    "probe_mask_diameter": ("20", 20.0),
    "pad_object": ("no", False),
    "probe_scale": ("2.0", 2.0),
    "gaussian_smoothing_sigma": ("0.5", 0.5),
    "train_data_file": ("/d/train.npz", "/d/train.npz"),
    "test_data_file": ("/d/test.npz", "/d/test.npz"),
    "batch_size": ("32", 32),
    "nepochs": ("7", 7),
    "mae_weight": ("0.3", 0.3),
    "nll_weight": ("0.7", 0.7),
    "realspace_mae_weight": ("0.05", 0.05),
    "realspace_weight": ("0.1", 0.1),
    "nphotons": ("5e8", 5e8),
    "n_groups": ("77", 77),
    "n_images": ("33", 33),
    "n_subsample": ("99", 99),
    "subsample_seed": ("3", 3),
    "neighbor_count": ("8", 8),
    "enable_oversampling": ("1", True),
    "neighbor_pool_size": ("12", 12),
    "positions_provided": ("0", False),
    "probe_trainable": ("yes", True),
    "intensity_scale_trainable": ("false", False),
    "output_dir": ("/d/out", "/d/out"),
    "sequential_sampling": ("true", True),
    "backend": ("pytorch", "pytorch"),
    "torch_loss_mode": ("mae", "mae"),
    "torch_mae_pred_l2_match_target": ("True", True),
    "gradient_clip_val": ("1.0", 1.0),
    "gradient_clip_algorithm": ("agc", "agc"),
    "optimizer": ("adamw", "adamw"),
    "momentum": ("0.8", 0.8),
    "weight_decay": ("0.01", 0.01),
    "adam_beta1": ("0.8", 0.8),
    "adam_beta2": ("0.99", 0.99),
    "scheduler": ("WarmupCosine", "WarmupCosine"),
    "lr_warmup_epochs": ("3", 3),
    "lr_min_ratio": ("0.2", 0.2),
    "plateau_factor": ("0.3", 0.3),
    "plateau_patience": ("4", 4),
    "plateau_min_lr": ("1e-6", 1e-6),
    "plateau_threshold": ("0.1", 0.1),
}
NEEDS = {
    "realspace_mae_weight": ["--realspace_weight", "0.1"],
    "torch_mae_pred_l2_match_target": ["--torch_loss_mode", "mae"],
}
SWITCHES = [name for name, (_, field) in leaf_fields(TrainingConfig).items() if field.kind is bool]
OPTIONAL = [
    name
    for name, (_, field) in leaf_fields(TrainingConfig).items()
    if field.optional and name not in ("n_groups", "n_images")
]


def test_every_leaf_field_has_its_test_value_here() -> None:
    assert CANONICAL.keys() == leaf_fields(TrainingConfig).keys()
    assert len(CANONICAL) == 23 + 38


def test_no_spelling_belongs_to_two_flags() -> None:
    names = [option.opts[0] for flag in train.FLAGS for option in spellings(flag)]
    assert len(names) == len(set(names))


class TestCanonicalFlags:
    @pytest.mark.parametrize("name", CANONICAL)
    @pytest.mark.parametrize(
        "spelled", [str, lambda name: name.replace("_", "-")], ids=["underscore", "hyphen"]
    )
    def test_every_field_takes_its_test_value(
        self, training: Command, name: str, spelled: Callable[[str], str]
    ) -> None:
        text, value = CANONICAL[name]
        flag = f"--{spelled(name)}"
        found = training.printed(*NEEDS.get(name, []), flag, text)[name]
        assert (found, type(found)) == (value, type(value))
        assert training.origins(*NEEDS.get(name, []), flag, text)[name] == flag

    @pytest.mark.parametrize("name", SWITCHES)
    def test_every_switch_in_all_its_forms(self, training: Command, name: str) -> None:
        needs = NEEDS.get(name, [])
        forms = {f"--{name} {word}": True for word in ("true", "1", "yes", "TRUE")}
        forms |= {f"--{name}={word}": False for word in ("false", "0", "no", "False")}
        forms |= {f"--{name}": True, f"--no_{name}": False, f"--no-{name.replace('_', '-')}": False}
        for form, value in forms.items():
            assert training.printed(*needs, *form.split())[name] is value, form

    @pytest.mark.parametrize("name", OPTIONAL)
    def test_none_takes_back_what_the_file_says(self, training: Command, tmp_path: Path, name: str) -> None:
        text, _ = CANONICAL[name]
        path = written(tmp_path, f"{name}: {text}\n")
        assert training.printed("--config", path)[name] is not None
        assert training.printed("--config", path, f"--{name}", "none")[name] is None

    @pytest.mark.parametrize(
        ("arguments", "name", "value"),
        [
            pytest.param(["--N", "128"], "N", 128, id="check-77-integer"),
            pytest.param(["--probe_big", "False"], "probe_big", False, id="check-77-boolean"),
            pytest.param(["--probe_mask_diameter", "20"], "probe_mask_diameter", 20.0, id="check-77-float"),
        ],
    )
    def test_values_are_of_the_fields_type(
        self, training: Command, trained: SimpleNamespace, arguments: list[str], name: str, value: Any
    ) -> None:
        training.run(*arguments)
        found = getattr(trained.config.model, name)
        assert (found, type(found)) == (value, type(value))

    def test_check_77_no_torch_deterministic(self, training: Command, trained: SimpleNamespace) -> None:
        training.run("--backend", "pytorch", "--torch-accelerator", "cpu", "--no-torch-deterministic")
        assert trained.execution.deterministic is False

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--batch_size", "4", "--batch-size", "8"],
            ["--nepochs", "3", "--max_epochs", "5"],
            ["--probe_mask", "--no_probe_mask"],
            ["--scheduler", "Exponential", "--torch-scheduler", "Default"],
            ["--torch-accelerator", "cpu", "--accelerator", "cuda"],
            ["--torch-learning-rate", "1e-3", "--learning-rate", "1e-4"],
            ["--torch-enable-checkpointing", "--disable-checkpointing"],
        ],
    )
    def test_two_spellings_that_differ_are_refused(self, training: Command, arguments: list[str]) -> None:
        line = training.refused(*arguments)
        assert all(word in line for word in [word for word in arguments if word.startswith("--")])

    def test_two_spellings_that_agree_are_one(self, training: Command) -> None:
        assert training.printed("--nepochs", "3", "--max_epochs", "3", "--max-epochs", "3")["nepochs"] == 3

    def test_of_one_spelling_the_last_counts(self, training: Command) -> None:
        assert training.printed("--nepochs", "3", "--nepochs", "4")["nepochs"] == 4


class TestPrecedence:
    @pytest.mark.parametrize(
        ("text", "arguments", "name", "value"),
        [
            pytest.param("nepochs: 9", [], "nepochs", 9, id="check-76-file-beats-default"),
            pytest.param("nepochs: 9", ["--nepochs", "50"], "nepochs", 50, id="check-76-flag-beats-file"),
            pytest.param(
                "model:\n  N: 128", ["--N", "64"], "N", 64, id="check-76-flag-of-default-value-beats-nested"
            ),
            pytest.param("N: 32\nmodel:\n  N: 128", [], "N", 128, id="check-76-nested-beats-flat"),
            pytest.param("nphotons: 1e6", [], "nphotons", 1e6, id="check-76-exponent"),
            pytest.param("", [], "nepochs", 50, id="check-76-empty-file"),
            pytest.param("n_subsample: none", [], "n_subsample", None, id="check-76-none"),
            pytest.param("probe_mask: yes", ["--no_probe_mask"], "probe_mask", False, id="check-76-switch"),
        ],
    )
    def test_of_flag_file_and_default(
        self, training: Command, tmp_path: Path, text: str, arguments: list[str], name: str, value: Any
    ) -> None:
        found = training.printed("--config", written(tmp_path, text), *arguments)[name]
        assert (found, type(found)) == (value, type(value))

    def test_check_76_unknown_keys_are_reported_together(self, training: Command, tmp_path: Path) -> None:
        path = written(tmp_path, "nepoch: 3\nmodel:\n  gridsiz: 2\n")
        line = training.refused("--config", path)
        assert all(word in line for word in ("training.yaml", "nepoch", "nepochs", "gridsiz", "gridsize"))

    @pytest.mark.parametrize(
        ("file", "arguments", "value", "origin"),
        [
            ("", [], 2e5, "metadata of"),
            ("nphotons: 3e5", [], 3e5, "training.yaml"),
            ("nphotons: 3e5", ["--nphotons", "1e9"], 1e9, "--nphotons"),
        ],
        ids=["metadata", "file", "flag"],
    )
    def test_photons(
        self, training: Command, tmp_path: Path, file: str, arguments: list[str], value: float, origin: str
    ) -> None:
        data = tmp_path / "scan.npz"
        np.savez(data, _metadata=np.array(json.dumps({"physics_parameters": {"nphotons": 2e5}})))
        given = ["--config", written(tmp_path, file), "--train_data_file", data, *arguments]
        assert training.printed(*given)["nphotons"] == value
        assert origin in training.origins(*given)["nphotons"]

    def test_the_data_file_may_be_named_in_the_file(
        self, training: Command, tmp_path: Path, trained: SimpleNamespace
    ) -> None:
        result = training("--config", written(tmp_path, f"train_data_file: {FIXTURE}"))
        assert result.exit_code == 0, result.output
        assert trained.config.train_data_file == FIXTURE
        assert trained.config.nphotons != TrainingConfig.nphotons  # the data set's own


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--nepoch", "3"], ["Error: no such option --nepoch; did you mean --nepochs?"]),
            (["--torch-acelerator=cpu"], ["no such option --torch-acelerator", "--torch-accelerator?"]),
            (["--nepochs"], ["--nepochs", "requires an argument"]),
            (["--nepochs", "3.0"], ["--nepochs", "TrainingConfig.nepochs", "'3.0'", "integer >= 1"]),
            (["--nepochs", "0"], ["--nepochs", "TrainingConfig.nepochs", "integer >= 1", "got 0"]),
            (["--probe_big", "maybe"], ["--probe_big", "ModelConfig.probe_big", "'maybe'", "True or False"]),
            (["--backend", "jax"], ["--backend", "'jax'", "'tensorflow' or 'pytorch'"]),
            (["--optimizer", "adm"], ["--optimizer", "'adm'", "did you mean 'adam'"]),
            (["--nphotons", "nan"], ["--nphotons", "nan"]),
            (["--realspace_mae_weight", "0.5"], ["--realspace_mae_weight", "unless realspace_weight > 0"]),
            (["--quiet", "--verbose"], ["--quiet", "--verbose"]),
            (["--config", "/no/such.yaml"], ["/no/such.yaml"]),
            (["extra"], ["extra"]),
            ([], ["--train_data_file is required"]),
            (["--train_data_file", "/no/such.npz"], ["Training data file not found: /no/such.npz"]),
            (["--train_data_file", "none"], ["--train_data_file is required"]),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else None,
    )
    def test_is_one_line(
        self, training: Command, trained: SimpleNamespace, arguments: list[str], words: list[str]
    ) -> None:
        line = training.refused(*arguments)
        assert all(word in line for word in words)
        assert trained.calls == []

    def test_a_bad_value_in_the_file_names_the_file(self, training: Command, tmp_path: Path) -> None:
        path = written(tmp_path, "model:\n  gridsize: 0\n")
        line = training.refused("--config", path)
        assert all(
            word in line for word in (f"{path} (model.gridsize)", "ModelConfig.gridsize", ">= 1", "got 0")
        )

    def test_a_data_file_without_patterns(self, training: Command, tmp_path: Path) -> None:
        path = tmp_path / "scan.npz"
        np.savez(path, xcoords=np.zeros(3))
        line = training.refused("--train_data_file", path, "--output_dir", tmp_path / "o")
        assert all(word in line for word in ("scan.npz", "ycoords"))
        assert not (tmp_path / "o").exists()

    def test_an_output_folder_in_the_way(
        self, training: Command, tmp_path: Path, trained: SimpleNamespace
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        result = training("--train_data_file", FIXTURE, "--output_dir", tmp_path / "file" / "run")
        line = training.line_of(result)
        assert all(word in line for word in ("output_dir", str(tmp_path / "file"), "not a folder"))
        assert trained.calls == []
