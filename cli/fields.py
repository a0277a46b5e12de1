"""``ptychoparity fields``: what each field of the configuration is, and which flag sets it."""

from __future__ import annotations

import click

from ptychoparity.cli.errors import BadInputError
from ptychoparity.cli.reference_page import page
from ptychoparity.cli.vocabulary import Entry, entries, names_of
from ptychoparity.reference.config.schema import did_you_mean


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--markdown", is_flag=True, help="Print the whole reference page, docs/configuration.md.")
def command(names: tuple[str, ...], markdown: bool) -> None:
    """Explain fields by name, or list them all.

    NAME is a field of any vocabulary: canonical (nepochs), legacy key (object.big), native (grid_size),
    execution (num_workers). A flag is found too; write it after --, as in: fields -- --torch-logger
    """
    if markdown:
        if names:
            raise BadInputError("--markdown prints all fields; leave the names out")
        click.echo(page(), nl=False)
        return
    everything = entries()
    if not names:
        _list(everything)
    for name in names:
        found = [entry for entry in everything if name in (entry.name, *entry.other_names)]
        if not found:
            raise BadInputError(f"no field {name!r}{did_you_mean(name, names_of(everything))}")
        for entry in found:
            _explain(entry)


def _explain(entry: Entry) -> None:
    formatter = click.HelpFormatter(max_width=110)
    with formatter.section(f"{entry.name} ({entry.where})"):
        formatter.write_dl([("meaning", entry.meaning), *entry.facts.items()])
    click.echo(formatter.getvalue())


def _list(everything: list[Entry]) -> None:
    for where in dict.fromkeys(entry.where for entry in everything):
        formatter = click.HelpFormatter(max_width=110)
        with formatter.section(where):
            formatter.write_dl(
                [
                    (entry.name, f"{entry.meaning}  [default: {entry.facts['default']}]")
                    for entry in everything
                    if entry.where == where
                ]
            )
        click.echo(formatter.getvalue())
