"""What people and programs see: tables, sentences, one JSON envelope, and errors."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from sealgen import __version__
from sealgen.cli.commands import COMMANDS
from sealgen.cli.settings import settings
from sealgen.errors import ConfigurationError, SealgenError, did_you_mean, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMAT = "sealgen/1"
"""The envelope's version; it changes when a field goes or means something else."""


def count(number: int, noun: str) -> str:
    """Return ``1 key`` or ``3 keys``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], styles: Iterable[dict[str, Any]]) -> str:
    """Return aligned columns; each row with the style it is shown in."""
    texts = [tuple(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *texts, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return ("  " + "  ".join(padded)).rstrip()

    lines = [click.style(line([title.upper() for title in header]), dim=True)]
    lines += [click.style(line(row), **style) for row, style in zip(texts, styles, strict=True)]
    return "\n".join(lines)


def wrong(text: str) -> None:
    """Print what is wrong, for people; silent where JSON was asked for."""
    if not settings(click.get_current_context()).json:
        click.echo(text)


def is_heard() -> bool:
    """Tell whether ``say`` says anything: neither JSON nor quiet was asked for."""
    current = settings(click.get_current_context())
    return not current.quiet and not current.json


def say(text: str, *, to_stderr: bool = False) -> None:
    """Print a line for people; silent where JSON or quiet was asked for."""
    if is_heard():
        click.echo(text, err=to_stderr)


def note(text: str) -> None:
    """Print a remark on standard error, so that standard output stays what was asked for."""
    if not settings(click.get_current_context()).quiet:
        click.echo(printable(text), err=True)


def warn(text: str) -> None:
    """Print a warning on standard error; in JSON it is part of the document."""
    if not settings(click.get_current_context()).json:
        click.echo(f"{click.style('warning:', fg='yellow', bold=True)} {printable(text)}", err=True)


def envelope(
    command: str, exit_code: int, results: Sequence[dict[str, Any]], errors: Sequence[dict[str, Any]] = ()
) -> str:
    """Return the JSON document of a command."""
    return json.dumps(
        {
            "format": FORMAT,
            "version": __version__,
            "command": command,
            "exit_code": exit_code,
            "results": list(results),
            "errors": list(errors),
        },
        indent=2,
        ensure_ascii=True,
    )


def error_data(error: SealgenError, environment: str | None = None) -> dict[str, Any]:
    """Return an error for the envelope."""
    at = error.at
    return {
        "environment": environment,
        "message": error.message,
        "hint": error.hint,
        "file": at.file if at else None,
        "line": at.line if at else None,
        "column": at.column or None if at else None,
    }


def error_text(error: SealgenError) -> str:
    """Return an error for people: place, message, and what to do next."""
    place = f"{error.at}: " if error.at else ""
    lines = [f"{click.style('error:', fg='red', bold=True)} {printable(f'{place}{error.message}')}"]
    if error.hint:
        lines.append(printable(error.hint))
    return "\n".join(lines)


def failure(error: SealgenError) -> int:
    """Tell of an error that ends the run, as JSON where that was asked for; returns the exit code."""
    if _json_wanted():
        click.echo(envelope(_command_name(), error.exit_code, [], [error_data(error)]))
    else:
        click.echo(error_text(error), err=True, color=_color())
    return error.exit_code


def usage_error(error: click.ClickException) -> int:
    """Tell of a command line that can't be right."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    message = error.format_message()
    if isinstance(error, click.NoSuchOption) and context is not None:
        options = (option for option in context.command.get_params(context) if isinstance(option, click.Option))
        known = [name for option in options for name in option.opts if name.startswith("--")]
        message = f"no option '{error.option_name}'{did_you_mean(error.option_name, known)}"
    hint = f"Try '{context.command_path} --help'." if context is not None else None
    return failure(ConfigurationError(message, hint=hint))


def interrupted() -> int:
    """Tell of a run that a person ended."""
    return failure(_Interrupted("interrupted; nothing was left half done"))


class _Interrupted(SealgenError):  # noqa: N818  (a person's wish, not a fault)
    exit_code = 130


def output_failure(error: OSError) -> int:
    """Tell that the output could not be written; only standard error is left for it."""
    with contextlib.suppress(OSError):
        text = error_text(SealgenError(f"can't write the output: {error.strerror}"))
        click.echo(text, err=True, color=_color())
    return 1


def internal_error(error: Exception) -> int:
    """Tell of a fault of ours by its place alone: its text could hold what must not be shown."""
    import traceback  # noqa: PLC0415  (it should never be needed)

    frame = traceback.extract_tb(error.__traceback__)[-1]
    name = frame.filename.rpartition("sealgen/")[2]
    return failure(
        SealgenError(
            f"internal error ({type(error).__name__} in {name}, line {frame.lineno})",
            hint="Nothing was left half done. Please report it with the command that you ran.",
        )
    )


def _json_wanted() -> bool:
    # The context is gone when an error arrives here, and may never have been made.
    return "--json" in sys.argv[1:]


def _color() -> bool | None:
    # None leaves it to Click, which looks whether this is a terminal.
    return False if os.environ.get("NO_COLOR") or "--no-color" in sys.argv[1:] else None


def _command_name() -> str:
    return next((word for word in sys.argv[1:] if word in COMMANDS), "")


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of several runs: an interruption before a fault, a doubt, a finding and a change."""
    order = (0, 10, 11, 12, 1, 2, 130)
    return max(codes, key=order.index, default=0)


def is_confirmed(question: str) -> bool:
    """Ask somebody at a terminal, on standard error; only a typed yes is one."""
    answer: str = click.prompt(printable(question), prompt_suffix=" ", default="", show_default=False, err=True)
    return answer == "yes"
