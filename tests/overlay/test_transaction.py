"""A transaction leaves the files as before or as after, whatever stops it and wherever it is stopped."""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from sealgen.overlay import transaction
from sealgen.overlay.state import STATE
from sealgen.overlay.transaction import FileChange, exclusive, pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

OUTPUT = PurePosixPath("k8s/overlays/staging")
LOCK = PurePosixPath("environments/staging.lock")
VALUES = PurePosixPath(".sealgen/staging.values")
WITHIN = (OUTPUT, LOCK, VALUES)

BEFORE = {
    OUTPUT / "changed.yaml": b"old\n",
    OUTPUT / "dropped.yaml": b"gone soon\n",
    OUTPUT / "kept.yaml": b"same\n",
    OUTPUT / "deployment.yaml": b"not sealgen's\n",
    LOCK: b"version 1\n",
}
AFTER = {
    OUTPUT / "changed.yaml": b"new\n" * 5000,
    OUTPUT / "kept.yaml": b"same\n",
    OUTPUT / "added.yaml": b"\x00\xff",
    OUTPUT / "deep" / "er" / "added.yaml": b"",
    OUTPUT / "deployment.yaml": b"not sealgen's\n",
    LOCK: b"version 2\n",
    VALUES: b"plaintext\n",
}
CHANGES = [
    FileChange(path, BEFORE.get(path), AFTER.get(path), mode=0o600 if path == VALUES else 0o644)
    for path in sorted(BEFORE | AFTER)
    if path.name != "deployment.yaml"
]
FINISHES = "The next run for staging finishes it."
FINISHED = "staging: finished an interrupted run of 6 files"


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a flush be a wish: which are made, and when, is tested here, and a killed process forgets no write."""
    monkeypatch.setattr(os, "fsync", os.fstat)


def put(root: Path, files: dict[PurePosixPath, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    put(root, BEFORE)
    return root


def tree(root: Path) -> dict[PurePosixPath, bytes]:
    """Return all files but those that sealgen keeps for itself."""
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    found = {PurePosixPath(path.relative_to(root)): path.read_bytes() for path in files}
    return {path: content for path, content in found.items() if path.parts[0] != STATE or path == VALUES}


def folders(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_dir()}


def state(root: Path) -> set[str]:
    return {path.name for path in (root / STATE).iterdir()} - {VALUES.name}


AT_REST = {".gitignore", "lock", "staging.lock"}


def refuse(message: str) -> None:
    pytest.fail(f"waited: {message}")


def apply(root: Path, changes: Sequence[FileChange] = CHANGES) -> str | None:
    with exclusive(root, "staging", WITHIN, refuse) as run:
        run.apply(changes)
        return run.recovered


def recover(root: Path) -> str | None:
    with exclusive(root, "staging", WITHIN, refuse) as run:
        return run.recovered


def failure(root: Path, changes: Sequence[FileChange] = CHANGES) -> str:
    with pytest.raises(SealgenError) as failed:
        apply(root, changes)
    return str(failed.value)


# --- stopping a run -----------------------------------------------------------------------------------------------

OPERATIONS = (
    "open", "write", "pwrite", "fsync", "close", "fchmod", "ftruncate", "mkdir", "rename", "unlink", "rmdir"
)  # fmt: skip


@contextlib.contextmanager
def intercepted(before: Callable[[int, str, tuple[Any, ...]], None]) -> Iterator[None]:
    """Call ``before`` with the number, name and arguments of each operation on files, before it is done."""
    counter = itertools.count()
    real = {name: getattr(os, name) for name in OPERATIONS}

    def wrapped(name: str) -> Callable[..., Any]:
        def operation(*arguments: Any, **named: Any) -> Any:
            before(next(counter), name, arguments)
            return real[name](*arguments, **named)

        return operation

    try:
        for name in OPERATIONS:
            setattr(os, name, wrapped(name))
        yield
    finally:
        for name, function in real.items():
            setattr(os, name, function)


def forked(function: Callable[[], int | None]) -> int:
    """Run a function in a child process and return the child's number.

    The child ends without any clean-up, with the number that the function returned.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    status = 1
    try:
        status = function() or 0
    finally:
        os._exit(status)


def finished(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(place: int, function: Callable[[], object]) -> bool:
    """Kill a child before its operation of this number; tell whether there was one."""

    def kill(number: int, name: str, arguments: tuple[Any, ...]) -> None:
        if number == place:
            if name == "write":
                os.pwrite(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2], 0)
            os.kill(os.getpid(), signal.SIGKILL)

    def doomed() -> None:
        with intercepted(kill):
            function()

    status = finished(forked(doomed))
    assert status in (0, -signal.SIGKILL)
    return status != 0


def fresh(root: Path) -> Path:
    shutil.rmtree(root, ignore_errors=True)
    put(root, BEFORE)
    return root


# --- what a run does ----------------------------------------------------------------------------------------------


def test_all_changes_are_made_and_nothing_else(root: Path) -> None:
    assert apply(root) is None
    assert tree(root) == AFTER
    assert state(root) == AT_REST


def test_the_state_folder_is_the_owners_alone_and_ignored_by_git(root: Path) -> None:
    apply(root)
    assert stat.S_IMODE((root / STATE).stat().st_mode) == 0o700
    assert (root / STATE / ".gitignore").read_bytes() == b"*\n"


def test_an_ignore_file_that_a_crash_left_empty_is_filled(root: Path) -> None:
    (root / STATE).mkdir()
    (root / STATE / ".gitignore").touch()
    apply(root)
    assert (root / STATE / ".gitignore").read_bytes() == b"*\n"


def test_without_a_change_nothing_is_touched(root: Path) -> None:
    with exclusive(root, "staging", WITHIN, refuse) as run:
        before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
        run.apply([FileChange(LOCK, b"version 1\n", b"version 1\n")])
        assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_file_keeps_its_mode_and_a_new_one_gets_its_own_less_the_umask(root: Path) -> None:
    (root / OUTPUT / "changed.yaml").chmod(0o640)
    before = os.umask(0o027)
    try:
        apply(root)
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE((root / path).stat().st_mode) for path in AFTER}
    assert modes[OUTPUT / "changed.yaml"] == 0o640
    assert modes[OUTPUT / "added.yaml"] == 0o640
    assert modes[VALUES] == 0o600


@pytest.mark.parametrize("made", [True, False])
def test_a_private_file_is_private_before_anything_is_in_it(root: Path, *, made: bool) -> None:
    change = FileChange(VALUES, None, b"plaintext\n", mode=0o600)
    if not made:
        put(root, {VALUES: b"old plaintext\n"})
        (root / VALUES).chmod(0o600)
        change = FileChange(VALUES, b"old plaintext\n", b"plaintext\n")
    seen: list[int] = []

    def look(_: int, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "write" and bytes(arguments[1]) == b"plaintext\n":
            seen.append(stat.S_IMODE(os.fstat(arguments[0]).st_mode))
            seen.append(stat.S_IMODE((root / STATE / "staging.staging").stat().st_mode))

    with intercepted(look):
        apply(root, [change])
    assert seen == [0o600, 0o700]
    assert stat.S_IMODE((root / VALUES).stat().st_mode) == 0o600


def test_a_change_does_not_show_what_is_in_the_file() -> None:
    assert repr(FileChange(VALUES, b"canary-1", b"canary-2", 0o600)) == (
        "FileChange(path=PurePosixPath('.sealgen/staging.values'), mode=384)"
    )


def test_links_to_folders_stay_links_and_are_followed(root: Path) -> None:
    (root / OUTPUT).rename(root / "elsewhere")
    (root / OUTPUT).symlink_to(root / "elsewhere")
    apply(root)
    assert (root / OUTPUT).is_symlink()
    assert (root / "elsewhere" / "changed.yaml").read_bytes() == AFTER[OUTPUT / "changed.yaml"]
    assert not (root / "elsewhere" / "dropped.yaml").exists()


def test_a_link_to_a_folder_that_is_not_there_yet_is_followed(root: Path) -> None:
    shutil.rmtree(root / OUTPUT)
    (root / OUTPUT).symlink_to("../../not-yet")
    apply(root, [FileChange(OUTPUT / "added.yaml", None, b"new")])
    assert (root / "not-yet" / "added.yaml").read_bytes() == b"new"


def unflushed_by(name: str, arguments: tuple[Any, ...]) -> set[Path]:
    """Return the files and folders that an operation changes."""
    if name in ("write", "fchmod"):
        return {Path(f"/proc/self/fd/{arguments[0]}").readlink()}
    path = Path(arguments[0]) if name in ("mkdir", "unlink", "rename", "open") else Path()
    if name == "rename":
        return {path.parent, Path(arguments[1]).parent} if path.exists() else set()
    if name == "open":
        return {path.parent} if arguments[1] & os.O_CREAT and not path.exists() else set()
    return {path.parent} if name in ("mkdir", "unlink") else set()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what a descriptor stands for")
def test_everything_is_on_disk_before_the_commit_and_before_the_journal_is_dropped(root: Path) -> None:
    """Whatever the disk forgets, it must not forget less than what it was told to keep first."""
    staging, journal = root / STATE / "staging.staging", root / STATE / "staging.journal"
    unflushed: set[Path] = set()
    seen = []

    def watch(_: int, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "rename" and Path(arguments[1]) == journal:
            seen.append("commit")
            assert unflushed <= {root / STATE / ".gitignore"}
        elif name == "rename" and Path(arguments[0]).exists():
            seen.append("put in place")
            assert journal.parent not in unflushed
        elif name == "unlink" and Path(arguments[0]) == journal:
            seen.append("drop")
            assert unflushed <= {staging, root / STATE, root / STATE / ".gitignore"}
        elif name == "rmdir":
            seen.append("tidy up")
        if name == "fsync":
            unflushed.discard(Path(f"/proc/self/fd/{arguments[0]}").readlink())
        unflushed.update(unflushed_by(name, arguments))

    with intercepted(watch):
        apply(root, [change for change in CHANGES if change.path != VALUES])
    assert seen == ["commit", *["put in place"] * 4, "tidy up", "drop"]
    assert journal.parent not in unflushed


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [b"somebody's\n", None])
def test_a_file_that_changed_meanwhile_stops_the_run(root: Path, now: bytes | None) -> None:
    path = root / OUTPUT / "changed.yaml"
    path.write_bytes(now) if now is not None else path.unlink()
    before = tree(root)
    assert failure(root) == (
        "k8s/overlays/staging/changed.yaml changed while sealgen ran; nothing was written\nRun it again."
    )
    assert tree(root) == before
    assert state(root) == AT_REST


@pytest.mark.parametrize("path", [OUTPUT / "added.yaml", OUTPUT / "deep" / "er" / "added.yaml"])
def test_a_file_that_came_meanwhile_stops_the_run(root: Path, path: PurePosixPath) -> None:
    put(root, {path: b"somebody's\n"})
    before = tree(root)
    assert failure(root) == f"{path} changed while sealgen ran; nothing was written\nRun it again."
    assert tree(root) == before


def test_a_file_that_stays_and_changed_meanwhile_stops_the_run(root: Path) -> None:
    (root / OUTPUT / "kept.yaml").write_bytes(b"somebody's\n")
    assert failure(root) == (
        "k8s/overlays/staging/kept.yaml changed while sealgen ran; nothing was written\nRun it again."
    )


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../outside.yaml",
        "k8s/overlays/staging/../production/a.yaml",
        "k8s/overlays/production/a.yaml",
        "k8s/overlays/staging.yaml",
        "environments/staging.lock/../a",
        "k8s/overlays/staging/a\0b",
        ".",
    ],
)
def test_a_path_outside_of_what_the_environment_is_written_to_is_refused(root: Path, path: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        apply(root, [FileChange(PurePosixPath(path), None, b"")])
    assert str(refused.value) == (
        f"{PurePosixPath(path)} is outside of what staging is written to: k8s/overlays/staging, "
        "environments/staging.lock, .sealgen/staging.values; nothing was written"
    )
    assert tree(root) == BEFORE


@pytest.mark.parametrize("link", [OUTPUT, OUTPUT.parent, PurePosixPath("k8s"), OUTPUT / "deep"])
def test_a_link_to_a_folder_outside_of_the_project_is_refused(root: Path, tmp_path: Path, link: PurePosixPath) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(root, outside)
    shutil.rmtree(root / link, ignore_errors=True)
    (root / link).symlink_to(outside)
    path = OUTPUT / "deep" / "er" / "added.yaml"
    with pytest.raises(ConfigurationError) as refused:
        apply(root, [FileChange(path, None, b"")])
    real = outside / path.parent.relative_to(link)
    assert str(refused.value) == (
        f"{path} is behind a link that leads out, to {real}; nothing was written\n"
        "Put a folder in the place of the link."
    )
    assert tree(outside) == BEFORE


def test_a_link_from_the_output_folder_to_elsewhere_in_the_project_is_refused(root: Path) -> None:
    (root / ".git" / "hooks").mkdir(parents=True)
    (root / OUTPUT / "deep").symlink_to(root / ".git")
    path = OUTPUT / "deep" / "hooks" / "pre-commit"
    assert failure(root, [FileChange(path, None, b"")]) == (
        f"{path} is behind a link that leads out, to {root}/.git/hooks; nothing was written\n"
        "Put a folder in the place of the link."
    )


def test_a_file_that_is_a_link_is_refused(root: Path) -> None:
    path = root / OUTPUT / "changed.yaml"
    path.rename(root / "elsewhere.yaml")
    path.symlink_to(root / "elsewhere.yaml")
    assert failure(root) == "k8s/overlays/staging/changed.yaml is a link; nothing was changed"
    assert path.is_symlink()
    assert (root / "elsewhere.yaml").read_bytes() == b"old\n"


def test_a_folder_where_a_file_should_be_is_refused(root: Path) -> None:
    (root / OUTPUT / "added.yaml").mkdir()
    assert failure(root) == "k8s/overlays/staging/added.yaml is not a file; nothing was changed"
    assert tree(root) == BEFORE


def test_a_pipe_where_a_file_should_be_is_refused_and_not_waited_for(root: Path) -> None:
    os.mkfifo(root / OUTPUT / "added.yaml")
    assert failure(root) == "k8s/overlays/staging/added.yaml is not a file; nothing was changed"


def test_a_file_where_a_folder_should_be_is_refused(root: Path) -> None:
    (root / OUTPUT / "deep").write_bytes(b"")
    assert failure(root) == "k8s/overlays/staging/deep is not a folder; nothing was changed"
    assert state(root) == AT_REST


def test_links_in_a_circle_are_refused(root: Path) -> None:
    (root / OUTPUT / "deep").symlink_to("deep")
    assert failure(root) == "k8s/overlays/staging/deep is not a folder; nothing was changed"


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_state_folder_that_is_none_is_refused(root: Path, tmp_path: Path, kind: str) -> None:
    if kind == "link":
        (root / STATE).symlink_to(tmp_path)
    else:
        (root / STATE).write_bytes(b"")
    assert failure(root) == ".sealgen is a file or a link; sealgen needs a folder of that name"


@pytest.mark.parametrize("name", ["staging.lock", "lock", ".gitignore"])
def test_a_link_in_the_state_folder_is_not_followed(root: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "precious").write_bytes(b"")
    (root / STATE).mkdir()
    (root / STATE / name).symlink_to(tmp_path / "precious")
    what = "write .sealgen" if name == ".gitignore" else f"lock .sealgen/{name}"
    assert failure(root) == f"can't {what}: Too many levels of symbolic links; nothing was changed"
    assert (tmp_path / "precious").read_bytes() == b""


def test_a_read_only_folder_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != root / OUTPUT)
    assert failure(root) == "can't write to k8s/overlays/staging: the folder is read-only; nothing was changed"
    assert tree(root) == BEFORE
    assert state(root) == AT_REST


def test_the_project_s_own_folder_is_named_where_it_is_read_only(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(root / "k8s")
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != root)
    assert failure(root, [FileChange(OUTPUT / "added.yaml", None, b"new")]) == (
        "can't write to the project's folder: the folder is read-only; nothing was changed"
    )


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("rename", "can't move files from .sealgen to the project's folder: Input/output error; nothing was changed"),
        (
            "fsync",
            "can't write the project's folder: Input/output error; the run could not be completed\n" + FINISHES,
        ),
    ],
)
def test_the_project_s_own_folder_is_named_where_the_disk_fails(root: Path, operation: str, told: str) -> None:
    shutil.rmtree(root / "k8s")

    def fail(_: int, name: str, arguments: tuple[Any, ...]) -> None:
        moved = name == "rename" and Path(arguments[0]).name == "missing"
        # Before the commit, the root is flushed with the journal.
        flushed = name == "fsync" and (root / STATE / "staging.journal").exists()
        if name == operation and (moved or (flushed and os.path.sameopenfile(arguments[0], folder))):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    folder = os.open(root, os.O_RDONLY)
    try:
        with intercepted(fail):
            assert failure(root, [FileChange(OUTPUT / "added.yaml", None, b"new")]) == told
    finally:
        os.close(folder)


# --- file systems -------------------------------------------------------------------------------------------------


def mounted(root: Path, mount: str) -> str:
    """Apply the changes where ``mount`` was run before, in a mount namespace of its own."""
    program = root.parent / "program.py"
    program.write_text(MOUNTED)
    script = f"{mount} && exec {sys.executable} {program} {root}"
    command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("mounting is not permitted here")
    environment = os.environ | {
        "PYTHONPATH": str(Path(transaction.__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run([*command, script], cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


MOUNTED = """
import sys
from pathlib import Path, PurePosixPath
from sealgen.errors import SealgenError
from sealgen.overlay.transaction import FileChange, exclusive
folder = PurePosixPath("k8s/overlays/staging")
changes = [FileChange(folder / f"{number}.yaml", None, b"x" * 300_000) for number in range(4)]
try:
    with exclusive(Path(sys.argv[1]), "staging", [folder], None) as run:
        run.apply(changes)
except SealgenError as error:
    print(error)
print(sorted(path.name for path in Path("k8s/overlays").rglob("*.yaml")))
print(sorted(path.name for path in Path(".sealgen").iterdir()))
"""


@pytest.mark.parametrize("mount", ["mount -t tmpfs none k8s", "mount --bind k8s k8s"])
def test_an_output_folder_on_another_file_system_is_refused_before_anything_is_written(root: Path, mount: str) -> None:
    shutil.rmtree(root / OUTPUT)
    assert mounted(root, f"{mount} && mkdir -p k8s/overlays") == (
        "can't move files from .sealgen to k8s/overlays: Invalid cross-device link; nothing was changed\n"
        "[]\n['.gitignore', 'lock', 'staging.lock']"
    )


def test_a_read_only_file_system_is_refused_before_anything_is_written(root: Path) -> None:
    shutil.rmtree(root / OUTPUT)
    mount = "mount --bind k8s k8s && mount -o remount,ro,bind k8s"
    (told, *rest) = mounted(root, mount).splitlines()
    assert told in (
        "can't write to k8s/overlays: the folder is read-only; nothing was changed",
        "can't move files from .sealgen to k8s/overlays: Invalid cross-device link; nothing was changed",
    )
    assert rest == ["[]", "['.gitignore', 'lock', 'staging.lock']"]


def test_a_full_disk_changes_nothing(root: Path) -> None:
    shutil.rmtree(root / "k8s")
    told, *rest = mounted(
        root, f"mount -t tmpfs -o size=1m none {root} && cd {root} && mkdir -p k8s/overlays"
    ).splitlines()
    assert re.fullmatch(
        r"can't write k8s/overlays/staging/[0-3]\.yaml: No space left on device; nothing was changed", told
    )
    assert rest == ["[]", "['.gitignore', 'lock', 'staging.lock']"]


# --- stopped at any place -----------------------------------------------------------------------------------------


def test_killed_at_any_operation_the_files_are_as_before_or_as_after_once_the_next_run_starts(root: Path) -> None:
    seen = set()
    for place in itertools.count():
        fresh(root)
        if not killed_at(place, lambda: apply(root)):
            break
        told_before = pending_or_half(root)
        half = tree(root)
        told = recover(root)
        assert tree(root) in (BEFORE, AFTER), place
        assert state(root) == AT_REST, place
        assert (told_before is None) == (told is None), place
        assert told is not None or half in (BEFORE, AFTER), place
        assert recover(root) is None, place
        seen.add((told, tree(root) == AFTER))
    assert seen == {
        (None, False),
        ("staging: discarded what an interrupted run had prepared", False),
        (FINISHED, True),
        (None, True),
    }


def test_killed_at_any_operation_the_next_run_makes_its_own_changes_on_top(root: Path) -> None:
    for place in itertools.count():
        fresh(root)
        if not killed_at(place, lambda: apply(root)):
            break
        with exclusive(root, "staging", WITHIN, refuse) as run:
            content = (root / LOCK).read_bytes()
            run.apply([FileChange(LOCK, content, content + b"and on\n")])
        assert tree(root) in [files | {LOCK: files[LOCK] + b"and on\n"} for files in (BEFORE, AFTER)], place


def test_killed_again_while_it_recovers_the_files_are_as_before_or_as_after(root: Path, tmp_path: Path) -> None:
    halves = []
    for place in itertools.count():
        fresh(root)
        if not killed_at(place, lambda: apply(root)):
            break
        if (root / STATE / "staging.journal").exists() or place % 10 == 0:
            shutil.copytree(root, tmp_path / str(place))
            halves.append(tmp_path / str(place))
    for half in (halves[0], *halves[2::9], halves[-1]):
        for place in itertools.count():
            shutil.rmtree(root)
            shutil.copytree(half, root)
            again = killed_at(place, lambda: recover(root))
            recover(root)
            assert tree(root) in (BEFORE, AFTER), (half.name, place)
            assert state(root) == AT_REST, (half.name, place)
            if not again:
                break


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EINTR, errno.EACCES, errno.EROFS])
def test_an_error_at_any_operation_changes_nothing_or_the_next_run_finishes(root: Path, number: int) -> None:
    outcomes = set()
    for place in itertools.count():
        hit: list[str] = []
        last = 0

        def fail(at: int, name: str, _: tuple[Any, ...], place: int = place, hit: list[str] = hit) -> None:
            nonlocal last
            last = at
            if at == place and name != "close":
                hit.append(name)
                raise OSError(number, os.strerror(number))

        fresh(root)
        told = ""
        with intercepted(fail):
            try:
                apply(root)
            except SealgenError as error:
                told = str(error)
        if place > last:
            break
        if not hit:
            continue
        problem = rf"can't \w+ (\S+|the project's folder): {os.strerror(number)}"
        if not told:
            # Only what is tidied up may fail without a word, and the next run does it.
            assert hit[0] in ("unlink", "rmdir", "open", "rename"), place
            assert tree(root) == AFTER
            outcomes.add("done")
        elif told.endswith("nothing was changed"):
            assert re.fullmatch(f"{problem}; nothing was changed", told) or "move files" in told, (place, told)
            assert tree(root) == BEFORE
            assert folders(root) - {STATE, f"{STATE}/staging.staging"} == folders_before(), place
            outcomes.add("nothing")
        else:
            assert re.fullmatch(
                f"{problem}; the run could not be completed\nThe next run for staging finishes it.", told
            ), told
            outcomes.add("unfinished")
        assert " .:" not in told, place
        recover(root)
        assert tree(root) == (BEFORE if told.endswith("nothing was changed") else AFTER), (place, told)
        assert state(root) == AT_REST, place
    assert outcomes == {"done", "nothing", "unfinished"}


def folders_before() -> set[str]:
    return {str(folder) for path in BEFORE for folder in path.parents if folder.name}


# --- after a crash ------------------------------------------------------------------------------------------------


@pytest.fixture
def half(root: Path) -> Path:
    """Leave a run that was killed after two of its files were in place."""
    renamed = 0

    def kill(_: int, name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal renamed
        if name == "rename" and Path(arguments[0]).parent.name == "staging.staging":
            renamed += Path(arguments[0]).name.isdigit()
            if renamed == 3:
                os.kill(os.getpid(), signal.SIGKILL)

    def doomed() -> None:
        with intercepted(kill):
            apply(root)

    assert finished(forked(doomed)) == -signal.SIGKILL
    assert (root / STATE / "staging.journal").exists()
    assert tree(root) not in (BEFORE, AFTER)
    return root


@pytest.fixture
def committed(root: Path) -> Path:
    """Leave a run that was killed after its commit and before its first file was in place."""

    def kill(_: int, name: str, __: tuple[Any, ...]) -> None:
        if name == "fsync" and (root / STATE / "staging.journal").exists():
            os.kill(os.getpid(), signal.SIGKILL)

    def doomed() -> None:
        with intercepted(kill):
            apply(root)

    assert finished(forked(doomed)) == -signal.SIGKILL
    assert tree(root) == BEFORE
    return root


def pending_or_half(root: Path) -> str | None:
    """Return what is told of an interrupted run, whether or not half of it is in place."""
    try:
        return pending(root, "staging")
    except CannotTell as error:
        return str(error)


def test_an_interrupted_run_is_told_and_then_finished_and_told(half: Path) -> None:
    told = "staging: a run was interrupted while it changed files\nFinish it: sealgen seal staging"
    before = tree(half), state(half)
    assert pending_or_half(half) == told
    assert (tree(half), state(half)) == before
    assert recover(half) == FINISHED
    assert pending(half, "staging") is None
    assert tree(half) == AFTER


def test_an_uncommitted_run_is_told_and_then_discarded_and_told(root: Path) -> None:
    (root / STATE / "staging.staging").mkdir(parents=True)
    (root / STATE / "staging.staging" / "0").write_bytes(b"new")
    assert pending(root, "staging") == (
        "staging: a run was interrupted before it changed anything; the next one tidies up"
    )
    assert recover(root) == "staging: discarded what an interrupted run had prepared"
    assert pending(root, "staging") is None
    assert tree(root) == BEFORE


def test_what_another_environment_left_is_none_of_this_ones_business(half: Path) -> None:
    before = tree(half)
    with exclusive(half, "production", [PurePosixPath("k8s/overlays/production")], refuse) as run:
        assert run.recovered is None
    assert pending(half, "production") is None
    assert tree(half) == before


def test_nothing_is_told_of_a_project_where_nothing_was_ever_written(root: Path) -> None:
    assert pending(root, "staging") is None
    assert not (root / STATE).exists()


def test_a_file_that_the_user_changed_after_the_crash_is_not_overwritten(half: Path) -> None:
    (half / OUTPUT / "changed.yaml").write_bytes(b"the user's\n")
    before = tree(half)
    assert failure(half) == (
        "k8s/overlays/staging/changed.yaml was changed after a run was interrupted that has other files in place\n"
        "Bring the files to where you want them, then remove .sealgen/staging.journal and run again."
    )
    assert tree(half) == before
    (half / OUTPUT / "changed.yaml").write_bytes(b"old\n")
    assert recover(half) is not None
    assert tree(half) == AFTER


def test_a_file_that_the_user_put_back_after_the_crash_is_not_taken_for_done(half: Path) -> None:
    (half / LOCK).write_bytes(BEFORE[LOCK])
    before = tree(half)
    assert failure(half).startswith("environments/staging.lock was changed after a run was interrupted")
    assert tree(half) == before


def test_the_user_may_keep_the_files_as_they_are(half: Path) -> None:
    (half / LOCK).write_bytes(b"the user's\n")
    before = tree(half)
    (half / STATE / "staging.journal").unlink()
    assert recover(half) == "staging: discarded what an interrupted run had prepared"
    assert tree(half) == before


@pytest.mark.parametrize(
    "state_before", [BEFORE, {LOCK: b"of an older commit\n", OUTPUT / "dropped.yaml": b"older, too\n"}]
)
def test_a_run_of_which_the_user_took_everything_back_is_given_up(
    half: Path, state_before: dict[PurePosixPath, bytes]
) -> None:
    for path in [path for path in tree(half) if path != OUTPUT / "deployment.yaml"]:
        (half / path).unlink()
    put(half, state_before)
    before = tree(half)
    assert recover(half) == (
        "staging: gave up an interrupted run, as .sealgen/staging.values was changed since; nothing of it is in place"
    )
    assert tree(half) == before
    assert state(half) == AT_REST


def test_a_committed_run_gives_way_to_what_the_user_did_since(committed: Path) -> None:
    (committed / LOCK).write_bytes(b"the user's\n")
    before = tree(committed)
    assert recover(committed) == (
        "staging: gave up an interrupted run, as environments/staging.lock was changed since; nothing of it is in place"
    )
    assert tree(committed) == before
    assert state(committed) == AT_REST


def test_a_file_in_the_place_of_the_output_folder_is_the_users(half: Path) -> None:
    shutil.rmtree(half / OUTPUT)
    (half / OUTPUT).write_bytes(b"the user's\n")
    assert failure(half).startswith("k8s/overlays/staging/changed.yaml was changed after a run was interrupted")
    assert (half / OUTPUT).read_bytes() == b"the user's\n"


def test_a_staged_file_that_is_not_what_was_committed_is_not_put_in_place(committed: Path) -> None:
    for staged in (committed / STATE / "staging.staging").iterdir():
        staged.write_bytes(b"damaged")
    assert (recover(committed) or "").startswith("staging: gave up an interrupted run")
    assert tree(committed) == BEFORE


def test_an_error_while_a_run_is_finished_leaves_it_to_the_next_one(half: Path) -> None:
    def fail(_: int, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "rename":
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with intercepted(fail), pytest.raises(SealgenError) as failed:
        recover(half)
    assert str(failed.value) == (
        "can't write k8s/overlays/staging/added.yaml: Input/output error; the run could not be completed\n"
        "The next run for staging finishes it."
    )
    assert recover(half) is not None
    assert tree(half) == AFTER


@pytest.mark.parametrize(
    "journal",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 2, "files": []}',
        b'{"version": 1}',
        b'{"version": 1, "files": [1]}',
        b'{"version": 1, "files": [{"path": "a"}]}',
        b"\xff",
    ],
)
def test_a_damaged_journal_is_refused(root: Path, journal: bytes) -> None:
    put(root, {PurePosixPath(STATE, "staging.journal"): journal})
    expected = (
        ".sealgen/staging.journal is damaged, or of a newer sealgen\n"
        "See with 'git status' whether the files are as they should be, then remove it."
    )
    assert failure(root) == expected
    with pytest.raises(SealgenError) as refused:
        pending(root, "staging")
    assert str(refused.value) == expected
    assert tree(root) == BEFORE


@pytest.mark.parametrize("path", ["../outside", ".git/hooks/pre-commit", "/etc/passwd", "k8s/overlays/production/a"])
def test_a_journal_that_somebody_put_there_writes_no_other_file(root: Path, path: str) -> None:
    """A repository may bring a journal; it counts only where the environment is written to."""
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    record = {"path": path, "before": None, "after": digest}
    put(
        root,
        {
            PurePosixPath(STATE, "staging.journal"): json.dumps({"version": 1, "files": [record]}).encode(),
            PurePosixPath(STATE, "staging.staging", "0"): b"abc",
        },
    )
    assert failure(root) == (
        f"{path} is outside of what staging is written to: k8s/overlays/staging, environments/staging.lock, "
        ".sealgen/staging.values; nothing was written"
    )


# --- several at once ----------------------------------------------------------------------------------------------


@pytest.fixture
def holder(root: Path) -> Iterator[int]:
    """Have another process hold the environment's lock until it is told to end by a signal."""
    ready, told = os.pipe()

    def hold() -> None:
        with exclusive(root, "staging", WITHIN, None):
            os.write(told, b".")
            signal.pause()

    child = forked(hold)
    os.read(ready, 1)
    os.close(ready)
    os.close(told)
    yield child
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_second_run_that_does_not_wait_is_refused(root: Path, holder: int) -> None:
    with pytest.raises(SealgenError) as refused, exclusive(root, "staging", WITHIN, None):
        pytest.fail("two runs at once")
    assert str(refused.value) == (f"staging: another run is under way (process {holder})\nTry again when it has ended.")


def test_a_second_run_waits_and_says_so_once_and_goes_on_when_the_first_has_died(root: Path, holder: int) -> None:
    messages: list[str] = []

    def waiting(message: str) -> None:
        messages.append(message)
        os.kill(holder, signal.SIGKILL)

    with exclusive(root, "staging", WITHIN, waiting) as run:
        run.apply(CHANGES)
    assert messages == [f"staging: waiting for another run to end (process {holder})"]
    assert tree(root) == AFTER


def test_a_run_for_another_environment_does_not_wait(root: Path, holder: int) -> None:
    assert holder
    with exclusive(root, "production", WITHIN, refuse):
        pass


def test_the_lock_tells_its_holder_and_nothing_of_an_earlier_one(root: Path) -> None:
    put(root, {PurePosixPath(STATE, "staging.lock"): b"1234567890\n"})
    with exclusive(root, "staging", WITHIN, refuse):
        assert (root / STATE / "staging.lock").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("left", ["staging.staging/0", "staging.journal"])
def test_a_run_that_is_under_way_is_told_to_who_reads(root: Path, holder: int, left: str) -> None:
    put(root, {PurePosixPath(STATE, left): b'{"version": 1, "files": []}'})
    assert pending(root, "staging") == (f"staging: a run is under way (process {holder}); files may change meanwhile")


def test_a_worker_that_outlives_its_run_does_not_keep_the_lock(root: Path) -> None:
    ready, told = os.pipe()

    def work() -> None:
        os.write(told, b"%d" % os.getpid())
        signal.pause()

    def run_with_worker() -> None:
        with exclusive(root, "staging", WITHIN, None):
            forked(work)
            signal.pause()

    run = forked(run_with_worker)
    worker = int(os.read(ready, 20))
    os.kill(run, signal.SIGKILL)
    os.waitpid(run, 0)
    os.close(ready)
    os.close(told)
    try:
        apply(root)
    finally:
        os.kill(worker, signal.SIGKILL)


def test_of_ten_runs_at_once_none_is_lost(root: Path) -> None:
    def count() -> None:
        for _ in range(5):
            with exclusive(root, "staging", WITHIN, lambda _: None) as run:
                content = (root / LOCK).read_bytes()
                run.apply([FileChange(LOCK, content, content + b".")])

    children = [forked(count) for _ in range(10)]
    assert [finished(child) for child in children] == [0] * 10
    assert (root / LOCK).read_bytes() == BEFORE[LOCK] + b"." * 50
    assert state(root) == AT_REST


def test_between_its_last_look_and_its_commit_no_other_environment_writes(root: Path) -> None:
    ready, told = os.pipe()

    def tarry(_: int, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "rename" and Path(arguments[0]).name == "journal":
            os.write(told, b".")
            time.sleep(0.3)

    def slow() -> None:
        with intercepted(tarry):
            apply(root, [FileChange(LOCK, BEFORE[LOCK], b"slow\n")])

    child = forked(slow)
    os.read(ready, 1)
    os.close(ready)
    os.close(told)
    with exclusive(root, "production", WITHIN, refuse) as run, pytest.raises(SealgenError) as refused:
        run.apply([FileChange(LOCK, BEFORE[LOCK], b"quick\n")])
    assert finished(child) == 0
    assert str(refused.value) == (
        "environments/staging.lock changed while sealgen ran; nothing was written\nRun it again."
    )
    assert (root / LOCK).read_bytes() == b"slow\n"


def test_of_environments_that_make_the_same_file_at_once_one_makes_it_and_the_others_say_so(root: Path) -> None:
    shared = PurePosixPath(".sealgen/shared")

    def make(name: str) -> int:
        with exclusive(root, name, [shared], None) as run:
            try:
                run.apply([FileChange(shared, None, name.encode())])
            except SealgenError as error:
                return 3 if error.message == f"{shared} changed while sealgen ran; nothing was written" else 4
        return 0

    children = [forked(functools.partial(make, name)) for name in "abcdefgh"]
    assert sorted(finished(child) for child in children) == [0] + [3] * 7
    assert len((root / shared).read_bytes()) == 1
