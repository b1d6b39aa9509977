"""The overlay against the cluster: each state by its name, who needs a restart, and the exact words for it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import yaml

from sealgen.kubernetes import sealed_secret
from sealgen.kubernetes.access import Grant, Subject
from sealgen.kubernetes.sealed_secret import Scope, SealedSecret
from sealgen.status import judgement, live
from sealgen.status.findings import findings
from sealgen.status.judgement import Made, Synced
from sealgen.status.live import Name
from sealgen.status.readers import Reader
from sealgen.status.reading import Objects, Surroundings
from sealgen.status.uses import Use, uses_of
from tests.support.live_objects import NAMESPACE, WRITTEN, not_synced, pod, secret, variable

NAME = Name(NAMESPACE, "app")
WANTED = SealedSecret("app", NAMESPACE, Scope.STRICT, {"A": "AgA=", "B": "AgB="}, "Opaque", {"app": "x"}, {}, None)
SYNCED = [{"type": "Synced", "status": "True", "lastUpdateTime": "2026-11-22T10:00:00Z"}]
NOTHING = Surroundings((), {}, (), frozenset(), ())


def applied(wanted: SealedSecret = WANTED, **status: Any) -> live.AppliedSecret:
    """Return the SealedSecret as it is once it is applied and synced, but for what ``status`` says."""
    found = yaml.safe_load(sealed_secret.to_yaml(wanted))
    found["metadata"] |= {"uid": "uid-of-app", "generation": 2}
    return live.applied({**found, "status": {"observedGeneration": 2, "conditions": SYNCED, **status}})


def objects(*sealed: live.AppliedSecret, secrets: Any = None, **more: Any) -> Objects:
    """Return a cluster that has these, and the Secret ``app`` unless told otherwise."""
    there = [secret("app", ["A", "B"])] if secrets is None else secrets
    found = {
        "installed": True,
        "sealed": {one.name: one for one in sealed},
        "secrets": {one.name: one for one in map(live.secret, there)},
        "hidden_sealed": frozenset(),
        "hidden_secrets": frozenset(),
        "unseen": (),
    }
    return Objects(**{**found, **more})


def row(cluster: Objects) -> judgement.Row:
    (found,) = judgement.rows({NAME: WANTED}, cluster)
    return found


def told(cluster: Objects, uses: Any = (), readers: Any = (), grants: Any = (), **around: Any) -> list[str]:
    """Return what is wrong: severity, message, id, and the command."""
    rows = judgement.rows({NAME: WANTED}, cluster)
    needed = judgement.restarts(uses, [NAME], cluster)
    surroundings = replace(NOTHING, **around)
    found = findings(rows, needed, cluster, surroundings, readers, grants, " --context prod")
    return [f"{one.severity}: {one.message} [{one.id}]" + (f" {one.command}" if one.command else "") for one in found]


# --- SealedSecrets and their Secrets ---


def test_all_is_well() -> None:
    found = row(objects(applied()))
    assert (found.synced, found.differs, found.secret, found.settled) == (Synced.YES, (), Made.YES, True)
    assert found.changed == dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)
    assert told(objects(applied())) == []


@pytest.mark.parametrize(
    ("cluster", "synced", "made", "words"),
    [
        (objects(secrets=[]), "not applied", "missing", [f"error: {NAME} is not applied [not-applied]"]),
        (
            objects(applied(conditions=not_synced("no key could decrypt secret (A)")), secrets=[]),
            "not synced",
            "missing",
            [f"error: {NAME} is not synced: no key could decrypt secret (A) [not-synced]"],
        ),
        (
            objects(applied(conditions=[]), secrets=[]),
            "pending",
            "missing",
            [f"error: {NAME} is not synced yet: the controller has not looked at it yet [pending]"],
        ),
        (
            objects(applied(observedGeneration=1)),
            "pending",
            "there",
            [f"error: {NAME} is not synced yet: the controller has not looked at it yet [pending]"],
        ),
        (
            objects(replace(applied(), deleted=True)),
            "pending",
            "there",
            [f"error: {NAME} is not synced yet: it is being deleted [pending]"],
        ),
        (
            objects(applied(), secrets=[]),
            "synced",
            "missing",
            [f"error: the Secret {NAME} is not there [secret-missing]"],
        ),
        (
            objects(applied(), secrets=[secret("app", ["B"])]),
            "synced",
            "keys missing",
            [f"error: the Secret {NAME} has no A [keys-missing]"],
        ),
        (
            objects(hidden_sealed=frozenset({NAME})),
            "not seen",
            "there",
            [],
        ),
        (
            objects(hidden_sealed=frozenset({NAME}), secrets=[]),
            "not seen",
            "missing",
            [f"error: the Secret {NAME} is not there [secret-missing]"],
        ),
    ],
)
def test_each_state_has_a_name_and_its_words(cluster: Objects, synced: str, made: str, words: list[str]) -> None:
    found = row(cluster)
    assert (found.synced, found.secret, found.settled) == (synced, made, False)
    assert told(cluster) == words


def test_who_may_not_see_the_secret_goes_by_the_controllers_word() -> None:
    found = row(objects(applied(), secrets=[], hidden_secrets=frozenset({NAME})))
    assert (found.secret, found.settled) == (Made.UNSEEN, True)
    assert found.changed == dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)


def test_keys_that_the_cluster_does_not_tell_are_not_missing() -> None:
    assert row(objects(applied(), secrets=[secret("app", [], managedFields=[])])).secret is Made.YES


IN_THE_WAY = (
    f"error: the Secret {NAME} is there, and no SealedSecret manages it: the controller does not overwrite it; "
    'delete it, or annotate it with sealedsecrets.bitnami.com/managed: "true" [unmanaged-in-the-way]'
)


def test_a_secret_under_the_same_name_that_no_sealed_secret_controls_is_in_the_way() -> None:
    there = secret("app", ["A"], ownerReferences=[])
    refused = applied(conditions=not_synced('failed update: Resource "app" already exists'))
    assert told(objects(refused, secrets=[there])) == [
        f'error: {NAME} is not synced: failed update: Resource "app" already exists [not-synced]',
        IN_THE_WAY,
    ]
    assert told(objects(secrets=[there])) == [f"error: {NAME} is not applied [not-applied]", IN_THE_WAY]


def test_a_secret_of_a_sealed_secret_that_is_gone_is_in_the_way() -> None:
    assert told(objects(replace(applied(), uid="another"))) == [IN_THE_WAY]


def test_a_secret_that_is_handed_over_is_not_in_the_way() -> None:
    handed = secret("app", ["A", "B"], ownerReferences=[], annotations={"sealedsecrets.bitnami.com/patch": "true"})
    assert told(objects(applied(), secrets=[handed])) == []


def test_secrets_that_nothing_manages_are_told_in_one_line() -> None:
    loose = [secret(f"loose-{number:02}", [], ownerReferences=[]) for number in range(12)]
    tools = secret("token", [], ownerReferences=[], annotations={"kubernetes.io/service-account.name": "default"})
    names = ", ".join(f"loose-{number:02}" for number in range(10))
    assert told(objects(applied(), secrets=[secret("app", ["A", "B"]), *loose, tools])) == [
        f"warning: {NAMESPACE} has Secrets that nothing manages: {names} and 2 more [unmanaged]"
    ]


def test_a_sealed_secret_that_the_overlay_does_not_have() -> None:
    other = replace(applied(), name=Name(NAMESPACE, "old"))
    assert told(objects(applied(), other)) == [
        f"warning: {NAMESPACE} has SealedSecrets that the overlay does not have: old [not-in-overlay]"
    ]


def test_a_cluster_without_sealed_secrets() -> None:
    assert told(objects(installed=False, secrets=[])) == [
        "error: the cluster has no SealedSecrets: its controller is not installed [not-installed]",
        f"error: {NAME} is not applied [not-applied]",
    ]


# --- drift ---


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"encrypted_data": {"A": "AgX=", "B": "AgB="}}, ("A",)),
        ({"encrypted_data": {"A": "AgA="}}, ("B",)),
        ({"encrypted_data": {"A": "AgA=", "B": "AgB=", "C": "AgC="}}, ("C",)),
        ({"type": "kubernetes.io/tls"}, ("template",)),
        ({"labels": {}}, ("template",)),
        ({"annotations": {"a": "b"}}, ("template",)),
        ({"immutable": True}, ("template",)),
        ({"scope": Scope.CLUSTER_WIDE}, ("template", "scope")),
        ({"encrypted_data": {"A": "AgX="}, "type": None}, ("A", "B", "template")),
    ],
)
def test_what_is_applied_otherwise(change: Any, differs: tuple[str, ...]) -> None:
    found = row(objects(applied(replace(WANTED, **change))))
    assert (found.differs, found.settled) == (differs, False)


def test_a_template_that_somebody_extended_differs() -> None:
    other = applied()
    cluster = objects(replace(other, template={**other.template, "data": {"C": "{{ .A }}"}}))
    assert row(cluster).differs == ("template",)
    assert told(objects(applied(replace(WANTED, encrypted_data={"A": "AgX=", "B": "AgB="})))) == [
        f"error: {NAME} is applied otherwise than the overlay has it: A [differs]"
    ]


def test_what_says_nothing_makes_no_difference() -> None:
    found = yaml.safe_load(sealed_secret.to_yaml(WANTED))
    found["spec"]["template"]["metadata"] |= {"creationTimestamp": None, "annotations": {}}
    found["metadata"]["labels"] = {"app.kubernetes.io/instance": "argo"}
    assert tuple(judgement.difference(WANTED, live.applied(found))) == ()


# --- restarts ---


def used(owner: tuple[str, str] | None, *names: str, **more: Any) -> list[Use]:
    pods = [pod(name, variable("app"), owner=owner, **more) for name in names]
    return [use for found in pods for use in uses_of(found, frozenset())]


CHANGED = (
    "app changed at 2026-11-20 10:00:00 UTC (when its keys were written), which is in the environment of container app"
)


@pytest.mark.parametrize(
    ("owner", "name", "command"),
    [
        (("ReplicaSet", "backend-5d4f8c7b9"), "deployment/backend", "rollout restart deployment/backend"),
        (("StatefulSet", "postgres"), "statefulset/postgres", "rollout restart statefulset/postgres"),
        (("DaemonSet", "agent"), "daemonset/agent", "rollout restart daemonset/agent"),
        (("ReplicaSet", "canary-x"), "replicaset/canary-x", "delete pod p q"),
    ],
)
def test_who_needs_a_restart_and_by_which_command(owner: tuple[str, str], name: str, command: str) -> None:
    (words,) = told(objects(applied()), used(owner, "p", "q"))
    assert words == (
        f"error: {name} of {NAMESPACE} needs a restart: {CHANGED} [restart-needed] "
        f"kubectl {command} -n {NAMESPACE} --context prod"
    )


def test_a_job_can_not_be_restarted() -> None:
    (words,) = told(objects(applied()), used(("Job", "m"), "p"))
    assert words == f"warning: job/m of {NAMESPACE} runs to its end with what it began with: {CHANGED} [restart-needed]"


def test_a_pod_of_nobody_must_be_made_anew() -> None:
    assert told(objects(applied()), used(None, "p")) == [
        f"warning: pod/p of {NAMESPACE} must be made anew, as nothing does that by itself: {CHANGED} [restart-needed]"
    ]


def test_who_started_when_the_secret_changed_or_later_needs_none() -> None:
    for started in (WRITTEN, "2026-11-21T09:00:00Z"):
        assert judgement.restarts(used(None, "p", started=started), [NAME], objects(applied())) == ()


def test_of_other_secrets_nothing_is_said() -> None:
    assert judgement.restarts(used(None, "p"), [Name(NAMESPACE, "other")], objects(applied())) == ()


def test_without_the_secrets_own_date_the_controllers_counts_and_is_named() -> None:
    cluster = objects(applied(), secrets=[], hidden_secrets=frozenset({NAME}))
    (restart,) = judgement.restarts(used(None, "p", started="2026-11-21T09:00:00Z"), [NAME], cluster)
    assert restart.source == "when its SealedSecret was synced"
    assert restart.changed == dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize("status", [{"conditions": []}, {"observedGeneration": 1}, {"conditions": not_synced("x")}])
def test_what_the_controller_did_not_do_changed_nothing(status: Any) -> None:
    cluster = objects(applied(**status), secrets=[], hidden_secrets=frozenset({NAME}))
    assert judgement.restarts(used(None, "p"), [NAME], cluster) == ()


# --- who may read ---


def test_access_that_is_not_applied_unless_it_may_not_be_seen() -> None:
    grant = Grant("reader", NAMESPACE, ("app",), ("get",), (Subject("Group", "g"),))
    assert told(objects(applied()), grants=[grant]) == [
        f"error: {NAMESPACE}/reader of access: is not as the overlay has it: the Role is not applied [access-differs]"
    ]
    assert told(objects(applied()), grants=[grant], hidden_roles=frozenset({NAMESPACE})) == []


@pytest.mark.parametrize(("secrets", "what"), [(None, "all Secrets"), (("app", "b"), "app, b")])
def test_a_group_that_is_everybody(secrets: tuple[str, ...] | None, what: str) -> None:
    def reader(name: str) -> Reader:
        return Reader(Subject("Group", name), NAMESPACE, secrets, False, ("get", "list"), ("ClusterRoleBinding b",))

    found = told(objects(applied()), readers=[reader("system:authenticated"), reader("system:masters")])
    who = "warning: system:authenticated, which is everybody,"
    assert found == [f"{who} may get, list {what} of {NAMESPACE} (ClusterRoleBinding b) [readable-by-all]"]
