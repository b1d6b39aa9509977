"""The entry point: commands by name, each imported when it is run, and every failure told in one way."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import resource
import sys
from typing import Any, TextIO

import click

from sealgen import __version__
from sealgen.cli.commands import COMMANDS
from sealgen.cli.settings import command_missing, global_options
from sealgen.errors import SealgenError, did_you_mean

COMPLETE = "_SEALGEN_COMPLETE"
"""The environment variable with which a shell's completion script asks."""


class _Commands(click.Group):
    """Commands that are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"sealgen.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            raise click.UsageError(f"no command '{args[0]}'{did_you_mean(args[0], COMMANDS)}", ctx) from None


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sealgen", message="%(prog)s %(version)s")
@global_options
@click.pass_context
def sealgen(context: click.Context) -> None:
    """Sealed secrets for GitOps: rendered from templates, sealed natively, reviewable in Git."""
    if context.invoked_subcommand is None:
        command_missing(context)


def main() -> None:
    """Run the command line and exit with a code of the published table."""
    from sealgen.cli import report  # noqa: PLC0415

    # A run is short and makes no cycles to speak of; looking for them takes a tenth of its time.
    gc.disable()
    # A core dump would be a file with plaintexts; nothing is said where even that can't be set.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does what its encoding lacks
    try:
        code = _run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        code = 141  # The reader has gone, which is no failure: as a shell tells of SIGPIPE.
        _drop(sys.stdout, sys.stderr)
    except OSError as error:
        code = report.output_failure(error)
        _drop(sys.stdout)
    sys.exit(code)


def _drop(*streams: TextIO | None) -> None:
    """Let Python flush what could not be written to where it does no harm, or it would complain once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        if stream is not None:
            os.dup2(nowhere, stream.fileno())


def _run() -> int:
    from sealgen.cli import report  # noqa: PLC0415

    try:
        if instruction := os.environ.get(COMPLETE):
            from click.shell_completion import shell_complete  # noqa: PLC0415

            return shell_complete(sealgen, {}, "sealgen", COMPLETE, instruction)
        # Not sealgen.main(), which ends the process by itself when the reader of a pipe has gone.
        with sealgen.make_context("sealgen", sys.argv[1:]) as context:
            code = sealgen.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return report.usage_error(error)
    except SealgenError as error:
        return report.failure(error)
    except (KeyboardInterrupt, click.Abort):
        return report.interrupted()
    except OSError as error:
        if error.filename is None:
            raise  # It is the output's: what reads and writes files says what became of them.
        return report.internal_error(error)
    except Exception as error:
        return report.internal_error(error)
    return code if isinstance(code, int) else 0
