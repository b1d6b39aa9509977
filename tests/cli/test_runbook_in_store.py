"""``sealgen rotate --execute`` where an operator reads the values: they are put first, and then the steps are run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.leaks import leaked
from tests.support.project import Project, empty

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Ended
    from tests.support.vault import Vault

ENTRY = "aura/staging"
JOURNAL = ".sealgen/rotations/staging.journal"
STORE = {
    "name": "aura",
    "vault": {"server": "https://v", "path": "secret", "auth": {"kubernetes": {"mountPath": "k", "role": "r"}}},
}
# Notes what it reads; fails, or kills the run, where a file says so.
PROGRAM = r"""
cat > "got/$1"
echo "$1" >> got/done
if grep -qx "$1" fail; then exit 3; fi
if grep -qx "$1" kill; then kill -9 "$PPID"; fi
"""
ROTATION: dict[str, Any] = {
    "before": [
        {
            "run": ["sh", "step", "change"],
            "stdin": "from {{ previous.password }} to {{ values.password }} of {{ values.user }} by {{ values.admin }}",
            "rollback": {"run": ["sh", "step", "undo"], "stdin": "back to {{ previous.password }}"},
        }
    ],
    "after": [{"run": ["sh", "step", "restart"], "stdin": "{{ values.password }}"}],
}
WAYS = (
    "Go on with it: sealgen rotate staging --resume; undo what was done: sealgen rotate staging --rollback; "
    "or give it up: sealgen rotate staging --abandon"
)


@pytest.fixture
def project(tmp_path: Path, store: Vault) -> Project:
    """Return a project whose value has two steps, and is in the store."""
    project = empty(tmp_path / "project")
    project.environment(
        backend={"kind": "external-secrets", "secret_store": STORE},
        values={
            "password": {"generate": "hex", "bytes": 16, "rotation": ROTATION},
            "admin": {"generate": "hex", "bytes": 16},
            "user": {"literal": "aura"},
        },
        push={"vault": "secret/aura/{environment}", "property": "{value}"},
        secrets=["app"],
    )
    project.template("app", {"password": "{{ values.password }}", "uri": "x://{{ values.password }}@y"})
    project.write("step", PROGRAM)
    (project.root / "got").mkdir()
    project.write("fail", "")
    project.write("kill", "")
    assert project.run("push", "staging", "-q", env=store.variables) == (0, "", "")
    return project


def rotate(project: Project, store: Vault, *arguments: str) -> Ended:
    return project.run("rotate", "staging", *arguments, env=store.variables)


def held(store: Vault) -> dict[str, str]:
    found = store.newest(ENTRY)
    assert found is not None
    return found


def got(project: Project, step: str) -> str:
    return project.read(f"got/{step}").decode()


def done(project: Project) -> list[str]:
    """Return the steps that were run since this was asked last."""
    path = project.root / "got/done"
    found = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return found


def test_it_is_put_and_then_the_steps_are_run_with_the_version_before_and_after(project: Project, store: Vault) -> None:
    before = held(store)
    ended = rotate(project, store, "password", "--execute", "--yes")
    after = held(store)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("staging: password rotated, 2 steps done\n")
    assert before["password"] != after["password"]
    assert done(project) == ["change", "restart"]
    assert got(project, "change") == (f"from {before['password']} to {after['password']} of aura by {after['admin']}")
    assert got(project, "restart") == after["password"]
    assert project.counter("password") == 2
    assert not (project.root / JOURNAL).exists()


@pytest.mark.parametrize("step", ["change", "restart"])
def test_a_step_that_fails_ends_it_and_resume_goes_on_with_what_the_store_has(
    project: Project, store: Vault, step: str
) -> None:
    before = held(store)["password"]
    project.write("fail", step)
    ended = rotate(project, store, "password", "--execute", "--yes")
    number = {"change": 1, "restart": 2}[step]
    assert (ended.code, ended.err) == (
        1,
        f"error: staging: step {number} of 2 failed: sh ended with status 3\n{WAYS}\n",
    )
    done(project)
    project.write("fail", "")
    ended = rotate(project, store, "--resume", "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert done(project) == ["change", "restart"][number - 1 :]
    assert got(project, "restart") == held(store)["password"]
    assert got(project, "change").startswith(f"from {before} to {held(store)['password']} ")


def test_what_is_rolled_back_later_gets_the_version_before(project: Project, store: Vault) -> None:
    before = held(store)["password"]
    project.write("fail", "restart")
    assert rotate(project, store, "password", "--execute", "--yes").code == 1
    ended = rotate(project, store, "--rollback", "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert got(project, "undo") == f"back to {before}"
    assert ended.out.endswith(
        "staging: the rotation of password is rolled back; the new version stays in the store: put the one before back "
        "there, from its history, to have that\n"
    )


def test_where_the_store_keeps_no_versions_that_is_said(project: Project, store: Vault) -> None:
    project.change(push={"vault": "old/aura", "property": "{value}"})
    store.old["aura"] = {"password": "before", "admin": "admin"}
    project.write("fail", "change")
    ended = rotate(project, store, "password", "--execute", "--yes", "--force")
    assert ended.code == 1
    assert got(project, "change").startswith("from before to ")
    ended = rotate(project, store, "--resume", "--yes")
    assert (ended.code, ended.err) == (
        12,
        (
            "error: staging: step 1 of 2 failed: previous.password can't be had: the store has the next version by "
            f"now, and keeps none before\n{WAYS}\n"
        ),
    )


def test_killed_in_a_step_another_run_finishes_it(project: Project, store: Vault) -> None:
    project.write("kill", "restart")
    assert project.execute("rotate", "staging", "password", "--execute", "--yes", env=store.variables).code == -9
    after = held(store)["password"]
    assert (done(project), project.counter("password")) == (["change", "restart"], 2)
    project.write("kill", "")
    ended = rotate(project, store, "password", "--execute", "--yes")
    assert ended.err == f"error: staging: the rotation of password was begun and is not finished\n{WAYS}\n"
    assert rotate(project, store, "--resume", "--yes").code == 0
    assert (done(project), got(project, "restart"), held(store)["password"]) == (["restart"], after, after)


def test_killed_before_the_lock_is_written_the_steps_are_still_to_be_run(project: Project, store: Vault) -> None:
    """The store may have the next version by then, so the journal is never taken for one of nothing."""
    before = held(store)["password"]
    lock = project.read("environments/staging.lock")
    project.write("kill", "change")
    assert project.execute("rotate", "staging", "password", "--execute", "--yes", env=store.variables).code == -9
    project.write("environments/staging.lock", lock)
    project.write("kill", "")
    assert rotate(project, store, "--restart", "--yes") == (
        2,
        "",
        (
            "error: staging is an environment of External Secrets: its store has the next version, and no other is "
            "made\nGo on with that one: sealgen rotate staging --resume\n"
        ),
    )
    assert held(store)["password"] != before
    assert rotate(project, store, "--abandon") == (
        0,
        (
            "staging: the rotation of password is given up; the new version stays in the store: put the one before "
            "back there, from its history, to have that\n"
        ),
        "",
    )


def test_what_the_steps_need_is_had_before_anything_is_put(project: Project, store: Vault) -> None:
    store.put(ENTRY, {"password": "there"})
    ended = rotate(project, store, "password", "--execute", "--yes")
    assert ended.code == 12
    assert ended.err.startswith("error: staging: admin can't be had: ")
    assert ended.err.endswith("; nothing was changed\n")
    assert (held(store), done(project)) == ({"password": "there"}, [])


def test_what_is_generated_and_in_no_store_is_not_made_up(project: Project, store: Vault) -> None:
    place = {"vault": "secret/aura/staging", "property": "password"}
    values = {
        "password": {"generate": "hex", "bytes": 16, "rotation": ROTATION, "push": place},
        "admin": {"generate": "hex", "bytes": 16},
        "user": {"literal": "aura"},
    }
    project.change(push=None, values=values)
    ended = rotate(project, store, "password", "--execute", "--yes")
    assert (ended.code, ended.out, done(project)) == (12, "", [])
    assert ended.err == "error: staging: admin can't be had: it is in no store; nothing was changed\n"


def test_without_its_steps_it_is_put_only_where_somebody_says_so(project: Project, store: Vault) -> None:
    before = held(store)["password"]
    told = "staging: there are steps around password, and the operator does not wait for them\n"
    ended = rotate(project, store, "password")
    assert ended == (
        2,
        "",
        (
            f"error: {told}Carry them out: sealgen rotate staging password --execute; or do it by hand: "
            "sealgen rotate staging password --print, and --yes\n"
        ),
    )
    assert held(store)["password"] == before
    ended = rotate(project, store, "password", "--yes")
    assert (ended.code, ended.err, done(project)) == (0, told, [])
    assert held(store)["password"] != before


def test_a_dry_run_and_a_page_change_nothing(project: Project, store: Vault) -> None:
    before = project.contents(), held(store)
    dry = rotate(project, store, "password", "--execute", "--dry-run")
    assert (dry.code, "1 to rotate" in dry.out, "sh step change" in dry.out) == (10, True, True)
    page = project.run("rotate", "staging", "password", "--print")
    assert page.code == 0
    assert (
        "## Put\n\n1. Make the next version of `password`, and put it into the store; "
        "what is made of it: `app/password`, `app/uri`.\n"
    ) in page.out
    assert (project.contents(), held(store)) == before


def test_no_output_and_no_file_tells_a_value(project: Project, store: Vault) -> None:
    values = {f"before {name}": text.encode() for name, text in held(store).items() if name != "user"}
    project.write("fail", "restart")
    told = [rotate(project, store, "password", "--execute", "--yes", "-v")]
    kept, journal = project.contents(), project.read(JOURNAL)
    told.append(rotate(project, store, "--rollback", "--yes", "--json"))
    values |= {name: text.encode() for name, text in held(store).items() if name != "user"}
    assert [leaked((ended.out + ended.err).encode(), values) for ended in told] == [[], []]
    files = {path: content for path, content in kept.items() if not path.startswith("got/")}
    assert [path for path, content in files.items() if leaked(content, values)] == []
    assert leaked(journal, values) == []
