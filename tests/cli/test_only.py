"""``--only SECRET[/KEY]``: a part of the plan, unless the rest would fall apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, aura, difference

if TYPE_CHECKING:
    from pathlib import Path

OVERLAY = "k8s/overlays/staging"
LOCK = "environments/staging.lock"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project after its first run."""
    project = aura(tmp_path)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def add_copies(project: Project) -> None:
    """Let each of two Secrets have two new keys of a value at hand."""
    for name in ("backend-secrets", "redis-secrets"):
        path = f"templates/{name}.yaml.j2"
        more = "  COPY: '{{ values.smtp_password }}'\n  SECOND: '{{ values.smtp_password }}'\n"
        project.write(path, project.read(path).decode() + more)


def refused(project: Project, *arguments: str) -> str:
    """Run seal and plan, which must refuse in the same way and change nothing; return what they say."""
    before = project.tree()
    told = set()
    for command in ("seal", "plan"):
        ended = project.run(command, "staging", *arguments)
        assert (ended.code, ended.out) == (2, "")
        told.add(ended.err)
    assert project.tree() == before
    (message,) = told
    return message


def test_a_secret_alone_is_sealed_and_the_rest_waits(project: Project) -> None:
    add_copies(project)
    before = project.contents()
    assert project.run("seal", "staging", "--only", "redis-secrets") == (
        0,
        (
            "staging\n"
            "  SECRET         KEY     ACTION  REASON\n"
            "  redis-secrets  COPY    seal    new key\n"
            "  redis-secrets  SECOND  seal    new key\n"
            "staging: 3 secrets, 11 keys, 2 sealed, 1 kept\n"
        ),
        "",
    )
    changed = difference(before, project.contents())
    assert list(changed) == [LOCK, f"{OVERLAY}/redis-secrets.yaml"]
    assert [line.partition(',"file"')[0] for line in changed[LOCK][1]] == [
        '{"secret":"redis-secrets","key":"COPY"',
        '{"secret":"redis-secrets","key":"SECOND"',
    ]
    assert project.run("seal", "staging").out.splitlines()[-1] == "staging: 3 secrets, 11 keys, 2 sealed, 9 kept"


def test_a_key_alone_is_sealed_and_the_rest_waits(project: Project) -> None:
    add_copies(project)
    before = project.ciphertexts()
    assert project.run("seal", "staging", "--only", "redis-secrets/COPY").out == (
        "staging\n"
        "  SECRET         KEY   ACTION  REASON\n"
        "  redis-secrets  COPY  seal    new key\n"
        "staging: 3 secrets, 11 keys, 1 sealed\n"
    )
    after = project.ciphertexts()
    assert sorted(after.keys() - before.keys()) == ["redis-secrets/COPY"]
    assert {key: after[key] for key in before} == before


def test_several_may_be_named(project: Project) -> None:
    add_copies(project)
    before = project.ciphertexts()
    arguments = ("--only", "redis-secrets/COPY", "--only", "backend-secrets/SECOND")
    assert project.run("seal", "staging", "-q", *arguments) == (0, "", "")
    assert sorted(project.ciphertexts().keys() - before.keys()) == ["backend-secrets/SECOND", "redis-secrets/COPY"]


def test_a_value_that_changed_reaches_the_other_keys_in_the_next_run(project: Project) -> None:
    add_copies(project)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    env = {"SMTP_PASSWORD": "another"}
    assert project.run("seal", "staging", "-q", "--only", "redis-secrets/COPY", env=env) == (0, "", "")
    assert project.run("seal", "staging", env=env).out == (
        "staging\n"
        "  SECRET           KEY            ACTION  REASON\n"
        "  backend-secrets  SMTP_PASSWORD  seal    value changed: smtp_password\n"
        "  backend-secrets  COPY           seal    value changed: smtp_password\n"
        "  backend-secrets  SECOND         seal    value changed: smtp_password\n"
        "  redis-secrets    SECOND         seal    value changed: smtp_password\n"
        "staging: 3 secrets, 11 keys, 4 sealed, 7 kept\n"
    )
    assert {text for key, text in project.unsealed().items() if key.endswith(("COPY", "SECOND"))} == {b"another"}


def test_a_blocked_key_elsewhere_does_not_matter(project: Project) -> None:
    project.change(vars={"postgres_host": "db.internal"})
    add_copies(project)
    assert project.run("seal", "staging").code == 12
    assert project.run("seal", "staging", "-q", "--only", "redis-secrets") == (0, "", "")


def test_a_secret_that_is_gone_can_be_dropped_alone(project: Project) -> None:
    project.change(secrets=["backend-secrets"])
    assert project.run("seal", "staging", "-q", "--only", "redis-secrets") == (0, "", "")
    files = [path for path in project.contents() if path.startswith(OVERLAY)]
    assert f"{OVERLAY}/redis-secrets.yaml" not in files
    assert f"{OVERLAY}/postgres-secrets.yaml" in files
    assert project.run("seal", "staging").out.splitlines()[-1] == "staging: 1 secret, 4 keys, 2 dropped, 4 kept"


def test_nothing_to_do_for_it_is_up_to_date(project: Project) -> None:
    add_copies(project)
    before = project.tree()
    assert project.run("seal", "staging", "--only", "postgres-secrets") == (
        0,
        "staging: 3 secrets, 11 keys, up to date\n",
        "",
    )
    assert project.tree() == before


def test_a_key_that_stays_does_not_ask_for_the_rest_of_its_secret(project: Project) -> None:
    project.edit("templates/backend-secrets.yaml.j2", "app: backend", "app: other")
    before = project.tree()
    assert project.run("seal", "staging", "--only", "backend-secrets/REDIS_URL") == (
        0,
        "staging: 3 secrets, 7 keys, up to date\n",
        "",
    )
    assert project.tree() == before


def test_the_size_of_a_secret_counts_all_its_keys(project: Project) -> None:
    add_copies(project)
    assert project.run("seal", "staging", "-q", env={"SMTP_PASSWORD": "x" * 100_000}) == (0, "", "")
    project.edit("environments/staging.yaml", "env: SMTP_PASSWORD", "file: smtp")
    project.write("smtp", b"x" * 1_000_000)
    message = refused_by_seal(project, "--only", "redis-secrets/COPY")
    # COPY anew, SECOND and the password as they are.
    assert message == (
        "error: templates/redis-secrets.yaml.j2:1: redis-secrets: the values have 1100032 bytes together; "
        "a Secret can have 1048576 (1 MiB)\n"
    )


def refused_by_seal(project: Project, *arguments: str) -> str:
    before = project.tree()
    ended = project.run("seal", "staging", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert project.tree() == before
    return ended.err


# --- what is refused ---


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("redis-secret", "; did you mean 'redis-secrets'?"),
        ("redis-secrets/redis_password", "; did you mean 'redis-secrets/redis-password'?"),
        (
            "nothing-like-it",
            (
                "; known are backend-secrets, backend-secrets/JWT_SECRET_KEY, backend-secrets/POSTGRES_DB_URI, "
                "backend-secrets/REDIS_URL, backend-secrets/SMTP_PASSWORD, postgres-secrets, "
                "postgres-secrets/postgres-password, postgres-secrets/postgres-user, redis-secrets, "
                "redis-secrets/redis-password"
            ),
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(project: Project, name: str, hint: str) -> None:
    assert refused(project, "--only", name) == f"error: --only {name}: no such secret or key{hint}\n"


def test_a_rotation_must_reach_every_key_of_the_value(project: Project) -> None:
    assert refused(project, "--rotate", "redis_password", "--only", "redis-secrets") == (
        "error: --only leaves out backend-secrets/REDIS_URL, which is made of redis_password too; "
        "a new version must reach every key in one run\n"
    )
    only = ("--only", "redis-secrets", "--only", "backend-secrets/REDIS_URL")
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password", *only) == (0, "", "")


def test_so_must_a_first_version(tmp_path: Path) -> None:
    project = aura(tmp_path / "new")
    assert refused(project, "--only", "postgres-secrets") == (
        "error: --only leaves out backend-secrets/POSTGRES_DB_URI, which is made of postgres_password too; "
        "a new version must reach every key in one run\n"
    )


def test_a_rotation_of_none_of_its_keys_is_refused(project: Project) -> None:
    assert refused(project, "--rotate", "jwt_secret_key", "--only", "redis-secrets") == (
        "error: --only leaves out every key that is made of jwt_secret_key, which is to be rotated\n"
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"namespace": "elsewhere"}, "metadata changed"),
        ({"scope": "cluster-wide"}, "metadata changed"),
        ({"type": "example.com/own"}, "metadata changed"),
        ({"filename": "backend.yaml"}, "file renamed"),
    ],
)
def test_what_is_of_the_whole_secret_can_not_reach_a_key_alone(
    project: Project, fields: dict[str, str], reason: str
) -> None:
    # Else the other keys' ciphertexts would stand under a label that they were not sealed for.
    project.edit("templates/backend-secrets.yaml.j2", "type: Opaque\n", "")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.change(secrets=[{"name": "backend-secrets", **fields}, "postgres-secrets", "redis-secrets"])
    before = project.tree()
    env = {"SMTP_PASSWORD": "another"}
    ended = project.run("seal", "staging", "--only", "backend-secrets/SMTP_PASSWORD", env=env)
    assert ended == (
        2,
        "",
        (
            f"error: --only leaves out a part of backend-secrets that must change with the rest: {reason}\n"
            "Name all of it: --only backend-secrets\n"
        ),
    )
    assert project.tree() == before


def test_a_key_alone_of_a_secret_that_goes_is_refused(project: Project) -> None:
    project.change(secrets=["postgres-secrets", "redis-secrets"])
    assert refused(project, "--only", "backend-secrets/REDIS_URL") == (
        "error: --only leaves out a part of backend-secrets that must change with the rest: "
        "no longer in the environment\n"
        "Name all of it: --only backend-secrets\n"
    )


def test_a_file_can_not_be_taken_from_a_secret_that_stays(project: Project) -> None:
    project.template("cache", {"password": "{{ values.smtp_password }}"})
    project.change(secrets=["backend-secrets", "postgres-secrets", {"name": "cache", "filename": "redis-secrets.yaml"}])
    assert refused(project, "--only", "cache") == (
        "error: --only leaves out redis-secrets, whose file redis-secrets.yaml is now that of cache\n"
        "Name both: --only cache --only redis-secrets\n"
    )
    assert project.run("seal", "staging", "-q", "--only", "cache", "--only", "redis-secrets") == (0, "", "")
    assert b"name: cache\n" in project.read(f"{OVERLAY}/redis-secrets.yaml")
