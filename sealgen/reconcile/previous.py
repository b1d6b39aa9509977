"""Which key of a Secret keeps the version before of which other (``keep_previous``). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError
from sealgen.recipe import Reference, values_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.values.value import Value


def previous_keys(values: Iterable[Value], manifests: Iterable[SecretManifest]) -> dict[tuple[str, str], str]:
    """Return the keys that keep a version before, by Secret and the key whose version that is.

    That key must be the value alone: what it is a part of could not be read with it. Raises ConfigurationError, with
    the place in the template, where a Secret has the value alone twice, or a key of its own by that name.
    """
    keeping = {value.name: value.keep_previous for value in values if value.keep_previous is not None}
    found: dict[tuple[str, str], str] = {}
    used: set[str] = set()
    alone: set[str] = set()
    for secret in manifests if keeping else ():
        owners: dict[str, str] = {}
        for name, key in secret.keys.items():
            used |= values_in(key.recipe)
            match key.recipe:
                case (Reference(value),) if value in keeping:
                    previous = keeping[value]
                case _:
                    continue
            what = f"{secret.name}/{name}: keep_previous of {value} names {previous}"
            if previous in secret.keys:
                raise ConfigurationError(
                    f"{what}, which the template has; it must be a key of its own", at=secret.keys[previous].at
                )
            if other := owners.get(previous):
                raise ConfigurationError(f"{what}, which keeps the version before of {other}", at=key.at)
            owners[previous] = name
            found[secret.name, name] = previous
            alone.add(value)
    if useless := min(keeping.keys() & used - alone, default=None):
        raise ConfigurationError(
            f"values.{useless}.keep_previous: no key is {useless} alone, to keep the version before"
        )
    return found
