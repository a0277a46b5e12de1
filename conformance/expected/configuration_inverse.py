"""Spec ``config.md`` 4.8: native values of canonical ones, and what comes back."""

from __future__ import annotations

from typing import Any

from ptychoparity.conformance.expected.configuration import entry
from ptychoparity.conformance.golden import Expectation, Golden, Law, Refusal
from ptychoparity.conformance.measures import WHOLE, entries
from ptychoparity.conformance.scenarios.configuration_pairs import CANONICAL_ROWS
from ptychoparity.conformance.scenarios.configuration_values import INFERENCE, MODEL, TRAINING

NATIVE_MODEL: dict[str, Any] = {
    "data.N": 256,
    "data.C": 9,
    "data.grid_size": {"tuple": [3, 3]},
    "data.probe_scale": 2.0,
    "model.mode": "Supervised",
    "model.C_model": 9,
    "model.C_forward": 9,
    "model.probe_mask_tensor": None,
    **{
        f"model.{name}": value
        for name, value in MODEL.items()
        if name not in ("N", "gridsize", "model_type", "probe_scale")
    },
}
NATIVE_TRAINING: dict[str, Any] = {
    **NATIVE_MODEL,
    "data.K": 8,
    "data.nphotons": 5e8,
    "data.subsample_seed": 3,
    "data.n_subsample": 7,
    "model.intensity_scale_trainable": False,
    "model.loss_function": "MAE",
    "training.epochs": 7,
    "training.nll": True,
    "training.train_data_file": {"path": "/d/train.npz"},
    "training.test_data_file": {"path": "/d/test.npz"},
    "training.output_dir": {"path": "/d/out"},
    **{
        f"training.{name}": TRAINING[name]
        for name in (
            *("batch_size", "n_groups", "torch_loss_mode", "torch_mae_pred_l2_match_target"),
            *("gradient_clip_val", "gradient_clip_algorithm", "optimizer", "momentum", "weight_decay"),
            *("adam_beta1", "adam_beta2", "scheduler", "lr_warmup_epochs", "lr_min_ratio"),
            *("plateau_factor", "plateau_patience", "plateau_min_lr", "plateau_threshold"),
        )
    },
}
NATIVE_INFERENCE: dict[str, Any] = {**NATIVE_MODEL, "data.K": 9, "data.subsample_seed": 44, "training": None}

NATIVE_DEFAULTS: dict[str, Any] = {
    "data.N": 64,
    "data.C": 1,
    "data.K": 4,
    "data.grid_size": {"tuple": [1, 1]},
    "data.nphotons": 1e9,
    "model.amp_activation": "sigmoid",
    "model.intensity_scale_trainable": True,
    "model.C_model": 1,
    "model.C_forward": 1,
    "training.n_groups": 512,
    "training.nll": True,
    "inference": None,
}
"""Canonical defaults in native fields: where the two schemas differ, the canonical one holds (spec 4.5)."""

LOST_IN_TRAINING = (
    *("mae_weight", "nll_weight", "realspace_mae_weight", "realspace_weight", "n_images", "n_subsample"),
    *("enable_oversampling", "neighbor_pool_size", "positions_provided", "probe_trainable"),
    "sequential_sampling",
)
"""What native fields cannot hold of `TRAINING`; a weight of 0.7 is more than a switch."""

LOST_IN_INFERENCE = (
    *("n_groups", "n_images", "n_subsample", "enable_oversampling", "neighbor_pool_size", "debug"),
)
PLACES = {name: {"path": str(INFERENCE[name])} for name in ("model_path", "test_data_file", "output_dir")}


def _native(check: str, case: str, **expected: Any) -> Golden:
    """Native values; two underscores stand for the point in a field's name."""
    dotted = {name.replace("__", ".", 1): value for name, value in expected.items()}
    return Golden(check, f"CFG-012/{case}", "native", entries(*dotted), dotted)


def _whole(case: str, values: dict[str, Any]) -> Golden:
    return Golden("4.8", f"CFG-012/{case}", "native", entries(*values), values)


def _losses(model_type: str, asked: str) -> Golden:
    """Supervised training computes MAE, whatever was asked for."""
    mode = "Supervised" if model_type == "supervised" else "Unsupervised"
    loss = "mae" if model_type == "supervised" else asked.lower()
    function = {"poisson": "Poisson", "mae": "MAE"}[loss]
    return _native(
        "57",
        f"{model_type}-{asked}-check-57",
        model__mode=mode,
        model__loss_function=function,
        training__torch_loss_mode=loss,
    )


DERIVED: tuple[Expectation, ...] = (
    _whole("training-all", NATIVE_TRAINING),
    _whole("inference-all", NATIVE_INFERENCE),
    _whole("training-defaults", NATIVE_DEFAULTS),
    Golden(
        "4.8",
        "CFG-012/training-all",
        "overrides",
        WHOLE,
        {name: TRAINING[name] for name in LOST_IN_TRAINING},
    ),
    Golden(
        "4.8",
        "CFG-012/inference-all",
        "overrides",
        WHOLE,
        {name: INFERENCE[name] for name in LOST_IN_INFERENCE} | PLACES,
    ),
    Golden("4.8", "CFG-012/training-defaults", "overrides", WHOLE, {"backend": "tensorflow"}),
    *(
        _native(
            "56",
            f"gridsize-{side}-check-56",
            data__C=side**2,
            model__C_model=side**2,
            model__C_forward=side**2,
            data__grid_size={"tuple": [side, side]},
        )
        for side in (1, 2, 3)
    ),
    *(_losses(kind, loss) for kind in ("pinn", "supervised") for loss in ("poisson", "mae", "MAE")),
    *(
        entry("57", f"CFG-012/{kind}-{loss}-check-57", "torch_loss_mode", loss)
        for kind in ("pinn", "supervised")
        for loss in ("poisson", "mae", "MAE")
    ),
    *(
        _native("4.8", activation, model__amp_activation=activation)
        for activation in ("sigmoid", "softplus", "relu")
    ),
    _native("4.8", "swish", model__amp_activation="silu"),
    *(
        expectation
        for weight, on in ((0.0, False), (0.3, True), (1.0, True))
        for expectation in (
            _native("4.8", f"nll-{int(10 * weight)}-tenths", training__nll=on),
            entry("4.8", f"CFG-012/nll-{int(10 * weight)}-tenths", "nll_weight", weight),
        )
    ),
    entry("4.8", "CFG-012/photons-native-default", "nphotons", 1e5),
    entry("4.8", "CFG-012/no-test-file", "UserWarning", None, "effects"),
    *(
        entry(check, f"CFG-012/{kind}-all", name, True, "effects")
        for kind in ("training", "inference")
        for check, name in (("4.8", "inputs kept"), ("4.8", "legacy dictionary kept"))
    ),
    *(
        Law("4.8", f"CFG-012/{kind}-all", f"CFG-001/{kind}-check-1", "legacy")
        for kind in ("training", "inference")
    ),
    *(Law("4.8", f"CFG-016/{name}", f"CFG-014/{name}", "legacy") for name in CANONICAL_ROWS),
)

WORDS: dict[str, tuple[str, ...]] = {
    "gridsize": ("gridsize", "0"),
    "size": ("N", "100"),
    "activation": ("amp_activation", "'tanh'", "softplus"),
    "model-type": ("model_type", "'Supervised'", "'supervised'"),
    "architecture": ("architecture", "'fno'", "cnn"),
    "batch": ("batch_size", "12"),
    "scheduler": ("scheduler", "'Cosine'", "WarmupCosine"),
    "backend": ("backend", "'jax'", "'tensorflow'", "'pytorch'"),
    "photons": ("nphotons", "nan"),
    "loss": ("torch_loss_mode", "'huber'", "poisson", "mae"),
}

EXPECTATIONS: tuple[Expectation, ...] = (
    *DERIVED,
    *(Refusal("1.5", f"CFG-013/{case}", "ValueError", words) for case, words in WORDS.items()),
)
