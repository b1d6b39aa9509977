"""The manifests that an environment's templates give."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgen.errors import ConfigurationError, SealgenError, did_you_mean
from sealgen.kubernetes import manifest
from sealgen.kubernetes.pattern import NAME, Pattern, pattern
from sealgen.recipe import values_in
from sealgen.template import SUFFIX
from sealgen.template.blanks import Mask, shape
from sealgen.template.rendering import Templates

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.config.secrets import SecretEntry
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.template.blanks import Masked
    from sealgen.template.rendered import Rendered

_WORTH_A_PATTERN = 3  # Secrets that are alike


def render_manifests(project: Project, environment: Environment) -> dict[str, SecretManifest]:
    """Render and read the manifest of each of the environment's secrets; raises ConfigurationError."""
    press = _Press(project, environment)
    available = set(project.templates())
    for entry in environment.secrets:
        if entry.template not in available:
            hint = did_you_mean(entry.template, available)
            raise ConfigurationError(f"there is no template templates/{entry.template}{SUFFIX}{hint}", at=entry.at)
    likenesses = [press.likeness(entry) for entry in environment.secrets]
    alike = Counter(likeness.key for likeness in likenesses)
    patterns: dict[Hashable, Pattern | None] = {}
    manifests = {}
    for entry, likeness in zip(environment.secrets, likenesses, strict=True):
        made = None
        if alike[likeness.key] >= _WORTH_A_PATTERN:
            if likeness.key not in patterns:
                patterns[likeness.key] = press.pattern(entry, likeness)
            if found := patterns[likeness.key]:
                made = found.filled(likeness.texts, entry.values)
        manifests[entry.name] = made or press.manifest(entry)
    return manifests


def values_used(manifests: Mapping[str, SecretManifest]) -> list[str]:
    """Return the values that some key is made of, sorted."""
    return sorted(
        {name for secret in manifests.values() for key in secret.keys.values() for name in values_in(key.recipe)}
    )


def keys_of(manifests: Mapping[str, SecretManifest], value: str) -> list[str]:
    """Return the keys (``SECRET/KEY``) that a value is part of."""
    return [
        f"{secret}/{name}"
        for secret, manifest in manifests.items()
        for name, key in manifest.keys.items()
        if value in values_in(key.recipe)
    ]


@dataclass(frozen=True)
class _Likeness:
    """A secret with blanks for its own text."""

    key: Hashable
    """Equal for secrets whose manifests differ in that text only, and in what their values are called."""
    name: Masked
    variables: dict[str, Masked]
    texts: list[str]


class _Press:
    """Renders and reads manifests."""

    def __init__(self, project: Project, environment: Environment) -> None:
        self._templates = Templates(project.template)
        self._environment = environment
        self._parts = {name: value.source.parts for name, value in environment.values.items()}

    def manifest(self, entry: SecretEntry) -> SecretManifest:
        """Render and read a manifest by itself; raises ConfigurationError."""
        rendered = self._rendered(entry, entry.name, entry.vars, self._parts, entry.values)
        return self._read(rendered, entry, entry.name)

    def likeness(self, entry: SecretEntry) -> _Likeness:
        """Return what the secret has in common with others."""
        mask = Mask()
        name = mask.hidden(entry.name)
        variables = {key: mask.hidden(data) for key, data in entry.vars.items()}
        values = tuple((own, self._parts[value]) for own, value in entry.values.items())
        key = (entry.template, entry.namespace, entry.scope, entry.type, shape(name), shape(variables), values)
        return _Likeness(key, name, variables, mask.texts)

    def pattern(self, entry: SecretEntry, likeness: _Likeness) -> Pattern | None:
        """Return the pattern of a secret and those that are like it; None where each is rendered by itself."""
        if isinstance(likeness.name, str):
            return None
        own = {name: self._parts[value] for name, value in entry.values.items()}
        # The template's own names first, as a loop over ``values`` gives them.
        known = {**own, **self._parts, **own}
        try:
            rendered = self._rendered(entry, likeness.name, likeness.variables, known, {})
            read = self._read(rendered, entry, NAME)
        except SealgenError:
            return None  # The template looks at what is blank, or is wrong: rendering it by itself tells.
        return pattern(rendered, read)

    def _rendered(
        self,
        entry: SecretEntry,
        name: Masked,
        variables: Mapping[str, Any],
        known: Mapping[str, tuple[str, ...]],
        aliases: Mapping[str, str],
    ) -> Rendered:
        return self._templates.render(
            entry.template + SUFFIX,
            known=known,
            aliases=aliases,
            variables={**self._environment.vars, **variables},
            names={"secret": {"name": name, "namespace": entry.namespace}, "environment": self._environment.name},
        )

    @staticmethod
    def _read(rendered: Rendered, entry: SecretEntry, name: str) -> SecretManifest:
        return manifest.read(rendered, name=name, namespace=entry.namespace, scope=entry.scope, type=entry.type)
