"""Sealing what kubeseal seals: Secrets of any origin, or one value."""

from __future__ import annotations

import base64
import contextlib
from typing import TYPE_CHECKING

from sealgen.crypto.crew import FEW, Crew, crew
from sealgen.crypto.hybrid import seal
from sealgen.errors import SealgenError, quoted
from sealgen.kubernetes import secret as plain_secret
from sealgen.kubernetes.sealed_object import Place
from sealgen.kubernetes.sealed_secret import SCOPES, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from sealgen.kubernetes.sealed_secret import SealedSecret
    from sealgen.kubernetes.secret import PlainSecret
    from sealgen.kubeseal.request import Request
    from sealgen.values.secret import Secret


def places(secrets: Sequence[PlainSecret], request: Request, context_namespace: Callable[[], str]) -> list[Place]:
    """Return where each Secret is sealed for.

    ``context_namespace`` is asked where neither a Secret nor the command line names a namespace. Raises SealgenError
    for a Secret without data, and for names and namespaces that contradict each other.
    """
    if request.name and len(secrets) > 1:
        raise SealgenError(f"--name would give {len(secrets)} Secrets one name; seal them one by one")
    return [_place(secret, request, context_namespace) for secret in secrets]


def _place(secret: PlainSecret, request: Request, context_namespace: Callable[[], str]) -> Place:
    if not secret.data and not request.allow_empty_data:
        raise SealgenError(f"{secret.name} has no data; --allow-empty-data seals it all the same", at=secret.at)
    scope = request.scope or told_scope(secret) or Scope.STRICT
    namespace = secret.namespace or ""
    if scope is not Scope.CLUSTER_WIDE:
        if namespace and request.namespace not in ("", namespace):
            raise SealgenError(
                f"namespace mismatch: {secret.name} is in {quoted(namespace)}, but --namespace is "
                f"{quoted(request.namespace)}",
                at=secret.at,
            )
        namespace = namespace or request.namespace or context_namespace()
    return Place(namespace, request.name or secret.name, scope)


def told_scope(secret: PlainSecret) -> Scope | None:
    """Return the scope that a Secret's annotations tell, the widest of several."""
    told = [scope for annotation, scope in SCOPES.items() if secret.annotations.get(annotation) == "true"]
    return told[-1] if told else None


def sealed(secrets: Sequence[tuple[PlainSecret, Place]], public_key: RSAPublicKey) -> list[SealedSecret]:
    """Seal Secrets, each for its place."""
    values = [(value.reveal(), place.label) for secret, place in secrets for value in secret.data.values()]
    # For a few, starting processes would take longer than sealing does.
    with crew() if len(values) > FEW else contextlib.nullcontext(Crew()) as hands:
        ciphertexts = iter(list(hands.seal(values, public_key)))
    return [
        plain_secret.sealed(secret, place, {key: base64.b64encode(next(ciphertexts)).decode() for key in secret.data})
        for secret, place in secrets
    ]


def place_of_value(request: Request, context_namespace: Callable[[], str]) -> Place:
    """Return where one value is sealed for; raises SealgenError where a name that is needed is not told."""
    scope = request.scope or Scope.STRICT
    if scope is Scope.STRICT and not request.name:
        raise SealgenError("--raw with the scope strict needs --name")
    namespace = "" if scope is Scope.CLUSTER_WIDE else request.namespace or context_namespace()
    return Place(namespace, request.name, scope)


def sealed_value(value: Secret, place: Place, public_key: RSAPublicKey) -> str:
    """Seal one value; return it in base64."""
    return base64.b64encode(seal(value.reveal(), public_key, place.label)).decode()
