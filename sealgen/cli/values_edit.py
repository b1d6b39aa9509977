"""``sealgen values edit``: all values of the file in a person's editor, and nowhere once it is closed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from sealgen.cli import report, values_file
from sealgen.cli.settings import global_options, settings
from sealgen.errors import ConfigurationError, SealgenError, printable

if TYPE_CHECKING:
    from pathlib import Path

    from sealgen.stores.age_file import Opened, Written

_BEGIN = (
    b"# NAME: TEXT, one value a line; a text such as '*x' or 'a: b' needs quotes, and {base64: ...} is for bytes.\n"
)


@click.command("edit", short_help="Open all values in an editor.")
@values_file.one_environment
@global_options
@click.pass_context
def command(context: click.Context, name: str, store: str | None) -> int:
    """Open the values of the environment's encrypted file in $VISUAL, $EDITOR or vi, and encrypt what is saved.

    While the editor runs, they stand in a file that you alone can read, in memory where the system has a place for
    that; it is wiped when the editor ends. Where what was saved can't be right, you may edit it again.
    """
    from sealgen.scratch import scratch, write  # noqa: PLC0415

    found = values_file.target(settings(context).project(), name, store)
    opened = found.file.read()
    found.file.check_recipients()
    try:
        before = _values(found, opened.text.reveal())
    except ConfigurationError:
        before = {}  # It was not sealgen that wrote it; an editor may make it right.
    with scratch(os.environ) as folder:
        path = folder.path / f"{name}.values.yaml"
        write(path, opened.text.reveal() or _BEGIN)
        if not folder.in_memory:
            report.warn(f"no folder here is in memory alone: until you close the editor, the values are in {path}")
        text = _edited(found, path)
        after = _values(found, text)
        try:
            written = _written(found, opened, text)
        except SealgenError as error:
            folder.kept = True
            hint = f"{error.hint} " if error.hint else ""
            raise type(error)(
                error.message,
                at=error.at,
                hint=f"{hint}What you typed is kept in {path}, as it is; remove it yourself.",
            ) from None
    added = [entry for entry in after if entry not in before]
    removed = [entry for entry in before if entry not in after]
    changed = [entry for entry in after if entry in before and after[entry] != before[entry]]
    if written is None:
        report.say(f"{name}: nothing was changed")
    else:
        said = [
            f"{word} {', '.join(names)}"
            for word, names in (("added", added), ("changed", changed), ("removed", removed))
            if names
        ]
        report.say(f"{name}: wrote {found.file.path}: {'; '.join(said) or 'the same values'}")
        values_file.tell_readers(opened, written)
    if settings(context).json:
        data = values_file.data(found, written, added=added, changed=changed, removed=removed)
        click.echo(report.envelope("values", 0, [data]))
    return 0


def _edited(found: values_file.Target, path: Path) -> bytes:
    """Return what a person saved and is right; raises SealgenError where it is not, and nobody wants to go on."""
    from sealgen import editor  # noqa: PLC0415
    from sealgen.stores import values_text  # noqa: PLC0415
    from sealgen.values.children import environ_of_child  # noqa: PLC0415

    while True:
        editor.edit(path, environ_of_child(os.environ))
        try:
            text = path.read_bytes()
        except OSError as error:
            raise SealgenError(f"the editor left no file to read: {error.strerror}; nothing was written") from None
        try:
            for entry, value in values_text.read(text, found.file.path).items():
                found.check_rules(entry, value)
        except SealgenError as error:
            if not sys.stdin.isatty():
                raise type(error)(
                    f"{error.message}; nothing was written, and what was typed is gone", at=error.at, hint=error.hint
                ) from None
            click.echo(report.error_text(error), err=True)
            question = printable(f"{found.environment.name}: edit again? Otherwise what you typed is gone.")
            if not click.confirm(question, default=True, err=True):
                raise type(error)("nothing was written") from None
        else:
            return text


def _values(found: values_file.Target, text: bytes) -> dict[str, bytes]:
    from sealgen.stores import values_text  # noqa: PLC0415

    return {entry: value.reveal() for entry, value in values_text.read(text, found.file.path).items()}


def _written(found: values_file.Target, opened: Opened, text: bytes) -> Written | None:
    """Encrypt what was saved; what was never written and holds nothing stays away."""
    from sealgen.values.secret import Secret  # noqa: PLC0415

    if opened.encrypted is None and text == _BEGIN:
        return None
    return found.file.write(opened, Secret(text))
