"""Who uses Secrets: what the containers of a pod took in when they started, and will not look at again. Pure.

Source: ``core/v1`` of Kubernetes 1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgen.kubernetes.pods import Workload, of_environment, of_volume
from sealgen.status.live import Name, items, time_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Set


@dataclass(frozen=True)
class Use:
    """A Secret that a container took in when it started, and will not look at again."""

    workload: Workload
    pod: str
    secret: Name
    started: dt.datetime
    where: str
    """Where in the container, for people."""


_CONTAINERS = {
    "initContainers": ("initContainerStatuses", "init container", ("running", "terminated")),
    "containers": ("containerStatuses", "container", ("running",)),
    "ephemeralContainers": ("ephemeralContainerStatuses", "container", ("running",)),
}
"""Where they and their states are, and in which states they hold what they took in: what an init container read when
it ran, it may have left to the others; one that waits will read all anew."""


def uses_of(found: Mapping[str, Any], immutable: Set[Name]) -> Iterator[Use]:
    """Yield what the containers of a pod took in of Secrets.

    Variables are read when a container starts, and so is a mount with subPath. Any other mount follows its Secret, but
    for those of the ``immutable`` ones, which the kubelet reads once.
    """
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed") or "deletionTimestamp" in metadata:
        return
    namespace = metadata.get("namespace", "")
    volumes = {volume["name"]: [taken.secret for taken in of_volume(volume)] for volume in items(spec, "volumes")}
    for field, (statuses, noun, states) in _CONTAINERS.items():
        starts = _starts(items(status, statuses), states)
        for container in items(spec, field):
            if (started := starts.get(container["name"])) is None:
                continue
            taken = dict.fromkeys((taken.secret for taken in of_environment(container)), "the environment")
            for mount in items(container, "volumeMounts"):
                by_path = "subPath" in mount or "subPathExpr" in mount
                for name in volumes.get(mount["name"], ()):
                    if by_path or Name(namespace, name) in immutable:
                        taken.setdefault(name, "a mount by subPath" if by_path else "a mount of what was immutable")
            for name, what in taken.items():
                where = f"{what} of {noun} {container['name']}"
                yield Use(_workload(metadata), metadata["name"], Name(namespace, name), started, where)


def _starts(statuses: list[Any], states: tuple[str, ...]) -> dict[str, dt.datetime]:
    """Return when the containers started that are in one of the states."""
    found = {}
    for container in statuses:
        for state in states:
            told = (container.get("state") or {}).get(state) or {}
            if (time := time_of(told.get("startedAt"))) is not None:
                found[container["name"]] = time
    return found


def _workload(metadata: Mapping[str, Any]) -> Workload:
    """Return what a pod belongs to; a ReplicaSet of a Deployment has its name, and the hash of the pod's template."""
    namespace = metadata.get("namespace", "")
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            ending = f"-{(metadata.get('labels') or {}).get('pod-template-hash')}"
            if owner["kind"] == "ReplicaSet" and owner["name"].endswith(ending):
                return Workload(namespace, "Deployment", owner["name"].removesuffix(ending))
            return Workload(namespace, owner["kind"], owner["name"])
    return Workload(namespace, "Pod", metadata["name"])
