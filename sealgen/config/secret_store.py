"""``secret_store`` of an environment for External Secrets: the operator's store, one that is there or one to write.

Its provider is told in the operator's own words, as far as the five stores of this project go.
Source: External Secrets Operator 1.3.2, ``config/crds/bases/external-secrets.io_secretstores.yaml``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError
from sealgen.kubernetes import rules
from sealgen.kubernetes.external_secret import SecretStore
from sealgen.yaml.schema import Boolean, Field, ListOf, Record, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.yaml.layout import Tree
    from sealgen.yaml.schema import Fields


def _as_written(fields: Fields) -> Tree:
    return {name: fields[name] for name in fields.written()}


def _object(fields: dict[str, Field], build: Callable[[Fields], Tree] = _as_written) -> Record[Tree]:
    return Record(fields, build)


def _one(fields: Fields) -> Tree:
    """Refuse two ways where the operator takes one, which it chooses in an order of its own."""
    given = sorted(fields.written() & _WAYS, key=lambda name: fields.at(name)[1:])
    if len(given) > 1:
        raise ConfigurationError(
            f"{fields.path} signs in by {' and '.join(given)}; it is one of them", at=fields.at(given[1])
        )
    if not given:
        raise ConfigurationError(f"{fields.path} says no way to sign in", at=fields.at(""))
    return _as_written(fields)


def _url(pattern: str, words: str) -> Text:
    """Return the shape of a URL, which messages don't repeat: what stands before an @ could be a password."""
    problem = f"it must be {words} with no user, question mark or hash"
    return Text(problem=lambda text: None if re.fullmatch(pattern, text) else problem, pattern=pattern)


_HTTPS = _url(r"https://[^\s/?#@]+/?", "an https:// URL")
_HTTP = _url(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", "an http:// or https:// URL")
_TEXT = Text()
_NAME = Text(problem=rules.name_problem)
_NAMESPACE = Text(problem=rules.namespace_problem)
_KEY = Text(problem=rules.key_problem)
_OF_ANOTHER = "Its namespace; of a ClusterSecretStore alone, as others read their own."

_SECRET = _object(
    {
        "name": Field(_NAME, "The Secret's name.", required=True),
        "key": Field(_KEY, "The key in it.", required=True),
        "namespace": Field(_NAMESPACE, _OF_ANOTHER),
    }
)
_SERVICE_ACCOUNT = _object(
    {
        "name": Field(_NAME, "The service account's name.", required=True),
        "namespace": Field(_NAMESPACE, _OF_ANOTHER),
        "audiences": Field(ListOf(_TEXT), "Further audiences of its token."),
    }
)
_AWS_KEYS = _object(
    {
        "accessKeyIDSecretRef": Field(_SECRET, "The access key's ID.", required=True),
        "secretAccessKeySecretRef": Field(_SECRET, "The access key.", required=True),
        "sessionTokenSecretRef": Field(_SECRET, "The session's token, of a key that expires."),
    }
)
_OF_SERVICE_ACCOUNT = _object({"serviceAccountRef": Field(_SERVICE_ACCOUNT, "The service account.", required=True)})

_AWS = _object(
    {
        "service": Field(Text(choices=("SecretsManager", "ParameterStore")), "Which of AWS's two.", required=True),
        "region": Field(Text(pattern=r"[a-z0-9-]+", words="a region's name"), "The region.", required=True),
        "role": Field(_TEXT, "The ARN of a role to assume."),
        "externalID": Field(_TEXT, "The external ID that the role asks for."),
        "additionalRoles": Field(ListOf(_TEXT), "Roles to assume before it, in this order."),
        "auth": Field(
            _object(
                {
                    "jwt": Field(_OF_SERVICE_ACCOUNT, "IAM roles for service accounts."),
                    "secretRef": Field(_AWS_KEYS, "An access key in a Secret."),
                },
                _one,
            ),
            "How to sign in; default: as the operator's own pod does.",
        ),
    }
)
_GCP = _object(
    {
        "projectID": Field(_TEXT, "The project.", required=True),
        "location": Field(_TEXT, "Of regional secrets: where they are."),
        "auth": Field(
            _object(
                {
                    "workloadIdentity": Field(
                        _object(
                            {
                                "serviceAccountRef": Field(_SERVICE_ACCOUNT, "The service account.", required=True),
                                "clusterLocation": Field(_TEXT, "Default: where the operator runs."),
                                "clusterName": Field(_TEXT, "Default: the cluster that the operator runs in."),
                                "clusterProjectID": Field(_TEXT, "Default: the store's project."),
                            }
                        ),
                        "Workload Identity.",
                    ),
                    "secretRef": Field(
                        _object(
                            {"secretAccessKeySecretRef": Field(_SECRET, "A service account's key.", required=True)}
                        ),
                        "A service account's key in a Secret.",
                    ),
                },
                _one,
            ),
            "How to sign in; default: as the operator's own pod does.",
        ),
    }
)


def _azure(fields: Fields) -> Tree:
    kind = fields["authType"]
    wanted = {
        "WorkloadIdentity": ((), ("authSecretRef", "identityId")),
        "ManagedIdentity": ((), ("authSecretRef", "serviceAccountRef")),
        "ServicePrincipal": (("tenantId", "authSecretRef"), ("identityId", "serviceAccountRef")),
    }
    needed, others = wanted[kind]
    for name in needed:
        if name not in fields.written():
            raise ConfigurationError(f"{fields.path}.{name} is missing; {kind} needs it", at=fields.at(""))
    for name in others:
        # A WorkloadIdentity without a service account may be told its client and tenant by a Secret.
        if name in fields.written() and not (kind == "WorkloadIdentity" and name == "authSecretRef"):
            raise ConfigurationError(f"{fields.path}.{name} is not for {kind}", at=fields.at(name))
    return _as_written(fields)


_AZURE = _object(
    {
        "vaultUrl": Field(
            _HTTPS,
            "The vault's URL.",
            required=True,
            example="https://NAME.vault.azure.net",
        ),
        "authType": Field(
            Text(choices=("WorkloadIdentity", "ManagedIdentity", "ServicePrincipal")),
            "How to sign in.",
            required=True,
            example="WorkloadIdentity",
        ),
        "tenantId": Field(_TEXT, "The tenant; a service account may say it instead."),
        "environmentType": Field(
            Text(choices=("PublicCloud", "USGovernmentCloud", "ChinaCloud", "GermanCloud")), "Default: PublicCloud."
        ),
        "serviceAccountRef": Field(_SERVICE_ACCOUNT, "Of a WorkloadIdentity: the service account."),
        "identityId": Field(_TEXT, "Of a ManagedIdentity: which, where the operator's pod has several."),
        "authSecretRef": Field(
            _object(
                {
                    "clientId": Field(_SECRET, "The client's ID."),
                    "clientSecret": Field(_SECRET, "The client's secret."),
                    "clientCertificate": Field(_SECRET, "The client's certificate, in place of a secret."),
                    "tenantId": Field(_SECRET, "The tenant."),
                }
            ),
            "Of a ServicePrincipal: Secrets that hold what it signs in with.",
        ),
    },
    _azure,
)


def _mount(method: str) -> Text:
    return Text(pattern=r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", words=f"where the method is mounted, as {method}")


def _role_id(fields: Fields) -> Tree:
    if len(fields.written() & {"roleId", "roleRef"}) != 1:
        raise ConfigurationError(f"{fields.path} needs one of roleId and roleRef", at=fields.at(""))
    return _as_written(fields)


def _token_of(fields: Fields) -> Tree:
    if len(fields.written() & {"secretRef", "kubernetesServiceAccountToken"}) != 1:
        raise ConfigurationError(
            f"{fields.path} needs one of kubernetesServiceAccountToken and secretRef", at=fields.at("")
        )
    return _as_written(fields)


_PASSWORD = {
    "username": Field(_TEXT, "The user.", required=True),
    "secretRef": Field(_SECRET, "The password.", required=True),
}
_VAULT_WAYS = {
    "kubernetes": Field(
        _object(
            {
                "mountPath": Field(_mount("kubernetes"), "Where it is mounted.", required=True, example="kubernetes"),
                "role": Field(_TEXT, "The role.", required=True),
                "serviceAccountRef": Field(_SERVICE_ACCOUNT, "The service account; default: the operator's own."),
                "secretRef": Field(_SECRET, "A service account's token."),
            }
        ),
        "A service account.",
    ),
    "appRole": Field(
        _object(
            {
                "path": Field(_mount("approle"), "Where it is mounted.", required=True, example="approle"),
                "roleId": Field(_TEXT, "The role's ID."),
                "roleRef": Field(_SECRET, "The role's ID, in a Secret."),
                "secretRef": Field(_SECRET, "The secret ID.", required=True),
            },
            _role_id,
        ),
        "AppRole.",
    ),
    "jwt": Field(
        _object(
            {
                "path": Field(_mount("jwt"), "Where it is mounted.", required=True, example="jwt"),
                "role": Field(_TEXT, "The role; default: the method's own."),
                "kubernetesServiceAccountToken": Field(
                    _object(
                        {
                            "serviceAccountRef": Field(_SERVICE_ACCOUNT, "The service account.", required=True),
                            "audiences": Field(ListOf(_TEXT), "The token's audiences."),
                        }
                    ),
                    "A service account's token.",
                ),
                "secretRef": Field(_SECRET, "The JWT."),
            },
            _token_of,
        ),
        "A JWT.",
    ),
    "tokenSecretRef": Field(_SECRET, "A token."),
    "cert": Field(
        _object(
            {
                "path": Field(_mount("cert"), "Where it is mounted; default: cert."),
                "clientCert": Field(_SECRET, "The certificate.", required=True),
                "secretRef": Field(_SECRET, "Its key.", required=True),
            }
        ),
        "A client's certificate.",
    ),
    "userPass": Field(
        _object(
            {"path": Field(_mount("userpass"), "Where it is mounted.", required=True, example="userpass"), **_PASSWORD}
        ),
        "A user and a password.",
    ),
    "ldap": Field(
        _object({"path": Field(_mount("ldap"), "Where it is mounted.", required=True, example="ldap"), **_PASSWORD}),
        "A user of a directory.",
    ),
    "iam": Field(
        _object(
            {
                "path": Field(_mount("aws"), "Where it is mounted; default: aws."),
                "region": Field(_TEXT, "The region."),
                "role": Field(_TEXT, "A role of AWS to assume first."),
                "vaultRole": Field(_TEXT, "The role.", required=True),
                "jwt": Field(_OF_SERVICE_ACCOUNT, "IAM roles for service accounts."),
                "secretRef": Field(_AWS_KEYS, "An access key in a Secret."),
            }
        ),
        "AWS's IAM.",
    ),
}
_VAULT = _object(
    {
        "server": Field(
            _HTTP,
            "The server's URL.",
            required=True,
        ),
        "path": Field(_mount("secret"), "Where the KV engine is mounted.", required=True, example="secret"),
        "version": Field(Text(choices=("v1", "v2")), "The KV engine's version; default: v2."),
        "namespace": Field(_TEXT, "The namespace."),
        "caBundle": Field(_TEXT, "Who signs the server's certificate: PEM, in base64."),
        "caProvider": Field(
            _object(
                {
                    "type": Field(Text(choices=("Secret", "ConfigMap")), "What it is in.", required=True),
                    "name": Field(_NAME, "Its name.", required=True),
                    "key": Field(_KEY, "The key in it.", required=True),
                    "namespace": Field(_NAMESPACE, _OF_ANOTHER),
                }
            ),
            "Where in the cluster that is.",
        ),
        "forwardInconsistent": Field(Boolean(), "Vault Enterprise: read from the active node after a write."),
        "readYourWrites": Field(Boolean(), "Vault Enterprise: wait until a write is seen."),
        "auth": Field(_object(_VAULT_WAYS, _one), "How to sign in.", required=True),
    }
)
_WAYS = {*_VAULT_WAYS, "workloadIdentity", "secretRef"}


def _store(fields: Fields) -> SecretStore:
    given = [name for name in PROVIDERS if name in fields.written()]
    if len(given) > 1:
        raise ConfigurationError(f"{fields.path} has {' and '.join(given)}; it is one of them", at=fields.at(given[1]))
    if not given:
        return SecretStore(fields["name"], fields["kind"], None, None)
    (provider,) = given
    spec = fields[provider]
    return SecretStore(
        fields["name"], fields["kind"], {provider: spec}, PROVIDERS[provider] or _AWS_SERVICES[spec["service"]]
    )


PROVIDERS = {"aws": None, "gcpsm": "gcp-secretmanager", "azurekv": "azure-keyvault", "vault": "vault"}
"""The operator's providers, and the kinds of stores that they read; AWS's services are two."""
_AWS_SERVICES = {"SecretsManager": "aws-secretsmanager", "ParameterStore": "aws-ssm"}
SECRET_STORE = Record(
    {
        "name": Field(_NAME, "The store's name.", required=True),
        "kind": Field(
            Text(choices=("SecretStore", "ClusterSecretStore")), "Of one namespace, or of all.", default="SecretStore"
        ),
        "aws": Field(_AWS, "AWS Secrets Manager or Parameter Store. Without a provider, the store is there already."),
        "gcpsm": Field(_GCP, "GCP Secret Manager."),
        "azurekv": Field(_AZURE, "Azure Key Vault."),
        "vault": Field(_VAULT, "HashiCorp Vault or OpenBao."),
    },
    _store,
)
