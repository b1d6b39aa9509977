"""``sealgen push``: what is put where, what is left alone, and that nothing is put where not all of it can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.api_server import api_server, as_json
from tests.support.leaks import leaked
from tests.support.live import Live
from tests.support.project import Project, aura, empty
from tests.support.terminal import at_terminal
from tests.support.vault import OURS, TOKEN, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENTRY = "aura/staging"
SMTP, API = "smtp-password-7c1f0a5e", "api-key-55e1d2b9c0"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project that pushes its values as properties of one entry."""
    project = empty(tmp_path / "project")
    project.environment(
        values={"smtp": {"env": "SMTP"}, "api_key": {"env": "API"}, "user": {"literal": "aura"}},
        push={"vault": "secret/aura/{environment}", "property": "{dashed-value}"},
        secrets=["app"],
    )
    project.template("app", {"smtp": "{{ values.smtp }}"})
    return project


def env(store: Vault, **more: str | None) -> dict[str, str | None]:
    return {**store.variables, "SMTP": SMTP, "API": API, **more}


ALL = {"smtp": SMTP, "api-key": API, "user": "aura"}
CREATED = (
    "staging\n"
    "  VALUE    STORE  ENTRY                PROPERTY  ACTION\n"
    "  smtp     vault  secret/aura/staging  smtp      create\n"
    "  api_key  vault  secret/aura/staging  api-key   create\n"
    "  user     vault  secret/aura/staging  user      create\n"
)


def test_all_are_put_into_one_entry_at_once_with_its_tags(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", env=env(store)) == (0, f"{CREATED}staging: 3 values, 3 created\n", "")
    assert store.writes() == [
        ("secret/data/aura/staging", {"options": {"cas": 0}, "data": ALL}),
        ("secret/metadata/aura/staging", {"custom_metadata": OURS}),
    ]


def test_what_is_there_is_not_put_again(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    store.server.requests.clear()
    assert project.run("push", "staging", env=env(store)) == (0, "staging: 3 values, 3 unchanged\n", "")
    assert project.run("push", "staging", "--dry-run", env=env(store)) == (0, "staging: 3 values, 3 unchanged\n", "")
    assert not store.writes()
    assert project.run("push", "staging", env=env(store, SMTP="another")) == (
        0,
        (
            "staging\n"
            "  VALUE  STORE  ENTRY                PROPERTY  ACTION\n"
            "  smtp   vault  secret/aura/staging  smtp      update\n"
            "staging: 3 values, 1 updated, 2 unchanged\n"
        ),
        "",
    )
    assert store.writes() == [
        ("secret/data/aura/staging", {"options": {"cas": 1}, "data": {**ALL, "smtp": "another"}}),
    ]


def test_a_dry_run_shows_it_and_puts_nothing(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "--dry-run", env=env(store)) == (
        10,
        f"{CREATED}staging: 3 values, 3 to create\n",
        "",
    )
    assert not store.writes()


def test_what_else_the_entry_holds_stays(project: Project, store: Vault) -> None:
    store.put(ENTRY, {"port": 5432, "list": [1.50, None, True], "smtp": "old"}, {**OURS, "team": "a"})
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert store.writes() == [
        (
            "secret/data/aura/staging",
            {"options": {"cas": 1}, "data": {"port": 5432, "list": [1.5, None, True], **ALL}},
        ),
    ]


def test_named_values_alone_are_put(project: Project, store: Vault) -> None:
    assert project.run("push", "staging", "api_key", "-q", env=env(store, SMTP=None)) == (0, "", "")
    assert store.newest(ENTRY) == {"api-key": API}


def test_a_value_may_have_a_place_of_its_own(project: Project, store: Vault) -> None:
    values = {
        "smtp": {
            "env": "SMTP",
            "push": {"vault": "secret/mail/{environment}/{value}", "property": ["auth", "password"]},
        },
        "user": {"literal": "aura"},
    }
    project.change(values=values)
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert store.newest("mail/staging/smtp") == {"auth": {"password": SMTP}}
    assert store.newest(ENTRY) == {"user": "aura"}


def refused(row: str, why: str) -> str:
    return f"  {row}  refused  {why}\n"


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (None, "it does not have the tags managed-by: sealgen and sealgen-environment: staging"),
        ({"managed-by": "external-secrets"}, "it is managed by 'external-secrets'"),
        ({**OURS, "sealgen-environment": "production"}, "it is that of the environment 'production'"),
    ],
)
def test_an_entry_of_somebody_else_is_not_written_without_force(
    project: Project, store: Vault, tags: dict[str, str] | None, why: str
) -> None:
    store.put(ENTRY, {"smtp": SMTP, "other": "theirs"}, tags)
    ended = project.run("push", "staging", env=env(store))
    assert (ended.code, ended.out, store.writes()) == (12, "", [])
    assert ended.err == (
        "staging\n"
        "  VALUE    STORE  ENTRY                PROPERTY  ACTION   REASON\n"
        f"  api_key  vault  secret/aura/staging  api-key   refused  {why}; --force takes it over\n"
        f"  user     vault  secret/aura/staging  user      refused  {why}; --force takes it over\n"
        "error: staging: not all of it can be pushed, so nothing was put\n"
        "To push the others, name them: sealgen push staging VALUE…\n"
    )
    # What is there is as it should be, whoever put it.
    assert project.run("push", "staging", "smtp", env=env(store)) == (0, "staging: 1 value, 1 unchanged\n", "")
    assert project.run("push", "staging", "--force", "-q", env=env(store)) == (0, "", "")
    assert (store.newest(ENTRY), store.secrets[ENTRY].tags) == ({"other": "theirs", **ALL}, {**(tags or {}), **OURS})


def test_version_1_of_vault_can_not_tell_whose_an_entry_is(project: Project, store: Vault) -> None:
    project.change(push={"vault": "old/aura", "property": "{value}"}, values={"smtp": {"env": "SMTP"}})
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert (project.run("push", "staging", "-q", env=env(store)), store.old) == ((0, "", ""), {"aura": {"smtp": SMTP}})
    ended = project.run("push", "staging", env=env(store, SMTP="another"))
    assert (ended.code, store.old["aura"]["smtp"]) == (12, SMTP)
    assert "refused  it can have no tags, which would say whose it is; --force takes it over\n" in ended.err
    assert project.run("push", "staging", "--force", "-q", env=env(store, SMTP="another")) == (0, "", "")
    assert store.old == {"aura": {"smtp": "another"}}


def test_where_one_value_can_not_be_had_nothing_is_put(project: Project, store: Vault) -> None:
    project.change(
        values={
            "smtp": {"env": "SMTP"},
            "jwt": {"generate": "hex", "bytes": 16},
            "pin": {"prompt": "PIN?"},
            "user": {"literal": "aura"},
        }
    )
    ended = project.run("push", "staging", env=env(store, SMTP=None))
    assert (ended.code, store.writes()) == (12, [])
    where = "vault  secret/aura/staging"
    assert ended.err.splitlines() == [
        "staging",
        "  VALUE  STORE  ENTRY                PROPERTY  ACTION   REASON",
        f"  smtp   {where}  smtp      unknown  values.smtp: the environment variable SMTP is not set",
        (
            f"  jwt    {where}  jwt       unknown  it is generated, and stored nowhere; say where it is kept, "
            "keep: {…}, or add --from-cluster"
        ),
        f"  pin    {where}  pin       unknown  values.pin is asked of a person, and there is no terminal to ask at",
        f"  user   {where}  user      create",
        "error: staging: not all of it can be pushed, so nothing was put",
        "To push the others, name them: sealgen push staging VALUE…",
    ]


def test_a_value_that_breaks_its_rules_is_not_put(project: Project, store: Vault) -> None:
    project.change(values={"smtp": {"env": "SMTP", "min_length": 100}})
    ended = project.run("push", "staging", env=env(store))
    assert (ended.code, store.writes()) == (12, [])
    assert "unknown  values.smtp is shorter than its min_length, 100 bytes\n" in ended.err


def test_what_a_store_does_not_take_is_refused_before_anything_is_sent(project: Project, store: Vault) -> None:
    project.write("keystore", bytes(range(256)))
    project.write("large", "x" * 1024**2)
    project.change(values={"user": {"literal": "aura"}, "keystore": {"file": "keystore"}})
    where = f"secret/aura/staging in Vault at {store.server.url}"
    ended = project.run("push", "staging", env=env(store))
    assert f"refused  'keystore' of {where} can only be text; say encoding: base64\n" in ended.err
    encoded = {"vault": "secret/aura/{environment}", "property": "{value}", "encoding": "base64"}
    project.change(values={"keystore": {"file": "keystore", "push": encoded}})
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert project.run("push", "staging", env=env(store)).out == "staging: 1 value, 1 unchanged\n"
    project.change(values={"large": {"file": "large"}})
    store.server.requests.clear()
    ended = project.run("push", "staging", env=env(store))
    assert (ended.code, store.writes()) == (12, [])
    assert (
        f"refused  {where} can't be written: it would have more than the 1,048,576 bytes that Vault takes\n"
        in ended.err
    )


def test_what_is_kept_or_read_there_is_there(project: Project, store: Vault) -> None:
    place = {"vault": "secret/aura/{environment}", "property": "jwt"}
    project.change(
        values={
            "jwt": {"generate": "hex", "bytes": 16, "keep": place},
            "db": {"vault": "secret/aura/staging", "property": "db"},
        }
    )
    ended = project.run("push", "staging", "-v", env=env(store))
    assert (ended.code, store.writes()) == (0, [])
    assert ended.out == (
        "staging\n"
        "  VALUE  STORE  ENTRY                PROPERTY  ACTION     REASON\n"
        "  jwt    vault  secret/aura/staging  jwt       unchanged  it is kept there\n"
        "  db     vault  secret/aura/staging  db        unchanged  it is read from there\n"
        "staging: 2 values, 2 unchanged\n"
    )


def test_somebody_else_who_writes_meanwhile_is_not_overwritten(project: Project, store: Vault) -> None:
    store.before_write = lambda path: store.put(path, {"smtp": "theirs"}, OURS)
    ended = project.run("push", "staging", env=env(store))
    assert (ended.code, ended.out, store.newest(ENTRY)) == (1, "", {"smtp": "theirs"})
    assert ended.err == (
        f"error: secret/aura/staging in Vault at {store.server.url}: somebody else has written it just now, "
        "so it was not\n"
        "See what is left to do: sealgen push staging --dry-run\n"
    )


def test_what_was_put_before_a_failure_is_told(project: Project, store: Vault) -> None:
    project.change(push={"vault": "secret/aura/{value}", "property": "it"})
    store.server.answers["POST /v1/secret/data/aura/api_key"] = as_json({"errors": [API]}, 403)
    ended = project.run("push", "staging", env=env(store))
    assert (ended.code, store.newest("aura/smtp"), store.newest("aura/user")) == (12, {"it": SMTP}, None)
    assert ended.err == (
        f"error: Vault at {store.server.url} refuses secret/aura/api_key to the token in $VAULT_TOKEN (403)\n"
        "It may have expired; one of its policies must grant create and update on secret/data/aura/api_key. "
        "Put before that: smtp.\n"
    )
    document = project.run("push", "staging", "--json", env=env(store)).document
    assert [(row["value"], row["action"], row["done"]) for row in document["results"][0]["values"]] == [
        ("smtp", "unchanged", False),
        ("api_key", "create", False),
        ("user", "create", False),
    ]


def test_an_answer_that_was_lost_does_not_put_it_twice(
    project: Project, store: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealgen.stores.reading._FIRST_PAUSE", 0.001)
    take, fails = store.answer, ["data", "metadata"]

    def lose(request: object) -> object:
        answer = take(request)  # type: ignore[arg-type]
        kind = request.path.split("/")[3]  # type: ignore[attr-defined]
        if request.method == "POST" and kind in fails:  # type: ignore[attr-defined]
            fails.remove(kind)
            return as_json({}, 502)
        return answer

    store.server.answers._rest = lose  # type: ignore[attr-defined]
    assert project.run("push", "staging", "-q", env=env(store)) == (0, "", "")
    assert (store.newest(ENTRY), store.secrets[ENTRY].tags, fails) == (ALL, OURS, [])
    assert [body["options"] for path, body in store.writes() if "/data/" in path] == [{"cas": 0}, {"cas": 1}]


def test_json_has_what_the_table_shows_and_what_was_done(project: Project, store: Vault) -> None:
    document = project.run("push", "staging", "user", "--json", env=env(store)).document
    assert (document["command"], document["exit_code"], document["errors"]) == ("push", 0, [])
    assert document["results"] == [
        {
            "environment": "staging",
            "values": [
                {
                    "value": "user",
                    "store": "vault",
                    "entry": "secret/aura/staging",
                    "property": ["user"],
                    "action": "create",
                    "reason": None,
                    "done": True,
                }
            ],
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "fields", "problem"),
    [
        (("smpt",), {}, "error: staging has no value 'smpt' to push; did you mean 'smtp'?\n"),
        (
            ("smtp",),
            {"push": None},
            ("error: it is not said where 'smtp' is pushed to; write push: of the environment, or of the value\n"),
        ),
        (
            (),
            {"push": None},
            (
                "error: staging pushes nothing: neither it nor a value of it has push:\n"
                "Write, for example, push: {vault: 'secret/aura/{environment}', property: '{value}'}\n"
            ),
        ),
        (
            (),
            {"push": {"vault": "secret/aura", "property": "x"}},
            (
                "error: environments/staging.yaml:15:10: 'smtp' and 'api_key' would have one place, "
                "vault secret/aura, property x\n"
            ),
        ),
    ],
)
def test_what_can_not_be_pushed_is_refused(
    project: Project, store: Vault, arguments: tuple[str, ...], fields: dict[str, object], problem: str
) -> None:
    project.change(**fields)
    assert project.run("push", "staging", *arguments, env=env(store)) == (2, "", problem)
    assert not store.server.requests


QUESTION = "staging: push? Type yes: "


def shown(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n")


def test_at_a_terminal_it_is_shown_and_confirmed(project: Project, store: Vault) -> None:
    session = at_terminal(project, "push", "staging", answers=["yes"], env=env(store))
    assert shown(session.shown) == f"{CREATED}{QUESTION}yes\nstaging: 3 values, 3 created\n"
    assert (session.code, store.newest(ENTRY)) == (0, ALL)


@pytest.mark.parametrize("answer", ["y", "no", ""])
def test_anything_but_yes_puts_nothing(project: Project, store: Vault, answer: str) -> None:
    session = at_terminal(project, "push", "staging", answers=[answer], env=env(store))
    assert shown(session.shown) == f"{CREATED}{QUESTION}{answer}\nstaging: nothing was put\n"
    assert (session.code, store.writes()) == (10, [])


def test_a_person_is_asked_for_what_is_not_there_or_named(project: Project, store: Vault) -> None:
    project.change(values={"pin": {"prompt": "PIN?"}})
    session = at_terminal(project, "push", "staging", "--yes", answers=["4711", "4711"], env=env(store))
    assert (session.code, store.newest(ENTRY)) == (0, {"pin": "4711"})
    assert "4711" not in session.shown
    told = "it is asked for where it is named, or not there"
    ended = project.run("push", "staging", "-v", env=env(store))
    assert (ended.code, told in ended.out) == (0, True)
    assert project.run("push", "staging", "pin", env=env(store)).code == 12
    session = at_terminal(project, "push", "staging", "pin", "--yes", answers=["0815", "0815"], env=env(store))
    assert (session.code, store.newest(ENTRY)) == (0, {"pin": "0815"})


def test_nothing_of_a_value_or_the_token_is_told(project: Project, store: Vault) -> None:
    said = ""
    for arguments in (("--dry-run", "-v"), ("-v",), ("--json",), ("--force", "--json")):
        ended = project.run("push", "staging", *arguments, env=env(store))
        said += ended.out + ended.err
    store.server.answers["POST /v1/secret/data/aura/staging"] = as_json({"errors": [SMTP, TOKEN]}, 400)
    ended = project.run("push", "staging", "-v", env=env(store, API="another-of-them-7c1f"))
    said += ended.out + ended.err
    assert ended.code == 12
    assert not leaked(said.encode(), {"smtp": SMTP.encode(), "api": API.encode(), "token": TOKEN.encode()})
    for path, content in project.contents().items():
        assert not leaked(content, {"smtp": SMTP.encode(), "api": API.encode()}), path


def _held(store: Vault, path: str) -> dict[str, str]:
    found = store.newest(path)
    assert found is not None
    return found


VAULT = {"server": "https://v", "path": "secret", "auth": {"kubernetes": {"mountPath": "k", "role": "r"}}}
STORE = {"name": "aura", "vault": VAULT}


@pytest.fixture
def operated(project: Project) -> Project:
    """Return the project where an operator makes its Secrets, of generated values too."""
    project.change(
        backend={"kind": "external-secrets", "secret_store": STORE},
        values={
            "smtp": {"env": "SMTP"},
            "jwt": {"generate": "hex", "bytes": 16},
            "kept": {"generate": "hex", "bytes": 16, "keep": {"vault": "secret/kept", "property": "{value}"}},
        },
    )
    project.template("app", {"smtp": "{{ values.smtp }}", "jwt": "{{ values.jwt }}", "kept": "{{ values.kept }}"})
    return project


def test_for_an_operator_what_is_generated_is_made_once(operated: Project, store: Vault) -> None:
    kept = {"generate": "hex", "bytes": 16, "keep": {"vault": "secret/kept", "property": "{value}"}}
    smtp = {"env": "SMTP", "push": {"vault": "secret/aura/staging", "property": "smtp"}}
    jwt = {"generate": "hex", "bytes": 16, "push": {"vault": "secret/aura/staging", "property": "jwt"}}
    values = {"smtp": smtp, "jwt": jwt, "kept": kept}
    operated.change(push=None, values=values)
    ended = operated.run("push", "staging", env=env(store))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("staging: 3 values, 3 created\n")
    first = {**_held(store, ENTRY), **_held(store, "kept")}
    assert {name: len(text) for name, text in first.items()} == {"smtp": len(SMTP), "jwt": 32, "kept": 32}
    again = operated.run("push", "staging", "-v", env=env(store))
    assert again.out.count("it is generated where there is none") == 2
    assert again.out.endswith("staging: 3 values, 3 unchanged\n")
    assert {**_held(store, ENTRY), **_held(store, "kept")} == first


def test_what_is_generated_for_an_operator_is_told_by_no_output(operated: Project, store: Vault) -> None:
    ended = operated.run("push", "staging", "--json", env=env(store))
    assert ended.code == 0
    for text in {**_held(store, ENTRY), **_held(store, "kept")}.values():
        assert text not in ended.out + ended.err


def test_a_plan_for_an_operator_makes_nothing(operated: Project, store: Vault) -> None:
    assert operated.run("push", "staging", "--dry-run", env=env(store)).code == 10
    assert store.writes() == []


# --- what was sealed and stored nowhere ---

PLACE = {"vault": "secret/aura/{environment}", "property": "{value}"}
GENERATED = {"jwt_secret_key": "backend-secrets/JWT_SECRET_KEY", "redis_password": "redis-secrets/redis-password"}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Project, Live]]:
    """Return Aura's project, sealed, with its overlay in a cluster."""
    (tmp_path / "aura").mkdir()
    sealed = aura(tmp_path / "aura")
    sealed.change(push=PLACE)
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    (tmp_path / "cluster").mkdir()
    with api_server(tmp_path / "cluster") as server:
        sealed.change(cluster={"kubeconfig": str(server.kubeconfig)})
        cluster = Live(server)
        cluster.apply(sealed)
        yield sealed, cluster


def test_what_only_the_cluster_has_is_pushed_as_it_is(live: tuple[Project, Live], store: Vault) -> None:
    sealed, _ = live
    ended = sealed.run("push", "staging", *GENERATED, "--from-cluster", env=env(store))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("staging: 2 values, 2 created\n")
    values = sealed.unsealed()
    ((path, body), _tags) = store.writes()
    assert path == "secret/data/aura/staging"
    assert body["data"] == {name: values[key].decode() for name, key in GENERATED.items()}
    known = {key: values[key] for key in GENERATED.values()}
    for content in (ended.out.encode(), *sealed.contents().values()):
        assert leaked(content, known) == []
    again = sealed.run("push", "staging", *GENERATED, "--from-cluster", env=env(store))
    assert again == (0, "staging: 2 values, 2 unchanged\n", "")


def test_what_the_cluster_does_not_prove_is_not_pushed(live: tuple[Project, Live], store: Vault) -> None:
    sealed, cluster = live
    cluster.sealed["redis-secrets"]["spec"]["encryptedData"]["redis-password"] = "AgB="
    ended = sealed.run("push", "staging", *GENERATED, "--from-cluster", env=env(store))
    assert ended.code == 12
    assert (
        "it can't be read back from the cluster: the SealedSecret aura-staging/redis-secrets has another ciphertext of "
        "redis-password than the lock\n" in ended.err
    )
    assert not store.writes()


def test_what_an_operator_makes_is_not_read_back(project: Project, store: Vault) -> None:
    auth = {"tokenSecretRef": {"name": "vault", "key": "token"}}
    secret_store = {"name": "aura", "vault": {"server": "https://vault.example", "path": "secret", "auth": auth}}
    project.change(backend={"kind": "external-secrets", "secret_store": secret_store})
    assert project.run("push", "staging", "--from-cluster", env=env(store)) == (
        2,
        "",
        (
            "error: staging is an environment of External Secrets: nothing of it is sealed\n"
            "Write what the operator needs: sealgen seal staging\n"
        ),
    )
