"""Stands in for kubectl where a cluster has no node: what would be done in a pod is done here, all else by kubectl.

Tests put it on PATH as ``kubectl``. ``kubectl exec … -- PROGRAM`` runs PROGRAM on this machine, with the standard
input that it was given, against the servers that the settings name: ``psql`` and ``redis-cli``, and Python as the
backend would run it, with the POSTGRES_DB_URI of the live Secret. A request through the proxy to ``/health/redis`` asks
Redis with the live REDIS_URL. Calls are noted, and after the one that the settings say, the process that made it is
killed.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

SETTINGS = Path(sys.argv[0]).with_name("settings.json")


def main() -> int:
    """Do what is asked for, and return the exit code."""
    settings = json.loads(SETTINGS.read_text())
    calls = Path(settings["calls"])
    with calls.open("a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\n")
    code = _do(sys.argv[1:], settings)
    if settings.get("kill_after") == len(calls.read_text().splitlines()):
        os.kill(os.getppid(), signal.SIGKILL)
    return code


def _do(arguments: list[str], settings: dict[str, str]) -> int:
    if arguments[0] == "exec":
        program, *rest = arguments[arguments.index("--") + 1 :]
        if program == "redis-cli":
            return subprocess.call(["redis-cli", "-p", settings["redis"], *rest])
        if program == "psql":
            lead = {"PGHOST": settings["postgres_socket"], "PGPORT": settings["postgres_port"]}
            return subprocess.call([program, *rest], env=os.environ | lead)
        backend = {"PYTHONPATH": settings["backend"], "POSTGRES_DB_URI": _live(settings, "POSTGRES_DB_URI")}
        return subprocess.call([sys.executable, *rest], env=os.environ | backend)
    if arguments[:2] == ["get", "--raw"] and arguments[2].endswith("/proxy/health/redis"):
        return int(not _reaches_redis(_live(settings, "REDIS_URL")))
    return subprocess.call([settings["kubectl"], *arguments])


def _reaches_redis(url: str) -> bool:
    """Tell whether a client that is given this URL comes in."""
    where = urlsplit(url)
    password = unquote(where.password or "").encode()
    with socket.create_connection((where.hostname, where.port), 10) as connection:
        connection.sendall(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%b\r\n" % (len(password), password))
        return connection.recv(100) == b"+OK\r\n"


def _live(settings: dict[str, str], key: str) -> str:
    asked = ["get", "secret", "backend-secrets", "--output=json", f"--namespace={settings['namespace']}"]
    found = subprocess.run([settings["kubectl"], *asked], capture_output=True, check=True).stdout
    return base64.b64decode(json.loads(found)["data"][key]).decode()


if __name__ == "__main__":
    sys.exit(main())
