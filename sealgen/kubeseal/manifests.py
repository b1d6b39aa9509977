"""SealedSecrets of anyone's making, with all that they hold: read, changed in places, and written again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgen.errors import ConfigurationError, SealgenError
from sealgen.kubernetes import objects, sealed_object
from sealgen.kubernetes.sealed_secret import KIND
from sealgen.kubeseal import layout
from sealgen.kubeseal.request import Format
from sealgen.yaml import entries as yaml_entries
from sealgen.yaml import nodes
from sealgen.yaml.nodes import Mapping
from sealgen.yaml.schema import Plain

if TYPE_CHECKING:
    from collections.abc import Mapping as Map

    from sealgen.kubernetes.objects import Field
    from sealgen.kubernetes.sealed_object import SealedObject

Entries = dict[tuple[str, ...], "Map[str, str]"]
"""Entries of mappings, by the path to the mapping."""


@dataclass(frozen=True)
class Manifest:
    """A SealedSecret in a file."""

    file: str
    field: Field
    data: dict[str, Any]
    text: str | None
    """What the file holds, where it is this manifest alone."""
    format: Format
    sealed: SealedObject


def read_all(content: bytes, file: str) -> list[Manifest]:
    """Read the SealedSecrets of a file: YAML or JSON, several documents, Lists.

    ``file`` is the name that errors carry. Raises ConfigurationError for what is no SealedSecret.
    """
    fields = objects.read_all(content, file)
    as_json = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    text = content.decode("utf-8-sig") if len(fields) == 1 and _is_whole(fields[0], content, as_json) else None
    found = []
    for field in fields:
        field["kind"].must_be(KIND)
        sealed = sealed_object.read(field, "")
        data: Any = Plain().read(field.node or Mapping({}, field.at), "")
        format_ = Format.JSON if as_json else Format.YAML
        found.append(Manifest(file, field, data, text, format_, sealed))
    return found


def _is_whole(field: Field, content: bytes, as_json: bool) -> bool:
    """Tell whether an object is all that a file holds."""
    try:
        if as_json:
            return bool(json.loads(content).get("kind") == KIND)
        return nodes.parse(content, field.at.file) == field.node
    except (ConfigurationError, ValueError):
        return False


def read_one(content: bytes, file: str) -> Manifest:
    """Read a file that holds one SealedSecret; raises SealgenError where it holds several."""
    found = read_all(content, file)
    if len(found) > 1 or found[0].text is None:
        raise SealgenError(f"{file} holds a List or several manifests; it must be one SealedSecret")
    return found[0]


def with_entries(manifest: Manifest, entries: Entries, wanted: Format) -> str:
    """Return the manifest's text with these entries set; all else in it stays.

    It is laid out anew where ``wanted`` is another format than it has, and where it can't be edited in place. Raises
    ConfigurationError where it then can't be written.
    """
    data = manifest.data
    for path, added in entries.items():
        data = _with(data, path, added)
    if wanted is Format.YAML and manifest.text is not None:
        text = _edited(manifest.text, entries)
        if text is not None and _reads_as(text, data):
            return text
    return written(data, wanted)


def _with(data: dict[str, Any], path: tuple[str, ...], added: Map[str, str]) -> dict[str, Any]:
    if not added:
        return data
    if not path:
        return {**data, **added}
    return data | {path[0]: _with(data.get(path[0]) or {}, path[1:], added)}


def _edited(text: str, entries: Entries) -> str | None:
    try:
        for path, added in entries.items():
            text = yaml_entries.with_entries(text, path, added)
    except yaml_entries.NotInPlaceError:
        return None
    return text


def _reads_as(text: str, data: dict[str, Any]) -> bool:
    try:
        return Plain().read(nodes.parse(text, ""), "") == data
    except ConfigurationError:
        return False


def written(data: Map[str, Any], wanted: Format) -> str:
    """Return an object in kubeseal's layout; raises ConfigurationError for what can't be written in YAML."""
    return layout.to_json(data) if wanted is Format.JSON else layout.to_yaml(_tree(data, ""))


def _tree(data: Any, path: str) -> Any:
    if isinstance(data, dict):
        return {name: _tree(value, f"{path}.{name}" if path else name) for name, value in data.items()}
    if isinstance(data, list):
        return tuple(_tree(item, path) for item in data)
    if isinstance(data, int) and not isinstance(data, bool):
        raise ConfigurationError(f"{path} is a number, which no field of a SealedSecret is")
    return data
