"""``keep_previous``: the ciphertext before moves to a key of its own, without any plaintext, until it is finished."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.project import Project, aura, controller, empty

if TYPE_CHECKING:
    from pathlib import Path

KEY, PREVIOUS = "backend-secrets/JWT_SECRET_KEY", "backend-secrets/JWT_SECRET_KEY_PREVIOUS"
HEADER = "staging\n  SECRET           KEY                      ACTION  REASON\n"
ROTATED = (
    "  backend-secrets  JWT_SECRET_KEY           seal    rotated: jwt_secret_key {} → {}\n"
    "  backend-secrets  JWT_SECRET_KEY_PREVIOUS  copy    previous version kept: jwt_secret_key {}\n"
)
JWT: dict[str, Any] = {"generate": "hex", "bytes": 32, "keep_previous": "JWT_SECRET_KEY_PREVIOUS"}
UP_TO_DATE = (0, "staging: 3 secrets, 8 keys, up to date\n", "")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project after its first run; the version before of its JWT key is to be kept."""
    project = aura(tmp_path)
    change(project, jwt_secret_key=JWT)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def change(project: Project, **values: object) -> None:
    """Write these values in the place of those of the environment."""
    import yaml  # noqa: PLC0415

    given = yaml.safe_load(project.read("environments/staging.yaml"))["values"]
    project.change(values={**given, **values})


def rotate(project: Project) -> None:
    """Make the next version of the JWT key."""
    assert project.run("rotate", "staging", "jwt_secret_key", "-q") == (0, "", "")


def drop(reason: str) -> str:
    """Return the row of a version before that is no longer kept."""
    return f"  backend-secrets  JWT_SECRET_KEY_PREVIOUS  drop    {reason}\n"


def commit(project: Project) -> None:
    """Commit all, for a diff."""
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "-q")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "before")


# --- rotation ---


@pytest.mark.parametrize(
    "command", [("rotate", "staging", "jwt_secret_key"), ("seal", "staging", "--rotate", "jwt_secret_key")]
)
def test_the_old_ciphertext_moves_and_opens_under_the_other_key(project: Project, command: tuple[str, ...]) -> None:
    texts, opened = project.ciphertexts(), project.unsealed()
    assert project.run(*command) == (
        0,
        HEADER + ROTATED.format(1, 2, 1) + "staging: 3 secrets, 8 keys, 1 sealed, 1 copied, 6 kept\n",
        "",
    )
    now = project.ciphertexts()
    assert now.pop(PREVIOUS) == texts[KEY]
    assert [key for key in texts if texts[key] != now[key]] == [KEY]
    assert project.unsealed()[PREVIOUS] == opened[KEY]
    assert project.unsealed()[KEY] != opened[KEY]


def test_the_lock_has_it_as_it_had_the_key_before(project: Project) -> None:
    before = project.lock()[KEY]
    rotate(project)
    lock = project.lock()
    assert lock[PREVIOUS] == {**before, "key": "JWT_SECRET_KEY_PREVIOUS"}
    assert before["values"] != lock[KEY]["values"] == {"jwt_secret_key": lock["jwt_secret_key"]["version"]}


def test_it_is_what_is_wanted_from_then_on(project: Project) -> None:
    rotate(project)
    assert project.run("plan", "staging") == UP_TO_DATE
    assert project.run("seal", "staging") == UP_TO_DATE
    assert project.run("check", "staging").out.splitlines()[0] == "staging: 3 secrets, 8 keys, nothing wrong"
    row = "  backend-secrets   JWT_SECRET_KEY_PREVIOUS  keep    unchanged: the version before: jwt_secret_key 1\n"
    assert row in project.run("plan", "staging", "-v").out


def test_it_stays_as_it_is_while_others_are_sealed(project: Project) -> None:
    rotate(project)
    before = project.ciphertexts()
    assert project.run("rotate", "staging", "redis_password", "-q") == (0, "", "")
    assert project.ciphertexts()[PREVIOUS] == before[PREVIOUS]


def test_the_next_rotation_puts_a_newer_one_in_its_place(project: Project) -> None:
    rotate(project)
    second = project.unsealed()[KEY]
    assert project.run("rotate", "staging", "jwt_secret_key") == (
        0,
        HEADER + ROTATED.format(2, 3, 2) + "staging: 3 secrets, 8 keys, 1 sealed, 1 copied, 6 kept\n",
        "",
    )
    assert project.unsealed()[PREVIOUS] == second
    assert project.run("plan", "staging") == UP_TO_DATE


def test_the_run_needs_no_plaintext_of_it(project: Project) -> None:
    """It is kept where nobody could have opened it, so that nothing but the ciphertext can have moved."""
    rotate(project)
    manifest = project.manifest("backend-secrets")
    text = project.ciphertexts()[KEY]
    line = f"    JWT_SECRET_KEY_PREVIOUS: {project.ciphertexts()[PREVIOUS]}\n"
    assert line in project.read(manifest).decode()
    rotate(project)
    assert f"    JWT_SECRET_KEY_PREVIOUS: {text}\n" in project.read(manifest).decode()


def test_a_rotation_of_one_key_takes_the_version_before_along(project: Project) -> None:
    ended = project.run("seal", "staging", "--rotate", "jwt_secret_key", "--only", KEY)
    assert ended == (0, HEADER + ROTATED.format(1, 2, 1) + "staging: 3 secrets, 8 keys, 1 sealed, 1 copied\n", "")
    assert project.run("plan", "staging") == UP_TO_DATE


# --- until it is finished ---


def test_finish_drops_it_and_nothing_else_changes(project: Project) -> None:
    rotate(project)
    before = project.ciphertexts()
    assert project.run("rotate", "staging", "--finish", "jwt_secret_key") == (
        0,
        HEADER + drop("rotation finished") + "staging: 3 secrets, 7 keys, 1 dropped, 7 kept\n",
        "",
    )
    del before[PREVIOUS]
    assert project.ciphertexts() == before
    assert PREVIOUS not in project.lock()
    assert project.run("rotate", "staging", "--finish", "jwt_secret_key") == (
        0,
        "staging: 3 secrets, 7 keys, up to date\n",
        "",
    )


def test_a_dry_run_of_finish_shows_it(project: Project) -> None:
    rotate(project)
    before = project.tree()
    assert project.run("rotate", "staging", "--finish", "jwt_secret_key", "--dry-run") == (
        10,
        HEADER + drop("rotation finished") + "staging: 3 secrets, 7 keys, 1 to drop, 7 to keep\n",
        "",
    )
    assert project.tree() == before


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("jwt_secret_kee", "staging has no value 'jwt_secret_kee'; did you mean 'jwt_secret_key'?"),
        ("redis_password", "'redis_password' has no keep_previous, so that no version before it is kept"),
    ],
)
def test_what_is_not_kept_can_not_be_finished(project: Project, value: str, problem: str) -> None:
    assert project.run("rotate", "staging", "--finish", value) == (2, "", f"error: {problem}\n")


def test_without_the_field_it_is_dropped(project: Project) -> None:
    rotate(project)
    change(project, jwt_secret_key={"generate": "hex", "bytes": 32})
    assert project.run("seal", "staging") == (
        0,
        HEADER + drop("no longer in the template") + "staging: 3 secrets, 7 keys, 1 dropped, 7 kept\n",
        "",
    )


# --- where it can't be kept ---


def test_with_another_scope_nothing_of_before_can_be_opened(project: Project) -> None:
    rotate(project)
    project.change(backend=project.backend(scope="cluster-wide"))
    values = ("jwt_secret_key", "postgres_password", "redis_password")
    out = project.run("rotate", "staging", *values).out
    lost = "strict → cluster-wide; JWT_SECRET_KEY_PREVIOUS can't keep the version before: scope changed"
    assert re.search(f"JWT_SECRET_KEY +seal +scope changed: {lost}\n", out)
    assert re.search("JWT_SECRET_KEY_PREVIOUS +drop +scope changed\n", out)
    assert PREVIOUS not in project.unsealed()


def test_another_cluster_can_not_open_it(project: Project) -> None:
    rotate(project)
    other = controller("two")
    project.write("environments/certificates/controller.pem", other.certificate)
    project.change(backend=project.backend(fingerprint=other.fingerprint))
    assert project.run("plan", "staging").out == "staging: 3 secrets, 8 keys, up to date\n"
    values = [f"--rotate={name}" for name in ("jwt_secret_key", "postgres_password", "redis_password")]
    out = project.run("seal", "staging", "--certificate-changed", "reseal", *values).out
    assert "JWT_SECRET_KEY_PREVIOUS can't keep the version before: certificate changed\n" in out
    assert re.search("JWT_SECRET_KEY_PREVIOUS +drop +certificate changed\n", out)
    assert PREVIOUS not in project.ciphertexts()


def test_one_that_was_altered_is_dropped(project: Project) -> None:
    rotate(project)
    other = project.ciphertexts()["backend-secrets/REDIS_URL"]
    project.edit(
        project.manifest("backend-secrets"),
        f"JWT_SECRET_KEY_PREVIOUS: {project.ciphertexts()[PREVIOUS]}",
        f"JWT_SECRET_KEY_PREVIOUS: {other}",
    )
    assert "out of date: ciphertext altered outside sealgen" in project.run("check", "staging").out
    assert project.run("seal", "staging") == (
        0,
        HEADER + drop("ciphertext altered outside sealgen") + "staging: 3 secrets, 7 keys, 1 dropped, 7 kept\n",
        "",
    )


def test_one_that_is_gone_from_the_manifest_goes_from_the_lock(project: Project) -> None:
    rotate(project)
    line = f"    JWT_SECRET_KEY_PREVIOUS: {project.ciphertexts()[PREVIOUS]}\n"
    project.edit(project.manifest("backend-secrets"), line, "")
    assert HEADER + drop("ciphertext missing") in project.run("seal", "staging").out
    assert project.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")


def test_what_was_altered_is_not_kept(project: Project) -> None:
    """What stands there is not the version before."""
    texts = project.ciphertexts()
    project.edit(project.manifest("backend-secrets"), f" {texts[KEY]}", f" {texts['backend-secrets/REDIS_URL']}")
    out = project.run("rotate", "staging", "jwt_secret_key").out
    lost = "JWT_SECRET_KEY_PREVIOUS can't keep the version before: ciphertext altered outside sealgen"
    assert f"rotated: jwt_secret_key 1 → 2; {lost}\n" in out
    assert PREVIOUS not in project.ciphertexts()


def test_a_key_by_that_name_that_was_one_like_any_other_goes(tmp_path: Path) -> None:
    project = aura(tmp_path)
    project.edit(
        "templates/backend-secrets.yaml.j2",
        "  SMTP_PASSWORD:",
        "  OLD: '{{ values.jwt_secret_key }}'\n  SMTP_PASSWORD:",
    )
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.edit("templates/backend-secrets.yaml.j2", "  OLD: '{{ values.jwt_secret_key }}'\n", "")
    change(project, jwt_secret_key={**JWT, "keep_previous": "OLD"})
    assert "OLD  drop    no longer in the template\n" in project.run("seal", "staging").out


def test_a_file_that_is_renamed_takes_it_along(project: Project) -> None:
    rotate(project)
    opened = project.unsealed()
    project.change(
        secrets=[{"name": "backend-secrets", "filename": "backend.yaml"}, "postgres-secrets", "redis-secrets"]
    )
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert project.unsealed() == opened
    assert project.lock()[PREVIOUS]["file"] == "backend.yaml"
    assert project.run("plan", "staging") == UP_TO_DATE


# --- in review ---


def test_a_diff_says_that_it_was_copied_each_time(project: Project) -> None:
    for before, after in ((1, 2), (2, 3)):
        commit(project)
        rotate(project)
        out = project.run("diff").out
        assert re.search(f"  JWT_SECRET_KEY +value +jwt_secret_key {before} → {after} ", out)
        assert re.search("  JWT_SECRET_KEY_PREVIOUS +copied +from backend-secrets/JWT_SECRET_KEY\n", out)
        assert "staging: 2 changes, no findings\n" in out


def test_a_swap_that_the_lock_only_follows_is_no_copy(project: Project) -> None:
    commit(project)
    texts, lock = project.ciphertexts(), project.lock()
    other = "backend-secrets/REDIS_URL"
    project.edit(project.manifest("backend-secrets"), texts[KEY], texts[other])
    project.edit("environments/staging.lock", lock[KEY]["ciphertext"], lock[other]["ciphertext"])
    ended = project.run("diff")
    assert ended.code == 11
    assert "copied" not in ended.out


# --- what it may be ---


def refusal(project: Project) -> str:
    """Return what is wrong, which a plan and a run say alike."""
    ended = project.run("plan", "staging")
    assert (ended.code, ended.out) == (2, "")
    assert project.run("seal", "staging") == ended
    return ended.err


def test_the_template_can_not_have_the_key(project: Project) -> None:
    project.edit(
        "templates/backend-secrets.yaml.j2", "  SMTP_PASSWORD:", "  JWT_SECRET_KEY_PREVIOUS: x\n  SMTP_PASSWORD:"
    )
    assert refusal(project) == (
        "error: templates/backend-secrets.yaml.j2:11:3: backend-secrets/JWT_SECRET_KEY: keep_previous of "
        "jwt_secret_key names JWT_SECRET_KEY_PREVIOUS, which the template has; it must be a key of its own\n"
    )


def test_it_can_not_be_the_version_before_of_two_keys(project: Project) -> None:
    project.edit(
        "templates/backend-secrets.yaml.j2",
        "  SMTP_PASSWORD:",
        "  AGAIN: '{{ values.jwt_secret_key }}'\n  SMTP_PASSWORD:",
    )
    assert refusal(project) == (
        "error: templates/backend-secrets.yaml.j2:11:3: backend-secrets/AGAIN: keep_previous of jwt_secret_key names "
        "JWT_SECRET_KEY_PREVIOUS, which keeps the version before of JWT_SECRET_KEY\n"
    )


def test_some_key_must_be_the_value_alone(project: Project) -> None:
    project.template("redis-secrets", {"url": "redis://{{ values.redis_password }}"})
    change(project, redis_password={"generate": "base64", "bytes": 24, "keep_previous": "redis-previous"})
    assert refusal(project) == (
        "error: values.redis_password.keep_previous: no key is redis_password alone, to keep the version before\n"
    )


def test_it_is_the_name_of_a_key(project: Project) -> None:
    change(project, jwt_secret_key={**JWT, "keep_previous": "JWT KEY"})
    assert refusal(project).partition(": ")[2].partition(": ")[2] == (
        "values.jwt_secret_key.keep_previous can't be 'JWT KEY'; it must be a Secret's key: letters, digits, '-', '_' "
        "and '.'\n"
    )


def test_only_what_is_made_here_has_a_version_before(project: Project) -> None:
    change(project, smtp_password={"env": "SMTP_PASSWORD", "keep_previous": "OLD"})
    assert refusal(project).partition(": ")[2].partition(": ")[2] == (
        "values.smtp_password.keep_previous goes with generate or prompt, not with env\n"
    )


def test_what_was_made_by_another_recipe_is_not_kept(project: Project) -> None:
    change(project, jwt_secret_key={"generate": "hex", "bytes": 32})
    project.edit(
        "templates/backend-secrets.yaml.j2", "'{{ values.jwt_secret_key }}'", "'k:{{ values.jwt_secret_key }}'"
    )
    assert project.run("seal", "staging", "--rotate", "jwt_secret_key", "-q") == (0, "", "")
    change(project, jwt_secret_key=JWT)
    project.edit(
        "templates/backend-secrets.yaml.j2", "'k:{{ values.jwt_secret_key }}'", "'{{ values.jwt_secret_key }}'"
    )
    out = project.run("rotate", "staging", "jwt_secret_key").out
    assert "2 → 3; JWT_SECRET_KEY_PREVIOUS can't keep the version before: recipe changed\n" in out
    assert PREVIOUS not in project.ciphertexts()


def test_it_counts_in_what_a_secret_can_hold(tmp_path: Path) -> None:
    project = empty(tmp_path)
    values = {"jwt": {"generate": "hex", "bytes": 32, "keep_previous": "OLD"}, "big": {"file": "big"}}
    project.environment(values=values, secrets=["app"])
    project.template("app", {"JWT": "{{ values.jwt }}", "BIG": "{{ values.big }}"})
    project.write("big", "x" * (1024 * 1024 - 100))
    assert project.run("seal", "staging", "-q") == (0, "", "")
    before = project.tree()
    ended = project.run("rotate", "staging", "jwt")
    problem = "app: the values have 1048604 bytes together; a Secret can have 1048576 (1 MiB)"
    assert ended == (2, "", f"error: templates/app.yaml.j2:1: {problem}\n")
    assert project.tree() == before
