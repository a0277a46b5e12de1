"""CFG: canonical configuration to legacy dictionary (spec ``config.md`` 1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ptychoparity.conformance.case import Case, Scenario
from ptychoparity.conformance.scenarios.configuration_values import (
    INFERENCE,
    MODEL,
    TRAINING,
    bridge,
    dashed,
    inference,
    sentinels,
    training,
)
from ptychoparity.reference.config import InferenceConfig, TrainingConfig, legacy


def every_field() -> Iterator[Case]:
    """Every field at a value that is not its default, together and alone, onto a dictionary of sentinels."""
    configs: dict[str, TrainingConfig | InferenceConfig] = {
        "training": training(MODEL, **TRAINING),
        "inference": inference(MODEL, **INFERENCE),
        **{f"model-{dashed(name)}": training({name: value}) for name, value in MODEL.items()},
        **{f"training-{dashed(name)}": training(**{name: value}) for name, value in TRAINING.items()},
        **{f"inference-{dashed(name)}": inference(**{name: value}) for name, value in INFERENCE.items()},
    }
    for name, config in configs.items():
        yield bridge(f"{name}-check-1", sentinels(config), config)


def defaults() -> Iterator[Case]:
    """Default configurations onto nothing, onto the pristine dictionary, and onto sentinels."""
    for name, config in (("training", training()), ("inference", inference())):
        yield bridge(f"{name}-empty-check-3", {}, config)
        yield bridge(f"{name}-pristine", dict(legacy.LEGACY_DEFAULTS), config)
        yield bridge(f"{name}-sentinels", sentinels(config), config)


def none_and_falsy() -> Iterator[Case]:
    """None leaves an entry alone and makes none; 0, False and the unknown are what they are."""
    yield bridge("none-keeps-check-4", {"n_subsample": 77}, training())
    yield bridge("none-absent-check-5", {}, training())
    yield bridge("falsy-overwrites-check-6", {"mae_weight": 0.5, "debug": True}, training(), inference())
    yield bridge("unknown-kept-check-7", {"zzz": 1}, training())
    yield bridge("path-text-check-8", {}, training(output_dir=Path("a/b")), inference(model_path=Path("m")))
    yield bridge("path-empty-check-8", {}, training(train_data_file=Path()))


def sequences() -> Iterator[Case]:
    """One configuration after another: the later wins, the same twice changes nothing."""
    first, second = training(MODEL, **TRAINING), inference(**INFERENCE)
    yield bridge("training-then-inference-check-10", {}, first, second)
    yield bridge("inference-then-training", {}, second, first)
    yield bridge("twice-check-11", {}, first, first)
    yield bridge("once-check-11", {}, first)


def golden() -> Iterator[Case]:
    """The golden bridge fixture (spec ``config.md`` Appendix B), from canonical configurations."""
    model = {
        "N": 128,
        "gridsize": 3,
        "amp_activation": "swish",
        "object_big": False,
        "probe_big": False,
        "probe_mask": True,
        "pad_object": False,
        "probe_scale": 2.0,
        "gaussian_smoothing_sigma": 0.5,
    }
    base = Path("/canonical/baseline")
    first = training(
        model,
        train_data_file=base / "train_data.npz",
        test_data_file=base / "test_data.npz",
        output_dir=base / "training_outputs",
        batch_size=32,
        nepochs=100,
        n_groups=1024,
        n_subsample=2048,
        subsample_seed=42,
        neighbor_count=6,
        mae_weight=0.3,
        nll_weight=0.7,
        realspace_mae_weight=0.05,
        realspace_weight=0.1,
        nphotons=5e8,
        positions_provided=False,
        probe_trainable=True,
        sequential_sampling=True,
        backend="pytorch",
    )
    second = inference(
        model,
        model_path=base / "model_directory",
        test_data_file=base / "inference_data.npz",
        output_dir=base / "inference_outputs",
        n_groups=512,
        n_subsample=1024,
        subsample_seed=99,
        neighbor_count=6,
        debug=True,
        backend="pytorch",
    )
    yield bridge("appendix-b-check-16", {}, first, second)


SCENARIOS = (
    Scenario("CFG-001", "Every field reaches its legacy key", "config.md 3, checks 1, 9", every_field),
    Scenario("CFG-002", "Defaults write what they should", "config.md 3.2, 3.3, check 3", defaults),
    Scenario(
        "CFG-003", "None, falsy values, unknown keys, paths", "config.md 3.3, checks 4-8", none_and_falsy
    ),
    Scenario("CFG-004", "Order and repetition", "config.md 3.3, checks 10, 11", sequences),
    Scenario("CFG-005", "The golden bridge fixture", "config.md Appendix B, check 16", golden),
)
