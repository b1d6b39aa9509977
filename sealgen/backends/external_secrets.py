"""The external-secrets backend: recipes become templates that the operator fills in; it meets no plaintext."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen.backends.go_template import Untranslatable, folded, translate
from sealgen.errors import ConfigurationError, quoted
from sealgen.filters import FilterError
from sealgen.kubernetes.external_secret import ExternalSecret, RemoteReference
from sealgen.recipe import Reference, references
from sealgen.values.aws_secretsmanager import SecretsManagerStore, is_version_id
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.config.external_secrets import ExternalSecretsBackend
    from sealgen.errors import Mark
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.values.entry import Part
    from sealgen.values.value import Value


def external_secret(
    secret: SecretManifest, values: Mapping[str, Value], places: Mapping[str, Part], backend: ExternalSecretsBackend
) -> ExternalSecret:
    """Return the ExternalSecret that gives the Secret; ``places`` are where values are, but for literal ones.

    Raises ConfigurationError for a key that the operator can't make exactly.
    """
    known = {
        Reference(name): value.source.text.reveal().decode()
        for name, value in values.items()
        if isinstance(value.source, Literal)
    }
    template: dict[str, str] = {}
    used: dict[str, Reference] = {}
    for name, key in secret.keys.items():
        try:
            recipe = folded(key.recipe, known)
            template[name] = translate(recipe, str)
        except FilterError as error:
            raise ConfigurationError(f"{secret.name}/{name}: {error}", at=key.at) from None
        except Untranslatable as error:
            raise ConfigurationError(
                f"{secret.name}/{name}: External Secrets can't make it: {error}",
                at=key.at,
                hint="Put what the filter makes into the store as a value of its own.",
            ) from None
        used |= {str(reference): reference for reference in references(recipe)}
    if not used:
        raise ConfigurationError(
            f"{secret.name} is made of no value in a store, and an ExternalSecret must be",
            at=secret.at,
            hint="Leave it out of secrets:, and commit it as a manifest of your own: nothing in it is secret.",
        )
    return ExternalSecret(
        name=secret.name,
        namespace=secret.namespace,
        store=backend.store,
        data={name: _remote(used[name], places[used[name].value], secret.at) for name in sorted(used)},
        template=template,
        type=secret.type,
        labels=_as_templates(secret.labels),
        annotations=_as_templates(secret.annotations),
        immutable=secret.immutable,
        refresh_interval=backend.refresh_interval,
        creation_policy=backend.creation_policy,
        deletion_policy=backend.deletion_policy,
    )


def _as_templates(texts: Mapping[str, str]) -> Mapping[str, str]:
    return {name: translate((text,), str) for name, text in texts.items()}


_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")


def _remote(reference: Reference, part: Part, at: Mark) -> RemoteReference:
    path = (*part.property, *((reference.part,) if reference.part else ()))
    return remote_reference(reference.value, replace(part, property=path), at)


def remote_reference(value: str, part: Part, at: Mark) -> RemoteReference:
    """Return what the operator calls a part of an entry; raises ConfigurationError, at ``at``, where it can't."""
    for name in part.property:
        if not _PLAIN.fullmatch(name):
            raise ConfigurationError(
                f"values.{value}: External Secrets takes {quoted(name)} for a pattern, not for a property; "
                "letters, digits, '_', '-' and '.' are none",
                at=at,
            )
    # In one name a dot is itself; in a path it leads deeper, unless it is escaped.
    path = part.property
    found = path[0] if len(path) == 1 else ".".join(name.replace(".", r"\.") for name in path)
    entry = part.entry
    version = entry.version or ""
    if entry.store.kind == SecretsManagerStore.kind and is_version_id(version):
        # Without it, the operator takes an ID for a staging label.
        version = f"uuid/{version}"
    return RemoteReference(entry.name, found, version, "Base64" if part.encoding else "None")
