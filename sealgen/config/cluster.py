"""``cluster:`` in an environment file: where the environment's cluster is, and its sealed-secrets controller."""

from __future__ import annotations

from dataclasses import dataclass

from sealgen.kubernetes import rules
from sealgen.yaml.schema import Field, Record, Text


@dataclass(frozen=True)
class ClusterSettings:
    """How commands that ask a cluster reach it."""

    kubeconfig: str | None = None
    """A path, from the project's root or the home folder (``~``); None: $KUBECONFIG, then ~/.kube/config."""
    context: str | None = None
    """None: the kubeconfig's current one."""
    controller: str = "sealed-secrets-controller"
    """The name of its Service."""
    controller_namespace: str = "kube-system"


_NAME = r"\S(?:.*\S)?"
_DEFAULT = ClusterSettings()
CLUSTER = Record(
    {
        "kubeconfig": Field(
            Text(pattern=_NAME, words="a path, from the project's root or with ~"),
            "The kubeconfig's path, from the project's root or with ~; default: $KUBECONFIG, then ~/.kube/config.",
        ),
        "context": Field(
            Text(pattern=_NAME, words="a context's name"), "The kubeconfig's context; default: the current one."
        ),
        "controller": Field(
            Text(problem=rules.name_problem), "The name of the controller's Service.", default=_DEFAULT.controller
        ),
        "controller_namespace": Field(
            Text(problem=rules.namespace_problem), "Its namespace.", default=_DEFAULT.controller_namespace
        ),
    },
    lambda fields: ClusterSettings(
        fields["kubeconfig"], fields["context"], fields["controller"], fields["controller_namespace"]
    ),
)
