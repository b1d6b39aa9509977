"""``sealgen merge``: merging locks and sealed manifests for Git, which runs it."""

from __future__ import annotations

from pathlib import Path

import click

from sealgen import git
from sealgen.cli.settings import global_options
from sealgen.errors import SealgenError
from sealgen.review.merge import merge


@click.command("merge")
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("theirs", type=click.Path(path_type=Path))
@global_options
def command(base: Path, ours: Path, theirs: Path) -> int:
    """Merge two versions of a lock or of a sealed manifest into OURS, line by line.

    'sealgen git-setup' has Git run it. Exits 1 where both sides changed one place.
    """
    try:
        merged = merge(base.read_bytes(), ours.read_bytes(), theirs.read_bytes())
        if merged is not None:
            ours.write_bytes(merged.content)
            return 1 if merged.conflicts else 0
    except OSError as error:
        raise SealgenError(f"can't merge: {error.strerror}") from None
    # A text like any other is merged as Git would.
    labels = ("-L", "ours", "-L", "base", "-L", "theirs")
    files = tuple(str(path.absolute()) for path in (ours, base, theirs))
    done = git.run(Path.cwd(), "merge-file", *labels, *files, purpose="It merges what sealgen does not know.")
    if done.returncode > 127:
        raise SealgenError("'git merge-file' failed", hint="Merge the file by hand.")
    return 1 if done.returncode else 0
