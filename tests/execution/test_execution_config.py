"""The execution configuration: its fields, their defaults, and what they refuse (spec ``config.md`` 5)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ptychoparity.backends import execution
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.reference.config import legacy, update_legacy_dict
from ptychoparity.reference.config.schema import fields_of

# Appendix A, in its order, with the defaults of the table of section 5.
DEFAULTS = {
    "accelerator": "auto",
    "devices": 1,
    "strategy": "auto",
    "deterministic": True,
    "precision": "32-true",
    "gradient_clip_val": None,
    "gradient_clip_algorithm": "norm",
    "accum_steps": 1,
    "num_workers": 0,
    "pin_memory": False,
    "persistent_workers": False,
    "prefetch_factor": None,
    "learning_rate": 1e-3,
    "scheduler": "Default",
    "enable_progress_bar": False,
    "enable_checkpointing": True,
    "checkpoint_save_top_k": 1,
    "checkpoint_monitor_metric": "val_loss",
    "checkpoint_mode": "min",
    "early_stop_patience": 100,
    "logger_backend": "csv",
    "recon_log_every_n_epochs": None,
    "recon_log_num_patches": 4,
    "recon_log_fixed_indices": None,
    "recon_log_stitch": False,
    "recon_log_max_stitch_samples": None,
    "inference_batch_size": None,
    "middle_trim": 0,
    "pad_eval": False,
}

BAD = {
    "accelerator": ["xpu", "CUDA", None, "", "quantum", 0],
    "devices": [0, True, "2", -1, 1.0, None, "all"],
    "strategy": ["dp", "DDP", None],
    "deterministic": ["x", 1, 0, None, "Warn"],
    "precision": ["16", 16, 32, None, "64-true"],
    "gradient_clip_val": [-1, 0, math.nan, math.inf, "1", True],
    "gradient_clip_algorithm": ["l2", None],
    "accum_steps": [0, -2, 1.0, True, None],
    "num_workers": [-1, 1.5, True, "2", None],
    "pin_memory": [1, "yes", None],
    "persistent_workers": ["no", 0, None],
    "prefetch_factor": [0, -1, 2.0, True],
    "learning_rate": [0, -1, math.nan, math.inf, "1e-3", True],
    "scheduler": ["Nope", "CosineAnnealing", "default", "MultiStage", None],
    "enable_progress_bar": [1, None],
    "enable_checkpointing": ["true", None],
    "checkpoint_save_top_k": [-2, 1.5, True, -1.0, None],
    "checkpoint_monitor_metric": ["", " ", None, 3],
    "checkpoint_mode": ["avg", "best", "MIN", None],
    "early_stop_patience": [0, -1, 2.5, None],
    "logger_backend": ["wandb", "CSV", "None", 0],
    "recon_log_every_n_epochs": [0, -1, 1.5],
    "recon_log_num_patches": [0, -1, None],
    "recon_log_fixed_indices": [[-1], [1.5], "0", 3, [True]],
    "recon_log_stitch": [1, None],
    "recon_log_max_stitch_samples": [0, -1, 1.5],
    "inference_batch_size": [0, -1, 2.0, True],
    "middle_trim": [-1, 1.5, None],
    "pad_eval": [0, None],
}

GOOD = {
    "accelerator": ["cpu", "cuda", "gpu", "mps"],
    "devices": [1, 8, "auto", np.int64(2)],
    "strategy": ["auto", "ddp", "fsdp", "deepspeed", "ddp_spawn", "ddp_notebook"],
    "deterministic": [True, False, "warn"],
    "precision": ["32-true", "16-mixed", "bf16-mixed"],
    "gradient_clip_val": [None, 1, 0.5, np.float32(0.5)],
    "gradient_clip_algorithm": ["norm", "value", "agc"],
    "accum_steps": [1, 4],
    "num_workers": [0, 4],
    "pin_memory": [False, True],
    "persistent_workers": [False],
    "prefetch_factor": [None],
    "learning_rate": [1e-12, 1, 0.1],
    "scheduler": ["Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau"],
    "enable_progress_bar": [True, False],
    "enable_checkpointing": [True, False],
    "checkpoint_save_top_k": [-1, 0, 1, 5],
    "checkpoint_monitor_metric": ["mae_val_loss"],
    "checkpoint_mode": ["min", "max"],
    "early_stop_patience": [1, 1000],
    "logger_backend": ["csv", "tensorboard", "mlflow", None],
    "recon_log_every_n_epochs": [None, 1],
    "recon_log_num_patches": [1, 16],
    "recon_log_fixed_indices": [None, [], [0, 7], (0, 7)],
    "recon_log_stitch": [True, False],
    "recon_log_max_stitch_samples": [None, 1],
    "inference_batch_size": [None, 1, 64],
    "middle_trim": [0, 32],
    "pad_eval": [True, False],
}


def cases(table, prefix):
    return [
        pytest.param(field, value, id=f"{prefix}-{field}-{value!r}")
        for field, values in table.items()
        for value in values
    ]


@pytest.fixture
def nobody_asks(monkeypatch):
    """Asking for CUDA, which imports PyTorch, fails the test."""

    def refuse():
        raise AssertionError("CUDA was asked for")

    monkeypatch.setattr(execution, "cuda_available", refuse)


def test_the_tables_cover_all_29_fields():
    names = [field.name for field in fields_of(PyTorchExecutionConfig)]
    assert len(names) == 29
    assert names == list(DEFAULTS) == list(BAD) == list(GOOD)
    assert all(BAD.values())


def test_check_66_all_defaults():
    assert {field.name: field.default for field in fields_of(PyTorchExecutionConfig)} == DEFAULTS
    made = vars(PyTorchExecutionConfig("cpu"))
    assert made == DEFAULTS | {"accelerator": "cpu"}
    assert [type(value) for value in made.values()] == [type(value) for value in DEFAULTS.values()]


def test_every_field_says_what_it_means():
    assert all(field.meaning for field in fields_of(PyTorchExecutionConfig))


@pytest.mark.parametrize(("field", "value"), cases(BAD, "check-61"))
def test_a_bad_value_is_refused(nobody_asks, field, value):  # noqa: ARG001 - refused before anything is imported
    with pytest.raises(ValueError, match=rf"^PyTorchExecutionConfig\.{field} must be .+, got ") as caught:
        PyTorchExecutionConfig(**{field: value})
    assert repr(value) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["check-61-tpu"])
def test_tpu_is_refused_in_words_of_its_own(nobody_asks, name):  # noqa: ARG001
    with pytest.raises(ValueError, match=r"accelerator 'tpu'.*TPU.*Torch-XLA.*unsupported") as caught:
        PyTorchExecutionConfig(accelerator="tpu")
    assert all(name in str(caught.value) for name in ("auto", "cpu", "cuda", "gpu", "mps"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("persistent_workers", True, id="check-61-persistent_workers-0-workers"),
        pytest.param("prefetch_factor", 2, id="check-61-prefetch_factor-0-workers"),
    ],
)
def test_settings_of_loading_processes_need_one(field, value):
    with pytest.raises(ValueError, match=rf"{field} must be .* unless num_workers > 0, got {value!r}"):
        PyTorchExecutionConfig("cpu", **{field: value})
    assert getattr(PyTorchExecutionConfig("cpu", num_workers=1, **{field: value}), field) == value


@pytest.mark.parametrize(("field", "value"), cases(GOOD, "good"))
def test_a_good_value_is_kept(field, value):
    assert getattr(PyTorchExecutionConfig(**{"accelerator": "cpu", field: value}), field) is value


@given(st.integers(-3, 3), st.integers(-3, 3), st.floats(allow_nan=True))
@settings(derandomize=True, max_examples=60)
def test_a_configuration_exists_exactly_where_all_rules_hold(workers, top_k, rate):
    allowed = workers >= 0 and top_k >= -1 and 0 < rate < math.inf
    try:
        PyTorchExecutionConfig("cpu", num_workers=workers, checkpoint_save_top_k=top_k, learning_rate=rate)
    except ValueError:
        assert not allowed
    else:
        assert allowed


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ("accelerator", "CUDA", "cuda"),
        ("strategy", "dpp", "ddp"),
        ("precision", "16_mixed", "16-mixed"),
        ("scheduler", "WarmUpCosine", "WarmupCosine"),
        ("logger_backend", "tensorbord", "tensorboard"),
        ("devices", "Auto", "auto"),
    ],
)
def test_a_mistyped_name_brings_the_nearest_one(field, value, meant):
    with pytest.raises(ValueError, match=rf"did you mean '{meant}'\?$"):
        PyTorchExecutionConfig(**{field: value})


def test_check_66_none_as_a_text_is_none():
    assert PyTorchExecutionConfig("cpu", logger_backend="none").logger_backend is None


def test_no_learning_rate_is_the_default():
    assert PyTorchExecutionConfig("cpu", learning_rate=None).learning_rate == 1e-3


def test_check_14_the_legacy_dictionary_refuses_it():
    target = dict(legacy.LEGACY_DEFAULTS)
    with pytest.raises(TypeError):
        update_legacy_dict(target, PyTorchExecutionConfig("cpu"))
    assert target == legacy.LEGACY_DEFAULTS
