"""Findings that a comment silences, which must give a reason. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.checks.finding import Finding
from sealgen.checks.registry import CHECKS
from sealgen.errors import did_you_mean, printable
from sealgen.review import ignores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sealgen.review.ignores import Ignore


@dataclass(frozen=True)
class Ignored:
    """A finding that a comment silences."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class Sifted:
    """What is left of findings, with what is wrong with the comments, and what they silence."""

    findings: tuple[Finding, ...]
    ignored: tuple[Ignored, ...]


def sift(findings: Iterable[Finding], environment: Mapping[str, bytes], read: Callable[[str], bytes | None]) -> Sifted:
    """Sift findings by the comments of the environment's files, and of those that the findings are in.

    ``environment`` are its files by path, with all that they extend; ``read`` gives the others.
    """
    found = list(findings)
    wide = [ignore for path, content in environment.items() for ignore in ignores.read(path, content, wide=True)]
    elsewhere = {finding.file for finding in found if finding.line} - environment.keys()
    close = [ignore for path in sorted(elsewhere) for ignore in ignores.read(path, read(path) or b"", wide=False)]
    kept, ignored = [], []
    for finding in found:
        reason = next((ignore.reason for ignore in (*close, *wide) if _silences(ignore, finding)), None)
        if reason is None:
            kept.append(finding)
        else:
            ignored.append(Ignored(finding, reason))
    for ignore in (*close, *wide):
        kept += _problems(ignore)
    return Sifted(tuple(kept), tuple(ignored))


def _silences(ignore: Ignore, finding: Finding) -> bool:
    if not ignore.reason or finding.id not in ignore.ids:
        return False
    return ignore.line is None or (ignore.file, ignore.line) == (finding.file, finding.line)


def _problems(ignore: Ignore) -> list[Finding]:
    found = []
    if not ignore.reason:
        message = "this comment silences nothing, as it gives no reason: # sealgen: ignore[ID] REASON"
        found.append(Finding("ignore-reason", ignore.file, ignore.at, message))
    for id_ in ignore.ids:
        if id_ not in CHECKS:
            message = f"there is no check '{printable(id_)}'{did_you_mean(id_, CHECKS)}"
            found.append(Finding("ignore-unknown", ignore.file, ignore.at, message))
    return found
