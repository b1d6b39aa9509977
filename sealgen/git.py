"""What is asked of Git."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError

if TYPE_CHECKING:
    from pathlib import Path


def tracked_files_matching(root: Path, pattern: str, *pathspecs: str) -> list[str]:
    """Return the tracked files below ``root`` with a line that matches an extended regular expression.

    Empty where there is no Git or no work tree: nothing is tracked there.
    """
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return []
    try:
        found = subprocess.run(
            ["git", "grep", "-I", "-l", "-z", "-E", "-e", pattern, "--", *(pathspecs or (".",))],
            cwd=root,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise SealgenError(f"can't run git: {error.strerror}") from None
    if found.returncode not in (0, 1):
        raise SealgenError("git grep failed", hint="Run 'git status' to see why.")
    return [name.decode("utf-8", "surrogateescape") for name in found.stdout.split(b"\0") if name]
