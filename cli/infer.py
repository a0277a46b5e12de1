"""``ptychoparity infer`` (also ``ptycho_inference``): one reconstruction with a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ptychoparity.backends.contract import Array, NotAvailable
from ptychoparity.backends.execution import PyTorchExecutionConfig
from ptychoparity.backends.workflows import load_inference_bundle_with_backend, save_outputs
from ptychoparity.cli import execution, log
from ptychoparity.cli.effective import Request, as_yaml, refuse_bad_values, request
from ptychoparity.cli.errors import BadInputError, bad_input
from ptychoparity.cli.flag_command import POLICY, PRECEDENCE, FlagCommand, run_settings
from ptychoparity.cli.flags import Setting, canonical_flags, given, spellings
from ptychoparity.cli.outcome import EXIT_STATUS, run_to_its_end
from ptychoparity.cli.preparation import check_paths, populate
from ptychoparity.cli.torch_flags import INFERENCE_FLAGS
from ptychoparity.reference.config import InferenceConfig, is_given, validate_inference_config
from ptychoparity.reference.data import RawData

# The archive knows the rest of the model.
FIELDS = (
    *("model_path", "test_data_file", "output_dir", "backend", "debug"),
    *("n_groups", "n_images", "n_subsample", "subsample_seed"),
    *("neighbor_count", "enable_oversampling", "neighbor_pool_size"),
    *("probe_mask", "probe_mask_sigma", "probe_mask_diameter"),
)
FLAGS = [*canonical_flags(InferenceConfig, FIELDS), *INFERENCE_FLAGS]

_HELP = """Reconstruct one scan with a trained model, with TensorFlow or PyTorch.

The archive that --model_path names holds the network and its configuration; what is given here concerns the
scan, the sampling and the execution. Underscores and hyphens are the same in every flag."""

_EPILOG = f"""\b
Examples:
  {{command}} --model_path run1 --test_data scan.npz --output_dir reconstruction
  {{command}} --model_path run1/wts.h5.zip --test_data scan.npz --backend pytorch --torch-accelerator cpu
  {{command}} --config inference.yaml --n_groups 512 --print-config

{PRECEDENCE}

{POLICY}

Exit status: {EXIT_STATUS}"""


@dataclass(frozen=True)
class Extras:
    """What is drawn and written beside the reconstruction."""

    comparison_plot: bool
    phase_vmin: float | None
    phase_vmax: float | None
    debug_dump: Path | None


def reconstruct(
    model: Any,  # noqa: ARG001 - the interface to come
    data: RawData,  # noqa: ARG001
    config: InferenceConfig,  # noqa: ARG001
    settings: PyTorchExecutionConfig | None,  # noqa: ARG001
    overrides: Mapping[str, Any] | None,  # noqa: ARG001
    extras: Extras,  # noqa: ARG001
) -> tuple[Array, Array, dict[str, Any]]:
    """Amplitude, phase and further results. Not there yet.

    Raises:
        NotAvailable: always.
    """
    raise NotAvailable("reconstruction with a trained model is not available yet: it comes with the networks")


def run(wanted: Request[InferenceConfig], quiet: bool, extras: Extras) -> None:
    """Reconstruct as asked: configuration into the legacy dictionary, then data, then the model (CONFIG-001).

    Raises:
        BadInputError: a path or a file that cannot be used.
        RunFailedError: the run refused or failed, or a part is not in this version.
    """
    config = wanted.config
    for flag, name in (("--model_path", "model_path"), ("--test_data", "test_data_file")):
        if not is_given(getattr(config, name)):
            raise BadInputError(f"{flag} is required, as a flag or as {name} in --config")
    settings = execution.execution_of(wanted.torch, config.backend, "inference", quiet)
    overrides = execution.native_overrides(wanted.torch, config.backend)
    with bad_input():
        validate_inference_config(config)
        check_paths(None, config.test_data_file, Path(config.output_dir))
        populate(config)
        data = RawData.from_file(config.test_data_file)
    with run_to_its_end():
        model, _ = load_inference_bundle_with_backend(config.model_path, config)
        amplitude, phase, results = reconstruct(model, data, config, settings, overrides, extras)
        save_outputs(amplitude, phase, results, Path(config.output_dir))


_EXTRAS = "Pictures and diagnostics"


@click.command(
    cls=FlagCommand,
    params=[
        *run_settings("InferenceConfig"),
        *(option for flag in FLAGS for option in spellings(flag)),
        Setting(
            ["--comparison_plot"],
            is_flag=True,
            help="Draw the reconstruction beside the true object, where the data hold one.",
            section=_EXTRAS,
        ),
        Setting(["--phase_vmin"], type=float, help="Phase in rad that is drawn darkest.", section=_EXTRAS),
        Setting(["--phase_vmax"], type=float, help="Phase in rad that is drawn brightest.", section=_EXTRAS),
        Setting(
            ["--debug_dump"],
            is_flag=False,
            flag_value="",
            metavar="[DIR]",
            help="Write intermediate results; without DIR to debug_dump in the output folder.",
            section=_EXTRAS,
        ),
    ],
    help=_HELP,
    epilog=_EPILOG,
)
@click.pass_context
def command(
    ctx: click.Context,
    config: str | None,
    print_config: bool,
    quiet: bool,
    verbose: bool,
    console_level: str | None,
    comparison_plot: bool,
    phase_vmin: float | None,
    phase_vmax: float | None,
    debug_dump: str | None,
) -> None:
    """Merge flags, file and defaults; then print the outcome, or run."""
    with log.console(log.level_of(quiet, verbose, console_level)):
        wanted = request(InferenceConfig, given(ctx), config)
        if print_config:
            click.echo(as_yaml(wanted))
        refuse_bad_values(wanted)
        _refuse_bad_range(phase_vmin, phase_vmax)
        if print_config:
            for line in execution.as_comments(wanted.torch, wanted.config.backend, "inference", quiet):
                click.echo(line)
        else:
            dump = None if debug_dump is None else Path(debug_dump or wanted.config.output_dir / "debug_dump")
            run(wanted, quiet, Extras(comparison_plot, phase_vmin, phase_vmax, dump))


def _refuse_bad_range(low: float | None, high: float | None) -> None:
    if low is not None and high is not None and not low < high:
        raise BadInputError(f"--phase_vmin ({low:g}) must be less than --phase_vmax ({high:g})")
