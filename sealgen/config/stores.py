"""``stores:`` in an environment file: where its secret stores are, by names of the user's choosing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sealgen.errors import ConfigurationError, did_you_mean, quoted
from sealgen.values import (
    age,
    aws_secretsmanager,
    aws_ssm,
    azure_keyvault,
    gcp_secretmanager,
    kubernetes_secret,
    vault,
)
from sealgen.values.kept import Kept
from sealgen.values.stored import STORE_NAME, Stored
from sealgen.yaml.schema import ByKind, MapOf, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealgen.values.destination import Destination
    from sealgen.values.entry import Entry, Store
    from sealgen.values.source import Source
    from sealgen.values.value import Value

_KINDS: dict[str, Record[Any]] = {
    "vault": vault.STORE,
    "aws-secretsmanager": aws_secretsmanager.STORE,
    "aws-ssm": aws_ssm.STORE,
    "gcp-secretmanager": gcp_secretmanager.STORE,
    "azure-keyvault": azure_keyvault.STORE,
    "kubernetes": kubernetes_secret.STORE,
    "age": age.STORE,
}
_NO_DEFAULT = {
    "azure-keyvault": "main: {kind: azure-keyvault, vault: https://NAME.vault.azure.net}",
    "age": "local: {kind: age, file: environments/values.age, recipients: [age1…]}",
}
"""Kinds that no client's variables can say all of, each with what ``stores:`` could say."""
STORES: MapOf[Store] = MapOf(ByKind(_KINDS), STORE_NAME)


def placed(values: Mapping[str, Value], stores: Mapping[str, Store]) -> dict[str, Value]:
    """Return the values, those of a store in the one of ``stores`` that each means.

    Raises ConfigurationError for a store that is not there, is of another kind, or is one of several.
    """
    return {name: value.having(_source(f"values.{name}", value.source, stores)) for name, value in values.items()}


def pushed(
    environment: str, values: Mapping[str, Value], default: Destination | None, stores: Mapping[str, Store]
) -> dict[str, Stored]:
    """Return where each value is pushed to, those that are; ``default`` is for those that do not say it themselves.

    Raises ConfigurationError as ``placed`` does, and where one value would take the place of another.
    """
    found: dict[str, Stored] = {}
    for name, value in values.items():
        if destination := value.push or default:
            place = destination.of(environment, name, value.source.parts)
            found[name] = in_store(destination.path, place, stores)
    kept = {name: value.source.stored for name, value in values.items() if isinstance(value.source, Kept)}
    _check_apart([*kept.items(), *found.items()])
    return found


def _check_apart(places: Iterable[tuple[str, Stored]]) -> None:
    at: dict[tuple[Entry, tuple[str, ...]], str] = {}
    above: dict[tuple[Entry, tuple[str, ...]], str] = {}
    for name, place in places:
        path = place.part.property
        way = [(place.part.entry, path[:depth]) for depth in range(len(path) + 1)]
        others = [*(at.get(step, name) for step in way), above.get(way[-1], name)]
        if other := next((other for other in others if other != name), None):
            what = f", property {'.'.join(path)}" if path else "; give each a property"
            where = f"{place.kind} {place.part.entry.name}"
            raise ConfigurationError(f"'{other}' and '{name}' would have one place, {where}{what}", at=place.at)
        at[way[-1]] = name
        for step in way[:-1]:
            above[step] = name


def _source(path: str, source: Source, stores: Mapping[str, Store]) -> Source:
    if isinstance(source, Kept):
        return replace(source, place=in_store(f"{path}.keep", source.stored, stores))
    return in_store(path, source, stores) if isinstance(source, Stored) else source


def in_store(path: str, source: Stored, stores: Mapping[str, Store]) -> Stored:
    """Return the same in the one of ``stores`` that it means; raises ConfigurationError as ``placed`` does."""
    if source.store is None:
        known = [name for name, store in stores.items() if store.kind == source.kind]
        if len(known) > 1:
            raise ConfigurationError(
                f"{path}: stores: has more than one of kind {source.kind}, {' and '.join(known)}; "
                f"say which, as in store: {known[0]}",
                at=source.at,
            )
        if not known and source.kind in _NO_DEFAULT:
            raise ConfigurationError(
                f"{path}: the environment has no store of kind {source.kind}; "
                f"write stores: {{{_NO_DEFAULT[source.kind]}}}",
                at=source.at,
            )
        return source.placed(stores[known[0]]) if known else source
    if source.store not in stores:
        hint = did_you_mean(source.store, stores) if stores else "; the environment has no stores:"
        raise ConfigurationError(f"{path}.store: no store {quoted(source.store)}{hint}", at=source.at)
    store = stores[source.store]
    if store.kind != source.kind:
        raise ConfigurationError(
            f"{path}.store: {quoted(source.store)} is of kind {store.kind}, and the value of {source.kind}",
            at=source.at,
        )
    return source.placed(store)


def of_kind(environment: str, stores: Mapping[str, Store], kind: str, named: str | None) -> Store:
    """Return the store of a kind that a command is to work on: the one that is ``named``, or the only one.

    Raises ConfigurationError where there is none, or no telling which.
    """
    known = {name: store for name, store in stores.items() if store.kind == kind}
    if named is not None:
        if named not in known:
            raise ConfigurationError(
                f"{environment} has no store {quoted(named)} of kind {kind}{did_you_mean(named, known)}"
            )
        return known[named]
    if not known:
        raise ConfigurationError(
            f"{environment} has no store of kind {kind}",
            hint=f"Its file could say stores: {{{_NO_DEFAULT[kind]}}}" if kind in _NO_DEFAULT else None,
        )
    if len(known) > 1:
        raise ConfigurationError(
            f"{environment} has more than one store of kind {kind}, {' and '.join(known)}; "
            f"say which, as in --store {next(iter(known))}"
        )
    return next(iter(known.values()))
