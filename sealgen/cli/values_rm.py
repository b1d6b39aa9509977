"""``sealgen values rm``: values taken out of the file."""

from __future__ import annotations

import click

from sealgen.cli import report, values_file
from sealgen.cli.settings import global_options, settings
from sealgen.errors import ConfigurationError, did_you_mean


@click.command("rm", short_help="Take values out of the file.")
@values_file.one_environment
@click.argument("entries", metavar="NAME...", nargs=-1, required=True, shell_complete=values_file.complete_name)
@global_options
@click.pass_context
def command(context: click.Context, name: str, entries: tuple[str, ...], store: str | None) -> int:
    """Take values out of the environment's encrypted file; Git's history keeps the file as it was."""
    from sealgen.stores import values_text  # noqa: PLC0415
    from sealgen.values.secret import Secret  # noqa: PLC0415

    found = values_file.target(settings(context).project(), name, store)
    opened = found.file.read()
    text = opened.text.reveal()
    known = values_text.read(text, found.file.path)
    gone = tuple(dict.fromkeys(map(values_file.check_name, entries)))
    for entry in gone:
        if entry not in known:
            raise ConfigurationError(f"{found.file.path} has no value {entry}{did_you_mean(entry, known)}")
        text = values_text.without_value(text, found.file.path, entry)
    written = found.file.write(opened, Secret(text))
    report.say(f"{name}: took {', '.join(gone)} out of {found.file.path}")
    if written is not None:
        values_file.tell_readers(opened, written)
    for entry in gone:
        for reader in found.readers(entry):
            report.warn(f"values.{reader} of {name} reads {entry}, which is gone")
    if settings(context).json:
        click.echo(report.envelope("values", 0, [values_file.data(found, written, names=list(gone))]))
    return 0
