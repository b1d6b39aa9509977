"""The controller's key Secrets, as a backup of them holds them: every private key is read, and nothing else is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sealgen.errors import ConfigurationError
from sealgen.kubernetes.key_secrets import LABEL, read
from tests.support.project import controller
from tests.support.sealing_keys import key_secret, private_pem

HINT = "\n'kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml' prints them."


def read_json(*secrets: dict[str, Any]) -> list[tuple[str, str]]:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(secrets)}
    return [(key.file, key.fingerprint) for key in read(json.dumps(listed, indent=2).encode(), "keys.json")]


def refusal(*secrets: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        read_json(*secrets)
    return str(refused.value)


def test_the_keys_of_a_list_are_read_active_and_compromised() -> None:
    one, two = controller("one"), controller("two")
    assert read_json(key_secret(one, "a"), key_secret(two, "b", label="compromised")) == [
        ("keys.json (Secret a)", one.fingerprint),
        ("keys.json (Secret b)", two.fingerprint),
    ]


def test_a_key_secret_by_itself_is_read_with_its_key_under_string_data_too() -> None:
    text = private_pem(controller()).decode().replace("\n", "\n    ")
    content = (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  labels: {{{LABEL}: active}}\n"
        f"stringData:\n  tls.key: |\n    {text}\n"
    )
    (found,) = read(content.encode(), "keys.yaml")
    assert (found.file, found.fingerprint) == ("keys.yaml (Secret a)", controller().fingerprint)


def ingress() -> dict[str, Any]:
    """A TLS Secret of another kind, as there may be in the same namespace."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    data = {"tls.crt": "", "tls.key": base64.b64encode(pem).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "i"}, "type": "kubernetes.io/tls", "data": data}


def test_other_objects_beside_the_key_secrets_are_passed_over() -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"x": 1}}
    assert read_json(config_map, ingress(), key_secret(controller(), "a")) == [
        ("keys.json (Secret a)", controller().fingerprint)
    ]


def test_where_the_label_is_gone_the_type_tells() -> None:
    secret = key_secret(controller(), "a")
    del secret["metadata"]["labels"]
    token = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t"}, "type": "Opaque", "data": {}}
    assert read_json(token, secret) == [("keys.json (Secret a)", controller().fingerprint)]


def test_a_file_without_a_key_secret_is_refused_and_told_how_to_get_one() -> None:
    secret = key_secret(controller(), "a") | {"type": "Opaque"}
    del secret["metadata"]["labels"]
    assert refusal(secret) == (
        "keys.json holds no key Secret, which has the label sealedsecrets.bitnami.com/sealed-secrets-key" + HINT
    )
    assert refusal({"apiVersion": "v1", "kind": "ConfigMap"}).endswith(HINT)


def test_a_key_secret_without_its_key_is_refused() -> None:
    secret = key_secret(controller(), "a")
    del secret["data"]["tls.key"]
    assert refusal(secret) == "keys.json:5:5: a key Secret without 'tls.key'"


def test_a_damaged_key_is_refused_by_the_name_of_its_secret_and_without_a_part_of_it() -> None:
    secret = key_secret(controller(), "a")
    secret["data"]["tls.key"] = base64.b64encode(b"hunter2").decode()
    assert refusal(secret) == (
        "keys.json (Secret a) is not PEM; a private key begins with -----BEGIN PRIVATE KEY----- or "
        "-----BEGIN RSA PRIVATE KEY-----"
    )
    secret["data"]["tls.key"] = "hunter2"
    assert refusal(secret) == "keys.json:19:20: data.tls.key is not base64; write plain text under stringData"


def test_a_labelled_key_that_is_not_rsa_is_refused() -> None:
    secret = ingress()
    secret["metadata"]["labels"] = {LABEL: "active"}
    assert refusal(secret) == "keys.json (Secret i) has a private key of type EC; Sealed Secrets needs RSA"


def test_another_version_of_secrets_is_refused() -> None:
    secret = key_secret(controller(), "a") | {"apiVersion": "v2"}
    assert refusal(secret) == "keys.json:6:21: apiVersion is 'v2', not 'v1'"
