"""The real External Secrets Operator makes of what sealgen writes the Secrets that staging's controller makes.

Aura's templates are sealed for one namespace and made by the operator in another, from the same values: those that
``sealgen push`` puts into real OpenBao, into moto, into drongo and into a Key Vault of ours, and those that are there
already.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.conformance import test_stores
from tests.conformance.cluster.authority import Authority
from tests.conformance.cluster.cluster import KubectlError
from tests.conformance.cluster.sealing import sealing_for
from tests.conformance.conftest import tool
from tests.conformance.external_secrets import operator as external_secrets
from tests.conformance.external_secrets import secret_manager
from tests.conformance.external_secrets.internet import internet
from tests.support import key_vault
from tests.support.project import empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.conformance.cluster.cluster import Cluster
    from tests.conformance.test_stores import Bao, Drongo
    from tests.support.key_vault import KeyVault
    from tests.support.project import Project

# The servers that the tests of stores have; these are others of their kind.
aws, bao, drongo = test_stores.aws, test_stores.bao, test_stores.drongo

ROOT = Path(__file__).parents[2]
SECRETS = ["backend-secrets", "postgres-secrets", "redis-secrets"]
PRINTABLE = "".join(map(chr, range(32, 127)))
ENVIRON = {
    "JWT_SECRET_KEY": "0123456789abcdef" * 4,
    "POSTGRES_PASSWORD": PRINTABLE,
    "REDIS_PASSWORD": "{{ .postgres_password }} ключ 🔑\n\ttwo lines\r\n",
}
BRACES = "{{ .Values }} {{{ }}"
TOKEN = {"name": "store", "key": "token"}
PATIENCE = "--timeout=60s"
GOOGLE = "secretmanager.googleapis.com"
STORES = {"main": {"kind": "azure-keyvault", "vault": f"https://{key_vault.HOST}"}}
"""Where the one store is that no variable tells."""


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyVault]:
    """Run a Key Vault."""
    with key_vault.key_vault(tmp_path_factory.mktemp("azure")) as vault:
        yield vault


@pytest.fixture(scope="module")
def clouds(drongo: Drongo, azure: KeyVault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run what the operator takes for Google and Azure; return the variables that lead it there."""
    folder, port = tmp_path_factory.mktemp("clouds"), test_stores.free_port()
    authority = Authority.create(folder)
    certificate, key = authority.issue(GOOGLE, names=[GOOGLE])
    (folder / "tls.crt").write_bytes(certificate)
    (folder / "tls.key").write_bytes(key)
    trusted = folder / "trusted.pem"
    trusted.write_bytes(authority.pem + azure.trusted.read_bytes())
    server = [sys.executable, "-m", secret_manager.__name__, str(port), drongo.address]
    ports = {GOOGLE: (port, False), key_vault.HOST: (azure.port, True), key_vault.ENTRA: (azure.port, True)}
    with (
        test_stores.running([*server, str(folder / "tls.crt"), str(folder / "tls.key")], port),
        internet(ports) as proxy,
    ):
        yield {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(trusted)}


@pytest.fixture(scope="module", autouse=True)
def operator(
    cluster: Cluster, aws: dict[str, str], clouds: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Run the operator, which finds AWS where moto is, and return its log."""
    tool(external_secrets.PROGRAM)
    services = ("AWS_SECRETSMANAGER_ENDPOINT", "AWS_SSM_ENDPOINT", "AWS_STS_ENDPOINT")
    variables = {**dict.fromkeys(services, aws["AWS_ENDPOINT_URL"]), **clouds}
    folder = tmp_path_factory.mktemp("operator")
    with external_secrets.running(cluster, folder, test_stores.free_port(), variables) as log:
        yield log


@pytest.fixture
def environ(bao: Bao, aws: dict[str, str], drongo: Drongo, azure: KeyVault) -> dict[str, str]:
    """Return the environment of runs: where the stores are, and the values of Aura."""
    through = {**azure.variables, "NO_PROXY": "127.0.0.1"}
    return {**bao.variables(), **aws, **drongo.variables, **through, **ENVIRON}


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Project:
    """Return a project that seals for the cluster, and has no environment yet."""
    return sealing_for(cluster, empty(tmp_path / "project"))


# --- projects: staging is sealed, production is made by the operator ---


def vault(bao: Bao, auth: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return the operator's store for OpenBao, with a token in the Secret ``store`` if nothing else is said."""
    auth = auth or {"tokenSecretRef": TOKEN}
    return {"name": "aura", "vault": {"server": bao.address, "path": "secret", "auth": auth}}


def in_aws(service: str) -> dict[str, object]:
    """Return the operator's store for one of AWS's, with an access key in the Secret ``store``."""
    keys = {"accessKeyIDSecretRef": "id", "secretAccessKeySecretRef": "key"}
    auth = {"secretRef": {name: {"name": "store", "key": key} for name, key in keys.items()}}
    return {"name": "aura", "aws": {"service": service, "region": "eu-central-1", "auth": auth}}


GOOGLE_STORE: Mapping[str, object] = {
    "name": "aura",
    "gcpsm": {
        "projectID": "aura",
        "auth": {"secretRef": {"secretAccessKeySecretRef": {"name": "store", "key": "account"}}},
    },
}
"""The operator's store for Google's, with a service account's key in the Secret ``store``."""
AZURE_STORE: Mapping[str, object] = {
    "name": "aura",
    "azurekv": {
        "vaultUrl": f"https://{key_vault.HOST}",
        "authType": "ServicePrincipal",
        "tenantId": key_vault.TENANT,
        "authSecretRef": {
            "clientId": {"name": "store", "key": "id"},
            "clientSecret": {"name": "store", "key": "client"},
        },
    },
}
"""The operator's store for Azure's, with a client secret in the Secret ``store``."""


def external(store: Mapping[str, object], **fields: str) -> dict[str, object]:
    """Return the backend that makes Secrets of what a store has."""
    return {"kind": "external-secrets", "secret_store": dict(store), **fields}


def both(cluster: Cluster, project: Project, store: Mapping[str, object], **fields: object) -> tuple[str, str]:
    """Write the two environments, which differ in namespace and backend alone; return their namespaces."""
    namespaces = cluster.namespace(), cluster.namespace()
    for name, namespace, backend in zip(
        ("staging", "production"), namespaces, (project.backend(), external(store)), strict=True
    ):
        project.environment(name, backend=backend, namespace=namespace, **fields)
    return namespaces


def applied(cluster: Cluster, project: Project, name: str, environ: Mapping[str, str]) -> None:
    """Seal an environment, whatever that means for it, and apply its overlay as a user does."""
    ended = project.run("seal", name, "-q", env=environ)
    assert (ended.code, ended.out) == (0, ""), ended.err
    cluster.kubectl("apply", "-k", str(project.root / "k8s/overlays" / name))


def signs_in(cluster: Cluster, namespace: str) -> None:
    """Put the Secret that stores sign in with."""
    content = {"token": "root", "id": "test", "key": "test", "client": key_vault.CLIENT_SECRET}
    content["account"] = Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "store", "namespace": namespace}}
    cluster.apply({**secret, "stringData": content})


def made(cluster: Cluster, namespace: str, name: str) -> dict[str, object]:
    """Return what a Secret is, without what is its maker's own."""
    found = cluster.get("secret", name, f"--namespace={namespace}")
    metadata = found["metadata"]

    def ours(field: str) -> dict[str, str]:
        return {key: text for key, text in metadata.get(field, {}).items() if "external-secrets.io/" not in key}

    return {
        "data": {key: base64.b64decode(text) for key, text in found["data"].items()},
        "type": found["type"],
        "immutable": found.get("immutable"),
        "labels": ours("labels"),
        "annotations": ours("annotations"),
    }


def wait(cluster: Cluster, namespace: str, condition: str, *names: str) -> None:
    cluster.kubectl("wait", f"--for={condition}", *names, f"--namespace={namespace}", PATIENCE)


def wait_ready(cluster: Cluster, namespace: str, *secrets: str) -> None:
    """Wait until the operator has made these Secrets."""
    names = [f"externalsecret/{name}" for name in secrets]
    try:
        wait(cluster, namespace, "condition=Ready", *names)
    except KubectlError as error:
        pytest.fail(f"{error}{cluster.kubectl('describe', *names, f'--namespace={namespace}')}")


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def wait_failed(cluster: Cluster, namespace: str, name: str, why: str) -> None:
    """Wait until the operator has told why it fails to make a Secret, in an event, and that it does, in a condition.

    The first that it tells may be that its store isn't ready.
    """
    until(lambda: told(cluster, namespace, name, why) > 0, f"no event of {name} says {why}")
    wait(cluster, namespace, "condition=Ready=False", f"externalsecret/{name}")
    (condition,) = cluster.get("externalsecret", name, f"--namespace={namespace}")["status"]["conditions"]
    assert condition["reason"] == "SecretSyncedError"


def told(cluster: Cluster, namespace: str, name: str, why: str) -> int:
    """Return how often the operator has told, in events, that this is why it fails to make a Secret."""
    of_it = f"--field-selector=involvedObject.kind=ExternalSecret,involvedObject.name={name}"
    events = cluster.get("events", f"--namespace={namespace}", of_it)["items"]
    return sum(event.get("count") or 1 for event in events if why in event["message"])


def wait_data(cluster: Cluster, namespace: str, name: str, key: str, content: bytes) -> None:
    """Wait until a Secret has this content at a key, whose name has no dot."""
    text = base64.b64encode(content).decode()
    wait(cluster, namespace, f"jsonpath={{.data.{key}}}={text}", f"secret/{name}")


def wait_refreshed(cluster: Cluster, namespace: str, name: str) -> None:
    """Wait until the operator has read the store twice more: it may have begun the first time before."""
    for _ in range(2):
        before = refreshed(cluster, namespace, name)
        until(partial(is_refreshed, cluster, namespace, name, before), f"{name} is not read again")


def is_refreshed(cluster: Cluster, namespace: str, name: str, before: str) -> bool:
    return refreshed(cluster, namespace, name) != before


def refreshed(cluster: Cluster, namespace: str, name: str) -> str:
    moment: str = cluster.get("externalsecret", name, f"--namespace={namespace}")["status"]["refreshTime"]
    return moment


# --- the same Secrets ---


@pytest.mark.parametrize("store", ["vault", "aws-secretsmanager", "aws-ssm", "gcp-secretmanager", "azure-keyvault"])
def test_aura_is_the_same_in_production_as_in_staging(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], store: str
) -> None:
    for path in [ROOT / "environments/base.yaml", *(ROOT / "templates").iterdir()]:
        project.write(str(path.relative_to(ROOT)), path.read_bytes())
    stores: dict[str, tuple[Mapping[str, object], dict[str, str]]] = {
        "vault": (vault(bao), {"vault": "secret/aura/{environment}", "property": "{value}"}),
        "aws-secretsmanager": (
            in_aws("SecretsManager"),
            {"aws-secretsmanager": "aura/{environment}/backend", "property": "{dashed-value}"},
        ),
        "aws-ssm": (in_aws("ParameterStore"), {"aws-ssm": "/aura/{environment}/{dashed-value}"}),
        "gcp-secretmanager": (GOOGLE_STORE, {"gcp-secretmanager": "{environment}-{dashed-value}"}),
        "azure-keyvault": (AZURE_STORE, {"azure-keyvault": "{environment}-{dashed-value}"}),
    }
    reads, push = stores[store]
    values = {name.lower(): {"env": name} for name in ENVIRON}
    staging, production = both(cluster, project, reads, extends="base", values=values, secrets=SECRETS)
    project.change("production", push=push, stores=STORES)
    signs_in(cluster, production)

    # The login that a rotation is verified with is a value too.
    pushed = project.run("push", "production", "--yes", env={**environ, "AURA_TEST_PASSWORD": "login-4c1f"})
    assert (pushed.code, pushed.err) == (0, "")
    for name in ("staging", "production"):
        applied(cluster, project, name, environ)

    cluster.wait_synced(staging)
    wait_ready(cluster, production, *SECRETS)
    for secret in SECRETS:
        assert made(cluster, production, secret) == made(cluster, staging, secret)
    assert cluster.secret(production, "postgres-secrets")["postgres-password"] == PRINTABLE.encode()


HOSTILE = {
    "printable": PRINTABLE,
    "lines": "first\nsecond\r\n\tthird\n\n",
    "spaces": "  both sides  ",
    "empty": "",
    "word": "yes",
    "octal": "012345",
    "exponent": "1e3",
    "nothing": "null",
    "braces": '{{ .printable }}{{{"}}" | fail }}',
    "yaml": '": x\n  evil: "{{ 7*7 }}\n--- #\n',
    "unicode": "Größe, ключ, 鍵, 🔑",
    "dotted.name": "a dot",
    "dashed-name": "a dash",
}
BINARY = bytes(range(256)) * 3


def hostile(project: Project, values: Mapping[str, object]) -> dict[str, object]:
    """Write a template that has every value as a key, in text with braces too; return the environments' fields."""
    keys = {name.replace("_", "."): f"{{{{ values.{name} }}}}" for name in values}
    text = "{{ vars.braces }}{ {{ values.printable }} }{{ values.printable | urlquote }}"
    metadata = 'metadata:\n  labels:\n    app: hostile\n  annotations:\n    note: "{{ vars.braces }}"'
    project.template("hostile", {**keys, "text-1.txt": text}, f"{metadata}\ntype: example.com/hostile\nimmutable: true")
    return {"vars": {"braces": BRACES}, "values": values, "secrets": ["hostile"]}


def compared(
    cluster: Cluster,
    project: Project,
    store: Mapping[str, object],
    values: Mapping[str, object],
    environ: dict[str, str],
    **fields: object,
) -> dict[str, bytes]:
    """Let both make the hostile Secret of values that a store has; compare, and return what is in it."""
    staging, production = both(cluster, project, store, **hostile(project, values), **fields)
    signs_in(cluster, production)
    for name in ("staging", "production"):
        applied(cluster, project, name, environ)
    cluster.wait_synced(staging)
    wait_ready(cluster, production, "hostile")
    expected = made(cluster, staging, "hostile")
    assert made(cluster, production, "hostile") == expected
    assert (expected["type"], expected["immutable"]) == ("example.com/hostile", True)
    assert (expected["labels"], expected["annotations"]) == ({"app": "hostile"}, {"note": BRACES})
    return cluster.secret(production, "hostile")


def test_what_vault_has_is_the_same_whoever_reads_it(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str]
) -> None:
    deep = {"database": {"a.b": "under a dot", "password": PRINTABLE}}
    held = {**HOSTILE, **deep, "binary": base64.b64encode(BINARY).decode()}
    for content in ({**held, "word": "older"}, held):
        bao.ask("POST", "secret/data/hostile", {"data": content})
    values: dict[str, object] = {
        name.replace(".", "_").replace("-", "_"): {"vault": "secret/hostile", "property": name} for name in HOSTILE
    }
    values["deep"] = {"vault": "secret/hostile", "property": ["database", "password"]}
    values["deep_dot"] = {"vault": "secret/hostile", "property": ["database", "a.b"]}
    values["pinned"] = {"vault": "secret/hostile", "property": "word", "version": 1}
    values["binary"] = {"vault": "secret/hostile", "property": "binary", "encoding": "base64"}
    found = compared(cluster, project, vault(bao), values, environ)
    assert (found["binary"], found["pinned"], found["word"]) == (BINARY, b"older", b"yes")
    assert (found["deep"], found["deep.dot"]) == (PRINTABLE.encode(), b"under a dot")
    assert found["text-1.txt"].startswith(BRACES.encode() + b"{ " + PRINTABLE.encode())


def test_what_secrets_manager_has_is_the_same_whoever_reads_it(
    cluster: Cluster, project: Project, environ: dict[str, str]
) -> None:
    manager = test_stores.client("secretsmanager")
    held = {**HOSTILE, "database": {"password": PRINTABLE}, "binary": base64.b64encode(BINARY).decode()}
    first = manager.create_secret(Name="hostile", SecretString=json.dumps({**held, "word": "older"}))
    manager.put_secret_value(SecretId="hostile", SecretString=json.dumps(held))
    manager.create_secret(Name="keystore", SecretBinary=BINARY)
    entry = {"aws-secretsmanager": "hostile"}
    values: dict[str, object] = {
        name.replace(".", "_").replace("-", "_"): {**entry, "property": name} for name in HOSTILE
    }
    values["deep"] = {**entry, "property": ["database", "password"]}
    values["previous"] = {**entry, "property": "word", "version": "AWSPREVIOUS"}
    values["pinned"] = {**entry, "property": "word", "version": first["VersionId"]}
    values["binary"] = {**entry, "property": "binary", "encoding": "base64"}
    values["keystore"] = {"aws-secretsmanager": "keystore"}
    found = compared(cluster, project, in_aws("SecretsManager"), values, environ)
    assert found["binary"] == found["keystore"] == BINARY
    assert found["pinned"] == found["previous"] == b"older"


def test_what_parameter_store_has_is_the_same_whoever_reads_it(
    cluster: Cluster, project: Project, environ: dict[str, str]
) -> None:
    parameters = test_stores.client("ssm")
    # It takes no empty text.
    held = {**HOSTILE, "empty": "-", "binary": base64.b64encode(BINARY).decode()}
    for name, content in held.items():
        parameters.put_parameter(Name=f"/hostile/{name}", Value=f"older {content}", Type="SecureString")
        parameters.put_parameter(Name=f"/hostile/{name}", Value=content, Type="SecureString", Overwrite=True)
    values: dict[str, object] = {
        name.replace(".", "_").replace("-", "_"): {"aws-ssm": f"/hostile/{name}"} for name in HOSTILE
    }
    values["pinned"] = {"aws-ssm": "/hostile/word", "version": "1"}
    values["binary"] = {"aws-ssm": "/hostile/binary", "encoding": "base64"}
    found = compared(cluster, project, in_aws("ParameterStore"), values, environ)
    assert (found["binary"], found["pinned"]) == (BINARY, b"older yes")


@pytest.mark.parametrize("store", ["vault", "aws-secretsmanager"])
def test_what_staging_made_and_keeps_is_what_production_reads(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], store: str
) -> None:
    reads, entry = {"vault": (vault(bao), "secret/kept"), "aws-secretsmanager": (in_aws("SecretsManager"), "kept")}[
        store
    ]
    keep = {store: entry, "property": "{value}"}
    values = {
        "password": {"generate": "base64", "bytes": 24, "keep": dict(keep)},
        "identity": {"generate": "ssh", "keep": {store: entry, "property": ["pairs", "{value}"]}},
        "server": {"generate": "tls", "names": ["aura.example"], "days": 90, "keep": dict(keep)},
    }
    project.template("password", {"password": "{{ values.password }}", "uri": "a:{{ values.password | urlquote }}@b"})
    project.template("identity", {"id": "{{ values.identity.private }}", "id.pub": "{{ values.identity.public }}"})
    pair = {"tls.crt": "{{ values.server.crt }}", "tls.key": "{{ values.server.key }}"}
    project.template("server", pair, "type: kubernetes.io/tls")
    staging, production = both(cluster, project, reads, values=values, secrets=list(values))
    signs_in(cluster, production)
    for name in ("staging", "production"):
        applied(cluster, project, name, environ)
    cluster.wait_synced(staging)
    wait_ready(cluster, production, *values)
    for secret in values:
        assert made(cluster, production, secret) == made(cluster, staging, secret)


# --- what a property that is no text is ---

NUMBERS = """\
"integer": 5432, "large": 12345678901234567890, "is-on": true, "is-off": false, "digits": 1.50, "power": 1e3"""
CHARACTERS = {
    "integer": b"5432",
    "large": b"12345678901234567890",
    "is-on": b"true",
    "is-off": b"false",
    "digits": b"1.50",
    "power": b"1e3",
}
WRITTEN_ANEW = {"digits": b"1.5", "power": b"1000"}
# OpenBao itself keeps any number as a float, so that all who read it are told the same.
FLOATS = {**WRITTEN_ANEW, "large": b"12345678901234567000"}


@pytest.mark.parametrize(
    ("store", "path", "in_staging", "in_production"),
    [
        ("aws-secretsmanager", [], {}, WRITTEN_ANEW),
        ("aws-ssm", [], {}, WRITTEN_ANEW),
        ("gcp-secretmanager", [], {}, WRITTEN_ANEW),
        ("azure-keyvault", [], {}, WRITTEN_ANEW),
        ("vault", [], FLOATS, FLOATS),
        ("vault", ["deeper"], FLOATS, FLOATS),
    ],
    ids=["aws-secretsmanager", "aws-ssm", "gcp-secretmanager", "azure-keyvault", "vault", "vault-deeper"],
)
def test_of_what_is_no_text_only_numbers_with_a_point_or_an_exponent_are_not_the_same(
    cluster: Cluster,
    project: Project,
    bao: Bao,
    drongo: Drongo,
    azure: KeyVault,
    environ: dict[str, str],
    store: str,
    path: list[str],
    in_staging: dict[str, bytes],
    in_production: dict[str, bytes],
) -> None:
    name = f"numbers-{uuid.uuid4().hex}"
    reads: Mapping[str, object]
    if store == "vault":
        reads, entry = vault(bao), f"secret/{name}"
        put_json(bao, f"secret/data/{name}", f'{{"data": {{"deeper": {{{NUMBERS}}}, {NUMBERS}}}}}')
    elif store == "aws-ssm":
        reads, entry = in_aws("ParameterStore"), f"/{name}"
        test_stores.client("ssm").put_parameter(Name=entry, Value=f"{{{NUMBERS}}}", Type="SecureString")
    elif store == "gcp-secretmanager":
        reads, entry = GOOGLE_STORE, name
        drongo.put(name, f"{{{NUMBERS}}}".encode())
    elif store == "azure-keyvault":
        reads, entry = AZURE_STORE, name
        azure.put(name, f"{{{NUMBERS}}}")
    else:
        reads, entry = in_aws("SecretsManager"), name
        test_stores.client("secretsmanager").create_secret(Name=entry, SecretString=f"{{{NUMBERS}}}")
    values = {key.replace("-", "_"): {store: entry, "property": [*path, key]} for key in CHARACTERS}
    project.template("numbers", {key: f"{{{{ values.{key.replace('-', '_')} }}}}" for key in CHARACTERS})
    staging, production = both(cluster, project, reads, values=values, secrets=["numbers"], stores=STORES)
    signs_in(cluster, production)
    for environment in ("staging", "production"):
        applied(cluster, project, environment, environ)
    cluster.wait_synced(staging)
    wait_ready(cluster, production, "numbers")
    assert cluster.secret(staging, "numbers") == {**CHARACTERS, **in_staging}
    assert cluster.secret(production, "numbers") == {**CHARACTERS, **in_production}


def put_json(bao: Bao, path: str, text: str) -> None:
    """Put JSON into Vault by its characters, which a number has more ways to be written with than Python's."""
    request = urllib.request.Request(  # noqa: S310  (ours)
        f"{bao.address}/v1/{path}", text.encode(), {"X-Vault-Token": "root"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310


@pytest.mark.parametrize("store", ["gcp-secretmanager", "azure-keyvault"])
def test_what_google_and_azure_have_is_the_same_whoever_reads_it(
    cluster: Cluster, project: Project, drongo: Drongo, azure: KeyVault, environ: dict[str, str], store: str
) -> None:
    # Neither takes an empty text.
    whole = {**HOSTILE, "empty": "-", "binary": base64.b64encode(BINARY).decode()}
    document = {**HOSTILE, "database": {"password": PRINTABLE}}
    held = {f"one-{place}": content for place, content in enumerate(whole.values())}
    held["hostile"] = json.dumps(document)
    pinned: dict[str, str] = {}
    for name, content in held.items():
        if store == "azure-keyvault":
            pinned[name] = azure.put(name, f"older {content}")
            azure.put(name, content)
        else:
            pinned[name] = "1"
            drongo.put(name, f"older {content}".encode())
            drongo.put(name, content.encode())
    values: dict[str, object] = {
        name.replace(".", "_").replace("-", "_"): {store: f"one-{place}"} for place, name in enumerate(whole)
    }
    values["binary"] = {store: f"one-{list(whole).index('binary')}", "encoding": "base64"}
    values |= {
        f"in_{name}".replace(".", "_").replace("-", "_"): {store: "hostile", "property": name} for name in HOSTILE
    }
    values["deep"] = {store: "hostile", "property": ["database", "password"]}
    word = f"one-{list(whole).index('word')}"
    values["pinned"] = {store: word, "version": pinned[word]}
    if store == "gcp-secretmanager":
        drongo.put("keystore", BINARY)
        values["keystore"] = {store: "keystore"}
    reads = GOOGLE_STORE if store == "gcp-secretmanager" else AZURE_STORE
    found = compared(cluster, project, reads, values, environ, stores=STORES)
    assert (found["binary"], found["pinned"], found["word"]) == (BINARY, b"older yes", b"yes")
    assert found.get("keystore") == (BINARY if store == "gcp-secretmanager" else None)
    assert (found["deep"], found["in.empty"], found["printable"]) == (PRINTABLE.encode(), b"", PRINTABLE.encode())


# --- signing in ---


@pytest.fixture
def one(cluster: Cluster, project: Project, bao: Bao) -> Iterator[tuple[Project, str]]:
    """Return a project whose production is one Secret of two keys from two entries of Vault, and its namespace."""
    namespace = cluster.namespace()
    signs_in(cluster, namespace)
    values = {name: {"vault": f"secret/{namespace}/{name}", "property": name} for name in ("user", "password")}
    project.template("one", {"user": "{{ values.user }}", "uri": "redis://:{{ values.password | urlquote }}@redis"})
    project.environment("production", namespace=namespace, backend=often(vault(bao)), values=values, secrets=["one"])
    put(bao, namespace, user="aura", password="p w")
    yield project, namespace
    # Nobody waits for it; the operator would read the store for it each second.
    cluster.kubectl("delete", "externalsecrets", "--all", f"--namespace={namespace}", "--wait=false")


def often(store: Mapping[str, object], **fields: str) -> dict[str, object]:
    """Return the backend, which has the operator read the store each second."""
    return external(store, refresh_interval="1s", **fields)


def put(bao: Bao, namespace: str, **values: str) -> None:
    for name, text in values.items():
        bao.ask("POST", f"secret/data/{namespace}/{name}", {"data": {name: text}})


def take(bao: Bao, namespace: str, *names: str) -> None:
    for name in names:
        bao.ask("DELETE", f"secret/metadata/{namespace}/{name}")


@pytest.mark.parametrize("method", ["kubernetes", "approle"])
def test_signing_in_to_vault_as_a_service_account_and_by_approle(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str], method: str
) -> None:
    project, namespace = one
    rule = f'path "secret/data/{namespace}/*" {{ capabilities = ["read"] }}'
    bao.ask("POST", f"sys/policies/acl/{namespace}", {"policy": rule})
    bao.ask("POST", f"sys/auth/{namespace}", {"type": method})
    if method == "kubernetes":
        account = {"name": "reader"}
        cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**account, "namespace": namespace}})
        # Its own token is what Vault has it looked at with.
        reviewer = ("clusterrolebinding", namespace, "--clusterrole=system:auth-delegator")
        cluster.kubectl("create", *reviewer, f"--serviceaccount={namespace}:reader")
        authority = (cluster.folder / "ca.crt").read_text()
        settings = {"kubernetes_host": cluster.server, "kubernetes_ca_cert": authority, "disable_local_ca_jwt": True}
        bao.ask("POST", f"auth/{namespace}/config", settings)
        bound = {"bound_service_account_names": "reader", "bound_service_account_namespaces": namespace}
        bao.ask("POST", f"auth/{namespace}/role/aura", {**bound, "token_policies": namespace})
        auth: dict[str, object] = {"kubernetes": {"mountPath": namespace, "role": "aura", "serviceAccountRef": account}}
    else:
        bao.ask("POST", f"auth/{namespace}/role/aura", {"token_policies": namespace})
        role = bao.ask("GET", f"auth/{namespace}/role/aura/role-id")["data"]["role_id"]
        secret = bao.ask("POST", f"auth/{namespace}/role/aura/secret-id", {})["data"]["secret_id"]
        cluster.kubectl(
            "create", "secret", "generic", "role", f"--namespace={namespace}", f"--from-literal=id={secret}"
        )
        auth = {"appRole": {"path": namespace, "roleId": role, "secretRef": {"name": "role", "key": "id"}}}
    project.change("production", backend=often(vault(bao, auth)))
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one") == {"user": b"aura", "uri": b"redis://:p%20w@redis"}


def test_a_store_of_the_whole_cluster(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    token = {"tokenSecretRef": {"name": "store", "key": "token", "namespace": namespace}}
    project.change("production", backend=often({**vault(bao, token), "name": namespace, "kind": "ClusterSecretStore"}))
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one") == {"user": b"aura", "uri": b"redis://:p%20w@redis"}


def test_the_first_version_of_vaults_engine(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    bao.ask("POST", f"kv1/{namespace}", {"user": "first", "password": "version"})
    values = {name: {"vault": f"kv1/{namespace}", "property": name} for name in ("user", "password")}
    engine = {"server": bao.address, "path": "kv1", "version": "v1", "auth": {"tokenSecretRef": TOKEN}}
    project.change("production", values=values, backend=often({"name": "aura", "vault": engine}))
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one") == {"user": b"first", "uri": b"redis://:version@redis"}


# --- afterwards ---


def test_a_value_that_changed_in_the_store_changes_the_keys_that_have_it(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    put(bao, namespace, password="next")
    wait_data(cluster, namespace, "one", "uri", b"redis://:next@redis")
    assert cluster.secret(namespace, "one") == {"user": b"aura", "uri": b"redis://:next@redis"}


def test_a_key_that_left_the_template_leaves_the_secret(
    cluster: Cluster, one: tuple[Project, str], environ: dict[str, str]
) -> None:
    project, namespace = one
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    project.template("one", {"url": "http://{{ values.password | urlquote }}"})
    applied(cluster, project, "production", environ)
    wait_data(cluster, namespace, "one", "url", b"http://p%20w")
    assert cluster.secret(namespace, "one") == {"url": b"http://p%20w"}


def test_an_immutable_secret_stays_as_it_was_made(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    project.template("one", {"user": "{{ values.user }}"}, "immutable: true")
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    put(bao, namespace, user="next")
    wait_refreshed(cluster, namespace, "one")
    wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one") == {"user": b"aura"}


# --- what is not there ---


def test_a_property_that_is_missing_is_told_and_no_half_of_a_secret_is_made(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    bao.ask("POST", f"secret/data/{namespace}/password", {"data": {"passwort": "x"}})
    applied(cluster, project, "production", environ)
    wait_failed(cluster, namespace, "one", 'cannot find secret data for key: "password"')
    with pytest.raises(KubectlError, match='secrets "one" not found'):
        cluster.secret(namespace, "one")
    put(bao, namespace, password="now")
    wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one") == {"user": b"aura", "uri": b"redis://:now@redis"}


def test_a_value_that_a_filter_can_not_take_is_told_by_nobody(
    cluster: Cluster, one: tuple[Project, str], operator: Path, bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    put(bao, namespace, password="canary-7x9q")
    project.template("one", {"user": "{{ values.user }}", "bytes": "{{ values.password | b64decode }}"})
    applied(cluster, project, "production", environ)
    wait_failed(cluster, namespace, "one", "not standard base64")
    with pytest.raises(KubectlError, match='secrets "one" not found'):
        cluster.secret(namespace, "one")
    until(lambda: "not standard base64" in operator.read_text(), "the log does not tell of it")
    events = cluster.kubectl("get", "events,externalsecrets", f"--namespace={namespace}", "--output=yaml")
    assert "canary-7x9q" not in events + operator.read_text()


# To delete, the operator goes on without what is gone, and its template ends there.
GONE = {
    "Retain": "Secret does not exist",
    "Delete": 'map has no entry for key "password"',
}


@pytest.mark.parametrize("policy", GONE)
def test_an_entry_that_is_gone_leaves_a_secret_whole(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str], policy: str
) -> None:
    project, namespace = one
    project.change("production", backend=often(vault(bao), deletion_policy=policy))
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    # First what makes it fail: between the two, the operator would make the Secret whole, and rightly.
    take(bao, namespace, "password")
    wait_failed(cluster, namespace, "one", GONE[policy])
    put(bao, namespace, user="next")
    before = told(cluster, namespace, "one", GONE[policy])
    # Twice, as it may have read the store before.
    until(lambda: told(cluster, namespace, "one", GONE[policy]) > before + 1, "it does not try again")
    assert cluster.secret(namespace, "one") == {"user": b"aura", "uri": b"redis://:p%20w@redis"}


@pytest.mark.parametrize("policy", GONE)
def test_what_becomes_of_a_secret_whose_values_are_all_gone(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str], policy: str
) -> None:
    project, namespace = one
    project.change("production", backend=often(vault(bao), deletion_policy=policy))
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    take(bao, namespace, "user", "password")
    if policy == "Delete":
        wait(cluster, namespace, "delete", "secret/one")
        return
    wait_failed(cluster, namespace, "one", GONE[policy])
    assert cluster.secret(namespace, "one") == {"user": b"aura", "uri": b"redis://:p%20w@redis"}


# --- whose a Secret is ---


def test_a_secret_goes_with_its_external_secret_if_that_owns_it(
    cluster: Cluster, one: tuple[Project, str], environ: dict[str, str]
) -> None:
    project, namespace = one
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    cluster.kubectl("delete", "externalsecret/one", f"--namespace={namespace}", PATIENCE)
    wait(cluster, namespace, "delete", "secret/one")


def test_an_orphan_stays(cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]) -> None:
    project, namespace = one
    project.change("production", backend=often(vault(bao), creation_policy="Orphan"))
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    cluster.kubectl("delete", "externalsecret/one", f"--namespace={namespace}", PATIENCE)
    found = cluster.get("secret", "one", f"--namespace={namespace}")["metadata"]
    assert "ownerReferences" not in found
    assert "deletionTimestamp" not in found


def test_keys_are_merged_into_a_secret_that_somebody_else_makes(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    project.change("production", backend=often(vault(bao), creation_policy="Merge"))
    cluster.kubectl("create", "secret", "generic", "one", f"--namespace={namespace}", "--from-literal=other=stays")
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one") == {"user": b"aura", "uri": b"redis://:p%20w@redis", "other": b"stays"}


def test_no_secret_is_made_where_none_is_wanted(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    project.change("production", backend=often(vault(bao), creation_policy="None"))
    applied(cluster, project, "production", environ)
    wait_ready(cluster, namespace, "one")
    with pytest.raises(KubectlError, match='secrets "one" not found'):
        cluster.secret(namespace, "one")


# --- what status tells of it ---


def is_told(cluster: Cluster, project: Project, *expected: str) -> Mapping[str, Any]:
    """Wait until status has these findings and no others, and return what it says of the one ExternalSecret."""
    project.change("production", cluster={"kubeconfig": str(cluster.kubeconfig)})
    results: list[Mapping[str, Any]] = []

    def is_so() -> bool:
        ended = project.run("status", "production", "--json")
        results[:] = ended.document["results"]
        found = {finding["id"] for finding in results[0]["findings"]} - {"unmanaged"}
        return found == set(expected) and ended.code == (11 if expected else 0)

    until(is_so, f"status does not have the findings {expected}")
    (row,) = results[0]["external_secrets"]
    assert isinstance(row, dict)
    return row


def test_status_tells_that_all_is_made_and_what_somebody_changed(
    cluster: Cluster, one: tuple[Project, str], environ: dict[str, str]
) -> None:
    project, namespace = one
    applied(cluster, project, "production", environ)
    row = is_told(cluster, project)
    assert (row["synced"], row["secret"], row["differs"]) == ("synced", "there", [])
    change = {"spec": {"target": {"template": {"data": {"user": "{{ .password }}"}}}}}
    patch(cluster, namespace, "externalsecret/one", change)
    assert is_told(cluster, project, "differs")["differs"] == ["user"]


def test_status_tells_each_part_that_somebody_changed(
    cluster: Cluster, one: tuple[Project, str], environ: dict[str, str]
) -> None:
    project, namespace = one
    applied(cluster, project, "production", environ)
    is_told(cluster, project)
    labelled = {"template": {"metadata": {"labels": {"by": "hand"}}}}
    spec = {"refreshInterval": "2s", "target": {"creationPolicy": "Orphan", "deletionPolicy": "Delete", **labelled}}
    patch(cluster, namespace, "externalsecret/one", {"spec": spec})
    patch(cluster, namespace, "secretstore/aura", {"spec": {"provider": {"vault": {"readYourWrites": True}}}})
    row = is_told(cluster, project, "differs", "store-differs")
    assert row["differs"] == ["refreshInterval", "creationPolicy", "deletionPolicy", "labels"]


def patch(cluster: Cluster, namespace: str, name: str, change: Mapping[str, object]) -> None:
    cluster.kubectl("patch", name, f"--namespace={namespace}", "--type=merge", f"--patch={json.dumps(change)}")


def test_status_tells_what_the_store_lacks(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    bao.ask("POST", f"secret/data/{namespace}/password", {"data": {"passwort": "canary-3f0e"}})
    applied(cluster, project, "production", environ)
    row = is_told(cluster, project, "not-synced")
    assert (row["secret"], row["detail"].partition(":")[0]) == ("missing", "SecretSyncedError")
    assert "canary-3f0e" not in project.run("status", "production", "-v").out
    put(bao, namespace, password="now")
    assert is_told(cluster, project)["synced"] == "synced"


def test_status_tells_of_a_value_that_a_filter_can_not_take_and_not_which(
    cluster: Cluster, one: tuple[Project, str], bao: Bao, environ: dict[str, str]
) -> None:
    project, namespace = one
    put(bao, namespace, password="canary-7x9q")
    project.template("one", {"user": "{{ values.user }}", "bytes": "{{ values.password | b64decode }}"})
    applied(cluster, project, "production", environ)
    is_told(cluster, project, "not-synced")
    for arguments in ((), ("-v",), ("--json",)):
        ended = project.run("status", "production", *arguments)
        assert "canary-7x9q" not in ended.out + ended.err


def test_status_tells_of_a_store_that_lets_nobody_in(
    cluster: Cluster, one: tuple[Project, str], environ: dict[str, str]
) -> None:
    project, namespace = one
    cluster.kubectl("delete", "secret/store", f"--namespace={namespace}")
    applied(cluster, project, "production", environ)
    row = is_told(cluster, project, "store-not-ready", "not-synced")
    assert row["secret"] == "missing"
    signs_in(cluster, namespace)


def test_status_tells_of_a_store_that_is_down_and_that_it_is_back(
    cluster: Cluster, one: tuple[Project, str], environ: dict[str, str]
) -> None:
    project, namespace = one
    port = test_stores.free_port()
    with test_stores.open_bao(port) as server:
        put(server, namespace, user="aura", password="p w")
        project.change("production", backend=often(vault(server)))
        applied(cluster, project, "production", environ)
        assert is_told(cluster, project)["refreshed"] is not None
    row = is_told(cluster, project, "not-synced")
    assert (row["synced"], row["secret"], row["differs"]) == ("not synced", "there", [])
    assert cluster.secret(namespace, "one") == {"user": b"aura", "uri": b"redis://:p%20w@redis"}
    # The operator looks at a store every five minutes, and at once where somebody touched it.
    cluster.kubectl("annotate", "secretstore/aura", f"--namespace={namespace}", "touched=true")
    row = is_told(cluster, project, "store-not-ready", "not-synced")
    assert row["detail"].startswith("SecretSyncedError: ")
    with test_stores.open_bao(port) as server:
        put(server, namespace, user="aura", password="back")
        row = is_told(cluster, project)
        assert (row["synced"], row["secret"]) == ("synced", "there")
        wait_data(cluster, namespace, "one", "uri", b"redis://:back@redis")
        cluster.kubectl("delete", "externalsecret/one", f"--namespace={namespace}", PATIENCE)


# --- from sealed to the operator's, and back ---


def test_a_secret_is_there_all_the_time_while_its_environment_moves_there_and_back(
    cluster: Cluster, project: Project, bao: Bao, environ: dict[str, str], tmp_path: Path
) -> None:
    namespace = cluster.namespace()
    signs_in(cluster, namespace)
    at = {**environ, "KUBECONFIG": str(cluster.kubeconfig)}
    push = {"vault": "secret/aura/{environment}", "property": "{value}"}
    values = {"token": {"generate": "hex", "bytes": 16}}
    project.environment("moving", namespace=namespace, values=values, push=push, secrets=["one"])
    project.template("one", {"token": "{{ values.token }}"})
    applied(cluster, project, "moving", at)
    cluster.wait_synced(namespace)
    first, uid = cluster.secret(namespace, "one")["token"], uid_of(cluster, namespace, "one")

    def follow(*arguments: str) -> None:
        """Migrate, and run the commands that it tells."""
        ended = project.run("migrate", "moving", *arguments, "--json", env=at)
        assert ended.code == 0, ended
        for command in ended.document["results"][0]["next"]:
            if command.startswith("kubectl"):
                cluster.kubectl(*command.replace("k8s/", f"{project.root}/k8s/").split()[1:])
                assert uid_of(cluster, namespace, "one") == uid

    pushed = project.run("push", "moving", "--from-cluster", "--yes", env=at)
    assert (pushed.code, pushed.err) == (0, "")
    (tmp_path / "store.yaml").write_text(yaml.safe_dump({"backend": often(vault(bao))}))
    follow("--to", "external-secrets", "--with", str(tmp_path / "store.yaml"))
    wait_ready(cluster, namespace, "one")
    assert cluster.secret(namespace, "one")["token"] == first

    # What the rotations of Aura's production wait by: the operator has read what the store has now.
    bao.ask("POST", "secret/data/aura/moving", {"data": {"token": "another"}})
    refresh = yaml.safe_load((ROOT / "environments/production.yaml").read_text())["vars"]["refresh"]
    run = ["sh", "-ec", refresh, "refresh", namespace, "one"]
    subprocess.run(run, env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}, check=True, capture_output=True)
    assert cluster.secret(namespace, "one")["token"] == b"another"

    certificate = project.backend()["certificate"]
    follow("--to", "sealed-secrets", "--certificate", certificate, "--rotate", "token")
    cluster.wait_synced(namespace)
    until(
        lambda: cluster.secret(namespace, "one")["token"] not in (first, b"another"), "the Secret is still the old one"
    )
    assert uid_of(cluster, namespace, "one") == uid


def uid_of(cluster: Cluster, namespace: str, name: str) -> str:
    uid: str = cluster.get("secret", name, f"--namespace={namespace}")["metadata"]["uid"]
    return uid
