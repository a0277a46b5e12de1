"""The golden fixture of the bridge (spec config.md, appendix B), and the legacy dictionary as it was."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from ptychoparity.reference.config import legacy

ROOT = "/canonical/baseline"
GOLDEN_MODEL = {"probe_mask": True, "pad_object": False, "gaussian_smoothing_sigma": 0.5}
GOLDEN_TRAINING = {
    "train_data_file": f"{ROOT}/train_data.npz",
    "test_data_file": f"{ROOT}/test_data.npz",
    "n_groups": 1024,
    "n_subsample": 2048,
    "subsample_seed": 42,
    "output_dir": f"{ROOT}/training_outputs",
    "mae_weight": 0.3,
    "nll_weight": 0.7,
    "realspace_mae_weight": 0.05,
    "realspace_weight": 0.1,
    "positions_provided": False,
    "probe_trainable": True,
    "sequential_sampling": True,
    "nphotons": 5e8,
}
GOLDEN_INFERENCE = {
    "model_path": f"{ROOT}/model_directory",
    "test_data_file": f"{ROOT}/inference_data.npz",
    "n_groups": 512,
    "n_subsample": 1024,
    "subsample_seed": 99,
    "output_dir": f"{ROOT}/inference_outputs",
    "debug": True,
}
GOLDEN = {
    "N": 128,
    "amp_activation": "swish",
    "batch_size": 32,
    "debug": True,
    "gaussian_smoothing_sigma": 0.5,
    "gridsize": 3,
    "intensity_scale.trainable": True,
    "mae_weight": 0.3,
    "model_path": f"{ROOT}/model_directory",
    "model_type": "pinn",
    "n_filters_scale": 2,
    "n_groups": 512,
    "n_subsample": 1024,
    "neighbor_count": 6,
    "nepochs": 100,
    "nll_weight": 0.7,
    "nphotons": 500000000.0,
    "object.big": False,
    "output_prefix": f"{ROOT}/inference_outputs",
    "pad_object": False,
    "positions.provided": False,
    "probe.big": False,
    "probe.mask": True,
    "probe.trainable": True,
    "probe_scale": 2.0,
    "realspace_mae_weight": 0.05,
    "realspace_weight": 0.1,
    "sequential_sampling": True,
    "subsample_seed": 99,
    "test_data_file_path": f"{ROOT}/inference_data.npz",
    "train_data_file_path": f"{ROOT}/train_data.npz",
}


@pytest.fixture(autouse=True)
def _legacy_dictionary_restored() -> Iterator[None]:
    before = dict(legacy.cfg)
    yield
    legacy.cfg.clear()
    legacy.cfg.update(before)


@pytest.fixture
def golden() -> SimpleNamespace:
    """What the native classes cannot say, and the legacy dictionary it all comes to."""
    return SimpleNamespace(
        model=GOLDEN_MODEL, training=GOLDEN_TRAINING, inference=GOLDEN_INFERENCE, legacy=GOLDEN
    )
