"""The shapes that configuration may have: one declaration reads a YAML node and is printed as JSON Schema.

A shape turns a node into data or raises ConfigurationError with the node's place. What a shape does not declare
is an error, never ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from sealgen.errors import ConfigurationError, Mark, did_you_mean, quoted, shortened, unknown_field
from sealgen.yaml.nodes import Mapping, Node, Scalar, Sequence, is_null, is_text

if TYPE_CHECKING:
    from collections import abc

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
JSONSchema: TypeAlias = dict[str, Any]
_SCALAR: JSONSchema = {"type": ["string", "number", "boolean"]}
Data: TypeAlias = "bool | int | str | list[Data] | dict[str, Data] | None"


class Shape(Protocol[T_co]):
    """Something that reads a node at ``path`` (dotted, for messages) and describes itself."""

    def read(self, node: Node, path: str) -> T_co:
        """Return the node's data, or raise ConfigurationError."""

    def json_schema(self) -> JSONSchema:
        """Return the JSON Schema (draft 2020-12) of what ``read`` takes."""


def scalar(node: Node, path: str, wanted: str) -> Scalar:
    """Return the node if it is a scalar that isn't null, else raise ConfigurationError."""
    if not isinstance(node, Scalar):
        found = "a list" if isinstance(node, Sequence) else "a mapping"
        raise ConfigurationError(f"{path} must be {wanted}, not {found}", at=node.at)
    if is_null(node):
        raise ConfigurationError(f"{path} is empty; it must be {wanted}", at=node.at)
    return node


def _unquoted(node: Node, path: str, wanted: str) -> str:
    """Return the text of a scalar that YAML may take for something other than text."""
    node = scalar(node, path, wanted)
    if not node.plain:
        raise ConfigurationError(f"{path} must be {wanted}, without quotes", at=node.at)
    return node.text


def mapping(node: Node, path: str) -> Mapping:
    """Return the node if it is a mapping, else raise ConfigurationError."""
    if not isinstance(node, Mapping):
        raise not_a(node, path, "a mapping")
    return node


def not_a(node: Node, path: str, wanted: str) -> ConfigurationError:
    """Return the error for a node that is no collection of the kind that is wanted."""
    return ConfigurationError(f"{path} {'is empty; it ' if is_null(node) else ''}must be {wanted}", at=node.at)


@dataclass(frozen=True)
class Text:
    """Text, as it stands in the file, whatever YAML thinks of it."""

    choices: tuple[str, ...] = ()
    """What it may be; empty for anything."""
    problem: abc.Callable[[str], str | None] | None = None
    """Says what is wrong with it, or returns None."""
    pattern: str | None = None
    """What all of it matches, for JSON Schema; and for reading, where no ``problem`` says it better."""
    words: str = ""
    """What the pattern asks for, said to people: after "it must be"."""

    def read(self, node: Node, path: str) -> str:
        """Return the text."""
        return self.check(scalar(node, path, "text"), path)

    def check(self, node: Scalar, path: str) -> str:
        """Return the text of a scalar, which may be a key."""
        if self.choices and node.text not in self.choices:
            hint = did_you_mean(node.text, self.choices)
            raise ConfigurationError(f"{path} can't be {quoted(node.text)}{hint}", at=node.at)
        if self.problem:
            if problem := self.problem(node.text):
                raise ConfigurationError(f"{path}: {problem}", at=node.at)
        elif self.pattern and not re.fullmatch(self.pattern, node.text):
            raise ConfigurationError(f"{path} can't be {quoted(node.text)}; it must be {self.words}", at=node.at)
        return node.text

    def json_schema(self) -> JSONSchema:
        """Its choices, or every scalar but null; the pattern is for those that YAML takes for text."""
        if self.choices:
            return {"enum": list(self.choices)}
        return _SCALAR | self.names_schema()

    def names_schema(self) -> JSONSchema:
        """Return the schema of the same text as a property's name."""
        return {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}


@dataclass(frozen=True)
class RawText:
    """Any scalar, byte for byte as written, whatever YAML thinks of it; messages never repeat it."""

    def read(self, node: Node, path: str) -> bytes:
        """Return the UTF-8 bytes of the text."""
        return scalar(node, path, "text; write '' for an empty value").text.encode()

    def json_schema(self) -> JSONSchema:
        """Every scalar but null."""
        return _SCALAR


@dataclass(frozen=True)
class Integer:
    """A whole decimal number within bounds."""

    minimum: int = 0
    maximum: int = 2**31

    def read(self, node: Node, path: str) -> int:
        """Return the number."""
        text = _unquoted(node, path, self._wanted)
        if not re.fullmatch(r"0|[1-9][0-9]{0,11}", text) or not self.minimum <= int(text) <= self.maximum:
            raise ConfigurationError(f"{path} must be {self._wanted}, not {shortened(text)}", at=node.at)
        return int(text)

    @cached_property
    def _wanted(self) -> str:
        return f"a whole number from {self.minimum} to {self.maximum}"

    def json_schema(self) -> JSONSchema:
        """An integer and its bounds."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True)
class Boolean:
    """``true`` or ``false``; nothing else that some YAML takes for one."""

    def read(self, node: Node, path: str) -> bool:
        """Return the truth value."""
        text = _unquoted(node, path, "true or false")
        if text not in ("true", "false"):
            raise ConfigurationError(f"{path} must be true or false, not {quoted(text)}", at=node.at)
        return text == "true"

    def json_schema(self) -> JSONSchema:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Duration:
    """A number and a unit, as in ``90d``; read as a whole number of ``unit``'s smallest step."""

    units: abc.Mapping[str, int]

    @property
    def examples(self) -> str:
        """What it may look like."""
        return ", ".join(f"{number}{unit}" for number, unit in zip((30, 12, 2), self.units, strict=False))

    def read(self, node: Node, path: str) -> int:
        """Return the duration in the unit whose factor is 1."""
        node = scalar(node, path, f"a duration such as {self.examples}")
        duration = self.measure(node.text)
        if duration is None:
            wanted = f"a duration such as {self.examples}"
            raise ConfigurationError(f"{path} must be {wanted}, not {quoted(node.text)}", at=node.at)
        return duration

    def measure(self, text: str) -> int | None:
        """Return the duration that a text means, in the unit whose factor is 1; None where it means none."""
        match = re.fullmatch(rf"([1-9][0-9]{{0,5}})({'|'.join(self.units)})", text)
        return int(match[1]) * self.units[match[2]] if match else None

    def json_schema(self) -> JSONSchema:
        """Text with a number and a unit."""
        return {"type": "string", "pattern": f"^[1-9][0-9]{{0,5}}({'|'.join(self.units)})$"}


DAYS = Duration({"d": 1, "w": 7, "y": 365})
SECONDS = Duration({"s": 1, "m": 60})


@dataclass(frozen=True)
class ListOf(Generic[T]):
    """A list whose items have one shape."""

    item: Shape[T]
    minimum: int = 0

    def read(self, node: Node, path: str) -> tuple[T, ...]:
        """Return the items."""
        if not isinstance(node, Sequence):
            raise not_a(node, path, "a list")
        if len(node.items) < self.minimum:
            raise ConfigurationError(f"{path} is empty", at=node.at)
        return tuple(self.item.read(item, f"{path}[{index}]") for index, item in enumerate(node.items))

    def json_schema(self) -> JSONSchema:
        """An array of the item's schema."""
        return {"type": "array", "items": self.item.json_schema()} | (
            {"minItems": self.minimum} if self.minimum else {}
        )


@dataclass(frozen=True)
class MapOf(Generic[T]):
    """A mapping with names of the user's choosing, whose values have one shape."""

    item: Shape[T]
    key: Text = field(default_factory=Text)

    def read(self, node: Node, path: str) -> dict[str, T]:
        """Return the values by name, in the order of the file."""
        values = {}
        for name, (key, value) in mapping(node, path).entries.items():
            self.key.check(key, path)
            values[name] = self.item.read(value, f"{path}.{name}")
        return values

    def json_schema(self) -> JSONSchema:
        """An object whose properties all have the item's schema."""
        return {
            "type": "object",
            "propertyNames": self.key.names_schema(),
            "additionalProperties": self.item.json_schema(),
        }


@dataclass(frozen=True)
class Field:
    """One named field of a record, with the sentence that documents it."""

    shape: Shape[Any]
    description: str
    required: bool = False
    default: Any = None
    example: str | None = None
    """In YAML, what a file that leaves the field out could say."""


class Fields:
    """What a record read at ``path``: each field's data (or its default), and where it stands."""

    __slots__ = ("_data", "_node", "path")

    def __init__(self, data: dict[str, Any], node: Mapping, path: str) -> None:
        self._data = data
        self._node = node
        self.path = path

    def __getitem__(self, name: str) -> Any:
        return self._data[name]

    def written(self) -> abc.Set[str]:
        """Return the names of the fields that are not left out."""
        return self._node.entries.keys()

    def at(self, name: str) -> Mark:
        """Return the place of a field's value, or of the record when the field is not written."""
        node = self._node.get(name)
        return node.at if node else self._node.at


@dataclass(frozen=True)
class Record(Generic[T]):
    """A mapping with declared fields; ``build`` makes the data of them and may refuse combinations."""

    fields: abc.Mapping[str, Field]
    build: abc.Callable[[Fields], T]

    def read(self, node: Node, path: str) -> T:
        """Return what ``build`` makes of the fields."""
        node = mapping(node, path)
        data = self._defaults.copy()
        prefix = f"{path}." if path else ""
        for name, (key, value) in node.entries.items():
            declared = self.fields.get(name)
            if declared is None:
                raise ConfigurationError(unknown_field(prefix, name, self.fields), at=key.at)
            data[name] = declared.shape.read(value, prefix + name)
        for name in self._required:
            if name not in node.entries:
                declared = self.fields[name]
                advice = f"; write {name}: {declared.example}" if declared.example else f": {declared.description}"
                raise ConfigurationError(f"{prefix}{name} is missing{advice}", at=node.at)
        return self.build(Fields(data, node, path))

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        return {name: declared.default for name, declared in self.fields.items()}

    @cached_property
    def _required(self) -> list[str]:
        return [name for name, declared in self.fields.items() if declared.required]

    def json_schema(self) -> JSONSchema:
        """An object with these properties and no others."""
        schema: JSONSchema = {
            "type": "object",
            "properties": {
                name: {"description": declared.description} | declared.shape.json_schema()
                for name, declared in self.fields.items()
            },
            "additionalProperties": False,
        }
        return schema | ({"required": self._required} if self._required else {})


@dataclass(frozen=True)
class ByKind(Generic[T]):
    """A mapping whose field ``kind`` says which other fields it has."""

    records: abc.Mapping[str, Record[T]]

    def read(self, node: Node, path: str) -> T:
        """Return what the record of its kind makes of it."""
        node = mapping(node, path)
        kind = node.get("kind")
        if kind is None:
            known = {name for record in self.records.values() for name in record.fields}
            for name, (key, _) in node.entries.items():
                if name not in known:
                    raise ConfigurationError(unknown_field(f"{path}.", name, known), at=key.at)
            raise ConfigurationError(f"{path}.kind is missing; one of {', '.join(self.records)}", at=node.at)
        return self.records[Text(choices=tuple(self.records)).read(kind, f"{path}.kind")].read(node, path)

    def json_schema(self) -> JSONSchema:
        """One of the kinds."""
        return {"anyOf": [record.json_schema() for record in self.records.values()]}


@dataclass(frozen=True)
class Plain:
    """Text, whole numbers, true, false, null, lists and mappings; what YAML readers disagree on is refused."""

    def read(self, node: Node, path: str) -> Data:
        """Return the data."""
        if isinstance(node, Sequence):
            return [self.read(item, f"{path}[{index}]") for index, item in enumerate(node.items)]
        if isinstance(node, Mapping):
            return {name: self.read(value, f"{path}.{name}") for name, (_, value) in node.entries.items()}
        if is_null(node):
            return None
        if is_text(node):
            return node.text
        if node.text in ("true", "false"):
            return node.text == "true"
        if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", node.text):
            return int(node.text)
        raise ConfigurationError(
            f"{shortened(path, 255)}: {shortened(node.text)} is neither text nor a whole number to every YAML reader; "
            f"write {quoted(node.text)} for the text",
            at=node.at,
        )

    def json_schema(self) -> JSONSchema:
        """A reference, as lists and mappings hold the same again; DEFINITIONS has what it refers to."""
        return {"$ref": "#/$defs/data"}


DEFINITIONS: JSONSchema = {
    "data": {
        "type": ["string", "integer", "boolean", "null", "array", "object"],
        "items": {"$ref": "#/$defs/data"},
        "additionalProperties": {"$ref": "#/$defs/data"},
    }
}
"""The ``$defs`` that a schema needs at its root if ``Plain`` is in it."""
