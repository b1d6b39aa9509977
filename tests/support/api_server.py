"""An API server that answers as a test says, over real HTTP, with a kubeconfig that leads to it."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROXY = "/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:/proxy/v1/"
"""Where the controller is by default, behind a Service whose port has no name."""
SERVICE = "/api/v1/namespaces/kube-system/services/sealed-secrets-controller"


class Request(NamedTuple):
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """What goes out; ``cut`` sends fewer bytes than the answer's head promises."""

    status: int = 200
    content: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False


def as_json(data: Any, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(data).encode())


def refusal(status: int, message: str) -> Answer:
    """Return the Status with which an API server refuses."""
    return as_json({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message}, status)


@dataclass
class ApiServer:
    """A server under way: ``answers`` has what it says to ``METHOD path``, all else is not found."""

    url: str
    kubeconfig: Path
    answers: dict[str, Answer | Callable[[Request], Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def serve_controller(self, certificate: bytes) -> None:
        """Have a Service with an unnamed port, and a controller behind it that gives its certificate."""
        self.answers[f"GET {SERVICE}"] = as_json({"spec": {"ports": [{"port": 8080}]}})
        self.answers[f"GET {PROXY}cert.pem"] = Answer(200, certificate, "application/x-pem-file")

    def answer(self, request: Request) -> Answer:
        """Return what a request gets."""
        self.requests.append(request)
        found = self.answers.get(f"{request.method} {request.path}")
        if found is None:
            return refusal(404, "the server could not find the requested resource")
        return found if isinstance(found, Answer) else found(request)


def kubeconfig(server: str, *, user: dict[str, Any] | None = None, namespace: str | None = None) -> str:
    """Return a kubeconfig, in JSON, whose only context is ``test``."""
    context = {"cluster": "test", "user": "test"} | ({"namespace": namespace} if namespace else {})
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": server}}],
            "users": [{"name": "test", "user": user or {"token": "token-of-a-test"}}],
            "contexts": [{"name": "test", "context": context}],
            "current-context": "test",
        }
    )


@contextlib.contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """Run a server on a free port of 127.0.0.1, with its kubeconfig in ``folder``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            split = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(split.query))
            body = self.rfile.read(length)
            answer = state.answer(Request(self.command, split.path, query, dict(self.headers), body))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.content) + (100 if answer.cut else 0)))
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)
            if answer.cut:
                self.close_connection = True

        do_GET = do_POST = do_PATCH = _respond  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # A client that hangs up early is part of a test.

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        url = f"http://127.0.0.1:{server.server_address[1]}"
        file = folder / "kubeconfig"
        file.write_text(kubeconfig(url))
        state = ApiServer(url, file)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
