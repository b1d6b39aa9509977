"""What workloads take of Secrets, in files as people write them; what is none of it is left alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealgen.kubernetes.pods import Reference, Workload, references, workloads

TAKES = {"containers": [{"name": "app", "envFrom": [{"secretRef": {"name": "app"}}]}]}


def listed(document: Any) -> list[tuple[Workload, frozenset[Reference]]]:
    return list(workloads(json.dumps(document).encode()))


@pytest.mark.parametrize(
    ("spec", "taken"),
    [
        (TAKES, {("app", None)}),
        (
            {"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "app", "key": "KEY"}}}]}]},
            {("app", "KEY")},
        ),
        ({"initContainers": [{"envFrom": [{"secretRef": {"name": "app"}}]}]}, {("app", None)}),
        ({"volumes": [{"name": "v", "secret": {"secretName": "app"}}]}, {("app", None)}),
        (
            {"volumes": [{"secret": {"secretName": "app", "items": [{"key": "a", "path": "x"}, {"key": "b"}]}}]},
            {("app", "a"), ("app", "b")},
        ),
        (
            {"volumes": [{"projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "app"}}]}}]},
            {("app", None)},
        ),
        ({"imagePullSecrets": [{"name": "registry"}]}, {("registry", None)}),
        ({"containers": [{"env": [{"name": "A", "value": "secretRef:"}], "envFrom": [{"configMapRef": {}}]}]}, set()),
        # What is not as Kubernetes takes it takes nothing.
        ({"containers": "app"}, set()),
        ({"containers": [None, "x", {"env": {"a": 1}}, {"env": [{"valueFrom": "secretKeyRef"}]}]}, set()),
        ({"volumes": [{"secret": {"secretName": 5}}, {"secret": None}]}, set()),
        (None, set()),
    ],
)
def test_what_a_pod_takes_of_secrets(spec: Any, taken: set[tuple[str, str | None]]) -> None:
    assert set(references(spec)) == taken


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", ()),
        ("Deployment", ("template", "spec")),
        ("StatefulSet", ("template", "spec")),
        ("DaemonSet", ("template", "spec")),
        ("ReplicaSet", ("template", "spec")),
        ("Job", ("template", "spec")),
        ("Rollout", ("template", "spec")),
        ("CronJob", ("jobTemplate", "spec", "template", "spec")),
    ],
)
def test_a_workload_has_it_at_the_place_of_its_kind(kind: str, path: tuple[str, ...]) -> None:
    spec: Any = TAKES
    for field in reversed(path):
        spec = {field: spec}
    workload = {"kind": kind, "metadata": {"name": "backend", "namespace": "aura"}, "spec": spec}
    expected = [(Workload("aura", kind, "backend"), frozenset({Reference("app", None)}))]
    assert listed(workload) == expected
    assert listed({"kind": "List", "items": [workload]}) == expected
    assert str(expected[0][0]) == f"{kind.lower()}/backend"


def test_a_file_may_hold_several_with_anchors_and_what_takes_nothing_is_left_out() -> None:
    content = b"""\
kind: Deployment
metadata: {name: one}
spec:
  template:
    spec:
      containers: [{envFrom: &all [{secretRef: {name: app}}]}]
      initContainers: [{envFrom: *all}]
---
kind: ConfigMap
metadata: {name: secretRef}
---
kind: Deployment
metadata: {name: two}
spec: {template: {spec: {containers: [{envFrom: [{secretRef: {name: app}}]}]}}}
---
kind: Deployment
metadata: {name: three}
spec: {template: {spec: {containers: []}}}
---
"""
    assert [(str(workload), sorted(taken)) for workload, taken in workloads(content)] == [
        ("deployment/one", [("app", None)]),
        ("deployment/two", [("app", None)]),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"secretRef: [",
        b"secretRef: *nothing",
        b"{{ if .x }}\nsecretRef: {}\n{{ end }}",
        b"secretName: !!python/object/apply:os.system ['touch ran']",
        b"&a {secret: *a}",
        b"kind: [Pod]\nspec: {secret: x}",
        b"- kind: Pod\n  secret: x",
        b"\xff\xfe secretRef:",
        b"secret: " + b"[" * 5000,
    ],
)
def test_what_no_workload_can_be_read_from_has_none(content: bytes) -> None:
    assert list(workloads(content)) == []
