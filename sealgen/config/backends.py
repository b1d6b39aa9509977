"""``backend`` in an environment file: how its secrets reach the cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgen.config import CERTIFICATE_CHANGED, FOLDER
from sealgen.config.external_secrets import BACKEND as EXTERNAL_SECRETS
from sealgen.crypto import fingerprint
from sealgen.errors import quoted
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.values.file import INSIDE as _PATH
from sealgen.values.file import inside_problem as _path_problem
from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from sealgen.errors import Mark
    from sealgen.yaml.schema import Fields


@dataclass(frozen=True)
class SealedSecretsBackend:
    """Manifests are sealed with the controller's certificate."""

    certificate: str
    """A path from the project's root, or an https:// URL."""
    fingerprint: str
    """The pin: of the certificate's public key, as ``ssh-keygen -l`` writes it."""
    scope: Scope
    certificate_at: Mark
    fingerprint_at: Mark
    certificate_changed: str = "keep"
    """What a ciphertext of another certificate does: one of CERTIFICATE_CHANGED."""


@dataclass(frozen=True)
class PlainBackend:
    """Manifests are plain Secrets on standard output, for local development."""


# What JSON Schema is told; the function below says it in words.
_CERTIFICATE = rf"https://[^/\s]\S*|(?!.*://){_PATH}"


def _certificate_problem(text: str) -> str | None:
    if "://" in text:
        return None if re.fullmatch(r"https://[^/\s]\S*", text) else f"{quoted(text)} must be a path or an https:// URL"
    return _path_problem(text)


def _fingerprint_problem(text: str) -> str | None:
    if re.fullmatch(fingerprint.PATTERN, text):
        return None
    hint = "it looks like SHA256: and 43 characters, see 'sealgen cert show FILE'"
    return f"{quoted(text)} is not a fingerprint; {hint}"


SCOPE = Text(choices=tuple(Scope))


def _sealed_secrets(fields: Fields) -> SealedSecretsBackend:
    return SealedSecretsBackend(
        fields["certificate"],
        fields["fingerprint"],
        Scope(fields["scope"]),
        fields.at("certificate"),
        fields.at("fingerprint"),
        fields["certificate_changed"],
    )


BACKENDS: dict[str, Record[Any]] = {
    "sealed-secrets": Record(
        {
            "kind": Field(Text(choices=("sealed-secrets",)), "How secrets reach the cluster."),
            "certificate": Field(
                Text(problem=_certificate_problem, pattern=_CERTIFICATE),
                "The controller's certificate: a PEM file's path from the project's root, or an https:// URL.",
                required=True,
                example=f"{FOLDER}/certificates/controller.pem",
            ),
            "fingerprint": Field(
                Text(problem=_fingerprint_problem, pattern=fingerprint.PATTERN),
                "The pin: the certificate's fingerprint, which 'sealgen cert fetch ENV' writes; another is refused.",
                required=True,
            ),
            "scope": Field(SCOPE, "What a ciphertext is bound to: its name and namespace, or less.", default="strict"),
            "certificate_changed": Field(
                Text(choices=CERTIFICATE_CHANGED),
                "What a ciphertext of another certificate does: 'keep' (default) lets it stay, as the cluster keeps "
                "its older keys; 'reseal' seals it again from its values.",
                default="keep",
            ),
        },
        _sealed_secrets,
    ),
    "external-secrets": EXTERNAL_SECRETS,
    "plain": Record(
        {"kind": Field(Text(choices=("plain",)), "Secrets on standard output, for local development.")},
        lambda _: PlainBackend(),
    ),
}
