"""What is asked of Git."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError

if TYPE_CHECKING:
    from pathlib import Path

# All that Git gets of the environment: the rest may hold secrets, and its own variables, which a hook has, would
# make it look at another work tree or index.
_NEEDS = ("PATH", "HOME", "XDG_CONFIG_HOME")


def run(root: Path, *arguments: str, purpose: str) -> subprocess.CompletedProcess[bytes]:
    """Run Git in the folder ``root``; raises SealgenError, with the purpose as a hint, where there is none."""
    environment = {name: os.environ[name] for name in _NEEDS if name in os.environ}
    try:
        return subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True, check=False)
    except OSError as error:
        raise SealgenError(f"can't run git: {error.strerror}", hint=purpose) from None


def is_work_tree(root: Path) -> bool:
    """Tell whether the folder ``root`` lies in a work tree of Git."""
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def tracked_files_matching(root: Path, pattern: str, *pathspecs: str) -> list[str]:
    """Return the tracked files below ``root``, a work tree, with a line that matches an extended regular expression.

    Raises SealgenError where Git can't be run or fails.
    """
    # A person's own settings may colour names, or count them from the top of the work tree.
    options = ("-I", "-l", "-z", "--no-color", "--no-full-name")
    arguments = ("grep", *options, "-E", "-e", pattern, "--", *(pathspecs or (".",)))
    found = run(root, *arguments, purpose="It must make sure that no plaintext is tracked.")
    if found.returncode not in (0, 1):
        raise SealgenError("'git grep' failed", hint="Run 'git status' to see why.")
    return [name.decode("utf-8", "surrogateescape") for name in found.stdout.split(b"\0") if name]
