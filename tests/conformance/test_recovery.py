"""What the real kubeseal and the real controller made ``sealgen unseal`` recovers, byte for byte, as they do."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import sealgen
from sealgen import Scope
from tests.support.project import Project, controller

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster
    from tests.conformance.conftest import KeyPair

VALUES = {
    "empty": b"",
    "text": "Größe, 🔑\n".encode(),
    "bytes": bytes(range(256)),
    "yaml": b'": x\n  {{ .a }} ',
    "long": b"0123456789abcdef" * 4096,
}


def sealed_by_kubeseal(kubeseal: str, keypair: KeyPair, scope: str, layout: str, name: str = "backend") -> bytes:
    """Return the SealedSecret that kubeseal makes of a Secret with all that one may say."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": "aura",
            "labels": {"app": "aura", "version": "1.10"},
            "annotations": {"note": "<a> & b"},
        },
        "type": "example.org/mine",
        "immutable": True,
        "data": {key: base64.b64encode(value).decode() for key, value in VALUES.items()},
    }
    arguments = ["--cert", str(keypair.certificate), "--scope", scope, "--format", layout]
    return kubeseal_run(kubeseal, json.dumps(secret).encode(), *arguments)


def kubeseal_run(kubeseal: str, content: bytes, *arguments: str) -> bytes:
    """Run kubeseal away from the machine's own settings, and return what it prints."""
    done = subprocess.run(
        [kubeseal, *arguments], input=content, capture_output=True, env={"KUBECONFIG": os.devnull}, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def plain(secret: dict[str, Any]) -> dict[str, Any]:
    """Return a Secret with its values decoded, and without the owner that kubeseal makes up."""
    metadata = {name: field for name, field in secret["metadata"].items() if name != "ownerReferences"}
    data = {key: base64.b64decode(text or "") for key, text in secret["data"].items()}
    return {**secret, "metadata": metadata, "data": data}


@pytest.mark.parametrize("layout", ["yaml", "json"])
@pytest.mark.parametrize("scope", ["strict", "namespace-wide", "cluster-wide"])
def test_both_recover_the_same_secret_from_what_kubeseal_seals(
    kubeseal: str, keypair: KeyPair, tmp_path: Path, scope: str, layout: str
) -> None:
    sealed = tmp_path / "sealed"
    sealed.write_bytes(sealed_by_kubeseal(kubeseal, keypair, scope, layout))
    arguments = ("--recovery-unseal", "--recovery-private-key", str(keypair.key))
    theirs = json.loads(kubeseal_run(kubeseal, sealed.read_bytes(), *arguments))

    code, out, err = Project(tmp_path, controller()).run("unseal", str(sealed), "--private-key", str(keypair.key), "-q")
    assert (code, err) == (0, "")
    ours = yaml.safe_load(out)
    assert plain(ours)["data"] == VALUES
    assert plain(ours) == plain(theirs)


def test_a_list_and_a_stream_of_what_kubeseal_seals_are_recovered_whole(
    kubeseal: str, keypair: KeyPair, tmp_path: Path
) -> None:
    names = ["a", "b", "c"]
    sealed = {name: sealed_by_kubeseal(kubeseal, keypair, "strict", "json", name) for name in names}
    listed = {"apiVersion": "v1", "kind": "List", "items": [json.loads(text) for text in sealed.values()]}
    (tmp_path / "list.json").write_text(json.dumps(listed))
    (tmp_path / "row.json").write_bytes(b"".join(sealed.values()))
    (tmp_path / "stream.yaml").write_bytes(
        b"".join(sealed_by_kubeseal(kubeseal, keypair, "strict", "yaml", name) for name in names)
    )
    for file in ("list.json", "row.json", "stream.yaml"):
        code, out, err = Project(tmp_path, controller()).run("unseal", file, "--private-key", str(keypair.key), "-q")
        assert (code, err) == (0, "")
        found = [plain(secret) for secret in yaml.safe_load_all(out)]
        assert [(secret["metadata"]["name"], secret["data"]) for secret in found] == [(name, VALUES) for name in names]


def test_a_secret_that_is_recovered_is_sealed_by_kubeseal_as_the_same(
    kubeseal: str, keypair: KeyPair, tmp_path: Path
) -> None:
    sealed = sealed_by_kubeseal(kubeseal, keypair, "namespace-wide", "yaml")
    (tmp_path / "sealed.yaml").write_bytes(sealed)
    _, out, _ = Project(tmp_path, controller()).run("unseal", "sealed.yaml", "--private-key", str(keypair.key), "-q")
    # The Secret's annotation tells the scope again.
    again = kubeseal_run(kubeseal, out.encode(), "--cert", str(keypair.certificate), "--format", "yaml")
    first, second = yaml.safe_load(sealed), yaml.safe_load(again)
    assert first["spec"].pop("encryptedData").keys() == second["spec"].pop("encryptedData").keys()
    assert first == second


# --- a whole cluster --------------------------------------------------------------------------------------------


LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key"


def put(cluster: Cluster, namespace: str, name: str, scope: Scope) -> None:
    """Seal a Secret of each scope with the controller's certificate of now, and apply it."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}, "annotations": {"note": "a: b"}},
        "type": "example.org/mine",
        "immutable": True,
        "data": {key: base64.b64encode(value).decode() for key, value in VALUES.items()},
    }
    certificate = sealgen.read_certificate(cluster.certificate(), "cert.pem")
    cluster.kubectl(
        "apply", "-f", "-", input=sealgen.seal_manifest(json.dumps(secret).encode(), certificate, file="s", scope=scope)
    )


def shape(secret: dict[str, Any]) -> dict[str, Any]:
    """Return what a Secret is, without what a server added to it."""
    kept = ("name", "namespace", "labels", "annotations")
    metadata = {name: secret["metadata"][name] for name in kept if name in secret["metadata"]}
    return {**secret, "metadata": metadata}


def test_all_secrets_of_a_cluster_are_recovered_from_a_backup_of_its_objects_and_keys(
    cluster: Cluster, tmp_path: Path
) -> None:
    namespace = cluster.namespace()
    for scope in Scope:
        put(cluster, namespace, str(scope), scope)
    cluster.new_sealing_key()
    put(cluster, namespace, "newer", Scope.STRICT)
    cluster.wait_synced(namespace)
    theirs = cluster.get("secrets", f"--namespace={namespace}")["items"]
    assert len(theirs) == 4

    apis = {
        "sealed": f"/apis/bitnami.com/v1alpha1/namespaces/{namespace}/sealedsecrets",
        "keys": f"/api/v1/namespaces/kube-system/secrets?labelSelector={LABEL}",
    }
    backups = {
        "sealed": ("get", "sealedsecrets", f"--namespace={namespace}"),
        "keys": ("get", "secrets", "--namespace=kube-system", f"--selector={LABEL}"),
    }
    for layout in ("yaml", "json", "api"):
        for name, command in backups.items():
            backup = ("get", "--raw", apis[name]) if layout == "api" else (*command, f"--output={layout}")
            (tmp_path / name).write_text(cluster.kubectl(*backup))
        ended = Project(tmp_path, controller()).run("unseal", "sealed", "--private-key", "keys")
        assert ended.code == 0, ended.err
        assert len({line.split()[2] for line in ended.err.splitlines()[1:]}) == 2
        ours = list(yaml.safe_load_all(ended.out))
        assert [shape(secret) for secret in ours] == [shape(secret) for secret in theirs]
        # The API server takes them as they are.
        created = cluster.kubectl("apply", "--dry-run=server", "-f", "-", input=ended.out.replace(namespace, "default"))
        assert created.count("created (server dry run)") == 4
