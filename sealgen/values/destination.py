"""A place in a store that is written: what ``keep:`` and ``push:`` say, in the words of the sources that read it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, did_you_mean, quoted
from sealgen.values import age, aws_secretsmanager, aws_ssm, azure_keyvault, gcp_secretmanager, keyring, vault
from sealgen.values.stored import Stored
from sealgen.yaml.nodes import Mapping, Node, Scalar, Sequence
from sealgen.yaml.schema import Field, JSONSchema, Record, Text, mapping

if TYPE_CHECKING:
    from sealgen.values.source import Source

_WRITABLE: dict[str, Record[Source]] = {
    "vault": vault.SHAPE,
    "aws-secretsmanager": aws_secretsmanager.SHAPE,
    "aws-ssm": aws_ssm.SHAPE,
    "gcp-secretmanager": gcp_secretmanager.SHAPE,
    "azure-keyvault": azure_keyvault.SHAPE,
    "age": age.SHAPE,
    "keyring": keyring.SHAPE,
}
KINDS = frozenset(_WRITABLE)
"""The kinds of stores that can be written."""

_PLACEHOLDERS = ("environment", "value", "dashed-value")
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def _without_version(shape: Record[Source], *, whole: bool) -> Record[Source]:
    """Return the fields of a source that reads always the newest; ``whole`` tells whether a property may be left out.

    What is written has no version to stay at, and what has parts is a property for each of them anyway.
    """
    fields = {name: field for name, field in shape.fields.items() if name != "version"}
    if whole:
        fields["property"] = replace(fields["property"], required=False)
    return Record(fields, shape.build)


_RECORDS = {name: _without_version(shape, whole=False) for name, shape in _WRITABLE.items()}
_OF_PARTS = {name: _without_version(shape, whole=True) for name, shape in _WRITABLE.items()}


@dataclass(frozen=True)
class Destination:
    """A place as it is written, with ``{environment}`` and ``{value}`` in its names."""

    kind: str
    """The store's."""
    node: Mapping
    path: str
    """Where it is said, for messages."""

    def of(self, environment: str, value: str, parts: tuple[str, ...]) -> Stored:
        """Return the place of a value of an environment; raises ConfigurationError where a name can't be so there."""
        names = dict(zip(_PLACEHOLDERS, (environment, value, value.replace("_", "-")), strict=True))
        records = _RECORDS if parts == ("",) else _OF_PARTS
        entries = {
            name: (key, _filled(node, names) if name in (self.kind, "property") else node)
            for name, (key, node) in self.node.entries.items()
        }
        place = records[self.kind].read(Mapping(entries, self.node.at), self.path)
        assert isinstance(place, Stored)  # noqa: S101  (its shape is that of a stored value)
        return place


def _filled(node: Node, names: dict[str, str]) -> Node:
    if isinstance(node, Scalar):
        return node._replace(text=_BRACES.sub(lambda brace: names[brace[1]], node.text))
    if isinstance(node, Sequence):
        return Sequence(tuple(_filled(item, names) for item in node.items), node.at)
    return node


def _check_placeholders(node: Node, path: str) -> None:
    if isinstance(node, Sequence):
        for item in node.items:
            _check_placeholders(item, path)
    if not isinstance(node, Scalar):
        return
    for brace in _BRACES.finditer(node.text):
        if brace[1] not in _PLACEHOLDERS:
            known = [f"{{{name}}}" for name in _PLACEHOLDERS]
            hint = did_you_mean(brace[0], known)
            raise ConfigurationError(f"{path} has {quoted(brace[0])}, which stands for nothing{hint}", at=node.at)


class DestinationShape:
    """A store's kind and a name in it, as a source that reads it is written."""

    def read(self, node: Node, path: str) -> Destination:
        """Return the place; what it says is checked for each value that it is of."""
        node = mapping(node, path)
        kinds = [name for name in node.entries if name in _WRITABLE]
        if not kinds:
            known = ", ".join(_WRITABLE)
            raise ConfigurationError(f"{path} names no store that can be written; one of {known}", at=node.at)
        if len(kinds) > 1:
            second = node.entries[kinds[1]][0]
            raise ConfigurationError(f"{path} has two stores, {kinds[0]} and {kinds[1]}; one is needed", at=second.at)
        for name in (kinds[0], "property"):
            if name in node.entries:
                _check_placeholders(node.entries[name][1], f"{path}.{name}")
        return Destination(kinds[0], node, path)

    def json_schema(self) -> JSONSchema:
        """One of the stores; its names may have placeholders, of which their patterns know nothing."""
        text = Text()
        return {
            "anyOf": [
                Record(
                    {**record.fields, kind: replace(record.fields[kind], shape=text)}, lambda fields: fields
                ).json_schema()
                for kind, record in _OF_PARTS.items()
            ]
        }


PUSH = Field(
    DestinationShape(),
    "Where 'sealgen push' puts it, for others to read; default: as the environment's push: says.",
    example="{vault: 'secret/aura/{environment}', property: '{value}'}",
)
KEEP = Field(
    DestinationShape(),
    "The store that it is put into when it is made, and read from ever after; default: it is stored nowhere.",
)
