"""``sealgen matrix``: the environments that a change touches, for a job of each."""

from __future__ import annotations

from contextlib import closing

import click

from sealgen import git
from sealgen.cli import report, revisions
from sealgen.cli.settings import global_options, settings
from sealgen.config.project import Project


@click.command("matrix")
@click.argument("arguments", metavar="[REV[..REV]]", nargs=-1)
@click.option("--merge-base", metavar="REV", help="Start where this branch left REV, as a pull request does.")
@global_options
@click.pass_context
def command(context: click.Context, arguments: tuple[str, ...], merge_base: str | None) -> int:
    """Print the environments that a change touches, one a line.

    From HEAD to the work tree, from REV to the work tree, or between two commits. An environment is touched by its
    files, those that it extends, its templates, its lock, its certificate and its manifests.
    """
    from sealgen.reconcile.touched import touched  # noqa: PLC0415

    root = settings(context).project().root
    start, end, paths = revisions.read(root, arguments, merge_base)
    if paths:
        raise click.UsageError(f"'{paths[0]}' is no commit; a matrix is of all files")
    changed = git.changed_files(root, start, end)
    with closing(git.Commits(root)) as commits:
        found = touched(Project(revisions.files(commits, end)), changed)
    if settings(context).json:
        results = [{"environment": name, "files": files} for name, files in found.items()]
        click.echo(report.envelope("matrix", 0, results))
        return 0
    for name in found:
        click.echo(name)
    return 0
