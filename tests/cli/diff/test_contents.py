"""Values, recipes and keys that changed, and Secrets that came and went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.diff.history import (
    BACKEND,
    ENVIRONMENT,
    LOCK,
    TEMPLATE,
    Case,
    also,
    change,
    commit,
    edit,
    git,
    is_told,
    seal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project


def branches(how: str) -> Callable[[Project], None]:
    """Return what rotates two values on two branches, and brings the branches together."""

    def act(project: Project) -> None:
        assert project.run("git-setup", "-q").code == 0
        commit(project, "set up")
        project.git("checkout", "-q", "-b", "side")
        seal("--rotate", "redis_password")(project)
        commit(project, "side")
        project.git("checkout", "-q", "main")
        seal("--rotate", "jwt_secret_key")(project)
        commit(project, "main")
        project.git(*how.split())
        project.git("reset", "-q", "--soft", "start")

    return act


def undone(project: Project) -> None:
    """Commit a rotation as what everybody starts from, and undo it."""
    before = {path: project.read(path) for path in (BACKEND, LOCK)}
    seal("--rotate", "jwt_secret_key")(project)
    commit(project, "rotated")
    for path, content in before.items():
        project.write(path, content)


def _sealed_with(project: Project, smtp_password: str) -> None:
    assert project.run("seal", "staging", "-q", env={"SMTP_PASSWORD": smtp_password}).code == 0


CASES: dict[str, Case] = {
    "a value that was rotated": (
        [seal("--rotate", "jwt_secret_key")],
        ["backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)"],
        0,
    ),
    "a value that two Secrets hold": (
        [seal("--rotate", "redis_password")],
        [
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "a recipe that changed": (
        [
            edit(TEMPLATE, "redis:6379/0", "redis:6379/1"),
            seal("--rotate", "redis_password", "--rotate", "jwt_secret_key"),
        ],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            (
                "backend-secrets REDIS_URL recipe redis://:«redis_password|urlquote»@redis:6379/0 → "
                "redis://:«redis_password|urlquote»@redis:6379/1"
            ),
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "a key that was added": (
        [edit(TEMPLATE, "stringData:\n", "stringData:\n  HOST: 'db-{{ values.postgres_user }}'\n"), seal()],
        ["backend-secrets HOST added db-«postgres_user»"],
        0,
    ),
    "a key that was removed": (
        [edit(TEMPLATE, "  SMTP_PASSWORD: '{{ values.smtp_password }}'\n", ""), seal()],
        ["backend-secrets SMTP_PASSWORD removed"],
        0,
    ),
    "a Secret that was removed": (
        [change(secrets=["backend-secrets", "postgres-secrets"]), seal()],
        ["redis-secrets redis-password removed"],
        0,
    ),
    "a value that was rotated twice": (
        [seal("--rotate", "jwt_secret_key"), seal("--rotate", "jwt_secret_key")],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 3 (TODAY)",
        ],
        0,
    ),
    "a key that was renamed": (
        [edit(TEMPLATE, "JWT_SECRET_KEY:", "JWT_KEY:"), seal("--rotate", "jwt_secret_key")],
        [
            "backend-secrets JWT_KEY added «jwt_secret_key»",
            "backend-secrets JWT_SECRET_KEY removed",
        ],
        0,
    ),
    "a Secret that was renamed": (
        [
            change(secrets=["backend-secrets", "postgres-secrets", {"name": "cache", "template": "redis-secrets"}]),
            seal("--rotate", "redis_password"),
        ],
        [
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "cache redis-password added «redis_password»",
            "redis-secrets redis-password removed",
        ],
        0,
    ),
    "a Secret that was added": (
        [
            lambda project: project.template("more", {"user": "{{ values.postgres_user }}"}),
            change(secrets=["backend-secrets", "postgres-secrets", "redis-secrets", "more"]),
            seal(),
        ],
        [
            "more user added «postgres_user»",
        ],
        0,
    ),
    "a file that was renamed": ([also("redis-secrets", filename="cache.yaml"), seal()], [], 0),
    "a template that was renamed": (
        [
            git("mv", "templates/redis-secrets.yaml.j2", "templates/cache.yaml.j2"),
            also("redis-secrets", template="cache"),
            seal(),
        ],
        [],
        0,
    ),
    "a key that moved to another Secret": (
        [
            edit(
                "templates/postgres-secrets.yaml.j2",
                "stringData:\n",
                "stringData:\n  redis-password: '{{ values.redis_password }}'\n",
            ),
            change(secrets=["backend-secrets", "postgres-secrets"]),
            seal("--rotate", "redis_password"),
        ],
        [
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "postgres-secrets redis-password added «redis_password»",
            "redis-secrets redis-password removed",
        ],
        0,
    ),
    "a value that was renamed": (
        [
            lambda project: project.write(
                ENVIRONMENT, project.read(ENVIRONMENT).replace(b"jwt_secret_key", b"jwt_key")
            ),
            edit(TEMPLATE, "values.jwt_secret_key", "values.jwt_key"),
            seal(),
        ],
        [
            "added the value jwt_key, made (generate)",
            "removed the value jwt_secret_key",
            "backend-secrets JWT_SECRET_KEY recipe «jwt_secret_key» → «jwt_key»",
        ],
        0,
    ),
    "another filter": (
        [
            edit(TEMPLATE, "{{ values.jwt_secret_key }}", "{{ values.jwt_secret_key | upper }}"),
            seal("--rotate", "jwt_secret_key"),
        ],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets JWT_SECRET_KEY recipe «jwt_secret_key» → «jwt_secret_key|upper»",
        ],
        0,
    ),
    "another variable": (
        [edit(ENVIRONMENT, "postgres_host: postgres", "postgres_host: db"), seal("--rotate", "postgres_password")],
        [
            "backend-secrets POSTGRES_DB_URI value postgres_password 1 → 2 (TODAY)",
            (
                "backend-secrets POSTGRES_DB_URI recipe "
                "postgresql://«postgres_user|urlquote»:«postgres_password|urlquote»@postgres:5432/aura_db → "
                "postgresql://«postgres_user|urlquote»:«postgres_password|urlquote»@db:5432/aura_db"
            ),
            "postgres-secrets postgres-password value postgres_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "another literal": (
        [edit(ENVIRONMENT, "literal: aura", "literal: other"), seal("--rotate", "postgres_password")],
        [
            "source postgres_user: another literal",
            "backend-secrets POSTGRES_DB_URI value postgres_password 1 → 2 (TODAY), postgres_user",
            "postgres-secrets postgres-password value postgres_password 1 → 2 (TODAY)",
            "postgres-secrets postgres-user value postgres_user",
        ],
        0,
    ),
    "a value that is read and changed": (
        [lambda project: _sealed_with(project, "another one")],
        [
            "backend-secrets SMTP_PASSWORD value smtp_password",
        ],
        0,
    ),
    "two branches that were merged": (
        [git("tag", "start"), branches("merge -q --no-edit side")],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "two branches, one rebased on the other": (
        [git("tag", "start"), branches("rebase -q side")],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "a commit that was picked": (
        [git("tag", "start"), branches("cherry-pick side")],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 1 → 2 (TODAY)",
            "backend-secrets REDIS_URL value redis_password 1 → 2 (TODAY)",
            "redis-secrets redis-password value redis_password 1 → 2 (TODAY)",
        ],
        0,
    ),
    "a rotation that was undone": (
        [undone],
        [
            "backend-secrets JWT_SECRET_KEY value jwt_secret_key 2 → 1 (an earlier version again)",
        ],
        0,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_told_for_what_it_is(case: Case, project: Project) -> None:
    is_told(case, project)
