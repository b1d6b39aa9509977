"""Vault's KV engine: the bytes that a secret's key has, and one clear error for each way there are none."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from tests.stores.asking import refused, value
from tests.support.api_server import Answer, ApiServer, Request, api_server, as_json
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "hvs.token-9c41"
POSTGRES = "{vault: secret/aura/postgres, property: password}"
UNTOLD = (CANARY, TOKEN)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    """Run a server with the mount ``secret/`` of KV version 2, and ``old/`` of version 1."""
    with api_server(tmp_path) as it:
        mount(it, "secret/", "2", "aura/postgres")
        mount(it, "old/", "1", "aura/postgres")
        yield it


def mount(server: ApiServer, path: str, version: str, *names: str, kind: str = "kv") -> None:
    for name in names:
        server.answers[f"GET /v1/sys/internal/ui/mounts/{path}{name}"] = as_json(
            {"data": {"path": path, "type": kind, "options": {"version": version}}}
        )


def keep(server: ApiServer, data: Any, name: str = "aura/postgres") -> None:
    """Have the secret hold ``data``."""
    server.answers[f"GET /v1/secret/data/{name}"] = as_json({"data": {"data": data, "metadata": {"version": 1}}})


def variables(server: ApiServer, **more: str) -> dict[str, str]:
    return {"VAULT_ADDR": server.url, "VAULT_TOKEN": TOKEN, **more}


def said(server: ApiServer, yaml: str = POSTGRES, **more: str) -> tuple[type[SealgenError], str]:
    """Return how it is refused, with the server's address written ADDRESS."""
    kind, message = refused(yaml, server.kubeconfig.parent, variables(server, **more), canaries=UNTOLD)
    return kind, message.replace(server.url, "ADDRESS")


def test_a_key_of_version_2(server: ApiServer) -> None:
    keep(server, {"password": "päss\n'\"{{ x }}", "user": "aura"})
    assert value(POSTGRES, server.kubeconfig.parent, variables(server)) == "päss\n'\"{{ x }}".encode()
    asked = [(request.method, request.path, request.query) for request in server.requests]
    assert asked == [
        ("GET", "/v1/sys/internal/ui/mounts/secret/aura/postgres", {}),
        ("GET", "/v1/secret/data/aura/postgres", {}),
    ]
    for request in server.requests:
        headers = {name.lower(): text for name, text in request.headers.items()}
        assert (headers["x-vault-token"], headers["x-vault-request"]) == (TOKEN, "true")
        assert "x-vault-namespace" not in headers


def test_a_key_of_version_1(server: ApiServer) -> None:
    server.answers["GET /v1/old/aura/postgres"] = as_json({"data": {"password": "one"}})
    assert (
        value("{vault: old/aura/postgres, property: password}", server.kubeconfig.parent, variables(server)) == b"one"
    )


def test_a_version_is_asked_for(server: ApiServer) -> None:
    keep(server, {"password": "three"})
    yaml = "{vault: /secret/aura/postgres/, property: password, version: 3}"
    assert value(yaml, server.kubeconfig.parent, variables(server)) == b"three"
    assert server.requests[-1].query == {"version": "3"}


def test_a_namespace_is_told_with_every_request(server: ApiServer) -> None:
    keep(server, {"password": "x"})
    assert value(POSTGRES, server.kubeconfig.parent, variables(server, VAULT_NAMESPACE="team/a/")) == b"x"
    assert {request.headers["X-Vault-Namespace"] for request in server.requests} == {"team/a"}


def test_what_the_environment_file_says_goes_before_the_variables(server: ApiServer) -> None:
    keep(server, {"password": "x"})
    named = f"main: {{kind: vault, address: '{server.url}/', namespace: b, auth: {{kind: token, token: {{env: T}}}}}}"
    environ = {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "no", "VAULT_NAMESPACE": "no", "T": TOKEN}
    assert value(POSTGRES, server.kubeconfig.parent, environ, named) == b"x"
    assert {request.headers["X-Vault-Namespace"] for request in server.requests} == {"b"}
    assert {request.headers["X-Vault-Token"] for request in server.requests} == {TOKEN}


def test_without_a_variable_the_token_is_the_one_that_vaults_command_keeps(server: ApiServer, tmp_path: Path) -> None:
    keep(server, {"password": "x"})
    (tmp_path / ".vault-token").write_text(f"{TOKEN}\n")
    assert value(POSTGRES, tmp_path, {"VAULT_ADDR": server.url, "HOME": str(tmp_path)}) == b"x"
    assert {request.headers["X-Vault-Token"] for request in server.requests} == {TOKEN}


@pytest.mark.parametrize(
    ("auth", "path", "sent"),
    [
        (
            "{kind: approle, role_id: r, secret_id: {env: SECRET}}",
            "approle",
            {"role_id": "r", "secret_id": CANARY},
        ),
        (
            "{kind: approle, role_id: r, secret_id: {file: secret}, mount: ci/approle}",
            "ci/approle",
            {"role_id": "r", "secret_id": CANARY},
        ),
        ("{kind: kubernetes, role: r, token: {file: secret}}", "kubernetes", {"role": "r", "jwt": CANARY}),
        ("{kind: jwt, role: r, token: {env: SECRET}}", "jwt", {"role": "r", "jwt": CANARY}),
        ("{kind: jwt, token: {env: SECRET}, mount: gitlab}", "gitlab", {"jwt": CANARY}),
    ],
)
def test_signing_in_once(server: ApiServer, tmp_path: Path, auth: str, path: str, sent: dict[str, str]) -> None:
    keep(server, {"password": "x"})
    (tmp_path / "secret").write_text(f"{CANARY}\n")
    server.answers[f"POST /v1/auth/{path}/login"] = as_json({"auth": {"client_token": TOKEN}})
    named = f"main: {{kind: vault, auth: {auth}}}"
    assert value(POSTGRES, tmp_path, {"VAULT_ADDR": server.url, "SECRET": CANARY}, named) == b"x"
    assert json.loads(server.requests[0].body) == sent
    assert [request.headers.get("X-Vault-Token") for request in server.requests] == [None, TOKEN, TOKEN]


def test_it_can_not_be_signed_in(server: ApiServer, tmp_path: Path) -> None:
    login = "POST /v1/auth/approle/login"
    server.answers[login] = as_json({"errors": ["invalid role or secret ID"]}, 400)
    named = "main: {kind: vault, auth: {kind: approle, role_id: r, secret_id: {env: SECRET}}}"
    environ = {"VAULT_ADDR": server.url, "SECRET": CANARY}
    assert refused(POSTGRES, tmp_path, environ, named) == (
        CannotTell,
        (
            f"values.password: Vault at {server.url} does not sign in the approle role at auth/approle with "
            "$SECRET (400): invalid role or secret ID"
        ),
    )
    server.answers[login] = as_json({"errors": [f"what is {CANARY}?"]}, 403)
    assert refused(POSTGRES, tmp_path, environ, named) == (
        CannotTell,
        f"values.password: Vault at {server.url} does not sign in the approle role at auth/approle with $SECRET (403)",
    )
    server.answers[login] = as_json({"auth": None})
    assert refused(POSTGRES, tmp_path, environ, named) == (
        CannotTell,
        (
            f"values.password: Vault at {server.url} answers auth/approle/login as Vault does not; "
            "is there a proxy on the way?"
        ),
    )
    assert refused(POSTGRES, tmp_path, {"VAULT_ADDR": server.url}, named) == (
        CannotTell,
        (
            f"values.password: Vault at {server.url}, signing in as the approle role at auth/approle with $SECRET: "
            "there is nothing in $SECRET\nset SECRET and run again"
        ),
    )
    named = "main: {kind: vault, auth: {kind: kubernetes, role: r, token: {file: secret}}}"
    where = (
        f"values.password: Vault at {server.url}, signing in as the kubernetes role 'r' at auth/kubernetes with secret"
    )
    assert refused(POSTGRES, tmp_path, environ, named) == (
        CannotTell,
        f"{where}: there is nothing in secret\nput it into secret and run again",
    )
    (tmp_path / "secret").mkdir()
    assert refused(POSTGRES, tmp_path, environ, named) == (CannotTell, f"{where}: secret is no file with a credential")


def test_it_is_not_said_where_it_is(server: ApiServer) -> None:
    assert said(server, VAULT_ADDR="") == (
        CannotTell,
        (
            "values.password: it is not said where Vault is\n"
            "Set VAULT_ADDR, or write stores: {main: {kind: vault, address: https://…}}."
        ),
    )
    for address in (f"https://u:{CANARY}@vault", CANARY):
        assert said(server, VAULT_ADDR=address) == (
            ConfigurationError,
            "values.password: $VAULT_ADDR must be an http:// or https:// URL, with no user",
        )


def test_there_is_no_token(server: ApiServer) -> None:
    assert said(server, VAULT_TOKEN="", HOME="/nowhere") == (
        CannotTell,
        (
            "values.password: Vault at ADDRESS, signing in with the token in $VAULT_TOKEN: there is nothing in "
            "$VAULT_TOKEN\nset VAULT_TOKEN and run again"
        ),
    )


def test_nobody_listens(server: ApiServer) -> None:
    assert said(server, VAULT_ADDR="http://127.0.0.1:1") == (
        CannotTell,
        (
            "values.password: secret/aura/postgres in Vault at http://127.0.0.1:1 can't be had: "
            "Connection refused (4 tries)"
        ),
    )
    assert said(server, VAULT_ADDR="http://nowhere.invalid") == (
        CannotTell,
        (
            "values.password: secret/aura/postgres in Vault at http://nowhere.invalid can't be had: "
            "its name is not known here (4 tries)"
        ),
    )


def test_it_speaks_no_tls(server: ApiServer) -> None:
    kind, message = said(server, VAULT_ADDR=server.url.replace("http:", "https:"))
    assert kind is CannotTell
    assert message.partition("no TLS: ")[0] == (
        f"values.password: secret/aura/postgres in Vault at {server.url.replace('http:', 'https:')} can't be had: "
    )
    assert not server.requests


def denied(_: Request) -> Answer:
    return as_json({"errors": ["permission denied", CANARY]}, 403)


ASKED = "GET /v1/secret/data/aura/postgres"


@pytest.mark.parametrize(
    ("asked", "answer", "kind", "message"),
    [
        (
            ASKED,
            denied,
            CannotTell,
            (
                "Vault at ADDRESS refuses secret/aura/postgres to the token in $VAULT_TOKEN (403)\n"
                "It may have expired; one of its policies must grant read on secret/data/aura/postgres."
            ),
        ),
        (
            "GET /v1/sys/internal/ui/mounts/secret/aura/postgres",
            denied,
            CannotTell,
            (
                "Vault at ADDRESS refuses secret/aura/postgres to the token in $VAULT_TOKEN (403)\n"
                "It may have expired; it may be that there is no such mount, or that no policy grants read on it."
            ),
        ),
        (
            ASKED,
            as_json({"errors": []}, 404),
            CannotTell,
            "there is no secret/aura/postgres in Vault at ADDRESS",
        ),
        (
            ASKED,
            as_json(
                {"data": {"data": None, "metadata": {"version": 4, "deletion_time": "2026-01-02", "destroyed": False}}},
                404,
            ),
            CannotTell,
            "version 4 of secret/aura/postgres in Vault at ADDRESS was deleted at 2026-01-02",
        ),
        (
            ASKED,
            as_json({"data": {"data": None, "metadata": {"version": 4, "deletion_time": "", "destroyed": True}}}, 404),
            CannotTell,
            "version 4 of secret/aura/postgres in Vault at ADDRESS was destroyed",
        ),
        (
            ASKED,
            as_json({"data": {"data": {"pasword": CANARY}}}),
            CannotTell,
            "secret/aura/postgres in Vault at ADDRESS has no property 'password'; did you mean 'pasword'?",
        ),
        (
            ASKED,
            as_json({"data": {"data": {"password": [CANARY]}}}),
            SealgenError,
            "'password' of secret/aura/postgres in Vault at ADDRESS is a list, not text",
        ),
        (
            ASKED,
            as_json({"errors": [CANARY]}, 400),
            CannotTell,
            "Vault at ADDRESS answers secret/aura/postgres with status 400",
        ),
        (
            ASKED,
            as_json({"errors": [CANARY]}, 500),
            CannotTell,
            "secret/aura/postgres in Vault at ADDRESS can't be had: it answers with status 500 (4 tries)",
        ),
        (
            ASKED,
            as_json({"errors": [CANARY]}, 429),
            CannotTell,
            "secret/aura/postgres in Vault at ADDRESS can't be had: it answers with status 429 (4 tries)",
        ),
        (
            ASKED,
            as_json({"errors": ["Vault is sealed"]}, 503),
            CannotTell,
            "secret/aura/postgres in Vault at ADDRESS can't be had: it is sealed, or has no leader (503) (4 tries)",
        ),
        (
            ASKED,
            Answer(200, f"<html>{CANARY}".encode(), "text/html"),
            CannotTell,
            "Vault at ADDRESS answers secret/aura/postgres as Vault does not; is there a proxy on the way?",
        ),
        (
            ASKED,
            as_json({"data": {"data": CANARY}}),
            CannotTell,
            "Vault at ADDRESS answers secret/aura/postgres as Vault does not; is there a proxy on the way?",
        ),
        (
            "GET /v1/sys/internal/ui/mounts/secret/aura/postgres",
            as_json({"data": {"path": "other/", "type": "kv"}}),
            CannotTell,
            "Vault at ADDRESS answers secret/aura/postgres as Vault does not; is there a proxy on the way?",
        ),
        (
            "GET /v1/sys/internal/ui/mounts/secret/aura/postgres",
            as_json({"data": {"path": "secret/", "type": "database", "options": None}}),
            SealgenError,
            "secret/ in Vault at ADDRESS is of type database, not kv",
        ),
        (
            ASKED,
            Answer(307, headers=(("Location", f"https://active:8200/v1/x?{CANARY}"),)),
            CannotTell,
            (
                "Vault at ADDRESS sends on to https://active:8200, which is not followed\n"
                "Name the server that answers as the address."
            ),
        ),
        (
            ASKED,
            Answer(200, b'{"data": {"data": {"password": "' + CANARY.encode(), cut=True),
            CannotTell,
            "secret/aura/postgres in Vault at ADDRESS can't be had: the connection was cut (4 tries)",
        ),
        (
            ASKED,
            Answer(200, b"x" * (8 * 1024**2 + 1)),
            CannotTell,
            "secret/aura/postgres in Vault at ADDRESS can't be had: the answer has more than 8 MiB",
        ),
    ],
)
def test_each_way_to_fail_has_one_clear_error(
    server: ApiServer,
    asked: str,
    answer: Answer | Callable[[Request], Answer],
    kind: type[SealgenError],
    message: str,
) -> None:
    server.answers[asked] = answer
    assert said(server) == (kind, f"values.password: {message}")


def test_a_version_of_an_engine_without_versions(server: ApiServer) -> None:
    yaml = "{vault: old/aura/postgres, property: password, version: 2}"
    assert said(server, yaml) == (
        SealgenError,
        "values.password: old/aura/postgres in Vault at ADDRESS has no versions, as old/ is KV version 1",
    )
    yaml = "{vault: secret/aura/postgres, property: password, version: 2}"
    assert said(server, yaml) == (
        CannotTell,
        "values.password: there is no version 2 of secret/aura/postgres in Vault at ADDRESS",
    )


def test_the_path_of_the_http_api_is_not_the_secrets(server: ApiServer) -> None:
    mount(server, "secret/", "2", "data/aura/postgres")
    assert said(server, "{vault: secret/data/aura/postgres, property: password}") == (
        CannotTell,
        (
            "values.password: there is no secret/data/aura/postgres in Vault at ADDRESS\n"
            "Write secret/aura/postgres: data/ belongs to the HTTP API's path, not to the secret's."
        ),
    )


def test_there_is_no_such_namespace(server: ApiServer) -> None:
    server.answers["GET /v1/sys/internal/ui/mounts/secret/aura/postgres"] = as_json({"errors": ["no"]}, 404)
    assert said(server, VAULT_NAMESPACE="team") == (
        CannotTell,
        "values.password: there is no Vault at ADDRESS, namespace team\nIs that the namespace's whole path?",
    )
    assert said(server) == (
        CannotTell,
        "values.password: Vault at ADDRESS answers secret/aura/postgres with status 404",
    )


def test_a_server_that_says_nothing_is_not_waited_for_longer_than_the_timeout(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        yaml = "{vault: secret/aura/postgres, property: password, timeout: 1s}"
        assert refused(yaml, tmp_path, {"VAULT_ADDR": address, "VAULT_TOKEN": TOKEN}) == (
            CannotTell,
            f"values.password: secret/aura/postgres in Vault at {address} can't be had: no answer within 1 s",
        )
        assert time.monotonic() - started < 5


def test_what_fails_in_passing_is_tried_again(server: ApiServer) -> None:
    answers = [as_json({}, 503), as_json({}, 429), as_json({"data": {"data": {"password": "at last"}}})]
    server.answers[ASKED] = lambda _: answers.pop(0)
    assert value(POSTGRES, server.kubeconfig.parent, variables(server)) == b"at last"


def test_certificates_that_can_not_be_read(server: ApiServer, tmp_path: Path) -> None:
    assert said(server, VAULT_CACERT="none.pem") == (
        ConfigurationError,
        "values.password: Vault's certificates can't be read (none.pem): No such file or directory",
    )
    (tmp_path / "empty.pem").write_text("")
    kind, message = said(server, VAULT_CACERT="empty.pem")
    assert kind is ConfigurationError
    assert message.startswith("values.password: Vault's certificates can't be read (empty.pem): ")


@settings(max_examples=25, deadline=None)
@given(content=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    with api_server(tmp_path_factory.mktemp("vault")) as server:
        mount(server, "secret/", "2", "aura/postgres")
        keep(server, {"password": content})
        assert value(POSTGRES, server.kubeconfig.parent, variables(server)) == content.encode()
