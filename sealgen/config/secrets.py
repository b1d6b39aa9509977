"""``secrets`` in an environment file: which Secrets it has, and where each differs from the environment's defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgen.config.backends import SCOPE
from sealgen.config.value_name import NAME_IN_TEMPLATES, ValueName
from sealgen.errors import ConfigurationError, did_you_mean, quoted
from sealgen.kubernetes import rules
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.values.file import INSIDE as _PATH
from sealgen.values.file import inside_problem as _path_problem
from sealgen.yaml.nodes import Mapping, Node, Scalar, Sequence, is_null
from sealgen.yaml.schema import Field, JSONSchema, MapOf, Plain, Record, Text, not_a

if TYPE_CHECKING:
    from collections.abc import Mapping as Map

    from sealgen.errors import Mark
    from sealgen.values.value import Value
    from sealgen.yaml.schema import Data, Fields


@dataclass(frozen=True)
class SecretEntry:
    """One Secret of an environment: its template, and what differs from the environment's defaults."""

    name: str
    template: str
    vars: Map[str, Data]
    values: Map[str, str]
    """The template's own names for values of the environment."""
    namespace: str
    scope: Scope
    filename: str
    type: str | None
    at: Mark


# What JSON Schema is told; the functions beside them say it in words.
_FILENAME = r"(?!kustomization\.ya?ml$)[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml"
_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
NAMESPACE = rf"(?=.{{1,63}}$){_DNS_LABEL}"
_SECRET_NAME = rf"(?=.{{1,253}}$){_DNS_LABEL}(?:\.{_DNS_LABEL})*"


def _filename_problem(text: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml", text):
        return f"{quoted(text)} must be a file name that ends in .yaml, without a folder"
    if text.lower() in ("kustomization.yaml", "kustomization.yml"):
        return f"'{text}' is the overlay's own"
    return None


@dataclass(frozen=True)
class _Entry:
    """A secret as written, before the environment's defaults."""

    name: str
    given: Map[str, Any]
    at: Mark


_ENTRY_FIELDS = {
    "template": Field(
        Text(problem=_path_problem, pattern=_PATH),
        "The template below templates/, without .yaml.j2; default: the name.",
    ),
    "vars": Field(MapOf(Plain()), "Variables of this secret's own, merged over the environment's.", default={}),
    "values": Field(
        MapOf(ValueName(), NAME_IN_TEMPLATES),
        "The template's names for values of the environment: {password: billing_password}.",
        default={},
    ),
    "namespace": Field(Text(problem=rules.namespace_problem, pattern=NAMESPACE), "Default: the environment's."),
    "scope": Field(SCOPE, "Default: the backend's."),
    "filename": Field(
        Text(problem=_filename_problem, pattern=_FILENAME),
        "The manifest's file in the output folder; default: NAME.yaml.",
    ),
    "type": Field(Text(), "The Secret's type, if the template leaves it out."),
}
_NAME = Text(problem=rules.name_problem, pattern=_SECRET_NAME)


def _given(fields: Fields) -> Map[str, Any]:
    return {name: fields[name] for name in _ENTRY_FIELDS}


_REST = Record(_ENTRY_FIELDS, _given)
_WHOLE = Record(
    {"name": Field(_NAME, "The Secret's name.", required=True, example="backend-secrets"), **_ENTRY_FIELDS},
    lambda fields: _Entry(fields["name"], _given(fields), fields.at("name")),
)


class SecretsShape:
    """A list of names or of mappings with a name, or a mapping from names to the rest."""

    def read(self, node: Node, path: str) -> tuple[_Entry, ...]:
        """Return the entries in the order of the file."""
        if isinstance(node, Sequence):
            entries = [self._item(item, f"{path}[{index}]") for index, item in enumerate(node.items)]
        elif isinstance(node, Mapping):
            entries = [
                _Entry(_NAME.check(key, path), self._rest(value, f"{path}.{name}"), key.at)
                for name, (key, value) in node.entries.items()
            ]
        else:
            raise not_a(node, path, "a list or a mapping of secrets")
        names: set[str] = set()
        for entry in entries:
            if entry.name in names:
                raise ConfigurationError(f"the secret '{entry.name}' is listed twice", at=entry.at)
            names.add(entry.name)
        return tuple(entries)

    def _item(self, node: Node, path: str) -> _Entry:
        if isinstance(node, Sequence) or is_null(node):
            raise not_a(node, path, "a name or a mapping")
        if isinstance(node, Scalar):
            return _Entry(_NAME.read(node, path), self._rest(Mapping({}, node.at), path), node.at)
        return _WHOLE.read(node, path)

    def _rest(self, node: Node, path: str) -> Map[str, Any]:
        return _REST.read(Mapping({}, node.at) if is_null(node) else node, path)

    def json_schema(self) -> JSONSchema:
        """Both ways to write it."""
        rest = MapOf(_REST, _NAME).json_schema()
        return {"anyOf": [{"type": "array", "items": {"anyOf": [_NAME.json_schema(), _WHOLE.json_schema()]}}, rest]}


def secret(entry: _Entry, namespace: str, scope: Scope, values: Map[str, Value]) -> SecretEntry:
    """Return what an entry means in an environment of this namespace, scope and values; raises ConfigurationError."""
    given = entry.given
    for own, value in given["values"].items():
        if value.text not in values:
            hint = did_you_mean(value.text, values)
            raise ConfigurationError(
                f"secrets.{entry.name}.values.{own}: no value {quoted(value.text)}{hint}", at=value.at
            )
    filename = given["filename"] or f"{entry.name}.yaml"
    if problem := _filename_problem(filename):
        raise ConfigurationError(f"the file of the secret '{entry.name}': {problem}; give it a filename", at=entry.at)
    return SecretEntry(
        name=entry.name,
        template=given["template"] or entry.name,
        vars=given["vars"],
        values={own: value.text for own, value in given["values"].items()},
        namespace=given["namespace"] or namespace,
        scope=Scope(given["scope"]) if given["scope"] else scope,
        filename=filename,
        type=given["type"],
        at=entry.at,
    )
