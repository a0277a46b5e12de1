"""The PyTorch-style schema: 131 fields in four classes, of which 42 have a canonical counterpart.

Plain mutable dataclasses, unchecked at construction, that load no framework (spec ``config.md`` 4.1 to 4.3).
`translation` carries them to the canonical configuration and back; `rules_of` of each class says what its
fields may hold.  The defaults are those of the schema; they differ from the canonical ones where spec 4.5
says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from .rules import (
    BOOLEAN,
    CARRIED,
    CLIP_ALGORITHM,
    COUNT,
    COUNT_FROM_ZERO,
    DECAY,
    FRACTION,
    INNER_FRACTION,
    LOSS_MODE,
    NAME,
    NON_NEGATIVE,
    OPTIMIZER,
    PATH,
    POSITIVE,
    TEXT,
    Rule,
    either,
    is_finite,
    is_integer,
    one_of,
    or_none,
)


def _pair(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2


SQUARE_GRID = Rule(
    "a pair of equal integers >= 1",
    lambda value: _pair(value) and value[0] == value[1] and all(is_integer(n) and n >= 1 for n in value),
)
BOUNDS = Rule(
    "a pair of numbers (low, high) with 0 <= low < high <= 1",
    lambda value: _pair(value) and all(map(is_finite, value)) and 0 <= value[0] < value[1] <= 1,
)
TEXTS = Rule(
    "a list of texts", lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value)
)
ODD = Rule("an odd integer >= 1", lambda value: is_integer(value) and value >= 1 and value % 2 == 1)
REGULARISER = or_none(one_of("Total_Variation", "Mean_Deviation"))
DEVICES = either(COUNT, one_of("auto"))

_GENERATOR = "belongs to generators that are not offered here"
_SCALING = "absolute-scaling research; off by default"


@dataclass
class DataConfig:
    """Patterns, grouping and scales (spec ``config.md`` 4.1)."""

    nphotons: Annotated[float, POSITIVE, "expected photons per diffraction pattern"] = 1e5
    N: Annotated[int, COUNT, "side of the diffraction pattern and of the patch, pixels"] = 64
    C: Annotated[int, COUNT, "channels: the product of grid_size"] = 4
    K: Annotated[int, COUNT, "nearest neighbours considered for grouping"] = 6
    K_quadrant: Annotated[int, COUNT, "neighbours of the four-quadrant search"] = 30
    n_subsample: Annotated[int, COUNT, "coordinate combinations per group; not a count of patterns"] = 7
    subsample_seed: Annotated[int | None, or_none(COUNT_FROM_ZERO), "seed of the draw of patterns"] = None
    grid_size: Annotated[tuple[int, int], SQUARE_GRID, "patches of a group, rows and columns"] = (2, 2)
    neighbor_function: Annotated[
        str, one_of("Nearest", "Min_dist", "4_quadrant"), "how neighbours are found"
    ] = "Nearest"
    min_neighbor_distance: Annotated[float, NON_NEGATIVE, "nearest neighbour allowed, pixels"] = 0.0
    max_neighbor_distance: Annotated[float, POSITIVE, "farthest neighbour allowed, pixels"] = 3.0
    scan_pattern: Annotated[str, one_of("Isotropic", "Rectangular"), "kind of scan"] = "Isotropic"
    normalize: Annotated[str, one_of("Group", "Batch", "None"), "what shares one normalisation"] = "Batch"
    probe_scale: Annotated[float, POSITIVE, "the probe is divided by this times its mean masked modulus"] = (
        4.0
    )
    probe_normalize: Annotated[bool, BOOLEAN, "normalise the probe"] = True
    data_scaling: Annotated[str, one_of("Parseval", "Max"), "how patterns are scaled"] = "Parseval"
    phase_subtraction: Annotated[bool, BOOLEAN, "subtract the mean phase of labels"] = True
    x_bounds: Annotated[tuple[float, float], BOUNDS, "part of the scan that is used, in x"] = (0.1, 0.9)
    y_bounds: Annotated[tuple[float, float], BOUNDS, "part of the scan that is used, in y"] = (0.1, 0.9)
    scale_contract_version: Annotated[
        str, one_of("ci_intensity_v2", "legacy_v1"), "profile of the scales"
    ] = "ci_intensity_v2"
    measurement_domain: Annotated[
        str, one_of("count_intensity", "normalized_amplitude"), "what the patterns measure"
    ] = "count_intensity"


@dataclass
class ModelConfig:
    """The network (spec ``config.md`` 4.2)."""

    mode: Annotated[str, one_of("Unsupervised", "Supervised"), "by physics or by labels"] = "Unsupervised"
    architecture: Annotated[str, one_of("cnn"), "generator of the object; only the CNN is offered"] = "cnn"
    amp_activation: Annotated[
        str,
        one_of("silu", "SiLU", "swish", "sigmoid", "softplus", "relu"),
        "nonlinearity of the amplitude head",
    ] = "silu"
    n_filters_scale: Annotated[int, COUNT, "width multiplier of the convolution stacks"] = 2
    object_big: Annotated[bool, BOOLEAN, "one output channel per patch, assembled into one region"] = True
    probe_big: Annotated[bool, BOOLEAN, "learned border, so that the whole N x N patch has support"] = True
    probe_mask: Annotated[
        Any, CARRIED, "multiply the probe by a disc: a truth value, None, or a mask array (then True)"
    ] = False
    probe_mask_tensor: Annotated[Any, CARRIED, "mask array; its presence turns the mask on"] = None
    probe_mask_sigma: Annotated[float, NON_NEGATIVE, "edge width of the soft disc, pixels"] = 1.0
    probe_mask_diameter: Annotated[float | None, or_none(POSITIVE), "diameter of the disc, pixels"] = None
    pad_object: Annotated[bool, BOOLEAN, "the decoder emits the inner N/2 x N/2 and pads with zeros"] = True
    gaussian_smoothing_sigma: Annotated[float, NON_NEGATIVE, "smoothing of the exit wave, pixels"] = 0.0
    intensity_scale_trainable: Annotated[bool, BOOLEAN, "train the intensity scale as well"] = False
    C_model: Annotated[int, COUNT, "channels of the network: equal to C"] = 4
    C_forward: Annotated[int, COUNT, "channels of the forward model: equal to C"] = 4
    loss_function: Annotated[str, one_of("Poisson", "MAE"), "follows from torch_loss_mode and mode"] = (
        "Poisson"
    )
    amp_loss: Annotated[str | None, REGULARISER, "regulariser of the amplitude"] = None
    phase_loss: Annotated[str | None, REGULARISER, "regulariser of the phase"] = None
    amp_loss_coeff: Annotated[float, NON_NEGATIVE, "its weight"] = 1.0
    phase_loss_coeff: Annotated[float, NON_NEGATIVE, "its weight"] = 1.0
    intensity_scale: Annotated[float, POSITIVE, "first guess of the intensity scale"] = 10000.0
    num_datasets: Annotated[int, COUNT, "experiments with parameters of their own"] = 1
    max_position_jitter: Annotated[int, COUNT_FROM_ZERO, "unused; kept for old files"] = 10
    batch_norm: Annotated[bool, BOOLEAN, "batch normalisation"] = False
    edge_pad: Annotated[int, COUNT_FROM_ZERO, "padding of the decoder's edge, pixels"] = 10
    decoder_last_c_outer_fraction: Annotated[float, FRACTION, "share of channels for the border"] = 0.125
    decoder_last_amp_channels: Annotated[int, COUNT, "amplitude channels of the last stage"] = 1
    use_legacy_decoder_channel_override: Annotated[bool, BOOLEAN, "for old checkpoints"] = False
    eca_encoder: Annotated[bool, BOOLEAN, "channel attention in the encoder"] = False
    cbam_encoder: Annotated[bool, BOOLEAN, "block attention in the encoder"] = True
    cbam_bottleneck: Annotated[bool, BOOLEAN, "block attention in the bottleneck"] = False
    cbam_decoder: Annotated[bool, BOOLEAN, "block attention in the decoder"] = False
    eca_decoder: Annotated[bool, BOOLEAN, "channel attention in the decoder"] = False
    spatial_decoder: Annotated[bool, BOOLEAN, "spatial attention in the decoder"] = False
    decoder_spatial_kernel: Annotated[int, ODD, "kernel of that attention, pixels"] = 7
    offset: Annotated[int, COUNT_FROM_ZERO, "step between grid positions, pixels"] = 6
    fno_modes: Annotated[int, CARRIED, _GENERATOR] = 12
    fno_width: Annotated[int, CARRIED, _GENERATOR] = 32
    fno_blocks: Annotated[int, CARRIED, _GENERATOR] = 4
    fno_cnn_blocks: Annotated[int, CARRIED, _GENERATOR] = 2
    learned_input_channels: Annotated[int, CARRIED, _GENERATOR] = 1
    max_hidden_channels: Annotated[int | None, CARRIED, _GENERATOR] = None
    resnet_width: Annotated[int | None, CARRIED, _GENERATOR] = None
    fno_input_transform: Annotated[str, CARRIED, _GENERATOR] = "none"
    generator_output_mode: Annotated[str, CARRIED, _GENERATOR] = "real_imag"
    spectral_bottleneck_blocks: Annotated[int, CARRIED, _GENERATOR] = 6
    spectral_bottleneck_modes: Annotated[int, CARRIED, _GENERATOR] = 12
    spectral_bottleneck_share_weights: Annotated[bool, CARRIED, _GENERATOR] = True
    spectral_bottleneck_gate_init: Annotated[float, CARRIED, _GENERATOR] = 0.1
    spectral_bottleneck_gate_mode: Annotated[str, CARRIED, _GENERATOR] = "shared"
    cnn_output_mode: Annotated[str, CARRIED, _SCALING] = "amp_phase"
    use_shared_decoder: Annotated[bool, CARRIED, _SCALING] = False
    training_patch_weighting: Annotated[str, CARRIED, _SCALING] = "central_mask"
    physics_forward_mode: Annotated[str, CARRIED, _SCALING] = "amplitude"
    rect_s1s2_trainable: Annotated[bool, CARRIED, _SCALING] = True
    rect_s1s2_init: Annotated[str, CARRIED, _SCALING] = "ones"
    amplitude_physics_gain: Annotated[float, CARRIED, _SCALING] = 1.0


@dataclass
class TrainingConfig:
    """One training (spec ``config.md`` 4.3)."""

    epochs: Annotated[int, COUNT, "epochs to train"] = 50
    batch_size: Annotated[int, COUNT, "groups per optimiser step"] = 16
    nll: Annotated[bool, BOOLEAN, "use the Poisson negative log-likelihood"] = True
    train_data_file: Annotated[Path | None, or_none(PATH), "NPZ file to train on"] = None
    test_data_file: Annotated[Path | None, or_none(PATH), "NPZ file to validate on"] = None
    output_dir: Annotated[Path, PATH, "folder for everything that is written"] = Path("training_outputs")
    n_groups: Annotated[int | None, or_none(COUNT), "groups to form; required when translated"] = None
    torch_loss_mode: Annotated[str, LOSS_MODE, "primary loss"] = "poisson"
    torch_mae_pred_l2_match_target: Annotated[
        bool, BOOLEAN, "scale the prediction to the target's L2 norm"
    ] = False
    gradient_clip_algorithm: Annotated[str, CLIP_ALGORITHM, "how gradients are clipped"] = "norm"
    optimizer: Annotated[str, OPTIMIZER, "optimiser"] = "adam"
    momentum: Annotated[float, DECAY, "momentum of sgd"] = 0.9
    weight_decay: Annotated[float, NON_NEGATIVE, "L2 penalty of the weights"] = 0.0
    adam_beta1: Annotated[float, DECAY, "decay of Adam's first moment"] = 0.9
    adam_beta2: Annotated[float, DECAY, "decay of Adam's second moment"] = 0.999
    scheduler: Annotated[
        str,
        one_of("Default", "Exponential", "WarmupCosine", "ReduceLROnPlateau", "MultiStage", "Adaptive"),
        "schedule of the learning rate; the last two cannot be translated",
    ] = "Default"
    lr_warmup_epochs: Annotated[int, COUNT_FROM_ZERO, "epochs of linear warm-up"] = 0
    lr_min_ratio: Annotated[float, FRACTION, "floor of the cosine, relative"] = 0.1
    gradient_clip_val: Annotated[float | None, or_none(POSITIVE), "threshold of gradient clipping"] = None
    plateau_factor: Annotated[float, INNER_FRACTION, "factor on a plateau"] = 0.5
    plateau_patience: Annotated[int, COUNT_FROM_ZERO, "epochs to wait on a plateau"] = 2
    plateau_min_lr: Annotated[float, NON_NEGATIVE, "floor of the learning rate on plateaus"] = 5e-5
    plateau_threshold: Annotated[float, NON_NEGATIVE, "improvement that ends a plateau"] = 0.0
    training_directories: Annotated[list[str], TEXTS, "folders of data sets"] = field(default_factory=list)
    device: Annotated[str, NAME, "device asked for"] = "cuda"
    strategy: Annotated[str, NAME, "strategy of distributed training"] = "ddp"
    n_devices: Annotated[int | str, DEVICES, "devices to train on"] = 1
    framework: Annotated[str, NAME, "engine of the training"] = "Lightning"
    orchestrator: Annotated[str, NAME, "what tracks the experiment"] = "Mlflow"
    learning_rate: Annotated[float, POSITIVE, "learning rate"] = 1e-3
    epochs_fine_tune: Annotated[int, COUNT_FROM_ZERO, "epochs of fine-tuning"] = 0
    fine_tune_gamma: Annotated[float, POSITIVE, "factor of the learning rate there"] = 0.1
    num_workers: Annotated[int, COUNT_FROM_ZERO, "processes that load data"] = 4
    accum_steps: Annotated[int, COUNT, "batches per optimiser step"] = 1
    log_grad_norm: Annotated[bool, BOOLEAN, "log the norm of gradients"] = False
    grad_norm_log_freq: Annotated[int, COUNT, "steps between such entries"] = 1
    stage_1_epochs: Annotated[int, COUNT_FROM_ZERO, "epochs of the first stage"] = 0
    stage_2_epochs: Annotated[int, COUNT_FROM_ZERO, "epochs of the second stage"] = 0
    stage_3_epochs: Annotated[int, COUNT_FROM_ZERO, "epochs of the third stage"] = 0
    physics_weight_schedule: Annotated[
        str, NAME, "how the physics loss is blended in during the second stage"
    ] = "cosine"
    stage_3_lr_factor: Annotated[float, POSITIVE, "factor of the learning rate in the third stage"] = 0.1
    experiment_name: Annotated[str, NAME, "name of the experiment"] = "Synthetic_Runs"
    notes: Annotated[str, TEXT, "notes kept with the run"] = ""
    model_name: Annotated[str, NAME, "name of the model"] = "PtychoPINNv2"


@dataclass
class InferenceConfig:
    """One reconstruction; nothing of it is translated (spec ``config.md`` 4.3)."""

    middle_trim: Annotated[int, COUNT, "central part of patches that is stitched, pixels"] = 32
    batch_size: Annotated[int, COUNT, "groups per prediction"] = 1000
    experiment_number: Annotated[int, COUNT_FROM_ZERO, "which experiment to reconstruct"] = 0
    pad_eval: Annotated[bool, BOOLEAN, "pad the canvas"] = True
    window: Annotated[int, COUNT_FROM_ZERO, "border of the canvas that is cut, pixels"] = 20
    patch_weighting: Annotated[str, NAME, "weights of overlapping patches"] = "probe"
    varpro_scaling: Annotated[bool, BOOLEAN, "fit the scale of patches"] = True
    log_patch_stats: Annotated[bool, BOOLEAN, "log statistics of patches"] = False
    patch_stats_limit: Annotated[int | None, or_none(COUNT), "batches for which they are logged"] = None


NATIVE_CLASSES = (DataConfig, ModelConfig, TrainingConfig, InferenceConfig)


@dataclass
class NativeConfigs:
    """One set of native configurations, for a training or for a reconstruction.

    Attributes:
        data, model: always there.
        training, inference: exactly one of them, which says what the set is for.
    """

    data: DataConfig
    model: ModelConfig
    training: TrainingConfig | None = None
    inference: InferenceConfig | None = None
