"""Azure Key Vault: a secret's text, byte for byte, and one clear error for each way there is none."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import socket
import sys
import time
from typing import TYPE_CHECKING

import pytest
from azure.keyvault.secrets._shared.http_challenge_cache import clear as forget_challenges
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.config.stores import placed
from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from tests.stores.asking import refused, stores, value
from tests.support.api_server import Answer, as_json
from tests.support.key_vault import CLIENT_SECRET, ENTRA, HOST, TENANT, TOKEN, KeyVault, key_vault
from tests.values.reading import CANARY, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMED = f"main: {{kind: azure-keyvault, vault: 'https://{HOST}'}}"
POSTGRES = "{azure-keyvault: aura-postgres, property: password}"
ALL = "{azure-keyvault: aura-postgres}"
LABEL = f"aura-postgres in Azure Key Vault {HOST}"
ASKED = "GET /secrets/aura-postgres/"
SIGN_IN = "Sign in: az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
STRANGE = f"{LABEL} is answered as Key Vault does not; is there a proxy on the way?"
MOMENT = dt.datetime(2020, 5, 6, 7, 8, 9, tzinfo=dt.UTC)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyVault]:
    """Run a vault to which Azure's libraries find, as a service principal."""
    forget_challenges()  # which Azure's library keeps for the process
    for name in [name for name in os.environ if name.startswith("AZURE_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with key_vault(tmp_path) as it:
        for name, text in it.variables.items():
            monkeypatch.setenv(name, text)
        yield it


def said(yaml: str, root: Path, named: str = NAMED) -> tuple[type[SealgenError], str]:
    return refused(yaml, root, os.environ, named, canaries=(CANARY, TOKEN, CLIENT_SECRET))


def test_a_property_of_a_secret(vault: KeyVault, tmp_path: Path) -> None:
    vault.put("aura-postgres", '{"password": "ß x", "port": 5432}')
    assert value(POSTGRES, tmp_path, os.environ, NAMED) == "ß x".encode()
    assert vault.asked() == [ASKED]
    assert vault.requests[-1].query == {"api-version": "7.4"}


def test_the_value_rotates_between_two_reads(vault: KeyVault, tmp_path: Path) -> None:
    first = vault.put("aura-postgres", "one")
    assert value(ALL, tmp_path, os.environ, NAMED) == b"one"
    vault.put("aura-postgres", "two")
    assert value(ALL, tmp_path, os.environ, NAMED) == b"two"
    pinned = f"{{azure-keyvault: aura-postgres, version: {first}}}"
    assert value(pinned, tmp_path, os.environ, NAMED) == b"one"
    assert vault.asked()[-1] == f"GET /secrets/aura-postgres/{first}"


def test_base64_is_what_it_stands_for(vault: KeyVault, tmp_path: Path) -> None:
    content = bytes(range(256))
    vault.put("aura-postgres", base64.encodebytes(content).decode())
    yaml = "{azure-keyvault: aura-postgres, encoding: base64}"
    assert value(yaml, tmp_path, os.environ, NAMED) == content
    vault.put("aura-postgres", f"{CANARY}!")
    assert said(yaml, tmp_path) == (SealgenError, f"values.password: {LABEL} is not base64")


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), min_size=5, max_size=5))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("vault")
    with key_vault(folder) as vault, pytest.MonkeyPatch.context() as patch:
        for name, text in vault.variables.items():
            patch.setenv(name, text)
        vault.put("aura-postgres", json.dumps(texts[0]) + texts[1])
        assert value(ALL, folder, os.environ, NAMED) == (json.dumps(texts[0]) + texts[1]).encode()
        vault.put("aura-postgres", json.dumps({"password": texts[2]}))
        assert value(POSTGRES, folder, os.environ, NAMED) == texts[2].encode()


def test_a_secret_that_is_not_there(vault: KeyVault, tmp_path: Path) -> None:
    assert said(ALL, tmp_path) == (CannotTell, f"values.password: there is no {LABEL}")
    vault.put("aura-postgres", CANARY)
    yaml = f"{{azure-keyvault: aura-postgres, version: {'a' * 32}}}"
    assert said(yaml, tmp_path) == (CannotTell, f"values.password: there is no version {'a' * 32} of {LABEL}")


def test_a_secret_that_was_deleted_can_be_recovered(vault: KeyVault, tmp_path: Path) -> None:
    vault.put("aura-postgres", CANARY)
    vault.deleted["aura-postgres"] = int(MOMENT.timestamp())
    assert said(ALL, tmp_path) == (
        CannotTell,
        (
            f"values.password: {LABEL} was deleted at 2020-05-06 07:08 UTC\n"
            "Until 2020-08-04 07:08 UTC it can be recovered: az keyvault secret recover --id "
            f"https://{HOST}/deletedsecrets/aura-postgres"
        ),
    )
    vault.instead["GET /deletedsecrets/aura-postgres"] = as_json({"error": {"code": "Forbidden"}}, 403)
    assert said(ALL, tmp_path) == (CannotTell, f"values.password: there is no {LABEL}")


def test_a_secret_that_is_disabled(vault: KeyVault, tmp_path: Path) -> None:
    version = vault.put("aura-postgres", CANARY, enabled=False)
    assert said(ALL, tmp_path) == (CannotTell, f"values.password: {LABEL} is disabled")
    yaml = f"{{azure-keyvault: aura-postgres, version: {version}}}"
    assert said(yaml, tmp_path) == (CannotTell, f"values.password: version {version} of {LABEL} is disabled")


def test_a_secret_out_of_its_time(vault: KeyVault, tmp_path: Path) -> None:
    vault.put("aura-postgres", CANARY, exp=int(MOMENT.timestamp()))
    assert said(ALL, tmp_path) == (
        CannotTell,
        f"values.password: {LABEL} has expired: it was valid until 2020-05-06 07:08 UTC",
    )
    vault.put("aura-postgres", CANARY, nbf=int(MOMENT.replace(year=2120).timestamp()))
    assert said(ALL, tmp_path) == (
        CannotTell,
        f"values.password: {LABEL} is not valid yet: it will be from 2120-05-06 07:08 UTC",
    )
    now = int(time.time())
    vault.put("aura-postgres", "x", nbf=now - 60, exp=now + 3600)
    assert value(ALL, tmp_path, os.environ, NAMED) == b"x"


def test_a_secret_that_is_denied(vault: KeyVault, tmp_path: Path) -> None:
    vault.denied.add("aura-postgres")
    refusal = f"values.password: Azure Key Vault {HOST} refuses aura-postgres to who is signed in (403)\n"
    assert said(ALL, tmp_path) == (
        CannotTell,
        f"{refusal}It takes the role Key Vault Secrets User, or an access policy with get.",
    )
    for inner, hint in {
        "ForbiddenByFirewall": "Its firewall does not let this machine's address in.",
        "ForbiddenByConnection": "It has no public endpoint: ask from a network that has its private one.",
    }.items():
        error = {"code": "Forbidden", "message": CANARY, "innererror": {"code": inner}}
        vault.instead[ASKED] = as_json({"error": error}, 403)
        assert said(ALL, tmp_path) == (CannotTell, refusal + hint)


def error(status: int, code: str = "SomethingNew") -> Answer:
    return as_json({"error": {"code": code, "message": CANARY}}, status)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            error(401, "Unauthorized"),
            f"Azure Key Vault {HOST} does not accept who is signed in (401)\n{SIGN_IN}",
        ),
        (error(429, "Throttled"), f"{LABEL} can't be had: it answers with status 429 (4 tries)"),
        (error(503), f"{LABEL} can't be had: it answers with status 503 (4 tries)"),
        (error(418), f"Azure Key Vault {HOST} answers aura-postgres with status 418"),
        (Answer(404, f"<html>{CANARY}".encode(), "text/html"), STRANGE),
        (Answer(200, f"<html>{CANARY}".encode(), "text/html"), STRANGE),
        (as_json({"id": CANARY}), STRANGE),
        (as_json([CANARY]), STRANGE),
        (Answer(302, headers=(("Location", f"https://elsewhere/{CANARY}"),)), STRANGE),
        (
            Answer(200, b'{"value": "' + CANARY.encode(), cut=True),
            f"{LABEL} can't be had: the connection was cut (4 tries)",
        ),
    ],
)
def test_each_way_to_fail_has_one_clear_error(vault: KeyVault, tmp_path: Path, answer: Answer, message: str) -> None:
    vault.put("aura-postgres", CANARY)
    vault.instead[ASKED] = lambda request: answer if request.headers.get("Authorization") else None
    assert said(ALL, tmp_path) == (CannotTell, f"values.password: {message}")


def test_what_fails_in_passing_is_tried_again(vault: KeyVault, tmp_path: Path) -> None:
    vault.put("aura-postgres", "at last")
    answers: list[Answer | None] = [error(429), error(500)]
    vault.instead[ASKED] = lambda request: answers.pop(0) if answers and request.headers.get("Authorization") else None
    assert value(ALL, tmp_path, os.environ, NAMED) == b"at last"


def test_what_a_secret_holds_is_no_value(vault: KeyVault, tmp_path: Path) -> None:
    for content, kind, message in (
        (CANARY, SealgenError, f"{LABEL} is no JSON, so that it has no property 'password'"),
        (json.dumps({"password": {"x": CANARY}}), SealgenError, f"'password' of {LABEL} is an object, not text"),
        (json.dumps({"pasword": CANARY}), CannotTell, f"{LABEL} has no property 'password'; did you mean 'pasword'?"),
    ):
        vault.put("aura-postgres", content)
        assert said(POSTGRES, tmp_path) == (kind, f"values.password: {message}")


def test_nobody_is_signed_in(vault: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.put("aura-postgres", CANARY)
    nobody = f"values.password: Azure Key Vault {HOST}: nobody can be signed in to ask"
    monkeypatch.setenv("AZURE_CLIENT_SECRET", f"not-{CLIENT_SECRET}")
    assert said(ALL, tmp_path) == (CannotTell, f"{nobody} (AADSTS7000215)\n{SIGN_IN}")
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    assert said(ALL, tmp_path) == (CannotTell, f"{nobody}\n{SIGN_IN}")
    assert vault.asked() == []


def test_no_window_is_opened_to_sign_in(vault: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415

    vault.put("aura-postgres", "x")
    made: list[str] = []
    original = DefaultAzureCredential.__init__

    def remembered(self: DefaultAzureCredential, **named: object) -> None:
        original(self, **named)
        made.extend(type(each).__name__ for each in self.credentials)

    monkeypatch.delenv("AZURE_TOKEN_CREDENTIALS")
    monkeypatch.setattr(DefaultAzureCredential, "__init__", remembered)
    assert value(ALL, tmp_path, os.environ, NAMED) == b"x"
    assert {"EnvironmentCredential", "ManagedIdentityCredential", "AzureCliCredential"} <= set(made)
    assert not {name for name in made if "Interactive" in name or "Broker" in name or "DeviceCode" in name}


def test_a_token_goes_to_no_server_but_a_vault_of_its_audience(vault: KeyVault, tmp_path: Path) -> None:
    named = "main: {kind: azure-keyvault, vault: 'https://aura.vault.example'}"
    assert said(ALL, tmp_path, named) == (
        CannotTell,
        (
            "values.password: aura-postgres in Azure Key Vault aura.vault.example is answered as Key Vault does not; "
            "is there a proxy on the way?"
        ),
    )
    assert not [request for request in vault.requests if request.headers.get("Authorization")]
    assert not [request for request in vault.requests if request.path.startswith(f"/{TENANT}")]


def test_entra_can_not_be_reached(vault: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    vault.instead[f"POST /{TENANT}/oauth2/v2.0/token"] = Answer(200, b"{", cut=True)
    assert said(ALL, tmp_path) == (
        CannotTell,
        f"values.password: Azure Key Vault {HOST}: nobody can be signed in to ask\n{SIGN_IN}",
    )
    assert ENTRA not in said(ALL, tmp_path)[1]


def test_nobody_listens(vault: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert said(ALL, tmp_path) == (CannotTell, f"values.password: {LABEL} can't be had: no connection (4 tries)")


def test_a_certificate_that_nobody_vouches_for(
    vault: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert said(ALL, tmp_path) == (
        CannotTell,
        f"values.password: {LABEL} can't be had: its certificate is not trusted",
    )
    assert vault.requests == []


def test_a_server_that_says_nothing_is_not_waited_for_longer_than_the_timeout(
    vault: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        assert said("{azure-keyvault: aura-postgres, timeout: 1s}", tmp_path) == (
            CannotTell,
            f"values.password: {LABEL} can't be had: no answer within 1 s",
        )
        assert time.monotonic() - started < 10


def test_the_client_is_not_installed(vault: KeyVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    assert said(ALL, tmp_path) == (
        SealgenError,
        (
            "values.password: reading Azure Key Vault needs azure-identity and azure-keyvault-secrets, which is not "
            "installed\nInstall it: pip install 'sealgen[azure]'"
        ),
    )


def test_it_is_not_said_which_vault() -> None:
    with pytest.raises(ConfigurationError) as caught:
        placed({"password": read(ALL)}, {})
    assert str(caught.value) == (
        "base.yaml:1:18: values.password: the environment has no store of kind azure-keyvault; write stores: "
        "{main: {kind: azure-keyvault, vault: https://NAME.vault.azure.net}}"
    )


NAME = "it must be a secret's name: letters, digits and '-', at most 127"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{azure-keyvault: a_b}", f"1:18: values.password.azure-keyvault can't be 'a_b'; {NAME}"),
        ("{azure-keyvault: a/b}", f"1:18: values.password.azure-keyvault can't be 'a/b'; {NAME}"),
        ("{azure-keyvault: ä}", f"1:18: values.password.azure-keyvault can't be 'ä'; {NAME}"),
        (
            f"{{azure-keyvault: {'a' * 128}}}",
            f"1:18: values.password.azure-keyvault can't be '{'a' * 79}…'; {NAME}",
        ),
        (
            "{azure-keyvault: a, version: 3}",
            ("1:30: values.password.version can't be '3'; it must be a version's ID, which has 32 hexadecimal digits"),
        ),
        ("{azure-keyvault: a, encoding: hex}", "1:31: values.password.encoding can't be 'hex'; known are base64"),
    ],
)
def test_what_can_not_be_is_refused(yaml: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(yaml)
    assert str(caught.value) == f"base.yaml:{message}"


def test_the_longest_name_is_taken() -> None:
    assert read(f"{{azure-keyvault: {'a' * 127}}}").source.kind == "azure-keyvault"


@pytest.mark.parametrize(
    "vault",
    [
        "aura",
        "http://aura.vault.azure.net",
        "https://u:p@aura.vault.azure.net",
        "https://aura.vault.azure.net/secrets/a",
    ],
)
def test_a_vault_is_an_https_url_without_more(vault: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        stores(f"main: {{kind: azure-keyvault, vault: '{vault}'}}")
    assert str(caught.value) == (
        f"base.yaml:1:37: stores.main.vault can't be '{vault}'; it must be a vault's URL, as "
        "https://NAME.vault.azure.net"
    )


def test_a_store_has_a_vault() -> None:
    with pytest.raises(ConfigurationError) as caught:
        stores("main: {kind: azure-keyvault}")
    assert str(caught.value) == (
        "base.yaml:1:7: stores.main.vault is missing; write vault: https://NAME.vault.azure.net"
    )
