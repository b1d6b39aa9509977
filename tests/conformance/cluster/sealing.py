"""A project that seals for the cluster's controller, and may open what it sealed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen.crypto import certificate
from tests.support.project import Controller, Project

if TYPE_CHECKING:
    from tests.conformance.cluster.cluster import Cluster


def sealing_for(cluster: Cluster, project: Project) -> Project:
    """Return the project, with the cluster's controller as the one that it seals for."""
    pem = cluster.certificate()
    project.write("environments/certificates/controller.pem", pem)
    fingerprint = certificate.load(pem, "controller.pem").fingerprint
    return replace(project, controller=Controller(cluster.newest_key(), pem, fingerprint))
