"""A connection ends in data or in one clear error, whatever the server or the kubeconfig does."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from sealgen.cluster import connection
from sealgen.cluster.connection import Cluster, connect
from sealgen.cluster.controller import Controller
from sealgen.errors import ConfigurationError, SealgenError
from tests.support.api_server import (
    PROXY,
    SERVICE,
    Answer,
    ApiServer,
    Request,
    api_server,
    as_json,
    kubeconfig,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(tmp_path) as running:
        yield running


def connected(server: ApiServer, pauses: list[float] | None = None) -> Cluster:
    """Return a connection that notes its pauses instead of making them."""
    cluster = connect(str(server.kubeconfig), None)
    cluster._pause = (pauses if pauses is not None else []).append
    return cluster


def failure(server: ApiServer, answer: Answer) -> str:
    """Return what is said where the server gives this answer."""
    server.answers["GET /it"] = answer
    with pytest.raises(SealgenError) as caught:
        connected(server).get("/it")
    return str(caught.value).replace(server.url, "SERVER")


def test_a_request_carries_the_token_and_returns_the_object(server: ApiServer) -> None:
    server.answers["GET /it"] = as_json({"kind": "Thing"})
    assert connected(server).get("/it", limit="5") == {"kind": "Thing"}
    (request,) = server.requests
    assert (request.query, request.headers["authorization"]) == ({"limit": "5"}, "Bearer token-of-a-test")


def test_a_list_is_read_to_its_last_page(server: ApiServer) -> None:
    def page(request: Request) -> Answer:
        if request.query.get("continue") == "more":
            return as_json({"items": [{"n": 2}], "metadata": {}})
        return as_json({"items": [{"n": 1}], "metadata": {"continue": "more"}})

    server.answers["GET /things"] = page
    assert list(connected(server).list("/things", labelSelector="a=b")) == [{"n": 1}, {"n": 2}]
    assert [request.query["labelSelector"] for request in server.requests] == ["a=b", "a=b"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_with_longer_pauses(status: int, server: ApiServer) -> None:
    answers = iter([Answer(status), Answer(status), as_json({"kind": "Thing"})])
    server.answers["GET /it"] = lambda _: next(answers)
    pauses: list[float] = []
    assert connected(server, pauses).get("/it") == {"kind": "Thing"}
    assert pauses == [0.5, 1.0]


def test_the_server_says_how_long_to_wait_within_reason(server: ApiServer) -> None:
    answers = iter(
        [Answer(429, headers=(("Retry-After", "3"),)), Answer(429, headers=(("Retry-After", "9999"),)), as_json({})]
    )
    server.answers["GET /it"] = lambda _: next(answers)
    pauses: list[float] = []
    connected(server, pauses).get("/it")
    assert pauses == [3.0, 10.0]


@pytest.mark.parametrize(
    ("answer", "message", "tries"),
    [
        (
            refusal(401, "Unauthorized"),
            (
                "SERVER does not know who this is (401): Unauthorized\n"
                "The credentials of the context 'test' may have expired; sign in again."
            ),
            1,
        ),
        (
            refusal(403, 'things is forbidden: User "x" cannot get it'),
            "the context 'test' may not GET /it (403): things is forbidden: User \"x\" cannot get it",
            1,
        ),
        (refusal(404, "not found"), "SERVER has no /it (404): not found", 1),
        (refusal(409, "conflict"), "SERVER answers GET /it with status 409: conflict", 1),
        (refusal(429, "slow down"), "SERVER answers GET /it with status 429: slow down", 4),
        (refusal(500, "broken"), "SERVER answers GET /it with status 500: broken", 4),
        (
            Answer(503, b"upstream\nis\x1b[31m away"),
            "SERVER answers GET /it with status 503: upstream\\nis\\x1b[31m away",
            4,
        ),
        (
            Answer(200, b"<!DOCTYPE html><p>Please sign in", "text/html"),
            (
                "SERVER answers GET /it with a web page (status 200), which no API server does\n"
                "Is there a proxy or a page to sign in on the way?"
            ),
            1,
        ),
        (
            Answer(403, b"  <HTML>", "text/html"),
            (
                "SERVER answers GET /it with a web page (status 403), which no API server does\n"
                "Is there a proxy or a page to sign in on the way?"
            ),
            1,
        ),
        (Answer(302, b"", headers=(("Location", "/other"),)), "SERVER answers GET /it with status 302", 1),
        (Answer(200, b"[]"), "SERVER answers GET /it with something that is no JSON object", 1),
        (Answer(200, b"{"), "SERVER answers GET /it with something that is no JSON object", 1),
        (Answer(200, b"{}", cut=True), "can't reach SERVER: the connection was cut", 4),
    ],
)
def test_a_refusal_is_told_once_and_tried_only_as_often_as_it_helps(
    answer: Answer, message: str, tries: int, server: ApiServer
) -> None:
    assert failure(server, answer) == message
    assert len(server.requests) == tries


def test_a_refused_connection(server: ApiServer, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server.kubeconfig.write_text(kubeconfig(f"http://127.0.0.1:{port}"))
    pauses: list[float] = []
    with pytest.raises(SealgenError) as caught:
        connected(server, pauses).get("/it")
    assert str(caught.value) == f"can't reach http://127.0.0.1:{port}: Connection refused"
    assert pauses == [0.5, 1.0, 2.0]


def test_a_slow_answer_ends_in_an_error(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import time  # noqa: PLC0415

    monkeypatch.setattr(connection, "_PATIENCE", 0.05)

    def slowly(_: Request) -> Answer:
        time.sleep(0.2)
        return as_json({})

    server.answers["GET /it"] = slowly
    with pytest.raises(SealgenError) as caught:
        connected(server).get("/it")
    assert str(caught.value) == f"can't reach {server.url}: no answer in time"


def test_an_endless_answer_ends_in_an_error(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_MAX_BYTES", 1024**2)
    server.answers["GET /it"] = Answer(200, b" " * (1024**2 + 1))
    with pytest.raises(SealgenError) as caught:
        connected(server).get("/it")
    assert str(caught.value) == f"can't reach {server.url}: the answer has more than 1 MiB"
    assert len(server.requests) == 1


# --- the kubeconfig ---


def test_a_context_that_is_not_there_is_refused_with_the_nearest(server: ApiServer) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect(str(server.kubeconfig), "tset")
    assert str(caught.value) == f"{server.kubeconfig} has no context 'tset'; did you mean 'test'?"


def test_a_kubeconfig_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect(str(tmp_path / "none"), None)
    assert str(caught.value) == f"there is no kubeconfig {tmp_path / 'none'}"


def test_without_any_kubeconfig_it_is_said_where_one_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        connect(None, None)
    assert str(caught.value) == (
        "there is no kubeconfig: $KUBECONFIG is not set, there is no ~/.kube/config, and this is no pod of a cluster\n"
        "Get one from whoever runs the cluster, and name its context in the environment file."
    )


@pytest.mark.parametrize("content", ["", "- a list", "{", "contexts: 5", "current-context: a", "users: [{name: x}]"])
def test_a_file_that_is_no_kubeconfig_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        connect(str(file), None)
    assert caught.value.message.startswith(f"{file} can't be used as a kubeconfig")
    assert caught.value.hint == "Try it: kubectl version"


def test_the_variable_names_files_and_the_context_a_namespace(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.kubeconfig.write_text(kubeconfig(server.url, namespace="aura"))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{server.kubeconfig}")
    cluster = connect(None, None)
    assert (cluster.context, cluster.namespace, cluster.server) == ("test", "aura", server.url)


def test_what_an_exec_plugin_prints_is_not_repeated(server: ApiServer, capfd: pytest.CaptureFixture[str]) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "echo",
        "args": ["a-token-in-a-wrong-place"],
        "interactiveMode": "Never",
    }
    server.kubeconfig.write_text(kubeconfig(server.url, user={"exec": plugin}))
    try:
        connect(str(server.kubeconfig), None)
    except ConfigurationError as error:
        assert "a-token-in-a-wrong-place" not in str(error)  # noqa: PT017


# --- the controller ---


def controller(server: ApiServer) -> Controller:
    return Controller(connected(server), "kube-system", "sealed-secrets-controller")


def test_the_port_s_name_is_that_of_the_service(server: ApiServer) -> None:
    server.answers[f"GET {SERVICE}"] = as_json({"spec": {"ports": [{"name": "web"}]}})
    server.answers[f"GET {PROXY.replace(':/', ':web/')}cert.pem"] = Answer(200, b"PEM")
    assert controller(server).certificate() == b"PEM"


@pytest.mark.parametrize("port", ["", "http"])
def test_whoever_may_only_use_the_proxy_needs_no_other_right(port: str, server: ApiServer) -> None:
    server.answers[f"GET {SERVICE}"] = refusal(403, "no")
    server.answers[f"GET {PROXY}cert.pem"] = refusal(503, "no endpoints available for service")
    server.answers[f"GET {PROXY.replace(':/', f':{port}/')}cert.pem"] = Answer(200, b"PEM")
    assert controller(server).certificate() == b"PEM"


def test_a_controller_that_is_not_there(server: ApiServer) -> None:
    with pytest.raises(SealgenError) as caught:
        controller(server).certificate()
    assert str(caught.value) == (
        f"there is no Service kube-system/sealed-secrets-controller in {server.url}\n"
        "Name the controller's: cluster.controller and cluster.controller_namespace."
    )


def test_a_controller_that_is_not_running(server: ApiServer) -> None:
    server.serve_controller(b"")
    server.answers[f"GET {PROXY}cert.pem"] = refusal(503, "no endpoints available for service")
    with pytest.raises(SealgenError) as caught:
        controller(server).certificate()
    assert str(caught.value) == (
        f"the controller kube-system/sealed-secrets-controller of {server.url} is not running\n"
        "See: kubectl get pods -n kube-system"
    )


@pytest.mark.parametrize(("status", "opens"), [(200, True), (409, False)])
def test_the_controller_says_whether_it_can_open_a_manifest(status: int, opens: bool, server: ApiServer) -> None:
    server.serve_controller(b"")
    server.answers[f"POST {PROXY}verify"] = Answer(status)
    assert controller(server).verify(json.dumps({"kind": "SealedSecret"}).encode()) is opens
    assert server.requests[-1].body == b'{"kind": "SealedSecret"}'


def test_a_controller_that_refuses_to_tell_says_so(server: ApiServer) -> None:
    server.serve_controller(b"")
    server.answers[f"POST {PROXY}verify"] = Answer(403, b"verification is disabled", "text/plain")
    with pytest.raises(SealgenError) as caught:
        controller(server).verify(b"{}")
    assert str(caught.value) == f"the context 'test' may not POST {PROXY}verify (403): verification is disabled"
