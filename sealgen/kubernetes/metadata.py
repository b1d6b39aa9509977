"""What an API server and kubectl add to an object's metadata; a manifest read from a cluster still holds it."""

from __future__ import annotations

SERVER_SIDE = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Fields that a manifest does not set."""
LAST_APPLIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration"}
)
"""The annotations in which kubectl and kubecfg keep the manifest, plaintexts and all."""
