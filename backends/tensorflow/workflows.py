"""One training with TensorFlow, from data to a fitted model (spec ``config.md`` 1.6, ``workflows.md`` 2.1).

`workflows` of the parent package calls these, with the legacy dictionary populated.  Not there yet: fitting,
stitching and loading, which raise `NotAvailable`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ptychoparity.backends.contract import Array, NotAvailable
from ptychoparity.backends.tensorflow.container import load
from ptychoparity.backends.training_data import grouped_data, is_container, require_labels
from ptychoparity.reference.config import TrainingConfig

Results = dict[str, Any]


def run_cdi_example(
    train_data: Any,
    test_data: Any,
    config: TrainingConfig,
    flip_x: bool = False,
    flip_y: bool = False,
    transpose: bool = False,
    M: int = 20,
    do_stitching: bool = False,
) -> tuple[Array | None, Array | None, Results]:
    """Train and, if asked and there are test data, stitch what the model makes of them.

    Raises:
        As `train_cdi_model` and `reassemble_cdi_image`.
    """
    results = train_cdi_model(train_data, test_data, config)
    if do_stitching and test_data is not None:
        results |= reassemble_cdi_image(results, config, flip_x, flip_y, transpose, M)
    return results.get("recon_amp"), results.get("recon_phase"), results


def train_cdi_model(
    train_data: Any,
    test_data: Any,
    config: TrainingConfig,
) -> Results:
    """Train on `RawData` or containers.

    Returns:
        What `fit` makes, and ``train_container`` and ``test_container``.

    Raises:
        TypeError, ValueError: data that no container can be made of; a field out of its range.
        RuntimeError: no labels (DATA-SUP-001).
        NotAvailable: from `fit`.
    """
    train = ensure_container(train_data, config)
    test = None if test_data is None else ensure_container(test_data, config)
    require_labels(train, config)
    results = fit(train, test, config)
    return {**results, "train_container": train, "test_container": test}


def ensure_container(data: Any, config: TrainingConfig) -> Any:
    """``data`` itself where it has ``X`` and ``Y``, else the container of its groups.

    Raises:
        TypeError: neither a container nor `RawData`.
        ValueError: as `grouped_data`.
    """
    if is_container(data):
        return data
    grouped, probe = grouped_data(data, config)
    return load(lambda: grouped, probe, which=None, create_split=False)


def fit(
    train: Any,  # noqa: ARG001 - the interface to come
    test: Any,  # noqa: ARG001
    config: TrainingConfig,  # noqa: ARG001
) -> Results:
    """Train a model on containers. Not there yet.

    Raises:
        NotAvailable: always.
    """
    raise NotAvailable(
        "training with the TensorFlow backend is not available yet: it comes with the networks"
    )


def reassemble_cdi_image(
    results: Results,  # noqa: ARG001 - the interface to come
    config: TrainingConfig,  # noqa: ARG001
    flip_x: bool,  # noqa: ARG001
    flip_y: bool,  # noqa: ARG001
    transpose: bool,  # noqa: ARG001
    M: int,  # noqa: ARG001
) -> Results:
    """Reconstruct the test container of ``results`` and stitch it. Not there yet.

    Raises:
        NotAvailable: always.
    """
    raise NotAvailable(
        "stitching with the TensorFlow backend is not available yet: it comes with the networks; "
        "leave do_stitching out"
    )


def load_inference_bundle(archive: Path, model_name: str) -> tuple[Any, dict[str, Any]]:
    """Load one model of an archive, and the parameters saved with it. Not there yet.

    Raises:
        NotAvailable: always.
    """
    raise NotAvailable(
        f"loading {model_name!r} from {archive} with the TensorFlow backend is not available yet: "
        "bundles come with the networks"
    )
