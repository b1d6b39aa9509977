"""``sealgen textconv``: a sealed manifest for ``git diff``, which runs it."""

from __future__ import annotations

from pathlib import Path

import click

from sealgen.cli.settings import global_options, settings
from sealgen.config import FOLDER
from sealgen.errors import ConfigurationError, shortened
from sealgen.review.textconv import readable


@click.command("textconv")
@click.argument("file", type=click.Path(path_type=Path))
@global_options
@click.pass_context
def command(context: click.Context, file: Path) -> None:
    """Print a sealed manifest with a short line in the place of each ciphertext.

    'sealgen git-setup' has Git run it for 'git diff', 'git log -p' and 'git show'.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"can't read {shortened(str(file), 255)}: {error.strerror}") from None
    folder = (settings(context).directory or Path()) / FOLDER

    locks: list[bytes] = []

    def certificate_of(digest: str) -> str | None:
        if not locks:
            locks.extend(lock.read_bytes() for lock in sorted(folder.glob("*.lock")))
        for lock in locks:
            if (place := lock.find(b'"ciphertext":"%s"' % digest.encode())) >= 0:
                line = lock[lock.rfind(b"\n", 0, place) + 1 : place]
                return line.rpartition(b'"certificate":"')[2].partition(b'"')[0].decode("ascii", "replace")
        return None

    click.echo(readable(content, certificate_of), nl=False)
