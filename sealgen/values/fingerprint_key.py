"""Where the fingerprint key is kept: a variable in CI, a git-ignored file on a developer's machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen import private_files
from sealgen.values.fingerprint import KEY_VARIABLE, FingerprintKey, new_key_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILENAME = ".sealgen/fingerprint.key"


def find(root: Path, environ: Mapping[str, str]) -> FingerprintKey | None:
    """Return this machine's key, or None; raises ConfigurationError for one that is malformed or readable by others."""
    if text := environ.get(KEY_VARIABLE):
        return FingerprintKey.parse(text)
    content = private_files.read(root / FILENAME)
    return FingerprintKey.parse(content.decode("ascii", "replace")) if content is not None else None


def make(root: Path) -> FingerprintKey:
    """Make this machine's key, unless a run at the same time has just made it."""
    private_files.check_ignored(root, root / FILENAME)
    private_files.create(root, root / FILENAME, new_key_text().encode())
    key = find(root, {})
    assert key is not None  # noqa: S101  (the file is there now)
    return key


def temporary() -> FingerprintKey:
    """Return a key for a plan that compares nothing: the lock has no keyed digest yet."""
    return FingerprintKey.parse(new_key_text())
