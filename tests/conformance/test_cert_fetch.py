"""A certificate fetched from a real controller, through a real API server, by who may do nothing else there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgen.crypto import certificate
from tests.support.project import Project, aura, difference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

PEM = "environments/certificates/controller.pem"
ENV = "environments/staging.yaml"
CONTROLLER = "sealed-secrets-controller"


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Project:
    """Return a project that pins the test's own certificate, for a cluster where its user may use the proxy only."""
    project = aura(tmp_path)
    ann = cluster.user("ann", groups=["proxy-users"])
    project.change(cluster={"kubeconfig": str(ann), "context": "ann"})
    return project


def fingerprint(pem: bytes) -> str:
    return certificate.load(pem, "controller.pem").fingerprint


@pytest.mark.parametrize("service", [CONTROLLER, "sealed-secrets"], ids=["unnamed port", "http"])
def test_who_may_use_the_proxy_only_fetches_and_pins(cluster: Cluster, project: Project, service: str) -> None:
    settings = {"kubeconfig": str(cluster.folder / "users" / "ann"), "context": "ann", "controller": service}
    project.change(cluster=settings)
    before = project.contents()
    ended = project.run("cert", "fetch", "staging")
    assert (ended.code, ended.err, project.contents()) == (10, "", before)
    assert ended.out.splitlines()[:2] == [
        f"certificate  kube-system/{service} of {cluster.server}",
        f"cluster      {cluster.server} (context ann)",
    ]
    ended = project.run("cert", "fetch", "staging", "--accept")
    assert (ended.code, ended.err, ended.out.splitlines()[-1]) == (0, "", f"staging: wrote {ENV}, {PEM}")
    assert difference(before, project.contents()).keys() == {ENV, PEM}
    assert project.read(PEM) == cluster.certificate()
    assert f"fingerprint: {fingerprint(cluster.certificate())}\n" in project.read(ENV).decode()
    assert project.run("cert", "fetch", "staging").code == 0


def test_a_new_sealing_key_is_shown_and_taken_and_what_was_sealed_still_opens(
    cluster: Cluster, project: Project
) -> None:
    namespace = cluster.namespace()
    project.change(namespace=namespace)
    assert project.run("cert", "fetch", "staging", "--accept").code == 0
    assert project.run("seal", "staging", "-q") == (0, "", "")
    old, new = fingerprint(project.read(PEM)), fingerprint(cluster.new_sealing_key())
    ended = project.run("cert", "fetch", "staging")
    assert (ended.code, ended.err) == (10, "")
    told = ended.out.splitlines()
    assert f"pin          {old}, which is another" in told
    assert f"fingerprint  {new}" in told
    assert any(line.startswith(f"{old} still seals 7 keys of staging. ") for line in told)
    assert project.run("cert", "fetch", "staging", "--accept", "-q") == (0, "", "")
    assert project.run("seal", "staging", "--rotate", "redis_password", "-q") == (0, "", "")
    sealed_by = {line["certificate"] for place, line in project.lock().items() if "/" in place}
    assert sealed_by == {old, new}
    usage = project.run("cert", "usage").out
    assert f"{old} can't be retired, as it seals 5 keys of staging: sealgen reencrypt staging " in usage
    cluster.kubectl("apply", "-k", str(project.root / "k8s/overlays/staging"))
    cluster.wait_synced(namespace)
    assert len(cluster.secret(namespace, "backend-secrets")) == 4


def test_the_keys_of_the_cluster_tell_which_of_them_nothing_needs(cluster: Cluster, project: Project) -> None:
    unused = fingerprint(cluster.certificate())
    cluster.new_sealing_key()
    assert project.run("cert", "fetch", "staging", "--accept", "-q") == (0, "", "")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    label = "sealedsecrets.bitnami.com/sealed-secrets-key"
    template = '{{range .items}}{{index .data "tls.crt" | base64decode}}{{end}}'
    keys = cluster.kubectl("get", "secrets", "-n", "kube-system", "-l", label, "-o", f"go-template={template}")
    project.write("keys.pem", keys)
    told = project.run("cert", "usage", "--keys", "keys.pem")
    assert (told.code, told.err) == (0, "")
    retirable = [
        line for line in told.out.splitlines() if line.endswith("nothing here needs it, and it can be retired.")
    ]
    assert any(line.startswith(f"{unused}, issued ") for line in retirable)
    assert len(retirable) == keys.count("BEGIN CERTIFICATE") - 1


def test_who_may_not_even_use_the_proxy_is_told_so(cluster: Cluster, project: Project) -> None:
    eve = cluster.user("eve")
    project.change(cluster={"kubeconfig": str(eve)})
    before = project.contents()
    ended = project.run("cert", "fetch", "staging", "--accept")
    path = f"/api/v1/namespaces/kube-system/services/http:{CONTROLLER}:/proxy/v1/cert.pem"
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"error: the context 'eve' may not GET {path} (403): services \"http:{CONTROLLER}:\" is forbidden: "
        'User "eve" cannot get resource "services/proxy" in API group "" in the namespace "kube-system"\n'
    )
    assert project.contents() == before
