"""The private keys that open: read from PEM in either format, and every other thing refused in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sealgen.crypto import certificate
from sealgen.crypto.private_key import load
from sealgen.errors import ConfigurationError
from tests.support.project import controller

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

FILE = "backup.pem"


def pem(
    key: PrivateKeyTypes,
    layout: PrivateFormat = PrivateFormat.PKCS8,
    passphrase: bytes | None = None,
) -> bytes:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, layout, encryption)


def refusal(content: bytes) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(content, FILE)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
    return str(refused.value)


@pytest.mark.parametrize("layout", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_key_is_read_in_either_format_and_has_its_certificates_fingerprint(layout: PrivateFormat, end: bytes) -> None:
    (found,) = load(pem(controller().private_key, layout).replace(b"\n", end), FILE)
    assert found.key.private_numbers() == controller().private_key.private_numbers()
    assert found.fingerprint == certificate.load(controller().certificate, "tls.crt").fingerprint
    assert found.file == FILE


def test_of_a_key_nothing_is_shown_but_its_fingerprint_and_file() -> None:
    (found,) = load(pem(controller().private_key), FILE)
    assert repr(found) == f"PrivateKey(fingerprint='{found.fingerprint}', file='{FILE}')"


def test_several_keys_are_read_in_their_order_with_certificates_and_text_between(
    private_key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey
) -> None:
    content = b"of 2024\n" + controller().certificate + pem(private_key) + b"older\n"
    content += pem(other_key, PrivateFormat.TraditionalOpenSSL) + controller().certificate
    assert [one.key.key_size for one in load(content, FILE)] == [2048, 3072]


NOT_PEM = (
    "backup.pem is not PEM; a private key begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----"
)
DAMAGED = "backup.pem has a private key that can't be read; it is damaged, or of no known kind"
PASSPHRASE = "backup.pem has a private key with a passphrase\n'openssl rsa -in FILE' prints it without."


@pytest.mark.parametrize("content", [b"", b"hunter2\n", b"\xff\0", b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"])
def test_what_is_no_pem_is_refused(content: bytes) -> None:
    assert refusal(content) == NOT_PEM


def test_a_certificate_alone_is_refused() -> None:
    assert refusal(controller().certificate) == (
        "backup.pem holds no private key but a CERTIFICATE\n"
        "A certificate seals; what opens is tls.key of the controller's key Secret."
    )


def test_a_public_key_is_refused(private_key: rsa.RSAPrivateKey) -> None:
    public = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert refusal(public).startswith("backup.pem holds no private key but a PUBLIC KEY\n")


def test_a_key_with_a_passphrase_is_refused_in_either_format(private_key: rsa.RSAPrivateKey) -> None:
    assert refusal(pem(private_key, passphrase=b"hunter2")) == PASSPHRASE
    assert refusal(pem(private_key, PrivateFormat.TraditionalOpenSSL, b"hunter2")) == PASSPHRASE


@pytest.mark.parametrize("layout", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_that_is_not_rsa_is_refused_by_its_kind(layout: PrivateFormat) -> None:
    assert (
        refusal(pem(ec.generate_private_key(ec.SECP256R1()), layout))
        == "backup.pem has a private key of type EC; Sealed Secrets needs RSA"
    )
    assert (
        refusal(pem(ed25519.Ed25519PrivateKey.generate()))
        == "backup.pem has a private key of type Ed25519; Sealed Secrets needs RSA"
    )


def test_an_rsa_key_that_seals_nothing_safely_is_refused() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    assert refusal(pem(short)) == "backup.pem has an RSA key of 1024 bits; Sealed Secrets takes 2048 to 16384"


def test_a_key_for_ssh_is_refused(private_key: rsa.RSAPrivateKey) -> None:
    assert refusal(pem(private_key, PrivateFormat.OpenSSH)) == DAMAGED


def test_a_damaged_key_is_refused_without_a_part_of_it(private_key: rsa.RSAPrivateKey) -> None:
    lines = pem(private_key).splitlines(keepends=True)
    assert refusal(b"".join([*lines[:3], *lines[4:]])) == DAMAGED
    assert refusal(b"".join([lines[0], b"hunter2\n", lines[-1]])) == DAMAGED


def test_a_key_that_is_cut_off_is_refused_also_before_another(private_key: rsa.RSAPrivateKey) -> None:
    whole = pem(private_key)
    cut_off = "backup.pem is cut off; -----END PRIVATE KEY----- is missing"
    assert refusal(whole[:500]) == cut_off
    assert refusal(whole[:500] + b"\n" + controller().certificate) == cut_off
    assert refusal(whole[:500] + b"\n" + whole) == cut_off
