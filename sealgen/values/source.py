"""Where a value comes from: the contract that every source keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from sealgen.errors import SealgenError
    from sealgen.values.entry import Entry, Part
    from sealgen.values.secret import Secret

Parts: TypeAlias = Mapping[str, "Secret"]
"""A value's bytes by part; a value without parts has the one part ``""``."""


class Held(Protocol):
    """An entry of a store as it was found, that may be written."""

    @property
    def label(self) -> str:
        """What messages call it: its name, and where it is."""

    @property
    def is_there(self) -> bool:
        """Whether it holds anything."""

    @property
    def is_conditional(self) -> bool:
        """Whether of two that write it at once only one can."""

    @property
    def version(self) -> str | None:
        """By which the store has what it holds later, too; None where it keeps no versions, or holds nothing."""

    def not_ours(self, environment: str) -> str | None:
        """Say why it is not an entry that sealgen made for this environment; None if it is, or there is nothing yet."""

    def is_free(self, part: Part) -> bool:
        """Tell whether nothing stands there, so that a value can be put there and takes the place of none."""

    def value(self, part: Part) -> Secret | None:
        """Return what it holds there; None where there is nothing, or nothing that is a value."""

    def problem(self, values: Mapping[Part, Secret]) -> str | None:
        """Say why it could not take these values, the rest of it staying as it is; None if it could."""

    def put(self, values: Mapping[Part, Secret], environment: str) -> bool:
        """Put the values, and the mark of this environment; False where somebody else has written it meanwhile.

        Raises CannotTell where the store can't be asked, and SealgenError for what it does not take.
        """


class Stores(Protocol):
    """The secret stores, as one run sees them."""

    def ahead(self, parts: Iterable[Part]) -> None:
        """Begin to read these, in bounded numbers at once."""

    def read(self, name: str, part: Part) -> Secret:
        """Return what is there, for the value called ``name``; raises as ``Source.obtain``."""

    def look_all(self, timeouts: Mapping[Entry, int]) -> Mapping[Entry, Held | SealgenError]:
        """Look at entries, several at once; return each, or the error with which ``look`` fails of it."""

    def look(self, entry: Entry, timeout: int) -> Held:
        """Return an entry that is to be written, as it is now; ``timeout`` is in seconds.

        Raises CannotTell where the store can't be asked, and SealgenError where it can't be written.
        """


@dataclass(frozen=True)
class Surroundings:
    """What a source may reach: the project's files, the environment's variables, a person, the clock, stores."""

    root: Path
    environ: Mapping[str, str]
    ask: Callable[[str], Secret] | None
    """Asks a person this question, hidden and twice; None where nobody can answer."""
    now: datetime.datetime
    stores: Stores


class Source(Protocol):
    """A frozen description of where a value comes from."""

    @property
    def kind(self) -> str:
        """The name in the environment file, as ``literal``, ``generate`` or ``env``."""

    made: ClassVar[bool]
    """True when the value is made once and stored nowhere, so that its version is a counter; False when it can
    be read again."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts; ``("",)`` for a value without parts."""

    def specification(self) -> Mapping[str, object]:
        """Return what determines the value, as JSON data; only its digest is kept."""

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Make or read the value called ``name``.

        Raises SealgenError where it can't be had; the message says why and holds nothing of the value.
        """
