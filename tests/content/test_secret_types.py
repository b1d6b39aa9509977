"""Each type of Secret gets the keys and values that it requires, and refusals show no value."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from sealgen.content.secret_types import (
    BASIC_AUTH,
    BOOTSTRAP_TOKEN,
    DOCKERCFG,
    DOCKERCONFIGJSON,
    OPAQUE,
    SERVICE_ACCOUNT_TOKEN,
    SSH_AUTH,
    TLS,
    content_problem,
    keys_problem,
)
from sealgen.values.secret import Secret
from tests.support.server_certificate import new_pair, private_pem

CERTIFICATE, PRIVATE_KEY = new_pair()
OTHER_CERTIFICATE, OTHER_KEY = new_pair()
SSH_KEY = private_pem(ed25519.Ed25519PrivateKey.generate(), PrivateFormat.OpenSSH)
AUTH = base64.b64encode(b"aura:pass:word").decode()
CREDENTIALS = (
    "it needs 'auth', which is base64 of user:password, or 'username' and 'password'; "
    "a credential store ('credsStore') doesn't come with the file"
)
DOTLESS = (
    "a Secret of type kubernetes.io/dockerconfigjson needs the key '.dockerconfigjson'; "
    "rename 'dockerconfigjson' to '.dockerconfigjson'?"
)
SERVICE_ACCOUNT = (
    "a Secret of type kubernetes.io/service-account-token can't be sealed: the token controller of the cluster "
    "fills it for a ServiceAccount; create it without sealgen, or use 'kubectl create token'"
)
CANARY = "canary7x9q"
KNOWN = (BASIC_AUTH, BOOTSTRAP_TOKEN, DOCKERCFG, DOCKERCONFIGJSON, OPAQUE, SSH_AUTH, TLS)


def content(secret_type: str | None, **data: bytes) -> str | None:
    return content_problem(secret_type, {key.replace("_", "."): Secret(value) for key, value in data.items()})


def docker(registry: Any, **more: Any) -> str | None:
    text = json.dumps({"auths": {"ghcr.io": {"auth": AUTH}, CANARY: registry}, **more}).encode()
    return content_problem(DOCKERCONFIGJSON, {".dockerconfigjson": Secret(text)})


@pytest.mark.parametrize(
    ("secret_type", "keys"),
    [
        (None, {"a"}),
        (OPAQUE, {"a"}),
        ("", set()),
        (TLS, {"tls.crt", "tls.key", "ca.crt"}),
        (DOCKERCONFIGJSON, {".dockerconfigjson"}),
        (DOCKERCFG, {".dockercfg"}),
        (BASIC_AUTH, {"username"}),
        (BASIC_AUTH, {"password", "other"}),
        (SSH_AUTH, {"ssh-privatekey", "known_hosts"}),
        (BOOTSTRAP_TOKEN, {"token-id", "token-secret", "expiration"}),
        ("example.com/tls", {"a"}),
        ("helm.sh/release.v1", {"release"}),
        ("kubernetes.io/rbd", {"key"}),
        ("kubernetes.io/iscsi-chap", {"a"}),
        ("kubernetes.io/", {"a"}),
        ("tls", {"a"}),
    ],
)
def test_a_type_with_its_keys_or_of_somebody_else_is_accepted(secret_type: str | None, keys: set[str]) -> None:
    assert keys_problem(secret_type, keys) is None


@pytest.mark.parametrize(
    ("secret_type", "keys", "problem"),
    [
        (TLS, set(), "a Secret of type kubernetes.io/tls needs the keys 'tls.crt' and 'tls.key'"),
        (TLS, {"tls.crt", "x"}, "a Secret of type kubernetes.io/tls needs the key 'tls.key'"),
        (
            TLS,
            {"tls.cert", "tls.key"},
            "a Secret of type kubernetes.io/tls needs the key 'tls.crt'; rename 'tls.cert' to 'tls.crt'?",
        ),
        (DOCKERCONFIGJSON, {"dockerconfigjson"}, DOTLESS),
        (DOCKERCFG, {"a"}, "a Secret of type kubernetes.io/dockercfg needs the key '.dockercfg'"),
        (
            BASIC_AUTH,
            {"user"},
            "a Secret of type kubernetes.io/basic-auth needs the key 'username' or 'password', or both",
        ),
        (SSH_AUTH, {"a"}, "a Secret of type kubernetes.io/ssh-auth needs the key 'ssh-privatekey'"),
        (
            BOOTSTRAP_TOKEN,
            {"token-id"},
            "a Secret of type bootstrap.kubernetes.io/token needs the key 'token-secret'",
        ),
        (SERVICE_ACCOUNT_TOKEN, {"token"}, SERVICE_ACCOUNT),
    ],
)
def test_missing_keys_of_a_type_are_named(secret_type: str, keys: set[str], problem: str) -> None:
    assert keys_problem(secret_type, keys) == problem


@pytest.mark.parametrize(
    ("secret_type", "near"),
    [
        ("kubernetes.io/tsl", TLS),
        ("kubernetes.io/TLS", TLS),
        ("kubernets.io/tls", TLS),
        ("kubernetes.io/dockerconfig", DOCKERCONFIGJSON),
        ("kubernetes.io/dockerconfigJson", DOCKERCONFIGJSON),
        ("kubernetes.io/docker-config-json", DOCKERCONFIGJSON),
        ("kubernetes.io/basicauth", BASIC_AUTH),
        ("kubernetes.io/sshauth", SSH_AUTH),
        ("bootstrap.kubernetes.io/tokens", BOOTSTRAP_TOKEN),
    ],
)
def test_a_type_that_is_nearly_one_of_kubernetes_is_refused(secret_type: str, near: str) -> None:
    problem = f"'{secret_type}' is not a type of Kubernetes; did you mean '{near}'?"
    assert keys_problem(secret_type, {"a"}) == problem


def test_a_type_with_a_line_break_is_shown_on_one_line() -> None:
    assert keys_problem("kubernetes.io/tls\n", {"a"}) == (
        "'kubernetes.io/tls\\n' is not a type of Kubernetes; did you mean 'kubernetes.io/tls'?"
    )


@pytest.mark.parametrize(
    ("certificate", "private_key"),
    [
        (CERTIFICATE, PRIVATE_KEY),
        (CERTIFICATE + OTHER_CERTIFICATE, PRIVATE_KEY),
        (CERTIFICATE, None),
        (None, PRIVATE_KEY),
        (None, None),
    ],
)
def test_a_tls_pair_that_fits_is_accepted_and_what_is_not_at_hand_is_not_checked(
    certificate: bytes | None, private_key: bytes | None
) -> None:
    data = {"tls.crt": certificate, "tls.key": private_key, "other": b"\0"}
    assert content_problem(TLS, {key: Secret(value) for key, value in data.items() if value}) is None


@pytest.mark.parametrize(
    ("certificate", "private_key", "problem"),
    [
        (CERTIFICATE, OTHER_KEY, "'tls.key' is not the private key of the certificate in 'tls.crt'"),
        (
            OTHER_CERTIFICATE + CERTIFICATE,
            PRIVATE_KEY,
            "'tls.crt' has its certificates in the wrong order: the one that 'tls.key' is for comes first",
        ),
        (
            PRIVATE_KEY,
            CERTIFICATE,
            "'tls.crt' holds no certificate, which begins with a line '-----BEGIN CERTIFICATE-----'",
        ),
        (
            CERTIFICATE,
            CERTIFICATE,
            "'tls.key' holds no private key, which begins with a line '-----BEGIN … PRIVATE KEY-----'",
        ),
        (b"", PRIVATE_KEY, "'tls.crt' holds no PEM block, which begins with a line '-----BEGIN …-----'"),
        (CERTIFICATE, b"", "'tls.key' holds no PEM block, which begins with a line '-----BEGIN …-----'"),
    ],
)
def test_a_tls_pair_that_does_not_fit_is_refused(certificate: bytes, private_key: bytes, problem: str) -> None:
    assert content(TLS, tls_crt=certificate, tls_key=private_key) == problem


def test_an_ssh_private_key_is_accepted_and_nothing_else() -> None:
    assert content_problem(SSH_AUTH, {"ssh-privatekey": Secret(SSH_KEY)}) is None
    assert content_problem(SSH_AUTH, {"known_hosts": Secret(b"anything")}) is None
    for plaintext in (b"", b"ssh-ed25519 AAAA"):
        assert content_problem(SSH_AUTH, {"ssh-privatekey": Secret(plaintext)}) == (
            "'ssh-privatekey' holds no PEM block, which begins with a line '-----BEGIN …-----'"
        )


@pytest.mark.parametrize(
    "registry",
    [
        {"auth": AUTH},
        {"auth": AUTH.rstrip("=")},
        {"auth": base64.b64encode(b"aura:word1").decode().rstrip("=")},
        {"auth": f" {AUTH[:4]}\n{AUTH[4:]}\n"},
        {"username": "aura", "password": ""},
        {"username": "aura", "password": "p", "email": "a@example.com", "auth": AUTH, "identitytoken": "x"},
        {"auth": "", "username": "aura"},
    ],
)
def test_registry_credentials_that_the_kubelet_understands_are_accepted(registry: dict[str, str]) -> None:
    assert docker(registry) is None
    assert content(DOCKERCFG, _dockercfg=json.dumps({"ghcr.io": registry}).encode()) is None


def test_a_pull_secret_without_registries_is_accepted() -> None:
    assert content(DOCKERCONFIGJSON, _dockerconfigjson=b'{"auths": {}}') is None
    assert content(DOCKERCONFIGJSON, other=b"") is None
    assert content(DOCKERCFG, _dockercfg=b"{}") is None
    assert content(DOCKERCFG, other=b"") is None


@pytest.mark.parametrize(
    ("registry", "problem"),
    [
        ("x", "has a registry that is not a JSON object"),
        ({"auth": 1}, "has a registry whose 'auth' is not text"),
        ({"username": None}, "has a registry whose 'username' is not text"),
        ({"username": "u", "password": 1}, "has a registry whose 'password' is not text"),
        ({"username": "u", "email": []}, "has a registry whose 'email' is not text"),
        ({"auth": "user:password"}, "has a registry whose 'auth' is not base64 of user:password"),
        ({"auth": "Lö=="}, "has a registry whose 'auth' is not base64 of user:password"),
        ({"auth": f"{AUTH[:4]}*{AUTH[4:]}"}, "has a registry whose 'auth' is not base64 of user:password"),
        ({"auth": "dG9rZW4="}, "has a registry whose 'auth' is not base64 of user:password"),
        ({}, f"has a registry without credentials: {CREDENTIALS}"),
        ({"email": "a@example.com"}, f"has a registry without credentials: {CREDENTIALS}"),
    ],
)
def test_registry_credentials_that_the_kubelet_would_drop_are_refused(registry: Any, problem: str) -> None:
    assert docker(registry, credsStore="desktop") == f"'.dockerconfigjson' {problem}"
    dockercfg = json.dumps({"ghcr.io": registry}).encode()
    assert content(DOCKERCFG, _dockercfg=dockercfg) == f"'.dockercfg' {problem}"


@pytest.mark.parametrize(
    ("plaintext", "problem"),
    [
        (b"", "'.dockerconfigjson' is not valid JSON"),
        (b'{"auths": {}', "'.dockerconfigjson' is not valid JSON"),
        (b"\xff\xfe{\0}\0", "'.dockerconfigjson' is not UTF-8 text, so not JSON"),
        (b"null", "'.dockerconfigjson' must be a JSON object with an object 'auths'"),
        (b"[]", "'.dockerconfigjson' must be a JSON object with an object 'auths'"),
        (b"{}", "'.dockerconfigjson' must be a JSON object with an object 'auths'"),
        (b'{"auths": []}', "'.dockerconfigjson' must be a JSON object with an object 'auths'"),
    ],
)
def test_a_broken_dockerconfigjson_is_refused(plaintext: bytes, problem: str) -> None:
    assert content(DOCKERCONFIGJSON, _dockerconfigjson=plaintext) == problem


@pytest.mark.parametrize(
    ("plaintext", "problem"),
    [
        (b"{", "'.dockercfg' is not valid JSON"),
        (b"[]", "'.dockercfg' must be a JSON object"),
        (
            b'{"auths": {}}',
            "'.dockercfg' holds 'auths', so it is for type kubernetes.io/dockerconfigjson and key '.dockerconfigjson'",
        ),
    ],
)
def test_a_broken_dockercfg_is_refused(plaintext: bytes, problem: str) -> None:
    assert content(DOCKERCFG, _dockercfg=plaintext) == problem


def test_a_bootstrap_token_has_its_two_parts_exactly() -> None:
    def token(**data: bytes) -> str | None:
        return content_problem(BOOTSTRAP_TOKEN, {k.replace("_", "-"): Secret(v) for k, v in data.items()})

    assert token(token_id=b"07401b", token_secret=b"f395accd246ae52d", expiration=b"x") is None
    assert token(token_id=b"07401b\n") == "'token-id' must be 6 lower-case letters and digits, and nothing else"
    for plaintext in (b"F395accd246ae52d", b"f395accd246ae52d\n", b"f395accd246ae52"):
        assert token(token_secret=plaintext) == (
            "'token-secret' must be 16 lower-case letters and digits, and nothing else"
        )


@pytest.mark.parametrize("secret_type", [None, "", OPAQUE, BASIC_AUTH, "example.com/own"])
def test_other_types_take_any_content(secret_type: str | None) -> None:
    assert content(secret_type, tls_crt=b"x", _dockerconfigjson=b"") is None


@given(st.sampled_from(KNOWN), st.sets(st.sampled_from(["tls.crt", "tls.key", "username", "ssh-privatekey"])))
def test_one_of_kubernetes_own_types_is_never_called_misspelt(secret_type: str, keys: set[str]) -> None:
    assert "did you mean" not in (keys_problem(secret_type, keys) or "")


json_with_canary = st.recursive(
    st.just(CANARY) | st.none() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["auths", "auth", "username", CANARY]), inner, max_size=3)
    ),
    max_leaves=8,
).map(lambda data: json.dumps(data).encode())


@given(
    st.sampled_from(KNOWN),
    json_with_canary
    | st.sampled_from([CERTIFICATE, PRIVATE_KEY, SSH_KEY]).map(lambda pem: pem.replace(b"A", CANARY.encode(), 1))
    | st.binary(max_size=40).map(lambda plaintext: plaintext + CANARY.encode()),
)
def test_no_value_gets_into_a_message(secret_type: str, plaintext: bytes) -> None:
    keys = ("tls.crt", "tls.key", ".dockerconfigjson", ".dockercfg", "ssh-privatekey", "token-id", "token-secret")
    for key in keys:
        problem = content_problem(secret_type, {key: Secret(plaintext)})
        assert problem is None or (CANARY not in problem and problem.startswith(f"'{key}' "))
