"""Writing files as a transaction: after a crash at any instruction they are as before or, once finished, as after.

New files are staged and flushed; renaming the journal into its place is the commit; then the files are renamed into
place and the journal is dropped. What a dead process left is finished or discarded by the next one that takes the
environment's lock. All of that lives in ``.sealgen/`` at the project's root, which Git ignores:

- ``<environment>.lock`` is held (flock) for a whole run; in it stands the process that holds it
- ``<environment>.staging/`` has the new files by number, and the journal until it counts
- ``<environment>.journal`` tells what a committed run puts in place
- ``lock`` is held while a commit is checked and put in place, as environments may share a file
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from sealgen.overlay.disk import (
    Failure,
    content_of,
    digest,
    explained,
    flush,
    flush_all,
    make_folder,
    mode_of,
    nearest,
    nothing_changed,
    real,
    write,
)
from sealgen.overlay.state import (
    STATE,
    holder,
    journal_of,
    lock_holder,
    lock_of_all,
    make_state,
    open_here,
    open_lock,
    staging_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


@dataclass(frozen=True)
class FileChange:
    """What a run wants of one file. Where ``before`` and ``after`` are equal the file stays, and must still be so."""

    path: PurePosixPath
    """From the project's root."""
    before: bytes | None = field(repr=False)
    """What the run read; None for a file that is not there."""
    after: bytes | None = field(repr=False)
    """What the file is to hold; None for one to remove."""
    mode: int = 0o644
    """Permission bits of a new file, less the umask. A file that is there keeps its own."""

    @cached_property
    def digest_after(self) -> str | None:
        """The digest of what the file is to hold; None for one to remove."""
        return digest(self.after)


@contextlib.contextmanager
def exclusive(
    root: Path, environment: str, within: Sequence[PurePosixPath], waiting: Callable[[str], None] | None
) -> Iterator[Run]:
    """Hold an environment's lock, and deal with what an interrupted run left before anything is read.

    ``within`` are the files and folders, from the project's root, that the environment is written to. Where another
    run holds the lock, ``waiting`` is told so and the lock is waited for; None refuses instead. Raises SealgenError.
    """
    with nothing_changed():
        make_state(root)
        descriptor = open_lock(root, name := f"{environment}.lock")
    with open_here(descriptor):
        with nothing_changed(), explained("lock", f"{STATE}/{name}"):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held_by = holder(descriptor)
                if waiting is None:
                    raise SealgenError(
                        f"{environment}: another run is under way{held_by}", hint="Try again when it has ended."
                    ) from None
                waiting(f"{environment}: waiting for another run to end{held_by}")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield Run(root, environment, within)


def pending(root: Path, environment: str) -> str | None:
    """Tell what stands between the files and what they are to be, and change nothing; None if nothing does.

    That is a run that is under way, or one that was interrupted before it changed anything. Raises CannotTell for one
    that was interrupted in between, as half of its files tell nothing, and SealgenError for a damaged journal.
    """
    with nothing_changed():
        records = _read_journal(root, environment)
        if records is None and not os.path.lexists(staging_of(root, environment)):
            return None
        held_by = lock_holder(root, environment)
    if held_by is not None:
        return f"{environment}: a run is under way{held_by}; files may change meanwhile"
    if records is None:
        return f"{environment}: a run was interrupted before it changed anything; the next one tidies up"
    raise CannotTell(
        f"{environment}: a run was interrupted while it changed files", hint=f"Finish it: sealgen seal {environment}"
    )


class Run:
    """The right to write an environment's files, for as long as its lock is held; ``exclusive`` gives it."""

    def __init__(self, root: Path, environment: str, within: Sequence[PurePosixPath]) -> None:
        self._root = real(root)
        self._environment = environment
        self._within = within
        self._staging = staging_of(root, environment)
        self._journal = journal_of(root, environment)
        self._folders: dict[str, Path] = {}
        with nothing_changed():
            recovered = self._recover()
        self.recovered = recovered
        """What was done about an interrupted run, for people to read; None where there was none."""

    def apply(self, changes: Iterable[FileChange]) -> tuple[PurePosixPath, ...]:
        """Make all changes, or none; return the files that changed.

        Each change is written beside the files as soon as it comes, and none counts before the last has come.
        Raises SealgenError where a file is not as the run read it, and where something can't be written; the message
        says whether nothing was changed or the next run will finish. Raises ConfigurationError for a path that is
        not within what the environment is written to.
        """
        records: list[_Record] = []
        try:
            with nothing_changed():
                watched = self._stage(changes, records)
            if records:
                with nothing_changed(), lock_of_all(self._root):
                    for target, record in watched:
                        if digest(content_of(target, record.path)) != record.before:
                            raise SealgenError(
                                f"{record.path} changed while sealgen ran; nothing was written", hint="Run it again."
                            )
                    self._commit(records)
        finally:
            self._tidy_up()
        return tuple(record.path for record in records)

    # --- before the commit: only the staging folder changes ---

    def _stage(self, changes: Iterable[FileChange], records: list[_Record]) -> list[tuple[str, _Record]]:
        """Write what changes, and note it in ``records``; return all files, and what they must be at the commit."""
        watched: list[tuple[str, _Record]] = []
        staged = []
        for number, change, target in self._work(changes, watched, records):
            if change.after is not None:
                with explained("write", change.path):
                    write(self._staged(number), change.after, change.mode, mode_of(target))
                staged.append(self._staged(number))
        if records:
            with explained("write", self._shown()):
                flush_all(staged)
                journal = json.dumps(
                    {"version": 1, "files": [{**vars(record), "path": str(record.path)} for record in records]}
                )
                write(self._staging / "journal", journal.encode() + b"\n", 0o600, None)
                for path in (self._staging / "journal", self._staging, self._staging.parent, self._root):
                    flush(path)
        return watched

    def _work(
        self, changes: Iterable[FileChange], watched: list[tuple[str, _Record]], records: list[_Record]
    ) -> Iterator[tuple[int, FileChange, str]]:
        """Yield each file that changes, with its number, once it is known that it can be put in place."""
        folders: set[Path] = set()
        for change in changes:
            folder, target = self._target(change.path)
            record = _Record.of(change)
            watched.append((target, record))
            if record.before == record.after:
                continue
            if not records:
                with explained("write", self._shown()):
                    self._staging.mkdir(0o700)
            if folder not in folders:
                folders.add(folder)
                self._try_folder(nearest(folder))
            records.append(record)
            yield len(records) - 1, change, target

    def _shown(self) -> str:
        return f"{STATE}/{self._staging.name}"

    def _try_folder(self, folder: Path) -> None:
        """Find out whether files can be renamed from the staging folder to this one."""
        shown = self._named(folder)
        if not folder.is_dir():
            raise Failure(f"{shown} is not a folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Failure(f"can't write to {shown}: the folder is read-only")
        try:
            # Linux compares the two mounts, and looks whether they are read-only, before it looks for the file.
            (self._staging / "missing").rename(folder / "missing")
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Failure(f"can't move files from {STATE} to {shown}: {error.strerror}") from None

    # --- from the commit on ---

    def _commit(self, records: Sequence[_Record]) -> None:
        progress = _Progress()
        try:
            with explained("write", f"{STATE}/{self._journal.name}"):
                (self._staging / "journal").rename(self._journal)
                flush(self._journal.parent)
            self._put_in_place(dict(enumerate(records)), records, progress)
        except Failure as failure:
            if progress.begun or not self._take_back(progress):
                raise self._unfinished(failure) from None
            raise

    def _put_in_place(self, left: dict[int, _Record], records: Sequence[_Record], progress: _Progress) -> None:
        """Carry out the journal's ``records``, of which those ``left`` are not yet; each by its number."""
        targets = [self._target(record.path) for record in records]
        made = set()
        for number, record in left.items():
            if record.after is not None and (folder := targets[number][0]) not in made:
                made.add(folder)
                with explained("write", record.path):
                    make_folder(folder, progress.folders)
        for number, record in left.items():
            _, target = targets[number]
            with explained("write", record.path):
                if record.after is None:
                    Path(target).unlink()
                else:
                    os.rename(self._staged(number), target)  # noqa: PTH104  (of many files, each a Path)
            progress.begun = True
        # Any folder on the way down may be new, made by this run or by the one that was interrupted.
        for folder in self._way_to({folder for folder, _ in targets}):
            with explained("write", self._named(folder)):
                flush(folder)
        # In this order: staged files without a journal are those of a run that changed nothing.
        with contextlib.suppress(Failure):
            self._discard()
        with explained("write", f"{STATE}/{self._journal.name}"):
            self._journal.unlink()
            flush(self._journal.parent)

    def _way_to(self, folders: Iterable[Path]) -> list[Path]:
        """Return these folders and those above them up to the root, as far as they are there."""
        way = {above for folder in folders for above in (folder, *folder.parents)}
        return sorted(folder for folder in way if folder.is_relative_to(self._root) and folder.is_dir())

    def _take_back(self, progress: _Progress) -> bool:
        """Undo a commit of which nothing is in place yet; tell whether that worked.

        Were the journal to come back because the disk did not learn of it, the next run would find its staged files
        gone and give it up.
        """
        try:
            self._journal.unlink(missing_ok=True)
        except OSError:
            return False
        for folder in reversed(progress.folders):
            with contextlib.suppress(OSError):
                folder.rmdir()
        return True

    def _unfinished(self, failure: Failure) -> SealgenError:
        return SealgenError(
            f"{failure}; the run could not be completed",
            hint=f"The next run for {self._environment} finishes it.",
        )

    def _tidy_up(self) -> None:
        # A journal needs the staged files. What can't be removed now, the next run removes.
        if not os.path.lexists(self._journal):
            with contextlib.suppress(Failure):
                self._discard()

    def _discard(self) -> None:
        with explained("remove", self._shown()), contextlib.suppress(FileNotFoundError):
            for path in self._staging.iterdir():
                path.unlink()
            self._staging.rmdir()

    # --- after a crash ---

    def _recover(self) -> str | None:
        with lock_of_all(self._root):
            records = _read_journal(self._root, self._environment)
            if records is not None:
                return self._recover_commit(records)
            if os.path.lexists(self._staging):
                self._discard()
                return f"{self._environment}: discarded what an interrupted run had prepared"
            return None

    def _recover_commit(self, records: Sequence[_Record]) -> str:
        """Carry out what is left of a commit, unless files were changed since: those are the user's."""
        found = [self._digest(record) for record in records]
        left = {number: record for number, record in enumerate(records) if found[number] != record.after}
        stuck = [
            record.path
            for number, record in left.items()
            if found[number] != record.before or not self._is_staged(number, record)
        ]
        if not stuck:
            try:
                self._put_in_place(left, records, _Progress())
            except Failure as failure:
                raise self._unfinished(failure) from None
            told = f"finished an interrupted run of {len(records)} file{'s' if len(records) > 1 else ''}"
        elif len(left) == len(records):
            with explained("remove", f"{STATE}/{self._journal.name}"):
                self._journal.unlink()
                flush(self._journal.parent)
            told = f"gave up an interrupted run, as {stuck[0]} was changed since; nothing of it is in place"
        else:
            raise SealgenError(
                f"{stuck[0]} was changed after a run was interrupted that has other files in place",
                hint=f"Bring the files to where you want them, then remove {STATE}/{self._journal.name} and run again.",
            )
        self._tidy_up()
        return f"{self._environment}: {told}"

    def _digest(self, record: _Record) -> str | None:
        return digest(content_of(self._target(record.path)[1], record.path))

    def _is_staged(self, number: int, record: _Record) -> bool:
        staged = self._staged(number)
        return record.after is None or digest(content_of(staged, record.path)) == record.after

    # --- where files are ---

    def _named(self, folder: Path) -> str:
        return "the project's folder" if folder == self._root else str(folder.relative_to(self._root))

    def _staged(self, number: int) -> str:
        return f"{self._staging}/{number}"

    def _target(self, path: PurePosixPath) -> tuple[Path, str]:
        """Return where the file really is, and in which folder: links to folders are followed, and don't lead out."""
        parent, _, name = str(path).rpartition("/")
        known = self._folders.get(parent)
        if known is None or name == ".." or "\0" in name:
            known = self._folder(path)
            if path not in self._within:
                self._folders[parent] = known
        return known, f"{known}/{name}"

    def _folder(self, path: PurePosixPath) -> Path:
        """Return the real folder of a file that may be written."""
        place = next((place for place in self._within if path.is_relative_to(place)), None)
        if place is None or ".." in path.parts or "\0" in str(path):
            places = ", ".join(map(str, self._within))
            raise ConfigurationError(
                f"{path} is outside of what {self._environment} is written to: {places}; nothing was written"
            )
        top = real(self._root / (path.parent if path == place else place))
        folder = real(self._root / path.parent)
        if not top.is_relative_to(self._root) or not folder.is_relative_to(top):
            raise ConfigurationError(
                f"{path} is behind a link that leads out, to {folder}; nothing was written",
                hint="Put a folder in the place of the link.",
            )
        return folder


# --- the journal ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Record:
    """A file in the journal: digests, None where there is no file. Its number is its place in the list."""

    path: PurePosixPath
    before: str | None
    after: str | None

    @classmethod
    def of(cls, change: FileChange) -> _Record:
        return cls(change.path, digest(change.before), change.digest_after)


@dataclass
class _Progress:
    """How far a commit got."""

    begun: bool = False
    """Whether some file is in place."""
    folders: list[Path] = field(default_factory=list)
    """The folders that were made."""


def _read_journal(root: Path, environment: str) -> list[_Record] | None:
    path = journal_of(root, environment)
    content = content_of(path, PurePosixPath(STATE, path.name))
    if content is None:
        return None
    try:
        journal = json.loads(content)
        if journal["version"] != 1:
            raise ValueError
        return [_Record(PurePosixPath(file["path"]), file["before"], file["after"]) for file in journal["files"]]
    except (ValueError, KeyError, TypeError):
        raise SealgenError(
            f"{STATE}/{path.name} is damaged, or of a newer sealgen",
            hint="See with 'git status' whether the files are as they should be, then remove it.",
        ) from None
