"""What all sources that read a store have in common."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from sealgen.values.entry import Entry, Part, Store
from sealgen.yaml.nodes import Node, Sequence
from sealgen.yaml.schema import SECONDS, Field, JSONSchema, ListOf, Record, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgen.errors import Mark
    from sealgen.values.source import Parts, Source, Surroundings
    from sealgen.yaml.schema import Fields

STORE_NAME = Text(pattern=r"[A-Za-z_][A-Za-z0-9_-]{0,63}", words="letters, digits, '_' and '-', a letter first")


@dataclass(frozen=True)
class Stored:
    """A value that a store holds; who may read it there decides who can seal it."""

    made: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ("",)

    part: Part
    store: str | None
    """Its name under ``stores:``; None for the only one of its kind, or else what the client's variables say."""
    at: Mark = field(compare=False)
    """Where the store is named, or the value stands."""

    @property
    def kind(self) -> str:
        """The store's."""
        return self.part.entry.store.kind

    @property
    def stored_parts(self) -> tuple[Part, ...]:
        """What is read of it."""
        return (self.part,)

    def at_part(self, name: str) -> Part:
        """Return where a part of a value of several is: a property of its own; the whole for the name ``""``."""
        return replace(self.part, property=(*self.part.property, name)) if name else self.part

    def specification(self) -> Mapping[str, object]:
        """Return what names the value in its store; how the store is reached does not determine it."""
        said = {
            self.kind: self.part.entry.name,
            "version": self.part.entry.version,
            "property": list(self.part.property),
            "encoding": self.part.encoding,
            "store": self.store,
        }
        return {name: text for name, text in said.items() if text}

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Read it; CannotTell where the store can't be asked or does not have it, SealgenError for what is no value."""
        return {"": surroundings.stores.read(name, self.part)}

    def placed(self, store: Store) -> Stored:
        """Return the same value in that store."""
        return replace(self, part=replace(self.part, entry=replace(self.part.entry, store=store)))


def parts_in_stores(sources: Iterable[Source]) -> Iterator[Part]:
    """Yield what those of the sources read that read a store, so that it can be begun ahead."""
    for source in sources:
        yield from getattr(source, "stored_parts", ())


class _Property:
    """A name, or a list of names that lead deeper."""

    _one = Text(problem=lambda text: None if text else "a property's name is missing")
    _list = ListOf(_one, minimum=1)

    def read(self, node: Node, path: str) -> tuple[str, ...]:
        """Return the names."""
        return self._list.read(node, path) if isinstance(node, Sequence) else (self._one.read(node, path),)

    def json_schema(self) -> JSONSchema:
        """Both ways to write it."""
        return {"anyOf": [self._one.json_schema(), self._list.json_schema()]}


_NAMED = Field(
    STORE_NAME, "A name under stores:; default: the only one of its kind, or what the client's variables say."
)


def shape(
    default: Store,
    entry: Field,
    *,
    property_of: str,
    required: bool = False,
    version: Field | None = None,
    named: Field | None = _NAMED,
) -> Record[Source]:
    """Return the fields of a source that reads the stores of ``default``'s kind.

    ``property_of`` says what a property is there, which may be ``required``; ``version`` is None where an entry has no
    versions, and ``named`` where there is one store of the kind alone.
    """
    kind = default.kind

    def build(fields: Fields) -> Stored:
        pinned = fields["version"] if "version" in fields.written() else None
        found = Entry(default, fields[kind], None if pinned is None else str(pinned))
        part = Part(found, fields["property"] or (), fields["encoding"], fields["timeout"])
        at = fields.at("store" if "store" in fields.written() else kind)
        return Stored(part, fields["store"] if named else None, at)

    all_fields = {
        kind: entry,
        "property": Field(_Property(), property_of, required=required),
        "version": version,
        "encoding": Field(
            Text(choices=("base64",)), "base64: the store has the value's bytes as text; default: as they are."
        ),
        "store": named,
        "timeout": Field(SECONDS, "How long all tries together may take; default: 30s.", default=30),
    }
    return Record({name: given for name, given in all_fields.items() if given}, build)
