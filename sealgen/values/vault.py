"""The source ``vault``: a key of a secret in the KV engine, version 1 or 2, of HashiCorp Vault or OpenBao."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import quoted
from sealgen.values.credential import Credential, CredentialShape
from sealgen.values.file import PATH
from sealgen.values.stored import shape
from sealgen.yaml.schema import ByKind, Field, Integer, Record, Text

if TYPE_CHECKING:
    from sealgen.values.source import Source
    from sealgen.yaml.schema import Fields

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
ADDRESS = r"https?://[^\s/?#@]+(?:/[^\s?#]*)?"


@dataclass(frozen=True)
class Auth:
    """How to sign in."""

    kind: str = "token"
    """``token``, ``approle``, ``kubernetes`` or ``jwt``."""
    credential: Credential | None = None
    """The token, AppRole's secret ID, or JWT; None for a token as Vault's own command finds it."""
    role: str | None = None
    """AppRole's role ID, or the role's name."""
    mount: str = ""
    """Where the method is, below ``auth/``."""


@dataclass(frozen=True)
class VaultStore:
    """A server; what is None, its command's variables say."""

    kind: ClassVar[str] = "vault"

    address: str | None = None
    """$VAULT_ADDR"""
    namespace: str | None = None
    """$VAULT_NAMESPACE"""
    ca: str | None = None
    """$VAULT_CACERT, a PEM file's path from the project's root or absolute."""
    auth: Auth = Auth()


def _address_problem(text: str) -> str | None:
    # What stands before an @ could be a password.
    if re.fullmatch(ADDRESS, text):
        return None
    return "it must be an http:// or https:// URL with no user, question mark or hash"


def _path_problem(text: str) -> str | None:
    segments = text.strip("/").split("/")
    if len(segments) > 1 and text.isprintable() and not {"", ".", ".."} & set(segments):
        return None
    return f"{quoted(text)} must be a mount and a path in it, such as secret/aura/postgres"


def _mount_problem(text: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", text) else f"{quoted(text)} is no mount's path"


def _mount(default: str) -> Field:
    return Field(Text(problem=_mount_problem), f"Where it is mounted below auth/; default: {default}.", default=default)


def _kind(kind: str, description: str) -> Field:
    return Field(Text(choices=(kind,)), description)


def _role(fields: Fields) -> Auth:
    return Auth(fields["kind"], fields["token"], fields["role"], fields["mount"])


_TOKEN = "{env: CI_JOB_JWT}"  # noqa: S105  (the name of a variable)
_AUTH: ByKind[Auth] = ByKind(
    {
        "token": Record(
            {
                "kind": _kind("token", "A token that there is already."),
                "token": Field(CredentialShape(), "The token; default: $VAULT_TOKEN, then ~/.vault-token."),
            },
            lambda fields: Auth("token", fields["token"]),
        ),
        "approle": Record(
            {
                "kind": _kind("approle", "AppRole."),
                "role_id": Field(Text(), "The role's ID, which is no secret.", required=True),
                "secret_id": Field(
                    CredentialShape(), "The secret ID.", required=True, example="{env: VAULT_SECRET_ID}"
                ),
                "mount": _mount("approle"),
            },
            lambda fields: Auth("approle", fields["secret_id"], fields["role_id"], fields["mount"]),
        ),
        "kubernetes": Record(
            {
                "kind": _kind("kubernetes", "A pod's service account."),
                "role": Field(Text(), "The role's name.", required=True),
                "token": Field(
                    CredentialShape(),
                    "The service account's token; default: the pod's own.",
                    default=Credential(file=_SERVICE_ACCOUNT),
                ),
                "mount": _mount("kubernetes"),
            },
            _role,
        ),
        "jwt": Record(
            {
                "kind": _kind("jwt", "A JWT, such as that of a CI job."),
                "role": Field(Text(), "The role's name; default: the method's own."),
                "token": Field(CredentialShape(), "The JWT.", required=True, example=_TOKEN),
                "mount": _mount("jwt"),
            },
            _role,
        ),
    }
)

STORE: Record[VaultStore] = Record(
    {
        "kind": _kind("vault", "HashiCorp Vault or OpenBao."),
        "address": Field(Text(problem=_address_problem, pattern=ADDRESS), "The server's URL; default: $VAULT_ADDR."),
        "namespace": Field(Text(), "The namespace; default: $VAULT_NAMESPACE, or none."),
        "ca": Field(PATH, "A PEM file of who signs the server's certificate; default: $VAULT_CACERT, or the system's."),
        "auth": Field(_AUTH, "How to sign in; default: a token.", default=Auth()),
    },
    lambda fields: VaultStore(fields["address"], fields["namespace"], fields["ca"], fields["auth"]),
)

SHAPE: Record[Source] = shape(
    VaultStore(),
    Field(
        Text(problem=_path_problem),
        "A secret in Vault's KV engine, as its command writes it: the mount and the path in it.",
        required=True,
    ),
    property_of="The secret's key; a list of names leads into what it holds as JSON.",
    required=True,
    version=Field(Integer(1), "The version to stay at (KV version 2); default: the newest."),
)
