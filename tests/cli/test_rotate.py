"""``sealgen rotate``: which values, shown and confirmed, and exactly what depends on them is sealed again."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.project import Project, aura, empty
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

KEYS_OF = {
    "jwt_secret_key": ["backend-secrets/JWT_SECRET_KEY"],
    "postgres_password": ["backend-secrets/POSTGRES_DB_URI", "postgres-secrets/postgres-password"],
    "redis_password": ["backend-secrets/REDIS_URL", "redis-secrets/redis-password"],
}
TABLE = (
    "staging\n"
    "  SECRET           KEY             ACTION  REASON\n"
    "  backend-secrets  JWT_SECRET_KEY  seal    rotated: jwt_secret_key 1 → 2\n"
)


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


def grown_old(project: Project, days: int, **every: str) -> None:
    """Let the lock's versions be so old, and values become no older than ``every`` says."""
    date = str(dt.datetime.now(dt.UTC).date() - dt.timedelta(days))
    lock = re.sub(r'"date":"[0-9-]+"', f'"date":"{date}"', project.read("environments/staging.lock").decode())
    project.write("environments/staging.lock", lock)
    text = project.read("environments/staging.yaml").decode()
    for name, most in every.items():
        text = text.replace(f"  {name}:\n", f"  {name}:\n    rotate_every: {most}\n")
    project.write("environments/staging.yaml", text)


@pytest.mark.parametrize("values", [["jwt_secret_key"], ["postgres_password"], ["jwt_secret_key", "redis_password"]])
def test_exactly_the_keys_that_depend_on_the_named_values_change(project: Project, values: list[str]) -> None:
    before, opened = project.ciphertexts(), project.unsealed()
    assert project.run("rotate", "staging", *values, "-q") == (0, "", "")
    expected = sorted(key for name in values for key in KEYS_OF[name])
    assert changed(before, project.ciphertexts()) == expected
    now = project.unsealed()
    assert sorted(key for key in now if now[key] != opened[key]) == expected
    assert [project.counter(name) for name in KEYS_OF] == [2 if name in values else 1 for name in KEYS_OF]


def test_without_a_terminal_it_does_it_and_says_what_it_did(project: Project) -> None:
    assert project.run("rotate", "staging", "jwt_secret_key") == (
        0,
        f"{TABLE}staging: 3 secrets, 7 keys, 1 sealed, 6 kept\n",
        "",
    )


def test_a_dry_run_shows_the_plan_and_changes_nothing(project: Project) -> None:
    before = project.tree()
    assert project.run("rotate", "staging", "jwt_secret_key", "--dry-run") == (
        10,
        f"{TABLE}staging: 3 secrets, 7 keys, 1 to seal, 6 to keep\n",
        "",
    )
    assert project.tree() == before


def test_all_is_every_generated_value_and_no_other(project: Project) -> None:
    before = project.ciphertexts()
    assert project.run("rotate", "staging", "--all", "-q") == (0, "", "")
    assert changed(before, project.ciphertexts()) == sorted(key for keys in KEYS_OF.values() for key in keys)


def test_due_is_what_is_older_than_it_may_become(project: Project) -> None:
    grown_old(project, 90, jwt_secret_key="90d", postgres_password="180d")
    before = project.ciphertexts()
    assert project.run("rotate", "staging", "--due", "-q") == (0, "", "")
    assert changed(before, project.ciphertexts()) == KEYS_OF["jwt_secret_key"]
    assert project.run("rotate", "staging", "--due") == (0, "staging: nothing is due\n", "")


def test_what_is_due_and_read_is_changed_where_it_is(project: Project) -> None:
    grown_old(project, 30, smtp_password="30d")
    before = project.tree()
    told = "staging: smtp_password is due, and is read (env); change it there\n"
    assert project.run("rotate", "staging", "--due") == (0, "staging: nothing is due\n", told)
    assert project.tree() == before


NOT_HERE: dict[str, str | None] = {"SMTP_PASSWORD": None, "SEALGEN_FINGERPRINT_KEY": None}


def test_a_value_that_is_not_here_and_not_beside_it_is_not_needed(project: Project) -> None:
    before = project.ciphertexts()
    assert project.run("rotate", "staging", "jwt_secret_key", env=NOT_HERE) == (
        0,
        f"{TABLE}staging: 3 secrets, 7 keys, 1 sealed\n",
        "",
    )
    assert changed(before, project.ciphertexts()) == KEYS_OF["jwt_secret_key"]
    assert project.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")


def test_one_that_stands_beside_it_is(project: Project) -> None:
    project.template("redis-secrets", {"both": "{{ values.redis_password }} {{ values.smtp_password }}"})
    assert project.run("seal", "staging", "--rotate", "redis_password", "-q").code == 0
    before = project.tree()
    assert project.run("rotate", "staging", "redis_password", "-q", env=NOT_HERE) == (
        12,
        "",
        (
            "error: staging: not all of it can be sealed here, so nothing was written\n"
            "Run it where the sources and the fingerprint key are.\n"
        ),
    )
    assert project.tree() == before


def test_what_waits_elsewhere_waits_on_and_is_not_forgotten(tmp_path: Path) -> None:
    project = empty(tmp_path)
    values = {name: {"generate": "hex"} for name in ("one", "other")}
    project.environment(values=values, secrets=["app", "more"])
    project.template("app", {"one": "{{ values.one }}"})
    project.template("more", {"other": "{{ values.other }}"})
    assert project.run("seal", "staging", "-q").code == 0
    project.template("more", {"other": "{{ values.other }}", "again": "{{ values.other }}"})
    before = project.ciphertexts()
    assert project.run("rotate", "staging", "one", "-q") == (0, "", "")
    assert changed(before, project.ciphertexts()) == ["app/one"]
    assert project.run("seal", "staging", "-q").code == 12
    assert project.run("plan", "staging", "-q").code == 12


def test_what_must_change_with_the_rest_of_its_secret_is_not_torn_apart(project: Project) -> None:
    project.edit("environments/staging.yaml", "namespace: aura-staging\n", "namespace: elsewhere\n")
    before = project.tree()
    assert project.run("rotate", "staging", "jwt_secret_key", "-q", env=NOT_HERE).code == 12
    assert project.tree() == before


def test_where_nothing_is_generated_all_is_nothing(tmp_path: Path) -> None:
    project = empty(tmp_path)
    project.environment(values={"user": {"literal": "aura"}}, secrets=["app"])
    project.template("app", {"user": "{{ values.user }}"})
    assert project.run("rotate", "staging", "--all") == (0, "staging: nothing is generated\n", "")
    assert project.run("rotate", "staging", "--all", "--json").document["results"] == [
        {"environment": "staging", "steps": []}
    ]


def test_json_is_as_that_of_seal(project: Project) -> None:
    document = project.run("rotate", "staging", "redis_password", "--json").document
    assert (document["command"], document["exit_code"]) == ("rotate", 0)
    assert [step["key"] for step in document["results"][0]["steps"] if step["action"] == "seal"] == [
        "REDIS_URL",
        "redis-password",
    ]


@pytest.mark.parametrize(
    "arguments", [(), ("--all", "--due"), ("jwt_secret_key", "--all"), ("jwt_secret_key", "--finish", "jwt_secret_key")]
)
def test_the_values_are_told_in_one_way(project: Project, arguments: tuple[str, ...]) -> None:
    assert project.run("rotate", "staging", *arguments) == (
        2,
        "",
        "error: name values, or say one of --due, --all and --finish VALUE\nTry 'sealgen rotate --help'.\n",
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("postgres_pasword", "staging has no value 'postgres_pasword' to rotate; did you mean 'postgres_password'?"),
        ("smtp_password", "'smtp_password' can't be rotated here: it is read (env); change it there"),
        ("postgres_user", "'postgres_user' can't be rotated here: it is read (literal); change it there"),
    ],
)
def test_what_can_not_be_rotated_is_refused(project: Project, value: str, problem: str) -> None:
    before = project.tree()
    for more in ((), ("--dry-run",)):
        assert project.run("rotate", "staging", "jwt_secret_key", value, *more) == (2, "", f"error: {problem}\n")
    assert project.tree() == before


@pytest.mark.parametrize("arguments", [("--all",), ("--due",), ("jwt_secret_key",)])
def test_a_plain_environment_has_nothing_to_rotate(project: Project, arguments: tuple[str, ...]) -> None:
    project.environment("development", backend={"kind": "plain"}, secrets=[])
    assert project.run("rotate", "development", *arguments) == (
        2,
        "",
        (
            "error: development is a plain environment: nothing of it is sealed\n"
            "Print its Secrets: sealgen render development\n"
        ),
    )


QUESTION = "staging: rotate? Type yes: "


def shown(text: str) -> str:
    """Return the text as a terminal shows it in the end, without its colours and lines of progress."""
    return re.sub("\r\x1b\\[K(staging: sealing[^\r]*)?", "", re.sub(r"\x1b\[[0-9;]*m", "", text)).replace("\r\n", "\n")


def test_at_a_terminal_the_plan_is_shown_and_confirmed(project: Project) -> None:
    session = at_terminal(project, "rotate", "staging", "jwt_secret_key", answers=["yes"])
    assert session.code == 0
    assert shown(session.shown) == f"{TABLE}{QUESTION}yes\nstaging: 3 secrets, 7 keys, 1 sealed, 6 kept\n"
    assert project.counter("jwt_secret_key") == 2


@pytest.mark.parametrize("answer", ["y", "no", ""])
def test_anything_but_yes_writes_nothing(project: Project, answer: str) -> None:
    before = project.tree()
    session = at_terminal(project, "rotate", "staging", "jwt_secret_key", answers=[answer])
    assert session.code == 10
    assert shown(session.shown) == f"{TABLE}{QUESTION}{answer}\nstaging: nothing was written\n"
    assert project.tree() == before


def test_yes_is_said_beforehand(project: Project) -> None:
    session = at_terminal(project, "rotate", "staging", "jwt_secret_key", "--yes")
    assert (session.code, shown(session.shown)) == (0, f"{TABLE}staging: 3 secrets, 7 keys, 1 sealed, 6 kept\n")


def test_a_blocked_rotation_asks_nothing_and_writes_nothing(project: Project) -> None:
    project.template("redis-secrets", {"both": "{{ values.redis_password }}{{ values.jwt_secret_key }}"})
    before = project.tree()
    session = at_terminal(project, "rotate", "staging", "redis_password")
    assert session.code == 12
    assert "blocked  rotated" not in session.shown
    assert QUESTION not in session.shown
    assert project.tree() == before


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_for_any_dependencies_what_changes_is_what_depends_and_the_world_is_consistent(data: DataObject) -> None:
    values = [f"v{number}" for number in range(data.draw(st.integers(1, 4)))]
    uses = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    secrets = data.draw(st.dictionaries(st.sampled_from(["a", "b"]), st.dictionaries(st.sampled_from("KLM"), uses)))
    secrets = {secret: keys for secret, keys in secrets.items() if keys} or {"a": {"K": values[:1]}}
    used = sorted({name for keys in secrets.values() for names in keys.values() for name in names})
    # What was never stored is made anew together with what it stands beside.
    rotated = set(data.draw(st.lists(st.sampled_from(used), min_size=1, unique=True)))
    for _ in used:
        beside = [set(names) for keys in secrets.values() for names in keys.values()]
        rotated |= {name for names in beside if names & rotated for name in names}
    with tempfile.TemporaryDirectory() as folder:
        project = empty(Path(folder))
        project.environment(
            values={name: {"generate": "alphanumeric", "length": 16} for name in values}, secrets=sorted(secrets)
        )
        for secret, keys in secrets.items():
            project.template(
                secret, {key: "".join(f"{{{{ values.{n} }}}}" for n in names) for key, names in keys.items()}
            )
        assert project.run("seal", "staging", "-q") == (0, "", "")
        before = project.ciphertexts()
        assert project.run("rotate", "staging", *rotated, "-q") == (0, "", "")
        assert set(changed(before, project.ciphertexts())) == {
            f"{secret}/{key}" for secret, keys in secrets.items() for key, names in keys.items() if rotated & set(names)
        }
        opened, world = project.unsealed(), dict[str, bytes]()
        for secret, keys in secrets.items():
            for key, names in keys.items():
                for number, name in enumerate(names):
                    part = opened[f"{secret}/{key}"][16 * number : 16 * number + 16]
                    assert world.setdefault(name, part) == part
