"""What each ``type`` of a Secret requires of its keys, and of its values once they are known.

Source: ``ValidateSecret`` of Kubernetes 1.35 and ``kubectl create secret``; the kubelet's ``credentialprovider``
for registry credentials; the token authenticator for bootstrap tokens.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from sealgen.content.formats import (
    FormatError,
    certificate_of,
    check_ssh_private_key,
    read_certificates,
    read_json,
    read_private_key,
)
from sealgen.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sealgen.values.secret import Secret

OPAQUE = "Opaque"
"""Anything; the type of a Secret that names none."""
BASIC_AUTH = "kubernetes.io/basic-auth"
BOOTSTRAP_TOKEN = "bootstrap.kubernetes.io/token"  # noqa: S105
DOCKERCFG = "kubernetes.io/dockercfg"
DOCKERCONFIGJSON = "kubernetes.io/dockerconfigjson"
SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105
SSH_AUTH = "kubernetes.io/ssh-auth"
TLS = "kubernetes.io/tls"

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    BOOTSTRAP_TOKEN: ("token-id", "token-secret"),
    DOCKERCFG: (".dockercfg",),
    DOCKERCONFIGJSON: (".dockerconfigjson",),
    SSH_AUTH: ("ssh-privatekey",),
    TLS: ("tls.crt", "tls.key"),
}
_KNOWN = (*_REQUIRED, BASIC_AUTH, SERVICE_ACCOUNT_TOKEN)


def keys_problem(secret_type: str | None, keys: Collection[str]) -> str | None:
    """Say why a Secret of this type can't have just these keys; one of a type of your own may have any."""
    if secret_type is None:
        return None
    if secret_type == SERVICE_ACCOUNT_TOKEN:
        return (
            f"a Secret of type {SERVICE_ACCOUNT_TOKEN} can't be sealed: the token controller of the cluster "
            "fills it for a ServiceAccount; create it without sealgen, or use 'kubectl create token'"
        )
    if secret_type == BASIC_AUTH and not {"username", "password"}.intersection(keys):
        return f"a Secret of type {BASIC_AUTH} needs the key 'username' or 'password', or both"
    required = _REQUIRED.get(secret_type, ())
    missing = [key for key in required if key not in keys]
    if missing:
        rename = _renamed(missing[0], set(keys).difference(required))
        return f"a Secret of type {secret_type} needs {_keys(missing)}{rename}"
    return _near_miss(secret_type)


def _keys(names: Collection[str]) -> str:
    return f"the key{'s' if len(names) > 1 else ''} " + " and ".join(f"'{name}'" for name in names)


def _renamed(missing: str, others: Collection[str]) -> str:
    import difflib  # noqa: PLC0415  (only where something is wrong)

    near = difflib.get_close_matches(missing, sorted(others), n=1, cutoff=0.7)
    return f"; rename '{near[0]}' to '{missing}'?" if near else ""


def _near_miss(secret_type: str) -> str | None:
    """Say that the type looks like one of Kubernetes' own misspelt, both before and after its '/'."""
    if secret_type in _KNOWN:
        return None
    import difflib  # noqa: PLC0415  (most types are Kubernetes' own)

    domain, _, name = secret_type.lower().partition("/")
    names: dict[str, list[str]] = {}
    for known in _KNOWN:
        known_domain, _, known_name = known.partition("/")
        names.setdefault(known_domain, []).append(known_name)
    for near_domain in difflib.get_close_matches(domain, names, n=1, cutoff=0.85):
        for near in difflib.get_close_matches(name, names[near_domain], n=1, cutoff=0.6):
            return f"{quoted(secret_type)} is not a type of Kubernetes; did you mean '{near_domain}/{near}'?"
    return None


def content_problem(secret_type: str | None, data: Mapping[str, Secret]) -> str | None:
    """Say why these values can't be in a Secret of this type.

    ``data`` has the values at hand; what needs a value that is not among them is not checked.
    """
    if secret_type == TLS:
        return _tls_problem(data)
    for key, check in _CHECKS.get(secret_type or OPAQUE, {}).items():
        try:
            if key in data:
                check(data[key].reveal())
        except FormatError as error:
            return f"'{key}' {error}"
    return None


def _tls_problem(data: Mapping[str, Secret]) -> str | None:
    certificates, private_key = None, None
    try:
        if "tls.crt" in data:
            certificates = read_certificates(data["tls.crt"].reveal())
    except FormatError as error:
        return f"'tls.crt' {error}"
    try:
        if "tls.key" in data:
            private_key = read_private_key(data["tls.key"].reveal())
    except FormatError as error:
        return f"'tls.key' {error}"
    if certificates is None or private_key is None:
        return None
    place = certificate_of(private_key, certificates)
    if place is None:
        return "'tls.key' is not the private key of the certificate in 'tls.crt'"
    if place:
        return "'tls.crt' has its certificates in the wrong order: the one that 'tls.key' is for comes first"
    return None


def _check_dockerconfigjson(plaintext: bytes) -> None:
    config = read_json(plaintext)
    if not isinstance(config, dict) or not isinstance(config.get("auths"), dict):
        raise FormatError("must be a JSON object with an object 'auths'")
    _check_registries(config["auths"])


def _check_dockercfg(plaintext: bytes) -> None:
    config = read_json(plaintext)
    if not isinstance(config, dict):
        raise FormatError("must be a JSON object")
    if "auths" in config:
        raise FormatError(f"holds 'auths', so it is for type {DOCKERCONFIGJSON} and key '.dockerconfigjson'")
    _check_registries(config)


def _check_registries(registries: Mapping[str, object]) -> None:
    for entry in registries.values():
        if not isinstance(entry, dict):
            raise FormatError("has a registry that is not a JSON object")
        for field in ("auth", "username", "password", "email"):
            if not isinstance(entry.get(field, ""), str):
                raise FormatError(f"has a registry whose '{field}' is not text")
        if entry.get("auth"):
            if b":" not in _decoded(entry["auth"]):
                raise FormatError("has a registry whose 'auth' is not base64 of user:password")
        elif not entry.get("username"):
            raise FormatError(
                "has a registry without credentials: it needs 'auth', which is base64 of user:password, or "
                "'username' and 'password'; a credential store ('credsStore') doesn't come with the file"
            )


def _decoded(auth: str) -> bytes:
    # As the kubelet does: with padding or without, and in several lines if need be.
    auth = "".join(auth.split())
    try:
        return base64.b64decode(auth + "=" * (-len(auth) % 4), validate=True)
    except ValueError:
        return b""


def _check_token_id(plaintext: bytes) -> None:
    if not re.fullmatch(rb"[a-z0-9]{6}", plaintext):
        raise FormatError("must be 6 lower-case letters and digits, and nothing else")


def _check_token_secret(plaintext: bytes) -> None:
    if not re.fullmatch(rb"[a-z0-9]{16}", plaintext):
        raise FormatError("must be 16 lower-case letters and digits, and nothing else")


_CHECKS: Mapping[str, Mapping[str, Callable[[bytes], None]]] = {
    BOOTSTRAP_TOKEN: {"token-id": _check_token_id, "token-secret": _check_token_secret},
    DOCKERCFG: {".dockercfg": _check_dockercfg},
    DOCKERCONFIGJSON: {".dockerconfigjson": _check_dockerconfigjson},
    SSH_AUTH: {"ssh-privatekey": check_ssh_private_key},
}
