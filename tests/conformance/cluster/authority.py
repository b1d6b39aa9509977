"""The certificate authority of a cluster of one's own, and the kubeconfigs of those whom it certifies."""

from __future__ import annotations

import base64
import ipaddress
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HOST = "127.0.0.1"
_VALIDITY = timedelta(days=365)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new private key, P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key in PEM, PKCS #8."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half of a key in PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """Return a new one, kept as ``ca.crt`` and ``ca.key`` in a folder."""
        key = new_key()
        name = _name("test cluster", ())
        certificate = (
            _builder(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, SHA256())
        )
        (folder / "ca.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
        (folder / "ca.key").write_bytes(private_pem(key))
        return cls(certificate, key)

    @classmethod
    def load(cls, folder: Path) -> Authority:
        """Return the one that a folder has."""
        key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()), key)

    @property
    def pem(self) -> bytes:
        """The authority's own certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, common_name: str, groups: Sequence[str] = (), names: Sequence[str] = ()) -> tuple[bytes, bytes]:
        """Return a certificate and its private key in PEM, for a user of these groups or for a server on this host.

        ``names`` are further ones that the server is asked for by.
        """
        key = new_key()
        address = x509.IPAddress(ipaddress.ip_address(HOST))
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        certificate = (
            _builder(_name(common_name, groups), self.certificate.subject, key)
            .add_extension(x509.SubjectAlternativeName([address, *map(x509.DNSName, names)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .sign(self.key, SHA256())
        )
        return certificate.public_bytes(Encoding.PEM), private_pem(key)

    def kubeconfig(self, server: str, user: str, groups: Sequence[str] = (), namespace: str = "default") -> str:
        """Return a kubeconfig whose only context, named for the user, reaches a server with a new certificate."""
        certificate, key = self.issue(user, groups)
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {"name": "test", "cluster": {"server": server, "certificate-authority-data": _base64(self.pem)}}
                ],
                "users": [
                    {
                        "name": user,
                        "user": {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)},
                    }
                ],
                "contexts": [{"name": user, "context": {"cluster": "test", "user": user, "namespace": namespace}}],
                "current-context": user,
            },
            indent=2,
        )


def _name(common_name: str, groups: Sequence[str]) -> x509.Name:
    """Return a subject as the API server reads it: the user is its common name, its organizations are the groups."""
    return x509.Name(
        [
            *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(subject)
        .issuer_name(issuer)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _VALIDITY)
        .public_key(key.public_key())
    )


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
