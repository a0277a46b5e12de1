"""Configuration as this backend takes it. The bridge is the reference's: one truth for both backends."""

from __future__ import annotations

from collections.abc import Mapping

from ptychoparity.reference.config import InferenceConfig, TrainingConfig, update_legacy_dict


def bridge(config: TrainingConfig | InferenceConfig, legacy: Mapping[str, object]) -> dict[str, object]:
    """The legacy dictionary that results from bridging ``config`` onto a copy of ``legacy``."""
    bridged = dict(legacy)
    update_legacy_dict(bridged, config)
    return bridged
