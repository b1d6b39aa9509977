"""``sealgen schema``: what an environment file may say, for editors."""

from __future__ import annotations

import json

import click

from sealgen.cli.settings import global_options


@click.command("schema")
@global_options
def command() -> int:
    """Print the JSON Schema of an environment file."""
    from sealgen.config.editor_schema import json_schema  # noqa: PLC0415

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False).encode())  # UTF-8, as JSON is
    return 0
