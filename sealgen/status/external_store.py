"""The operator's store as a cluster has it, against what the overlay has. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sealgen.kubernetes import objects

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the definitions of External Secrets Operator 1.3.2 have an API server put where a provider says nothing, in
# config/crds/bases/external-secrets.io_secretstores.yaml; those of an authentication are only there with it.
_DEFAULTS = {
    "provider.azurekv.authType": "ServicePrincipal",
    "provider.azurekv.environmentType": "PublicCloud",
    "provider.azurekv.useAzureSDK": "false",
    "provider.gcpsm.secretVersionSelectionPolicy": "LatestOrFail",
    "provider.vault.auth.appRole.path": "approle",
    "provider.vault.auth.cert.path": "cert",
    "provider.vault.auth.gcp.path": "gcp",
    "provider.vault.auth.jwt.path": "jwt",
    "provider.vault.auth.kubernetes.mountPath": "kubernetes",
    "provider.vault.auth.ldap.path": "ldap",
    "provider.vault.auth.userPass.path": "userpass",
    "provider.vault.version": "v2",
}


def written(content: bytes, file: str) -> Mapping[str, str]:
    """Return what the spec of a manifest says, by path; ``file`` is the name that errors carry.

    Raises ConfigurationError for what is no manifest.
    """
    store, *_ = objects.read_all(content, file)
    return dict(objects.facts(store["spec"]))


def difference(wanted: Mapping[str, str], found: Mapping[str, Any]) -> list[str]:
    """Return the paths, in its spec, of what a store in the cluster says otherwise than is ``wanted``, or beside it."""
    applied = written(json.dumps({"spec": found.get("spec") or {}}).encode(), "")
    return [
        path
        for path in sorted({*wanted, *applied})
        if wanted.get(path, _DEFAULTS.get(path)) != applied.get(path, _DEFAULTS.get(path))
    ]
