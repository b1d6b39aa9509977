"""Sealing certificates as the sealed-secrets controller makes its own, with keys that tests may hold."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

if TYPE_CHECKING:
    from datetime import datetime

VALIDITY = timedelta(days=10 * 365)


def controller_certificate(bits: int, now: datetime) -> tuple[rsa.RSAPrivateKey, bytes]:
    """Return a new private key and its certificate in PEM, valid from ``now`` for ten years of 365 days.

    The controller's own key has 4096 bits. Source: Sealed Secrets 0.36.6, ``pkg/crypto`` and ``cmd/controller``
    (no subject and no issuer unless it is given ``--my-cn``), built with Go 1.26 (the subject key identifier).
    """
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    public_key = private_key.public_key()
    nobody = x509.Name([])
    # encipherOnly without keyAgreement, which cryptography's own KeyUsage refuses to write and to read.
    encipher_only = x509.UnrecognizedExtension(ExtensionOID.KEY_USAGE, b"\x03\x02\x00\x01")
    key_identifier = hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.PKCS1)).digest()[:20]
    certificate = (
        x509.CertificateBuilder()
        .serial_number(secrets.randbits(128) or 1)
        .subject_name(nobody)
        .issuer_name(nobody)
        .not_valid_before(now)
        .not_valid_after(now + VALIDITY)
        .public_key(public_key)
        .add_extension(encipher_only, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier(key_identifier), critical=False)
        .sign(private_key, SHA256())
    )
    return private_key, certificate.public_bytes(Encoding.PEM)
