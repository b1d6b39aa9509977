"""Generators of key pairs: RSA, ECDSA and Ed25519 in PEM, and SSH keys.

Formats: PKCS #8 (RFC 5958) and SubjectPublicKeyInfo (RFC 5280) in PEM (RFC 7468); OpenSSH's PROTOCOL.key and the
public key line of sshd(8). Keys come from the cryptography package, and so from OpenSSL's generator.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from sealgen.errors import ConfigurationError
from sealgen.values.generators.generator import Generator, named
from sealgen.values.secret import Secret
from sealgen.yaml.schema import Field, Fields, JSONSchema, Record, Text, scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from sealgen.values.source import Parts, Source, Surroundings
    from sealgen.yaml.nodes import Node

    PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

RSA_BITS = (2048, 3072, 4096)
CURVES = ("P-256", "P-384", "P-521")
_STRENGTH = {2048: 112, 3072: 128, 4096: 128, "P-256": 128, "P-384": 192, "P-521": 256}
"""Bits of security. Source: NIST SP 800-57 part 1 revision 5, table 2; it has no step between 3072 and 7680 bits."""
USUAL_STRENGTH = 128
"""Bits of security of what NEW_KEY makes; Ed25519's are by RFC 8032, section 1."""


def rsa_key(bits: int = 3072) -> RSAPrivateKey:
    """Return a new RSA key with the public exponent 65537."""
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415  (only key material needs it)

    return rsa.generate_private_key(65537, bits)


def ecdsa_key(curve: str = "P-256") -> EllipticCurvePrivateKey:
    """Return a new key on one of NIST's curves."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    return ec.generate_private_key(curves[curve])


def ed25519_key() -> Ed25519PrivateKey:
    """Return a new Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

    return ed25519.Ed25519PrivateKey.generate()


NEW_KEY: dict[str, Callable[[], PrivateKey]] = {"ed25519": ed25519_key, "ecdsa": ecdsa_key, "rsa": rsa_key}
"""By algorithm, at its usual strength."""


def private_pem(key: PrivateKey) -> bytes:
    """Return the key in PKCS #8, not encrypted."""
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


class _KeyPair(Generator, abc.ABC):
    parts: ClassVar[tuple[str, ...]] = ("private", "public")

    @abc.abstractmethod
    def new_key(self) -> PrivateKey:
        """Return a new key."""

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Make the pair, both in PEM."""
        from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

        key = self.new_key()
        public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        return {"private": Secret(private_pem(key)), "public": Secret(public)}


@dataclass(frozen=True)
class Rsa(_KeyPair):
    """An RSA key."""

    bits: int

    generator: ClassVar[str] = "rsa"

    @property
    def entropy_bits(self) -> int:
        """By the size."""
        return _STRENGTH[self.bits]

    def new_key(self) -> PrivateKey:
        """Return a new key of so many bits."""
        return rsa_key(self.bits)


@dataclass(frozen=True)
class Ecdsa(_KeyPair):
    """A key on one of NIST's curves."""

    curve: str

    generator: ClassVar[str] = "ecdsa"

    @property
    def entropy_bits(self) -> int:
        """By the curve."""
        return _STRENGTH[self.curve]

    def new_key(self) -> PrivateKey:
        """Return a new key on the curve."""
        return ecdsa_key(self.curve)


@dataclass(frozen=True)
class Ed25519(_KeyPair):
    """An Ed25519 key."""

    generator: ClassVar[str] = "ed25519"

    @property
    def entropy_bits(self) -> int:
        """The usual."""
        return USUAL_STRENGTH

    def new_key(self) -> PrivateKey:
        """Return a new key."""
        return ed25519_key()


@dataclass(frozen=True)
class Ssh(_KeyPair):
    """An SSH key pair as ``ssh-keygen`` writes it, without a passphrase."""

    algorithm: str
    comment: str

    generator: ClassVar[str] = "ssh"

    @property
    def entropy_bits(self) -> int:
        """The usual."""
        return USUAL_STRENGTH

    def new_key(self) -> PrivateKey:
        """Return a new key of the algorithm."""
        return NEW_KEY[self.algorithm]()

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Make the pair: a file for ``IdentityFile``, and a line for ``authorized_keys`` without its line end."""
        from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415

        key = self.new_key()
        private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption())
        public = key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH)
        line = public + b" " + self.comment.encode() if self.comment else public
        return {"private": Secret(private), "public": Secret(line)}


@dataclass(frozen=True)
class _Bits:
    """One of the sizes of RSA keys."""

    def read(self, node: Node, path: str) -> int:
        """Return the number of bits."""
        sizes = f"{', '.join(map(str, RSA_BITS[:-1]))} or {RSA_BITS[-1]}"
        node = scalar(node, path, sizes)
        if not node.plain or node.text not in map(str, RSA_BITS):
            raise ConfigurationError(f"{path} must be {sizes}, not '{node.text}'", at=node.at)
        return int(node.text)

    def json_schema(self) -> JSONSchema:
        """The sizes."""
        return {"enum": list(RSA_BITS)}


def _comment_problem(text: str) -> str | None:
    return None if text.isprintable() else "a comment is one line of printable text"


def _ssh(fields: Fields) -> Ssh:
    return Ssh(fields["algorithm"], fields["comment"])


KEY_GENERATORS: dict[str, Record[Source]] = {
    "rsa": Record(
        named("rsa", "An RSA key in PEM (PKCS #8); parts: private, public.")
        | {"bits": Field(_Bits(), "The size of the key; default: 3072.", default=3072)},
        lambda fields: Rsa(fields["bits"]),
    ),
    "ecdsa": Record(
        named("ecdsa", "An ECDSA key in PEM (PKCS #8); parts: private, public.")
        | {"curve": Field(Text(choices=CURVES), "NIST's curve; default: P-256.", default="P-256")},
        lambda fields: Ecdsa(fields["curve"]),
    ),
    "ed25519": Record(
        named("ed25519", "An Ed25519 key in PEM (PKCS #8); parts: private, public."), lambda _: Ed25519()
    ),
    "ssh": Record(
        named("ssh", "An SSH key pair in OpenSSH's format; parts: private, public.")
        | {
            "algorithm": Field(
                Text(choices=tuple(NEW_KEY)),
                "ed25519 (default), ecdsa (P-256) or rsa (3072 bits).",
                default="ed25519",
            ),
            "comment": Field(Text(problem=_comment_problem), "The end of the public key's line.", default=""),
        },
        _ssh,
    ),
}
