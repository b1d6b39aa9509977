"""What roles let somebody read of Secrets, and who has which role. Pure.

Source: ``rbac/v1`` of Kubernetes 1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgen.kubernetes.access import VERBS, Subject
from sealgen.status.live import items

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Rule:
    """What a Role lets somebody do with Secrets."""

    verbs: frozenset[str]
    """Those of get, list and watch."""
    names: frozenset[str] | None
    """Of the Secrets; None for all."""


@dataclass(frozen=True)
class Binding:
    """Who has a Role, in one namespace or, where ``namespace`` is empty, in all."""

    kind: str
    name: str
    namespace: str
    role: tuple[str, str]
    """Kind and name; a Role is one of the binding's namespace."""
    subjects: tuple[Subject, ...]


def rules_of(found: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return what a Role or ClusterRole lets somebody read of Secrets."""
    granted = []
    for rule in items(found, "rules"):
        if {"", "*"} & set(items(rule, "apiGroups")) and {"secrets", "*"} & set(items(rule, "resources")):
            verbs = set(items(rule, "verbs"))
            reading = frozenset(verb for verb in VERBS if not verbs.isdisjoint({verb, "*"}))
            if reading:
                names = items(rule, "resourceNames")
                granted.append(Rule(reading, frozenset(names) if names else None))
    return tuple(granted)


def binding_of(found: Mapping[str, Any], kind: str) -> Binding:
    """Read a RoleBinding or ClusterRoleBinding, whose ``kind`` a list leaves out."""
    return Binding(
        kind=kind,
        name=found["metadata"]["name"],
        namespace=found["metadata"].get("namespace", ""),
        role=(found["roleRef"]["kind"], found["roleRef"]["name"]),
        subjects=tuple(
            Subject(subject["kind"], subject["name"], subject.get("namespace", ""))
            for subject in items(found, "subjects")
        ),
    )
