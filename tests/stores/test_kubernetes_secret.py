"""A live Secret's key arrives byte for byte, and one clear error tells each way it does not."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING

import pytest

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from tests.stores.asking import refused, value
from tests.support.api_server import Answer, ApiServer, api_server, as_json, refusal
from tests.values import reading
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

YAML = "{kubernetes: aura/smtp, property: password}"
ASKED = "GET /api/v1/namespaces/aura/secrets/smtp"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    """Run an API server, to which ``kubeconfig`` leads."""
    with api_server(tmp_path) as it:
        yield it


NAMED = "main: {kind: kubernetes, kubeconfig: kubeconfig, context: test}"


def said(server: ApiServer, yaml: str = YAML, named: str = NAMED) -> tuple[type[SealgenError], str]:
    kind, message = refused(yaml, server.kubeconfig.parent, {}, named)
    return kind, message.replace(server.url, "SERVER").replace(str(server.kubeconfig.parent), "ROOT")


def test_a_key_arrives_byte_for_byte(server: ApiServer) -> None:
    content = bytes(range(256))
    server.answers[ASKED] = as_json({"data": {"password": base64.b64encode(content).decode(), "json": "eyJhIjogMX0="}})
    assert value(YAML, server.kubeconfig.parent, {}, NAMED) == content
    yaml = "{kubernetes: aura/smtp, property: [json, a]}"
    assert value(yaml, server.kubeconfig.parent, {}, NAMED) == b"1"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refusal(404, CANARY), "there is no Secret aura/smtp in SERVER (context test)"),
        (refusal(403, CANARY), "the Secret aura/smtp in SERVER (context test) is refused to this user (403)"),
        (
            refusal(401, CANARY),
            (
                "the Secret aura/smtp in SERVER (context test) is refused to this user (401)\n"
                "The credentials of the context 'test' may have expired; sign in again."
            ),
        ),
        (
            refusal(503, CANARY),
            "the Secret aura/smtp in SERVER (context test) can't be had: it answers with status 503 (4 tries)",
        ),
        (
            Answer(200, b"{", cut=True),
            "the Secret aura/smtp in SERVER (context test) can't be had: the connection was cut (4 tries)",
        ),
        (
            Answer(200, CANARY.encode()),
            "the Secret aura/smtp in SERVER (context test) is answered as no API server does",
        ),
        (
            as_json({"data": {"password": CANARY}}),
            "the Secret aura/smtp in SERVER (context test) is answered as no API server does",
        ),
        (
            as_json({"data": {"pasword": ""}}),
            "the Secret aura/smtp in SERVER (context test) has no property 'password'; did you mean 'pasword'?",
        ),
        (
            as_json({}),
            "the Secret aura/smtp in SERVER (context test) has no property 'password'",
        ),
    ],
)
def test_each_way_to_fail_has_one_clear_error(server: ApiServer, answer: Answer, message: str) -> None:
    server.answers[ASKED] = answer
    assert said(server) == (CannotTell, f"values.password: {message}")


def test_a_kubeconfig_that_does_not_do(server: ApiServer) -> None:
    assert said(server, named="main: {kind: kubernetes, kubeconfig: none}") == (
        ConfigurationError,
        "values.password: there is no kubeconfig ROOT/none",
    )
    assert said(server, named="main: {kind: kubernetes, kubeconfig: kubeconfig, context: tset}") == (
        ConfigurationError,
        "values.password: ROOT/kubeconfig has no context 'tset'; did you mean 'test'?",
    )


def test_the_client_is_not_installed(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes.client", None)
    assert said(server) == (
        SealgenError,
        (
            "values.password: talking to a cluster needs the Kubernetes client, which is not installed\n"
            "Install it: pip install 'sealgen[cluster]'"
        ),
    )


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "{kubernetes: smtp, property: p}",
            (
                "1:14: values.password.kubernetes can't be 'smtp'; it must be a namespace and a Secret's name, "
                "as in aura/smtp"
            ),
        ),
        (
            "{kubernetes: aura/../x, property: p}",
            (
                "1:14: values.password.kubernetes can't be 'aura/../x'; it must be a namespace and a Secret's "
                "name, as in aura/smtp"
            ),
        ),
    ],
)
def test_what_is_no_secret_is_refused(yaml: str, message: str) -> None:
    assert reading.refusal(yaml, ConfigurationError) == f"base.yaml:{message}"
