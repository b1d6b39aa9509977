"""A real PostgreSQL and a real Redis on 127.0.0.1, each with a folder and a port of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance.conftest import tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "127.0.0.1"
USER = "aura"
DATABASE = "aura_db"
_PATIENCE = 60  # seconds


def postgresql(name: str) -> str:
    """Return the path of a program of PostgreSQL; Debian has the server's beside PATH."""
    found = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    return shutil.which(name) or (found[-1] if found else tool(name))


@dataclass(frozen=True)
class Postgres:
    """A server whose superuser is USER: with any password by the socket, as in a pod, and with the right one by TCP."""

    socket: Path
    """The folder of its socket."""
    port: int

    @property
    def variables(self) -> dict[str, str]:
        """What leads its clients to its socket."""
        return {"PGHOST": str(self.socket), "PGPORT": str(self.port)}

    def do(self, sql: str | bytes) -> None:
        """Have SQL done."""
        statement = sql.encode() if isinstance(sql, str) else sql
        done = subprocess.run(
            [tool("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--username={USER}", "postgres"],
            input=statement,
            env={"PATH": os.environ["PATH"], "PGCLIENTENCODING": "UTF8", **self.variables},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()

    def takes(self, password: str | bytes) -> bool:
        """Tell whether somebody with this password comes in by TCP."""
        done = subprocess.run(
            [tool("psql"), "--no-psqlrc", "--no-password", f"--host={HOST}", f"--port={self.port}", "postgres", USER],
            input=b"SELECT 1",
            env={
                b"PATH": os.fsencode(os.environ["PATH"]),
                b"PGPASSWORD": _bytes(password),
                b"PGCLIENTENCODING": b"UTF8",
            },
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0 or b"password authentication failed" in done.stderr, done.stderr.decode()
        return done.returncode == 0


@contextlib.contextmanager
def postgres(password: bytes) -> Iterator[Postgres]:
    """Run PostgreSQL with this password until the end of the block."""
    server, initdb = postgresql("postgres"), postgresql("initdb")
    with tempfile.TemporaryDirectory(prefix="sealgen-") as name:  # a socket's path must be short
        folder = Path(name)
        # It runs as nobody of importance: PostgreSQL refuses to be root.
        as_user: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            as_user = [tool("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        with (folder / "password").open("wb") as file:
            file.write(password)
        (folder / "password").chmod(0o644)
        who = (f"--username={USER}", f"--pwfile={folder}/password", "--auth-local=trust", "--auth-host=scram-sha-256")
        initialized = subprocess.run(
            [*as_user, initdb, f"--pgdata={folder}/data", *who, "--encoding=UTF8", "--locale=C", "--no-sync"],
            env=_environ(),
            capture_output=True,
            check=False,
        )
        assert initialized.returncode == 0, initialized.stderr.decode()
        port = _free_port()
        given = {"listen_addresses": HOST, "port": port, "unix_socket_directories": folder, "fsync": "off"}
        flags = [f"-c{name}={value}" for name, value in given.items()]
        with _running([*as_user, server, "-D", f"{folder}/data", *flags], folder / "log", port):
            found = Postgres(folder, port)
            found.do(f"CREATE DATABASE {DATABASE}")
            yield found


@dataclass(frozen=True)
class Redis:
    """A server with a password."""

    port: int

    def takes(self, password: bytes) -> bool:
        """Tell whether somebody with this password comes in, by the protocol that programs speak."""
        return self.ask(b"AUTH", password) == b"+OK"

    def passwords(self, password: bytes) -> int:
        """Return how many passwords it takes, asked by somebody who has one that needs no quotes."""
        lines = b"AUTH %b\nACL GETUSER default\n" % password
        program = [tool("redis-cli"), "-p", str(self.port)]
        done = subprocess.run(program, input=lines, capture_output=True, check=True)
        return len(re.findall(rb"^[0-9a-f]{64}$", done.stdout, re.MULTILINE))

    def ask(self, *words: bytes) -> bytes:
        """Return the first line of the answer to a command of a new connection."""
        request = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
        with socket.create_connection((HOST, self.port), 10) as connection, connection.makefile("rb") as answers:
            connection.sendall(request)
            return answers.readline().strip()


@contextlib.contextmanager
def redis(password: bytes) -> Iterator[Redis]:
    """Run Redis with this password, which has no white space and no quotes, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="sealgen-") as name:
        port = _free_port()
        configuration = Path(name) / "redis.conf"
        settings = f'bind {HOST}\nport {port}\ndir {name}\nsave ""\nrequirepass '
        configuration.write_bytes(settings.encode() + password + b"\n")
        with _running([tool("redis-server"), str(configuration)], Path(name) / "log", port):
            yield Redis(port)


@contextlib.contextmanager
def _running(command: list[str], log: Path, port: int) -> Iterator[None]:
    """Run a server until the end of the block; it has begun when its port is open."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=_environ(), cwd=log.parent
        )
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
                break
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _environ() -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.devnull, "LC_ALL": "C"}


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])
