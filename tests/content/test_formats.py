"""JSON, PEM, certificates and private keys are read as Go reads them, and errors hold nothing of the value."""

from __future__ import annotations

import base64
import contextlib
import math
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from sealgen.content.formats import (
    FormatError,
    certificate_of,
    check_ssh_private_key,
    read_certificates,
    read_json,
    read_pem,
    read_private_key,
)
from tests.support.server_certificate import certificate, new_pair, private_pem

if TYPE_CHECKING:
    from collections.abc import Callable

CERTIFICATE, PRIVATE_KEY = new_pair()
BLOCK = b"-----BEGIN THING-----\nYWJj\n-----END THING-----\n"
CANARY = "canary7x9q"


def problem(reader: Callable[[bytes], object], plaintext: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        reader(plaintext)
    return str(caught.value)


def pem(label: str, body: bytes, headers: str = "") -> bytes:
    return f"-----BEGIN {label}-----\n{headers}{base64.encodebytes(body).decode()}-----END {label}-----\n".encode()


def encrypted(private_key: ec.EllipticCurvePrivateKey, form: PrivateFormat) -> bytes:
    return private_key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"passphrase"))


@pytest.mark.parametrize(
    ("plaintext", "data"),
    [
        (b"null", None),
        (b' {"a": [1, 2.5, true, "\xc3\xa9"]}\r\n', {"a": [1.0, 2.5, True, "é"]}),
        (b"1e999", math.inf),
        (b"1" * 5000, math.inf),
    ],
)
def test_json_is_any_json_value(plaintext: bytes, data: object) -> None:
    assert read_json(plaintext) == data


@pytest.mark.parametrize(
    "plaintext", [b"", b"{", b"{'a': 1}", b"NaN", b"[Infinity]", b"{} {}", b"\xef\xbb\xbf{}", b"[" * 100_000]
)
def test_what_is_not_json_is_refused(plaintext: bytes) -> None:
    assert problem(read_json, plaintext) == "is not valid JSON"


def test_json_in_another_encoding_is_refused() -> None:
    assert problem(read_json, '{"a": 1}'.encode("utf-16")) == "is not UTF-8 text, so not JSON"
    assert problem(read_json, b'"\xff"') == "is not UTF-8 text, so not JSON"


def test_the_error_of_json_does_not_hold_the_text() -> None:
    with pytest.raises(FormatError) as caught:
        read_json(b'{"password": "' + CANARY.encode())
    assert caught.value.__context__ is None


def test_pem_blocks_come_in_order_with_comments_between_them() -> None:
    first, second = read_pem(b"a comment\n" + BLOCK + b"Bag Attributes: \\n\n" + pem("OTHER", b"x" * 100))
    assert (first.label, first.headers, first.body) == (b"THING", (), b"abc")
    assert (second.label, second.body) == (b"OTHER", b"x" * 100)


def test_pem_may_have_headers_windows_line_breaks_spaces_in_the_body_and_no_last_newline() -> None:
    (block,) = read_pem(b"-----BEGIN A B-----  \r\nProc-Type: 4,ENCRYPTED\r\n\r\nY W\tJj\r\n-----END A B-----")
    assert (block.label, block.headers, block.body) == (b"A B", (b"Proc-Type: 4,ENCRYPTED",), b"abc")
    assert block.is_encrypted


def test_a_pem_block_shows_nothing_of_itself() -> None:
    (block,) = read_pem(pem(CANARY, CANARY.encode(), f"Comment: {CANARY}\n\n"))
    assert CANARY not in repr(block)


@pytest.mark.parametrize(
    ("plaintext", "expected"),
    [
        (b"", "holds no PEM block, which begins with a line '-----BEGIN …-----'"),
        (b"hunter2", "holds no PEM block, which begins with a line '-----BEGIN …-----'"),
        (b"YWJj\n-----END THING-----\n", "holds no PEM block, which begins with a line '-----BEGIN …-----'"),
        (BLOCK.replace(b"\n", b"\\n"), r"has '\n' as two characters where a PEM line should break"),
        (BLOCK.replace(b"\n", b" "), "has a '-----BEGIN …-----' that is not a line of its own"),
        (b"  " + BLOCK, "has a '-----BEGIN …-----' that is not a line of its own"),
        (BLOCK + b"x " + BLOCK, "has a '-----BEGIN …-----' that is not a line of its own"),
        (b"\xef\xbb\xbf" + BLOCK, "has a '-----BEGIN …-----' that is not a line of its own"),
        (
            BLOCK.replace(b"BEGIN THING-----", b"BEGIN THING"),
            "has a '-----BEGIN …-----' that is not a line of its own",
        ),
        (
            BLOCK.replace(b"END THING-----", b"END THING"),
            "holds a PEM block that doesn't end with its own '-----END …-----' line",
        ),
        (
            BLOCK.replace(b"YWJj", b"YW*Jj"),
            "holds a PEM block that is not base64 between its first and last line",
        ),
        (BLOCK[:-20], "holds a PEM block that is cut off: its '-----END …-----' line is missing"),
        (b"-----BEGIN A-----", "holds a PEM block that is cut off: its '-----END …-----' line is missing"),
        (
            BLOCK.replace(b"END THING", b"END OTHER"),
            "holds a PEM block that doesn't end with its own '-----END …-----' line",
        ),
        (
            b"-----BEGIN THING-----\nYWJj\n" + BLOCK,
            "holds a PEM block that doesn't end with its own '-----END …-----' line",
        ),
        (
            BLOCK.replace(b"YWJj", b"YWJ*"),
            "holds a PEM block that is not base64 between its first and last line",
        ),
        (BLOCK.replace(b"YWJj", b"YWJ"), "holds a PEM block that is not base64 between its first and last line"),
        (BLOCK.replace(b"YWJj\n", b""), "holds a PEM block that is not base64 between its first and last line"),
    ],
)
def test_what_is_not_pem_is_refused(plaintext: bytes, expected: str) -> None:
    assert problem(read_pem, plaintext) == expected


def test_certificates_come_in_order_and_other_blocks_are_left_out() -> None:
    other, _ = new_pair()
    first, second = read_certificates(PRIVATE_KEY + CERTIFICATE + other)
    assert first.public_bytes(Encoding.PEM) == CERTIFICATE
    assert second.public_bytes(Encoding.PEM) == other


def test_a_certificate_with_serial_number_zero_is_read_without_a_python_warning() -> None:
    (block,) = read_pem(CERTIFICATE)
    zero = pem("CERTIFICATE", block.body.replace(b"\x02\x01\x01", b"\x02\x01\x00", 1))
    assert certificate_of(read_private_key(PRIVATE_KEY), read_certificates(zero)) == 0


@pytest.mark.parametrize(
    ("plaintext", "expected"),
    [
        (PRIVATE_KEY, "holds no certificate, which begins with a line '-----BEGIN CERTIFICATE-----'"),
        (b"hunter2", "holds no PEM block, which begins with a line '-----BEGIN …-----'"),
        (pem("CERTIFICATE", b"abc"), "holds a PEM block that should be a certificate and is not"),
        (CERTIFICATE + pem("CERTIFICATE", b"abc"), "holds a PEM block that should be a certificate and is not"),
    ],
)
def test_what_is_not_a_certificate_is_refused(plaintext: bytes, expected: str) -> None:
    assert problem(read_certificates, plaintext) == expected


RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP384R1())
ED25519_KEY = ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    ("private_key", "form"),
    [
        (RSA_KEY, PrivateFormat.PKCS8),
        (RSA_KEY, PrivateFormat.TraditionalOpenSSL),
        (EC_KEY, PrivateFormat.PKCS8),
        (EC_KEY, PrivateFormat.TraditionalOpenSSL),
        (ED25519_KEY, PrivateFormat.PKCS8),
    ],
)
def test_a_private_key_is_read_in_the_three_forms_that_go_reads(private_key: Any, form: PrivateFormat) -> None:
    parameters = pem("EC PARAMETERS", b"\x06\x05\x2b\x81\x04\x00\x22")  # openssl writes it before an EC key
    read = read_private_key(parameters + private_pem(private_key, form))
    assert read.public_key() == private_key.public_key()


@pytest.mark.parametrize(
    ("plaintext", "expected"),
    [
        (CERTIFICATE, "holds no private key, which begins with a line '-----BEGIN … PRIVATE KEY-----'"),
        (
            encrypted(EC_KEY, PrivateFormat.PKCS8),
            "has a passphrase, which nobody can enter in the cluster; give the private key without it",
        ),
        (
            encrypted(EC_KEY, PrivateFormat.TraditionalOpenSSL),
            "has a passphrase, which nobody can enter in the cluster; give the private key without it",
        ),
        (
            private_pem(EC_KEY, PrivateFormat.OpenSSH),
            "holds a PEM block that should be a private key (PKCS #8, PKCS #1 or SEC 1) and is not",
        ),
        (
            pem("PRIVATE KEY", b"abc"),
            "holds a PEM block that should be a private key (PKCS #8, PKCS #1 or SEC 1) and is not",
        ),
        (
            # PKCS #8 with an object identifier that names no key's algorithm.
            pem("PRIVATE KEY", bytes.fromhex("3013020100300a06082a811ccf550182740402") + b"\5\0"),
            "is a private key of an unknown kind; use RSA, ECDSA or Ed25519",
        ),
    ],
)
def test_what_is_not_a_plain_private_key_is_refused(plaintext: bytes, expected: str) -> None:
    assert problem(read_private_key, plaintext) == expected


@pytest.mark.parametrize(
    "plaintext",
    [
        private_pem(RSA_KEY, PrivateFormat.OpenSSH),
        private_pem(ED25519_KEY, PrivateFormat.OpenSSH),
        private_pem(RSA_KEY, PrivateFormat.TraditionalOpenSSL),
        private_pem(EC_KEY),
        encrypted(EC_KEY, PrivateFormat.OpenSSH),
        encrypted(EC_KEY, PrivateFormat.PKCS8),
        encrypted(EC_KEY, PrivateFormat.TraditionalOpenSSL),
        private_pem(RSA_KEY, PrivateFormat.OpenSSH).replace(b"\n", b"\r\n"),
    ],
)
def test_an_ssh_private_key_may_be_openssh_or_pem_with_or_without_a_passphrase(plaintext: bytes) -> None:
    check_ssh_private_key(plaintext)


def test_an_ssh_private_key_of_a_kind_that_cannot_be_read_here_passes() -> None:
    check_ssh_private_key(
        pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0" + _strings(b"none", b"none", b"") + SECURITY_KEY)
    )


def _strings(*texts: bytes) -> bytes:
    return b"".join(len(text).to_bytes(4) + text for text in texts)


_PUBLIC = _strings(b"sk-ssh-ed25519@openssh.com", b"\1" * 32, b"ssh:")
SECURITY_KEY = (1).to_bytes(4) + _strings(
    _PUBLIC, (b"\0" * 8 + _PUBLIC + b"\1" + _strings(b"handle", b"", b"me")).ljust(112, b"\1")
)


@pytest.mark.parametrize(
    ("plaintext", "expected"),
    [
        pytest.param(
            ED25519_KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
            "holds no PEM block, which begins with a line '-----BEGIN …-----'",
            id="an ssh public key",
        ),
        (
            pem("OPENSSH PRIVATE KEY", b"abc"),
            "holds a PEM block that should be an OpenSSH private key and is not",
        ),
        (
            pem("RSA PRIVATE KEY", b"abc"),
            "holds a PEM block that should be a private key (PKCS #8, PKCS #1 or SEC 1) and is not",
        ),
        (CERTIFICATE, "holds no private key, which begins with a line '-----BEGIN … PRIVATE KEY-----'"),
        (b"", "holds no PEM block, which begins with a line '-----BEGIN …-----'"),
    ],
)
def test_what_is_not_an_ssh_private_key_is_refused(plaintext: bytes, expected: str) -> None:
    assert problem(check_ssh_private_key, plaintext) == expected


def test_a_certificate_with_a_key_of_an_unknown_kind_is_passed_over() -> None:
    (block,) = read_pem(CERTIFICATE)
    no_curve = block.body.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030163"), 1)
    certificates = read_certificates(pem("CERTIFICATE", no_curve) + CERTIFICATE)
    assert certificate_of(read_private_key(PRIVATE_KEY), certificates) == 1


def test_the_certificate_of_a_key_is_found_among_others() -> None:
    certificates = read_certificates(new_pair()[0] + CERTIFICATE)
    assert certificate_of(read_private_key(PRIVATE_KEY), certificates) == 1
    assert certificate_of(RSA_KEY, certificates) is None
    assert certificate_of(RSA_KEY, read_certificates(certificate(RSA_KEY))) == 0


@given(
    st.sampled_from([read_json, read_pem, read_certificates, read_private_key, check_ssh_private_key]),
    st.sampled_from([PRIVATE_KEY, CERTIFICATE, BLOCK, private_pem(ED25519_KEY, PrivateFormat.OpenSSH), b'{"a": ""}']),
    st.data(),
)
def test_a_damaged_value_is_read_or_refused_without_showing_it(
    reader: Callable[[bytes], object], plaintext: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(plaintext)))
    damaged = plaintext[:place] + data.draw(st.sampled_from([b"", b"\n", b" ", b"=", CANARY.encode()]))
    damaged += plaintext[place + data.draw(st.integers(0, 40)) :]
    if error := _refusal(reader, damaged):
        assert CANARY not in str(error)
        assert error.__context__ is None


def _refusal(reader: Callable[[bytes], object], plaintext: bytes) -> FormatError | None:
    try:
        reader(plaintext)
    except FormatError as error:
        return error
    return None


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(plaintext: bytes) -> None:
    for reader in (read_json, read_pem, read_certificates, read_private_key, check_ssh_private_key):
        for wrapped in (plaintext, pem("CERTIFICATE", plaintext), pem("PRIVATE KEY", plaintext)):
            with contextlib.suppress(FormatError):
                reader(wrapped)
