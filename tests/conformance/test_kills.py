"""The real command, stopped at each system call that changes a file: after the next start the project is whole.

strace kills it, or makes the call fail. Only calls on the project's own files and folders count: at the others, such
as those of the interpreter's start, the project is as it is at the next of these.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

import pytest

from tests.conformance.conftest import tool
from tests.support.project import SMTP_PASSWORD, Ended, Project, empty, environ

if TYPE_CHECKING:
    from collections.abc import Iterator

# A question mark is for those that only some machines have.
CHANGING = (
    "?rename,?renameat,?renameat2,write,pwrite64,fsync,?unlink,unlinkat,?mkdir,mkdirat,?rmdir,openat,ftruncate,fchmod"
)
# Lets all other calls run at full speed. Under it strace makes calls fail, but its signals are lost.
FILTER = "--seccomp-bpf"
MEMORY = ".sealgen/staging.seen"
AT_REST = {".gitignore", "lock", "staging.lock"}
UP_TO_DATE = "staging: 4 secrets, 5 keys, up to date\n"

KEYS = {
    "backend": {"URI": "postgresql://aura:{{ values.password | urlquote }}@db/aura", "MAIL": "{{ values.mail }}"},
    "database": {"password": "{{ values.password }}"},
    "fresh": {"token": "{{ values.new_token }}"},
    "gone": {"token": "{{ values.token }}"},
    "steady": {"mail": "{{ values.mail }}"},
}


class Call(NamedTuple):
    """A system call of a run: which one of its name, on this path, by this thread; and where a rename leads."""

    name: str
    path: str
    number: int
    to: str

    def __str__(self) -> str:
        return f"{self.name} {self.number} of {self.path}"


@dataclass(frozen=True)
class Scenario:
    """A project before a run, the run, and all its calls that change a file."""

    project: Project
    arguments: tuple[str, ...]
    env: dict[str, str | None]
    calls: tuple[Call, ...]

    @cached_property
    def password(self) -> tuple[object, bytes] | None:
        """Return the version and the bytes of the value that the run rotates, before; None for the first run."""
        if not self.arguments:
            return None
        return self.project.lock()["password"]["version"], self.project.unsealed()["database/password"]


class Stopped(NamedTuple):
    """A copy of the project in which a run was stopped at a call, and how that ended."""

    call: Call
    project: Project
    ended: Ended


def environment(project: Project, secrets: list[str]) -> None:
    """Write the environment file with these Secrets."""
    values = {
        "password": {"generate": "base64", "bytes": 24},
        "token": {"generate": "uuid"},
        "new_token": {"generate": "uuid"},
        "mail": {"env": "SMTP_PASSWORD"},
    }
    project.environment(values=values, secrets=secrets)


def traced(project: Project, scenario: Scenario, *options: str) -> tuple[Ended, str]:
    """Run the real command under strace; returns how it ended, and the trace without what was written."""
    trace = project.root.with_suffix(".trace")
    strace = [tool("strace"), "-f", "-qq", "-y", "-s", "0", "-o", str(trace), *options]
    done = subprocess.run(
        [*strace, sys.executable, "-m", "sealgen", "seal", "staging", "-q", *scenario.arguments],
        cwd=project.root,
        env=environ({"PYTHONDONTWRITEBYTECODE": "1", **scenario.env}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr), trace.read_text()


def copied(scenario: Scenario, root: Path) -> Project:
    """Return a copy of the project before the run."""
    shutil.copytree(scenario.project.root, root)
    return Project(root, scenario.project.controller)


def calls_of(scenario: Scenario) -> tuple[Call, ...]:
    """Return all calls of a run that is not stopped, in their order."""
    project = copied(scenario, scenario.project.root.with_name("clean"))
    ended, trace = traced(project, scenario, FILTER, "-e", f"trace={CHANGING}")
    assert ended == (0, "", "")
    check_whole(project, scenario)
    counted: Counter[tuple[str, ...]] = Counter()
    calls = []
    for thread, name, arguments in re.findall(r"(?m)^(\d+) +(\w+)\((.*)", trace):
        # strace knows a descriptor by its path, and a rename by the path that it begins with.
        paths = re.findall(r'"(/[^"]*)"', arguments) or re.findall(r"^\d+<(/[^>]*)>", arguments)
        if not paths or not Path(paths[0]).is_relative_to(project.root):
            continue
        path, *rest = (os.path.relpath(path, project.root) for path in paths)
        counted[thread, name, path] += 1
        if name != "openat" or re.search("O_WRONLY|O_RDWR|O_CREAT", arguments):
            calls.append(Call(name, path, counted[thread, name, path], "".join(rest)))
    shutil.rmtree(project.root)
    return tuple(calls)


@pytest.fixture(scope="module", params=["change", "first run"])
def scenario(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Return a run that changes, adds and removes Secrets and rotates a value that two have; or a project's first."""
    project = empty(tmp_path_factory.mktemp("killed") / "project")
    for name, keys in KEYS.items():
        project.template(name, keys)
    arguments: tuple[str, ...] = ()
    env: dict[str, str | None] = {}
    if request.param == "change":
        environment(project, ["backend", "database", "gone", "steady"])
        assert project.run("seal", "staging", "-q") == (0, "", "")
        arguments = ("--rotate", "password")
    else:
        # The fingerprint key is made, too.
        env = {"SEALGEN_FINGERPRINT_KEY": None}
    environment(project, ["backend", "database", "fresh", "steady"])
    made = Scenario(project, arguments, env, ())
    return Scenario(project, arguments, env, calls_of(made))


def stopped(scenario: Scenario, folder: Path, fault: str, *options: str) -> Iterator[Stopped]:
    """Run once for each call, with this fault at it, each in a copy of the project in ``folder``."""

    def stop(number: int) -> Stopped:
        call = scenario.calls[number]
        project = copied(scenario, folder / str(number))
        ended, trace = traced(
            project,
            scenario,
            *options,
            *("-P", str(project.root / call.path)),
            *("-e", f"trace={call.name}"),
            *("-e", f"inject={call.name}:{fault}:when={call.number}"),
        )
        assert "(INJECTED)" in trace or ended.code == -signal.SIGKILL, f"{call} was not reached"
        return Stopped(call, project, ended)

    # None of these starts while a run in this process holds a lock: for a moment the new process would hold it, too.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(stop, range(len(scenario.calls))))
    for run in runs:
        yield run
        shutil.rmtree(run.project.root)


# --- what is right ---


def everything(project: Project) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time and bytes of all files and folders, the state folder's included."""
    return {
        str(path.relative_to(project.root)): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in project.root.rglob("*")
    }


def folders(project: Project) -> set[Path]:
    """Return the folders beside the state folder."""
    found = {path.relative_to(project.root) for path in project.root.rglob("*") if path.is_dir()}
    return {path for path in found if path.parts[0] != ".sealgen"}


def state(project: Project) -> set[str]:
    """Return what the state folder has, which need not be there, but for what a run may remember or not."""
    return {path.name for path in project.root.glob(".sealgen/*")} - {Path(MEMORY).name}


def check_whole(project: Project, scenario: Scenario) -> str:
    """Prove that the project is all of one run; tells whether the value that is rotated is the one before or after."""
    wanted = {"backend", "database", "fresh", "steady"}
    lock, texts, opened = project.lock(), project.ciphertexts(), project.unsealed()
    assert opened.keys() == {f"{name}/{key}" for name in wanted for key in KEYS[name]}
    assert {place: line["ciphertext"] for place, line in lock.items() if "secret" in line} == {
        place: hashlib.sha256(text.encode()).hexdigest() for place, text in texts.items()
    }
    versions = {
        place: line["values"]["password"] for place, line in lock.items() if "password" in line.get("values", ())
    }
    version = lock["password"]["version"]
    assert versions == {"backend/URI": version, "database/password": version}

    password = opened["database/password"]
    assert len(base64.b64decode(password, validate=True)) == 24
    user = re.fullmatch(b"postgresql://aura:(.*)@db/aura", opened["backend/URI"])
    assert user is not None
    assert unquote_to_bytes(user[1]) == password
    assert opened["backend/MAIL"] == opened["steady/mail"] == SMTP_PASSWORD.encode()
    if scenario.password:
        assert (password == scenario.password[1]) == (version == scenario.password[0])

    manifests = {project.manifest(name) for name in wanted}
    given = scenario.project.contents().keys() - {project.manifest(name) for name in KEYS}
    lists = {project.manifest("kustomization"), "environments/staging.lock"}
    assert project.contents().keys() == given | manifests | lists
    listed = project.read(project.manifest("kustomization")).decode().partition("resources:\n")[2]
    assert sorted(listed.splitlines()) == [f"- {name}.yaml" for name in sorted(wanted)]
    assert state(project) == AT_REST | ({"fingerprint.key"} if scenario.env else set())
    return "before" if scenario.password and password == scenario.password[1] else "after"


def check_recovery(project: Project, scenario: Scenario) -> tuple[str, str]:
    """Prove that readers tell what was left and change nothing, and that the next run makes the project whole.

    Returns what was left, and which value is in place then.
    """
    journal = project.root / ".sealgen/staging.journal"
    left, told, done = "nothing", "", ""
    wanted: dict[str, bytes | None] = {}
    if journal.exists():
        left = "half a run"
        records = json.loads(journal.read_bytes())["files"]
        for number, record in enumerate(records):
            staged, path = journal.with_name("staging.staging") / str(number), project.root / record["path"]
            # What is no longer staged is in place.
            wanted[record["path"]] = (staged if staged.exists() else path).read_bytes() if record["after"] else None
        told = "error: staging: a run was interrupted while it changed files\nFinish it: sealgen seal staging\n"
        done = f"staging: finished an interrupted run of {len(records)} files\n"
    else:
        before, contents = scenario.project.contents(), project.contents()
        if journal.with_name("staging.staging").exists():
            left = "a draft"
            assert contents == before
            told = "staging: a run was interrupted before it changed anything; the next one tidies up\n"
            done = "staging: discarded what an interrupted run had prepared\n"
        elif contents != before:
            # All of the run is there, and nothing between.
            assert check_whole(project, scenario) == "after"
    as_it_was = everything(project)
    for command, codes in (("plan", {0, 10, 12}), ("check", {0, 11})):
        looked = project.run(command, "staging", env=scenario.env)
        assert looked.code in ({12} if left == "half a run" else codes)
        assert looked.err == told
        assert everything(project) == as_it_was

    recovered = project.run("seal", "staging", env=scenario.env)
    assert recovered.code == 0
    assert recovered.err == done
    assert left != "half a run" or recovered.out == UP_TO_DATE
    assert wanted == {path: project.contents().get(path) for path in wanted}
    version = check_whole(project, scenario)
    whole = project.tree()
    assert project.run("seal", "staging", env=scenario.env) == (0, UP_TO_DATE, "")
    assert project.tree() == whole
    return left, version


# --- stopped ---


def test_the_run_makes_every_kind_of_change(scenario: Scenario) -> None:
    names = {re.sub("at2?$", "", call.name) for call in scenario.calls}
    assert names >= {"mkdir", "open", "write", "fsync", "rename", "unlink"}


def test_killed_at_any_call_the_project_is_whole_after_the_next_start(scenario: Scenario, tmp_path: Path) -> None:
    seen = set()
    for run in stopped(scenario, tmp_path, "signal=KILL"):
        assert run.ended == (-signal.SIGKILL, "", ""), run.call
        seen.add(check_recovery(run.project, scenario))
    uncommitted = "before" if scenario.password else "after"
    assert seen == {("nothing", uncommitted), ("a draft", uncommitted), ("half a run", "after"), ("nothing", "after")}


NOTHING_CHANGED = "nothing was changed"
UNFINISHED = "the run could not be completed\nThe next run for staging finishes it."


def message(scenario: Scenario, run: Stopped, problem: str) -> str:
    """Return what is told where this call fails."""
    calls, (name, path, _, to) = scenario.calls, run.call
    leads = {call.path: call.to for call in calls if call.to}
    number, paths = calls.index(run.call), [call.path for call in calls]
    draft = paths.index(".sealgen/staging.staging")
    commit = paths.index(".sealgen/staging.staging/journal", paths.index(".sealgen/lock", draft))
    in_place = next(n for n in range(commit + 1, len(calls)) if calls[n].to or calls[n].name.startswith("unlink"))
    ending = NOTHING_CHANGED if number <= in_place else UNFINISHED
    verb, what = "write", path
    if path.endswith("lock"):
        verb = "lock"
    elif number < draft and (path.startswith(".sealgen/fingerprint.key") or name == "fsync"):
        what = ".sealgen/fingerprint.key"
    elif Path(to).name == "missing":
        verb, what = "move files from .sealgen to", str(Path(to).parent)
    elif number < draft:
        what = ".sealgen"
    elif path in leads and name != "fsync" and not path.endswith("/journal"):
        what = leads[path]
    elif number < commit:
        what = ".sealgen/staging.staging"
    elif name.startswith("mkdir"):
        what = leads[".sealgen/staging.staging/0"]
    elif path.startswith(".sealgen"):
        what = ".sealgen/staging.journal"
    what = "the project's folder" if what == "." else what
    return f"can't {verb} {what}: {problem}; {ending}"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EINTR], ids=errno.errorcode.get)
def test_a_call_that_fails_changes_nothing_or_the_next_start_finishes(
    scenario: Scenario, number: int, tmp_path: Path
) -> None:
    seen = set()
    for run in stopped(scenario, tmp_path, f"error={errno.errorcode[number]}", FILTER):
        told = message(scenario, run, os.strerror(number))
        # Python makes an interrupted call again, and the staging folder is removed in two places.
        spared = number == errno.EINTR or run.call.path in (MEMORY, ".sealgen/staging.staging")
        if run.ended == (0, "", "") and spared:
            seen.add("done")
            assert check_recovery(run.project, scenario) == ("nothing", "after"), run.call
            continue
        assert run.ended == (1, "", f"error: {told}\n"), run.call
        if told.endswith(UNFINISHED):
            seen.add("unfinished")
            assert check_recovery(run.project, scenario)[1] == "after", run.call
            continue
        seen.add("nothing")
        assert run.project.contents() == scenario.project.contents(), run.call
        assert folders(run.project) == folders(scenario.project), run.call
        # The fingerprint key may be there already; the next run takes it.
        assert state(run.project) <= AT_REST | ({"fingerprint.key"} if scenario.env else set())
        assert check_recovery(run.project, scenario)[0] == "nothing", run.call
    assert seen == {"done", "nothing", "unfinished"}
