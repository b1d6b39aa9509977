"""Certificates of a sealing key with dates of a test's choice; the controller's own last ten years from now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


def dated_certificate(private_key: RSAPrivateKey, start: timedelta, end: timedelta, name: str = "") -> bytes:
    """Return a certificate in PEM, valid from ``start`` to ``end``, both counted from now; ``name`` is its CN."""
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(now + start)
        .not_valid_after(now + end)
        .sign(private_key, SHA256())
        .public_bytes(Encoding.PEM)
    )
