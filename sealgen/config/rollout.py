"""``rollout:`` in an environment file: whose pods start anew when Secrets change, by what the overlay says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgen.config.secret_name import SecretName, check_known
from sealgen.errors import ConfigurationError, did_you_mean, quoted
from sealgen.kubernetes import rules
from sealgen.kubernetes.rollout import KINDS, SUFFIX_LENGTH, Rollout
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.yaml.schema import Field, ListOf, MapOf, Record, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.yaml.nodes import Scalar

_OTHERWISE = {
    "Job": "once it is made, its pods stay as they are",
    "Pod": "nothing starts it anew; name what it belongs to",
    "ReplicaSet": "its pods stay as they are when its template changes; name its Deployment",
    "ReplicationController": "its pods stay as they are when its template changes",
}
_LONGEST_NAME = 253 - SUFFIX_LENGTH


@dataclass(frozen=True)
class RolloutSettings:
    """``rollout:`` as written, before it is known which Secrets there are."""

    annotation: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    suffix: tuple[Scalar, ...] = ()


def _workload_problem(text: str) -> str | None:
    kind, slash, name = text.partition("/")
    if not slash:
        return f"{quoted(text)} can't be a workload: write KIND/NAME, as in Deployment/backend"
    if kind in _OTHERWISE:
        return f"a {kind} can't be rolled out: {_OTHERWISE[kind]}"
    if kind not in KINDS:
        return f"the kind of a workload can't be {quoted(kind)}{did_you_mean(kind, KINDS)}"
    return rules.name_problem(name)


_WORKLOAD = Text(problem=_workload_problem, pattern=rf"(?:{'|'.join(KINDS)})/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
ROLLOUT = Record(
    {
        "annotation": Field(
            MapOf(ListOf(SecretName(), 1), _WORKLOAD),
            "Workloads as KIND/NAME, and their secrets: the template of their pods gets a digest of these.",
            default={},
        ),
        "suffix": Field(
            ListOf(SecretName()),
            "Secrets that get a digest in their names, which kustomize tells who uses them.",
            default=(),
        ),
    },
    lambda fields: RolloutSettings(fields["annotation"], fields["suffix"]),
)


def rollout(settings: RolloutSettings, scopes: Mapping[str, Scope | None]) -> Rollout:
    """Return what is rolled out.

    ``scopes`` are those of the environment's secrets, by name; None where nothing is sealed. Raises
    ConfigurationError for a secret that is not one of them, that is named in both ways, or that can't have another
    name in the cluster.
    """
    for index, node in enumerate(settings.suffix):
        path = f"rollout.suffix[{index}]"
        check_known(node, path, scopes)
        if len(node.text) > _LONGEST_NAME:
            raise ConfigurationError(
                f"{path}: '{node.text}' is too long: with the digest, a name has at most 253 characters", at=node.at
            )
        if scopes[node.text] is Scope.STRICT:
            raise ConfigurationError(
                f"{path}: '{node.text}' is sealed for its name (scope strict), and could not be opened under another",
                at=node.at,
                hint="Give the secret 'scope: namespace-wide', or name its workloads under annotation.",
            )
    suffix = frozenset(node.text for node in settings.suffix)
    for workload, nodes in settings.annotation.items():
        for index, node in enumerate(nodes):
            path = f"rollout.annotation.{workload}[{index}]"
            check_known(node, path, scopes)
            if node.text in suffix:
                raise ConfigurationError(
                    f"{path}: '{node.text}' is under suffix too; who uses it follows its name, and needs no annotation",
                    at=node.at,
                )
    annotation = {
        workload: tuple(sorted({node.text for node in nodes}))
        for workload, nodes in sorted(settings.annotation.items())
    }
    return Rollout(annotation, suffix)
