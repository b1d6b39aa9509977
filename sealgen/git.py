"""What is asked of Git."""

from __future__ import annotations

import os
import posixpath
from bisect import bisect_left
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sealgen.errors import ConfigurationError, SealgenError, quoted

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path, PurePosixPath

# All that Git gets of the environment: the rest may hold secrets, and its own variables, which a hook has, would
# make it look at another work tree or index.
_NEEDS = ("PATH", "HOME", "XDG_CONFIG_HOME")


def run(
    root: Path, *arguments: str, purpose: str, environ: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[bytes]:
    """Run Git in the folder ``root``, with ``environ`` beside what it needs.

    Raises SealgenError, with the purpose as a hint, where there is none.
    """
    import subprocess  # noqa: PLC0415  (who looks for a file asks nothing of Git)

    env = {**_environment(), **environ}
    try:
        return subprocess.run(["git", *arguments], cwd=root, env=env, capture_output=True, check=False)
    except OSError as error:
        raise SealgenError(f"can't run git: {error.strerror}", hint=purpose) from None


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _NEEDS if name in os.environ}


def is_work_tree(root: Path) -> bool:
    """Tell whether the folder ``root`` lies in a work tree of Git."""
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def folder(root: Path) -> str:
    """Return the path of the folder ``root`` from the top of its work tree; ``.`` there, and where it is in none."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    return root.relative_to(top).as_posix()


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


def commit(root: Path, revision: str) -> str:
    """Return the name of the commit that a revision means; raises ConfigurationError where it means none."""
    # What begins with a dash would be an option.
    found = None if revision.startswith("-") else _named(root, f"{revision}^{{commit}}")
    if found is None:
        raise ConfigurationError(f"Git knows no commit {quoted(revision)}", hint="See: git log --oneline --all")
    return found


def is_revision(root: Path, text: str) -> bool:
    """Tell whether a text means a commit."""
    return not text.startswith("-") and _named(root, f"{text}^{{commit}}") is not None


def _named(root: Path, expression: str) -> str | None:
    arguments = ("rev-parse", "--quiet", "--verify", "--end-of-options", expression)
    found = run(root, *arguments, purpose="It knows what changed.")
    return found.stdout.decode().strip() if found.returncode == 0 else None


def merge_base(root: Path, one: str, other: str) -> str:
    """Return the commit that two have in common; raises ConfigurationError where they have none."""
    names = (commit(root, one), commit(root, other))
    found = run(root, "merge-base", *names, purpose="It knows where branches parted.")
    if found.returncode != 0:
        raise ConfigurationError(
            f"{quoted(one)} and {quoted(other)} have no commit in common",
            hint="In a shallow clone, fetch more of the history: git fetch --unshallow",
        )
    return found.stdout.decode().strip()


def changed_files(root: Path, start: str, end: str | None) -> list[str]:
    """Return the files below ``root`` that differ between two commits, by path from it.

    Without ``end``, that is between the commit and the work tree, files included that Git does not track, nor ignore.
    """
    options = ("--name-only", "-z", "--no-renames", "--relative", "--no-ext-diff")
    names = _asked(root, "diff", *options, *((start,) if end is None else (start, end)), "--", ".")
    if end is None:
        names += _asked(root, "ls-files", "-z", "--others", "--exclude-standard", "--", ".")
    return sorted(set(names))


class _Entry(NamedTuple):
    is_regular: bool
    blob: str


class Blobs:
    """The contents that a repository has, by their names, read through one process."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, blob: str) -> bytes:
        """Return a blob's bytes."""
        return next(self.read_all([blob]))

    def read_all(self, blobs: Sequence[str]) -> Iterator[bytes]:
        """Yield the bytes of some blobs, of so few that a pipe takes all their names at once."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise SealgenError("'git cat-file' failed")
        stdin.write("".join(f"{blob}\n" for blob in blobs).encode())
        stdin.flush()
        for _ in blobs:
            # The head is "<blob> blob <size>", and a line's end follows the content.
            size = int(stdout.readline().split()[2])
            yield stdout.read(size + 1)[:-1]

    @cached_property
    def _process(self) -> subprocess.Popen[bytes]:
        import subprocess  # noqa: PLC0415

        try:
            return subprocess.Popen(
                ["git", "cat-file", "--batch"],
                cwd=self._root,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as error:
            raise SealgenError(f"can't run git: {error.strerror}", hint="It has the files of the past.") from None

    def close(self) -> None:
        """End the process, if there is one."""
        if (process := self.__dict__.get("_process")) is not None:
            process.communicate()


_AHEAD = 256
"""How many files are read at once: their names are 41 or 65 bytes each, and a pipe takes 64 KiB."""


class Commits:
    """The commits of a repository, read through one process; what several have alike is read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.contents: dict[str, bytes] = {}
        """What was read, by blob."""
        self._blobs = Blobs(root)

    def fetch(self, blobs: Iterable[str]) -> None:
        """Read what these blobs have, where it was not read before."""
        new = [blob for blob in dict.fromkeys(blobs) if blob not in self.contents]
        self.contents.update(zip(new, self._blobs.read_all(new), strict=True))

    def close(self) -> None:
        """End what reads, if anything does."""
        self._blobs.close()


class Commit:
    """The files below the root as a commit has them."""

    def __init__(self, commits: Commits, name: str) -> None:
        self.root = commits.root
        self.name = name
        self._commits = commits

    def read(self, path: str | PurePosixPath) -> bytes | None:
        """Return a file's bytes, None where there is none; raises SealgenError for what is no regular file."""
        entry = self._entries.get(str(path))
        if entry is None:
            return None
        if not entry.is_regular:
            raise SealgenError(f"{path} is no regular file in the commit {self.name[:12]}")
        if entry.blob not in self._commits.contents:
            self._commits.fetch(self._beside(str(path)))
        return self._commits.contents[entry.blob]

    def _beside(self, path: str) -> Iterator[str]:
        """Yield the blob of a file and of those that follow in its folder: who reads one manifest mostly reads all."""
        folder = posixpath.dirname(path)
        start = bisect_left(self._paths, path)
        for other in self._paths[start : start + _AHEAD]:
            if posixpath.dirname(other) == folder and self._entries[other].is_regular:
                yield self._entries[other].blob

    def known_digest(self, path: str) -> str | None:
        """Return the blob's name, None where there is no regular file."""
        entry = self._entries.get(path)
        return entry.blob if entry is not None and entry.is_regular else None

    def below(self, folder: str, suffix: str) -> Iterator[str]:
        """Yield the files below a folder whose names end so, by their path from the folder."""
        top = f"{folder}/"
        for path in self._entries:
            if path.startswith(top) and path.endswith(suffix):
                yield path[len(top) :]

    def leads_out(self, path: str | PurePosixPath, folder: str) -> bool:
        """Tell that nothing leads out of a folder: no link of a commit is followed."""
        return False

    @cached_property
    def _entries(self) -> Mapping[str, _Entry]:
        """What the commit has, by path from the root."""
        listed = _asked(self.root, "ls-tree", "-r", "-z", self.name, "--", ".")
        entries = {}
        for line in listed:
            told, _, path = line.partition("\t")
            mode, _, blob = told.split(" ")
            entries[path] = _Entry(mode.startswith("100"), blob)
        return entries

    @cached_property
    def _paths(self) -> Sequence[str]:
        return sorted(self._entries)


def files_named(root: Path, names: Iterable[str]) -> list[str]:
    """Return the files of these names anywhere in the work tree, by path from ``root``, that Git does not ignore."""
    pathspecs = [f":(top,glob)**/{name}" for name in names]
    return sorted(set(_asked(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *pathspecs)))


def is_shallow(root: Path) -> bool:
    """Tell whether the clone lacks a part of its history."""
    return _asked(root, "rev-parse", "--is-shallow-repository", ends="\n") == ["true"]


class Past(NamedTuple):
    """A file as a commit brought it."""

    commit: str
    path: str
    """From the root that was asked about."""
    blob: str


def history_matching(root: Path, pattern: str, *pathspecs: str) -> Iterator[Past]:
    """Yield what the commits of all branches and tags, the oldest first, brought that may have lines which match.

    What matches may also have been taken out there, so whoever asks looks at the file. The pattern is an extended
    regular expression.
    """
    what = ("--all", "--reverse", "--diff-merges=separate", "--diff-filter=AM", "--format=%H", *_RAW)
    commit = ""
    listed = iter(_asked(root, "log", *what, f"-G{pattern}", "--", *(pathspecs or (".",))))
    for item in listed:
        # With -z, the first file follows its commit after a line's end.
        told = item.removeprefix("\n")
        if not told.startswith(":"):
            commit = told
        else:
            _, mode, _, blob, _ = told.split(" ")
            path = next(listed)
            if mode.startswith("100"):
                yield Past(commit, path, blob)


def tracked_files(root: Path) -> list[str]:
    """Return the files below ``root`` that Git tracks, by path from it."""
    return _asked(root, "ls-files", "-z", "--", ".")


def staged(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the files that the next commit changes or adds, by path from ``root``, with their blobs.

    In a hook, what is staged is what Git says there: 'git commit --all' has an index of its own.
    """
    index = os.environ.get("GIT_INDEX_FILE")
    own = {"GIT_INDEX_FILE": os.path.abspath(index)} if index else {}  # noqa: PTH100  (resolve would follow links)
    return _after(_asked(root, "diff", "--cached", *_RAW, "--", ".", environ=own), "")


def brought(root: Path, start: str, end: str) -> Iterator[tuple[str, str]]:
    """Yield every file that the commits after ``start`` up to ``end`` changed or added, with its blob.

    A file is told as ``COMMIT:PATH``.
    """
    for name in _asked(root, "rev-list", "--reverse", f"{start}..{end}", ends="\n"):
        listed = _asked(root, "diff-tree", "-r", "--root", "-m", "--no-commit-id", *_RAW, name, "--", ".")
        yield from _after(listed, f"{name[:12]}:")


_RAW = ("--raw", "--no-abbrev", "-z", "--no-renames", "--relative")


def _after(listed: list[str], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the new blob of each file of Git's raw format; what was removed has none, a module is none."""
    for told, path in zip(listed[::2], listed[1::2], strict=True):
        _, mode, _, blob, _ = told.split(" ")
        if set(blob) != {"0"} and mode.startswith("100"):
            yield f"{prefix}{path}", blob


def _asked(
    root: Path, *arguments: str, ends: str = "\0", environ: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Run a command of Git that lists something; raises SealgenError where it fails."""
    found = run(root, *arguments, purpose="It knows the files and their past.", environ=environ)
    if found.returncode != 0:
        raise SealgenError(f"'git {arguments[0]}' failed", hint="Run 'git status' to see why.")
    return [item for item in found.stdout.decode("utf-8", "surrogateescape").split(ends) if item]
