"""What a run read and wrote when it left an environment up to date: where all of it is the same, nothing need be done.

``.sealgen/<environment>.seen`` is JSON: a digest of each file, and of the programs that judged them. It is a memory of
one machine; whatever is different, missing or strange in it only means that the next run looks for itself.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sealgen
from sealgen.overlay.disk import digest
from sealgen.overlay.state import STATE, journal_of, staging_of
from sealgen.regular_file import MAX_BYTES, NotRegularError, TooLargeError, read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

_FORMAT = 1
_JUDGES = ("cryptography", "jinja2", "yaml")


@dataclass(frozen=True)
class Seen:
    """An environment that was left up to date."""

    secrets: int
    keys: int
    files: Mapping[str, str | None] = field(repr=False)
    """A digest of each file that was read or written, by its path from the project's root; None for one not there."""


class Witness:
    """Notes what a run reads and writes."""

    def __init__(self) -> None:
        self._files: dict[str, str | None] = {}

    def note(self, path: str | PurePosixPath, content: bytes | None) -> None:
        """Note what a file holds now; None where there is none."""
        self.note_digest(path, digest(content))

    def note_digest(self, path: str | PurePosixPath, digest: str | None) -> None:
        """Note what a file holds now by its digest."""
        self._files[str(path)] = digest

    def seen(self, secrets: int, keys: int) -> Seen:
        """Return what was noted, of an environment with so many secrets and keys that is up to date."""
        return Seen(secrets, keys, self._files)


def remember(root: Path, environment: str, seen: Seen | None) -> None:
    """Keep what a run has seen, or forget what an earlier one had; what can't be written is not remembered."""
    path = _path(root, environment)
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        if seen is not None:
            content = json.dumps({"format": _FORMAT, "judges": judges(), **vars(seen)})
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(content)


def recall(root: Path, environment: str) -> Seen | None:
    """Return what an earlier run saw, if all of it is the same now; None where that can't be told."""
    if os.path.lexists(journal_of(root, environment)) or os.path.lexists(staging_of(root, environment)):
        return None
    try:
        content = json.loads(_read(str(_path(root, environment))) or b"")
        if content["format"] != _FORMAT or content["judges"] != judges():
            return None
        seen = Seen(int(content["secrets"]), int(content["keys"]), dict(content["files"]))
        same = all(digest(_read(f"{root}/{path}")) == before for path, before in seen.files.items())
    except (OSError, NotRegularError, TooLargeError, ArithmeticError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return seen if same else None


def _path(root: Path, environment: str) -> Path:
    return root / STATE / f"{environment}.seen"


@cache  # this process goes on with what it has loaded
def judges() -> list[list[int | str]]:
    """Return what tells one state of sealgen, and of what it stands on, from another."""
    told: list[list[int | str]] = [[sealgen.__version__]]
    files = sorted(
        os.path.join(folder, name)  # noqa: PTH118  (it is done even where nothing else is: Path takes five times as long)
        for folder, _, names in os.walk(Path(sealgen.__file__).parent)
        for name in names
        if name.endswith(".py")
    )
    for name in _JUDGES:
        spec = importlib.util.find_spec(name)
        files.append(str(spec.origin) if spec else name)
    for file in files:
        found = os.stat(file)  # noqa: PTH116
        told.append([found.st_mtime_ns, found.st_size])
    return told


def _read(path: str) -> bytes | None:
    """Return the bytes of a file, None where there is none; raises OSError, NotRegularError or TooLargeError."""
    try:
        return read_regular(path, MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
