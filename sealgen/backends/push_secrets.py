"""What PushSecrets put into stores: recipes of what they are given, put as they are or made by a template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sealgen.backends.go_template import translate
from sealgen.kubernetes.push_secret import Pushed
from sealgen.recipe import Filtered, Reference, join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.recipe import Recipe
    from sealgen.values.entry import Part


def put(content: Recipe, remote_key: str, property_: str = "") -> tuple[Pushed, Mapping[str, str]]:
    """Return that this content is put there, and the template that it needs, if it does.

    Its references are the keys of what the PushSecret is given. Raises Untranslatable.
    """
    match content:
        case (Reference(key),):
            return Pushed(key, remote_key, property_), {}
    # No key of a Secret has a slash.
    key = "/".join(filter(None, ("entry", remote_key, property_)))
    return Pushed(key, remote_key, property_), {key: translate(content, lambda reference: reference.value)}


def is_property_apart(part: Part) -> bool:
    """Tell whether the operator puts it into an entry beside others; else it puts the entry as a whole."""
    return part.entry.store.kind == "vault" and len(part.property) == 1


def document(contents: Mapping[tuple[str, ...], Recipe]) -> Recipe:
    """Return an entry that has contents at their paths: JSON, or the one that is all of it.

    No path leads to another.
    """
    if () in contents:
        return contents[()]
    within: dict[str, dict[tuple[str, ...], Recipe]] = {}
    for (first, *rest), content in contents.items():
        within.setdefault(first, {})[tuple(rest)] = content
    parts: list[str | Reference | Filtered] = []
    for first, inner in within.items():
        parts += ["," if parts else "{", json.dumps(first), ":"]
        parts += [Filtered("tojson", inner[()])] if () in inner else document(inner)
    return join([*parts, "}"])
