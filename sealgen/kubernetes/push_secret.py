"""PushSecret: has the External Secrets Operator put into a store what a Secret of the cluster holds. Pure.

It is put once, where there is nothing yet, and stays when the PushSecret goes.
Source: External Secrets Operator 1.3.2, ``apis/externalsecrets/v1alpha1``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.kubernetes.external_secret import API_GROUP
from sealgen.yaml import layout

if TYPE_CHECKING:
    from sealgen.kubernetes.external_secret import SecretStore
    from sealgen.yaml.layout import Tree

KIND = "PushSecret"
API_VERSION = f"{API_GROUP}/v1alpha1"
GENERATORS = f"generators.{API_GROUP}/v1alpha1"
"""The API version of generators."""
_METADATA: Mapping[str, Mapping[str, str]] = {
    "aws-secretsmanager": {"secretPushFormat": "string"},
    "aws-ssm": {"secretType": "SecureString"},
}
"""What the operator is told of entries in stores of a kind: without it, they are binary, or not encrypted."""


@dataclass(frozen=True)
class Pushed:
    """A key of the Secret or of the template, and where what it holds is put."""

    key: str
    remote_key: str
    property: str = ""


@dataclass(frozen=True)
class PushSecret:
    """A PushSecret; ``template`` are Go templates by keys that the Secret does not have itself."""

    name: str
    """The Secret's too, or the generator's."""
    namespace: str
    store: SecretStore
    reads: str
    """The kind of what the store has, as of ``SecretStore.reads``, which a store that is there already does not say."""
    data: tuple[Pushed, ...]
    template: Mapping[str, str]
    generator: str | None = None
    """The kind of the generator whose value is put; None where it is what the Secret of this name holds."""


def to_yaml(push: PushSecret) -> str:
    """Return the manifest."""
    spec: dict[str, str | Tree | tuple[Tree, ...]] = {
        "refreshInterval": "0",
        "updatePolicy": "IfNotExists",
        "deletionPolicy": "None",
        "secretStoreRefs": ({"kind": push.store.kind, "name": push.store.name},),
        "selector": _selector(push),
        "data": tuple(_match(pushed, push) for pushed in push.data),
    }
    if push.template:
        spec["template"] = {"engineVersion": "v2", "data": push.template}
    return layout.dump(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": push.name, "namespace": push.namespace},
            "spec": spec,
        }
    )


def _selector(push: PushSecret) -> Tree:
    if push.generator is None:
        return {"secret": {"name": push.name}}
    return {"generatorRef": {"apiVersion": GENERATORS, "kind": push.generator, "name": push.name}}


def _match(pushed: Pushed, push: PushSecret) -> Tree:
    remote = {"remoteKey": _in_mount(pushed.remote_key, push.store)}
    if pushed.property:
        remote["property"] = pushed.property
    match: Tree = {"match": {"secretKey": pushed.key, "remoteRef": remote}}
    if push.reads not in _METADATA:
        return match
    kind = {"apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata"}
    return {**match, "metadata": {**kind, "spec": _METADATA[push.reads]}}


def _in_mount(key: str, store: SecretStore) -> str:
    """Return a path below its engine in Vault, where the store says which that is.

    The operator would take the path with the mount too, but up to release 1.3 it puts the metadata of such an entry,
    which says whose it is, to another path.
    """
    vault = (store.provider or {}).get("vault")
    mount = f"{vault['path']}/" if isinstance(vault, Mapping) else ""
    below = key.removeprefix(mount)
    return key if mount and below.startswith(mount) else below
