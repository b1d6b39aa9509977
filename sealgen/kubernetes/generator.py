"""Generators of the External Secrets Operator, and the PushSecrets that put what they make into the store. Pure.

A PushSecret puts it where there is nothing yet, once: so what was made stays, for all who read it there. (An
ExternalSecret that refers to a generator itself would have it make another value at each refresh.)
Source: External Secrets Operator 1.3.2, ``apis/generators/v1alpha1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.kubernetes import push_secret
from sealgen.kubernetes.external_secret import GENERATORS_FIELD
from sealgen.kubernetes.own_files import marked
from sealgen.yaml import layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.kubernetes.push_secret import PushSecret
    from sealgen.yaml.layout import Tree

KEYS = {"Password": "password", "UUID": "uuid"}
"""The kinds, and the key that each one's value has."""


@dataclass(frozen=True)
class Generator:
    """A Password or a UUID."""

    kind: str
    name: str
    namespace: str
    spec: Tree


def name_of(value: str) -> str:
    """Return what the generator of a value, and its PushSecret, are called."""
    return f"generated-{value.lower().replace('_', '-')}"


def to_yaml(made: Iterable[tuple[Generator, PushSecret]], file: str) -> str:
    """Return the manifests of generators and of what puts their values; ``file`` is the environment file."""
    documents = (f"{_dumped(generator)}{push_secret.to_yaml(push)}" for generator, push in made)
    return marked(GENERATORS_FIELD, file, "".join(documents))


def _dumped(generator: Generator) -> str:
    return layout.dump(
        {
            "apiVersion": push_secret.GENERATORS,
            "kind": generator.kind,
            "metadata": {"name": generator.name, "namespace": generator.namespace},
            "spec": generator.spec,
        }
    )
