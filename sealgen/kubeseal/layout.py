"""SealedSecrets and Secrets as kubeseal prints them, in JSON or YAML.

Its JSON is Go's: two spaces, fields in the order of the types, keys of maps sorted, ``<``, ``>`` and ``&`` escaped.
Source: kubeseal 0.36.6; ``encoding/json`` of Go 1.26; ``meta/v1`` and ``core/v1`` of Kubernetes 1.35.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sealgen.yaml import layout

if TYPE_CHECKING:
    from collections.abc import Sequence

_METADATA = ("name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers")
_OBJECT = ("kind", "apiVersion", "metadata", "spec", "status")
_SEALED_SECRET: dict[str, Sequence[str]] = {
    "": _OBJECT,
    "metadata": _METADATA,
    "spec": ("template", "data", "encryptedData"),
    "spec.template": ("metadata", "type", "immutable", "data"),
    "spec.template.metadata": _METADATA,
}
_SECRET: dict[str, Sequence[str]] = {
    "": ("kind", "apiVersion", "metadata", "immutable", "data", "type"),
    "metadata": _METADATA,
}
_ORDERS = {"SealedSecret": _SEALED_SECRET, "Secret": _SECRET}
_ESCAPED = re.compile("[<>&\u2028\u2029]")


def to_json(tree: Mapping[str, Any]) -> str:
    """Return the object as one JSON document."""
    text = json.dumps(_in_order(tree, "", _ORDERS[tree["kind"]]), indent=2, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def _in_order(data: Any, path: str, orders: Mapping[str, Sequence[str]]) -> Any:
    if not isinstance(data, Mapping):
        return data
    first = orders.get(path, ())
    names = [*filter(data.__contains__, first), *sorted(data.keys() - first)]
    return {name: _in_order(data[name], f"{path}.{name}" if path else name, orders) for name in names}


def to_yaml(tree: Mapping[str, Any]) -> str:
    """Return the object as one YAML document, which begins with ``---``."""
    return layout.dump(tree)
