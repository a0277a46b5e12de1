"""Train and load with the backend that the configuration names; frameworks are imported only then.

The order of a training is fixed (spec ``config.md`` 1.6): the canonical configuration goes into the legacy
dictionary, then it is checked, then the framework is imported, and only then is data loaded, grouped or a
model built (CONFIG-001).  There is no fallback from one backend to the other.

Not there yet: training itself (`fit` of the engines), stitching after it, and writing and loading models;
each raises `NotAvailable`.  Everything before them is as it will be.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ptychoparity.backends.contract import Array, NotAvailable
from ptychoparity.backends.execution import PyTorchExecutionConfig, require_accelerator
from ptychoparity.backends.guards import require_framework
from ptychoparity.backends.overrides import sort_overrides, with_overrides
from ptychoparity.backends.training_data import load_data
from ptychoparity.reference.config import (
    FIELD_RULES,
    InferenceConfig,
    TrainingConfig,
    is_given,
    legacy,
    update_legacy_dict,
    validate_training_config,
)
from ptychoparity.reference.config.paths import ARCHIVE_NAME
from ptychoparity.reference.config.validation import require_rules

BACKENDS: Mapping[str, str] = MappingProxyType({"tensorflow": "tensorflow", "pytorch": "torch"})
"""What a configuration calls a backend, to the folder that holds it."""

MANIFESTS = ("manifest.json", "manifest.dill")
"""One of these is in every unpacked archive."""

Overrides = Mapping[str, Any]
Results = dict[str, Any]
FilePath = str | PathLike[str]

logger = logging.getLogger(__name__)


def run_cdi_example_with_backend(
    train_data: Any,
    test_data: Any,
    config: TrainingConfig,
    flip_x: bool = False,
    flip_y: bool = False,
    transpose: bool = False,
    M: int = 20,
    do_stitching: bool = False,
    torch_execution_config: PyTorchExecutionConfig | None = None,
    overrides: Overrides | None = None,
) -> tuple[Array | None, Array | None, Results]:
    """Train with the backend that ``config`` names and, if asked, stitch what it makes of the test data.

    Args:
        train_data: path of an NPZ file, `RawData`, or a container (an object with ``X`` and ``Y``).
        test_data: the same, or None.
        config: goes into the legacy dictionary first, as it is.
        flip_x, flip_y, transpose, M, do_stitching: of the stitching.
        torch_execution_config: for the PyTorch backend only; made with accelerator ``auto`` if None.
        overrides: canonical, native or alias names; a copy of ``config`` takes the canonical ones, the
            native configurations of the PyTorch backend the others.

    Returns:
        Amplitude and phase ``(S, S)``, each None unless stitched, and the results, which name the
        ``backend`` and hold ``train_container`` and ``test_container``.

    Raises:
        TypeError: ``config`` or data of another type.
        ValueError: a field or override out of its range, or a placeholder for the training data.
        RuntimeError: the framework cannot be imported (POLICY-001), or what `guards` refuse.
        FileNotFoundError: no such data file.
        NotAvailable: training, or stitching, is reached: this version has neither.
    """
    config, engine, settings = _prepared(config, torch_execution_config, overrides)
    train, test = load_data(train_data, test_data, config)
    amplitude, phase, results = engine.run_cdi_example(
        train, test, config, flip_x, flip_y, transpose, M, do_stitching, **settings
    )
    return amplitude, phase, {**results, "backend": config.backend}


def train_cdi_model_with_backend(
    train_data: Any,
    test_data: Any,
    config: TrainingConfig,
    torch_execution_config: PyTorchExecutionConfig | None = None,
) -> Results:
    """Train with the backend that ``config`` names: `run_cdi_example_with_backend` without stitching.

    Returns:
        Results, which name the ``backend`` and hold ``train_container`` and ``test_container``.

    Raises:
        As `run_cdi_example_with_backend`.
    """
    config, engine, settings = _prepared(config, torch_execution_config, None)
    train, test = load_data(train_data, test_data, config)
    results: Results = engine.train_cdi_model(train, test, config, **settings)
    return {**results, "backend": config.backend}


def load_inference_bundle_with_backend(
    bundle_dir: FilePath, config: InferenceConfig, model_name: str = "diffraction_to_obj"
) -> tuple[Any, dict[str, Any]]:
    """Load a trained model with the backend that ``config`` names, and the parameters saved with it.

    The legacy dictionary is not populated from ``config``: what the archive holds is to win, and loading
    restores it.  Not there yet: loading itself raises `NotAvailable`; so far the backend is checked and
    the archive found.

    Args:
        bundle_dir: as `archive_path`.
        config: only its ``backend`` is looked at.
        model_name: which model of the archive.

    Raises:
        TypeError: ``config`` is no canonical configuration.
        ValueError: ``config.backend`` is neither backend.
        FileNotFoundError: no archive there.
        RuntimeError: the framework cannot be imported.
        NotAvailable: always, once all of that is well.
    """
    if not isinstance(config, InferenceConfig | TrainingConfig):
        raise TypeError(f"config must be an InferenceConfig, got {type(config).__name__}")
    _require_backend(config)
    archive = archive_path(bundle_dir)
    model, parameters = _engine(config.backend).load_inference_bundle(archive, model_name)
    return model, parameters


def archive_path(bundle: FilePath) -> Path:
    """Where the archive is that a path means (spec ``workflows.md`` 1.16, X-05).

    Args:
        bundle: a folder that holds ``wts.h5.zip``, the archive itself under any name, either of them without
            ``.zip``, or a folder into which an archive was unpacked.

    Returns:
        The archive file, or the folder of unpacked contents.

    Raises:
        FileNotFoundError: none of these is there; names the path and what was looked for.
    """
    path = Path(bundle)
    if path.is_dir() and is_given(path):
        if (path / ARCHIVE_NAME).is_file():
            return path / ARCHIVE_NAME
        if any((path / name).is_file() for name in MANIFESTS):
            return path
        raise FileNotFoundError(
            f"no model archive in {path}: expected {ARCHIVE_NAME}, or a manifest ({' or '.join(MANIFESTS)}) "
            "of unpacked contents"
        )
    candidates = [path, path.parent / f"{path.name}.zip", path.parent / f"{path.stem}.zip"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(
        f"no model archive at {path}: expected a folder that holds {ARCHIVE_NAME}, an archive file, or its "
        "path without .zip"
    )


def persist(config: TrainingConfig, amplitude: Array | None, phase: Array | None, results: Results) -> None:
    """Write what a run of `run_cdi_example_with_backend` made (spec ``config.md`` 6.4).

    With TensorFlow: `save_model` and `save_outputs`, once each.  With PyTorch neither: that engine writes
    its bundle itself, and its ``bundle_path`` is logged.

    Raises:
        NotAvailable: TensorFlow, whose two helpers do not exist yet.
    """
    if config.backend == "pytorch":
        logger.info("bundle_path: %s", results.get("bundle_path", "none was written"))
        return
    save_model(results, Path(config.output_dir))
    save_outputs(amplitude, phase, results, Path(config.output_dir))


def save_model(results: Results, output_dir: Path) -> None:  # noqa: ARG001 - the interface to come
    """Write the trained model to ``output_dir``. Not there yet.

    Raises:
        NotAvailable: always.
    """
    raise NotAvailable("saving a trained model is not available yet: bundles come with the networks")


def save_outputs(
    amplitude: Array | None,  # noqa: ARG001 - the interface to come
    phase: Array | None,  # noqa: ARG001
    results: Results,  # noqa: ARG001
    output_dir: Path,  # noqa: ARG001
) -> None:
    """Write pictures of amplitude and phase to ``output_dir``. Not there yet.

    Raises:
        NotAvailable: always.
    """
    raise NotAvailable("saving pictures of a reconstruction is not available yet: it comes with stitching")


def _prepared(
    config: TrainingConfig, execution: PyTorchExecutionConfig | None, overrides: Overrides | None
) -> tuple[TrainingConfig, Any, dict[str, Any]]:
    """What comes before data: the configuration that counts, the engine, and its settings."""
    if not isinstance(config, TrainingConfig):
        raise TypeError(f"config must be a TrainingConfig, got {type(config).__name__}")
    config = with_overrides(config, overrides)
    update_legacy_dict(legacy.cfg, config)
    _require_backend(config)
    validate_training_config(config)
    engine = _engine(config.backend)
    if config.backend != "pytorch":
        if execution is not None or sort_overrides((overrides or {}).items(), TrainingConfig).native:
            logger.info("backend %s: settings of the PyTorch backend are ignored", config.backend)
        return config, engine, {}
    execution = _execution(execution)
    require_accelerator(execution)
    return config, engine, {"execution": execution, "overrides": overrides}


def _require_backend(config: TrainingConfig | InferenceConfig) -> None:
    owner = TrainingConfig if isinstance(config, TrainingConfig) else InferenceConfig
    require_rules(config, {"backend": FIELD_RULES[owner]["backend"]})


def _engine(backend: str) -> Any:
    """The workflows of a backend; imports its framework."""
    require_framework(backend)
    logger.info("backend %s", backend)
    return import_module(f"ptychoparity.backends.{BACKENDS[backend]}.workflows")


def _execution(config: PyTorchExecutionConfig | None) -> PyTorchExecutionConfig:
    if config is None:
        config = PyTorchExecutionConfig()
        logger.info("no execution configuration given: accelerator %r", config.accelerator)
    if not isinstance(config, PyTorchExecutionConfig):
        raise TypeError(
            f"torch_execution_config must be a PyTorchExecutionConfig or None, got {type(config).__name__}"
        )
    return config
