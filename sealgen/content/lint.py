"""Values that are legal and look like a mistake: each a finding, which an environment may turn into an error.

A finding's message never holds the value or its length.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.content.formats import (
    FormatError,
    certificate_of,
    read_certificates,
    read_json,
    read_pem,
    read_private_key,
)
from sealgen.content.secret_types import DOCKERCFG, SSH_AUTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.values.secret import Secret


@dataclass(frozen=True, slots=True)
class Finding:
    """Something suspicious about a value: ``id`` names the kind, in kebab-case."""

    id: str
    message: str


_LONGEST_PLACEHOLDER = 200  # characters
_PLACEHOLDER = re.compile(
    r"""
    change [-_ ]? (?: me | this | it ) (?: [-_ ]? (?: now | please | later ) )? !*
    | to[-_ ]?do | fix[-_ ]?me | tb[ad] | n/a | place[-_ ]?holder | dummy | redacted
    | undefined | null | none | nil
    | x{3,} | \*{3,} | \.{3,} | \?{3,} | …
    | <[^<>]*> | \$\{[^{}]*\} | \$\([^()]*\) | \$[a-z_][a-z0-9_]{2,} | %[a-z_][a-z0-9_]{2,}% | \{\{.*\}\}
    | your [-_ ] [-_ a-z0-9]+
    | (?: replace | insert | enter | existing ) [-_ ] [-_ a-z0-9]+
    | [-_ a-z0-9]+ [-_ ] here
    | (?: (?: my | new | old | some | the | default | secure | strong | super | top | admin | root | user
            | db | database | postgres | redis | jwt | api | app ) [-_ ]? )*
      (?: password | passwd | passphrase | secret | token ) (?: [-_ ]? (?: key | value | password ) )?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
# Characters that base64 must hold to be an encoded text. What is shorter, random base64 does by chance; in other
# alphabets it takes more. With these, one in 4000 random alphanumeric passwords of 12 is suspected.
_SHORTEST_ENCODED, _SHORTEST_ENCODED_UNICODE = 8, 16
_SSH_PUBLIC_KEY = re.compile(r"[-@.a-z0-9]+ AAAA")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def warnings(key: str, secret_type: str | None, value: Secret) -> tuple[Finding, ...]:
    """Return what is suspicious about the value of one key of a Secret of this type."""
    plaintext = value.reveal()
    if not plaintext:
        return (Finding("empty", "the value is empty"),)
    text = _text(plaintext)
    if text is None:
        return tuple(_binary_findings(key, secret_type, plaintext))
    if not text.strip():
        return (Finding("empty", "the value is nothing but white space"),)
    if len(text) <= _LONGEST_PLACEHOLDER and _PLACEHOLDER.fullmatch(text.strip()):
        return (Finding("placeholder", "the value looks like a placeholder; put in the real one"),)
    return tuple(_text_findings(key, secret_type, text))


def pair_warnings(data: Mapping[str, Secret]) -> tuple[tuple[str, Finding], ...]:
    """Return what is suspicious about the values of one Secret together, each with the key that it is about.

    That is a private key ``NAME.key`` beside a certificate ``NAME.crt`` that is not its own.
    """
    names = sorted(key.removesuffix(".key") for key in data if key.endswith(".key"))
    return tuple(
        (
            f"{name}.key",
            Finding(
                "certificate-key-mismatch",
                f"the value is not the private key of the first certificate in '{name}.crt'",
            ),
        )
        for name in names
        if f"{name}.crt" in data and _mismatch(data[f"{name}.crt"], data[f"{name}.key"])
    )


def _mismatch(certificate: Secret, private_key: Secret) -> bool:
    try:
        certificates = read_certificates(certificate.reveal())
        return certificate_of(read_private_key(private_key.reveal()), certificates) != 0
    except FormatError:
        return False  # can't be told


def _text(plaintext: bytes) -> str | None:
    """Return the value as text, or None for a binary one."""
    if b"\0" in plaintext:
        return None
    try:
        return plaintext.decode()
    except UnicodeDecodeError:
        return None


def _binary_findings(key: str, secret_type: str | None, plaintext: bytes) -> Iterator[Finding]:
    if _is_utf16(plaintext):
        yield Finding("utf-16", "the value is UTF-16 text; write it as UTF-8")
    elif _is_json(key, secret_type):
        yield from _json_findings(plaintext)
    elif _begins_pem(plaintext) or key.endswith(".pem"):  # a .crt or .key may well be DER, or raw
        yield from _pem_findings(plaintext)


def _text_findings(key: str, secret_type: str | None, text: str) -> Iterator[Finding]:
    if text.startswith("\ufeff"):
        yield Finding("byte-order-mark", "the value begins with a byte order mark; write it as UTF-8 without one")
        text = text[1:]
    if "\r\n" in text:
        yield Finding("crlf", "the value has Windows line breaks (CR LF); write LF")
    plaintext = text.encode()
    if _is_json(key, secret_type):
        yield from _json_findings(plaintext)
    elif _is_pem(key, secret_type) or _begins_pem(plaintext):
        yield from _pem_findings(plaintext)
    else:
        yield from _white_space_findings(text)
        if not re.search("base64|b64", key, re.IGNORECASE) and _is_encoded_text(plaintext):
            yield Finding("base64-twice", "the value is base64 of a text; Kubernetes encodes it, so give the text")


def _is_json(key: str, secret_type: str | None) -> bool:
    return key.endswith(".json") or key == ".dockerconfigjson" or (secret_type, key) == (DOCKERCFG, ".dockercfg")


def _is_pem(key: str, secret_type: str | None) -> bool:
    return key.endswith((".pem", ".crt", ".key")) or (secret_type, key) == (SSH_AUTH, "ssh-privatekey")


def _begins_pem(plaintext: bytes) -> bool:
    return plaintext.lstrip().startswith(b"-----BEGIN")


def _json_findings(plaintext: bytes) -> Iterator[Finding]:
    try:
        read_json(plaintext)
    except FormatError as error:
        yield Finding("invalid-json", f"the value {error}")


def _pem_findings(plaintext: bytes) -> Iterator[Finding]:
    if b"-----BEGIN PGP " in plaintext:
        return  # ASCII armor, which only looks like PEM
    try:
        blocks = read_pem(plaintext)
    except FormatError as error:
        yield Finding("invalid-pem", f"the value {error}")
        return
    # Seen with OpenSSH 9.2, which then says "error in libcrypto".
    if blocks[-1].label == b"OPENSSH PRIVATE KEY" and not plaintext.endswith(b"\n"):
        yield Finding("missing-newline", "the value lacks the newline at its end that ssh needs to read the key")


def _white_space_findings(text: str) -> Iterator[Finding]:
    """Look around a value of one line. One of several lines is a file, whose last line ends as the others do."""
    stripped = text.strip()
    if "\n" in stripped or _SSH_PUBLIC_KEY.match(text):  # a public key is a line of a file, too
        return
    if text.endswith("\n"):
        yield Finding(
            "trailing-newline",
            "the value ends with a newline, which is part of it; remove it, or set 'trim: true' on its source",
        )
    if text.rstrip("\r\n") != stripped:
        yield Finding("surrounding-whitespace", "the value begins or ends with white space, which is part of it")


def _is_utf16(plaintext: bytes) -> bool:
    if not plaintext.startswith(_UTF16_MARKS):
        return False
    try:
        return _is_printable(plaintext.decode("utf-16"))
    except UnicodeDecodeError:
        return False


def _is_printable(text: str) -> bool:
    return text.translate(dict.fromkeys(map(ord, "\t\r\n"))).isprintable()


def _is_encoded_text(plaintext: bytes) -> bool:
    """Tell whether somebody has encoded a text already: canonical base64, in lines or not, of printable UTF-8."""
    encoded = b"".join(plaintext.split())
    if not _BASE64.fullmatch(encoded):
        return False
    decoded = base64.b64decode(encoded)
    text = _text(decoded)
    return (
        text is not None
        and len(text) >= (_SHORTEST_ENCODED if text.isascii() else _SHORTEST_ENCODED_UNICODE)
        and _is_printable(text)
        and base64.b64encode(decoded) == encoded
    )
