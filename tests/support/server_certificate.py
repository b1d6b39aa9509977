"""Certificates and private keys as a server has them, for tests that only need them to fit."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

_START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def certificate(private_key: CertificateIssuerPrivateKeyTypes, name: str = "aura.example") -> bytes:
    """Return a self-signed certificate in PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(_START)
        .not_valid_after(_START + datetime.timedelta(days=90))
        .sign(private_key, SHA256())
        .public_bytes(Encoding.PEM)
    )


def private_pem(private_key: CertificateIssuerPrivateKeyTypes, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    """Return a private key in PEM, without a passphrase."""
    return private_key.private_bytes(Encoding.PEM, form, NoEncryption())


def new_pair() -> tuple[bytes, bytes]:
    """Return a certificate and its private key, both in PEM."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    return certificate(private_key), private_pem(private_key)
