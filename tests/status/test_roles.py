"""What a role lets somebody read of Secrets, and who has it."""

from __future__ import annotations

from typing import Any

import pytest

from sealgen.kubernetes.access import Subject
from sealgen.status.roles import Binding, Rule, binding_of, rules_of
from tests.support.live_objects import NAMESPACE, binding, reading, role


@pytest.mark.parametrize(
    ("rule", "granted"),
    [
        (reading("a", "b"), Rule(frozenset({"get"}), frozenset({"a", "b"}))),
        (reading(verbs=["list", "create"]), Rule(frozenset({"list"}), None)),
        (reading(verbs=["*"]), Rule(frozenset({"get", "list", "watch"}), None)),
        ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}, Rule(frozenset({"get"}), None)),
    ],
)
def test_what_a_rule_lets_somebody_read(rule: Any, granted: Rule) -> None:
    assert rules_of(role("r", [rule])) == (granted,)


@pytest.mark.parametrize(
    "rule",
    [
        reading(verbs=["create", "delete"]),
        {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["configmaps", "secrets/status"], "verbs": ["*"]},
        {"nonResourceURLs": ["/healthz"], "verbs": ["get"]},
    ],
)
def test_what_a_rule_says_of_something_else_is_left_out(rule: Any) -> None:
    assert rules_of(role("r", [rule])) == ()


def test_a_binding_says_who_has_a_role_and_where() -> None:
    account = {"kind": "ServiceAccount", "name": "backend", "namespace": "jobs"}
    found = binding_of(binding("b", "r", [account, {"kind": "Group", "name": "g"}], kind="ClusterRole"), "RoleBinding")
    subjects = (Subject("ServiceAccount", "backend", "jobs"), Subject("Group", "g"))
    assert found == Binding("RoleBinding", "b", NAMESPACE, ("ClusterRole", "r"), subjects)
    assert binding_of(binding("b", "r", [], namespace=""), "ClusterRoleBinding").namespace == ""
