"""SOPS: files that the sops command decrypts, each once in a run.

Source: the documentation of SOPS 3.11; its exit statuses are in ``cmd/sops/codes``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import SealgenError
from sealgen.stores.deadline import Passed
from sealgen.stores.document import from_json
from sealgen.stores.refusal import Refused
from sealgen.values.children import environ_of_child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.entry import Entry
    from sealgen.values.sops import SopsStore

_HAVE_KEYS = frozenset({".yaml", ".yml", ".json", ".env", ".ini"})
"""The ends of names by which sops knows a file of keys; of all others it takes every byte."""
_NO_KEY = 128
_OTHER_MAC = 51
_BY_HAND = "Its error output may hold a value and is not shown; try it: sops decrypt {}"


class Sops:
    """The sops command, in a project's root."""

    most: ClassVar[int] = 1

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root = root
        self._environ = environ_of_child(environ)

    def label(self, entry: Entry) -> str:
        """Return the file's path."""
        return entry.name

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document]:
        """Decrypt the file."""
        (entry,) = entries
        path = self._root / entry.name
        if not path.is_file():
            raise Refused(f"there is no file {entry.name} for sops to decrypt")
        has_keys = PurePosixPath(entry.name).suffix in _HAVE_KEYS
        form = ["--output-type", "json"] if has_keys else []
        content = self._run(["sops", "--decrypt", *form, str(path)], entry.name, deadline)
        if not has_keys:
            return {entry: content}
        try:
            document = from_json(content)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Refused(f"{entry.name} holds no keys", kind=SealgenError)
        return {entry: document}

    def _run(self, command: Sequence[str], file: str, deadline: Deadline) -> bytes:
        seconds = deadline.left()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._root,
                env=self._environ,
                start_new_session=True,
            )
        except OSError as error:
            raise Refused(
                f"{file} needs the program sops, which can't be started: {error.strerror}",
                hint="Install it, or add its folder to PATH.",
            ) from None
        with process:
            try:
                content, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                raise Passed from None
            finally:
                if process.returncode is None:
                    # With what it started: an agent's or a key service's client.
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(process.pid, signal.SIGKILL)
        if process.returncode == _NO_KEY:
            raise Refused(f"sops has none of the keys that open {file}", hint=f"Try it: sops decrypt {file}")
        if process.returncode == _OTHER_MAC:
            raise Refused(f"sops refuses {file}: it was altered after it was encrypted", kind=SealgenError)
        if process.returncode:
            raise Refused(f"sops can't decrypt {file} (status {process.returncode})", hint=_BY_HAND.format(file))
        return content


def connect(_: SopsStore, root: Path, environ: Mapping[str, str]) -> Sops:
    """Return the command as it is run in the project's root."""
    return Sops(root, environ)
