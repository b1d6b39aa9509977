"""Writing a store: an entry is looked at, and its next version put only where all is still as it was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar, runtime_checkable

from sealgen.errors import SealgenError, quoted
from sealgen.stores.document import Document, is_free, value_of, with_values
from sealgen.stores.refusal import NotAnswered, Overtaken, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgen.stores.deadline import Deadline
    from sealgen.values.entry import Entry, Part
    from sealgen.values.secret import Secret

T = TypeVar("T")

OWNER = "managed-by"
"""The tag that says whose an entry is; other tools have one of the same name."""
US = "sealgen"
ENVIRONMENT = "sealgen-environment"
"""The tag that says which environment an entry is of."""


@dataclass(frozen=True)
class Seen:
    """An entry as it was found."""

    content: Document | None = field(repr=False)
    """Its newest version; None where there is none."""
    token: str | None
    """What a write is conditional on, as a version; None where the store knows no such condition."""
    tags: Mapping[str, str] | None
    """None where there is nothing yet, or the store can't have any."""


@runtime_checkable
class Writer(Protocol):
    """A store that can be written; it is a Reader too, and may be asked from several threads."""

    keyed: ClassVar[bool]
    """Whether an entry is keys by nature, each with its text; else it is bytes, and a property is one of JSON in it."""

    owned: ClassVar[bool]
    """Whether all that it holds is sealgen's by nature, so that no tags tell whose an entry is."""

    versioned: ClassVar[bool]
    """Whether what a write is conditional on is a version, by which the entry can be read later, too."""

    def label(self, entry: Entry) -> str:
        """Return what messages call an entry: its name, and where it is."""

    def problem(self, entry: Entry, content: Document) -> str | None:
        """Say why the store would never take this, which completes ``LABEL can't be written: …``; None if it would.

        Nothing is asked for it: it is about the alphabet of names, sizes, and bytes that are no text.
        """

    def look(self, entry: Entry, deadline: Deadline) -> Seen:
        """Return the entry as it is now, at its newest version.

        Raises Failed and Passed as ``Reader.read`` does, and Refused where it can't be read, or is in a state in which
        it can't be written (as one that is scheduled for deletion). That there is none is no refusal.
        """

    def write(self, entry: Entry, content: Document, seen: Seen, tags: Mapping[str, str], deadline: Deadline) -> None:
        """Put the next version, provided that the entry is as it was ``seen``, and give it what it lacks of ``tags``.

        Raises Overtaken where it is not as it was seen, and Failed, Passed and Refused as ``look`` does.
        """


class Held:
    """An entry of a store as it was found, that may be written."""

    def __init__(
        self, writer: Writer, entry: Entry, seen: Seen, patiently: Patiently, forget: Callable[[], object]
    ) -> None:
        self._writer = writer
        self._entry = entry
        self._seen = seen
        self._patiently = patiently
        self._forget = forget

    @classmethod
    def found(cls, writer: Writer, entry: Entry, patiently: Patiently, forget: Callable[[], object]) -> Held:
        """Look at an entry; raises Refused where that can't be."""
        try:
            seen = patiently(lambda deadline: writer.look(entry, deadline))
        except NotAnswered as error:
            raise error.of(writer.label(entry)) from None
        return cls(writer, entry, seen, patiently, forget)

    @property
    def label(self) -> str:
        """What messages call it: its name, and where it is."""
        return self._writer.label(self._entry)

    @property
    def is_there(self) -> bool:
        """Whether it holds anything."""
        return self._seen.content is not None

    @property
    def is_conditional(self) -> bool:
        """Whether of two that write it at once only one can."""
        return self._seen.token is not None

    @property
    def version(self) -> str | None:
        """By which the store has what it holds later, too; None where it keeps no versions, or holds nothing."""
        return self._seen.token if self.is_there and self._writer.versioned else None

    def not_ours(self, environment: str) -> str | None:
        """Say why it is not an entry that sealgen made for this environment; None if it is, or there is nothing yet."""
        tags = self._seen.tags
        if self._writer.owned:
            return None
        if tags is None:
            return "it can have no tags, which would say whose it is" if self.is_there else None
        owner, of = tags.get(OWNER), tags.get(ENVIRONMENT)
        if owner == US and of == environment:
            return None
        if owner == US:
            return f"it is that of the environment {quoted(of or '')}"
        if owner:
            return f"it is managed by {quoted(owner)}"
        return f"it does not have the tags {OWNER}: {US} and {ENVIRONMENT}: {environment}"

    def is_free(self, part: Part) -> bool:
        """Tell whether nothing stands there, so that a value can be put there and takes the place of none."""
        return is_free(self._seen.content, part.property)

    def value(self, part: Part) -> Secret | None:
        """Return what it holds there now; None where there is nothing, or nothing that is a value."""
        if self._seen.content is None:
            return None
        try:
            return value_of(self._seen.content, part.property, part.encoding, self.label)
        except Refused:
            return None

    def problem(self, values: Mapping[Part, Secret]) -> str | None:
        """Say why it could not take these values, the rest of it staying as it is; None if it could."""
        try:
            problem = self._writer.problem(self._entry, self._with(values))
        except Refused as refused:
            return refused.problem
        return f"{self.label} can't be written: {problem}" if problem else None

    def put(self, values: Mapping[Part, Secret], environment: str) -> bool:
        """Put the values, the rest of it staying as it is, and the tags of the environment.

        Returns False where somebody else has written it since it was looked at, so that it was not written. Raises
        CannotTell where the store can't be asked, and SealgenError for what it does not take.
        """
        if problem := self.problem(values):
            raise SealgenError(problem)
        content = self._with(values)
        tags = {OWNER: US, ENVIRONMENT: environment}
        seen, tried = self._seen, False

        def attempt(deadline: Deadline) -> None:
            nonlocal seen, tried
            if tried:
                # The answer may have been lost of a try that the store had carried out, or had begun to.
                now = self._writer.look(self._entry, deadline)
                if now.token != seen.token and now.content == content:
                    if now.tags is None or now.tags.items() >= tags.items():
                        return
                    seen = now
            tried = True
            self._writer.write(self._entry, content, seen, tags, deadline)

        self._forget()
        try:
            self._patiently(attempt)
        except Overtaken:
            return False
        except NotAnswered as error:
            raise Refused(f"{self.label} can't be written: {error.reason}").error() from None
        except Refused as refused:
            raise refused.error() from None
        return True

    def _with(self, values: Mapping[Part, Secret]) -> Document:
        given = [(part.property, part.encoding, value) for part, value in values.items()]
        return with_values(self._seen.content, given, self.label, keyed=self._writer.keyed)


class Patiently(Protocol):
    """Asks a store again where that may help; raises NotAnswered where nothing comes of it."""

    def __call__(self, ask: Callable[[Deadline], T], /) -> T:
        """Return what ``ask`` does, with the time that is left for all of its tries."""
