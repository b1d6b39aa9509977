"""The real operator puts what Secrets of the cluster hold into OpenBao and into moto, as sealgen's PushSecrets say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.conformance import test_operator, test_stores
from tests.conformance.test_operator import PRINTABLE, applied, external, in_aws, signs_in, until, vault, wait

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster
    from tests.conformance.test_stores import Bao
    from tests.support.project import Ended, Project

aws, bao, drongo = test_stores.aws, test_stores.bao, test_stores.drongo
azure, clouds = test_operator.azure, test_operator.clouds
operator, environ, project = test_operator.operator, test_operator.environ, test_operator.project

STORES = ["vault", "aws-secretsmanager", "aws-ssm"]
TEXT = f"{PRINTABLE} ключ 🔑\n\ttwo lines\r\n"


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """Return a namespace with the Secret that stores sign in with; its name is that of the environment too."""
    name = cluster.namespace()
    signs_in(cluster, name)
    return name


def in_store(bao: Bao, store: str) -> tuple[dict[str, object], dict[str, str]]:
    """Return the operator's store, and where an environment pushes to."""
    return {
        "vault": (vault(bao), {"vault": "secret/{environment}", "property": "{dashed-value}"}),
        "aws-secretsmanager": (
            in_aws("SecretsManager"),
            {"aws-secretsmanager": "{environment}", "property": "{dashed-value}"},
        ),
        "aws-ssm": (in_aws("ParameterStore"), {"aws-ssm": "/{environment}", "property": "{dashed-value}"}),
    }[store]


def migrated(
    cluster: Cluster,
    project: Project,
    namespace: str,
    store: tuple[dict[str, object], dict[str, str]],
    environ: Mapping[str, str],
) -> list[str]:
    """Move an environment whose Secrets are live to the operator, of which the cluster has the store alone.

    Returns the commands that bring the cluster after the files.
    """
    applied(cluster, project, namespace, environ)
    cluster.wait_synced(namespace)
    reads, push = store
    project.write("store.yaml", yaml.safe_dump({"backend": external(reads, refresh_interval="1s"), "push": push}))
    ended = project.run("migrate", namespace, "--to", "external-secrets", "--with", "store.yaml", "--json", env=environ)
    assert ended.code == 0, ended
    cluster.kubectl("apply", "-f", str(project.root / f"k8s/overlays/{namespace}/secret-store.yaml"))
    commands: list[str] = ended.document["results"][0]["next"]
    return commands


def has_pushed(cluster: Cluster, project: Project, namespace: str, environ: Mapping[str, str]) -> Ended:
    """Apply the PushSecrets as a user does; no value is in them."""
    # No store is told of: sealgen asks none.
    printed = project.run("push", namespace, "--push-secrets", env=environ)
    assert (printed.code, printed.err) == (0, "")
    cluster.kubectl("apply", "-f", "-", input=printed.out)
    return printed


@pytest.mark.parametrize("store", STORES)
def test_what_was_sealed_comes_into_the_store_and_no_machine_but_the_cluster_s_has_seen_it(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], namespace: str, store: str
) -> None:
    # In Vault, as one of several values, its parts would be below a property, and so in the one document.
    of_tls = {"push": {"vault": "secret/{environment}-tls"}} if store == "vault" else {}
    values: dict[str, object] = {
        "token": {"generate": "hex"},
        "shared_key": {"generate": "base64"},
        "tls": {"generate": "tls", "names": ["aura.example"], **of_tls},
        "text": {"env": "TEXT"},
    }
    project.environment(namespace, namespace=namespace, values=values, secrets=["one"])
    keys = {"token": "{{ values.token }}", "shared-key": "{{ values.shared_key | b64encode }}"}
    keys |= {"text": "{{ values.text }}", "uri": "redis://:{{ values.token | urlquote }}@redis"}
    project.template("one", {**keys, "tls.crt": "{{ values.tls.crt }}", "tls.key": "{{ values.tls.key }}"})
    at = {**environ, "TEXT": TEXT}
    commands = migrated(cluster, project, namespace, in_store(bao, store), at)
    before = cluster.secret(namespace, "one")
    printed = has_pushed(cluster, project, namespace, environ)
    wait(cluster, namespace, "condition=Ready", "pushsecret/one")
    for content in before.values():
        assert content.decode() not in printed.out

    for command in commands:
        if command.startswith("kubectl"):
            cluster.kubectl(*command.replace("k8s/", f"{project.root}/k8s/").split()[1:])
    test_operator.wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one") == before
    assert before["text"] == TEXT.encode()

    # The PushSecret goes, and what it has put stays; sealgen finds nothing to put.
    cluster.kubectl("delete", "pushsecret/one", f"--namespace={namespace}", test_operator.PATIENCE)
    assert project.run("push", namespace, env=at) == (0, f"{namespace}: 4 values, 4 unchanged\n", "")
    # To sealgen it is another's, until it takes it over.
    at["TEXT"] = "another"
    refused = project.run("push", namespace, "text", "--yes", env=at)
    assert refused.code == 12
    assert "it is managed by 'external-secrets'; --force takes it over" in refused.err
    assert project.run("push", namespace, "text", "--yes", "--force", "-q", env=at) == (0, "", "")
    test_operator.wait_data(cluster, namespace, "one", "text", b"another")


@pytest.mark.parametrize("store", STORES)
def test_what_is_in_the_store_already_stays(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], namespace: str, store: str
) -> None:
    project.environment(namespace, namespace=namespace, values={"text": {"env": "TEXT"}}, secrets=["one"])
    project.template("one", {"text": "{{ values.text }}"})
    at = {**environ, "TEXT": "sealed"}
    migrated(cluster, project, namespace, in_store(bao, store), at)
    at["TEXT"] = "put before"
    assert project.run("push", namespace, "--yes", "-q", env=at) == (0, "", "")
    has_pushed(cluster, project, namespace, environ)
    wait(cluster, namespace, "condition=Ready", "pushsecret/one")
    assert cluster.secret(namespace, "one") == {"text": b"sealed"}
    assert project.run("push", namespace, env=at) == (0, f"{namespace}: 1 value, 1 unchanged\n", "")


def test_a_document_in_vault_is_put_as_a_whole(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], namespace: str
) -> None:
    values = {"token": {"generate": "hex"}, "tls": {"generate": "tls", "names": ["aura.example"]}}
    project.environment(namespace, namespace=namespace, values=values, secrets=["one"])
    project.template("one", {name: f"{{{{ values.{name} }}}}" for name in ("token", "tls.crt", "tls.key")})
    migrated(cluster, project, namespace, in_store(bao, "vault"), environ)
    has_pushed(cluster, project, namespace, environ)
    wait(cluster, namespace, "condition=Ready", "pushsecret/one")
    there = {key: content.decode() for key, content in cluster.secret(namespace, "one").items()}
    tls = {"crt": there["tls.crt"], "key": there["tls.key"]}
    assert bao.ask("GET", f"secret/data/{namespace}")["data"]["data"] == {"token": there["token"], "tls": tls}


def test_bytes_that_are_no_text_are_put_nowhere_but_in_base64(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], namespace: str, operator: Path
) -> None:
    binary = bytes(range(256))
    project.write("binary", binary)
    place = {"vault": f"secret/{namespace}", "property": "encoded", "encoding": "base64"}
    values = {"plain": {"file": "binary"}, "encoded": {"file": "binary", "push": place}}
    project.environment(namespace, namespace=namespace, values=values, secrets=["one", "two"])
    project.template("one", {"encoded": "{{ values.encoded }}"})
    project.template("two", {"plain": "{{ values.plain }}"})
    migrated(cluster, project, namespace, in_store(bao, "vault"), environ)
    has_pushed(cluster, project, namespace, environ)
    wait(cluster, namespace, "condition=Ready", "pushsecret/one")
    until(lambda: "not text" in operator.read_text(), "the operator does not say why")
    assert list(bao.ask("GET", f"secret/data/{namespace}")["data"]["data"]) == ["encoded"]
    assert project.run("push", namespace, "encoded", env=environ) == (0, f"{namespace}: 1 value, 1 unchanged\n", "")
