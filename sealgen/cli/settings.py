"""The options that every command takes, before its name or after."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import click

from sealgen.errors import ConfigurationError, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.config.project import Project

C = TypeVar("C", bound="Callable[..., Any]")


class Shard(NamedTuple):
    """A part of all environments, for one of many machines; ``number`` counts from 1."""

    number: int
    of: int


@dataclass
class Settings:
    """How to talk, and where the project is."""

    directory: Path | None = None
    json: bool = False
    color: bool | None = None
    quiet: bool = False
    verbose: bool = False
    shard: Shard | None = None

    def project(self) -> Project:
        """Return the project that the command works on."""
        from sealgen.config import project  # noqa: PLC0415  (--help and completion need none)

        return project.find(self.directory or Path.cwd())


def settings(context: click.Context) -> Settings:
    """Return the settings of this run."""
    return context.ensure_object(Settings)


def _set(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    # An option that is given in neither place leaves what the other place said.
    if value not in (None, False) and parameter.name:
        setattr(settings(context), parameter.name, value)


def _no_color(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value or os.environ.get("NO_COLOR"):
        settings(context).color = context.color = False


def global_options(command: C) -> C:
    """Add the common options to a command."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=_set, help="Say more."),
        click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=_set, help="Say only what is wrong."),
        click.option("--no-color", is_flag=True, expose_value=False, callback=_no_color, help="Never colour."),
        click.option("--json", is_flag=True, expose_value=False, callback=_set, help="Print one JSON document."),
        click.option(
            "-C",
            "directory",
            metavar="DIR",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            expose_value=False,
            callback=_set,
            help="Work on the project in DIR.",
        ),
    ):
        command = option(command)
    return command


def command_missing(context: click.Context) -> NoReturn:
    """Say what a group of commands has, where none of them was named; ends with exit code 2."""
    if settings(context).json:
        raise click.UsageError("name a command")
    click.echo(context.get_help(), err=True)
    context.exit(2)


def complete_environment(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments whose names begin so."""
    try:
        names = settings(context).project().environments()
    except Exception:
        return []
    return [name for name in names if name.startswith(incomplete)]


def environments(command: C) -> C:
    """Add the environments to work on: names, or --all."""
    command = click.option("--all", "every", is_flag=True, help="All environments of the project.")(command)
    command = click.option(
        "--shard",
        metavar="I/N",
        expose_value=False,
        callback=_shard,
        help="With --all: the Ith of N parts, for a job of many.",
    )(command)
    return click.argument("names", metavar="ENV...", nargs=-1, shell_complete=complete_environment)(command)


def _shard(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    match = re.fullmatch("([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", value)
    if match is None or int(match[1]) > int(match[2]):
        raise click.UsageError(f"--shard {printable(value)}: it is a part and their number, from 1/16 to 16/16")
    settings(context).shard = Shard(int(match[1]), int(match[2]))


def chosen(project: Project, names: tuple[str, ...], *, every: bool) -> list[str]:
    """Return the environments that the command line names; raises click.UsageError for none or both."""
    if every and names:
        raise click.UsageError("name environments, or say --all; not both")
    shard = settings(click.get_current_context()).shard
    if shard and not every:
        raise click.UsageError("--shard is a part of --all")
    if names:
        return list(dict.fromkeys(names))
    known = project.environments()
    if not known:
        raise ConfigurationError("there is no environment: environments/ has no file NAME.yaml")
    if not every:
        raise click.UsageError(f"name an environment ({', '.join(known)}), or say --all")
    return known[shard.number - 1 :: shard.of] if shard else known
