"""How many images and groups a run takes (spec ``config.md`` 6.8)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from .canonical import InferenceConfig, TrainingConfig


@dataclass(frozen=True)
class Sampling:
    """Images to draw from the file before grouping, and groups to form of them; None means all."""

    images: int | None
    groups: int | None


def sampling_of(config: TrainingConfig | InferenceConfig) -> Sampling:
    """What ``n_subsample``, ``n_groups`` and ``gridsize`` mean together, for either command.

    Without ``n_groups`` (inference only) there are as many groups as images drawn.  Without ``n_subsample``
    single patterns are drawn as groups are, one each, while larger groups choose among all images: fewer
    would starve the search for neighbours.

    Warns:
        UserWarning: ``n_subsample`` is less than the patterns that the groups hold.
    """
    groups = config.n_subsample if config.n_groups is None else config.n_groups
    patterns = config.model.gridsize**2
    if config.n_subsample is None:
        return Sampling(groups if patterns == 1 else None, groups)
    if groups is not None and config.n_subsample < groups * patterns:
        warnings.warn(
            f"n_subsample={config.n_subsample} is less than the {groups * patterns} patterns "
            f"of {groups} groups of {patterns}: groups will share patterns; "
            "raise n_subsample or lower n_groups",
            UserWarning,
            stacklevel=2,
        )
    return Sampling(config.n_subsample, groups)
