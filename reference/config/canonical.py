"""The canonical configurations: what a user chooses, in one vocabulary for every backend.

Three plain dataclasses, mutable and unchecked at construction (spec ``config.md`` 1; ``ptychodus.md``,
trap 2): a client builds them with placeholder paths and ``N=0``, pickles them into another process
and assigns ``N`` there.  Construction never touches the file system; ``validation`` says whether the
values make sense, by the rule that each field is annotated with.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from .rules import (
    ARCHIVE,
    BACKEND,
    BOOLEAN,
    CARRIED,
    CLIP_ALGORITHM,
    COUNT,
    COUNT_FROM_ZERO,
    DECAY,
    FRACTION,
    INNER_FRACTION,
    LOSS_MODE,
    NON_NEGATIVE,
    OPTIMIZER,
    PATH,
    PATTERN_SIZE,
    POSITIVE,
    POWER_OF_TWO,
    SCHEDULER,
    Rule,
    one_of,
    or_none,
)

DEFAULT_TRAINING_GROUPS = 512

_CARRIED = "belongs to generators that are not offered here; carried, not interpreted"


@dataclass
class ModelConfig:
    """The network and the physics around it (spec ``config.md`` 1.1).

    The fields between ``architecture`` and ``amp_activation`` belong to generators that are not
    offered here; they are carried to the legacy dictionary and otherwise ignored.
    """

    N: Annotated[int, PATTERN_SIZE, "side of the square diffraction pattern and of the patch, pixels"] = 64
    gridsize: Annotated[int, COUNT, "patches per side of a group; a group has gridsize**2 channels"] = 1
    n_filters_scale: Annotated[int, COUNT, "width multiplier of the convolution stacks"] = 2
    model_type: Annotated[str, one_of("pinn", "supervised"), "physics-informed, or supervised by labels"] = (
        "pinn"
    )
    architecture: Annotated[str, one_of("cnn"), "generator of the object; only the CNN is offered"] = "cnn"
    fno_modes: Annotated[int, CARRIED, _CARRIED] = 12
    fno_width: Annotated[int, CARRIED, _CARRIED] = 32
    fno_blocks: Annotated[int, CARRIED, _CARRIED] = 4
    fno_cnn_blocks: Annotated[int, CARRIED, _CARRIED] = 2
    learned_input_channels: Annotated[int, CARRIED, _CARRIED] = 1
    max_hidden_channels: Annotated[int | None, CARRIED, _CARRIED] = None
    resnet_width: Annotated[int | None, CARRIED, _CARRIED] = None
    fno_input_transform: Annotated[str, CARRIED, _CARRIED] = "none"
    generator_output_mode: Annotated[str, CARRIED, _CARRIED] = "real_imag"
    amp_activation: Annotated[
        str, one_of("sigmoid", "swish", "softplus", "relu"), "nonlinearity of the amplitude head"
    ] = "sigmoid"
    object_big: Annotated[bool, BOOLEAN, "one output channel per patch, assembled into one region"] = True
    probe_big: Annotated[bool, BOOLEAN, "learned border, so that the whole N x N patch has support"] = True
    probe_mask: Annotated[bool, BOOLEAN, "multiply the probe by a centred disc"] = False
    probe_mask_sigma: Annotated[float, NON_NEGATIVE, "edge width of the soft disc, pixels"] = 1.0
    probe_mask_diameter: Annotated[
        float | None, or_none(POSITIVE), "diameter of the disc, pixels; None means N / 2"
    ] = None
    pad_object: Annotated[bool, BOOLEAN, "the decoder emits the inner N/2 x N/2 and pads with zeros"] = True
    probe_scale: Annotated[float, POSITIVE, "the probe is divided by this times its mean masked modulus"] = (
        4.0
    )
    gaussian_smoothing_sigma: Annotated[
        float, NON_NEGATIVE, "smoothing of the exit wave, pixels; 0 disables it"
    ] = 0.0


_MODEL = Rule("a ModelConfig", lambda value: isinstance(value, ModelConfig))


@dataclass
class TrainingConfig:
    """One training (spec ``config.md`` 1.2).

    ``n_images`` is the deprecated name of ``n_groups`` (spec 1.4): given alone it is copied, with a
    ``DeprecationWarning``.  Without either, ``n_groups`` becomes 512.
    """

    model: Annotated[ModelConfig, _MODEL, "the network and the physics around it"]
    train_data_file: Annotated[Path | None, or_none(PATH), "NPZ file to train on"] = None
    test_data_file: Annotated[Path | None, or_none(PATH), "NPZ file to validate on"] = None
    batch_size: Annotated[int, POWER_OF_TWO, "groups per optimiser step"] = 16
    nepochs: Annotated[int, COUNT, "epochs to train"] = 50
    mae_weight: Annotated[float, FRACTION, "weight of the mean absolute error of amplitudes"] = 0.0
    nll_weight: Annotated[float, FRACTION, "weight of the Poisson negative log-likelihood"] = 1.0
    realspace_mae_weight: Annotated[
        float, NON_NEGATIVE, "weight of the object-space absolute error; needs realspace_weight > 0"
    ] = 0.0
    realspace_weight: Annotated[float, NON_NEGATIVE, "weight of all object-space losses"] = 0.0
    nphotons: Annotated[float, POSITIVE, "expected photons per diffraction pattern"] = 1e9
    n_groups: Annotated[int | None, COUNT, "groups to form, whatever the gridsize; 512 when not given"] = None
    n_images: Annotated[int | None, or_none(COUNT), "deprecated name of n_groups"] = None
    n_subsample: Annotated[
        int | None, or_none(COUNT), "patterns drawn from the file before grouping; None draws none"
    ] = None
    subsample_seed: Annotated[int | None, or_none(COUNT_FROM_ZERO), "seed of that draw"] = None
    neighbor_count: Annotated[int, COUNT, "nearest neighbours considered for grouping"] = 4
    enable_oversampling: Annotated[bool, BOOLEAN, "permit more groups than scan positions"] = False
    neighbor_pool_size: Annotated[
        int | None, or_none(COUNT), "neighbours to choose from when oversampling; None: neighbor_count"
    ] = None
    positions_provided: Annotated[bool, BOOLEAN, "kept for compatibility; nothing reads it"] = True
    probe_trainable: Annotated[bool, BOOLEAN, "train the probe as well"] = False
    intensity_scale_trainable: Annotated[bool, BOOLEAN, "train the intensity scale as well"] = True
    output_dir: Annotated[Path, PATH, "folder for everything that is written"] = Path("training_outputs")
    sequential_sampling: Annotated[bool, BOOLEAN, "take the first scan positions in order"] = False
    backend: Annotated[str, BACKEND, "framework that computes"] = "tensorflow"
    torch_loss_mode: Annotated[str, LOSS_MODE, "primary loss of the PyTorch backend"] = "poisson"
    torch_mae_pred_l2_match_target: Annotated[
        bool, BOOLEAN, "scale the prediction to the target's L2 norm; only with the MAE loss"
    ] = False
    gradient_clip_val: Annotated[
        float | None, or_none(POSITIVE), "threshold of gradient clipping; None: no clipping"
    ] = None
    gradient_clip_algorithm: Annotated[str, CLIP_ALGORITHM, "how gradients are clipped"] = "norm"
    optimizer: Annotated[str, OPTIMIZER, "optimiser"] = "adam"
    momentum: Annotated[float, DECAY, "momentum of sgd; Nesterov's where it is > 0"] = 0.9
    weight_decay: Annotated[float, NON_NEGATIVE, "L2 penalty of the weights"] = 0.0
    adam_beta1: Annotated[float, DECAY, "decay of Adam's first moment"] = 0.9
    adam_beta2: Annotated[float, DECAY, "decay of Adam's second moment"] = 0.999
    scheduler: Annotated[str, SCHEDULER, "schedule of the learning rate"] = "Default"
    lr_warmup_epochs: Annotated[int, COUNT_FROM_ZERO, "epochs of linear warm-up (WarmupCosine)"] = 0
    lr_min_ratio: Annotated[float, FRACTION, "floor of the cosine, relative (WarmupCosine)"] = 0.1
    plateau_factor: Annotated[float, INNER_FRACTION, "factor on a plateau (ReduceLROnPlateau)"] = 0.5
    plateau_patience: Annotated[int, COUNT_FROM_ZERO, "epochs to wait on a plateau"] = 2
    plateau_min_lr: Annotated[float, NON_NEGATIVE, "floor of the learning rate on plateaus"] = 5e-5
    plateau_threshold: Annotated[float, NON_NEGATIVE, "improvement that ends a plateau"] = 0.0

    def __post_init__(self) -> None:
        self.n_groups = _resolve_groups(self.n_groups, self.n_images)
        if self.n_groups is None:
            self.n_groups = DEFAULT_TRAINING_GROUPS


@dataclass
class InferenceConfig:
    """One reconstruction with a trained model (spec ``config.md`` 1.3).

    ``n_groups=None`` means all; ``n_images`` is its deprecated name, as in training.
    """

    model: Annotated[ModelConfig, _MODEL, "the network and the physics around it"]
    model_path: Annotated[Path, ARCHIVE, "folder or archive of the trained model"]
    test_data_file: Annotated[Path, or_none(PATH), "NPZ file to reconstruct"]
    n_groups: Annotated[int | None, or_none(COUNT), "groups to form; None: all"] = None
    n_images: Annotated[int | None, or_none(COUNT), "deprecated name of n_groups"] = None
    n_subsample: Annotated[
        int | None, or_none(COUNT), "patterns drawn from the file before grouping; None draws none"
    ] = None
    subsample_seed: Annotated[int | None, or_none(COUNT_FROM_ZERO), "seed of that draw"] = None
    neighbor_count: Annotated[int, COUNT, "nearest neighbours considered for grouping"] = 4
    enable_oversampling: Annotated[bool, BOOLEAN, "permit more groups than scan positions"] = False
    neighbor_pool_size: Annotated[
        int | None, or_none(COUNT), "neighbours to choose from when oversampling; None: neighbor_count"
    ] = None
    debug: Annotated[bool, BOOLEAN, "more diagnostics, and the progress bar"] = False
    output_dir: Annotated[Path, PATH, "folder for everything that is written"] = Path("inference_outputs")
    backend: Annotated[str, BACKEND, "framework that computes"] = "tensorflow"

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
