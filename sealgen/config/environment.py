"""Environment files: what they may say, how one extends another, and what they mean."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sealgen.config import CERTIFICATE_CHANGED, FOLDER
from sealgen.config.access import ACCESS, grants
from sealgen.config.cluster import CLUSTER, ClusterSettings
from sealgen.config.external_secrets import BACKEND as EXTERNAL_SECRETS
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.config.policy import POLICY, Policy
from sealgen.config.rollout import ROLLOUT, RolloutSettings, rollout
from sealgen.config.stores import STORES, placed, pushed
from sealgen.crypto import fingerprint
from sealgen.errors import ConfigurationError, Mark, did_you_mean, key_told, quoted, shortened
from sealgen.kubernetes import access, rules
from sealgen.kubernetes.external_secret import STORE_FILENAME
from sealgen.kubernetes.rollout import FIELD, LISTED_IN
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.template import FOLDER as TEMPLATES
from sealgen.values import kept
from sealgen.values.destination import KINDS, PUSH
from sealgen.values.file import INSIDE as _PATH
from sealgen.values.file import inside_problem as _path_problem
from sealgen.values.rules import RULES
from sealgen.values.sources import SOURCE_NAMES, ValueShape
from sealgen.values.value import NAME as VALUE_NAME
from sealgen.yaml.nodes import Mapping, Node, Scalar, Sequence, is_null, parse
from sealgen.yaml.schema import (
    DEFINITIONS,
    ByKind,
    Field,
    Fields,
    JSONSchema,
    MapOf,
    Plain,
    Record,
    Text,
    not_a,
    scalar,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Map

    from sealgen.kubernetes.access import Grant
    from sealgen.kubernetes.rollout import Rollout
    from sealgen.rotation.runbook import Runbook
    from sealgen.values.entry import Store
    from sealgen.values.stored import Stored
    from sealgen.values.value import Value
    from sealgen.yaml.schema import Data

ENVIRONMENT_NAME = r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
_ENVIRONMENT_WORDS = "the name of a file of environments/, without .yaml: lower-case letters, digits, '-', '_', '.'"


@dataclass(frozen=True)
class SealedSecretsBackend:
    """Manifests are sealed with the controller's certificate."""

    certificate: str
    """A path from the project's root, or an https:// URL."""
    fingerprint: str
    """The pin: of the certificate's public key, as ``ssh-keygen -l`` writes it."""
    scope: Scope
    certificate_at: Mark
    fingerprint_at: Mark
    certificate_changed: str = "keep"
    """What a ciphertext of another certificate does: one of CERTIFICATE_CHANGED."""


@dataclass(frozen=True)
class PlainBackend:
    """Manifests are plain Secrets on standard output, for local development."""


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


# What JSON Schema is told; the functions beside them say it in words.
_CERTIFICATE = rf"https://[^/\s]\S*|(?!.*://){_PATH}"
_FILENAME = r"(?!kustomization\.ya?ml$)[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml"
_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_NAMESPACE = rf"(?=.{{1,63}}$){_DNS_LABEL}"
_SECRET_NAME = rf"(?=.{{1,253}}$){_DNS_LABEL}(?:\.{_DNS_LABEL})*"


def _output_problem(text: str) -> str | None:
    if problem := _path_problem(text):
        return problem
    if PurePosixPath(text).parts[0] in (FOLDER, TEMPLATES):
        return f"{quoted(text)} can't be the output: sealgen reads {FOLDER}/ and {TEMPLATES}/ and never writes there"
    return None


def _certificate_problem(text: str) -> str | None:
    if "://" in text:
        return None if re.fullmatch(r"https://[^/\s]\S*", text) else f"{quoted(text)} must be a path or an https:// URL"
    return _path_problem(text)


def _fingerprint_problem(text: str) -> str | None:
    if re.fullmatch(fingerprint.PATTERN, text):
        return None
    hint = "it looks like SHA256: and 43 characters, see 'sealgen cert show FILE'"
    return f"{quoted(text)} is not a fingerprint; {hint}"


def _filename_problem(text: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml", text):
        return f"{quoted(text)} must be a file name that ends in .yaml, without a folder"
    if text.lower() in ("kustomization.yaml", "kustomization.yml"):
        return f"'{text}' is the overlay's own"
    return None


_VALUE_NAME = re.compile(VALUE_NAME)


def _value_name_problem(text: str) -> str | None:
    if _VALUE_NAME.fullmatch(text):
        return None
    near = re.sub(r"[^A-Za-z0-9_]+", "_", text.partition(":")[0]).strip("_")
    meant = f"; did you mean '{near}'?" if _VALUE_NAME.fullmatch(near) else ""
    return f"{quoted(key_told(text))} can't be a name in templates; letters, digits and _ can{meant}"


_SCOPE = Text(choices=tuple(Scope))


def _sealed_secrets(fields: Fields) -> SealedSecretsBackend:
    return SealedSecretsBackend(
        fields["certificate"],
        fields["fingerprint"],
        Scope(fields["scope"]),
        fields.at("certificate"),
        fields.at("fingerprint"),
        fields["certificate_changed"],
    )


_BACKENDS: dict[str, Record[Any]] = {
    "sealed-secrets": Record(
        {
            "kind": Field(Text(choices=("sealed-secrets",)), "How secrets reach the cluster."),
            "certificate": Field(
                Text(problem=_certificate_problem, pattern=_CERTIFICATE),
                "The controller's certificate: a PEM file's path from the project's root, or an https:// URL.",
                required=True,
                example=f"{FOLDER}/certificates/controller.pem",
            ),
            "fingerprint": Field(
                Text(problem=_fingerprint_problem, pattern=fingerprint.PATTERN),
                "The pin: the certificate's fingerprint, which 'sealgen cert fetch ENV' writes; another is refused.",
                required=True,
            ),
            "scope": Field(_SCOPE, "What a ciphertext is bound to: its name and namespace, or less.", default="strict"),
            "certificate_changed": Field(
                Text(choices=CERTIFICATE_CHANGED),
                "What a ciphertext of another certificate does: 'keep' (default) lets it stay, as the cluster keeps "
                "its older keys; 'reseal' seals it again from its values.",
                default="keep",
            ),
        },
        _sealed_secrets,
    ),
    "external-secrets": EXTERNAL_SECRETS,
    "plain": Record(
        {"kind": Field(Text(choices=("plain",)), "Secrets on standard output, for local development.")},
        lambda _: PlainBackend(),
    ),
}


@dataclass(frozen=True)
class _Entry:
    """A secret as written, before the environment's defaults."""

    name: str
    given: Map[str, Any]
    at: Mark


class _ValueName:
    """The name of a value of the environment, and where it stands."""

    def read(self, node: Node, path: str) -> Scalar:
        """Return the node."""
        return scalar(node, path, "a value's name")

    def json_schema(self) -> JSONSchema:
        """Text."""
        return Text().json_schema()


_ENTRY_FIELDS = {
    "template": Field(
        Text(problem=_path_problem, pattern=_PATH),
        "The template below templates/, without .yaml.j2; default: the name.",
    ),
    "vars": Field(MapOf(Plain()), "Variables of this secret's own, merged over the environment's.", default={}),
    "values": Field(
        MapOf(_ValueName(), Text(problem=_value_name_problem, pattern=VALUE_NAME)),
        "The template's names for values of the environment: {password: billing_password}.",
        default={},
    ),
    "namespace": Field(Text(problem=rules.namespace_problem, pattern=_NAMESPACE), "Default: the environment's."),
    "scope": Field(_SCOPE, "Default: the backend's."),
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


class _SecretsShape:
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


_FIELDS: dict[str, Field] = {
    "extends": Field(
        Text(pattern=ENVIRONMENT_NAME, words=_ENVIRONMENT_WORDS),
        "Another file of environments/, without .yaml; this one is merged over it.",
    ),
    "namespace": Field(
        Text(problem=rules.namespace_problem, pattern=_NAMESPACE),
        "The namespace of the secrets.",
        required=True,
        example="aura-staging",
    ),
    "backend": Field(
        ByKind(_BACKENDS),
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
        MapOf(ValueShape(), Text(problem=_value_name_problem, pattern=VALUE_NAME)),
        "Secret values and where they come from; templates see values.* as stand-ins.",
        default={},
    ),
    "stores": Field(STORES, "Secret stores by name, for values and commands that use them.", default={}),
    "push": replace(PUSH, description="Where 'sealgen push' puts all values, for others to read; default: none."),
    "secrets": Field(
        _SecretsShape(), "The Secrets: names of templates, or mappings.", required=True, example="[backend-secrets]"
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

    return Record(_FIELDS, build).read(root, "")


def merged(name: str, read: Callable[[str], bytes | None]) -> Mapping:
    """Return the file of the environment ``name``, merged over the files that it extends."""
    if not re.fullmatch(ENVIRONMENT_NAME, name):
        raise ConfigurationError(
            f"{FOLDER}/{shortened(name)}.yaml can't be an environment: "
            "a name has lower-case letters, digits, '-', '_' and '.'"
        )
    chain: dict[str, Mapping] = {}
    wanted, extended_at = name, None
    while True:
        file = f"{FOLDER}/{wanted}.yaml"
        content = read(file)
        if content is None:
            raise ConfigurationError(f"there is no {file}", at=extended_at)
        node = parse(content, file)
        if not isinstance(node, Mapping):
            raise ConfigurationError("an environment file must be a mapping", at=node.at)
        chain[wanted] = node
        extends = node.get("extends")
        if extends is None:
            break
        wanted, extended_at = _FIELDS["extends"].shape.read(extends, "extends"), extends.at
        if wanted in chain:
            circle = " → ".join([*chain, wanted])
            raise ConfigurationError(f"the files extend each other in a circle: {circle}", at=extended_at)
    # From the farthest base on: what a file removes stays removed, though its own base may have it.
    return functools.reduce(lambda base, over: _merge(base, over, ()), reversed(chain.values()))


def _merge(base: Mapping, over: Mapping, path: tuple[str, ...]) -> Mapping:
    """Merge deeply: ``over`` wins, a list replaces a list, null removes what it inherits."""
    entries = dict(base.entries)
    if _other_variant(base, over, path):
        # A backend leaves nothing behind, and a value its rules: a source's own fields go with the source.
        entries = {name: entry for name, entry in entries.items() if path[0] == "values" and name in _OF_ANY_SOURCE}
    for name, (key, value) in over.entries.items():
        inherited = entries[name][1] if name in entries else None
        if is_null(value) and inherited is not None:
            del entries[name]
        elif isinstance(value, Mapping) and isinstance(inherited, Mapping):
            entries[name] = (key, _merge(inherited, value, (*path, name)))
        else:
            entries[name] = (key, value)
    return Mapping(entries, over.at)


_OF_ANY_SOURCE = {*RULES, "push"}


def _other_variant(base: Mapping, over: Mapping, path: tuple[str, ...]) -> bool:
    """Tell whether ``over`` names another backend or store, or another source or generator, than ``base``."""
    if path == ("backend",) or path[:1] == ("stores",):
        return _both_differ(base, over, "kind")
    if path == ("push",) or (path[:1] == ("values",) and path[2:] in (("keep",), ("push",))):
        before, after = (node.entries.keys() & KINDS for node in (base, over))
        return bool(before and after - before)
    if len(path) == 2 and path[0] == "values":
        before, after = (node.entries.keys() & SOURCE_NAMES for node in (base, over))
        return bool(before and after - before) or _both_differ(base, over, "generate")
    return False


def _both_differ(base: Mapping, over: Mapping, name: str) -> bool:
    before, after = base.get(name), over.get(name)
    return isinstance(before, Scalar) and isinstance(after, Scalar) and before.text != after.text


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
    taken = {access.FILENAME: access.FIELD} if fields["access"] else {}
    if isinstance(backend, ExternalSecretsBackend):
        taken[STORE_FILENAME] = "backend"
    if fields["rollout"] != RolloutSettings():
        taken |= dict.fromkeys(LISTED_IN, FIELD)
    secrets = []
    by_filename: dict[str, str] = {}
    for entry in fields["secrets"]:
        secret = _secret(entry, fields["namespace"], scope, fields["values"])
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


def _secret(entry: _Entry, namespace: str, scope: Scope, values: Map[str, Value]) -> SecretEntry:
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


def json_schema() -> JSONSchema:
    """Return the JSON Schema of an environment file (draft 2020-12), for editors.

    Nothing is required, as what a file leaves out may stand in the one that it extends; and null is right wherever
    it may remove what is inherited.
    """
    schema = Record(_FIELDS, lambda fields: fields).json_schema()
    extends = schema["properties"]["extends"]
    schema = _mergeable(schema)
    schema["properties"]["extends"] = extends
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An environment of sealgen",
        **schema,
        "$defs": DEFINITIONS,
    }


def _mergeable(schema: JSONSchema) -> JSONSchema:
    """Return the schema of what is only merged over something that the schema describes."""
    merging = {name: rule for name, rule in schema.items() if name != "required"}
    if "properties" in schema:
        merging["properties"] = {name: _removable(rule) for name, rule in schema["properties"].items()}
    if schema.get("additionalProperties"):
        merging["additionalProperties"] = _removable(schema["additionalProperties"])
    if "anyOf" in schema:
        merging["anyOf"] = [_mergeable(rule) for rule in schema["anyOf"]]
    return merging


def _removable(schema: JSONSchema) -> JSONSchema:
    """Return the schema, for merging, with null too."""
    merging = _mergeable(schema)
    if "anyOf" in merging:
        merging["anyOf"] = [*merging["anyOf"], {"type": "null"}]
    if "enum" in merging:
        merging["enum"] = [*merging["enum"], None]
    if "type" in merging:
        types = merging["type"]
        merging["type"] = [*([types] if isinstance(types, str) else types), "null"]
    return merging
