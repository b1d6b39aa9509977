"""``stores:`` in an environment file: where its secret stores are, by names of the user's choosing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sealgen.errors import ConfigurationError, did_you_mean, quoted
from sealgen.values import aws_secretsmanager, aws_ssm, kubernetes_secret, vault
from sealgen.values.kept import Kept
from sealgen.values.stored import STORE_NAME, Stored
from sealgen.yaml.schema import ByKind, MapOf, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.values.entry import Store
    from sealgen.values.source import Source
    from sealgen.values.value import Value

_KINDS: dict[str, Record[Any]] = {
    "vault": vault.STORE,
    "aws-secretsmanager": aws_secretsmanager.STORE,
    "aws-ssm": aws_ssm.STORE,
    "kubernetes": kubernetes_secret.STORE,
}
STORES: MapOf[Store] = MapOf(ByKind(_KINDS), STORE_NAME)


def placed(values: Mapping[str, Value], stores: Mapping[str, Store]) -> dict[str, Value]:
    """Return the values, those of a store in the one of ``stores`` that each means.

    Raises ConfigurationError for a store that is not there, is of another kind, or is one of several.
    """
    return {
        name: replace(value, source=_source(f"values.{name}", value.source, stores)) for name, value in values.items()
    }


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
