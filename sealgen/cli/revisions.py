"""The two ends of a change, as the command line names them: commits, the work tree, and the files it is limited to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealgen import git
from sealgen.config.files import WorkTree
from sealgen.errors import ConfigurationError, quoted

if TYPE_CHECKING:
    from sealgen.config.files import Files


class Range(NamedTuple):
    """Where a change starts and ends: commits, or None for the work tree."""

    start: str
    end: str | None
    paths: list[str]
    """What it is limited to, from the project's root; empty for all."""


def read(root: Path, arguments: tuple[str, ...], merge_base: str | None) -> Range:
    """Read ``[REV[..REV]] [PATH]...`` as Git does; raises ConfigurationError for what is neither."""
    if not git.is_work_tree(root):
        raise ConfigurationError(f"{root} is in no work tree of Git", hint="A diff needs a past: git init")
    revisions, paths = "", list(arguments)
    if paths and not merge_base and (".." in paths[0] or git.is_revision(root, paths[0])):
        revisions = paths.pop(0)
    for path in paths:
        if not Path(path).exists() and not (root / path).exists():
            raise ConfigurationError(f"{quoted(path)} is neither a commit that Git knows nor a file that is there")
    limits = [_from_root(root, path) for path in paths]
    if merge_base:
        return Range(git.merge_base(root, merge_base, "HEAD"), None, limits)
    if "..." in revisions:
        one, _, other = revisions.partition("...")
        start = git.merge_base(root, one or "HEAD", other or "HEAD")
        return Range(start, git.commit(root, other or "HEAD"), limits)
    if ".." in revisions:
        one, _, other = revisions.partition("..")
        return Range(git.commit(root, one or "HEAD"), git.commit(root, other or "HEAD"), limits)
    return Range(git.commit(root, revisions or "HEAD"), None, limits)


def _from_root(root: Path, path: str) -> str:
    found = Path(path).resolve()
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else path


def files(commits: git.Commits, commit: str | None) -> Files:
    """Return the files of one end: of a commit, or of the work tree."""
    return WorkTree(commits.root) if commit is None else git.Commit(commits, commit)
