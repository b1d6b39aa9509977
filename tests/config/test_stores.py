"""``stores:`` names where secrets are; each value that a store holds means exactly one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgen.config.environment import load
from sealgen.errors import ConfigurationError
from sealgen.values.credential import Credential
from sealgen.values.stored import Stored
from sealgen.values.vault import Auth, VaultStore
from tests.values.reading import CANARY

if TYPE_CHECKING:
    from sealgen.config.environment import Environment

MAIN = "main: {kind: vault, address: https://vault.example:8200}"
OTHER = "other: {kind: vault, address: https://other.example}"


def environment(stores: str, value: str, base: str = "") -> Environment:
    """Return the environment with these stores and this value ``password``."""
    files = {
        "environments/base.yaml": base,
        "environments/staging.yaml": (
            "extends: base\nnamespace: aura\nbackend: {kind: plain}\nsecrets: []\n"
            f"values: {{password: {value}}}\nstores: {stores}\n"
        ),
    }
    return load("staging", lambda path: files[path].encode() if base or "base" not in path else b"{}")


def source(stores: str, value: str = "{vault: secret/a, property: p}", base: str = "") -> Stored:
    found = environment(stores, value, base).values["password"].source
    assert isinstance(found, Stored)
    return found


def refusal(stores: str, value: str = "{vault: secret/a, property: p}") -> str:
    with pytest.raises(ConfigurationError) as caught:
        environment(stores, value)
    assert CANARY not in str(caught.value)
    return str(caught.value).removeprefix("environments/staging.yaml:")


def test_a_value_is_in_the_store_that_it_names() -> None:
    found = source(f"{{{MAIN}, {OTHER}}}", "{vault: secret/a, property: p, store: other}")
    assert found.part.entry.store == VaultStore("https://other.example")
    assert found.kind == "vault"


def test_without_a_name_it_is_in_the_only_store_of_its_kind_or_where_the_variables_say() -> None:
    assert source(f"{{{MAIN}}}").part.entry.store == VaultStore("https://vault.example:8200")
    assert source("{}").part.entry.store == VaultStore()


def test_how_a_store_is_reached_is_no_change_of_the_value() -> None:
    one, other = source("{}"), source(f"{{{MAIN}}}")
    assert one.specification() == other.specification() == {"vault": "secret/a", "property": ["p"]}


@pytest.mark.parametrize(
    ("stores", "value", "message"),
    [
        (
            f"{{{MAIN}}}",
            "{vault: secret/a, property: p, store: mian}",
            "5:58: values.password.store: no store 'mian'; did you mean 'main'?",
        ),
        (
            "{}",
            "{vault: secret/a, property: p, store: main}",
            "5:58: values.password.store: no store 'main'; the environment has no stores:",
        ),
        (
            f"{{{MAIN}, {OTHER}}}",
            "{vault: secret/a, property: p}",
            (
                "5:28: values.password: stores: has more than one of kind vault, main and other; "
                "say which, as in store: main"
            ),
        ),
        (
            "{main: {kind: aws-ssm}}",
            "{vault: secret/a, property: p, store: main}",
            "5:58: values.password.store: 'main' is of kind aws-ssm, and the value of vault",
        ),
        (
            "{main: {}}",
            "{literal: x}",
            (
                "6:16: stores.main.kind is missing; one of vault, aws-secretsmanager, aws-ssm, gcp-secretmanager, "
                "azure-keyvault, kubernetes, age"
            ),
        ),
        (
            "{main: {kind: valt}}",
            "{literal: x}",
            "6:23: stores.main.kind can't be 'valt'; did you mean 'vault'?",
        ),
        (
            "{main: {adress: x}}",
            "{literal: x}",
            "6:17: unknown field 'stores.main.adress'; did you mean 'address'?",
        ),
        (
            "{'a b': {kind: vault}}",
            "{literal: x}",
            "6:10: stores can't be 'a b'; it must be letters, digits, '_' and '-', a letter first",
        ),
        (
            f"{{main: {{kind: vault, address: 'https://u:{CANARY}@vault'}}}}",
            "{literal: x}",
            "6:39: stores.main.address: it must be an http:// or https:// URL with no user, question mark or hash",
        ),
        (
            f"{{main: {{kind: vault, auth: {{kind: token, token: {CANARY}}}}}}}",
            "{literal: x}",
            "6:57: stores.main.auth.token must be {env: NAME} or {file: PATH}: no credential is written into this file",
        ),
        (
            "{main: {kind: vault, auth: {kind: token, token: {}}}}",
            "{literal: x}",
            "6:57: stores.main.auth.token must be {env: NAME} or {file: PATH}",
        ),
        (
            "{main: {kind: vault, auth: {kind: token, token: {env: A, file: b}}}}",
            "{literal: x}",
            "6:57: stores.main.auth.token must be {env: NAME} or {file: PATH}",
        ),
        (
            "{main: {kind: vault, auth: {kind: approle, role_id: r}}}",
            "{literal: x}",
            "6:36: stores.main.auth.secret_id is missing; write secret_id: {env: VAULT_SECRET_ID}",
        ),
        (
            "{main: {kind: vault, auth: {kind: jwt, token: {env: T}, mount: /jwt}}}",
            "{literal: x}",
            "6:72: stores.main.auth.mount: '/jwt' is no mount's path",
        ),
    ],
)
def test_what_can_not_be_is_refused(stores: str, value: str, message: str) -> None:
    assert refusal(stores, value) == message


def test_how_to_sign_in() -> None:
    def auth(text: str) -> Auth:
        store = source(f"{{main: {{kind: vault, auth: {text}}}}}").part.entry.store
        assert isinstance(store, VaultStore)
        return store.auth

    assert auth("{kind: token}") == Auth()
    assert auth("{kind: approle, role_id: r, secret_id: {env: S}}") == Auth(
        "approle", Credential(env="S"), "r", "approle"
    )
    assert auth("{kind: kubernetes, role: r}") == Auth(
        "kubernetes", Credential(file="/var/run/secrets/kubernetes.io/serviceaccount/token"), "r", "kubernetes"
    )
    assert auth("{kind: jwt, token: {file: t}, mount: gitlab}") == Auth("jwt", Credential(file="t"), None, "gitlab")


def test_another_kind_of_signing_in_leaves_nothing_of_the_one_before() -> None:
    base = "stores: {main: {kind: vault, address: 'https://a', auth: {kind: approle, role_id: r, secret_id: {env: S}}}}"
    found = source("{main: {auth: {kind: jwt, token: {env: T}}}}", base=base).part.entry.store
    assert found == VaultStore("https://a", auth=Auth("jwt", Credential(env="T"), None, "jwt"))
