"""A generator of self-signed TLS certificates for servers, by RFC 5280."""

from __future__ import annotations

import datetime
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import ConfigurationError
from sealgen.values.generators.generator import Generator, named
from sealgen.values.generators.keys import NEW_KEY, USUAL_STRENGTH, private_pem
from sealgen.values.secret import Secret
from sealgen.yaml.schema import Field, Fields, Integer, ListOf, Record, Text

if TYPE_CHECKING:
    from cryptography import x509

    from sealgen.values.generators.keys import PrivateKey
    from sealgen.values.source import Parts, Source, Surroundings

_CLOCKS_DIFFER = datetime.timedelta(hours=1)  # a server whose clock is behind takes the certificate too
_MAX_COMMON_NAME = 64  # characters; RFC 5280, appendix A.1, ub-common-name
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


@dataclass(frozen=True)
class Tls(Generator):
    """A certificate for a server's names, signed by its own key."""

    names: tuple[str, ...]
    """DNS names and IP addresses."""
    days: int
    algorithm: str

    parts: ClassVar[tuple[str, ...]] = ("crt", "key")

    generator: ClassVar[str] = "tls"

    @property
    def entropy_bits(self) -> int:
        """The key's, which is the usual."""
        return USUAL_STRENGTH

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Make the certificate, valid from now, and its key: both in PEM, the key in PKCS #8."""
        from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415  (only keys need it)

        key = NEW_KEY[self.algorithm]()
        certificate = self._certificate(key, surroundings.now)
        return {"crt": Secret(certificate.public_bytes(Encoding.PEM)), "key": Secret(private_pem(key))}

    def _certificate(self, key: PrivateKey, now: datetime.datetime) -> x509.Certificate:
        from cryptography import x509  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

        common = [self.names[0]] if len(self.names[0]) <= _MAX_COMMON_NAME else []
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text) for text in common])
        alternatives = x509.SubjectAlternativeName(
            [x509.IPAddress(address) if (address := _address(text)) else x509.DNSName(text) for text in self.names]
        )
        # RSA keys also unwrap the session key in TLS 1.2's older cipher suites.
        usage = dict.fromkeys(
            (
                "content_commitment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        ) | {"digital_signature": True, "key_encipherment": self.algorithm == "rsa"}
        public = key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCKS_DIFFER)
            .not_valid_after(now + datetime.timedelta(days=self.days))
            .add_extension(alternatives, critical=not common)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(key, None if self.algorithm == "ed25519" else SHA256())
        )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def _name_problem(text: str) -> str | None:
    if _address(text):
        return None
    if len(text) <= 253 and re.fullmatch(rf"(?:\*\.)?(?:{_LABEL}\.)*(?=[a-z0-9-]*[a-z]){_LABEL}", text):
        return None
    return f"'{text}' is neither a DNS name (lower case, a wildcard only as its first label) nor an IP address"


def _tls(fields: Fields) -> Tls:
    names: tuple[str, ...] = fields["names"]
    for text in names:
        if names.count(text) > 1:
            raise ConfigurationError(f"names: '{text}' occurs twice", at=fields.at("names"))
    return Tls(names, fields["days"], fields["algorithm"])


TLS_GENERATORS: dict[str, Record[Source]] = {
    "tls": Record(
        named("tls", "A self-signed certificate for a server, and its key; parts: crt, key.")
        | {
            "names": Field(
                ListOf(Text(problem=_name_problem), minimum=1),
                "DNS names and IP addresses of the server.",
                required=True,
            ),
            "days": Field(Integer(1, 3650), "How long it is valid; default: 365.", default=365),
            "algorithm": Field(
                Text(choices=tuple(NEW_KEY)),
                "ecdsa (P-256, default), rsa (3072 bits) or ed25519, which browsers don't take.",
                default="ecdsa",
            ),
        },
        _tls,
    ),
}
