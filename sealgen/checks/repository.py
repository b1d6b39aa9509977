"""What the repository around an environment has: plaintexts that Git tracks or tracked, and kustomizations."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sealgen import git
from sealgen.checks.finding import Finding
from sealgen.errors import SealgenError
from sealgen.kubernetes import kustomization, objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sealgen.config.project import Project


@dataclass(frozen=True)
class Repository:
    """What one look at a repository gives, for all environments."""

    findings: tuple[Finding, ...] = ()
    unproven: tuple[str, ...] = ()
    kustomizations: Mapping[str, bytes] = field(default_factory=dict)
    """By path from the project's root."""

    def of_another(self) -> Repository:
        """Return what an environment needs of it where another one tells its findings."""
        return Repository(kustomizations=self.kustomizations)


class _Plaintext(NamedTuple):
    id: str
    noun: str
    pattern: str
    """An extended regular expression for a line, which may match more than it should."""
    pathspecs: tuple[str, ...]
    line: Callable[[bytes], int | None]
    """Gives the line that makes a file one; None for one that only speaks of it."""


# As YAML or JSON; of one that a template is not yet YAML, what stands at the beginning of a line.
_KIND = rb"kind[\"']?[ \t]*:[ \t]*[\"']?Secret[\"']?[ \t\r]*(?:[,}#].*)?$"
_SECRET_AT_TOP = re.compile(rb"^[\"']?" + _KIND, re.MULTILINE)
# PEM's, and age's identities.
_KEY = re.compile(rb"^[ \t]*-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|AGE-SECRET-KEY-1[0-9A-Z]{58}", re.MULTILINE)


def _secret_line(content: bytes) -> int | None:
    try:
        found = objects.read_all(content, "")
    except SealgenError:
        return _line(_SECRET_AT_TOP, content)
    plain = [root for root in found if _kind(root) == "Secret"]
    return plain[0].entries()["kind"][1].at.line if plain else None


def _kind(root: objects.Field) -> str | None:
    try:
        return root["kind"].text_if_given()
    except SealgenError:
        return None


def _line(pattern: re.Pattern[bytes], content: bytes) -> int | None:
    found = pattern.search(content)
    return content.count(b"\n", 0, found.start()) + 1 if found else None


_PLAINTEXTS = (
    _Plaintext(
        "plaintext-secret",
        "a plain Secret",
        "kind[\"']?[[:space:]]*:[[:space:]]*[\"']?Secret[\"']?[[:space:]]*([,}#].*)?$",
        ("*.yaml", "*.yml", "*.json"),
        _secret_line,
    ),
    _Plaintext(
        "private-key",
        "a private key",
        "^[[:space:]]*-----BEGIN ([A-Z]+ )?PRIVATE KEY-----|AGE-SECRET-KEY-1[0-9A-Z]{58}",
        (),
        lambda content: _line(_KEY, content),
    ),
)


def look(project: Project, *, history: bool) -> Repository:
    """Look at the repository that the project is in, at its history too where that is asked for.

    Raises SealgenError where Git can't be asked.
    """
    root = project.root
    if not git.is_work_tree(root):
        return Repository(unproven=("that Git tracks no plain Secret and no private key: this is no work tree of Git",))
    findings = list(_tracked(project))
    unproven: list[str] = []
    if history:
        findings += _past(project, {finding.file for finding in findings})
        if git.is_shallow(root):
            unproven.append("that there was no plain Secret and no private key in what this shallow clone lacks")
    found = ((path, project.files.read(path)) for path in git.files_named(root, kustomization.FILENAMES))
    return Repository(tuple(findings), tuple(unproven), {path: content for path, content in found if content})


def _tracked(project: Project) -> Iterator[Finding]:
    for kind in _PLAINTEXTS:
        for path in git.tracked_files_matching(project.root, kind.pattern, *kind.pathspecs):
            content = project.files.read(path)
            if content is not None and (line := kind.line(content)) is not None:
                yield Finding(kind.id, path, line, f"{kind.noun} is tracked by Git")


def _past(project: Project, present: set[str]) -> Iterator[Finding]:
    """Yield what the history holds, by file and the first commit that had it, but for files that have it still."""
    seen = set(present)
    with closing(git.Blobs(project.root)) as blobs:
        for kind in _PLAINTEXTS:
            for commit, path, blob in git.history_matching(project.root, kind.pattern, *kind.pathspecs):
                if path not in seen and kind.line(blobs.read(blob)) is not None:
                    seen.add(path)
                    message = f"{kind.noun} is in Git's history, since the commit {commit[:12]}; rotate what it holds"
                    yield Finding(f"{kind.id}-history", path, None, message)
