from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig, legacy, native
from ptychoparity.reference.config.translation import (
    to_inference_config,
    to_model_config,
    to_training_config,
)


@pytest.fixture(autouse=True)
def _legacy_dictionary_restored() -> Iterator[None]:
    """Start each test from the built-in defaults and leave the dictionary as it was found."""
    before = dict(legacy.cfg)
    legacy.cfg.clear()
    legacy.cfg.update(legacy.LEGACY_DEFAULTS)
    yield
    legacy.unseal()
    legacy.cfg.clear()
    legacy.cfg.update(before)


class Translate:
    """The three translations of native configurations that lack nothing, but for what a test changes."""

    def model(
        self, data: dict[str, Any] | None = None, overrides: dict[str, Any] | None = None, **changes: Any
    ) -> ModelConfig:
        return to_model_config(native.DataConfig(**(data or {})), native.ModelConfig(**changes), overrides)

    def training(
        self,
        data: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
        overrides: dict[str, Any] | None = None,
        **changes: Any,
    ) -> TrainingConfig:
        paths = {"train_data_file": Path("/d/train.npz"), "test_data_file": Path("/d/test.npz")}
        return to_training_config(
            ModelConfig(),
            native.DataConfig(**{"nphotons": 1e6, **(data or {})}),
            native.ModelConfig(**(model or {})),
            native.TrainingConfig(**{**paths, "n_groups": 5, **changes}),
            overrides,
        )

    def inference(
        self, data: dict[str, Any] | None = None, overrides: dict[str, Any] | None = None
    ) -> InferenceConfig:
        paths = {"model_path": Path("/d/model"), "test_data_file": Path("/d/test.npz")}
        return to_inference_config(
            ModelConfig(),
            native.DataConfig(**(data or {})),
            native.InferenceConfig(),
            {**paths, **(overrides or {})},
        )


@pytest.fixture
def translate() -> Translate:
    return Translate()
