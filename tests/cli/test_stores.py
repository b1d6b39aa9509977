"""Values that stores hold: read at once, sealed when they change, and told in their order when they can't be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.api_server import ApiServer, api_server, as_json
from tests.support.leaks import leaked
from tests.support.project import Project, empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TOKEN = "hvs.token-of-a-test-5d3a91"
NAMES = ("postgres", "redis", "smtp")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[ApiServer]:
    """Run a server that speaks as Vault does, with one secret for each of the names."""
    (tmp_path / "vault").mkdir()
    with api_server(tmp_path / "vault") as server:
        for name in NAMES:
            server.answers[f"GET /v1/sys/internal/ui/mounts/secret/aura/{name}"] = as_json(
                {"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}}
            )
            keep(server, name, f"{name}-in-the-store-7c1f")
        yield server


def keep(server: ApiServer, name: str, password: str) -> None:
    server.answers[f"GET /v1/secret/data/aura/{name}"] = as_json({"data": {"data": {"password": password}}})


def variables(server: ApiServer) -> Mapping[str, str | None]:
    return {"VAULT_ADDR": server.url, "VAULT_TOKEN": TOKEN}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with a key for each of the names."""
    made = empty(tmp_path / "project")
    made.environment(
        values={name: {"vault": f"secret/aura/{name}", "property": "password"} for name in NAMES}, secrets=["app"]
    )
    made.template("app", {name: f"{{{{ values.{name} }}}}" for name in NAMES})
    return made


def test_what_changed_in_the_store_is_sealed_and_nothing_else(project: Project, vault: ApiServer) -> None:
    assert project.run("seal", "staging", "-q", env=variables(vault)) == (0, "", "")
    assert project.run("seal", "staging", env=variables(vault)) == (0, "staging: 1 secret, 3 keys, up to date\n", "")
    keep(vault, "redis", "another-7c1f")
    assert project.run("plan", "staging", env=variables(vault)) == (
        10,
        (
            "staging\n"
            "  SECRET  KEY    ACTION  REASON\n"
            "  app     redis  seal    value changed: redis\n"
            "staging: 1 secret, 3 keys, 1 to seal, 2 to keep\n"
        ),
        "",
    )


def test_each_is_read_once_in_a_run(project: Project, vault: ApiServer) -> None:
    assert project.run("seal", "staging", "-q", env=variables(vault)) == (0, "", "")
    paths = [request.path for request in vault.requests]
    assert sorted(path for path in paths if "/data/" in path) == [f"/v1/secret/data/aura/{name}" for name in NAMES]


def test_what_can_not_be_had_is_told_for_each_in_their_order(project: Project, vault: ApiServer) -> None:
    for name in ("postgres", "smtp"):
        del vault.answers[f"GET /v1/secret/data/aura/{name}"]
    before = project.contents()
    ended = project.run("seal", "staging", env=variables(vault))
    assert (ended.code, project.contents()) == (12, before)
    where = f"in Vault at {vault.url}"
    told = [line.partition("values.")[2] for line in ended.err.splitlines() if "values." in line]
    assert told == [f"{name}: there is no secret/aura/{name} {where}" for name in ("postgres", "smtp")]


def test_nothing_of_a_value_or_the_token_is_told(project: Project, vault: ApiServer) -> None:
    untold = {"token": TOKEN.encode(), **{name: f"{name}-in-the-store-7c1f".encode() for name in NAMES}}
    vault.answers["GET /v1/secret/data/aura/smtp"] = as_json({"errors": ["smtp-in-the-store-7c1f", TOKEN]}, 403)
    for arguments in (("plan", "staging", "-v"), ("seal", "staging", "--json")):
        ended = project.run(*arguments, env=variables(vault))
        assert ended.code == 12
        assert not leaked(f"{ended.out}{ended.err}".encode(), untold)


def test_a_plain_environment_reads_them_too(project: Project, vault: ApiServer) -> None:
    project.change(backend={"kind": "plain"}, output=None)
    ended = project.run("render", "staging", env=variables(vault))
    assert (ended.code, ended.err) == (0, "")
    assert all(f"{name}-in-the-store-7c1f" in ended.out or name in ended.out for name in NAMES)


def test_check_asks_no_store(project: Project, vault: ApiServer) -> None:
    assert project.run("seal", "staging", "-q", env=variables(vault)).code == 0
    vault.requests.clear()
    assert project.run("check", "staging", "-q").code == 0
    assert not vault.requests
