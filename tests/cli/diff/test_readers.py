"""Which workloads read what changed, where the overlay has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.diff.history import TEMPLATE, change, commit, edit, normal, rows, seal

if TYPE_CHECKING:
    from tests.cli.diff.history import Step
    from tests.support.project import Project

OVERLAY = "k8s/overlays/staging/kustomization.yaml"
BACKEND = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: backend}
spec:
  template:
    spec:
      containers:
      - name: app
        envFrom: [{secretRef: {name: backend-secrets}}]
"""
CACHE = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: cache, namespace: aura-staging}
spec:
  template:
    spec:
      containers:
      - name: redis
        env:
        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: redis-secrets, key: redis-password}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: mails}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: mail
            env:
            - {name: PASSWORD, valueFrom: {secretKeyRef: {name: backend-secrets, key: SMTP_PASSWORD}}}
---
apiVersion: v1
kind: Pod
metadata: {name: of-another-namespace, namespace: other}
spec: {volumes: [{name: v, secret: {secretName: redis-secrets}}]}
"""


@pytest.fixture
def deployed(project: Project) -> Project:
    """Return the project with workloads, in the overlay and in a base."""
    project.write("k8s/overlays/staging/cache.yaml", CACHE)
    project.write("k8s/base/backend.yaml", BACKEND)
    project.write("k8s/base/kustomization.yaml", "resources: [backend.yaml]\n")
    project.edit(OVERLAY, "resources:\n", "resources:\n- ../../base\n- cache.yaml\n")
    commit(project, "workloads")
    return project


def test_the_workloads_that_read_what_changed_stand_below_the_table(deployed: Project) -> None:
    seal("--rotate", "redis_password")(deployed)
    told = deployed.run("diff")
    assert told.code == 0
    assert normal(told.out, deployed) == (
        "staging\n"
        "    SECRET           KEY             CHANGE  DETAIL\n"
        "    backend-secrets  REDIS_URL       value   redis_password 1 → 2 (TODAY)\n"
        "    redis-secrets    redis-password  value   redis_password 1 → 2 (TODAY)\n"
        "  deployment/backend reads backend-secrets\n"
        "  statefulset/cache reads redis-secrets\n"
        "staging: 2 changes, no findings\n"
    )
    commit(deployed, "rotated")
    assert deployed.run("diff", "HEAD~..HEAD") == told


def test_who_takes_one_key_reads_that_one(deployed: Project) -> None:
    assert deployed.run("seal", "staging", "-q", env={"SMTP_PASSWORD": "another one"}).code == 0
    assert "  cronjob/mails reads backend-secrets\n" in deployed.run("diff").out
    (result,) = deployed.run("diff", "--json").document["results"]
    assert [(found["key"], found["readers"]) for found in result["changes"]] == [
        ("SMTP_PASSWORD", ["cronjob/mails", "deployment/backend"])
    ]


def test_every_format_tells_it_in_its_own_place(deployed: Project) -> None:
    seal("--rotate", "redis_password")(deployed)
    detail = "redis_password 1 → 2 (TODAY)"

    def told(format_: str) -> str:
        return normal(deployed.run("diff", "--format", format_).out, deployed)

    assert f"::{detail}; read by deployment/backend\n" in told("github")
    results = json.loads(told("sarif"))["runs"][0]["results"]
    sentence = f"staging: value redis-secrets/redis-password {detail}; read by statefulset/cache"
    assert results[1]["message"]["text"] == sentence
    assert json.loads(told("gitlab"))[1]["description"] == sentence
    assert told("markdown").count("statefulset") == 1


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            [edit(TEMPLATE, "  SMTP_PASSWORD: '{{ values.smtp_password }}'\n", ""), seal()],
            ["! backend-secrets SMTP_PASSWORD removed still read by cronjob/mails"],
        ),
        (
            [edit(TEMPLATE, "  JWT_SECRET_KEY: '{{ values.jwt_secret_key }}'\n", ""), seal()],
            ["backend-secrets JWT_SECRET_KEY removed"],
        ),
        (
            [change(secrets=["backend-secrets", "postgres-secrets"]), seal()],
            ["! redis-secrets redis-password removed still read by statefulset/cache"],
        ),
        (
            [change(secrets=["backend-secrets", "redis-secrets"]), seal()],
            ["postgres-secrets postgres-password removed", "postgres-secrets postgres-user removed"],
        ),
    ],
    ids=["a key", "a key that nobody names", "a Secret", "a Secret that nobody reads"],
)
def test_what_is_gone_and_still_read_is_a_finding(steps: list[Step], expected: list[str], deployed: Project) -> None:
    for step in steps:
        step(deployed)
    told = deployed.run("diff")
    found = [row for row in rows(told.out) if " reads " not in row]
    assert found == expected
    assert told.code == (11 if found[0].startswith("!") else 0)


def test_many_workloads_are_counted(deployed: Project) -> None:
    many = "---\n".join(BACKEND.replace("name: backend}", f"name: backend-{number:02}}}") for number in range(12))
    deployed.write("k8s/base/backend.yaml", many)
    commit(deployed, "many")
    seal("--rotate", "jwt_secret_key")(deployed)
    lines = deployed.run("diff").out.splitlines()
    assert lines[-3:-1] == [
        "  deployment/backend-09 reads backend-secrets",
        "  2 more read something that changed",
    ]
    assert len(lines) == 15
    first = ", ".join(f"deployment/backend-{number:02}" for number in range(5))
    assert f"; read by {first} and 7 more\n" in deployed.run("diff", "--format", "github").out


def test_a_workload_with_a_hostile_name_writes_no_line_of_its_own(deployed: Project) -> None:
    deployed.write("k8s/base/backend.yaml", BACKEND.replace("{name: backend}", '{name: "x\\r\\n::error::\\e[31m"}'))
    seal("--rotate", "jwt_secret_key")(deployed)
    assert "  deployment/x\\r\\n::error::\\x1b[31m reads backend-secrets\n" in deployed.run("diff").out
    assert "\n::error" not in deployed.run("diff", "--format", "github").out
