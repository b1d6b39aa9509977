"""Versions tell values apart and tell nothing of them, nor of the key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from sealgen.values.fingerprint import FingerprintKey, literal_version, new_key_text
from sealgen.values.literal import Literal
from sealgen.values.rules import Rules
from sealgen.values.secret import Secret
from sealgen.values.value import Value, specification_digest
from tests.values.reading import CANARY

TEXT = "00112233445566778899aabbccddeeff" * 2
KEY = FingerprintKey.parse(TEXT)


def version(environment: str, name: str, **parts: bytes) -> str:
    return KEY.version(environment, name, {part: Secret(content) for part, content in parts.items()})


def test_hexadecimal_and_base64_are_the_same_key() -> None:
    raw = bytes.fromhex(TEXT)
    for text in (TEXT.upper(), f"{TEXT}\n", base64.b64encode(raw).decode(), f" {base64.b64encode(raw).decode()}\r\n"):
        assert FingerprintKey.parse(text).key.reveal() == raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        CANARY,
        TEXT[:-2],
        TEXT + "00",
        TEXT[:-1] + "g",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        "A" * 44,
    ],
)
def test_another_text_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FingerprintKey.parse(text)
    assert str(caught.value) == (
        "the fingerprint key is not 32 bytes, in 64 hexadecimal digits or in base64\n"
        "Check SEALGEN_FINGERPRINT_KEY, or make a new key with 'openssl rand -hex 32'."
    )


def test_a_new_key_is_random_and_can_be_read() -> None:
    texts = {new_key_text() for _ in range(100)}
    assert len(texts) == 100
    for text in texts:
        assert re.fullmatch(r"[0-9a-f]{64}", text)
        assert FingerprintKey.parse(text).key.reveal() == bytes.fromhex(text)


def test_the_key_is_masked() -> None:
    assert f"{KEY} {KEY!r}" == "FingerprintKey(key=Secret(***)) FingerprintKey(key=Secret(***))"
    with pytest.raises(TypeError, match="a secret can't be pickled"):
        pickle.dumps(KEY)


def framed(*items: bytes) -> bytes:
    return b"".join(len(item).to_bytes(8, "big") + item for item in items)


def test_a_version_is_an_hmac_over_environment_name_and_parts() -> None:
    message = framed(b"sealgen value version 1", b"staging", b"tls", b"crt", b"C", b"key", b"K")
    expected = hmac.new(bytes.fromhex(TEXT), message, hashlib.sha256).hexdigest()[:32]
    assert version("staging", "tls", key=b"K", crt=b"C") == f"hmac-sha256:{expected}"


def test_the_id_is_an_hmac_of_its_own() -> None:
    expected = hmac.new(bytes.fromhex(TEXT), framed(b"sealgen fingerprint key 1"), hashlib.sha256).hexdigest()[:16]
    assert KEY.id == expected


def test_versions_and_ids_stay_the_same_for_ever() -> None:
    # Locks in Git hold them.
    assert KEY.id == "e0d69c5af114debf"
    assert (
        KEY.version("staging", "smtp_password", {"": Secret(b"secret")})
        == "hmac-sha256:40453da41d454373fc7966b3a9733b23"
    )


texts = st.text(st.characters(codec="utf-8"), max_size=4)
values = st.tuples(texts, texts, st.dictionaries(texts, st.binary(max_size=4), max_size=3))


@given(values, values)
def test_two_values_have_one_version_only_if_they_are_the_same(
    one: tuple[str, str, dict[str, bytes]], other: tuple[str, str, dict[str, bytes]]
) -> None:
    versions = [
        KEY.version(environment, name, {part: Secret(content) for part, content in parts.items()})
        for environment, name, parts in (one, other)
    ]
    assert (versions[0] == versions[1]) == (one == other)


def test_bytes_that_move_between_items_change_the_version() -> None:
    versions = [
        version("ab", "c", d=b"e"),
        version("a", "bc", d=b"e"),
        version("ab", "cd", e=b""),
        version("ab", "c", d=b"", e=b""),
        version("ab", "c"),
    ]
    assert len(set(versions)) == len(versions)


def test_the_order_of_parts_means_nothing() -> None:
    parts = {"a": Secret(b"1"), "b": Secret(b"2"), "c": Secret(b"3")}
    assert len({KEY.version("e", "n", dict(order)) for order in itertools.permutations(parts.items())}) == 1


def test_another_key_has_other_versions_and_another_id() -> None:
    other = FingerprintKey.parse(new_key_text())
    assert other.id != KEY.id
    assert other.version("e", "n", {"": Secret(b"x")}) != version("e", "n", **{"": b"x"})


def test_the_version_of_a_literal_is_its_specifications_digest() -> None:
    rules = Rules(None, None, None, None, None)

    def literal(text: bytes) -> Value:
        return Value("user", Literal(Secret(text)), rules)

    assert literal_version(literal(b"aura")) == "literal:" + specification_digest(Literal(Secret(b"aura")))[:32]
    assert literal_version(literal(b"aura")) != literal_version(literal(b"aurA"))
    assert literal_version(literal(b"aura")) == literal_version(literal(b"aura"))
