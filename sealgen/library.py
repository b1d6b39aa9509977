"""What ``import sealgen`` offers to programs: to seal and open values and Secrets, and to read and write them.

Bytes in, data out: nothing here reads a file, asks a cluster or runs a program. docs/library.md shows it in use.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sealgen.crypto import certificate as certificates
from sealgen.crypto import hybrid
from sealgen.crypto.certificate import Certificate
from sealgen.crypto.private_key import PrivateKey
from sealgen.errors import ConfigurationError, SealgenError
from sealgen.kubernetes import rules, sealed_secret
from sealgen.kubernetes import secret as plain_secret
from sealgen.kubernetes.sealed_object import Place
from sealgen.kubernetes.sealed_secret import Scope, SealedSecret, to_yaml
from sealgen.kubernetes.secret import PlainSecret
from sealgen.recovery import read_private_keys
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Certificate",
    "ConfigurationError",
    "PlainSecret",
    "PrivateKey",
    "Scope",
    "SealedSecret",
    "SealgenError",
    "Secret",
    "read_certificate",
    "read_private_keys",
    "read_sealed_secrets",
    "read_secrets",
    "seal",
    "seal_manifest",
    "seal_secret",
    "to_yaml",
    "unseal",
]


def read_certificate(pem: bytes, file: str, *, pin: str | None = None) -> Certificate:
    """Read a controller's certificate, the first one in a PEM text.

    ``file`` is a path or URL for messages, ``pin`` the fingerprint (``SHA256:…``) that its key must have, as a
    certificate is signed by nobody but itself. Raises ConfigurationError for what can't be sealed with, and where the
    fingerprint is another.
    """
    found = certificates.load(pem, file)
    if pin not in (None, found.fingerprint):
        raise ConfigurationError(f"{file} has the fingerprint {found.fingerprint}, but the pin is {pin}")
    return found


def read_secrets(content: bytes, file: str) -> list[PlainSecret]:
    """Read the Secrets of a file: YAML or JSON, several documents, Lists.

    ``file`` is a path for messages. What stands under ``stringData`` is the text as it is written. Raises
    ConfigurationError for what the API server would refuse, or would take for something other than what is written.
    """
    return plain_secret.read_all(content, file)


def read_sealed_secrets(content: bytes, file: str) -> list[SealedSecret]:
    """Read the SealedSecrets of a file: YAML or JSON, several documents, Lists.

    ``file`` is a path for messages. Raises ConfigurationError for what is no SealedSecret, or one that would be opened
    otherwise than its template says.
    """
    return sealed_secret.read_all(content, file)


def seal(value: bytes, certificate: Certificate, *, namespace: str, name: str, scope: Scope = Scope.STRICT) -> str:
    """Encrypt a value of the Secret ``namespace/name``; return the ciphertext in base64, as ``kubeseal --raw`` does.

    By its scope, the ciphertext is bound to namespace and name, to the namespace, or to nothing. Raises
    ConfigurationError where the certificate is not valid today, or the namespace or the name is none of Kubernetes'.
    """
    _check_valid(certificate)
    for problem in (rules.namespace_problem(namespace), rules.name_problem(name)):
        if problem:
            raise ConfigurationError(problem)
    return _sealed(value, certificate, Place(namespace, name, scope))


def unseal(
    ciphertext: str,
    private_keys: Iterable[PrivateKey],
    *,
    namespace: str,
    name: str,
    scope: Scope = Scope.STRICT,
) -> Secret:
    """Decrypt a value of the Secret ``namespace/name`` with the first key that opens it.

    Raises SealgenError where none does, and for what is no ciphertext in base64.
    """
    try:
        content = base64.b64decode(ciphertext, validate=True)
    except (binascii.Error, ValueError):
        raise SealgenError("not a ciphertext: it is not base64") from None
    return Secret(hybrid.unseal(content, [one.key for one in private_keys], scope.label(namespace, name)))


def seal_secret(secret: PlainSecret, certificate: Certificate, *, scope: Scope | None = None) -> SealedSecret:
    """Seal a Secret.

    ``scope`` may be left out: then the Secret's annotations tell it, and without one it is strict. Raises
    ConfigurationError where they tell another, where the Secret names no namespace or holds nothing, and where the
    certificate is not valid today.
    """
    _check_valid(certificate)
    told = sealed_secret.scope_of(secret.annotations)
    if scope is not None and told not in (Scope.STRICT, scope):
        raise ConfigurationError(f"the annotations of '{secret.name}' say scope {told}, not {scope}", at=secret.at)
    if secret.namespace is None:
        raise ConfigurationError(f"'{secret.name}' names no namespace; write metadata.namespace", at=secret.at)
    if not secret.data:
        raise ConfigurationError(f"'{secret.name}' has no keys; give it data or stringData", at=secret.at)
    place = Place(secret.namespace, secret.name, scope or told)
    ciphertexts = {key: _sealed(value.reveal(), certificate, place) for key, value in secret.data.items()}
    return plain_secret.sealed(secret, place, ciphertexts)


def seal_manifest(content: bytes, certificate: Certificate, *, file: str, scope: Scope | None = None) -> str:
    """Seal the Secrets of a manifest; return the manifest of SealedSecrets, in YAML, as ``kubeseal -o yaml`` does.

    As ``read_secrets``, ``seal_secret`` and ``to_yaml`` in one.
    """
    return "".join(to_yaml(seal_secret(secret, certificate, scope=scope)) for secret in read_secrets(content, file))


def _sealed(value: bytes, certificate: Certificate, place: Place) -> str:
    return base64.b64encode(hybrid.seal(value, certificate.public_key, place.label)).decode()


def _check_valid(certificate: Certificate) -> None:
    certificates.check_validity(certificate, datetime.now(UTC))
