"""``sealgen seal --rotate``: the next version reaches exactly the keys that are made of the value, in every Secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from tests.support.project import Project, aura, difference

if TYPE_CHECKING:
    from pathlib import Path

KEYS_OF = {
    "jwt_secret_key": ["backend-secrets/JWT_SECRET_KEY"],
    "postgres_password": ["backend-secrets/POSTGRES_DB_URI", "postgres-secrets/postgres-password"],
    "redis_password": ["backend-secrets/REDIS_URL", "redis-secrets/redis-password"],
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project after its first run."""
    project = aura(tmp_path)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return the keys whose ciphertexts differ."""
    assert before.keys() == after.keys()
    return [key for key in before if before[key] != after[key]]


def test_what_the_run_says(project: Project) -> None:
    assert project.run("seal", "staging", "--rotate", "postgres_password") == (
        0,
        (
            "staging\n"
            "  SECRET            KEY                ACTION  REASON\n"
            "  backend-secrets   POSTGRES_DB_URI    seal    rotated: postgres_password 1 → 2\n"
            "  postgres-secrets  postgres-password  seal    rotated: postgres_password 1 → 2\n"
            "staging: 3 secrets, 7 keys, 2 sealed, 5 kept\n"
        ),
        "",
    )


@pytest.mark.parametrize("values", [[name] for name in KEYS_OF] + [["jwt_secret_key", "redis_password"], [*KEYS_OF]])
def test_exactly_the_keys_that_depend_on_it_change(project: Project, values: list[str]) -> None:
    before, opened = project.ciphertexts(), project.unsealed()
    arguments = [argument for name in values for argument in ("--rotate", name)]
    assert project.run("seal", "staging", "-q", *arguments) == (0, "", "")
    expected = sorted(key for name in values for key in KEYS_OF[name])
    assert changed(before, project.ciphertexts()) == expected
    now = project.unsealed()
    assert sorted(key for key in now if now[key] != opened[key]) == expected


@pytest.mark.parametrize("values", [["postgres_password"], [*KEYS_OF]])
def test_all_secrets_together_are_one_consistent_world(project: Project, values: list[str]) -> None:
    project.run("seal", "staging", *(argument for name in values for argument in ("--rotate", name)))
    opened = project.unsealed()
    for uri, password in (
        ("backend-secrets/POSTGRES_DB_URI", "postgres-secrets/postgres-password"),
        ("backend-secrets/REDIS_URL", "redis-secrets/redis-password"),
    ):
        assert unquote_to_bytes(urlsplit(opened[uri].decode()).password or "") == opened[password]


def test_the_diff_is_one_line_a_key_and_the_lines_of_the_lock(project: Project) -> None:
    before = project.contents()
    project.run("seal", "staging", "--rotate", "jwt_secret_key")
    difference_ = difference(before, project.contents())
    assert list(difference_) == ["environments/staging.lock", "k8s/overlays/staging/backend-secrets.yaml"]
    for lines in difference_["k8s/overlays/staging/backend-secrets.yaml"]:
        assert [line.partition(":")[0] for line in lines] == ["    JWT_SECRET_KEY"]
    digits = set()
    for version, lines in enumerate(difference_["environments/staging.lock"], start=1):
        value, key = lines
        made = re.match(r'\{"value":"jwt_secret_key","version":"([0-9]+)-([0-9a-f]{8})",', value)
        assert made
        assert int(made[1]) == version
        digits.add(made[2])
        assert key.startswith('{"secret":"backend-secrets","key":"JWT_SECRET_KEY",')
        assert f'"values":{{"jwt_secret_key":"{version}-{made[2]}"}}' in key
    assert len(digits) == 2


def test_every_rotation_is_the_next_version(project: Project) -> None:
    for version in (2, 3, 4):
        assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
        assert project.counter("redis_password") == version
        assert project.lock()["redis-secrets/redis-password"]["values"] == {
            "redis_password": project.lock()["redis_password"]["version"]
        }
    assert project.run("seal", "staging").out == "staging: 3 secrets, 7 keys, up to date\n"


def test_a_value_that_was_never_sealed_gets_its_first_version(tmp_path: Path) -> None:
    project = aura(tmp_path / "new")
    assert project.run("seal", "staging", "-q", "--rotate", "jwt_secret_key") == (0, "", "")
    assert project.counter("jwt_secret_key") == 1


def test_naming_a_value_twice_rotates_it_once(project: Project) -> None:
    project.run("seal", "staging", "--rotate", "jwt_secret_key", "--rotate", "jwt_secret_key")
    assert project.counter("jwt_secret_key") == 2


def test_a_plan_of_a_rotation_changes_nothing(project: Project) -> None:
    before = project.tree()
    assert project.run("plan", "staging", "--rotate", "jwt_secret_key") == (
        10,
        (
            "staging\n"
            "  SECRET           KEY             ACTION  REASON\n"
            "  backend-secrets  JWT_SECRET_KEY  seal    rotated: jwt_secret_key 1 → 2\n"
            "staging: 3 secrets, 7 keys, 1 to seal, 6 to keep\n"
        ),
        "",
    )
    assert project.tree() == before


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("postgres_pasword", "staging has no value 'postgres_pasword' to rotate; did you mean 'postgres_password'?"),
        ("smtp_password", "'smtp_password' can't be rotated here: it is read (env); change it there"),
        ("postgres_user", "'postgres_user' can't be rotated here: it is read (literal); change it there"),
        ("unused", "'unused' can't be rotated: no key of staging uses it"),
    ],
)
def test_what_can_not_be_rotated_is_refused_and_nothing_else_is_either(
    project: Project, value: str, problem: str
) -> None:
    project.edit("environments/staging.yaml", "values:\n", "values:\n  unused: {generate: uuid}\n")
    before = project.tree()
    for command in ("seal", "plan"):
        arguments = ("--rotate", "jwt_secret_key", "--rotate", value)
        assert project.run(command, "staging", *arguments) == (2, "", f"error: {problem}\n")
    assert project.tree() == before


def test_a_key_of_two_generated_values_needs_both_and_the_advice_says_so(project: Project) -> None:
    project.template(
        "redis-secrets", {"redis-password": "{{ values.redis_password }}", "both": BOTH, "postgres": POSTGRES}
    )
    advice = "sealgen seal staging --rotate postgres_password --rotate redis_password"
    for arguments in ([], ["--rotate", "redis_password"], ["--rotate", "postgres_password"]):
        ended = project.run("seal", "staging", "-q", *arguments)
        assert ended == (
            12,
            "",
            (
                "error: staging: not all of it can be sealed here, so nothing was written\n"
                f"Make a new version with the run: {advice}; "
                f"or read back what is live: {' '.join(['sealgen seal staging --from-cluster', *arguments])}\n"
            ),
        )
    assert project.run(*advice.split()[1:]).code == 0
    opened = project.unsealed()
    assert opened["redis-secrets/both"] == b"%s:%s" % (
        opened["redis-secrets/redis-password"],
        opened["postgres-secrets/postgres-password"],
    )


def test_the_advice_goes_on_to_the_values_that_shared_keys_need(project: Project) -> None:
    # Sealed together at first; then one key changes, and drags along what its value's other keys are made of.
    project.template("redis-secrets", {"redis-password": "{{ values.redis_password }}", "both": BOTH})
    assert project.run("seal", "staging", "--rotate", "redis_password", "--rotate", "postgres_password").code == 0
    project.template("redis-secrets", {"redis-password": "{{ values.redis_password }}!", "both": BOTH})
    ended = project.run("seal", "staging", "-q")
    advice = "sealgen seal staging --rotate postgres_password --rotate redis_password"
    assert ended.err.splitlines()[1] == (
        f"Make a new version with the run: {advice}; or read back what is live: sealgen seal staging --from-cluster"
    )
    assert project.run(*advice.split()[1:]).code == 0


BOTH = "{{ values.redis_password }}:{{ values.postgres_password }}"
POSTGRES = "{{ values.postgres_password }}"


def test_a_rotated_value_whose_key_has_a_missing_source_too_changes_nothing(project: Project) -> None:
    project.template("redis-secrets", {"redis-password": "{{ values.redis_password }} {{ values.smtp_password }}"})
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    before = project.tree()
    ended = project.run("seal", "staging", "-q", "--rotate", "redis_password", env={"SMTP_PASSWORD": None})
    assert ended == (
        12,
        "",
        (
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    )
    assert project.tree() == before


def test_a_failed_run_makes_no_version(project: Project) -> None:
    project.edit("environments/staging.yaml", "    bytes: 32\n", "    bytes: 32\n    pattern: '[0-9]{64}'\n")
    before = project.tree()
    assert project.run("seal", "staging", "--rotate", "jwt_secret_key") == (
        1,
        "",
        "error: values.jwt_secret_key does not match its pattern, [0-9]{64}\n",
    )
    assert project.tree() == before
