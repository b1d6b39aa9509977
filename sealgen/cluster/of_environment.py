"""The cluster and the controller that an environment's file names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sealgen.cluster.connection import Cluster, connect
from sealgen.cluster.controller import Controller

if TYPE_CHECKING:
    from sealgen.config.cluster import ClusterSettings
    from sealgen.config.project import Project


def cluster_of(project: Project, settings: ClusterSettings) -> Cluster:
    """Sign in to the cluster; raises as ``connect`` does."""
    path = settings.kubeconfig
    return connect(None if path is None else str(project.root / Path(path).expanduser()), settings.context)


def controller_of(cluster: Cluster, settings: ClusterSettings) -> Controller:
    """Return the cluster's sealed-secrets controller."""
    return Controller(cluster, settings.controller_namespace, settings.controller)
