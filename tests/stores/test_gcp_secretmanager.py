"""Google's Secret Manager: the bytes of a secret's version, and one clear error for each way there are none."""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from sealgen.stores.crc32c import crc32c
from tests.stores.asking import refused, stores, value
from tests.support.api_server import Answer, ApiServer, Request, api_server, as_json
from tests.support.google_account import EMAIL, account_key
from tests.values.reading import CANARY, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "ya29.token-of-a-test"
POSTGRES = "{gcp-secretmanager: aura-postgres, property: password}"
ASKED = "GET /v1/projects/aura/secrets/aura-postgres/versions/latest:access"
WHO = f"the service account {EMAIL}"
ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"
STRANGE = "NAME is answered as Google does not; is there a proxy on the way?"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """Run a server that Google's library signs in at, and that is Secret Manager too."""
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_", "GCLOUD_"))]:
        monkeypatch.delenv(name)
    with api_server(tmp_path) as it:
        it.answers["POST /token"] = as_json({"access_token": TOKEN, "expires_in": 3600})
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", account_key(tmp_path / "key.json", it.url))
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "aura")
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        monkeypatch.setenv(ENDPOINT, f"{it.url}/")
        yield it


def version(content: bytes, **payload: Any) -> Answer:
    """Return the answer with a version's content."""
    return as_json(
        {
            "name": "projects/123/secrets/aura-postgres/versions/3",
            "payload": {
                "data": base64.b64encode(content).decode(),
                "dataCrc32c": str(crc32c(content)),
                **payload,
            },
        }
    )


def fault(code: int, status: str, message: str = "", reason: str = "") -> Answer:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    error = {"code": code, "status": status, "message": f"{message} {CANARY}", "details": details}
    return as_json({"error": error}, code)


def said(server: ApiServer, yaml: str = POSTGRES, named: str = "{}") -> tuple[type[SealgenError], str]:
    kind, message = refused(yaml, server.kubeconfig.parent, os.environ, named, canaries=(CANARY, TOKEN))
    return kind, message


def test_a_property_of_a_secret(server: ApiServer) -> None:
    server.answers[ASKED] = version(b'{"password": "\xc3\x9f x", "port": 5432}')
    assert value(POSTGRES, server.kubeconfig.parent, os.environ) == "ß x".encode()
    signing_in, asked = server.requests
    assert urllib.parse.parse_qs(signing_in.body.decode())["grant_type"] == [
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    ]
    assert (asked.path, asked.query) == ("/v1/projects/aura/secrets/aura-postgres/versions/latest:access", {})
    assert {name.lower(): text for name, text in asked.headers.items()}["authorization"] == f"Bearer {TOKEN}"


@settings(max_examples=25)
@given(content=st.binary())
def test_any_bytes_survive(content: bytes) -> None:
    from sealgen.stores import gcp_secretmanager  # noqa: PLC0415
    from sealgen.stores.http import Answer as HttpAnswer  # noqa: PLC0415

    answer = HttpAnswer(200, "", 0, version(content).content)
    assert gcp_secretmanager._payload(answer, "x") == content


def test_bytes_without_a_checksum(server: ApiServer) -> None:
    content = bytes(range(256))
    server.answers[ASKED] = version(content, dataCrc32c=None)
    assert value("{gcp-secretmanager: aura-postgres}", server.kubeconfig.parent, os.environ) == content


def test_base64_is_what_it_stands_for(server: ApiServer) -> None:
    server.answers[ASKED] = version(b"AAH/\n")
    yaml = "{gcp-secretmanager: aura-postgres, encoding: base64}"
    assert value(yaml, server.kubeconfig.parent, os.environ) == b"\0\x01\xff"


def test_an_answer_that_was_damaged_is_asked_for_again(server: ApiServer) -> None:
    answers = [version(b"x", dataCrc32c="1"), version(b"whole")]
    server.answers[ASKED] = lambda _: answers.pop(0)
    yaml = "{gcp-secretmanager: aura-postgres}"
    assert value(yaml, server.kubeconfig.parent, os.environ) == b"whole"
    server.answers[ASKED] = version(CANARY.encode(), dataCrc32c="1")
    assert said(server, yaml) == (
        CannotTell,
        (
            "values.password: aura-postgres in Google Secret Manager, project aura can't be had: "
            "the answer was damaged on the way: its checksum is another (4 tries)"
        ),
    )


@pytest.mark.parametrize(
    ("yaml", "named", "path", "where"),
    [
        ("a, version: 7", "{}", "projects/aura/secrets/a/versions/7", "version 7 of a in WHERE, project aura"),
        (
            "a, version: live",
            "main: {kind: gcp-secretmanager, project: aura-2}",
            "projects/aura-2/secrets/a/versions/live",
            "version live of a in WHERE, project aura-2",
        ),
        (
            "projects/1234/secrets/a",
            "main: {kind: gcp-secretmanager, project: aura-2}",
            "projects/1234/secrets/a/versions/latest",
            "a in WHERE, project 1234, or it has no version",
        ),
        (
            "a",
            "main: {kind: gcp-secretmanager, location: europe-west3}",
            "projects/aura/locations/europe-west3/secrets/a/versions/latest",
            "a in WHERE, project aura, location europe-west3, or it has no version",
        ),
        (
            "projects/b/locations/europe-west1/secrets/a, version: '2'",
            "{}",
            "projects/b/locations/europe-west1/secrets/a/versions/2",
            "version 2 of a in WHERE, project b, location europe-west1",
        ),
    ],
)
def test_where_a_secret_is_and_at_which_version(
    server: ApiServer, yaml: str, named: str, path: str, where: str
) -> None:
    server.answers[f"GET /v1/{path}:access"] = version(b"x")
    yaml = f"{{gcp-secretmanager: {yaml}}}"
    assert value(yaml, server.kubeconfig.parent, os.environ, named) == b"x"
    server.answers[f"GET /v1/{path}:access"] = fault(404, "NOT_FOUND")
    expected = f"values.password: there is no {where.replace('WHERE', 'Google Secret Manager')}"
    assert said(server, yaml, named) == (CannotTell, expected)


def test_a_regional_secret_is_asked_for_where_it_is(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENDPOINT)
    from sealgen.stores import http  # noqa: PLC0415

    urls: list[str] = []

    def send(_: object, method: str, url: str, *__: object) -> http.Answer:
        urls.append(url)
        return http.Answer(200, "", 0, version(b"x").content)

    monkeypatch.setattr(http.Requests, "send", send)
    for name in ("a", "projects/b/locations/europe-west1/secrets/a"):
        assert value(f"{{gcp-secretmanager: {name}}}", server.kubeconfig.parent, os.environ) == b"x"
    assert urls == [
        "https://secretmanager.googleapis.com/v1/projects/aura/secrets/a/versions/latest:access",
        (
            "https://secretmanager.europe-west1.rep.googleapis.com/v1/projects/b/locations/europe-west1/"
            "secrets/a/versions/latest:access"
        ),
    ]


def test_without_a_project_it_is_that_of_the_credentials(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    server.answers["GET /v1/projects/aura-of-the-key/secrets/a/versions/latest:access"] = version(b"x")
    assert value("{gcp-secretmanager: a}", server.kubeconfig.parent, os.environ) == b"x"


def external(server: ApiServer, root: Path) -> None:
    """Have a CI job's token exchanged for Google's, as workload identity federation does."""
    (root / "job.jwt").write_text("jwt-of-a-job")
    (root / "key.json").write_text(
        json.dumps(
            {
                "type": "external_account",
                "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/git",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": f"{server.url}/sts",
                "credential_source": {"file": str(root / "job.jwt")},
            }
        )
    )
    server.answers["POST /sts"] = as_json(
        {
            "access_token": TOKEN,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
            "expires_in": 3600,
        }
    )


def test_workload_identity_signs_in(server: ApiServer, tmp_path: Path) -> None:
    external(server, tmp_path)
    server.answers[ASKED] = version(b'{"password": "x"}')
    assert value(POSTGRES, tmp_path, os.environ) == b"x"
    assert urllib.parse.parse_qs(server.requests[0].body.decode())["subject_token"] == ["jwt-of-a-job"]
    assert server.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_no_project_is_said_anywhere(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    external(server, tmp_path)
    monkeypatch.setattr("google.auth.external_account._CLOUD_RESOURCE_MANAGER", f"{server.url}/projects/")
    assert said(server) == (
        CannotTell,
        (
            "values.password: it is not said in which project aura-postgres in Google Secret Manager is\n"
            "Set GOOGLE_CLOUD_PROJECT, or write stores: {main: {kind: gcp-secretmanager, project: …}}."
        ),
    )
    assert server.requests == []  # no other service is asked


def test_there_are_no_credentials(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = (
        "values.password: Google Secret Manager: there are no credentials to ask with ({})\n"
        "Sign in: gcloud auth application-default login"
    )
    (tmp_path / "key.json").write_text(CANARY)
    assert said(server) == (CannotTell, expected.format("DefaultCredentialsError"))
    (tmp_path / "key.json").write_text(json.dumps({"type": "service_account", "private_key": CANARY}))
    assert said(server)[1].startswith("values.password: Google Secret Manager: there are no credentials to ask with (")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    assert said(server) == (CannotTell, expected.format("DefaultCredentialsError"))
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            as_json({"error": "invalid_grant", "error_description": CANARY}, 400),
            f"Google does not sign in {WHO} (RefreshError)\nSign in: gcloud auth application-default login",
        ),
        (as_json({"error": CANARY}, 503), "NAME can't be had: signing in fails (4 tries)"),
    ],
)
def test_signing_in_fails(server: ApiServer, monkeypatch: pytest.MonkeyPatch, answer: Answer, message: str) -> None:
    monkeypatch.setattr("google.auth._exponential_backoff.time.sleep", lambda _: None)
    server.answers["POST /token"] = answer
    expected = message.replace("NAME", "aura-postgres in Google Secret Manager, project aura")
    assert said(server) == (CannotTell, f"values.password: {expected}")


def test_nobody_listens(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = "aura-postgres in Google Secret Manager, project aura can't be had"
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    assert said(server) == (CannotTell, f"values.password: {where}: Connection refused (4 tries)")
    account_key(tmp_path / "key.json", "http://127.0.0.1:1")
    assert said(server) == (CannotTell, f"values.password: {where}: there is no answer to signing in (4 tries)")


def test_a_server_that_says_nothing_is_not_waited_for_longer_than_the_timeout(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yaml = "{gcp-secretmanager: aura-postgres, timeout: 1s}"
    expected = (
        "values.password: aura-postgres in Google Secret Manager, project aura can't be had: no answer within 1 s"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv(ENDPOINT, address)
        assert said(server, yaml) == (CannotTell, expected)
        account_key(tmp_path / "key.json", address)
        assert said(server, yaml) == (CannotTell, expected)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (fault(404, "NOT_FOUND"), "there is no NAME, or it has no version"),
        (
            fault(403, "PERMISSION_DENIED"),
            (
                f"Google Secret Manager refuses aura-postgres, project aura to {WHO} (403)\n"
                "Is there such a secret? It takes roles/secretmanager.secretAccessor on it."
            ),
        ),
        (
            fault(403, "PERMISSION_DENIED", reason="SERVICE_DISABLED"),
            (
                "the API of Google Secret Manager is not enabled in project aura\n"
                "Enable it: gcloud services enable secretmanager.googleapis.com"
            ),
        ),
        (
            fault(401, "UNAUTHENTICATED"),
            (f"Google Secret Manager does not accept {WHO} (401)\nSign in: gcloud auth application-default login"),
        ),
        (
            fault(400, "FAILED_PRECONDITION", "Secret Version [x] is in DISABLED state."),
            "the newest version of NAME is disabled",
        ),
        (
            fault(400, "FAILED_PRECONDITION", "Secret Version [x] is in DESTROYED state."),
            "the newest version of NAME was destroyed",
        ),
        (
            fault(400, "FAILED_PRECONDITION", "Something new."),
            "Google Secret Manager answers aura-postgres, project aura with status 400",
        ),
        (fault(429, "RESOURCE_EXHAUSTED"), "NAME can't be had: it answers with status 429 (4 tries)"),
        (fault(503, "UNAVAILABLE"), "NAME can't be had: it answers with status 503 (4 tries)"),
        (Answer(404, f"<html>{CANARY}".encode(), "text/html"), STRANGE),
        (Answer(200, f"<html>{CANARY}".encode(), "text/html"), STRANGE),
        (Answer(302, headers=(("Location", f"https://elsewhere/{CANARY}"),)), STRANGE),
        (as_json({"payload": {"data": CANARY}}), STRANGE),
        (as_json({"payload": CANARY}), STRANGE),
        (
            Answer(200, b'{"payload": {"data": "', cut=True),
            "NAME can't be had: the connection was cut (4 tries)",
        ),
    ],
)
def test_each_way_to_fail_has_one_clear_error(
    server: ApiServer, answer: Answer | Callable[[Request], Answer], message: str
) -> None:
    server.answers[ASKED] = answer
    expected = message.replace("NAME", "aura-postgres in Google Secret Manager, project aura")
    assert said(server) == (CannotTell, f"values.password: {expected}")


def test_a_version_that_is_pinned_is_disabled(server: ApiServer) -> None:
    server.answers[ASKED.replace("latest", "3")] = fault(400, "FAILED_PRECONDITION", "[x] is in DISABLED state.")
    assert said(server, "{gcp-secretmanager: aura-postgres, version: 3}") == (
        CannotTell,
        "values.password: version 3 of aura-postgres in Google Secret Manager, project aura is disabled",
    )


def test_what_a_secret_holds_is_no_value(server: ApiServer) -> None:
    where = "aura-postgres in Google Secret Manager, project aura"
    for content, kind, message in (
        (CANARY, SealgenError, f"{where} is no JSON, so that it has no property 'password'"),
        (json.dumps({"password": [CANARY]}), SealgenError, f"'password' of {where} is a list, not text"),
        (json.dumps({"pasword": CANARY}), CannotTell, f"{where} has no property 'password'; did you mean 'pasword'?"),
    ):
        server.answers[ASKED] = version(content.encode())
        assert said(server) == (kind, f"values.password: {message}")
    server.answers[ASKED] = version(CANARY.encode())
    assert said(server, "{gcp-secretmanager: aura-postgres, encoding: base64}") == (
        SealgenError,
        f"values.password: {where} is not base64",
    )


def test_an_endpoint_that_is_no_url(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for endpoint in (CANARY, f"https://u:{CANARY}@host"):
        monkeypatch.setenv(ENDPOINT, endpoint)
        assert said(server) == (
            ConfigurationError,
            f"values.password: ${ENDPOINT} must be an http:// or https:// URL, with no user",
        )


def test_the_client_is_not_installed(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth.transport.requests", None)
    assert said(server) == (
        SealgenError,
        (
            "values.password: reading Google Secret Manager needs google-auth, which is not installed\n"
            "Install it: pip install 'sealgen[gcp]'"
        ),
    )


NAME = "must be a secret's name (letters, digits, '_' and '-', at most 255) or projects/PROJECT/secrets/NAME"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{gcp-secretmanager: a/b}", f"1:21: values.password.gcp-secretmanager: 'a/b' {NAME}"),
        ("{gcp-secretmanager: 'a b'}", f"1:21: values.password.gcp-secretmanager: 'a b' {NAME}"),
        ("{gcp-secretmanager: a.b}", f"1:21: values.password.gcp-secretmanager: 'a.b' {NAME}"),
        ("{gcp-secretmanager: ''}", f"1:21: values.password.gcp-secretmanager: '' {NAME}"),
        (
            f"{{gcp-secretmanager: {'a' * 256}}}",
            f"1:21: values.password.gcp-secretmanager: '{'a' * 79}…' {NAME}",
        ),
        (
            "{gcp-secretmanager: projects/aura/secrets/a/versions/3}",
            (
                "1:21: values.password.gcp-secretmanager: 'projects/aura/secrets/a/versions/3' must end with the "
                "secret's name; its version goes into version:"
            ),
        ),
        (
            "{gcp-secretmanager: projects/a_b/secrets/a}",
            f"1:21: values.password.gcp-secretmanager: 'projects/a_b/secrets/a' {NAME}",
        ),
        (
            "{gcp-secretmanager: a, version: 'a b'}",
            "1:33: values.password.version can't be 'a b'; it must be a version's number or an alias",
        ),
        (
            "{gcp-secretmanager: a, stage: x}",
            "1:24: unknown field 'values.password.stage'; did you mean 'store'?",
        ),
    ],
)
def test_what_can_not_be_is_refused(yaml: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(yaml)
    assert str(caught.value) == f"base.yaml:{message}"


def test_the_longest_name_is_taken() -> None:
    assert read(f"{{gcp-secretmanager: {'a' * 255}}}").source.kind == "gcp-secretmanager"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("project: 'Aura!'", "1:42: stores.main.project can't be 'Aura!'; it must be a project's ID or number"),
        (
            "location: a/b",
            "1:43: stores.main.location can't be 'a/b'; it must be a location's name, such as europe-west3",
        ),
        (
            "region: a",
            "1:33: unknown field 'stores.main.region'; known are kind, location, project",
        ),
    ],
)
def test_the_fields_of_a_store(yaml: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        stores(f"main: {{kind: gcp-secretmanager, {yaml}}}")
    assert str(caught.value) == f"base.yaml:{message}"
