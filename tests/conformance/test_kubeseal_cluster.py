"""In the place of kubeseal before a real controller: the domain's own lines, validation, re-encryption, recovery."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.conformance.cluster.cluster import KubectlError
from tests.support.kubeseal import Ended, run
from tests.support.server_certificate import private_pem

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

URI = "postgresql+psycopg://aura:p/w+=@postgres:5432/aura_db"


def created(cluster: Cluster, namespace: str, *options: str) -> str:
    """Return the Secret that kubectl makes of the domain's own command line."""
    literal = f"--from-literal=POSTGRES_DB_URI={URI}"
    what = ("create", "secret", "generic", "backend-secrets", literal, "--from-literal=EMPTY=", *options)
    return cluster.kubectl(*what, "--dry-run=client", "-o", "yaml", *(("-n", namespace) if namespace else ()))


def ours(cluster: Cluster, folder: Path, *words: str, stdin: str | bytes = "") -> Ended:
    """Run our kubeseal as the cluster's administrator."""
    return run(words, folder, stdin, {"KUBECONFIG": str(cluster.kubeconfig)})


def theirs(kubeseal: str, cluster: Cluster, folder: Path, *words: str, stdin: str | bytes = b"") -> bytes:
    """Run the real kubeseal as the cluster's administrator, which must go well."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    env = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    return subprocess.run([kubeseal, *words], input=given, cwd=folder, env=env, capture_output=True, check=True).stdout


def test_the_domains_lines_seal_what_the_controller_opens(cluster: Cluster, kubeseal: str, tmp_path: Path) -> None:
    certificate = ours(cluster, tmp_path, "--fetch-cert")
    assert certificate == (0, theirs(kubeseal, cluster, tmp_path, "--fetch-cert"), "")
    (tmp_path / "sealed-secrets-public-key.pem").write_bytes(certificate.out)
    for words in (["-o", "yaml"], ["--cert=sealed-secrets-public-key.pem", "-o", "yaml"]):
        namespace = cluster.namespace()
        sealed = ours(cluster, tmp_path, *words, stdin=created(cluster, namespace))
        assert (sealed.code, sealed.err) == (0, "")
        cluster.kubectl("apply", "-f", "-", input=sealed.out)
        cluster.wait_synced(namespace)
        assert cluster.secret(namespace, "backend-secrets") == {"POSTGRES_DB_URI": URI.encode(), "EMPTY": b""}
    sealed = ours(cluster, tmp_path, "-o", "yaml", stdin=created(cluster, ""))
    assert yaml.safe_load(sealed.out)["metadata"]["namespace"] == "default"
    assert sealed.err == (
        "no namespace is told: taking 'default', that of the kubeconfig's context 'admin' (-n names another)\n"
    )


def test_the_controller_tells_what_it_can_open(cluster: Cluster, tmp_path: Path) -> None:
    namespace = cluster.namespace()
    sealed = ours(cluster, tmp_path, "-o", "yaml", stdin=created(cluster, namespace)).out
    assert ours(cluster, tmp_path, "--validate", stdin=sealed) == (0, b"", "")
    moved = sealed.replace(namespace.encode(), b"default")
    for verb, message in (
        ("--validate", "error: unable to decrypt sealed secret: backend-secrets\n"),
        ("--re-encrypt", None),
    ):
        ended = ours(cluster, tmp_path, verb, stdin=moved)
        assert (ended.code, ended.out) == (1, b"")
        assert ended.err == message if message else ended.err.startswith("error: cannot re-encrypt backend-secrets: ")


def test_what_is_re_encrypted_keeps_all_but_its_ciphertexts(cluster: Cluster, kubeseal: str, tmp_path: Path) -> None:
    namespace = cluster.namespace()
    secret = yaml.safe_load(created(cluster, namespace))
    secret["metadata"] |= {"labels": {"app": "backend"}, "annotations": {"team": "ours"}}
    secret["type"] = "example.com/custom"
    sealed = ours(cluster, tmp_path, "-o", "yaml", stdin=yaml.safe_dump(secret)).out.decode()
    (tmp_path / "sealed.yaml").write_text(f"# ours\n{sealed}")
    cluster.new_sealing_key()
    assert ours(cluster, tmp_path, "--re-encrypt", "-f", "sealed.yaml") == (0, b"", "")
    after = (tmp_path / "sealed.yaml").read_text()
    changed = [line for line in after.splitlines() if line not in sealed.splitlines()]
    assert [line.split(":")[0] for line in changed] == ["# ours", "    EMPTY", "    POSTGRES_DB_URI"]
    lost = yaml.safe_load(theirs(kubeseal, cluster, tmp_path, "--re-encrypt", "-o", "yaml", stdin=sealed))
    assert "team" not in str(lost["spec"]["template"])
    cluster.kubectl("apply", "-f", "-", input=after)
    cluster.wait_synced(namespace)
    assert cluster.secret(namespace, "backend-secrets") == {"POSTGRES_DB_URI": URI.encode(), "EMPTY": b""}
    made = cluster.get("secret", "backend-secrets", "-n", namespace)
    assert (made["type"], made["metadata"]["labels"]["app"]) == ("example.com/custom", "backend")


def test_a_recovered_secret_can_be_applied_and_kubeseals_can_not(
    cluster: Cluster, kubeseal: str, tmp_path: Path
) -> None:
    namespace = cluster.namespace()
    sealed = ours(cluster, tmp_path, stdin=created(cluster, namespace)).out
    key = cluster.newest_key()
    assert isinstance(key, RSAPrivateKey)
    (tmp_path / "tls.key").write_bytes(private_pem(key))
    words = ("--recovery-unseal", "--recovery-private-key", "tls.key", "-o", "yaml")
    with pytest.raises(KubectlError, match="uid"):
        cluster.kubectl("apply", "-f", "-", input=theirs(kubeseal, cluster, tmp_path, *words, stdin=sealed))
    recovered = ours(cluster, tmp_path, *words, stdin=sealed)
    assert (recovered.code, recovered.err) == (0, "")
    cluster.kubectl("apply", "-f", "-", input=recovered.out)
    assert cluster.secret(namespace, "backend-secrets") == {"POSTGRES_DB_URI": URI.encode(), "EMPTY": b""}
