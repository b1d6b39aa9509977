"""A proxy that joins whoever asks for anything to one port: the API server reaches the controller through it."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import threading

from tests.conformance.cluster.authority import HOST


class _Joined(socketserver.StreamRequestHandler):
    """One request: CONNECT to whatever address, then bytes both ways until one side is done."""

    def handle(self) -> None:
        assert isinstance(self.server, _Tunnel)
        while self.rfile.readline().strip():
            pass
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.server.target)) as behind:
            self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            join(self.connection, behind)


def join(one: socket.socket, another: socket.socket) -> None:
    """Pass bytes both ways until one side is done."""
    other = {one: another, another: one}
    while True:
        for readable in select.select([*other], [], [])[0]:
            if not (content := readable.recv(65536)):
                return
            other[readable].sendall(content)


class _Tunnel(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: str, target: int) -> None:
        super().__init__(path, _Joined)
        self.target = target


def start(path: str, target: int) -> None:
    """Join everyone who connects to this socket to a port of this host, in a thread of its own."""
    threading.Thread(target=_Tunnel(path, target).serve_forever, daemon=True).start()
