"""The legacy dictionary (spec config.md 7, checks 27 to 33)."""

import logging
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.config import legacy

DEFAULTS = {
    "N": 128,
    "offset": 4,
    "gridsize": 2,
    "batch_size": 16,
    "nepochs": 60,
    "n_filters_scale": 2,
    "output_prefix": "outputs",
    "max_position_jitter": 10,
    "sim_jitter_scale": 0.0,
    "set_phi": False,
    "size": 392,
    "nimgs_train": 9,
    "nimgs_test": 3,
    "outer_offset_train": None,
    "outer_offset_test": None,
    "label": "",
    "big_gridsize": 10,
    "npseed": 42,
    "default_probe_scale": 0.7,
    "mae_weight": 0.0,
    "nll_weight": 1.0,
    "tv_weight": 0.0,
    "realspace_mae_weight": 0.0,
    "realspace_weight": 0.0,
    "nphotons": 1e9,
    "data_source": "generic",
    "probe.trainable": False,
    "intensity_scale.trainable": False,
    "positions.provided": False,
    "object.big": True,
    "probe.big": False,
    "probe_scale": 10.0,
    "probe.mask": True,
    "pad_object": True,
    "model_type": "pinn",
    "amp_activation": "sigmoid",
    "h5_path": "wts.h5",
    "debug": True,
    "gaussian_smoothing_sigma": 0.0,
    "use_xla_translate": True,
}

BLOCKED_IMPORT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('tensorflow', 'torch'):
            raise ImportError(name + ' is blocked')

sys.meta_path.insert(0, Blocker())
import ptychoparity.reference.config as config
config.legacy.print_params()
config.update_legacy_dict(config.legacy.cfg, config.TrainingConfig(config.ModelConfig()))
print('done', len(config.legacy.cfg), 'tensorflow' in sys.modules, 'torch' in sys.modules)
"""


def test_check_27_forty_defaults() -> None:
    assert len(DEFAULTS) == 40
    assert dict(legacy.LEGACY_DEFAULTS) == DEFAULTS
    assert legacy.cfg == DEFAULTS
    assert {key: type(value) for key, value in legacy.cfg.items()} == {
        key: type(value) for key, value in DEFAULTS.items()
    }
    with pytest.raises(TypeError):
        legacy.LEGACY_DEFAULTS["N"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "derived"),
    [
        pytest.param({}, (132, 14, 142), id="check-28-defaults"),
        pytest.param({"N": 64, "gridsize": 1}, (64, 10, 74), id="check-28-64-1"),
        pytest.param({"N": 64, "gridsize": 2}, (68, 14, 78), id="check-28-64-2"),
        pytest.param({"N": 32, "gridsize": 3, "offset": 5, "max_position_jitter": 1}, (42, 11, 43), id="all"),
    ],
)
def test_derived_quantities(changes: dict[str, Any], derived: tuple[int, int, int]) -> None:
    for key, value in changes.items():
        legacy.set(key, value)
    assert (legacy.get_bigN(), legacy.get_padding_size(), legacy.get_padded_size()) == derived
    assert legacy.params()["bigN"] == derived[0]
    assert "bigN" not in legacy.cfg
    assert legacy.get("bigN") == derived[0]
    assert legacy.cfg["bigN"] == derived[0]


@pytest.mark.parametrize(("key", "value", "side"), [("N", 64, 68), ("gridsize", 3, 136), ("offset", 1, 129)])
def test_check_28_bigN_follows_later_changes(key: str, value: int, side: int) -> None:  # noqa: N802
    assert legacy.get("bigN") == 132
    legacy.cfg[key] = value
    assert legacy.params()["bigN"] == side
    assert legacy.get("bigN") == side


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("nope", id="check-29-nope"),
        pytest.param("bigoffset", id="check-30-bigoffset"),
        "intensity_scale",
        "probe_mask",
        "cropN",
    ],
)
def test_absent_keys(key: str) -> None:
    """Keys that nobody defines, or only a run."""
    with pytest.raises(KeyError, match=key):
        legacy.get(key)
    assert legacy.get(key, None) is None
    assert legacy.get(key, 5) == 5
    assert key not in legacy.cfg


def test_get_refills_removed_defaults_but_keeps_the_rest() -> None:
    legacy.cfg.clear()
    legacy.cfg["N"] = 32
    assert legacy.get("gridsize") == 2
    assert legacy.get("N") == 32
    assert legacy.get("outer_offset_train", "default") is None
    assert legacy.cfg == {**DEFAULTS, "N": 32}


@pytest.mark.parametrize("value", ["bogus", None, ["lines"], np.array(["lines"])])
def test_check_31_invalid_data_source_is_not_stored(value: Any) -> None:
    before = dict(legacy.cfg)
    with pytest.raises(ValueError, match=r"data_source must be one of lines, .*generic"):
        legacy.set("data_source", value)
    assert legacy.cfg == before


@pytest.mark.parametrize(
    "source",
    ["lines", "grf", "experimental", "points", "testimg", "diagonals", "xpp", "V", "generic"],
)
def test_data_sources(source: str) -> None:
    legacy.set("data_source", source)
    assert legacy.get("data_source") == source


def test_check_32_realspace_weight_comes_first() -> None:
    before = dict(legacy.cfg)
    with pytest.raises(ValueError, match=r"realspace_mae_weight=0\.1 needs realspace_weight"):
        legacy.set("realspace_mae_weight", 0.1)
    assert legacy.cfg == before
    legacy.set("realspace_weight", 0.2)
    legacy.set("realspace_mae_weight", 0.1)
    assert (legacy.cfg["realspace_mae_weight"], legacy.cfg["realspace_weight"]) == (0.1, 0.2)
    with pytest.raises(ValueError, match="realspace_weight"):
        legacy.set("realspace_weight", 0.0)
    assert legacy.cfg["realspace_weight"] == 0.2


@pytest.mark.parametrize("value", ["0.1", None, float("nan")])
def test_realspace_weights_must_be_numbers(value: Any) -> None:
    with pytest.raises(ValueError, match="realspace_weight must be a finite number"):
        legacy.set("realspace_weight", value)


def test_validate_sees_direct_writes() -> None:
    assert legacy.validate() is True
    legacy.cfg["data_source"] = "bogus"
    with pytest.raises(ValueError, match="'bogus'"):
        legacy.validate()


def test_set_is_validated_with_optimisation_on() -> None:
    code = (
        "from ptychoparity.reference.config import legacy\n"
        "try:\n    legacy.set('data_source', 'bogus')\n"
        "except ValueError:\n    print(legacy.cfg['data_source'])\n"
    )
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "generic"


def test_params_is_a_shallow_copy() -> None:
    legacy.cfg["probe"] = [1]
    copied = legacy.params()
    assert copied == {**legacy.cfg, "bigN": 132}
    assert copied["probe"] is legacy.cfg["probe"]
    copied["N"] = 1
    assert legacy.cfg["N"] == 128


def test_print_params_is_sorted_and_summarises_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    legacy.cfg["probe"] = np.zeros((64, 64), dtype=np.complex64)
    legacy.print_params()
    lines = capsys.readouterr().out.splitlines()
    keys = [line.split(":")[0] for line in lines]
    assert keys == sorted([*DEFAULTS, "bigN", "probe"])
    assert "probe: ndarray of shape (64, 64), dtype complex64" in lines
    assert "h5_path: 'wts.h5'" in lines


def test_seal_logs_later_changes_and_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    legacy.set("N", 64)
    legacy.seal()
    for key in ("intensity_scale", "probe", "timestamp"):
        legacy.set(key, 1)
    assert caplog.records == []
    legacy.set("N", 32)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "'N'" in caplog.text
    assert legacy.cfg["N"] == 32
    legacy.unseal()
    legacy.set("N", 16)
    assert len(caplog.records) == 1


def test_check_33_imports_with_both_frameworks_blocked() -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKED_IMPORT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "done 69 False False"
