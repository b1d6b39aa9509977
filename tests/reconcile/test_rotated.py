"""Of what the controller answers only ciphertexts count, and only if they can be what was asked for."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sealgen.crypto import hybrid
from sealgen.errors import SealgenError
from sealgen.kubernetes.sealed_object import Place
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.reconcile import rotated
from tests.support.controller import controller_certificate
from tests.support.project import controller

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE = Place("aura", "app", Scope.STRICT)


def sealed(value: bytes) -> str:
    return base64.b64encode(hybrid.seal(value, controller().private_key.public_key(), PLACE.label)).decode()


SENT = {"b": sealed(b"one"), "a": sealed(b"twelve bytes")}


def answer(**ciphertexts: object) -> dict[str, Any]:
    """Return an answer with these ciphertexts in the place of good ones."""
    return {
        "metadata": {"name": "app", "namespace": "aura", "creationTimestamp": None},
        "spec": {
            "template": {"metadata": {"name": "app", "namespace": "aura", "creationTimestamp": None}},
            "encryptedData": {"a": sealed(b"TWELVE BYTES"), "b": sealed(b"ONE"), **ciphertexts},
        },
    }


def refusal(given: Any) -> str:
    with pytest.raises(SealgenError) as caught:
        rotated.ciphertexts(given if isinstance(given, bytes) else json.dumps(given).encode(), PLACE, SENT, 256)
    return str(caught.value)


def test_the_ciphertexts_of_the_keys_that_were_sent() -> None:
    given = answer()
    found = rotated.ciphertexts(json.dumps(given).encode(), PLACE, SENT, 256)
    assert list(found) == ["b", "a"]
    assert found == given["spec"]["encryptedData"]


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        {},
        {"metadata": 1},
        answer() | {"spec": {}},
        answer() | {"metadata": []},
    ],
    ids=range(10),
)
def test_an_answer_that_is_no_sealed_secret(given: Any) -> None:
    assert refusal(given) == "the controller's answer is no SealedSecret"


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"name": "other"}, "aura/other (strict)"),
        ({"namespace": "other"}, "other/app (strict)"),
        ({"annotations": {"sealedsecrets.bitnami.com/cluster-wide": "true"}}, "aura/app (cluster-wide)"),
    ],
)
def test_an_answer_of_another_name_namespace_or_scope(metadata: dict[str, Any], told: str) -> None:
    given = answer()
    given["metadata"] |= metadata
    assert refusal(given) == f"the controller's answer is of {told}, and not of aura/app (strict)"


def drop(given: dict[str, Any]) -> None:
    del given["a"]


def add(given: dict[str, Any]) -> None:
    given["c"] = given["a"]


@pytest.mark.parametrize(("change", "keys"), [(drop, "b"), (add, "a, b, c")])
def test_an_answer_with_other_keys(change: Callable[[dict[str, Any]], None], keys: str) -> None:
    given = answer()
    change(given["spec"]["encryptedData"])
    assert refusal(given) == f"the controller's answer has the keys {keys}, and not b, a"


def of_another_size() -> str:
    key, _ = controller_certificate(3072, datetime.now(UTC))
    return base64.b64encode(hybrid.seal(b"one", key.public_key(), PLACE.label)).decode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (lambda: 5, "it is no text"),
        (lambda: SENT["b"], "it came back as it was"),
        (lambda: "x" * 500 + "!", "it is not standard base64"),
        (lambda: "é", "it is not standard base64"),
        (lambda: "AQA=", "it is not a ciphertext, or cut off: 2 bytes, where the RSA length 256 needs at least 274"),
        (of_another_size, "it was sealed with a key of 3072 bits, and the newest has 2048"),
        (lambda: sealed(b"four"), "it holds a value of another length"),
    ],
)
def test_a_ciphertext_that_can_t_be_the_one(text: Callable[[], object], problem: str) -> None:
    assert refusal(answer(b=text())) == f"the controller's answer is wrong in b: {problem}"
