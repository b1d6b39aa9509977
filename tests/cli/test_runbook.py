"""``sealgen rotate --execute``: each step once, in order, noted; after any end in between another run goes on."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sealgen.cluster import connection
from sealgen.errors import SealgenError
from sealgen.execution import commands
from tests.support.api_server import api_server
from tests.support.leaks import leaked
from tests.support.live import Live
from tests.support.project import Project, empty
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.api_server import Answer, Request
    from tests.support.project import Ended
    from tests.support.terminal import Session

JOURNAL = ".sealgen/rotations/staging.journal"
# Notes its name, what it reads, its arguments and its variables; fails, or kills the run, where a file says so.
PROGRAM = r"""
name=$1
input=$(cat; echo x)
printf '%s' "${input%x}" > "got/$name"
tr '\0' ' ' < /proc/$$/cmdline >> got/arguments
env >> got/variables
echo "$name says: $input"
echo "$name" >> got/done
if grep -qx "$name" fail; then exit 3; fi
if [ "$name" = apply ]; then touch got/applied; fi
if grep -qx "$name" kill; then kill -9 "$PPID"; fi
"""
ROTATION: dict[str, Any] = {
    "before": [
        {
            "name": "change it",
            "run": ["sh", "step", "change"],
            "stdin": "to {{ values.password }} for {{ values.user }} of {{ values.site }}\n",
            "rollback": {"run": ["sh", "step", "undo"], "stdin": "back to {{ previous.password }}"},
        }
    ],
    "after": [
        ["sh", "step", "apply", "{{ output }}"],
        {"run": ["sh", "step", "finish"], "stdin": "{{ values.password | b64encode }}"},
    ],
    "verify": [["sh", "step", "verify", "{{ vars.host }}"]],
}
WAYS = (
    "Go on with it: sealgen rotate staging --resume; begin it again with another version: sealgen rotate staging "
    "--restart; undo what was done: sealgen rotate staging --rollback; or give it up: sealgen rotate staging --abandon"
)
RESTORE = "the new version stays sealed in the work tree: restore the lock and the overlay from Git to have the old one"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose value has four steps, sealed."""
    (tmp_path / "project").mkdir()
    project = empty(tmp_path / "project")
    project.environment(
        vars={"host": "example.org"},
        values={
            "password": {"generate": "hex", "bytes": 24, "rotation": ROTATION},
            "user": {"literal": "aura"},
            "site": {"env": "SITE"},
            "other": {"generate": "hex", "bytes": 24},
        },
        secrets=["app"],
    )
    project.template(
        "app",
        {"password": "{{ values.password }}", "uri": "x://{{ values.password }}@y", "other": "{{ values.other }}"},
    )
    project.write("step", PROGRAM)
    (project.root / "got").mkdir()
    project.write("fail", "")
    project.write("kill", "")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


@pytest.fixture
def live(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """Return the cluster with the project's overlay; the step ``apply`` brings the present one there."""
    monkeypatch.setattr(connection, "_FIRST_PAUSE", 0.0)
    with api_server(tmp_path) as server:
        project.change(cluster={"kubeconfig": str(server.kubeconfig)})
        cluster = Live(server)

        def serve() -> None:
            cluster.apply(project)
            for path, answer in list(server.answers.items()):
                server.answers[path] = partial(current, answer)

        def current(answer: Answer | Callable[[Request], Answer], request: Request) -> Answer:
            applied = project.root / "got/applied"
            if applied.exists():
                applied.unlink()
                serve()
                answer = server.answers[f"{request.method} {request.path}"]
            return answer(request) if callable(answer) else answer

        serve()
        yield cluster


def rotate(project: Project, *arguments: str, **env: str | None) -> Ended:
    return project.run("rotate", "staging", *arguments, env={"SITE": "sItE-7f1c9e0b4a", **env})


def done(project: Project) -> list[str]:
    """Return the steps that were run since this was asked last."""
    path = project.root / "got/done"
    found = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def got(project: Project, step: str) -> str:
    return project.read(f"got/{step}").decode()


def password(project: Project) -> str:
    return project.unsealed()["app/password"].decode()


PLAN = (
    "staging\n"
    "  SECRET  KEY       ACTION  REASON\n"
    "  app     password  seal    rotated: password 1 → 2\n"
    "  app     uri       seal    rotated: password 1 → 2\n"
)
STEPS = (
    "  1 before: change it\n    $ sh step change\n    < to «password» for «user» of «site»\n",
    "  2 after\n    $ sh step apply k8s/overlays/staging\n",
    "  3 after\n    $ sh step finish\n    < «password|b64encode»\n",
    "  4 verify\n    $ sh step verify example.org\n",
)
SEALED = "staging: 1 secret, 3 keys, 2 sealed, 1 kept\n"


# --- what works ---


def test_the_value_is_sealed_and_then_the_steps_are_run_in_order(project: Project, live: Live) -> None:
    old = password(project)
    ended = rotate(project, "password", "--execute", "--yes")
    told = "".join(f"{step}    done\n" for step in STEPS)
    end = "staging: password rotated, 4 steps done\n"
    assert ended == (0, PLAN + "".join(STEPS) + SEALED + told + end, "")
    assert done(project) == ["change", "apply", "finish", "verify"]
    new = password(project)
    assert new != old
    assert got(project, "change") == f"to {new} for aura of sItE-7f1c9e0b4a\n"
    assert (got(project, "apply"), got(project, "verify")) == ("", "")
    assert project.counter("password") == 2
    assert not (project.root / JOURNAL).exists()


def test_no_plaintext_is_in_an_argument_a_variable_the_output_or_a_file(project: Project, live: Live) -> None:
    old = password(project)
    project.write("fail", "finish\n")
    failed = rotate(project, "password", "--execute", "--yes", "--show-output", "-v")
    assert failed.code == 1
    values = {"new": password(project).encode(), "old": old.encode()}
    kept = b"".join(path.read_bytes() for path in (project.root / ".sealgen").rglob("*") if path.is_file())
    assert b"rotation" in kept
    project.write("fail", "")
    ended = rotate(project, "--resume", "--yes", "--json", "--show-output")
    assert ended.code == 0
    seen = "".join((*failed[1:], *ended[1:])).encode()
    assert leaked(seen + kept, {**values, "site": b"sItE-7f1c9e0b4a"}) == []
    assert leaked(project.read("got/arguments") + project.read("got/variables"), values) == []
    assert "change says: to *** for aura of ***" in failed.err
    files = {path: content for path, content in project.contents().items() if not path.startswith("got/")}
    assert leaked(b"".join(files.values()), values) == []


def test_programs_do_not_get_the_fingerprint_key(project: Project, live: Live) -> None:
    assert rotate(project, "password", "--execute", "--yes", "-q") == (0, "", "")
    assert "SEALGEN_FINGERPRINT_KEY" not in got(project, "variables")


def test_programs_reach_the_environments_own_cluster(project: Project, live: Live) -> None:
    kubeconfig = live.server.kubeconfig
    project.change(cluster={"kubeconfig": str(kubeconfig), "context": "test"})
    rotate(project, "other", "password", "--execute", "--yes", "-q")
    first = project.root / ".sealgen/rotations/staging.kubeconfig"
    assert f"\nKUBECONFIG={first}:{kubeconfig}\n" in got(project, "variables")
    assert json.loads(first.read_bytes()) == {"apiVersion": "v1", "kind": "Config", "current-context": "test"}


def test_the_output_of_programs_is_shown_only_where_that_is_asked_for(project: Project, live: Live) -> None:
    ended = rotate(project, "password", "--execute", "--yes")
    assert "says" not in ended.out + ended.err
    ended = rotate(project, "password", "--execute", "--yes", "--show-output")
    assert "says" not in ended.out
    assert ended.err.splitlines() == [
        "    | change says: to *** for aura of ***",
        "    | x",
        "    | apply says: x",
        "    | finish says: ***x",
        "    | verify says: x",
    ]


def test_the_journal_is_private_and_of_digests(project: Project, live: Live) -> None:
    project.write("fail", "apply\n")
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    path = project.root / JOURNAL
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    said = json.loads(path.read_bytes())
    assert [entry["outcome"] for entry in said["entries"]] == ["done", "failed", "left", "left"]
    assert {*said} == {"sealgen", "format", "values", "previous", "entries"}
    assert all(re.fullmatch("[0-9a-f]{64}", entry["step"]) for entry in said["entries"])


def test_json_tells_what_came_of_each_step(project: Project, live: Live) -> None:
    project.write("fail", "apply\n")
    document = rotate(project, "password", "--execute", "--yes", "--json").document
    (result,) = document["results"]
    assert (document["exit_code"], result["values"], len(result["steps"])) == (1, ["password"], 3)
    assert [(step["number"], step["outcome"]) for step in result["procedure"]] == [
        (1, "done"),
        (2, "failed"),
        (3, "left"),
        (4, "left"),
    ]
    assert result["procedure"][0] == {
        "number": 1,
        "phase": "before",
        "name": "change it",
        "run": ["sh", "step", "change"],
        "stdin": "to «password» for «user» of «site»\n",
        "rollback": {"run": ["sh", "step", "undo"], "stdin": "back to «previous.password»"},
        "outcome": "done",
    }
    assert document["errors"][0]["message"] == "staging: step 2 of 4 failed: sh ended with status 3"


def test_a_dry_run_shows_plan_and_steps_and_does_nothing(project: Project) -> None:
    before = project.tree()
    to_do = "staging: 1 secret, 3 keys, 2 to seal, 1 to keep\n"
    assert rotate(project, "password", "--execute", "--dry-run") == (10, PLAN + to_do + "".join(STEPS), "")
    assert (project.tree(), done(project)) == (before, [])


def test_print_is_a_page_that_needs_no_value(project: Project) -> None:
    before = project.tree()
    ended = project.run("rotate", "staging", "password", "--print", env={"SEALGEN_FINGERPRINT_KEY": None})
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("# staging: rotate `password`\n")
    assert (
        "1. Make the next version of `password`, and seal what is made of it: `app/password`, `app/uri`." in ended.out
    )
    assert "   to «password» for «user» of «site»" in ended.out
    document = project.run("rotate", "staging", "password", "--print", "--json").document
    assert [step["outcome"] for step in document["results"][0]["procedure"]] == [None] * 4
    assert project.tree() == before


# --- what ends it before it began ---


@pytest.mark.parametrize("what", ["--execute", "--print"])
def test_without_steps_there_is_nothing_to_execute(project: Project, what: str) -> None:
    before = project.tree()
    assert rotate(project, "other", what, *(["--yes"] if what == "--execute" else [])) == (
        2,
        "",
        (
            "error: staging has no rotation: for 'other', so that there are no steps\n"
            "Rotate without --execute and --print, or write down the steps (docs/rotation.md).\n"
        ),
    )
    assert project.tree() == before


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("password", "--execute"), "each step is confirmed, and nobody can answer here; --yes says it beforehand"),
        (("--resume",), "each step is confirmed, and nobody can answer here; --yes says it beforehand"),
        (("password", "--print", "--execute", "--yes"), "say --print or --execute, not both"),
        (
            ("--finish", "password", "--execute", "--yes"),
            "there are no steps around --finish; leave --print and --execute out",
        ),
        (("password", "--resume", "--yes"), "--resume is about what was begun; leave all else to do out"),
        (("--all", "--rollback", "--yes"), "--rollback is about what was begun; leave all else to do out"),
        (("--abandon", "--dry-run"), "--abandon is about what was begun; leave all else to do out"),
        (("password", "--force"), "--force is for entries of a store that an operator reads; leave it out"),
        (("--execute", "--yes"), "name values, or say one of --due, --all and --finish VALUE"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    project: Project, arguments: tuple[str, ...], problem: str
) -> None:
    assert rotate(project, *arguments) == (2, "", f"error: {problem}\nTry 'sealgen rotate --help'.\n")


@pytest.mark.parametrize("what", ["--resume", "--restart", "--rollback", "--abandon"])
def test_what_is_no_environment_has_no_rotation_and_leaves_no_trace(project: Project, what: str) -> None:
    ended = project.run("rotate", "../elsewhere", what, "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: there is no environment '../elsewhere'")
    assert not (project.root / ".sealgen/rotations").exists()


def test_what_a_step_reads_is_there_before_anything_is_changed(project: Project) -> None:
    before = project.tree()
    ended = rotate(project, "password", "--execute", "--yes", SITE=None)
    assert ended == (
        12,
        "",
        (
            "error: staging: site can't be had: values.site: the environment variable SITE is not set; "
            "nothing was changed\n"
            "set SITE to the value and run again\n"
        ),
    )
    assert (project.tree(), done(project)) == (before, [])


def test_a_version_before_that_a_step_reads_must_be_live(project: Project, live: Live) -> None:
    project.edit("environments/staging.yaml", "to {{ values.password }}", "to {{ previous.password }}")
    live.secrets["app"]["metadata"]["managedFields"] = []
    before = project.tree()
    ended = rotate(project, "password", "--execute", "--yes")
    assert (ended.code, ended.out, project.tree()) == (12, "", before)
    assert ended.err == (
        "error: staging: previous.password can't be had: password of the Secret aura-staging/app is not as the "
        "controller wrote it; nothing was changed\n"
    )


def test_what_only_a_rollback_reads_may_be_missing_and_that_is_said(project: Project) -> None:
    project.change(cluster={"kubeconfig": "nowhere"})
    project.write("fail", "finish\n")
    ended = rotate(project, "password", "--execute", "--yes", "-v")
    assert ended.err.splitlines()[0] == (
        "staging: not all can be rolled back, as previous.password can't be had: there is no kubeconfig "
        f"{project.root}/nowhere"
    )
    assert ended.code == 1
    ended = rotate(project, "--rollback", "--yes")
    assert ended.code == 12
    assert "staging: step 1 of 4 failed: previous.password can't be had" in ended.err


# --- what ends it in between ---


def test_a_step_that_fails_ends_it_and_resume_goes_on_there(project: Project, live: Live) -> None:
    project.write("fail", "finish\n")
    ended = rotate(project, "password", "--execute", "--yes")
    assert (ended.code, ended.err) == (1, f"error: staging: step 3 of 4 failed: sh ended with status 3\n{WAYS}\n")
    assert done(project) == ["change", "apply", "finish"]
    new = password(project)
    assert rotate(project, "--resume", "--yes").code == 1
    assert done(project) == ["finish"]
    project.write("fail", "")
    ended = rotate(project, "--resume", "--yes")
    assert ended == (
        0,
        "".join(f"{step}    done\n" for step in STEPS[2:]) + "staging: password rotated, 4 steps done\n",
        "",
    )
    assert done(project) == ["finish", "verify"]
    assert (password(project), project.counter("password")) == (new, 2)
    assert rotate(project, "--resume", "--yes") == (0, "staging: no rotation was begun\n", "")


def test_while_it_is_not_finished_no_other_begins_and_every_command_says_so(project: Project, live: Live) -> None:
    project.write("fail", "apply\n")
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    before = project.tree()
    assert rotate(project, "password", "--execute", "--yes") == (
        1,
        "",
        f"error: staging: the rotation of password was begun and is not finished\n{WAYS}\n",
    )
    assert project.tree() == before
    note = "staging: a rotation was begun and is not finished; go on with sealgen rotate staging --resume\n"
    assert project.run("plan", "staging") == (0, "staging: 1 secret, 3 keys, up to date\n", note)


@pytest.mark.parametrize("step", ["change", "apply", "finish", "verify"])
def test_killed_in_any_step_another_run_finishes_it(project: Project, live: Live, step: str) -> None:
    old = password(project)
    project.write("kill", f"{step}\n")
    ended = project.execute("rotate", "staging", "password", "--execute", "--yes", env={"SITE": "s"})
    assert ended.code == -9
    new = password(project)
    project.write("kill", "")
    done(project)
    ended = rotate(project, "--resume", "--yes")
    if step == "change":
        # Nobody has the new value: it was sealed, and the cluster has the one before.
        assert ended.code == 12
        assert ended.err == (
            "error: staging: step 1 of 4 failed: password can't be had: the SealedSecret aura-staging/app has another "
            f"ciphertext of password than the lock\n{WAYS}\n"
        )
        ended = rotate(project, "--restart", "--yes")
        assert project.counter("password") == 3
        new = password(project)
        assert got(project, "change").startswith(f"to {new} ")
    assert ended.code == 0, ended
    assert password(project) == new != old
    assert done(project)[-1] == "verify"
    assert not (project.root / JOURNAL).exists()


def test_after_a_restart_the_version_before_is_still_known(project: Project, live: Live) -> None:
    old = password(project)
    project.edit(
        "environments/staging.yaml", "to {{ values.password }}", "{{ previous.password }} {{ values.password }}"
    )
    project.write("kill", "change\n")
    for version in (2, 3):
        command = ["password", "--execute"] if version == 2 else ["--restart"]
        assert project.execute("rotate", "staging", *command, "--yes", env={"SITE": "s"}).code == -9
        assert project.counter("password") == version
    project.write("kill", "")
    assert rotate(project, "--restart", "--yes").code == 0
    assert got(project, "change") == f"{old} {password(project)} for aura of sItE-7f1c9e0b4a\n"


def test_killed_before_anything_is_sealed_there_is_nothing_to_resume(
    project: Project, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise SealgenError("no")

    before = project.contents()
    with monkeypatch.context() as patch:
        patch.setattr("sealgen.overlay.transaction.Run.apply", fails)
        assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    assert (project.root / JOURNAL).exists()
    assert project.contents() == before
    assert rotate(project, "--resume", "--yes") == (0, "staging: no rotation was begun\n", "")
    assert rotate(project, "password", "--execute", "--yes", "-q") == (0, "", "")


def test_what_is_undone_is_undone_in_reverse_and_then_it_is_given_up(project: Project, live: Live) -> None:
    old = password(project)
    project.write("fail", "apply\n")
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    done(project)
    assert rotate(project, "--rollback", "--yes") == (
        0,
        (
            "  1 undo: change it\n    $ sh step undo\n    < back to «previous.password»\n    undone\n"
            f"staging: the rotation of password is rolled back; {RESTORE}\n"
        ),
        "",
    )
    assert (done(project), got(project, "undo")) == (["undo"], f"back to {old}")
    assert rotate(project, "--rollback", "--yes") == (0, "staging: no rotation was begun\n", "")


@pytest.mark.parametrize("how", ["fail", "kill"])
def test_a_step_that_was_begun_and_not_done_is_undone_too(project: Project, live: Live, how: str) -> None:
    old = password(project)
    project.write(how, "change\n")
    ended = project.execute("rotate", "staging", "password", "--execute", "--yes", "-q", env={"SITE": "s"})
    assert ended.code == (1 if how == "fail" else -9)
    project.write(how, "")
    assert rotate(project, "--rollback", "--yes", "-q") == (0, "", "")
    assert (done(project), got(project, "undo")) == (["change", "undo"], f"back to {old}")


def test_a_rollback_that_fails_can_be_tried_again(project: Project, live: Live) -> None:
    project.write("fail", "apply\nundo\n")
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    ended = rotate(project, "--rollback", "--yes", "-q")
    assert (ended.code, ended.err) == (1, f"error: staging: step 1 of 4 failed: sh ended with status 3\n{WAYS}\n")
    project.write("fail", "")
    assert rotate(project, "--rollback", "--yes", "-q") == (0, "", "")


def test_abandoned_it_is_forgotten(project: Project, live: Live) -> None:
    project.write("fail", "apply\n")
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    done(project)
    assert rotate(project, "--abandon") == (0, f"staging: the rotation of password is given up; {RESTORE}\n", "")
    assert done(project) == []
    assert rotate(project, "--abandon") == (0, "staging: no rotation was begun\n", "")


def test_steps_that_are_left_may_be_mended(project: Project, live: Live) -> None:
    project.write("fail", "finish\n")
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    project.edit("environments/staging.yaml", "- finish", "- mended")
    done(project)
    assert rotate(project, "--resume", "--yes", "-q") == (0, "", "")
    assert done(project) == ["mended", "verify"]


def test_a_step_that_was_done_and_is_another_now_ends_it(project: Project, live: Live) -> None:
    project.write("fail", "finish\n")
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    project.edit("environments/staging.yaml", "- change", "- changed")
    assert rotate(project, "--resume", "--yes") == (
        1,
        "",
        (
            "error: staging: a step that was done is no longer among the steps of password, so that it can't be told "
            f"where to go on\n{WAYS}\n"
        ),
    )


def test_a_lock_that_has_moved_on_ends_it(project: Project, live: Live) -> None:
    project.write("fail", "finish\n")
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 1
    assert project.run("seal", "staging", "--rotate", "password", "-q").code == 0
    assert rotate(project, "--resume", "--yes") == (
        1,
        "",
        (
            "error: staging: password is another version now than the one that was rotated to\n"
            f"Somebody sealed it again. {WAYS}\n"
        ),
    )


def test_a_program_that_is_not_there_or_takes_too_long_fails(project: Project, live: Live) -> None:
    for run, problem in (
        ([["no-such-program"]], "the program 'no-such-program' is not there"),
        ([["./step"]], "the program './step' can't be started: Permission denied"),
        ([{"run": ["sh", "-c", "sleep 60 & sleep 60"], "timeout": "1s"}], "sh took longer than 1 s"),
        ([["sh", "-c", "kill -TERM $$"]], "sh was ended by SIGTERM"),
    ):
        values = {
            "password": {"generate": "hex", "bytes": 24, "rotation": {"after": run}},
            "other": {"generate": "hex"},
        }
        project.change(values=values)
        ended = rotate(project, "password", "--execute", "--yes", "-q")
        assert (ended.code, ended.err.splitlines()[0]) == (1, f"error: staging: step 1 of 1 failed: {problem}")
        assert rotate(project, "--abandon", "-q").code == 0


def test_while_another_run_carries_one_out_none_begins(project: Project, live: Live) -> None:
    inner = f"{sys.executable} -m sealgen rotate staging --abandon 2>got/inner; true"
    values = {
        "password": {"generate": "hex", "bytes": 24, "rotation": {"after": [["sh", "-c", inner]]}},
        "other": {"generate": "hex"},
    }
    project.change(values=values)
    assert rotate(project, "password", "--execute", "--yes", "-q").code == 0
    assert got(project, "inner") == f"error: staging: another run carries out a rotation (process {os.getpid()})\n"


def test_interrupted_in_a_step_it_can_be_resumed(project: Project, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    attend = commands._attend

    def interrupted(process: subprocess.Popen[bytes], *others: Any) -> None:
        if isinstance(process.args, tuple) and "apply" in process.args:
            raise KeyboardInterrupt
        attend(process, *others)

    with monkeypatch.context() as patch:
        patch.setattr(commands, "_attend", interrupted)
        ended = rotate(project, "password", "--execute", "--yes", "-q")
    assert ended == (130, "", f"error: staging: interrupted\n{WAYS}\n")
    done(project)
    assert rotate(project, "--resume", "--yes", "-q") == (0, "", "")
    assert done(project) == ["apply", "finish", "verify"]


# --- a person ---


def session(project: Project, *arguments: str, answers: list[str | None]) -> Session:
    return at_terminal(project, "rotate", "staging", *arguments, answers=answers, env={"SITE": "sItE-7f1c9e0b4a"})


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[mK]", "", text).replace("\r\n", "\n")


def test_a_person_confirms_all_of_it_and_each_step(project: Project, live: Live) -> None:
    answers: list[str | None] = ["yes", "yes", "skip", "what", "show", "stop"]
    ended = session(project, "password", "--execute", answers=answers)
    shown = plain(ended.shown)
    assert ended.code == 10
    assert "staging: rotate? Type yes: yes\n" in shown
    assert "staging: step 1 of 4: run it? Type yes, show, skip or stop: yes\n    done\n" in shown
    assert "staging: step 2 of 4: run it? Type yes, show, skip or stop: skip\n    skipped\n" in shown
    assert shown.count("staging: step 3 of 4: run it?") == 2
    assert "    | finish says: ***x\n    done\n" in shown
    assert shown.endswith(f"staging: stopped at step 4 of 4. {WAYS}\n")
    assert done(project) == ["change", "finish"]
    assert rotate(project, "--resume", "--yes", "-q") == (0, "", "")
    assert done(project) == ["verify"]


def test_without_a_yes_nothing_is_written(project: Project, live: Live) -> None:
    before = project.tree()
    ended = session(project, "password", "--execute", answers=["no"])
    assert (ended.code, project.tree(), done(project)) == (10, before, [])
    assert plain(ended.shown).endswith("staging: nothing was written\n")


def test_a_person_says_what_becomes_of_a_step_that_failed(project: Project, live: Live) -> None:
    old = password(project)
    project.write("fail", "change\n")
    answers: list[str | None] = ["yes", "yes", "retry", "show", "rollback", "yes"]
    ended = session(project, "password", "--execute", answers=answers)
    shown = plain(ended.shown)
    assert ended.code == 0
    assert shown.count("warning: staging: step 1 of 4 failed: sh ended with status 3\n") == 3
    assert "it failed; Type retry, show, skip, rollback or stop: " in shown
    assert "change says: to *** for aura of ***" in shown
    assert "staging: step 1 of 4: undo it? Type yes, show, skip or stop: yes\n    undone\n" in shown
    assert (done(project), got(project, "undo")) == (["change"] * 3 + ["undo"], f"back to {old}")
    assert not (project.root / JOURNAL).exists()
