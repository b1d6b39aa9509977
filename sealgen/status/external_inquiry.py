"""Asking how an environment of External Secrets is in its cluster: what the operator says, and what it has made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.checks import rotation
from sealgen.checks.subject import Subject
from sealgen.cluster.connection import METADATA, METADATA_LIST
from sealgen.formats.report import Severity
from sealgen.kubernetes import access, external_secret, generator, push_secret
from sealgen.reconcile.generated import by_operator
from sealgen.reconcile.manifests import render_manifests, values_used
from sealgen.reconcile.sealed_objects import read_lock
from sealgen.status import external, external_store, judgement, live
from sealgen.status.findings import Finding, findings
from sealgen.status.inquiry import NOT_SEALED, Status, kubectl_options
from sealgen.status.live import Name
from sealgen.status.readers import readers
from sealgen.status.reading import Objects, Reading, read_surroundings, sentence

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from sealgen.cluster.connection import Cluster
    from sealgen.config.environment import Environment
    from sealgen.config.external_secrets import ExternalSecretsBackend
    from sealgen.config.project import Project
    from sealgen.kubernetes.external_secret import ExternalSecret
    from sealgen.status.external import AppliedExternal
    from sealgen.status.judgement import Row


@dataclass(frozen=True)
class _Found:
    """What the cluster has."""

    applied: Mapping[Name, AppliedExternal]
    rows: tuple[Row, ...]
    secrets: Objects
    wrong: tuple[Finding, ...]
    """Of the operator and its store."""


class ExternalInquiry:
    """An environment of External Secrets and its cluster."""

    def __init__(
        self, project: Project, environment: Environment, backend: ExternalSecretsBackend, cluster: Cluster
    ) -> None:
        """Read the overlay; raises SealgenError for what is malformed."""
        self._project = project
        self._environment = environment
        self._manifests = render_manifests(project, environment)
        _, self._lock = read_lock(project, environment.name)
        self._backend = backend
        self._cluster = cluster
        self._overlay: dict[Name, ExternalSecret] = {}
        self._missing: list[str] = []
        for entry in environment.secrets:
            path = environment.output / entry.filename
            content = project.read(path)
            if content is None:
                self._missing.append(entry.name)
            else:
                found = external_secret.read(content, str(path))
                self._overlay[Name(found.namespace, found.name)] = found
        self._store: Mapping[str, str] | None = None
        store = backend.store
        if store.provider is not None:
            path = environment.output / external_secret.STORE_FILENAME
            content = project.read(path)
            if content is None:
                self._missing.append(f"the {store.kind} {store.name}")
            else:
                self._store = external_store.written(content, str(path))
        # What is not in the overlay yet is not to be in the cluster.
        self._has_access = project.read(environment.output / access.FILENAME) is not None
        self._namespaces = sorted({environment.namespace, *(name.namespace for name in self._overlay)})

    def progress(self) -> tuple[int, int]:
        """Ask how many of the overlay's ExternalSecrets need not be waited for, and of how many."""
        return judgement.settled(self._found().rows)

    def status(self, now: dt.datetime) -> Status:
        """Ask for all there is to know, at ``now`` (UTC)."""
        found = self._found()
        names = self._overlay.keys()
        immutable = {name for name, wanted in self._overlay.items() if wanted.immutable}
        surroundings = read_surroundings(self._cluster, self._namespaces, immutable)
        restarts = judgement.restarts(surroundings.uses, names, found.secrets)
        grants = self._environment.access if self._has_access else ()
        who = readers(surroundings.roles, surroundings.bindings, set(names), grants)
        wrong = findings(
            found.rows, restarts, found.secrets, surroundings, who, grants, kubectl_options(self._environment)
        )
        return Status(
            self._environment.name,
            found.rows,
            restarts,
            who,
            (*self._not_written(), *found.wrong, *wrong, *external.late(found.applied.values(), now), *self._due(now)),
            (*found.secrets.unseen, *surroundings.unseen),
            noun="external secret",
            refreshes=True,
        )

    def _found(self) -> _Found:
        """Read the operator's objects, and the metadata of Secrets."""
        api = f"/apis/{external_secret.API_GROUP}/{self._backend.api_version}"
        externals = Reading(self._cluster, api, "externalsecrets")
        secrets = Reading(self._cluster, "/api/v1", "secrets", METADATA_LIST, METADATA)
        for namespace in self._namespaces:
            names = [name for name in sorted(self._overlay) if name.namespace == namespace]
            externals.read(namespace, names)
            secrets.read(namespace, names)
        stores, store_unseen = self._stores(api)
        generated, generated_unseen = self._generated()
        applied = {one.name: one for one in map(external.applied, externals.found)}
        live_secrets = {one.name: one for one in map(live.secret, secrets.found)}
        hidden, hidden_secrets = frozenset(externals.hidden), frozenset(secrets.hidden)
        unseen = []
        if externals.refused:
            told = sentence(externals.refused)
            unseen.append(f"all ExternalSecrets of {told}: whether there are some beside the overlay's")
        if externals.hidden:
            unseen.append(f"the ExternalSecrets {sentence(externals.hidden)}: whether they are applied and synced")
        if secrets.hidden:
            unseen.append(f"the Secrets {sentence(secrets.hidden)}: whether they are there, which keys they have")
        return _Found(
            applied,
            external.rows(self._overlay, applied, hidden, live_secrets, hidden_secrets),
            Objects(True, {}, live_secrets, frozenset(), hidden_secrets, (*unseen, *store_unseen, *generated_unseen)),
            (*self._of_operator(externals), *stores, *generated, *self._others(applied)),
        )

    @staticmethod
    def _of_operator(externals: Reading) -> Iterator[Finding]:
        if externals.unknown:
            message = "the cluster has no ExternalSecrets: the operator is not installed, or too old for this version"
            yield Finding("not-installed", Severity.ERROR, message)

    def _stores(self, api: str) -> tuple[list[Finding], list[str]]:
        """Return what is wrong with the stores, and what of them can't be seen."""
        store = self._backend.store
        is_wide = store.kind == "ClusterSecretStore"
        wanted: list[tuple[str | None, Name]] = (
            [(None, Name("", store.name))]
            if is_wide
            else [(namespace, Name(namespace, store.name)) for namespace in self._namespaces]
        )
        wrong, unseen = [], []
        for namespace, name in wanted:
            reading = Reading(self._cluster, api, "clustersecretstores" if is_wide else "secretstores")
            reading.read(namespace, [name])
            found = next((one for one in reading.found if live.name_of(one) == name), None)
            told = f"the {store.kind} {name if name.namespace else name.name}"
            if reading.hidden:
                unseen.append(f"{told}: whether the operator can read it")
            elif found is None and not reading.unknown:
                wrong.append(Finding("store-missing", Severity.ERROR, f"{told} is not there"))
            elif found is not None:
                ready, words = external.condition(found)
                if ready is False:
                    wrong.append(Finding("store-not-ready", Severity.ERROR, f"{told} is not ready: {words}"))
                if self._store is not None and (differs := external_store.difference(self._store, found)):
                    message = f"{told} is applied otherwise than the overlay has it: {', '.join(differs)}"
                    wrong.append(Finding("store-differs", Severity.ERROR, message))
        return wrong, unseen

    def _generated(self) -> tuple[list[Finding], list[str]]:
        """Return what is wrong with the PushSecrets of values that the operator makes, and what can't be seen."""
        namespace = self._environment.namespace
        wanted = {Name(namespace, generator.name_of(value)): value for value in by_operator(self._environment)}
        wrong: list[Finding] = []
        if not wanted:
            return wrong, []
        reading = Reading(self._cluster, f"/apis/{push_secret.API_VERSION}", "pushsecrets")
        reading.read(namespace, wanted)
        found = {live.name_of(one): one for one in reading.found}
        for name, value in wanted.items():
            if name in reading.hidden:
                continue
            ready, words = external.condition(found[name]) if name in found else (False, "it is not there")
            if not ready:
                message = f"{value}, which the operator makes, is not put into the store by the PushSecret {name}: "
                message += "the operator has not looked at it yet" if ready is None else words
                wrong.append(Finding("value-not-made", Severity.ERROR, message))
        if reading.hidden:
            return wrong, [f"the PushSecrets {sentence(reading.hidden)}: whether the operator makes their values"]
        return wrong, []

    def _others(self, applied: Mapping[Name, AppliedExternal]) -> Iterator[Finding]:
        others = sorted(applied.keys() - self._overlay.keys())
        for namespace in sorted({name.namespace for name in others}):
            names = ", ".join(name.name for name in others if name.namespace == namespace)
            message = f"{namespace} has ExternalSecrets that the overlay does not have: {names}"
            yield Finding("not-in-overlay", Severity.WARNING, message)

    def _not_written(self) -> Iterator[Finding]:
        for name in self._missing:
            command = f"sealgen seal {self._environment.name}"
            yield Finding(NOT_SEALED, Severity.ERROR, f"{name} is not in the overlay", command)

    def _due(self, now: dt.datetime) -> Iterator[Finding]:
        """Yield the values that are to be rotated, of those that the lock dates."""
        used = values_used(self._manifests)
        subject = Subject(self._project, self._environment, self._manifests, self._lock, used, now)
        for one in rotation.due(subject):
            yield Finding(one.id, one.severity, one.message)
