"""What is wrong with an environment in its cluster, in words, and what to run about it. Pure."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.formats.report import Severity
from sealgen.status.judgement import Made, Synced
from sealgen.status.readers import EVERYBODY, differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgen.kubernetes.access import Grant
    from sealgen.kubernetes.pods import Workload
    from sealgen.status.judgement import Restart, Row
    from sealgen.status.live import Name
    from sealgen.status.readers import Reader
    from sealgen.status.reading import Objects, Surroundings


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; ``id`` names the check."""

    id: str
    severity: Severity
    message: str
    command: str | None = None
    """What to run about it."""


def findings(
    judged: Iterable[Row],
    needed: Iterable[Restart],
    objects: Objects,
    surroundings: Surroundings,
    found: Iterable[Reader],
    grants: Iterable[Grant],
    kubectl: str,
) -> Iterator[Finding]:
    """Yield what is wrong, what to do first at the top; ``kubectl`` are the options that lead it to the cluster."""
    judged = tuple(judged)
    wanted = {row.name for row in judged}
    if not objects.installed:
        yield Finding(
            "not-installed", Severity.ERROR, "the cluster has no SealedSecrets: its controller is not installed"
        )
    for row in judged:
        yield from _of_row(row)
    for namespace, names in _by_namespace(objects.sealed.keys() - wanted):
        message = f"{namespace} has SealedSecrets that the overlay does not have: {names}"
        yield Finding("not-in-overlay", Severity.WARNING, message)
    loose = {name for name, one in objects.secrets.items() if not (one.owners or one.handed_over or one.others)}
    for namespace, names in _by_namespace(loose - wanted):
        message = f"{namespace} has Secrets that nothing manages: {names}"
        yield Finding("unmanaged", Severity.WARNING, message)
    yield from _restarts(needed, kubectl)
    known = [grant for grant in grants if grant.namespace not in surroundings.hidden_roles]
    for grant, what in differences(surroundings.roles, surroundings.bindings, known):
        message = f"{grant.namespace}/{grant.name} of access: is not as the overlay has it: {what}"
        yield Finding("access-differs", Severity.ERROR, message)
    for reader in found:
        if reader.subject.kind == "Group" and reader.subject.name in EVERYBODY:
            what = "all Secrets" if reader.secrets is None else ", ".join(reader.secrets)
            message = (
                f"{reader.subject.name}, which is everybody, may {', '.join(reader.verbs)} {what} of {reader.namespace}"
                f" ({', '.join(reader.through)})"
            )
            yield Finding("readable-by-all", Severity.WARNING, message)


def _of_row(row: Row) -> Iterator[Finding]:
    name = row.name
    if row.synced is Synced.NO:
        yield Finding("not-synced", Severity.ERROR, f"{name} is not synced: {row.detail}")
    elif row.synced is Synced.PENDING:
        yield Finding("pending", Severity.ERROR, f"{name} is not synced yet: {row.detail}")
    elif row.synced is Synced.ABSENT:
        yield Finding("not-applied", Severity.ERROR, f"{name} is not applied")
    if row.differs:
        message = f"{name} is applied otherwise than the overlay has it: {', '.join(row.differs)}"
        yield Finding("differs", Severity.ERROR, message)
    if row.secret is Made.FOREIGN:
        message = (
            f"the Secret {name} is there, and no SealedSecret manages it: the controller does not overwrite it; "
            'delete it, or annotate it with sealedsecrets.bitnami.com/managed: "true"'
        )
        yield Finding("unmanaged-in-the-way", Severity.ERROR, message)
    elif row.secret is Made.INCOMPLETE and row.synced is Synced.YES:
        yield Finding("keys-missing", Severity.ERROR, f"the Secret {name} has no {row.detail}")
    elif row.secret is Made.ABSENT and row.synced in (Synced.YES, Synced.UNSEEN):
        yield Finding("secret-missing", Severity.ERROR, f"the Secret {name} is not there")


def _by_namespace(names: Iterable[Name]) -> Iterator[tuple[str, str]]:
    """Yield namespaces, and the names in each for a sentence."""
    for namespace, group in itertools.groupby(sorted(names), lambda name: name.namespace):
        of_it = [name.name for name in group]
        more = f" and {len(of_it) - _SHOWN} more" if len(of_it) > _SHOWN else ""
        yield namespace, ", ".join(of_it[:_SHOWN]) + more


_SHOWN = 10  # names in a sentence


def _restarts(needed: Iterable[Restart], kubectl: str) -> Iterator[Finding]:
    by_workload: dict[Workload, list[Restart]] = {}
    for restart in needed:
        by_workload.setdefault(restart.workload, []).append(restart)
    for workload, of_it in by_workload.items():
        reasons = "; ".join(
            f"{one.secret.name} changed at {one.changed:%Y-%m-%d %H:%M:%S} UTC ({one.source}), "
            f"which is in {', '.join(one.where)}"
            for one in of_it
        )
        pods = sorted({pod for one in of_it for pod in one.pods})
        command = _command(workload, pods)
        severity = Severity.ERROR if command else Severity.WARNING
        way = "needs a restart" if command else _LEFT.get(workload.kind, "")
        yield Finding(
            "restart-needed",
            severity,
            f"{workload} of {workload.namespace} {way}: {reasons}",
            f"kubectl {command} -n {workload.namespace}{kubectl}" if command else None,
        )


_RESTARTABLE = ("Deployment", "StatefulSet", "DaemonSet")
_LEFT = {"Job": "runs to its end with what it began with", "Pod": "must be made anew, as nothing does that by itself"}


def _command(workload: Workload, pods: Iterable[str]) -> str | None:
    """Return how kubectl restarts a workload; None for one that it can't."""
    if workload.kind in _RESTARTABLE:
        return f"rollout restart {workload}"
    if workload.kind in _LEFT:
        return None
    return f"delete pod {' '.join(pods)}"  # what they belong to makes others
