"""Resolving recipes: the step that meets plaintexts, and looks at them before they go where they are used up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sealgen.content import lint, secret_types
from sealgen.errors import ConfigurationError, SealgenError
from sealgen.kubernetes import rules
from sealgen.recipe import resolve, values_in
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.recipe import Reference
    from sealgen.values.source import Parts


class Plaintext(NamedTuple):
    """The bytes of one key, resolved."""

    secret: SecretManifest
    key: str
    value: Secret


@dataclass(frozen=True)
class Warned:
    """A value looks wrong; which key, and why."""

    secret: str
    key: str
    id: str
    message: str


def resolve_keys(wanted: Iterable[tuple[SecretManifest, str]], values: Mapping[str, Parts]) -> list[Plaintext]:
    """Resolve keys of the values by name; raises ConfigurationError where a value does not fit its place."""

    def lookup(reference: Reference) -> Secret:
        return values[reference.value][reference.part]

    plaintexts = []
    for secret, name in wanted:
        key = secret.keys[name]
        try:
            plaintexts.append(Plaintext(secret, name, Secret(resolve(key.recipe, lookup))))
        except SealgenError as error:
            raise ConfigurationError(f"{secret.name}/{name}: {error.message}", at=key.at) from None
    return plaintexts


def check(plaintexts: Sequence[Plaintext], kept: Mapping[str, int]) -> None:
    """Refuse what the API server would refuse: a Secret too large, content that its type forbids.

    ``kept`` has, by Secret, the bytes of the keys that are not among ``plaintexts``.
    """
    for secret, data in by_secret(plaintexts):
        if problem := secret_types.content_problem(secret.type, data):
            raise ConfigurationError(f"{secret.name}: {problem}", at=secret.at)
        total = kept.get(secret.name, 0) + sum(len(value) for value in data.values())
        if problem := rules.secret_size_problem(total):
            raise ConfigurationError(f"{secret.name}: {problem}", at=secret.at)


def by_secret(plaintexts: Iterable[Plaintext]) -> Iterable[tuple[SecretManifest, dict[str, Secret]]]:
    """Return the plaintexts of each Secret by key, in their order."""
    grouped: dict[str, tuple[SecretManifest, dict[str, Secret]]] = {}
    for plaintext in plaintexts:
        grouped.setdefault(plaintext.secret.name, (plaintext.secret, {}))[1][plaintext.key] = plaintext.value
    return grouped.values()


def warnings(plaintexts: Sequence[Plaintext], environment: Environment) -> tuple[Warned, ...]:
    """Return what looks wrong about the values; raises ConfigurationError where ``lint: error`` refuses it."""
    warned = [
        _warned(plaintext.secret, plaintext.key, finding, environment)
        for plaintext in plaintexts
        for finding in lint.warnings(plaintext.key, plaintext.secret.type, plaintext.value)
    ]
    for secret, data in by_secret(plaintexts):
        for key, finding in lint.pair_warnings(data):
            warned.append(_warned(secret, key, finding, environment))
    return tuple(warned)


def _warned(secret: SecretManifest, key: str, finding: lint.Finding, environment: Environment) -> Warned:
    used = values_in(secret.keys[key].recipe)
    levels = {environment.values[name].rules.lint or environment.lint for name in used} or {environment.lint}
    if "error" in levels:
        raise ConfigurationError(
            f"{secret.name}/{key}: {finding.message} ({finding.id})",
            at=secret.keys[key].at,
            hint="'lint: error' refuses it; 'lint: warn' on the value or the environment lets it pass.",
        )
    return Warned(secret.name, key, finding.id, finding.message)
