"""``ptychoparity train`` (also ``ptycho_train``): one training, with either backend."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ptychoparity.backends.training_data import load_data
from ptychoparity.backends.workflows import persist, run_cdi_example_with_backend
from ptychoparity.cli import execution, log
from ptychoparity.cli.effective import Request, as_yaml, refuse_bad_values, request
from ptychoparity.cli.errors import BadInputError, bad_input
from ptychoparity.cli.flag_command import POLICY, PRECEDENCE, FlagCommand, run_settings
from ptychoparity.cli.flags import Setting, canonical_flags, given, spellings
from ptychoparity.cli.outcome import EXIT_STATUS, run_to_its_end
from ptychoparity.cli.preparation import check_paths, populate
from ptychoparity.cli.torch_flags import TRAINING_FLAGS
from ptychoparity.reference.config import TrainingConfig, is_given, validate_training_config

FLAGS = [*canonical_flags(TrainingConfig), *TRAINING_FLAGS]

_HELP = """Train a network on one scan, with TensorFlow or PyTorch.

Every field of the configuration has a flag of its own name; underscores and hyphens are the same. A switch
may be bare, take true, false, yes, no, 1 or 0, or be negated: --probe_mask, --probe_mask false,
--no_probe_mask. Where no value is a value, the word none means it."""

_EPILOG = f"""\b
Examples:
  {{command}} --train_data_file scan.npz --nepochs 50 --output_dir run1
  {{command}} --config training.yaml --train_data_file scan.npz --backend pytorch --torch-accelerator cpu
  {{command}} --gridsize 2 --n_groups 1024 --neighbor_count 7 --print-config > training.yaml

{PRECEDENCE} A data file's own nphotons counts where neither flag nor file
gives one.

{POLICY}

Exit status: {EXIT_STATUS}"""


def run(wanted: Request[TrainingConfig], quiet: bool, do_stitching: bool) -> None:
    """Train as asked: configuration into the legacy dictionary, then data, then the backend (CONFIG-001).

    Raises:
        BadInputError: a path or a file that cannot be used.
        RunFailedError: the run refused or failed, or a part is not in this version.
    """
    config = wanted.config
    if not is_given(config.train_data_file):
        raise BadInputError("--train_data_file is required, as a flag or as train_data_file in --config")
    settings = execution.execution_of(wanted.torch, config.backend, "training", quiet)
    _say_what_is_not_computed(execution.native_overrides(wanted.torch, config.backend))
    with bad_input():
        validate_training_config(config)
        check_paths(config.train_data_file, config.test_data_file, Path(config.output_dir))
        populate(config)
        train_data, test_data = load_data(config.train_data_file, config.test_data_file, config)
    with run_to_its_end():
        amplitude, phase, results = run_cdi_example_with_backend(
            train_data,
            test_data,
            config,
            do_stitching=do_stitching,
            torch_execution_config=settings,
        )
        persist(config, amplitude, phase, results)


def _say_what_is_not_computed(overrides: Mapping[str, Any] | None) -> None:
    if overrides:
        warnings.warn(
            f"ignored by a training: {', '.join(overrides)}; a reconstruction takes them",
            UserWarning,
            stacklevel=2,
        )


@click.command(
    cls=FlagCommand,
    params=[
        *run_settings("TrainingConfig"),
        *(option for flag in FLAGS for option in spellings(flag)),
        Setting(["--do_stitching"], is_flag=True, help="Stitch a reconstruction of the test data after it."),
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
    do_stitching: bool,
) -> None:
    """Merge flags, file and defaults; then print the outcome, or run."""
    with log.console(log.level_of(quiet, verbose, console_level)):
        wanted = request(TrainingConfig, given(ctx), config)
        if print_config:
            click.echo(as_yaml(wanted))
        refuse_bad_values(wanted)
        if print_config:
            for line in execution.as_comments(wanted.torch, wanted.config.backend, "training", quiet):
                click.echo(line)
        else:
            run(wanted, quiet, do_stitching)
