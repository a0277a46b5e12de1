"""The command line: one thin module a subcommand, loaded when it is called."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

import click

COMMANDS: dict[str, str] = {
    "train": "Train a network on one scan, with either backend.",
    "infer": "Reconstruct one scan with a trained model, with either backend.",
    "fields": "Explain the fields of the configuration, and their flags.",
    "simulate": "Make a synthetic scan of a known object, with its truth, and a picture of it.",
    "inspect": "Look at a data file: keys, units, scan, probe, and what to mend.",
    "overlap": "Measure how much the probes of images and groups overlap.",
    "verify": "Record, judge and render: do the backends compute the same thing?",
    "record": "Ask backends every case and write evidence files.",
    "judge": "Compare evidence with the float64 reference and write the report.",
    "render": "Draw a report: terminal, HTML page, Markdown, JUnit.",
    "backends": "List backends: installed, usable, what each declares.",
    "faults": "Break the reference on purpose and show which scenario notices.",
}


class _Commands(click.Group):
    """Subcommands by name; a module is imported only when its command runs or shows its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            from ptychoparity.reference.config.schema import did_you_mean  # not for --help

            hint = did_you_mean(cmd_name, COMMANDS) or f"; there are {', '.join(COMMANDS)}"
            ctx.fail(f"no such command: {cmd_name!r}{hint}")
        command: click.Command = import_module(f"ptychoparity.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  ptychoparity verify                              every installed backend, the built-in data set
  ptychoparity verify --data scan.npz              your own measurement through every backend
  ptychoparity verify --python torch=/envs/torch/bin/python --scenario 'STI-*'
  ptychoparity render parity-report                draw a report again
  ptychoparity train --config training.yaml --train_data_file scan.npz --backend pytorch
  ptychoparity train --print-config                every setting, its value, and where it came from

Exit status: 0 every row passed; 1 something failed, broke or did not run; 2 bad input.""",
)
@click.version_option(version("ptychoparity"), "--version", prog_name="ptychoparity")
def main() -> None:
    """Two ptychography backends, a float64 reference, and the suite that proves that they agree."""


def train_main() -> None:
    """``ptycho_train``: ``ptychoparity train`` under its own name."""
    import_module("ptychoparity.cli.train").command.main(prog_name="ptycho_train")


def infer_main() -> None:
    """``ptycho_inference``: ``ptychoparity infer`` under its own name."""
    import_module("ptychoparity.cli.infer").command.main(prog_name="ptycho_inference")


__all__ = ["COMMANDS", "infer_main", "main", "train_main"]
