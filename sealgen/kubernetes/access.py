"""Who may read which Secrets, as Roles and RoleBindings that name them one by one. Pure.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and ``rbac/v1`` of Kubernetes 1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.kubernetes.own_files import marked
from sealgen.yaml import layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.yaml.layout import Tree

FIELD = "access"
"""The environment's field that it comes from."""
FILENAME = "access.yaml"
"""The manifest's file in the overlay."""
API_GROUP = "rbac.authorization.k8s.io"
VERBS = ("get", "list", "watch")
"""What reads a Secret. With names of Secrets, ``list`` and ``watch`` are allowed for one of them at a time."""


@dataclass(frozen=True)
class Subject:
    """Somebody who may do something."""

    kind: str
    """User, Group or ServiceAccount."""
    name: str
    namespace: str = ""
    """A ServiceAccount's; empty for others."""


@dataclass(frozen=True)
class Grant:
    """A Role and the RoleBinding of the same name: what some subjects may do with some Secrets of a namespace."""

    name: str
    namespace: str
    secrets: tuple[str, ...]
    verbs: tuple[str, ...]
    subjects: tuple[Subject, ...]


def to_yaml(grants: Iterable[Grant], file: str) -> str:
    """Return the manifest; ``file`` is the environment file that it says it comes from."""
    documents = "".join(layout.dump(tree) for grant in grants for tree in (_role(grant), _binding(grant)))
    return marked(FIELD, file, documents)


def _role(grant: Grant) -> Tree:
    rule: Tree = {
        "apiGroups": ("",),
        "resources": ("secrets",),
        "resourceNames": grant.secrets,
        "verbs": grant.verbs,
    }
    return {**_head("Role", grant), "rules": (rule,)}


def _binding(grant: Grant) -> Tree:
    return {
        **_head("RoleBinding", grant),
        "roleRef": {"apiGroup": API_GROUP, "kind": "Role", "name": grant.name},
        "subjects": tuple(_subject(subject) for subject in grant.subjects),
    }


def _head(kind: str, grant: Grant) -> Tree:
    metadata = {"name": grant.name, "namespace": grant.namespace}
    return {"apiVersion": f"{API_GROUP}/v1", "kind": kind, "metadata": metadata}


def _subject(subject: Subject) -> Tree:
    belongs = {"namespace": subject.namespace} if subject.namespace else {"apiGroup": API_GROUP}
    return {"kind": subject.kind, "name": subject.name, **belongs}
