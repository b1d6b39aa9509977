"""The source ``kubernetes``: a key of a live Secret, such as one that an operator makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.values.stored import shape
from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from sealgen.values.source import Source


@dataclass(frozen=True)
class KubernetesStore:
    """A cluster, as one user."""

    kind: ClassVar[str] = "kubernetes"

    kubeconfig: str | None = None
    """A path, from the project's root or with ``~``; None: $KUBECONFIG, ~/.kube/config, or the pod's own."""
    context: str | None = None
    """None: the kubeconfig's current one."""


_TEXT = Text(pattern=r"\S(?:.*\S)?", words="a name or a path")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"

STORE: Record[KubernetesStore] = Record(
    {
        "kind": Field(Text(choices=("kubernetes",)), "The Secrets of a cluster."),
        "kubeconfig": Field(_TEXT, "Its path, from the project's root or with ~; default: $KUBECONFIG, or as kubectl."),
        "context": Field(_TEXT, "The kubeconfig's context; default: the current one."),
    },
    lambda fields: KubernetesStore(fields["kubeconfig"], fields["context"]),
)
SHAPE: Record[Source] = shape(
    KubernetesStore(),
    Field(
        Text(pattern=rf"{_LABEL}/{_LABEL}(?:\.{_LABEL})*", words="a namespace and a Secret's name, as in aura/smtp"),
        "A Secret of a cluster, as NAMESPACE/NAME.",
        required=True,
    ),
    property_of="The Secret's key; a list of names leads into what it holds as JSON.",
    required=True,
)
