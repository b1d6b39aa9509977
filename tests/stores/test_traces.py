"""Where somebody debugs HTTP and the stores' clients, sealgen's commands still trace no value and no credential."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import sealgen
from tests.support.api_server import ApiServer, api_server, as_json
from tests.support.google_account import account_key
from tests.support.key_vault import CLIENT_SECRET, HOST, TOKEN, key_vault
from tests.support.leaks import leaked
from tests.support.project import Project, empty

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUE = 'vAl"u+e5/of=a&store{7}zXq9'
CREDENTIAL = "hvs.Zq81kLm04vXt7Pw2"
TRACING = """
import http.client, logging
http.client.HTTPConnection.debuglevel = 1
logging.basicConfig(level=logging.DEBUG)
for name in ("azure", "boto3", "botocore", "botocore.parsers", "google", "google.auth", "msal", "urllib3"):
    logging.getLogger(name).setLevel(logging.DEBUG)
print("tracing is on")
"""
"""What Python runs before a program, where somebody put it on its path."""
_Store = tuple[dict[str, Any], dict[str, Any], dict[str, str | None]]


def traced(folder: Path) -> dict[str, str | None]:
    """Return the variables with which a program is traced, as the fixture ``project`` prepares it."""
    return {"HOME": str(folder), "PYTHONPATH": f"{folder / 'tracing'}:{Path(sealgen.__file__).parents[1]}"}


def kubeconfig(server: ApiServer, token: str) -> None:
    """Sign in at the server with that token."""
    found = json.loads(server.kubeconfig.read_text())
    found["users"][0]["user"]["token"] = token
    server.kubeconfig.write_text(json.dumps(found))


@pytest.fixture
def of_vault(tmp_path: Path) -> Iterator[_Store]:
    with api_server(tmp_path) as server:
        server.answers["GET /v1/sys/internal/ui/mounts/secret/a"] = as_json(
            {"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}}
        )
        server.answers["GET /v1/secret/data/a"] = as_json({"data": {"data": {"p": VALUE}, "metadata": {"version": 1}}})
        yield {"vault": "secret/a", "property": "p"}, {}, {"VAULT_ADDR": server.url, "VAULT_TOKEN": CREDENTIAL}


@pytest.fixture
def of_aws(tmp_path: Path) -> Iterator[_Store]:
    with api_server(tmp_path) as server:
        server.answers["POST /"] = as_json({"SecretString": VALUE, "VersionId": "1" * 32})
        yield (
            {"aws-secretsmanager": "a"},
            {},
            {
                "AWS_ENDPOINT_URL": server.url,
                "AWS_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "AKIATEST",
                "AWS_SECRET_ACCESS_KEY": "aws-key-of-a-test-7",
                "AWS_SESSION_TOKEN": CREDENTIAL,
            },
        )


@pytest.fixture
def of_gcp(tmp_path: Path) -> Iterator[_Store]:
    with api_server(tmp_path) as server:
        server.answers["POST /token"] = as_json({"access_token": CREDENTIAL, "expires_in": 3600})
        data = base64.b64encode(VALUE.encode()).decode()
        server.answers["GET /v1/projects/aura/secrets/a/versions/latest:access"] = as_json({"payload": {"data": data}})
        yield (
            {"gcp-secretmanager": "a"},
            {},
            {
                "GOOGLE_APPLICATION_CREDENTIALS": account_key(tmp_path / "key.json", server.url),
                "GOOGLE_CLOUD_PROJECT": "aura",
                "GOOGLE_SDK_PYTHON_LOGGING_SCOPE": "google",
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": server.url,
            },
        )


@pytest.fixture
def of_azure(tmp_path: Path) -> Iterator[_Store]:
    with key_vault(tmp_path) as vault:
        vault.put("a", VALUE)
        stores = {"main": {"kind": "azure-keyvault", "vault": f"https://{HOST}"}}
        yield {"azure-keyvault": "a"}, stores, {**vault.variables, "AZURE_LOG_LEVEL": "debug"}


@pytest.fixture
def of_kubernetes(tmp_path: Path) -> Iterator[_Store]:
    with api_server(tmp_path) as server:
        data = base64.b64encode(VALUE.encode()).decode()
        server.answers["GET /api/v1/namespaces/aura/secrets/a"] = as_json({"data": {"p": data}})
        kubeconfig(server, CREDENTIAL)
        yield {"kubernetes": "aura/a", "property": "p"}, {}, {"KUBECONFIG": str(server.kubeconfig)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "tracing").mkdir()
    (tmp_path / "tracing" / "sitecustomize.py").write_text(TRACING)
    (tmp_path / "project").mkdir()
    return empty(tmp_path / "project")


@pytest.mark.parametrize("store", ["of_vault", "of_aws", "of_gcp", "of_azure", "of_kubernetes"])
def test_no_trace_holds_a_value_or_a_credential(
    store: str, project: Project, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    value, stores, variables = request.getfixturevalue(store)
    project.environment(values={"a": value}, stores=stores, secrets=["one"])
    project.template("one", {"KEY": "{{ values.a }}"})
    env = {**variables, **traced(tmp_path)}
    canaries = {"value": VALUE, "credential": CREDENTIAL, "token": TOKEN, "client secret": CLIENT_SECRET}
    plaintexts = {name: text.encode() for name, text in canaries.items()}
    for command in (["plan"], ["seal", "-v"], ["plan", "--json"]):
        ended = project.execute(*command, "staging", env=env)
        shown = (ended.out + ended.err).encode()
        assert b"tracing is on" in shown
        assert leaked(shown, plaintexts) == []
        assert ended.code in (0, 10), ended.err
    assert project.unsealed() == {"one/KEY": VALUE.encode()}


def test_no_trace_of_a_command_that_asks_a_cluster_holds_a_credential(project: Project, tmp_path: Path) -> None:
    project.environment(values={"a": {"generate": "hex", "bytes": 32}}, secrets=["one"])
    project.template("one", {"KEY": "{{ values.a }}"})
    project.run("seal", "staging")
    with api_server(tmp_path) as server:
        kubeconfig(server, CREDENTIAL)
        env = {"KUBECONFIG": str(server.kubeconfig), **traced(tmp_path)}
        ended = project.execute("status", "staging", env=env)
        assert CREDENTIAL in server.requests[0].headers["authorization"]
    assert "tracing is on" in ended.out
    assert leaked((ended.out + ended.err).encode(), {"credential": CREDENTIAL.encode()}) == []
