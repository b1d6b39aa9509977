"""``push`` and ``rotate`` where an operator reads the values, and the lock tells which version is there since when."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support.leaks import leaked
from tests.support.project import Project, empty
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support.vault import Vault

ENTRY = "aura/staging"
LOCK = "environments/staging.lock"
SMTP = "smtp-password-7c1f0a5e"
STORE = {
    "name": "aura",
    "vault": {"server": "https://v", "path": "secret", "auth": {"kubernetes": {"mountPath": "k", "role": "r"}}},
}
KEEP = {"vault": "secret/kept", "property": "{value}"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose Secret an operator makes, of values from all kinds of sources."""
    project = empty(tmp_path / "project")
    project.environment(
        backend={"kind": "external-secrets", "secret_store": STORE},
        values={
            "smtp": {"env": "SMTP", "rotate_every": "90d"},
            "jwt": {"generate": "hex", "bytes": 16, "rotate_every": "90d"},
            "kept": {"generate": "hex", "bytes": 16, "keep": {**KEEP}},
            "user": {"literal": "aura"},
        },
        push={"vault": "secret/aura/{environment}", "property": "{value}"},
        secrets=["app"],
    )
    project.template("app", {name: f"{{{{ values.{name} }}}}" for name in ("smtp", "jwt", "kept", "user")})
    return project


def env(store: Vault, smtp: str = SMTP) -> dict[str, str | None]:
    return {**store.variables, "SMTP": smtp}


def versions(project: Project) -> Mapping[str, str]:
    """Return the counter of each value in the lock, which has nothing but such lines, of today."""
    lines = [json.loads(line) for line in project.read(LOCK).splitlines()]
    assert lines.pop(0) == {"sealgen": "lock", "format": 1}
    assert {line["date"] for line in lines} == {datetime.now(UTC).date().isoformat()}
    assert all(re.fullmatch("[1-9]-[0-9a-f]{8}", line["version"]) for line in lines)
    return {line["value"]: line["version"].partition("-")[0] for line in lines}


def held(store: Vault) -> dict[str, str]:
    """Return what the store holds, by value."""
    return {**(store.newest(ENTRY) or {}), **(store.newest("kept") or {})}


def age(project: Project, date: str) -> None:
    """Give all values of the lock another date."""
    project.write(LOCK, re.sub(rb'"date":"[0-9-]+"', b'"date":"' + date.encode() + b'"', project.read(LOCK)))


def test_what_is_put_gets_a_line_and_a_literal_none(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert versions(project) == {"jwt": "1", "kept": "1", "smtp": "1"}
    before = project.read(LOCK)
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert project.read(LOCK) == before
    assert project.run("push", "staging", "-q", env=env(store, "another")) == (0, "", "")
    assert versions(project) == {"jwt": "1", "kept": "1", "smtp": "2"}


def test_a_dry_run_writes_no_line(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "--dry-run", env=env(store)).code == 10
    assert not (project.root / LOCK).exists()
    assert not (project.root / ".sealgen").exists()


def test_what_was_there_before_gets_no_date_that_nobody_knows(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    (project.root / LOCK).unlink()
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert not (project.root / LOCK).exists()


def test_what_is_rotated_is_another_in_the_store_and_the_next_version_in_the_lock(
    project: Project, store: Vault
) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    before = held(store)
    table = (
        "staging\n"
        "  VALUE  STORE  ENTRY                PROPERTY  ACTION\n"
        "  jwt    vault  secret/aura/staging  jwt       rotate\n"
        "  kept   vault  secret/kept          kept      rotate\n"
    )
    dry = project.run("rotate", "staging", "jwt", "kept", "--dry-run", env=env(store))
    assert dry == (10, f"{table}staging: 2 values, 2 to rotate\n", "")
    assert held(store) == before
    ended = project.run("rotate", "staging", "jwt", "kept", env=env(store))
    assert ended == (0, f"{table}staging: 2 values, 2 rotated\n", "")
    after = held(store)
    assert {name for name in before if before[name] != after[name]} == {"jwt", "kept"}
    assert [len(after[name]) for name in ("jwt", "kept")] == [32, 32]
    assert versions(project) == {"jwt": "2", "kept": "2", "smtp": "1"}
    assert project.run("push", "staging", env=env(store)) == (0, "staging: 4 values, 4 unchanged\n", "")


def test_what_is_not_there_yet_is_created_by_a_rotation(project: Project, store: Vault) -> None:
    ended = project.run("rotate", "staging", "jwt", env=env(store))
    assert ended.out.endswith("staging: 1 value, 1 created\n")
    assert versions(project) == {"jwt": "1"}


def test_what_is_due_is_rotated_and_what_is_read_elsewhere_is_told(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert project.run("due", "staging").code == 0
    assert project.run("rotate", "staging", "--due", env=env(store)) == (0, "staging: nothing is due\n", "")
    none = json.loads(project.run("rotate", "staging", "--due", "--json", env=env(store)).out)
    assert none["results"] == [{"environment": "staging", "values": []}]
    age(project, "2020-01-01")
    due = project.run("due", "staging")
    assert due.code == 11
    assert "make the next versions: sealgen rotate staging --due" in due.out
    before = held(store)
    ended = project.run("rotate", "staging", "--due", env=env(store))
    assert (ended.code, ended.err) == (0, "staging: smtp is due, and is read (env); change it there\n")
    assert {name for name, text in held(store).items() if text != before[name]} == {"jwt"}
    left = project.run("due", "staging")
    assert "2020-03-31" in left.out
    assert [word for word in ("smtp", "jwt") if f"  {word} " in left.out.partition("staging: ")[0]] == ["smtp", "jwt"]


def test_all_are_those_that_are_generated(project: Project, store: Vault) -> None:
    ended = project.run("rotate", "staging", "--all", "--json", env=env(store))
    assert [row["value"] for row in json.loads(ended.out)["results"][0]["values"]] == ["jwt", "kept"]


def test_what_the_operator_makes_is_rotated_only_where_it_is_named_and_taken_over(
    project: Project, store: Vault
) -> None:
    jwt = {"generate": "hex", "bytes": 16, "made_by": "operator"}
    project.change(values={"jwt": jwt, "kept": {"generate": "hex", "bytes": 16, "keep": {**KEEP}}})
    project.template("app", {name: f"{{{{ values.{name} }}}}" for name in ("jwt", "kept")})
    store.put(ENTRY, {"jwt": "theirs"}, {"managed-by": "external-secrets"})
    assert project.run("rotate", "staging", "--all", "-q", env=env(store)) == (0, "", "")
    assert (held(store)["jwt"], versions(project)) == ("theirs", {"kept": "1"})
    assert project.run("rotate", "staging", "jwt", "--force", "-q", env=env(store)) == (0, "", "")
    assert (len(held(store)["jwt"]), versions(project)) == (32, {"jwt": "1", "kept": "1"})


def test_check_tells_of_another_specification_than_the_store_has_it_by(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.write(
        "environments/staging.yaml", project.read("environments/staging.yaml").replace(b"bytes: 16", b"bytes: 24")
    )
    told = project.run("check", "staging").out
    assert [line.rpartition(": ")[2] for line in told.splitlines() if line.endswith("[specification-changed]")] == [
        "sealgen rotate staging jwt [specification-changed]",
        "sealgen rotate staging kept [specification-changed]",
    ]


def test_diff_tells_of_the_next_version(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.git("init", "--quiet")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "All")
    assert project.run("rotate", "staging", "jwt", "-q", env=env(store)) == (0, "", "")
    today = datetime.now(UTC).date().isoformat()
    ended = project.run("diff")
    assert (ended.code, f"jwt 1 → 2 ({today})" in ended.out, "findings" in ended.out) == (0, True, True)
    assert "no findings" in ended.out


def test_seal_drops_the_line_of_a_value_that_is_gone_with_what_else_it_writes(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.change(values={"smtp": {"env": "SMTP"}, "user": {"literal": "aura"}})
    project.template("app", {"smtp": "{{ values.smtp }}"})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert versions(project) == {"smtp": "1"}
    assert project.run("plan", "staging").code == 0


def test_somebody_else_who_writes_meanwhile_is_not_overwritten_and_nothing_is_noted(
    project: Project, store: Vault
) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    lock, theirs = project.read(LOCK), {**held(store), "jwt": "theirs"}
    store.before_write = lambda path: store.put(path, theirs)
    ended = project.run("rotate", "staging", "jwt", env=env(store))
    assert ended == (
        1,
        "",
        (
            f"error: secret/aura/staging in Vault at {store.server.url}: somebody else has written it just now, "
            "so it was not\nSee what is left to do: sealgen push staging --dry-run\n"
        ),
    )
    assert held(store)["jwt"] == "theirs"
    assert project.read(LOCK) == lock


def test_an_entry_of_somebody_else_is_not_rotated_without_force(project: Project, store: Vault) -> None:
    store.put(ENTRY, {"jwt": "theirs"}, {"managed-by": "hand"})
    ended = project.run("rotate", "staging", "jwt", env=env(store))
    assert (ended.code, held(store)) == (12, {"jwt": "theirs"})
    assert ended.err.endswith("error: staging: not all of it can be rotated, so nothing was put\n")
    assert "--force takes it over" in ended.err
    assert project.run("rotate", "staging", "jwt", "--force", "-q", env=env(store)) == (0, "", "")
    assert held(store)["jwt"] != "theirs"
    assert project.run("rotate", "staging", "jwt", "-q", env=env(store)) == (0, "", "")


def test_what_was_put_is_noted_though_the_next_fails(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")

    def second(path: str) -> None:
        store.before_write = lambda path: store.put(path, {"kept": "theirs"})

    store.before_write = second
    ended = project.run("rotate", "staging", "jwt", "kept", env=env(store))
    assert ended.code == 1
    assert ended.err.endswith("See what is left to do: sealgen push staging --dry-run Put before that: jwt.\n")
    assert versions(project) == {"jwt": "2", "kept": "1", "smtp": "1"}


def test_where_the_lock_can_not_be_written_it_is_said_what_was_put(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    changed = project.read(LOCK)
    store.before_write = lambda _: project.write(LOCK, changed.replace(b'"value":"jwt"', b'"value":"jwx"'))
    ended = project.run("rotate", "staging", "jwt", env=env(store))
    assert ended == (
        1,
        "",
        (
            f"error: jwt put, but not noted in the lock: {LOCK} changed while sealgen ran; nothing was written\n"
            "Run it again.\n"
        ),
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["smtp"], "'smtp' can't be rotated here: it is read (env); change it there"),
        (["user"], "'user' can't be rotated here: it is read (literal); change it there"),
        (["jwtt"], "staging has no value 'jwtt' to rotate; did you mean 'jwt'?"),
    ],
)
def test_what_is_not_made_here_is_not_rotated(project: Project, store: Vault, values: list[str], message: str) -> None:
    assert project.run("rotate", "staging", *values, env=env(store)) == (2, "", f"error: {message}\n")
    assert store.writes() == []


@pytest.mark.parametrize("options", [("--finish", "jwt"), ("jwt", "--from-cluster")])
def test_what_is_for_what_is_sealed_is_refused(project: Project, options: tuple[str, ...]) -> None:
    option = next(option for option in options if option.startswith("--"))
    assert project.run("rotate", "staging", *options) == (
        2,
        "",
        f"error: staging is an environment of External Secrets: {option} is for what is sealed\n",
    )


def test_at_a_terminal_it_is_shown_and_confirmed(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    before = held(store)
    told = at_terminal(project, "rotate", "staging", "jwt", answers=["no"], env=env(store))
    assert "staging: rotate? Type yes:" in told.shown
    assert held(store) == before
    at_terminal(project, "rotate", "staging", "jwt", answers=["yes"], env=env(store))
    assert held(store)["jwt"] != before["jwt"]


def test_no_output_and_no_file_tells_a_value(project: Project, store: Vault) -> None:
    told = [project.run("push", "staging", "-v", env=env(store))]
    values = {f"first {name}": text.encode() for name, text in held(store).items()}
    told += [project.run("rotate", "staging", "--all", *more, env=env(store)) for more in (["-v"], ["--json"])]
    values |= {name: text.encode() for name, text in held(store).items()}
    assert [leaked((ended.out + ended.err).encode(), values) for ended in told] == [[], [], []]
    assert [path for path, content in project.contents().items() if leaked(content, values)] == []
