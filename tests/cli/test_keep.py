"""``keep:``: generated values that a store keeps, from the first run to rotation, with others at work meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.leaks import leaked
from tests.support.project import Project, empty
from tests.support.vault import OURS, TOKEN, Vault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.api_server import Answer, Request

ENTRY = "aura/staging"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project, never sealed, that keeps its two generated values in Vault."""
    project = empty(tmp_path / "project")
    project.environment(
        values={
            "jwt": {"generate": "hex", "bytes": 16, "keep": kept()},
            "redis": {"generate": "hex", "bytes": 16, "keep": kept()},
            "user": {"literal": "aura"},
        },
        secrets=["app", "cache"],
    )
    project.template("app", {"jwt": "{{ values.jwt }}", "url": "redis://{{ values.user }}:{{ values.redis }}@redis"})
    project.template("cache", {"password": "{{ values.redis }}"})
    return project


def kept() -> dict[str, str]:
    """Return what ``keep`` says, new each time: YAML would write an alias."""
    return {"vault": "secret/aura/{environment}", "property": "{value}"}


def sealed(project: Project) -> dict[str, str]:
    """Return what is sealed, by value: the same in all that is made of it."""
    opened = {key: content.decode() for key, content in project.unsealed().items()}
    assert opened["app/url"] == f"redis://aura:{opened['cache/password']}@redis"
    return {"jwt": opened["app/jwt"], "redis": opened["cache/password"]}


def where(store: Vault, entry: str = ENTRY) -> str:
    return f"secret/{entry} in Vault at {store.server.url}"


def test_what_is_made_is_put_with_its_tags_and_sealed(project: Project, store: Vault) -> None:
    assert project.run("seal", "staging", env=store.variables) == (
        0,
        (
            "staging\n"
            "  SECRET  KEY       ACTION  REASON\n"
            f"  app     jwt       seal    new key: jwt is made, and put into {where(store)}\n"
            f"  app     url       seal    new key: redis is made, and put into {where(store)}\n"
            f"  cache   password  seal    new key: redis is made, and put into {where(store)}\n"
            "staging: 2 secrets, 3 keys, 3 sealed\n"
        ),
        "",
    )
    values = sealed(project)
    # Both in one write, with the condition that there is none, and then the tags.
    assert store.writes() == [
        ("secret/data/aura/staging", {"options": {"cas": 0}, "data": values}),
        ("secret/metadata/aura/staging", {"custom_metadata": OURS}),
    ]


def test_it_is_read_from_there_ever_after_on_any_machine(project: Project, store: Vault) -> None:
    assert project.run("seal", "staging", "-q", env=store.variables).code == 0
    before, values = project.ciphertexts(), sealed(project)
    store.server.requests.clear()
    assert project.run("seal", "staging", env=store.variables) == (0, "staging: 2 secrets, 3 keys, up to date\n", "")
    assert project.ciphertexts() == before
    # A key that needs an old value, which would be blocked were it stored nowhere.
    project.template("cache", {"password": "{{ values.redis }}", "config": "auth {{ values.redis }}"})
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    assert sealed(project) == values
    assert project.unsealed()["cache/config"] == f"auth {values['redis']}".encode()
    assert not store.writes()


@pytest.mark.parametrize("arguments", [("plan", "staging"), ("rotate", "staging", "jwt", "--dry-run")])
def test_a_plan_writes_nothing(project: Project, store: Vault, arguments: tuple[str, ...]) -> None:
    assert project.run(*arguments, env=store.variables).code == 10
    assert not store.writes()
    assert project.run("check", "staging", env=store.variables).code == 11
    assert not store.writes()


def test_rotation_makes_the_next_version_and_seals_what_depends_on_it(project: Project, store: Vault) -> None:
    assert project.run("seal", "staging", "-q", env=store.variables).code == 0
    before, values = project.ciphertexts(), sealed(project)
    assert project.run("rotate", "staging", "redis", env=store.variables) == (
        0,
        (
            "staging\n"
            "  SECRET  KEY       ACTION  REASON\n"
            f"  app     url       seal    rotated: redis; redis is made, and put into {where(store)}\n"
            f"  cache   password  seal    rotated: redis; redis is made, and put into {where(store)}\n"
            "staging: 2 secrets, 3 keys, 2 sealed, 1 kept\n"
        ),
        "",
    )
    now = sealed(project)
    assert (now["jwt"], now["redis"] != values["redis"]) == (values["jwt"], True)
    assert store.newest(ENTRY) == now
    assert store.writes()[-1] == ("secret/data/aura/staging", {"options": {"cas": 1}, "data": now})
    assert [key for key in before if before[key] != project.ciphertexts()[key]] == ["app/url", "cache/password"]
    assert project.run("rotate", "staging", "--all", "-q", env=store.variables) == (0, "", "")
    assert sealed(project)["jwt"] != values["jwt"]


def test_due_is_told_by_the_lock_and_rotated_here(project: Project, store: Vault) -> None:
    values = {"jwt": {"generate": "hex", "bytes": 16, "keep": kept(), "rotate_every": "90d"}}
    project.change(values=values, secrets=["app"])
    project.template("app", {"jwt": "{{ values.jwt }}"})
    assert project.run("seal", "staging", "-q", env=store.variables).code == 0
    assert project.run("rotate", "staging", "--due", env=store.variables) == (0, "staging: nothing is due\n", "")
    lock = project.read("environments/staging.lock").decode()
    date = project.lock()["jwt"]["date"]
    project.write("environments/staging.lock", lock.replace(date, "2020-01-01"))
    before = store.newest(ENTRY)
    assert project.run("rotate", "staging", "--due", "-q", env=store.variables) == (0, "", "")
    assert store.newest(ENTRY) != before
    assert project.lock()["jwt"]["date"] == date


def test_a_run_that_ended_after_the_value_was_put_is_finished_by_the_next(project: Project, store: Vault) -> None:
    project.write("k8s/overlays/staging", "a file in the folder's place")
    ended = project.run("seal", "staging", env=store.variables)
    assert ended.code == 1
    put = store.newest(ENTRY)
    assert put is not None
    (project.root / "k8s/overlays/staging").unlink()
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    assert (sealed(project), len(store.secrets[ENTRY].versions)) == (put, 1)


def test_who_comes_second_takes_the_value_of_who_came_first(project: Project, store: Vault) -> None:
    theirs = {"jwt": "theirs-7c1f0a" * 2, "redis": "theirs-too-55e1"}
    store.before_write = lambda path: store.put(path, theirs, OURS)
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    assert (sealed(project), store.newest(ENTRY)) == (theirs, theirs)


def test_what_another_run_puts_between_two_looks_is_the_value(project: Project, store: Vault) -> None:
    theirs = {"jwt": "theirs-7c1f0a", "redis": "theirs-too-55e1"}

    def not_yet(request: Request) -> Answer:
        answer = store.answer(request)
        if ENTRY not in store.secrets:
            store.put(ENTRY, theirs, OURS)
        return answer

    store.server.answers["GET /v1/secret/data/aura/staging"] = not_yet
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    assert (sealed(project), store.writes()) == (theirs, [])


def test_what_this_run_has_put_before_is_not_rotated_again(project: Project, store: Vault) -> None:
    apart = {"vault": "secret/aura/{environment}/{value}", "property": "it"}
    values = {name: {"generate": "hex", "bytes": 16, "keep": dict(apart)} for name in ("jwt", "redis")}
    project.change(values={"jwt": values["jwt"]}, secrets=["app"])
    project.template("app", {"jwt": "{{ values.jwt }}"})
    assert project.run("seal", "staging", "-q", env=store.variables).code == 0
    project.change(values=values)
    project.template("app", {"jwt": "{{ values.jwt }}", "redis": "{{ values.redis }}"})

    def first(path: str) -> None:
        if path == "aura/staging/redis":
            store.put(path, {"it": "theirs-7c1f0a"}, OURS)
        else:
            store.before_write = first

    store.before_write = first
    assert project.run("rotate", "staging", "jwt", "-q", env=store.variables) == (0, "", "")
    assert len(store.secrets["aura/staging/jwt"].versions) == 2
    assert project.unsealed() == {
        "app/jwt": (store.newest("aura/staging/jwt") or {})["it"].encode(),
        "app/redis": b"theirs-7c1f0a",
    }


def test_another_property_that_comes_in_between_stays(project: Project, store: Vault) -> None:
    store.before_write = lambda path: store.put(path, {"api_key": 12}, OURS)
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    assert store.newest(ENTRY) == {"api_key": 12, **sealed(project)}


def test_two_rotations_at_once_are_one(project: Project, store: Vault) -> None:
    assert project.run("seal", "staging", "-q", env=store.variables).code == 0
    before = project.contents()
    theirs = {**sealed(project), "jwt": "theirs-7c1f0a"}
    store.before_write = lambda path: store.put(path, theirs)
    assert project.run("rotate", "staging", "jwt", env=store.variables) == (
        1,
        "",
        (
            f"error: {where(store)}: somebody else has just put another jwt there; nothing was sealed\n"
            "Seal with that one: sealgen seal staging\n"
        ),
    )
    assert (project.contents(), store.newest(ENTRY)) == (before, theirs)
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    assert sealed(project) == theirs


def test_a_store_that_is_always_overtaken_ends_the_run(project: Project, store: Vault) -> None:
    def again(path: str) -> None:
        store.put(path, {"other": str(len(store.secrets[path].versions)) if path in store.secrets else "0"}, OURS)
        store.before_write = again

    store.before_write = again
    assert project.run("seal", "staging", env=store.variables) == (
        1,
        "",
        f"error: {where(store)} is written by others all the time; nothing was sealed\n",
    )


def test_what_was_sealed_and_is_no_longer_there_is_not_made_unasked(project: Project, store: Vault) -> None:
    assert project.run("seal", "staging", "-q", env=store.variables).code == 0
    before, date = project.contents(), project.lock()["jwt"]["date"]
    store.secrets[ENTRY].versions.append({"redis": store.secrets[ENTRY].versions[-1]["redis"]})  # type: ignore[index]
    ended = project.run("seal", "staging", env=store.variables)
    told = (
        f"values.jwt: {where(store)} does not have it, and a version of {date} was sealed; "
        "put that there, or make the next one: sealgen rotate staging jwt"
    )
    assert (ended.code, project.contents()) == (12, before)
    assert f"  app     jwt  unknown  can't tell: {told}\n" in ended.err
    assert project.run("rotate", "staging", "jwt", "-q", env=store.variables) == (0, "", "")
    assert store.newest(ENTRY) == sealed(project)


def test_what_was_generated_before_is_taken_where_it_was_put_by_hand(project: Project, store: Vault) -> None:
    fields = yaml.safe_load(project.read("environments/staging.yaml"))["values"]
    kept_nowhere = {name: {of: text for of, text in field.items() if of != "keep"} for name, field in fields.items()}
    project.change(values=kept_nowhere)
    assert project.run("seal", "staging", "-q").code == 0
    values = sealed(project)
    project.change(values=fields)
    assert project.run("seal", "staging", env=store.variables).code == 12
    store.put(ENTRY, values)
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    assert (sealed(project), store.writes()) == (values, [])


def test_an_entry_of_somebody_else_is_read_and_not_written(project: Project, store: Vault) -> None:
    store.put(ENTRY, {"jwt": "by-hand-7c1f0a", "redis": "by-hand-too-1d"})
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    for tags, why in (
        ({}, "it does not have the tags managed-by: sealgen and sealgen-environment: staging"),
        ({"managed-by": "external-secrets"}, "it is managed by 'external-secrets'"),
        ({**OURS, "sealgen-environment": "production"}, "it is that of the environment 'production'"),
    ):
        store.secrets[ENTRY].tags = tags
        ended = project.run("rotate", "staging", "jwt", env=store.variables)
        assert ended.code == 12
        assert f"  app     jwt  unknown  rotated: values.jwt: {where(store)} is not written: {why}\n" in ended.err
    assert not store.writes()
    store.secrets[ENTRY].tags = OURS
    assert project.run("rotate", "staging", "jwt", "-q", env=store.variables) == (0, "", "")
    assert store.newest(ENTRY) == sealed(project)


def test_a_store_without_conditions_keeps_nothing(project: Project, store: Vault) -> None:
    project.change(values={"jwt": {"generate": "hex", "bytes": 16, "keep": {"vault": "old/aura", "property": "jwt"}}})
    project.change(secrets=["app"])
    project.template("app", {"jwt": "{{ values.jwt }}"})
    ended = project.run("seal", "staging", env=store.variables)
    assert ended.code == 12
    assert (
        f"values.jwt: old/aura in Vault at {store.server.url} knows no condition to write on, so that two runs could "
        "make two values; keep it elsewhere"
    ) in ended.err
    assert not store.writes()


def test_a_part_of_the_environment_puts_no_more_than_it_seals(project: Project, store: Vault) -> None:
    assert project.run("seal", "staging", "--only", "cache", "-q", env=store.variables) == (0, "", "")
    assert list(store.newest(ENTRY) or ()) == ["redis"]


def test_keep_previous_moves_the_ciphertext_before_whoever_rotated_it(project: Project, store: Vault) -> None:
    value = {"generate": "hex", "bytes": 16, "keep": kept(), "keep_previous": "jwt-previous"}
    project.change(values={"jwt": value}, secrets=["app"])
    project.template("app", {"jwt": "{{ values.jwt }}"})
    assert project.run("seal", "staging", "-q", env=store.variables).code == 0
    first = project.unsealed()["app/jwt"]
    assert project.run("rotate", "staging", "jwt", "-q", env=store.variables) == (0, "", "")
    second = project.unsealed()["app/jwt"]
    assert project.unsealed() == {"app/jwt": second, "app/jwt-previous": first}
    # Another machine rotates it, and this one finds that.
    store.put(ENTRY, {"jwt": "third-7c1f0a5e11"})
    assert project.run("seal", "staging", env=store.variables).out == (
        "staging\n"
        "  SECRET  KEY           ACTION  REASON\n"
        "  app     jwt           seal    value changed: jwt\n"
        "  app     jwt-previous  copy    previous version kept: jwt\n"
        "staging: 1 secret, 2 keys, 1 sealed, 1 copied\n"
    )
    assert project.unsealed() == {"app/jwt": b"third-7c1f0a5e11", "app/jwt-previous": second}
    assert project.run("seal", "staging", env=store.variables).out == "staging: 1 secret, 2 keys, up to date\n"
    del store.secrets[ENTRY]
    assert project.run("plan", "staging", env=store.variables).code == 12


def test_a_value_with_parts_is_kept_by_part(project: Project, store: Vault) -> None:
    key = {"generate": "ed25519", "keep": {"vault": "secret/aura/keys/{dashed-value}"}}
    project.change(values={"signing_key": key}, secrets=["app"])
    project.template("app", {"key": "{{ values.signing_key.private }}", "pub": "{{ values.signing_key.public }}"})
    assert project.run("seal", "staging", "-q", env=store.variables) == (0, "", "")
    opened = project.unsealed()
    assert store.newest("aura/keys/signing-key") == {
        "private": opened["app/key"].decode(),
        "public": opened["app/pub"].decode(),
    }
    assert project.run("seal", "staging", env=store.variables).out == "staging: 1 secret, 2 keys, up to date\n"


def test_a_plain_environment_keeps_it_there_too(project: Project, store: Vault) -> None:
    project.change(backend={"kind": "plain"}, output=None)
    first = project.run("render", "staging", env=store.variables)
    assert (first.code, first.err, len(store.secrets[ENTRY].versions)) == (0, "", 2)
    assert project.run("render", "staging", env=store.variables) == first
    assert len(store.secrets[ENTRY].versions) == 2
    assert not (project.root / ".sealgen/staging.values").exists()


def test_nothing_of_a_value_or_the_token_is_told_or_written_in_clear(project: Project, store: Vault) -> None:
    said = ""
    for arguments in (
        ("plan", "-v"),
        ("seal", "-v"),
        ("seal", "--json"),
        ("rotate", "jwt", "--json"),
        ("rotate", "--all"),
    ):
        command, *more = arguments
        ended = project.run(command, "staging", *more, env=store.variables)
        said += ended.out + ended.err
    untold = {
        f"{name} {number}": text.encode()
        for number, version in enumerate(store.secrets[ENTRY].versions)
        for name, text in (version or {}).items()
    }
    assert len(untold) == 6
    untold["token"] = TOKEN.encode()
    assert not leaked(said.encode(), untold)
    for path, content in project.contents().items():
        assert not leaked(content, untold), path


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (403, "Vault at {url} refuses secret/aura/staging to the token in $VAULT_TOKEN (403)"),
        (413, "Vault at {url} answers secret/data/aura/staging, which is written, with status 413"),
        (503, "secret/aura/staging in Vault at {url} can't be written: it is sealed, or has no leader (503) (4 tries)"),
    ],
)
def test_a_store_that_does_not_take_it_ends_the_run_and_seals_nothing(
    project: Project, store: Vault, status: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.api_server import as_json  # noqa: PLC0415

    monkeypatch.setattr("sealgen.stores.reading._FIRST_PAUSE", 0.001)
    store.server.answers["POST /v1/secret/data/aura/staging"] = as_json({"errors": ["no"]}, status)
    before = project.contents()
    ended = project.run("seal", "staging", env=store.variables)
    assert (ended.code, ended.out, project.contents()) == (12, "", before)
    assert ended.err.splitlines()[0] == "error: " + told.format(url=store.server.url)
