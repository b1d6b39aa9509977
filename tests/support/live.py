"""What a cluster has once an overlay is applied and the controller has opened it, served by a fake API server."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from sealgen.crypto import hybrid
from sealgen.kubernetes import sealed_secret
from tests.support.api_server import as_json

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer
    from tests.support.project import Project


@dataclass
class Live:
    """The objects of a cluster as its API server gives them; whoever changes them changes its answers."""

    server: ApiServer
    sealed: dict[str, Any] = field(default_factory=dict)
    """SealedSecrets by name."""
    secrets: dict[str, Any] = field(default_factory=dict)
    """Secrets by name."""

    def apply(self, project: Project, environment: str = "staging") -> None:
        """Apply an overlay, and let the project's controller open it."""
        for path in sorted((project.root / "k8s/overlays" / environment).glob("*.yaml")):
            manifest = yaml.safe_load(path.read_bytes())
            if manifest.get("kind") != "SealedSecret":
                continue
            before = self.sealed.get(manifest["metadata"]["name"])
            generation = before["metadata"]["generation"] + 1 if before else 1
            uid = before["metadata"]["uid"] if before else str(uuid.uuid4())
            manifest["metadata"] |= {"uid": uid, "generation": generation}
            conditions = [{"type": "Synced", "status": "True"}]
            manifest["status"] = {"observedGeneration": generation, "conditions": conditions}
            read = sealed_secret.read(path.read_bytes(), path.name)
            label = read.scope.label(read.namespace, read.name)
            opened = {
                key: hybrid.unseal(base64.b64decode(text), [project.controller.private_key], label)
                for key, text in read.encrypted_data.items()
            }
            self._serve(manifest, secret(manifest, opened))

    def rename(self, name: str, new: str) -> None:
        """Have the cluster hold a SealedSecret, and its Secret, under another name, as kustomize gave it."""
        manifest, made = self.sealed.pop(name), self.secrets.pop(name)
        manifest["metadata"]["name"] = manifest["spec"]["template"]["metadata"]["name"] = new
        made["metadata"]["name"] = made["metadata"]["ownerReferences"][0]["name"] = new
        self._serve(manifest, made)

    def _serve(self, manifest: dict[str, Any], made: dict[str, Any]) -> None:
        name, namespace = manifest["metadata"]["name"], manifest["metadata"]["namespace"]
        self.sealed[name], self.secrets[name] = manifest, made
        # The place under which they are asked for stays, whatever becomes of the objects.
        self.server.answers[f"GET {sealed_path(namespace, name)}"] = lambda _: as_json(self.sealed[name])
        self.server.answers[f"GET {secret_path(namespace, name)}"] = lambda _: as_json(self.secrets[name])

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for, in their order."""
        return [request.path for request in self.server.requests]


def sealed_path(namespace: str, name: str) -> str:
    """Return where an API server has a SealedSecret."""
    return f"/apis/bitnami.com/v1alpha1/namespaces/{namespace}/sealedsecrets/{name}"


def secret_path(namespace: str, name: str) -> str:
    """Return where an API server has a Secret."""
    return f"/api/v1/namespaces/{namespace}/secrets/{name}"


def secret(sealed: dict[str, Any], opened: dict[str, bytes]) -> dict[str, Any]:
    """Return the Secret that the controller makes from a SealedSecret, as the API server keeps it."""
    metadata = sealed["metadata"]
    owner = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": metadata["name"]}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "ownerReferences": [owner | {"uid": metadata["uid"], "controller": True}],
            "managedFields": [
                {
                    "manager": "controller",
                    "operation": "Update",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {
                        "f:data": {".": {}, **{f"f:{key}": {} for key in opened}},
                        "f:metadata": {"f:ownerReferences": {".": {}, f'k:{{"uid":"{metadata["uid"]}"}}': {}}},
                        "f:type": {},
                    },
                }
            ],
        },
        "data": {key: base64.b64encode(value).decode() for key, value in opened.items()},
        "type": "Opaque",
    }
