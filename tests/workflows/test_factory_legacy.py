"""What payloads leave in the legacy dictionary (spec config.md 4.7)."""

import numpy as np
import pytest

from ptychoparity.backends import factory
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.factory import populate_legacy_params
from ptychoparity.reference.config import ModelConfig, TrainingConfig, bridged, legacy, native

CPU = PyTorchExecutionConfig(accelerator="cpu")


@pytest.mark.parametrize("kind", ["training", "inference"])
def test_a_payload_is_bridged_and_sealed(request, caplog, kind):
    expected = dict(legacy.cfg)
    payload = request.getfixturevalue(kind)()
    assert legacy.cfg == bridged(payload.config, expected)
    legacy.set("label", "x")
    assert "sealed" in caplog.text


def test_a_sealed_dictionary_is_populated_again_without_complaint(training, caplog, silently):
    silently(training)
    silently(training)
    assert caplog.text == ""


def test_payloads_hold_the_same_configuration_whichever_state_the_dictionary_is_in(training):
    first = training()
    legacy.cfg.update(N=256, gridsize=3, model_type="supervised")
    with pytest.warns(UserWarning, match="replaced") as warned:
        second = training()
    assert warned[0].filename == training.__code__.co_filename
    assert (first.config, first.native) == (second.config, second.native)


def test_populating_pristine_defaults_draws_no_warning(silently):
    silently(populate_legacy_params, TrainingConfig(ModelConfig(N=256)))
    assert legacy.cfg["N"] == 256


def test_what_a_run_writes_and_unknown_keys_draw_no_warning(silently):
    legacy.cfg.update(intensity_scale=3.0, probe=np.ones((2, 2)), timestamp="t", bigN=7, zzz=np.ones(3))
    silently(populate_legacy_params, TrainingConfig(ModelConfig(N=256)))
    assert legacy.cfg["intensity_scale"] == 3.0


def test_replacing_other_values_draws_one_warning_that_names_them():
    legacy.cfg["N"] = 512
    legacy.cfg["nepochs"] = 9
    with pytest.warns(UserWarning, match=r"replaced are N, nepochs;.*force=True") as caught:
        populate_legacy_params(TrainingConfig(ModelConfig(N=256)))
    assert len(caught) == 1
    assert legacy.cfg["N"] == 256


def test_populating_twice_or_by_force_draws_no_warning(silently):
    config = TrainingConfig(ModelConfig(N=256))
    silently(populate_legacy_params, config)
    silently(populate_legacy_params, config)
    silently(populate_legacy_params, TrainingConfig(ModelConfig(N=128)), force=True)
    assert legacy.cfg["N"] == 128


@pytest.mark.parametrize(
    "given",
    [CPU, {"N": 64}, native.TrainingConfig(), TrainingConfig, None],
    ids=lambda value: type(value).__name__,
)
def test_only_canonical_configurations_populate(given, refused_untouched):
    assert "Config" in refused_untouched(TypeError, populate_legacy_params, given)


def test_populating_comes_last(training, monkeypatch):
    """Whatever fails before it leaves the dictionary alone; here the audit does."""
    monkeypatch.setattr(factory, "_audit", lambda *_: 1 / 0)
    before = dict(legacy.cfg)
    with pytest.raises(ZeroDivisionError):
        training()
    assert legacy.cfg == before
