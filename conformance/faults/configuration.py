"""Faults of the bridge and of the translation between native and canonical configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ptychoparity.conformance.faults.fault import Fault, Operation, after, before, entries
from ptychoparity.reference.config import (
    KEY_MAPPINGS,
    InferenceConfig,
    ModelConfig,
    TrainingConfig,
    legacy,
    update_legacy_dict,
)
from ptychoparity.reference.config.native import NativeConfigs

Canonical = TrainingConfig | InferenceConfig
Native = tuple[NativeConfigs, dict[str, Any]]

# the bridge


def _old_names_kept(found: dict[str, Any]) -> None:
    for canonical, renamed in KEY_MAPPINGS.items():
        if canonical == "probe_mask" and renamed in found:
            found[canonical] = found.pop(renamed)


def _both_names(found: dict[str, Any]) -> None:
    found["output_dir"] = found.get("output_prefix")


def _none_overwrites(right: Operation) -> Operation:
    def bridge(config: Any, onto: dict[str, Any]) -> dict[str, Any]:
        return {**right(config, onto), **({"n_subsample": None} if config.n_subsample is None else {})}

    return bridge


def _model_lost(right: Operation) -> Operation:
    return lambda config, onto: right(replace(config, model=ModelConfig()), onto)


def _default_drifts(found: dict[str, Any]) -> None:
    if found.get("probe_scale") == 4.0:
        found["probe_scale"] = 1.0


def _falsy_skipped(right: Operation) -> Operation:
    def bridge(config: Any, onto: dict[str, Any]) -> dict[str, Any]:
        return {key: value if value else onto.get(key, value) for key, value in right(config, onto).items()}

    return bridge


def _defaults_skipped(right: Operation) -> Operation:
    """A field that has its default is taken for one that nobody set."""

    def bridge(config: Any, onto: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = right(config, onto)
        if config.model.gridsize == ModelConfig.gridsize and "gridsize" in onto:
            found["gridsize"] = onto["gridsize"]
        return found

    return bridge


def _field_forgotten(right: Operation) -> Operation:
    def bridge(config: Any, onto: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = right(config, onto)
        del found["gaussian_smoothing_sigma"]
        return {**found, **{key: onto[key] for key in ("gaussian_smoothing_sigma",) if key in onto}}

    return bridge


def _exchanged(found: dict[str, Any]) -> None:
    found["object.big"], found["probe.big"] = found["probe.big"], found["object.big"]


def _path_stays(found: dict[str, Any]) -> None:
    found["output_prefix"] = Path(found["output_prefix"])


def _old_keys_cleared(right: Operation) -> Operation:
    return lambda config, onto: right(
        config, {key: onto[key] for key in onto if key in legacy.LEGACY_DEFAULTS}
    )


def _alias_wins(right: Operation) -> Operation:
    def bridge(config: Any, onto: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = right(config, onto)
        return {**found, "n_groups": found["n_images"]} if config.n_images is not None else found

    return bridge


# native to canonical


def _becomes(**changes: Callable[[NativeConfigs, Any], Any]) -> Callable[[Operation], Operation]:
    """Canonical fields that are made anew from the native configurations and the right configuration."""

    def wrap(right: Operation) -> Operation:
        def to_canonical(configs: NativeConfigs, overrides: Mapping[str, Any]) -> Canonical:
            config: Canonical = right(configs, overrides)
            inner = {
                key: make(configs, config) for key, make in changes.items() if hasattr(config.model, key)
            }
            outer = {key: make(configs, config) for key, make in changes.items() if hasattr(config, key)}
            return replace(config, model=replace(config.model, **inner), **outer)

        return to_canonical

    return wrap


def _default_of(field: str) -> Callable[[NativeConfigs, Any], Any]:
    """A canonical field that no native one reaches any more."""
    return lambda _, config: getattr(type(config), field)


def _mask_by_presence(right: Operation) -> Operation:
    """A NumPy truth value counts as an array."""

    def to_canonical(configs: NativeConfigs, overrides: Mapping[str, Any]) -> Canonical:
        config: Canonical = right(configs, overrides)
        if isinstance(configs.model.probe_mask, np.bool_):
            config.model.probe_mask = True
        return config

    return to_canonical


def _without_tensor(configs: NativeConfigs, overrides: Mapping[str, Any]) -> tuple[Any, ...]:
    return replace(configs, model=replace(configs.model, probe_mask_tensor=None)), overrides


def _seed_dropped(right: Operation) -> Operation:
    def to_canonical(configs: NativeConfigs, overrides: Mapping[str, Any]) -> Canonical:
        config: Canonical = right(configs, overrides)
        if isinstance(config, InferenceConfig):
            config.subsample_seed = overrides.get("subsample_seed")
        return config

    return to_canonical


def _native_wins(configs: NativeConfigs, overrides: Mapping[str, Any]) -> tuple[Any, ...]:
    """An override of batch_size loses to the native value."""
    return configs, {name: value for name, value in overrides.items() if name != "batch_size"}


def _falsy_overrides_lost(configs: NativeConfigs, overrides: Mapping[str, Any]) -> tuple[Any, ...]:
    return configs, {name: value for name, value in overrides.items() if value or value is None}


def _typo_ignored(right: Operation) -> Operation:
    def to_canonical(configs: NativeConfigs, overrides: Mapping[str, Any]) -> Any:
        known = vars(ModelConfig) | vars(TrainingConfig) | vars(InferenceConfig)
        kept = {"train_data_file", "model_path", "test_data_file"} | known.keys()
        return right(configs, {name: value for name, value in overrides.items() if name in kept})

    return to_canonical


def _photons_unguarded(right: Operation) -> Operation:
    def to_canonical(configs: NativeConfigs, overrides: Mapping[str, Any]) -> Any:
        return right(
            configs, {"nphotons": configs.data.nphotons, **overrides} if configs.training else overrides
        )

    return to_canonical


def _oblong_accepted(right: Operation) -> Operation:
    def to_canonical(configs: NativeConfigs, overrides: Mapping[str, Any]) -> Any:
        grid = configs.data.grid_size
        if isinstance(grid, tuple) and len(grid) == 2:
            configs = replace(configs, data=replace(configs.data, grid_size=(grid[0], grid[0])))
        return right(configs, overrides)

    return to_canonical


def _overrides_consumed(right: Operation) -> Operation:
    def to_canonical(configs: NativeConfigs, overrides: dict[str, Any]) -> Any:
        found = right(configs, overrides)
        overrides.clear()
        return found

    return to_canonical


def _populates(right: Operation) -> Operation:
    def to_canonical(configs: NativeConfigs, overrides: Mapping[str, Any]) -> Any:
        config = right(configs, overrides)
        update_legacy_dict(legacy.cfg, config)
        return config

    return to_canonical


# canonical to native


def _natively(change: Callable[[NativeConfigs], None]) -> Callable[[Operation], Operation]:
    """Change the native configurations that come out."""

    def changed(found: Native) -> Native:
        change(found[0])
        return found

    return after(changed)


def _channels_stale(configs: NativeConfigs) -> None:
    configs.model.C_model = configs.model.C_forward = 4


def _loss_not_derived(configs: NativeConfigs) -> None:
    if configs.model.mode == "Supervised":
        configs.model.loss_function = "Poisson"


def _swish_kept(configs: NativeConfigs) -> None:
    if configs.model.amp_activation == "silu":
        configs.model.amp_activation = "swish"


def _native_neighbours(configs: NativeConfigs) -> None:
    if TrainingConfig.neighbor_count == configs.data.K:
        configs.data.K = 6


def _forgets(*names: str) -> Callable[[Operation], Operation]:
    """Overrides that say what native fields cannot, left out."""
    return after(lambda found: (found[0], {key: found[1][key] for key in found[1] if key not in names}))


def _rewrites_legacy(right: Operation) -> Operation:
    def to_native(config: Canonical) -> Native:
        update_legacy_dict(legacy.cfg, config)
        found: Native = right(config)
        return found

    return to_native


def _rewrites_config(right: Operation) -> Operation:
    """The loss that supervised training needs is set in what the user gave."""

    def to_native(config: Any) -> Native:
        if config.model.model_type == "supervised" and isinstance(config, TrainingConfig):
            config.torch_loss_mode = "mae"
        found: Native = right(config)
        return found

    return to_native


FAULTS: tuple[Fault, ...] = (
    Fault("legacy-key-not-renamed", "bridge", entries(_old_names_kept)),
    Fault("old-name-beside-the-new", "bridge", entries(_both_names)),
    Fault("none-overwrites", "bridge", _none_overwrites),
    Fault("nested-model-lost", "bridge", _model_lost),
    Fault("default-drifts", "bridge", entries(_default_drifts)),
    Fault("falsy-values-skipped", "bridge", _falsy_skipped),
    Fault("defaults-not-written", "bridge", _defaults_skipped),
    Fault("field-forgotten", "bridge", _field_forgotten),
    Fault("keys-exchanged", "bridge", entries(_exchanged)),
    Fault("path-stays-a-path", "bridge", entries(_path_stays)),
    Fault("unknown-keys-cleared", "bridge", _old_keys_cleared),
    Fault("deprecated-name-wins", "bridge", _alias_wins),
    Fault(
        "sample-count-from-native",
        "to_canonical",
        _becomes(n_subsample=lambda configs, config: config.n_subsample or configs.data.n_subsample),
    ),
    Fault("nll-inverted", "to_canonical", _becomes(nll_weight=lambda _, config: 1.0 - config.nll_weight)),
    Fault(
        "activations-exchanged",
        "to_canonical",
        _becomes(
            amp_activation=lambda _, config: {"swish": "sigmoid", "sigmoid": "swish"}.get(
                config.model.amp_activation, config.model.amp_activation
            )
        ),
    ),
    Fault(
        "activation-falls-back-to-swish",
        "to_canonical",
        _becomes(
            amp_activation=lambda _, config: (
                "sigmoid" if config.model.amp_activation == "sigmoid" else "swish"
            )
        ),
    ),
    Fault("mask-tensor-ignored", "to_canonical", before(_without_tensor)),
    Fault("mask-by-presence", "to_canonical", _mask_by_presence),
    Fault("clip-value-dropped", "to_canonical", _becomes(gradient_clip_val=_default_of("gradient_clip_val"))),
    Fault("plateau-dropped", "to_canonical", _becomes(plateau_min_lr=_default_of("plateau_min_lr"))),
    Fault(
        "intensity-switch-lost",
        "to_canonical",
        _becomes(intensity_scale_trainable=_default_of("intensity_scale_trainable")),
    ),
    Fault("native-seed-dropped-in-inference", "to_canonical", _seed_dropped),
    Fault("override-ignored", "to_canonical", before(_native_wins)),
    Fault("falsy-overrides-ignored", "to_canonical", before(_falsy_overrides_lost)),
    Fault("typo-in-override-ignored", "to_canonical", _typo_ignored),
    Fault("backend-not-set", "to_canonical", _becomes(backend=_default_of("backend"))),
    Fault("native-photons-unguarded", "to_canonical", _photons_unguarded),
    Fault("oblong-grid-accepted", "to_canonical", _oblong_accepted),
    Fault("overrides-consumed", "to_canonical", _overrides_consumed),
    Fault("dictionary-populated-too-early", "to_canonical", _populates),
    Fault("channels-not-derived", "to_native", _natively(_channels_stale)),
    Fault("supervised-loss-not-derived", "to_native", _natively(_loss_not_derived)),
    Fault("activation-not-translated-back", "to_native", _natively(_swish_kept)),
    Fault("native-default-leaks", "to_native", _natively(_native_neighbours)),
    Fault("photon-override-forgotten", "to_native", _forgets("nphotons")),
    Fault("weight-becomes-a-switch", "to_native", _forgets("nll_weight")),
    Fault("sampling-lost-on-the-way", "to_native", _forgets("n_subsample", "sequential_sampling")),
    Fault("legacy-dictionary-rewritten", "to_native", _rewrites_legacy),
    Fault("given-configuration-rewritten", "to_native", _rewrites_config),
)
