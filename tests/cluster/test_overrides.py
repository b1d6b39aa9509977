"""What a command line says of the cluster instead of the kubeconfig."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sealgen.cluster.connection import connect
from sealgen.cluster.overrides import Overrides

if TYPE_CHECKING:
    from pathlib import Path


def kubeconfig(folder: Path) -> str:
    """Write a kubeconfig with two clusters, one user who runs a program, and one context."""
    (folder / "ca.crt").write_text("of the kubeconfig")
    clusters: list[Any] = [
        {"name": name, "cluster": {"server": f"https://{name}.example", "certificate-authority": "ca.crt"}}
        for name in ("one", "two")
    ]
    clusters[1]["cluster"]["certificate-authority-data"] = "b2YgdGhlIGt1YmVjb25maWc="
    run = {"apiVersion": "client.authentication.k8s.io/v1", "command": "lost", "interactiveMode": "Never"}
    said = {
        "clusters": clusters,
        "users": [{"name": "u", "user": {"exec": run}}],
        "contexts": [{"name": "c", "context": {"cluster": "one", "user": "u", "namespace": "n"}}],
        "current-context": "c",
    }
    file = folder / "config"
    file.write_text(json.dumps(said))
    return str(file)


def test_a_token_takes_the_place_of_what_the_kubeconfig_would_run(tmp_path: Path) -> None:
    cluster = connect(kubeconfig(tmp_path), None, Overrides(user={"token": "told"}))
    configuration = cluster._client.configuration
    assert configuration.auth_settings()["BearerToken"]["value"] == "Bearer told"
    assert (cluster.server, cluster.context, cluster.namespace) == ("https://one.example", "c", "n")
    assert configuration.ssl_ca_cert == str(tmp_path / "ca.crt")


def test_another_cluster_of_the_kubeconfig_is_used_and_its_fields_are_overridden(tmp_path: Path) -> None:
    (tmp_path / "other.crt").touch()
    cluster = connect(
        kubeconfig(tmp_path),
        None,
        Overrides(
            cluster_name="two",
            cluster={"certificate-authority": str(tmp_path / "other.crt"), "tls-server-name": "name"},
            user={"username": "u", "password": "p"},
        ),
    )
    configuration = cluster._client.configuration
    assert cluster.server == "https://two.example"
    assert configuration.ssl_ca_cert == str(tmp_path / "other.crt")
    assert configuration.tls_server_name == "name"
    assert configuration.auth_settings()["BearerToken"]["value"].startswith("Basic ")


def test_a_server_needs_no_kubeconfig() -> None:
    cluster = connect(None, None, Overrides(cluster={"server": "https://x", "insecure-skip-tls-verify": True}))
    assert (cluster.server, cluster.context, cluster.namespace) == ("https://x", None, None)
    assert cluster._client.configuration.verify_ssl is False


def test_credentials_stand_in_no_text_of_it() -> None:
    assert "told" not in repr(Overrides(user={"token": "told"}))
