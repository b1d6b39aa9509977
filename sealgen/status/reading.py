"""Asking a cluster what it has of an environment; what may not be read is noted, and no Secret's data is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgen.cluster.connection import METADATA, METADATA_LIST, ApiError
from sealgen.kubernetes.access import API_GROUP
from sealgen.kubernetes.sealed_secret import API_VERSION
from sealgen.status import live
from sealgen.status.roles import binding_of, rules_of
from sealgen.status.uses import uses_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from sealgen.cluster.connection import Cluster
    from sealgen.status.live import AppliedSecret, LiveSecret, Name
    from sealgen.status.roles import Binding, Rule
    from sealgen.status.uses import Use


@dataclass(frozen=True)
class Objects:
    """The SealedSecrets and Secrets of an environment's namespaces."""

    installed: bool
    """Whether the cluster knows what a SealedSecret is."""
    sealed: Mapping[Name, AppliedSecret]
    secrets: Mapping[Name, LiveSecret]
    hidden_sealed: Set[Name]
    """The wanted SealedSecrets that may not be read."""
    hidden_secrets: Set[Name]
    """The wanted Secrets of which not even the metadata may be read."""
    unseen: tuple[str, ...]
    """What could not be seen, for people."""


@dataclass(frozen=True)
class Surroundings:
    """Who uses the Secrets, and who may read them."""

    uses: tuple[Use, ...]
    roles: Mapping[tuple[str, str, str], tuple[Rule, ...]]
    """What may be read of Secrets, by the role's kind, namespace and name."""
    bindings: tuple[Binding, ...]
    hidden_roles: Set[str]
    """The namespaces of which not all Roles and RoleBindings may be read."""
    unseen: tuple[str, ...]


def read_objects(cluster: Cluster, wanted: Set[Name], namespaces: Sequence[str]) -> Objects:
    """Read the SealedSecrets, and the metadata of Secrets; those ``wanted`` one by one where there may be no list.

    Raises SealgenError where the cluster can't be reached, or does not know who asks.
    """
    sealed = Reading(cluster, f"/apis/{API_VERSION}", "sealedsecrets")
    secrets = Reading(cluster, "/api/v1", "secrets", METADATA_LIST, METADATA)
    for namespace in namespaces:
        names = [name for name in sorted(wanted) if name.namespace == namespace]
        sealed.read(namespace, names)
        secrets.read(namespace, names)
    unseen = []
    if sealed.refused:
        unseen.append(f"all SealedSecrets of {sentence(sealed.refused)}: whether there are some beside the overlay's")
    if sealed.hidden:
        unseen.append(f"the SealedSecrets {sentence(sealed.hidden)}: whether they are applied and synced")
    if secrets.refused:
        unseen.append(f"all Secrets of {sentence(secrets.refused)}: whether there are some that nothing manages")
    if secrets.hidden:
        unseen.append(
            f"the Secrets {sentence(secrets.hidden)}: whether they are there, whose they are, which keys they have"
        )
    return Objects(
        installed=not sealed.unknown,
        sealed={found.name: found for found in map(live.applied, sealed.found)},
        secrets={found.name: found for found in map(live.secret, secrets.found)},
        hidden_sealed=frozenset(sealed.hidden),
        hidden_secrets=frozenset(secrets.hidden),
        unseen=tuple(unseen),
    )


def read_surroundings(cluster: Cluster, namespaces: Sequence[str], immutable: Set[Name]) -> Surroundings:
    """Read the pods that run, and the roles and bindings that reach into the namespaces.

    ``immutable`` are the Secrets that are. Raises SealgenError as ``read_objects`` does.
    """
    rbac = f"/apis/{API_GROUP}/v1"
    pods = Reading(cluster, "/api/v1", "pods")
    roles, bindings = Reading(cluster, rbac, "roles"), Reading(cluster, rbac, "rolebindings")
    for namespace in namespaces:
        for reading in (pods, roles, bindings):
            reading.read(namespace)
    cluster_roles, cluster_bindings = (
        Reading(cluster, rbac, "clusterroles"),
        Reading(cluster, rbac, "clusterrolebindings"),
    )
    cluster_roles.read(None)
    cluster_bindings.read(None)
    unseen = []
    if pods.refused:
        unseen.append(f"Pods of {sentence(pods.refused)}: which workloads need a restart")
    for reading, noun in ((roles, "Roles"), (bindings, "RoleBindings")):
        if reading.refused:
            unseen.append(f"{noun} of {sentence(reading.refused)}: who may read the Secrets")
    for reading, noun in ((cluster_roles, "ClusterRoles"), (cluster_bindings, "ClusterRoleBindings")):
        if reading.refused:
            unseen.append(f"{noun}: who may read the Secrets of all namespaces")
    return Surroundings(
        uses=tuple(use for pod in pods.found for use in uses_of(pod, immutable)),
        roles={
            (kind, *live.name_of(found)): rules_of(found)
            for kind, reading in (("Role", roles), ("ClusterRole", cluster_roles))
            for found in reading.found
        },
        bindings=(
            *(binding_of(found, "RoleBinding") for found in bindings.found),
            *(binding_of(found, "ClusterRoleBinding") for found in cluster_bindings.found),
        ),
        hidden_roles=frozenset({*roles.refused, *bindings.refused}),
        unseen=tuple(unseen),
    )


@dataclass
class Reading:
    """Objects of one kind, from several namespaces."""

    cluster: Cluster
    api: str
    plural: str
    accept_list: str = "application/json"
    accept: str = "application/json"
    found: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """The namespaces of which not all may be read; an empty one for what has none."""
    hidden: list[Name] = field(default_factory=list)
    unknown: bool = False
    """Whether the cluster has no such kind."""

    def read(self, namespace: str | None, names: Iterable[Name] = ()) -> None:
        """Read all of a namespace, or of the cluster; one by one the ``names`` where there may be no list."""
        path = f"{self.api}/{self.plural}" if namespace is None else f"{self.api}/namespaces/{namespace}/{self.plural}"
        try:
            self.found += self.cluster.list(path, accept=self.accept_list)
        except ApiError as error:
            if error.status == 404:
                self.unknown = True
            elif error.status == 403:
                self.refused.append(namespace or "")
                self._read_each(path, names)
            else:
                raise

    def _read_each(self, path: str, names: Iterable[Name]) -> None:
        for name in names:
            try:
                self.found.append(self.cluster.get(f"{path}/{name.name}", accept=self.accept))
            except ApiError as error:
                if error.status == 403:
                    self.hidden.append(name)
                elif error.status != 404:
                    raise


def sentence(names: Iterable[object]) -> str:
    """Return names for a sentence: ``a, b and c``."""
    *others, last = map(str, names)
    return f"{', '.join(others)} and {last}" if others else last
