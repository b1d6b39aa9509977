"""The certificate of a sealed-secrets controller: reading it, and judging whether to seal with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sealgen.crypto.fingerprint import rsa_fingerprint
from sealgen.errors import ConfigurationError

if TYPE_CHECKING:
    from sealgen.errors import Mark

MIN_BITS: Final = 2048
RENEWED_EVERY: Final = 30  # days; a controller that is not told otherwise makes a new key so often
EXPIRES_SOON: Final = 60  # days
MAX_BITS: Final = 16384  # OpenSSL computes with no larger modulus

# PEM, RFC 7468. Text around the blocks is allowed, and of several certificates the first counts, as for kubeseal.
_BEGIN: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----")
_FIRST: Final = b"-----BEGIN CERTIFICATE-----"
_LAST: Final = b"-----END CERTIFICATE-----"

_DER: Final = b"\x30\x82"  # a SEQUENCE of at least 256 bytes

_ENVIRONMENT: Final = "ENV"
"""What messages call an environment that they don't know."""


@dataclass(frozen=True)
class Certificate:
    """What sealing needs of a certificate; a controller's is self-signed, so only its pin proves it."""

    file: str
    """Where it was read from, for messages."""
    public_key: RSAPublicKey
    fingerprint: str
    """Of the public key, so that a renewed certificate of the same key keeps it."""
    not_before: datetime
    """UTC, inclusive."""
    not_after: datetime
    """UTC, inclusive."""
    subject: str
    """As in RFC 4514; empty for a controller with its default settings."""
    bits: int
    pem: bytes = field(repr=False)
    """The certificate alone, without what else its file holds."""


def load(pem: bytes, file: str, at: Mark | None = None, environment: str = _ENVIRONMENT) -> Certificate:
    """Read the first certificate of a PEM bundle.

    ``file`` is a path or URL for messages, ``at`` where a setting names it, ``environment`` whose it is. Raises
    ConfigurationError unless the bundle is free of private keys and its first certificate has an RSA key of 2048 to
    16384 bits.
    """
    _check_labels(pem, file, at, environment)
    return _read(_block(pem, pem.index(_FIRST), file, at), "the first certificate", file, at)


def load_all(pem: bytes, file: str) -> tuple[Certificate, ...]:
    """Read all certificates of a PEM bundle; raises ConfigurationError where ``load`` would for one of them."""
    _check_labels(pem, file, None, _ENVIRONMENT)
    return tuple(
        _read(_block(pem, begin.start(), file, None), f"certificate {number}", file, None)
        for number, begin in enumerate(re.finditer(_FIRST, pem), start=1)
    )


def _read(block: bytes, which: str, file: str, at: Mark | None) -> Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(block)
        public_key = certificate.public_key()
        subject = certificate.subject.rfc4514_string()
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm):
        # The parser's own text says where in the ASN.1, which helps nobody here.
        raise ConfigurationError(
            f"{which} of {file} can't be read; it is damaged, or its key is of no known kind", at=at
        ) from None
    if not isinstance(public_key, RSAPublicKey):
        kind = type(public_key).__name__.removesuffix("PublicKey")
        raise ConfigurationError(f"{file} has a key of type {kind}; Sealed Secrets needs RSA", at=at)
    if not MIN_BITS <= public_key.key_size <= MAX_BITS:
        raise ConfigurationError(
            f"{file} has an RSA key of {public_key.key_size} bits; sealing takes {MIN_BITS} to {MAX_BITS}", at=at
        )
    numbers = public_key.public_numbers()
    return Certificate(
        file=file,
        public_key=public_key,
        fingerprint=rsa_fingerprint(numbers.e, numbers.n),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        subject=subject,
        bits=public_key.key_size,
        pem=block.replace(b"\r\n", b"\n") + b"\n",
    )


def check_validity(
    certificate: Certificate, now: datetime, at: Mark | None = None, environment: str = _ENVIRONMENT
) -> None:
    """Raise ConfigurationError where the certificate is not yet valid at ``now``, or no longer."""
    if now < certificate.not_before:
        raise ConfigurationError(
            f"{certificate.file} is not valid before {_date(certificate.not_before)}, and it is {_date(now)}",
            at=at,
            hint=f"Check this machine's clock, or get the cluster's current certificate: {_fetch(environment)}",
        )
    if now > certificate.not_after:
        raise ConfigurationError(
            f"{certificate.file} expired on {_date(certificate.not_after)}, and it is {_date(now)}",
            at=at,
            hint=f"Get the cluster's current certificate: {_fetch(environment)}",
        )


def age(certificate: Certificate, now: datetime) -> int:
    """Return the whole days since the certificate was issued; negative before that."""
    return (now - certificate.not_before) // timedelta(days=1)


def days_left(certificate: Certificate, now: datetime) -> int:
    """Return the whole days until the certificate expires; negative once it has."""
    return (certificate.not_after - now) // timedelta(days=1)


def check_pin(certificate: Certificate, pin: str, at: Mark | None = None, environment: str = _ENVIRONMENT) -> None:
    """Raise ConfigurationError unless the certificate's key has the fingerprint ``pin``.

    ``at`` is where the pin stands.
    """
    if certificate.fingerprint != pin:
        raise ConfigurationError(
            f"{certificate.file} has the fingerprint {certificate.fingerprint}, but the pin is {pin}",
            at=at,
            hint=f"See what the cluster has, and take it once whoever runs it confirms that: {_fetch(environment)}",
        )


def _fetch(environment: str) -> str:
    return f"sealgen cert fetch {environment}"


def _check_labels(pem: bytes, file: str, at: Mark | None, environment: str) -> None:
    labels = [label.decode("ascii") for label in _BEGIN.findall(pem)]
    for label in labels:
        if label.endswith("PRIVATE KEY"):
            raise ConfigurationError(
                f"{file} holds a private key; it must hold the certificate alone",
                at=at,
                hint="If others may have read it, renew the cluster's sealing key and rotate the secrets.",
            )
    if not labels:
        if pem.startswith(_DER):
            hint = "'openssl x509 -inform der' converts it."
            raise ConfigurationError(f"{file} is DER, and PEM is needed", at=at, hint=hint)
        raise ConfigurationError(f"{file} is not PEM; a certificate begins with -----BEGIN CERTIFICATE-----", at=at)
    if "CERTIFICATE" not in labels:
        hint = f"Get the cluster's current certificate: {_fetch(environment)}"
        raise ConfigurationError(f"{file} holds no certificate but a {labels[0]}", at=at, hint=hint)


def _block(pem: bytes, start: int, file: str, at: Mark | None) -> bytes:
    end = pem.find(_LAST, start)
    if end < 0:
        raise ConfigurationError(f"{file} is cut off; -----END CERTIFICATE----- is missing", at=at)
    return pem[start : end + len(_LAST)]


def _date(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
