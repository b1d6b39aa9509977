"""Runs as processes of their own: two at once, and some that are killed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import signal
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.test_external_secrets import BACKEND, PUSH
from tests.support.project import Project, aura, empty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UP_TO_DATE = (0, "staging: 3 secrets, 7 keys, up to date\n", "")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project after its first run."""
    project = aura(tmp_path)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


# --- two at once ---


@contextlib.contextmanager
def held(project: Project) -> Iterator[None]:
    """Hold the environment staging as a run does that has the number 4711."""
    descriptor = os.open(project.root / ".sealgen/staging.lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"4711\n", 0)
        yield
    finally:
        os.close(descriptor)


def test_a_run_that_is_not_to_wait_is_refused_at_once(project: Project) -> None:
    before = project.tree()
    with held(project):
        assert project.execute("seal", "staging", "--no-wait") == (
            1,
            "",
            "error: staging: another run is under way (process 4711)\nTry again when it has ended.\n",
        )
    assert project.tree() == before
    assert project.run("seal", "staging", "--no-wait") == UP_TO_DATE


def test_a_run_waits_for_the_other_and_says_so(project: Project) -> None:
    with held(project):
        process = project.start("seal", "staging")
        assert process.stderr is not None
        assert process.stderr.readline() == b"staging: waiting for another run to end (process 4711)\n"
        time.sleep(0.1)
        assert process.poll() is None
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out.decode(), err) == (0, UP_TO_DATE[1], b"")


def test_a_run_that_waits_can_be_interrupted(project: Project) -> None:
    before = project.tree()
    with held(project), project.start("seal", "staging", "--rotate", "jwt_secret_key") as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"error: interrupted; nothing was left half done\n"
        assert process.wait(10) == 130
    assert project.tree() == before


def test_another_environment_does_not_wait(project: Project) -> None:
    project.environment("other", values={"token": {"generate": "uuid"}}, secrets=["app"])
    project.template("app", {"token": "{{ values.token }}"})
    with held(project):
        assert project.run("seal", "other", "--no-wait", "-q") == (0, "", "")


def test_plan_and_check_do_not_wait(project: Project) -> None:
    with held(project):
        assert project.run("plan", "staging") == UP_TO_DATE
        assert project.run("check", "staging").code == 0


def test_runs_at_once_lose_nothing(project: Project) -> None:
    rotated = ["jwt_secret_key", "postgres_password", "redis_password", "jwt_secret_key"]
    runs = [project.start("seal", "staging", "-q", "--rotate", name) for name in rotated]
    for run in runs:
        out, _ = run.communicate(timeout=60)
        assert (run.returncode, out) == (0, b"")
    versions = {name: project.counter(name) for name in dict.fromkeys(rotated)}
    assert versions == {"jwt_secret_key": 3, "postgres_password": 2, "redis_password": 2}
    assert project.run("seal", "staging") == UP_TO_DATE
    opened = project.unsealed()
    assert (
        opened["redis-secrets/redis-password"].replace(b"/", b"%2F").replace(b"+", b"%2B").replace(b"=", b"%3D")
        in (opened["backend-secrets/REDIS_URL"])
    )


def test_runs_at_once_in_environments_that_share_a_folder_lose_no_entry(tmp_path: Path) -> None:
    project = empty(tmp_path / "shared")
    names = ["one", "two", "three"]
    project.template("app", {"token": "{{ values.token }}"})
    for name in names:
        secrets = [{"name": "app", "filename": f"{name}.yaml"}]
        project.environment(name, values={"token": {"generate": "uuid"}}, secrets=secrets, output="k8s/shared")
    runs = [project.start("seal", name, "-q") for name in names]
    codes = [(run.communicate(timeout=60), run.returncode)[1] for run in runs]
    # One that read the kustomization before another wrote it says so, and is run again.
    for name, code in zip(names, codes, strict=True):
        assert code in (0, 1)
        assert project.execute("seal", name, "-q") == (0, "", "")
    entries = project.read("k8s/shared/kustomization.yaml").decode().splitlines()[3:]
    assert sorted(entries) == ["- one.yaml", "- three.yaml", "- two.yaml"]


def test_a_file_that_somebody_changes_during_a_run_is_theirs(tmp_path: Path) -> None:
    # The program that gives the value edits the manifest, once the run has read it.
    project = empty(tmp_path / "edited")
    project.environment(values={"token": {"exec": ["sh", "program"]}}, secrets=["app"])
    project.template("app", {"token": "{{ values.token }}"})
    project.write("program", "printf one")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.write("program", "echo '# theirs' >> k8s/overlays/staging/app.yaml; printf two")
    before = project.contents()
    path = project.manifest("app")
    assert project.run("seal", "staging", "-q") == (
        1,
        "",
        f"error: {path} changed while sealgen ran; nothing was written\nRun it again.\n",
    )
    assert project.contents() == before | {path: before[path] + b"# theirs\n"}


# --- killed ---

SECRETS = 12


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a sealed project of many Secrets that are all made of one value."""
    project = empty(tmp_path_factory.mktemp("many"))
    names = [f"app-{number}" for number in range(SECRETS)]
    secrets = [{"name": name, "template": "app"} for name in names]
    project.environment(values={"token": {"generate": "uuid"}}, secrets=secrets)
    project.template("app", {"token": "{{ values.token }}"})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def version_of(project: Project) -> int:
    """Return the one version that the whole tree is of, after proving that it is whole."""
    lock = project.lock()
    versions = {line["version"] for line in lock.values() if "version" in line}
    versions |= {line["values"]["token"] for line in lock.values() if "values" in line}
    assert len(versions) == 1
    assert len(project.unsealed()) == SECRETS
    assert len(set(project.unsealed().values())) == 1
    assert project.run("plan", "staging") == (0, f"staging: {SECRETS} secrets, {SECRETS} keys, up to date\n", "")
    return project.counter("token")


@pytest.mark.parametrize("number", range(10))
def test_a_killed_run_leaves_a_whole_tree_after_the_next_start(many: Project, number: int) -> None:
    before = version_of(many)
    staging = many.root / ".sealgen/staging.staging"
    with many.start("seal", "staging", "-q", "--rotate", "token") as process:
        # All that is written is written within a few milliseconds from here.
        while not staging.exists() and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(random.Random(number).uniform(0, 0.02))  # noqa: S311
        process.kill()
    assert many.run("seal", "staging", "-q").code == 0
    assert version_of(many) in (before, before + 1)
    assert {path.name for path in many.root.glob(".sealgen/staging.*")} == {"staging.lock", "staging.seen"}
    assert many.run("seal", "staging").err == ""


def test_a_run_that_was_killed_after_its_commit_is_finished_by_the_next(project: Project) -> None:
    # What such a process leaves: the new files beside, the journal in its place, and half of them renamed.
    before = project.contents()
    assert project.run("seal", "staging", "-q", "--rotate", "postgres_password") == (0, "", "")
    after = project.contents()
    changed = [path for path in after if after[path] != before[path]]
    assert len(changed) == 3
    leave_behind(project, before, after, changed, done=1)
    told = "staging: finished an interrupted run of 3 files\n"
    pending = "error: staging: a run was interrupted while it changed files\nFinish it: sealgen seal staging\n"
    assert project.run("plan", "staging") == (12, "", pending)
    assert project.run("check", "staging") == (12, "", pending)
    assert project.run("seal", "staging") == (0, UP_TO_DATE[1], told)
    assert project.contents() == after
    assert project.run("seal", "staging") == UP_TO_DATE


def test_a_run_that_was_killed_before_its_commit_never_was(project: Project) -> None:
    before = project.contents()
    project.write(".sealgen/staging.staging/0", "half of a fi")
    assert project.run("plan", "staging") == (
        0,
        UP_TO_DATE[1],
        "staging: a run was interrupted before it changed anything; the next one tidies up\n",
    )
    assert project.run("seal", "staging") == (
        0,
        UP_TO_DATE[1],
        "staging: discarded what an interrupted run had prepared\n",
    )
    assert project.contents() == before


def test_an_external_run_goes_on_with_what_the_finished_one_made_of_the_environment(tmp_path: Path) -> None:
    project = aura(tmp_path)
    project.change(backend=BACKEND, push=PUSH)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    before = project.contents()
    project.change(namespace="aura-other")
    after = project.contents()
    leave_behind(project, before, after, ["environments/staging.yaml"], done=0)
    ended = project.run("seal", "staging")
    assert (ended.code, ended.err) == (0, "staging: finished an interrupted run of 1 file\n")
    assert b"namespace: aura-other" in project.read("k8s/overlays/staging/redis-secrets.yaml")


def test_an_external_run_ends_where_the_finished_one_made_another_kind_of_environment(tmp_path: Path) -> None:
    project = aura(tmp_path)
    sealed = project.contents()["environments/staging.yaml"]
    project.change(backend=BACKEND, push=PUSH)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    before = project.contents()
    after = {**before, "environments/staging.yaml": sealed}
    leave_behind(project, before, after, ["environments/staging.yaml"], done=0)
    assert project.run("seal", "staging") == (
        1,
        "",
        (
            "staging: finished an interrupted run of 1 file\n"
            "error: staging: the run that was finished has changed the environment's backend\n"
            "See what is to do now: sealgen plan staging\n"
        ),
    )
    assert project.contents() == after


@pytest.mark.parametrize(
    "way", [("sealed", "external"), ("external", "sealed"), ("sealed", "plain"), ("plain", "sealed")]
)
def test_a_change_of_backend_that_was_killed_is_finished_by_seal(tmp_path: Path, way: tuple[str, str]) -> None:
    project = aura(tmp_path)
    project.write("store.yaml", yaml.safe_dump({"backend": BACKEND, "push": PUSH}))
    generated = ("jwt_secret_key", "postgres_password", "redis_password")
    rotate = tuple(option for name in generated for option in ("--rotate", name))
    to = {
        "sealed": ("--to", "sealed-secrets", "--certificate", "environments/certificates/controller.pem"),
        "external": ("--to", "external-secrets", "--with", "store.yaml"),
        "plain": ("--to", "plain"),
    }
    assert project.run("seal", "staging", "-q").code == 0
    source, target = way
    if source != "sealed":
        assert project.run("migrate", "staging", *to[source], "-q").code == 0
    before = project.contents()
    ended = project.run("migrate", "staging", *to[target], *(rotate if way == ("external", "sealed") else ()), "--json")
    files = ended.document["results"][0]["files"]
    after = project.contents()
    assert sorted(files) == sorted(path for path in before | after if before.get(path) != after.get(path))
    for done in range(len(files) + 1):
        leave_behind(project, before, after, files, done)
        ended = project.run("seal", "staging")
        assert f"staging: finished an interrupted run of {len(files)} files\n" in ended.err, done
        assert project.contents() == after
        for path in after:
            project.write(path, after[path])


def leave_behind(
    project: Project, before: dict[str, bytes], after: dict[str, bytes], changed: list[str], done: int
) -> None:
    """Make the tree that of a run killed when it had put ``done`` of the ``changed`` files in place."""
    records = []
    for number, path in enumerate(changed):
        digests = {
            name: blake2b(files[path], digest_size=32).hexdigest() if path in files else None
            for name, files in (("before", before), ("after", after))
        }
        records.append({"path": path, **digests})
        if number >= done:
            if path in before:
                project.write(path, before[path])
            else:
                (project.root / path).unlink()
            if path in after:
                project.write(f".sealgen/staging.staging/{number}", after[path])
    project.write(".sealgen/staging.journal", json.dumps({"version": 1, "files": records}) + "\n")
