"""The namespace of a kubeconfig's context, without the Kubernetes client.

Source: client-go v0.35, ``tools/clientcmd``: of several files, the first that says something counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealgen.errors import ConfigurationError, did_you_mean, quoted
from sealgen.kubernetes.objects import Field
from sealgen.yaml import nodes
from sealgen.yaml.nodes import Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable


class Context(NamedTuple):
    """A context, and the namespace it names, which may be none."""

    name: str
    namespace: str | None


def context(files: Iterable[tuple[str, bytes]], name: str) -> Context:
    """Return the context of this name, or the current one where ``name`` is empty.

    ``files`` are paths for messages, and contents. Raises ConfigurationError for what is no kubeconfig, and where
    there is no such context.
    """
    known: dict[str, str | None] = {}
    where = []
    for file, content in files:
        where.append(file)
        if not content.strip():
            continue
        root = nodes.parse(content, file)
        field = Field("", root, root.at).mapping("a kubeconfig")
        name = name or field["current-context"].text_if_given() or ""
        for entry in _entries(field["contexts"]):
            known.setdefault(entry["name"].text(), entry["context"]["namespace"].text_if_given() or None)
    if not name:
        raise ConfigurationError(f"{_listed(where)} has no current context; name one with --context")
    if name not in known:
        raise ConfigurationError(f"{_listed(where)} has no context {quoted(name)}{did_you_mean(name, known)}")
    return Context(name, known[name])


def _entries(field: Field) -> list[Field]:
    if field.node is None:
        return []
    if not isinstance(field.node, Sequence):
        raise ConfigurationError("contexts must be a list", at=field.at)
    return [Field("contexts", node, node.at) for node in field.node.items]


def _listed(files: list[str]) -> str:
    return ", ".join(files)
