"""``sealgen diff``: what a sealed diff means."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from sealgen import git
from sealgen.cli import revisions
from sealgen.cli.settings import global_options, settings
from sealgen.config.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sealgen.review.change import EnvironmentDiff

FORMATS = ("text", "json", "markdown", "github", "sarif", "gitlab")


@click.command("diff")
@click.argument("arguments", metavar="[REV[..REV]] [PATH]...", nargs=-1)
@click.option("--merge-base", metavar="REV", help="Start where this branch left REV, as a pull request does.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default=None, help="Default: text.")
@global_options
@click.pass_context
def command(context: click.Context, arguments: tuple[str, ...], merge_base: str | None, format_: str | None) -> int:
    """Tell what a sealed diff means: which key of which Secret changed, why, and what nothing explains.

    From HEAD to the work tree, from REV to the work tree, or between two commits (A..B; A...B starts where they
    parted). It takes manifests and locks, no plaintext and no key. Exits 11 where a reviewer must look: something
    changed and nothing explains it, or who can read, what is run or which key is trusted changed.
    """
    from sealgen.reconcile.ends import ends  # noqa: PLC0415
    from sealgen.review.comparison import compare  # noqa: PLC0415

    root = settings(context).project().root
    start, end, paths = revisions.read(root, arguments, merge_base)
    with closing(git.Commits(root)) as commits:
        old, new = (Project(revisions.files(commits, commit)) for commit in (start, end))
        diffs = [compare(name, before, after) for name, before, after in ends(old, new)]
    diffs = [diff for diff in (_within(diff, paths) for diff in diffs) if diff.changes]
    chosen = format_ or ("json" if settings(context).json else "text")
    code = 11 if any(diff.findings for diff in diffs) else 0
    _print(root, diffs, chosen, code)
    return code


def _within(diff: EnvironmentDiff, paths: Sequence[str]) -> EnvironmentDiff:
    """Return the part of a diff that is on these files and folders, all of it where none are named."""
    from sealgen.review.change import EnvironmentDiff  # noqa: PLC0415

    if not paths:
        return diff
    chosen = [
        change
        for change in diff.changes
        if any(path in ("", ".") or change.file == path or change.file.startswith(f"{path}/") for path in paths)
    ]
    return EnvironmentDiff(diff.environment, tuple(chosen))


def _print(root: Path, diffs: Sequence[EnvironmentDiff], chosen: str, code: int) -> None:
    from sealgen.cli import report  # noqa: PLC0415
    from sealgen.formats import FORMATS as RENDERERS  # noqa: PLC0415
    from sealgen.review import reporting  # noqa: PLC0415

    if chosen == "json":
        click.echo(report.envelope("diff", code, [reporting.data(diff) for diff in diffs]))
    elif chosen == "text":
        from sealgen.cli.diff_text import text  # noqa: PLC0415

        click.echo(text(diffs), nl=False)
    else:
        click.echo(RENDERERS[chosen](reporting.report(diffs).below(git.folder(root))), nl=False)
