"""The rules of the native schema, field by field (spec config.md 4.1 to 4.3)."""

from typing import Any

import pytest

from ptychoparity.reference.config import native
from ptychoparity.reference.config.rules import CARRIED
from ptychoparity.reference.config.validation import require_rules, rules_of

# Several values that each rule must refuse, by field; every field whose rule is not CARRIED is here.
NAN, INF = float("nan"), float("inf")
COUNT = [0, -1, 1.0, True, None, "1"]
COUNT_FROM_ZERO = [-1, 0.0, False, None, "0"]
NON_NEGATIVE = [-1e-9, NAN, INF, True, None, "0"]
POSITIVE = [0, *NON_NEGATIVE]
FRACTION = [-1e-9, 1.0001, NAN, None]
DECAY = [1.0, *FRACTION]
BOOLEAN = [0, 1, None, "True"]
NAME = ["", " ", None, 1]
PATH = [3, b"a"]
BOUNDS = [(0.9, 0.1), (0.5, 0.5), (-0.1, 0.9), (0.1, 1.1), (0.1, NAN), (0.1,), 0.5, None, "ab"]
REGULARISER = ["", "MAE", 1]


def choice(*wrong: str) -> list[Any]:
    return [*wrong, "", None, 0, ["Batch"]]


REFUSED: dict[type, dict[str, list[Any]]] = {
    native.DataConfig: {
        **dict.fromkeys(("nphotons", "max_neighbor_distance", "probe_scale"), POSITIVE),
        **dict.fromkeys(("N", "C", "K", "K_quadrant", "n_subsample"), COUNT),
        "subsample_seed": [-1, 0.0, "0"],
        "grid_size": [(2, 3), (0, 0), (2,), (2, 2, 2), 2, (2.0, 2.0), (True, True), None, "22"],
        "neighbor_function": choice("nearest", "min_dist"),
        "min_neighbor_distance": NON_NEGATIVE,
        "scan_pattern": choice("isotropic"),
        "normalize": choice("batch", "none"),
        **dict.fromkeys(("probe_normalize", "phase_subtraction"), BOOLEAN),
        "data_scaling": choice("parseval"),
        **dict.fromkeys(("x_bounds", "y_bounds"), BOUNDS),
        "scale_contract_version": choice("v2"),
        "measurement_domain": choice("intensity"),
    },
    native.ModelConfig: {
        "mode": choice("pinn", "supervised"),
        "architecture": choice("fno", "CNN"),
        "amp_activation": choice("Swish", "tanh"),
        **dict.fromkeys(
            ("n_filters_scale", "C_model", "C_forward", "num_datasets", "decoder_last_amp_channels"), COUNT
        ),
        **dict.fromkeys(("object_big", "probe_big", "pad_object", "intensity_scale_trainable"), BOOLEAN),
        **dict.fromkeys(("batch_norm", "use_legacy_decoder_channel_override", "eca_encoder"), BOOLEAN),
        **dict.fromkeys(("cbam_encoder", "cbam_bottleneck", "cbam_decoder"), BOOLEAN),
        **dict.fromkeys(("eca_decoder", "spatial_decoder"), BOOLEAN),
        **dict.fromkeys(("probe_mask_sigma", "gaussian_smoothing_sigma"), NON_NEGATIVE),
        **dict.fromkeys(("amp_loss_coeff", "phase_loss_coeff"), NON_NEGATIVE),
        "probe_mask_diameter": [0.0, -1, NAN, INF, True, "20"],
        "loss_function": choice("poisson", "mae"),
        **dict.fromkeys(("amp_loss", "phase_loss"), REGULARISER),
        "intensity_scale": POSITIVE,
        **dict.fromkeys(("max_position_jitter", "edge_pad", "offset"), COUNT_FROM_ZERO),
        "decoder_last_c_outer_fraction": FRACTION,
        "decoder_spatial_kernel": [2, *COUNT],
    },
    native.TrainingConfig: {
        **dict.fromkeys(("epochs", "batch_size", "accum_steps", "grad_norm_log_freq"), COUNT),
        **dict.fromkeys(("nll", "torch_mae_pred_l2_match_target", "log_grad_norm"), BOOLEAN),
        **dict.fromkeys(("train_data_file", "test_data_file"), PATH),
        "output_dir": [*PATH, None],
        "n_groups": [0, -1, 1.0, True, "1"],
        "torch_loss_mode": choice("nll"),
        "gradient_clip_algorithm": choice("clip", "Norm"),
        "optimizer": choice("rmsprop", "Adam"),
        **dict.fromkeys(("momentum", "adam_beta1", "adam_beta2"), DECAY),
        **dict.fromkeys(("weight_decay", "plateau_min_lr", "plateau_threshold"), NON_NEGATIVE),
        "scheduler": choice("default", "Cosine"),
        **dict.fromkeys(("lr_warmup_epochs", "plateau_patience", "epochs_fine_tune"), COUNT_FROM_ZERO),
        **dict.fromkeys(("num_workers", "stage_1_epochs"), COUNT_FROM_ZERO),
        **dict.fromkeys(("stage_2_epochs", "stage_3_epochs"), COUNT_FROM_ZERO),
        "lr_min_ratio": FRACTION,
        "gradient_clip_val": [0.0, -1, NAN, INF, "1"],
        "plateau_factor": [0, *DECAY],
        "training_directories": [None, "a", ("a",), [1]],
        **dict.fromkeys(("device", "strategy", "framework", "orchestrator"), NAME),
        **dict.fromkeys(("physics_weight_schedule", "experiment_name", "model_name"), NAME),
        "n_devices": [0, -1, 1.0, True, "all", None],
        **dict.fromkeys(("learning_rate", "fine_tune_gamma", "stage_3_lr_factor"), POSITIVE),
        "notes": [None, 1],
    },
    native.InferenceConfig: {
        **dict.fromkeys(("middle_trim", "batch_size"), COUNT),
        **dict.fromkeys(("experiment_number", "window"), COUNT_FROM_ZERO),
        **dict.fromkeys(("pad_eval", "varpro_scaling", "log_patch_stats"), BOOLEAN),
        "patch_weighting": NAME,
        "patch_stats_limit": [0, -1, 1.0, "1"],
    },
}
REFUSALS = [
    pytest.param(cls, name, value, id=f"{cls.__name__}.{name}={value!r}")
    for cls, table in REFUSED.items()
    for name, values in table.items()
    for value in values
]
# Legal values other than the default, for rules with several branches.
ACCEPTED = [
    (native.DataConfig, "grid_size", [3, 3]),
    (native.DataConfig, "x_bounds", [0, 1]),
    (native.DataConfig, "normalize", "None"),
    (native.DataConfig, "neighbor_function", "4_quadrant"),
    (native.DataConfig, "measurement_domain", "normalized_amplitude"),
    (native.DataConfig, "scale_contract_version", "legacy_v1"),
    (native.DataConfig, "subsample_seed", 0),
    (native.ModelConfig, "amp_loss", "Total_Variation"),
    (native.ModelConfig, "phase_loss", "Mean_Deviation"),
    (native.ModelConfig, "amp_activation", "SiLU"),
    (native.ModelConfig, "probe_mask_diameter", 20),
    (native.ModelConfig, "probe_mask", [[0]]),
    (native.TrainingConfig, "n_devices", "auto"),
    (native.TrainingConfig, "scheduler", "MultiStage"),
    (native.TrainingConfig, "torch_loss_mode", "MAE"),
    (native.TrainingConfig, "training_directories", ["a", "b"]),
    (native.TrainingConfig, "train_data_file", "a.npz"),
    (native.InferenceConfig, "patch_stats_limit", 1),
]


@pytest.mark.parametrize("cls", native.NATIVE_CLASSES)
def test_every_rule_that_refuses_anything_has_its_cases(cls: type) -> None:
    assert set(REFUSED[cls]) == {name for name, rule in rules_of(cls).items() if rule is not CARRIED}


@pytest.mark.parametrize(("cls", "name", "value"), REFUSALS)
def test_a_rule_refuses_and_names_field_value_and_what_is_allowed(cls: type, name: str, value: Any) -> None:
    config = cls(**{name: value})
    with pytest.raises(ValueError, match=rf"^{cls.__name__}\.{name} must be ") as caught:
        require_rules(config, rules_of(cls))
    assert f", got {value!r}" in str(caught.value)
    assert rules_of(cls)[name].allowed in str(caught.value)


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    ACCEPTED,
    ids=[f"{cls.__name__}.{name}={value!r}" for cls, name, value in ACCEPTED],
)
def test_a_rule_accepts(cls: type, name: str, value: Any) -> None:
    config = cls(**{name: value})
    require_rules(config, rules_of(cls))
    assert getattr(config, name) == value
