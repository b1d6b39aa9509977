"""Certificates are read as kubeseal reads them, and refused where sealing with them would go wrong."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.crypto.certificate import age, check_pin, check_validity, days_left, load, load_all
from sealgen.crypto.fingerprint import rsa_fingerprint
from sealgen.errors import ConfigurationError, Mark
from tests.support.controller import controller_certificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
END = datetime(2036, 2, 27, 12, 30, 15, tzinfo=UTC)
FILE = "environments/certificates/staging.pem"
AT = Mark("environments/staging.yaml", 4, 16)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def made() -> tuple[rsa.RSAPrivateKey, bytes]:
    """Return a private key and the certificate that a controller would make for it."""
    return controller_certificate(2048, NOW)


@pytest.fixture(scope="module")
def pem(made: tuple[rsa.RSAPrivateKey, bytes]) -> bytes:
    """Return the certificate alone."""
    return made[1]


@pytest.fixture(scope="module")
def certificate_of(private_key: rsa.RSAPrivateKey) -> Callable[[CertificatePublicKeyTypes], bytes]:
    """Return what makes a certificate, in PEM, for any public key."""

    def make(public_key: CertificatePublicKeyTypes) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sealing, staging")])
        builder = x509.CertificateBuilder(name, name, public_key, 1, NOW, END)
        return builder.sign(private_key, SHA256()).public_bytes(Encoding.PEM)

    return make


def refusal_of(pem: bytes) -> str:
    """Return the message with which the file is refused."""
    with pytest.raises(ConfigurationError) as refusal:
        load(pem, FILE, AT)
    return str(refusal.value)


def test_a_certificate_of_the_controller_is_read(made: tuple[rsa.RSAPrivateKey, bytes]) -> None:
    private_key, pem = made
    certificate = load(pem, FILE)
    numbers = private_key.public_key().public_numbers()
    assert certificate.file == FILE
    assert certificate.public_key == private_key.public_key()
    assert certificate.fingerprint == rsa_fingerprint(numbers.e, numbers.n)
    assert certificate.not_before == NOW
    assert certificate.not_after == END
    assert certificate.not_before.tzinfo is UTC
    assert certificate.not_after.tzinfo is UTC
    assert certificate.subject == ""
    assert certificate.bits == 2048


def test_the_subject_is_told_as_in_rfc_4514(
    certificate_of: Callable[[CertificatePublicKeyTypes], bytes], other_key: rsa.RSAPrivateKey
) -> None:
    certificate = load(certificate_of(other_key.public_key()), FILE)
    assert certificate.subject == r"CN=sealing\, staging"
    assert certificate.bits == 3072


def test_the_shipped_certificate_is_of_the_controllers_size_and_lifetime() -> None:
    file = Path(__file__).parents[2] / "environments" / "certificates" / "staging.pem"
    certificate = load(file.read_bytes(), file.name)
    assert certificate.bits == 4096
    assert certificate.not_after - certificate.not_before == timedelta(days=3650)


def test_of_a_bundle_with_text_the_first_certificate_counts(
    pem: bytes, certificate_of: Callable[[CertificatePublicKeyTypes], bytes], other_key: rsa.RSAPrivateKey
) -> None:
    public = other_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    bundle = b"Fetched on Monday\n" + public + pem + b"and an older one\n" + certificate_of(other_key.public_key())
    expected = load(pem, FILE).fingerprint
    assert load(bundle, FILE).fingerprint == expected
    assert load(b"\xef\xbb\xbf" + bundle.replace(b"\n", b"\r\n"), FILE).fingerprint == expected
    assert load(pem + b"-----BEGIN CERTIFICATE-----\ndamaged", FILE).fingerprint == expected


@pytest.mark.parametrize("text", [b"", b"\n", b"<!doctype html>", b"MIIC", b"---BEGIN CERTIFICATE---", b"\xff\xfe\0-"])
def test_a_file_that_is_not_pem_is_refused(text: bytes) -> None:
    assert refusal_of(text) == (
        "environments/staging.yaml:4:16: environments/certificates/staging.pem is not PEM; "
        "a certificate begins with -----BEGIN CERTIFICATE-----"
    )


def test_without_a_mark_the_message_begins_with_the_file() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load(b"", FILE)
    assert str(refusal.value) == (
        "environments/certificates/staging.pem is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----"
    )


def test_der_is_refused_with_the_way_out(pem: bytes) -> None:
    assert refusal_of(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)) == (
        "environments/staging.yaml:4:16: environments/certificates/staging.pem is DER, and PEM is needed\n"
        "'openssl x509 -inform der' converts it."
    )


def test_a_certificate_keeps_itself_without_what_stood_around_it(pem: bytes) -> None:
    for file in (pem, b"Fetched on Monday\n" + pem + pem, pem.replace(b"\n", b"\r\n"), pem.rstrip(b"\n")):
        assert load(file, FILE).pem == pem


def test_all_certificates_of_a_bundle_are_read_in_its_order(
    pem: bytes, certificate_of: Callable[[CertificatePublicKeyTypes], bytes], other_key: rsa.RSAPrivateKey
) -> None:
    other = certificate_of(other_key.public_key())
    found = load_all(b"the first\n" + pem + b"\n# and another\n" + other + pem, FILE)
    assert [certificate.pem for certificate in found] == [pem, other, pem]


def test_of_a_bundle_no_certificate_may_be_wrong(
    pem: bytes, certificate_of: Callable[[CertificatePublicKeyTypes], bytes]
) -> None:
    elliptic = certificate_of(ec.generate_private_key(ec.SECP256R1()).public_key())
    for bundle, message in (
        (b"", f"{FILE} is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----"),
        (pem + elliptic, f"{FILE} has a key of type EC; Sealed Secrets needs RSA"),
        (pem + pem[:-30], f"{FILE} is cut off; -----END CERTIFICATE----- is missing"),
        (pem + armoured(b"x"), f"certificate 2 of {FILE} can't be read; it is damaged, or its key is of no known kind"),
    ):
        with pytest.raises(ConfigurationError) as refusal:
            load_all(bundle, FILE)
        assert str(refusal.value) == message


def test_messages_name_the_environment_where_it_is_known(pem: bytes) -> None:
    certificate = load(pem, FILE)
    for check in (
        lambda: load(pem.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST"), FILE, AT, "qa"),
        lambda: check_validity(certificate, END + SECOND, AT, "qa"),
        lambda: check_validity(certificate, NOW - SECOND, AT, "qa"),
        lambda: check_pin(certificate, "SHA256:another", AT, "qa"),
    ):
        with pytest.raises(ConfigurationError) as refusal:
            check()
        assert str(refusal.value).endswith("sealgen cert fetch qa")


def test_a_file_with_another_pem_block_is_refused(pem: bytes, private_key: rsa.RSAPrivateKey) -> None:
    public = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert refusal_of(public) == (
        "environments/staging.yaml:4:16: environments/certificates/staging.pem holds no certificate "
        "but a PUBLIC KEY\n"
        "Get the cluster's current certificate: sealgen cert fetch ENV"
    )
    assert refusal_of(pem.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST")) == (
        "environments/staging.yaml:4:16: environments/certificates/staging.pem holds no certificate "
        "but a CERTIFICATE REQUEST\n"
        "Get the cluster's current certificate: sealgen cert fetch ENV"
    )


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH])
def test_a_private_key_is_refused_and_not_shown(
    pem: bytes, private_key: rsa.RSAPrivateKey, form: PrivateFormat
) -> None:
    key = private_key.private_bytes(Encoding.PEM, form, NoEncryption())
    for text in (key, pem + key, key + pem, b"-----BEGIN CERTIFICATE-----\n" + key):
        assert refusal_of(text) == (
            "environments/staging.yaml:4:16: environments/certificates/staging.pem holds a private key; "
            "it must hold the certificate alone\n"
            "If others may have read it, renew the cluster's sealing key and rotate the secrets."
        )


def test_a_certificate_cut_off_is_refused(pem: bytes) -> None:
    for length in (27, 28, 500, len(pem) - 2):
        assert refusal_of(pem[:length]) == (
            "environments/staging.yaml:4:16: environments/certificates/staging.pem is cut off; "
            "-----END CERTIFICATE----- is missing"
        )


UNREADABLE = (
    "environments/staging.yaml:4:16: the first certificate of environments/certificates/staging.pem can't be "
    "read; it is damaged, or its key is of no known kind"
)


def test_a_damaged_certificate_is_refused(pem: bytes) -> None:
    lines = pem.splitlines(keepends=True)
    assert refusal_of(b"".join(lines[:5] + lines[6:])) == UNREADABLE
    assert refusal_of(pem[:200] + b"!" + pem[201:]) == UNREADABLE
    assert refusal_of(lines[0] + lines[-1]) == UNREADABLE
    assert refusal_of(lines[0] + pem) == UNREADABLE


def test_a_certificate_of_an_unknown_version_is_refused(pem: bytes) -> None:
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    version = bytes.fromhex("a003020102")
    assert der.count(version) == 1
    assert refusal_of(armoured(der.replace(version, version[:-1] + b"\x05"))) == UNREADABLE


def test_a_key_of_an_unknown_kind_is_refused(pem: bytes) -> None:
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    rsa_encryption = bytes.fromhex("06092a864886f70d010101")
    assert der.count(rsa_encryption) == 1
    assert refusal_of(armoured(der.replace(rsa_encryption, rsa_encryption[:-1] + b"\x7f"))) == UNREADABLE


def test_a_key_other_than_rsa_is_refused(certificate_of: Callable[[CertificatePublicKeyTypes], bytes]) -> None:
    assert refusal_of(certificate_of(ec.generate_private_key(ec.SECP256R1()).public_key())) == (
        "environments/staging.yaml:4:16: environments/certificates/staging.pem has a key of type EC; "
        "Sealed Secrets needs RSA"
    )
    assert refusal_of(certificate_of(ed25519.Ed25519PrivateKey.generate().public_key())) == (
        "environments/staging.yaml:4:16: environments/certificates/staging.pem has a key of type Ed25519; "
        "Sealed Secrets needs RSA"
    )


@pytest.mark.parametrize("bits", [1024, 2047, 16385])
def test_a_key_too_small_or_too_large_is_refused(
    certificate_of: Callable[[CertificatePublicKeyTypes], bytes], bits: int
) -> None:
    assert refusal_of(certificate_of(rsa.RSAPublicNumbers(65537, (1 << bits) - 1).public_key())) == (
        f"environments/staging.yaml:4:16: environments/certificates/staging.pem has an RSA key of {bits} bits; "
        "sealing takes 2048 to 16384"
    )


@pytest.mark.parametrize("bits", [2048, 16384])
def test_the_limits_themselves_are_taken(
    certificate_of: Callable[[CertificatePublicKeyTypes], bytes], bits: int
) -> None:
    assert load(certificate_of(rsa.RSAPublicNumbers(65537, (1 << bits) - 1).public_key()), FILE).bits == bits


def armoured(der: bytes) -> bytes:
    """Return DER as a PEM certificate."""
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


# Only warns where a serial number is not positive, which says nothing about the key.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_whatever_is_wrong_with_a_file_it_is_a_configuration_error(pem: bytes, data: st.DataObject) -> None:
    der = bytearray(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
    for position in data.draw(st.lists(st.integers(0, len(der) - 1), max_size=3)):
        der[position] = data.draw(st.integers(0, 255))
    text = data.draw(st.sampled_from([armoured(bytes(der)), bytes(der), armoured(b"")])) + data.draw(st.binary())
    try:
        certificate = load(text, FILE, AT)
    except ConfigurationError:
        return
    assert 2048 <= certificate.bits <= 16384


def test_a_certificate_is_valid_from_its_first_second_to_its_last(pem: bytes) -> None:
    certificate = load(pem, FILE)
    check_validity(certificate, NOW)
    check_validity(certificate, END)
    with pytest.raises(ConfigurationError):
        check_validity(certificate, NOW - SECOND)
    with pytest.raises(ConfigurationError):
        check_validity(certificate, END + SECOND)


def test_a_certificate_not_yet_valid_is_refused(pem: bytes) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        check_validity(load(pem, FILE), NOW - SECOND, AT)
    assert str(refusal.value) == (
        "environments/staging.yaml:4:16: environments/certificates/staging.pem is not valid before "
        "2026-03-01 12:30:15 UTC, and it is 2026-03-01 12:30:14 UTC\n"
        "Check this machine's clock, or get the cluster's current certificate: sealgen cert fetch ENV"
    )


def test_an_expired_certificate_is_refused_with_dates_in_utc(pem: bytes) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    with pytest.raises(ConfigurationError) as refusal:
        check_validity(load(pem, FILE), (END + SECOND).astimezone(there), AT)
    assert str(refusal.value) == (
        "environments/staging.yaml:4:16: environments/certificates/staging.pem expired on "
        "2036-02-27 12:30:15 UTC, and it is 2036-02-27 12:30:16 UTC\n"
        "Get the cluster's current certificate: sealgen cert fetch ENV"
    )


def test_the_days_left_are_whole_ones(pem: bytes) -> None:
    certificate = load(pem, FILE)
    assert days_left(certificate, NOW) == 3650
    assert days_left(certificate, END - timedelta(days=30)) == 30
    assert days_left(certificate, END - timedelta(days=30) + SECOND) == 29
    assert days_left(certificate, END) == 0
    assert days_left(certificate, END + SECOND) == -1


def test_its_age_is_in_whole_days(pem: bytes) -> None:
    certificate = load(pem, FILE)
    assert [age(certificate, NOW + step) for step in (-SECOND, timedelta(0), timedelta(days=30) - SECOND)] == [
        -1,
        0,
        29,
    ]
    assert age(certificate, NOW + timedelta(days=30)) == 30


def test_the_pinned_certificate_is_accepted_and_so_is_its_renewal(made: tuple[rsa.RSAPrivateKey, bytes]) -> None:
    private_key, pem = made
    name = x509.Name([])
    later = x509.CertificateBuilder(name, name, private_key.public_key(), 2, END, END + SECOND)
    renewal = later.sign(private_key, SHA256()).public_bytes(Encoding.PEM)
    check_pin(load(renewal, FILE), load(pem, FILE).fingerprint)


def test_another_certificate_than_the_pinned_one_is_refused_with_both_fingerprints(
    certificate_of: Callable[[CertificatePublicKeyTypes], bytes],
) -> None:
    certificate = load(certificate_of(rsa.RSAPublicNumbers(65537, (1 << 2047) + 1).public_key()), FILE)
    pin = Mark("environments/staging.yaml", 5, 16)
    with pytest.raises(ConfigurationError) as refusal:
        check_pin(certificate, "SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE", pin)
    assert str(refusal.value) == (
        "environments/staging.yaml:5:16: environments/certificates/staging.pem has the fingerprint "
        "SHA256:Js2Dxmvn6q4imp7p4HPS1bOZqtUEaZ+i6v/mfPXmBbc, "
        "but the pin is SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE\n"
        "See what the cluster has, and take it once whoever runs it confirms that: sealgen cert fetch ENV"
    )
