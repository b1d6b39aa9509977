"""Objects as an API server answers with them: SealedSecrets, the metadata of Secrets, pods, and who may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from tests.support.api_server import ApiServer, as_json, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.support.project import Project

NAMESPACE = "aura-staging"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
SEALED = f"/apis/bitnami.com/v1alpha1/namespaces/{NAMESPACE}/sealedsecrets"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
WRITTEN = "2026-11-20T10:00:00Z"
"""When a Secret's keys were written, unless a test says otherwise."""
Object = dict[str, Any]


def applied(project: Project, name: str, environment: str = "staging", **status: Any) -> Object:
    """Return what a manifest of the overlay is once it is applied and synced, but for what ``status`` says."""
    found: Object = yaml.safe_load(project.read(project.manifest(name, environment)))
    found["metadata"] |= {"uid": f"uid-of-{name}", "generation": 2}
    condition = {"type": "Synced", "status": "True", "lastUpdateTime": WRITTEN}
    found["status"] = {"observedGeneration": 2, "conditions": [condition], **status}
    return found


def not_synced(message: str) -> list[Object]:
    """Return the conditions of a SealedSecret that the controller could not open."""
    return [{"type": "Synced", "status": "False", "lastUpdateTime": WRITTEN, "message": message}]


def secret(name: str, keys: Iterable[str], *, time: str = WRITTEN, **metadata: Any) -> Object:
    """Return the metadata of a Secret that the controller made of a SealedSecret, but for what ``metadata`` says."""
    owner = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": name, "uid": f"uid-of-{name}"}
    written = {"manager": "controller", "operation": "Update", "time": time}
    fields: Object = {"f:data": {".": {}, **{f"f:{key}": {} for key in keys}}, "f:type": {}}
    return {
        "kind": "PartialObjectMetadata",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "ownerReferences": [{**owner, "controller": True}],
            "managedFields": [{**written, "fieldsV1": fields}],
            **metadata,
        },
    }


def made_of(found: Object) -> Object:
    """Return the metadata of the Secret that comes of a SealedSecret."""
    return secret(found["metadata"]["name"], found["spec"]["encryptedData"])


def pod(
    name: str,
    container: Object,
    *,
    owner: tuple[str, str] | None = None,
    started: str = "2026-11-20T09:00:00Z",
    **spec: Any,
) -> Object:
    """Return a pod with one container, ``app``, that has run since it ``started``."""
    metadata: Object = {"name": name, "namespace": NAMESPACE, "labels": {"pod-template-hash": "5d4f8c7b9"}}
    if owner is not None:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
    running = [{"name": "app", "state": {"running": {"startedAt": started}}}]
    return {
        "metadata": metadata,
        "spec": {"containers": [{"name": "app", **container}], **spec},
        "status": {"phase": "Running", "containerStatuses": running},
    }


def variable(secret_name: str) -> Object:
    """Return what a container says that reads a key of a Secret into a variable."""
    reference = {"name": secret_name, "key": "JWT_SECRET_KEY"}
    return {"env": [{"name": "PLAIN", "value": "x"}, {"name": "KEY", "valueFrom": {"secretKeyRef": reference}}]}


def role(name: str, rules: Sequence[Object], namespace: str = NAMESPACE) -> Object:
    """Return a Role, or a ClusterRole where the namespace is empty."""
    return {"metadata": {"name": name} | ({"namespace": namespace} if namespace else {}), "rules": list(rules)}


def reading(*names: str, verbs: Sequence[str] = ("get",)) -> Object:
    """Return a rule that lets somebody read these Secrets, or all."""
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": list(verbs)}
    return rule | ({"resourceNames": list(names)} if names else {})


def binding(
    name: str, role_name: str, subjects: Sequence[Object], *, kind: str = "Role", namespace: str = NAMESPACE
) -> Object:
    """Return a RoleBinding, or a ClusterRoleBinding where the namespace is empty."""
    return {
        "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
        "roleRef": {"kind": kind, "name": role_name},
        "subjects": list(subjects),
    }


def serve(server: ApiServer, path: str, *items: Object) -> None:
    """Have a server list these objects at a path, and give each by itself below."""
    server.answers[f"GET {path}"] = as_json({"items": list(items)})
    for item in items:
        server.answers[f"GET {path}/{item['metadata']['name']}"] = as_json(item)


def serve_all(server: ApiServer, project: Project) -> dict[str, Object]:
    """Have a server answer as a cluster does in which all of Aura's overlay is applied and synced."""
    sealed = {name: applied(project, name) for name in ("backend-secrets", "postgres-secrets", "redis-secrets")}
    serve(server, SEALED, *sealed.values())
    serve(server, f"{CORE}/secrets", *map(made_of, sealed.values()))
    serve(server, f"{CORE}/pods")
    for path in (
        "clusterroles",
        "clusterrolebindings",
        f"namespaces/{NAMESPACE}/roles",
        f"namespaces/{NAMESPACE}/rolebindings",
    ):
        serve(server, f"{RBAC}/{path}")
    return sealed


def forbid(server: ApiServer, *paths: str) -> None:
    """Have a server refuse these paths to whoever asks."""
    for path in paths:
        server.answers[f"GET {path}"] = refusal(403, f"forbidden: cannot list {path}")
