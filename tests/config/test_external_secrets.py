"""``backend: {kind: external-secrets}`` says in the operator's words where it reads, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sealgen.config.environment import load
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import ConfigurationError
from sealgen.kubernetes.external_secret import SecretStore

VAULT = "vault: {server: 'https://vault.example', path: secret, auth: {tokenSecretRef: {name: vault, key: token}}}"


def backend(secret_store: str, more: str = "") -> ExternalSecretsBackend:
    """Return the backend with this store, on line 5, and ``more`` fields on the lines after it."""
    text = (
        "namespace: aura\noutput: k8s/overlays/production\nbackend:\n  kind: external-secrets\n"
        f"  secret_store: {{name: aura, {secret_store}}}\n{more}secrets: []\n"
    )
    found = load("production", lambda _: text.encode()).backend
    assert isinstance(found, ExternalSecretsBackend)
    return found


def auth(text: str) -> str:
    return f"vault: {{server: 'https://vault.example', path: secret, auth: {{{text}}}}}"


ACCOUNT = "serviceAccountRef: {name: eso}"
CLIENT = "{clientId: {name: az, key: id}, clientSecret: {name: az, key: secret}}"
IRSA = f"auth: {{jwt: {{{ACCOUNT}}}}}"
ACCESS_KEY = "accessKeyIDSecretRef: {name: aws, key: id}, secretAccessKeySecretRef: {name: aws, key: key}"
STORES = {
    "AWS, the operator's own": ("aws: {service: SecretsManager, region: eu-central-1}", "aws-secretsmanager"),
    "AWS, a service account": (
        f"aws: {{service: ParameterStore, region: eu-central-1, role: 'arn:aws:iam::1:role/a', {IRSA}}}",
        "aws-ssm",
    ),
    "AWS, an access key": (
        f"aws: {{service: SecretsManager, region: eu-central-1, auth: {{secretRef: {{{ACCESS_KEY}}}}}}}",
        "aws-secretsmanager",
    ),
    "GCP, the operator's own": ("gcpsm: {projectID: aura}", "gcp-secretmanager"),
    "GCP, workload identity": (
        f"gcpsm: {{projectID: aura, auth: {{workloadIdentity: {{{ACCOUNT}, clusterName: a}}}}}}",
        "gcp-secretmanager",
    ),
    "GCP, a key": (
        "gcpsm: {projectID: aura, auth: {secretRef: {secretAccessKeySecretRef: {name: gcp, key: json}}}}",
        "gcp-secretmanager",
    ),
    "Azure, workload identity": (
        f"azurekv: {{vaultUrl: 'https://aura.vault.azure.net', authType: WorkloadIdentity, {ACCOUNT}}}",
        "azure-keyvault",
    ),
    "Azure, managed identity": (
        "azurekv: {vaultUrl: 'https://aura.vault.azure.net', authType: ManagedIdentity, identityId: abc}",
        "azure-keyvault",
    ),
    "Azure, service principal": (
        f"azurekv: {{vaultUrl: 'https://aura', authType: ServicePrincipal, tenantId: t, authSecretRef: {CLIENT}}}",
        "azure-keyvault",
    ),
    "Vault, Kubernetes": (auth(f"kubernetes: {{mountPath: kubernetes, role: aura, {ACCOUNT}}}"), "vault"),
    "Vault, AppRole": (auth("appRole: {path: approle, roleId: r, secretRef: {name: v, key: id}}"), "vault"),
    "Vault, JWT": (auth(f"jwt: {{path: jwt, role: aura, kubernetesServiceAccountToken: {{{ACCOUNT}}}}}"), "vault"),
    "Vault, a token": (auth("tokenSecretRef: {name: vault, key: token}"), "vault"),
    "Vault, a certificate": (
        auth("cert: {clientCert: {name: v, key: tls.crt}, secretRef: {name: v, key: tls.key}}"),
        "vault",
    ),
    "Vault, a user": (auth("userPass: {path: userpass, username: u, secretRef: {name: v, key: p}}"), "vault"),
    "Vault, LDAP": (auth("ldap: {path: ldap, username: u, secretRef: {name: v, key: p}}"), "vault"),
    "Vault, IAM": (auth(f"iam: {{vaultRole: aura, jwt: {{{ACCOUNT}}}}}"), "vault"),
}
"""Every provider with every way to sign in, and the kind of what it reads; the real CRDs take each of them."""


@pytest.mark.parametrize(("text", "reads"), STORES.values(), ids=STORES)
def test_each_provider_and_each_way_to_sign_in_can_be_said(text: str, reads: str) -> None:
    assert backend(text).store.reads == reads


def test_a_store_that_is_there_needs_its_name_alone() -> None:
    assert backend("kind: ClusterSecretStore").store == SecretStore("aura", "ClusterSecretStore", None)


def test_what_is_not_said_is_the_operators_default() -> None:
    found = backend(VAULT)
    assert (found.api_version, found.refresh_interval) == ("v1", "1h")
    assert (found.creation_policy, found.deletion_policy) == ("Owner", "Retain")
    assert found.store.kind == "SecretStore"


REFUSED = yaml.safe_load(Path(__file__).with_name("refused_secret_stores.yaml").read_text("utf-8"))


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_with_its_place(case: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        backend(case["text"])
    assert str(caught.value).removeprefix("environments/production.yaml:") == case["message"]


def test_a_secret_that_is_not_the_operators_own_can_not_be_deleted_by_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        backend(VAULT, "  creation_policy: Merge\n  deletion_policy: Delete\n")
    assert str(caught.value) == (
        "environments/production.yaml:7:20: backend.deletion_policy: the operator refuses Delete with creation_policy "
        "Merge, as the Secret is not its own"
    )


def test_what_the_operator_does_not_do_for_a_template_is_no_policy() -> None:
    with pytest.raises(ConfigurationError, match=r"deletion_policy can't be 'Merge'; known are Delete, Retain$"):
        backend(VAULT, "  deletion_policy: Merge\n")
