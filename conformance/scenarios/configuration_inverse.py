"""CFG: canonical configurations to native ones, and back (spec ``config.md`` 4.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ptychoparity.conformance.case import Case, Scenario
from ptychoparity.conformance.scenarios.configuration_values import (
    INFERENCE,
    MODEL,
    SENTINELS,
    TRAINING,
    inference,
    sentinels,
    to_native,
    training,
)
from ptychoparity.reference.config import InferenceConfig, TrainingConfig


def derived() -> Iterator[Case]:
    """Native values of every field at once, of defaults, and of what follows from others."""
    base = {name: TRAINING[name] for name in ("train_data_file", "test_data_file")}
    for name, config in (
        ("training-all", training(MODEL, **TRAINING)),
        ("inference-all", inference(MODEL, **INFERENCE)),
    ):
        yield to_native(name, sentinels(config), config)
    yield to_native("training-defaults", SENTINELS, training(**base))
    yield to_native("inference-defaults", SENTINELS, inference())
    for side in (1, 2, 3):
        yield to_native(f"gridsize-{side}-check-56", SENTINELS, training({"gridsize": side}, **base))
    for loss in ("poisson", "mae", "MAE"):
        for kind in ("pinn", "supervised"):
            given = training({"model_type": kind}, **base, torch_loss_mode=loss)
            yield to_native(f"{kind}-{loss}-check-57", SENTINELS, given)
    for activation in ("sigmoid", "swish", "softplus", "relu"):
        yield to_native(activation, SENTINELS, training({"amp_activation": activation}, **base))
    for weight in (0.0, 0.3, 1.0):
        yield to_native(f"nll-{int(10 * weight)}-tenths", SENTINELS, training(**base, nll_weight=weight))
    yield to_native("photons-native-default", SENTINELS, training(**base, nphotons=1e5))
    yield to_native("no-test-file", SENTINELS, training(train_data_file=base["train_data_file"]))


UNFIT: Mapping[str, TrainingConfig | InferenceConfig] = {
    "gridsize": training({"gridsize": 0}),
    "size": inference({"N": 100}),
    "activation": training({"amp_activation": "tanh"}),
    "model-type": inference({"model_type": "Supervised"}),
    "architecture": training({"architecture": "fno"}),
    "batch": training(batch_size=12),
    "scheduler": training(scheduler="Cosine"),
    "backend": inference(backend="jax"),
    "photons": training(nphotons=float("nan")),
    "loss": training(torch_loss_mode="huber"),
}


def unfit() -> Iterator[Case]:
    """Canonical values out of their range are not made native."""
    for name, config in UNFIT.items():
        yield to_native(name, {}, config)


SCENARIOS = (
    Scenario("CFG-012", "From canonical to native", "config.md 4.8, checks 56, 57", derived),
    Scenario("CFG-013", "Refusals on the way to native", "config.md 1.5, 4.8", unfit),
)
