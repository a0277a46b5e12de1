"""A click command of many flags: help in sections, and errors of one line."""

from __future__ import annotations

from typing import Any

import click

from ptychoparity.cli.errors import BadInputError
from ptychoparity.cli.flags import LOG, Setting, sections_of
from ptychoparity.reference.config.schema import did_you_mean

PRECEDENCE = """Precedence: a flag beats the YAML file, the YAML file beats the default; in the file, fields
of the model may stand under 'model:' or flat. --print-config shows what counts and why; 'ptychoparity fields
NAME' explains one field, docs/configuration.md all of them."""
POLICY = """PyTorch needs torch >= 2.2 and runs GPU-first (POLICY-001): without any --torch-* flag the log
says so, and --torch-accelerator cpu chooses the CPU. The configuration is in the legacy dictionary before any
data are loaded (CONFIG-001)."""


class FlagCommand(click.Command):
    """A command whose help is grouped, and whose help names the command as it was called.

    ``{command}`` in the help text and in the epilog stands for the name of the program.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {}).update(
            help_option_names=["-h", "--help"], max_content_width=110
        )
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, or say in one line what cannot be parsed.

        Raises:
            BadInputError: unknown option, missing value, or a word that belongs to no option.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [name for param in self.params for name in param.opts]
            near = did_you_mean(error.option_name, known).replace("'", "")
            raise BadInputError(f"no such option {error.option_name}{near}") from error
        except click.UsageError as error:
            raise BadInputError(error.format_message()) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, heading by heading."""
        for section, options in sections_of(self.get_params(ctx)).items():
            records = [record for option in options if (record := option.get_help_record(ctx))]
            if records:
                with formatter.section(section):
                    formatter.write_dl(records)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does."""
        self._named(ctx, formatter, self.help or "")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, precedence and exit status."""
        self._named(ctx, formatter, self.epilog or "")

    @staticmethod
    def _named(ctx: click.Context, formatter: click.HelpFormatter, text: str) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text.replace("{command}", ctx.command_path))


def run_settings(config_class: str) -> list[Setting]:
    """What both commands offer beside the fields."""
    return [
        Setting(
            ["--config"], metavar="FILE.yaml", help=f"YAML file with fields of {config_class}; flags beat it."
        ),
        Setting(
            ["--print-config"],
            is_flag=True,
            help="Print the effective configuration as YAML, with where each value came from, and stop. "
            "Needs no data files and no framework.",
        ),
        Setting(["--quiet"], is_flag=True, help="Only warnings and errors; no progress bar.", section=LOG),
        Setting(["--verbose"], is_flag=True, help="Everything, tracebacks included.", section=LOG),
        Setting(
            ["--console-level"],
            type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], case_sensitive=False),
            help="Lowest level shown; beats --quiet and --verbose.  [default: INFO]",
            section=LOG,
        ),
    ]
