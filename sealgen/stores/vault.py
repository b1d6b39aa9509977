"""HashiCorp Vault and OpenBao: the KV engine, versions 1 and 2.

A secret of version 2 is written by check-and-set, and then gets its tags, as ``custom_metadata``; version 1 has neither
a condition nor tags. Sources: Vault's HTTP API (``/secret/kv``); for the mount that a path is in, what Vault's own
command asks (``/sys/internal/ui/mounts``), which every token may.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn

from sealgen.errors import SealgenError, shortened
from sealgen.stores import vault_server
from sealgen.stores.document import from_json, to_json
from sealgen.stores.refusal import Overtaken, Refused
from sealgen.stores.writing import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.stores.http import Answer
    from sealgen.values.entry import Entry
    from sealgen.values.vault import VaultStore

_MAX_BYTES = 1024**2  # what its usual storage takes (Raft's max_entry_size)


class _Mount(NamedTuple):
    path: str
    """With a slash at its end."""
    versioned: bool

    def below(self, entry: Entry) -> str:
        """Return the path in the mount."""
        return entry.name.strip("/").removeprefix(self.path)

    def of(self, entry: Entry, what: str) -> str:
        """Return the path of the API that has the secret's ``data`` or ``metadata``."""
        return f"{self.path}{what}/{self.below(entry)}" if self.versioned else entry.name.strip("/")


class Vault:
    """The KV engines of a server."""

    most: ClassVar[int] = 1
    keyed: ClassVar[bool] = True
    owned: ClassVar[bool] = False
    versioned: ClassVar[bool] = True

    def __init__(self, server: vault_server.Server) -> None:
        self._server = server
        self._mounts: dict[str, _Mount] = {}
        self._lock = threading.Lock()

    def label(self, entry: Entry) -> str:
        """Return the path, the version, and where the server is."""
        version = f"version {entry.version} of " if entry.version else ""
        return f"{version}{entry.name} in {self._server.where}"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document]:
        """Read the secret."""
        (entry,) = entries
        mount, answer = self._get(entry, deadline)
        if answer.status == 404:
            self._missing(entry, mount, answer)
        return {entry: self._held(entry, mount, answer)}

    def _get(self, entry: Entry, deadline: Deadline) -> tuple[_Mount, Answer]:
        """Ask for a secret, which may not be there."""
        path = entry.name.strip("/")
        with self._lock:  # The first looks where the mount is.
            mount = self._mount(path, deadline)
        if not mount.versioned and entry.version:
            raise Refused(
                f"{entry.name} in {self._server.where} has no versions, as {mount.path} is KV version 1",
                kind=SealgenError,
            )
        asked = mount.of(entry, "data")
        version = f"?version={entry.version}" if entry.version else ""
        answer = self._server.ask("GET", asked, deadline, query=version)
        if answer.status == 403:
            raise self._server.denied(entry.name, f"one of its policies must grant read on {asked}")
        return mount, answer

    def _held(self, entry: Entry, mount: _Mount, answer: Answer) -> dict[str, Any]:
        """Return what a secret that is there holds."""
        data = self._server.data(answer, entry.name)
        found = data.get("data") if mount.versioned else data
        if not isinstance(found, dict):
            raise self._server.strange(entry.name)
        return found

    def problem(self, _: Entry, content: Document) -> str | None:
        """Say that it is too large; a path has no alphabet of its own."""
        if len(to_json(content)) > _MAX_BYTES:
            return f"it would have more than the {_MAX_BYTES:,} bytes that Vault takes"
        return None

    def look(self, entry: Entry, deadline: Deadline) -> Seen:
        """Return the secret with its version and custom metadata; of version 1, its keys alone."""
        mount, answer = self._get(entry, deadline)
        found = None if answer.status == 404 else self._held(entry, mount, answer)
        if not mount.versioned:
            return Seen(found, None, None)
        metadata = _metadata(answer)
        version, tags = metadata.get("version", "0"), metadata.get("custom_metadata")
        is_new = version == "0"  # there never was a version
        if not (isinstance(version, str) and version.isdecimal()) or (is_new and found is not None):
            raise self._server.strange(entry.name)
        return Seen(found, version, None if is_new else dict(tags) if isinstance(tags, dict) else {})

    def write(self, entry: Entry, content: Document, seen: Seen, tags: Mapping[str, str], deadline: Deadline) -> None:
        """Put the next version by check-and-set, and then the tags that it lacks."""
        path = entry.name.strip("/")
        with self._lock:
            mount = self._mount(path, deadline)
        if not mount.versioned:
            self._post(entry, path, to_json(content), deadline)
            return
        # The version is a number that ``seen`` has as its characters.
        body = b'{"options":{"cas":%s},"data":%s}' % (str(seen.token).encode(), to_json(content))
        self._post(entry, mount.of(entry, "data"), body, deadline)
        had = seen.tags or {}
        if not had.items() >= tags.items():
            body = to_json({"custom_metadata": {**had, **tags}})
            self._post(entry, mount.of(entry, "metadata"), body, deadline)

    def _post(self, entry: Entry, path: str, body: bytes, deadline: Deadline) -> None:
        answer = self._server.ask("POST", path, deadline, body=body)
        if answer.status == 400 and b"check-and-set parameter did not match" in answer.content:
            raise Overtaken
        if answer.status == 403:
            raise self._server.denied(entry.name, f"one of its policies must grant create and update on {path}")
        if answer.status not in (200, 204):
            # What a server says when it fails to take a secret is not repeated: it may hold some of it.
            raise Refused(f"{self._server.where} answers {path}, which is written, with status {answer.status}")

    def _mount(self, path: str, deadline: Deadline) -> _Mount:
        for known, mount in self._mounts.items():
            if path.startswith(known):
                return mount
        answer = self._server.ask("GET", f"sys/internal/ui/mounts/{path}", deadline)
        if answer.status == 403:
            raise self._server.denied(
                path, "it may be that there is no such mount, or that no policy grants read on it"
            )
        if answer.status == 404 and self._server.namespace:
            raise Refused(f"there is no {self._server.where}", hint="Is that the namespace's whole path?")
        data = self._server.data(answer, path)
        found, kind, options = data.get("path"), data.get("type"), data.get("options")
        if not (isinstance(found, str) and path.startswith(found)):
            raise self._server.strange(path)
        if kind not in ("kv", "generic"):
            raise Refused(
                f"{found} in {self._server.where} is of type {shortened(str(kind))}, not kv", kind=SealgenError
            )
        versioned = isinstance(options, dict) and options.get("version") == "2"
        return self._mounts.setdefault(found, _Mount(found, versioned))

    def _missing(self, entry: Entry, mount: _Mount, answer: Answer) -> NoReturn:
        try:
            metadata = _metadata(answer)
            version, deleted, destroyed = metadata["version"], metadata["deletion_time"], metadata["destroyed"]
        except KeyError:
            below = mount.below(entry)
            meant = below.removeprefix("data/")
            hint = None
            if mount.versioned and below.startswith("data/"):
                hint = f"Write {mount.path}{meant}: data/ belongs to the HTTP API's path, not to the secret's."
            raise Refused(f"there is no {self.label(entry)}", hint=hint) from None
        what = f"version {shortened(str(version))} of {entry.name} in {self._server.where}"
        raise Refused(f"{what} was {'destroyed' if destroyed is True else f'deleted at {shortened(str(deleted))}'}")


def _metadata(answer: Answer) -> dict[str, Any]:
    """Return what the server says of a version, which may be gone; nothing where there never was one."""
    try:
        metadata = from_json(answer.content)["data"]["metadata"]
    except (ValueError, KeyError, TypeError):
        metadata = None
    return metadata if isinstance(metadata, dict) else {}


def connect(store: VaultStore, root: Path, environ: Mapping[str, str]) -> Vault:
    """Return the engines of the server that the store and Vault's variables name; raises Refused as it does."""
    return Vault(vault_server.connect(store, root, environ))
