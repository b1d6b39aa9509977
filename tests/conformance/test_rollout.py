"""Rolling out by Git, with the real kustomize: pods are described otherwise exactly when their Secrets are others."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.conformance.cluster.sealing import sealing_for
from tests.support.project import Project, aura

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

OVERLAY = "k8s/overlays/staging"
KUSTOMIZATION = f"{OVERLAY}/kustomization.yaml"
NAMESPACE = "aura-staging"
ANNOTATION = "sealgen.dev/secrets"
WIDE = {"name": "redis-secrets", "scope": "namespace-wide"}
KINDS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "CronJob": "batch/v1",
    "Rollout": "argoproj.io/v1alpha1",
}


def pod(secret: str) -> dict[str, Any]:
    """Return a pod's description that refers to a Secret in every way there is."""
    variable = {"name": "A", "valueFrom": {"secretKeyRef": {"name": secret, "key": "a"}}}
    container = {"name": "app", "image": "app", "env": [variable], "envFrom": [{"secretRef": {"name": secret}}]}
    driver = {"driver": "csi.aura.example", "nodePublishSecretRef": {"name": secret}}
    return {
        "initContainers": [container],
        "containers": [container],
        "imagePullSecrets": [{"name": "registry"}, {"name": secret}],
        "volumes": [
            {"name": "secret", "secret": {"secretName": secret}},
            {"name": "projected", "projected": {"sources": [{"secret": {"name": secret}}]}},
            {"name": "csi", "csi": driver},
        ],
    }


def workload(kind: str, name: str, secret: str, **metadata: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod(secret)}
    spec: dict[str, Any] = {"template": template}
    if kind == "CronJob":
        spec = {"schedule": "@daily", "jobTemplate": {"spec": spec}}
    else:
        spec["selector"] = {"matchLabels": {"app": name}}
    return {"apiVersion": KINDS[kind], "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def template_of(found: dict[str, Any]) -> dict[str, Any]:
    spec = found["spec"]["jobTemplate"]["spec"] if found["kind"] == "CronJob" else found["spec"]
    template: dict[str, Any] = spec["template"]
    return template


def annotation(found: dict[str, Any]) -> str | None:
    digest: str | None = template_of(found)["metadata"].get("annotations", {}).get(ANNOTATION)
    return digest


def names_in(data: Any, of: str) -> Iterator[str]:
    """Yield all texts, of lists and mappings, that begin with a Secret's name."""
    if isinstance(data, str):
        yield from [data] if data.startswith(of) else []
    else:
        for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
            yield from names_in(item, of)


def lay(project: Project, folder: str, *objects: dict[str, Any], **fields: Any) -> None:
    """Write a folder with a kustomization of these objects, or put them, and the fields, into the one that there is."""
    path = f"{folder}/kustomization.yaml"
    there = yaml.safe_load(project.read(path)) if (project.root / path).exists() else {}
    listed = [*there.get("resources", []), "objects.yaml", *fields.pop("resources", [])]
    project.write(f"{folder}/objects.yaml", yaml.safe_dump_all(objects))
    project.write(path, yaml.safe_dump({**there, **fields, "resources": list(dict.fromkeys(listed))}))


def built(kustomize: str, project: Project, folder: str = OVERLAY) -> dict[str, dict[str, Any]]:
    """Return what kustomize builds, by ``KIND/NAME``."""
    done = subprocess.run([kustomize, "build", project.root / folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = list(yaml.safe_load_all(done.stdout))
    return {f"{document['kind']}/{document['metadata']['name']}": document for document in found}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, whose overlay has workloads: of a base, and of its own."""
    project = aura(tmp_path)
    project.change(secrets=["backend-secrets", "postgres-secrets", WIDE])
    assert project.run("seal", "staging", "-q") == (0, "", "")
    lay(project, "k8s/base", *(workload(kind, f"base.{kind.lower()}", "redis-secrets") for kind in KINDS))
    own = [workload(kind, f"own-{kind.lower()}", "redis-secrets", namespace=NAMESPACE) for kind in KINDS]
    lay(project, OVERLAY, *own, workload("Deployment", "other", "backend-secrets"), resources=["../../base"])
    return project


def roll_out(project: Project, **rollout: Any) -> None:
    project.change(rollout=rollout)
    assert project.run("seal", "staging", "-q") == (0, "", "")


def rotate(project: Project, value: str) -> None:
    assert project.run("rotate", "staging", value, "-q") == (0, "", "")


@pytest.mark.parametrize("namespace", [None, NAMESPACE])
@pytest.mark.parametrize("name", ["own-", "base."])
@pytest.mark.parametrize("kind", KINDS)
def test_the_annotation_is_on_the_pods_of_that_workload_and_no_other(
    kustomize: str, project: Project, kind: str, name: str, namespace: str | None
) -> None:
    if namespace:
        project.write(KUSTOMIZATION, project.read(KUSTOMIZATION) + f"namespace: {namespace}\n".encode())
    name = f"{kind}/{name}{kind.lower()}"
    before = built(kustomize, project)
    roll_out(project, annotation={name: ["redis-secrets"]})
    after = built(kustomize, project)
    digest = annotation(after[name])
    assert digest
    del template_of(after[name])["metadata"]["annotations"]
    assert after == before
    rotate(project, "redis_password")
    moved = annotation(built(kustomize, project)[name])
    assert moved not in (None, digest)
    rotate(project, "jwt_secret_key")
    assert annotation(built(kustomize, project)[name]) == moved


def test_annotations_that_are_there_stay(kustomize: str, project: Project) -> None:
    there = workload("Deployment", "web", "redis-secrets")
    there["spec"]["template"]["metadata"]["annotations"] = {"prometheus.io/scrape": "true"}
    lay(project, OVERLAY, there)
    roll_out(project, annotation={"Deployment/web": ["redis-secrets"]})
    found = template_of(built(kustomize, project)["Deployment/web"])["metadata"]["annotations"]
    assert found.keys() == {"prometheus.io/scrape", ANNOTATION}


def test_a_suffix_is_followed_by_all_that_refer_to_the_secret(kustomize: str, project: Project) -> None:
    role = {"secret-reader": {"secrets": ["redis-secrets"], "subjects": [{"service_account": "backend"}]}}
    project.change(access=role)
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "backend"},
        "imagePullSecrets": [{"name": "redis-secrets"}],
        "secrets": [{"name": "redis-secrets"}],
    }
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {"tls": [{"secretName": "redis-secrets"}]},
    }
    reader = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["redis-secrets"], "verbs": ["get"]}],
    }
    others = [workload(kind, f"own-{kind.lower()}", "redis-secrets") for kind in KINDS]
    other = workload("Deployment", "other", "backend-secrets")
    lay(project, OVERLAY, *others, account, ingress, reader, other, namespace=NAMESPACE)
    roll_out(project, suffix=["redis-secrets"])
    first = built(kustomize, project)
    (name,) = {found["metadata"]["name"] for found in first.values() if found["metadata"]["name"].startswith("redis-")}
    sealed = first[f"SealedSecret/{name}"]
    assert sealed["spec"]["template"]["metadata"]["name"] == name
    assert sealed["metadata"]["namespace"] == NAMESPACE
    for kind in KINDS:
        for whose in ("own-", "base."):
            referred = list(names_in(template_of(first[f"{kind}/{whose}{kind.lower()}"]), "redis-secrets"))
            assert referred == [name] * 8
    assert list(names_in(first["ServiceAccount/backend"], "redis-secrets")) == [name, name]
    for one in ("Ingress/web", "ClusterRole/reader"):
        assert list(names_in(first[one], "redis-secrets")) == [name]
    assert first["Role/secret-reader"]["rules"][0]["resourceNames"] == [name]
    assert set(names_in(first["Deployment/other"], "backend-secrets")) == {"backend-secrets"}
    rotate(project, "jwt_secret_key")
    assert built(kustomize, project).keys() == first.keys()
    rotate(project, "redis_password")
    second = built(kustomize, project)
    assert first.keys() - second.keys() == {f"SealedSecret/{name}"}
    assert name not in names_in(list(second.values()), "redis-secrets")


def test_whoever_builds_from_the_overlay_follows_a_suffix_too(kustomize: str, project: Project) -> None:
    roll_out(project, suffix=["redis-secrets"])
    above = workload("Deployment", "above", "redis-secrets")
    lay(project, "k8s/all", above, namespace=NAMESPACE, resources=["../overlays/staging"])
    found = built(kustomize, project, "k8s/all")
    (name,) = (name for name in found if name.startswith("SealedSecret/redis-secrets-"))
    assert set(names_in(found["Deployment/above"], "redis-secrets")) == {name.partition("/")[2]}


def test_taken_out_kustomize_builds_what_it_built_before(kustomize: str, project: Project) -> None:
    before = built(kustomize, project)
    roll_out(project, annotation={"Deployment/other": ["backend-secrets"]}, suffix=["redis-secrets"])
    assert built(kustomize, project) != before
    roll_out(project)
    assert built(kustomize, project) == before


def test_the_real_controller_opens_a_secret_under_its_name_with_the_digest(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    project = sealing_for(cluster, aura(tmp_path))
    project.change(
        backend=project.backend(),
        namespace=namespace,
        cluster={"kubeconfig": str(cluster.kubeconfig)},
        secrets=["backend-secrets", "postgres-secrets", WIDE],
        access={"redis": {"secrets": ["redis-secrets"], "subjects": [{"service_account": "redis"}]}},
        rollout={"suffix": ["redis-secrets"]},
    )
    names: list[str] = []
    for _ in range(2):
        assert project.run("seal", "staging", "--rotate", "redis_password", "-q") == (0, "", "")
        cluster.kubectl("apply", "-k", str(project.root / OVERLAY))
        ended = project.run("status", "staging", "--watch", "--timeout", "1m", "-q")
        stays = f"warning: {namespace} has SealedSecrets that the overlay does not have: {{}} [not-in-overlay]\n"
        assert ended == (0, "".join(map(stays.format, names)), ""), "the one before is there until it is pruned"
        listed = cluster.kubectl("get", "secrets", f"--namespace={namespace}", "--output=name").split()
        new = {name.removeprefix("secret/") for name in listed if name.startswith("secret/redis-secrets")} - {*names}
        assert len(new) == 1
        names += new
    template = "templates/redis-secrets.yaml.j2"
    project.write(template, project.read(template) + b"  copy: '{{ values.redis_password }}'\n")
    assert project.run("seal", "staging", "--from-cluster", "-q") == (0, "", "")
