"""Roles and RoleBindings: one manifest, the same bytes for the same grants, whose first line says whose it is."""

from __future__ import annotations

import yaml

from sealgen.kubernetes.access import Grant, Subject, to_yaml

FILE = "environments/staging.yaml"
GRANT = Grant(
    "secret-reader",
    "aura-staging",
    ("backend-secrets",),
    ("get", "list"),
    (Subject("ServiceAccount", "backend", "aura-staging"), Subject("Group", "oncall"), Subject("User", "yes")),
)


def test_the_whole_manifest() -> None:
    assert (
        to_yaml([GRANT], FILE)
        == """\
# Written by sealgen from access: in environments/staging.yaml; sealgen seal undoes what is changed here.
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: secret-reader
  namespace: aura-staging
rules:
- apiGroups:
  - ""
  resourceNames:
  - backend-secrets
  resources:
  - secrets
  verbs:
  - get
  - list
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: secret-reader
  namespace: aura-staging
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: secret-reader
subjects:
- kind: ServiceAccount
  name: backend
  namespace: aura-staging
- apiGroup: rbac.authorization.k8s.io
  kind: Group
  name: oncall
- apiGroup: rbac.authorization.k8s.io
  kind: User
  name: "yes"
"""
    )


def test_each_grant_is_a_role_and_a_binding() -> None:
    other = Grant("x", "cache", ("shared",), ("get",), (Subject("Group", "g"),))
    documents = list(yaml.safe_load_all(to_yaml([GRANT, other], FILE)))
    assert [(found["kind"], found["metadata"]["name"], found["metadata"]["namespace"]) for found in documents] == [
        ("Role", "secret-reader", "aura-staging"),
        ("RoleBinding", "secret-reader", "aura-staging"),
        ("Role", "x", "cache"),
        ("RoleBinding", "x", "cache"),
    ]
