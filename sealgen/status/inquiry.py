"""Asking how an environment is in its cluster: the overlay is read once, the cluster as often as it is asked."""

from __future__ import annotations

import itertools
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgen import certificates
from sealgen.checks import rotation, trust
from sealgen.checks.subject import SealedSubject
from sealgen.formats.report import Severity
from sealgen.reconcile.planning import sealed_secrets_backend
from sealgen.reconcile.rollout import live_name
from sealgen.reconcile.survey import survey
from sealgen.status import judgement
from sealgen.status.findings import Finding, findings
from sealgen.status.judgement import Synced
from sealgen.status.live import Name
from sealgen.status.readers import readers
from sealgen.status.reading import read_objects, read_surroundings

if TYPE_CHECKING:
    import datetime as dt

    from sealgen.cluster.connection import Cluster
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.kubernetes.access import Grant
    from sealgen.status.judgement import Restart, Row
    from sealgen.status.readers import Reader
    from sealgen.status.reading import Objects


NOT_SEALED = "not-sealed"


@dataclass(frozen=True)
class Status:
    """How an environment is in its cluster."""

    environment: str
    rows: tuple[Row, ...]
    restarts: tuple[Restart, ...]
    readers: tuple[Reader, ...]
    findings: tuple[Finding, ...]
    unseen: tuple[str, ...]
    """What could not be seen, for people."""
    noun: str = "sealed secret"
    """What a row is of, for people."""
    refreshes: bool = False
    """Whether what a row is of is read from a store, again and again."""

    @property
    def settled(self) -> bool:
        """Whether all of the environment is in the overlay, applied and synced."""
        return all(row.settled for row in self.rows) and not any(one.id == NOT_SEALED for one in self.findings)

    @property
    def hidden(self) -> bool:
        """Whether some SealedSecret may not be read, so that nothing can be told of it."""
        return any(row.synced is Synced.UNSEEN for row in self.rows)

    @property
    def failed(self) -> bool:
        """Whether some finding is an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


class Inquiry:
    """An environment and its cluster."""

    def __init__(self, project: Project, environment: Environment, cluster: Cluster) -> None:
        """Read the overlay; raises SealgenError for a plain environment, and for what is malformed."""
        self._project = project
        self._backend = sealed_secrets_backend(environment)
        self._surveyed = survey(project, environment)
        self._environment = environment
        self._cluster = cluster
        found = [replace(file.sealed, name=self._live_name(name)) for name, file in self._surveyed.files.items()]
        self._overlay = {Name(sealed.namespace, sealed.name): sealed for sealed in found}
        namespaces = {secret.namespace for secret in self._surveyed.manifests.values()}
        self._namespaces = sorted({*namespaces, *(name.namespace for name in self._overlay)})

    def progress(self) -> tuple[int, int]:
        """Ask how many of the overlay's SealedSecrets need not be waited for, and of how many."""
        return judgement.settled(judgement.rows(self._overlay, self._objects()))

    def status(self, now: dt.datetime) -> Status:
        """Ask for all there is to know, at ``now`` (UTC)."""
        objects = self._objects()
        rows = judgement.rows(self._overlay, objects)
        names = self._overlay.keys()
        immutable = {name for name, sealed in self._overlay.items() if sealed.immutable}
        immutable |= {name for name, sealed in objects.sealed.items() if sealed.template.get("immutable")}
        surroundings = read_surroundings(self._cluster, self._namespaces, immutable)
        restarts = judgement.restarts(surroundings.uses, names, objects)
        # What is not in the overlay yet is not to be in the cluster.
        grants = self._grants() if self._surveyed.access else ()
        found = readers(surroundings.roles, surroundings.bindings, set(names), grants)
        wrong = findings(rows, restarts, objects, surroundings, found, grants, kubectl_options(self._environment))
        return Status(
            self._environment.name,
            rows,
            restarts,
            found,
            (*self._not_sealed(), *wrong, *self._due(now)),
            (*objects.unseen, *surroundings.unseen),
        )

    def _objects(self) -> Objects:
        return read_objects(self._cluster, self._overlay.keys(), self._namespaces)

    def _live_name(self, secret: str) -> str:
        return live_name(self._environment, self._surveyed.lock, secret)

    def _grants(self) -> tuple[Grant, ...]:
        """Return what is granted on the Secrets, by their names in the cluster."""
        return tuple(
            replace(grant, secrets=tuple(sorted(map(self._live_name, grant.secrets))))
            for grant in self._environment.access
        )

    def _not_sealed(self) -> list[Finding]:
        missing = [name for name in self._surveyed.manifests if name not in self._surveyed.files]
        command = f"sealgen seal {self._environment.name}"
        return [Finding(NOT_SEALED, Severity.ERROR, f"{name} is not in the overlay", command) for name in missing]

    def _due(self, now: dt.datetime) -> list[Finding]:
        """Return what time brings: the end of the certificate, where that is a file, and values to be rotated."""
        project, environment, backend = self._project, self._environment, self._backend
        subject = SealedSubject.of(project, backend, self._surveyed, now, certificate=None)
        ends = [] if certificates.is_remote(backend) else trust.of_file(project, environment, backend, now)
        return [Finding(one.id, one.severity, one.message) for one in itertools.chain(ends, rotation.due(subject))]


def kubectl_options(environment: Environment) -> str:
    """Return the options with which kubectl finds the same cluster, where the environment names it."""
    settings = environment.cluster
    given = {"kubeconfig": settings.kubeconfig, "context": settings.context}
    return "".join(f" --{option} {_in_shell(text)}" for option, text in given.items() if text)


def _in_shell(text: str) -> str:
    """Return a word for a shell, which is to know the home folder."""
    return f"~/{shlex.quote(text[2:])}" if text.startswith("~/") else shlex.quote(text)
