"""Who may read the Secrets: what ``access:`` grants apart from all else, and what of it the cluster does not have."""

from __future__ import annotations

from typing import Any

import pytest

from sealgen.kubernetes.access import Grant, Subject
from sealgen.status import live
from sealgen.status.live import Name
from sealgen.status.readers import Reader, differences, readers
from sealgen.status.roles import binding_of, rules_of
from tests.support.live_objects import NAMESPACE, binding, reading, role

WANTED = {Name(NAMESPACE, "backend-secrets"), Name(NAMESPACE, "redis-secrets"), Name("cache", "shared")}
BACKEND = {"kind": "ServiceAccount", "name": "backend", "namespace": NAMESPACE}
ONCALL = {"kind": "Group", "name": "oncall"}
GRANT = Grant(
    "secret-reader", NAMESPACE, ("backend-secrets",), ("get",), (Subject("ServiceAccount", "backend", NAMESPACE),)
)


def roles(*found: Any) -> Any:
    return {
        ("Role" if one["metadata"].get("namespace") else "ClusterRole", *live.name_of(one)): rules_of(one)
        for one in found
    }


def bindings(*found: Any) -> Any:
    return [
        binding_of(one, "RoleBinding" if one["metadata"].get("namespace") else "ClusterRoleBinding") for one in found
    ]


def told(found: tuple[Reader, ...]) -> list[tuple[Any, ...]]:
    return [(one.subject.name, one.namespace, one.secrets, one.verbs, one.through, one.by_access) for one in found]


def test_a_role_with_names_reaches_those_of_its_namespace_only() -> None:
    found = readers(
        roles(role("r", [reading("backend-secrets", "shared", "something-else", verbs=["get", "list"])])),
        bindings(binding("b", "r", [ONCALL])),
        WANTED,
        (),
    )
    through = (f"RoleBinding {NAMESPACE}/b",)
    assert told(found) == [("oncall", NAMESPACE, ("backend-secrets",), ("get", "list"), through, False)]


def test_a_role_without_names_reaches_all_and_a_cluster_role_where_it_is_bound() -> None:
    all_of_it = role("reader", [reading()], namespace="")
    in_one = readers(roles(all_of_it), bindings(binding("b", "reader", [ONCALL], kind="ClusterRole")), WANTED, ())
    assert [(one.namespace, one.secrets) for one in in_one] == [(NAMESPACE, None)]
    everywhere = binding("b", "reader", [ONCALL], kind="ClusterRole", namespace="")
    in_all = readers(roles(all_of_it), bindings(everywhere), WANTED, ())
    assert [(one.namespace, one.secrets, one.through) for one in in_all] == [
        (NAMESPACE, None, ("ClusterRoleBinding b",)),
        ("cache", None, ("ClusterRoleBinding b",)),
    ]


def test_a_role_of_another_namespace_and_one_that_is_not_there_grant_nothing() -> None:
    elsewhere = role("r", [reading()], namespace="cache")
    assert readers(roles(elsewhere), bindings(binding("b", "r", [ONCALL])), WANTED, ()) == ()


def test_what_somebody_may_by_several_bindings_is_told_once() -> None:
    found = readers(
        roles(role("r", [reading(verbs=["get"]), reading(verbs=["list"])]), role("s", [reading(verbs=["watch"])])),
        bindings(binding("b", "r", [ONCALL]), binding("c", "s", [ONCALL])),
        WANTED,
        (),
    )
    through = (f"RoleBinding {NAMESPACE}/b", f"RoleBinding {NAMESPACE}/c")
    assert told(found) == [("oncall", NAMESPACE, None, ("get", "list", "watch"), through, False)]


@pytest.mark.parametrize(
    ("rule", "subject", "by_access"),
    [
        (reading("backend-secrets"), BACKEND, True),
        (reading("backend-secrets", "redis-secrets"), BACKEND, False),
        (reading("backend-secrets", verbs=["get", "list"]), BACKEND, False),
        (reading(), BACKEND, False),
        (reading("backend-secrets"), ONCALL, False),
    ],
)
def test_only_what_is_no_more_than_access_grants_is_by_access(rule: Any, subject: Any, by_access: bool) -> None:
    found = readers(
        roles(role("secret-reader", [rule])),
        bindings(binding("secret-reader", "secret-reader", [subject])),
        WANTED,
        [GRANT],
    )
    assert [one.by_access for one in found] == [by_access]


def test_a_binding_of_the_same_name_to_another_role_is_not_by_access() -> None:
    found = readers(
        roles(role("other", [reading("backend-secrets")])),
        bindings(binding("secret-reader", "other", [BACKEND])),
        WANTED,
        [GRANT],
    )
    assert [one.by_access for one in found] == [False]


def test_those_by_access_come_first() -> None:
    found = readers(
        roles(role("a", [reading()]), role("secret-reader", [reading("backend-secrets")])),
        bindings(binding("a", "a", [ONCALL]), binding("secret-reader", "secret-reader", [BACKEND])),
        WANTED,
        [GRANT],
    )
    assert [one.by_access for one in found] == [True, False]


@pytest.mark.parametrize(
    ("rules", "subjects", "what"),
    [
        ([reading("backend-secrets")], [BACKEND], []),
        (None, [BACKEND], ["the Role is not applied"]),
        ([reading("backend-secrets", "x")], [BACKEND], ["the Role says something else"]),
        ([reading("backend-secrets", verbs=["list"])], [BACKEND], ["the Role says something else"]),
        ([], [BACKEND], ["the Role says something else"]),
        ([reading("backend-secrets")], None, ["the RoleBinding is not applied"]),
        ([reading("backend-secrets")], [BACKEND, ONCALL], ["the RoleBinding says something else"]),
        ([reading("backend-secrets")], [], ["the RoleBinding says something else"]),
    ],
)
def test_what_the_cluster_does_not_have_of_access(rules: Any, subjects: Any, what: list[str]) -> None:
    there = roles(role("secret-reader", rules)) if rules is not None else {}
    bound = bindings(binding("secret-reader", "secret-reader", subjects)) if subjects is not None else []
    assert [words for _, words in differences(there, bound, [GRANT])] == what
