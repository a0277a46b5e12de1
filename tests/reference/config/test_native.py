"""The native schema: 131 fields in four classes (spec config.md 4.1 to 4.3)."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ptychoparity.reference.config import native
from ptychoparity.reference.config.rules import CARRIED
from ptychoparity.reference.config.schema import fields_of
from ptychoparity.reference.config.validation import require_rules, rules_of

DATA = {
    "nphotons": 1e5,
    "N": 64,
    "C": 4,
    "K": 6,
    "K_quadrant": 30,
    "n_subsample": 7,
    "subsample_seed": None,
    "grid_size": (2, 2),
    "neighbor_function": "Nearest",
    "min_neighbor_distance": 0.0,
    "max_neighbor_distance": 3.0,
    "scan_pattern": "Isotropic",
    "normalize": "Batch",
    "probe_scale": 4.0,
    "probe_normalize": True,
    "data_scaling": "Parseval",
    "phase_subtraction": True,
    "x_bounds": (0.1, 0.9),
    "y_bounds": (0.1, 0.9),
    "scale_contract_version": "ci_intensity_v2",
    "measurement_domain": "count_intensity",
}
MODEL = {
    "mode": "Unsupervised",
    "architecture": "cnn",
    "amp_activation": "silu",
    "n_filters_scale": 2,
    "object_big": True,
    "probe_big": True,
    "probe_mask": False,
    "probe_mask_tensor": None,
    "probe_mask_sigma": 1.0,
    "probe_mask_diameter": None,
    "pad_object": True,
    "gaussian_smoothing_sigma": 0.0,
    "intensity_scale_trainable": False,
    "C_model": 4,
    "C_forward": 4,
    "loss_function": "Poisson",
    "amp_loss": None,
    "phase_loss": None,
    "amp_loss_coeff": 1.0,
    "phase_loss_coeff": 1.0,
    "intensity_scale": 10000.0,
    "num_datasets": 1,
    "max_position_jitter": 10,
    "batch_norm": False,
    "edge_pad": 10,
    "decoder_last_c_outer_fraction": 0.125,
    "decoder_last_amp_channels": 1,
    "use_legacy_decoder_channel_override": False,
    "eca_encoder": False,
    "cbam_encoder": True,
    "cbam_bottleneck": False,
    "cbam_decoder": False,
    "eca_decoder": False,
    "spatial_decoder": False,
    "decoder_spatial_kernel": 7,
    "offset": 6,
    "fno_modes": 12,
    "fno_width": 32,
    "fno_blocks": 4,
    "fno_cnn_blocks": 2,
    "learned_input_channels": 1,
    "max_hidden_channels": None,
    "resnet_width": None,
    "fno_input_transform": "none",
    "generator_output_mode": "real_imag",
    "spectral_bottleneck_blocks": 6,
    "spectral_bottleneck_modes": 12,
    "spectral_bottleneck_share_weights": True,
    "spectral_bottleneck_gate_init": 0.1,
    "spectral_bottleneck_gate_mode": "shared",
    "cnn_output_mode": "amp_phase",
    "use_shared_decoder": False,
    "training_patch_weighting": "central_mask",
    "physics_forward_mode": "amplitude",
    "rect_s1s2_trainable": True,
    "rect_s1s2_init": "ones",
    "amplitude_physics_gain": 1.0,
}
TRAINING = {
    "epochs": 50,
    "batch_size": 16,
    "nll": True,
    "train_data_file": None,
    "test_data_file": None,
    "output_dir": Path("training_outputs"),
    "n_groups": None,
    "torch_loss_mode": "poisson",
    "torch_mae_pred_l2_match_target": False,
    "gradient_clip_algorithm": "norm",
    "optimizer": "adam",
    "momentum": 0.9,
    "weight_decay": 0.0,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "scheduler": "Default",
    "lr_warmup_epochs": 0,
    "lr_min_ratio": 0.1,
    "gradient_clip_val": None,
    "plateau_factor": 0.5,
    "plateau_patience": 2,
    "plateau_min_lr": 5e-5,
    "plateau_threshold": 0.0,
    "training_directories": [],
    "device": "cuda",
    "strategy": "ddp",
    "n_devices": 1,
    "framework": "Lightning",
    "orchestrator": "Mlflow",
    "learning_rate": 1e-3,
    "epochs_fine_tune": 0,
    "fine_tune_gamma": 0.1,
    "num_workers": 4,
    "accum_steps": 1,
    "log_grad_norm": False,
    "grad_norm_log_freq": 1,
    "stage_1_epochs": 0,
    "stage_2_epochs": 0,
    "stage_3_epochs": 0,
    "physics_weight_schedule": "cosine",
    "stage_3_lr_factor": 0.1,
    "experiment_name": "Synthetic_Runs",
    "notes": "",
    "model_name": "PtychoPINNv2",
}
INFERENCE = {
    "middle_trim": 32,
    "batch_size": 1000,
    "experiment_number": 0,
    "pad_eval": True,
    "window": 20,
    "patch_weighting": "probe",
    "varpro_scaling": True,
    "log_patch_stats": False,
    "patch_stats_limit": None,
}
FROZEN: dict[type, dict[str, Any]] = {
    native.DataConfig: DATA,
    native.ModelConfig: MODEL,
    native.TrainingConfig: TRAINING,
    native.InferenceConfig: INFERENCE,
}
CLASSES = [pytest.param(cls, id=f"native-{cls.__name__}") for cls in FROZEN]


def test_the_classes_are_these_four() -> None:
    assert tuple(FROZEN) == native.NATIVE_CLASSES


@pytest.mark.parametrize("cls", CLASSES)
def test_defaults_and_their_types(cls: type) -> None:
    held = vars(cls())
    assert held == FROZEN[cls]
    assert {name: type(value) for name, value in held.items()} == {
        name: type(value) for name, value in FROZEN[cls].items()
    }
    assert {field.name: field.default for field in fields_of(cls)} == FROZEN[cls]


def test_there_are_131_fields() -> None:
    assert [len(fields_of(cls)) for cls in FROZEN] == [21, 57, 44, 9]
    assert sum(len(dataclasses.fields(cls)) for cls in FROZEN) == 131


@pytest.mark.parametrize("cls", CLASSES)
def test_each_class_is_mutable_and_unchecked(cls: type) -> None:
    nonsense = cls(**dict.fromkeys(FROZEN[cls], "nonsense"))
    assert set(vars(nonsense).values()) == {"nonsense"}
    for name, value in FROZEN[cls].items():
        setattr(nonsense, name, value)
    assert nonsense == cls()


def test_lists_are_not_shared() -> None:
    native.TrainingConfig().training_directories.append("a")
    assert native.TrainingConfig().training_directories == []


@pytest.mark.parametrize("cls", CLASSES)
def test_every_field_has_a_rule_a_type_and_a_meaning(cls: type) -> None:
    assert list(rules_of(cls)) == list(FROZEN[cls])
    for field in fields_of(cls):
        assert field.rule.allowed
        assert field.meaning
        assert field.rule is CARRIED or field.rule.holds(None) == field.optional, field.name
    require_rules(cls(), rules_of(cls))


BLOCKED_IMPORT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('tensorflow', 'keras', 'torch', 'lightning'):
            raise ImportError(name + ' is blocked')

sys.meta_path.insert(0, Blocker())
from pathlib import Path
from ptychoparity.reference.config import ModelConfig, TrainingConfig, native, translation
config = TrainingConfig(ModelConfig(), train_data_file=Path('a'), test_data_file=Path('b'))
print(translation.to_canonical(*translation.to_native(config)) == config)
"""


def test_schema_and_translation_work_with_both_frameworks_blocked() -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKED_IMPORT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr
