"""Values are encrypted in the controller's format, for one place, and opened from there alone."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.crypto.ciphertext import CiphertextError, Shape, shape
from sealgen.crypto.hybrid import seal, unseal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LABEL = b"aura-staging/backend-secrets"

UNOPENED = (
    "no private key opens the ciphertext with the label 'aura-staging/backend-secrets': it was sealed with "
    "another certificate or for another scope, namespace or name, or it was altered"
)

labels = st.one_of(st.just(b""), st.just(LABEL), st.binary(max_size=600))
rsa_settings = settings(deadline=None, max_examples=50)


def mgf1(seed: bytes, length: int) -> bytes:
    """Return the mask of RFC 8017, appendix B.2.1, with SHA-256."""
    counters = range((length + 31) // 32)
    return b"".join(hashlib.sha256(seed + i.to_bytes(4, "big")).digest() for i in counters)[:length]


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def by_the_book(ciphertext: bytes, private_key: RSAPrivateKey, label: bytes) -> bytes:
    """Decrypt step by step as the standards say, sharing nothing with the code under test."""
    numbers = private_key.private_numbers()
    modulus = numbers.public_numbers.n
    size = private_key.key_size // 8
    assert int.from_bytes(ciphertext[:2], "big") == size
    wrapped_key, sealed, tag = ciphertext[2 : 2 + size], ciphertext[2 + size : -16], ciphertext[-16:]

    encoded = pow(int.from_bytes(wrapped_key, "big"), numbers.d, modulus).to_bytes(size, "big")
    seed = xor(encoded[1:33], mgf1(encoded[33:], 32))
    block = xor(encoded[33:], mgf1(seed, size - 33))
    assert encoded[0] == 0
    assert block[:32] == hashlib.sha256(label).digest()
    filling, one, session_key = block[32:].partition(b"\1")
    assert not filling.strip(b"\0")
    assert one
    assert len(session_key) == 32

    decryptor = Cipher(algorithms.AES(session_key), modes.GCM(bytes(12), tag)).decryptor()
    return decryptor.update(sealed) + decryptor.finalize()


@rsa_settings
@given(plaintext=st.binary(max_size=5000), label=labels)
def test_the_format_is_that_of_the_standards(private_key: RSAPrivateKey, plaintext: bytes, label: bytes) -> None:
    assert by_the_book(seal(plaintext, private_key.public_key(), label), private_key, label) == plaintext


@rsa_settings
@given(plaintext=st.binary(max_size=5000), label=labels)
def test_what_is_sealed_opens_to_the_same_bytes(private_key: RSAPrivateKey, plaintext: bytes, label: bytes) -> None:
    assert unseal(seal(plaintext, private_key.public_key(), label), [private_key], label) == plaintext


@rsa_settings
@given(plaintext=st.binary(max_size=5000), label=labels)
def test_the_shape_tells_both_lengths(other_key: RSAPrivateKey, plaintext: bytes, label: bytes) -> None:
    assert shape(seal(plaintext, other_key.public_key(), label)) == Shape(384, len(plaintext))


def test_sealing_twice_gives_two_ciphertexts_with_nothing_in_common(private_key: RSAPrivateKey) -> None:
    public_key = private_key.public_key()
    one, two = seal(bytes(64), public_key, LABEL), seal(bytes(64), public_key, LABEL)
    assert one[2:258] != two[2:258]
    assert one[258:] != two[258:]


def test_each_key_is_tried(private_key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    for key in (private_key, other_key):
        ciphertext = seal(b"value", key.public_key(), LABEL)
        assert unseal(ciphertext, [private_key, other_key], LABEL) == b"value"
        assert unseal(ciphertext, iter([other_key, private_key]), LABEL) == b"value"


@pytest.mark.parametrize("place", [b"", b"aura-staging", b"aura-staging/other", b"aura-production/backend-secrets"])
def test_a_value_sealed_for_another_place_is_refused(private_key: RSAPrivateKey, place: bytes) -> None:
    ciphertext = seal(b"value", private_key.public_key(), place)
    with pytest.raises(CiphertextError) as refusal:
        unseal(ciphertext, [private_key], LABEL)
    assert str(refusal.value) == UNOPENED


def test_a_value_sealed_with_another_certificate_is_refused(
    private_key: RSAPrivateKey, other_key: RSAPrivateKey
) -> None:
    ciphertext = seal(b"value", other_key.public_key(), LABEL)
    for keys in ([private_key], []):
        with pytest.raises(CiphertextError) as refusal:
            unseal(ciphertext, keys, LABEL)
        assert str(refusal.value) == UNOPENED


@rsa_settings
@given(data=st.data())
def test_one_altered_bit_is_refused_wherever_it_is(private_key: RSAPrivateKey, data: st.DataObject) -> None:
    ciphertext = bytearray(seal(b"value", private_key.public_key(), LABEL))
    bit = data.draw(st.integers(0, len(ciphertext) * 8 - 1))
    ciphertext[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CiphertextError):
        unseal(bytes(ciphertext), [private_key], LABEL)


@rsa_settings
@given(data=st.data())
def test_a_ciphertext_cut_off_or_grown_is_refused(private_key: RSAPrivateKey, data: st.DataObject) -> None:
    ciphertext = seal(b"value", private_key.public_key(), LABEL)
    cut = ciphertext[: data.draw(st.integers(0, len(ciphertext) - 1))]
    grown = ciphertext + data.draw(st.binary(min_size=1, max_size=9))
    for altered in (cut, grown):
        with pytest.raises(CiphertextError):
            unseal(altered, [private_key], LABEL)


@given(st.binary(max_size=1200))
def test_arbitrary_bytes_have_a_shape_that_adds_up_or_are_refused(content: bytes) -> None:
    try:
        read = shape(content)
    except CiphertextError:
        return
    assert 2 + read.rsa_bytes + read.plaintext_bytes + 16 == len(content)


@pytest.mark.parametrize(
    ("ciphertext", "message"),
    [
        (b"", "not a ciphertext: 0 bytes are too few to begin with a length"),
        (b"\1", "not a ciphertext: 1 bytes are too few to begin with a length"),
        (bytes(600), "not a ciphertext: it begins with the RSA length 0, which is at least 256"),
        (b"\0\xff" + bytes(600), "not a ciphertext: it begins with the RSA length 255, which is at least 256"),
        (
            b"\1\0" + bytes(271),
            "not a ciphertext, or cut off: 273 bytes, where the RSA length 256 needs at least 274",
        ),
        (b"hunter2", "not a ciphertext, or cut off: 7 bytes, where the RSA length 26741 needs at least 26759"),
    ],
)
def test_what_is_no_ciphertext_is_refused(private_key: RSAPrivateKey, ciphertext: bytes, message: str) -> None:
    for read in (lambda: shape(ciphertext), lambda: unseal(ciphertext, [private_key], LABEL)):
        with pytest.raises(CiphertextError) as refusal:
            read()
        assert str(refusal.value) == message


def test_an_empty_value_is_the_shortest_ciphertext(private_key: RSAPrivateKey) -> None:
    assert shape(b"\1\0" + bytes(272)) == Shape(256, 0)
    assert len(seal(b"", private_key.public_key(), LABEL)) == 274


def test_a_session_key_of_another_length_is_refused(private_key: RSAPrivateKey) -> None:
    oaep = padding.OAEP(padding.MGF1(SHA256()), SHA256(), LABEL)
    ciphertext = b"\1\0" + private_key.public_key().encrypt(os.urandom(31), oaep) + bytes(16)
    with pytest.raises(CiphertextError) as refusal:
        unseal(ciphertext, [private_key], LABEL)
    assert str(refusal.value) == UNOPENED
