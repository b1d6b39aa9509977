"""Who may read an environment's Secrets, as far as roles and bindings say. Pure.

That is not all: who may make a Pod in a namespace can have any of its Secrets mounted there.
Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
    from typing import TypeAlias

    from sealgen.kubernetes.access import Grant, Subject
    from sealgen.status.live import Name
    from sealgen.status.roles import Binding, Rule

    _Key: TypeAlias = tuple[Subject, str, tuple[str, ...] | None, bool]

EVERYBODY = frozenset({"system:authenticated", "system:unauthenticated", "system:serviceaccounts"})
"""Groups that hold everybody, or every service account, of a cluster."""


@dataclass(frozen=True)
class Reader:
    """Somebody who may read some of the Secrets of a namespace."""

    subject: Subject
    namespace: str
    secrets: tuple[str, ...] | None
    """Those of the environment, by name; None for all that the namespace has."""
    by_access: bool
    """Whether it is what ``access:`` grants, and no more than that."""
    verbs: tuple[str, ...]
    through: tuple[str, ...]
    """The bindings that say so."""


def readers(
    roles: Mapping[tuple[str, str, str], Sequence[Rule]],
    bindings: Iterable[Binding],
    wanted: Set[Name],
    grants: Iterable[Grant],
) -> tuple[Reader, ...]:
    """Return who may read the ``wanted`` Secrets, each with what it may: those by ``access:`` first, then by name."""
    granted = {(grant.name, grant.namespace): grant for grant in grants}
    found: dict[_Key, tuple[set[str], set[str]]] = {}
    for binding in bindings:
        where = (
            f"{binding.kind} {binding.namespace}/{binding.name}"
            if binding.namespace
            else f"{binding.kind} {binding.name}"
        )
        for namespace, rule, secrets in _reached(roles, binding, wanted):
            for subject in binding.subjects:
                by_access = _is_granted(binding, rule, subject, granted)
                verbs, through = found.setdefault((subject, namespace, secrets, by_access), (set(), set()))
                verbs |= rule.verbs
                through.add(where)
    told = (Reader(*key, tuple(sorted(verbs)), tuple(sorted(through))) for key, (verbs, through) in found.items())
    return tuple(sorted(told, key=_order))


def _reached(
    roles: Mapping[tuple[str, str, str], Sequence[Rule]], binding: Binding, wanted: Set[Name]
) -> Iterator[tuple[str, Rule, tuple[str, ...] | None]]:
    """Yield the namespaces that a binding reaches into, by which rule, and which of the wanted there; None for all."""
    kind, role = binding.role
    rules = roles.get((kind, binding.namespace if kind == "Role" else "", role), ())
    for namespace in [binding.namespace] if binding.namespace else sorted({name.namespace for name in wanted}):
        for rule in rules:
            if rule.names is None:
                yield namespace, rule, None
            elif named := sorted(
                name.name for name in wanted if name.namespace == namespace and name.name in rule.names
            ):
                yield namespace, rule, tuple(named)


def _is_granted(binding: Binding, rule: Rule, subject: Subject, granted: Mapping[tuple[str, str], Grant]) -> bool:
    grant = granted.get((binding.name, binding.namespace)) if binding.role == ("Role", binding.name) else None
    return grant is not None and subject in grant.subjects and _is_of(rule, grant)


def _is_of(rule: Rule, grant: Grant) -> bool:
    return rule.names is not None and rule.names <= set(grant.secrets) and rule.verbs <= set(grant.verbs)


def differences(
    roles: Mapping[tuple[str, str, str], Sequence[Rule]], bindings: Iterable[Binding], grants: Iterable[Grant]
) -> Iterator[tuple[Grant, str]]:
    """Yield the grants of ``access:`` that the cluster does not have as they are, and what is different."""
    by_name = {(binding.name, binding.namespace): binding for binding in bindings if binding.kind == "RoleBinding"}
    for grant in grants:
        rules = roles.get(("Role", grant.namespace, grant.name))
        binding = by_name.get((grant.name, grant.namespace))
        if rules is None:
            yield grant, "the Role is not applied"
        elif not all(_is_of(rule, grant) for rule in rules) or not _reaches(rules, grant):
            yield grant, "the Role says something else"
        elif binding is None:
            yield grant, "the RoleBinding is not applied"
        elif binding.role != ("Role", grant.name) or set(binding.subjects) != set(grant.subjects):
            yield grant, "the RoleBinding says something else"


def _reaches(rules: Sequence[Rule], grant: Grant) -> bool:
    allowed = {(name, verb) for rule in rules for name in rule.names or () for verb in rule.verbs}
    return {(name, verb) for name in grant.secrets for verb in grant.verbs} <= allowed


def _order(reader: Reader) -> tuple[object, ...]:
    subject = reader.subject
    who = (subject.kind, subject.namespace, subject.name)
    return not reader.by_access, reader.namespace, who, reader.secrets or (), reader.through
