"""Files that hold secrets on this machine: open to their owner alone (mode 0600), and ignored by Git."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from typing import TYPE_CHECKING

from sealgen import git
from sealgen.errors import ConfigurationError, SealgenError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read(path: Path) -> bytes | None:
    """Return the file's bytes, None where there is none.

    Raises ConfigurationError for a file that others than its owner can read or write, SealgenError for one that
    can't be read.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise ConfigurationError(
                    f"{path} holds secrets and is open to others (mode {mode:04o})", hint=f"Run: chmod 600 {path}"
                )
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SealgenError(f"can't read {path}: {error.strerror}") from None


def create(root: Path, path: Path, content: bytes) -> None:
    """Make the file, whole and on disk, unless it is there: then a run at the same time has just made it.

    ``path`` is below ``root``. Raises SealgenError where it can't be written, for example because its folder is not
    there; no part of it is left then, though all of it may be, and counts.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists():
                # Made by the one that this one waited for, or just before; what is called new is nobody's.
                new.unlink(missing_ok=True)
                return
            if not _is_at(new, file.fileno()):
                # The one that this one waited for has failed, and removed the file.
                create(root, path, content)
                return
            try:
                # It may hold what a process wrote that died.
                file.truncate(0)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                new.rename(path)
            except OSError:
                with contextlib.suppress(OSError):
                    new.unlink()
                raise
        _flush(path.parent)
    except OSError as error:
        shown = path.relative_to(root).as_posix()
        raise SealgenError(f"can't write {shown}: {error.strerror}; nothing was changed") from None


def write_new(path: Path, content: bytes) -> None:
    """Make a file where the user asked for it, whole and on disk.

    Raises ConfigurationError where something is there already, if only a link, and SealgenError where it can't be
    written; nothing of it is left then.
    """
    try:
        # Unlike a rename, a link never takes the place of what is there.
        _put(path, content, os.link)
    except FileExistsError:
        raise ConfigurationError(f"{path} is there already; nothing was written") from None


def write_over(path: Path, content: bytes) -> None:
    """Make a file, whole and on disk, in the place of the one that may be there; its mode is not kept.

    Raises ConfigurationError for what is no regular file, as a link is, and SealgenError where it can't be written;
    what was there is then as it was.
    """
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        kind = "a link" if path.is_symlink() else "not a file"
        raise ConfigurationError(f"{path} is {kind}; nothing was written")
    _put(path, content, os.rename)


def _put(path: Path, content: bytes, put: Callable[[Path, Path], None]) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                put(new, path)
            finally:
                new.unlink(missing_ok=True)
        _flush(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise SealgenError(f"can't write {path}: {error.strerror}; nothing was written") from None


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def check_ignored(root: Path, path: Path) -> None:
    """Make sure that Git neither tracks the file, which need not be there, nor would; ``path`` is below ``root``.

    Raises ConfigurationError where it does or would, and SealgenError where Git can't tell. Outside of a work
    tree nothing can be committed, and all is well.
    """
    if not git.is_work_tree(root):
        return
    shown = path.relative_to(root).as_posix()
    # The answer is yes for a file that is ignored and not tracked.
    ignored = _git(root, "check-ignore", "--quiet", "--", shown)
    if ignored == 1:
        line = "/" + re.sub(r"([\\*?\[])", r"\\\1", shown)
        if _git(root, "ls-files", "--error-unmatch", "--", f":(literal){shown}") == 0:
            raise ConfigurationError(
                f"Git tracks {shown}, which holds secrets",
                hint=f"Run 'git rm --cached {shown}', add the line '{line}' to {root / '.gitignore'}, "
                "and replace the secrets: Git's history has them.",
            )
        raise ConfigurationError(
            f"Git does not ignore {shown}, which holds secrets",
            hint=f"Add the line '{line}' to {root / '.gitignore'}.",
        )
    if ignored != 0:
        raise SealgenError(
            f"can't make sure that Git ignores {shown}, which holds secrets",
            hint=f"See what 'git check-ignore {shown}' says.",
        )


def _git(root: Path, *arguments: str) -> int:
    return git.run(root, *arguments, purpose="It must make sure that a file with secrets is ignored.").returncode
