"""How many images and groups a run takes (spec config.md 6.8)."""

import warnings
from pathlib import Path

import pytest

from ptychoparity.reference.config import InferenceConfig, ModelConfig, TrainingConfig
from ptychoparity.reference.config.sampling import Sampling, sampling_of

ALL = None


def training(gridsize: int, n_groups: int | None, n_subsample: int | None) -> TrainingConfig:
    return TrainingConfig(ModelConfig(gridsize=gridsize), n_groups=n_groups, n_subsample=n_subsample)


def inference(gridsize: int, n_groups: int | None, n_subsample: int | None) -> InferenceConfig:
    model = ModelConfig(gridsize=gridsize)
    return InferenceConfig(model, Path(), Path(), n_groups=n_groups, n_subsample=n_subsample)


@pytest.mark.parametrize(
    ("config", "images", "groups"),
    [
        (training(1, 100, 200), 200, 100),
        (training(1, 100, None), 100, 100),
        (training(1, None, None), 512, 512),
        (training(2, 100, 400), 400, 100),
        (training(2, 100, None), ALL, 100),
        (training(2, None, None), ALL, 512),
        (inference(1, 100, 200), 200, 100),
        (inference(1, None, 200), 200, 200),
        (inference(1, 100, None), 100, 100),
        (inference(1, None, None), ALL, ALL),
        (inference(2, 100, 400), 400, 100),
        (inference(2, 100, None), ALL, 100),
        (inference(2, None, None), ALL, ALL),
    ],
)
def test_table_of_the_spec(
    config: TrainingConfig | InferenceConfig, images: int | None, groups: int | None
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sampling_of(config) == Sampling(images, groups)


@pytest.mark.parametrize(
    ("config", "images", "groups", "patterns"),
    [
        (training(1, 100, 99), 99, 100, 100),
        (training(2, 100, 399), 399, 100, 400),
        (inference(1, 100, 99), 99, 100, 100),
        (inference(3, 10, 89), 89, 10, 90),
        (inference(2, None, 200), 200, 200, 800),
    ],
)
def test_too_few_images_draw_one_warning_with_the_numbers(
    config: TrainingConfig | InferenceConfig, images: int, groups: int, patterns: int
) -> None:
    with pytest.warns(UserWarning, match="n_subsample=") as caught:
        assert sampling_of(config) == Sampling(images, groups)
    (warning,) = caught
    assert f"n_subsample={images} is less than the {patterns} patterns of {groups} groups" in str(
        warning.message
    )
    assert warning.filename == __file__
