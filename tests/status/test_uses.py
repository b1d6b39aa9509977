"""What containers took in of Secrets when they started: variables and files that do not follow, and whose they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sealgen.kubernetes.pods import Workload
from sealgen.status.live import Name
from sealgen.status.uses import uses_of
from tests.support.live_objects import NAMESPACE, WRITTEN, pod, variable

NAME = Name(NAMESPACE, "backend-secrets")
NINE = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
MOUNT = {"volumeMounts": [{"name": "v", "mountPath": "/x"}]}
BY_PATH = {"volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "key"}]}
VOLUMES = [{"name": "v", "secret": {"secretName": "backend-secrets"}}]
PROJECTED = [
    {"name": "v", "projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "backend-secrets"}}]}}
]


@pytest.mark.parametrize(
    ("container", "volumes", "where"),
    [
        (variable("backend-secrets"), [], "the environment of container app"),
        (
            {"envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "backend-secrets"}}]},
            [],
            "the environment of container app",
        ),
        (BY_PATH, VOLUMES, "a mount by subPath of container app"),
        (
            {"volumeMounts": [{"name": "v", "mountPath": "/x", "subPathExpr": "$(A)"}]},
            VOLUMES,
            "a mount by subPath of container app",
        ),
        (BY_PATH, PROJECTED, "a mount by subPath of container app"),
        ({**variable("backend-secrets"), **BY_PATH}, VOLUMES, "the environment of container app"),
    ],
)
def test_variables_and_mounts_by_subpath_are_taken_in_at_the_start(container: Any, volumes: Any, where: str) -> None:
    (use,) = uses_of(pod("p", container, volumes=volumes), frozenset())
    assert (use.secret, use.started, use.where, use.pod) == (NAME, NINE, where, "p")


@pytest.mark.parametrize("volumes", [VOLUMES, PROJECTED])
def test_any_other_mount_follows_its_secret_unless_that_is_immutable(volumes: Any) -> None:
    assert not list(uses_of(pod("p", MOUNT, volumes=volumes), frozenset()))
    (use,) = uses_of(pod("p", MOUNT, volumes=volumes), frozenset({NAME}))
    assert use.where == "a mount of what was immutable of container app"


def test_a_volume_that_no_container_mounts_and_the_secret_of_a_registry_are_no_use() -> None:
    found = pod("p", {}, volumes=VOLUMES, imagePullSecrets=[{"name": "backend-secrets"}])
    assert not list(uses_of(found, frozenset({NAME})))


def test_what_an_init_container_read_may_still_be_in_use_and_a_waiting_one_will_read_anew() -> None:
    found = pod("p", {}, initContainers=[{"name": "setup", **variable("backend-secrets")}])
    found["status"]["initContainerStatuses"] = [
        {"name": "setup", "state": {"terminated": {"startedAt": "2026-11-20T08:00:00Z"}}}
    ]
    (use,) = uses_of(found, frozenset())
    assert use.where == "the environment of init container setup"
    found = pod("p", variable("backend-secrets"))
    for state in ({"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": {"startedAt": WRITTEN}}, {}):
        found["status"]["containerStatuses"] = [{"name": "app", "state": state}]
        assert not list(uses_of(found, frozenset()))


@pytest.mark.parametrize("over", [{"phase": "Succeeded"}, {"phase": "Failed"}])
def test_a_pod_that_has_ended_uses_nothing(over: Any) -> None:
    found = pod("p", variable("backend-secrets"))
    found["status"] |= over
    assert not list(uses_of(found, frozenset()))


def test_a_pod_that_is_on_its_way_out_uses_nothing() -> None:
    found = pod("p", variable("backend-secrets"))
    found["metadata"]["deletionTimestamp"] = WRITTEN
    assert not list(uses_of(found, frozenset()))


@pytest.mark.parametrize(
    ("owner", "workload"),
    [
        (("ReplicaSet", "backend-5d4f8c7b9"), Workload(NAMESPACE, "Deployment", "backend")),
        (("ReplicaSet", "rollout-abc"), Workload(NAMESPACE, "ReplicaSet", "rollout-abc")),
        (("StatefulSet", "postgres"), Workload(NAMESPACE, "StatefulSet", "postgres")),
        (("Job", "migrate-1"), Workload(NAMESPACE, "Job", "migrate-1")),
        (None, Workload(NAMESPACE, "Pod", "p")),
    ],
)
def test_a_pod_belongs_to_what_started_it(owner: Any, workload: Workload) -> None:
    (use,) = uses_of(pod("p", variable("backend-secrets"), owner=owner), frozenset())
    assert use.workload == workload
