"""Real stores: what their own clients put there is read back byte for byte, and refusals are told apart."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores.reading import Stores
from sealgen.values.aws_secretsmanager import SecretsManagerStore
from sealgen.values.aws_ssm import ParameterStore
from sealgen.values.entry import Entry, Part
from sealgen.values.gcp_secretmanager import SecretManagerStore
from sealgen.values.secret import Secret
from sealgen.values.vault import VaultStore
from tests.conformance.conftest import tool
from tests.stores.asking import refused, value
from tests.support.api_server import api_server, as_json
from tests.support.google_account import TOKEN, account_key
from tests.support.project import empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealgen.stores.writing import Held

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def program(name: str) -> str:
    """Return the path of a program that a package of the tests has, or of one on PATH."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else tool(name)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Run a server until the end of the block; it has begun when its port is open."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull},
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, f"{command[0]} has ended"
            assert time.monotonic() < deadline, f"{command[0]} does not begin"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


class Bao:
    """A server of OpenBao, which speaks as Vault does."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, data: Any = None, namespace: str = "") -> Any:
        headers = {"X-Vault-Token": "root"} | ({"X-Vault-Namespace": namespace} if namespace else {})
        request = urllib.request.Request(  # noqa: S310  (ours)
            f"{self.address}/v1/{path}", None if data is None else json.dumps(data).encode(), headers, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return json.loads(response.read() or b"null")

    def variables(self, **more: str) -> dict[str, str]:
        return {"VAULT_ADDR": self.address, "VAULT_TOKEN": "root", **more}


@pytest.fixture(scope="module")
def bao() -> Iterator[Bao]:
    """Run OpenBao with KV version 2 at ``secret/`` and version 1 at ``kv1/``."""
    with open_bao(free_port()) as server:
        yield server


@contextlib.contextmanager
def open_bao(port: int) -> Iterator[Bao]:
    """Run such a server, which keeps nothing when it ends, until the end of the block."""
    address = f"-dev-listen-address=127.0.0.1:{port}"
    with running([program("bao"), "server", "-dev", "-dev-root-token-id=root", address, "-dev-no-store-token"], port):
        server = Bao(port)
        deadline = time.monotonic() + 30
        while True:  # It listens a moment before it has its mounts.
            with contextlib.suppress(urllib.error.URLError):
                server.ask("GET", "sys/internal/ui/mounts/secret/x")
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        server.ask("POST", "sys/mounts/kv1", {"type": "kv", "options": {"version": "1"}})
        server.ask("POST", "sys/mounts/team/kv", {"type": "kv", "options": {"version": "2"}})
        server.ask(
            "POST", "sys/policies/acl/reader", {"policy": 'path "secret/data/aura/*" { capabilities = ["read"] }'}
        )
        yield server


PASSWORD = "property: password"


@settings(max_examples=25, deadline=None)
@given(text=TEXT)
def test_any_text_survives_vault(bao: Bao, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    bao.ask("POST", "secret/data/aura/text", {"data": {"password": text}})
    bao.ask("POST", "kv1/aura/text", {"password": text})
    for path in ("secret", "kv1"):
        said = f"{{vault: {path}/aura/text, {PASSWORD}}}"
        assert value(said, tmp_path_factory.getbasetemp(), bao.variables()) == text.encode()


def test_versions_of_vault(bao: Bao, tmp_path: Path) -> None:
    for content in ("one", "two", "three"):
        bao.ask("POST", "team/kv/data/db", {"data": {"password": content}})
    for version, expected in (("", b"three"), (", version: 1", b"one"), (", version: 2", b"two")):
        assert value(f"{{vault: team/kv/db, {PASSWORD}{version}}}", tmp_path, bao.variables()) == expected
    bao.ask("POST", "team/kv/delete/db", {"versions": [1]})
    bao.ask("PUT", "team/kv/destroy/db", {"versions": [2]})
    where = f"of team/kv/db in Vault at {bao.address}"
    kind, message = refused(f"{{vault: team/kv/db, {PASSWORD}, version: 1}}", tmp_path, bao.variables())
    words, _, moment = message.partition(" was deleted at ")
    assert (kind, words) == (CannotTell, f"values.password: version 1 {where}")
    assert moment.startswith("20")
    for number, words in ((2, f"version 2 {where} was destroyed"), (9, f"there is no version 9 {where}")):
        said = f"{{vault: team/kv/db, {PASSWORD}, version: {number}}}"
        assert refused(said, tmp_path, bao.variables()) == (CannotTell, f"values.password: {words}")


def test_absent_denied_and_another_namespace_of_vault(bao: Bao, tmp_path: Path) -> None:
    token = bao.ask("POST", "auth/token/create", {"policies": ["reader"]})["auth"]["client_token"]
    bao.ask("POST", "secret/data/other", {"data": {"password": "x"}})
    bao.ask("POST", "secret/data/aura/mine", {"data": {"password": "x"}})
    limited = bao.variables(VAULT_TOKEN=token)
    assert value(f"{{vault: secret/aura/mine, {PASSWORD}}}", tmp_path, limited) == b"x"
    assert refused(f"{{vault: secret/aura/none, {PASSWORD}}}", tmp_path, limited) == (
        CannotTell,
        f"values.password: there is no secret/aura/none in Vault at {bao.address}",
    )
    assert refused(f"{{vault: secret/other, {PASSWORD}}}", tmp_path, limited, canaries=(token,)) == (
        CannotTell,
        (
            f"values.password: Vault at {bao.address} refuses secret/other to the token in $VAULT_TOKEN (403)\n"
            "It may have expired; one of its policies must grant read on secret/data/other."
        ),
    )
    assert refused(f"{{vault: nowhere/x, {PASSWORD}}}", tmp_path, bao.variables()) == (
        CannotTell,
        (
            f"values.password: Vault at {bao.address} refuses nowhere/x to the token in $VAULT_TOKEN (403)\n"
            "It may have expired; it may be that there is no such mount, or that no policy grants read on it."
        ),
    )
    bao.ask("POST", "sys/namespaces/squad", {})
    bao.ask("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}, namespace="squad")
    bao.ask("POST", "secret/data/db", {"data": {"password": "of the squad"}}, namespace="squad")
    said = f"{{vault: secret/db, {PASSWORD}}}"
    assert value(said, tmp_path, bao.variables(VAULT_NAMESPACE="squad")) == b"of the squad"
    assert refused(said, tmp_path, bao.variables(VAULT_NAMESPACE="nobody")) == (
        CannotTell,
        f"values.password: there is no Vault at {bao.address}, namespace nobody\nIs that the namespace's whole path?",
    )


def test_signing_in_to_vault_by_approle_and_by_jwt(bao: Bao, tmp_path: Path) -> None:
    bao.ask("POST", "secret/data/aura/login", {"data": {"password": "x"}})
    bao.ask("POST", "sys/auth/approle", {"type": "approle"})
    bao.ask("POST", "auth/approle/role/ci", {"token_policies": "reader"})
    role = bao.ask("GET", "auth/approle/role/ci/role-id")["data"]["role_id"]
    secret = bao.ask("POST", "auth/approle/role/ci/secret-id", {})["data"]["secret_id"]
    named = f"main: {{kind: vault, auth: {{kind: approle, role_id: {role}, secret_id: {{env: SECRET_ID}}}}}}"
    environ = {"VAULT_ADDR": bao.address, "SECRET_ID": secret}
    said = f"{{vault: secret/aura/login, {PASSWORD}}}"
    assert value(said, tmp_path, environ, named) == b"x"
    assert refused(said, tmp_path, {**environ, "SECRET_ID": "wrong"}, named, canaries=("wrong-",)) == (
        CannotTell,
        (
            f"values.password: Vault at {bao.address} does not sign in the approle role at auth/approle with "
            "$SECRET_ID (400): invalid role or secret ID"
        ),
    )
    named = "main: {kind: vault, auth: {kind: jwt, role: ci, token: {env: SECRET_ID}}}"
    assert refused(said, tmp_path, environ, named, canaries=(secret,)) == (
        CannotTell,
        (
            f"values.password: Vault at {bao.address} does not sign in the jwt role 'ci' at auth/jwt with $SECRET_ID "
            "(403): permission denied"
        ),
    )


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    """Run moto, and return the variables that lead AWS's clients to it."""
    port = free_port()
    with running([program("moto_server"), "-H", "127.0.0.1", "-p", str(port)], port):
        variables = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, text in variables.items():
                patch.setenv(name, text)
            yield variables


def client(service: str) -> Any:
    import boto3  # noqa: PLC0415

    return boto3.Session().client(service, region_name="eu-central-1")


@settings(max_examples=15, deadline=None)
@given(text=TEXT.filter(bool), content=st.binary(min_size=1))
def test_any_text_and_any_bytes_survive_aws(
    aws: dict[str, str], tmp_path_factory: pytest.TempPathFactory, text: str, content: bytes
) -> None:
    root = tmp_path_factory.getbasetemp()
    manager, parameters = client("secretsmanager"), client("ssm")
    for name, held in (("text", {"SecretString": text}), ("bytes", {"SecretBinary": content})):
        try:
            manager.put_secret_value(SecretId=name, **held)
        except manager.exceptions.ResourceNotFoundException:
            manager.create_secret(Name=name, **held)
    assert value("{aws-secretsmanager: text}", root, aws) == text.encode()
    assert value("{aws-secretsmanager: bytes}", root, aws) == content
    parameters.put_parameter(Name="/aura/text", Value=text, Type="SecureString", Overwrite=True)
    assert value("{aws-ssm: /aura/text}", root, aws) == text.encode()


def test_properties_and_versions_of_aws(aws: dict[str, str], tmp_path: Path) -> None:
    manager, parameters = client("secretsmanager"), client("ssm")
    first = manager.create_secret(Name="db", SecretString=json.dumps({"password": "one", "port": 5432}))
    manager.put_secret_value(SecretId="db", SecretString=json.dumps({"password": "two", "port": 5432}))
    for version, expected in (("", b"two"), ("AWSPREVIOUS", b"one"), (first["VersionId"], b"one")):
        pinned = f", version: {version}" if version else ""
        assert value(f"{{aws-secretsmanager: db, {PASSWORD}{pinned}}}", tmp_path, aws) == expected
    assert value(f"{{aws-secretsmanager: '{first['ARN']}', property: port}}", tmp_path, aws) == b"5432"
    for content in ("one", "two"):
        parameters.put_parameter(Name="/aura/db", Value=content, Type="SecureString", Overwrite=True)
    parameters.label_parameter_version(Name="/aura/db", ParameterVersion=1, Labels=["live"])
    for version, expected in (("", b"two"), (", version: '1'", b"one"), (", version: live", b"one")):
        assert value(f"{{aws-ssm: /aura/db{version}}}", tmp_path, aws) == expected


def test_absent_and_deleted_of_aws(aws: dict[str, str], tmp_path: Path) -> None:
    where = f"region {aws['AWS_REGION']}"
    for said, message in {
        "{aws-secretsmanager: none}": f"there is no none in AWS Secrets Manager, {where}",
        "{aws-ssm: /none}": f"there is no /none in AWS Parameter Store, {where}",
    }.items():
        assert refused(said, tmp_path, aws) == (CannotTell, f"values.password: {message}")
    manager = client("secretsmanager")
    manager.create_secret(Name="gone", SecretString="x")
    manager.delete_secret(SecretId="gone")
    assert refused("{aws-secretsmanager: gone}", tmp_path, aws) == (
        CannotTell,
        (
            f"values.password: gone in AWS Secrets Manager, {where} can't be read as it is now; "
            "is it scheduled for deletion?"
        ),
    )


def held(root: Path, environ: dict[str, str], entry: Entry) -> Held:
    """Look at an entry with a connection of its own, as another process does."""
    return Stores(root, environ).look(entry, 30)


def put(root: Path, environ: dict[str, str], part: Part, content: bytes) -> bool:
    return held(root, environ, part.entry).put({part: Secret(content)}, "staging")


def at_once(*attempts: Callable[[], bool]) -> list[bool]:
    """Run all of them in threads that begin together, and return what each returns."""
    begin = threading.Barrier(len(attempts))

    def attempt(call: Callable[[], bool]) -> bool:
        begin.wait()
        return call()

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(attempt, attempts))


def in_vault(path: str, name: str, encoding: str | None = None) -> Part:
    return Part(Entry(VaultStore(), path, None), (name,), encoding, 30)


@settings(max_examples=15, deadline=None)
@given(text=TEXT, content=st.binary())
def test_what_is_put_into_vault_is_there_for_everybody(
    bao: Bao, tmp_path_factory: pytest.TempPathFactory, text: str, content: bytes
) -> None:
    root = tmp_path_factory.getbasetemp()
    for path in ("secret/aura/put", "kv1/aura/put"):
        assert put(root, bao.variables(), in_vault(path, "text"), text.encode()) is True
        assert put(root, bao.variables(), in_vault(path, "bytes", "base64"), content) is True
        assert value(f"{{vault: {path}, property: text}}", root, bao.variables()) == text.encode()
        assert value(f"{{vault: {path}, property: bytes, encoding: base64}}", root, bao.variables()) == content
    found = bao.ask("GET", "secret/data/aura/put")["data"]
    assert found["data"] == {"text": text, "bytes": base64.b64encode(content).decode()}
    assert found["metadata"]["custom_metadata"] == {"managed-by": "sealgen", "sealgen-environment": "staging"}


def test_tags_of_others_stay_and_a_deleted_secret_of_vault_is_written_again(bao: Bao, tmp_path: Path) -> None:
    part = in_vault("secret/aura/tagged", "password")
    bao.ask("POST", "secret/data/aura/tagged", {"data": {"port": 5432}})
    bao.ask("POST", "secret/metadata/aura/tagged", {"custom_metadata": {"team": "a"}})
    assert held(tmp_path, bao.variables(), part.entry).not_ours("staging") is not None
    assert put(tmp_path, bao.variables(), part, b"two") is True
    found = bao.ask("GET", "secret/data/aura/tagged")["data"]
    assert (found["data"], found["metadata"]["version"]) == ({"port": 5432, "password": "two"}, 2)
    tags = {"team": "a", "managed-by": "sealgen", "sealgen-environment": "staging"}
    assert found["metadata"]["custom_metadata"] == tags
    bao.ask("DELETE", "secret/data/aura/tagged")
    again = held(tmp_path, bao.variables(), part.entry)
    assert (again.is_there, again.not_ours("staging"), again.not_ours("production")) == (
        False,
        None,
        "it is that of the environment 'staging'",
    )
    assert again.put({part: Secret(b"three")}, "staging") is True
    assert bao.ask("GET", "secret/data/aura/tagged")["data"]["data"] == {"password": "three"}


def test_of_many_who_write_vault_at_once_one_does(bao: Bao, tmp_path: Path) -> None:
    part = in_vault("secret/aura/race", "password")
    for round_ in ("made", "changed"):
        seen = [held(tmp_path, bao.variables(), part.entry) for _ in range(6)]
        contents = [f"{round_} by {number}".encode() for number in range(6)]
        won = at_once(
            *(
                partial(each.put, {part: Secret(content)}, "staging")
                for each, content in zip(seen, contents, strict=True)
            )
        )
        assert won.count(True) == 1
        there = value("{vault: secret/aura/race, property: password}", tmp_path, bao.variables())
        assert there == contents[won.index(True)]


def test_what_vault_does_not_let_us_write(bao: Bao, tmp_path: Path) -> None:
    token = bao.ask("POST", "auth/token/create", {"policies": ["reader"]})["auth"]["client_token"]
    with pytest.raises(CannotTell) as caught:
        put(tmp_path, bao.variables(VAULT_TOKEN=token), in_vault("secret/aura/denied", "password"), b"a-value-7c1f")
    assert str(caught.value) == (
        f"Vault at {bao.address} refuses secret/aura/denied to the token in $VAULT_TOKEN (403)\n"
        "It may have expired; one of its policies must grant create and update on secret/data/aura/denied."
    )
    with pytest.raises(SealgenError) as too_large:
        put(tmp_path, bao.variables(), in_vault("secret/aura/large", "password"), b"x" * 1024**2)
    assert str(too_large.value) == (
        f"secret/aura/large in Vault at {bao.address} can't be written: "
        "it would have more than the 1,048,576 bytes that Vault takes"
    )
    # Which is no more than it does take.
    assert put(tmp_path, bao.variables(), in_vault("secret/aura/large", "password"), b"x" * (1024**2 - 20)) is True


def test_a_vault_that_is_sealed_or_gone_is_told(bao: Bao, tmp_path: Path) -> None:
    with pytest.raises(CannotTell) as caught:
        put(tmp_path, bao.variables(VAULT_ADDR="http://127.0.0.1:1"), in_vault("secret/x", "y"), b"z")
    assert str(caught.value) == "secret/x in Vault at http://127.0.0.1:1 can't be had: Connection refused (4 tries)"


SECRET, PARAMETER = Entry(SecretsManagerStore(), "aura/put", None), Entry(ParameterStore(), "/aura/put", None)


@settings(max_examples=8, deadline=None)
@given(text=TEXT.filter(lambda text: 0 < len(text.encode()) <= 4096), content=st.binary(min_size=1, max_size=3000))
def test_what_is_put_into_aws_is_there_for_everybody(
    aws: dict[str, str], tmp_path_factory: pytest.TempPathFactory, text: str, content: bytes
) -> None:
    root = tmp_path_factory.getbasetemp()
    for held_, said in ((text.encode(), "{aws-secretsmanager: aura/put}"), (content, "{aws-secretsmanager: aura/put}")):
        assert put(root, aws, Part(SECRET, (), None, 30), held_) is True
        assert value(said, root, aws) == held_
    assert put(root, aws, Part(PARAMETER, (), None, 30), text.encode()) is True
    assert value("{aws-ssm: /aura/put}", root, aws) == text.encode()
    assert put(root, aws, Part(PARAMETER, (), "base64", 30), content) is True
    assert value("{aws-ssm: /aura/put, encoding: base64}", root, aws) == content
    tags = {"managed-by": "sealgen", "sealgen-environment": "staging"}
    secret = client("secretsmanager").describe_secret(SecretId="aura/put")
    assert {tag["Key"]: tag["Value"] for tag in secret["Tags"]} == tags
    listed = client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId="/aura/put")["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in listed} == tags
    assert client("ssm").get_parameter(Name="/aura/put")["Parameter"]["Type"] == "SecureString"


@pytest.mark.parametrize("entry", [SECRET, PARAMETER])
def test_who_comes_second_in_aws_does_not_write(aws: dict[str, str], tmp_path: Path, entry: Entry) -> None:
    part = Part(replace(entry, name=f"{entry.name}-race"), (), None, 30)
    for content in (b"made", b"changed"):
        first, second = (held(tmp_path, aws, part.entry) for _ in range(2))
        assert first.put({part: Secret(content)}, "staging") is True
        assert second.put({part: Secret(b"too late")}, "staging") is False
        assert held(tmp_path, aws, part.entry).value(part).reveal() == content  # type: ignore[union-attr]


@pytest.mark.parametrize("store", ["vault", "aws-secretsmanager", "aws-ssm"])
def test_runs_at_once_make_one_value_and_seal_that(request: pytest.FixtureRequest, tmp_path: Path, store: str) -> None:
    if store == "vault":
        environ = request.getfixturevalue("bao").variables()
        keep = {"vault": "secret/aura/{environment}", "property": "{value}"}
    else:
        environ = request.getfixturevalue("aws")
        keep = {store: "/aura/{environment}/{value}"}
    projects = []
    for number in range(3):
        project = empty(tmp_path / str(number))
        project.environment(values={"jwt": {"generate": "hex", "bytes": 32, "keep": keep}}, secrets=["app"])
        project.template("app", {"jwt": "{{ values.jwt }}"})
        projects.append(project)
    processes = [project.start("seal", "staging", env=environ) for project in projects]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (out, err)
    sealed = {project.unsealed()["app/jwt"] for project in projects}
    assert len(sealed) == 1
    # And it is the one that is there.
    for project in projects:
        ended = project.execute("seal", "staging", env=environ)
        assert (ended.code, ended.out) == (0, "staging: 1 secret, 1 key, up to date\n")
        assert {project.unsealed()["app/jwt"]} == sealed


def test_pushing_to_real_stores_again_and_again(bao: Bao, aws: dict[str, str], tmp_path: Path) -> None:
    project = empty(tmp_path)
    project.environment(
        values={
            "db_uri": {"env": "DB_URI"},
            "password": {"env": "PASSWORD"},
            "token": {"env": "TOKEN", "push": {"aws-ssm": "/aura/{environment}/{dashed-value}"}},
            "api": {"env": "API", "push": {"vault": "secret/aura/pushed", "property": "api"}},
        },
        push={"aws-secretsmanager": "aura/{environment}/postgres", "property": "{dashed-value}"},
        secrets=[],
    )
    environ = {**bao.variables(), **aws, "DB_URI": "postgresql://a", "PASSWORD": "p w", "TOKEN": "t", "API": "k"}
    first = project.execute("push", "staging", env=environ)
    assert (first.code, first.err, first.out.splitlines()[-1]) == (0, "", "staging: 4 values, 4 created")
    assert project.execute("push", "staging", env=environ).out == "staging: 4 values, 4 unchanged\n"
    changed = project.execute("push", "staging", env={**environ, "PASSWORD": "q", "TOKEN": "u"})
    assert (changed.code, changed.out.splitlines()[-1]) == (0, "staging: 4 values, 2 updated, 2 unchanged")
    for said, content in {
        "{aws-secretsmanager: aura/staging/postgres, property: db-uri}": b"postgresql://a",
        "{aws-secretsmanager: aura/staging/postgres, property: password}": b"q",
        "{aws-secretsmanager: aura/staging/postgres, property: password, version: AWSPREVIOUS}": b"p w",
        "{aws-ssm: /aura/staging/token}": b"u",
        "{vault: secret/aura/pushed, property: api}": b"k",
    }.items():
        assert value(said, tmp_path, environ) == content
    client("secretsmanager").untag_resource(SecretId="aura/staging/postgres", TagKeys=["managed-by"])
    refused_ = project.execute("push", "staging", env=environ)
    assert (refused_.code, "--force takes it over" in refused_.err) == (12, True)
    assert project.execute("push", "staging", "--force", env=environ).code == 0
    assert value("{aws-secretsmanager: aura/staging/postgres, property: password}", tmp_path, environ) == b"p w"


@pytest.fixture(scope="module")
def sops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Make an age identity, and return a folder and the environment in which the real sops encrypts for it."""
    import pyrage  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("sops")
    identity = pyrage.x25519.Identity.generate()
    return folder, {
        "PATH": f"{Path(program('sops')).parent}:{os.environ['PATH']}",
        "SOPS_AGE_KEY": str(identity),
        "SOPS_AGE_RECIPIENTS": str(identity.to_public()),
    }


def encrypt(folder: Path, environ: dict[str, str], name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    subprocess.run([program("sops"), "--encrypt", "--in-place", name], cwd=folder, env=environ, check=True)
    assert content not in (folder / name).read_bytes()


@settings(max_examples=15, deadline=None)
@given(text=TEXT, content=st.binary(min_size=20))
def test_any_text_and_any_bytes_survive_sops(sops: tuple[Path, dict[str, str]], text: str, content: bytes) -> None:
    folder, environ = sops
    document = {"db": {"password": text, "more": "x" * 40}}
    for name, plain in (("a.json", json.dumps(document)), ("a.yaml", yaml.safe_dump(document))):
        encrypt(folder, environ, name, plain.encode())
        assert value(f"{{sops: {name}, property: [db, password]}}", folder, environ) == text.encode()
    encrypt(folder, environ, "a.bin", content)
    assert value("{sops: a.bin}", folder, environ) == content


def test_what_the_real_sops_refuses(sops: tuple[Path, dict[str, str]]) -> None:
    folder, environ = sops
    encrypt(folder, environ, "b.yaml", b"password: a-password-of-a-test\nuser: aura\n")
    said = "{sops: b.yaml, property: password}"
    assert value(said, folder, environ) == b"a-password-of-a-test"
    without = {"PATH": environ["PATH"], "HOME": str(folder)}
    assert refused(said, folder, without) == (
        CannotTell,
        "values.password: sops has none of the keys that open b.yaml\nTry it: sops decrypt b.yaml",
    )
    lines = (folder / "b.yaml").read_text().splitlines(keepends=True)
    (folder / "b.yaml").write_text("".join(line for line in lines if not line.startswith("user:")))
    assert refused(said, folder, environ)[1] == (
        "values.password: sops refuses b.yaml: it was altered after it was encrypted"
    )


class Drongo:
    """An emulator of Google's services, which knows neither checksums nor annotations."""

    def __init__(self, address: str, variables: dict[str, str]) -> None:
        self.address = address
        self.variables = variables

    def ask(self, method: str, path: str, data: Any = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/v1/projects/aura/{path}", body, headers, method=method)  # noqa: S310  (ours)
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return json.loads(response.read() or b"null")

    def put(self, name: str, content: bytes) -> None:
        """Put a version, of a secret that there may not be yet."""
        with contextlib.suppress(urllib.error.HTTPError):
            self.ask("POST", f"secrets?secretId={name}", {"replication": {"automatic": {}}})
        payload = {"data": base64.b64encode(content).decode()}
        self.ask("POST", f"secrets/{name}:addVersion", {"payload": payload})


@pytest.fixture(scope="module")
def drongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drongo]:
    """Run drongo, to which Google's library signs in with a service account's key."""
    port = free_port()
    folder = tmp_path_factory.mktemp("google")
    with (
        running([program("drongo"), "server", "--host", "127.0.0.1", "-p", str(port)], port),
        api_server(folder) as sign_in,
        pytest.MonkeyPatch.context() as patch,
    ):
        sign_in.answers["POST /token"] = as_json({"access_token": TOKEN, "expires_in": 3600})
        variables = {
            "GOOGLE_APPLICATION_CREDENTIALS": account_key(folder / "key.json", sign_in.url),
            "GOOGLE_CLOUD_PROJECT": "aura",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"http://127.0.0.1:{port}",
        }
        for name, text in variables.items():
            patch.setenv(name, text)
        yield Drongo(f"http://127.0.0.1:{port}", variables)


@settings(max_examples=15, deadline=None)
@given(content=st.binary(min_size=1), text=TEXT)
def test_any_bytes_survive_google(
    drongo: Drongo, tmp_path_factory: pytest.TempPathFactory, content: bytes, text: str
) -> None:
    root = tmp_path_factory.getbasetemp()
    drongo.put("bytes", content)
    assert value("{gcp-secretmanager: bytes}", root, drongo.variables) == content
    drongo.put("json", json.dumps({"password": text}).encode())
    assert value(f"{{gcp-secretmanager: json, {PASSWORD}}}", root, drongo.variables) == text.encode()


def test_versions_of_google(drongo: Drongo, tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three"):
        drongo.put("db", content)
        assert value("{gcp-secretmanager: db}", tmp_path, drongo.variables) == content
    assert value("{gcp-secretmanager: db, version: 2}", tmp_path, drongo.variables) == b"two"
    where = "db in Google Secret Manager, project aura"
    drongo.ask("POST", "secrets/db/versions/2:disable")
    said = "{gcp-secretmanager: db, version: 2}"
    # The service itself says "is in DISABLED state", the emulator "in state DISABLED".
    assert refused(said, tmp_path, drongo.variables) == (
        CannotTell,
        f"values.password: version 2 of {where} is disabled",
    )
    drongo.ask("POST", "secrets/db/versions/1:destroy")
    said = "{gcp-secretmanager: projects/aura/secrets/db, version: 1}"
    assert refused(said, tmp_path, drongo.variables) == (
        CannotTell,
        f"values.password: version 1 of {where} was destroyed",
    )
    assert refused("{gcp-secretmanager: db, version: 9}", tmp_path, drongo.variables) == (
        CannotTell,
        f"values.password: there is no version 9 of {where}",
    )
    assert refused("{gcp-secretmanager: none}", tmp_path, drongo.variables) == (
        CannotTell,
        "values.password: there is no none in Google Secret Manager, project aura, or it has no version",
    )


@settings(max_examples=10, deadline=None)
@given(content=st.binary(min_size=1))
def test_any_bytes_that_are_written_to_google_are_read_back(
    drongo: Drongo, tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    entry = Entry(SecretManagerStore(), "written", None)
    held = Stores(tmp_path_factory.getbasetemp(), drongo.variables).look(entry, 30)
    assert held.put({Part(entry, (), None, 30): Secret(content)}, "staging") is True
    assert value("{gcp-secretmanager: written}", tmp_path_factory.getbasetemp(), drongo.variables) == content
    labels = drongo.ask("GET", "secrets/written")["labels"]
    assert labels == {"managed-by": "sealgen", "sealgen-environment": "staging"}


def test_of_many_that_make_a_secret_of_google_at_once_all_end_with_one_value(drongo: Drongo, tmp_path: Path) -> None:
    entry = Entry(SecretManagerStore(), "raced", None)
    barrier = threading.Barrier(4, timeout=30)
    done: list[tuple[bool, bytes]] = []

    def make(number: int) -> None:
        held = Stores(tmp_path, drongo.variables).look(entry, 30)
        content = b"of %d" % number
        barrier.wait()
        done.append((held.put({Part(entry, (), None, 30): Secret(content)}, "staging"), content))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [content for was_put, content in done if was_put]
    assert value("{gcp-secretmanager: raced}", tmp_path, drongo.variables) == winner
