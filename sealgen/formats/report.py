"""What a command found, in the one shape that every format takes: sections of entries, each on a place. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from posixpath import normpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Severity(StrEnum):
    """How closely to look, the most pressing first: an error fails a run, a warning and a note do not by themselves."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Entry:
    """Something on a place. No value, no length and no hash of one is in it."""

    id: str
    """What kind of thing it is."""
    severity: Severity
    subject: str
    """What it is about, for people: ``SECRET/KEY``, or nothing."""
    detail: str
    sentence: str
    """All of it, for who sees nothing else."""
    cells: tuple[str, ...]
    """What a table has ahead of the id and the detail, by the report's columns."""
    file: str
    """From the project's root; empty where there is none."""
    line: int
    """Counted from 1; 0 where it is not known."""
    note: str = ""
    """What a line of its own says beside; a table says it once for all, below."""

    @property
    def whole(self) -> str:
        """The sentence and the note."""
        return "; ".join(filter(None, (self.sentence, self.note)))


@dataclass(frozen=True)
class Section:
    """What was found in one environment, the most pressing first."""

    environment: str
    entries: tuple[Entry, ...]
    notes: tuple[tuple[str, str], ...] = ()
    """What a table says below: a subject, and what is said of it."""

    @property
    def findings(self) -> int:
        """How many entries are more than a note."""
        return sum(entry.severity is not Severity.NOTE for entry in self.entries)

    @property
    def is_production(self) -> bool:
        """Whether the name says that it is production."""
        return is_production(self.environment)


@dataclass(frozen=True)
class Report:
    """All that a command found."""

    command: str
    """Which shows it all: ``diff``."""
    title: str
    noun: str
    """What an entry is, in the singular."""
    nothing: str
    """The sentence for a report without sections."""
    columns: tuple[str, ...]
    """Of a table: those of the entries' cells, of the id and of the detail."""
    sections: tuple[Section, ...]
    rules: Mapping[str, str]
    """Every id that there is, with the sentence that says what it means, or nothing."""
    legend: Mapping[Severity, str] = field(default_factory=dict)
    """What a severity means here, where the word does not say it."""

    def of(self, severity: Severity) -> Iterator[tuple[Section, Entry]]:
        """Yield the entries of a severity, each with its section."""
        return (
            (section, entry) for section in self.sections for entry in section.entries if entry.severity is severity
        )

    def below(self, folder: str) -> Report:
        """Return the report with files by their path from another root, from which the project is at ``folder``.

        Who shows a finding on a line goes by the repository's root.
        """
        if folder == ".":
            return self

        def moved(entry: Entry) -> Entry:
            return replace(entry, file=normpath(f"{folder}/{entry.file}")) if entry.file else entry

        sections = [Section(section.environment, tuple(map(moved, section.entries))) for section in self.sections]
        return replace(self, sections=tuple(sections))

    @property
    def findings(self) -> int:
        """How many entries are more than a note."""
        return sum(section.findings for section in self.sections)


def is_production(environment: str) -> bool:
    """Tell whether an environment's name says that it is production."""
    return environment.startswith("prod")
