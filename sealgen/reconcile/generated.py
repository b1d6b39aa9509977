"""The values of an environment that the operator makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.backends.generators import generator
from sealgen.backends.push_secrets import is_property_apart
from sealgen.errors import ConfigurationError
from sealgen.reconcile import pushing
from sealgen.values.stored import parts_in_stores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.config.environment import Environment
    from sealgen.config.external_secrets import ExternalSecretsBackend
    from sealgen.errors import Mark
    from sealgen.kubernetes.generator import Generator
    from sealgen.kubernetes.push_secret import PushSecret
    from sealgen.values.entry import Entry, Part


def by_operator(environment: Environment) -> list[str]:
    """Return the names of the values that the operator makes."""
    return [name for name, value in environment.values.items() if value.operator]


def generators(
    environment: Environment, backend: ExternalSecretsBackend, places: Mapping[str, Part]
) -> list[tuple[Generator, PushSecret]]:
    """Return what makes each of them, and what puts it into its place; both have one name.

    Raises ConfigurationError for one that the operator can't make exactly, or can't put without others.
    """
    made = []
    by_name: dict[str, str] = {}
    for name in by_operator(environment):
        value, part = environment.values[name], places[name]
        assert value.operator is not None  # noqa: S101
        if not is_property_apart(part):
            _check_alone(environment, name, part, value.operator.at)
        found, push = generator(value, part, environment.namespace, backend)
        if other := by_name.get(found.name):
            raise ConfigurationError(
                f"values.{name}.made_by: for it and for {other} the operator would have one name, {found.name}",
                at=value.operator.at,
            )
        by_name[found.name] = name
        made.append((found, push))
    return made


def _check_alone(environment: Environment, name: str, part: Part, at: Mark) -> None:
    put = [other for other, place in pushing.destinations(environment, ()).items() if place.part.entry == part.entry]
    for other in [*put, *read_from(environment, part.entry)]:
        if other != name:
            raise ConfigurationError(
                f"values.{name}.made_by: the operator puts {part.entry.name} as a whole, and '{other}' is in it too",
                at=at,
                hint="Give it an entry of its own by push:.",
            )


def read_from(environment: Environment, entry: Entry) -> list[str]:
    """Return the names of the values whose sources read an entry."""
    return [
        name
        for name, value in environment.values.items()
        if any(part.entry == entry for part in parts_in_stores([value.source]))
    ]
