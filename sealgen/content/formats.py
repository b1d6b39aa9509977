"""The formats a value can be in (JSON, PEM, X.509, private keys), read without ever quoting the value.

A reader returns what it read or raises FormatError.
Source: RFC 8259, RFC 7468, RFC 1421 (headers), PROTOCOL.key of OpenSSH; in doubt, what Go's ``encoding/pem`` and
``crypto/tls`` take, since the controller, the API server and kubectl are written in Go.
"""

from __future__ import annotations

import base64
import binascii
import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"


class FormatError(Exception):
    """The value is not in the format; the message goes on after the key's name and holds nothing of the value."""


@dataclass(frozen=True, slots=True, repr=False)
class PemBlock:
    """One block of a PEM text: what stands after BEGIN, the header lines, and the decoded body."""

    label: bytes
    headers: tuple[bytes, ...]
    body: bytes

    @property
    def is_private_key(self) -> bool:
        """Whether it says so: ``PRIVATE KEY``, ``RSA PRIVATE KEY``, ``OPENSSH PRIVATE KEY`` and more."""
        return self.label.endswith(b"PRIVATE KEY")

    @property
    def is_encrypted(self) -> bool:
        """Whether the format says that a passphrase protects it (PKCS #8 or RFC 1421)."""
        return self.label == b"ENCRYPTED PRIVATE KEY" or any(b"ENCRYPTED" in line for line in self.headers)


def read_json(plaintext: bytes) -> object:
    """Return the data of a JSON text in UTF-8; all numbers are floats, so that none is too long to read."""
    try:
        return json.loads(plaintext.decode(), parse_int=float, parse_constant=_no_constant)
    except UnicodeDecodeError:
        problem = "is not UTF-8 text, so not JSON"
    except (ValueError, RecursionError):
        problem = "is not valid JSON"
    # Outside the handler: the parser's error holds the text.
    raise FormatError(problem)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity, which Python takes for JSON


def read_pem(plaintext: bytes) -> tuple[PemBlock, ...]:
    """Return the PEM blocks of a text, at least one; what stands between blocks is a comment."""
    lines = iter([line.rstrip(b" \t\r") for line in plaintext.split(b"\n")])
    blocks = []
    for line in lines:
        label = line[len(_BEGIN) : -len(_DASHES)]
        if line.startswith(_BEGIN) and line.endswith(_DASHES) and _DASHES not in label:
            blocks.append(_block(label, lines))
        elif _BEGIN in line and b"\\n" in line:
            raise FormatError(r"has '\n' as two characters where a PEM line should break")
        elif _BEGIN in line:
            raise FormatError("has a '-----BEGIN …-----' that is not a line of its own")
    if not blocks:
        raise FormatError("holds no PEM block, which begins with a line '-----BEGIN …-----'")
    return tuple(blocks)


def _block(label: bytes, lines: Iterator[bytes]) -> PemBlock:
    headers: list[bytes] = []
    body: list[bytes] = []
    for line in lines:
        if line == _END + label + _DASHES:
            break
        if line.startswith(_DASHES):
            raise FormatError("holds a PEM block that doesn't end with its own '-----END …-----' line")
        (headers if b":" in line and not body else body).append(line)
    else:
        raise FormatError("holds a PEM block that is cut off: its '-----END …-----' line is missing")
    try:
        decoded = base64.b64decode(b"".join(b"".join(body).split()), validate=True)
    except binascii.Error:
        decoded = b""
    if not decoded:
        raise FormatError("holds a PEM block that is not base64 between its first and last line")
    return PemBlock(label, tuple(headers), decoded)


def read_certificates(plaintext: bytes) -> tuple[Certificate, ...]:
    """Return the X.509 certificates of a PEM text in their order, at least one."""
    from cryptography import x509  # noqa: PLC0415

    bodies = [block.body for block in read_pem(plaintext) if block.label == b"CERTIFICATE"]
    if not bodies:
        raise FormatError("holds no certificate, which begins with a line '-----BEGIN CERTIFICATE-----'")
    try:
        # A certificate that RFC 5280 frowns upon is not sealgen's business.
        with warnings.catch_warnings(action="ignore"):
            return tuple(x509.load_der_x509_certificate(body) for body in bodies)
    except ValueError:
        problem = "holds a PEM block that should be a certificate and is not"
    raise FormatError(problem)


def read_private_key(plaintext: bytes) -> PrivateKeyTypes:
    """Return the first private key of a PEM text: PKCS #8, PKCS #1 or SEC 1, without a passphrase."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415

    block = _private_key_block(plaintext)
    if block.is_encrypted:
        raise FormatError("has a passphrase, which nobody can enter in the cluster; give the private key without it")
    try:
        return load_der_private_key(block.body, None)
    except UnsupportedAlgorithm:
        problem = "is a private key of an unknown kind; use RSA, ECDSA or Ed25519"
    except (ValueError, TypeError):
        problem = "holds a PEM block that should be a private key (PKCS #8, PKCS #1 or SEC 1) and is not"
    raise FormatError(problem)


def check_ssh_private_key(plaintext: bytes) -> None:
    """Check that a text holds a private key as ssh reads it, with or without a passphrase."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key  # noqa: PLC0415

    block = _private_key_block(plaintext)
    if block.label != b"OPENSSH PRIVATE KEY":
        if not block.is_encrypted:
            read_private_key(plaintext)
        return
    try:
        load_ssh_private_key(plaintext, None)
    except (TypeError, UnsupportedAlgorithm):
        return  # it has a passphrase, or is a key on a hardware token: right as far as one can see
    except ValueError:
        problem = "holds a PEM block that should be an OpenSSH private key and is not"
    else:
        return
    raise FormatError(problem)


def _private_key_block(plaintext: bytes) -> PemBlock:
    for block in read_pem(plaintext):
        if block.is_private_key:
            return block
    raise FormatError("holds no private key, which begins with a line '-----BEGIN … PRIVATE KEY-----'")


def certificate_of(key: PrivateKeyTypes, certificates: Sequence[Certificate]) -> int | None:
    """Return the place (from 0) of the first certificate for this private key, or None."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415

    public_key = key.public_key()
    for place, certificate in enumerate(certificates):
        try:
            if certificate.public_key() == public_key:
                return place
        except (ValueError, UnsupportedAlgorithm):
            continue  # a public key that can't be read is not this one
    return None
