"""The clouds that the operator finds under their real names, and servers of tests in their place.

No manifest can say that Google's or Azure's servers are elsewhere. But the operator takes a proxy for HTTPS from its
environment, and whom it trusts: so it asks for ``secretmanager.googleapis.com``, by TLS, and its own clients are told
nothing. The proxy knows the names of the servers alone, and so the operator reaches no other.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import TYPE_CHECKING

from tests.conformance.cluster.authority import HOST
from tests.conformance.cluster.tunnel import join

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class _Asked(socketserver.StreamRequestHandler):
    """One request: CONNECT to a server by its name, then bytes both ways."""

    def handle(self) -> None:
        assert isinstance(self.server, _Proxy)
        first = self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        method, address, _ = first.split()
        host = address.partition(b":")[0].decode()
        if method != b"CONNECT" or host not in self.server.ports:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        port, is_proxy = self.server.ports[host]
        with contextlib.suppress(OSError), socket.create_connection((HOST, port)) as behind:
            if is_proxy:
                behind.sendall(first + b"\r\n")
            else:
                self.wfile.write(ESTABLISHED)
            join(self.connection, behind)


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ports: Mapping[str, tuple[int, bool]]) -> None:
        super().__init__((HOST, 0), _Asked)
        self.ports = ports


@contextlib.contextmanager
def internet(ports: Mapping[str, tuple[int, bool]]) -> Iterator[str]:
    """Run the proxy until the end of the block, and give its URL.

    ``ports`` are those of this host where servers are, by their names, and whether a port is that of a proxy itself.
    """
    with _Proxy(ports) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
