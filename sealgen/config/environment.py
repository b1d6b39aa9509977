"""Environment files: what they may say, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sealgen.config import FOLDER
from sealgen.config.access import ACCESS, grants
from sealgen.config.backends import BACKENDS, PlainBackend, SealedSecretsBackend
from sealgen.config.cluster import CLUSTER, ClusterSettings
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.config.merging import EXTENDS, merged
from sealgen.config.policy import POLICY, Policy
from sealgen.config.rollout import ROLLOUT, RolloutSettings, rollout
from sealgen.config.secrets import NAMESPACE, SecretEntry, SecretsShape
from sealgen.config.secrets import secret as secret_entry
from sealgen.config.stores import STORES, placed, pushed
from sealgen.config.value_name import NAME_IN_TEMPLATES
from sealgen.errors import ConfigurationError, quoted
from sealgen.kubernetes import access, rules
from sealgen.kubernetes.external_secret import GENERATORS_FILENAME, STORE_FILENAME
from sealgen.kubernetes.rollout import FIELD, LISTED_IN
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.template import FOLDER as TEMPLATES
from sealgen.values import kept
from sealgen.values.destination import PUSH
from sealgen.values.file import INSIDE as _PATH
from sealgen.values.file import inside_problem as _path_problem
from sealgen.values.sources import ValueShape
from sealgen.yaml.schema import ByKind, Field, Fields, MapOf, Plain, Record, Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Map

    from sealgen.kubernetes.access import Grant
    from sealgen.kubernetes.rollout import Rollout
    from sealgen.rotation.runbook import Runbook
    from sealgen.values.entry import Store
    from sealgen.values.stored import Stored
    from sealgen.values.value import Value
    from sealgen.yaml.nodes import Mapping
    from sealgen.yaml.schema import Data


@dataclass(frozen=True)
class Environment:
    """What an environment file, with all that it extends, says."""

    name: str
    file: str
    namespace: str
    backend: SealedSecretsBackend | ExternalSecretsBackend | PlainBackend
    cluster: ClusterSettings
    output: PurePosixPath
    vars: Map[str, Data]
    stores: Map[str, Store]
    values: Map[str, Value]
    push: Map[str, Stored]
    """Where values are pushed to, by name; of those that are."""
    secrets: tuple[SecretEntry, ...]
    access: tuple[Grant, ...]
    """Who may read them, by the Role's name and namespace."""
    rollout: Rollout
    """Whose pods start anew when they change."""
    policy: Policy
    lint: str
    runbooks: Map[str, Runbook] = field(default_factory=dict)
    """The steps around the next version of the values that have some, by the value's name."""


def _output_problem(text: str) -> str | None:
    if problem := _path_problem(text):
        return problem
    if PurePosixPath(text).parts[0] in (FOLDER, TEMPLATES):
        return f"{quoted(text)} can't be the output: sealgen reads {FOLDER}/ and {TEMPLATES}/ and never writes there"
    return None


FIELDS: dict[str, Field] = {
    "extends": EXTENDS,
    "namespace": Field(
        Text(problem=rules.namespace_problem, pattern=NAMESPACE),
        "The namespace of the secrets.",
        required=True,
        example="aura-staging",
    ),
    "backend": Field(
        ByKind(BACKENDS),
        "How secrets reach the cluster.",
        required=True,
        example="{kind: sealed-secrets, certificate: …, fingerprint: …}",
    ),
    "cluster": Field(CLUSTER, "Where the cluster is, for commands that ask it.", default=ClusterSettings()),
    "output": Field(
        Text(problem=_output_problem, pattern=rf"(?!(?:\.?/)*(?:{FOLDER}|{TEMPLATES})(?:/|$)){_PATH}"),
        "The folder of the manifests, from the project's root.",
    ),
    "vars": Field(MapOf(Plain()), "What is no secret; templates see vars.*", default={}),
    "values": Field(
        MapOf(ValueShape(), NAME_IN_TEMPLATES),
        "Secret values and where they come from; templates see values.* as stand-ins.",
        default={},
    ),
    "stores": Field(STORES, "Secret stores by name, for values and commands that use them.", default={}),
    "push": replace(PUSH, description="Where 'sealgen push' puts all values, for others to read; default: none."),
    "secrets": Field(
        SecretsShape(), "The Secrets: names of templates, or mappings.", required=True, example="[backend-secrets]"
    ),
    "access": Field(
        ACCESS, "Roles by name: who may read which of the secrets; the overlay has them beside these.", default={}
    ),
    "rollout": Field(
        ROLLOUT,
        "Whose pods start anew when secrets change, once the overlay is applied.",
        default=RolloutSettings(),
    ),
    "policy": Field(POLICY, "What 'sealgen check' holds every secret value to.", default=Policy()),
    "lint": Field(
        Text(choices=("warn", "error")),
        "What a suspicious value does: 'warn' tells, 'error' refuses it.",
        default="warn",
    ),
}
"""What an environment file may say."""


def load(name: str, read: Callable[[str], bytes | None]) -> Environment:
    """Read the environment ``name`` with all that it extends.

    ``read`` gives the bytes of a file by its path from the project's root, or None if there is none. Raises
    ConfigurationError for whatever is wrong in any of the files.
    """
    return understood(name, merged(name, read))


def understood(name: str, root: Mapping) -> Environment:
    """Return what the merged files of the environment ``name`` mean; raises ConfigurationError."""
    file = f"{FOLDER}/{name}.yaml"

    def build(fields: Fields) -> Environment:
        return _environment(name, file, fields)

    return Record(FIELDS, build).read(root, "")


def _environment(name: str, file: str, fields: Fields) -> Environment:
    backend: SealedSecretsBackend | ExternalSecretsBackend | PlainBackend = fields["backend"]
    sealed = isinstance(backend, SealedSecretsBackend)
    scope = backend.scope if isinstance(backend, SealedSecretsBackend) else Scope.STRICT
    if not isinstance(backend, PlainBackend) and fields["output"] is None:
        raise ConfigurationError(f"output is missing; write output: k8s/overlays/{name}", at=fields.at("backend"))
    if isinstance(backend, ExternalSecretsBackend) and fields["rollout"] != RolloutSettings():
        raise ConfigurationError(
            "rollout: goes by the lock, and External Secrets changes a Secret without any commit",
            at=fields.at("rollout"),
            hint="Have something in the cluster restart the pods, and leave rollout: out.",
        )
    for value in fields["values"].values():
        if value.operator and not isinstance(backend, ExternalSecretsBackend):
            raise ConfigurationError(
                f"values.{value.name}.made_by: operator goes with backend external-secrets alone", at=value.operator.at
            )
    taken = {access.FILENAME: access.FIELD} if fields["access"] else {}
    if isinstance(backend, ExternalSecretsBackend):
        taken |= {STORE_FILENAME: "backend", GENERATORS_FILENAME: "values"}
    if fields["rollout"] != RolloutSettings():
        taken |= dict.fromkeys(LISTED_IN, FIELD)
    secrets = []
    by_filename: dict[str, str] = {}
    for entry in fields["secrets"]:
        secret = secret_entry(entry, fields["namespace"], scope, fields["values"])
        other = by_filename.setdefault(secret.filename.lower(), secret.name)  # as one file on some systems
        if other != secret.name:
            raise ConfigurationError(f"'{secret.name}' and '{other}' have one file, {secret.filename}", at=entry.at)
        if field := taken.get(secret.filename.lower()):
            raise ConfigurationError(
                f"'{secret.name}' and {field}: have one file, {secret.filename.lower()}; give the secret a filename",
                at=entry.at,
            )
        secrets.append(secret)
    values = placed(kept.of_environment(fields["values"], name), fields["stores"])
    return Environment(
        name=name,
        file=file,
        namespace=fields["namespace"],
        backend=backend,
        cluster=fields["cluster"],
        output=PurePosixPath(fields["output"] or f"k8s/overlays/{name}"),
        vars=fields["vars"],
        stores=fields["stores"],
        values=values,
        push=pushed(name, values, fields["push"], fields["stores"]),
        secrets=tuple(secrets),
        access=grants(fields["access"], {secret.name: secret.namespace for secret in secrets}),
        rollout=rollout(fields["rollout"], {secret.name: secret.scope if sealed else None for secret in secrets}),
        policy=fields["policy"],
        lint=fields["lint"],
        runbooks=_runbooks(name, fields),
    )


def _runbooks(name: str, fields: Fields) -> Map[str, Runbook]:
    rotations = {value.name: value.rotation for value in fields["values"].values() if value.rotation}
    if not rotations:
        return {}
    from sealgen.rotation.runbook import runbook  # noqa: PLC0415  (most environments have none)

    known = {value.name: value.source.parts for value in fields["values"].values()}
    output = fields["output"] or f"k8s/overlays/{name}"
    names = {"environment": name, "namespace": fields["namespace"], "output": output}
    return {value: runbook(value, rotation, known, fields["vars"], names) for value, rotation in rotations.items()}
