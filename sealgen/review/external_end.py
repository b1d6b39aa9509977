"""The objects of the External Secrets Operator at one end of a diff, as they stand in files. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.kubernetes import objects
from sealgen.kubernetes.external_secret import API_GROUP, KIND, STORE_KINDS
from sealgen.kubernetes.push_secret import GENERATORS
from sealgen.yaml.nodes import Sequence, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Map

    from sealgen.config.environment import Environment
    from sealgen.kubernetes.objects import Field

_TEMPLATE = "spec.target.template.data"
_DATA = "spec.data"


@dataclass(frozen=True)
class ExternalObject:
    """An ExternalSecret, a store, or another object of the operator."""

    file: str
    """From the project's root."""
    kind: str
    name: str
    """Its own."""
    secret: str
    """Of the Secret that comes of an ExternalSecret; empty for others."""
    namespace: str
    template: Map[str, str]
    """The texts that the Secret is made of, by key: Go templates."""
    lines: Map[str, int]
    """Of the keys."""
    data: Map[str, Map[str, str]]
    """Where values are, by the name that the templates know them by: ``remoteRef.key`` and other fields."""
    facts: Map[str, str]
    """Every other field that holds something, by its path: ``spec.secretStoreRef.name``."""

    @property
    def identity(self) -> tuple[str, str]:
        """What it is compared by; a store of one namespace that becomes one of all is the same."""
        return ("store" if self.kind in STORE_KINDS else self.kind, self.name)


@dataclass(frozen=True)
class ExternalEnd:
    """What an environment of External Secrets has, and what it is to have; nothing for any other environment."""

    files: Map[str, bytes] = field(default_factory=dict)
    """The files of the output folder that hold such objects, or are to, and those of other folders that are built in
    and not what they were: by path from the project's root."""
    wanted: Map[str, bytes] | None = None
    """What the environment file and the templates give, by path; None where they were not rendered, or can't be."""
    objects: Map[tuple[str, str], ExternalObject] = field(default_factory=dict)
    """By identity; only of files that the other end has otherwise, or not at all."""
    recipes: Map[tuple[str, str, str], str] = field(default_factory=dict)
    """For reading, by file, key and the Go template that each becomes: of another there is none to tell."""
    values: Map[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Which values each key is to be made of, by Secret and key."""
    wanted_files: Map[str, str] = field(default_factory=dict)
    """Where each Secret's manifest is to be, by path from the project's root."""

    @property
    def secrets(self) -> Map[str, ExternalObject]:
        """The ExternalSecrets among the objects, by the name of the Secret."""
        return {found.secret: found for found in self.objects.values() if found.secret}


def is_external(environment: Environment | None) -> bool:
    """Tell whether an environment is one of External Secrets."""
    return backend_of(environment) is not None


def backend_of(environment: Environment | None) -> ExternalSecretsBackend | None:
    """Return the backend of an environment of External Secrets; None of another one, and of none."""
    backend = environment.backend if environment else None
    return backend if isinstance(backend, ExternalSecretsBackend) else None


def read_external(content: bytes, file: str) -> list[ExternalObject]:
    """Return the operator's objects in a file; raises ConfigurationError for what is not YAML."""
    if API_GROUP.encode() not in content:
        return []
    roots = objects.read_all(content, file)
    return [_object(root, file) for root in roots if (root["apiVersion"].text_if_given() or "").startswith(_OF_GROUP)]


_OF_GROUP = (f"{API_GROUP}/", GENERATORS)


def _object(root: Field, file: str) -> ExternalObject:
    kind, name = (root["kind"].text_if_given() or "", root["metadata"]["name"].text_if_given() or "")
    is_secret = kind == KIND
    template = root["spec"]["target"]["template"]["data"].entries() if is_secret else {}
    return ExternalObject(
        file=file,
        kind=kind,
        name=name,
        secret=(root["spec"]["target"]["name"].text_if_given() or name) if is_secret else "",
        namespace=root["metadata"]["namespace"].text_if_given() or "",
        template={key: shown(node) for key, (_, node) in template.items()},
        lines={key: told.at.line for key, (told, _) in template.items()},
        data=dict(_data(root["spec"]["data"])) if is_secret else {},
        facts=dict(objects.facts(root, apart={_TEMPLATE, _DATA} if is_secret else ())),
    )


def _data(field: Field) -> Iterator[tuple[str, Map[str, str]]]:
    items = field.node.items if isinstance(field.node, Sequence) else ()
    for place, node in enumerate(items):
        facts = dict(objects.facts(objects.Field(f"data[{place}]", node, node.at)))
        yield facts.pop("secretKey", f"[{place}]"), facts
