"""A server that keeps secrets as Vault's KV engine does: versions, check-and-set, custom metadata, soft deletion.

It speaks what sealgen asks of it and no more: ``secret/`` is of version 2, ``old/`` of version 1.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.api_server import Answer, ApiServer, Request, api_server, as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

TOKEN = "hvs.token-9c41"
OURS = {"managed-by": "sealgen", "sealgen-environment": "staging"}


@dataclass
class Secret:
    """The versions of a secret, None for one that was deleted, and its custom metadata."""

    versions: list[dict[str, Any] | None] = field(default_factory=list)
    tags: dict[str, str] | None = None


class _Everything(dict[str, "Answer | Callable[[Request], Answer]"]):
    """Answers of a test's own, and one for all else."""

    def __init__(self, rest: Callable[[Request], Answer]) -> None:
        super().__init__()
        self._rest = rest

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key) or self._rest


@dataclass
class Vault:
    """A server under way."""

    server: ApiServer
    secrets: dict[str, Secret] = field(default_factory=dict)
    """Those of ``secret/``, by path below it."""
    old: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Those of ``old/``."""
    before_write: Callable[[str], None] | None = None
    """Called with the path before a secret's next version is taken, once: somebody who comes first."""

    @property
    def variables(self) -> Mapping[str, str | None]:
        """What leads Vault's clients here."""
        return {"VAULT_ADDR": self.server.url, "VAULT_TOKEN": TOKEN}

    def put(self, path: str, data: dict[str, Any], tags: dict[str, str] | None = None) -> None:
        """Put a version, as somebody does by hand."""
        secret = self.secrets.setdefault(path, Secret())
        secret.versions.append(data)
        secret.tags = tags if tags is not None else secret.tags

    def newest(self, path: str) -> dict[str, Any] | None:
        """Return what a secret of ``secret/`` holds."""
        secret = self.secrets.get(path)
        return secret.versions[-1] if secret else None

    def writes(self) -> list[tuple[str, Any]]:
        """Return what was written, in order."""
        return [
            (request.path.removeprefix("/v1/"), json.loads(request.body))
            for request in self.server.requests
            if request.method == "POST"
        ]

    def answer(self, request: Request) -> Answer:
        """Answer as Vault does."""
        path = request.path.removeprefix("/v1/")
        if path.startswith("sys/internal/ui/mounts/"):
            mount = path.removeprefix("sys/internal/ui/mounts/").partition("/")[0]
            version = {"secret": "2", "old": "1"}[mount]
            return as_json({"data": {"path": f"{mount}/", "type": "kv", "options": {"version": version}}})
        mount, _, below = path.partition("/")
        if mount == "old":
            return self._old(request, below)
        kind, _, name = below.partition("/")
        if kind == "metadata":
            self.secrets.setdefault(name, Secret()).tags = json.loads(request.body)["custom_metadata"]
            return Answer(204)
        if request.method == "POST":
            return self._put(name, json.loads(request.body))
        return self._get(name, int(request.query.get("version", 0)))

    def _old(self, request: Request, name: str) -> Answer:
        if request.method == "POST":
            self.old[name] = json.loads(request.body)
            return Answer(204)
        return as_json({"data": self.old[name]}) if name in self.old else as_json({"errors": []}, 404)

    def _get(self, name: str, version: int) -> Answer:
        """Return a version, which counts from 1; 0 is the newest."""
        secret = self.secrets.get(name)
        if secret is None or not secret.versions:
            return as_json({"errors": []}, 404)
        content = secret.versions[version - 1]
        metadata = {
            "version": version or len(secret.versions),
            "custom_metadata": secret.tags,
            "deletion_time": "" if content is not None else "2026-03-01T00:00:00Z",
            "destroyed": False,
        }
        status = 200 if content is not None else 404
        return as_json({"data": {"data": content, "metadata": metadata}}, status)

    def _put(self, name: str, body: Any) -> Answer:
        before, self.before_write = self.before_write, None
        if before is not None:
            before(name)
        secret = self.secrets.get(name, Secret())
        if body["options"]["cas"] != len(secret.versions):
            problem = "check-and-set parameter did not match the current version"
            return as_json({"errors": [problem]}, 400)
        self.secrets[name] = secret
        secret.versions.append(body["data"])
        return as_json({"data": {"version": len(secret.versions)}})


@contextlib.contextmanager
def vault(folder: Path) -> Iterator[Vault]:
    """Run the server; it uses ``folder`` for a file of its own."""
    with api_server(folder) as server:
        it = Vault(server)
        server.answers = _Everything(it.answer)
        yield it
