"""``sealgen plan``: what seal would do and why, and an exit code that says whether there is anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project


def test_a_first_plan_is_what_a_first_run_does_and_changes_nothing(project: Project) -> None:
    before = project.tree()
    planned = project.run("plan", "staging")
    assert (planned.code, planned.err) == (10, "")
    assert planned.out.splitlines()[-1] == "staging: 3 secrets, 7 keys, 7 to seal"
    assert project.tree() == before
    assert not (project.root / ".sealgen").exists()
    assert project.run("seal", "staging").out.splitlines()[:-1] == planned.out.splitlines()[:-1]


def test_a_plan_needs_no_fingerprint_key_before_the_first_run_and_makes_none(project: Project) -> None:
    assert project.run("plan", "staging", env={"SEALGEN_FINGERPRINT_KEY": None}).code == 10
    assert not (project.root / ".sealgen").exists()


def test_nothing_to_do_is_exit_code_0(sealed: Project) -> None:
    assert sealed.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")


def test_keys_that_stay_are_shown_if_more_is_asked_for(sealed: Project) -> None:
    assert sealed.run("plan", "staging", "-v") == (
        0,
        (
            "staging\n"
            "  SECRET            KEY                ACTION  REASON\n"
            "  backend-secrets   JWT_SECRET_KEY     keep    unchanged\n"
            "  backend-secrets   POSTGRES_DB_URI    keep    unchanged\n"
            "  backend-secrets   REDIS_URL          keep    unchanged\n"
            "  backend-secrets   SMTP_PASSWORD      keep    unchanged\n"
            "  postgres-secrets  postgres-user      keep    unchanged\n"
            "  postgres-secrets  postgres-password  keep    unchanged\n"
            "  redis-secrets     redis-password     keep    unchanged\n"
            "staging: 3 secrets, 7 keys, up to date\n"
        ),
        "",
    )


def test_what_is_to_do_is_exit_code_10(sealed: Project) -> None:
    sealed.change(secrets=["backend-secrets", "postgres-secrets"])
    sealed.edit("templates/postgres-secrets.yaml.j2", "kind: Secret\n", "kind: Secret\nimmutable: true\n")
    assert sealed.run("plan", "staging", env={"SMTP_PASSWORD": "another"}) == (
        10,
        (
            "staging\n"
            "  SECRET            KEY             ACTION   REASON\n"
            "  backend-secrets   SMTP_PASSWORD   seal     value changed: smtp_password\n"
            "  postgres-secrets  (manifest)      rewrite  metadata changed\n"
            "  redis-secrets     redis-password  drop     no longer in the environment\n"
            "staging: 2 secrets, 6 keys, 1 to seal, 1 to rewrite, 1 to drop, 5 to keep\n"
        ),
        "",
    )


def test_what_can_not_be_done_or_told_here_is_exit_code_12(sealed: Project) -> None:
    sealed.change(vars={"postgres_host": "db.internal"})
    assert sealed.run("plan", "staging", env={"SMTP_PASSWORD": None}) == (
        12,
        (
            "staging\n"
            "  SECRET           KEY              ACTION   REASON\n"
            "  backend-secrets  POSTGRES_DB_URI  blocked  "
            "recipe changed: needs postgres_password, which was never stored\n"
            "  backend-secrets  SMTP_PASSWORD    unknown  "
            "can't tell: values.smtp_password: the environment variable SMTP_PASSWORD is not set\n"
            "staging: 3 secrets, 7 keys, 1 blocked, 1 unknown, 5 to keep\n"
            "Run it where the sources and the fingerprint key are. "
            "Make a new version with the run: sealgen seal staging --rotate postgres_password; "
            "or read back what is live: sealgen seal staging --from-cluster\n"
        ),
        "",
    )


@pytest.mark.parametrize("arguments", [[], ["--rotate", "jwt_secret_key"], ["--only", "redis-secrets"]])
@pytest.mark.parametrize("env", [{}, {"SMTP_PASSWORD": "another"}, {"SEALGEN_FINGERPRINT_KEY": None}])
def test_a_plan_changes_nothing(sealed: Project, arguments: list[str], env: dict[str, str | None]) -> None:
    before, state = sealed.tree(), sorted(sealed.root.glob(".sealgen/*"))
    sealed.run("plan", "staging", *arguments, env=env)
    assert sealed.tree() == before
    assert sorted(sealed.root.glob(".sealgen/*")) == state


def test_a_plan_works_in_a_tree_that_can_not_be_written(sealed: Project) -> None:
    folders = [sealed.root, *(path for path in sealed.root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert sealed.execute("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_the_plan_holds_while_the_run_that_follows_it_does_as_it_said(sealed: Project) -> None:
    env = {"SMTP_PASSWORD": "another"}
    arguments = ("staging", "--rotate", "redis_password")
    planned = sealed.run("plan", *arguments, "--json", env=env).document["results"][0]["steps"]
    assert sealed.run("seal", *arguments, "--json", env=env).document["results"][0]["steps"] == planned
