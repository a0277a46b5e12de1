"""Text and YAML values as the declared type (spec config.md 6.1 and 6.3, checks 76 and 77)."""

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig
from ptychoparity.reference.config.coercion import coerce
from ptychoparity.reference.config.rules import BOOLEAN, COUNT, either, one_of
from ptychoparity.reference.config.schema import Field, field_named

M, T, I = ModelConfig, TrainingConfig, InferenceConfig  # noqa: E741

TAKEN = [
    ("check-77-int", M, "N", "128", 128),
    ("check-77-false", M, "probe_big", "False", False),
    ("check-77-diameter", M, "probe_mask_diameter", "20", 20.0),
    ("check-76-yaml-1e6", T, "nphotons", "1e6", 1e6),
    ("check-76-yaml-1.0e6", T, "nphotons", "1.0e6", 1e6),
    ("int", T, "nepochs", 7, 7),
    ("int-signed", T, "nepochs", "+7", 7),
    ("int-negative", T, "nepochs", "-7", -7),
    ("int-spaces", T, "nepochs", " 7 ", 7),
    ("int-leading-zeros-are-decimal", T, "nepochs", "010", 10),
    ("int-numpy", T, "nepochs", np.int64(7), 7),
    ("float", T, "nphotons", 5e8, 5e8),
    ("float-of-int", T, "nphotons", 5, 5.0),
    ("float-of-numpy", T, "nphotons", np.float32(0.5), 0.5),
    ("float-bare-point", T, "mae_weight", ".5", 0.5),
    ("float-trailing-point", T, "nphotons", "5.", 5.0),
    ("float-capital-exponent", T, "plateau_min_lr", "1E-6", 1e-6),
    *[
        (f"true-{value}", M, "probe_mask", value, True)
        for value in ("true", "TRUE", "1", "yes", "on", True, 1)
    ],
    *[(f"false-{value}", M, "object_big", value, False) for value in ("false", "0", "No", "off", False, 0)],
    ("bool-numpy", M, "probe_mask", np.True_, True),
    ("none", T, "n_subsample", None, None),
    *[(f"none-{word}", T, "n_subsample", word, None) for word in ("none", "None", "null", "NULL", " none ")],
    ("none-path", T, "test_data_file", "none", None),
    ("none-is-text-where-required", M, "fno_input_transform", "none", "none"),
    ("none-is-a-path-where-required", T, "output_dir", "none", Path("none")),
    ("choice", T, "scheduler", "WarmupCosine", "WarmupCosine"),
    ("choice-any-case", T, "torch_loss_mode", "MAE", "MAE"),
    ("path", T, "output_dir", "a/b", Path("a/b")),
    ("path-as-typed", T, "output_dir", "~/runs/$HOME", Path("~/runs/$HOME")),
    ("path-placeholder", T, "output_dir", "", Path()),
    ("path-of-another-flavour", I, "model_path", PurePosixPath("m"), Path("m")),
]
REFUSED = [
    ("check-77-not-int", T, "nepochs", "abc", "must be an integer >= 1, got 'abc'"),
    ("int-of-float", T, "nepochs", 7.0, "must be an integer >= 1, got 7.0"),
    ("int-of-float-text", T, "nepochs", "7.0", "got '7.0'"),
    ("int-of-exponent", T, "nepochs", "1e6", "got '1e6'"),
    ("int-of-hex", T, "nepochs", "0x10", "got '0x10'"),
    ("int-with-underscore", T, "nepochs", "1_000", "got '1_000'"),
    ("int-of-other-digits", T, "nepochs", "\u0667", "got '\u0667'"),
    ("int-of-bool", T, "nepochs", True, "got True"),
    ("int-of-none", T, "nepochs", None, "must be an integer >= 1, got None"),
    ("int-of-none-text", T, "nepochs", "none", "got 'none'"),
    ("int-of-list", T, "nepochs", [1], "got a list"),
    ("int-empty", T, "nepochs", "", "got ''"),
    ("int-too-long", T, "nepochs", "9" * 5000, "999..."),
    ("float-of-bool", T, "nphotons", True, "must be a finite number > 0, got True"),
    ("float-with-underscore", T, "nphotons", "1_000.0", "got '1_000.0'"),
    ("float-with-underscore-after-point", T, "nphotons", ".1_0", "got '.1_0'"),
    ("float-with-underscore-in-exponent", T, "nphotons", "1e1_0", "got '1e1_0'"),
    ("float-nan", T, "nphotons", "nan", "got 'nan'"),
    ("float-inf", T, "nphotons", "inf", "got 'inf'"),
    ("float-of-mapping", T, "nphotons", {"a": 1}, "got a dict"),
    ("float-of-huge-int", T, "weight_decay", 10**400, "must be a number, got 1000"),
    ("bool-of-text", M, "probe_mask", "maybe", "must be True or False, got 'maybe'"),
    ("bool-of-2", M, "probe_mask", 2, "got 2"),
    ("bool-of-float", M, "probe_mask", 1.0, "got 1.0"),
    ("bool-of-none", M, "probe_mask", None, "got None"),
    ("choice-case", M, "amp_activation", "Sigmoid", "got 'Sigmoid'; did you mean 'sigmoid'?"),
    ("choice-lists", T, "optimizer", "x", "must be one of ('adam', 'adamw', 'sgd'), got 'x'"),
    ("choice-yaml-bool", M, "model_type", False, "must be 'pinn' or 'supervised', got False"),
    ("choice-loss", T, "torch_loss_mode", "mea", "did you mean 'mae'?"),
    ("carried-int", M, "fno_modes", "abc", "must be an integer, got 'abc'"),
    ("carried-optional", M, "resnet_width", "abc", "must be an integer, or None, got 'abc'"),
    ("carried-text", M, "fno_input_transform", 3, "must be a text, got 3"),
    ("path-of-number", T, "output_dir", 2024, "must be a path or a string, got 2024"),
    ("path-of-none", T, "output_dir", None, "got None"),
]


@pytest.mark.parametrize(
    ("cls", "name", "value", "expected"), [c[1:] for c in TAKEN], ids=[c[0] for c in TAKEN]
)
def test_value_is_taken_as_the_declared_type(cls: type, name: str, value: Any, expected: Any) -> None:
    taken = coerce(field_named(cls, name), value)
    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(
    ("cls", "name", "value", "text"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_value_is_refused_in_one_line(cls: type, name: str, value: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be ") as caught:
        coerce(field_named(cls, name), value)
    message = str(caught.value)
    assert text in message
    assert "\n" not in message
    assert len(message) < 250


def test_check_76_number_beyond_the_floats_is_left_to_validation() -> None:
    assert coerce(field_named(TrainingConfig, "nphotons"), "1e999") == float("inf")


DEVICES = Field("devices", int | str, False, either(COUNT, one_of("auto")), 1, "")
DETERMINISTIC = Field("deterministic", bool | str, False, either(BOOLEAN, one_of("warn")), True, "")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (DEVICES, "2", 2),
        (DEVICES, "auto", "auto"),
        (DETERMINISTIC, "warn", "warn"),
        (DETERMINISTIC, "no", False),
    ],
)
def test_first_kind_of_a_union_that_takes_the_value_counts(field: Field, value: str, expected: Any) -> None:
    assert coerce(field, value) == expected
    assert type(coerce(field, value)) is type(expected)


def test_union_is_refused_with_the_nearest_choice() -> None:
    with pytest.raises(
        ValueError, match=r"must be an integer >= 1, or .*auto.*, got 'aut'; did you mean 'auto'"
    ):
        coerce(DEVICES, "aut")


def test_ranges_are_not_looked_at() -> None:
    assert coerce(field_named(TrainingConfig, "nepochs"), "0") == 0
    assert coerce(field_named(TrainingConfig, "mae_weight"), "7") == 7.0
