"""Writing Azure Key Vault: looked at right before and after, as it knows no condition; tags say whose a secret is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores.reading import Stores
from sealgen.values.azure_keyvault import KeyVaultStore
from sealgen.values.entry import Entry, Part
from sealgen.values.secret import Secret
from tests.stores.test_azure_keyvault import vault
from tests.support.api_server import Answer, Request, as_json
from tests.support.key_vault import HOST, KeyVault
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from pathlib import Path

    from sealgen.stores.writing import Held

__all__ = ["vault"]
ENTRY = Entry(KeyVaultStore(f"https://{HOST}"), "aura-db", None)
LABEL = f"aura-db in Azure Key Vault {HOST}"
OURS = {"managed-by": "sealgen", "sealgen-environment": "eu.staging"}
PUT = "PUT /secrets/aura-db"


def look(root: Path) -> Held:
    return Stores(root, os.environ, pause=lambda _: None).look(ENTRY, 30)


def put(held: Held, content: bytes = b"two", encoding: str | None = None) -> bool:
    return held.put({Part(ENTRY, (), encoding, 30): Secret(content)}, "eu.staging")


def contents(vault: KeyVault) -> list[str]:
    return [each.value for each in vault.secrets["aura-db"]]


def told(caught: pytest.ExceptionInfo[SealgenError]) -> tuple[type[SealgenError], str]:
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    return type(caught.value), str(caught.value)


def test_a_secret_is_made_with_its_tags(vault: KeyVault, tmp_path: Path) -> None:
    held = look(tmp_path)
    assert (held.is_there, held.not_ours("eu.staging")) == (False, None)
    assert put(held, "pässword".encode()) is True
    assert contents(vault) == ["pässword"]
    assert vault.secrets["aura-db"][-1].tags == OURS
    assert look(tmp_path).not_ours("eu.staging") is None


def test_the_next_version_keeps_the_tags(vault: KeyVault, tmp_path: Path) -> None:
    vault.put("aura-db", "one", tags={"team": "a"})
    held = look(tmp_path)
    assert held.not_ours("eu.staging") == (
        "it does not have the tags managed-by: sealgen and sealgen-environment: eu.staging"
    )
    assert put(held) is True
    assert contents(vault) == ["one", "two"]
    assert vault.secrets["aura-db"][-1].tags == {**OURS, "team": "a"}


def test_bytes_are_kept_as_base64(vault: KeyVault, tmp_path: Path) -> None:
    held = look(tmp_path)
    with pytest.raises(SealgenError) as caught:
        put(held, b"\xff\x00")
    assert told(caught) == (
        SealgenError,
        (
            f"{LABEL} can't be written: it is not UTF-8 text, and Azure Key Vault takes nothing else; "
            "say encoding: base64"
        ),
    )
    assert put(held, b"\xff\x00", "base64") is True
    assert contents(vault) == ["/wA="]


def test_what_the_vault_does_not_take_is_not_sent(vault: KeyVault, tmp_path: Path) -> None:
    held = look(tmp_path)
    with pytest.raises(SealgenError) as caught:
        put(held, b"x" * 25601)
    assert told(caught) == (
        SealgenError,
        f"{LABEL} can't be written: it would have more than the 25,600 bytes that Azure Key Vault takes",
    )
    assert not [each for each in vault.requests if each.method == "PUT"]
    assert put(held, b"x" * 25600) is True


def test_what_is_put_meanwhile_stays(vault: KeyVault, tmp_path: Path) -> None:
    held = look(tmp_path)
    vault.put("aura-db", "theirs", tags=OURS)
    assert put(held) is False
    assert contents(vault) == ["theirs"]
    held = look(tmp_path)
    vault.put("aura-db", "theirs again", tags=OURS)
    assert put(held) is False
    assert contents(vault) == ["theirs", "theirs again"]


def test_of_two_versions_put_in_the_same_moment_the_current_one_is_the_winners(vault: KeyVault, tmp_path: Path) -> None:
    held = look(tmp_path)

    def overtaken(request: Request) -> Answer | None:
        if not request.body:
            return None  # which asks for the challenge
        del vault.instead[PUT]
        answer = vault.answer(HOST, request)
        vault.put("aura-db", "theirs", tags=OURS)
        return answer

    vault.instead[PUT] = overtaken
    assert put(held, b"mine") is False
    assert contents(vault) == ["mine", "theirs"]


def test_an_answer_that_was_lost_is_not_written_twice(vault: KeyVault, tmp_path: Path) -> None:
    held = look(tmp_path)

    def lost(request: Request) -> Answer | None:
        if not request.body:
            return None
        del vault.instead[PUT]
        vault.answer(HOST, request)
        return Answer(200, b"{", cut=True)

    vault.instead[PUT] = lost
    assert put(held) is True
    assert contents(vault) == ["two"]


def test_a_secret_that_was_deleted_or_disabled_is_not_written(vault: KeyVault, tmp_path: Path) -> None:
    vault.put("aura-db", CANARY, enabled=False)
    with pytest.raises(SealgenError) as caught:
        look(tmp_path)
    assert told(caught) == (CannotTell, f"{LABEL} is disabled")
    vault.deleted["aura-db"] = 1588748889
    with pytest.raises(SealgenError) as caught:
        look(tmp_path)
    assert told(caught) == (
        CannotTell,
        (
            f"{LABEL} was deleted at 2020-05-06 07:08 UTC\n"
            "Until 2020-08-04 07:08 UTC it can be recovered: az keyvault secret recover --id "
            f"https://{HOST}/deletedsecrets/aura-db"
        ),
    )


def test_a_name_that_nobody_knows_to_be_deleted(vault: KeyVault, tmp_path: Path) -> None:
    vault.put("aura-db", "one")
    vault.delete("aura-db")
    vault.instead["GET /deletedsecrets/aura-db"] = as_json({"error": {"code": "Forbidden"}}, 403)
    with pytest.raises(SealgenError) as caught:
        put(look(tmp_path))
    assert told(caught) == (
        CannotTell,
        f"{LABEL} was deleted, and its name is not free as long as it can be recovered",
    )


def test_writing_is_denied(vault: KeyVault, tmp_path: Path) -> None:
    held = look(tmp_path)
    vault.instead[PUT] = lambda request: (
        as_json({"error": {"code": "Forbidden", "message": CANARY}}, 403) if request.body else None
    )
    with pytest.raises(SealgenError) as caught:
        put(held, CANARY.encode())
    assert told(caught) == (
        CannotTell,
        (
            f"Azure Key Vault {HOST} refuses aura-db to who is signed in (403)\n"
            "It takes the role Key Vault Secrets Officer, or an access policy with get and set."
        ),
    )
