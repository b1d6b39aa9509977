"""``extends``: an environment file, merged over the files that it extends."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from sealgen.config import FOLDER
from sealgen.errors import ConfigurationError, shortened
from sealgen.values.destination import KINDS
from sealgen.values.rules import RULES
from sealgen.values.sources import SOURCE_NAMES
from sealgen.yaml.nodes import Mapping, Scalar, is_null, parse
from sealgen.yaml.schema import Field, Text

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT_NAME = r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
_ENVIRONMENT_WORDS = "the name of a file of environments/, without .yaml: lower-case letters, digits, '-', '_', '.'"
EXTENDS = Field(
    Text(pattern=ENVIRONMENT_NAME, words=_ENVIRONMENT_WORDS),
    "Another file of environments/, without .yaml; this one is merged over it.",
)


def merged(name: str, read: Callable[[str], bytes | None]) -> Mapping:
    """Return the file of the environment ``name``, merged over the files that it extends."""
    if not re.fullmatch(ENVIRONMENT_NAME, name):
        raise ConfigurationError(
            f"{FOLDER}/{shortened(name)}.yaml can't be an environment: "
            "a name has lower-case letters, digits, '-', '_' and '.'"
        )
    chain: dict[str, Mapping] = {}
    wanted, extended_at = name, None
    while True:
        file = f"{FOLDER}/{wanted}.yaml"
        content = read(file)
        if content is None:
            raise ConfigurationError(f"there is no {file}", at=extended_at)
        node = parse(content, file)
        if not isinstance(node, Mapping):
            raise ConfigurationError("an environment file must be a mapping", at=node.at)
        chain[wanted] = node
        extends = node.get("extends")
        if extends is None:
            break
        wanted, extended_at = EXTENDS.shape.read(extends, "extends"), extends.at
        if wanted in chain:
            circle = " → ".join([*chain, wanted])
            raise ConfigurationError(f"the files extend each other in a circle: {circle}", at=extended_at)
    # From the farthest base on: what a file removes stays removed, though its own base may have it.
    return functools.reduce(lambda base, over: _merge(base, over, ()), reversed(chain.values()))


def _merge(base: Mapping, over: Mapping, path: tuple[str, ...]) -> Mapping:
    """Merge deeply: ``over`` wins, a list replaces a list, null removes what it inherits."""
    entries = dict(base.entries)
    if _other_variant(base, over, path):
        # A backend leaves nothing behind, and a value its rules: a source's own fields go with the source.
        entries = {name: entry for name, entry in entries.items() if path[0] == "values" and name in _OF_ANY_SOURCE}
    for name, (key, value) in over.entries.items():
        inherited = entries[name][1] if name in entries else None
        if is_null(value) and inherited is not None:
            del entries[name]
        elif isinstance(value, Mapping) and isinstance(inherited, Mapping):
            entries[name] = (key, _merge(inherited, value, (*path, name)))
        else:
            entries[name] = (key, value)
    return Mapping(entries, over.at)


_OF_ANY_SOURCE = {*RULES, "push"}


def _other_variant(base: Mapping, over: Mapping, path: tuple[str, ...]) -> bool:
    """Tell whether ``over`` names another backend or store, or another source or generator, than ``base``."""
    if path == ("backend",) or path[:1] == ("stores",):
        return _both_differ(base, over, "kind")
    if path == ("push",) or (path[:1] == ("values",) and path[2:] in (("keep",), ("push",))):
        before, after = (node.entries.keys() & KINDS for node in (base, over))
        return bool(before and after - before)
    if len(path) == 2 and path[0] == "values":
        before, after = (node.entries.keys() & SOURCE_NAMES for node in (base, over))
        return bool(before and after - before) or _both_differ(base, over, "generate")
    return False


def _both_differ(base: Mapping, over: Mapping, name: str) -> bool:
    before, after = base.get(name), over.get(name)
    return isinstance(before, Scalar) and isinstance(after, Scalar) and before.text != after.text
