"""What a diff is made of: one change a place, each of a level that says how closely to look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from sealgen.formats.report import is_production


class Level(IntEnum):
    """How closely a reviewer should look; the highest first."""

    UNEXPLAINED = 0
    """Something changed and nothing says why: edited by hand, by another tool, or by an adversary."""
    TRUST = 1
    """Who can read, what is run, or which key is trusted: explained, and not to be missed."""
    PLAIN = 2


class Word(StrEnum):
    """What happened, in a word."""

    ADDED = "added"
    REMOVED = "removed"
    VALUE = "value"
    RECIPE = "recipe"
    SCOPE = "scope"
    NAMESPACE = "namespace"
    REENCRYPTED = "re-encrypted"
    COPIED = "copied"
    MOVED = "moved"
    PLACE = "place"
    STORE = "store"
    RESTORED = "restored"
    METADATA = "metadata"
    SPECIFICATION = "specification"
    SOURCE = "source"
    CERTIFICATE = "certificate"
    KUSTOMIZATION = "kustomization"
    ACCESS = "access"
    SETTING = "setting"
    UNREADABLE = "unreadable"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Change:
    """A change of one place: a key, a Secret (no key), or the environment (no Secret).

    No value, no length and no hash of one is in it: details name values, versions, certificates and settings.
    """

    word: Word
    detail: str = ""
    secret: str = ""
    key: str = ""
    level: Level = Level.PLAIN
    file: str = ""
    """Where it is in the tree after the change, from the project's root."""
    line: int = 0
    """Counted from 1; 0 where it is not known."""
    readers: tuple[str, ...] = ()
    """The workloads of the overlay that read it, as ``kubectl`` names them."""

    @property
    def place(self) -> str:
        """What changed, for people: ``SECRET/KEY``, ``SECRET``, or nothing."""
        return "/".join(filter(None, (self.secret, self.key)))


@dataclass(frozen=True)
class EnvironmentDiff:
    """What changed in one environment, the most pressing first."""

    environment: str
    changes: tuple[Change, ...]

    @property
    def is_production(self) -> bool:
        """Whether the name says that it is production."""
        return is_production(self.environment)

    @property
    def findings(self) -> tuple[Change, ...]:
        """The changes that a reviewer must look at."""
        return tuple(change for change in self.changes if change.level is not Level.PLAIN)


def shift(before: str | None, after: str | None) -> str:
    """Return what something was and is, for people; None is what is not there."""
    if before is None:
        return f"+ {after}"
    return f"- {before}" if after is None else f"{before} → {after}"
