"""``access:`` says who may read which Secrets in one way only; all else is refused in its own line."""

from __future__ import annotations

import pytest

from sealgen.config import environment as config
from sealgen.errors import ConfigurationError
from sealgen.kubernetes.access import Grant, Subject

BASE = """\
namespace: aura
backend:
  kind: sealed-secrets
  certificate: aura.pem
  fingerprint: SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE
output: k8s/overlays/aura
secrets: [backend-secrets, redis-secrets, {name: shared, namespace: cache}]
"""
ONCALL = "subjects: [{group: oncall}]"
NAME_RULE = "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends and next to each '.'"


def load(access: str) -> tuple[Grant, ...]:
    """Return what ``access:`` of the environment ``aura`` grants."""
    text = f"{BASE}access: {access}\n"
    return config.load("aura", {"environments/aura.yaml": text.encode()}.get).access


def refusal(access: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(access)
    return str(caught.value)


def test_without_it_nobody_is_granted_anything() -> None:
    assert load("{}") == ()


def test_what_is_left_out_is_get_and_the_namespace_of_the_secrets() -> None:
    (grant,) = load("{secret-reader: {secrets: [backend-secrets], subjects: [{service_account: backend}]}}")
    subject = Subject("ServiceAccount", "backend", "aura")
    assert grant == Grant("secret-reader", "aura", ("backend-secrets",), ("get",), (subject,))


def test_secrets_of_several_namespaces_are_a_role_in_each_with_the_service_account_of_it() -> None:
    granted = load(
        "{r: {secrets: [shared, redis-secrets, backend-secrets], verbs: [watch, get, list, get], "
        "subjects: [{service_account: a}, {service_account: b, namespace: jobs}, {user: jane@example.com}]}}"
    )
    others = (Subject("ServiceAccount", "b", "jobs"), Subject("User", "jane@example.com"))
    verbs = ("get", "list", "watch")
    assert granted == (
        Grant(
            "r", "aura", ("backend-secrets", "redis-secrets"), verbs, (Subject("ServiceAccount", "a", "aura"), *others)
        ),
        Grant("r", "cache", ("shared",), verbs, (Subject("ServiceAccount", "a", "cache"), *others)),
    )


def test_the_order_in_the_file_and_repetition_make_no_difference() -> None:
    one = load(f"{{b: {{secrets: [redis-secrets, backend-secrets], {ONCALL}}}, a: {{secrets: [shared], {ONCALL}}}}}")
    two = load(
        f"{{a: {{secrets: [shared, shared], {ONCALL}}}, "
        "b: {secrets: [backend-secrets, redis-secrets], subjects: [{group: oncall}, {group: oncall}]}}"
    )
    assert one == two


@pytest.mark.parametrize(
    ("access", "message"),
    [
        ("[a]", "8:9: access must be a mapping"),
        ("{a: x}", "8:13: access.a must be a mapping"),
        (
            f"{{a/b: {{secrets: [shared], {ONCALL}}}}}",
            "8:10: access: 'a/b' can't be the name of a Role: it is a part of a path, without '/' and '%'",
        ),
        (
            f"{{'..': {{secrets: [shared], {ONCALL}}}}}",
            "8:10: access: '..' can't be the name of a Role: it is a part of a path, without '/' and '%'",
        ),
        (
            f"{{a: {{secret: [shared], {ONCALL}}}}}",
            "8:14: unknown field 'access.a.secret'; did you mean 'secrets'?",
        ),
        (f"{{a: {{{ONCALL}}}}}", "8:13: access.a.secrets is missing: Names of this environment's secrets."),
        (
            "{a: {secrets: [shared]}}",
            "8:13: access.a.subjects is missing; write subjects: [{service_account: backend}]",
        ),
        (f"{{a: {{secrets: [], {ONCALL}}}}}", "8:23: access.a.secrets is empty"),
        (f"{{a: {{secrets: shared, {ONCALL}}}}}", "8:23: access.a.secrets must be a list"),
        ("{a: {secrets: [shared], subjects: []}}", "8:43: access.a.subjects is empty"),
        (
            f"{{a: {{secrets: [shared, backend], {ONCALL}}}}}",
            "8:32: access.a.secrets[1]: no secret 'backend'; did you mean 'backend-secrets'?",
        ),
        (
            f"{{a: {{secrets: [[shared]], {ONCALL}}}}}",
            "8:24: access.a.secrets[0] must be a secret's name, not a list",
        ),
        (f"{{a: {{secrets: [shared], verbs: [], {ONCALL}}}}}", "8:40: access.a.verbs is empty"),
        (
            f"{{a: {{secrets: [shared], verbs: [read], {ONCALL}}}}}",
            "8:41: access.a.verbs[0] can't be 'read'; known are get, list, watch",
        ),
        (
            f"{{a: {{secrets: [shared], verbs: ['*'], {ONCALL}}}}}",
            "8:41: access.a.verbs[0] can't be '*'; known are get, list, watch",
        ),
        (
            "{a: {secrets: [shared], subjects: [{serviceaccount: b}]}}",
            "8:45: unknown field 'access.a.subjects[0].serviceaccount'; did you mean 'service_account'?",
        ),
        (
            "{a: {secrets: [shared], subjects: [{}]}}",
            "8:44: access.a.subjects[0] must name one of user, group, service_account",
        ),
        (
            "{a: {secrets: [shared], subjects: [{user: u, group: g}]}}",
            "8:61: access.a.subjects[0] names user and group; it is one of them",
        ),
        (
            "{a: {secrets: [shared], subjects: [{user: u, namespace: x}]}}",
            "8:65: access.a.subjects[0].namespace is of a service_account; a user has none",
        ),
        (
            "{a: {secrets: [shared], subjects: [{user: ''}]}}",
            "8:51: access.a.subjects[0].user: '' can't be the name of a user or group",
        ),
        (
            "{a: {secrets: [shared], subjects: [{service_account: Back_End}]}}",
            (
                "8:62: access.a.subjects[0].service_account: 'Back_End' can't be a name: "
                f"{NAME_RULE}; did you mean 'back-end'?"
            ),
        ),
    ],
)
def test_what_can_not_be_right_is_refused_in_its_own_place(access: str, message: str) -> None:
    assert refusal(access) == f"environments/aura.yaml:{message}"


def test_a_secret_can_not_have_the_file_of_the_roles() -> None:
    text = BASE.replace("redis-secrets", "access") + f"access: {{a: {{secrets: [shared], {ONCALL}}}}}\n"
    with pytest.raises(ConfigurationError) as caught:
        config.load("aura", {"environments/aura.yaml": text.encode()}.get)
    assert str(caught.value) == (
        "environments/aura.yaml:7:28: 'access' and access: have one file, access.yaml; give the secret a filename"
    )


def test_where_nobody_is_granted_anything_a_secret_may_be_called_access() -> None:
    text = BASE.replace("redis-secrets", "access")
    assert config.load("aura", {"environments/aura.yaml": text.encode()}.get).secrets[1].filename == "access.yaml"
