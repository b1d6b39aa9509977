"""``access:`` in an environment file: who may read its Secrets, as Roles that the overlay holds beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgen.config.secret_name import SecretName, check_known
from sealgen.errors import ConfigurationError, quoted
from sealgen.kubernetes import rules
from sealgen.kubernetes.access import VERBS, Grant, Subject
from sealgen.yaml.schema import Field, ListOf, MapOf, Record, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.yaml.nodes import Scalar
    from sealgen.yaml.schema import Fields

_KINDS = {"user": "User", "group": "Group", "service_account": "ServiceAccount"}


@dataclass(frozen=True)
class Access:
    """An entry as written, before it is known which Secrets there are."""

    secrets: tuple[Scalar, ...]
    verbs: tuple[str, ...]
    subjects: tuple[Subject, ...]


def _name_problem(text: str) -> str | None:
    return None if text and text.isprintable() else f"{quoted(text)} can't be the name of a user or group"


def _subject(fields: Fields) -> Subject:
    kinds = [kind for kind in _KINDS if fields[kind] is not None]
    if len(kinds) != 1:
        told = f"names {' and '.join(kinds)}; it is one of them" if kinds else "must name one of " + ", ".join(_KINDS)
        raise ConfigurationError(f"{fields.path} {told}", at=fields.at(kinds[1] if kinds else ""))
    (kind,) = kinds
    if fields["namespace"] is not None and kind != "service_account":
        raise ConfigurationError(
            f"{fields.path}.namespace is of a service_account; a {kind} has none", at=fields.at("namespace")
        )
    return Subject(_KINDS[kind], fields[kind], fields["namespace"] or "")


_SUBJECT = Record(
    {
        "user": Field(Text(problem=_name_problem), "A user's name, as the cluster knows it."),
        "group": Field(Text(problem=_name_problem), "A group's name, as the cluster knows it."),
        "service_account": Field(Text(problem=rules.name_problem), "The name of a service account."),
        "namespace": Field(
            Text(problem=rules.namespace_problem), "The service account's; default: that of the secrets."
        ),
    },
    _subject,
)
_ACCESS = Record(
    {
        "secrets": Field(ListOf(SecretName(), 1), "Names of this environment's secrets.", required=True),
        "verbs": Field(
            ListOf(Text(choices=VERBS), 1),
            "What is allowed; list and watch work for one of the secrets at a time, by --field-selector metadata.name.",
            default=("get",),
        ),
        "subjects": Field(
            ListOf(_SUBJECT, 1),
            "Who may.",
            required=True,
            example="[{service_account: backend}]",
        ),
    },
    lambda fields: Access(fields["secrets"], tuple(dict.fromkeys(fields["verbs"])), fields["subjects"]),
)
ACCESS = MapOf(_ACCESS, Text(problem=rules.role_name_problem, pattern=r"(?!\.\.?$)[^/%]+"))


def grants(access: Mapping[str, Access], namespaces: Mapping[str, str]) -> tuple[Grant, ...]:
    """Return the Roles of ``access``, by name and namespace, one for each namespace that has some of its secrets.

    ``namespaces`` are those of the environment's secrets, by the secret's name. Raises ConfigurationError for a secret
    that is not one of them.
    """
    found = []
    for name, entry in access.items():
        by_namespace: dict[str, set[str]] = {}
        for index, node in enumerate(entry.secrets):
            check_known(node, f"access.{name}.secrets[{index}]", namespaces)
            by_namespace.setdefault(namespaces[node.text], set()).add(node.text)
        found += [
            Grant(
                name,
                namespace,
                tuple(sorted(secrets)),
                tuple(verb for verb in VERBS if verb in entry.verbs),
                tuple(_at_home(subject, namespace) for subject in dict.fromkeys(entry.subjects)),
            )
            for namespace, secrets in by_namespace.items()
        ]
    return tuple(sorted(found, key=lambda grant: (grant.name, grant.namespace)))


def _at_home(subject: Subject, namespace: str) -> Subject:
    if subject.kind == "ServiceAccount" and not subject.namespace:
        return replace(subject, namespace=namespace)
    return subject
