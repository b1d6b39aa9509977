"""``sealgen completion``: the script that completes commands, options and environments in a shell."""

from __future__ import annotations

import click

from sealgen.cli.settings import global_options


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@global_options
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the completion script of a shell: source <(sealgen completion bash)."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    from sealgen.cli.main import COMPLETE  # noqa: PLC0415

    completion = get_completion_class(shell)
    assert completion is not None  # noqa: S101  (the choices are Click's own)
    click.echo(completion(context.find_root().command, {}, "sealgen", COMPLETE).source())
    return 0
