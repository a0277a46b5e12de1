"""The canonical configurations: what a user chooses, in one vocabulary for every backend.

Three plain dataclasses, mutable and unchecked at construction (spec ``config.md`` 1; ``ptychodus.md``,
trap 2): a client builds them with placeholder paths and ``N=0``, pickles them into another process
and assigns ``N`` there.  Construction never touches the file system; ``validation`` says whether the
values make sense.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

DEFAULT_TRAINING_GROUPS = 512


def is_given(path: Path | str | None) -> TypeGuard[Path | str]:
    """Whether a path was given: ``None``, ``Path()``, ``"."`` and ``""`` count as not given.

    Clients fill path fields that they do not use with ``Path()``, which exists as the current
    directory; every place that needs a real path asks here first (spec ``config.md`` appendix C).
    """
    return path is not None and Path(path) != Path()


@dataclass
class ModelConfig:
    """The network and the physics around it (spec ``config.md`` 1.1).

    The fields between ``architecture`` and ``amp_activation`` belong to generators that are not
    offered here; they are carried to the legacy dictionary and otherwise ignored.
    """

    N: int = 64  # side of the square diffraction pattern and of the object patch, pixels
    gridsize: int = 1  # patches per side of a group; a group has gridsize**2 channels
    n_filters_scale: int = 2  # width multiplier of the convolution stacks
    model_type: str = "pinn"  # physics-informed, or 'supervised' by labels
    architecture: str = "cnn"
    fno_modes: int = 12
    fno_width: int = 32
    fno_blocks: int = 4
    fno_cnn_blocks: int = 2
    learned_input_channels: int = 1
    max_hidden_channels: int | None = None
    resnet_width: int | None = None
    fno_input_transform: str = "none"
    generator_output_mode: str = "real_imag"
    amp_activation: str = "sigmoid"  # nonlinearity of the amplitude head
    object_big: bool = True  # one output channel per patch, assembled into one region
    probe_big: bool = True  # learned border, so that the whole N x N patch has support
    probe_mask: bool = False  # multiply the probe by a centred disc
    probe_mask_sigma: float = 1.0  # edge width of the soft disc, pixels
    probe_mask_diameter: float | None = None  # pixels; None means N / 2
    pad_object: bool = True  # the decoder emits the inner N/2 x N/2 and pads with zeros
    probe_scale: float = 4.0  # the probe is divided by this times its mean masked modulus
    gaussian_smoothing_sigma: float = 0.0  # of the exit wave, pixels; 0 disables


@dataclass
class TrainingConfig:
    """One training (spec ``config.md`` 1.2).

    ``n_images`` is the deprecated name of ``n_groups`` (spec 1.4): given alone it is copied, with a
    ``DeprecationWarning``.  Without either, ``n_groups`` becomes 512.
    """

    model: ModelConfig
    train_data_file: Path | None = None
    test_data_file: Path | None = None
    batch_size: int = 16
    nepochs: int = 50
    mae_weight: float = 0.0  # of the diffraction-space mean absolute error
    nll_weight: float = 1.0  # of the Poisson negative log-likelihood
    realspace_mae_weight: float = 0.0
    realspace_weight: float = 0.0
    nphotons: float = 1e9  # expected photons per diffraction pattern
    n_groups: int | None = None
    n_images: int | None = None
    n_subsample: int | None = None  # patterns drawn from the file before grouping
    subsample_seed: int | None = None
    neighbor_count: int = 4  # nearest neighbours considered for grouping
    enable_oversampling: bool = False  # permits more groups than scan positions
    neighbor_pool_size: int | None = None  # None means neighbor_count
    positions_provided: bool = True
    probe_trainable: bool = False
    intensity_scale_trainable: bool = True
    output_dir: Path = Path("training_outputs")
    sequential_sampling: bool = False  # the first scan positions in order, no shuffle
    backend: str = "tensorflow"
    torch_loss_mode: str = "poisson"
    torch_mae_pred_l2_match_target: bool = False
    gradient_clip_val: float | None = None
    gradient_clip_algorithm: str = "norm"
    optimizer: str = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    scheduler: str = "Default"
    lr_warmup_epochs: int = 0
    lr_min_ratio: float = 0.1
    plateau_factor: float = 0.5
    plateau_patience: int = 2
    plateau_min_lr: float = 5e-5
    plateau_threshold: float = 0.0

    def __post_init__(self) -> None:
        self.n_groups = _resolve_groups(self.n_groups, self.n_images)
        if self.n_groups is None:
            self.n_groups = DEFAULT_TRAINING_GROUPS


@dataclass
class InferenceConfig:
    """One reconstruction with a trained model (spec ``config.md`` 1.3).

    ``n_groups=None`` means all; ``n_images`` is its deprecated name, as in training.
    """

    model: ModelConfig
    model_path: Path
    test_data_file: Path
    n_groups: int | None = None
    n_images: int | None = None
    n_subsample: int | None = None
    subsample_seed: int | None = None
    neighbor_count: int = 4
    enable_oversampling: bool = False
    neighbor_pool_size: int | None = None
    debug: bool = False
    output_dir: Path = Path("inference_outputs")
    backend: str = "tensorflow"

    def __post_init__(self) -> None:
        self.n_groups = _resolve_groups(self.n_groups, self.n_images)


CanonicalConfig = ModelConfig | TrainingConfig | InferenceConfig


def _resolve_groups(n_groups: int | None, n_images: int | None) -> int | None:
    if n_groups is not None or n_images is None:
        return n_groups
    warnings.warn(
        f"n_images={n_images!r} is the deprecated name of n_groups; pass n_groups={n_images!r} instead",
        DeprecationWarning,
        stacklevel=4,  # past __post_init__ and the generated __init__, to whoever constructs
    )
    return n_images
