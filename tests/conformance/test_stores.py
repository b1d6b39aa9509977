"""Real stores: what their own clients put there is read back byte for byte, and refusals are told apart."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.errors import CannotTell
from tests.conformance.conftest import tool
from tests.stores.asking import refused, value

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    port = free_port()
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
