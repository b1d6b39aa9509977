"""``sealgen values set``: one value, typed in hidden, from standard input, or made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sealgen.cli import report, values_file
from sealgen.cli.settings import global_options, settings
from sealgen.errors import CannotTell, SealgenError

if TYPE_CHECKING:
    from sealgen.values.secret import Secret


@click.command("set", short_help="Put one value into the file.")
@values_file.one_environment
@click.argument("entry", metavar="NAME", shell_complete=values_file.complete_name)
@click.option("--stdin", is_flag=True, help="Read it from standard input, all bytes as they are.")
@click.option("--trim", is_flag=True, help="With --stdin: drop all line ends at its end.")
@click.option("--generate", metavar="HOW", help="Make it, as the environment file would: 'hex, bytes: 32'.")
@global_options
@click.pass_context
def command(
    context: click.Context, name: str, entry: str, store: str | None, stdin: bool, trim: bool, generate: str | None
) -> int:
    """Put one value into the environment's encrypted file: typed in hidden and twice, or --stdin, or --generate.

    The rest of the file stays as it is written. A value that is there already is replaced; the same value again
    changes nothing. No option takes the value itself, as other programs see the arguments of this one.
    """
    from sealgen.stores import values_text  # noqa: PLC0415
    from sealgen.values.secret import Secret  # noqa: PLC0415

    if stdin and generate is not None:
        raise click.UsageError("--stdin or --generate, not both")
    if trim and not stdin:
        raise click.UsageError("--trim goes with --stdin")
    values_file.check_name(entry)
    found = values_file.target(settings(context).project(), name, store)
    opened = found.file.read()
    found.file.check_recipients()
    before = values_text.read(opened.text.reveal(), found.file.path)
    value = _given(entry, stdin=stdin, trim=trim, generate=generate)
    found.check_rules(entry, value)
    written = None
    # Were it written anew, another way to quote it would be a change.
    if entry not in before or before[entry].reveal() != value.reveal():
        text = values_text.with_value(opened.text.reveal(), found.file.path, entry, value)
        written = found.file.write(opened, Secret(text))
    if written is None:
        report.say(f"{name}: {entry} is that already; nothing was written")
    else:
        did = "replaced" if entry in before else "put"
        report.say(f"{name}: {did} {entry} {'in' if entry in before else 'into'} {found.file.path}")
        values_file.tell_readers(opened, written)
        if not found.readers(entry):
            report.note(f"no value of {name} reads it yet: {entry.replace('-', '_')}: {{age: {entry}}}")
    if settings(context).json:
        click.echo(report.envelope("values", 0, [values_file.data(found, written, names=[entry])]))
    return 0


def _given(entry: str, *, stdin: bool, trim: bool, generate: str | None) -> Secret:
    """Return the value that the command line asks for; raises SealgenError where there is none to be had."""
    if generate is not None:
        return _generated(generate)
    from sealgen.cli.seal import ask  # noqa: PLC0415
    from sealgen.values.file import LINE_ENDS, MAX_BYTES  # noqa: PLC0415
    from sealgen.values.secret import Secret  # noqa: PLC0415

    if stdin:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise SealgenError("standard input is larger than 1 MiB, which is what a Secret can hold")
        return Secret(content.rstrip(LINE_ENDS) if trim else content)
    if not sys.stdin.isatty():
        raise CannotTell(
            f"{entry} is asked of a person, and there is no terminal to ask at", hint="Say --stdin to pipe it in."
        )
    return ask(entry)


def _generated(how: str) -> Secret:
    """Return a value made as ``generate:`` says it in an environment file."""
    from sealgen.values.generators.text import TEXT_GENERATORS, TextGenerator  # noqa: PLC0415
    from sealgen.values.secret import Secret  # noqa: PLC0415
    from sealgen.yaml.nodes import parse  # noqa: PLC0415
    from sealgen.yaml.schema import Text, mapping  # noqa: PLC0415

    option = "--generate"
    node = mapping(parse(f"{{generate: {how}}}", option), option)
    kind = Text(choices=tuple(TEXT_GENERATORS)).read(node.entries["generate"][1], option)
    source = TEXT_GENERATORS[kind].read(node, option)
    assert isinstance(source, TextGenerator)  # noqa: S101  (all of them are)
    return Secret(source.draw().encode())
