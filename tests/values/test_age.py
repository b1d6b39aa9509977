"""The source ``age`` and its store, as an environment file says them."""

from __future__ import annotations

import pytest

from sealgen.config.stores import STORES, placed
from sealgen.errors import ConfigurationError, Mark
from sealgen.values.age import AgeStore
from sealgen.values.credential import Credential
from sealgen.values.stored import Stored
from sealgen.yaml.nodes import parse
from tests.values.reading import CANARY, read, refusal

ONE = "age1" + "q" * 58
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIrFz"


def store(yaml: str) -> object:
    return STORES.read(parse(f"local: {yaml}", "base.yaml"), "stores")["local"]


def test_a_store_is_a_file_and_who_can_open_it() -> None:
    assert store(f"{{kind: age, file: environments/a.age, recipients: [{ONE}, '{SSH} me@laptop']}}") == AgeStore(
        "environments/a.age", (ONE, SSH)
    )
    named = store("{kind: age, file: a.age, recipients: keys/team.txt, identity: {env: PROD_IDENTITY}}")
    assert named == AgeStore("a.age", "keys/team.txt", Credential(env="PROD_IDENTITY"))
    assert isinstance(named, AgeStore)
    assert named.recipients_at == Mark("base.yaml", 1, 45)


def test_how_it_is_encrypted_is_no_change_of_the_value() -> None:
    source = read("{age: smtp/password, property: [a, b], encoding: base64}").source
    assert isinstance(source, Stored)
    assert not source.made
    assert source.specification() == {"age": "smtp/password", "property": ["a", "b"], "encoding": "base64"}


NOT_ONE = "age1… and 58 more, ssh-ed25519 …, or ssh-rsa …"
SECRET = "that is an identity, which is secret and opens the file; its recipient is what 'age-keygen -y' prints"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{kind: age, recipients: [x]}", "1:33: stores.local.recipients[0]: 'x' is no recipient: " + NOT_ONE),
        (
            "{kind: age, file: a}",
            "1:8: stores.local.recipients is missing; write recipients: [age1…]",
        ),
        (
            f"{{kind: age, recipients: [{ONE}]}}",
            "1:8: stores.local.file is missing; write file: environments/staging.values.age",
        ),
        ("{kind: age, file: ../a}", "1:26: stores.local.file: '../a' must be a path below the project's root"),
        ("{kind: age, file: /a}", "1:26: stores.local.file: '/a' must be a path below the project's root"),
        ("{kind: age, recipients: []}", "1:32: stores.local.recipients is empty"),
        (f"{{kind: age, recipients: {ONE}}}", f"1:32: stores.local.recipients must be a list: [{ONE}]"),
        (f"{{kind: age, recipients: AGE-SECRET-KEY-1{CANARY}}}", f"1:32: stores.local.recipients: {SECRET}"),
        (f"{{kind: age, recipients: [AGE-SECRET-KEY-1{CANARY}]}}", f"1:33: stores.local.recipients[0]: {SECRET}"),
        (f"{{kind: age, recipients: [AGE-PLUGIN-X-1{CANARY}]}}", f"1:33: stores.local.recipients[0]: {SECRET}"),
        (
            "{kind: age, recipients: ['-----BEGIN OPENSSH PRIVATE KEY-----']}",
            f"1:33: stores.local.recipients[0]: {SECRET}",
        ),
        (
            "{kind: age, recipients: [age1yubikey1qqqq]}",
            (
                "1:33: stores.local.recipients[0]: 'age1yubikey1qqqq' needs a plug-in of age, and sealgen runs none; "
                "give an age1… or an SSH key"
            ),
        ),
        (
            "{kind: age, recipients: ['ecdsa-sha2-nistp256 AAAA']}",
            "1:33: stores.local.recipients[0]: 'ecdsa-sha2-nistp256 AAAA' is no recipient: " + NOT_ONE,
        ),
        (
            f"{{kind: age, recipients: [{ONE[:-1]}]}}",
            f"1:33: stores.local.recipients[0]: '{ONE[:-1]}' is no recipient: {NOT_ONE}",
        ),
        (
            f"{{kind: age, identity: AGE-SECRET-KEY-1{CANARY}}}",
            (
                "1:30: stores.local.identity must be {env: NAME} or {file: PATH}: "
                "no credential is written into this file"
            ),
        ),
        ("{kind: age, files: a}", "1:20: unknown field 'stores.local.files'; did you mean 'file'?"),
    ],
)
def test_a_store_that_can_not_be_is_refused(yaml: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        store(yaml)
    assert str(caught.value) == f"base.yaml:{message}"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "{age: 'a b'}",
            (
                "1:7: values.password.age can't be 'a b'; it must be letters, digits, '_', '-', '.' and '/', "
                "a letter, digit or '_' first"
            ),
        ),
        (
            "{age: a, variable: x}",
            (
                "1:10: values.password.variable goes with dotenv, not with age, "
                "which takes property, encoding, store, timeout"
            ),
        ),
    ],
)
def test_a_value_that_can_not_be_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_without_a_store_there_is_no_file() -> None:
    with pytest.raises(ConfigurationError) as caught:
        placed({"password": read("{age: a}")}, {})
    assert str(caught.value) == (
        "base.yaml:1:7: values.password: the environment has no store of kind age; "
        "write stores: {local: {kind: age, file: environments/values.age, recipients: [age1…]}}"
    )
