"""What the source ``vault`` may say."""

from __future__ import annotations

import pytest

from sealgen.errors import ConfigurationError
from sealgen.values.entry import Entry, Part
from sealgen.values.stored import Stored
from sealgen.values.vault import VaultStore
from tests.values.reading import read, refusal


def part(yaml: str) -> Part:
    source = read(yaml).source
    assert isinstance(source, Stored)
    assert not source.made
    return source.part


def test_its_fields() -> None:
    assert part("{vault: secret/a, property: p}") == Part(Entry(VaultStore(), "secret/a", None), ("p",), None, 30)
    assert part(
        "{vault: secret/a/b, property: [p, 'q.r'], version: 3, encoding: base64, timeout: 1m}",
    ) == Part(Entry(VaultStore(), "secret/a/b", "3"), ("p", "q.r"), "base64", 60)


def test_the_specification_says_what_was_written() -> None:
    source = read("{vault: secret/a, property: p, version: 3, encoding: base64, store: main, timeout: 2s}").source
    assert source.specification() == {
        "vault": "secret/a",
        "property": ["p"],
        "version": "3",
        "encoding": "base64",
        "store": "main",
    }


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "{vault: secret, property: p}",
            "1:9: values.password.vault: 'secret' must be a mount and a path in it, such as secret/aura/postgres",
        ),
        (
            "{vault: secret/../sys/raw, property: p}",
            (
                "1:9: values.password.vault: 'secret/../sys/raw' must be a mount and a path in it, such as "
                "secret/aura/postgres"
            ),
        ),
        (
            "{vault: secret/a}",
            (
                "1:1: values.password.property is missing: The secret's key; a list of names leads into what it "
                "holds as JSON."
            ),
        ),
        ("{vault: secret/a, property: ''}", "1:29: values.password.property: a property's name is missing"),
        ("{vault: secret/a, property: []}", "1:29: values.password.property is empty"),
        ("{vault: secret/a, property: {}}", "1:29: values.password.property must be text, not a mapping"),
        (
            "{vault: secret/a, property: p, version: 0}",
            "1:41: values.password.version must be a whole number from 1 to 2147483648, not 0",
        ),
        (
            "{vault: secret/a, property: p, encoding: hex}",
            "1:42: values.password.encoding can't be 'hex'; known are base64",
        ),
        (
            "{vault: secret/a, property: p, store: 1}",
            "1:39: values.password.store can't be '1'; it must be letters, digits, '_' and '-', a letter first",
        ),
    ],
)
def test_what_is_no_secret_of_vault_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"
