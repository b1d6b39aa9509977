"""What a command line says of the cluster and the user instead of the kubeconfig, as kubectl's own flags do.

Source: client-go v0.35, ``tools/clientcmd`` (ConfigOverrides), and the kubeconfig's fields of Kubernetes 1.35.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgen.errors import ConfigurationError, did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a field makes void: of the kubeconfig's ways to say a thing, the one that was overridden must count.
_VOID = {
    "certificate-authority": ("certificate-authority-data",),
    "insecure-skip-tls-verify": ("certificate-authority", "certificate-authority-data"),
    "client-certificate": ("client-certificate-data", "exec", "auth-provider"),
    "client-key": ("client-key-data",),
    "token": ("tokenFile", "username", "password", "exec", "auth-provider"),
    "username": ("token", "tokenFile", "exec", "auth-provider"),
}


@dataclass(frozen=True)
class Overrides:
    """Fields of a kubeconfig's cluster and user, by their names there; paths are absolute."""

    cluster_name: str = ""
    """The cluster to use; empty for the context's."""
    user_name: str = ""
    cluster: Mapping[str, str | bool] = field(default_factory=dict)
    user: Mapping[str, str] = field(default_factory=dict, repr=False)
    acting_as: tuple[tuple[str, str], ...] = ()
    """Headers with which to ask for another user's rights."""

    def __bool__(self) -> bool:
        """Tell whether anything is overridden in the kubeconfig."""
        return bool(self.cluster_name or self.user_name or self.cluster or self.user)

    def put_into(self, config: Any, context: str) -> None:
        """Change a kubeconfig that the Kubernetes client has merged, which is what its loader reads.

        Raises ConfigurationError where it has no such cluster or user.
        """
        place = config["contexts"].get_with_name(context)["context"].value
        for name, kind, fields in (
            (self.cluster_name, "cluster", self.cluster),
            (self.user_name, "user", self.user),
        ):
            if name:
                known = [entry["name"] for entry in config[f"{kind}s"].value]
                if name not in known:
                    raise ConfigurationError(f"the kubeconfig has no {kind} {quoted(name)}{did_you_mean(name, known)}")
                place[kind] = name
            if fields:
                _overridden(config[f"{kind}s"].get_with_name(place[kind])[kind].value, fields)

    def alone(self) -> dict[str, Any]:
        """Return a kubeconfig that says this and no more."""
        return {
            "contexts": [{"name": "told", "context": {"cluster": "told", "user": "told"}}],
            "clusters": [{"name": "told", "cluster": dict(self.cluster)}],
            "users": [{"name": "told", "user": dict(self.user)}],
            "current-context": "told",
        }


def _overridden(known: dict[str, Any], fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        for void in _VOID.get(name, ()):
            if void not in fields:
                known.pop(void, None)
        known[name] = value


NONE = Overrides()
"""What the kubeconfig says counts."""
